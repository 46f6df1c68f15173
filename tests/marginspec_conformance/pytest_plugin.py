"""A plugin for pytest: each vector is a test of an engine, and the fixture `engine` talks to it.

`pytest -p marginspec_conformance.pytest_plugin --marginspec-engine 'exec:./adapter'`. A vector that the engine leaves
out, or of which nothing can be decided, is skipped: it never passes.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from marginspec_conformance.connectors.session import EngineFailure, Session
from marginspec_conformance.driving.logging import logged
from marginspec_conformance.driving.options import Asked, failure_text, opened_engine
from marginspec_conformance.running.vector import checked_of, story_of
from marginspec_conformance.vectors import Vector, vectors_of
from marginspec_conformance.vectors.reading import suite_path
from marginspec_journal.errors import InputError
from marginspec_tools.console import one_line

MOST_FAILURES = 3
"""An engine that failed so often in a row is asked no more."""
ANSWER_S = 10.0
MARK = ("marginspec", "vector")
OUTCOMES: Counter[str] = Counter()
"""How many vectors passed, failed or were skipped in this run."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Which engine, and how it is compared."""
    group = parser.getgroup("marginspec", "conformance of an engine with the rulebook")
    group.addoption("--marginspec-engine", metavar="ENGINE", help="exec:COMMAND, py:MODULE:FACTORY…")
    group.addoption("--marginspec-level", type=int, metavar="N", help="level to compare at, else the engine's own")
    group.addoption("--marginspec-smoke", action="store_true", help="the vectors of the short suite only")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Each vector is one more test, by its id; `-k` chooses among them by id and by clause."""
    if config.getoption("--marginspec-engine") is not None:
        vectors = vectors_of(smoke=config.getoption("--marginspec-smoke"))
        added = [VectorItem.from_parent(session, name=one.id, nodeid=one.id, vector=one) for one in vectors]
        # So that they are counted as collected.
        config.hook.pytest_collectreport(report=pytest.CollectReport("vectors", "passed", None, list(added)))
        items += added


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count what came of the vectors."""
    if MARK in map(tuple, report.user_properties) and report.when == "call":
        OUTCOMES[report.outcome] += 1


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where every vector was skipped nothing was decided, which is no success."""
    if nothing_was_decided() and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say so."""
    if nothing_was_decided():
        terminalreporter.write_line(f"nothing was decided: {OUTCOMES['skipped']} vectors were skipped, and none passed")


def nothing_was_decided() -> bool:
    """Whether vectors were asked, and all of them skipped."""
    return OUTCOMES["skipped"] > 0 and OUTCOMES.total() == OUTCOMES["skipped"]


class VectorItem(pytest.Item):
    """A vector as a test."""

    def __init__(self, *, vector: Vector, **fields: Any) -> None:
        super().__init__(**fields)
        self._vector = vector
        self.extra_keyword_matches.update(vector.clauses)
        # It goes with the report, also from the process that ran the test to the one that counts.
        self.user_properties.append(MARK)

    def runtest(self) -> None:
        """Ask the engine."""
        under_test = _under_test(self.config)
        try:
            asked = under_test.asked()
            checked = checked_of(asked, self._vector)
        except EngineFailure:
            if under_test.failed() == MOST_FAILURES:
                self.session.shouldfail = f"the engine failed at {MOST_FAILURES} vectors in a row"
            raise
        except InputError as error:
            self.session.shouldfail = one_line(str(error))
            raise
        under_test.failures = 0
        if checked.outcome == "differs":
            raise DiffersError(story_of(asked, self._vector, checked, with_faults=False).lines())
        if checked.outcome != "agrees":
            case = logged(self._vector.id, self._vector.clause, checked, None, 0)
            pytest.skip(f"{case.outcome}: {case.reason}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What differs, as a story; how the engine failed; or a traceback of what else went wrong."""
        error = excinfo.value
        if isinstance(error, DiffersError):
            return str(error)
        if isinstance(error, EngineFailure):
            return f"the engine failed: {failure_text(error)}"
        if isinstance(error, InputError):
            return one_line(str(error))
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where it is from, and what it is called."""
        return suite_path(), None, self.name


class DiffersError(Exception):
    """An engine answers otherwise than the rulebook; the text is the story."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(one_line(line) for line in lines))


@pytest.fixture
def engine(pytestconfig: pytest.Config) -> Iterator[Session]:
    """A conversation with the engine, begun anew: `hello`, `configure`, `reset`, `steps`, `state` and `calc`."""
    if pytestconfig.getoption("--marginspec-engine") is None:
        pytest.skip("no --marginspec-engine")
    under_test = _under_test(pytestconfig)
    under_test.close()
    yield under_test.asked().engine.session
    under_test.close()


class UnderTest:
    """The engine, which starts when it is first asked, and anew after it failed."""

    def __init__(self, text: str, level: int | None) -> None:
        self.text, self.level, self.failures = text, level, 0
        self._asked: Asked | None = None

    def asked(self) -> Asked:
        """The engine that runs; InputError or EngineFailure if it does not."""
        if self._asked is None:
            self._asked = opened_engine(self.text, self.level, "0", ANSWER_S)
        return self._asked

    def failed(self) -> int:
        """End an engine that failed; gives how often it did in a row."""
        self.close()
        self.failures += 1
        return self.failures

    def close(self) -> None:
        """Have the engine stop, if it runs."""
        if self._asked is not None:
            self._asked.engine.close()


UNDER_TEST = pytest.StashKey[UnderTest]()


def _under_test(config: pytest.Config) -> UnderTest:
    if UNDER_TEST not in config.stash:
        text = cast(str, config.getoption("--marginspec-engine"))
        config.stash[UNDER_TEST] = UnderTest(text, config.getoption("--marginspec-level"))
    return config.stash[UNDER_TEST]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Have the engine stop."""
    if UNDER_TEST in config.stash:
        config.stash[UNDER_TEST].close()
