"""A page as it is asked for: which page, of which event, with which parameters; and what a page must say of itself."""

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar
from urllib.parse import urlencode

import attrs

from marginspec.model.market import Market
from marginspec.model.state import State
from marginspec_audit.transparency import MarketStatus, market_status
from marginspec_journal.decimals import decimal_text
from marginspec_tools.dashboard.charts import Chart
from marginspec_tools.dashboard.index import Index
from marginspec_tools.dashboard.index.answers import EventRow, Head
from marginspec_tools.dashboard.index.answers import Page as IndexPage
from marginspec_tools.dashboard.index.values import NO_LOTS, Lots
from marginspec_tools.dashboard.reports import NO_REPORTS, Reports
from marginspec_tools.dashboard.tables import Read, Row, Sheet, Table, order_of

Made = TypeVar("Made")
Found = TypeVar("Found")
AT = "at"
"""The parameter that all pages have: the number of the event after which they show the exchange."""
POINTS = 2_500
"""Of a line, at most."""
CHART, FROM = "chart", "from"
"""The parameters of a chart's series: which chart, and the event that it begins with."""


class Unanswerable(Exception):  # noqa: N818 - it says what is wrong with a request
    """A request that has no answer: the status, what is wrong in a few words, and the reason.

    `event` is one after which it has an answer, and `address` that of its page then, if there is one.
    """

    def __init__(self, status: int, title: str, reason: str, event: int = 0, address: str = "") -> None:
        super().__init__(reason)
        self.status, self.title, self.reason = status, title, reason
        self.event, self.address = event, address


def no_charts(view: "View") -> Iterable[Chart]:  # noqa: ARG001 - as pages call it
    """The charts of a page without any."""
    return ()


@attrs.frozen
class Source:
    """Where what is shown comes from: the journal, the state that it goes on from, if it does, and reports of it."""

    journal: Path
    start: Path | None = None
    reports: Reports = NO_REPORTS


def always(source: Source) -> bool:  # noqa: ARG001 - as the dashboard calls it
    """Of pages that there are for every journal."""
    return True


@attrs.frozen
class Page:
    """A page: its name in addresses, its title, its template, and what fills it.

    `content` gives what the template names; `tables` are made on their own, for the page and as CSV and JSON, and
    `charts` for the page and as series.
    `parameters` are all that may be asked beside the event and the order of tables. `clauses` are those that the page
    shows at work. A page that shows something by name is not in the navigation; `is_there` tells for which journals
    there is the page at all.
    """

    name: str
    title: str
    template: str
    content: Callable[["View"], Mapping[str, Any]]
    tables: Mapping[str, Callable[["View"], Table]] = {}
    charts: Callable[["View"], Iterable[Chart]] = no_charts
    parameters: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()
    in_navigation: bool = True
    is_there: Callable[[Source], bool] = always

    def accepts(self, parameter: str) -> bool:
        """Whether a parameter may be asked."""
        table, _, what = parameter.rpartition(".")
        return parameter in (AT, *self.parameters) or (table in self.tables and what in ("sort", "after"))


class Kept:
    """The last answers that took long to make, for all readers."""

    MOST = 8

    def __init__(self) -> None:
        self._answers: OrderedDict[Any, Any] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Any, make: Callable[[], Made]) -> Made:
        """The answer of a key; made now if it is not kept."""
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
                known: Made = self._answers[key]
                return known
        made = make()
        with self._lock:
            self._answers[key] = made
            while len(self._answers) > self.MOST:
                self._answers.popitem(last=False)
        return made


