"""Asking an index: every answer is that of an event, and quick however many events and accounts there are."""

import sqlite3
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from marginspec.model.state import Header, State
from marginspec_journal import Record
from marginspec_journal.digits import Digits, MarketDigits
from marginspec_journal.events import record_of
from marginspec_journal.strict_json import parse_document
from marginspec_tools.dashboard.index import answers, events, states, waterfall
from marginspec_tools.dashboard.index.events import EVERY, Filter
from marginspec_tools.dashboard.index.parts import (
    NotThere,
    by_asset,
    figure_of,
    gives,
    head_in,
    header_in,
    known,
    named,
    number_of,
    part_of,
    spans_of,
    thinned,
    values_of,
)
from marginspec_tools.dashboard.index.rows import NAMING_ACCOUNTS
from marginspec_tools.dashboard.index.tables import EFFECTS_AT_ONCE, SEGMENT, SPAN, Readers
from marginspec_tools.dashboard.index.values import NUMBERS, Kind, Lots, value_of

KEPT_STATES = 2
"""Whole states that are kept for pages of the same event."""
RAW_EVENTS = 1 << 15
"""A series over fewer events is made from every value, one over more from spans, whose lows and highs are exact."""
POINTS = 500
ROWS = 50
"""In a series and on a page, if nothing else is asked."""
BACKWARD = """
SELECT seq, value FROM segments CROSS JOIN versions ON segment = number AND figure = :figure AND seq < :below
WHERE number <= :last ORDER BY number DESC, seq DESC LIMIT :most
"""
ACCOUNTS = """
SELECT name FROM accounts WHERE name >= :begin AND name != :after AND name < :end AND since <= :seq
ORDER BY name LIMIT :most
"""
"""With one lower bound: of two, one alone would lead into the index, and it may be the lower one."""
MARKETS = """
SELECT name, asset, price_decimals, quantity_decimals, since, until FROM markets WHERE asset IS NOT NULL ORDER BY name
"""
PAID_IN = f"SELECT since FROM figures WHERE kind = {NUMBERS['paid_in']} AND name = ?"
MARKET_OF_LOT = f"""
SELECT m.name FROM figures f JOIN markets m ON m.id = f.market WHERE f.kind = {NUMBERS["lot"]} AND f.name = ?
"""
DELEVERAGED = "SELECT 1 FROM borne WHERE seq = ? AND bearer = 'deleveraging' LIMIT 1"
LAST_NAME = "\U0010ffff"


