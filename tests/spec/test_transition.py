"""One event, whole: transactions, transfers, indexes, commits, and the engine that holds a state."""

import pytest
from immutables import Map

from marginspec.engine import Engine
from marginspec.model import ledger
from marginspec.model.account import PositionKey
from marginspec.model.effects import (
    FundStatus,
    InsuranceStatus,
    LotOpened,
    LotReduced,
    OrderPlaced,
    OrderReduced,
    PositionChanged,
    PositionModeSet,
    Receipt,
    ReserveStatus,
    Transferred,
    UncoveredChanged,
)
from marginspec.model.ledger import account_named
from marginspec.model.rejections import Reason
from marginspec.model.state import Header, Profile, State
from marginspec.model.units import Money, Quantity
from marginspec.registry import HANDLERS
from marginspec.transaction import Transaction, with_member, without_member
from marginspec.transition import SpecificationEngine, apply
from marginspec_conformance.generator.events import deposit, fill, fund, listing, mark, order, trade
from worlds.states import MINIMAL, balances, cross, key, lot, refusal, resting, settled

OPEN = settled(listing(), mark("100"), deposit("alice", "1000"), deposit("bob", "1000"))
HELD = settled(trade("alice", "bob", "5", "100"), state=OPEN)
A, B = account_named("wallet:alice:USD"), account_named("wallet:bob:USD")


@pytest.mark.rule("LED-01")
def test_names_of_ledger_accounts() -> None:
    accounts = (
        ledger.external("USD"),
        ledger.wallet("alice", "USD"),
        ledger.isolated("alice", "A", "LONG"),
        ledger.position("alice", "A", "BOTH"),
        ledger.lot(7),
        ledger.reserve("A"),
        ledger.insurance("USD"),
        ledger.house("USD"),
        ledger.clearing("USD"),
    )
    names = (
        *("external:USD", "wallet:alice:USD", "isolated:alice:A:LONG", "position:alice:A:BOTH", "lot:7"),
        *("reserve:A", "insurance:USD", "house:USD", "clearing:USD"),
    )
    assert tuple(str(account) for account in accounts) == names
    assert tuple(account_named(name) for name in names) == accounts


@pytest.mark.rule("LED-01")
@pytest.mark.parametrize("name", ["", "wallet", "wallet:alice", "wallet:alice:USD:x", "lot:x", "purse:alice:USD"])
def test_other_names_are_no_ledger_accounts(name: str) -> None:
    with pytest.raises(ValueError, match=r"^(no ledger account is named|invalid literal)"):
        account_named(name)


@pytest.mark.rule("LED-01", "JRN-01")
def test_money_moves_by_transfer_only() -> None:
    transaction = Transaction(OPEN)
    transaction.transfer("USD", A, B, Money(7), "LED-03")
    transaction.transfer("USD", A, B, Money(0), "LED-03")
    transaction.move("USD", A, B, Money(-2), "LED-03")
    transaction.move("USD", A, B, Money(3), "LED-03")
    assert (transaction.balance(A), transaction.balance(B)) == (992, 1008)
    assert transaction.effects == [
        Transferred("USD", A, B, Money(7), "LED-03"),
        Transferred("USD", B, A, Money(2), "LED-03"),
        Transferred("USD", A, B, Money(3), "LED-03"),
    ]
    transaction.transfer("USD", A, B, Money(992), "LED-03")
    assert A not in transaction.ledger


@pytest.mark.rule("LED-01")
def test_a_transfer_has_an_amount_and_two_ends() -> None:
    transaction = Transaction(OPEN)
    with pytest.raises(AssertionError, match="transfer of -1 from wallet:alice:USD to wallet:bob:USD"):
        transaction.transfer("USD", A, B, Money(-1), "LED-03")
    with pytest.raises(AssertionError, match="transfer from wallet:alice:USD to itself"):
        transaction.transfer("USD", A, A, Money(1), "LED-03")


@pytest.mark.rule("LED-02", "INV-03")
@pytest.mark.parametrize("fund_name", ["reserve:A", "insurance:USD", "relief:USD", "house:USD", "clearing:USD"])
def test_no_fund_is_below_zero_after_any_single_transfer(fund_name: str) -> None:
    # IN-01: money that is still to come does not help.
    transaction = Transaction(OPEN)
    with pytest.raises(AssertionError, match=f"{fund_name} at -1 by LED-03"):
        transaction.transfer("USD", account_named(fund_name), A, Money(1), "LED-03")
    transaction.transfer("USD", A, account_named(fund_name), Money(1), "LED-03")
    transaction.transfer("USD", account_named(fund_name), A, Money(1), "LED-03")
    assert transaction.shared_funds_moved == ({"USD"} if fund_name in ("insurance:USD", "relief:USD") else set())


