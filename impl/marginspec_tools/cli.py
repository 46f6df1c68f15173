"""The command `marginspec`: its commands, loaded when they are called, and its exit codes.

0 holds; 1 a divergence or a broken invariant; 2 wrong usage or input; 3 an engine crashed; 4 inconclusive.
"""

import importlib
import os
import sys

import click

from marginspec import RULEBOOK_VERSION
from marginspec_journal import InputError

COMMANDS = {
    "demo": "Audit a bundled stress day and show the whole waterfall.",
    "replay": "Run a journal to receipts, a final state and a hash.",
    "audit": "Run a journal and write a report folder.",
    "explain": "Explain an event or an account as a tree of values and rules.",
    "scenario": "Generate a journal from a seed.",
    "calc": "Answer questions about tiers, margins, bands and scores.",
    "bench": "Measure speed.",
}
WRONG_INPUT = 2
INTERRUPTED = 130


class LazyCommands(click.Group):
    """A group whose commands are modules of this package, imported when one is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the group's interface
        """Names of the commands, in the order of their use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - likewise
        """The command of a module; None if there is no such command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"marginspec_tools.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - likewise
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=LazyCommands)
@click.version_option(f"0.1.0 (rulebook {RULEBOOK_VERSION})", prog_name="marginspec")
def marginspec() -> None:
    """The executable rulebook of perpetual-futures margin, liquidation and loss waterfall.

    Exit codes: 0 holds; 1 a divergence or a broken invariant; 2 wrong usage or input; 3 an engine crashed;
    4 inconclusive.
    """


def main() -> None:
    """Run a command; bad input is one line on stderr and exit code 2, never a traceback."""
    try:
        sys.exit(marginspec.main(standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(WRONG_INPUT)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(INTERRUPTED)
    except InputError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(WRONG_INPUT)
    except BrokenPipeError:
        # Whoever read our output has gone; what is still buffered must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


if __name__ == "__main__":
    main()
