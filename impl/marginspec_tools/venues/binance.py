"""Binance USD-M futures: what its answers show of an account, in single-asset mode.

Money is shown with 8 digits and cut, not rounded: a maintenance margin is shown down where MRG-04 rounds up.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from fractions import Fraction
from typing import NoReturn

import attrs

from marginspec.model.account import DomainKey, PositionKey
from marginspec_tools.venues.answers import (
    Answers,
    Kind,
    Venue,
    check_sides,
    checked_tiers,
    cost_range,
    deductions,
    elements_or_self,
    leverage_in,
    market_name,
    moment,
    positive,
    side_of,
    unfit,
)
from marginspec_tools.venues.claims import Claim, Exhibit, Uncheckable, known
from marginspec_tools.venues.documents import Entry, Shown
from marginspec_tools.venues.figures import ACCOUNT, Figure, Held, Range, Snapshot, Terms, TierRow, decimals_of, exactly
from marginspec_tools.venues.history import history_claims
from marginspec_tools.venues.story import Fill, Funding, Happening, Payment, Sighting

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
    """The records of an answer, a message of a stream without its envelope."""
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


def asset_of(entry: Entry, symbol: str) -> str:
    """The asset that a contract settles in."""
    if entry.gives("marginAsset"):
        return entry.text("marginAsset")
    base = symbol.partition("_")[0]
    if base.endswith("USD"):
        entry.child("symbol").fail(f"inverse contracts are not supported: {symbol} settles in its base asset")
    found = next((quote for quote in QUOTES if base.endswith(quote)), None)
    return entry.child("symbol").fail(f"the asset that {symbol} settles in is not said") if found is None else found


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


def tier_claims(answers: Answers, tables: dict[str, tuple[TierRow, ...]]) -> Iterator[Claim | Uncheckable]:
    """The deductions of all tiers, then that each cap is the next one's floor."""
    caps: list[Claim] = []
    for entry in answers["leverageBracket"]:
        symbol = entry.text("symbol")
        if symbol not in tables:
            yield Uncheckable(symbol, "brackets", "a table", "not a table of MKT-02")
            continue
        rows = sorted(entry.child("brackets").elements(), key=lambda row: row.number("notionalFloor").value)
        computed = deductions(symbol, tables[symbol])
        for row, deduction, above in zip(rows, computed, [*tables[symbol][1:], None], strict=True):
            place = f"{symbol} bracket {row.text('bracket')}" if row.gives("bracket") else f"{symbol} brackets"
            if row.gives("cum"):
                yield Claim(place, "cum", "MKT-02", row.number("cum"), MONEY, known(deduction))
            if above is not None:
                caps.append(Claim(place, "notionalCap", "MKT-02", row.number("notionalCap"), MONEY, known(above.floor)))
    yield from caps


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


def check_all_are_shown(answers: Answers, positions: Collection[PositionKey]) -> None:
    """Refuse a positionRisk that leaves out a position which account shows: figures of the whole would be wrong."""
    for entry in positions_in_account(answers):
        if entry.number("positionAmt").value != 0 and key_in(entry) not in positions:
            name = f"{entry.text('symbol')} {entry.text('positionSide')}"
            entry.fail(f"{name} is open and positionRisk does not show it: export that of all symbols")


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
            asset_of(entry, symbol), position.mark, tables.get(symbol), setting.leverage, bool(setting.isolated)
        )
        if markets.setdefault(symbol, terms) != terms:
            entry.fail(f"the two sides of {symbol} have different marks")
        held[key] = Held(position.quantity, cost_of(position))
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
    for entry in answers["userTrades"]:
        symbol = market_name(entry, "symbol")
        setting = settings.get(symbol, Setting())
        found[symbol] = Terms(
            asset_of(entry, symbol), Fraction(0), tables.get(symbol), setting.leverage, bool(setting.isolated)
        )
    return found


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


# ----------------------------------------------------------------- claims


