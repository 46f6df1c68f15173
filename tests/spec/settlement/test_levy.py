"""The levy in its three layers, and what goes back."""

import attrs
import pytest

from marginspec.margin.margin import DomainMargin, PositionMargin, domain_margin
from marginspec.model import ledger
from marginspec.model.account import PositionSide
from marginspec.model.effects import (
    DomainLiquidated,
    FundStatus,
    InsuranceStatus,
    Levied,
    ReliefReturned,
    ReserveStatus,
    UncoveredChanged,
)
from marginspec.model.events import Event
from marginspec.model.rejections import Reason
from marginspec.model.units import Money
from marginspec.settlement.levy import LAYERS, domains_of_asset, layer_weight, levy, levy_shares, profit_in, spare_of
from marginspec.transaction import Transaction
from marginspec_conformance.generator.events import (
    deposit,
    fill,
    fund,
    leverage,
    listing,
    margin_mode,
    mark,
    new_fees,
    trade,
)
from worlds.states import (
    MINIMAL_NONE,
    UNPAYABLE,
    balances,
    claims,
    cross,
    effects,
    isolated_domain,
    key,
    long_five_with_sixty,
    minimal,
    moved,
    refusal,
    settled,
)

DAVE = long_five_with_sixty()
# One mark of 1,000 between two of 118: a short lot that is bankrupt at 120 loses 880 there, and nothing later.
ONE_BAD_MARK: tuple[Event, ...] = (
    *(listing(rows=(("0", 5, "0.1"),)), mark("100"), deposit("s", "20"), deposit("w", "20"), deposit("flat", "1000")),
    *(deposit("late", "40"), deposit("mm", "100"), leverage("s", 5), leverage("w", 5), leverage("late", 5)),
    *(trade("w", "s", "1", "100"), mark("118"), trade("late", "w", "1", "121"), mark("1000"), mark("118")),
)


@pytest.mark.rule("LVY-01", "NUM-02")
@pytest.mark.parametrize(
    ("missing", "equities", "shares"),
    [
        *[(0, (), ()), (5, (), ()), (0, (3, 4), (0, 0)), (7, (3, 4), (3, 4)), (9, (3, 4), (3, 4))],
        *[(1, (3, 4), (1, 0)), (3, (1, 1, 4), (1, 0, 2))],
    ],
)
def test_shares_of_a_levy(missing: int, equities: tuple[int, ...], shares: tuple[int, ...]) -> None:
    assert levy_shares(Money(missing), tuple(Money(equity) for equity in equities)) == shares


@pytest.mark.rule("LVY-01", "ACC-03")
def test_all_domains_of_an_asset_in_key_order() -> None:
    state = settled(
        *(listing("E", asset="EUR"), mark("10", "E"), deposit("alice", "50", "EUR"), margin_mode("alice", market="E")),
        *(deposit("bob", "50", "EUR"), trade("alice", "bob", "10", "10", "E")),
        *(margin_mode("alice"), trade("alice", "bob", "1", "100")),
        state=DAVE,
    )
    assert domains_of_asset(state, "USD") == (
        *(cross("alice"), isolated_domain("alice"), cross("bob"), cross("carol"), cross("dave")),
    )
    assert domains_of_asset(state, "EUR") == (
        *(cross("alice", "EUR"), isolated_domain("alice", "E", asset="EUR"), cross("bob", "EUR")),
        *(cross("carol", "EUR"), cross("dave", "EUR")),
    )


@pytest.mark.rule("LVY-01", "JRN-01", "TRN-01", "LED-01")
def test_profit_is_levied_before_what_others_have_to_spare() -> None:
    # Bob's equity is 1,080, his maintenance 40: he has 1,039 to spare. 80 of 88 are his profit; then he has 959, and
    # carol 5,120: 8 are shared as 1.26 and 6.74, and the quantum that is left goes to the first.
    found = effects(settled(*UNPAYABLE[:-1]), mark("800"))
    assert found[-8:] == (
        moved("wallet:bob:USD", "relief:USD", 80, "LVY-01"),
        Levied(cross("bob"), "profit", Money(80)),
        moved("wallet:bob:USD", "relief:USD", 2, "LVY-01"),
        Levied(cross("bob"), "spare", Money(2)),
        moved("wallet:carol:USD", "relief:USD", 6, "LVY-01"),
        Levied(cross("carol"), "spare", Money(6)),
        ReserveStatus("A", FundStatus(levied=Money(88))),
        InsuranceStatus("USD", Money(0), Money(88)),
    )
    after = settled(*UNPAYABLE)
    assert (dict(after.uncovered), claims(after)) == ({}, {cross("bob"): 82, cross("carol"): 6})


