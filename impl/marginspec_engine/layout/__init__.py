"""Where everything stands in the engine's memory: rows of 64-bit words, and the words of events and effects.

The book is a row of its own. It holds a vector (address, words used, words there are) for each table, and what an
event needs while it runs. Rows of a table refer to each other by number, counted from 0; NONE stands for no row.
"""

from typing import get_args

from marginspec.model.effects import MovingRule

WORD_BYTES = 8
NONE = -1

HUGE_BYTES = 2**21
"""From so much memory on it is asked for on huge pages, of this size."""
HUGE_PAGES = 14
"""What Linux calls the advice to do so."""

# ----------------------------------------------------------------- vectors and maps

VECTOR = 3
"""Words of a vector: address, words used, words that there is room for."""
ADDRESS, USED, ROOM = range(VECTOR)

MAP = 3
"""Words of a map: address of its slots (key, value), entries, slots, which are a power of two."""
ENTRIES, SLOTS = 1, 2
FREE_SLOT = -1
"""The key of a slot that holds nothing; keys are never negative."""

# ----------------------------------------------------------------- the book

(
    ASSETS,
    MARKETS,
    ACCOUNTS,
    NAMES,
    ORDERED_ACCOUNTS,
    DOMAINS,
    POSITIONS,
    ORDERS,
    LOTS,
    EFFECTS,
    UNDONE,
    SUSPECTS,
    UNHEALTHY,
    COUNTED,
    KEYS,
    WORKING,
    DIRTY,
    TOUCHED,
    MARKETS_WITH_LOTS,
    CLOSED_LOTS,
    ORDER_NAMES,
    TEXTS,
    ACCOUNT_TEXTS,
    MARKET_TEXTS,
    ASSET_TEXTS,
    ORDER_TEXTS,
    RECEIPT,
    LINES,
    COLLECTED,
) = range(0, 29 * VECTOR, VECTOR)
"""The book's vectors. The first of them are tables, of rows; NAMES holds the words by which names are ordered.

TEXTS holds names as JSON writes them, each from a new word on; the four vectors behind it where each name begins and
how many bytes it has. RECEIPT is the receipt that is being written; LINES and COLLECTED are lines and effects that
wait to be taken.
"""

POSITION_MAP, DOMAIN_MAP, SETTING_MAP, ORDER_MAP = range(87, 87 + 4 * MAP, MAP)

(
    EVENT,
    RANKS_BITMEX,
    LEVIES,
    NEXT_LOT,
    FREE_LOT,
    FREE_ORDER,
    SETTLING,
    OUT_OF_RANGE,
    WIDE,
    EVENT_MARKET,
    QUEUES_TAKEN,
    RANKED_ACCOUNTS,
    UNCOVERED_ASSETS,
    EXPOSED_ASSETS,
) = range(99, 113)
"""Single words: the profile, what counts up, the heads of lists of free rows, and what is known of this event."""

LEGS = 114
"""Two legs of a trade, of LEG words each."""
LEG = 16
(
    LEG_POSITION,
    LEG_DOMAIN,
    LEG_QUANTITY,
    LEG_PRICE,
    LEG_FEE,
    LEG_ORDER,
    LEG_COST,
    HAS_OPENED,
    IS_SHORT_OF_MARGIN,
    HAS_NEGATIVE_CASH,
) = range(10)
EVENT_WORDS = 146
"""The event in progress, as the words of a row of events."""
LITERALS = 162
"""Where the fixed parts of texts stand."""
WRITTEN = 163
"""How many events have their receipt in the chain."""
CHAIN = 164
"""Four words: the 32 bytes of the chain's hash."""
WANTS_LINES, WANTS_EFFECTS = 168, 169
COUNTS = 176
"""For each reason, how many events had it; the first counts the accepted ones."""
DIGEST = 208
"""Eight words for a hash that is being computed, and 64 for its schedule."""
BY_SHORTFALL, ASIDE = 280, 288
"""Queues of an asset's markets that have lots, of words of their own: all, and those in which no pair was found."""
BOOK = 296

# ----------------------------------------------------------------- rows

OWNER, MARKET, SIDE, QUANTITY, COST, NEXT, PREVIOUS = range(7)
"""Shared by positions, orders, lots and (in part) domains: the account, its market and side, a list's links."""
ASSET = 7
RANK = 6

