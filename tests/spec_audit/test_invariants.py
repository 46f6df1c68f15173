"""Every invariant catches a state or an event that breaks it, and names what, where and by how much."""

import attrs
import pytest
from immutables import Map

from marginspec.model import ledger
from marginspec.model.account import Lot
from marginspec.model.effects import Effect, Layer, Levied, LotOpened, LotReduced, Receipt, Transferred
from marginspec.model.events import Event
from marginspec.model.ledger import account_named
from marginspec.model.rejections import Reason
from marginspec.model.state import State
from marginspec.model.units import Money, Price, Quantity
from marginspec.transition import apply
from marginspec_audit import (
    COUNT,
    EVENT_INVARIANTS,
    STATE_INVARIANTS,
    Owner,
    Transition,
    Violation,
    asset_of,
    assets_of,
    check_state,
    check_transition,
    money_of,
    quantity_of,
)
from marginspec_audit.transitions import closed_in_part, shrinks
from marginspec_conformance.generator.events import (
    declare,
    deposit,
    fill,
    fund,
    listing,
    margin_mode,
    mark,
    settle,
    trade,
)
from worlds.states import MINIMAL_NONE, UNPAYABLE, cross, isolated_domain, key, lot, settled, with_balances

OPEN = settled(listing(), mark("100"), deposit("alice", "1000"), deposit("bob", "1000"), deposit("carol", "1000"))
DAVE = settled(deposit("dave", "60"), trade("dave", "carol", "5", "100"), state=OPEN)
TAKEN = settled(mark("92"), state=DAVE)
DOLLARS, LOTS_OF_A = money_of("USD"), quantity_of("A")
USD, MARKET_A, LOT_1 = Owner("asset", "USD"), Owner("market", "A"), Owner("lot", "lot:1")


def taken(before: State, event: Event) -> Transition:
    after, receipt = apply(before, event)
    return Transition(before, event, receipt, after)


def with_effects(transition: Transition, *effects: Effect) -> Transition:
    return attrs.evolve(transition, receipt=Receipt(None, effects))


def found(invariant: str, state: State) -> tuple[Violation, ...]:
    return tuple(STATE_INVARIANTS[invariant](state))


def seen(invariant: str, transition: Transition) -> tuple[Violation, ...]:
    return tuple(EVENT_INVARIANTS[invariant](transition))


@pytest.mark.rule("INV-01", "INV-02", "INV-03", "INV-04", "INV-05", "INV-06", "INV-11", "INV-12", "INV-13", "INV-14")
def test_sound_states_break_nothing() -> None:
    for state in (State(), OPEN, DAVE, TAKEN):
        assert check_state(state) == ()
    assert check_transition(taken(DAVE, mark("92"))) == ()
    assert (list(STATE_INVARIANTS), list(EVENT_INVARIANTS)) == (
        ["INV-01", "INV-02", "INV-03", "INV-04", "INV-05", "INV-06", "INV-11", "INV-12", "INV-13", "INV-14"],
        ["INV-07", "INV-08", "INV-09", "INV-10", "INV-11"],
    )


@pytest.mark.rule("INV-01", "LED-01")
def test_balances_that_do_not_sum_to_zero() -> None:
    assert found("INV-01", with_balances(TAKEN, wallet__alice__USD=1001)) == (
        Violation("INV-01", "balances do not sum to zero", USD, 1, DOLLARS),
    )
    assert found("INV-01", with_balances(TAKEN, lot__1=-441, house__EUR=3)) == (
        Violation("INV-01", "balances do not sum to zero", Owner("asset", "EUR"), 3, money_of("EUR")),
        Violation("INV-01", "balances do not sum to zero", USD, -1, DOLLARS),
    )
    # A closed lot is in no market any more, so its cost counts in no asset.
    forgotten = attrs.evolve(TAKEN, lots=Map())
    assert found("INV-01", forgotten) == (Violation("INV-01", "balances do not sum to zero", USD, 440, DOLLARS),)


