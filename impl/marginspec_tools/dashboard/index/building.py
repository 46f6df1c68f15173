"""Building an index: a journal is replayed, and what each event changed is written, in whole steps."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import Any

from marginspec.model.state import State
from marginspec_journal import InputError, open_journal
from marginspec_journal.canonical import canonical_json
from marginspec_journal.header import header_object
from marginspec_journal.states import OpenedState, opening, read_state
from marginspec_tools.dashboard.index.changes import Follower
from marginspec_tools.dashboard.index.replaying import Replay, opened_replay
from marginspec_tools.dashboard.index.rows import Rows
from marginspec_tools.dashboard.index.source import (
    GROWING,
    Changed,
    Found,
    Line,
    Source,
    begins_with,
    found_of,
    opened_source,
)
from marginspec_tools.dashboard.index.tables import (
    begin_anew,
    is_damage,
    latest,
    opened_for_writing,
    refusing_errors,
    remove,
    text_hash,
)
from marginspec_tools.dashboard.index.values import NUMBERS, Kind, value_of
from marginspec_tools.runs import check_headers, check_start, estimated_events, quickest_engine

EVENTS_AT_ONCE = 1 << 14
"""So many events are written in one step: a kill loses the work of one."""
FOLDER = "marginspec"


def index_path(journal: Path) -> Path:
    """Where the index of a journal is kept unless somebody names a place: in the user's cache, named by its path.

    Not by its content, which goes on changing; to which content an index belongs is written in it.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    named = sha256(os.fsencode(journal.resolve())).hexdigest()[:16]
    return cache / FOLDER / "dashboard" / f"{named}.sqlite"


class BuiltElsewhere(Exception):  # noqa: N818 - not an error: somebody else does the work
    """Another process has written to the index since this one did."""


class Builder:
    """Builds the index of a journal and follows it as it grows; one process at a time writes an index.

    `start` is a state file that the journal goes on from. After every step the index is whole, and says how far it is.
    """

    def __init__(self, journal: Path, index: Path, start: Path | None = None) -> None:
        self.journal, self.index = journal, index
        self._opened: OpenedState | None = None
        if start is not None:
            self._opened = read_state(start)
            check_headers(open_journal(journal), self._opened.state.header, start)
            check_start(str(start), self._opened.state)
        self._bound, self._start = text_hash(), "" if self._opened is None else self._opened.hash
        self._going: Going | None = None
        self._seen: Found | None = None
        self._is_replaced = False
        with refusing_errors(index):
            try:
                self._open()
            except sqlite3.DatabaseError as error:
                if not is_damage(error):
                    raise
                remove(index)
                self._open()

    def _open(self) -> None:
        """Open the index, and begin it anew if it is none that this program goes on with."""
        self._database = opened_for_writing(self.index)
        try:
            if not self._is_bound():
                self._begin_without_journal()
        except BaseException:
            self._database.close()
            raise

    def close(self) -> None:
        """Close the index."""
        self._database.close()
        self._going = None

    # ------------------------------------------------------------- steps

    def build(self, progress: Callable[[int], None] = lambda _: None) -> None:
        """Index all that the journal holds; InputError for a line or a file that is refused."""
        while self.step():
            progress(self._head("seq"))
        broken = self._head("broken")
        if broken:
            raise InputError(str(self.journal), None, None, broken)

    def follow(self, wait: Callable[[], bool], is_over: Callable[[], bool] = lambda: False) -> None:
        """Index what the journal holds and what is added to it, until it is enough.

        `wait` is called when there is nothing to do, and gives whether to stop; `is_over` says so between two steps.
        """
        while not (is_over() if self.step() else wait()):
            pass

    def step(self) -> bool:
        """Index some more events, or begin anew if the journal is another one by now; gives whether to go on at once.

        What is wrong with the journal is written into the index, and what is indexed of it stays.
        """
        with refusing_errors(self.index):
            now: Found | None = None
            try:
                now = found_of(self.journal)
                more = now != self._seen and self._step()
            except Changed as changed:
                self._say("notice", f"{changed}: indexed anew")
                self._going, self._is_replaced = None, True
                return True
            except InputError as refused:
                self._say("broken", str(refused))
                more = False
            except sqlite3.Error:
                self._going = None
                raise
            if not more:
                self._seen = now
            return more

    def _step(self) -> bool:
        if self._going is None:
            if not self._is_replaced and self._is_complete():
                return False
            self._going = self._begun() if self._is_replaced or self._head("content") is None else self._resumed()
            self._is_replaced = False
        source = self._going.source
        found, lines = source.found(), source.read(EVENTS_AT_ONCE)
        self._take(found, lines)
        return bool(lines)

    # ------------------------------------------------------------- where to begin

    def _is_bound(self) -> bool:
        """Whether there is an index that this program goes on with."""
        try:
            found = self._database.execute("SELECT bound, start FROM head").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_ERROR:
                raise
            # There is no such table, or none of these columns.
            return False
        return bool(found == (self._bound, self._start))

    def _begin_without_journal(self) -> None:
        """An index of nothing, so that readers have something to ask."""
        with self._transaction():
            begin_anew(self._database)
            self._insert_head(first=0, seq=0, accepted=0, building=True)

    def _is_complete(self) -> bool:
        """Whether all is indexed that the file holds; Changed if it is another one."""
        content, passed, building = (self._head(name) for name in ("content", "passed", "building"))
        if content is None:
            return False
        found = found_of(self.journal)
        if found == Found(*(self._head(name) for name in Found._fields)):
            return not building
        is_growing = self.journal.name.endswith(GROWING)
        if begins_with(self.journal, passed if is_growing else found.size) != content:
            raise Changed("the journal was replaced")
        return not building and (found.size == passed or not is_growing)

    def _opening(self, source: Source) -> OpenedState:
        return self._opened or opening(State(header=source.header))

    def _begun(self) -> "Going":
        """A run from the start, with an empty index."""
        source = opened_source(self.journal)
        start = self._opening(source)
        replay = opened_replay(quickest_engine(self.journal), start)
        going = Going(source, replay, self._database, start.events, start.accepted)
        found = source.found()
        with self._transaction():
            notice = self._head("notice")
            begin_anew(self._database)
            going.begin(start.state)
            header = canonical_json(header_object(source.header)).decode()
            self._insert_head(header=header, first=start.events, seq=start.events, notice=notice)
            self._update_head(going, found, building=True)
        return going

    def _resumed(self) -> "Going":
        """A run that goes on behind what is indexed, which it replays unread; Changed if it comes out differently."""
        source = opened_source(self.journal)
        start = self._opening(source)
        seq, accepted = self._head("seq"), self._head("accepted")
        replay = opened_replay(quickest_engine(self.journal), start)
        left = seq - start.events
        while left:
            lines = source.read(min(left, EVENTS_AT_ONCE))
            if not lines:
                raise Changed("the journal was cut short")
            replay.pass_over([line.record.event for line in lines])
            left -= len(lines)
        if replay.hash != self._head("hash"):
            raise Changed("the journal was replaced")
        return Going(source, replay, self._database, seq, accepted, self._head("ts"))

    # ------------------------------------------------------------- writing

    def _head(self, column: str) -> Any:
        return self._database.execute(f"SELECT {column} FROM head").fetchone()[0]

    def _insert_head(self, **values: Any) -> None:
        values = {"one": 1, "run": token_hex(8), "bound": self._bound, "start": self._start, **values}
        places = ", ".join("?" * len(values))
        self._database.execute(f"INSERT INTO head({', '.join(values)}) VALUES ({places})", [*values.values()])

    def _say(self, column: str, text: str) -> None:
        if self._head(column) != text:
            with self._transaction():
                self._database.execute(f"UPDATE head SET {column} = ?, building = 0", (text,))

    def _take(self, found: Found, lines: list[Line]) -> None:
        """Take some more events and write them, whole or not at all: what is too much to wait is written meanwhile."""
        assert self._going is not None
        with self._transaction():
            if self._head("seq") != self._going.written:
                raise BuiltElsewhere(f"{self.index}: another process builds this index; name another file with --index")
            self._going.take(lines)
            self._update_head(self._going, found, building=len(lines) == EVENTS_AT_ONCE)

    def _update_head(self, going: "Going", found: Found, *, building: bool) -> None:
        going.rows.write()
        total = estimated_events(self.journal) if building else going.seq - self._head("first")
        values = {
            "seq": going.seq,
            "accepted": going.accepted,
            "hash": going.replay.hash,
            "ts": going.ts,
            "total": total,
            "building": building,
            "broken": None,
            "passed": going.source.passed,
            "content": going.source.content(),
            **found._asdict(),
        }
        self._database.execute(f"UPDATE head SET {', '.join(f'{name} = ?' for name in values)}", [*values.values()])
        going.written = going.seq

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            # What waited to be written is gone.
            self._going = None
            raise
        self._database.execute("COMMIT")


