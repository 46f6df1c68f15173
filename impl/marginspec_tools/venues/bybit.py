"""Bybit v5, linear contracts: tiers with their deductions, values and profits of positions.

Its margins include an estimated fee for closing, which no answer shows, so they are not compared.
"""

from collections.abc import Iterator
from fractions import Fraction

from marginspec.model.account import DomainKey, PositionKey, PositionSide
from marginspec_tools.venues.answers import (
    Answers,
    Kind,
    Venue,
    check_sides,
    checked_tiers,
    deductions,
    elements_or_self,
    left_empty,
    leverage_in,
    market_name,
    positive,
    refuse_error,
)
from marginspec_tools.venues.claims import Claim, Exhibit, Uncheckable, known
from marginspec_tools.venues.documents import Entry
from marginspec_tools.venues.figures import ACCOUNT, Held, Range, Snapshot, Terms, TierRow, exactly

TITLE = "Bybit linear"
MONEY = Fraction(1, 10**8)
SIDES: dict[str, PositionSide] = {"0": "BOTH", "1": "LONG", "2": "SHORT"}
SOURCES = {
    "tiers": "risk-limit",
    "leverage": "position/list",
    "cash": "wallet-balance, in which no other coin is collateral too",
}
TOLD = {"unrealisedPnl": "unrealised"}
"""What `observed` calls fields of a position."""
KINDS = (
    Kind("risk-limit", ("symbol", "riskLimitValue", "maintenanceMargin", "maxLeverage")),
    Kind("position/list", ("symbol", "side", "size", "avgPrice", "markPrice")),
    Kind("insurance", ("coin", "symbols", "balance")),
    Kind("adlAlert", ("coin", "symbol", "adlTriggerThreshold")),
    Kind("execution/list", ("symbol", "execId", "execPrice", "execQty")),
    Kind("allLiquidation", ("T", "s", "S", "v", "p")),
    Kind("account/info", ("marginMode",)),
    Kind("wallet-balance", ("accountType", "coin")),
)
FEE = "includes an estimated fee for closing, which no answer shows"
UNSHOWN = {
    "positionMM": FEE,
    "positionIM": FEE,
    "liqPrice": FEE,
    "bustPrice": FEE,
    "adlRankIndicator": "depends on all other accounts",
}
UNCHECKED = {
    "insurance": ("pools of the insurance fund", "depends on all other accounts"),
    "adlAlert": ("states of deleveraging", "depends on all other accounts"),
    "allLiquidation": ("public liquidations", "without accounts: their bankruptcy prices follow from nothing public"),
}


def records(document: Entry) -> Iterator[Entry]:
    """The records of an answer; one that is an error, and another category than linear, are refused."""
    refuse_error(document, "retCode", "retMsg", fine="0")
    body = document.child("result") if document.has("retCode", "result") else document
    if body.has("category") and body.text("category") != "linear":
        body.child("category").fail(f"{body.text('category')} contracts are not supported")
    for name in ("list", "data"):
        if body.has(name):
            body = body.child(name)
            break
    yield from elements_or_self(body)


def refuse_other_modes(answers: Answers) -> None:
    """Refuse, by name, what the rulebook has no model of."""
    for entry in answers["account/info"]:
        if entry.text("marginMode") == "PORTFOLIO_MARGIN":
            entry.child("marginMode").fail("portfolio margin is not supported")
    for kind in ("risk-limit", "position/list"):
        for entry in answers[kind]:
            if market_name(entry, "symbol").endswith("USD"):
                entry.child("symbol").fail(f"inverse contracts are not supported: {entry.text('symbol')}")


def asset_of(entry: Entry) -> str:
    """The asset that a linear contract settles in."""
    symbol = entry.text("symbol").partition("-")[0]
    return "USDT" if symbol.endswith("USDT") else "USDC"


def percent(entry: Entry) -> int:
    """Whether rates are percents or fractions: maximum leverage times initial margin is one, in that unit."""
    one = entry.number("initialMargin").value * entry.number("maxLeverage").value
    found = next((unit for unit in (1, 100) if abs(one - unit) < Fraction(unit, 10)), None)
    return entry.child("initialMargin").fail("neither a fraction nor a percent") if found is None else found


def tables_in(answers: Answers) -> tuple[dict[str, tuple[TierRow, ...]], list[Claim]]:
    """The tier table of each symbol, and what is claimed of its deductions."""
    rows: dict[str, list[Entry]] = {}
    for entry in answers["risk-limit"]:
        rows.setdefault(market_name(entry, "symbol"), []).append(entry)
    tables: dict[str, tuple[TierRow, ...]] = {}
    claims: list[Claim] = []
    for symbol, entries in rows.items():
        entries.sort(key=lambda entry: entry.number("riskLimitValue").value)
        floors = [Fraction(0), *(entry.number("riskLimitValue").value for entry in entries[:-1])]
        tiers = [
            TierRow(
                floor,
                # A leverage that is not whole is one that nobody can choose: initial margins are not compared.
                int(entry.number("maxLeverage").value),
                exactly(entry.number("maintenanceMargin").value / percent(entry)),
            )
            for floor, entry in zip(floors, entries, strict=True)
        ]
        tables[symbol] = checked_tiers(entries[0], symbol, tiers)
        for entry, deduction in zip(entries, deductions(symbol, tables[symbol]), strict=True):
            if entry.gives("mmDeduction"):
                place = f"{symbol} tier {entry.text('id')}" if entry.gives("id") else f"{symbol} tiers"
                claims.append(
                    Claim(place, "mmDeduction", "MKT-02", entry.number("mmDeduction"), MONEY, known(deduction))
                )
    return tables, claims