@pytest.mark.rule("INV-01", "LED-01")
@pytest.mark.parametrize(
    "account",
    [
        *("external:USD", "insurance:USD", "house:USD", "clearing:USD", "wallet:alice:USD", "lot:1", "reserve:A"),
        *("isolated:alice:A:BOTH", "position:alice:A:LONG"),
    ],
)
def test_every_ledger_account_has_an_asset(account: str) -> None:
    assert asset_of(TAKEN, account_named(account)) == "USD"
    assert assets_of(settled(deposit("alice", "1", "EUR"), state=TAKEN)) == ["EUR", "USD"]


@pytest.mark.rule("INV-02")
def test_quantities_that_do_not_sum_to_zero() -> None:
    longer = attrs.evolve(TAKEN, positions=TAKEN.positions.set(key("alice"), Quantity(2)))
    assert found("INV-02", longer) == (Violation("INV-02", "quantities do not sum to zero", MARKET_A, 2, LOTS_OF_A),)
    fewer = attrs.evolve(TAKEN, lots=Map({1: lot(1, "dave", 4)}))
    assert found("INV-02", fewer) == (Violation("INV-02", "quantities do not sum to zero", MARKET_A, -1, LOTS_OF_A),)


@pytest.mark.rule("INV-03", "LED-02")
def test_funds_below_zero_and_clearing() -> None:
    broken = with_balances(TAKEN, reserve__A=-1, insurance__USD=-2, house__USD=-3, clearing__USD=4)
    assert found("INV-03", broken) == (
        Violation("INV-03", "clearing not empty", Owner("ledger account", "clearing:USD"), 4, DOLLARS),
        Violation("INV-03", "fund below zero", Owner("ledger account", "house:USD"), -3, DOLLARS),
        Violation("INV-03", "fund below zero", Owner("ledger account", "insurance:USD"), -2, DOLLARS),
        Violation("INV-03", "fund below zero", Owner("ledger account", "reserve:A"), -1, DOLLARS),
    )
    assert found("INV-03", with_balances(TAKEN, clearing__USD=-4)) == (
        Violation("INV-03", "fund below zero", Owner("ledger account", "clearing:USD"), -4, DOLLARS),
    )
    assert found("INV-03", with_balances(TAKEN, reserve__A=1)) == ()


@pytest.mark.rule("INV-04", "INV-05")
def test_unhealthy_domains_and_negative_equities() -> None:
    assert found("INV-04", with_balances(DAVE, wallet__dave__USD=25)) == (
        Violation("INV-04", "equity not above maintenance", Owner("domain", "dave:USD::"), 0, DOLLARS),
    )
    below = with_balances(DAVE, wallet__dave__USD=-1, wallet__alice__USD=-7)
    assert found("INV-04", below) == (
        Violation("INV-04", "equity not above maintenance", Owner("domain", "dave:USD::"), -26, DOLLARS),
    )
    assert found("INV-05", below) == (
        Violation("INV-05", "equity below zero", Owner("domain", "alice:USD::"), -7, DOLLARS),
        Violation("INV-05", "equity below zero", Owner("domain", "dave:USD::"), -1, DOLLARS),
    )


@pytest.mark.rule("INV-05", "ACC-04")
def test_cash_of_a_flat_isolated_position() -> None:
    broken = with_balances(DAVE, isolated__bob__A__BOTH=3)
    assert found("INV-05", broken) == (
        Violation(
            "INV-05", "flat isolated position with cash", Owner("ledger account", "isolated:bob:A:BOTH"), 3, DOLLARS
        ),
    )
    lonely = settled(margin_mode("alice"), trade("alice", "bob", "5", "100"), state=OPEN)
    assert found("INV-05", lonely) == ()
    assert isolated_domain("alice") in lonely.positions_of


