"""`marginspec vectors`: the conformance vectors, listed, exported and verified."""

import click

from marginspec_tools.console import LazyCommands, Listed

COMMANDS = {
    "list": Listed("conformance.vectors.listing", "List the vectors."),
    "export": Listed("conformance.vectors.exporting", "Write vectors as files for other tools."),
    "verify": Listed("conformance.vectors.verifying", "Check them by their sha256 and by the specification."),
}
"""What `vectors` offers, in the order of its use."""


@click.command(cls=LazyCommands, listed=COMMANDS)
def command() -> None:
    """List, export and verify the conformance vectors.

    Exit codes: 0 all holds; 1 a vector differs; 2 wrong usage or input; 3 marginspec itself failed.
    """