def exhibit(answers: Answers) -> Exhibit:
    """What answers of Bybit come to."""
    refuse_other_modes(answers)
    tables, of_tiers = tables_in(answers)
    markets: dict[str, Terms] = {}
    held: dict[PositionKey, Held] = {}
    shown: dict[PositionKey, Entry] = {}
    for entry in answers["position/list"]:
        size = entry.number("size").value
        if size == 0:
            continue
        symbol = market_name(entry, "symbol")
        key = PositionKey(ACCOUNT, symbol, SIDES.get(entry.text("positionIdx"), "BOTH"))
        quantity = size if entry.text("side") == "Buy" else -size
        check_sides(entry, key, quantity, held)
        leverage = leverage_in(entry, "leverage") if whole_leverage(entry) else None
        markets[symbol] = Terms(asset_of(entry), positive(entry, "markPrice"), tables.get(symbol), leverage)
        held[key] = Held(quantity, exactly(quantity * entry.number("avgPrice").value), entry.number("avgPrice").value)
        shown[key] = entry
    cash, of_cash = cash_in(answers, {terms.asset for terms in markets.values()})
    snapshot = Snapshot(markets, held, cash, SOURCES)
    claims: list[Claim | Uncheckable] = []
    for key, entry in shown.items():
        claims.extend(position_claims(snapshot, key, entry))
    claims.extend(of_cash)
    claims.extend(trade_claims(answers))
    claims.extend(of_tiers)
    for kind, (what, why) in UNCHECKED.items():
        if answers[kind]:
            claims.append(Uncheckable(kind, what, str(len(answers[kind])), why))
    return Exhibit(TITLE, snapshot, tuple(claims), told=TOLD)


def cash_in(answers: Answers, assets: set[str]) -> tuple[dict[DomainKey, Range], list[Uncheckable]]:
    """The cash of the cross domain in each asset that positions settle in, or why it cannot be had.

    With several coins in the wallet each is collateral for all positions, which the rulebook has no model of.
    """
    coins: dict[str, Entry] = {}
    for entry in answers["wallet-balance"]:
        for coin in entry.child("coin").elements():
            if coin.gives("walletBalance") and coin.number("walletBalance").value != 0:
                coins[coin.text("coin")] = coin
    cash: dict[DomainKey, Range] = {}
    claims: list[Uncheckable] = []
    for asset in sorted(assets):
        others = sorted(coins.keys() - {asset})
        if not answers["wallet-balance"]:
            claims.append(Uncheckable(asset, "cash", "", "cannot be had from these answers: wallet-balance says it"))
        elif others:
            shown = coins[asset].text("walletBalance") if asset in coins else "0"
            why = f"other coins may be collateral too, which is not supported: {', '.join(others)}"
            claims.append(Uncheckable(asset, "walletBalance", shown, why))
        else:
            balance = coins[asset].number("walletBalance").value if asset in coins else Fraction(0)
            cash[DomainKey(ACCOUNT, asset)] = exactly(balance)
    return cash, claims


def whole_leverage(entry: Entry) -> bool:
    """Whether a position shows a leverage that is whole."""
    return entry.gives("leverage") and entry.number("leverage").value.denominator == 1


def position_claims(snapshot: Snapshot, key: PositionKey, entry: Entry) -> Iterator[Claim | Uncheckable]:
    """What an answer claims of one position."""
    place = f"{key.market} {key.side}"
    cost = abs(snapshot.positions[key].cost.low)
    if entry.gives("positionValue"):
        yield Claim(place, "positionValue", "ACC-02", entry.number("positionValue"), MONEY, known(cost))
    if entry.gives("unrealisedPnl"):
        shown = entry.number("unrealisedPnl")
        yield Claim(place, "unrealisedPnl", "ACC-03", shown, MONEY, lambda world: world.unrealised((key,)))
    yield from left_empty(entry, place, ("positionValue", "unrealisedPnl"))
    for field, why in UNSHOWN.items():
        if entry.gives(field):
            yield Uncheckable(place, field, entry.text(field), why)


def trade_claims(answers: Answers) -> Iterator[Claim | Uncheckable]:
    """What is claimed of executions: value, and the fee at the rate that they show."""
    for entry in answers["execution/list"]:
        place = f"{market_name(entry, 'symbol')} execution {entry.text('execId')}"
        value = entry.number("execPrice").value * entry.number("execQty").value
        if entry.gives("execValue"):
            yield Claim(place, "execValue", "NUM-01", entry.number("execValue"), MONEY, known(value))
        if entry.gives("execFee") and entry.gives("feeRate"):
            fee = value * entry.number("feeRate").value
            yield Claim(place, "execFee", "TRD-01", entry.number("execFee"), MONEY, known(fee))


def goes_on(document: Entry) -> bool:
    """Whether an answer is a page that another one follows."""
    body = document.child("result") if document.has("result") else document
    return body.has("nextPageCursor") and body.gives("nextPageCursor")


BYBIT = Venue("bybit", TITLE, records, KINDS, exhibit, "risk-limit", goes_on=goes_on)
