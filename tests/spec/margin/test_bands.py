"""Liquidation bands and bankruptcy prices."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marginspec.margin.bands import (
    Band,
    Exposure,
    PriceView,
    band_end,
    bankruptcy_price,
    exact_health_at,
    first_below,
    health_at,
    highest_price,
    liquidation_band,
    view_of,
)
from marginspec.model.account import DomainKey
from marginspec.model.market import Tier, TierTable
from marginspec.model.units import MAX_PRICE, RATE_ONE, Money, Price, Rate
from marginspec_conformance.generator.events import (
    BINANCE_ROWS,
    adjust,
    binance_listing,
    deposit,
    leverage,
    listing,
    margin_mode,
    mark,
    position_mode,
    trade,
)
from worlds.plateaus import traded_plateau
from worlds.states import BINANCE, cross, isolated_domain, settled, table, with_balances

STEEP = table(("0", 10, "0.05"), ("1000", 5, "0.1"))
OPEN = settled(
    *(listing(), mark("100"), listing("B"), mark("50", "B"), deposit("alice", "1000"), deposit("bob", "9000")),
    *(leverage("alice", 5), leverage("bob", 5)),
)
LONG = settled(trade("alice", "bob", "20", "100"), state=OPEN)


def view(equity: int, *exposures: int, maintenance: int = 0, tiers: TierTable = STEEP) -> PriceView:
    return PriceView(Money(equity), Money(maintenance), tuple(Exposure(one, tiers) for one in exposures))


def in_usdt(whole: int) -> Money:
    return Money(whole * 10**8)


@pytest.mark.rule("MRG-07")
def test_equity_is_linear_in_one_markets_price() -> None:
    both = settled(trade("bob", "alice", "10", "50", "B"), mark("60", "B"), state=LONG)
    assert view_of(both, cross("alice"), "A") == PriceView(
        Money(1000 - 2000 - 100), Money(30), (Exposure(20, both.markets["A"].tiers),)
    )
    assert view_of(both, cross("alice"), "B") == PriceView(
        Money(1000 + 500), Money(150), (Exposure(-10, both.markets["B"].tiers),)
    )
    assert view_of(both, cross("carol"), "A") == PriceView(Money(0), Money(0), ())


@pytest.mark.rule("MRG-05", "MRG-07")
@pytest.mark.parametrize(
    ("price", "health", "exact"),
    # Equity 20 * price - 1000; maintenance 5% up to 1000, then 10% less 50.
    [(50, -50, -50), (51, -32, -32), (53, 4, 4), (52, -14, -14), (100, 850, 850)],
)
def test_health_at_a_price(price: int, health: int, exact: int) -> None:
    assert health_at(view(-1000, 20), Price(price)) == health
    assert exact_health_at(view(-1000, 20), Price(price)) == exact * 10**8


@pytest.mark.rule("MRG-07")
def test_health_rounds_each_position_and_exact_health_none() -> None:
    # 3 and 1 lots at 7: maintenance 1.05 and 0.35, up to 2 and 1.
    hedged = view(0, 3, -1, maintenance=1)
    assert health_at(hedged, Price(7)) == 14 - 1 - 2 - 1
    assert exact_health_at(hedged, Price(7)) == 13 * 10**8 - 140_000_000


@pytest.mark.rule("MRG-07", "NUM-03")
def test_the_band_is_sought_where_notionals_are_within_their_limit() -> None:
    assert highest_price(view(0, 1)) == 2**53
    assert highest_price(view(0, 2**9)) == 2**53
    assert highest_price(view(0, 3, -(2**10))) == 2**52
    assert highest_price(view(0)) == 2**53


@pytest.mark.rule("MRG-07", "MRG-05")
def test_bands_of_one_way_positions() -> None:
    # Equity 20 * price - 1000 meets maintenance 2 * price - 50 at 52.77…
    assert liquidation_band(LONG, cross("alice"), "A") == Band(Price(52), None)
    # Bob: 9000 + 2000 - 20 * price meets 2 * price - 50 at 502.27…
    assert liquidation_band(LONG, cross("bob"), "A") == Band(None, Price(503))
    for account, healthy, unhealthy in (("alice", "53", "52"), ("bob", "502", "503")):
        assert settled(mark(healthy), state=LONG).lots == OPEN.lots
        assert {lot.account for lot in settled(mark(unhealthy), state=LONG).lots.values()} == {account}
    assert liquidation_band(LONG, cross("alice"), "B") == Band(None, None)
    assert liquidation_band(OPEN, cross("alice"), "A") == Band(None, None)


@pytest.mark.rule("MRG-07")
def test_a_well_funded_long_has_no_band() -> None:
    funded = settled(deposit("alice", "1100"), state=LONG)
    assert liquidation_band(funded, cross("alice"), "A") == Band(None, None)


@pytest.mark.rule("MRG-07")
def test_both_ends_of_an_unhealthy_domain_are_the_mark() -> None:
    broken = with_balances(LONG, wallet__alice__USD=10)
    assert liquidation_band(broken, cross("alice"), "A") == Band(Price(100), Price(100))


@pytest.mark.rule("MRG-07")
def test_the_band_of_a_domain_counts_its_other_positions() -> None:
    # IN-13: another market's maintenance of 30 moves the price from 52 to 54 (18 * price > 980).
    both = settled(trade("alice", "bob", "10", "50", "B"), mark("60", "B"), state=LONG)
    assert liquidation_band(both, cross("alice"), "A") == Band(Price(48), None)
    flat_profit = settled(trade("alice", "bob", "10", "50", "B"), state=LONG)
    assert liquidation_band(flat_profit, cross("alice"), "A") == Band(Price(54), None)


@pytest.mark.rule("MRG-07")
def test_the_hedge_of_the_rulebook() -> None:
    tiers = table(*BINANCE_ROWS, asset_decimals=8)
    # Cost 60 * 60,000 of cash 3,000,000; a price unit is a hundredth.
    equity = in_usdt(3_000_000 - 60 * 60_000)
    hedge = PriceView(equity, Money(0), (Exposure(1060 * 10**6, tiers), Exposure(-1000 * 10**6, tiers)))
    mark_price = Price(6_000_000)
    assert band_end(hedge, mark_price, Price(1)) == 1_793_085
    assert band_end(hedge, mark_price, highest_price(hedge)) == 12_471_861
    assert health_at(hedge, Price(1_793_086)) > 0
    assert health_at(hedge, Price(12_471_860)) > 0
    # The exact upper crossing is at 124,718.6046: between these prices.
    assert exact_health_at(hedge, Price(12_471_860)) > 0 > exact_health_at(hedge, Price(12_471_861))
    units = 124_718_6046
    notional = units * 106 * 10**5
    short = units * 10**7
    upper = [notional * 5 // 100 - 2_981_450 * 10**8, short * 5 // 100 - 2_981_450 * 10**8]
    assert abs(equity + (notional - short) - sum(upper)) < 10**8


@pytest.mark.rule("MRG-07")
def test_the_hedge_of_the_rulebook_from_events() -> None:
    opened = settled(
        *(binance_listing(), mark("60000", "BTCUSDT"), deposit("alice", "7000000", "USDT")),
        *(deposit("bob", "20000000", "USDT"), position_mode("alice")),
        *(leverage("alice", 20, "BTCUSDT"), leverage("bob", 20, "BTCUSDT")),
        trade("alice", "bob", "1060", "60000", "BTCUSDT"),
        trade("bob", "alice", "1000", "60000", "BTCUSDT"),
        header=BINANCE,
    )
    hedge = with_balances(opened, wallet__alice__USDT=in_usdt(3_000_000))
    assert liquidation_band(hedge, cross("alice", "USDT"), "BTCUSDT") == Band(Price(1_793_085), Price(12_471_861))


FLAT_TIER = table(("0", 5, "0.1"))


def tried(one: PriceView, mark_price: int, last: int) -> int | None:
    """The nearest price beyond the mark with exact health below a quantum a position, by trying every price."""
    step = 1 if last > mark_price else -1
    safe = RATE_ONE * len(one.exposures)
    beyond = range(mark_price + step, last + step, step) if last != mark_price else ()
    return next((at for at in beyond if exact_health_at(one, Price(at)) < safe), None)


@pytest.mark.rule("MRG-07")
def test_an_end_of_a_hedge_can_be_healthy_by_less_than_two_quanta() -> None:
    # Exact health is 1.6 * price less what equity lacks at a price of zero.
    hedged = view(-15, 3, -1, tiers=FLAT_TIER)
    exact = [exact_health_at(hedged, Price(price)) for price in (9, 10, 11)]
    assert exact == [-60_000_000, 100_000_000, 260_000_000]
    assert [health_at(hedged, Price(price)) for price in (9, 10, 11)] == [-1, 1, 1]
    assert band_end(hedged, Price(50), Price(1)) == 10


@pytest.mark.rule("MRG-07")
def test_maintenance_of_other_markets_is_taken_rounded() -> None:
    # 1.6 * price - 16 less 3 of another market: below two quanta up to 13, where it is 1.8.
    assert band_end(view(-16, 3, -1, maintenance=3, tiers=FLAT_TIER), Price(50), Price(1)) == 13


PLATEAU = table(("0", 4, "0.2"), ("10000002", 1, "0.6"))
"""Worth 3 long and 1 short, exact health rises by 1.2 a price unit to 3,333,334, stays up to 10,000,002, and falls."""


@pytest.mark.rule("MRG-07")
@pytest.mark.parametrize(
    ("equity", "mark_price", "below", "above"),
    [
        # On the plateau exact health is 1.8 quanta, as much as it ever is: prices next to the mark are the ends.
        (-3_999_999, 5_000_001, 5_000_000, 5_000_002),
        # A quantum more, and the ends are those of the plateau.
        (-3_999_998, 5_000_001, 3_333_333, 10_000_005),
    ],
)
def test_a_plateau_of_exact_health_is_not_walked(equity: int, mark_price: int, below: int, above: int) -> None:
    hedged = view(equity, 3, -1, tiers=PLATEAU)
    assert health_at(hedged, Price(mark_price)) > 0
    assert band_end(hedged, Price(mark_price), Price(1)) == below
    assert band_end(hedged, Price(mark_price), highest_price(hedged)) == above


@pytest.mark.rule("MRG-07")
def test_an_end_at_a_price_with_less_than_two_quanta_is_found_before_the_plateau_behind_it() -> None:
    # Long 2 and short 1: 0.7 a price unit, so 1.7, 2.4 and 3.1 above the mark of 10, where it is 1.
    hedged = view(-6, 2, -1, tiers=FLAT_TIER)
    assert [exact_health_at(hedged, Price(price)) for price in (10, 11, 12)] == [100_000_000, 170_000_000, 240_000_000]
    assert [health_at(hedged, Price(price)) for price in (10, 11, 12)] == [1, 0, 1]
    assert band_end(hedged, Price(10), Price(100)) == 11
    assert band_end(hedged, Price(10), Price(1)) == 9


@pytest.mark.rule("MRG-07")
def test_of_a_mark_healthy_by_less_than_two_quanta_prices_that_have_more_are_no_end() -> None:
    # Exact health is 6.1 * price - 60, at the mark of 10 a quantum.
    hedged = view(-60, 8, -1, tiers=FLAT_TIER)
    exact = [exact_health_at(hedged, Price(price)) for price in (9, 10, 11)]
    assert exact == [-510_000_000, 100_000_000, 710_000_000]
    assert health_at(hedged, Price(10)) == 1
    assert band_end(hedged, Price(10), Price(1)) == 9
    assert band_end(hedged, Price(10), highest_price(hedged)) is None


@pytest.mark.rule("MRG-07")
@pytest.mark.parametrize(
    ("one", "mark_price", "last", "end"),
    [
        # No price is left beyond the mark.
        (view(10, 2, -1), 1, 1, None),
        (view(10, 2, -1), 9, 9, None),
        # The only price left is safe, or is not.
        (view(10, 2, -1), 2, 1, None),
        (view(0, 3, -1), 2, 1, 1),
        (view(20, 1, -2), 8, 9, None),
        (view(12, 1, -2), 8, 9, 9),
        # The end is the last price that is sought: at a maintenance of a quarter exact health is the price.
        (view(0, 3, -1, tiers=table(("0", 1, "0.25"))), 50, 1, 1),
    ],
)
def test_ends_at_the_last_prices(one: PriceView, mark_price: int, last: int, end: int | None) -> None:
    assert health_at(one, Price(mark_price)) > 0
    assert band_end(one, Price(mark_price), Price(last)) == tried(one, mark_price, last) == end


@pytest.mark.rule("MRG-07", "NUM-03")
@pytest.mark.parametrize(
    ("equity", "end"),
    # Worth 1 long and 2 short, exact health falls by 1.3 a price unit: at the highest price to 2.4, 1.4 or 0.4.
    [(292, None), (291, MAX_PRICE), (290, MAX_PRICE - 1)],
)
def test_the_highest_price_itself_can_be_an_end(equity: int, end: int | None) -> None:
    hedged = view(11_709_359_031_163_000 + equity, 1, -2, tiers=FLAT_TIER)
    assert highest_price(hedged) == MAX_PRICE
    assert band_end(hedged, Price(10**15), highest_price(hedged)) == end


class Counted:
    """Exact health, and how often it is asked for."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, one: PriceView, price: Price) -> int:
        self.times += 1
        return exact_health_at(one, price)