@pytest.mark.rule("LVY-01")
def test_each_layer_takes_its_weights_when_it_begins() -> None:
    # Alice and bob have 1,000 and nothing open, carol and dave 1,000 and 60 with a maintenance of 25: of 3,030 they pay
    # what they have to spare, 3,008, then carol and dave 11 each of the 26 that is left to each.
    transaction = Transaction(DAVE)
    levy(transaction, "USD", Money(3030))
    spare = (("alice", 1000), ("bob", 1000), ("carol", 974), ("dave", 34))
    assert [effect for effect in transaction.effects if isinstance(effect, Levied)] == [
        *(Levied(cross(account), "spare", Money(amount)) for account, amount in spare),
        *(Levied(cross(account), "equity", Money(11)) for account in ("carol", "dave")),
    ]
    assert transaction.balance(ledger.relief("USD")) == 3030
    assert claims(transaction) == {cross("alice"): 1000, cross("bob"): 1000, cross("carol"): 985, cross("dave"): 45}


@pytest.mark.rule("LVY-01")
def test_nobody_pays_more_than_the_equity() -> None:
    transaction = Transaction(DAVE)
    levy(transaction, "USD", Money(4000))
    assert transaction.balance(ledger.relief("USD")) == 3060


@pytest.mark.rule("LVY-01", "MRG-05")
@pytest.mark.parametrize(("equity", "maintenance", "spare"), [(30, 25, 4), (26, 25, 0), (25, 25, 0), (-3, 25, 0)])
def test_who_pays_what_is_spare_is_healthy_still(equity: int, maintenance: int, spare: int) -> None:
    margin = domain_margin(DAVE, cross("dave"))
    assert spare_of(attrs.evolve(margin, equity=Money(equity), maintenance=Money(maintenance))) == spare
    flat = DomainMargin(Money(equity), Money(equity), Money(0), ())
    assert spare_of(flat) == max(0, equity)


@pytest.mark.rule("LVY-01")
def test_profit_counts_net_in_each_market_with_shortfall() -> None:
    def gaining(market: str, side: PositionSide, unrealised: int) -> PositionMargin:
        tier = minimal().tiers.tiers[0]
        return PositionMargin(key("alice", market, side), Money(0), Money(0), Money(unrealised), Money(0), tier)

    positions = gaining("A", "LONG", 50), gaining("A", "SHORT", -20), gaining("B", "BOTH", -7), gaining("C", "BOTH", 4)
    margin = DomainMargin(Money(0), Money(25), Money(0), positions)
    markets = ((), ("A",), ("B",), ("A", "B"), ("A", "B", "C"), ("D",))
    assert [profit_in(margin, frozenset(short)) for short in markets] == [0, 30, 0, 30, 34, 0]
    assert [layer_weight(layer, margin, frozenset(("A",))) for layer in LAYERS] == [24, 24, 25]
    rich = attrs.evolve(margin, equity=Money(1000))
    assert [layer_weight(layer, rich, frozenset(("A",))) for layer in LAYERS] == [30, 999, 1000]


@pytest.mark.rule("LVY-01")
def test_the_house_pays_first() -> None:
    rich = settled(
        *(listing(taker="0.1"), mark("1000"), deposit("alice", "212"), deposit("bob", "1000")),
        *(deposit("carol", "5000"), trade("alice", "carol", "1", "1000"), new_fees(), mark("900")),
        trade("carol", "bob", "1", "880"),
    )
    assert balances(rich)["house:USD"] == 100
    found = effects(rich, mark("800"))
    assert moved("house:USD", "insurance:USD", 88, "LVY-01") in found
    assert not [effect for effect in found if isinstance(effect, Levied)]
    after = settled(mark("800"), state=rich)
    assert (balances(after)["house:USD"], after.fund_status["A"]) == (12, FundStatus(levied=Money(88)))
    lower = effects(rich, mark("780"))
    assert moved("house:USD", "insurance:USD", 100, "LVY-01") in lower
    assert [effect for effect in lower if isinstance(effect, Levied)] == [Levied(cross("bob"), "profit", Money(8))]


