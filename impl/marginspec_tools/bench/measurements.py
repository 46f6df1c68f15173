"""A figure of a benchmark: ours beside a peer or a reference that answers the same question in the same run."""

import math
import statistics
import time
from collections.abc import Callable, Iterator, Sequence

import attrs


@attrs.frozen
class Measurement:
    """Microseconds that we take for a question, and those of a peer or reference, if there is one.

    `size` is the number of accounts or rows that the question is about, `row` the row of the table it stands in,
    `needed` the ratio to reach, and `note` what else was measured.
    """

    row: str
    question: str
    size: int
    ours_us: float
    peer: str | None = None
    peer_us: float | None = None
    needed: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float:
        """How many times faster we are; not a number without a peer."""
        return math.nan if self.peer_us is None else self.peer_us / self.ours_us

    @property
    def is_reached(self) -> bool | None:
        """Whether the ratio is what it must be; none if nothing must be reached."""
        return None if self.needed is None else self.ratio >= self.needed

    def plain(self) -> str:
        """The figure for people."""
        beside = (
            f", {ratio_text(self.ratio)} times faster than {self.peer} ({self.peer_us:,.3f} us)" if self.peer else ""
        )
        needed = (
            f"; needed {ratio_text(self.needed)}: {reached_text(self.is_reached)}" if self.needed is not None else ""
        )
        return f"{self.question}: {self.ours_us:,.3f} us{beside}{needed}" + (f" ({self.note})" if self.note else "")

    def fields(self) -> dict[str, object]:
        """The figure for programs."""
        return {"kind": "figure", **attrs.asdict(self), "ratio": self.ratio, "reached": self.is_reached}


@attrs.frozen
class Bound:
    """A quantity that must not exceed something: growth from one size to another, or memory."""

    row: str
    question: str
    amount: float
    unit: str
    at_most: float
    note: str = ""

    @property
    def is_reached(self) -> bool:
        """Whether the amount is within the bound."""
        return self.amount <= self.at_most

    def plain(self) -> str:
        """The bound for people."""
        needed = f"needed at most {ratio_text(self.at_most)}: {reached_text(self.is_reached)}"
        return f"{self.question}: {self.amount:,.2f} {self.unit}; {needed}" + (f" ({self.note})" if self.note else "")

    def fields(self) -> dict[str, object]:
        """The bound for programs."""
        return {"kind": "bound", **attrs.asdict(self), "reached": self.is_reached}


Measured = Measurement | Bound


def ratio_text(ratio: float) -> str:
    """A ratio with three digits, or all those before the point."""
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.3g}"


def on_threads(count: int) -> str:
    """On how many threads, in words."""
    return "on one thread" if count == 1 else f"on {count} threads"


def reached_text(is_reached: bool | None) -> str:
    """Whether something is reached, in words."""
    return "reached" if is_reached else "NOT REACHED"


def growth(found: Sequence[Measured], *, smallest: int, largest: int, at_most: float) -> Iterator[Bound]:
    """How much dearer a row's question is at the largest size than at the smallest, if both were asked."""
    measurements = [one for one in found if isinstance(one, Measurement)]
    costs = {one.size: one.ours_us for one in measurements}
    if smallest in costs and largest in costs:
        row = measurements[0].row
        named = f"{row}: cost at {largest:,} accounts over that at {smallest:,}"
        yield Bound(f"{row}, growth", named, costs[largest] / costs[smallest], "times", at_most)


def seconds_of(work: Callable[[], object]) -> float:
    """Seconds that some work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def alternating(rounds: int, *sources: Callable[[], float]) -> list[float]:
    """The median of what each source gives, asked in turn for so many rounds, after one that does not count."""
    taken = [[source() for source in sources] for _ in range(rounds + 1)][1:]
    return [statistics.median(column) for column in zip(*taken, strict=True)]
