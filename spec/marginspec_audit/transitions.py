"""Invariants of every event: state before, event, receipt, state after."""

from collections.abc import Callable, Iterator

import attrs
from immutables import Map

from marginspec.margin.margin import NO_POSITIONS, cash_account, domain_margin
from marginspec.model import ledger
from marginspec.model.account import Direction, DomainKey, PositionKey
from marginspec.model.effects import (
    Deleveraged,
    DomainLiquidated,
    Layer,
    Levied,
    LotOpened,
    LotReduced,
    MarketSettled,
    Receipt,
    Transferred,
)
from marginspec.model.events import Deleverage, Event, MarkPrice, SettleMarket
from marginspec.model.ledger import LedgerAccount
from marginspec.model.market import Market
from marginspec.model.state import State
from marginspec.model.units import FLAT, Money, Quantity, in_units
from marginspec.registry import rule
from marginspec.settlement.deleveraging import Queues, find_step, queue_of
from marginspec.settlement.levy import domains_of_asset, profit_in, spare_of
from marginspec.settlement.waterfall import lots_unrealised, shortfall_of, shortfalls
from marginspec.transition import apply
from marginspec_audit.states import check_state
from marginspec_audit.violation import COUNT, Owner, Violation, money_of, quantity_of


@attrs.frozen
class Transition:
    """One event as it was taken: the state before, the event, its receipt, the state after."""

    before: State
    event: Event
    receipt: Receipt
    after: State

    def transfers(self) -> list[Transferred]:
        """The transfers among the effects, in order."""
        return [effect for effect in self.receipt.effects if isinstance(effect, Transferred)]

    def market(self, market_id: str) -> Market:
        """A market after the event; one that the event closed, at its final price."""
        if market_id in self.after.markets:
            return self.after.markets[market_id]
        (price,) = (effect.price for effect in self.receipt.effects if isinstance(effect, MarketSettled))
        return attrs.evolve(self.before.markets[market_id], mark=price)

    def market_of_lot(self, lot: int) -> str:
        """The market of a lot that was open before the event or that it opened."""
        opened = (effect.lot for effect in self.receipt.effects if isinstance(effect, LotOpened))
        return next((one.market for one in opened if one.id == lot), None) or self.before.lots[lot].market


@rule("INV-07", source="SRC-03")
def reserve_changes_are_explained(taken: Transition) -> Iterator[Violation]:
    """A reserve's change is liquidation profit less its draws, and what a closing market hands to insurance."""
    changes = dict.fromkeys(sorted({*taken.before.markets, *taken.after.markets}), 0)
    for transfer in taken.transfers():
        if transfer.target.kind == "reserve" and transfer.rule == "LIQ-05":
            changes[transfer.target.market] += transfer.amount
        if transfer.source.kind == "reserve" and transfer.rule in ("WTF-01", "MKT-05"):
            changes[transfer.source.market] -= transfer.amount
    for market, change in changes.items():
        account = ledger.reserve(market)
        rest = taken.after.balance(account) - taken.before.balance(account) - change
        if rest != 0:
            where, unit = Owner("ledger account", str(account)), money_of(taken.market(market).asset)
            yield Violation("INV-07", "reserve changed without profit or draw", where, rest, unit)


@rule("INV-08", "WTF-01", source="SRC-04 SRC-07")
def waterfall_is_in_order(taken: Transition) -> Iterator[Violation]:
    """Each fund is drawn on empty ones before it, deleveraging used when all cannot cover, levy when it is exhausted.

    A layer of the levy is used when every domain has paid its whole weight of the one before.
    """
    yield from insurance_drawn_last(taken)
    yield from relief_drawn_last(taken)
    if isinstance(taken.event, SettleMarket):
        taken = as_mark(taken)
    yield from layers_in_order(taken)
    paid = [move for move in taken.transfers() if move.rule == "LVY-01"]
    if paid:
        yield from levy_was_last(taken, paid[0].asset, Money(sum(move.amount for move in paid)))
    else:
        steps = settlement_steps(taken)
        yield from last_step_was_needed(taken, steps) if steps else ()