class Index:
    """An index that is asked, by any number of threads, while it may be built by another process.

    `seq` is the number of an event: answers are of what stands after it. NotThere for an event that is not indexed
    (yet, or any more, if the index was begun anew), and for an account or market that is not known. InputError if
    there is no index.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._readers = Readers(path)
        self._states: OrderedDict[tuple[str, int], State] = OrderedDict()
        self._lock = Lock()

    def close(self) -> None:
        """Close all connections that are idle."""
        self._readers.close()

    # ------------------------------------------------------------- how far it is

    def head(self) -> answers.Head:
        """How far the index is."""
        with self._readers.reading() as database:
            return head_in(database)

    def header(self) -> Header:
        """The journal's header."""
        with self._readers.reading() as database:
            return header_in(database)

    def digits(self) -> Digits:
        """The digits of all assets and markets, closed ones' too."""
        with self._readers.reading() as database:
            digits = Digits(header_in(database))
            for name, asset, price, quantity, *_ in database.execute(MARKETS):
                digits.markets[name] = MarketDigits(price, quantity, digits.assets[asset])
            return digits

    def markets(self) -> tuple[answers.MarketRow, ...]:
        """All markets that were ever listed, by name."""
        with self._readers.reading() as database:
            return tuple(answers.MarketRow(*row) for row in database.execute(MARKETS))

    def account_since(self, account: str) -> int | None:
        """The event with which an account came; None if none has opened it."""
        with self._readers.reading() as database:
            row = database.execute("SELECT since FROM accounts WHERE name = ?", (account,)).fetchone()
        return None if row is None else row[0]

    def asset_since(self, asset: str) -> int | None:
        """The event with which an asset came, by a market or by who paid it in; None if none has."""
        with self._readers.reading() as database:
            listed = [one.since for one in self.markets() if one.asset == asset]
            row = database.execute(PAID_IN, (asset,)).fetchone()
        return min([*listed, *(row or ())], default=None)

    def market_of_lot(self, lot: int) -> str:
        """The market of a lot, open or not."""
        with self._readers.reading() as database:
            row = database.execute(MARKET_OF_LOT, (str(lot),)).fetchone()
        if row is None:
            raise NotThere(f"lot {lot}")
        found: str = row[0]
        return found

    def accounts(self, seq: int, prefix: str = "", after: str = "", most: int = ROWS) -> tuple[str, ...]:
        """Accounts that there are, whose names begin so, by name, after one."""
        begin = max(after, prefix)
        given = {"begin": begin, "after": after, "end": prefix + LAST_NAME, "seq": seq, "most": most}
        with self._of(seq) as database:
            return tuple(name for (name,) in database.execute(ACCOUNTS, given))

    # ------------------------------------------------------------- states

    def state_at(self, seq: int) -> State:
        """The whole state, which takes some seconds for each million of accounts; the last ones are kept."""
        with self._of(seq) as database:
            key = (head_in(database).run, seq)
            with self._lock:
                if key in self._states:
                    self._states.move_to_end(key)
                    return self._states[key]
            header, closed = header_in(database), states.closed_markets(database, seq)
            found = states.state_of(header, states.all_figures(database, seq), closed)
            with self._lock:
                self._states[key] = found
                while len(self._states) > KEPT_STATES:
                    self._states.popitem(last=False)
            return found

    def funds_state(self, seq: int) -> State:
        """The state without what is an account's: markets, marks, reserves and all other funds, no claims.

        The lots of a market stand together, as one for each side: their sums are exact, however many they are.
        """
        with self._of(seq) as database:
            return part_of(database, seq)

    def account_state(self, seq: int, account: str) -> State:
        """The state of one account: all its own, the markets in which it has anything, and the assets' funds.

        The lots of a market stand together, here and for queues, too.
        """
        with self._of(seq) as database:
            number = known(database, "accounts", account)
            figures = [*states.account_figures(database, seq, number), *states.shared_figures(database, seq)]
            for market in states.markets_of(database, seq, number):
                figures += states.market_figures(database, seq, market)
            return states.state_of(header_in(database), figures, states.closed_markets(database, seq))

    def market_state(self, seq: int, market: str) -> State:
        """The state of one market: its parameters, mark, lots, reserve and counters, and the assets' funds."""
        with self._of(seq) as database:
            number = known(database, "markets", market)
            figures = [*states.market_figures(database, seq, number), *states.shared_figures(database, seq)]
            figures += states.lot_figures(states.open_lots(database, seq, number))
            return states.state_of(header_in(database), figures, states.closed_markets(database, seq))

    def lots(self, seq: int) -> Mapping[str, Lots]:
        """The open lots of each market that has any, taken together."""
        with self._of(seq) as database:
            return states.lots_together(database, seq)

    def open_lots(
        self, seq: int, market: str, below: int | None = None, most: int = ROWS
    ) -> answers.Page[answers.OpenLot]:
        """The open lots of a market, newest first."""
        with self._of(seq) as database:
            found = states.open_lots(database, seq, known(database, "markets", market), below, most + 1)
            rows = [answers.OpenLot(*one) for one in found]
        return answers.Page(tuple(rows[:most]), rows[most - 1].lot.id if len(rows) > most else None)

    def queue_state(self, seq: int, market: str) -> State:
        """The state of all accounts that have a position in a market, for its queues; as slow as these are many."""
        with self._of(seq) as database:
            return part_of(database, seq, states.accounts_in(database, seq, known(database, "markets", market)))

    def held(self, market: str, most: int) -> int:
        """How many positions were ever held in a market, counted up to so many; a queue's state is as slow as these."""
        with self._readers.reading() as database:
            return states.held_in(database, known(database, "markets", market), most)

    def moment(self, seq: int) -> answers.Moment | None:
        """An event with the state before it, of accounts only those that it concerns; None if these do not suffice."""
        with self._of(seq) as database:
            record, texts = self._record(database, seq), events.texts_of(database, seq)
            names = {name for field in NAMING_ACCOUNTS if (name := getattr(record.event, field, None))}
            row = events.event_row(database, seq)
            if row.effects > EFFECTS_AT_ONCE:
                return None
            shown = events.effects_from(database, seq, 0, texts.receipt)
            names |= {effect["account"] for effect in shown if "account" in effect}
            numbers = [one for name in sorted(names) if (one := number_of(database, "accounts", name)) is not None]
            before = part_of(database, seq - 1, numbers, has_lots=True)
            return answers.Moment(before, record, seq) if gives(before, record.event, seq, texts.receipt) else None

    def whole_moment(self, seq: int) -> answers.Moment:
        """An event with the whole state before it."""
        with self._of(seq) as database:
            record = self._record(database, seq)
        return answers.Moment(self.state_at(seq - 1), record, seq)

    def _record(self, database: sqlite3.Connection, seq: int) -> Record:
        """An event's record."""
        first = head_in(database).first
        if seq <= first:
            raise NotThere(f"event {seq}")
        return record_of(parse_document(events.texts_of(database, seq).line, f"event {seq}", seq), seq - first + 1)

    # ------------------------------------------------------------- funds

    def borne(self, seq: int) -> Mapping[str, Mapping[str, int]]:
        """What each bearer bore until an event, by asset."""
        with self._of(seq) as database:
            return by_asset(named(database, seq, "borne"))

    # ------------------------------------------------------------- history

    def series(
        self, kind: Kind, name: str, until: int, after: int | None = None, most: int = POINTS
    ) -> list[answers.Point]:
        """Values of a figure that is an integer and no account's: at most so many points, no low or high left out."""
        with self._of(until) as database:
            number = figure_of(database, kind, name)
            begin = head_in(database).first if after is None else after
            if number is None:
                return []
            # Stretches begin at multiples of their width, so the first and the last one may be shorter.
            width = max(1, -(-(until - begin) // max(1, most - 1)))
            if until - begin < RAW_EVENTS:
                values = values_of(database, number, begin, until)
            else:
                width = -(-width // SPAN) * SPAN
                values = spans_of(database, number, begin, until)
            return thinned(values, begin, until, width)

    def history(
        self, kind: Kind, name: str, seq: int, below: int | None = None, most: int = ROWS
    ) -> answers.Page[answers.Version]:
        """The events that changed a figure, newest first, until one; `below` begins a further page."""
        with self._of(seq) as database:
            number = figure_of(database, kind, name)
            if number is None:
                return answers.Page((), None)
            last = (seq + 1) if below is None else min(below, seq + 1)
            given = {"figure": number, "below": last, "last": last // SEGMENT, "most": most + 1}
            found = [(at, value_of(kind, value)) for at, value in database.execute(BACKWARD, given)]
        befores = [*(value for _, value in found[1:]), None][: len(found)]
        rows = [answers.Version(at, old, new) for (at, new), old in zip(found, befores, strict=True)]
        return answers.Page(tuple(rows[:most]), rows[most - 1].seq if len(rows) > most else None)

    def movements(
        self, name: str, seq: int, below: int | None = None, most: int = ROWS
    ) -> answers.Page[answers.Movement]:
        """The transfers from and to a ledger account, newest events first: the cause of every change of its balance."""
        page = self.history("ledger", name, seq, below, most)
        with self._of(seq) as database:
            first = head_in(database).first
            rows = tuple(row for one in page.rows for row in events.movements_in(database, one, name, first))
        return answers.Page(rows, page.after)

    # ------------------------------------------------------------- events

    def events(
        self, seq: int, chosen: Filter = EVERY, below: int | None = None, most: int = ROWS
    ) -> answers.Page[answers.EventRow]:
        """Events that fit a filter, newest first, until one."""
        with self._of(seq) as database:
            account = None if chosen.account is None else known(database, "accounts", chosen.account)
            market = None if chosen.market is None else known(database, "markets", chosen.market)
            last = (seq + 1) if below is None else min(below, seq + 1)
            return events.events_page(database, chosen, last, most, account, market)

    def event_row(self, seq: int) -> answers.EventRow:
        """An event's row."""
        with self._of(seq) as database:
            if seq <= head_in(database).first:
                raise NotThere(f"event {seq}")
            return events.event_row(database, seq)

    def event(self, seq: int, first: int = 0) -> answers.Event:
        """An event with its texts, and its effects from one on that stands at a multiple of EFFECTS_AT_ONCE."""
        with self._of(seq) as database:
            if seq <= head_in(database).first:
                raise NotThere(f"event {seq}")
            return events.event_at(database, seq, first)

    def effects(self, seq: int, first: int) -> tuple[Mapping[str, Any], ...]:
        """Some effects of an event that there is, from one on that stands at a multiple of EFFECTS_AT_ONCE."""
        with self._of(seq) as database:
            return events.effects_from(database, seq, first, events.texts_of(database, seq).receipt)

    def event_of_ref(self, ref: str) -> int:
        """The last event that has this ref."""
        with self._readers.reading() as database:
            row = database.execute("SELECT max(seq) FROM events WHERE ref = ?", (ref,)).fetchone()
        if row[0] is None:
            raise NotThere(f"ref {ref}")
        found: int = row[0]
        return found

    def moments(self, seq: int, most: int = ROWS) -> tuple[answers.EventRow, ...]:
        """The events until one in which the waterfall passed on the most money, the most first."""
        query = "SELECT seq FROM events WHERE money > 0 AND seq <= ? ORDER BY money DESC, seq DESC LIMIT ?"
        with self._of(seq) as database:
            return tuple(events.event_row(database, one) for (one,) in database.execute(query, (seq, most)).fetchall())

    # ------------------------------------------------------------- the waterfall

    def liquidations(
        self,
        seq: int,
        account: str | None = None,
        market: str | None = None,
        below: int | None = None,
        most: int = ROWS,
    ) -> answers.Page[answers.Liquidation]:
        """Liquidations until an event, newest first; of an account or of a market, not both."""
        assert account is None or market is None, "of an account or of a market"
        with self._of(seq) as database:
            owner = None if account is None else known(database, "accounts", account)
            where = None if market is None else known(database, "markets", market)
            return waterfall.liquidations_page(database, seq, below, most, owner, where)

    def borne_in(self, seq: int, after: int = -1, most: int = ROWS) -> tuple[answers.Borne, ...]:
        """Who bore what in an event, in order, from behind a place on."""
        with self._of(seq) as database:
            return waterfall.borne_rows(database, "event", seq=seq, after=after, most=most)

    def has_deleveraged(self, seq: int) -> bool:
        """Whether an event deleveraged anybody."""
        with self._of(seq) as database:
            return database.execute(DELEVERAGED, (seq,)).fetchone() is not None

    def borne_of_lot(self, seq: int, lot: int, most: int = ROWS) -> tuple[answers.Borne, ...]:
        """Who bore what of a lot's losses until an event, oldest first."""
        with self._of(seq) as database:
            return waterfall.borne_rows(database, "lot", seq=seq, lot=lot, most=most)

    @contextmanager
    def _of(self, seq: int) -> Iterator[sqlite3.Connection]:
        """A connection that sees an event; NotThere if it is not indexed."""
        with self._readers.reading() as database:
            first, last = database.execute("SELECT first, seq FROM head").fetchone()
            if not first <= seq <= last:
                raise NotThere(f"event {seq}: there are {first} to {last}")
            yield database