@pytest.mark.rule("INV-06", "INV-13", "WTF-02")
def test_shortfalls_without_cover() -> None:
    low = attrs.evolve(TAKEN.markets["A"], mark=Price(80))
    gap = attrs.evolve(TAKEN, markets=TAKEN.markets.set("A", low))
    assert found("INV-06", gap) == (
        Violation("INV-06", "shortfalls exceed insurance, relief and uncovered", USD, 40, DOLLARS),
    )
    reported = attrs.evolve(with_balances(gap, insurance__USD=7), uncovered=Map({"USD": Money(30)}))
    assert found("INV-06", reported)[0].amount == 3
    assert found("INV-13", reported) == (Violation("INV-13", "uncovered shortfall", USD, 30, DOLLARS),)
    study = attrs.evolve(reported, header=MINIMAL_NONE)
    assert found("INV-13", study) == ()


@pytest.mark.rule("INV-12")
def test_net_deposits_below_zero() -> None:
    broken = with_balances(TAKEN, external__USD=5)
    assert found("INV-12", broken) == (Violation("INV-12", "net deposits below zero", USD, -5, DOLLARS),)
    assert found("INV-12", attrs.evolve(broken, header=MINIMAL_NONE)) == ()


@pytest.mark.rule("INV-11", "LIQ-04")
@pytest.mark.parametrize(
    ("lots", "next_lot", "violations"),
    [
        ({1: lot(2, "dave", 5)}, 2, (Violation("INV-11", "lot without id or quantity", LOT_1, 5, LOTS_OF_A),)),
        ({1: lot(1, "dave", 5)}, 1, (Violation("INV-11", "lot without id or quantity", LOT_1, 5, LOTS_OF_A),)),
        ({1: lot(1, "dave", 0)}, 2, (Violation("INV-11", "lot without id or quantity", LOT_1, 0, LOTS_OF_A),)),
        ({}, 2, (Violation("INV-11", "closed lot keeps a cost", LOT_1, 440, money_of("")),)),
    ],
)
def test_lots_without_id_quantity_or_end(
    lots: dict[int, Lot], next_lot: int, violations: tuple[Violation, ...]
) -> None:
    broken = attrs.evolve(TAKEN, lots=Map(lots), next_lot=next_lot)
    assert found("INV-11", broken) == violations


@pytest.mark.rule("INV-07")
def test_a_reserve_that_changes_without_reason() -> None:
    sound = taken(TAKEN, fill("alice", "2", "93"))
    assert seen("INV-07", sound) == ()
    broken = attrs.evolve(sound, after=with_balances(sound.after, reserve__A=12))
    assert seen("INV-07", broken) == (
        Violation("INV-07", "reserve changed without profit or draw", Owner("ledger account", "reserve:A"), 2, DOLLARS),
    )
    drawn = taken(settled(mark("87"), state=sound.after), fill("alice", "1", "86"))
    assert seen("INV-07", drawn) == ()
    assert seen("INV-07", with_effects(drawn)) == (
        Violation(
            "INV-07", "reserve changed without profit or draw", Owner("ledger account", "reserve:A"), -2, DOLLARS
        ),
    )


@pytest.mark.rule("INV-08", "WTF-01")
def test_insurance_drawn_while_the_reserve_has_money() -> None:
    sound = taken(settled(fund("50"), state=TAKEN), fill("alice", "2", "87"))
    assert seen("INV-08", sound) == ()
    broken = attrs.evolve(sound, after=with_balances(sound.after, reserve__A=9))
    assert seen("INV-08", broken) == (
        Violation("INV-08", "insurance drawn before the reserve was empty", MARKET_A, 9, DOLLARS),
    )


@pytest.mark.rule("INV-08", "ADL-01")
def test_deleveraging_that_was_not_needed() -> None:
    sound = taken(DAVE, mark("80"))
    assert seen("INV-08", sound) == ()
    broken = attrs.evolve(sound, after=with_balances(sound.after, insurance__USD=40))
    assert seen("INV-08", broken) == (
        Violation("INV-08", "deleveraged although funds could cover", MARKET_A, 0, DOLLARS),
    )