class Going:
    """A run that has come so far: its source, its engine, and the rows that wait to be written."""

    def __init__(
        self,
        source: Source,
        replay: Replay,
        database: sqlite3.Connection,
        seq: int,
        accepted: int = 0,
        ts: str | None = None,
    ) -> None:
        self.source, self.replay, self._database = source, replay, database
        self.seq = self.written = seq
        self.accepted, self.ts = accepted, ts
        self._opened: tuple[Rows, Follower] | None = None

    @property
    def rows(self) -> Rows:
        """The rows that wait."""
        return self._following[0]

    @property
    def _following(self) -> tuple[Rows, Follower]:
        if self._opened is None:
            rows = Rows(self._database, self.source.header)
            self._opened = rows, Follower(self._earlier, self._claims())
        return self._opened

    def begin(self, state: State) -> None:
        """Take the figures of the state that the run starts from, whose tables are empty."""
        rows, follower = self._following
        rows.add_figures(self.seq, follower.opening(state))

    def take(self, lines: list[Line]) -> None:
        """Take some more events; all that came before is written."""
        rows, follower = self._following
        follower.forget()
        follower.has_bulk = self.replay.has_bulk
        waiting = iter(lines)
        for batch in self.replay.take([line.record.event for line in lines]):
            interest: list[tuple[str, int, int]] = []
            for answer, line in zip(batch.answers, waiting, strict=False):
                self.seq += 1
                self.accepted += answer.rejected is None
                self.ts = line.record.ts or self.ts
                changes = follower.take(answer.effects)
                rows.add(self.seq, line, answer, changes)
                interest += [(market, self.seq, change) for market, change in changes.interest.items() if change]
            if batch.bulk is not None:
                batch.bulk.add_to(rows, self._written_value, interest)

    def _earlier(self, kind: Kind, name: str) -> Any:
        """A figure as it was written last."""
        number = self.rows.known_figure(kind, name)
        return None if number is None else value_of(kind, latest(self._database, number, self.written))

    def _written_value(self, number: int) -> int:
        """The value of a figure that is an integer, as it was written last."""
        return int(latest(self._database, number, self.written) or 0)

    def _claims(self) -> Iterator[tuple[str, int]]:
        """The claims on relief that were written last."""
        query = "SELECT id, name FROM figures WHERE kind = ?"
        for number, name in self._database.execute(query, (NUMBERS["claim"],)).fetchall():
            amount = value_of("claim", latest(self._database, number, self.written))
            if amount:
                yield name, amount
