"""That witnesses of bands happen: journals that lead to their very domains, and what the next mark does to them.

T-BAND-15, 16, 19 and 23 ask the rules of bands about stated numbers. Here alice trades her way to these numbers from
an empty state, and the solver finds the mark that liquidates her.
"""

from typing import Any

from marginspec.margin.bands import Band, Exposure, PriceView, bankruptcy_price, liquidation_band, view_of
from marginspec.model import events
from marginspec.model.account import DomainKey
from marginspec.model.effects import DomainLiquidated
from marginspec.model.events import Event, MarkPrice, SetLeverage
from marginspec.model.market import TierTerms, tier_table
from marginspec.model.state import State
from marginspec.model.units import Decimal8, Money, Price
from marginspec.transition import apply
from marginspec_proofs.prover.statements import Case, theorem
from marginspec_proofs.prover.worlds import ASSET
from marginspec_proofs.theorems.bands import RULEBOOK_ROWS, flat_table, hedge
from marginspec_proofs.theorems.necessity import (
    AN_EXAMPLE,
    MILD,
    WHOLE,
    ZERO,
    after,
    listed,
    look_for,
    marked,
    paid_in,
    traded,
    whole,
)

ALICE = DomainKey("alice", ASSET)
HEDGE = events.SetPositionMode("alice", "hedge")
HUNDREDTHS = 10**6
"""A price in hundredths, as an event writes it."""


def flat(rate: int, leverage: int) -> tuple[TierTerms, ...]:
    """Terms of one tier."""
    return (TierTerms(ZERO, leverage, Decimal8(rate)),)


def both_sides(quantity_long: int, quantity_short: int, price: int) -> tuple[Event, ...]:
    """Alice opens a long and a short position at one price, both with bob."""
    return (
        traded("first", price, quantity_long, "alice", "bob", buyer_side="LONG"),
        traded("first", price, quantity_short, "bob", "alice", seller_side="SHORT"),
    )


def lost_elsewhere(loss: int) -> tuple[Event, ...]:
    """Alice buys a lot in another market and sells it for less, both to bob: so cash falls below initial margin."""
    return (
        traded("second", loss + 1, 1, "alice", "bob", buyer_side="LONG"),
        traded("second", 1, 1, "bob", "alice", seller_side="LONG"),
    )


def liquidated_at(before: State, price: Any) -> bool:
    """Whether alice is liquidated if the mark goes to this price, which an event writes so."""
    _, receipt = apply(before, MarkPrice("first", price))
    assert receipt.rejected is None, "a mark is accepted"
    return any(isinstance(effect, DomainLiquidated) and effect.domain == ALICE for effect in receipt.effects)


@theorem("T-BAND-24", "MRG-07", "LIQ-01", of=(), scope=AN_EXAMPLE, uses=("T-BAND-16",))
def a_mark_in_favour_of_a_hedge_can_liquidate_it(case: Case) -> None:
    """The witness of T-BAND-16 can be traded to; a mark that rises liquidates a net long hedge, a higher one does not.

    Alice is long 2 and short 1 from 20 with cash of 14. Among the marks from 10 to 12, only 11 liquidates her.
    """
    journal: list[Event] = [
        listed("first", flat(10**7, 5)),
        *paid_in(alice=14, bob=1000),
        *(HEDGE, SetLeverage("alice", "first", 5), marked("first", 20)),
        *both_sides(2, 1, 20),
        marked("first", 10),
    ]
    before = after(journal)
    case.claim("her domain is the witness", view_of(before, ALICE, "first") == hedge(-6, 2, 1, flat_table(10**7, 5)))
    case.claim("its band ends at 11", liquidation_band(before, ALICE, "first").upper == 11)
    mark = case.integer("mark", 10, 12)
    look_for(case, liquidated_at(before, whole(mark)))
    case.claim("only 11 liquidates", mark == 11)


