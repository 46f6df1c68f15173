"""The tables of the index, and connections to them."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from queue import Empty, LifoQueue
from typing import Any
from urllib.parse import quote

from marginspec.model import events as model_events
from marginspec_journal import InputError
from marginspec_journal import errors as journal_errors
from marginspec_journal.errors import unwritable
from marginspec_tools.console import refusing_os_errors

SEGMENT = 1 << 16
"""Events of a segment: within one, what belongs together stands together, and new segments are only appended."""
SPAN = 256
"""Events of a span, of which a figure's lowest and highest values are kept."""
TEXTS_AT_ONCE = 64
"""Events whose lines are packed together."""
EFFECTS_AT_ONCE = 1_000
"""Effects of a receipt that are read at once; a receipt that has more is kept in parts."""
BUSY_MS = 60_000
APPLICATION_ID = 0x4D534944
"""What stands in the first bytes of every index; no other file is ever written to."""
MAGIC = b"SQLite format 3\0"
HEADER_BYTES, ID_AT, ID_END = 100, 68, 72
"""The header of an SQLite file, and where in it the application's number stands."""

SCHEMA = """
CREATE TABLE head(
    one INTEGER PRIMARY KEY CHECK (one = 1), run TEXT NOT NULL, bound TEXT, start TEXT, header TEXT,
    first INTEGER, seq INTEGER, accepted INTEGER, hash TEXT, ts TEXT, total INTEGER, building INTEGER,
    broken TEXT, notice TEXT,
    passed INTEGER, content TEXT, size INTEGER, mtime_ns INTEGER, inode INTEGER
);
CREATE TABLE segments(number INTEGER PRIMARY KEY);
CREATE TABLE accounts(id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, since INTEGER);
CREATE INDEX accounts_by_name ON accounts(name, since);
CREATE TABLE markets(id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, asset TEXT, since INTEGER, until INTEGER,
    price_decimals INTEGER, quantity_decimals INTEGER);
CREATE TABLE figures(id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, name TEXT NOT NULL, account INTEGER,
    market INTEGER, lot INTEGER, since INTEGER NOT NULL, until INTEGER, UNIQUE (kind, name));
CREATE INDEX figures_of_account ON figures(account, until) WHERE account IS NOT NULL;
CREATE INDEX figures_of_market ON figures(market, kind) WHERE account IS NULL AND lot IS NULL;
CREATE INDEX figures_of_lots ON figures(market, kind, lot, since, until) WHERE lot IS NOT NULL;
CREATE INDEX positions_of_market ON figures(market) WHERE kind = 1;
CREATE TABLE versions(segment INTEGER, figure INTEGER, seq INTEGER, value,
    PRIMARY KEY (segment, figure, seq)) WITHOUT ROWID;
CREATE TABLE spans(figure INTEGER, span INTEGER, low, high, last,
    PRIMARY KEY (figure, span)) WITHOUT ROWID;
CREATE TABLE events(seq INTEGER PRIMARY KEY, type INTEGER NOT NULL, market INTEGER, rejected INTEGER,
    effects INTEGER NOT NULL, money INTEGER, ts TEXT, ref TEXT);
CREATE INDEX events_of_type ON events(type, seq);
CREATE INDEX events_rejected ON events(seq) WHERE rejected IS NOT NULL;
CREATE INDEX events_of_waterfall ON events(seq) WHERE money IS NOT NULL;
CREATE INDEX events_by_money ON events(money) WHERE money IS NOT NULL;
CREATE INDEX events_by_ref ON events(ref) WHERE ref IS NOT NULL;
CREATE TABLE of_account(segment INTEGER, account INTEGER, seq INTEGER,
    PRIMARY KEY (segment, account, seq)) WITHOUT ROWID;
CREATE TABLE of_market(market INTEGER, seq INTEGER, PRIMARY KEY (market, seq)) WITHOUT ROWID;
CREATE TABLE texts(first INTEGER PRIMARY KEY, packed BLOB NOT NULL);
CREATE TABLE effects(seq INTEGER, first INTEGER, packed BLOB NOT NULL, PRIMARY KEY (seq, first));
CREATE TABLE liquidations(id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, account INTEGER NOT NULL, asset TEXT NOT NULL,
    market TEXT NOT NULL, side TEXT NOT NULL, equity, maintenance);
CREATE INDEX liquidations_of_account ON liquidations(account, id);
CREATE INDEX liquidations_by_seq ON liquidations(seq);
CREATE TABLE liquidations_in(market INTEGER, id INTEGER, PRIMARY KEY (market, id)) WITHOUT ROWID;
CREATE TABLE lots(id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, liquidation INTEGER, account INTEGER NOT NULL,
    market INTEGER NOT NULL, side TEXT NOT NULL, mode TEXT NOT NULL, reason TEXT NOT NULL, quantity, cost);
CREATE INDEX lots_of_liquidation ON lots(liquidation);
CREATE INDEX lots_of_market ON lots(market, id);
CREATE INDEX lots_of_account ON lots(account, id);
CREATE TABLE borne(seq INTEGER, place INTEGER, bearer TEXT NOT NULL, asset TEXT NOT NULL, amount, lot INTEGER,
    market INTEGER, account INTEGER, name TEXT NOT NULL, quantity, layer TEXT NOT NULL,
    PRIMARY KEY (seq, place)) WITHOUT ROWID;
CREATE TABLE sums_of_lots(lot INTEGER, seq INTEGER, place INTEGER, bearer TEXT NOT NULL, amount,
    PRIMARY KEY (lot, seq, place)) WITHOUT ROWID;
CREATE INDEX borne_of_lot ON borne(lot, seq) WHERE lot IS NOT NULL;
CREATE INDEX borne_of_account ON borne(account, seq) WHERE account IS NOT NULL;
CREATE INDEX borne_of_market ON borne(market, seq) WHERE market IS NOT NULL;
"""


