"""The overview: how much stands behind the losses of each asset, market by market, and what has happened last."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import attrs

from marginspec.model import ledger
from marginspec.model.effects import FundStatus
from marginspec.model.ledger import LedgerAccount
from marginspec.model.units import WIRE_DECIMALS
from marginspec_audit import assets_of
from marginspec_journal.decimals import decimal_text
from marginspec_tools.dashboard.charts import Chart
from marginspec_tools.dashboard.explanations import Entry
from marginspec_tools.dashboard.numbers import price_text, ratio_text
from marginspec_tools.dashboard.pages.lines import balance_line
from marginspec_tools.dashboard.pages.waterfall import Stage, equities, explained, markets_of, stages
from marginspec_tools.dashboard.tables import Column, Order, Row, Table
from marginspec_tools.dashboard.view import Page, View, within

MOMENTS = 10
LINES = 4
"""So many events are told, and so many markets are drawn in one chart: those whose reserves were the largest."""


@attrs.frozen
class Strip:
    """The waterfall of an asset, with what was paid in of it, and what its margin domains are worth together."""

    asset: str
    stages: list[Stage]
    paid_in: int
    equities: int
    charts: list[Chart]
    explanation: list[Entry]


def content(view: View) -> Mapping[str, Any]:
    """The strips of all assets."""
    book, start = view.book, view.start
    borne = view.index.borne(view.at)
    strips = [
        Strip(
            asset,
            found := list(stages(book, start, asset, borne.get(asset, {}))),
            -book.balance(ledger.external(asset)),
            equities(book, asset),
            list(charts_of(view, asset)),
            explained(book, start, found, asset, partial(view.money, asset=asset)),
        )
        for asset in assets_of(book)
    ]
    return {"strips": strips}


def charts(view: View) -> Iterator[Chart]:
    """The charts of all assets."""
    for asset in assets_of(view.book):
        yield from charts_of(view, asset)


def charts_of(view: View, asset: str) -> Iterator[Chart]:
    """The reserves of the largest markets, and the funds that an asset's markets share, over the journal."""
    book = view.book
    largest = sorted(
        markets_of(book, asset), key=lambda one: (-book.fund_status.get(one.id, FundStatus()).high_water, one.id)
    )
    reserves = [(one.id, ledger.reserve(one.id)) for one in largest[:LINES]]
    yield chart(view, asset, "reserves", "Reserves of the largest markets", reserves)
    for name, title, fund in (
        ("insurance", "Insurance fund", ledger.insurance(asset)),
        ("relief", "Relief", ledger.relief(asset)),
        ("house", "House", ledger.house(asset)),
    ):
        yield chart(view, asset, name, title, [(title, fund)])


def chart(view: View, asset: str, name: str, title: str, followed: list[tuple[str, LedgerAccount]]) -> Chart:
    """The balances of some ledger accounts of an asset."""
    lines = [balance_line(view, one, account, str(place)) for place, (one, account) in enumerate(followed, 1)]
    last = [f"{line.name} {view.money(line.points[-1].value, asset)}" for line in lines]
    told = f"From event {view.begin} to {view.at}, in {asset}. At the end: {', '.join(last) or 'no market'}."
    return Chart(f"{name}-{asset}", title, told, asset, view.book.header.decimals(asset), view.begin, view.at, lines)


# ----------------------------------------------------------------- tables


def markets_table(view: View) -> Table:
    """All markets: what their reserves hold, what they lose, and what that cost others."""
    book = view.book
    rows = []
    for market_id in sorted(book.markets):
        market = book.markets[market_id]
        status = view.status(market_id)
        counters = status.counters
        cover = None if status.cover is None else ratio_text(status.cover.numerator, status.cover.denominator)
        amounts = (
            book.balance(ledger.reserve(market_id)), counters.high_water, counters.inflow, counters.outflow,
            status.lots_pnl, status.shortfall, counters.insurance_drawn, counters.deleveraged, counters.levied,
        )  # fmt: skip
        texts = [view.money(amount, market.asset) for amount in amounts]
        mark = None if market.mark is None else price_text(market.mark, market)
        cells = (market_id, market.asset, mark, *texts[:4], str(status.lots), *texts[4:6], cover, *texts[6:])
        page, others = view.to("market", market=market_id), view.to("liquidations", market=market_id)
        links = {name: within(page, part) for name, part in PARTS.items()}
        links |= {"market": page, **dict.fromkeys(("insurance_drawn", "deleveraged", "levied"), others)}
        rows.append(Row(market_id, cells, links))
    return Table("markets", "Markets", MARKETS, Order("market"), rows, note=COVER_NOTE)


