"""Columns of the tables: what stands where in a row of accounts, assets, markets, domains, positions, orders or lots.

Rows of a table refer to each other by number, counted from 0; NONE stands for no row.
"""

from typing import get_args

import attrs

from marginspec.model.account import LotReason, MarginMode, PositionMode, PositionSide
from marginspec.model.effects import FundStatus
from marginspec.model.units import MAX_TIERS as MAX_TIERS
from marginspec_engine.layout.memory import VECTOR
from marginspec_engine.layout.places import Places

# ----------------------------------------------------------------- choices, numbered as the rulebook lists their words

SIDES: tuple[PositionSide, ...] = get_args(PositionSide)
MARGIN_MODES: tuple[MarginMode, ...] = get_args(MarginMode)
POSITION_MODES: tuple[PositionMode, ...] = get_args(PositionMode)
LOT_REASONS: tuple[LotReason, ...] = get_args(LotReason)

BOTH, LONG, SHORT = range(len(SIDES))
CROSS, ISOLATED_MODE = range(len(MARGIN_MODES))
ONE_WAY, HEDGE = range(len(POSITION_MODES))
STEP_DOWN, TAKEOVER = range(len(LOT_REASONS))

# ----------------------------------------------------------------- columns of several tables

OWNER, MARKET, SIDE, QUANTITY, COST, NEXT, PREVIOUS = range(7)
"""Of positions, orders, lots and (the first three) domains: account, market, side, quantity, cost, a list's links."""
RANK, ASSET = 6, 7
"""Of accounts, assets and markets: the place of the name among all; of markets and domains: the asset."""

# ----------------------------------------------------------------- positions

_position = Places(PREVIOUS + 1)
DOMAIN, ISOLATED, PLACE = _position.take(3)
"""The domain, that of its own if it is isolated, and where the position stands in its market's list."""
TRIGGER, KEYED = _position.take(2)
"""The nearest mark at which somebody must look at the domain, and the key of the live entry in the heap."""
LEAF, LEAF_EVENT = _position.take(2)
"""The place in the deleveraging queue, and the event whose queue that is."""
BIDS, ASKS, LOADING_ORDERS, NEXT_LOADED, PREVIOUS_LOADED = _position.take(5)
"""Lots of open orders that may open it, bid and asked, how many orders these are, and links of such positions."""
POSITION = _position.in_lines()
"""Three lines of the cache, of which settlement reads two."""

# ----------------------------------------------------------------- domains

_domain = Places(SIDE + 1)
CASH, FIRST, FLAGS, COUNT, ASSET_OF_DOMAIN, WALLET = _domain.take(6)
"""The cash, the first position, flags, the number of positions, the asset, and the cross domain behind it.

MARKET and SIDE are NONE if the domain is cross.
"""
assert ASSET_OF_DOMAIN == ASSET
IS_SUSPECT, HAS_STALE_BOXES, HAS_STALE_LEAVES, HAS_KNOWN_MARGIN = 1, 2, 4, 8
"""Flags: settlement is to look at it; its boxes, its leaves may hold no more; its margin is known."""
KNOWN_EVENT, KNOWN_EQUITY, KNOWN_MAINTENANCE = _domain.take(3)
"""Of a domain of several positions: in which event which equity and maintenance margin became known."""
CLAIM = _domain.one()
"""The claim on the relief of its asset."""
DOMAIN_ROW = _domain.in_lines()
"""Two lines of the cache, of which settlement reads the first."""

# ----------------------------------------------------------------- orders and lots

_order = Places(PREVIOUS + 1)
LIMIT, NAME, REDUCE_ONLY, ORDERED_POSITION = _order.take(4)
ORDER = _order.used

_lot = Places(PREVIOUS + 1)
NUMBER, TAKEN_OF, MARGIN_MODE, REASON, LOT_LEAF = _lot.take(5)
"""The id, the position that it was taken of, why, and the place among its side's lots."""
LOT = _lot.used

