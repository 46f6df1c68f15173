"""Answers of Binance USD-M futures: their kinds, what is refused, and the account that they show."""

from collections.abc import Collection, Iterator, Mapping
from fractions import Fraction
from typing import NoReturn

import attrs

from marginspec.model.account import DomainKey, PositionKey
from marginspec_tools.venues.answers import (
    Answers,
    Kind,
    check_sides,
    checked_tiers,
    cost_range,
    elements_or_self,
    leverage_in,
    market_name,
    positive,
    refuse_error,
    side_of,
    unfit,
)
from marginspec_tools.venues.documents import Entry
from marginspec_tools.venues.figures import ACCOUNT, Held, Range, Snapshot, Terms, TierRow, exactly

TITLE = "Binance USD-M"
MONEY = Fraction(1, 10**8)
"""One unit of the last digit of money, prices and notionals."""
QUOTES = ("USDT", "USDC", "FDUSD", "BUSD", "USD1")
"""Assets that USD-M contracts settle in; a symbol ends in its own."""
SOURCES = {"tiers": "leverageBracket", "leverage": "symbolConfig, or positionRisk v2", "cash": "account"}
LIQUIDATIONS = ("autoclose-", "adl_autoclose", "settlement_autoclose-")
"""How the ids of orders begin that the venue placed itself."""
OTHERS = "depends on all other accounts"
OWN_FIGURE = "a figure of the venue's own, which no clause has"


def is_event(name: str) -> Kind:
    """A message of the user stream, or of a market's."""
    return Kind(name, ("e",), lambda entry: entry.value["e"] == name)


def is_venues_order(entry: Entry) -> bool:
    """Whether an order is one that the venue placed to liquidate, deleverage or deliver."""
    return entry.text("clientOrderId").startswith(LIQUIDATIONS)


KINDS = (
    is_event("ACCOUNT_UPDATE"),
    is_event("ORDER_TRADE_UPDATE"),
    is_event("forceOrder"),
    Kind("account", ("assets", "positions")),
    Kind("portfolio margin", ("uniMMR",)),
    Kind("positionRisk", ("symbol", "positionAmt", "markPrice", "liquidationPrice")),
    Kind("balance", ("accountAlias", "asset", "balance", "crossWalletBalance")),
    Kind("leverageBracket", ("symbol", "brackets")),
    Kind("symbolConfig", ("symbol", "marginType", "leverage")),
    Kind("premiumIndex", ("symbol", "markPrice", "lastFundingRate")),
    Kind("fundingRate", ("symbol", "fundingRate", "fundingTime")),
    Kind("fundingRate", ("calc_time", "last_funding_rate")),
    Kind("forceOrders", ("symbol", "orderId", "clientOrderId", "status"), is_venues_order),
    Kind("openOrders", ("symbol", "orderId", "clientOrderId", "status")),
    Kind("userTrades", ("symbol", "id", "orderId", "qty", "quoteQty", "commission")),
    Kind("income", ("incomeType", "income", "asset")),
    Kind("insuranceBalance", ("symbols", "assets")),
    Kind("adlQuantile", ("symbol", "adlQuantile")),
    Kind("symbolAdlRisk", ("symbol", "adlRisk")),
    Kind("liquidationSnapshot", ("symbol", "side", "average_price", "original_quantity")),
    Kind("multiAssetsMargin", ("multiAssetsMargin",)),
    Kind("commissionRate", ("symbol", "makerCommissionRate", "takerCommissionRate")),
)


def records(document: Entry) -> Iterator[Entry]:
    """The records of an answer, a message of a stream without its envelope; one that is an error is refused."""
    if document.has("code", "msg"):
        refuse_error(document, "code", "msg", fine="200")
    for entry in elements_or_self(document):
        yield from elements_or_self(entry.child("data") if entry.has("stream", "data") else entry)


# ----------------------------------------------------------------- what is refused


def refuse_other_modes(answers: Answers) -> None:
    """Refuse, by name, what the rulebook has no model of."""
    for entry in answers["portfolio margin"]:
        entry.fail("portfolio margin is not supported: its accounts have other margins than the contracts' own")
    for entry in answers["multiAssetsMargin"]:
        if entry.flag("multiAssetsMargin"):
            refuse_multi_assets(entry.child("multiAssetsMargin"))
    for entry in answers["account"]:
        if entry.has("multiAssetsMargin") and entry.flag("multiAssetsMargin"):
            refuse_multi_assets(entry.child("multiAssetsMargin"))
        for asset in entry.child("assets").elements():
            # With one asset's margin alone, what is available of it is at most what is there.
            if asset.has("availableBalance", "marginBalance") and asset.number("availableBalance").value > max(
                Fraction(0), asset.number("marginBalance").value
            ):
                refuse_multi_assets(asset.child("availableBalance"))


