"""The engines that a journal runs on: which there are, which is chosen, and word of the compiler's work."""

import os
from importlib.util import find_spec
from pathlib import Path
from time import monotonic
from typing import Any, Literal

import click

from marginspec.engine import Engine
from marginspec.model.state import State
from marginspec.transition import SpecificationEngine
from marginspec_tools.runs.journal_size import estimated_events

EngineName = Literal["spec", "fast"]
ENGINES = ("spec", "fast")

FEW_EVENTS = 4_000
"""The specification has run so many before the optimized engine is loaded."""
MANY_EVENTS = 300_000
"""The specification takes longer for so many than the optimized engine with its compilation."""
LINES_APART_S = 10.0
"""How often the compiler's progress is printed."""

engine_option = click.option(
    "--engine", type=click.Choice(ENGINES), default="spec", show_default=True, help="Which engine runs the journal."
)
any_engine_option = click.option(
    "--engine",
    type=click.Choice(("auto", *ENGINES)),
    default="auto",
    show_default=True,
    help="Which engine runs the journal; auto takes the one that finishes first.",
)


def opened_engine(name: str, state: State) -> Engine:
    """An engine that goes on from a state."""
    if name == "spec":
        return SpecificationEngine(state)
    from marginspec_engine.engine import OptimizedEngine

    return OptimizedEngine(state)


def quickest_engine(journal: Path) -> EngineName:
    """The engine that is done with a journal first: for a small one, that which need not be loaded or compiled."""
    if not has_fast_engine():
        return "spec"
    events = estimated_events(journal)
    if events is not None and events <= FEW_EVENTS:
        return "spec"
    if events is not None and events >= MANY_EVENTS:
        return "fast"
    from marginspec_engine.numba.door import enter

    return "fast" if enter.is_kept() else "spec"


def has_fast_engine() -> bool:
    """Whether what the optimized engine needs is here: its extras, and a C library that Python's process shares."""
    installed = all(find_spec(package) is not None for package in ("numba", "numpy", "pyarrow"))
    return installed and os.name == "posix"


def need_fast_engine() -> None:
    """Refuse the optimized engine where it cannot run, and have this process say when it waits for the compiler."""
    check_fast_engine()
    announce_compiling()


def check_fast_engine() -> None:
    """Refuse the optimized engine where it cannot run."""
    if not has_fast_engine():
        reason = "the engine fast needs Linux or macOS, and extras: pip install 'marginspec[fast,parquet]'"
        raise click.BadParameter(reason, param_hint="--engine")


# ----------------------------------------------------------------- the compiler


def announce_compiling() -> None:
    """Have this process say when it waits for the compiler."""
    from marginspec_engine.numba.keeping import BEFORE_COMPILING

    if not BEFORE_COMPILING:
        BEFORE_COMPILING.append(CompilerProgress().begin)


class CompilerProgress:
    """Says on stderr that something is compiled, and every few seconds how far the compiler is."""

    def __init__(self) -> None:
        self._began: float | None = None
        self._next = LINES_APART_S
        self._functions = 0

    def begin(self) -> None:
        """Called before something is compiled; says so once."""
        if self._began is not None:
            return
        self._began = monotonic()
        click.echo("compiling the optimized engine, once on this machine: this takes a minute or two", err=True)
        from numba.core import event as compiler_events

        events: Any = compiler_events
        events.Listener.register(CompilerProgress)
        events.register("numba:compile", self)

    def notify(self, event: Any) -> None:
        """Called by the compiler when it begins and when it ends with a function."""
        self._functions += event.is_end
        seconds = monotonic() - (self._began or 0)
        if seconds >= self._next:
            self._next = seconds + LINES_APART_S
            click.echo(f"compiling: {self._functions} functions done after {seconds:.0f} s", err=True)
