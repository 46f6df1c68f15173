"""What each market's waterfall did, as rows, as a table for people and as lines for programs."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import attrs
from rich import box
from rich.table import Table

from marginspec.model import ledger
from marginspec.model.effects import FundStatus
from marginspec.model.state import State


@attrs.frozen
class WaterfallRow:
    """One market: lots taken over, and where the money came from and went, in quanta of its asset.

    `remaining` is what the reserve holds at the end, `open_lots` how many lots still wait.
    """

    market: str
    asset: str
    decimals: int
    lots: int
    open_lots: int
    profit: int
    reserve_drawn: int
    insurance_drawn: int
    deleveraged: int
    levied: int
    remaining: int


AMOUNTS = {
    "profit": "profit gained",
    "reserve_drawn": "reserve drawn",
    "insurance_drawn": "insurance drawn",
    "deleveraged": "delever-\naged",
    "levied": "levied",
    "remaining": "reserve left",
}
"""The columns of money, with their headings."""


def waterfall_rows(state: State, lots_opened: Counter[str]) -> tuple[WaterfallRow, ...]:
    """A row for each market, by its id; `lots_opened` counts the lots that each had in all."""
    rows: list[WaterfallRow] = []
    for market_id in sorted(state.markets):
        asset = state.markets[market_id].asset
        counted = state.fund_status.get(market_id, FundStatus())
        row = WaterfallRow(
            market=market_id,
            asset=asset,
            decimals=state.header.decimals(asset),
            lots=lots_opened[market_id],
            open_lots=len(state.lots_in.get(market_id, ())),
            profit=counted.inflow,
            reserve_drawn=counted.outflow,
            insurance_drawn=counted.insurance_drawn,
            deleveraged=counted.deleveraged,
            levied=counted.levied,
            remaining=state.balance(ledger.reserve(market_id)),
        )
        rows.append(row)
    return tuple(rows)


def exact_text(quanta: int, decimals: int) -> str:
    """An amount as an exact decimal string, as journals write it."""
    sign, digits = ("-" if quanta < 0 else ""), str(abs(quanta)).rjust(decimals + 1, "0")
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}" if decimals else f"{sign}{digits}"


def whole_text(quanta: int, decimals: int) -> str:
    """An amount for people: whole units, thousands apart, the rest cut off; a dash for nothing."""
    if quanta == 0:
        return "-"
    sign, whole = ("-" if quanta < 0 else ""), abs(quanta) // 10**decimals
    return f"{sign}{whole:,}" if whole else f"{sign}<1"


def waterfall_table(rows: Iterable[WaterfallRow]) -> Table:
    """The rows as a table, with a sum at its foot; markets in which nothing happened are left out."""
    shown = [row for row in rows if row.lots]
    table = Table(
        title="Waterfall by market, in whole units",
        title_justify="left",
        show_footer=True,
        box=box.SIMPLE_HEAD,
        show_edge=False,
        padding=0,
    )
    table.add_column("market", footer="sum", no_wrap=True)
    table.add_column("lots", footer=str(sum(row.lots for row in shown)), justify="right")
    for field, heading in AMOUNTS.items():
        decimals = shown[0].decimals if shown else 0
        total = sum(int(getattr(row, field)) for row in shown)
        footer = whole_text(total, decimals) if len({row.asset for row in shown}) == 1 else ""
        table.add_column(heading, footer=footer, justify="right")
    for row in shown:
        amounts = (whole_text(int(getattr(row, field)), row.decimals) for field in AMOUNTS)
        table.add_row(row.market, str(row.lots), *amounts)
    return table


def waterfall_line(row: WaterfallRow) -> dict[str, Any]:
    """A row as a line for programs, with exact amounts."""
    amounts = {field: exact_text(int(getattr(row, field)), row.decimals) for field in AMOUNTS}
    return {"waterfall": row.market, "asset": row.asset, "lots": row.lots, "open_lots": row.open_lots, **amounts}
