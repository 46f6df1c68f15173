"""What happened to an account of Binance USD-M: trades, income, and what updates of the user stream show."""

from collections.abc import Iterator
from fractions import Fraction

from marginspec.model.account import PositionKey
from marginspec_tools.venues.answers import Answers, market_name, moment, positive, side_of
from marginspec_tools.venues.binance_answers import asset_of, key_in
from marginspec_tools.venues.claims import Claim, Uncheckable, known
from marginspec_tools.venues.documents import Entry, Shown
from marginspec_tools.venues.figures import ACCOUNT, decimal_of
from marginspec_tools.venues.story import Fill, Funding, Happening, Payment, Sighting

OF_TRADES = ("REALIZED_PNL", "COMMISSION")
"""Kinds of income that follow from trades."""
MONEY_DIGITS = 8
NEAR = 60_000
"""A rate of funding is the one of a payment that came at most so many milliseconds before or after it."""


def story_of(answers: Answers) -> Iterator[Happening]:
    """What happened to the account: trades, income, and the cash that updates show."""
    for entry in answers["userTrades"]:
        asset = asset_of(entry, "symbol")
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
    yield from fills_in_updates(answers)
    for entry in answers["income"]:
        if entry.text("incomeType") not in OF_TRADES:
            yield income_of(entry, answers)
    for entry in answers["ACCOUNT_UPDATE"]:
        shown = entry.child("a")
        cash = {row.text("a"): row.number("cw").value for row in shown.listed("B")}
        rows = {PositionKey(ACCOUNT, market_name(row, "s"), side_of(row, "ps")): row for row in shown.listed("P")}
        held = {key: row.number("pa").value for key, row in rows.items()}
        entries = {key: row.number("ep").value for key, row in rows.items() if row.gives("ep")}
        yield Sighting(moment(entry, "T"), cash, held, entries)


def fills_in_updates(answers: Answers) -> Iterator[Fill]:
    """The fills that updates of orders tell of, but for those that are among the trades."""
    known = {(entry.text("symbol"), entry.text("id")) for entry in answers["userTrades"]}
    for entry in answers["ORDER_TRADE_UPDATE"]:
        order = entry.child("o")
        if order.text("x") != "TRADE" or (order.text("s"), order.text("t")) in known:
            continue
        symbol = market_name(order, "s")
        asset = asset_of(order, "s")
        quantity = order.number("l").value
        yield Fill(
            moment(entry, "T"),
            order.text("t"),
            asset,
            PositionKey(ACCOUNT, symbol, side_of(order, "ps")),
            positive(order, "L"),
            quantity if order.text("S") == "BUY" else -quantity,
            order.number("n").value if order.gives("N") and order.text("N") == asset else Fraction(0),
            not order.flag("m"),
            realised=order.number("rp"),
            realised_as="rp",
        )


def income_claims(answers: Answers) -> Iterator[Claim | Uncheckable]:
    """What income says that a trade cost and realised, beside what the trade says."""
    told = {"COMMISSION": dict[TradeOf, Fraction](), "REALIZED_PNL": dict[TradeOf, Fraction]()}
    trades: set[tuple[str, str]] = set()
    for entry in answers["userTrades"]:
        trade = entry.text("symbol"), entry.text("id")
        trades.add(trade)
        for kind, asset, amount in (
            ("COMMISSION", entry.text("commissionAsset"), -entry.number("commission").value),
            ("REALIZED_PNL", asset_of(entry, "symbol"), entry.number("realizedPnl").value),
        ):
            told[kind][*trade, asset] = told[kind].get((*trade, asset), Fraction(0)) + amount
    for kind, known_of in told.items():
        alone = 0
        for of, rows in incomes_of(answers, kind).items():
            if of[:2] not in trades:
                alone += len(rows)
                continue
            total = sum((row.value for row in rows), Fraction(0))
            shown = rows[0] if len(rows) == 1 else Shown(decimal_of(total), total, MONEY_DIGITS)
            clause = "TRD-01" if kind == "COMMISSION" else "ACC-02"
            unit = Fraction(len(rows), 10**MONEY_DIGITS)
            yield Claim(f"{of[0]} trade {of[1]}", kind, clause, shown, unit, known(known_of.get(of, Fraction(0))))
        if alone:
            yield Uncheckable("income", kind, str(alone), "needs userTrades, with the trades that it is of")


TradeOf = tuple[str, str, str]
"""Symbol and id of a trade, and an asset."""


def incomes_of(answers: Answers, kind: str) -> dict[TradeOf, list[Shown]]:
    """The income of a kind, by the trade that it is of; without one by an empty id."""
    found: dict[TradeOf, list[Shown]] = {}
    for entry in answers["income"]:
        if entry.text("incomeType") == kind:
            trade = entry.text("tradeId") if entry.gives("tradeId") else ""
            found.setdefault((entry.text("symbol"), trade, entry.text("asset")), []).append(entry.number("income"))
    return found


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
