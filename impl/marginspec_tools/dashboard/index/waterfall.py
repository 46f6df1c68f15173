"""What the waterfall did: liquidations with their lots, and who bore what."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from typing import Any

from marginspec_tools.dashboard.index.answers import Borne, Liquidation, LotRow, Page

LOTS_SHOWN = 100
LIQUIDATION = """
SELECT l.id, l.seq, e.ts, a.name, l.asset, l.market, l.side, l.equity, l.maintenance
FROM liquidations l JOIN events e ON e.seq = l.seq JOIN accounts a ON a.id = l.account WHERE l.id = ?
"""
NUMBERS_OF = {
    "all": "SELECT id FROM liquidations WHERE id < :below ORDER BY id DESC LIMIT :most",
    "account": "SELECT id FROM liquidations WHERE account = :account AND id < :below ORDER BY id DESC LIMIT :most",
    "market": "SELECT id FROM liquidations_in WHERE market = :market AND id < :below ORDER BY id DESC LIMIT :most",
}
LAST = "SELECT id FROM liquidations WHERE seq <= ? ORDER BY seq DESC, id DESC LIMIT 1"
LOT = """
SELECT t.id, t.seq, t.liquidation, a.name, m.name, t.side, t.mode, t.reason, t.quantity, t.cost
FROM lots t JOIN accounts a ON a.id = t.account JOIN markets m ON m.id = t.market
"""
BORNE = """
SELECT b.seq, b.place, b.bearer, b.asset, b.amount, b.lot, m.name, a.name, b.name, b.quantity, b.layer
FROM borne b LEFT JOIN markets m ON m.id = b.market LEFT JOIN accounts a ON a.id = b.account
"""
BORNE_OF = {
    "event": f"{BORNE} WHERE b.seq = :seq AND b.place > :after ORDER BY b.place LIMIT :most",
    "lot": f"{BORNE} WHERE b.lot = :lot AND b.seq <= :seq ORDER BY b.seq, b.place LIMIT :most",
}


def liquidations_page(
    database: sqlite3.Connection, seq: int, below: int | None, most: int, account: int | None, market: int | None
) -> Page[Liquidation]:
    """Liquidations until an event, newest first; of an account or of a market, not both."""
    if below is None:
        last = database.execute(LAST, (seq,)).fetchone()
        below = 1 if last is None else last[0] + 1
    chosen = "account" if account is not None else "market" if market is not None else "all"
    given = {"below": below, "account": account, "market": market, "most": most + 1}
    numbers = [number for (number,) in database.execute(NUMBERS_OF[chosen], given)]
    rows = tuple(liquidation(database, number, seq) for number in numbers[:most])
    return Page(rows, numbers[most - 1] if len(numbers) > most else None)


def liquidation(database: sqlite3.Connection, number: int, seq: int) -> Liquidation:
    """A liquidation that there is, with what was borne until an event."""
    row = database.execute(LIQUIDATION, (number,)).fetchone()
    lots = tuple(lots_where(database, "t.liquidation = ? ORDER BY t.id LIMIT ?", (number, LOTS_SHOWN)))
    borne: Counter[str] = Counter()
    for lot in lots:
        # Not summed by the database, which adds what is wider than 64 bits as floats.
        query = "SELECT bearer, amount FROM sums_of_lots WHERE lot = ? AND seq <= ?"
        for bearer, amount in database.execute(query, (lot.id, seq)):
            borne[bearer] += int(amount)
    *owner, equity, maintenance = row
    figures: tuple[Any, ...] = (*owner, int(equity), int(maintenance), lots, dict(borne))
    return Liquidation(*figures)


def lots_where(database: sqlite3.Connection, condition: str, given: tuple[Any, ...]) -> Iterator[LotRow]:
    """Lots that fit a condition, with the quantity and the cost that they had at first."""
    for *owner, quantity, cost in database.execute(f"{LOT} WHERE {condition}", given):
        figures: tuple[Any, ...] = (*owner, int(quantity), int(cost))
        yield LotRow(*figures)


def borne_rows(database: sqlite3.Connection, query: str, **given: Any) -> tuple[Borne, ...]:
    """Who bore what, by a query of BORNE_OF."""
    rows: list[Borne] = []
    for *event, amount, lot, market, account, name, quantity, layer in database.execute(BORNE_OF[query], given):
        owner: tuple[Any, ...] = (*event, int(amount), lot, market, account, name, int(quantity), layer)
        rows.append(Borne(*owner))
    return tuple(rows)
