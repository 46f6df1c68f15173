"""Why some clauses stand in the rulebook: without each, the solver finds numbers at which something breaks.

Every example is a journal of the rules' own events from an empty state, so it can happen; one of its numbers is a
symbol. The clause is taken away by patching one function of the rules, and the same journal is run both ways.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from immutables import Map

from marginspec.handlers import fills
from marginspec.margin import closing
from marginspec.model import events, ledger
from marginspec.model.account import PositionKey
from marginspec.model.effects import Deleveraged, Receipt
from marginspec.model.events import Event, FundInsurance, LiquidationFill, MarkPrice, Trade
from marginspec.model.market import TierTerms
from marginspec.model.rejections import Reason
from marginspec.model.state import Header, Profile, State
from marginspec.model.units import RATE_ONE, Decimal8, Rate, div_down, div_up, share_pro_rata
from marginspec.settlement import deleveraging, liquidation, rankings
from marginspec.settlement.rankings import Score, binance_score
from marginspec.transition import apply
from marginspec_proofs.prover.statements import Case, theorem
from marginspec_proofs.prover.worlds import ASSET

AN_EXAMPLE = "an example exists, found by the solver"
WHOLE = 10**8
ZERO, HUNDREDTH, TENTH = Decimal8(0), Decimal8(10**6), Decimal8(10**7)
STEEP = (TierTerms(ZERO, 2, Decimal8(4 * 10**7)),)
MILD = (TierTerms(ZERO, 50, HUNDREDTH),)
TWO_TIERS = (TierTerms(ZERO, 1000, Decimal8(10**4)), TierTerms(Decimal8(1000 * WHOLE), 500, Decimal8(2 * 10**4)))


def whole(number: Any) -> Decimal8:
    """A whole number as an event writes it."""
    return Decimal8(number * WHOLE)


def listed(market: str, tiers: tuple[TierTerms, ...], clearance_fee: Decimal8 = ZERO) -> events.ListMarket:
    """A market in whole prices and lots, without trading fees."""
    return events.ListMarket(market, ASSET, 0, 0, whole(1), ZERO, ZERO, ZERO, clearance_fee, tiers)


def paid_in(**amounts: Any) -> list[Event]:
    """Deposits of accounts."""
    return [events.Deposit(account, ASSET, whole(amount)) for account, amount in amounts.items()]


def marked(market: str, price: Any) -> MarkPrice:
    """A mark price."""
    return MarkPrice(market, whole(price))


def traded(market: str, price: Any, quantity: int, buyer: str, seller: str, **sides: Any) -> Trade:
    """A trade."""
    return Trade(market, whole(price), whole(quantity), buyer, seller, "buyer", **sides)


def after(journal: list[Event], resort: Any = "levy", decimals: int = 0) -> State:
    """The state after events that are all accepted, of an asset with so many decimals."""
    state = State(header=Header(Profile(last_resort=resort), Map({ASSET: decimals})))
    for event in journal:
        state, receipt = apply(state, event)
        assert receipt.rejected is None, f"{event} is refused: {receipt.rejected}"
    return state


@contextmanager
def replacing(**functions: Callable[..., Any]) -> Iterator[None]:
    """Functions of the rules, each replaced in every module of these that calls it."""
    with ExitStack() as stack:
        for name, function in functions.items():
            callers = [one for one in (closing, deleveraging, fills, liquidation, rankings) if hasattr(one, name)]
            assert callers, f"no module of these calls {name}"
            for module in callers:
                stack.enter_context(patch.object(module, name, function))
        yield


def uncovered(state: State) -> Any:
    """What has no cover after an event."""
    return state.uncovered.get(ASSET, 0)


def look_for(case: Case, broken: Any) -> None:
    """Look for numbers at which this is so; a theorem without any is vacuous, and so not proved."""
    case.assume(broken, "what is sought")


def fee_up_to_equity(value: Any, rate: Rate, _released: Any, equity: Any) -> Any:
    """A clearance fee without its first cap."""
    return min(div_up(value * rate, RATE_ONE), equity)


def shared_over_all(margin: Any, _event_market: str) -> dict[PositionKey, Any]:
    """Equity shared over all positions, even if it is negative."""
    shares = share_pro_rata(abs(margin.equity), tuple(position.maintenance for position in margin.positions))
    sign = 1 if margin.equity >= 0 else -1
    return {position.key: sign * share for position, share in zip(margin.positions, shares, strict=True)}


def released_down(cost: Any, size: Any, part: Any) -> Any:
    """Released cost rounded down."""
    return div_down(cost * part, size)


@theorem("T-WHY-1", "LIQ-02", of=(), scope=AN_EXAMPLE)
def without_the_cap_on_the_clearance_fee_a_shortfall_stays(case: Case) -> None:
    """If a clearance fee may exceed the maintenance that its cut releases, a market's loss can be left uncovered.

    Alice holds a hedge in one market, which rises, and a large position in another. Her gain is bob's loss. The fee on
    the other position takes her whole equity into that market's lot, where nothing may use it, and no levy suffices.
    """
    journal: list[Event] = [
        *(listed("first", STEEP), listed("second", TWO_TIERS, TENTH)),
        *paid_in(alice=1000, bob=560, carol=60),
        FundInsurance(ASSET, whole(case.integer("insurance", 1, 100))),
        *(marked("first", 100), marked("second", 100)),
        events.SetPositionMode("alice", "hedge"),
        *(events.SetLeverage(account, "second", 500) for account in ("alice", "carol")),
        traded("first", 100, 10, "alice", "bob", buyer_side="LONG"),
        traded("first", 100, 6, "bob", "alice", seller_side="SHORT"),
        traded("second", 100, 200, "alice", "carol", buyer_side="LONG"),
        events.Withdraw("bob", ASSET, whole(310)),
    ]
    before = after(journal)
    event = marked("first", 260)
    by_the_rules, _ = apply(before, event)
    with replacing(clearance_fee=fee_up_to_equity):
        without, _ = apply(before, event)
    case.claim("by the rules all is covered", uncovered(by_the_rules) == 0)
    look_for(case, uncovered(without) > 0)


@theorem("T-WHY-2", "LIQ-03", of=(), scope=AN_EXAMPLE)
def without_a_market_of_its_own_a_loss_stays_uncovered(case: Case) -> None:
    """If negative equity were shared over positions in all markets, a loss could be left uncovered.

    It would land on a lot in a market that does not hold the profit of the other side, and no levy suffices.
    """
    journal: list[Event] = [
        *(listed("first", STEEP), listed("second", STEEP)),
        *paid_in(alice=1100, carol=500, dave=500),
        FundInsurance(ASSET, whole(case.integer("insurance", 1, 500))),
        *(marked("first", 100), marked("second", 100)),
        traded("first", 100, 10, "dave", "alice"),
        traded("second", 100, 10, "alice", "carol"),
        marked("first", 60),
    ]
    before = after(journal)
    event = marked("first", 1000)
    by_the_rules, _ = apply(before, event)
    with replacing(equity_shares=shared_over_all):
        without, _ = apply(before, event)
    case.claim("by the rules all is covered", uncovered(by_the_rules) == 0)
    look_for(case, uncovered(without) > 0)


@theorem("T-WHY-3", "LIQ-05", of=(), scope=AN_EXAMPLE, fast=False)
def without_the_cover_test_a_fill_empties_the_insurance_fund(case: Case) -> None:
    """If a fill were not tested for cover, its counterparty could empty the insurance fund at a bystander's cost.

    The fund covers the loss of a lot in one market. A fill of another market's lot far below mark takes it away; so
    frank, who has nothing to do with either, is deleveraged. By the rules the fill is refused.
    """
    journal: list[Event] = [
        *(listed("first", STEEP), listed("second", STEEP)),
        *paid_in(eve=500, frank=1000, gina=500, hank=1000, mallory=1000),
        FundInsurance(ASSET, whole(100)),
        *(marked("first", 100), marked("second", 100)),
        traded("first", 100, 10, "eve", "frank"),
        traded("second", 100, 10, "gina", "hank"),
        *(marked("first", 40), marked("second", 60)),
    ]
    before = after(journal)
    event = LiquidationFill("second", "long", "mallory", whole(10), whole(case.integer("price", 40, 70)))
    _, refusal = apply(before, event)
    with replacing(uncovered_shortfall=lambda *_: 0):
        without, receipt = apply(before, event)
    look_for(case, receipt.rejected is None and without.balance(ledger.insurance(ASSET)) == 0)
    case.claim("by the rules it is refused", refusal.rejected == Reason.COVER_EXCEEDED)
    frank = PositionKey("frank", "first", "BOTH")
    case.claim("a bystander is deleveraged", abs(without.positions.get(frank, 0)) < abs(before.positions[frank]))


@theorem("T-WHY-4", "ADL-04", of=(), scope=AN_EXAMPLE)
def without_the_test_of_entry_a_winner_is_closed_into_a_loss(case: Case) -> None:
    """If deleveraging did not compare entry and bankruptcy price, one whose position gains could lose principal.

    Frank is short from an entry below 98, the mark is 80, and he would be closed at 98.
    """
    journal: list[Event] = [
        listed("first", MILD),
        *paid_in(eve=220, frank=2000, xavier=2000),
        marked("first", 120),
        traded("first", 120, 10, "eve", "xavier"),
        traded("first", case.integer("entry", 90, 97), 10, "xavier", "frank"),
    ]
    before = after(journal, "none")
    event = marked("first", 80)
    by_the_rules, told = apply(before, event)
    with replacing(entry_is_no_worse=lambda *_: True):
        without, told_without = apply(before, event)
    wallet = ledger.wallet("frank", ASSET)
    case.claim("by the rules he keeps his principal", by_the_rules.balance(wallet) == before.balance(wallet))
    case.claim("and is deleveraged at his own entry", deleveraged(told))
    look_for(case, deleveraged(told_without))
    case.claim("without them he loses of it", without.balance(wallet) < before.balance(wallet))


def deleveraged(receipt: Receipt) -> bool:
    """Whether anybody was deleveraged."""
    return any(isinstance(effect, Deleveraged) for effect in receipt.effects)


@theorem("T-WHY-5", "ADL-01", "ADL-03", "NUM-02", of=(), scope=AN_EXAMPLE, fast=False)
def rounded_the_other_way_a_quantum_stays_uncovered(case: Case) -> None:
    """If released cost rounded down, deleveraging could leave one quantum uncovered where the rules leave none."""
    journal: list[Event] = [
        listed("first", MILD),
        *paid_in(eve=10, frank=100, gina=1000),
        FundInsurance(ASSET, whole(case.integer("insurance", 1, 20))),
        marked("first", 50),
        traded("first", 50, 1, "eve", "frank"),
        traded("first", 30, 2, "eve", "gina"),
    ]
    before = after(journal, "none")
    event = marked("first", 30)
    by_the_rules, _ = apply(before, event)
    with replacing(released_cost=released_down):
        without, _ = apply(before, event)
    look_for(case, uncovered(by_the_rules) == 0)
    look_for(case, uncovered(without) > 0)
    case.claim("by a quantum", uncovered(without) == 1)


def score_over_cash_or_one(unrealised: Any, cash: Any, maintenance: Any, equity: Any, _unit: int) -> Score:
    """The ranking `binance` with `max(1, cash)`, whatever 1 may be: a quantum."""
    return binance_score(unrealised, cash, maintenance, equity, 1)


@theorem("T-WHY-6", "ADL-02", of=(), scope=AN_EXAMPLE, uses=("T-ADL-5",), fast=False)
def over_one_quantum_of_cash_the_unit_decides_who_is_deleveraged(case: Case) -> None:
    """If profit were ranked over `max(1, cash)` in quanta, an asset's decimals could decide who is deleveraged first.

    Alice has no cash left, bob has one unit, and his profit is larger. Counted in units he stands first. Counted in
    hundredths her one hundredth weighs a hundred times as much, and she does. By the rules it is he in both.
    """
    journal: list[Event] = [
        *(listed("first", MILD), listed("second", MILD)),
        *paid_in(eve=60, alice=40, bob=60, carol=10000),
        FundInsurance(ASSET, whole(case.integer("insurance", 1, 100))),
        *(marked("first", 100), marked("second", 100)),
        *(traded("first", 100, 1, "eve", "alice"), traded("first", 100, 8, "eve", "bob")),
        marked("first", 96),
        *(traded("second", 100, 1, "alice", "carol"), traded("second", 60, 1, "carol", "alice")),
        *(traded("second", 100, 1, "bob", "carol"), traded("second", 41, 1, "carol", "bob")),
    ]
    event = marked("first", 80)
    by_the_rules, without = [], []
    for decimals in (0, 2):
        before = after(journal, "none", decimals)
        _, told = apply(before, event)
        with replacing(binance_score=score_over_cash_or_one):
            _, told_without = apply(before, event)
        by_the_rules.append(first_deleveraged(told))
        without.append(first_deleveraged(told_without))
    look_for(case, without == ["bob", "alice"])
    case.claim("by the rules the same, in whatever unit", by_the_rules == ["bob", "bob"])


def first_deleveraged(receipt: Receipt) -> str:
    """Who was deleveraged first; nobody if there is no name."""
    closed = [effect for effect in receipt.effects if isinstance(effect, Deleveraged)]
    return closed[0].counterparty.account if closed else ""
