"""The command `marginspec`: its commands, loaded when they are called, and its exit codes.

0 holds; 1 a divergence or a broken invariant; 2 wrong usage or input; 3 an engine or marginspec itself crashed;
4 inconclusive.
"""

import os
import signal
import sys
import traceback
from io import TextIOWrapper
from pathlib import Path
from types import FrameType
from typing import TextIO

import click

from marginspec import RULEBOOK_VERSION
from marginspec_journal import InputError
from marginspec_tools.console import (
    CRASHED,
    DIVERGED,
    INCONCLUSIVE,
    INTERRUPTED,
    TERMINATED,
    WRONG_INPUT,
    BrokenInvariant,
    Divergence,
    EngineCrash,
    LazyCommands,
    Listed,
    WrongAnswer,
    print_error,
)

COMMANDS = {
    "demo": Listed("tools.audit.demo", "Audit a bundled stress day and show the whole waterfall."),
    "replay": Listed("tools.runs.replay", "Run a journal to receipts, a final state and a hash."),
    "audit": Listed("tools.audit.command", "Check a journal event by event and write a report folder."),
    "explain": Listed("tools.explain.command", "Explain an event or an account as a tree of values and rules."),
    "serve": Listed("tools.dashboard.command", "Show a journal as pages in a browser, on this machine."),
    "import": Listed("tools.venues.importing", "Write a venue's files as questions, an opening state or a journal."),
    "check": Listed("tools.venues.checking", "Compare what a venue shows of an account with what the rules say."),
    "scenario": Listed("tools.simulate.scenario", "Write the journal of a simulated venue, from a seed."),
    "calc": Listed("tools.calculate.calc", "Answer questions on tiers, margins, liquidation prices and deleveraging."),
    "sweep": Listed("tools.fleet.sweep", "Stress-test a state: what would follow from other mark prices."),
    "campaign": Listed("tools.fleet.campaign", "Simulate, run and compare a journal for each of many seeds."),
    "segment": Listed("tools.fleet.segment", "Run one segment of a journal again, from a snapshot of its start."),
    "merge": Listed("tools.fleet.merge", "Join the parts of a sweep, a campaign or a run in segments."),
    "conform": Listed("conformance.command", "Compare any engine, in any language, with the rulebook."),
    "vectors": Listed("conformance.vectors.command", "List, export and verify the conformance vectors."),
    "prove": Listed("tools.prove.command", "Prove the theorems on the rulebook's own functions."),
    "bench": Listed("tools.bench.command", "Measure speed on this machine."),
}
"""The commands, in the order of their use; a module is imported when its command is called."""


@click.command(cls=LazyCommands, listed=COMMANDS)
@click.version_option(
    package_name="marginspec",
    prog_name="marginspec",
    message=f"%(prog)s, version %(version)s (rulebook {RULEBOOK_VERSION})",
)
def marginspec() -> None:
    """The executable rulebook of perpetual-futures margin, liquidation and loss waterfall.

    Exit codes: 0 all holds; 1 a divergence or a broken invariant; 2 wrong usage or input; 3 an engine or marginspec
    itself crashed; 4 inconclusive.
    """


def main() -> None:
    """Run a command; bad input is one line on stderr and exit code 2, never a traceback."""
    sys.stdout, sys.stderr = usable(sys.stdout), usable(sys.stderr)
    # What is being written is then cleaned up, as after any error.
    signal.signal(signal.SIGTERM, end_terminated)
    sys.exit(exit_code())


def usable(stream: TextIO | None) -> TextIO:
    """An output that print can write everything to; one that was closed by the caller takes it nowhere."""
    if stream is None:
        # As soon as possible: the next file that is opened would have its number.
        stream = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - open until the program ends
    if isinstance(stream, TextIOWrapper):
        # A file's name may hold bytes, and a terminal's encoding may lack characters, that print could not write.
        stream.reconfigure(errors="backslashreplace")
        # Lines of JSON are written as bytes beside text, so it must not be of wider units.
        if "a".encode(stream.encoding) != b"a":
            stream.reconfigure(encoding="utf-8")
    return stream


def end_terminated(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the interface of handlers
    """End the program by way of everything that cleans up."""
    sys.exit(TERMINATED)


def exit_code() -> int:
    """Run the command that the arguments name and give its exit code."""
    try:
        # A command that ends by Context.exit gives its code here, any other gives nothing.
        return marginspec.main(standalone_mode=False) or 0
    except click.ClickException as error:
        error.show()
        return error.exit_code if error.exit_code in (CRASHED, INCONCLUSIVE) else WRONG_INPUT
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except (BrokenInvariant, Divergence) as found:
        print_error(found)
        return DIVERGED
    except EngineCrash as crash:
        # What comes from another machine may have lost its cause, but not its own traceback.
        traceback.print_exception(crash.__cause__ or crash)
        print_error(crash)
        return CRASHED
    except WrongAnswer as wrong:
        print_error(wrong)
        return CRASHED
    except Exception as error:
        text = input_fault(error)
        print_error(text or internal_error(error))
        return WRONG_INPUT if text else CRASHED


def input_fault(error: Exception) -> str:
    """What is wrong with the input or the machine, if an error is of these; empty if it is of this program."""
    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, ModuleNotFoundError) and not (error.name or "").startswith("marginspec"):
        return f"this needs the Python package {error.name}, which is not installed: pip install 'marginspec[all]'"
    if isinstance(error, OSError):
        return f"{error.filename or 'output'}: {error.strerror or error}"
    return ""


def internal_error(error: Exception) -> str:
    """What a fault of this program was, where, and where to report it; in whole if MARGINSPEC_TRACEBACK is set."""
    if os.environ.get("MARGINSPEC_TRACEBACK"):
        traceback.print_exception(error)
    if isinstance(error, MemoryError):
        return "out of memory"
    last = traceback.extract_tb(error.__traceback__)[-1]
    what = f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno}: {error}"
    return f"internal error: {what}; please report this line and the command as an issue in marginspec's repository"


if __name__ == "__main__":
    main()
