"""Liquidation: cancelling orders, step-down through the tiers, takeover, and fills of the lots."""

from marginspec_engine.index.sorting import order_name_comes_first
from marginspec_engine.index.suspects import expose
from marginspec_engine.index.touched import touch
from marginspec_engine.kernels import margin
from marginspec_engine.kernels import trading as trading_kernels
from marginspec_engine.kernels import waterfall as kernels
from marginspec_engine.layout import (
    ACCOUNT,
    ACCOUNTS,
    ASSET,
    CHOICE,
    CLEARANCE_FEE,
    COST,
    CROSS,
    DOMAIN_LIQUIDATED,
    DOMAIN_ROW,
    DOMAINS,
    EVENT_MARKET,
    FIRST,
    FIRST_ACCOUNT,
    FIRST_LOT,
    FIRST_ORDER,
    FIRST_SIDE,
    FLOORS,
    INFLOW,
    ISOLATED_MODE,
    LEGS,
    LIQ_02,
    LIQ_03,
    LIQ_05,
    LOT,
    LOT_OF,
    LOTS,
    MAKER_FEE,
    MARK,
    MARKET,
    MARKET_POSITIONS,
    MARKET_ROW,
    MARKETS,
    NEXT,
    NONE,
    OF_MARKET,
    OPEN_INTEREST,
    ORDER,
    ORDERS,
    OWNER,
    POSITION,
    POSITION_OF,
    POSITIONS,
    QUANTA_PER_UNIT,
    QUANTITY,
    RESERVE_OF,
    SIDE,
    STEP_DOWN,
    TAKEOVER,
    TIERS,
    USED,
    WORKING,
    reasons,
)
from marginspec_engine.memory.rows import cancel, free_lot, open_lot, reduce_lot
from marginspec_engine.memory.words import Words, at, items, push, reserve, row
from marginspec_engine.rules.guards import event_word, fits_side, is_account, is_listed, quantity_in, tick_price_in
from marginspec_engine.rules.margin import domain_margin, is_flat, maintenance_of, tier_of, value_at_mark
from marginspec_engine.rules.trading import (
    book_leg,
    check_booked,
    check_open_interest,
    fill_leg,
    realise,
    return_all_margin,
    traded_position,
)
from marginspec_engine.rules.transaction import cash_of, effect, move, named, transfer
from marginspec_engine.rules.waterfall import count_funds, draw_loss, uncovered_shortfall


def liquidate(book: Words, domain: int) -> None:
    """An unhealthy domain loses its orders, is stepped down while that helps, and taken over if not (LIQ-01)."""
    equity, maintenance = domain_margin(book, domain)
    words = row(book, DOMAINS, domain, DOMAIN_ROW)
    liquidated = effect(book, DOMAIN_LIQUIDATED, 7)
    liquidated[1] = words[OWNER]
    liquidated[2] = words[ASSET]
    liquidated[3] = words[MARKET]
    liquidated[4] = words[SIDE]
    liquidated[5] = equity
    liquidated[6] = maintenance
    touch(book, domain)
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
    words = row(book, DOMAINS, domain, DOMAIN_ROW)
    working = at(book, WORKING)
    working[USED] = 0
    number = row(book, ACCOUNTS, words[OWNER], ACCOUNT)[FIRST_ORDER]
    while number != NONE:
        order = row(book, ORDERS, number, ORDER)
        is_cross = words[MARKET] == NONE
        in_asset = row(book, MARKETS, order[MARKET], MARKET_ROW)[ASSET] == words[ASSET]
        of_position = order[MARKET] == words[MARKET] and order[SIDE] == words[SIDE]
        if of_position or (is_cross and in_asset):
            push(book, working, number)
        number = order[NEXT]
    sort_orders(book)
    for place in range(working[USED]):
        cancel(book, items(book, working)[place])


def sort_orders(book: Words) -> None:
    """Put the orders in WORKING in the order of their names; few, as a rule, so one by one."""
    orders, count = items(book, at(book, WORKING)), at(book, WORKING)[USED]
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
    number = row(book, DOMAINS, domain, DOMAIN_ROW)[FIRST]
    while number != NONE:
        position = row(book, POSITIONS, number, POSITION)
        market = row(book, MARKETS, position[MARKET], MARKET_ROW)
        notional = abs(value_at_mark(market, position[QUANTITY]))
        maintenance = maintenance_of(market, notional)
        if tier_of(market, notional) > 0 and maintenance > largest:
            chosen, largest = number, maintenance
        number = position[NEXT]
    return chosen


