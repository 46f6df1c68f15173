"""Events of the index: rows by filter, and one event with its texts and what it changed."""

import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import attrs
import msgspec
import zstandard

from marginspec_tools.dashboard.index.answers import Change, Event, EventRow, Movement, Page, Version
from marginspec_tools.dashboard.index.rows import EVENT_TYPES, REASONS
from marginspec_tools.dashboard.index.tables import EFFECTS_AT_ONCE, SEGMENT, value_in
from marginspec_tools.dashboard.index.values import NUMBERS, Kind, value_of

EXAMINED = 10_000
"""So many events are looked at for one page of those that fit a filter."""
EVENT = """
SELECT seq, type, name, rejected, effects, money, ts, ref FROM events LEFT JOIN markets ON id = market
WHERE seq = ?
"""
OF_ACCOUNT = """
SELECT seq FROM segments CROSS JOIN of_account ON segment = number AND account = :account AND seq < :below
WHERE number <= :segment ORDER BY number DESC, seq DESC
"""
OF_MARKET = "SELECT seq FROM of_market WHERE market = :market AND seq < :below ORDER BY seq DESC"
OF_WATERFALL = "SELECT seq FROM events WHERE money IS NOT NULL AND seq < :below ORDER BY seq DESC"
REJECTED = "SELECT seq FROM events WHERE rejected IS NOT NULL AND seq < :below ORDER BY seq DESC"
OF_TYPE = "SELECT seq FROM events WHERE type = :type AND seq < :below ORDER BY seq DESC"
ALL = "SELECT seq FROM events WHERE seq < :below ORDER BY seq DESC"
BEFORE_AND_AFTER = f"""
SELECT ({value_in("f.id", "(:seq - 1)")}), ({value_in("f.id")}) FROM figures f WHERE kind = :kind AND name = :name
"""
IN_MARKET = "SELECT 1 FROM of_market WHERE market = ? AND seq = ?"


@attrs.frozen
class Filter:
    """Which events: by type, whether rejected or for which reason, by market and account, of the waterfall only.

    A market or an account is one that the event names or in which it changed something.
    """

    type: str | None = None
    rejected: bool | str = False
    market: str | None = None
    account: str | None = None
    waterfall: bool = False

    def fits(self, row: EventRow) -> bool:
        """Whether an event fits, but for its market and account."""
        if self.type not in (None, row.type) or (self.waterfall and row.money is None):
            return False
        return row.rejected is not None if self.rejected is True else self.rejected in (False, row.rejected)


EVERY = Filter()


class Texts(NamedTuple):
    """The line of an event and that of its receipt."""

    line: bytes
    receipt: bytes


def event_row(database: sqlite3.Connection, seq: int) -> EventRow:
    """The row of an event that there is."""
    number, kind, market, rejected, effects, money, ts, ref = database.execute(EVENT, (seq,)).fetchone()
    reason = None if rejected is None else REASONS[rejected].value
    return EventRow(number, EVENT_TYPES[kind], market, reason, effects, None if money is None else int(money), ts, ref)


def driving(chosen: Filter, account: int | None, market: int | None) -> str:
    """The query that gives the fewest events that may fit, newest first."""
    if account is not None:
        return OF_ACCOUNT
    if chosen.waterfall:
        return OF_WATERFALL
    if chosen.rejected:
        return REJECTED
    if market is not None:
        return OF_MARKET
    return ALL if chosen.type is None else OF_TYPE