def insurance_drawn_last(taken: Transition) -> Iterator[Violation]:
    """Insurance drawn for a realised loss implies an empty reserve of the lot's market."""
    for transfer in taken.transfers():
        if transfer.rule == "WTF-01" and transfer.source.kind == "insurance":
            market = taken.market_of_lot(transfer.target.lot)
            handed_over = [
                move.amount
                for move in taken.transfers()
                if move.source == ledger.reserve(market) and move.rule == "MKT-05"
            ]
            left = Money(taken.after.balance(ledger.reserve(market)) + sum(handed_over))
            if left != 0:
                where, unit = Owner("market", market), money_of(transfer.asset)
                yield Violation("INV-08", "insurance drawn before the reserve was empty", where, left, unit)


def settlement_steps(taken: Transition) -> list[Deleveraged]:
    """Steps of deleveraging but for the first ones that a declared deleveraging can have asked for (ADL-06)."""
    steps = [effect for effect in taken.receipt.effects if isinstance(effect, Deleveraged)]
    if steps and isinstance(taken.event, Deleverage):
        market = taken.after.markets[taken.event.market]
        declared = in_units(taken.event.quantity, market.quantity_decimals) or 0
        while steps and steps[0].counterparty.market == market.id and steps[0].quantity <= declared:
            declared = declared - steps.pop(0).quantity
    return steps


def as_mark(taken: Transition) -> Transition:
    """A final settlement as a mark, as which it settles: what deleveraging and levy went by is gone at its end."""
    assert isinstance(taken.event, SettleMarket)
    if taken.receipt.rejected is not None:
        return taken
    mark = MarkPrice(taken.event.market, taken.event.price)
    after, receipt = apply(taken.before, mark)
    return Transition(taken.before, mark, receipt, after)


def relief_drawn_last(taken: Transition) -> Iterator[Violation]:
    """Relief drawn for a realised loss implies that reserve and insurance fund were empty just then."""
    moved: list[Transferred] = []
    for transfer in taken.transfers():
        if transfer.rule == "WTF-01" and transfer.source.kind == "relief":
            funds = ledger.reserve(taken.market_of_lot(transfer.target.lot)), ledger.insurance(transfer.asset)
            for fund in funds:
                left = taken.before.balance(fund) + moved_into(fund, moved)
                if left != 0:
                    where, unit = Owner("ledger account", str(fund)), money_of(transfer.asset)
                    yield Violation("INV-08", "relief drawn before the fund was empty", where, left, unit)
        moved.append(transfer)


def moved_into(account: LedgerAccount, transfers: list[Transferred]) -> int:
    """What transfers together moved into a ledger account; negative if out of it."""
    return sum(move.amount * ((move.target == account) - (move.source == account)) for move in transfers)


def layers_in_order(taken: Transition) -> Iterator[Violation]:
    """A levy of a layer implies that every domain paid its whole weight of the layers before it.

    The weights are found anew, as when the levy began: of the domains that were not liquidated later.
    """
    levied = [effect for effect in taken.receipt.effects if isinstance(effect, Levied)]
    last = levied[-1].layer if levied else "profit"
    if last == "profit":
        return
    asset, paid = levied[0].domain.asset, paid_by_layer(levied)
    begun, gone = when_levied(taken, asset), liquidated_after_levy(taken)
    short = frozenset(market for market, shortfall in shortfalls(begun, asset).items() if shortfall > 0)
    for domain in domains_of_asset(begun, asset):
        margin = domain_margin(begun, domain)
        spare, by_profit = spare_of(margin), paid.get((domain, "profit"), 0)
        kept = min(spare, profit_in(margin, short)) - by_profit
        if last == "equity":
            kept = max(kept, spare - by_profit - paid.get((domain, "spare"), 0))
        if kept > 0 and domain not in gone:
            where = Owner("domain", ":".join(domain))
            yield Violation("INV-08", "levied before a layer was used up", where, kept, money_of(asset))