def step_down(book: Words, domain: int, number: int, equity: int) -> None:
    """The engine takes the cut as a lot, at mark less the clearance fee; the account keeps the rest (LIQ-02)."""
    position = row(book, POSITIONS, number, POSITION)
    market = row(book, MARKETS, position[MARKET], MARKET_ROW)
    held = position[QUANTITY]
    notional = abs(value_at_mark(market, held))
    floor = market[TIERS + FLOORS + tier_of(market, notional)]
    size = kernels.stepped_down_size(floor, value_at_mark(market, 1))
    cut = held - size if held > 0 else held + size
    released = maintenance_of(market, notional) - maintenance_of(market, value_at_mark(market, size))
    fee = kernels.clearance_fee(abs(value_at_mark(market, cut)), market[CLEARANCE_FEE], released, equity)
    take_lot(book, domain, number, cut, fee, STEP_DOWN)
    if size == 0 and row(book, DOMAINS, domain, DOMAIN_ROW)[MARKET] != NONE:
        return_all_margin(book, domain)


def take_over(book: Words, domain: int, equity: int) -> None:
    """The engine takes every position over at its bankruptcy value; the domain's cash is zero then (LIQ-03).

    Equity is shared over the positions by maintenance; a negative one over those of the event's market only.
    """
    event_market = book[EVENT_MARKET] if equity < 0 else NONE
    total = shared_maintenance(book, domain, event_market)
    left = abs(equity) - floors_of_shares(book, domain, event_market, abs(equity), total)
    number = row(book, DOMAINS, domain, DOMAIN_ROW)[FIRST]
    while number != NONE:
        position = row(book, POSITIONS, number, POSITION)
        following, share = position[NEXT], 0
        if event_market == NONE or position[MARKET] == event_market:
            share, left = kernels.equity_share(equity, position_maintenance(book, number), total, left)
        take_lot(book, domain, number, position[QUANTITY], share, TAKEOVER)
        number = following


def position_maintenance(book: Words, number: int) -> int:
    """Maintenance margin of a position at mark."""
    position = row(book, POSITIONS, number, POSITION)
    market = row(book, MARKETS, position[MARKET], MARKET_ROW)
    return maintenance_of(market, abs(value_at_mark(market, position[QUANTITY])))


def shared_maintenance(book: Words, domain: int, event_market: int) -> int:
    """Maintenance of a domain's positions, or of those in one market."""
    total, number = 0, row(book, DOMAINS, domain, DOMAIN_ROW)[FIRST]
    while number != NONE:
        position = row(book, POSITIONS, number, POSITION)
        if event_market == NONE or position[MARKET] == event_market:
            total = total + position_maintenance(book, number)
        number = position[NEXT]
    return total


def floors_of_shares(book: Words, domain: int, event_market: int, amount: int, total: int) -> int:
    """The floors of all shares of an amount, together (NUM-02)."""
    floors, number = 0, row(book, DOMAINS, domain, DOMAIN_ROW)[FIRST]
    while number != NONE:
        position = row(book, POSITIONS, number, POSITION)
        if event_market == NONE or position[MARKET] == event_market:
            floors = floors + kernels.share_floor(amount, position_maintenance(book, number), total)
        number = position[NEXT]
    return floors


def take_lot(book: Words, domain: int, number: int, quantity: int, paid: int, reason: int) -> None:
    """What the engine takes of a position becomes a lot; its cost is its value at mark less what is paid (LIQ-04)."""
    position = row(book, POSITIONS, number, POSITION)
    market_number, cost = position[MARKET], position[COST]
    market = row(book, MARKETS, market_number, MARKET_ROW)
    value, cash = value_at_mark(market, quantity), cash_of(book, domain)
    mode = CROSS if row(book, DOMAINS, domain, DOMAIN_ROW)[MARKET] == NONE else ISOLATED_MODE
    taken = named(LOT_OF, open_lot(book, number, mode, quantity, value - paid, reason))
    rule = LIQ_02 if reason == STEP_DOWN else LIQ_03
    move(book, market[ASSET], taken, named(POSITION_OF, number), value, rule)
    realise(book, market, number, domain, -quantity, value, cost, rule)
    move(book, market[ASSET], cash, taken, paid, rule)


# ----------------------------------------------------------------- fills


