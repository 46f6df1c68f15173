"""Lines of charts: what is followed of a journal from its start on."""

from marginspec.model.ledger import LedgerAccount
from marginspec_tools.dashboard.charts import Line
from marginspec_tools.dashboard.index.answers import Point
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