def text_hash() -> str:
    """SHA-256 of the text that decides what an index holds: the rules, the engine, the formats, and this package."""
    journal = Path(journal_errors.__file__).parent
    rules = Path(model_events.__file__).parents[1]
    folders = (rules, journal, journal.parent / "marginspec_engine", Path(__file__).parent)
    digest = sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            digest.update(f"{path.relative_to(folder)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def opened_for_writing(path: Path) -> sqlite3.Connection:
    """A connection that writes; InputError for a file that is no index, which is somebody's and stays as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not _is_ours(path):
        raise unwritable(path, "not an index; name another file with --index, or remove this one")
    return _writing(path)


@contextmanager
def refusing_errors(path: Path) -> Iterator[None]:
    """Turn errors at an index into an InputError that names it, and says what to do about one that is damaged."""
    with refusing_os_errors(path):
        try:
            yield
        except sqlite3.Error as error:
            advice = "; remove it, and it is built anew" if is_damage(error) else ""
            raise unwritable(path, f"{error}{advice}") from None


def remove(path: Path) -> None:
    """Remove an index, and what SQLite keeps beside it."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def is_damage(error: sqlite3.Error) -> bool:
    """Whether an error says that the file is damaged, and not that it is locked, read-only or without room."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _is_ours(path: Path) -> bool:
    """Whether a path is free, an empty file, or a file that SQLite would know as an index by its first bytes."""
    if not path.exists():
        return True
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        text = stream.read(HEADER_BYTES)
    return not text or (text.startswith(MAGIC) and text[ID_AT:ID_END] == APPLICATION_ID.to_bytes(ID_END - ID_AT, "big"))


def _writing(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        database.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        if not path.stat().st_size:
            # Before the log is kept: the file itself says at once whose it is, whenever a kill comes.
            database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute("PRAGMA cache_size = -65536")
        database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.DatabaseError:
        database.close()
        raise
    return database


def begin_anew(database: sqlite3.Connection) -> None:
    """Drop all that there is and make empty tables, within the transaction that is open."""
    names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    for (name,) in names.fetchall():
        database.execute(f'DROP TABLE "{name}"')
    for statement in SCHEMA.split(";"):
        if statement.strip():
            database.execute(statement)


def value_in(figure: str, seq: str = ":seq") -> str:
    """The query for the value that the database holds of a figure after an event; both are terms of SQL."""
    return f"""
    SELECT value FROM segments CROSS JOIN versions ON segment = number AND figure = {figure} AND seq <= {seq}
    WHERE number <= {seq} / {SEGMENT} ORDER BY number DESC, seq DESC LIMIT 1
    """


LATEST = value_in(":figure")


def latest(database: sqlite3.Connection, figure: int, seq: int) -> Any:
    """The value that the database holds of a figure after an event; None if it is not there."""
    row = database.execute(LATEST, {"figure": figure, "seq": seq}).fetchone()
    return None if row is None else row[0]


class Readers:
    """Connections that only read, each used by one reader at a time; what one reader sees does not change meanwhile."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: LifoQueue[sqlite3.Connection] = LifoQueue()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection within a transaction; InputError if there is no index."""
        try:
            database = self._idle.get_nowait()
        except Empty:
            database = self._connected()
        database.execute("BEGIN")
        try:
            yield database
        finally:
            database.execute("COMMIT")
            self._idle.put(database)

    def _connected(self) -> sqlite3.Connection:
        try:
            address = f"file:{quote(str(self._path.resolve()))}?mode=ro"
            database = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)
            database.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
            database.execute("PRAGMA cache_size = -8192")
            database.execute("SELECT seq FROM head").fetchone()
        except sqlite3.Error as error:
            raise InputError(str(self._path), None, None, f"not an index: {error}") from None
        return database

    def close(self) -> None:
        """Close what is idle."""
        while not self._idle.empty():
            self._idle.get_nowait().close()
