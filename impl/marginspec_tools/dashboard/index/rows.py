"""What an event's changes are in the tables: rows, gathered for many events and written at once, in order."""

import sqlite3
from itertools import groupby, islice
from typing import Any

import attrs
import zstandard

from marginspec.model.events import Event
from marginspec.model.market import Market
from marginspec.model.rejections import Reason
from marginspec.model.state import Header
from marginspec.model.units import WIRE_DECIMALS
from marginspec_journal.events import EVENT_FORMS
from marginspec_tools.dashboard.index.changes import Bearing, Changes
from marginspec_tools.dashboard.index.receipts import ReceiptParts
from marginspec_tools.dashboard.index.replaying import Answer, Text
from marginspec_tools.dashboard.index.source import Line
from marginspec_tools.dashboard.index.tables import EFFECTS_AT_ONCE, SEGMENT, SPAN, TEXTS_AT_ONCE
from marginspec_tools.dashboard.index.values import NUMBERS, Kind, Owned, stored

EVENT_TYPES = tuple(EVENT_FORMS)
TYPE_NUMBERS = {form.record: number for number, form in enumerate(EVENT_FORMS.values())}
REASONS = tuple(Reason)
REASON_NUMBERS = {reason: number for number, reason in enumerate(REASONS)}
MOST_WAITING = 1 << 19
"""So many rows wait to be written, about: one event may make millions."""
MOST_KNOWN = 1 << 18
"""So many numbers of figures are kept in memory between two writes; an exchange may have tens of millions."""
SPILL_EVERY = 1 << 12
"""Of the rows that one event makes, it is looked every so many whether they are too many to wait."""
NAMING_ACCOUNTS = ("account", "buyer", "seller", "counterparty")
BEARERS = frozenset({"reserve", "insurance", "relief", "house", "deleveraging", "levy"})
"""Who bears a loss; profits and returned relief are no losses."""


@attrs.define
class Span:
    """The lowest, the highest and the last value of a figure in some events."""

    low: int
    high: int
    last: int


