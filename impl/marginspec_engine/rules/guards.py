"""Guards that several events share, and what a decimal counts in the units of a market or asset."""

from marginspec.model.units import MAX_AMOUNT, MAX_QUANTITY
from marginspec_engine import layout
from marginspec_engine.kernels import margin, trading
from marginspec_engine.kernels.limits import MAX_PRICE, MAX_VALUE
from marginspec_engine.layout import NONE, USED
from marginspec_engine.memory.words import Words, account_row, asset_row, at, market_row
from marginspec_engine.rules.margin import side_sign

LIMB = 32
LIMB_MASK = (1 << LIMB) - 1
TOP_LIMB = MAX_AMOUNT >> LIMB
NOT_WHOLE = -(2**63)
"""Stands for a decimal that is too fine for its unit, or past every limit."""


def whole_units(low: int, high: int, scale: int) -> int:
    """How many of a scale (1 to 1e8) a decimal in two words counts, if exactly; NOT_WHOLE if not, or past 2^62."""
    if high == low >> 63:
        units = low // scale
        return units if units * scale == low else NOT_WHOLE
    if high < 0:
        units = whole_limbs(-low, -high - (1 if low != 0 else 0), scale)
        return units if units == NOT_WHOLE else -units
    return whole_limbs(low, high, scale)


def whole_limbs(low: int, high: int, scale: int) -> int:
    """The same for a positive decimal, divided in limbs of 32 bits."""
    rest = (high >> LIMB) & LIMB_MASK
    third, rest = rest // scale, rest % scale
    rest = (rest << LIMB) | (high & LIMB_MASK)
    second, rest = rest // scale, rest % scale
    rest = (rest << LIMB) | ((low >> LIMB) & LIMB_MASK)
    first, rest = rest // scale, rest % scale
    rest = (rest << LIMB) | (low & LIMB_MASK)
    last, rest = rest // scale, rest % scale
    if third != 0 or second != 0 or rest != 0 or first > TOP_LIMB or (first == TOP_LIMB and last > 0):
        return NOT_WHOLE
    return (first << LIMB) | last


def event_word(book: Words, place: int) -> int:
    """A word of the event."""
    return book[layout.EVENT_WORDS + place]


def has_row(book: Words, market: int) -> bool:
    """Whether a market has a row: names that only refused events state have none."""
    return market * layout.MARKET_ROW < at(book, layout.MARKETS)[USED]


def is_listed(book: Words) -> bool:
    """Whether the event's market is."""
    number = event_word(book, layout.OF_MARKET)
    return has_row(book, number) and market_row(book, number)[layout.IS_MARKET_LISTED] == 1


def is_account(book: Words, account: int) -> bool:
    """Whether an account exists: from its first accepted deposit (ACC-01)."""
    return account_row(book, account)[layout.MODE] != NONE


def price_in(book: Words, market: Words) -> int:
    """The event's price in units of its market; 0 if it is not positive, past its limit or too fine (NUM-03)."""
    units = whole_units(
        event_word(book, layout.PRICE_LOW), event_word(book, layout.PRICE_HIGH), market[layout.PRICE_SCALE]
    )
    return units if 0 < units <= MAX_PRICE else 0


def tick_price_in(book: Words, market: Words) -> int:
    """The same for a price that must be a multiple of the tick (MKT-01)."""
    units = price_in(book, market)
    return units if units % market[layout.TICK] == 0 else 0


def is_within_band(market: Words, distance: int) -> bool:
    """Whether so many price units away from the mark are within the price band, if there is one (MKT-04)."""
    band = market[layout.PRICE_BAND]
    return band == 0 or trading.is_within_band(distance, market[layout.TICK], market[layout.MARK], band)


def is_within_fill_band(market: Words, worse: int) -> bool:
    """Whether a fill may be so many price units worse than the mark (MKT-04)."""
    band = market[layout.FILL_BAND]
    return band == 0 or trading.is_within_fill_band(worse, market[layout.MARK], band)


def fee_in(book: Words, market: Words, place: int, value: int, rate: int) -> int:
    """The fee that the event states at a place, else that at a rate; NOT_WHOLE if it is above the value (TRD-01)."""
    low, high = event_word(book, place), event_word(book, place + 1)
    if high == layout.NO_DECIMAL:
        return trading.trade_fee(value, rate)
    fee = whole_units(low, high, asset_row(book, market[layout.ASSET])[layout.AMOUNT_SCALE])
    return fee if -value <= fee <= value else NOT_WHOLE


def quantity_in(book: Words, market: Words, price: int) -> int:
    """The event's quantity in lots; 0 if it is not positive, past its limit like its value, or too fine (NUM-03)."""
    lots = whole_units(
        event_word(book, layout.AMOUNT_LOW), event_word(book, layout.AMOUNT_HIGH), market[layout.QUANTITY_SCALE]
    )
    if lots <= 0 or lots > MAX_QUANTITY:
        return 0
    dearest = max(price, market[layout.MARK])
    return lots if margin.value_fits(dearest, lots, market[layout.QUANTA_PER_UNIT], MAX_VALUE) else 0


def amount_in(book: Words, asset: int) -> int:
    """The event's amount in quanta of an asset; 0 if it is zero, past its limit or too fine (NUM-03)."""
    scale = asset_row(book, asset)[layout.AMOUNT_SCALE]
    quanta = whole_units(event_word(book, layout.AMOUNT_LOW), event_word(book, layout.AMOUNT_HIGH), scale)
    return quanta if -MAX_AMOUNT <= quanta <= MAX_AMOUNT else 0


def fits_mode(book: Words, account: int, side: int) -> bool:
    """One-way mode has the side BOTH; hedge mode has LONG and SHORT (ACC-01)."""
    return (side == layout.BOTH) == (account_row(book, account)[layout.MODE] == layout.ONE_WAY)


def fits_side(book: Words, position: Words, quantity: int) -> bool:
    """Whether signed lots open a hedge side, or close it at most to flat, in the account's mode (TRD-01)."""
    side, after = position[layout.SIDE], position[layout.QUANTITY] + quantity
    return side_sign(side) * after >= 0 and fits_mode(book, position[layout.OWNER], side)


def only_reduces(held: int, quantity: int) -> bool:
    """Whether signed lots only reduce a position of the opposite sign that is at least as large (TRD-03)."""
    if quantity > 0:
        return held + quantity <= 0
    return held + quantity >= 0
