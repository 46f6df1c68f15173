"""What the recorded answers come to: by kind of question, how many are right, how far off the others are, examples."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import attrs
import msgspec

from engines.field.libraries import Way
from marginspec_conformance.comparing.answers import NONE, Compared, Field, compared, figure_of
from marginspec_conformance.connectors.parsing import connector_of
from marginspec_conformance.connectors.session import EngineFailure, Limits
from marginspec_conformance.protocol.messages import Calculated, Hello, Unsupported
from marginspec_conformance.vectors.question import AskedQuestion, read_questions

QUANTUM = Fraction(1, 10**8)
PRICES = ("liquidation_price_below", "liquidation_price_above", "bankruptcy_price")
BAND = PRICES[:2]


class OutdatedError(Exception):
    """The questions are others than those that were recorded."""

    def __init__(self, way: Way, detail: str) -> None:
        super().__init__(
            f"{way.record.name} has no answers to today's questions ({detail}): "
            "record anew with `PYTHONPATH=tests python -m engines.field.recording FOLDER`"
        )


@attrs.frozen
class Heard:
    """A question that a library answered, and its answer beside the rulebook's."""

    question: AskedQuestion
    compared: Compared

    @property
    def unit(self) -> Fraction:
        """The last digit of the figures: of the market's prices, else a quantum."""
        if self.question.kind in ("band", "bankruptcy"):
            market: dict[str, Any] = self.question.asked["markets"][self.question.asked["market"]]
            return Fraction(1, 10 ** int(market["price_decimals"]))
        return QUANTUM

    @property
    def length(self) -> int:
        """How long the question is, as JSON."""
        return len(msgspec.json.encode(self.question.asked))

    @property
    def is_exact(self) -> bool:
        """Whether all that the library tells is the rulebook's."""
        return all(one.off == 0 for one in self.compared.fields)

    @property
    def is_near(self) -> bool:
        """Whether all that the library tells is within a unit of the last digit."""
        return not self.wrong()

    def _within(self, field: Field) -> bool:
        """Whether a field is within a unit; a price below the least one is as good as none."""
        if field.off is not None:
            return field.off <= self.unit
        least = figure_of(field.actual)
        return field.name in BAND and field.expected == NONE and isinstance(least, Fraction) and 0 < least <= self.unit

    @property
    def of_unhealthy(self) -> bool:
        """Whether a band is asked for where there is none any more: the domain is not healthy at the mark."""
        ends = {self.question.expected.get(name) for name in BAND}
        return len(ends) == 1 and None not in ends

    def wrong(self) -> list[Field]:
        """The fields that are further off."""
        return [one for one in self.compared.fields if not self._within(one)]


@attrs.frozen
class Measured:
    """Everything that a way of asking a library came to."""

    way: Way
    hello: Hello
    heard: tuple[Heard, ...]
    unanswered: dict[str, str]
    """By id, what it would take."""

    def of(self, clause: str) -> list[Heard]:
        """The questions of a clause that it answered."""
        return [one for one in self.heard if one.question.clause == clause]

    def furthest(self, clause: str) -> Iterator[tuple[str, Fraction, Fraction]]:
        """By field, how far off its numbers are at most, and the greatest part of the rulebook's figure that this is.

        Bands of domains that are not healthy at the mark are left aside.
        """
        wrong = [field for one in self.of(clause) if not one.of_unhealthy for field in one.wrong()]
        for name in sorted({one.name for one in wrong if one.off}):
            found = [(one.off, abs(Fraction(one.expected))) for one in wrong if one.name == name and one.off]
            parts = [off / right for off, right in found if right]
            yield name, max(off for off, _ in found), max(parts, default=Fraction(0))

    def example(self, clause: str) -> Heard | None:
        """The shortest question with an answer that is further off, none of an unhealthy domain if there is another."""
        wrong = [one for one in self.of(clause) if not one.is_near]
        return min(wrong, key=lambda one: (one.of_unhealthy, one.length), default=None)


def measured(way: Way) -> Measured:
    """Recorded answers beside today's questions; OutdatedError if one is missing."""
    try:
        session = connector_of(f"journal:{way.record}").open(Limits(10, 10))
        answers = [(one, session.calc(one.asked)) for one in read_questions()]
    except EngineFailure as failure:
        raise OutdatedError(way, failure.detail.partition(" after ")[0]) from None
    heard = [Heard(one, compared(one.expected, said.values)) for one, said in answers if isinstance(said, Calculated)]
    unanswered = {one.id: said.capability for one, said in answers if isinstance(said, Unsupported)}
    return Measured(way, session.hello, tuple(heard), unanswered)
