"""Auto-deleveraging: who is closed against which lot, by how much, at what value."""

from collections.abc import Callable, Iterable
from functools import cmp_to_key

import attrs

from marginspec.margin.closing import Part, realise, released_cost, return_all_margin
from marginspec.margin.margin import (
    NO_POSITIONS,
    cash_account,
    cost_of,
    domain_margin,
    domain_of,
    is_healthy,
    lot_cost,
    maintenance_margin,
    notional_of,
    position_margin,
)
from marginspec.model import ledger
from marginspec.model.account import Direction, DomainKey, Lot, PositionKey
from marginspec.model.effects import Deleveraged
from marginspec.model.market import Market
from marginspec.model.state import Book
from marginspec.model.units import FLAT, NOTHING, Money, Quantity, div_down, div_up
from marginspec.registry import rule
from marginspec.settlement.rankings import RANKINGS, Score
from marginspec.transaction import Transaction


@attrs.frozen
class Ranked:
    """A position in the queue, with the score that it had when the queue was taken."""

    key: PositionKey
    score: Score


Queues = dict[tuple[str, Direction], tuple[Ranked, ...]]
"""Counterparties of each market by the side that they are on, as taken at the event's first look."""


@attrs.frozen
class Step:
    """One step of deleveraging: this much (> 0) of a lot is closed against a counterparty.

    `value` is what both are closed at, signed like the lot. `is_last` says that halving found the quantity: the
    counterparty leaves the market's queue for the event.
    """

    lot: Lot
    counterparty: PositionKey
    quantity: Quantity
    value: Money
    is_last: bool = False


@attrs.frozen
class Terms:
    """What a pair closes at: a signed cost for a size (> 0), both the lot's or, `at_entry`, the counterparty's own.

    `loss` is what closing so many takes from the counterparty at mark; at its own entry that is all of its profit.
    """

    at_entry: bool
    cost: Money
    size: Quantity
    loss: Money


@rule("ADL-02")
def compare_ranked(first: Ranked, second: Ranked) -> int:
    """The higher score stands first, ties by key (account, market, side); exact, no division."""
    left = first.score.numerator * second.score.denominator
    right = second.score.numerator * first.score.denominator
    if left != right:
        return -1 if left > right else 1
    return -1 if first.key < second.key else 1


@rule("ADL-02")
def score_of(book: Book, key: PositionKey, domain_key: DomainKey) -> Score:
    """A position's score by the profile's ranking, from its own PnL and its domain's figures."""
    unit = 10 ** book.header.decimals(domain_key.asset)
    ranking = RANKINGS[book.header.profile.adl_ranking]
    return ranking(position_margin(book, key), domain_margin(book, domain_key), unit)


@rule("ADL-02", source="SRC-07")
def queue_of(book: Book, market: str, side: Direction) -> tuple[Ranked, ...]:
    """The queue of a side: its positions in healthy domains, highest score first."""
    ranked: list[Ranked] = []
    for key, domain in book.positions_in.get(market, NO_POSITIONS).items():
        on_side = (book.positions[key] > 0) == (side == "long")
        if on_side and is_healthy(domain_margin(book, domain)):
            ranked.append(Ranked(key, score_of(book, key, domain)))
    return tuple(sorted(ranked, key=cmp_to_key(compare_ranked)))


def lot_loss(book: Book, market: Market, lot: Lot) -> Money:
    """What a lot loses at mark; negative for a profit."""
    return Money(lot_cost(book, lot.id) - market.at_mark(lot.quantity))


@rule("ADL-04")
def entry_is_no_worse(held: Quantity, cost: Money, lot_quantity: Quantity, lot_cost: Money) -> bool:
    """A counterparty's entry, cost over quantity, is compared with the lot's bankruptcy price exactly."""
    entry, bankruptcy = cost * lot_quantity, lot_cost * held
    return entry >= bankruptcy if held > 0 else entry <= bankruptcy


