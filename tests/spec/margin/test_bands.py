"""Liquidation bands and bankruptcy prices."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marginspec.margin.bands import (
    Band,
    Exposure,
    PriceView,
    bankruptcy_price,
    exact_health_at,
    health_at,
    highest_price,
    last_below,
    liquidation_band,
    nearest_unhealthy,
    peak_of_exact_health,
    view_of,
)
from marginspec.model.account import DomainKey
from marginspec.model.units import Money, Price
from worlds.events import (
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
from worlds.states import BINANCE, cross, isolated_domain, settled, table, with_balances

STEEP = table(("0", 10, "0.05"), ("1000", 5, "0.1"))
OPEN = settled(
    *(listing(), mark("100"), listing("B"), mark("50", "B"), deposit("alice", "1000"), deposit("bob", "9000")),
    *(leverage("alice", 5), leverage("bob", 5)),
)
LONG = settled(trade("alice", "bob", "20", "100"), state=OPEN)


def view(equity: int, *exposures: int, maintenance: int = 0) -> PriceView:
    return PriceView(Money(equity), Money(maintenance), tuple(Exposure(one, STEEP) for one in exposures))


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
    assert nearest_unhealthy(hedge, mark_price, Price(1)) == 1_793_085
    assert nearest_unhealthy(hedge, mark_price, highest_price(hedge)) == 12_471_861
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


@pytest.mark.rule("MRG-07")
def test_prices_beyond_the_last_safe_one_are_tried_one_by_one() -> None:
    # Hedged, 3 against 1: equity 2 * price - 20 needs more than one rounding of each position.
    hedged = view(-20, 3, -1)
    first = nearest_unhealthy(hedged, Price(100), Price(1))
    assert first == next(price for price in range(100, 0, -1) if health_at(hedged, Price(price)) <= 0)
    assert first == 11


@pytest.mark.rule("MRG-07")
@pytest.mark.parametrize(
    ("peak", "end", "threshold", "first"),
    [(100, 1, 0, 52), (100, 1, 10**8, 52), (100, 200, 0, None), (100, 100, 0, None), (53, 1, 5 * 10**8, 52)],
)
def test_bisection_finds_the_first_price_below_a_threshold(
    peak: int, end: int, threshold: int, first: int | None
) -> None:
    assert last_below(view(-1000, 20), Price(peak), Price(end), threshold) == first


@pytest.mark.rule("MRG-07")
@pytest.mark.parametrize(("start", "end", "peak"), [(1, 200, 200), (200, 1, 200), (100, 100, 100)])
def test_the_peak_of_a_long_is_its_highest_price(start: int, end: int, peak: int) -> None:
    assert peak_of_exact_health(view(-1000, 20), Price(start), Price(end)) == peak


@pytest.mark.rule("MRG-07")
@pytest.mark.parametrize(
    ("long", "equity", "end", "first"),
    [
        # Exact health at the mark of 20 is below two quanta and rises; 21 is unhealthy by rounding all the same.
        (2, -16, 60, 21),
        # It never is as much as two quanta, so every price is tried.
        (1, 3, 60, 21),
        # It is below two quanta at the mark, but no rounding makes a lower price unhealthy.
        (1, 3, 1, None),
    ],
)
def test_a_hedge_that_starts_within_rounding_does_not_skip_prices(
    long: int, equity: int, end: int, first: int | None
) -> None:
    hedged = view(equity, long, -1)
    step = 1 if end > 20 else -1
    expected = next((at for at in range(20, end + step, step) if health_at(hedged, Price(at)) <= 0), None)
    assert nearest_unhealthy(hedged, Price(20), Price(end)) == expected == first


@pytest.mark.rule("MRG-07")
@given(quantity=st.integers(-30, 30).filter(bool), price=st.integers(1, 200), cash=st.integers(1, 5000))
def test_bands_agree_with_trying_every_price(quantity: int, price: int, cash: int) -> None:
    one = view(cash - quantity * price, quantity)
    if health_at(one, Price(price)) <= 0:
        return
    below = next((at for at in range(price, 0, -1) if health_at(one, Price(at)) <= 0), None)
    above = next((at for at in range(price, 1000) if health_at(one, Price(at)) <= 0), None)
    assert nearest_unhealthy(one, Price(price), Price(1)) == below
    assert nearest_unhealthy(one, Price(price), Price(999)) == above


@pytest.mark.rule("MRG-07")
@given(long=st.integers(1, 30), short=st.integers(1, 30), price=st.integers(1, 200), cash=st.integers(-2000, 5000))
def test_hedged_bands_agree_with_trying_every_price(long: int, short: int, price: int, cash: int) -> None:
    one = view(cash, long, -short)
    if health_at(one, Price(price)) <= 0:
        return
    below = next((at for at in range(price, 0, -1) if health_at(one, Price(at)) <= 0), None)
    above = next((at for at in range(price, 1000) if health_at(one, Price(at)) <= 0), None)
    assert nearest_unhealthy(one, Price(price), Price(1)) == below
    assert nearest_unhealthy(one, Price(price), Price(999)) == above


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
