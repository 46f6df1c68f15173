"""Groups of commands, which load a command when it is called."""

import importlib
import os
import sys
from collections.abc import Mapping
from typing import Any

import attrs
import click

from marginspec_tools.console.outcomes import READER_GONE


@attrs.frozen
class Listed:
    """A command: the module that holds it under the name `command`, without `marginspec_`, and its short help."""

    module: str
    help: str


class LazyCommands(click.Group):
    """A group whose commands are modules, each imported when it is called."""

    def __init__(self, listed: Mapping[str, Listed], **given: Any) -> None:
        super().__init__(**given)
        self._listed = listed

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the group's interface
        """Names of the commands, in the order of their use."""
        return list(self._listed)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - likewise
        """The command of a module; None if there is no such command."""
        if cmd_name not in self._listed:
            return None
        command: click.Command = importlib.import_module(f"marginspec_{self._listed[cmd_name].module}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, self._listed[name].help) for name in self.list_commands(ctx)])

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; a reader that has gone ends it here, since click would call that a divergence (1)."""
        try:
            answer = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            silence_output()
            ctx.exit(READER_GONE)
        return answer


def silence_output() -> None:
    """Send what is still buffered nowhere, so that nothing complains of the closed pipe at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
