"""A market: its mark and bands, its reserve with the cause of every change, its lots, and who was liquidated in it."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import attrs

from marginspec.model import ledger
from marginspec.model.account import Lot
from marginspec.model.ledger import account_named
from marginspec.model.market import Market
from marginspec.model.units import RATE_ONE, Quantity
from marginspec_tools.dashboard.charts import Chart, Line, Mark
from marginspec_tools.dashboard.explanations import Entry, entries
from marginspec_tools.dashboard.index.answers import Liquidation, Movement, OpenLot, Version
from marginspec_tools.dashboard.index.values import NO_LOTS, Kind
from marginspec_tools.dashboard.numbers import percent_of, price_text, quantity_text, ratio_text
from marginspec_tools.dashboard.pages import nearest
from marginspec_tools.dashboard.pages.lines import (
    CHANGES,
    balance_line,
    change_cells,
    change_links,
    mark_line,
    without_transfer,
)
from marginspec_tools.dashboard.pages.liquidations import LIQUIDATIONS, LOTS_NOTE, liquidation_row
from marginspec_tools.dashboard.tables import Column, Order, Read, Row, Table
from marginspec_tools.dashboard.view import Page, View, reading
from marginspec_tools.explain import explain_funds

MARKED = 200
"""So many liquidations are marked on the chart of prices: the last ones."""
LEVELS = 3
"""Of the explanation, below what moved."""
FEW_LOTS = 100
"""So many lots are explained one by one, and can be sorted; of more, the sums are explained."""


def content(view: View) -> Mapping[str, Any]:
    """The market's figures, charts and explanation."""
    market = view.market()
    return {
        "market": market,
        "figures": list(figures(view, market)),
        "charts": charts(view),
        "near": view.with_parameters(at=view.at, near="all") if nearest.can_be_asked(view) else None,
        "holders": view.once(nearest.holders),
        "explanation": [
            *(funds_told(view, market) if has_few_lots(view) else sums_told(view, market)),
            Entry(sides_told(view, market)),
            *(Entry(one.told(market)) for one in allowed_prices(market)),
        ],
    }


def figures(view: View, market: Market) -> Iterator[tuple[str, str | None, str, str]]:
    """What stands at the head: a name, the figure, its unit, and the address of its explanation."""
    status, asset = view.status(market.id), market.asset
    mark = None if market.mark is None else price_text(market.mark, market)
    yield "mark", mark, asset, set_by(view, "mark", market.id) or "#why"
    yield "reserve", view.money(view.book.balance(ledger.reserve(market.id)), asset), asset, "#reserve"
    yield "loss of its lots", view.money(max(0, -status.lots_pnl), asset), asset, "#why"
    yield "shortfall", view.money(status.shortfall, asset), asset, "#why"
    cover = None if status.cover is None else ratio_text(status.cover.numerator, status.cover.denominator)
    yield "cover", cover, "times", "#why"
    yield "lots", str(status.lots), "", "#lots"
    yield "long lots", quantity_text(status.long_lots, market), market.id, "#lots"
    yield "short lots", quantity_text(status.short_lots, market), market.id, "#lots"
    yield "long side in all", quantity_text(view.book.open_interest.get(market.id, 0), market), market.id, "#why"


def set_by(view: View, kind: Kind, name: str) -> str:
    """The address of the event that set a figure as it is; empty if none did."""
    found = view.index.history(kind, name, view.at, most=1).rows
    return view.event_address(found[0].seq) if found else ""


def has_few_lots(view: View) -> bool:
    """Whether the market has so few lots that each is explained."""
    return view.lots.get(view.market().id, NO_LOTS).number <= FEW_LOTS


def funds_told(view: View, market: Market) -> list[Entry]:
    """The market's funds as the rules take them, lot by lot."""
    book = view.index.market_state(view.at, market.id)
    # Below the title and the market's name.
    return entries(explain_funds(book, view.at, market.id).lines(LEVELS))[0].parts[0].parts