def refuse_multi_assets(entry: Entry) -> NoReturn:
    """Refuse multi-assets mode."""
    entry.fail("multi-assets mode is not supported: collateral of several assets has no clause")


def asset_of(entry: Entry, field: str) -> str:
    """The asset that the contract of a field settles in."""
    if entry.gives("marginAsset"):
        return entry.text("marginAsset")
    symbol = market_name(entry, field)
    base = symbol.partition("_")[0]
    if base.endswith("USD"):
        entry.child(field).fail(f"inverse contracts are not supported: {symbol} settles in its base asset")
    found = next((quote for quote in QUOTES if base.endswith(quote)), None)
    return entry.child(field).fail(f"the asset that {symbol} settles in is not said") if found is None else found


# ----------------------------------------------------------------- tiers and settings


def tiers_in(answers: Answers, held: Collection[str]) -> dict[str, tuple[TierRow, ...]]:
    """The tier table of each symbol; one that is multiplied for this user is refused.

    So is one that MKT-02 does not allow of a symbol that is held; of others it is left out.
    """
    tables: dict[str, tuple[TierRow, ...]] = {}
    for entry in answers["leverageBracket"]:
        symbol = market_name(entry, "symbol")
        if entry.gives("notionalCoef") and entry.number("notionalCoef").value != 1:
            reason = f"brackets multiplied for one user are not supported: {symbol} by {entry.text('notionalCoef')}"
            entry.child("notionalCoef").fail(reason)
        rows = [
            TierRow(
                row.number("notionalFloor").value,
                leverage_in(row, "initialLeverage"),
                exactly(row.number("maintMarginRatio").value),
            )
            for row in entry.child("brackets").elements()
        ]
        if symbol in tables:
            entry.fail(f"a second tier table of {symbol}")
        if symbol in held or not unfit(symbol, tuple(rows)):
            tables[symbol] = checked_tiers(entry, symbol, rows)
    return tables


@attrs.frozen
class Setting:
    """What an account has set for a symbol, where a file says it."""

    leverage: int | None = None
    isolated: bool | None = None


def settings_in(answers: Answers) -> dict[str, Setting]:
    """Leverage and margin mode of each symbol; two files that contradict each other are refused."""
    found: dict[str, Setting] = {}
    for entry in (*answers["symbolConfig"], *answers["positionRisk"], *positions_in_account(answers)):
        symbol = market_name(entry, "symbol")
        before = found.get(symbol, Setting())
        now = Setting(
            leverage_in(entry, "leverage") if entry.gives("leverage") else before.leverage,
            is_isolated(entry) if says_mode(entry) else before.isolated,
        )
        if before.leverage not in (None, now.leverage) or before.isolated not in (None, now.isolated):
            entry.fail(f"leverage or margin mode of {symbol} is not what another answer says")
        found[symbol] = now
    return found


def says_mode(entry: Entry) -> bool:
    """Whether a position says that it is cross or isolated: in v3 only an open one does, by its wallet."""
    if entry.gives("marginType") or entry.gives("isolated"):
        return True
    return entry.gives("positionAmt") and entry.number("positionAmt").value != 0


def is_isolated(entry: Entry) -> bool:
    """Whether a position is isolated."""
    if entry.gives("marginType"):
        text = entry.text("marginType").lower()
        if text not in ("cross", "crossed", "isolated"):
            entry.child("marginType").fail(f"expected cross or isolated, found {text}")
        return text == "isolated"
    if entry.gives("isolated"):
        return entry.flag("isolated")
    return any(entry.gives(field) and entry.number(field).value != 0 for field in ("isolatedWallet", "isolatedMargin"))


# ----------------------------------------------------------------- positions


@attrs.frozen
class Position:
    """An open position as an answer shows it: the record, its key, its mark, and by how much that may be cut."""

    entry: Entry
    key: PositionKey
    quantity: Fraction
    mark: Fraction
    cut: Fraction


def positions_in_account(answers: Answers) -> Iterator[Entry]:
    """The positions of account answers."""
    for entry in answers["account"]:
        yield from entry.child("positions").elements()


def key_in(entry: Entry) -> PositionKey:
    """The key of a position."""
    return PositionKey(ACCOUNT, market_name(entry, "symbol"), side_of(entry, "positionSide"))