@pytest.mark.rule("INV-08", "ADL-06")
def test_steps_that_were_declared_need_no_failing_test() -> None:
    covered = settled(fund("100"), mark("80"), state=DAVE)
    sound = taken(covered, declare("3"))
    assert seen("INV-08", sound) == ()
    # A step more than was declared is settlement's.
    more = attrs.evolve(sound, event=declare("2"))
    assert seen("INV-08", more) == (
        Violation("INV-08", "deleveraged although funds could cover", MARKET_A, -60, DOLLARS),
    )
    elsewhere = attrs.evolve(sound, event=declare("3", market="B"))
    other = settled(listing("B"), state=sound.after)
    assert seen("INV-08", attrs.evolve(elsewhere, after=other)) == (
        Violation("INV-08", "deleveraged although funds could cover", MARKET_A, -60, DOLLARS),
    )
    # A declaration that is refused has no steps, whatever it names.
    assert seen("INV-08", taken(DAVE, declare("5", market="nowhere"))) == ()


@pytest.mark.rule("INV-08", "ADL-04")
def test_who_was_closed_in_part_may_be_passed_over_afterwards() -> None:
    sound = taken(settled(fund("40"), mark("80"), state=DAVE), declare("2"))
    assert closed_in_part(sound) == {key("carol")}
    assert closed_in_part(taken(sound.before, declare("5"))) == set()


@pytest.mark.rule("INV-08", "LVY-01")
def test_a_house_that_pays_before_counterparties() -> None:
    sound = taken(settled(fund("40"), mark("80"), state=DAVE), mark("80"))
    paid = Transferred("USD", ledger.house("USD"), ledger.insurance("USD"), Money(9), "LVY-01")
    early = with_effects(attrs.evolve(sound, after=with_balances(sound.after, house__USD=3)), paid)
    assert seen("INV-08", early) == (
        Violation("INV-08", "levied before an eligible counterparty", Owner("position", "carol:A:BOTH"), 2, LOTS_OF_A),
    )


@pytest.mark.rule("INV-08", "LVY-01")
def test_a_levy_before_the_house_and_counterparties() -> None:
    sound = taken(settled(fund("40"), mark("80"), state=DAVE), mark("80"))
    insurance, wallet = ledger.insurance("USD"), ledger.wallet("alice", "USD")
    levied = (Transferred("USD", wallet, insurance, Money(9), "LVY-01"), Levied(cross("alice"), "profit", Money(9)))
    early = with_effects(attrs.evolve(sound, after=with_balances(sound.after, house__USD=3)), *levied)
    assert seen("INV-08", early) == (
        Violation("INV-08", "levied before the house was empty", USD, 3, DOLLARS),
        # 9 missing: two lots release 16.
        Violation("INV-08", "levied before an eligible counterparty", Owner("position", "carol:A:BOTH"), 2, LOTS_OF_A),
    )
    unneeded = with_effects(taken(TAKEN, mark("92")), *levied)
    assert seen("INV-08", unneeded) == ()


@pytest.mark.rule("INV-08", "LVY-01")
def test_a_levy_where_no_counterparty_is_left() -> None:
    unpayable = settled(
        *(listing(), mark("100"), deposit("alice", "112"), deposit("bob", "1000"), deposit("carol", "5000")),
        *(trade("alice", "carol", "10", "100"), mark("90"), trade("carol", "bob", "10", "80")),
    )
    assert seen("INV-08", taken(unpayable, mark("80"))) == ()


# A fill has left 10 in the reserve; three lots of dave's are at 88.
RESERVED = settled(fill("alice", "2", "93"), fund("5"), state=TAKEN)


@pytest.mark.rule("INV-07", "MKT-05")
def test_what_a_closing_market_hands_over_is_explained() -> None:
    sound = taken(RESERVED, settle("91"))
    assert seen("INV-07", sound) == ()
    silent = [effect for effect in sound.receipt.effects if getattr(effect, "rule", "") != "MKT-05"]
    assert seen("INV-07", with_effects(sound, *silent)) == (
        Violation(
            "INV-07", "reserve changed without profit or draw", Owner("ledger account", "reserve:A"), -19, DOLLARS
        ),
    )


