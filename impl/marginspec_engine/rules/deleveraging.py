"""Auto-deleveraging: who is closed against which lot, by how much, at what value."""

from marginspec_engine import layout
from marginspec_engine.index.queues import first_eligible, oldest_bearable, refresh_leaves, refresh_lot, take_queues
from marginspec_engine.index.shortfalls import dismiss, line_up, recount, set_aside, shortest_market, take_up_restoring
from marginspec_engine.index.suspects import suspect
from marginspec_engine.kernels import deleveraging as kernels
from marginspec_engine.kernels import trading as trading_kernels
from marginspec_engine.layout import NONE
from marginspec_engine.memory.lots import reduce_lot
from marginspec_engine.memory.words import Words, at, domain_row, lot_row, market_row, position_row, push
from marginspec_engine.rules.closing import realise, return_all_margin
from marginspec_engine.rules.margin import known_margin, lot_loss
from marginspec_engine.rules.transaction import effect, ledger_word, move
from marginspec_engine.rules.waterfall import count_funds, shortfall

Step = tuple[int, int, int]
"""A lot, its counterparty's position, and how many lots are closed; a quantity of 0 is no step."""


def deleverage_all(book: Words, asset: int, missing: int) -> int:
    """Deleverage by steps while so much (> 0) of cover is missing and a pair is left; gives what is then (ADL-01)."""
    line_up(book, asset)
    while missing > 0:
        step = next_step(book, missing)
        if step[2] == 0:
            break
        market = market_row(book, lot_row(book, step[0])[layout.MARKET])
        before = shortfall(market)
        deleverage(book, step)
        missing = max(0, missing - (before - shortfall(market)))
        recount(book, market)
    dismiss(book)
    return missing


def next_step(book: Words, missing: int) -> Step:
    """A step is in the market with the largest positive shortfall, ties by id, that has an eligible pair (ADL-01)."""
    refresh_leaves(book)
    take_up_restoring(book, missing)
    number = shortest_market(book)
    while number != NONE:
        market = market_row(book, number)
        step = find_step(book, number, shortfall(market), missing)
        if step[2] > 0:
            return step
        set_aside(book, market, missing)
        number = shortest_market(book)
    return NONE, NONE, 0


def find_step(book: Words, number: int, short: int, missing: int) -> Step:
    """In a market: the oldest losing lot with an eligible counterparty, and the first of these (ADL-01)."""
    take_queues(book, number)
    market = market_row(book, number)
    most = kernels.most_loss(short, missing)
    lot_number = oldest_bearable(book, market, most)
    while lot_number != NONE:
        counterparty = first_eligible(book, market, lot_number)
        if counterparty != NONE:
            return lot_number, counterparty, closed_quantity(book, lot_number, counterparty, short, missing)
        lot_number = oldest_bearable(book, market, most)
    return NONE, NONE, 0


def closed_quantity(book: Words, number: int, counterparty: int, short: int, missing: int) -> int:
    """How much of a losing lot is closed against a counterparty that is eligible (ADL-01, ADL-04)."""
    lot, position = lot_row(book, number), position_row(book, counterparty)
    equity, maintenance = known_margin(book, position[layout.DOMAIN])
    sizes, spare = (abs(lot[layout.QUANTITY]), abs(position[layout.QUANTITY])), equity - maintenance
    quantity = kernels.step_quantity(lot_loss(book, number), sizes[0], short, missing, sizes[1], spare)
    # T-KERNEL-30
    assert quantity > 0
    return quantity


def deleverage(book: Words, step: Step) -> None:
    """The pair is closed at the lot's bankruptcy value, pro rata, without tick or fee, nothing left over (ADL-03)."""
    number, counterparty, part = step
    lot, position = lot_row(book, number), position_row(book, counterparty)
    market_number, held, domain = lot[layout.MARKET], lot[layout.QUANTITY], position[layout.DOMAIN]
    market = market_row(book, market_number)
    closing = part if held > 0 else -part
    loss_before = lot_loss(book, number)
    value = trading_kernels.released_cost(lot[layout.COST], abs(held), part)
    cost = position[layout.COST]
    accounts = ledger_word(layout.POSITION_OF, counterparty), ledger_word(layout.LOT_OF, number)
    move(book, market[layout.ASSET], accounts[0], accounts[1], value, layout.ADL_03)
    reduce_lot(book, number, held - closing)
    realise(book, market, counterparty, domain, closing, -value, cost, layout.ADL_03)
    refresh_lot(book, number, held)
    if position[layout.QUANTITY] == 0 and domain_row(book, domain)[layout.MARKET] != NONE:
        return_all_margin(book, domain)
    released = loss_before - (lot_loss(book, number) if lot[layout.QUANTITY] != 0 else 0)
    lot_id, account, side = lot[layout.NUMBER], position[layout.OWNER], position[layout.SIDE]
    effect(book, layout.COUNTERPARTY_DELEVERAGED, lot_id, account, market_number, side, part, value, released)
    count_funds(book, market_number, layout.DELEVERAGED, released)
    suspect(book, domain)
    if lot[layout.QUANTITY] == 0:
        push(book, at(book, layout.CLOSED_LOTS), number)