BOTH, LONG, SHORT = range(3)
"""Sides of positions, in the order of their names."""
CROSS, ISOLATED_MODE = 1, 2
ONE_WAY, HEDGE = 0, 1
STEP_DOWN, TAKEOVER = 0, 1

(
    DOMAIN,
    ISOLATED,
    PLACE,
    TRIGGER,
    KEYED,
    LEAF,
    LEAF_EVENT,
    BIDS,
    ASKS,
    LOADING_ORDERS,
    NEXT_LOADED,
    PREVIOUS_LOADED,
) = range(7, 19)
"""Of a position: its domain, that of its own if isolated, where it stands in its market's list, its box and leaf.

TRIGGER is the nearest mark at which somebody must look at the domain; KEYED is the key of its live entry in the heap.
BIDS and ASKS are the lots of its open orders that may open it, LOADING_ORDERS how many these are; positions with
such orders are linked for each account.
"""
POSITION = 24
"""Three lines of the processor's cache, of which settlement reads two; 19 words are used."""

CASH, FIRST, NOTES, COUNT, WALLET = 3, 4, 5, 6, 8
"""Of a domain: its cash, its first position, notes, how many positions it has, and the cross domain behind it.

MARKET is NONE if it is cross.
"""
IS_SUSPECT, IS_TOUCHED, IS_DIRTY, IS_KNOWN = 1, 2, 4, 8
"""Notes: settlement is to look at the domain; its boxes, its leaves may hold no more; its margin is known."""
KNOWN_EVENT, KNOWN_EQUITY, KNOWN_MAINTENANCE = 9, 10, 11
"""Of a domain of several positions: in which event which equity and maintenance margin became known."""
DOMAIN_ROW = 16
"""Two lines of the processor's cache, of which settlement reads the first; 12 words are used."""

LIMIT, NAME, REDUCE_ONLY, ORDERED_POSITION = 7, 8, 9, 10
ORDER = 11

NUMBER, TAKEN_OF, MARGIN_MODE, REASON, LOT_LEAF = 7, 8, 9, 10, 11
"""Of a lot: its id, whose it was and why it was taken, and its place in the queue of losing lots."""
LOT = 12

MODE, FIRST_ORDER, ORDER_COUNT, OPEN_POSITIONS, NAME_START, NAME_LENGTH = range(6)
"""Of an account: its position mode (NONE until it exists), its orders, how many positions, its name; then RANK."""
FIRST_LOADED = 7
ACCOUNT = 8

DECIMALS, ASSET_UNIT, EXTERNAL, INSURANCE, HOUSE, CLEARING = 0, 1, 2, 3, 4, 5
"""Of an asset; then RANK."""
OPEN_VALUE, UNCOVERED, INSURANCE_MOVED, IS_EXPOSED, AMOUNT_SCALE = range(7, 12)
ASSET_ROW = 12

IS_MARKET_LISTED, MARK, QUANTA_PER_UNIT, TICK, PRICE_DECIMALS, QUANTITY_DECIMALS = range(6)
"""Of a market; then RANK and ASSET."""
(
    TIER_COUNT,
    TAKER_FEE,
    MAKER_FEE,
    INSURANCE_SHARE,
    CLEARANCE_FEE,
    PRICE_SCALE,
    QUANTITY_SCALE,
    MOST_LOTS,
    OPEN_INTEREST,
    RESERVE,
    HAS_STATUS,
) = range(8, 19)
STATUS = 19
"""Seven counters of a market's funds."""
BALANCE, HIGH_WATER, INFLOW, OUTFLOW, INSURANCE_DRAWN, DELEVERAGED, LEVIED = range(7)
COUNTERS = 7
IS_COUNTED = 26
STATUS_BEFORE = 27
HAD_STATUS = 34
FIRST_LOT, LAST_LOT, LOT_COUNT, LOTS_QUANTITY, LOTS_COST = range(35, 40)
MARKET_POSITIONS, LONG_HEAP, SHORT_HEAP = range(40, 40 + 3 * VECTOR, VECTOR)
QUEUES = range(52, 52 + 4 * 8, 8)
LONG_QUEUE, SHORT_QUEUE, LONG_LOSING, SHORT_LOSING = QUEUES
"""Four queues of words of their own: each side's counterparties, and each side's lots that lose at mark."""
QUEUED, NODES, LEAVES, FRONT = 0, 3, 6, 7
"""Of a queue: what stands in it in order and the tree over that (vectors), and how many leaves the tree has.

Those in front of FRONT are gone for the event.
"""
QUEUE_EVENT, HAS_LOTS_LISTED, SHORTFALL_LEAF, IS_ASIDE = range(84, 88)
"""Of a market: the event whose queues it has, whether MARKETS_WITH_LOTS lists it, its place by shortfall.

IS_ASIDE is 1 while no step is looked for.
"""
TIERS = 88
FLOORS, LEVERAGES, RATES, DEDUCTION_QUANTA, DEDUCTION_RESTS, TURNS_BELOW, TURNS_ABOVE = range(0, 7 * 64, 64)
"""Columns of a market's tiers, of 64 rows each, from TIERS on."""
TIER_COLUMNS = 7
MARKET_ROW = TIERS + TIER_COLUMNS * 64