def position_claims(snapshot: Snapshot, position: Position, said_by: str = "") -> Iterator[Claim | Uncheckable]:
    """What an answer claims of one position; `said_by` is which one, if another claims the same."""
    entry, key = position.entry, position.key
    place = f"{said_by}{key.market} {key.side}"
    domain = snapshot.domain_of(key)
    unit = MONEY + position.cut
    figures: dict[str, tuple[str, Figure]] = {
        "notional": ("MRG-01", lambda world: world.value(key)),
        "unRealizedProfit": ("ACC-03", lambda world: world.unrealised((key,))),
        "unrealizedProfit": ("ACC-03", lambda world: world.unrealised((key,))),
        "maintMargin": ("MRG-04", lambda world: world.maintenance((key,))),
        "positionInitialMargin": ("MRG-02", lambda world: world.initial((key,))),
        "liquidationPrice": ("MRG-07", lambda world: world.liquidation_price(key)),
    }
    if domain.market:
        figures["isolatedMargin"] = ("ACC-03", lambda world: world.equity(domain))
    for field, (clause, figure) in figures.items():
        if entry.gives(field):
            shown: Shown | None = entry.number(field)
            if field == "liquidationPrice" and shown is not None and shown.value == 0:
                shown = None
            yield Claim(place, field, clause, shown, unit, figure)
    for field, why in (("adl", OTHERS), ("adlQuantile", OTHERS), ("breakEvenPrice", OWN_FIGURE)):
        if entry.gives(field):
            yield Uncheckable(place, field, entry.text(field), why)


def account_claims(
    answers: Answers, snapshot: Snapshot, positions: dict[PositionKey, Position]
) -> Iterator[Claim | Uncheckable]:
    """What an account answer claims of each asset and, where positionRisk is there too, of each position."""
    for entry in answers["account"]:
        moved = list(moved_positions(entry, positions))
        if answers["positionRisk"]:
            for row in entry.child("positions").elements():
                if row.number("positionAmt").value != 0 and key_in(row) in positions and not moved:
                    shown = attrs.evolve(positions[key_in(row)], entry=row)
                    yield from position_claims(snapshot, shown, "account: ")
        for asset in entry.child("assets").elements():
            keys = snapshot.positions_in(asset.text("asset"))
            if keys or asset.number("walletBalance").value != 0:
                yield from asset_claims(asset, snapshot, moved, Fraction(len(keys)) * cut_of(positions))


def cut_of(positions: dict[PositionKey, Position]) -> Fraction:
    """By how much a notional may be cut."""
    return max((position.cut for position in positions.values()), default=Fraction(0))


def moved_positions(account: Entry, positions: dict[PositionKey, Position]) -> Iterator[str]:
    """Positions that an account answer shows at another mark or quantity than positionRisk does."""
    shown = {
        key_in(row): row
        for row in account.child("positions").elements()
        if row.number("positionAmt").value != 0 and row.gives("notional")
    }
    for key, position in positions.items():
        row = shown.get(key)
        value = position.quantity * position.mark
        if row is None or abs(row.number("notional").value - value) >= MONEY + position.cut:
            yield f"{key.market} {key.side}"


def asset_claims(asset: Entry, snapshot: Snapshot, moved: list[str], slack: Fraction) -> Iterator[Claim | Uncheckable]:
    """What an account answer claims of one asset; what depends on marks only if they are those of the positions."""
    name = asset.text("asset")
    keys = snapshot.positions_in(name)
    cross = DomainKey(ACCOUNT, name)
    of_cross = snapshot.positions_of(cross)
    domains = {snapshot.domain_of(key) for key in keys} | {cross}
    orders = asset.number("openOrderInitialMargin").value if asset.gives("openOrderInitialMargin") else Fraction(0)
    of_marks: dict[str, tuple[str, Figure]] = {
        "unrealizedProfit": ("ACC-03", lambda world: world.unrealised(keys)),
        "crossUnPnl": ("ACC-03", lambda world: world.unrealised(of_cross)),
        "marginBalance": ("ACC-03", lambda world: world.total_equity(domains)),
        "maintMargin": ("MRG-04", lambda world: world.maintenance(keys)),
        "positionInitialMargin": ("MRG-02", lambda world: world.initial(keys)),
        "availableBalance": ("MRG-06", lambda world: world.available(name, orders, movable=False)),
        "maxWithdrawAmount": ("MRG-06", lambda world: world.available(name, orders, movable=True)),
    }
    unit = MONEY * max(1, len(keys)) + slack
    if asset.gives("walletBalance"):
        wallet = asset.number("walletBalance")
        yield Claim(name, "walletBalance", "ACC-03", wallet, MONEY, lambda world: world.total_cash(domains))
    for field, (clause, figure) in of_marks.items():
        if not asset.gives(field):
            continue
        if moved:
            why = f"taken at another moment than positionRisk: {', '.join(sorted(moved))} moved in between"
            yield Uncheckable(name, field, asset.text(field), why)
        else:
            yield Claim(name, field, clause, asset.number(field), unit, figure)
    if orders:
        why = "the venue reserves at an assumed price of its own, which it does not show"
        yield Uncheckable(name, "openOrderInitialMargin", asset.text("openOrderInitialMargin"), why)


