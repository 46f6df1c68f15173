"""Schemes against deleveraging that were tried, and cases that had no way out."""

import pytest

from marginspec.model.effects import Deleveraged
from marginspec.model.events import Event
from marginspec.model.state import Header, Profile, Ranking
from marginspec.model.units import Money, Quantity
from marginspec_conformance.generator.events import deposit, leverage, listing, mark, trade, withdraw
from worlds.states import MINIMAL, balances, effects, key, lot, settled

STEEP = (("0", 5, "0.1"),)

SHORTS: tuple[Event, ...] = (
    *(listing(rows=STEEP), mark("100"), deposit("s", "2000"), deposit("w", "2000"), deposit("saver", "1000000")),
    *(leverage("s", 5), leverage("w", 5), trade("w", "s", "100", "100"), mark("110")),
)
"""The lot of s, short 100, is bankrupt at 120; w, of the same owner, is the other side."""
WASHED = (*(deposit("w2", "5200"), leverage("w2", 5), trade("w2", "w", "100", "140"), withdraw("w", "6000")),)
"""Between two marks w sells its hundred to w2, again of the same owner, far above the bankruptcy price."""


@pytest.mark.rule("ADL-04", "ADL-03")
@pytest.mark.parametrize("ranking", ["binance", "bitmex"])
def test_a_wash_trade_does_not_put_a_winner_out_of_reach(ranking: Ranking) -> None:
    header = Header(Profile(adl_ranking=ranking), MINIMAL.asset_decimals)
    honest = [one for one in effects(settled(*SHORTS, header=header), mark("200")) if isinstance(one, Deleveraged)]
    assert honest == [Deleveraged(1, key("w"), Quantity(100), Money(-12_000), Money(8_000))]
    # 60 a lot are w2's profit, of 80 that the lot loses; one lot is kept, with what is left of 12,000.
    washed = settled(*SHORTS, *WASHED, header=header)
    found = [one for one in effects(washed, mark("200")) if isinstance(one, Deleveraged)]
    assert found == [Deleveraged(1, key("w2"), Quantity(99), Money(-13_860), Money(5_940))]
    after = settled(mark("200"), state=washed)
    assert (dict(after.lots), balances(after)["lot:1"]) == ({1: lot(1, "s", -1)}, -1_860)
    assert (after.positions[key("w2")], balances(after)["position:w2:A:BOTH"]) == (1, -140)


@pytest.mark.rule("ADL-04", "ADL-03")
def test_nor_does_one_below_the_bankruptcy_price_of_a_long_lot() -> None:
    # Long at 100 with 2000: bankrupt at 80. At 90 w buys back from w2 at 60; the mark goes to 10.
    mirrored = settled(
        *(listing(rows=STEEP), mark("100"), deposit("l", "2000"), deposit("w", "2000"), deposit("saver", "1000000")),
        *(leverage("l", 5), leverage("w", 5), trade("l", "w", "100", "100"), mark("90")),
        *(deposit("w2", "5000"), leverage("w2", 5), trade("w", "w2", "100", "60")),
    )
    found = [one for one in effects(mirrored, mark("10")) if isinstance(one, Deleveraged)]
    assert found == [Deleveraged(1, key("w2"), Quantity(99), Money(5_940), Money(4_950))]


@pytest.mark.rule("ADL-04")
def test_one_lot_and_one_counterparty_make_one_step() -> None:
    # Each lot that closes frees maintenance; measured before the step it was some more each time.
    crowd = settled(
        *(listing(rows=(("0", 4, "0.2"),)), mark("100"), deposit("l", "25000"), deposit("w", "30000")),
        *(leverage("l", 4), leverage("w", 4), trade("l", "w", "1000", "100")),
    )
    found = [one for one in effects(crowd, mark("60")) if isinstance(one, Deleveraged)]
    assert found == [Deleveraged(1, key("w"), Quantity(1000), Money(75_000), Money(15_000))]
