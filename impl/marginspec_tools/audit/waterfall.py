"""What each market's waterfall did: how often, and where the money came from and went."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import attrs

from marginspec.model.effects import (
    Deleveraged,
    DomainLiquidated,
    Effect,
    Levied,
    LotOpened,
    ReliefReturned,
    Transferred,
)
from marginspec.model.market import Market
from marginspec.model.state import State
from marginspec_audit.transparency import MarketStatus, market_status
from marginspec_journal.decimals import decimal_text

if TYPE_CHECKING:
    from rich.table import Table

HAPPENED = (
    "liquidations",
    "step_downs",
    "takeovers",
    "reserve_profits",
    "reserve_draws",
    "insurance_draws",
    "relief_draws",
    "deleveragings",
    "house_payments",
    "levies",
    "returns",
)
"""What is counted, in the order in which a loss goes down the waterfall."""


def happenings(effects: tuple[Effect, ...]) -> Iterator[str]:
    """What the waterfall did in an event, once for each time."""
    for effect in [one for one in effects if type(one) is not Transferred or one.rule in RULES]:
        if type(effect) is Transferred:
            name = TRANSFERS.get((effect.rule, effect.source.kind)) or TRANSFERS.get((effect.rule, effect.target.kind))
        elif type(effect) is LotOpened:
            name = "step_downs" if effect.lot.reason == "step_down" else "takeovers"
        else:
            name = OTHERS.get(type(effect))
        if name is not None:
            yield name


TRANSFERS = {
    ("WTF-01", "reserve"): "reserve_draws",
    ("WTF-01", "insurance"): "insurance_draws",
    ("WTF-01", "relief"): "relief_draws",
    ("LIQ-05", "reserve"): "reserve_profits",
    ("LVY-01", "house"): "house_payments",
}
"""What a transfer comes to, by its rule and the fund that it is from or to."""
RULES = frozenset(rule for rule, _ in TRANSFERS)
OTHERS: dict[type, str] = {
    DomainLiquidated: "liquidations",
    Deleveraged: "deleveragings",
    Levied: "levies",
    ReliefReturned: "returns",
}


def happened_text(happened: Counter[str]) -> str:
    """The counts as people read them."""
    counts = [f"{happened[kind]:,} {kind.replace('_', ' ')}" for kind in HAPPENED if happened[kind]]
    return ", ".join(counts) or "nothing"


@attrs.frozen
class MarketFunds:
    """A market's funds at the end of a run, in quanta of its asset; `lots_opened` counts the lots of the run."""

    market: Market
    decimals: int
    status: MarketStatus
    lots_opened: int

    def as_object(self) -> dict[str, Any]:
        """The status as TRN-01 publishes it, amounts as exact decimals; the cover ratio's parts are in quanta."""
        market, status = self.market, self.status
        cover = status.cover
        return {
            "market": market.id,
            "asset": market.asset,
            "mark": None if market.mark is None else decimal_text(market.mark, market.price_decimals),
            **{name: decimal_text(amount, self.decimals) for name, amount in attrs.asdict(status.counters).items()},
            "lots_opened": self.lots_opened,
            "lots": status.lots,
            "long_lots": decimal_text(status.long_lots, market.quantity_decimals),
            "short_lots": decimal_text(status.short_lots, market.quantity_decimals),
            "lots_pnl": decimal_text(status.lots_pnl, self.decimals),
            "shortfall": decimal_text(status.shortfall, self.decimals),
            "cover_numerator": None if cover is None else str(cover.numerator),
            "cover_denominator": None if cover is None else str(cover.denominator),
        }


def all_funds(state: State, lots_opened: Counter[str]) -> list[MarketFunds]:
    """The funds of every market, by its id."""
    return [
        MarketFunds(
            market=state.markets[market],
            decimals=state.header.decimals(state.markets[market].asset),
            status=market_status(state, market),
            lots_opened=lots_opened[market],
        )
        for market in sorted(state.markets)
    ]


# ----------------------------------------------------------------- for people

HEADINGS = {
    "inflow": "profit gained",
    "outflow": "reserve drawn",
    "insurance_drawn": "insurance drawn",
    "deleveraged": "delever-\naged",
    "levied": "levied",
    "balance": "reserve left",
}
"""The counters that people see, with their headings."""


def whole_units_text(quanta: int, decimals: int) -> str:
    """An amount for people: whole units, thousands apart, the rest cut off; a dash for nothing."""
    if quanta == 0:
        return "-"
    sign, whole = ("-" if quanta < 0 else ""), abs(quanta) // 10**decimals
    return f"{sign}{whole:,}" if whole else f"{sign}<1"


def waterfall_table(funds: Iterable[MarketFunds]) -> "Table":
    """A row for each market that had a lot, and a sum below them if they are all in one asset."""
    from rich import box
    from rich.table import Table

    shown = [row for row in funds if row.lots_opened]
    summed = len({row.market.asset for row in shown}) == 1
    table = Table(
        title="Waterfall by market, in whole units",
        title_justify="left",
        show_footer=True,
        box=box.SIMPLE_HEAD,
        show_edge=False,
        padding=0,
    )
    table.add_column("market", footer="sum", no_wrap=True)
    table.add_column("lots", footer=str(sum(row.lots_opened for row in shown)), justify="right")
    for name, heading in HEADINGS.items():
        total = sum(int(getattr(row.status.counters, name)) for row in shown)
        table.add_column(heading, footer=whole_units_text(total, shown[0].decimals) if summed else "", justify="right")
    for row in shown:
        amounts = (whole_units_text(int(getattr(row.status.counters, name)), row.decimals) for name in HEADINGS)
        table.add_row(row.market.id, str(row.lots_opened), *amounts)
    return table