# ----------------------------------------------------------------- accounts and assets

MODE, FIRST_ORDER, ORDER_COUNT, OPEN_POSITIONS, NAME_START, NAME_LENGTH = range(RANK)
"""Of an account: its position mode (NONE until it exists), its orders, how many positions, the words of its name."""
_account = Places(RANK + 1)
FIRST_LOADED = _account.one()
ACCOUNT = _account.used

DECIMALS, ASSET_UNIT, EXTERNAL, INSURANCE, HOUSE, CLEARING = range(RANK)
_asset = Places(RANK + 1)
OPEN_VALUE, UNCOVERED, SHARED_FUNDS_MOVED, IS_EXPOSED, AMOUNT_SCALE, RELIEF = _asset.take(6)
ASSET_ROW = _asset.used

# ----------------------------------------------------------------- markets

IS_MARKET_LISTED, MARK, QUANTA_PER_UNIT, TICK, PRICE_DECIMALS, QUANTITY_DECIMALS = range(RANK)
_market = Places(ASSET + 1)
TIER_COUNT, TAKER_FEE, MAKER_FEE, INSURANCE_SHARE, CLEARANCE_FEE = _market.take(5)
PRICE_BAND, FILL_BAND, FUNDING_CAP, POSITION_LIMIT = _market.take(4)
"""The limits, each 0 if there is none."""
PRICE_SCALE, QUANTITY_SCALE, MOST_LOTS, OPEN_INTEREST, RESERVE, HAS_STATUS = _market.take(6)

FUND_COUNTERS = tuple(field.name for field in attrs.fields(FundStatus))
COUNTERS = len(FUND_COUNTERS)
STATUS = _market.one(COUNTERS)
BALANCE, HIGH_WATER, INFLOW, OUTFLOW, INSURANCE_DRAWN, DELEVERAGED, LEVIED = range(COUNTERS)
"""Counters of a market's funds, from STATUS on."""
IS_COUNTED = _market.one()
STATUS_BEFORE = _market.one(COUNTERS)
HAD_STATUS = _market.one()
"""The counters as they were before the event, if it counted."""

FIRST_LOT, LAST_LOT, LOT_COUNT, LOTS_QUANTITY, LOTS_COST = _market.take(5)
MARKET_POSITIONS, LONG_HEAP, SHORT_HEAP = _market.take(3, VECTOR)

_queue = Places()
QUEUED, NODES = _queue.take(2, VECTOR)
LEAVES, FRONT = _queue.take(2)
"""Of a queue: what stands in it in order and the tree over that (vectors), how many leaves the tree has.

Those in front of FRONT have no fraction.
"""
QUEUE = _queue.used
QUEUES = _market.take(8, QUEUE)
LONG_QUEUE, SHORT_QUEUE, LONG_LOSING, SHORT_LOSING = QUEUES[:4]
"""Each side's counterparties, and each side's lots with those that lose at mark in the tree."""
AT_ENTRY = QUEUES[4] - QUEUES[0]
"""So far behind each of these stands a second tree over it, of whom meet at the counterparty's own entry."""
QUEUE_EVENT, HAS_LOTS_LISTED, SHORTFALL_LEAF, IS_ASIDE = _market.take(4)
"""The event whose queues a market has, whether MARKETS_WITH_LOTS lists it, its place by shortfall.

IS_ASIDE is 1 while no step of deleveraging is looked for in the market.
"""
IS_CLOSED = _market.one()
"""Whether the market was settled for good: then it is not listed, and its name is never free."""

TIERS = _market.in_lines()
_tiers = Places()
FLOORS, LEVERAGES, RATES, DEDUCTION_QUANTA, DEDUCTION_RESTS, TURNS_BELOW, TURNS_ABOVE = _tiers.take(7, MAX_TIERS)
"""Columns of a market's tiers, of MAX_TIERS rows each, from TIERS on."""
MARKET_ROW = TIERS + _tiers.used
