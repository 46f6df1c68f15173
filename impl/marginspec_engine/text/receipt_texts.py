"""Canonical receipts: effects from the words that the rules left, or the reason of rejection."""

from marginspec_engine import layout
from marginspec_engine.layout import (
    ACCOUNT_TEXTS,
    ASSET,
    ASSET_ROW,
    ASSET_TEXTS,
    ASSETS,
    DECIMALS,
    DOMAIN_ROW,
    DOMAINS,
    MARKET,
    MARKET_ROW,
    MARKET_TEXTS,
    MARKETS,
    NONE,
    ORDER_TEXTS,
    OWNER,
    OWNERS,
    POSITION,
    POSITIONS,
    PRICE_DECIMALS,
    QUANTITY_DECIMALS,
    RULES,
    SIDE,
    STEP_DOWN,
)
from marginspec_engine.layout.reasons import REASONS
from marginspec_engine.memory.words import Words, at, row
from marginspec_engine.text.event_texts import side_text
from marginspec_engine.text.literals import literal
from marginspec_engine.text.texts import amount, fixed, name, whole

ACCOUNT_IS, MARKET_IS, AMOUNT_IS = literal('{"account":"'), literal('{"market":"'), literal('{"amount":"')
ALSO_MARKET, ALSO_PRICE, ALSO_SIDE = literal('","market":"'), literal('","price":"'), literal('","side":"')
ALSO_QUANTITY, ALSO_ORDER, ALSO_ASSET = literal('","quantity":"'), literal('","order":"'), literal('","asset":"')
ALSO_AMOUNT = literal('","amount":"')
ENDS_MARK = literal('","type":"mark"}')
MODES = (literal('","mode":"one_way","type":"position_mode"}'), literal('","mode":"hedge","type":"position_mode"}'))
MARGIN_MODES = (literal('","mode":"cross","type":"margin_mode"}'), literal('","mode":"isolated","type":"margin_mode"}'))
ALSO_LEVERAGE, COMMA_MARKET = literal('","leverage":'), literal(',"market":"')
ENDS_LEVERAGE = literal('","type":"leverage"}')
ALSO_POSITION_SIDE = literal('","position_side":"')
REDUCES, REDUCES_NOT = literal('","reduce_only":true,"side":'), literal('","reduce_only":false,"side":')
BUYS, SELLS = literal('"buy","type":"order_placed"}'), literal('"sell","type":"order_placed"}')
ENDS_REDUCED = literal('","type":"order_reduced"}')
ENDS_CANCELLED = literal('","type":"order_cancelled"}')
RULE_PARTS = tuple(literal(f'","rule":"{rule}","source":"') for rule in RULES)
ALSO_TARGET, ENDS_TRANSFER = literal('","target":"'), literal('","type":"transfer"}')
ENDS_POSITION = literal('","type":"position"}')
ALSO_EQUITY, ALSO_MAINTENANCE = literal('","equity":"'), literal('","maintenance":"')
ENDS_LIQUIDATION_CROSS = literal('","type":"liquidation"}')
ALSO_COST, ALSO_LOT = literal('","cost":"'), literal('","lot":')
LOT_MODES = (literal(',"margin_mode":"cross","market":"'), literal(',"margin_mode":"isolated","market":"'))
LOT_REASONS = (literal('","reason":"step_down","side":"'), literal('","reason":"takeover","side":"'))
ENDS_OPENED = literal('","type":"lot_opened"}')
LOT_IS = literal('{"lot":')
ENDS_LOT_REDUCED = literal('","type":"lot_reduced"}')
ALSO_LOSS = literal('","loss":"')
DELEVERAGED_VALUE, END = literal('","type":"deleveraged","value":"'), literal('"}')
ENDS_LEVY, ENDS_UNCOVERED = literal('","type":"levy"}'), literal('","type":"uncovered"}')
BALANCE_IS, ALSO_BALANCE = literal('{"balance":"'), literal('","balance":"')
ALSO_DELEVERAGED, ALSO_HIGH_WATER = literal('","deleveraged":"'), literal('","high_water":"')
ALSO_INFLOW, ALSO_DRAWN = literal('","inflow":"'), literal('","insurance_drawn":"')
ALSO_LEVIED, RESERVE_OUTFLOW = literal('","levied":"'), literal('","outflow":"')
ENDS_RESERVE = literal('","type":"reserve_status"}')
ASSET_IS, ENDS_INSURANCE = literal('{"asset":"'), literal('","type":"insurance_status"}')
WALLET, ISOLATED, POSITION_TEXT, LOT_TEXT = (
    literal("wallet:"),
    literal("isolated:"),
    literal("position:"),
    literal("lot:"),
)
RESERVE, INSURANCE, HOUSE = literal("reserve:"), literal("insurance:"), literal("house:")
CLEARING, EXTERNAL, COLON = literal("clearing:"), literal("external:"), literal(":")
COMMA = literal(",")
ACCEPTED_IS, EVENT_IS = literal('{"accepted":true,"effects":['), literal('],"event":"')
REJECTED_EVENT_IS = literal('{"event":"')
ALSO_SEQ, CLOSE = literal('","seq":'), literal("}")
REASON_PARTS = tuple(literal(f'","rejected":"{reason}","seq":') for reason in REASONS)