def sums_told(view: View, market: Market) -> list[Entry]:
    """The funds of a market with very many lots, which are taken together: a value is proportional to a quantity."""
    lots, status = view.lots.get(market.id, NO_LOTS), view.status(market.id)
    money, sides, pnls = partial(view.money, asset=market.asset), list[Entry](), list[int]()
    for side, quantity, cost in (("long", lots.long, lots.long_cost), ("short", lots.short, lots.short_cost)):
        value = market.at_mark(Quantity(quantity))
        pnls.append(value - cost)
        held = f"{side} lots: {quantity_text(quantity, market)}, worth {money(value)} at the mark"
        sides.append(Entry(f"{held}, at a cost of {money(cost)}: PnL {money(value - cost)}"))
    reserve = view.book.balance(ledger.reserve(market.id))
    loss = max(0, -status.lots_pnl)
    pnl = f"{money(status.lots_pnl)} = {money(pnls[0])} of long ones + {money(pnls[1])} of short ones"
    short = f"{money(status.shortfall)} = {money(loss)} of loss - {money(reserve)} of the reserve, at least zero"
    return [
        Entry(f"mark: {price_text(market.marked(), market)} {market.asset}"),
        Entry(f"PnL of its {lots.number} lots, which the table has one by one: {pnl} [WTF-02]", parts=sides),
        Entry(f"shortfall: {short} [WTF-02]"),
    ]


def sides_told(view: View, market: Market) -> str:
    """How the long side comes about; the short side is as long, since every trade has both."""
    whole = view.book.open_interest.get(market.id, 0)
    lots = view.status(market.id).long_lots
    texts = [quantity_text(one, market) for one in (whole, whole - lots, lots)]
    return "long side in all: {} = {} of accounts + {} of long lots".format(*texts)


# ----------------------------------------------------------------- charts


def charts(view: View) -> list[Chart]:
    """The market's charts."""
    market = view.market()
    return [price_chart(view, market), reserve_chart(view, market)]


def price_chart(view: View, market: Market) -> Chart:
    """The mark, with the last liquidations on it."""
    page = view.index.liquidations(view.at, market=market.id, most=MARKED)
    line = mark_line(view, market.id)
    marks = [mark for one in reversed(page.rows) if (mark := liquidation_mark(view, line, one)) is not None]
    told = f"From event {view.begin} to {view.at}, with the last {len(marks)} liquidations."
    return Chart(
        "price", "Mark, and liquidations on it", told, f"{market.asset}", market.price_decimals,
        view.begin, view.at, [line] if line.points else [], marks, from_zero=False,
    )  # fmt: skip


def liquidation_mark(view: View, line: Line, one: Liquidation) -> Mark | None:
    """A liquidation, at the mark that stood then as far as the line tells it."""
    at = next((point for point in reversed(line.points) if point.first <= one.seq), None)
    if at is None:
        return None
    value = at.value if at.last <= one.seq else at.low
    told = f"event {one.seq}: {one.account} liquidated, equity {view.money(one.equity, one.asset)} {one.asset}"
    return Mark(one.seq, value, told, "rose" if one.equity >= 0 else "fell")


def reserve_chart(view: View, market: Market) -> Chart:
    """The market's own reserve."""
    listed = next(one.since for one in view.index.markets() if one.name == market.id)
    line = balance_line(view, "reserve", ledger.reserve(market.id), since=listed)
    told = (
        f"From event {line.points[0].first} to {view.at}; {view.money(line.points[-1].value, market.asset)} at the end."
    )
    decimals = view.book.header.decimals(market.asset)
    return Chart("reserve-line", "Its reserve", told, market.asset, decimals, view.begin, view.at, [line])


# ----------------------------------------------------------------- the reserve


