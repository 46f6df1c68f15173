"""Liquidation: cancelling orders, step-down through the tiers, takeover, and fills of the lots."""

from marginspec_engine import layout
from marginspec_engine.index.sorting import order_name_comes_first
from marginspec_engine.index.stale import mark_stale
from marginspec_engine.kernels import margin
from marginspec_engine.kernels import waterfall as kernels
from marginspec_engine.layout import NONE, USED
from marginspec_engine.memory.lots import open_lot
from marginspec_engine.memory.orders import cancel
from marginspec_engine.memory.words import (
    Words,
    account_row,
    at,
    domain_row,
    items,
    market_row,
    order_row,
    position_row,
    push,
)
from marginspec_engine.rules.claims import use_claim
from marginspec_engine.rules.closing import realise, return_all_margin
from marginspec_engine.rules.margin import domain_margin, is_flat, maintenance_of, tier_of, value_at_mark
from marginspec_engine.rules.transaction import cash_of, effect, ledger_word, move


def liquidate(book: Words, domain: int) -> None:
    """An unhealthy domain loses its orders, is stepped down while that helps, and taken over if not (LIQ-01)."""
    equity, maintenance = domain_margin(book, domain)
    words = domain_row(book, domain)
    owner, asset, market, side = words[layout.OWNER], words[layout.ASSET], words[layout.MARKET], words[layout.SIDE]
    effect(book, layout.DOMAIN_LIQUIDATED, owner, asset, market, side, equity, maintenance)
    mark_stale(book, domain)
    cancel_orders(book, domain)
    while not margin.is_healthy(is_flat(book, domain), equity, maintenance):
        number = position_to_step_down(book, domain, equity)
        if number == NONE:
            take_over(book, domain, equity)
            return
        step_down(book, domain, number, equity)
        equity, maintenance = domain_margin(book, domain)


def cancel_orders(book: Words, domain: int) -> None:
    """Cross: all of the account's orders in the asset; isolated: those of the position; by name (LIQ-01)."""
    words = domain_row(book, domain)
    working = at(book, layout.WORKING)
    working[USED] = 0
    number = account_row(book, words[layout.OWNER])[layout.FIRST_ORDER]
    while number != NONE:
        order = order_row(book, number)
        is_cross = words[layout.MARKET] == NONE
        in_asset = market_row(book, order[layout.MARKET])[layout.ASSET] == words[layout.ASSET]
        of_position = order[layout.MARKET] == words[layout.MARKET] and order[layout.SIDE] == words[layout.SIDE]
        if of_position or (is_cross and in_asset):
            push(book, working, number)
        number = order[layout.NEXT]
    sort_orders(book)
    for place in range(working[USED]):
        cancel(book, items(book, working)[place])


def sort_orders(book: Words) -> None:
    """Put the orders in WORKING in the order of their names; few, as a rule, so one by one."""
    orders, count = items(book, at(book, layout.WORKING)), at(book, layout.WORKING)[USED]
    for place in range(1, count):
        moved, gap = orders[place], place
        while gap > 0 and order_name_comes_first(book, moved, orders[gap - 1]):
            orders[gap] = orders[gap - 1]
            gap = gap - 1
        orders[gap] = moved


def position_to_step_down(book: Words, domain: int, equity: int) -> int:
    """Of positions above the lowest tier, the one of largest maintenance; none without positive equity (LIQ-02)."""
    chosen, largest = NONE, 0
    if equity <= 0:
        return chosen
    number = domain_row(book, domain)[layout.FIRST]
    while number != NONE:
        position = position_row(book, number)
        market = market_row(book, position[layout.MARKET])
        notional = abs(value_at_mark(market, position[layout.QUANTITY]))
        maintenance = maintenance_of(market, notional)
        if tier_of(market, notional) > 0 and maintenance > largest:
            chosen, largest = number, maintenance
        number = position[layout.NEXT]
    return chosen


