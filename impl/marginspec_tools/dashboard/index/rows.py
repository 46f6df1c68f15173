"""What an event's changes are in the tables: rows, gathered for many events and written at once, in order."""

import sqlite3
from typing import Any

import attrs
import msgspec
import zstandard

from marginspec.model.events import Event
from marginspec.model.market import Market
from marginspec.model.rejections import Reason
from marginspec.model.state import Header
from marginspec.model.units import WIRE_DECIMALS
from marginspec_journal.events import EVENT_FORMS
from marginspec_tools.dashboard.index.changes import Bearing, Changes
from marginspec_tools.dashboard.index.replaying import Answer
from marginspec_tools.dashboard.index.source import Line
from marginspec_tools.dashboard.index.tables import EFFECTS_AT_ONCE, SEGMENT, SPAN, TEXTS_AT_ONCE
from marginspec_tools.dashboard.index.values import EPHEMERAL, LOT, NUMBERS, Kind, Owned, stored

EVENT_TYPES = tuple(EVENT_FORMS)
TYPE_NUMBERS = {form.record: number for number, form in enumerate(EVENT_FORMS.values())}
REASONS = tuple(Reason)
REASON_NUMBERS = {reason: number for number, reason in enumerate(REASONS)}
NAMING_ACCOUNTS = ("account", "buyer", "seller", "counterparty")
BEARERS = frozenset({"reserve", "insurance", "relief", "house", "deleveraging", "levy"})
"""Who bears a loss; profits and returned relief are no losses."""