@pytest.mark.rule("INV-08", "MKT-05")
def test_a_closing_market_draws_insurance_last() -> None:
    sound = taken(RESERVED, settle("84"))
    assert seen("INV-08", sound) == ()
    handed_over = Transferred("USD", ledger.reserve("A"), ledger.insurance("USD"), Money(3), "MKT-05")
    assert seen("INV-08", with_effects(sound, *sound.receipt.effects, handed_over)) == (
        Violation("INV-08", "insurance drawn before the reserve was empty", MARKET_A, 3, DOLLARS),
    )
    # A lot that the event itself opened.
    gapped = taken(settled(fund("500"), state=DAVE), settle("80"))
    assert [move.rule for move in gapped.transfers() if move.source.kind == "insurance"] == ["WTF-01"]
    assert seen("INV-08", gapped) == ()


@pytest.mark.rule("INV-08", "MKT-05")
@pytest.mark.parametrize("price", ["85", "70"])
def test_deleveraging_of_a_market_that_closes_is_judged_by_its_mark(price: str) -> None:
    sound = taken(DAVE, settle(price))
    assert {type(effect).__name__ for effect in sound.receipt.effects} >= {"Deleveraged", "MarketSettled"}
    assert seen("INV-08", sound) == ()
    assert seen("INV-08", taken(DAVE, settle("0"))) == ()


LEVIED = settled(*UNPAYABLE)


@pytest.mark.rule("INV-14", "LVY-02")
def test_relief_without_claims_and_beyond_the_need() -> None:
    relief = Owner("ledger account", "relief:USD")
    assert found("INV-14", LEVIED) == ()
    claims = LEVIED.relief_claims["USD"]
    less = attrs.evolve(LEVIED, relief_claims=Map({"USD": claims.delete(cross("carol"))}))
    unclaimed = Violation("INV-14", "relief differs from its claims", relief, 6, DOLLARS)
    assert found("INV-14", less) == (unclaimed,)
    none = attrs.evolve(LEVIED, relief_claims=Map({"USD": claims.set(cross("erin"), Money(0))}))
    assert found("INV-14", none) == (attrs.evolve(unclaimed, amount=0),)
    insured = with_balances(LEVIED, insurance__USD=2)
    assert found("INV-14", insured) == (Violation("INV-14", "relief kept beyond the need", relief, 2, DOLLARS),)


@pytest.mark.rule("INV-08", "WTF-01")
def test_relief_drawn_before_other_funds() -> None:
    sound = taken(LEVIED, fill("carol", "1", "850"))
    assert seen("INV-08", sound) == ()
    with_funds = attrs.evolve(sound, before=with_balances(LEVIED, reserve__A=3, insurance__USD=2))
    early = "relief drawn before the fund was empty"
    assert seen("INV-08", with_funds) == (
        Violation("INV-08", early, Owner("ledger account", "reserve:A"), 3, DOLLARS),
        Violation("INV-08", early, Owner("ledger account", "insurance:USD"), 2, DOLLARS),
    )


@pytest.mark.rule("INV-08", "LVY-01")
def test_layers_out_of_order() -> None:
    sound = taken(settled(*UNPAYABLE[:-1]), mark("800"))
    assert seen("INV-08", sound) == ()
    skipped = "levied before a layer was used up"
    order: tuple[Layer, ...] = ("spare", "spare", "spare", "profit", "spare", "equity")
    layers = iter(order)
    bob, carol = Owner("domain", "bob:USD::"), Owner("domain", "carol:USD::")

    def layered(effect: Effect) -> Effect:
        return attrs.evolve(effect, layer=next(layers)) if isinstance(effect, Levied) else effect

    without_profit = with_effects(sound, *map(layered, sound.receipt.effects))
    assert seen("INV-08", without_profit) == (Violation("INV-08", skipped, bob, 80, DOLLARS),)
    without_spare = with_effects(sound, *map(layered, sound.receipt.effects))
    assert seen("INV-08", without_spare) == (
        Violation("INV-08", skipped, bob, 1039 - 82, DOLLARS),
        Violation("INV-08", skipped, carol, 5120, DOLLARS),
    )