@theorem("T-BAND-25", "MRG-07", "LIQ-01", of=(), scope=AN_EXAMPLE, uses=("T-BAND-19",))
def a_dust_position_is_liquidated_before_the_closed_form(case: Case) -> None:
    """The second witness of T-BAND-19 can be traded to, and is liquidated nine price units short of the closed form.

    Alice has bought one lot at 25 with all her cash, at 90% of maintenance. Of the marks from 9 to 24, only 9 does it.
    """
    journal: list[Event] = [
        listed("first", flat(9 * 10**7, 1)),
        *paid_in(alice=25, bob=1000),
        marked("first", 25),
        traded("first", 25, 1, "alice", "bob"),
    ]
    before = after(journal)
    witness = PriceView(Money(0), Money(0), (Exposure(1, flat_table(9 * 10**7, 1)),))
    case.claim("her domain is the witness", view_of(before, ALICE, "first") == witness)
    case.claim("its band ends at 9", liquidation_band(before, ALICE, "first").lower == 9)
    mark = case.integer("mark", 9, 24)
    look_for(case, liquidated_at(before, whole(mark)))
    case.claim("only 9 liquidates", mark == 9)


@theorem("T-BAND-26", "MRG-07", "MRG-08", "LIQ-01", of=(), scope=AN_EXAMPLE, uses=("T-BAND-23",))
def a_mark_at_the_bankruptcy_price_need_not_liquidate(case: Case) -> None:
    """The witness of T-BAND-23 can be traded to: at its bankruptcy price it is left alone, a unit below liquidated.

    Alice is long 100 lots from 10 with cash of 50, at 1% of maintenance.
    """
    journal: list[Event] = [
        listed("first", flat(10**6, 20)),
        *paid_in(alice=50, bob=1000),
        marked("first", 10),
        traded("first", 10, 100, "alice", "bob"),
    ]
    before = after(journal)
    witness = PriceView(Money(-950), Money(0), (Exposure(100, flat_table(10**6, 20)),))
    case.claim("her domain is the witness", view_of(before, ALICE, "first") == witness)
    case.claim("its bankruptcy price is 10", bankruptcy_price(before, ALICE, "first") == 10)
    mark = case.integer("mark", 9, 10)
    look_for(case, liquidated_at(before, whole(mark)))
    case.claim("only 9 liquidates", mark == 9)


@theorem("T-BAND-27", "MRG-07", "LIQ-01", of=(), scope=AN_EXAMPLE, uses=("T-BAND-15",))
def a_hedge_is_liquidated_at_either_end(case: Case) -> None:
    """The hedge of MRG-07 (T-BAND-15) can be traded to, and is liquidated at either end of its band, not just before.

    Alice is long 1060 and short 1000 from 60,000; a loss elsewhere has left her cash of 3,000,000.
    """
    rows = tuple(TierTerms(whole(floor), leverage, Decimal8(rate)) for floor, leverage, rate in RULEBOOK_ROWS)
    tick = Decimal8(HUNDREDTHS)
    journal: list[Event] = [
        events.ListMarket("first", ASSET, 2, 0, tick, ZERO, ZERO, ZERO, ZERO, rows),
        listed("second", MILD),
        *paid_in(alice=10**7, bob=10**8),
        HEDGE,
        *(marked("first", 60_000), marked("second", 3_500_000)),
        *both_sides(1060, 1000, 60_000),
        *lost_elsewhere(7 * 10**6),
    ]
    before = after(journal, decimals=8)
    witness = hedge((3_000_000 - 60 * 60_000) * WHOLE, 1060 * HUNDREDTHS, 1000 * HUNDREDTHS, tier_table(rows, 8))
    case.claim("her domain is the witness", view_of(before, ALICE, "first") == witness)
    ends = Band(Price(1_793_085), Price(12_471_861))
    case.claim("its band is that of MRG-07", liquidation_band(before, ALICE, "first") == ends)
    mark = case.integer("mark", 1_793_085, 1_793_090)
    look_for(case, liquidated_at(before, Decimal8(mark * HUNDREDTHS)))
    case.claim("of the marks near the lower end, only that one liquidates", mark == 1_793_085)
    case.claim("the upper end liquidates", liquidated_at(before, Decimal8(12_471_861 * HUNDREDTHS)))
    case.claim("a unit before it nothing does", not liquidated_at(before, Decimal8(12_471_860 * HUNDREDTHS)))