def reserve_table(view: View) -> Table:
    """Every change of the reserve with its cause, newest first."""
    market = view.market()
    name = ledger.reserve(market.id).name

    def read(after: str, most: int) -> Read:
        """Some movements, newest events first."""
        page = view.index.movements(name, view.at, view.number(after), most)
        rows = [movement_row(view, market, place, one) for place, one in enumerate(page.rows)]
        return Read(rows, "" if page.after is None else str(page.after))

    return Table("reserve", "Every change of its reserve", RESERVE, Order("event", True), read=read)


RESERVE = (
    *CHANGES,
    Column("cause", "cause", "prose"),
    Column("lot", "lot", "number"),
    Column("account", "taken of", "name"),
)
CAUSES = {
    ("LIQ-05", True): "profit of a lot",
    ("WTF-01", False): "loss of a lot",
    ("MKT-05", False): "handed to the insurance fund when the market closed",
}
"""Why a reserve gains or loses, by the clause that moved the money (INV-07 allows no other)."""


def movement_row(view: View, market: Market, place: int, one: Movement) -> Row:
    """A change of the reserve."""
    number = account_named(one.other).lot if one.other else 0
    found = lot_taken(view, number) if number else None
    lot: Lot | None = None if found is None else found.value or found.before
    cause = CAUSES.get((one.rule, one.amount > 0), one.rule) or without_transfer(view, one)
    of_lot = (str(number) if number else None, None if lot is None else lot.account)
    cells, links = (*change_cells(view, one, market.asset), cause, *of_lot), change_links(view, one)
    if found is not None and lot is not None:
        links |= {"account": view.to("account", account=lot.account), "lot": view.event_address(found.seq)}
    return Row(f"{one.seq}:{place}", cells, links)


# ----------------------------------------------------------------- lots, terms, liquidations


def lots_table(view: View) -> Table:
    """The open lots, with what they gain or lose at mark: all that there are if they are few, else newest first."""
    market = view.market()
    read = reading(partial(view.index.open_lots, view.at, market.id), partial(lot_row, view, market))
    columns = [attrs.evolve(one, unit=market.id) if one.name == "quantity" else one for one in LOTS]
    caption = "Lots of the liquidation engine"
    if has_few_lots(view):
        return Table("lots", caption, columns, Order("lot"), read("", FEW_LOTS).rows)
    note = f"There are {view.lots[market.id].number}, newest first."
    return Table("lots", caption, columns, Order("lot", True), read=read, note=note)


def lot_row(view: View, market: Market, one: OpenLot) -> Row:
    """An open lot."""
    lot, cost = one.lot, one.cost
    amounts = [view.money(amount, market.asset) for amount in (cost, market.at_mark(lot.quantity) - cost)]
    cells = (
        str(lot.id), lot.account, lot.side, lot.margin_mode,
        lot.reason.replace("_", " "), quantity_text(lot.quantity, market), *amounts,
    )  # fmt: skip
    why = dict.fromkeys(("lot", "quantity", "cost", "pnl"), "#why")
    return Row(str(lot.id), cells, {"account": view.to("account", account=lot.account), **why})


LOTS = (
    Column("lot", "lot", "number"),
    Column("account", "taken of", "name"),
    Column("side", "side"),
    Column("mode", "margin"),
    Column("reason", "why"),
    Column("quantity", "quantity", "number"),
    Column("cost", "cost", "number"),
    Column("pnl", "PnL at mark", "number"),
)


def lot_taken(view: View, number: int) -> Version | None:
    """The last change of a lot, by which it may be gone; None if it never was."""
    return next(iter(view.index.history("lot", str(number), view.at, most=1).rows), None)


def bands_table(view: View) -> Table:
    """The limits of the market, and the prices that they allow at the mark."""
    market, terms = view.market(), terms_address(view)
    limits, now = market.limits, {one.name: one for one in allowed_prices(market)}
    rows = []
    for name, about, rate in (
        ("price_band", "trades and fills", limits.price_band),
        ("fill_band", "fills of the engine", limits.fill_band),
        ("funding_cap", "funding rates", limits.funding_cap),
    ):
        ends = [price_text(one, market) for one in (now[name].low, now[name].high)] if name in now else [None, None]
        limit = None if rate is None else percent_of(rate) + " %"
        links = {"bound": terms, "lowest": "#why", "highest": "#why"}
        rows.append(Row(name, (name.replace("_", " "), about, limit, *ends), links))
    limit = None if limits.position_limit is None else view.money(limits.position_limit, market.asset)
    cells = ("position limit", "notional of a position", limit, None, None)
    rows.append(Row("position_limit", cells, {"bound": terms}))
    return Table("bands", "Bands and limits", BANDS, Order("limit"), rows)