@pytest.mark.rule("INV-09")
def test_a_rejection_that_changes_something() -> None:
    sound = taken(DAVE, mark("0"))
    assert sound.receipt == Receipt(Reason.INVALID_PRICE, ())
    assert seen("INV-09", sound) == ()
    changed = attrs.evolve(sound, after=OPEN)
    assert seen("INV-09", changed) == (
        Violation("INV-09", "rejected event changed the state", Owner("reason", "INVALID_PRICE"), 0, COUNT),
    )
    effects = attrs.evolve(sound, receipt=Receipt(Reason.INVALID_PRICE, (LotReduced(1, "A", Quantity(1)),)))
    assert seen("INV-09", effects)[0].amount == 1
    assert seen("INV-09", taken(DAVE, mark("99"))) == ()


@pytest.mark.rule("INV-10")
def test_a_second_run_that_differs() -> None:
    sound = taken(DAVE, mark("92"))
    assert seen("INV-10", sound) == ()
    violation = Violation("INV-10", "a second run differs", Owner("event", "MarkPrice"), 7, COUNT)
    assert seen("INV-10", attrs.evolve(sound, after=DAVE)) == (violation,)
    assert seen("INV-10", with_effects(sound)) == (violation,)


@pytest.mark.rule("INV-11", "LIQ-04")
def test_lots_that_grow_or_differ() -> None:
    sound = taken(TAKEN, fill("alice", "2", "93"))
    assert seen("INV-11", sound) == ()
    assert seen("INV-11", with_effects(sound, LotReduced(1, "A", Quantity(6)))) == (
        Violation("INV-11", "lot did not shrink", LOT_1, 6, LOTS_OF_A),
        Violation("INV-11", "lot differs from its effects", LOT_1, -3, LOTS_OF_A),
    )
    twice = (LotReduced(1, "A", Quantity(0)), LotReduced(1, "A", Quantity(0)))
    assert seen("INV-11", with_effects(sound, *twice)) == (
        Violation("INV-11", "lot did not shrink", LOT_1, 0, LOTS_OF_A),
        Violation("INV-11", "lot differs from its effects", LOT_1, 3, LOTS_OF_A),
    )
    assert seen("INV-11", with_effects(sound, LotReduced(1, "A", Quantity(3)), LotReduced(9, "A", Quantity(1)))) == (
        Violation("INV-11", "lot did not shrink", Owner("lot", "lot:9"), 1, quantity_of("")),
        Violation("INV-11", "lot differs from its effects", Owner("lot", "lot:9"), -1, quantity_of("")),
    )
    out_of_turn = LotOpened(lot(7, "dave", 5), Money(1))
    assert seen("INV-11", with_effects(sound, LotReduced(1, "A", Quantity(3)), out_of_turn)) == (
        Violation("INV-11", "lot id out of turn", Owner("lot", "lot:7"), 2, COUNT),
        Violation("INV-11", "lot differs from its effects", Owner("lot", "lot:7"), -5, LOTS_OF_A),
    )


@pytest.mark.rule("INV-11")
@pytest.mark.parametrize(
    ("before", "after", "shrunk"),
    [
        *[(5, 4, True), (5, 0, True), (5, 5, False), (5, 6, False), (5, -1, False), (0, 0, False)],
        *[(-5, -4, True), (-5, 0, True), (-5, -5, False), (-5, 1, False)],
    ],
)
def test_what_shrinks(before: int, after: int, shrunk: bool) -> None:
    assert shrinks(Quantity(before), Quantity(after)) == shrunk


@pytest.mark.rule("INV-09", "INV-10")
def test_violations_of_an_event_stand_before_those_of_its_state() -> None:
    sound = taken(DAVE, mark("0"))
    broken = attrs.evolve(sound, after=with_balances(DAVE, clearing__USD=1))
    assert check_transition(broken) == (
        Violation("INV-09", "rejected event changed the state", Owner("reason", "INVALID_PRICE"), 0, COUNT),
        Violation("INV-10", "a second run differs", Owner("event", "MarkPrice"), 0, COUNT),
        Violation("INV-01", "balances do not sum to zero", USD, 1, DOLLARS),
        Violation("INV-03", "clearing not empty", Owner("ledger account", "clearing:USD"), 1, DOLLARS),
    )