@pytest.mark.rule("LVY-01", "INV-13")
def test_without_a_last_resort_the_rest_is_reported_and_tried_again() -> None:
    study = settled(*UNPAYABLE, header=MINIMAL_NONE)
    assert dict(study.uncovered) == {"USD": 88}
    funded = InsuranceStatus("USD", Money(30), Money(0))
    assert effects(study, fund("30"))[-2:] == (UncoveredChanged("USD", Money(58)), funded)
    assert effects(study, mark("870"))[-1:] == (UncoveredChanged("USD", Money(18)),)
    assert effects(study, mark("900"))[-1:] == (UncoveredChanged("USD", Money(0)),)
    assert dict(settled(mark("900"), state=study).uncovered) == {}
    # It is not cover: a fill may not add to it.
    assert refusal(study, fill("carol", "1", "790")) == Reason.COVER_EXCEEDED


@pytest.mark.rule("LVY-02", "TRN-01")
def test_relief_goes_back_as_far_as_it_is_not_needed() -> None:
    levied = settled(*UNPAYABLE)
    # Shortfall falls to 44: bob has 82 of 88 of what goes back, carol 6.
    found = effects(levied, mark("844"))
    assert found[1:] == (
        moved("relief:USD", "wallet:bob:USD", 41, "LVY-02"),
        ReliefReturned(cross("bob"), Money(41)),
        moved("relief:USD", "wallet:carol:USD", 3, "LVY-02"),
        ReliefReturned(cross("carol"), Money(3)),
        InsuranceStatus("USD", Money(0), Money(44)),
    )
    assert claims(settled(mark("844"), state=levied)) == {cross("bob"): 41, cross("carol"): 3}
    whole = settled(mark("1000"), state=levied)
    assert (claims(whole), dict(whole.relief_claims), "relief:USD" in balances(whole)) == ({}, {}, False)
    # The exchange may fill the fund instead, and nobody's loan is needed then.
    assert claims(settled(fund("87"), state=levied)) == {cross("carol"): 1}


@pytest.mark.rule("LVY-02", "MRG-05")
def test_relief_goes_back_before_anybody_is_liquidated() -> None:
    # At 1,000 late's profit of 879 is levied; at 118 his equity is 40 - 3 with it, and without it far below zero.
    late = settled(*ONE_BAD_MARK[:-1])
    assert claims(late)[cross("late")] == 818
    found = effects(late, ONE_BAD_MARK[-1])
    assert not [effect for effect in found if isinstance(effect, DomainLiquidated)]
    after = settled(*ONE_BAD_MARK)
    cash = {account: balances(after)[f"wallet:{account}:USD"] for account in ("flat", "late", "mm", "w")}
    assert (cash, dict(after.relief_claims)) == ({"flat": 1000, "late": 40, "mm": 100, "w": 41}, {})


@pytest.mark.rule("LVY-02", "ACC-04")
def test_a_flat_isolated_domain_is_paid_into_the_wallet() -> None:
    state = settled(*UNPAYABLE[:4], margin_mode("bob"), *UNPAYABLE[4:])
    own = isolated_domain("bob")
    # 88 of margin came in, 80 is the profit, 40 the maintenance: 127 to spare, of which 80 are levied first.
    assert claims(state)[own] == 80
    left = settled(trade("bob", "carol", "1", "800"), state=state)
    assert own not in left.positions_of
    found = effects(left, fund("88"))
    back = [effect for effect in found if isinstance(effect, ReliefReturned)]
    assert back == [ReliefReturned(domain, claim) for domain, claim in sorted(claims(left).items())]
    assert moved("relief:USD", "wallet:bob:USD", 80, "LVY-02") in found


@pytest.mark.rule("LVY-01", "TRN-01")
def test_a_levy_outside_a_market_is_counted_for_none() -> None:
    transaction = Transaction(DAVE)
    levy(transaction, "USD", Money(3))
    assert dict(transaction.fund_status) == {}
    assert sum(effect.amount for effect in transaction.effects if isinstance(effect, Levied)) == 3
    transaction.event_market = "A"
    levy(transaction, "USD", Money(2))
    assert dict(transaction.fund_status) == {"A": FundStatus(levied=Money(2))}