def terms_address(view: View) -> str:
    """The event that set the market's terms as they are; what the rules say of them if none did."""
    return set_by(view, "market", view.market().id) or "#why"


@attrs.frozen
class Allowed:
    """The lowest and the highest price that a band allows at a mark, which are so far from it but for the tick.

    Of fills, the lowest at which the engine may sell long lots, and the highest at which it may buy for short ones.
    """

    name: str
    away: int
    how: str
    low: int
    high: int

    def told(self, market: Market) -> str:
        """The band in one line."""
        low, high, away = (price_text(one, market) for one in (self.low, self.high, self.away))
        return f"{self.name.replace('_', ' ')}: {low} to {high}, ticks within {away} of the mark, {self.how}"


def allowed_prices(market: Market) -> Iterator[Allowed]:
    """The prices that each band of a market allows at its mark (MKT-04, LIQ-05); none without a mark."""
    mark, tick, limits = market.mark, market.tick, market.limits
    for name, rate, least, how in (
        ("price_band", limits.price_band, tick, "a tick and the bound's share of the mark [MKT-04]"),
        ("fill_band", limits.fill_band, 0, "the bound's share of the mark [LIQ-05]"),
    ):
        if mark is not None and rate is not None:
            # A trade is refused from a tick and the bound on, so what it may be away ends below that.
            away = least + (mark * rate - 1) // RATE_ONE if least else mark * rate // RATE_ONE
            yield Allowed(name, away, how, max(tick, -(-(mark - away) // tick) * tick), (mark + away) // tick * tick)


BANDS = (
    Column("limit", "limit"),
    Column("of", "of"),
    Column("bound", "bound"),
    Column("lowest", "lowest now", "number"),
    Column("highest", "highest now", "number"),
)


def tiers_table(view: View) -> Table:
    """The tiers of the market."""
    market, terms = view.market(), terms_address(view)
    rows = [
        Row(
            str(place),
            (
                str(place),
                view.money(tier.floor, market.asset),
                str(tier.max_leverage),
                percent_of(tier.maintenance_rate),
            ),
            dict.fromkeys(("floor", "max_leverage", "maintenance_rate"), terms),
        )
        for place, tier in enumerate(market.tiers.tiers, 1)
    ]
    return Table("tiers", "Tiers", TIERS, Order("tier"), rows)


TIERS = (
    Column("tier", "tier", "number"),
    Column("floor", "notional above", "number"),
    Column("max_leverage", "leverage up to", "number"),
    Column("maintenance_rate", "maintenance", "number", "%"),
)


def liquidations_table(view: View) -> Table:
    """The liquidations that took lots in the market, newest first."""
    read = reading(partial(view.index.liquidations, view.at, None, view.market().id), partial(liquidation_row, view))
    return Table(
        "liquidations", "Liquidations with lots here", LIQUIDATIONS, Order("event", True), read=read, note=LOTS_NOTE
    )


PAGE = Page(
    "market",
    "Market",
    "market.html",
    content,
    {
        "reserve": reserve_table,
        "lots": lots_table,
        "bands": bands_table,
        "tiers": tiers_table,
        "nearest": nearest.nearest_table,
        "liquidations": liquidations_table,
    },
    charts=charts,
    parameters=("market", "near"),
    clauses=("MKT-02", "MKT-04", "MRG-07", "LIQ-03", "LIQ-05", "WTF-01", "WTF-02", "TRN-01", "INV-07"),
    in_navigation=False,
)