@attrs.define(slots=False, eq=False)
class View:
    """A page of an event: what its content is made from.

    `source` is the journal, `head` tells how far its index is. A live view asked for no event, and shows the
    newest one. For a file, `is_file`, a table is made whole, though a page would ask first whether it may take long.
    """

    page: Page
    pages: Mapping[str, Page]
    index: Index
    source: Source
    parameters: Mapping[str, str]
    head: Head
    _answers: Kept
    is_file: bool = False
    _kept: dict[Any, Any] = attrs.field(factory=dict, repr=False)

    def once(self, make: Callable[["View"], Made]) -> Made:
        """What is made of this view, made once for all parts of the page."""
        if make not in self._kept:
            self._kept[make] = make(self)
        made: Made = self._kept[make]
        return made

    def kept(self, make: Callable[["View"], Made]) -> Made:
        """What takes long to make, made once for all readers of this page with these parameters, in any order."""
        asked = tuple(self.parameters.get(name) for name in self.page.parameters)
        key = (make, self.head.run, self.head.seq, self.at, self.is_live, self.is_file, asked)
        return self._answers.get(key, lambda: make(self))

    @property
    def journal(self) -> str:
        """The journal's name."""
        return self.source.journal.name

    @property
    def is_live(self) -> bool:
        """Whether the newest event is shown, whichever it is."""
        return AT not in self.parameters

    @cached_property
    def at(self) -> int:
        """The event after which the exchange is shown."""
        return self.head.seq if self.is_live else event_number(self.parameters[AT], self.head.first, self.head.seq)

    @cached_property
    def book(self) -> State:
        """What there is of the state without its accounts: markets, all funds, and of lots their sums."""
        return self.index.funds_state(self.at)

    @cached_property
    def lots(self) -> Mapping[str, Lots]:
        """The open lots of the markets that have any, taken together."""
        return self.index.lots(self.at)

    def status(self, market: str) -> MarketStatus:
        """The status of a market's funds and lots; the book has these together, so their number is from elsewhere."""
        return attrs.evolve(market_status(self.book, market), lots=self.lots.get(market, NO_LOTS).number)

    @cached_property
    def start(self) -> State:
        """The book where the journal begins."""
        return self.index.funds_state(self.head.first)

    @property
    def is_long(self) -> bool:
        """Whether a line may have stretches of events in place of every value."""
        return self.at - self.head.first > POINTS

    @cached_property
    def begin(self) -> int:
        """The event that charts begin with: the start, unless a later stretch is looked into."""
        text = self.parameters.get(FROM)
        return self.head.first if text is None else event_number(text, self.head.first, self.at)

    @cached_property
    def begin_book(self) -> State:
        """The book where charts begin."""
        return self.start if self.begin == self.head.first else self.index.funds_state(self.begin)

    @cached_property
    def event(self) -> EventRow | None:
        """The event; None at the journal's start."""
        return None if self.at == self.head.first else self.index.event_row(self.at)

    # ------------------------------------------------------------- addresses

    def to(self, name: str, /, **parameters: object) -> str:
        """The address of a page of the same event; empty if there is no such page."""
        if name not in self.pages:
            return ""
        kept = {} if self.is_live else {AT: str(self.at)}
        return address(name, {**kept, **parameters})

    def with_parameters(self, **changed: object) -> str:
        """The address of this page with some parameters changed; None takes one away."""
        return address(self.page.name, {**self.parameters, **changed})

    def event_address(self, event: int) -> str:
        """The address of an event's own page, or, without one, of this page after the event."""
        return self.to("event", at=event) or self.moved(event)

    def reached(self, first: int, last: int) -> str:
        """The address of the event that a value was reached in, or of the events of a stretch of them."""
        return self.event_address(last) if first == last else self.to("events", at=last) or self.moved(last)

    def clause(self, clause: str) -> str:
        """The address of what is proved of a clause."""
        return self.to("theorems", clause=clause)

    def moved(self, event: int | None) -> str:
        """The address of this page of another event, or, without one, of the newest."""
        kept = {one: text for one, text in self.parameters.items() if one != AT and not one.endswith(".after")}
        return address(self.page.name, {AT: event, **kept})

    def whole(self, table: Table, suffix: str) -> str:
        """The address of a table as a file."""
        asked = {name: text for name, text in self.parameters.items() if name in self.page.parameters}
        return address(f"{self.page.name}/{table.name}.{suffix}", {**asked, AT: self.at})

    def series(self, chart: Chart) -> str:
        """The address of a chart's series; empty if the chart has every value already."""
        if all(point.first == point.last for line in chart.lines for point in line.points):
            return ""
        asked = {name: text for name, text in self.parameters.items() if name in self.page.parameters}
        return address(f"{self.page.name}/charts.json", {**asked, CHART: chart.id, AT: self.at})

    # ------------------------------------------------------------- tables

    def sheet(self, name: str) -> Sheet:
        """A table of the page, in the order and from the row on that was asked for."""
        table = self.table(name)
        order = order_of(table, self.parameters.get(f"{name}.sort", ""))
        if order is None:
            known = ", ".join(table.orders())
            raise Unanswerable(400, "No such order", f"The table {name} can be sorted by {known}.")
        return table.page(order, self.parameters.get(f"{name}.after", ""))

    def table(self, name: str) -> Table:
        """A table of the page."""
        return self.once(self.page.tables[name])

    def sorted_address(self, sheet: Sheet, order: object) -> str:
        """The address of this page with a table in another order, from its first row on."""
        name = sheet.table.name
        return self.with_parameters(**{f"{name}.sort": order, f"{name}.after": None})

    def turned_address(self, sheet: Sheet, after: str) -> str:
        """The address of this page with a table from another row on; from the first one if it is empty."""
        return self.with_parameters(**{f"{sheet.table.name}.after": after or None})

    # ------------------------------------------------------------- names and amounts

    def market(self) -> Market:
        """The market that the parameter of that name asks for."""
        name = self.parameters.get("market", "")
        if name not in self.book.markets:
            raise self._no_market(name)
        return self.book.markets[name]

    def _no_market(self, name: str) -> Unanswerable:
        """Why there is no market of a name, and after which event there is one, if any."""
        found = next((one for one in self.index.markets() if one.name == name), None)
        reason = f"After event {self.at} there is no market {name!r}"
        if found is not None and found.until is not None and found.until <= self.at:
            return self.not_now("market", f"{reason} any more: event {found.until} closed it.", found.until - 1)
        if found is not None:
            return self.not_now("market", f"{reason} yet: event {found.since} lists it.", found.since)
        return Unanswerable(404, "No such market", f"{reason}.")

    def not_now(self, what: str, reason: str, event: int) -> Unanswerable:
        """What there is not after this event, but after another one."""
        return Unanswerable(404, f"No such {what}", reason, event, self.moved(event))

    @staticmethod
    def number(text: str) -> int | None:
        """The number in a parameter that a link of ours has; None if it is empty."""
        if not text:
            return None
        if re.fullmatch("[0-9]{1,18}", text) is None:
            raise Unanswerable(400, "Not understood", f"{text!r} is not the number of a row.")
        return int(text)

    def money(self, quanta: int, asset: str) -> str:
        """An amount of an asset as an exact decimal."""
        return decimal_text(quanta, self.book.header.decimals(asset))


