"""`marginspec vectors`: the conformance vectors, listed, exported and verified."""

import click

from marginspec_tools.console import LazyCommands, Listed

COMMANDS: dict[str, Listed] = {}
"""What `vectors` offers, in the order of its use."""


@click.command(cls=LazyCommands, listed=COMMANDS)
def command() -> None:
    """List, export and verify the conformance vectors.

    Exit codes: 0 all holds; 1 a vector differs; 2 wrong usage or input; 3 marginspec itself failed.
    """