@pytest.mark.rule("NUM-03")
@pytest.mark.parametrize(
    ("amount", "settling", "past"),
    [(2**62 + 1000, False, False), (2**62 + 1001, False, True), (2**62 + 1001, True, False)],
)
def test_a_balance_past_its_limit_is_remembered_unless_settling(amount: int, settling: bool, past: bool) -> None:
    transaction = Transaction(OPEN)
    transaction.settling = settling
    transaction.transfer("USD", A, B, Money(amount), "LED-03")
    assert transaction.out_of_range == (past or (amount > 2**62 - 1000 and not settling))


@pytest.mark.rule("NUM-03")
def test_both_ends_are_bounded() -> None:
    transaction = Transaction(State(header=MINIMAL))
    transaction.transfer("USD", A, B, Money(2**62), "LED-03")
    within = transaction.out_of_range
    transaction.transfer("USD", ledger.external("USD"), B, Money(1), "LED-03")
    assert (within, transaction.out_of_range) == (False, True)
    other = Transaction(State(header=MINIMAL))
    other.transfer("USD", A, B, Money(2**62), "LED-03")
    other.transfer("USD", A, ledger.external("USD"), Money(1), "LED-03")
    assert other.out_of_range


@pytest.mark.rule("NUM-03")
@pytest.mark.parametrize(
    ("amount", "settling", "past"), [(2**60, False, False), (2**60 + 1, False, True), (2**61, True, False)]
)
@pytest.mark.parametrize("fund_name", ["reserve:A", "insurance:USD", "house:USD"])
def test_a_fund_past_its_limit_is_remembered_unless_settling(
    fund_name: str, amount: int, settling: bool, past: bool
) -> None:
    transaction = Transaction(State(header=MINIMAL))
    transaction.settling = settling
    transaction.transfer("USD", A, account_named(fund_name), Money(amount), "LED-03")
    assert transaction.out_of_range == past


@pytest.mark.rule("ACC-03")
def test_indexes_keep_members_in_order() -> None:
    index: Map[str, tuple[int, ...]] = Map()
    index = with_member(with_member(with_member(index, "a", 3), "a", 1), "b", 2)
    assert index == Map({"a": (1, 3), "b": (2,)})
    assert with_member(index, "a", 3) is index
    assert without_member(index, "a", 3) == Map({"a": (1,), "b": (2,)})
    assert without_member(index, "b", 2) == Map({"a": (1, 3)})


@pytest.mark.rule("INV-02", "ACC-03")
def test_positions_are_indexed_by_domain_account_and_market() -> None:
    transaction = Transaction(OPEN)
    first, second = key("alice"), PositionKey("alice", "B", "BOTH")
    for one, quantity in ((first, 5), (second, -2), (first, 7), (second, 0)):
        transaction.set_position(one, cross("alice"), Quantity(quantity))
    assert transaction.positions_of == Map({cross("alice"): (first,)})
    assert transaction.domains_of == Map({"alice": (cross("alice"),)})
    assert transaction.positions_in == Map({"A": Map({first: cross("alice")})})
    assert transaction.open_interest == Map({"A": Quantity(7)})
    transaction.set_position(first, cross("alice"), Quantity(0))
    assert (len(transaction.positions_of), len(transaction.domains_of), len(transaction.positions_in)) == (0, 0, 0)
    assert (dict(transaction.open_interest), dict(transaction.positions)) == ({}, {})
    assert transaction.effects[-1] == PositionChanged(first, Quantity(0))


@pytest.mark.rule("LIQ-04", "INV-11")
def test_lots_get_ids_in_order_and_go_when_closed() -> None:
    transaction = Transaction(OPEN)
    long = transaction.open_lot(key("alice"), "cross", Quantity(5), Money(500), "takeover")
    short = transaction.open_lot(key("bob", "A", "SHORT"), "isolated", Quantity(-3), Money(-300), "step_down")
    assert (long, short) == (lot(1, "alice", 5), lot(2, "bob", -3, side="SHORT", mode="isolated", reason="step_down"))
    assert (long.direction, short.direction) == ("long", "short")
    assert (transaction.next_lot, transaction.lots_in["A"], transaction.open_interest["A"]) == (3, (1, 2), 5)
    transaction.reduce_lot(long, Quantity(2))
    transaction.reduce_lot(short, Quantity(0))
    assert (dict(transaction.lots), transaction.lots_in["A"]) == ({1: lot(1, "alice", 2)}, (1,))
    assert transaction.open_interest["A"] == 2
    assert transaction.effects == [
        LotOpened(long, Money(500)),
        LotOpened(short, Money(-300)),
        LotReduced(1, "A", Quantity(2)),
        LotReduced(2, "A", Quantity(0)),
    ]


