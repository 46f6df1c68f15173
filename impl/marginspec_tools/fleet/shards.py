"""Work in shards: numbered pieces, done by any processes in any order, whose lines make the same whole.

Every piece gives a line of JSON. The last line of an output totals those before it, and its hash is over the SHA-256
of each of them, in the order of the pieces; so it does not depend on who did which piece, nor on how they were split.
"""

import os
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from functools import cached_property
from hashlib import sha256
from multiprocessing import parent_process
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeVar

import attrs
import click
import msgspec

from marginspec_journal import InputError
from marginspec_journal.strict_json import Node
from marginspec_tools.console import EngineCrash, QuietPool, WrongAnswer, line_writer, print_error, with_progress

PIECES_AHEAD = 32
"""How many pieces wait for each process at most: the others need not be known yet."""

SHARD_PATTERN = re.compile(r"([0-9]{1,18})/([0-9]{1,18})")
SHOWN_CHARACTERS = 60

Line: TypeAlias = dict[str, Any]
Piece = TypeVar("Piece")
Asked = TypeVar("Asked", contravariant=True)
Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class Shard(NamedTuple):
    """Which part of the pieces: those whose number leaves `number` - 1 when divided by `parts`."""

    number: int
    parts: int

    def of(self, count: int) -> range:
        """The pieces of this part, when there are so many in all."""
        return range(self.number - 1, count, self.parts)


class ShardType(click.ParamType[Shard]):
    """A shard as I/N, I from 1 to N."""

    name = "I/N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Shard:
        """The shard that a text names."""
        text = str(value)
        found = SHARD_PATTERN.fullmatch(text)
        if found is None or not 1 <= int(found[1]) <= int(found[2]):
            shown = text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"
            self.fail(f"{shown} is not a shard, such as 2/5", param, ctx)
        return Shard(int(found[1]), int(found[2]))


@attrs.frozen
class Assignment:
    """Which part is done, by how many processes or by which cluster, and where its lines go."""

    shard: Shard
    jobs: int | None
    address: str | None
    output: Path | None

    def __attrs_post_init__(self) -> None:
        if self.address is not None and self.jobs is not None:
            raise click.UsageError("--jobs is for this machine, --dask for a cluster: give one of them")


def assignment_options(command: Decorated) -> Decorated:
    """The options that make an Assignment."""
    for option in (
        click.option(
            "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write to this file, whole or not at all."
        ),
        click.option(
            "--dask", "address", metavar="ADDRESS", help="Work on the Dask cluster whose scheduler has this address."
        ),
        click.option("--jobs", type=click.IntRange(1, 256), help="Processes on this machine.  [default: one a core]"),
        click.option(
            "--shard", type=ShardType(), default="1/1", show_default=True, help="Do this part of the work, such as 2/5."
        ),
    ):
        command = option(command)
    return command


# ----------------------------------------------------------------- doing the pieces


class Work(Protocol[Asked]):
    """What all pieces have in common; it can travel to other processes."""

    def answerer(self) -> Callable[[Asked], Line]:
        """What answers a piece with its line; made once in each process, since that may take long."""


class Opened:
    """Work that is opened when its first piece comes, so that what is wrong with it is an error of that piece."""

    def __init__(self, work: Work[Any]) -> None:
        self._work = work

    @cached_property
    def answer(self) -> Callable[[Any], Line]:
        """What answers a piece."""
        return self._work.answerer()


class Awaited(Protocol):
    """A line that somebody is asked for."""

    def result(self) -> Line:
        """The line, when it is there."""


def answers(work: Work[Piece], pieces: Iterable[Piece], assignment: Assignment) -> Iterator[Line]:
    """The lines of the pieces in their order, by processes of this machine or by a Dask cluster."""
    if assignment.address is not None:
        from marginspec_tools.fleet.cluster import answers_on_cluster

        return answers_on_cluster(work, pieces, assignment.address)
    jobs = assignment.jobs or os.cpu_count() or 1
    return map(Opened(work).answer, pieces) if jobs == 1 else answers_in_pool(work, pieces, jobs)