class ReceiptParts(msgspec.Struct):
    """A receipt's line, its effects as they stand there."""

    event: str
    hash: str
    seq: int
    effects: list[msgspec.Raw]


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
        self.figures: dict[Kind, dict[str, int]] = {}
        self.accounts: dict[str, int] = dict(database.execute("SELECT name, id FROM accounts"))
        self.markets: dict[str, int] = dict(database.execute("SELECT name, id FROM markets"))
        kinds = tuple(NUMBERS)
        self._figure_count = 0
        self._ended = {number for (number,) in database.execute("SELECT id FROM figures WHERE until IS NOT NULL")}
        for number, kind, name in database.execute("SELECT id, kind, name FROM figures"):
            self.figures.setdefault(kinds[kind], {})[name] = number
            self._figure_count = max(self._figure_count, number)
        (self._liquidation_count,) = database.execute("SELECT coalesce(max(id), 0) FROM liquidations").fetchone()
        self._spans: dict[int, tuple[int, Span]] = {}
        self._clear()

    def _clear(self) -> None:
        self._waiting: dict[str, list[tuple[Any, ...]]] = {table: [] for table in INSERTS}
        self._texts: list[bytes] = []
        self._first_text = 0
        self._segments: set[int] = set()

    # ------------------------------------------------------------- names

    def account(self, name: str) -> int:
        """The number of an account's name."""
        number = self.accounts.get(name)
        if number is None:
            number = self.accounts[name] = len(self.accounts) + 1
            self._add("accounts", number, name)
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
        named = self.figures.setdefault(owned.kind, {})
        number = named.get(owned.name)
        if number is None:
            self._figure_count += 1
            number = named[owned.name] = self._figure_count
            account = self.account(owned.account) if owned.account else None
            market = self.market(owned.market) if owned.market else None
            self._add("figures", number, NUMBERS[owned.kind], owned.name, account, market, seq, None)
        return number

    def _add(self, table: str, *row: Any) -> None:
        self._waiting[table].append(row)

    # ------------------------------------------------------------- events

    def add_figures(self, seq: int, figures: dict[Owned, Any]) -> None:
        """Add the values that figures have after an event."""
        segment = seq // SEGMENT
        self._segments.add(segment)
        versions = self._waiting["versions"]
        for owned, value in figures.items():
            number = self.figure(owned, seq)
            versions.append((segment, number, seq, stored(value)))
            if owned.kind in EPHEMERAL or owned.name.startswith(LOT):
                self._mark_end(number, seq, is_there=bool(value))
            if owned.kind == "market":
                self._add_market(owned.name, seq, value)
            elif owned.kind == "account":
                self._add("opened", seq, self.account(owned.name))
            elif not owned.account and isinstance(value, int) and not owned.name.startswith(LOT):
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

    def add_span_values(self, versions: list[tuple[int, int, int]]) -> None:
        """Add to the spans of figures that come in bulk."""
        for figure, seq, value in versions:
            self._extend_span(figure, seq, value)

    def add_related(self, accounts: list[tuple[int, int]], markets: list[tuple[int, int]]) -> None:
        """Add accounts and markets, by number, with events that changed something of theirs."""
        self._waiting["of_account"] += [(seq // SEGMENT, account, seq) for account, seq in accounts]
        self._waiting["of_market"] += markets

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
        relations = self._waiting["of_account"]
        for name in accounts:
            relations.append((segment, self.account(name), seq))
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
            domain = one.domain
            owner = domain.asset, domain.market, domain.side, stored(one.equity), stored(one.maintenance)
            self._add("liquidations", number, seq, self.account(domain.account), *owner)
        self._liquidation_count += len(changes.liquidated)
        for opened in changes.opened:
            lot = opened.lot
            market, number = self.market(lot.market), first + opened.liquidation
            kind = lot.side, lot.margin_mode, lot.reason
            figures = stored(lot.quantity), stored(opened.cost)
            self._add("lots", lot.id, seq, number, self.account(lot.account), market, *kind, *figures)
            self._add("liquidations_in", market, number)
        for place, bearing in enumerate(changes.borne):
            where = self.market(bearing.market) if bearing.market else None
            who = self.account(bearing.account) if bearing.account else None
            amount, quantity = stored(bearing.amount), stored(bearing.quantity)
            borne = bearing.bearer, bearing.asset, amount, bearing.lot or None, where, who, bearing.name
            self._add("borne", seq, place, *borne, quantity, bearing.layer)

    # ------------------------------------------------------------- texts

    def _add_texts(self, seq: int, text: bytes, line: bytes, effects: int) -> None:
        if not self._texts:
            self._first_text = seq
        if effects > EFFECTS_AT_ONCE:
            line = self._split(seq, line)
        self._texts += (text, line)
        if len(self._texts) == 2 * TEXTS_AT_ONCE:
            self._pack_texts()

    def _split(self, seq: int, line: bytes) -> bytes:
        """Keep the many effects of a receipt in parts; gives its line without them."""
        parts = msgspec.json.decode(line, type=ReceiptParts)
        for first in range(0, len(parts.effects), EFFECTS_AT_ONCE):
            some = b"\n".join(bytes(effect) for effect in parts.effects[first : first + EFFECTS_AT_ONCE])
            self._add("effects", seq, first, self._packer.compress(some))
        shortened = {"accepted": True, "effects": [], "event": parts.event, "hash": parts.hash, "seq": parts.seq}
        return msgspec.json.encode(shortened)

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
        self._waiting["segments"] = [(segment,) for segment in self._segments]
        for table in ("versions", "of_account", "of_market"):
            self._waiting[table].sort(key=key_of)
        for table, statement in INSERTS.items():
            self._database.executemany(statement, self._waiting[table])
        self._clear()


def key_of(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """The key of a row, without its value."""
    return row[:3]


def into(table: str, columns: int, more: str = "") -> str:
    """The statement that adds a row of so many columns."""
    return f"INSERT INTO {table} VALUES ({', '.join('?' * columns)}){more}"


INSERTS = {
    "accounts": "INSERT INTO accounts(id, name) VALUES (?, ?)",
    "markets": "INSERT INTO markets(id, name) VALUES (?, ?)",
    "opened": "UPDATE accounts SET since = coalesce(since, ?) WHERE id = ?",
    "listed": "UPDATE markets SET asset = ?, since = coalesce(since, ?), price_decimals = ?, quantity_decimals = ? "
    "WHERE id = ?",
    "closed": "UPDATE markets SET until = ? WHERE id = ?",
    "segments": "INSERT OR IGNORE INTO segments VALUES (?)",
    "figures": into("figures", 7),
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
}
"""What is written, in this order: names before what names them."""