def liquidation_fill(book: Words) -> int:
    """The engine closes lots, oldest first: profits to the reserve, losses from the waterfall (LIQ-05)."""
    number, account = event_word(book, OF_MARKET), event_word(book, FIRST_ACCOUNT)
    if not is_listed(book):
        return reasons.UNKNOWN_MARKET
    if not is_account(book, account):
        return reasons.UNKNOWN_ACCOUNT
    market = row(book, MARKETS, number, MARKET_ROW)
    if market[MARK] == 0:
        return reasons.NO_MARK
    price = tick_price_in(book, market)
    if price == 0:
        return reasons.INVALID_PRICE
    size = quantity_in(book, market, price)
    if size == 0:
        return reasons.INVALID_QUANTITY
    quantity = size if event_word(book, CHOICE) == 1 else -size
    reserve(book, at(market, MARKET_POSITIONS), 2)
    counterparty = traded_position(book, FIRST_ACCOUNT, FIRST_SIDE, quantity)
    if not fits_side(book, row(book, POSITIONS, counterparty, POSITION), quantity):
        return reasons.WRONG_POSITION_SIDE
    if not choose_lots(book, market, quantity):
        return reasons.NO_INVENTORY
    return fill_lots(book, number, counterparty, quantity, price)


LOT_CHOICE = 3
"""Words of a chosen lot in WORKING: its row, its part (> 0), and its profit once closed."""


def choose_lots(book: Words, market: Words, quantity: int) -> bool:
    """Leave in WORKING the lots to close, oldest first, of the direction of signed lots; False if too few (LIQ-04)."""
    working, left = at(book, WORKING), abs(quantity)
    working[USED] = 0
    number = market[FIRST_LOT]
    while number != NONE and left > 0:
        lot = row(book, LOTS, number, LOT)
        if (lot[QUANTITY] > 0) == (quantity > 0):
            part = min(left, abs(lot[QUANTITY]))
            push(book, working, number)
            push(book, working, part)
            push(book, working, 0)
            left = left - part
        number = lot[NEXT]
    return left == 0


def fill_lots(book: Words, number: int, counterparty: int, quantity: int, price: int) -> int:
    """Close the chosen lots against a counterparty's position, and book its side (LIQ-05)."""
    market = row(book, MARKETS, number, MARKET_ROW)
    open_interest = market[OPEN_INTEREST]
    leg = at(book, LEGS)
    fill_leg(book, leg, counterparty, quantity, price, market[MAKER_FEE])
    reason = close_lots(book, number, counterparty, price)
    if reason != reasons.ACCEPTED:
        return reason
    book_leg(book, market, leg)
    reason = check_booked(book, 1)
    check_open_interest(book, market, open_interest)
    expose(book, market[ASSET])
    book[EVENT_MARKET] = number
    return reason


def close_lots(book: Words, number: int, counterparty: int, price: int) -> int:
    """First all profits go to the market's reserve, in lot order, then all losses are drawn (LIQ-05, WTF-01)."""
    market = row(book, MARKETS, number, MARKET_ROW)
    asset, working = market[ASSET], at(book, WORKING)
    uncovered = uncovered_shortfall(book, asset)
    chosen = items(book, working)
    for place in range(0, working[USED], LOT_CHOICE):
        chosen[place + 2] = close_lot(book, market, counterparty, chosen[place], chosen[place + 1], price)
    for place in range(0, working[USED], LOT_CHOICE):
        if chosen[place + 2] > 0:
            lot = named(LOT_OF, chosen[place])
            transfer(book, asset, lot, named(RESERVE_OF, number), chosen[place + 2], LIQ_05)
            count_funds(book, number, INFLOW, chosen[place + 2])
    for place in range(0, working[USED], LOT_CHOICE):
        if chosen[place + 2] < 0:
            reason = draw_loss(book, chosen[place], -chosen[place + 2])
            if reason != reasons.ACCEPTED:
                return reason
    for place in range(0, working[USED], LOT_CHOICE):
        if row(book, LOTS, chosen[place], LOT)[QUANTITY] == 0:
            free_lot(book, chosen[place])
    return reasons.ACCEPTED if uncovered_shortfall(book, asset) <= uncovered else reasons.COVER_EXCEEDED


def close_lot(book: Words, market: Words, counterparty: int, number: int, part: int, price: int) -> int:
    """A lot's cost is released pro rata so that its profit rounds down; gives the profit (LIQ-05, ACC-02)."""
    lot = row(book, LOTS, number, LOT)
    held, cost = lot[QUANTITY], lot[COST]
    quantity = part if held > 0 else -part
    value = margin.value_of(price, quantity, market[QUANTA_PER_UNIT])
    move(book, market[ASSET], named(POSITION_OF, counterparty), named(LOT_OF, number), value, LIQ_05)
    reduce_lot(book, number, held - quantity)
    return value - trading_kernels.released_cost(cost, abs(held), part)
