"""A state into an engine's tables."""

import attrs

from marginspec.model.account import PositionKey
from marginspec.model.ledger import external, house, insurance, isolated, lot, position, relief, reserve
from marginspec.model.market import Market
from marginspec.model.state import State
from marginspec_engine import layout
from marginspec_engine.index.triggers import box_stale
from marginspec_engine.layout import NONE
from marginspec_engine.layout.rows import LOT_REASONS, MARGIN_MODES, POSITION_MODES, SIDES
from marginspec_engine.memory import lots, orders, positions
from marginspec_engine.memory import words as memory
from marginspec_engine.memory.tables import TEXTS_OF, Tables
from marginspec_engine.rules.claims import list_claimants
from marginspec_engine.rules.margin import SETTING_MODES
from marginspec_engine.rules.market import FeeRates, LimitRow, tier_row
from marginspec_engine.rules.markets import most_lots


def load_state(tables: Tables, state: State) -> None:
    """Put everything that a state holds into empty tables."""
    for market in state.markets.values():
        load_market(tables, state, market)
    for closed in state.closed_markets:
        tables.close_market(tables.market(closed))
    tables.rank()
    for account in sorted(state.accounts):
        number = tables.account(account)
        tables.row(layout.ACCOUNTS, number, layout.ACCOUNT)[layout.MODE] = POSITION_MODES.index(state.accounts[account])
    load_settings(tables, state)
    load_cash(tables, state)
    for key, quantity in state.positions.items():
        load_position(tables, state, key, quantity)
    load_orders(tables, state)
    load_lots(tables, state)
    tables.book[layout.NEXT_LOT] = state.next_lot
    for asset, amount in state.uncovered.items():
        tables.asset_rows()[tables.asset(asset), layout.UNCOVERED] = amount
        tables.book[layout.UNCOVERED_ASSETS] += 1
    load_claims(tables, state)
    box_stale(tables.words)
    undone = memory.at(tables.words, layout.UNDONE)
    undone[layout.USED] = 0
    memory.at(tables.words, layout.EFFECTS)[layout.USED] = 0
    for of in TEXTS_OF:
        tables.names(of).fresh = 0


def load_market(tables: Tables, state: State, market: Market) -> None:
    """A market with its parameters, mark, reserve and counters."""
    number, asset = tables.market(market.id), tables.asset(market.asset)
    tables.list_market(number, asset, (market.price_decimals, market.quantity_decimals), market.tick)
    tiers = market.tiers.tiers
    tables.set_tiers(number, (tier_row(t.floor, t.max_leverage, t.maintenance_rate, t.deduction) for t in tiers))
    fees = market.fees
    tables.set_fees(number, FeeRates(fees.taker_fee, fees.maker_fee, fees.insurance_fee_share, fees.clearance_fee))
    tables.set_limits(number, LimitRow(*(limit or 0 for limit in attrs.astuple(market.limits))))
    words = tables.row(layout.MARKETS, number, layout.MARKET_ROW)
    words[layout.RESERVE] = state.balance(reserve(market.id))
    if market.mark is not None:
        words[layout.MARK] = market.mark
        words[layout.MOST_LOTS] = most_lots(market.mark, market.quanta_per_unit)
    status = state.fund_status.get(market.id)
    if status is not None:
        words[layout.HAS_STATUS] = 1
        for place, counter in enumerate(layout.FUND_COUNTERS):
            words[layout.STATUS + place] = getattr(status, counter)


def load_settings(tables: Tables, state: State) -> None:
    """What accounts have set for markets."""
    for (account, market), setting in state.settings.items():
        memory.make_room(tables.words, layout.SETTING_MAP)
        key = (tables.account(account) << 32) | tables.market(market)
        mode = 0 if setting.margin_mode is None else 1 + MARGIN_MODES.index(setting.margin_mode)
        memory.insert(tables.words, layout.SETTING_MAP, key, (setting.leverage or 0) * SETTING_MODES + mode)


