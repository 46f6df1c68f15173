"""The book: the row from which everything is reached, with what an event needs while it runs."""

from marginspec_engine.layout.events import EVENT_ROW
from marginspec_engine.layout.memory import MAP, VECTOR
from marginspec_engine.layout.places import Places
from marginspec_engine.layout.reasons import REASONS
from marginspec_engine.layout.rows import QUEUE

_book = Places()

ASSETS, MARKETS, ACCOUNTS, DOMAINS, POSITIONS, ORDERS, LOTS = _book.take(7, VECTOR)
"""Tables, of rows."""
NAMES, ORDER_NAMES = _book.take(2, VECTOR)
"""The words by which names are ordered; for each name of an order where these begin and how many they are."""
TEXTS, ACCOUNT_TEXTS, MARKET_TEXTS, ASSET_TEXTS, ORDER_TEXTS = _book.take(5, VECTOR)
"""Names as JSON writes them, each from a new word on; for each of a kind where it begins and how many bytes it has."""
ORDERED_ACCOUNTS, MARKETS_WITH_LOTS, CLAIMANTS = _book.take(3, VECTOR)
"""Accounts by name; markets that have lots, and some that had; domains with claims, and some that had, by key."""
EFFECTS, UNDONE = _book.take(2, VECTOR)
"""What the event did, and what undoes it: addresses with the words that stood there."""
SUSPECTS, UNHEALTHY, STALE_BOXES, STALE_LEAVES, COUNTED, CLOSED_LOTS = _book.take(6, VECTOR)
"""Domains and markets that the event has to look at again, and lots that it closed."""
KEYS, WORKING = _book.take(2, VECTOR)
"""Room for sorting and for whatever a rule collects."""
RECEIPT, LINES, COLLECTED = _book.take(3, VECTOR)
"""The receipt that is being written; lines and effects that wait to be taken."""
BOOK_VECTORS = range(0, _book.used, VECTOR)

MAPS = _book.take(4, MAP)
POSITION_MAP, DOMAIN_MAP, SETTING_MAP, ORDER_MAP = MAPS

RANKING, LEVIES = _book.take(2)
"""The profile: the number of its ranking, and whether its last resort is a levy."""
EVENT, NEXT_LOT, FREE_LOT, FREE_ORDER = _book.take(4)
"""What counts up, and the heads of lists of free rows."""
SETTLING, OUT_OF_RANGE, WIDE, EVENT_MARKET, QUEUES_TAKEN = _book.take(5)
CLOSING = _book.one()
"""What is known of this event."""
HAS_UNRANKED_ACCOUNTS, UNCOVERED_ASSETS, EXPOSED_ASSETS = _book.take(3)

_leg = Places()
LEG_POSITION, LEG_DOMAIN, LEG_QUANTITY, LEG_PRICE, LEG_FEE, LEG_ORDER, LEG_COST = _leg.take(7)
HAS_OPENED, IS_SHORT_OF_MARGIN, HAS_NEGATIVE_CASH = _leg.take(3)
LEG = _leg.in_lines()
LEGS = _book.one(2 * LEG)
"""Two legs of a trade."""
EVENT_WORDS = _book.one(EVENT_ROW)
"""The event in progress, as the words of a row of events."""
LITERALS = _book.one()
"""Where the fixed parts of texts stand."""

WRITTEN = _book.one()
"""How many events have their receipt in the chain."""
CHAIN = _book.one(4)
"""The 32 bytes of the chain's hash."""
WANTS_LINES, WANTS_EFFECTS = _book.take(2)
COUNTS = _book.one(len(REASONS))
"""For each reason, how many events had it; the first counts the accepted ones."""
DIGEST = _book.one(8 + 64)
"""Eight words for a hash that is being computed, and 64 for its schedule."""
BY_SHORTFALL, ASIDE = _book.take(2, QUEUE)
"""Queues of an asset's markets that have lots, by shortfall: all, and those in which no pair was found."""
BOOK = _book.used
