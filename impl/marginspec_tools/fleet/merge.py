"""`marginspec merge`: the shards of a sweep or a campaign, or the segments of a run, as one, with the whole's hash."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
import msgspec

from marginspec import RULEBOOK_VERSION
from marginspec_journal import InputError
from marginspec_journal.strict_json import Node, parse_document
from marginspec_journal.whole_files import lines_in
from marginspec_tools.console import line_writer, refuse_parameters
from marginspec_tools.fleet.campaign import CAMPAIGN
from marginspec_tools.fleet.segment import Part, joined_segments
from marginspec_tools.fleet.shards import Kind, Line, Total, print_faults
from marginspec_tools.fleet.sweep import SWEEP

PATH = click.Path(path_type=Path)
SHARDED = (SWEEP, CAMPAIGN)
SEGMENT = "segment"


@click.command("merge")
@click.argument("parts", type=PATH, nargs=-1, required=True)
@click.option(
    "--partial", is_flag=True, help="Join these parts, though others are missing; the output can be joined further."
)
@click.option("--output", type=PATH, metavar="FILE", help="Write to this file, whole or not at all.")
@click.pass_context
def command(context: click.Context, parts: tuple[Path, ...], partial: bool, output: Path | None) -> None:
    """Join PARTS, the outputs of `marginspec sweep --shard`, `campaign --shard` or `segment`, in any order.

    Of a sweep or a campaign, the output is that of the whole in one piece, byte by byte. Of segments, it is a line
    like theirs, of all their events, and may be joined further. Refused if a part is missing or there twice, if a
    file is damaged, or if the files are of different sweeps, campaigns or runs. --partial lets parts be missing; its
    last line says how many lines there are of how many, and the output may be joined further.

    Exit codes: 0 joined; 1 a segment does not begin as the one before it ends, or a journal of the campaign broke an
    invariant or had the engines differ; 2 wrong usage or input.
    """
    found = [read_part(path) for path in parts]
    name = kind_of(found)
    if name == SEGMENT:
        refuse_parameters(context, ["partial"], "has no effect on segments, which join in any grouping")
    with line_writer(output, parts) as put:
        if name == SEGMENT:
            put(msgspec.json.encode(joined_segments(found).line()))
            return
        whole = joined([read_shard(kind_named(name), part) for part in found], partial=partial)
        total = whole.total()
        for text in whole.texts():
            put(text)
        put(msgspec.json.encode(total.line()))
    context.exit(print_faults(total.sums))


def read_part(path: Path) -> Part:
    """The lines of a file."""
    return Part(str(path), lines_in(path))


# ----------------------------------------------------------------- what the parts are of


def kind_of(parts: list[Part]) -> str:
    """What all parts are of; InputError if they are of different kinds."""
    first, *others = parts
    name = stated_kind(first)
    for part in others:
        # Of an empty file, the reader of the first one's kind knows best what is missing.
        if part.lines and stated_kind(part) != name:
            raise InputError(part.name, None, None, f"of a {stated_kind(part)}, but {first.name} is of a {name}")
    return name


def stated_kind(part: Part) -> str:
    """What a part is of, as its last line says: a segment, or a kind of work in shards."""
    stated: Any = last_line(part).value if part.lines else None
    for name in (SEGMENT, *(kind.name for kind in SHARDED)):
        if isinstance(stated, dict) and name in stated:
            return name
    names = " or ".join(kind.name for kind in SHARDED)
    raise InputError(part.name, None, None, f"incomplete output of a {names}: its last line is missing")


def last_line(part: Part) -> Node:
    """The last line of a part that has one."""
    return parse_document(part.lines[-1], part.name, len(part.lines))


def kind_named(name: str) -> Kind:
    """The kind of work in shards of that name."""
    return next(kind for kind in SHARDED if kind.name == name)


# ----------------------------------------------------------------- joining shards


class PlacedLine(NamedTuple):
    """A line, and the file and line where it stands."""

    text: bytes
    file: str
    line: int

    def root(self) -> Node:
        """What the line says."""
        return parse_document(self.text, self.file, self.line)


class ShardLines(NamedTuple):
    """Some pieces of a whole: what all its outputs have in common, and the lines by their pieces' numbers."""

    kind: Kind
    name: str
    common: dict[str, Node]
    lines: dict[int, PlacedLine]

    def empty_total(self) -> Total:
        """The total of no lines."""
        return Total(self.kind, {name: stated.value for name, stated in self.common.items()})

    def total(self) -> Total:
        """The total of the lines."""
        total = self.empty_total()
        for placed in self.in_order():
            total.take(placed.text, placed.root())
        return total

    def in_order(self) -> Iterator[PlacedLine]:
        """The lines in the order of their pieces."""
        return (self.lines[index] for index in sorted(self.lines))

    def texts(self) -> Iterator[bytes]:
        """The lines' texts in the order of their pieces."""
        return (placed.text for placed in self.in_order())


def read_shard(kind: Kind, part: Part) -> ShardLines:
    """The lines of a part, whose last line must be their total."""
    if not part.lines:
        raise InputError(part.name, None, None, f"holds no {kind.name}")
    last = last_line(part)
    last.member(kind.name).integer(least=kind.version, most=kind.version)
    common = {name: last.member(name) for name in kind.common}
    common["rulebook"].choice((RULEBOOK_VERSION,))
    for name, read in kind.identity.items():
        read(common[name])
    count, next_index = common[kind.pieces].integer(least=0), 0
    shared = ShardLines(kind, part.name, common, {})
    total = shared.empty_total()
    for number, text in enumerate(part.lines[:-1], start=1):
        placed = PlacedLine(text, part.name, number)
        root = placed.root()
        index = root.member(kind.piece).integer(least=next_index, most=count - 1)
        total.take(text, root)
        shared.lines[index], next_index = placed, index + 1
    check_total(last, total.line())
    return shared


def check_total(last: Node, expected: Line) -> None:
    """Refuse a last line that is not the total of the lines before it."""
    stated = last.record(tuple(expected))
    for name, value in expected.items():
        if stated[name].value != value:
            stated[name].fail("differs from the total of the lines before it")


def joined(shards: list[ShardLines], *, partial: bool) -> ShardLines:
    """All pieces of some shards: every piece of the whole exactly once, or, of a part, at most once."""
    first, *others = shards
    whole = first._replace(lines=dict(first.lines))
    for shard in others:
        check_common(first, shard)
        twice = sorted(whole.lines.keys() & shard.lines.keys())
        if twice:
            placed, other = shard.lines[twice[0]], whole.lines[twice[0]]
            reason = f"{twice[0]} is also in {other.file}:{other.line}"
            raise InputError(placed.file, placed.line, first.kind.piece, reason)
        whole.lines.update(shard.lines)
    count = first.common[first.kind.pieces].integer()
    if not partial and len(whole.lines) < count:
        # There may be far more pieces than memory would hold.
        missing = next(index for index in range(count) if index not in whole.lines)
        reason = f"{missing} is missing; --partial joins the others"
        raise InputError(shards[-1].name, None, first.kind.piece, reason)
    return whole


def check_common(first: ShardLines, shard: ShardLines) -> None:
    """Refuse a shard of another whole, with the field that says so."""
    for name, stated in shard.common.items():
        own, other = stated.value, first.common[name].value
        if own == other:
            continue
        if isinstance(own, dict) and isinstance(other, dict):
            stated = stated.child(min(key for key, _ in own.items() ^ other.items()))
        stated.fail(f"of another {shard.kind.name} than {first.name}")