# ----------------------------------------------------------------- events

(
    EVENT_TYPE,
    EVENT_ASSET,
    OF_MARKET,
    FIRST_ACCOUNT,
    SECOND_ACCOUNT,
    FIRST_ORDER_NAME,
    SECOND_ORDER_NAME,
    FIRST_SIDE,
    SECOND_SIDE,
    CHOICE,
    SECOND_CHOICE,
    PRICE_LOW,
    PRICE_HIGH,
    AMOUNT_LOW,
    AMOUNT_HIGH,
) = range(15)
"""An event's row: names as numbers, decimals as two words of 1e-8, NONE for what is absent.

The first account is the buyer, the counterparty, or the only one. CHOICE is a mode, a leverage, 1 for the taker being
the buyer, 1 for buying, LONG or SHORT for lots; SECOND_CHOICE is 1 for reduce-only. AMOUNT is also a quantity or rate.
"""
EVENT_ROW = 16

(
    DEPOSIT,
    WITHDRAW,
    FUND_INSURANCE,
    WITHDRAW_HOUSE,
    SET_POSITION_MODE,
    SET_MARGIN_MODE,
    SET_LEVERAGE,
    ADJUST_ISOLATED_MARGIN,
    PLACE_ORDER,
    CANCEL_ORDER,
    TRADE,
    FUNDING,
    LIQUIDATION_FILL,
    MARK_PRICE,
    UPDATE_TIERS,
    UPDATE_FEES,
    LIST_MARKET,
) = range(17)
"""Types of events. The last three change tables and are read by Python; only what settles them is compiled."""

# ----------------------------------------------------------------- effects

(
    MARK_SET,
    POSITION_MODE_SET,
    MARGIN_MODE_SET,
    LEVERAGE_SET,
    ORDER_PLACED,
    ORDER_REDUCED,
    ORDER_CANCELLED,
    TRANSFERRED,
    POSITION_CHANGED,
    DOMAIN_LIQUIDATED,
    LOT_OPENED,
    LOT_REDUCED,
    COUNTERPARTY_DELEVERAGED,
    DOMAIN_LEVIED,
    UNCOVERED_CHANGED,
    RESERVE_STATUS,
    INSURANCE_STATUS,
) = range(17)
"""Kinds of effects: the first word of each."""
MARKET_LISTED, TIERS_UPDATED, FEES_UPDATED = 17, 18, 19
"""Kinds of which Python knows the rest; collected with their market only."""

EFFECT_ROW = 10
"""Words of an effect that is collected: its event's number, its kind (minus the reason of a rejection), the rest."""
EFFECT_LENGTHS = (3, 3, 4, 4, 8, 5, 3, 6, 5, 7, 9, 4, 8, 6, 3, 9, 3)
"""Words of an effect of each kind, its kind included."""

WALLET_OF, ISOLATED_OF, POSITION_OF, LOT_OF, RESERVE_OF, INSURANCE_OF, HOUSE_OF, CLEARING_OF, EXTERNAL_OF = range(9)
"""Kinds of ledger accounts: a transfer names one by kind + OWNERS * owner.

The owner is an account's number for wallets, a position's, a lot's own number, a market's or an asset's.
"""
OWNERS = 16

RULES = get_args(MovingRule)
ACC_01, ACC_02, ACC_04, ADL_03, FND_01, LED_03, LIQ_02, LIQ_03, LIQ_05, LVY_01, MRG_06, TRD_01, WTF_01 = range(13)
"""The rules that move money, as a transfer names them."""