@pytest.mark.rule("MRG-07")
@pytest.mark.parametrize("floor", [10**exponent for exponent in range(2, 16)])
@pytest.mark.parametrize("spare", [0, 1, 10**6])
def test_few_prices_are_tried(monkeypatch: pytest.MonkeyPatch, floor: int, spare: int) -> None:
    """Two, and one for each halving of the prices on a side of the mark; a plateau may be as long as it will."""
    tiers = table(("0", 4, "0.2"), (str(floor + 2), 1, "0.6"))
    hedged = view(1 + spare - 4 * floor // 10, 3, -1, tiers=tiers)
    mark_price, counted = Price(floor // 2 + 1), Counted()
    assert health_at(hedged, mark_price) > 0
    monkeypatch.setattr("marginspec.margin.bands.exact_health_at", counted)
    for last in (Price(1), highest_price(hedged)):
        counted.times = 0
        band_end(hedged, mark_price, last)
        assert counted.times <= 2 + abs(last - mark_price).bit_length()


@pytest.mark.rule("MRG-07")
@pytest.mark.parametrize(
    ("start", "last", "threshold", "first"),
    [(100, 1, 0, 52), (100, 1, 10**8, 52), (100, 200, 0, None), (100, 100, 0, None), (53, 1, 5 * 10**8, 52)],
)
def test_bisection_finds_the_first_price_below_a_threshold(
    start: int, last: int, threshold: int, first: int | None
) -> None:
    assert first_below(view(-1000, 20), Price(start), Price(last), threshold) == first


@pytest.mark.rule("MRG-07")
@given(quantity=st.integers(-30, 30).filter(bool), price=st.integers(1, 200), cash=st.integers(1, 5000))
def test_bands_of_one_position_end_at_the_nearest_unhealthy_price(quantity: int, price: int, cash: int) -> None:
    one = view(cash - quantity * price, quantity)
    if health_at(one, Price(price)) <= 0:
        return
    below = next((at for at in range(price, 0, -1) if health_at(one, Price(at)) <= 0), None)
    above = next((at for at in range(price, 1000) if health_at(one, Price(at)) <= 0), None)
    assert band_end(one, Price(price), Price(1)) == below
    assert band_end(one, Price(price), Price(999)) == above


@st.composite
def some_tiers(draw: st.DrawFn) -> TierTable:
    """One to four tiers with floors up to 600, of any rates or of round ones, which make plateaus."""
    count = draw(st.integers(1, 4))
    rates = st.integers(1, 99_999_999) if draw(st.booleans()) else st.integers(1, 9).map(lambda tenth: tenth * 10**7)
    rising = sorted(draw(st.lists(rates, min_size=count, max_size=count, unique=True)))
    floors = sorted(draw(st.lists(st.integers(1, 600), min_size=count - 1, max_size=count - 1, unique=True)))
    tiers: tuple[Tier, ...] = ()
    for floor, rate in zip((0, *floors), rising, strict=True):
        below = tiers[-1] if tiers else Tier(Money(0), 1, Rate(0), 0)
        tiers = (*tiers, Tier(Money(floor), 1, Rate(rate), below.deduction + floor * (rate - below.maintenance_rate)))
    return TierTable(tiers)


@pytest.mark.rule("MRG-07")
@given(
    tiers=some_tiers(),
    long=st.integers(1, 12),
    short=st.integers(1, 12),
    mark_price=st.integers(1, 150),
    health=st.integers(1, 40),
)
def test_hedged_bands_agree_with_trying_every_price(
    tiers: TierTable, long: int, short: int, mark_price: int, health: int
) -> None:
    needed = health_at(view(0, long, -short, tiers=tiers), Price(mark_price))
    hedged = view(health - needed, long, -short, tiers=tiers)
    below, above = (band_end(hedged, Price(mark_price), Price(last)) for last in (1, 150))
    assert (below, above) == (tried(hedged, mark_price, 1), tried(hedged, mark_price, 150))
    between = range((below or 0) + 1, above or 151)
    assert mark_price in between
    assert all(health_at(hedged, Price(price)) > 0 for price in between)


@pytest.mark.rule("MRG-07")
def test_both_ends_of_a_hedge_that_trades_to_a_plateau_are_next_to_its_mark() -> None:
    held = settled(*traded_plateau(), header=BINANCE)
    # Equity is 60,000.00000001; maintenance 0.6 * 150,000 - 0.4 * 100,000.00000002 = 49,999.999999992, and 10,000.
    hedge, mark_price = view_of(held, cross("alice", "USDT"), "M"), held.markets["M"].marked()
    assert exact_health_at(hedge, mark_price) == 180_000_000
    assert liquidation_band(held, cross("alice", "USDT"), "M") == Band(Price(mark_price - 1), Price(mark_price + 1))
    richer = settled(deposit("alice", "0.00000001", "USDT"), state=held)
    assert liquidation_band(richer, cross("alice", "USDT"), "M") == Band(
        Price(3_333_333_333_333), Price(10_000_000_000_005)
    )


@pytest.mark.rule("MRG-08")
@pytest.mark.parametrize(
    ("domain", "price"),
    [
        # 1000 + 20 * (price - 100) = 0.
        (cross("alice"), 50),
        # 9000 - 20 * (price - 100) = 0.
        (cross("bob"), 550),
        (cross("carol"), None),
    ],
)
def test_bankruptcy_price_is_where_equity_is_zero(domain: DomainKey, price: int | None) -> None:
    assert bankruptcy_price(LONG, domain, "A") == price
    assert bankruptcy_price(LONG, domain, "B") is None


@pytest.mark.rule("MRG-08")
def test_bankruptcy_price_rounds_against_the_account() -> None:
    # 999 - 20 * 50.05 for the long, 9001 + 20 * 550.05 for the short.
    uneven = with_balances(LONG, wallet__alice__USD=999, wallet__bob__USD=9001)
    assert bankruptcy_price(uneven, cross("alice"), "A") == 51
    assert bankruptcy_price(uneven, cross("bob"), "A") == 550
    funded = settled(deposit("alice", "1000"), state=LONG)
    assert bankruptcy_price(funded, cross("alice"), "A") is None


@pytest.mark.rule("MRG-08", "ACC-04")
def test_isolated_bankruptcy_price_is_entry_less_cash_per_lot() -> None:
    lonely = settled(margin_mode("alice"), trade("alice", "bob", "20", "100"), adjust("alice", "100"), state=OPEN)
    assert bankruptcy_price(lonely, isolated_domain("alice"), "A") == 100 - 500 // 20


@pytest.mark.rule("MRG-07", "NUM-03")
def test_without_exposure_a_quantum_a_price_unit_bounds_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("marginspec.margin.bands.MAX_VALUE", 100)
    assert highest_price(PriceView(Money(0), Money(0), ())) == 100
