"""A figure of a benchmark: ours beside a peer or a reference that answers the same question in the same run."""

import math
import statistics
import time
from collections.abc import Callable

import attrs


@attrs.frozen
class Figure:
    """Microseconds that we take for a question, and those of a peer or reference, if there is one.

    `size` is the number of accounts or rows that the question is about, `row` the row of the table it stands in, and
    `note` what else was measured.
    """

    row: str
    question: str
    size: int
    ours_us: float
    peer: str | None = None
    peer_us: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float:
        """How many times faster we are; not a number without a peer."""
        return math.nan if self.peer_us is None else self.peer_us / self.ours_us


def seconds_of(work: Callable[[], object]) -> float:
    """Seconds that some work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def alternating(rounds: int, *sources: Callable[[], float]) -> list[float]:
    """The median of what each source gives, asked in turn for so many rounds, after one that does not count."""
    taken = [[source() for source in sources] for _ in range(rounds + 1)][1:]
    return [statistics.median(column) for column in zip(*taken, strict=True)]