def market_decimals(book: Words, market: int, place: int) -> int:
    """Digits after the point of a market's prices or quantities."""
    return row(book, MARKETS, market, MARKET_ROW)[place]


def money(book: Words, out: int, part: int, asset: int, quanta: int) -> int:
    """A literal, then an amount of an asset."""
    return amount(book, fixed(book, out, part), quanta, row(book, ASSETS, asset, ASSET_ROW)[DECIMALS])


def lots(book: Words, out: int, part: int, market: int, quantity: int) -> int:
    """A literal, then a quantity of a market."""
    return amount(book, fixed(book, out, part), quantity, market_decimals(book, market, QUANTITY_DECIMALS))


def price(book: Words, out: int, part: int, market: int, units: int) -> int:
    """A literal, then a price of a market."""
    return amount(book, fixed(book, out, part), units, market_decimals(book, market, PRICE_DECIMALS))


def named(book: Words, out: int, part: int, texts: int, number: int) -> int:
    """A literal, then a name."""
    return name(book, fixed(book, out, part), texts, number)


def sided(book: Words, out: int, part: int, side: int) -> int:
    """A literal, then a side."""
    return side_text(book, fixed(book, out, part), side)


def asset_of(book: Words, market: int) -> int:
    """A market's asset."""
    return row(book, MARKETS, market, MARKET_ROW)[ASSET]


# ----------------------------------------------------------------- ledger accounts


def ledger_account(book: Words, out: int, part: int, asset: int, word: int) -> int:
    """A literal, then a ledger account."""
    kind, owner = word & (OWNERS - 1), word // OWNERS
    out = fixed(book, out, part)
    if kind == layout.WALLET_OF:
        domain = row(book, DOMAINS, owner, DOMAIN_ROW)
        return named(book, named(book, out, WALLET, ACCOUNT_TEXTS, domain[OWNER]), COLON, ASSET_TEXTS, asset)
    if kind == layout.POSITION_OF:
        return position_name(book, out, POSITION_TEXT, row(book, POSITIONS, owner, POSITION))
    if kind == layout.ISOLATED_OF:
        return position_name(book, out, ISOLATED, row(book, DOMAINS, owner, DOMAIN_ROW))
    if kind == layout.LOT_OF:
        return whole(book, fixed(book, out, LOT_TEXT), owner)
    if kind == layout.RESERVE_OF:
        return named(book, out, RESERVE, MARKET_TEXTS, owner)
    return named(book, out, fund_kind(kind), ASSET_TEXTS, owner)


def position_name(book: Words, out: int, part: int, words: Words) -> int:
    """A literal, then account, market and side."""
    out = named(book, out, part, ACCOUNT_TEXTS, words[OWNER])
    return sided(book, named(book, out, COLON, MARKET_TEXTS, words[MARKET]), COLON, words[SIDE])


def fund_kind(kind: int) -> int:
    """How the name of an asset's own account begins."""
    if kind == layout.INSURANCE_OF:
        return INSURANCE
    if kind == layout.HOUSE_OF:
        return HOUSE
    return CLEARING if kind == layout.CLEARING_OF else EXTERNAL


# ----------------------------------------------------------------- effects


