"""Margin: values at mark, maintenance and initial margin, equity and health of a domain, orders, what may move."""

from marginspec.model.account import DEFAULT_LEVERAGE
from marginspec_engine import layout
from marginspec_engine.kernels import margin
from marginspec_engine.kernels.limits import MAX_VALUE
from marginspec_engine.layout import NONE
from marginspec_engine.memory.words import (
    Words,
    account_row,
    at,
    domain_row,
    lookup,
    lot_row,
    market_row,
    order_row,
    position_row,
)
from marginspec_engine.rules.transaction import too_wide

SETTING_MODES = 4
"""A setting's word is its leverage (0 if not set) times this, and one more than its margin mode (0 if not set)."""


def setting_of(book: Words, account: int, market: int) -> int:
    """What an account has set for a market; 0 if nothing."""
    return max(0, lookup(book, layout.SETTING_MAP, (account << 32) | market))


def margin_mode_of(book: Words, account: int, market: int) -> int:
    """An account's margin mode in a market; cross until set (ACC-01)."""
    return max(layout.CROSS, setting_of(book, account, market) % SETTING_MODES - 1)


def leverage_of(book: Words, account: int, market: int) -> int:
    """An account's leverage in a market; until set, 20 or the first tier's maximum if that is less (ACC-01)."""
    chosen = setting_of(book, account, market) // SETTING_MODES
    if chosen > 0:
        return chosen
    return min(DEFAULT_LEVERAGE, market_row(book, market)[layout.TIERS + layout.LEVERAGES])


def value_at_mark(market: Words, quantity: int) -> int:
    """Value of lots at mark, signed like them; needs no more of them than MOST_LOTS."""
    return margin.value_of(market[layout.MARK], quantity, market[layout.QUANTA_PER_UNIT])


def tier_of(market: Words, notional: int) -> int:
    """Which of a market's tiers holds a notional, counted from 0."""
    return margin.tier_place(notional, at(market, layout.TIERS + layout.FLOORS), 0, market[layout.TIER_COUNT])


def tier_maintenance(market: Words, notional: int, tier: int) -> int:
    """Maintenance margin of a notional that a tier holds."""
    columns = at(market, layout.TIERS + tier)
    return margin.maintenance_margin(
        notional, columns[layout.RATES], columns[layout.DEDUCTION_QUANTA], columns[layout.DEDUCTION_RESTS]
    )


def maintenance_of(market: Words, notional: int) -> int:
    """Maintenance margin of a notional."""
    return tier_maintenance(market, notional, tier_of(market, notional))


def domain_margin(book: Words, domain: int) -> tuple[int, int]:
    """Equity and maintenance margin of a domain at mark (ACC-03, MRG-04)."""
    words = domain_row(book, domain)
    equity, maintenance = words[layout.CASH], 0
    number = words[layout.FIRST]
    while number != NONE:
        position = position_row(book, number)
        market = market_row(book, position[layout.MARKET])
        value = value_at_mark(market, position[layout.QUANTITY])
        equity = margin.equity_with(equity, value, position[layout.COST])
        maintenance = maintenance + maintenance_of(market, abs(value))
        number = position[layout.NEXT]
    return equity, maintenance


def known_margin(book: Words, domain: int) -> tuple[int, int]:
    """The same while the event has queues: of many positions, it is known until the domain changes."""
    words = domain_row(book, domain)
    if words[layout.COUNT] <= 1:
        return domain_margin(book, domain)
    if words[layout.FLAGS] & layout.HAS_KNOWN_MARGIN == 0 or words[layout.KNOWN_EVENT] != book[layout.EVENT]:
        equity, maintenance = domain_margin(book, domain)
        words[layout.KNOWN_EQUITY] = equity
        words[layout.KNOWN_MAINTENANCE] = maintenance
        words[layout.KNOWN_EVENT] = book[layout.EVENT]
        words[layout.FLAGS] = words[layout.FLAGS] | layout.HAS_KNOWN_MARGIN
    return words[layout.KNOWN_EQUITY], words[layout.KNOWN_MAINTENANCE]


def lot_loss(book: Words, number: int) -> int:
    """What a lot loses at mark; negative for a profit (WTF-02)."""
    lot = lot_row(book, number)
    return lot[layout.COST] - value_at_mark(market_row(book, lot[layout.MARKET]), lot[layout.QUANTITY])


def is_flat(book: Words, domain: int) -> bool:
    """Whether a domain has no position."""
    return domain_row(book, domain)[layout.COUNT] == 0


def is_healthy(book: Words, domain: int) -> bool:
    """Whether a domain has no position, or equity above its maintenance margin (MRG-05)."""
    equity, maintenance = domain_margin(book, domain)
    return margin.is_healthy(is_flat(book, domain), equity, maintenance)