def trade_claims(answers: Answers) -> Iterator[Claim | Uncheckable]:
    """What is claimed of fills and of the venue's own orders."""
    rates = {entry.text("symbol"): entry for entry in answers["commissionRate"]}
    for entry in answers["userTrades"]:
        place = f"{market_name(entry, 'symbol')} trade {entry.text('id')}"
        value = entry.number("price").value * entry.number("qty").value
        yield Claim(place, "quoteQty", "NUM-01", entry.number("quoteQty"), MONEY, known(value))
        rate = rates.get(entry.text("symbol"))
        if rate is None or entry.text("commissionAsset") != asset_of(entry, entry.text("symbol")):
            why = "needs the account's commissionRate" if rate is None else "paid in another asset, at its price then"
            yield Uncheckable(place, "commission", entry.text("commission"), why)
        else:
            share = rate.number("makerCommissionRate" if entry.flag("maker") else "takerCommissionRate").value
            yield Claim(place, "commission", "TRD-01", entry.number("commission"), MONEY, known(value * share))
    for entry in answers["forceOrders"]:
        place = f"{market_name(entry, 'symbol')} order {entry.text('orderId')}"
        price, quantity = entry.number("avgPrice"), entry.number("executedQty")
        unit = MONEY + quantity.value / 10**price.decimals
        value = price.value * quantity.value
        yield Claim(place, "cumQuote", "NUM-01", entry.number("cumQuote"), unit, known(value))
        why = "needs the account before the venue's order: import a journal and audit it"
        yield Uncheckable(place, "price", entry.text("price"), why)


MOMENT = "needs the account at that moment: import a journal and audit it"
UNCHECKED = {
    "ACCOUNT_UPDATE": ("updates of the account", MOMENT),
    "ORDER_TRADE_UPDATE": ("updates of orders", MOMENT),
    "forceOrder": ("public liquidations", "at most one a second is shown, without accounts"),
    "liquidationSnapshot": ("public liquidations", "at most one a second is shown, without accounts"),
    "openOrders": ("open orders", "the venue reserves for them at an assumed price of its own, which it does not show"),
    "premiumIndex": ("marks of another moment", "positionRisk has the marks that its figures follow from"),
    "insuranceBalance": ("pools of the insurance fund", OTHERS),
    "adlQuantile": ("places in queues of deleveraging", OTHERS),
    "symbolAdlRisk": ("risks of deleveraging", OTHERS),
}


def unchecked(answers: Answers) -> Iterator[Uncheckable]:
    """What no claim can be made of, counted."""
    kinds = Counter(entry.text("incomeType") for entry in answers["income"])
    for kind, number in sorted(kinds.items()):
        if kind != "FUNDING_FEE":
            why = "shown with the trades themselves" if kind in OF_TRADES else MOMENT
            yield Uncheckable("income", kind, str(number), why)
    if answers["fundingRate"] and not answers["income"]:
        yield Uncheckable(
            "fundingRate", "funding rates", str(len(answers["fundingRate"])), "needs income, for payments"
        )
    for kind, (what, why) in UNCHECKED.items():
        if answers[kind]:
            yield Uncheckable(kind, what, str(len(answers[kind])), why)