def open_positions(answers: Answers) -> dict[PositionKey, Position]:
    """The open positions: those of positionRisk, or else those of account, whose marks follow from what they show."""
    found: dict[PositionKey, Position] = {}
    for entry in answers["positionRisk"] or positions_in_account(answers):
        quantity = entry.number("positionAmt").value
        if quantity == 0:
            continue
        key = key_in(entry)
        check_sides(entry, key, quantity, found)
        if entry.gives("markPrice"):
            found[key] = Position(entry, key, quantity, positive(entry, "markPrice"), Fraction(0))
        elif entry.gives("notional"):
            found[key] = by_notional(entry, key, quantity)
    return found


def check_same_positions(answers: Answers, positions: Mapping[PositionKey, Position]) -> None:
    """Refuse a positionRisk that has other positions than account: cash and positions would not belong together."""
    for entry in positions_in_account(answers) if answers["positionRisk"] else ():
        quantity = entry.number("positionAmt").value
        if quantity == 0:
            continue
        name = f"{entry.text('symbol')} {entry.text('positionSide')}"
        if key_in(entry) not in positions:
            entry.fail(f"{name} is open and positionRisk does not show it: export that of all symbols")
        if positions[key_in(entry)].quantity != quantity:
            entry.fail(f"{name} has another quantity in positionRisk: export both again, at the same moment")


def by_notional(entry: Entry, key: PositionKey, quantity: Fraction) -> Position:
    """A position whose mark is not shown: the notional is, cut to 8 digits, and gives it to within that."""
    mark = abs(entry.number("notional").value / quantity)
    digits = 8
    while abs(quantity) * 10**8 > 10**digits:
        digits += 1
    cut = Fraction(round(mark * 10**digits), 10**digits)
    return Position(entry, key, quantity, cut, MONEY)


def snapshot_of(
    answers: Answers, positions: dict[PositionKey, Position], tables: dict[str, tuple[TierRow, ...]]
) -> Snapshot:
    """The account as the answers show it."""
    settings = settings_in(answers)
    markets: dict[str, Terms] = {}
    held: dict[PositionKey, Held] = {}
    cash: dict[DomainKey, Range] = {}
    for key, position in positions.items():
        entry, symbol = position.entry, key.market
        setting = settings[symbol]
        terms = Terms(
            asset_of(entry, "symbol"), position.mark, tables.get(symbol), setting.leverage, bool(setting.isolated)
        )
        if markets.setdefault(symbol, terms) != terms:
            entry.fail(f"the two sides of {symbol} have different marks")
        held[key] = Held(position.quantity, cost_of(position), entry_in(entry))
        if terms.isolated and entry.gives("isolatedWallet"):
            cash[DomainKey(ACCOUNT, terms.asset, symbol, key.side)] = exactly(entry.number("isolatedWallet").value)
    for asset in answers["balance"]:
        cash[DomainKey(ACCOUNT, asset.text("asset"))] = exactly(asset.number("crossWalletBalance").value)
    for entry in answers["account"]:
        for asset in entry.child("assets").elements():
            cash[DomainKey(ACCOUNT, asset.text("asset"))] = exactly(asset.number("crossWalletBalance").value)
    return Snapshot(markets, held, cash, SOURCES, listed_in(answers, tables, settings))


def listed_in(
    answers: Answers, tables: dict[str, tuple[TierRow, ...]], settings: dict[str, Setting]
) -> dict[str, Terms]:
    """The terms of the markets that were traded."""
    found: dict[str, Terms] = {}
    traded = [(entry, "symbol") for entry in answers["userTrades"]]
    traded += [(entry.child("o"), "s") for entry in answers["ORDER_TRADE_UPDATE"]]
    for entry, field in traded:
        symbol = market_name(entry, field)
        setting = settings.get(symbol, Setting())
        asset = asset_of(entry, field)
        found[symbol] = Terms(asset, Fraction(0), tables.get(symbol), setting.leverage, bool(setting.isolated))
    return found


def entry_in(entry: Entry) -> Fraction | None:
    """The entry price that an answer shows."""
    return entry.number("entryPrice").value if entry.gives("entryPrice") else None


def cost_of(position: Position) -> Range:
    """The cost of a position."""
    entry = position.entry
    profit = entry.number("unRealizedProfit" if entry.has("unRealizedProfit") else "unrealizedProfit")
    entries: tuple[Fraction, ...] = ()
    if entry.gives("entryPrice"):
        price = entry.number("entryPrice").value
        # Entries are shown with up to 12 digits, but the venue's own figures follow from the first 8.
        entries = (position.quantity * price, position.quantity * (price // MONEY) * MONEY)
    width = abs(position.quantity) * MONEY
    return cost_range(position.quantity * position.mark, profit, MONEY + position.cut, entries, width)