def initial_of(market: Words, quantity: int, leverage: int) -> int:
    """Initial margin that lots would need at mark (MRG-02)."""
    notional = abs(value_at_mark(market, quantity))
    tier = tier_of(market, notional)
    maintenance = tier_maintenance(market, notional, tier)
    return margin.initial_margin(notional, leverage, market[layout.TIERS + layout.LEVERAGES + tier], maintenance)


def domain_initial(book: Words, domain: int) -> int:
    """Initial margin of a domain: of its positions, each at its account's leverage in its market (MRG-02)."""
    initial, number = 0, domain_row(book, domain)[layout.FIRST]
    while number != NONE:
        position = position_row(book, number)
        market = market_row(book, position[layout.MARKET])
        leverage = leverage_of(book, position[layout.OWNER], position[layout.MARKET])
        initial = initial + initial_of(market, position[layout.QUANTITY], leverage)
        number = position[layout.NEXT]
    return initial


def side_sign(side: int) -> int:
    """1 for LONG, -1 for SHORT, 0 for BOTH."""
    if side == layout.LONG:
        return 1
    return -1 if side == layout.SHORT else 0


def counts_for_margin(order: Words) -> bool:
    """Whether an order may open its position (MRG-03)."""
    return margin.may_open(side_sign(order[layout.SIDE]), order[layout.QUANTITY], order[layout.REDUCE_ONLY] == 1)


def order_margin(book: Words, account: int, asset: int) -> int:
    """All order margin of an account in an asset, which its cross domain carries (MRG-03)."""
    total = open_losses(book, account, asset)
    number = account_row(book, account)[layout.FIRST_LOADED]
    while number != NONE:
        position = position_row(book, number)
        if market_row(book, position[layout.MARKET])[layout.ASSET] == asset:
            total = total + load_margin(book, position)
            if total > MAX_VALUE:
                too_wide(book)
        number = position[layout.NEXT_LOADED]
    return total


def load_margin(book: Words, position: Words) -> int:
    """What the larger position that a position's orders may lead to needs beyond the present one (MRG-03)."""
    market = market_row(book, position[layout.MARKET])
    held = position[layout.QUANTITY]
    larger = margin.larger_position(held, position[layout.BIDS], position[layout.ASKS])
    if larger > market[layout.MOST_LOTS] or larger < 0:
        too_wide(book)
    leverage = leverage_of(book, position[layout.OWNER], position[layout.MARKET])
    needed, present = initial_of(market, larger, leverage), initial_of(market, held, leverage)
    return margin.order_margin(needed, present, 0)


def open_losses(book: Words, account: int, asset: int) -> int:
    """What those of an account's orders in an asset that may open would lose at once if filled (MRG-03)."""
    total, number = 0, account_row(book, account)[layout.FIRST_ORDER]
    while number != NONE:
        order = order_row(book, number)
        market = market_row(book, order[layout.MARKET])
        if market[layout.ASSET] == asset and counts_for_margin(order) and bears_loss(book, order):
            total = total + open_loss(book, market, order[layout.LIMIT], order[layout.QUANTITY])
            if total > MAX_VALUE:
                too_wide(book)
        number = order[layout.NEXT]
    return total


def bears_loss(book: Words, order: Words) -> bool:
    """Whether the orders of an order's side may leave its position open on that side (MRG-03)."""
    position = position_row(book, order[layout.ORDERED_POSITION])
    bids, asks = position[layout.BIDS], position[layout.ASKS]
    return margin.bears_loss(position[layout.QUANTITY], bids, asks, order[layout.QUANTITY])


def open_loss(book: Words, market: Words, limit: int, quantity: int) -> int:
    """What an order of signed lots at a limit would lose at once if filled."""
    if abs(quantity) > market[layout.MOST_LOTS]:
        too_wide(book)
    at_limit = margin.value_of(limit, quantity, market[layout.QUANTA_PER_UNIT])
    return margin.open_loss(at_limit, value_at_mark(market, quantity))


def reserved_for_orders(book: Words, domain: int) -> int:
    """Order margin that a domain carries: all of the account's in the asset if it is cross, else none (MRG-03)."""
    words = domain_row(book, domain)
    if words[layout.MARKET] != NONE:
        return 0
    account = account_row(book, words[layout.OWNER])
    if account[layout.FIRST_ORDER] == NONE:
        return 0
    return order_margin(book, words[layout.OWNER], words[layout.ASSET])


def demanded_margin(book: Words, domain: int) -> int:
    """What opening and leverage demand of a domain's equity: initial plus order margin (MRG-02, MRG-03)."""
    initial, reserved = domain_initial(book, domain), reserved_for_orders(book, domain)
    if max(initial, reserved) > MAX_VALUE // 2:
        too_wide(book)
    return initial + reserved


def movable(book: Words, domain: int) -> int:
    """What may leave a domain now (MRG-06)."""
    equity, _ = domain_margin(book, domain)
    cash = domain_row(book, domain)[layout.CASH]
    return margin.movable_margin(cash, equity, domain_initial(book, domain), reserved_for_orders(book, domain))
