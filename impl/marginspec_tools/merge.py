"""`marginspec merge`: the shards of a sweep, or the segments of a run, as one, with the hash that the whole has."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from marginspec_tools.outputs import Spool
from marginspec_tools.segment import joined_segments, states_segments
from marginspec_tools.sweep import PATH, joined, put


@click.command("merge")
@click.argument("parts", type=PATH, nargs=-1, required=True)
@click.option("--output", type=PATH, metavar="FILE", help="Write to this file, whole or not at all.")
def command(parts: tuple[Path, ...], output: Path | None) -> None:
    """Join PARTS, the outputs of `marginspec sweep --shard` or of `marginspec segment`, in any order.

    Of a sweep, the output is that of the sweep in one piece, byte by byte. Of segments, it is a line like theirs,
    of all their events, and may be joined further. Refused if a part is missing or there twice, if a file is
    damaged, or if the files are of different sweeps or runs.

    Exit codes: 0 joined; 1 a segment does not begin as the one before it ends; 2 wrong usage or input.
    """
    lines = list(joined_lines(parts))
    with ExitStack() as stack:
        spool = stack.enter_context(Spool(output, parts)) if output else None
        for line in lines:
            put(spool, line)
        if spool is not None:
            spool.publish()


def joined_lines(parts: tuple[Path, ...]) -> Iterator[dict[str, Any]]:
    """The lines of the whole; the first part says what the parts are of."""
    if states_segments(parts[0]):
        yield joined_segments(parts).line()
    else:
        answered, last = joined(parts)
        yield from (*answered, last)
