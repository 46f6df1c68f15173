"""Liquidation: orders, step-down, takeover, lots and their fills."""

import attrs
import pytest

from marginspec.margin.margin import domain_margin
from marginspec.model.account import DomainKey
from marginspec.model.effects import DomainLiquidated, LotOpened, MarkSet, OrderCancelled, PositionChanged
from marginspec.model.ledger import account_named
from marginspec.model.units import Money, Price, Quantity, Rate
from marginspec.settlement.liquidation import (
    cancel_orders,
    clearance_fee,
    equity_shares,
    liquidate,
    position_to_step_down,
    step_down,
    stepped_down_size,
    take_over,
)
from marginspec.transaction import Transaction
from marginspec_conformance.generator.events import (
    adjust,
    deposit,
    fund,
    leverage,
    listing,
    margin_mode,
    mark,
    new_fees,
    order,
    trade,
)
from worlds.states import balances, cross, effects, isolated_domain, key, lot, moved, settled, with_balances

OPEN = settled(listing(), mark("100"), deposit("alice", "1000"), deposit("bob", "1000"), deposit("carol", "5000"))

# Dave: 5 lots at 100 with 60 in cash; bankrupt at 88.
DAVE = settled(deposit("dave", "60"), trade("dave", "carol", "5", "100"), state=OPEN)


def dissolved(domain: DomainKey, equity: int, maintenance: int) -> DomainLiquidated:
    return DomainLiquidated(domain, Money(equity), Money(maintenance))


@pytest.mark.rule("LIQ-03", "LIQ-04", "LIQ-01", "JRN-01")
def test_a_takeover_at_the_bankruptcy_value() -> None:
    # At 92: equity 20, maintenance 23; the lot costs 460 - 20.
    assert effects(DAVE, mark("92")) == (
        MarkSet("A", Price(92)),
        dissolved(cross("dave"), 20, 23),
        LotOpened(lot(1, "dave", 5), Money(440)),
        moved("lot:1", "position:dave:A:BOTH", 460, "LIQ-03"),
        PositionChanged(key("dave"), Quantity(0)),
        moved("wallet:dave:USD", "position:dave:A:BOTH", 40, "LIQ-03"),
        moved("wallet:dave:USD", "lot:1", 20, "LIQ-03"),
    )
    after = settled(mark("92"), state=DAVE)
    assert balances(after)["lot:1"] == -440
    assert "wallet:dave:USD" not in balances(after)
    assert (dict(after.lots), after.next_lot, after.open_interest["A"]) == ({1: lot(1, "dave", 5)}, 2, 5)


@pytest.mark.rule("LIQ-03", "MRG-05")
@pytest.mark.parametrize(("at", "taken"), [("95", False), ("94", False), ("93", False), ("92", True), ("88", True)])
def test_when_a_domain_is_taken(at: str, taken: bool) -> None:
    # 93: equity 25, maintenance 23.25 up; 92: 20 against 23.
    assert (1 in settled(mark(at), state=DAVE).lots) == taken


@pytest.mark.rule("LIQ-03")
def test_a_gap_leaves_the_account_at_zero_and_the_loss_in_the_lot() -> None:
    # At 80 the equity is -40: the lot costs 440 although it is worth 400; the fund covers it.
    funded = settled(fund("40"), state=DAVE)
    assert effects(funded, mark("80"))[1:] == (
        dissolved(cross("dave"), -40, 20),
        LotOpened(lot(1, "dave", 5), Money(440)),
        moved("lot:1", "position:dave:A:BOTH", 400, "LIQ-03"),
        PositionChanged(key("dave"), Quantity(0)),
        moved("wallet:dave:USD", "position:dave:A:BOTH", 100, "LIQ-03"),
        moved("lot:1", "wallet:dave:USD", 40, "LIQ-03"),
    )


