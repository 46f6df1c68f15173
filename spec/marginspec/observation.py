"""An event seen from outside while the rules run as they are: each call of a rule, each effect, the line that refused.

Python itself tells of the calls: `sys.monitoring` from 3.12 on, `sys.setprofile` before. Nothing is watched, and
nothing costs anything, while no observer is there. Of one thread: a second one must not run rules meanwhile.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from inspect import CO_VARKEYWORDS
from types import CodeType, FrameType
from typing import Any, Protocol

import attrs

from marginspec.model.effects import Effect
from marginspec.model.rejections import Reason, Rejected, require
from marginspec.registry import REGISTRY, RuleCode
from marginspec.transaction import Transaction


@attrs.frozen
class Refusal:
    """Why an event was refused, and where: the function's code, the line, and its variables and globals then."""

    reason: Reason
    code: CodeType
    line: int
    names: Mapping[str, Any]
    known: Mapping[str, Any]


class Observer(Protocol):
    """What is told of an event, in order. After a refusal nothing more is told: every open call ended with it.

    After an error, which is a bug of the rules, what is told of the calls that it ended counts nothing.
    """

    def called(self, rule: RuleCode, names: Mapping[str, Any]) -> None:
        """A registered rule is called, with these arguments by name."""

    def answered(self, answer: Any, line: int, names: Mapping[str, Any]) -> None:
        """The rule called last of those still open gives its answer, in this line, with these variables."""

    def effect(self, effect: Effect) -> None:
        """The rule that runs had an effect; transfers are effects."""

    def refused(self, refusal: Refusal) -> None:
        """The event is refused."""


REFUSING, REQUIRING = Rejected.__init__.__code__, require.__code__


class Watch:
    """Tells an observer what a hook sees of the rules' frames; others are passed over."""

    # Python runs this with its hooks off, and so unseen by what measures coverage.

    def __init__(self, observer: Observer) -> None:
        self.rules = {rule.code: rule for rule in REGISTRY if rule.code is not None}
        self._observer = observer
        self._transaction: Transaction | None = None
        self._effects = 0
        self._refused = False

    def start(self, frame: FrameType) -> None:  # pragma: no cover - runs in a hook
        """A function begins."""
        rule = self.rules.get(frame.f_code)
        if rule is not None:
            code = frame.f_code
            given = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & CO_VARKEYWORDS)]
            names = {name: frame.f_locals[name] for name in given}
            self._tell_effects()
            if self._transaction is None:
                self._transaction = next((one for one in names.values() if isinstance(one, Transaction)), None)
            self._observer.called(rule, names)
        elif frame.f_code is REFUSING:
            self._refuse(frame)

    def end(self, frame: FrameType, answer: Any) -> None:  # pragma: no cover - runs in a hook
        """A function ends with an answer."""
        if frame.f_code in self.rules and not self._refused:
            self._tell_effects()
            self._observer.answered(answer, frame.f_lineno, dict(frame.f_locals))

    def _tell_effects(self) -> None:  # pragma: no cover - runs in a hook
        if self._transaction is not None:
            for effect in self._transaction.effects[self._effects :]:
                self._observer.effect(effect)
            self._effects = len(self._transaction.effects)

    def _refuse(self, frame: FrameType) -> None:  # pragma: no cover - runs in a hook
        reason, asked = frame.f_locals["reason"], frame.f_back
        if asked is not None and asked.f_code is REQUIRING:
            asked = asked.f_back
        assert asked is not None, "a refusal is raised by a function"
        self._tell_effects()
        self._refused = True
        self._observer.refused(Refusal(reason, asked.f_code, asked.f_lineno, dict(asked.f_locals), asked.f_globals))


if sys.version_info >= (3, 12):  # pragma: no cover - coverage is measured on the oldest Python

    @contextmanager
    def observed_by(observer: Observer) -> Iterator[None]:
        """Tell an observer of the rules that run meanwhile; any other tool's hooks go on as they were."""
        monitoring, watch = sys.monitoring, Watch(observer)
        free = [one for one in (monitoring.PROFILER_ID, 3, 4) if monitoring.get_tool(one) is None]
        assert free, "every place for a tool that watches is taken"
        tool, events = free[0], monitoring.events
        monitoring.use_tool_id(tool, "marginspec")
        try:
            monitoring.register_callback(tool, events.PY_START, lambda *_: watch.start(sys._getframe(1)))
            monitoring.register_callback(
                tool, events.PY_RETURN, lambda _code, _place, answer: watch.end(sys._getframe(1), answer)
            )
            for code in (*watch.rules, REFUSING):
                monitoring.set_local_events(tool, code, events.PY_START | events.PY_RETURN)
            yield
        finally:
            for code in (*watch.rules, REFUSING):
                monitoring.set_local_events(tool, code, 0)
            monitoring.register_callback(tool, events.PY_START, None)
            monitoring.register_callback(tool, events.PY_RETURN, None)
            monitoring.free_tool_id(tool)

else:

    @contextmanager
    def observed_by(observer: Observer) -> Iterator[None]:
        """Tell an observer of the rules that run meanwhile; the profile that was set before is set again after."""
        watch, before = Watch(observer), sys.getprofile()

        def profile(frame: FrameType, event: str, answer: Any) -> None:  # pragma: no cover - runs as a hook
            if event == "call":
                watch.start(frame)
            elif event == "return":
                watch.end(frame, answer)

        sys.setprofile(profile)
        try:
            yield
        finally:
            # The standard library's own profiler is no function, and sets itself.
            itself = getattr(before, "enable", None)
            sys.setprofile(None if itself else before)
            if itself:
                itself()
