"""`marginspec merge`: the shards of a sweep as one, with the hash that the whole sweep has."""

from contextlib import ExitStack
from pathlib import Path

import click

from marginspec_tools.outputs import Spool
from marginspec_tools.sweep import PATH, joined, put


@click.command("merge")
@click.argument("shards", type=PATH, nargs=-1, required=True)
@click.option("--output", type=PATH, metavar="FILE", help="Write to this file, whole or not at all.")
def command(shards: tuple[Path, ...], output: Path | None) -> None:
    """Join SHARDS, the outputs of `marginspec sweep --shard`, in any order.

    The output is that of the sweep in one piece, byte by byte. Refused if a scenario is missing or answered
    twice, if a file is damaged, or if the files are of different sweeps.
    """
    answered, last = joined(shards)
    with ExitStack() as stack:
        spool = stack.enter_context(Spool(output, shards)) if output else None
        for line in (*answered, last):
            put(spool, line)
        if spool is not None:
            spool.publish()