def step_down(book: Words, domain: int, number: int, equity: int) -> None:
    """The engine takes the cut as a lot, at mark less the clearance fee; the account keeps the rest (LIQ-02)."""
    position = position_row(book, number)
    market = market_row(book, position[layout.MARKET])
    held = position[layout.QUANTITY]
    notional = abs(value_at_mark(market, held))
    floor = market[layout.TIERS + layout.FLOORS + tier_of(market, notional)]
    size = kernels.stepped_down_size(floor, value_at_mark(market, 1))
    cut = held - size if held > 0 else held + size
    released = maintenance_of(market, notional) - maintenance_of(market, value_at_mark(market, size))
    fee = kernels.clearance_fee(abs(value_at_mark(market, cut)), market[layout.CLEARANCE_FEE], released, equity)
    take_lot(book, domain, number, cut, fee, layout.STEP_DOWN)
    if size == 0 and domain_row(book, domain)[layout.MARKET] != NONE:
        return_all_margin(book, domain)


def take_over(book: Words, domain: int, equity: int) -> None:
    """The engine takes every position over at its bankruptcy value; the domain's cash is zero then (LIQ-03).

    Equity is shared over the positions by maintenance; a negative one over those of the event's market only.
    """
    if equity < 0:
        use_claim(book, domain, -equity)
    event_market = book[layout.EVENT_MARKET] if equity < 0 else NONE
    total = shared_maintenance(book, domain, event_market)
    left = abs(equity) - floors_of_shares(book, domain, event_market, abs(equity), total)
    number = domain_row(book, domain)[layout.FIRST]
    while number != NONE:
        position = position_row(book, number)
        following, share = position[layout.NEXT], 0
        if event_market == NONE or position[layout.MARKET] == event_market:
            share, left = kernels.equity_share(equity, position_maintenance(book, number), total, left)
        take_lot(book, domain, number, position[layout.QUANTITY], share, layout.TAKEOVER)
        number = following


def position_maintenance(book: Words, number: int) -> int:
    """Maintenance margin of a position at mark."""
    position = position_row(book, number)
    market = market_row(book, position[layout.MARKET])
    return maintenance_of(market, abs(value_at_mark(market, position[layout.QUANTITY])))


def shared_maintenance(book: Words, domain: int, event_market: int) -> int:
    """Maintenance of a domain's positions, or of those in one market."""
    total, number = 0, domain_row(book, domain)[layout.FIRST]
    while number != NONE:
        position = position_row(book, number)
        if event_market == NONE or position[layout.MARKET] == event_market:
            total = total + position_maintenance(book, number)
        number = position[layout.NEXT]
    return total


def floors_of_shares(book: Words, domain: int, event_market: int, amount: int, total: int) -> int:
    """The floors of all shares of an amount, together (NUM-02)."""
    floors, number = 0, domain_row(book, domain)[layout.FIRST]
    while number != NONE:
        position = position_row(book, number)
        if event_market == NONE or position[layout.MARKET] == event_market:
            floors = floors + kernels.share_floor(amount, position_maintenance(book, number), total)
        number = position[layout.NEXT]
    return floors


def take_lot(book: Words, domain: int, number: int, quantity: int, paid: int, reason: int) -> None:
    """What the engine takes of a position becomes a lot; its cost is its value at mark less what is paid (LIQ-04)."""
    position = position_row(book, number)
    market_number, cost = position[layout.MARKET], position[layout.COST]
    market = market_row(book, market_number)
    value, cash = value_at_mark(market, quantity), cash_of(book, domain)
    mode = layout.CROSS if domain_row(book, domain)[layout.MARKET] == NONE else layout.ISOLATED_MODE
    taken = ledger_word(layout.LOT_OF, open_lot(book, number, mode, quantity, value - paid, reason))
    rule = layout.LIQ_02 if reason == layout.STEP_DOWN else layout.LIQ_03
    move(book, market[layout.ASSET], taken, ledger_word(layout.POSITION_OF, number), value, rule)
    realise(book, market, number, domain, -quantity, value, cost, rule)
    move(book, market[layout.ASSET], cash, taken, paid, rule)