def load_cash(tables: Tables, state: State) -> None:
    """What assets' own accounts hold, and every wallet."""
    for name, balance in state.ledger.items():
        if name.kind == "wallet":
            number = positions.wallet_of(tables.words, tables.account(name.account), tables.asset(name.asset))
            tables.row(layout.DOMAINS, number, layout.DOMAIN_ROW)[layout.CASH] = balance
        elif name.asset:
            tables.asset(name.asset)
    for asset, number in tables.assets.numbers.items():
        words = tables.row(layout.ASSETS, number, layout.ASSET_ROW)
        words[layout.EXTERNAL] = state.balance(external(asset))
        words[layout.INSURANCE] = state.balance(insurance(asset))
        words[layout.RELIEF] = state.balance(relief(asset))
        words[layout.HOUSE] = state.balance(house(asset))


def load_position(tables: Tables, state: State, key: PositionKey, quantity: int) -> None:
    """An open position, in its domain, which has its cash if it is isolated."""
    words, side = tables.words, SIDES.index(key.side)
    number = positions.position_of(words, tables.account(key.account), tables.market(key.market), side)
    domain = positions.domain_of(words, number)
    own = tables.row(layout.DOMAINS, domain, layout.DOMAIN_ROW)
    if own[layout.MARKET] != NONE:
        own[layout.CASH] = state.balance(isolated(*key))
    market = memory.row(words, layout.MARKETS, tables.market(key.market), layout.MARKET_ROW)
    memory.reserve(words, memory.at(market, layout.MARKET_POSITIONS), 1)
    positions.set_position(words, number, domain, quantity)
    tables.row(layout.POSITIONS, number, layout.POSITION)[layout.COST] = -state.balance(position(*key))


def load_claims(tables: Tables, state: State) -> None:
    """Every claim on relief, of a domain that need not have a position."""
    words = tables.words
    for claims in state.relief_claims.values():
        for domain, claim in claims.items():
            owner = tables.account(domain.account)
            if domain.is_cross:
                number = positions.wallet_of(words, owner, tables.asset(domain.asset))
            else:
                market = tables.market(domain.market)
                # A market that is closed has no asset of its own: only claims of its positions are left, in one.
                memory.market_row(words, market)[layout.ASSET] = tables.asset(domain.asset)
                held = positions.position_of(words, owner, market, SIDES.index(domain.side))
                number = positions.isolated_of(words, held)
            tables.row(layout.DOMAINS, number, layout.DOMAIN_ROW)[layout.CLAIM] = claim
    list_claimants(words)


def load_orders(tables: Tables, state: State) -> None:
    """Every open order."""
    words = tables.words
    for account, placed in state.orders.items():
        owner = tables.account(account)
        for order in placed.values():
            market, side = tables.market(order.market), SIDES.index(order.position_side)
            held = positions.position_of(words, owner, market, side)
            memory.make_room(words, layout.ORDER_MAP)
            number = orders.free_order_row(words)
            row = tables.row(layout.ORDERS, number, layout.ORDER)
            row[layout.MARKET], row[layout.SIDE], row[layout.QUANTITY] = market, side, order.quantity
            row[layout.LIMIT], row[layout.REDUCE_ONLY] = order.price, order.reduce_only
            row[layout.ORDERED_POSITION] = held
            orders.new_order(words, owner, tables.order(order.id), number)
            orders.load(words, memory.row(words, layout.ORDERS, number, layout.ORDER), order.quantity, 1)


def load_lots(tables: Tables, state: State) -> None:
    """Every lot, oldest first."""
    words = tables.words
    for lot_id in sorted(state.lots):
        taken = state.lots[lot_id]
        market = tables.market(taken.market)
        number = positions.position_of(words, tables.account(taken.account), market, SIDES.index(taken.side))
        cost = -state.balance(lot(lot_id))
        tables.book[layout.NEXT_LOT] = lot_id
        mode, reason = MARGIN_MODES.index(taken.margin_mode), LOT_REASONS.index(taken.reason)
        row = lots.open_lot(words, number, mode, taken.quantity, cost, reason)
        tables.row(layout.LOTS, row, layout.LOT)[layout.COST] = cost
        lots_cost = tables.market_rows()[:, layout.LOTS_COST]
        lots_cost[market] += cost