@pytest.mark.rule("TRD-03", "JRN-01")
def test_orders_are_put_and_taken_away() -> None:
    transaction = Transaction(OPEN)
    first, second = resting(1, 100), resting(2, 100, id="o2")
    transaction.set_order("alice", first, OrderPlaced("alice", first))
    transaction.set_order("alice", second, OrderPlaced("alice", second))
    gone = OrderReduced("alice", "o1", "A", Quantity(0))
    transaction.set_order("alice", resting(0, 100), gone)
    assert transaction.orders == Map({"alice": Map({"o2": second})})
    transaction.set_order("alice", resting(0, 100, id="o2"), gone)
    assert transaction.orders == Map()
    assert transaction.effects == [OrderPlaced("alice", first), OrderPlaced("alice", second), gone, gone]


@pytest.mark.rule("TRN-01")
def test_funds_are_counted_and_published_once_in_order() -> None:
    transaction = Transaction(OPEN)
    transaction.transfer("USD", A, ledger.reserve("A"), Money(9), "LIQ-05")
    transaction.count_funds("B", levied=2)
    transaction.count_funds("A", inflow=9)
    transaction.transfer("USD", ledger.reserve("A"), B, Money(4), "WTF-01")
    transaction.count_funds("A", outflow=4, insurance_drawn=3, deleveraged=5)
    transaction.transfer("USD", A, ledger.insurance("USD"), Money(1), "TRD-01")
    transaction.effects.clear()
    transaction.publish_funds()
    status = FundStatus(*(Money(one) for one in (5, 9, 9, 4, 3, 5, 0)))
    assert transaction.effects == [
        ReserveStatus("A", status),
        ReserveStatus("B", FundStatus(levied=Money(2))),
        InsuranceStatus("USD", Money(1), Money(0)),
    ]
    unchanged = Transaction(transaction.commit())
    unchanged.count_funds("B", levied=1)
    unchanged.publish_funds()
    assert unchanged.effects == [ReserveStatus("B", FundStatus(levied=Money(3)))]
    silent = Transaction(OPEN)
    silent.publish_funds()
    assert silent.effects == []


@pytest.mark.rule("LVY-01", "JRN-01")
def test_what_is_uncovered_is_emitted_when_it_changes() -> None:
    transaction = Transaction(OPEN)
    for amount in (0, 5, 5, 3, 0):
        transaction.set_uncovered("USD", Money(amount))
    assert transaction.effects == [UncoveredChanged("USD", Money(amount)) for amount in (5, 3, 0)]
    assert dict(transaction.uncovered) == {}


@pytest.mark.rule("INV-09")
def test_a_commit_without_changes_is_an_equal_state() -> None:
    for state in (HELD, settled(order("alice", "buy", "1", "90"), fund("3"), state=HELD)):
        assert Transaction(state).commit() == state


@pytest.mark.rule("JRN-01", "SET-01")
def test_every_type_of_event_has_a_handler() -> None:
    from marginspec.model import events

    assert set(HANDLERS) == set(events.Event.__args__)


@pytest.mark.rule("INV-09", "JRN-01", "NUM-03")
def test_a_rejected_event_changes_nothing() -> None:
    for event in (
        mark("0"),
        fill("alice", "1", "1"),
        deposit("zoe", str(2**60 + 1)),
        trade("alice", "bob", "999", "1"),
    ):
        assert refusal(HELD, event) is not None
    after, receipt = apply(HELD, deposit("alice", str(2**60)))
    assert (receipt, after is HELD) == (Receipt(Reason.OUT_OF_RANGE, ()), True)


@pytest.mark.rule("JRN-01", "INV-10")
def test_the_engine_holds_the_state() -> None:
    engine: Engine = SpecificationEngine.from_header(MINIMAL)
    assert engine.state() == State(header=MINIMAL)
    assert engine.apply(deposit("alice", "5")) == Receipt(
        None, (PositionModeSet("alice", "one_way"), Transferred("USD", ledger.external("USD"), A, Money(5), "ACC-01"))
    )
    assert balances(engine.state()) == {"external:USD": -5, "wallet:alice:USD": 5}
    assert SpecificationEngine(HELD).state() is HELD


@pytest.mark.rule("NUM-01")
def test_defaults_of_header_and_state() -> None:
    assert Header() == Header(Profile("binance", "levy"), Map())
    assert (MINIMAL.decimals("USD"), MINIMAL.decimals("XYZ")) == (0, 8)
    assert (State().balance(A), State().next_lot) == (0, 1)