def write_effect(book: Words, out: int, effect: Words) -> int:
    """An effect, by its kind; those of a trade first."""
    kind = effect[0]
    if kind == layout.TRANSFERRED:
        out = money(book, out, AMOUNT_IS, effect[1], effect[4])
        out = named(book, out, ALSO_ASSET, ASSET_TEXTS, effect[1])
        out = ledger_account(book, out, RULE_PARTS[effect[5]], effect[1], effect[2])
        return fixed(book, ledger_account(book, out, ALSO_TARGET, effect[1], effect[3]), ENDS_TRANSFER)
    if kind == layout.POSITION_CHANGED:
        out = named(book, out, ACCOUNT_IS, ACCOUNT_TEXTS, effect[1])
        out = named(book, out, ALSO_MARKET, MARKET_TEXTS, effect[2])
        out = lots(book, out, ALSO_QUANTITY, effect[2], effect[4])
        return fixed(book, sided(book, out, ALSO_SIDE, effect[3]), ENDS_POSITION)
    if kind in (layout.ORDER_PLACED, layout.ORDER_REDUCED, layout.ORDER_CANCELLED):
        return write_order(book, out, effect)
    if kind in (layout.INSURANCE_STATUS, layout.RESERVE_STATUS, layout.UNCOVERED_CHANGED):
        return write_status(book, out, effect)
    if kind == layout.MARK_SET:
        out = named(book, out, MARKET_IS, MARKET_TEXTS, effect[1])
        return fixed(book, price(book, out, ALSO_PRICE, effect[1], effect[2]), ENDS_MARK)
    if kind in (layout.POSITION_MODE_SET, layout.MARGIN_MODE_SET, layout.LEVERAGE_SET):
        return write_choice(book, out, effect)
    return write_liquidation(book, out, effect)


def write_order(book: Words, out: int, effect: Words) -> int:
    """What became of an order."""
    out = named(book, out, ACCOUNT_IS, ACCOUNT_TEXTS, effect[1])
    if effect[0] == layout.ORDER_CANCELLED:
        return fixed(book, named(book, out, ALSO_ORDER, ORDER_TEXTS, effect[2]), ENDS_CANCELLED)
    out = named(book, out, ALSO_MARKET, MARKET_TEXTS, effect[3])
    out = named(book, out, ALSO_ORDER, ORDER_TEXTS, effect[2])
    if effect[0] == layout.ORDER_REDUCED:
        return fixed(book, lots(book, out, ALSO_QUANTITY, effect[3], abs(effect[4])), ENDS_REDUCED)
    out = sided(book, out, ALSO_POSITION_SIDE, effect[4])
    out = price(book, out, ALSO_PRICE, effect[3], effect[6])
    out = lots(book, out, ALSO_QUANTITY, effect[3], abs(effect[5]))
    out = fixed(book, out, REDUCES if effect[7] == 1 else REDUCES_NOT)
    return fixed(book, out, BUYS if effect[5] > 0 else SELLS)


def write_choice(book: Words, out: int, effect: Words) -> int:
    """What an account has set."""
    out = named(book, out, ACCOUNT_IS, ACCOUNT_TEXTS, effect[1])
    if effect[0] == layout.POSITION_MODE_SET:
        return fixed(book, out, MODES[effect[2]])
    if effect[0] == layout.MARGIN_MODE_SET:
        return fixed(book, named(book, out, ALSO_MARKET, MARKET_TEXTS, effect[2]), MARGIN_MODES[effect[3] - 1])
    out = whole(book, fixed(book, out, ALSO_LEVERAGE), effect[3])
    return fixed(book, named(book, out, COMMA_MARKET, MARKET_TEXTS, effect[2]), ENDS_LEVERAGE)