def paid_by_layer(levied: list[Levied]) -> dict[tuple[DomainKey, Layer], int]:
    """What each domain paid in each layer."""
    return {(effect.domain, effect.layer): effect.amount for effect in levied}


def when_levied(taken: Transition, asset: str) -> State:
    """The state after an event, but cash and lots as they were before the first domain paid a levy, if any did."""
    effects, after = taken.receipt.effects, taken.after
    # The transfer of a levy stands in front of it.
    first = next((place - 1 for place, effect in enumerate(effects) if isinstance(effect, Levied)), len(effects))
    later = effects[first:]
    moved = [effect for effect in later if isinstance(effect, Transferred)]
    new = {effect.lot.id for effect in later if isinstance(effect, LotOpened)}
    balances = dict(after.ledger)
    for account in (cash_account(domain) for domain in domains_of_asset(after, asset)):
        balances[account] = Money(after.balance(account) - moved_into(account, moved))
    lots_in = {market: tuple(lot for lot in lots if lot not in new) for market, lots in after.lots_in.items()}
    return attrs.evolve(after, ledger=Map(balances), lots_in=Map(lots_in))


def last_step_was_needed(taken: Transition, steps: list[Deleveraged]) -> Iterator[Violation]:
    """Without the last step of deleveraging the cover test would fail."""
    last, after = steps[-1], taken.after
    market = after.markets[last.counterparty.market]
    reserve = after.balance(ledger.reserve(market.id))
    found = shortfalls(after, market.asset)
    found[market.id] = shortfall_of(Money(lots_unrealised(after, market) - last.loss), reserve)
    effects = taken.receipt.effects
    place = max(place for place, effect in enumerate(effects) if effect is last)
    later = [effect for effect in effects[place:] if isinstance(effect, Transferred)]
    funds = ledger.insurance(market.asset), ledger.relief(market.asset)
    missing = sum(found.values()) - sum(after.balance(fund) - moved_into(fund, later) for fund in funds)
    if missing <= 0:
        where, unit = Owner("market", market.id), money_of(market.asset)
        yield Violation("INV-08", "deleveraged although funds could cover", where, missing, unit)


def levy_was_last(taken: Transition, asset: str, missing: Money) -> Iterator[Violation]:
    """A levy implies an empty house; both imply that no market with shortfall has an eligible pair left."""
    after = taken.after
    house = after.balance(ledger.house(asset))
    if house != 0 and any(isinstance(effect, Levied) for effect in taken.receipt.effects):
        yield Violation("INV-08", "levied before the house was empty", Owner("asset", asset), house, money_of(asset))
    begun, left_out, halved = when_levied(taken, asset), liquidated_after_levy(taken), closed_in_part(taken)
    for market_id, shortfall in shortfalls(begun, asset).items():
        if shortfall > 0:
            queues = queues_without(begun, market_id, left_out, halved)
            step = find_step(begun, begun.markets[market_id], queues, shortfall, missing)
            if step is not None:
                where, unit = Owner("position", ":".join(step.counterparty)), quantity_of(market_id)
                yield Violation("INV-08", "levied before an eligible counterparty", where, step.quantity, unit)


def liquidated_after_levy(taken: Transition) -> set[DomainKey]:
    """Domains that a levy made unhealthy: their step-down lowered what they must keep, after the queue was judged."""
    effects = taken.receipt.effects
    levied = [place for place, effect in enumerate(effects) if isinstance(effect, Levied)]
    first_levied = levied[0] if levied else len(effects)
    return {effect.domain for effect in effects[first_levied:] if isinstance(effect, DomainLiquidated)}


def closed_in_part(taken: Transition) -> set[PositionKey]:
    """Counterparties of steps that left both some of the lot and some of the position: halving may have ruled them out.

    A step found by halving is such a step, and its counterparty is not eligible again in the event (ADL-04).
    """
    found: set[PositionKey] = set()
    lots: dict[int, Quantity] = {}
    for effect in taken.receipt.effects:
        if isinstance(effect, LotReduced):
            lots[effect.lot] = effect.quantity
        elif isinstance(effect, Deleveraged) and lots[effect.lot] != 0:
            found.add(effect.counterparty)
    return found


