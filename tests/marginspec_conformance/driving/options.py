"""What the commands that ask an engine have in common: their options, how an engine is opened, how they end."""

import shlex
from collections.abc import Callable
from math import isnan
from pathlib import Path
from typing import Any

import attrs
import click

from marginspec import RULEBOOK_VERSION
from marginspec_conformance.comparing.amounts import EXACT, Tolerance
from marginspec_conformance.connectors.parsing import connector_of
from marginspec_conformance.connectors.session import Connector, EngineFailure, Limits
from marginspec_conformance.driving.asking import Engine
from marginspec_conformance.driving.checking import Plan
from marginspec_journal.errors import InputError
from marginspec_tools.console import CRASHED, DIVERGED, INCONCLUSIVE, check_target, one_line

Command = Callable[..., Any]
MOST_LEVEL = 5
TOLERANT = (0, 3)
MOST_SECONDS = 86_400.0
JOURNAL = "journal:"
FAULT = "fault:"
"""`fault:NAME` is the rulebook itself with a fault of the catalogue, for trying the harness."""


class Seconds(click.FloatRange):
    """A time of at most a day: `inf` and `nan` are none."""

    def __init__(self, least: float) -> None:
        super().__init__(least, MOST_SECONDS)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The seconds, which are a number."""
        found: float = super().convert(value, param, ctx)
        if isnan(found):
            self.fail(f"{value!r} is no time.", param, ctx)
        return found


def engine_options(command: Command) -> Command:
    """Which engine, and how it is compared."""
    for option in (
        click.option("--timeout", type=Seconds(0.001), default=10.0, show_default=True, help=TIMEOUT),
        click.option("--tolerance", default="0", show_default=True, help=TOLERANCE),
        click.option("--level", type=click.IntRange(0, MOST_LEVEL), help=LEVEL),
        click.option(
            "-e", "--engine", "engine_text", required=True, help="The engine: exec:COMMAND, py:MODULE:FACTORY…"
        ),
    ):
        command = option(command)
    return command


TIMEOUT = "Seconds that the engine has for an answer."
TOLERANCE = "How far balances may be off at level 3, answers at level 0: 0.01 (inclusive) or <0.01 (exclusive)."
LEVEL = "The level to compare at; the one that the engine claims if left out."

log_option = click.option(
    "--log", type=click.Path(path_type=Path, dir_okay=False), help="Write what came of each case as lines of JSON."
)


@attrs.frozen
class Asked:
    """An engine that runs, and the plan by which it is compared."""

    engine: Engine
    plan: Plan
    text: str
    part: str = ""
    """Of which part of the suite it is asked, in words; empty for the whole suite."""
    vectors: Path | None = None
    """The file of what it is asked, if that is not the suite."""
    known: frozenset[str] = frozenset()
    """Clauses whose differences are not looked for, besides those that the engine itself leaves out."""

    @property
    def left_out(self) -> frozenset[str]:
        """The clauses of which nothing is asked."""
        return self.known | frozenset(self.engine.hello.left_out)

    def again(self, command: str, *arguments: str | Path) -> str:
        """The command line that asks for the same again, as a shell takes it."""
        answer_s = self.engine.limits.answer_s
        options = [
            *("-e", self.text, "--level", str(self.plan.level)),
            *([] if self.plan.tolerance == EXACT else ["--tolerance", told(self.plan.tolerance)]),
            *([] if answer_s == Limits().answer_s else ["--timeout", f"{answer_s:g}"]),
            *([] if self.vectors is None else ["--vectors", str(self.vectors)]),
        ]
        return shlex.join(["marginspec", "conform", command, *map(str, arguments), *options])


def told(tolerance: Tolerance) -> str:
    """A tolerance as the option takes it."""
    amount = str(tolerance).partition(" ")[0]
    return amount if tolerance.inclusive else f"<{amount}"


def opened_engine(text: str, level: int | None, tolerance: str, timeout: float, least: int = 1) -> Asked:
    """The engine of the options, started; InputError if it is of another rulebook or of no level to compare.

    Level 0 is for commands that ask questions, which say so with `least`.
    """
    engine = Engine(connector_named(text), Limits(answer_s=timeout, start_s=max(timeout, Limits().start_s)))
    hello = engine.hello
    if hello.rulebook != RULEBOOK_VERSION:
        engine.close()
        reason = f"it claims rulebook {one_line(hello.rulebook)}, and this suite is of rulebook {RULEBOOK_VERSION}"
        raise InputError(text, None, "rulebook", reason)
    chosen = hello.level if level is None else level
    if not least <= chosen <= MOST_LEVEL:
        engine.close()
        raise InputError(text, None, "level", f"level {chosen} has no events to compare; name one with --level")
    allowed = Tolerance.of_text(tolerance)
    if allowed != EXACT and chosen not in TOLERANT:
        engine.close()
        raise InputError("--tolerance", None, None, f"level {chosen} has no tolerance; levels 0 and 3 have")
    return Asked(engine, Plan(chosen, allowed), text)


def connector_named(text: str) -> Connector:
    """The connector of a text; a fault of the catalogue, too."""
    if text.startswith(FAULT):
        from marginspec_conformance.faults.catalogue import fault_named
        from marginspec_conformance.faults.engine import Faulty

        try:
            return Faulty(fault_named(text.removeprefix(FAULT)))
        except KeyError:
            raise InputError(text, None, None, "no fault of the catalogue is named so") from None
    return connector_of(text)


def check_log(log: Path | None, engine: str, *inputs: Path | None) -> None:
    """InputError if a log would be written over what the command reads, or writes besides."""
    if log is not None:
        recorded = [Path(engine.removeprefix(JOURNAL))] if engine.startswith(JOURNAL) else []
        check_target(log, (*(one for one in inputs if one is not None), *recorded))


def failure_text(failure: EngineFailure) -> str:
    """How an engine failed, in one line, with the last line that it wrote to standard error."""
    last = failure.stderr.strip().splitlines()[-1:]
    return one_line(" | ".join([f"{failure.kind}: {failure.detail}", *last]))[:500]


def exit_code(*, failed: int, engine_failed: int, passed: int) -> int:
    """The code that a run ends with: a divergence before a failure of the engine, and that before nothing decided."""
    if failed:
        return DIVERGED
    if engine_failed:
        return CRASHED
    return 0 if passed else INCONCLUSIVE