class Rows:
    """The rows of the events that are not written yet, and the numbers of names."""

    def __init__(self, database: sqlite3.Connection, header: Header) -> None:
        self._database, self._header = database, header
        self._packer = zstandard.ZstdCompressor(level=3)
        self.markets: dict[str, int] = dict(database.execute("SELECT name, id FROM markets"))
        self._account_count, self._figure_count, self._liquidation_count = (
            database.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()[0]
            for table in ("accounts", "figures", "liquidations")
        )
        self._accounts: dict[str, int] = {}
        self._figures: dict[tuple[Kind, str], int] = {}
        self._ended = set[int]()
        self._spans: dict[int, tuple[int, Span]] = {}
        self._texts: list[bytes] = []
        self._first_text = 0
        self._clear()

    def _clear(self) -> None:
        self._waiting: dict[str, list[tuple[Any, ...]]] = {table: [] for table in INSERTS}
        self._segments: set[int] = set()

    # ------------------------------------------------------------- names

    def account(self, name: str) -> int:
        """The number of an account's name."""
        number = self._accounts.get(name)
        if number is None:
            row = self._database.execute("SELECT id FROM accounts WHERE name = ?", (name,)).fetchone()
            if row is None:
                self._account_count += 1
                self._add("accounts", self._account_count, name)
            number = self._accounts[name] = self._account_count if row is None else row[0]
        return number

    def market(self, name: str) -> int:
        """The number of a market's name."""
        number = self.markets.get(name)
        if number is None:
            number = self.markets[name] = len(self.markets) + 1
            self._add("markets", number, name)
        return number

    def figure(self, owned: Owned, seq: int) -> int:
        """The number of a figure, which is new if it has none."""
        number = self.known_figure(owned.kind, owned.name)
        if number is None:
            self._figure_count += 1
            number = self._figures[owned.kind, owned.name] = self._figure_count
            account = self.account(owned.account) if owned.account else None
            market = self.market(owned.market) if owned.market else None
            self._add("figures", number, NUMBERS[owned.kind], owned.name, account, market, owned.lot, seq, None)
        return number

    def known_figure(self, kind: Kind, name: str) -> int | None:
        """The number of a figure; None if it has none yet."""
        number = self._figures.get((kind, name))
        if number is None:
            row = self._database.execute(FIGURE, (NUMBERS[kind], name)).fetchone()
            if row is None:
                return None
            number, until = row
            self._figures[kind, name] = number
            if until is not None:
                self._ended.add(number)
        return number

    def _add(self, table: str, *row: Any) -> None:
        self._waiting[table].append(row)

    # ------------------------------------------------------------- events

    def add_figures(self, seq: int, figures: dict[Owned, Any]) -> None:
        """Add the values that figures have after an event."""
        for place, (owned, value) in enumerate(figures.items()):
            self._spill(place)
            number = self.figure(owned, seq)
            self._segments.add(seq // SEGMENT)
            self._add("versions", seq // SEGMENT, number, seq, stored(value))
            if owned.is_ephemeral:
                self._mark_end(number, seq, is_there=bool(value))
            if owned.kind == "market":
                self._add_market(owned.name, seq, value)
            elif owned.kind == "account":
                self._add("opened", seq, self.account(owned.name))
            elif not owned.account and isinstance(value, int) and owned.lot is None:
                self._extend_span(number, seq, value)

    def _mark_end(self, number: int, seq: int, *, is_there: bool) -> None:
        """Note when what comes and goes was gone, so that a page need not look at all that ever was."""
        if is_there != (number not in self._ended):
            self._add("ended", None if is_there else seq, number)
            self._ended ^= {number}

    def _add_market(self, name: str, seq: int, market: Market | None) -> None:
        if market is None:
            self._add("closed", seq, self.market(name))
        else:
            decimals = market.price_decimals, market.quantity_decimals
            self._add("listed", market.asset, seq, *decimals, self.market(name))

    def _extend_span(self, figure: int, seq: int, value: int) -> None:
        place = seq // SPAN
        known, span = self._spans.get(figure) or self._written_span(figure)
        if known != place:
            self._write_span(figure)
            self._spans[figure] = place, Span(value, value, value)
        else:
            span.low, span.high, span.last = min(span.low, value), max(span.high, value), value

    def _written_span(self, figure: int) -> tuple[int, Span]:
        """The last span of a figure that was written, with its place, and -1 if there is none."""
        query = "SELECT span, low, high, last FROM spans WHERE figure = ? ORDER BY span DESC LIMIT 1"
        row = self._database.execute(query, (figure,)).fetchone()
        place, *values = row or (-1, 0, 0, 0)
        found = self._spans[figure] = place, Span(*map(int, values))
        return found

    def _write_span(self, figure: int) -> None:
        place, span = self._spans[figure]
        if place >= 0:
            self._add("spans", figure, place, *map(stored, (span.low, span.high, span.last)))

    def add_versions(self, versions: list[tuple[int, int, int]]) -> None:
        """Add versions of figures that come in bulk: figure, event, value, of each figure in order of events."""
        waiting = self._waiting["versions"]
        for figure, seq, value in versions:
            segment = seq // SEGMENT
            self._segments.add(segment)
            waiting.append((segment, figure, seq, value))
        self._spill()

    def add_span_values(self, versions: list[tuple[int, int, int]]) -> None:
        """Add to the spans of figures that come in bulk."""
        for figure, seq, value in versions:
            self._extend_span(figure, seq, value)

    def add_related(self, accounts: list[tuple[int, int]], markets: list[tuple[int, int]]) -> None:
        """Add accounts and markets, by number, with events that changed something of theirs."""
        self._waiting["of_account"] += [(seq // SEGMENT, account, seq) for account, seq in accounts]
        self._waiting["of_market"] += markets
        self._spill()

    def add(self, seq: int, line: Line, answer: Answer, changes: Changes) -> None:
        """Add an event, its receipt, and what it changed."""
        self.add_figures(seq, changes.figures)
        event = line.record.event
        named = getattr(event, "market", None)
        market = self.market(named) if named else None
        reason = None if answer.rejected is None else REASON_NUMBERS[answer.rejected]
        is_waterfall = changes.liquidated or changes.borne
        money = stored(sum(map(self._borne, changes.borne))) if is_waterfall else None
        ts, ref = line.record.ts, line.record.ref
        self._add("events", seq, TYPE_NUMBERS[type(event)], market, reason, answer.made, money, ts, ref)
        self._add_relations(seq, event, changes, market)
        self._add_waterfall(seq, changes)
        self._add_texts(seq, line.text, answer.line, answer.made)

    def _add_relations(self, seq: int, event: Event, changes: Changes, market: int | None) -> None:
        accounts = {owned.account for owned in changes.figures if owned.account}
        accounts.update(name for field in NAMING_ACCOUNTS if (name := getattr(event, field, None)))
        segment = seq // SEGMENT
        for place, name in enumerate(accounts):
            self._spill(place)
            self._add("of_account", segment, self.account(name), seq)
        markets = {self.market(owned.market) for owned in changes.figures if owned.market}
        if market is not None:
            markets.add(market)
        self._waiting["of_market"].extend((number, seq) for number in markets)

    def _borne(self, bearing: Bearing) -> int:
        """What was borne, in 1e-8, so that amounts of different assets are ordered by what a reader sees."""
        if bearing.bearer not in BEARERS:
            return 0
        scale: int = 10 ** (WIRE_DECIMALS - self._header.decimals(bearing.asset))
        return bearing.amount * scale

    def _add_waterfall(self, seq: int, changes: Changes) -> None:
        first = self._liquidation_count + 1
        for number, one in enumerate(changes.liquidated, start=first):
            self._spill(number)
            domain = one.domain
            owner = domain.asset, domain.market, domain.side, stored(one.equity), stored(one.maintenance)
            self._add("liquidations", number, seq, self.account(domain.account), *owner)
        self._liquidation_count += len(changes.liquidated)
        for opened in changes.opened:
            lot = opened.lot
            self._spill(lot.id)
            market, number = self.market(lot.market), first + opened.liquidation
            kind = lot.side, lot.margin_mode, lot.reason
            figures = stored(lot.quantity), stored(opened.cost)
            self._add("lots", lot.id, seq, number, self.account(lot.account), market, *kind, *figures)
            self._add("liquidations_in", market, number)
        for place, bearing in enumerate(changes.borne):
            self._spill(place)
            where = self.market(bearing.market) if bearing.market else None
            who = self.account(bearing.account) if bearing.account else None
            amount, quantity = stored(bearing.amount), stored(bearing.quantity)
            borne = bearing.bearer, bearing.asset, amount, bearing.lot or None, where, who, bearing.name
            self._add("borne", seq, place, *borne, quantity, bearing.layer)
        self._add_sums(seq, changes)

    def _add_sums(self, seq: int, changes: Changes) -> None:
        """Add what followed on each other of the same lot and bearer as one sum: a lot may have a million of it."""
        runs = groupby(changes.borne, lambda one: (one.lot, one.bearer))
        for place, ((lot, bearer), run) in enumerate(runs):
            self._spill(place)
            if lot:
                self._add("sums_of_lots", lot, seq, place, bearer, stored(sum(one.amount for one in run)))

    # ------------------------------------------------------------- texts

    def _add_texts(self, seq: int, text: bytes, line: Text, effects: int) -> None:
        if not self._texts:
            self._first_text = seq
        self._texts += (text, self._split(seq, line) if effects > EFFECTS_AT_ONCE else bytes(line))
        if len(self._texts) == 2 * TEXTS_AT_ONCE:
            self._pack_texts()

    def _split(self, seq: int, line: Text) -> bytes:
        """Keep the many effects of a receipt in parts; gives its line without them."""
        parts, first = ReceiptParts(line), 0
        effects = parts.effects()
        while some := list(islice(effects, EFFECTS_AT_ONCE)):
            self._add("effects", seq, first, self._packer.compress(b"\n".join(some)))
            first += len(some)
        return parts.without_effects

    def _pack_texts(self) -> None:
        if self._texts:
            self._add("texts", self._first_text, self._packer.compress(b"\n".join(self._texts)))
            self._texts = []

    # ------------------------------------------------------------- writing

    def write(self) -> None:
        """Write all rows that wait, within the transaction that is open."""
        self._pack_texts()
        for figure in self._spans:
            self._write_span(figure)
        self._insert()

    def _spill(self, place: int = 0) -> None:
        """Write the rows that wait if they are too many; of a row's place, only every so many times."""
        if place % SPILL_EVERY == 0 and sum(map(len, self._waiting.values())) >= MOST_WAITING:
            self._insert()

    def _insert(self) -> None:
        self._waiting["segments"] = [(segment,) for segment in self._segments]
        for table in ("versions", "of_account", "of_market"):
            self._waiting[table].sort(key=key_of)
        for table, statement in INSERTS.items():
            self._database.executemany(statement, self._waiting[table])
        self._clear()
        if len(self._figures) > MOST_KNOWN:
            # They are all written, so they are found again.
            self._figures.clear()
            self._accounts.clear()
            self._ended.clear()


def key_of(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """The key of a row, without its value."""
    return row[:3]


def into(table: str, columns: int, more: str = "") -> str:
    """The statement that adds a row of so many columns."""
    return f"INSERT INTO {table} VALUES ({', '.join('?' * columns)}){more}"


FIGURE = "SELECT id, until FROM figures WHERE kind = ? AND name = ?"
INSERTS = {
    "accounts": "INSERT INTO accounts(id, name) VALUES (?, ?)",
    "markets": "INSERT INTO markets(id, name) VALUES (?, ?)",
    "opened": "UPDATE accounts SET since = coalesce(since, ?) WHERE id = ?",
    "listed": "UPDATE markets SET asset = ?, since = coalesce(since, ?), price_decimals = ?, quantity_decimals = ? "
    "WHERE id = ?",
    "closed": "UPDATE markets SET until = ? WHERE id = ?",
    "segments": "INSERT OR IGNORE INTO segments VALUES (?)",
    "figures": into("figures", 8),
    "ended": "UPDATE figures SET until = ? WHERE id = ?",
    "versions": into("versions", 4),
    "spans": "INSERT OR REPLACE INTO spans VALUES (?, ?, ?, ?, ?)",
    "events": into("events", 8),
    # In bulk and one by one, the same is found twice.
    "of_account": "INSERT OR IGNORE INTO of_account VALUES (?, ?, ?)",
    "of_market": "INSERT OR IGNORE INTO of_market VALUES (?, ?)",
    "texts": into("texts", 2),
    "effects": into("effects", 3),
    "liquidations": into("liquidations", 8),
    "liquidations_in": "INSERT OR IGNORE INTO liquidations_in VALUES (?, ?)",
    "lots": into("lots", 10),
    "borne": into("borne", 11),
    "sums_of_lots": into("sums_of_lots", 5),
}
"""What is written, in this order: names before what names them."""