def events_page(
    database: sqlite3.Connection, chosen: Filter, below: int, most: int, account: int | None, market: int | None
) -> Page[EventRow]:
    """Events that fit, newest first, before one; `account` and `market` are the numbers of the filter's."""
    kind = EVENT_TYPES.index(chosen.type) if chosen.type is not None else None
    given = {"below": below, "segment": below // SEGMENT, "account": account, "market": market, "type": kind}
    rows: list[EventRow] = []
    for examined, (seq,) in enumerate(database.execute(driving(chosen, account, market), given)):
        if len(rows) == most or examined == EXAMINED:
            return Page(tuple(rows), seq + 1)
        row = event_row(database, seq)
        in_market = market is None or database.execute(IN_MARKET, (market, seq)).fetchone() is not None
        if in_market and chosen.fits(row):
            rows.append(row)
    return Page(tuple(rows), None)


# ----------------------------------------------------------------- texts


def texts_of(database: sqlite3.Connection, seq: int) -> Texts:
    """The lines of an event that there is."""
    query = "SELECT first, packed FROM texts WHERE first <= ? ORDER BY first DESC LIMIT 1"
    first, packed = database.execute(query, (seq,)).fetchone()
    lines = unpacked(packed)
    return Texts(*lines[2 * (seq - first) : 2 * (seq - first) + 2])


def unpacked(packed: bytes) -> list[bytes]:
    """The lines that are packed together."""
    return zstandard.ZstdDecompressor().decompress(packed).split(b"\n")


def effects_from(database: sqlite3.Connection, seq: int, first: int, receipt: bytes) -> tuple[Mapping[str, Any], ...]:
    """Some effects of an event as its receipt states them, from one that stands at a multiple of EFFECTS_AT_ONCE."""
    row = database.execute("SELECT packed FROM effects WHERE seq = ? AND first = ?", (seq, first)).fetchone()
    if row is not None:
        return tuple(msgspec.json.decode(effect) for effect in unpacked(row[0]))
    stated: list[Mapping[str, Any]] = msgspec.json.decode(receipt).get("effects", [])
    return tuple(stated[first : first + EFFECTS_AT_ONCE])


def event_at(database: sqlite3.Connection, seq: int, first: int) -> Event:
    """An event that there is, with its effects from one on."""
    texts = texts_of(database, seq)
    effects = effects_from(database, seq, first, texts.receipt)
    named = dict.fromkeys(figure for effect in effects for figure in figures_named(effect))
    changes = tuple(change for kind, name in named if (change := change_of(database, seq, kind, name)) is not None)
    receipt = msgspec.json.decode(texts.receipt)
    row = event_row(database, seq)
    return Event(row, texts.line.decode(), texts.receipt.decode(), receipt["hash"], first, effects, changes)


def change_of(database: sqlite3.Connection, seq: int, kind: Kind, name: str) -> Change | None:
    """What an event made of a figure; None if that is as it was before."""
    found = database.execute(BEFORE_AND_AFTER, {"kind": NUMBERS[kind], "name": name, "seq": seq}).fetchone()
    before, after = (value_of(kind, held) for held in found or (None, None))
    return None if before == after else Change(kind, name, before, after)


KEYS: dict[str, tuple[tuple[Kind, tuple[str, ...]], ...]] = {
    "transfer": (("ledger", ("source",)), ("ledger", ("target",)), ("paid_in", ("asset",)), ("paid_out", ("asset",))),
    "position": (("position", ("account", "market", "side")), ("open_interest", ("market",))),
    **dict.fromkeys(("order_placed", "order_reduced", "order_cancelled"), (("order", ("account", "order")),)),
    **dict.fromkeys(("lot_opened", "lot_reduced"), (("lot", ("lot",)), ("open_interest", ("market",)))),
    **dict.fromkeys(("margin_mode", "leverage"), (("setting", ("account", "market")),)),
    "position_mode": (("account", ("account",)),),
    **dict.fromkeys(("levy", "relief_returned"), (("claim", ("account", "asset", "market", "side")),)),
    "mark": (("mark", ("market",)),),
    "uncovered": (("uncovered", ("asset",)),),
    "reserve_status": (("fund", ("market",)),),
    **dict.fromkeys(
        ("market_listed", "tiers_updated", "fees_updated", "limits_updated", "market_settled"),
        (("market", ("market",)),),
    ),
}
"""The figures that each type of effect may change, and the fields that name them; others are beside such effects."""


def figures_named(effect: Mapping[str, Any]) -> Iterator[tuple[Kind, str]]:
    """The figures that an effect may have changed, as it names them."""
    for kind, fields in KEYS.get(effect["type"], ()):
        yield kind, ":".join(str(effect.get(field, "")) for field in fields)


def movements_in(database: sqlite3.Connection, one: Version, name: str, first: int) -> Iterator[Movement]:
    """The transfers from and to a ledger account that made a version of its balance.

    Of an event, those among its first EFFECTS_AT_ONCE effects, and what the others came to together, without a rule;
    so is what the account had where the journal begins, after the event `first`.
    """
    balance = one.value or 0
    rest = balance - (one.before or 0)
    effects = effects_from(database, one.seq, 0, texts_of(database, one.seq).receipt) if one.seq > first else ()
    for effect in effects:
        if effect["type"] == "transfer" and name in (effect["source"], effect["target"]):
            # Amounts have all digits of their asset, so without the point they count quanta.
            amount = int(effect["amount"].replace(".", ""))
            is_in = effect["target"] == name
            other = effect["source" if is_in else "target"]
            change = amount if is_in else -amount
            rest -= change
            yield Movement(one.seq, effect["rule"], other, change, balance)  # type: ignore[arg-type]  # quanta
    if rest:
        yield Movement(one.seq, "", "", rest, balance)  # type: ignore[arg-type]  # quanta