@pytest.mark.rule("LIQ-03", "NUM-02")
def test_equity_is_shared_by_maintenance_in_key_order() -> None:
    two = settled(
        *(listing("B"), mark("50", "B"), deposit("dave", "13")), trade("dave", "carol", "3", "50", "B"), state=DAVE
    )
    # A: 500 at 100, maintenance 25; B: 150, maintenance 7.5 up. At 92: equity 33 against 31, healthy; at 91, 28.
    assert settled(mark("92"), state=two).lots == two.lots
    taken = settled(mark("91"), state=two)
    # 28 by 23 and 8: 20.77 and 7.23: floors 20 and 7, and the spare quantum to A.
    assert {name: amount for name, amount in balances(taken).items() if name.startswith("lot")} == {
        "lot:1": -(455 - 21),
        "lot:2": -(150 - 7),
    }
    moved = attrs.evolve(two, markets=taken.markets)
    assert equity_shares(domain_margin(moved, cross("dave")), "A") == {key("dave"): 21, key("dave", "B"): 7}


@pytest.mark.rule("LIQ-03")
def test_a_negative_equity_stays_in_the_market_of_the_event() -> None:
    # IN-24: B did not move, so its lot costs what it is worth.
    two = settled(
        *(listing("B"), mark("50", "B"), deposit("dave", "13"), fund("100")),
        trade("dave", "carol", "3", "50", "B"),
        state=DAVE,
    )
    gapped = settled(mark("80"), state=two)
    assert {name: amount for name, amount in balances(gapped).items() if name.startswith("lot")} == {
        "lot:1": -(400 + 27),
        "lot:2": -150,
    }
    owing = domain_margin(with_balances(two, wallet__dave__USD=-20), cross("dave"))
    with pytest.raises(AssertionError, match="without a position in the event's market"):
        equity_shares(owing, None)
    assert equity_shares(owing, "B") == {key("dave", "B"): -20}
    broke = domain_margin(with_balances(two, wallet__dave__USD=0), cross("dave"))
    assert equity_shares(broke, None) == {key("dave"): 0, key("dave", "B"): 0}


@pytest.mark.rule("LIQ-03")
def test_a_takeover_leaves_no_cash() -> None:
    transaction = Transaction(DAVE)
    take_over(transaction, cross("dave"))
    assert transaction.balance(account_named("wallet:dave:USD")) == 0


@pytest.mark.rule("LIQ-01")
def test_domains_are_taken_in_key_order() -> None:
    three = settled(
        *(deposit("erin", "60"), deposit("dan", "600"), margin_mode("dan")),
        *(trade("erin", "bob", "5", "100"), trade("dan", "alice", "5", "100"), adjust("dan", "5")),
        state=DAVE,
    )
    found = [effect for effect in effects(three, mark("91")) if isinstance(effect, DomainLiquidated)]
    assert found == [
        dissolved(isolated_domain("dan"), 10, 23),
        dissolved(cross("dave"), 15, 23),
        dissolved(cross("erin"), 15, 23),
    ]


@pytest.mark.rule("LIQ-01")
def test_orders_of_a_liquidated_domain_are_cancelled_first() -> None:
    ordered = settled(
        *(listing("B"), mark("50", "B"), margin_mode("dave", market="B"), listing("E", asset="EUR"), mark("5", "E")),
        *(deposit("dave", "100", "EUR"), deposit("dave", "20"), order("dave", "sell", "1", "150")),
        *(order("dave", "buy", "1", "50", id="o3", market="B"), order("dave", "buy", "1", "5", id="o2", market="E")),
        state=DAVE,
    )
    cancelled = [effect for effect in effects(ordered, mark("87")) if isinstance(effect, OrderCancelled)]
    assert cancelled == [OrderCancelled("dave", "o1"), OrderCancelled("dave", "o3")]
    assert effects(ordered, mark("87"))[1:3] == (dissolved(cross("dave"), 15, 22), OrderCancelled("dave", "o1"))
    transaction = Transaction(ordered)
    cancel_orders(transaction, isolated_domain("dave", "B"))
    assert transaction.effects == [OrderCancelled("dave", "o3")]
    cancel_orders(transaction, isolated_domain("dave", "B", "LONG"))
    assert len(transaction.effects) == 1


