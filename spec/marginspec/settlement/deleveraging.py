"""Auto-deleveraging: who is closed against which lot, by how much, at what value."""

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
    position_margin,
)
from marginspec.model import ledger
from marginspec.model.account import Direction, DomainKey, Lot, PositionKey
from marginspec.model.effects import Deleveraged
from marginspec.model.market import Market
from marginspec.model.state import Book
from marginspec.model.units import FLAT, Money, Quantity, div_down
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
    """One step of deleveraging: this much (> 0) of a lot is closed against a counterparty."""

    lot: Lot
    counterparty: PositionKey
    quantity: Quantity


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


@rule("ADL-04")
def entry_is_no_worse(held: Quantity, cost: Money, lot_quantity: Quantity, lot_cost: Money) -> bool:
    """A counterparty gives up profit, never principal: its entry, cost over quantity, is no worse than the lot's."""
    entry, bankruptcy = cost * lot_quantity, lot_cost * held
    return entry >= bankruptcy if held > 0 else entry <= bankruptcy


@rule("ADL-01", "ADL-04")
def step_quantity(
    loss: Money, size: Quantity, shortfall: Money, missing: Money, held: Quantity, spare: Money
) -> Quantity:
    """The least quantity whose released loss restores the test, if the shortfall allows it, else the most within it.

    `loss` > 0 is the lot's at mark, `size` > 0 its quantity, `held` > 0 the counterparty's, `spare` its domain's equity
    less maintenance, above the released loss: loss * k / size rounded up. Zero if the pair is not eligible.
    """
    safe = div_down((spare - 1) * size, loss)
    least = div_down((missing - 1) * size, loss) + 1
    wanted = least if shortfall >= missing else div_down(shortfall * size, loss)
    return Quantity(max(0, min(wanted, size, held, safe)))


def lot_loss(book: Book, market: Market, lot: Lot) -> Money:
    """What a lot loses at mark; negative for a profit."""
    return Money(lot_cost(book, lot.id) - market.at_mark(lot.quantity))


@rule("ADL-01", "ADL-04")
def pair_quantity(book: Book, market: Market, lot: Lot, key: PositionKey, shortfall: Money, missing: Money) -> Quantity:
    """How much of a losing lot may be closed against a counterparty; zero if the pair is not eligible."""
    held = book.positions.get(key, FLAT)
    if held == 0 or not entry_is_no_worse(held, cost_of(book, key), lot.quantity, lot_cost(book, lot.id)):
        return FLAT
    domain = domain_margin(book, domain_of(book, key))
    spare = Money(domain.equity - domain.maintenance)
    loss = lot_loss(book, market, lot)
    size, counter_size = Quantity(abs(lot.quantity)), Quantity(abs(held))
    return step_quantity(loss, size, shortfall, missing, counter_size, spare)


@rule("ADL-01", source="SRC-07")
def find_step(book: Book, market: Market, queues: Queues, shortfall: Money, missing: Money) -> Step | None:
    """In a market: the oldest losing lot with an eligible counterparty, and of these the first in the queue."""
    take_queues(book, market.id, queues)
    for lot_id in book.lots_in.get(market.id, ()):
        lot = book.lots[lot_id]
        if lot_loss(book, market, lot) <= 0:
            continue
        opposite: Direction = "short" if lot.direction == "long" else "long"
        for ranked in queues[market.id, opposite]:
            quantity = pair_quantity(book, market, lot, ranked.key, shortfall, missing)
            if quantity > 0:
                return Step(lot, ranked.key, quantity)
    return None


@rule("ADL-02")
def take_queues(book: Book, market: str, queues: Queues) -> None:
    """Scores and order are taken at the event's first look at a market, and kept for the event."""
    if (market, "long") not in queues:
        queues[market, "long"] = queue_of(book, market, "long")
        queues[market, "short"] = queue_of(book, market, "short")


@rule("ADL-03", source="SRC-06 SRC-07")
def deleverage(transaction: Transaction, market: Market, step: Step) -> None:
    """The pair is closed at the lot's bankruptcy value, pro rata, without tick or fee, nothing left over."""
    lot, key, part = step.lot, step.counterparty, step.quantity
    closing = part if lot.quantity > 0 else Quantity(-part)
    loss_before = lot_loss(transaction, market, lot)
    value = released_cost(lot_cost(transaction, lot.id), Quantity(abs(lot.quantity)), part)
    position_cost = cost_of(transaction, key)
    transaction.move(market.asset, ledger.position(*key), ledger.lot(lot.id), value, "ADL-03")
    transaction.reduce_lot(lot, Quantity(lot.quantity - closing))
    domain = domain_of(transaction, key)
    part_closed = Part(key, domain, cash_account(domain), closing, Money(-value), position_cost)
    realise(transaction, market, part_closed, "ADL-03")
    if key not in transaction.positions and not domain.is_cross:
        return_all_margin(transaction, domain)
    left = transaction.lots.get(lot.id)
    released = Money(loss_before - (lot_loss(transaction, market, left) if left is not None else 0))
    transaction.effects.append(Deleveraged(lot.id, key, part, value, released))
    transaction.count_funds(market.id, deleveraged=released)
    transaction.suspects.add(domain)