def reading(
    ask: Callable[[int | None, int], IndexPage[Found]], row: Callable[[Found], Row]
) -> Callable[[str, int], Read]:
    """How a table reads rows of the index: `ask` gives a page of them that begins at a number, `row` makes one."""

    def read(after: str, most: int) -> Read:
        """Some rows."""
        page = ask(View.number(after), most)
        return Read([row(one) for one in page.rows], "" if page.after is None else str(page.after))

    return read


def address(path: str, parameters: Mapping[str, object]) -> str:
    """A path of this server with parameters; those that are None are left out."""
    stated = urlencode({name: text for name, text in parameters.items() if text is not None})
    return f"/{path}?{stated}" if stated else f"/{path}"


def within(page: str, part: str) -> str:
    """The address of a part of a page; empty if there is no such page."""
    return page and f"{page}#{part}"


def event_number(text: str, first: int, newest: int) -> int:
    """The number of an event that was asked for."""
    if re.fullmatch("[0-9]{1,18}", text) is None:
        raise Unanswerable(400, "Not a number", f"An event is asked for by its number, from {first} to {newest}.")
    if not first <= int(text) <= newest:
        reason = f"There is no event {int(text)}: those that are known are numbered {first} to {newest}."
        raise Unanswerable(404, "No such event", reason)
    return int(text)
