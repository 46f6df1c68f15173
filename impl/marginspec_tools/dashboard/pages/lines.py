"""Lines of charts, and changes of balances: what is followed of a journal from its start on."""

from marginspec.model.ledger import LedgerAccount
from marginspec_tools.dashboard.charts import Line
from marginspec_tools.dashboard.index.answers import Movement, Point
from marginspec_tools.dashboard.index.tables import EFFECTS_AT_ONCE
from marginspec_tools.dashboard.tables import Column
from marginspec_tools.dashboard.view import POINTS, View


def point_at(event: int, value: int) -> Point:
    """A value at one event."""
    return Point(event, event, value, value, value)


def balance_line(view: View, name: str, account: LedgerAccount, style: str = "1", since: int = 0) -> Line:
    """A ledger account's balance from where the chart begins, or from the event before which it could not be."""
    start = point_at(max(view.begin, since), view.begin_book.balance(account))
    return Line(name, [start, *view.index.series("ledger", account.name, view.at, view.begin, POINTS)], style)


def mark_line(view: View, market: str) -> Line:
    """A market's mark from where the chart begins, or from when it had one."""
    listed = view.begin_book.markets.get(market)
    start = [] if listed is None or listed.mark is None else [point_at(view.begin, listed.mark)]
    return Line("mark", [*start, *view.index.series("mark", market, view.at, view.begin, POINTS)])


def without_transfer(view: View, one: Movement) -> str:
    """What stands where a change of a balance has no one transfer to show."""
    if one.seq == view.head.first:
        return "what there was where the journal begins"
    return f"what the event moved beyond its first {EFFECTS_AT_ONCE} effects"


CHANGES = (
    Column("event", "event", "number"),
    Column("amount", "amount", "number"),
    Column("balance", "balance after the event", "number"),
    Column("clause", "clause"),
)
"""The first columns of a table of a balance's changes."""


def change_cells(view: View, one: Movement, asset: str) -> tuple[str | None, ...]:
    """The cells of a change in them."""
    return str(one.seq), view.money(one.amount, asset), view.money(one.balance, asset), one.rule or None


def change_links(view: View, one: Movement) -> dict[str, str]:
    """Where they lead to."""
    why = view.to("event", at=one.seq)
    links = {"event": view.event_address(one.seq), "amount": why, "balance": why}
    return links | ({"clause": view.clause(one.rule)} if one.rule else {})