def exhibit(answers: Answers) -> Exhibit:
    """What answers of Binance USD-M come to."""
    refuse_other_modes(answers)
    positions = open_positions(answers)
    check_all_are_shown(answers, positions)
    tables = tiers_in(answers, {key.market for key in positions})
    snapshot = snapshot_of(answers, positions, tables)
    claims: list[Claim | Uncheckable] = []
    for position in positions.values():
        claims.extend(position_claims(snapshot, position))
    claims.extend(account_claims(answers, snapshot, positions))
    claims.extend(trade_claims(answers))
    claims.extend(history_claims(snapshot, story_of(answers), MONEY, MONEY))
    claims.extend(tier_claims(answers, tables))
    claims.extend(unchecked(answers))
    return Exhibit(
        TITLE, snapshot, tuple(claims), tuple(notes_of(snapshot, positions.values())), lambda: tuple(story_of(answers))
    )


# ----------------------------------------------------------------- what happened


OF_TRADES = ("REALIZED_PNL", "COMMISSION")
"""Kinds of income that follow from trades."""
NEAR = 60_000
"""A rate of funding is the one of a payment that came at most so many milliseconds before or after it."""


def story_of(answers: Answers) -> Iterator[Happening]:
    """What happened to the account: trades, income, and the cash that updates show."""
    for entry in answers["userTrades"]:
        symbol = entry.text("symbol")
        asset = asset_of(entry, symbol)
        is_buy = entry.text("side") == "BUY"
        quantity = entry.number("qty").value
        yield Fill(
            moment(entry, "time"),
            entry.text("id"),
            asset,
            key_in(entry),
            positive(entry, "price"),
            quantity if is_buy else -quantity,
            entry.number("commission").value if entry.text("commissionAsset") == asset else Fraction(0),
            not entry.flag("maker"),
            realised=entry.number("realizedPnl"),
            realised_as="realizedPnl",
        )
    for entry in answers["income"]:
        if entry.text("incomeType") not in OF_TRADES:
            yield income_of(entry, answers)
    for entry in answers["ACCOUNT_UPDATE"]:
        shown = entry.child("a")
        cash = {row.text("a"): row.number("cw").value for row in shown.child("B").elements()}
        held = {
            PositionKey(ACCOUNT, market_name(row, "s"), side_of(row, "ps")): row.number("pa").value
            for row in shown.child("P").elements()
        }
        yield Sighting(moment(entry, "T"), cash, held)


def income_of(entry: Entry, answers: Answers) -> Happening:
    """A row of income: funding, with the rate that it follows from if that is there, or a payment."""
    time, asset, amount = moment(entry, "time"), entry.text("asset"), entry.number("income").value
    reference = entry.text("tranId") if entry.gives("tranId") else ""
    if entry.text("incomeType") != "FUNDING_FEE":
        return Payment(time, reference, asset, amount, entry.text("incomeType"))
    symbol = entry.text("symbol")
    for rate in answers["fundingRate"]:
        is_of = rate.has("symbol", "markPrice") and rate.text("symbol") == symbol and rate.gives("markPrice")
        if is_of and abs(moment(rate, "fundingTime") - time) <= NEAR:
            figures = rate.number("fundingRate").value, positive(rate, "markPrice")
            return Funding(time, reference, asset, symbol, amount, *figures, entry.number("income"))
    return Funding(time, reference, asset, symbol, amount, shown=entry.number("income"))


def notes_of(snapshot: Snapshot, positions: Iterable[Position]) -> Iterator[str]:
    """What is known to within a range only, and what a journal could not hold exactly."""
    for position in positions:
        key = position.key
        if not snapshot.positions[key].cost.is_exact:
            entry = "its entry price is rounded" if position.entry.gives("entryPrice") else "no entry price is shown"
            yield f"{key.market} {key.side}: its cost follows from its unrealised PnL, since {entry}"
        digits = decimals_of(position.mark), decimals_of(position.quantity)
        if sum(digits) > 8:
            yield (
                f"{key.market} {key.side}: mark and quantity have {digits[0]} and {digits[1]} decimals, more "
                f"than the 8 that NUM-01 allows them together; they are compared in finer quanta, unrounded"
            )


BINANCE = Venue("binance", TITLE, records, KINDS, exhibit)