PARTS = {
    **dict.fromkeys(("mark", "lots_pnl", "shortfall", "cover"), "why"),
    **dict.fromkeys(("reserve", "inflow", "outflow"), "reserve"),
    "high_water": "reserve-line",
    "lots": "lots",
}
"""The part of a market's page that explains a figure."""
COVER_NOTE = "Cover is the reserve over the loss of the lots, rounded down; there is none where the lots lose nothing."
MARKETS = (
    Column("market", "market", "name"),
    Column("asset", "asset", "name"),
    Column("mark", "mark", "number"),
    Column("reserve", "reserve", "number"),
    Column("high_water", "highest", "number"),
    Column("inflow", "gained", "number"),
    Column("outflow", "drawn", "number"),
    Column("lots", "lots", "number"),
    Column("lots_pnl", "PnL of lots", "number"),
    Column("shortfall", "shortfall", "number"),
    Column("cover", "cover", "number", "times"),
    Column("insurance_drawn", "insurance drawn", "number"),
    Column("deleveraged", "deleveraged", "number"),
    Column("levied", "levied", "number"),
)


def stages_table(view: View) -> Table:
    """The stages of all assets, as figures."""
    book, start, borne = view.book, view.start, view.index.borne(view.at)
    rows = []
    for number, asset in enumerate(assets_of(book), 1):
        for place, stage in enumerate(stages(book, start, asset, borne.get(asset, {})), 1):
            amounts = (stage.balance, stage.came, stage.went, stage.loss, stage.room)
            texts = [None if amount is None else view.money(amount, asset) for amount in amounts]
            links = {"clause": view.clause(stage.clause), **dict.fromkeys(FLOWS, f"#why-{number}")}
            rows.append(Row(f"{asset}:{place}", (str(place), asset, stage.title, stage.clause, *texts), links))
    return Table("stages", "The waterfall in figures", STAGES, Order("stage"), rows)


FLOWS = ("balance", "in", "out", "loss", "room")
STAGES = (
    Column("stage", "stage", "number"),
    Column("asset", "asset", "name"),
    Column("name", "who bears a loss"),
    Column("clause", "clause"),
    Column("balance", "balance", "number"),
    Column("in", "in", "number"),
    Column("out", "out for losses", "number"),
    Column("loss", "loss behind it", "number"),
    Column("room", "headroom", "number"),
)


def moments_table(view: View) -> Table:
    """The events in which the waterfall passed on the most money."""
    rows = []
    for place, one in enumerate(view.index.moments(view.at, MOMENTS), 1):
        money = None if one.money is None else decimal_text(one.money, WIRE_DECIMALS)
        cells = (str(place), str(one.seq), one.ts, one.type.replace("_", " "), one.market, str(one.effects), money)
        why = view.to("event", at=one.seq)
        links = {"event": view.event_address(one.seq), "money": why, "effects": why}
        if one.market in view.book.markets:
            links["market"] = view.to("market", market=one.market)
        rows.append(Row(str(one.seq), cells, links))
    return Table("moments", "Events that passed on the most money", MOMENT, Order("rank"), rows, note=MONEY_NOTE)


MONEY_NOTE = "All that funds, counterparties and payers of a levy bore in the event, its assets added up."
MOMENT = (
    Column("rank", "rank", "number"),
    Column("event", "event", "number"),
    Column("ts", "time"),
    Column("type", "what came"),
    Column("market", "market", "name"),
    Column("effects", "effects", "number"),
    Column("money", "money", "number"),
)

PAGE = Page(
    "overview",
    "Overview",
    "overview.html",
    content,
    {"stages": stages_table, "moments": moments_table, "markets": markets_table},
    charts=charts,
    clauses=("WTF-01", "WTF-02", "ADL-01", "LVY-01", "LVY-02", "TRN-01"),
)