@rule("ADL-04", "ADL-03")
def terms_of(book: Book, market: Market, lot: Lot, key: PositionKey) -> Terms | None:
    """A counterparty gives up profit, never principal: it closes at the lot's bankruptcy price or at its own entry.

    At its entry if that is worse, and gives up at least one quantum with one lot. A lot that does not lose closes at
    the mark. None if the pair is not eligible.
    """
    held, cost = book.positions.get(key, FLAT), cost_of(book, key)
    if held == 0:
        return None
    profit, loss = Money(market.at_mark(held) - cost), lot_loss(book, market, lot)
    held_size, lot_size = Quantity(abs(held)), Quantity(abs(lot.quantity))
    if loss <= 0:
        return Terms(False, market.at_mark(lot.quantity), lot_size, NOTHING) if profit >= 0 else None
    if entry_is_no_worse(held, cost, lot.quantity, lot_cost(book, lot.id)):
        return Terms(False, lot_cost(book, lot.id), lot_size, loss)
    return Terms(True, cost, held_size, profit) if profit >= held_size else None


@rule("ADL-03")
def step_value(terms: Terms, quantity: Quantity) -> Money:
    """A part closes at its share of the cost, rounded up, all of it at the end; with the sign of the lot."""
    value = released_cost(terms.cost, terms.size, quantity)
    return Money(-value) if terms.at_entry else value


@rule("ADL-01", "ADL-04")
def released_loss(terms: Terms, quantity: Quantity) -> Money:
    """The released loss is what the counterparty gives up: its share of the lot's loss, or of its own profit.

    Of the loss rounded up, as the lot's cost is; of the profit rounded down, as its own cost is rounded up.
    """
    part = terms.loss * quantity
    return Money(div_down(part, terms.size) if terms.at_entry else div_up(part, terms.size))


@rule("ADL-01")
def most_within(terms: Terms, amount: Money) -> Quantity:
    """The largest quantity whose released loss is at most an amount (>= 0)."""
    if terms.at_entry:
        return Quantity(div_up((amount + 1) * terms.size, terms.loss) - 1)
    return Quantity(div_down(amount * terms.size, terms.loss))


@rule("ADL-01")
def wanted_quantity(terms: Terms, shortfall: Money, missing: Money) -> Quantity:
    """The least quantity that restores the test, if the shortfall allows it; else the most released within it.

    Of a losing lot; `shortfall` and `missing` are above zero. Zero if not even one lot is within the shortfall.
    """
    return (
        Quantity(most_within(terms, Money(missing - 1)) + 1) if shortfall >= missing else most_within(terms, shortfall)
    )


@rule("ADL-03")
def heir_of(book: Book, lot: Lot) -> Lot | None:
    """What is left of a closed lot's cost passes to the newest other lot of the side in the market."""
    others = [book.lots[lot_id] for lot_id in book.lots_in[lot.market] if lot_id != lot.id]
    return next((other for other in reversed(others) if other.direction == lot.direction), None)


@rule("ADL-04")
def room(book: Book, market: Market, key: PositionKey, terms: Terms, quantity: Quantity) -> Money:
    """Room is equity less the released loss and the maintenance that is left once the position is smaller."""
    domain = domain_margin(book, domain_of(book, key))
    left = notional_of(market.at_mark(Quantity(abs(book.positions[key]) - quantity)))
    saved = position_margin(book, key).maintenance - maintenance_margin(left, market.tiers.holding(left))
    return Money(domain.equity - released_loss(terms, quantity) - (domain.maintenance - saved))


@rule("ADL-04")
def halved(low: Quantity, high: Quantity, has_room: Callable[[Quantity], bool]) -> Quantity:
    """Halving between a quantity with room and a larger one without ends at one with room whose successor has none."""
    while high - low > 1:
        middle = Quantity(div_down(low + high, 2))
        if has_room(middle):
            low = middle
        else:
            high = middle
    return low


@rule("ADL-04")
def quantity_with_room(book: Book, market: Market, key: PositionKey, terms: Terms, most: Quantity) -> Quantity:
    """As much as is wanted if it leaves room, else what halving finds between one lot and that; zero without room."""

    def has_room(quantity: Quantity) -> bool:
        return room(book, market, key, terms, quantity) > 0

    if most <= 0 or not has_room(Quantity(1)):
        return FLAT
    return most if has_room(most) else halved(Quantity(1), most, has_room)


@rule("ADL-04", "ADL-01")
def pair_step(
    book: Book, market: Market, lot: Lot, key: PositionKey, wanted: Callable[[Terms], Quantity]
) -> Step | None:
    """A step closes what is wanted, at most the lot, the position, and what leaves the counterparty's domain healthy.

    At the counterparty's own entry one lot is kept back, unless another lot takes what is left of the cost.
    """
    terms = terms_of(book, market, lot, key)
    if terms is None:
        return None
    kept = 1 if terms.at_entry and heir_of(book, lot) is None else 0
    most = Quantity(min(wanted(terms), abs(lot.quantity) - kept, abs(book.positions[key])))
    quantity = quantity_with_room(book, market, key, terms, most)
    return Step(lot, key, quantity, step_value(terms, quantity), quantity < most) if quantity > 0 else None