def queues_without(state: State, market_id: str, left_out: set[DomainKey], halved: set[PositionKey]) -> Queues:
    """Both queues of a market without the positions of some domains, and without some positions."""
    domains = state.positions_in.get(market_id, NO_POSITIONS)
    sides: tuple[Direction, ...] = ("long", "short")
    return {
        (market_id, side): tuple(
            ranked
            for ranked in queue_of(state, market_id, side)
            if domains[ranked.key] not in left_out and ranked.key not in halved
        )
        for side in sides
    }


@rule("INV-09")
def rejection_changes_nothing(taken: Transition) -> Iterator[Violation]:
    """A rejected event leaves the state equal, and has no effects."""
    if taken.receipt.rejected is None:
        return
    if taken.after != taken.before or taken.receipt.effects:
        changed = len(taken.receipt.effects)
        where = Owner("reason", taken.receipt.rejected)
        yield Violation("INV-09", "rejected event changed the state", where, changed, COUNT)


@rule("INV-10")
def second_run_agrees(taken: Transition) -> Iterator[Violation]:
    """The same event on the same state gives the same receipt and state."""
    after, receipt = apply(taken.before, taken.event)
    if receipt != taken.receipt or after != taken.after:
        where = Owner("event", type(taken.event).__name__)
        yield Violation("INV-10", "a second run differs", where, len(receipt.effects), COUNT)


@rule("INV-11", "LIQ-04")
def lots_only_shrink(taken: Transition) -> Iterator[Violation]:
    """Lots are opened with the next id and only ever shrink; nothing is closed twice."""
    quantities = {lot.id: lot.quantity for lot in taken.before.lots.values()}
    markets = {lot.id: lot.market for lot in taken.before.lots.values()}
    next_lot = taken.before.next_lot
    for effect in taken.receipt.effects:
        if isinstance(effect, LotOpened):
            if effect.lot.id != next_lot:
                yield Violation("INV-11", "lot id out of turn", lot_named(effect.lot.id), next_lot, COUNT)
            next_lot = next_lot + 1
            quantities[effect.lot.id], markets[effect.lot.id] = effect.lot.quantity, effect.lot.market
        if isinstance(effect, LotReduced):
            if not shrinks(quantities.get(effect.lot, FLAT), effect.quantity):
                where, unit = lot_named(effect.lot), quantity_of(markets.get(effect.lot, ""))
                yield Violation("INV-11", "lot did not shrink", where, effect.quantity, unit)
            quantities[effect.lot] = effect.quantity
    for lot_id, quantity in quantities.items():
        left = taken.after.lots[lot_id].quantity if lot_id in taken.after.lots else FLAT
        if left != quantity:
            where, unit = lot_named(lot_id), quantity_of(markets.get(lot_id, ""))
            yield Violation("INV-11", "lot differs from its effects", where, left - quantity, unit)


def lot_named(lot_id: int) -> Owner:
    """A lot as violations name it."""
    return Owner("lot", f"lot:{lot_id}")


def shrinks(before: Quantity, after: Quantity) -> bool:
    """Whether a signed quantity came closer to zero without passing it."""
    return 0 <= after < before or before < after <= 0


EVENT_INVARIANTS: dict[str, Callable[[Transition], Iterator[Violation]]] = {
    "INV-07": reserve_changes_are_explained,
    "INV-08": waterfall_is_in_order,
    "INV-09": rejection_changes_nothing,
    "INV-10": second_run_agrees,
    "INV-11": lots_only_shrink,
}
"""What every event satisfies."""


def check_transition(taken: Transition) -> tuple[Violation, ...]:
    """All broken invariants of an event, then those of the state after it."""
    broken = tuple(found for predicate in EVENT_INVARIANTS.values() for found in predicate(taken))
    return (*broken, *check_state(taken.after))