@pytest.mark.rule("LIQ-02")
@pytest.mark.parametrize(("floor", "unit", "size"), [(1000, 100, 10), (1000, 91, 10), (1000, 90, 11), (1000, 1001, 0)])
def test_the_size_within_the_next_lower_tier(floor: int, unit: int, size: int) -> None:
    assert stepped_down_size(Money(floor), Money(unit)) == size


@pytest.mark.rule("LIQ-02")
@pytest.mark.parametrize(
    ("value", "rate", "released", "equity", "fee"),
    [
        *[(1000, 10**6, 50, 50, 10), (1001, 10**6, 50, 50, 11), (1000, 10**8, 50, 60, 50), (1000, 10**8, 50, 40, 40)],
        *[(1000, 0, 50, 50, 0), (0, 10**8, 50, 50, 0), (1000, 10**8, 0, 40, 0)],
    ],
)
def test_the_clearance_fee_and_its_caps(value: int, rate: int, released: int, equity: int, fee: int) -> None:
    assert clearance_fee(Money(value), Rate(rate), Money(released), Money(equity)) == fee


# Erin: 20 lots at 100 at leverage 5, 400 in cash; second tier, maintenance 150.
ERIN = settled(
    *(deposit("erin", "400"), leverage("erin", 5), leverage("carol", 5), new_fees(clearance="0.01")),
    trade("erin", "carol", "20", "100"),
    state=OPEN,
)


@pytest.mark.rule("LIQ-02", "LIQ-04")
def test_a_step_down_to_the_next_lower_tier() -> None:
    # At 86: equity 120, maintenance 122. 11 lots (946) stay; the cut of 9 is worth 774, its fee 7.74 up.
    assert effects(ERIN, mark("86")) == (
        MarkSet("A", Price(86)),
        dissolved(cross("erin"), 120, 122),
        LotOpened(lot(1, "erin", 9, reason="step_down"), Money(766)),
        moved("lot:1", "position:erin:A:BOTH", 774, "LIQ-02"),
        PositionChanged(key("erin"), Quantity(11)),
        moved("wallet:erin:USD", "position:erin:A:BOTH", 126, "LIQ-02"),
        moved("wallet:erin:USD", "lot:1", 8, "LIQ-02"),
    )
    margin = domain_margin(settled(mark("86"), state=ERIN), cross("erin"))
    assert (margin.equity, margin.maintenance) == (112, 48)


@pytest.mark.rule("LIQ-02")
def test_a_step_down_of_a_short() -> None:
    short = settled(
        *(deposit("erin", "400"), leverage("erin", 5), leverage("carol", 5), new_fees(clearance="0.02")),
        trade("carol", "erin", "20", "100"),
        state=OPEN,
    )
    # At 111: equity 180, maintenance 172; at 112: 160 against 174. 8 lots (896) stay, maintenance 44.8 up.
    assert settled(mark("111"), state=short).lots == short.lots
    after = settled(mark("112"), state=short)
    assert dict(after.lots) == {1: lot(1, "erin", -12, reason="step_down")}
    # 2% of 1344, up.
    assert balances(after)["lot:1"] == 12 * 112 + 27
    assert after.positions[key("erin")] == -8
    margin = domain_margin(after, cross("erin"))
    assert (margin.equity, margin.maintenance) == (133, 45)