@rule("ADL-01")
def first_step(
    book: Book, market: Market, queues: Queues, lots: Iterable[Lot], wanted: Callable[[Terms], Quantity]
) -> Step | None:
    """The first of some lots with an eligible counterparty, and of these the first in the queue."""
    take_queues(book, market.id, queues)
    for lot in lots:
        opposite: Direction = "short" if lot.direction == "long" else "long"
        for ranked in queues[market.id, opposite]:
            step = pair_step(book, market, lot, ranked.key, wanted)
            if step is not None:
                return step
    return None


@rule("ADL-01", source="SRC-07")
def find_step(book: Book, market: Market, queues: Queues, shortfall: Money, missing: Money) -> Step | None:
    """In a market: the oldest losing lot with an eligible counterparty, and of these the first in the queue."""
    lots = (book.lots[lot_id] for lot_id in book.lots_in.get(market.id, ()))
    losing = (lot for lot in lots if lot_loss(book, market, lot) > 0)
    return first_step(book, market, queues, losing, lambda terms: wanted_quantity(terms, shortfall, missing))


@rule("ADL-06")
def find_declared_step(book: Book, market: Market, queues: Queues, side: Direction, left: Quantity) -> Step | None:
    """What a venue declares closes its lots of a side, whether they lose or gain, oldest first, until none is left."""
    lots = (book.lots[lot_id] for lot_id in book.lots_in.get(market.id, ()))
    of_side = (lot for lot in lots if lot.direction == side)
    return first_step(book, market, queues, of_side, lambda _: left)


@rule("ADL-02")
def take_queues(book: Book, market: str, queues: Queues) -> None:
    """Scores and order are taken at the event's first look at a market, and kept for the event."""
    if (market, "long") not in queues:
        queues[market, "long"] = queue_of(book, market, "long")
        queues[market, "short"] = queue_of(book, market, "short")


@rule("ADL-04")
def leave_queue(queues: Queues, key: PositionKey, held: Quantity) -> None:
    """A position whose quantity was found by halving is not eligible in that market for the rest of the event."""
    place: tuple[str, Direction] = (key.market, "long" if held > 0 else "short")
    queues[place] = tuple(ranked for ranked in queues[place] if ranked.key != key)


@rule("ADL-03", source="SRC-06 SRC-07")
def deleverage(transaction: Transaction, market: Market, step: Step) -> None:
    """The pair is closed at the step's value, without tick or fee; what is left of a closed lot's cost passes on.

    What a lot gains, which only a declared step closes, is released as in a fill and goes to the reserve.
    """
    lot, key, part, value = step.lot, step.counterparty, step.quantity, step.value
    closing = part if lot.quantity > 0 else Quantity(-part)
    position_cost, held = cost_of(transaction, key), transaction.positions[key]
    released = released_cost(lot_cost(transaction, lot.id), Quantity(abs(lot.quantity)), part)
    gain = Money(value - released) if lot_loss(transaction, market, lot) <= 0 else NOTHING
    heir = heir_of(transaction, lot)
    transaction.move(market.asset, ledger.position(*key), ledger.lot(lot.id), value, "ADL-03")
    transaction.reduce_lot(lot, Quantity(lot.quantity - closing))
    domain = domain_of(transaction, key)
    part_closed = Part(key, domain, cash_account(domain), closing, Money(-value), position_cost)
    realise(transaction, market, part_closed, "ADL-03")
    if key not in transaction.positions and not domain.is_cross:
        return_all_margin(transaction, domain)
    transaction.transfer(market.asset, ledger.lot(lot.id), ledger.reserve(market.id), gain, "LIQ-05")
    if lot.id not in transaction.lots and heir is not None:
        rest = lot_cost(transaction, lot.id)
        transaction.move(market.asset, ledger.lot(heir.id), ledger.lot(lot.id), rest, "ADL-03")
    loss = Money(value - market.at_mark(closing))
    transaction.effects.append(Deleveraged(lot.id, key, part, value, loss))
    transaction.count_funds(market.id, deleveraged=loss, inflow=gain)
    transaction.suspects.add(domain)
    if step.is_last:
        leave_queue(transaction.queues, key, held)