def in_order(pieces: Iterable[Piece], ask: Callable[[Piece], Awaited], ahead: int) -> Iterator[Line]:
    """Ask for the lines of pieces, at most so many ahead, and pass them on in order."""
    left, asked = iter(pieces), deque[Awaited]()
    while True:
        for piece in left:
            asked.append(ask(piece))
            if len(asked) >= ahead:
                break
        if not asked:
            return
        yield asked.popleft().result()


def answers_in_pool(work: Work[Piece], pieces: Iterable[Piece], jobs: int) -> Iterator[Line]:
    """The lines of the pieces in their order, by so many processes; EngineCrash if one of these dies.

    They start anew on every platform, and know of the work only what travels with it, as on a cluster.
    """
    with QuietPool(jobs, begin_worker, work) as pool:
        try:
            yield from in_order(pieces, lambda piece: pool.submit(answer_in_worker, piece), jobs * PIECES_AHEAD)
        except BrokenProcessPool as error:
            raise EngineCrash("a worker process died, perhaps out of memory; nothing is written") from error


_held: list[Opened] = []


def begin_worker(work: Work[Any]) -> None:
    """Make a process ready for pieces."""
    Thread(target=end_with_parent, daemon=True).start()
    _held[:] = [Opened(work)]


def end_with_parent() -> None:
    """End this process when its parent has, which may have been killed."""
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def answer_in_worker(piece: Any) -> Line:
    """Answer a piece in a process that holds the work."""
    return _held[0].answer(piece)


# ----------------------------------------------------------------- the total


class Sums(Protocol):
    """What the last line says of all lines, beside their hash."""

    def take(self, line: Node) -> None:
        """Add a line; InputError if it is not as it must be."""

    def fields(self) -> Line:
        """The fields of the last line."""

    def faults(self) -> list[str]:
        """What is wrong with what was found, for people; empty if all holds."""


@attrs.frozen
class Kind:
    """A kind of work.

    `piece` is the field of a line that numbers it, `pieces` that of the last line that counts all there are;
    `identity` names what outputs of the same whole have in common beside that count and the rulebook, each with what
    reads it: InputError if it is not as the last line states it.
    """

    name: str
    version: int
    piece: str
    pieces: str
    identity: dict[str, Callable[[Node], object]]
    sums: Callable[[Line], Sums]

    @property
    def common(self) -> tuple[str, ...]:
        """The fields of the last line in which all outputs of one whole agree."""
        return ("rulebook", self.pieces, *self.identity)


class Total:
    """Totals lines, which come in the order of their pieces; `common` is what all outputs of the whole state."""

    def __init__(self, kind: Kind, common: Line) -> None:
        self._kind, self._common = kind, common
        self._hash = sha256()
        self._lines = 0
        self.sums = kind.sums(common)

    def take(self, text: bytes, line: Node) -> None:
        """Add a line and what it says."""
        self._hash.update(sha256(text).digest())
        self._lines += 1
        self.sums.take(line)

    def take_answer(self, number: int, line: Line) -> bytes:
        """Add what was answered for a piece, by this process or on another machine; gives its text."""
        answer = Node(f"the answer for {self._kind.piece} {number}", None, "", line)
        try:
            answer.member(self._kind.piece).integer(least=number, most=number)
            text = msgspec.json.encode(line)
            self.take(text, answer)
        except (InputError, TypeError) as refusal:
            raise WrongAnswer(f"{refusal}; nothing is written") from None
        return text

    def line(self) -> Line:
        """The last line."""
        stated = {self._kind.name: self._kind.version, **self._common, "lines": self._lines}
        return {**stated, **self.sums.fields(), "hash": self._hash.hexdigest()}


def write_answers(
    total: Total, found: Iterable[Line], pieces: Sequence[int], output: Path | None, inputs: tuple[Path, ...]
) -> None:
    """Write every line and their total, whole or not at all; WrongAnswer if a line is not that of its piece."""
    with line_writer(output, inputs) as put:
        for number, line in zip(pieces, with_progress(found, "answering", len(pieces)), strict=True):
            put(total.take_answer(number, line))
        put(msgspec.json.encode(total.line()))


def print_faults(sums: Sums) -> int:
    """Say on stderr what is wrong with what was found; gives the exit code."""
    faults = sums.faults()
    for fault in faults:
        print_error(fault)
    return 1 if faults else 0