def write_status(book: Words, out: int, effect: Words) -> int:
    """The state of a fund, or what has no cover."""
    if effect[0] == layout.INSURANCE_STATUS:
        out = named(book, out, ASSET_IS, ASSET_TEXTS, effect[1])
        return fixed(book, money(book, out, ALSO_BALANCE, effect[1], effect[2]), ENDS_INSURANCE)
    if effect[0] == layout.UNCOVERED_CHANGED:
        out = money(book, out, AMOUNT_IS, effect[1], effect[2])
        return fixed(book, named(book, out, ALSO_ASSET, ASSET_TEXTS, effect[1]), ENDS_UNCOVERED)
    asset, counters = asset_of(book, effect[1]), at(effect, 2)
    out = money(book, out, BALANCE_IS, asset, counters[layout.BALANCE])
    out = money(book, out, ALSO_DELEVERAGED, asset, counters[layout.DELEVERAGED])
    out = money(book, out, ALSO_HIGH_WATER, asset, counters[layout.HIGH_WATER])
    out = money(book, out, ALSO_INFLOW, asset, counters[layout.INFLOW])
    out = money(book, out, ALSO_DRAWN, asset, counters[layout.INSURANCE_DRAWN])
    out = money(book, out, ALSO_LEVIED, asset, counters[layout.LEVIED])
    out = named(book, out, ALSO_MARKET, MARKET_TEXTS, effect[1])
    return fixed(book, money(book, out, RESERVE_OUTFLOW, asset, counters[layout.OUTFLOW]), ENDS_RESERVE)


def write_liquidation(book: Words, out: int, effect: Words) -> int:
    """What became of a domain that was liquidated, of a lot, or of a counterparty."""
    kind = effect[0]
    if kind == layout.LOT_REDUCED:
        out = whole(book, fixed(book, out, LOT_IS), effect[1])
        out = named(book, out, COMMA_MARKET, MARKET_TEXTS, effect[2])
        return fixed(book, lots(book, out, ALSO_QUANTITY, effect[2], effect[3]), ENDS_LOT_REDUCED)
    if kind == layout.LOT_OPENED:
        return write_opened_lot(book, out, effect)
    if kind == layout.COUNTERPARTY_DELEVERAGED:
        return write_deleveraged(book, out, effect)
    out = named(book, out, ACCOUNT_IS, ACCOUNT_TEXTS, effect[1])
    if kind == layout.DOMAIN_LEVIED:
        out = named(book, money(book, out, ALSO_AMOUNT, effect[2], effect[5]), ALSO_ASSET, ASSET_TEXTS, effect[2])
        return fixed(book, of_isolated(book, out, effect), ENDS_LEVY)
    out = named(book, out, ALSO_ASSET, ASSET_TEXTS, effect[2])
    out = money(book, out, ALSO_EQUITY, effect[2], effect[5])
    out = money(book, out, ALSO_MAINTENANCE, effect[2], effect[6])
    return fixed(book, of_isolated(book, out, effect), ENDS_LIQUIDATION_CROSS)


def of_isolated(book: Words, out: int, effect: Words) -> int:
    """Market and side of an effect's domain, if it is isolated."""
    if effect[3] == NONE:
        return out
    return sided(book, named(book, out, ALSO_MARKET, MARKET_TEXTS, effect[3]), ALSO_SIDE, effect[4])


def write_opened_lot(book: Words, out: int, effect: Words) -> int:
    """A lot that the engine took."""
    out = named(book, out, ACCOUNT_IS, ACCOUNT_TEXTS, effect[2])
    out = money(book, out, ALSO_COST, asset_of(book, effect[3]), effect[8])
    out = whole(book, fixed(book, out, ALSO_LOT), effect[1])
    out = named(book, out, LOT_MODES[effect[5] - 1], MARKET_TEXTS, effect[3])
    out = lots(book, out, ALSO_QUANTITY, effect[3], effect[6])
    out = sided(book, out, LOT_REASONS[0] if effect[7] == STEP_DOWN else LOT_REASONS[1], effect[4])
    return fixed(book, out, ENDS_OPENED)


def write_deleveraged(book: Words, out: int, effect: Words) -> int:
    """A counterparty that was closed against a lot."""
    asset = asset_of(book, effect[3])
    out = named(book, out, ACCOUNT_IS, ACCOUNT_TEXTS, effect[2])
    out = money(book, out, ALSO_LOSS, asset, effect[7])
    out = whole(book, fixed(book, out, ALSO_LOT), effect[1])
    out = named(book, out, COMMA_MARKET, MARKET_TEXTS, effect[3])
    out = lots(book, out, ALSO_QUANTITY, effect[3], effect[5])
    out = sided(book, out, ALSO_SIDE, effect[4])
    return fixed(book, money(book, out, DELEVERAGED_VALUE, asset, effect[6]), END)