@pytest.mark.rule("LIQ-02")
def test_the_largest_maintenance_is_stepped_down_first_ties_by_key() -> None:
    both = settled(
        *(listing("B"), mark("100", "B"), deposit("erin", "400"), leverage("erin", 5, "B"), leverage("carol", 5, "B")),
        trade("erin", "carol", "20", "100", "B"),
        state=ERIN,
    )
    assert position_to_step_down(domain_margin(both, cross("erin"))) == key("erin")
    more = settled(deposit("erin", "100"), trade("erin", "carol", "1", "100", "B"), state=both)
    assert position_to_step_down(domain_margin(more, cross("erin"))) == key("erin", "B")
    assert position_to_step_down(domain_margin(with_balances(both, wallet__erin__USD=0), cross("erin"))) is None
    assert position_to_step_down(domain_margin(with_balances(both, wallet__erin__USD=1), cross("erin"))) == key("erin")
    assert position_to_step_down(domain_margin(DAVE, cross("dave"))) is None


@pytest.mark.rule("LIQ-02")
def test_a_tier_above_the_lowest_may_begin_at_one_quantum() -> None:
    rows = (("0", 10, "0.05"), ("1", 5, "0.1"))
    held = settled(
        *(listing(rows=rows), mark("100"), deposit("erin", "400"), deposit("carol", "400")),
        *(leverage("erin", 5), leverage("carol", 5), trade("erin", "carol", "1", "100")),
    )
    assert position_to_step_down(domain_margin(held, cross("erin"))) == key("erin")


@pytest.mark.rule("LIQ-02", "ACC-04")
def test_a_step_down_to_nothing_returns_isolated_cash() -> None:
    # One lot is worth more than the floor of 1000, so nothing fits the lower tier.
    dear = settled(
        *(mark("1200"), margin_mode("erin"), leverage("erin", 5)),
        *(trade("erin", "carol", "1", "1200"), new_fees(clearance="0.01")),
        state=settled(deposit("erin", "400"), leverage("carol", 5), state=OPEN),
    )
    # At 1020: equity 240 - 180 = 60, maintenance 52; at 1010: 50 against 51. The fee 10.1 rounds up.
    after = settled(mark("1010"), state=dear)
    assert dict(after.lots) == {1: lot(1, "erin", 1, mode="isolated", reason="step_down")}
    assert (balances(after)["lot:1"], balances(after)["wallet:erin:USD"]) == (-999, 160 + 39)
    assert key("erin") not in after.positions


@pytest.mark.rule("LIQ-02")
def test_a_step_down_never_lowers_health() -> None:
    # IN-22: a clearance fee of 100% takes no more than the maintenance that the cut releases.
    greedy = Transaction(settled(new_fees(clearance="1"), state=ERIN))
    before = domain_margin(greedy, cross("erin"))
    step_down(greedy, cross("erin"), key("erin"))
    after = domain_margin(greedy, cross("erin"))
    assert after.equity - after.maintenance == before.equity - before.maintenance


@pytest.mark.rule("LIQ-02", "LIQ-01", "LIQ-03")
def test_step_downs_repeat_and_end_in_a_takeover() -> None:
    rows = (("0", 50, "0.01"), ("100", 20, "0.02"), ("200", 10, "0.05"))
    three = settled(
        *(listing(rows=rows), mark("10"), deposit("alice", "60"), deposit("bob", "900"), leverage("alice", 10)),
        *(leverage("bob", 10), trade("alice", "bob", "50", "10"), new_fees(clearance="1")),
    )
    # 500 needs 5% less 7: 18. At 9: equity 10, maintenance 15.5 up; then 22 lots, 198: 2.96 up.
    after = settled(mark("9"), state=three)
    opened = [effect for effect in effects(three, mark("9")) if isinstance(effect, LotOpened)]
    assert [(one.lot.quantity, one.lot.reason) for one in opened] == [(28, "step_down"), (22, "takeover")]
    # The fee takes the equity of 10, less than the released 13.
    assert (balances(after)["lot:1"], balances(after)["lot:2"]) == (-252 + 10, -198)
    assert key("alice") not in after.positions


@pytest.mark.rule("LIQ-01")
def test_a_healthy_domain_is_not_touched_by_its_loop() -> None:
    transaction = Transaction(DAVE)
    liquidate(transaction, cross("dave"))
    assert transaction.effects == [dissolved(cross("dave"), 60, 25)]
