"""Balances and positions of many events at once, by columns: most effects of a journal are transfers of trades."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from marginspec.model.ledger import LedgerAccount
from marginspec_engine.layout.effect_reading import EffectReader
from marginspec_engine.layout.effects import (
    EXTERNAL_OF,
    INSURANCE_STATUS,
    LOT_OF,
    OWNERS,
    POSITION_CHANGED,
    RULES,
    TRANSFERRED,
)
from marginspec_engine.layout.rows import SIDES
from marginspec_tools.dashboard.index.changes import ORDINARY
from marginspec_tools.dashboard.index.rows import Rows
from marginspec_tools.dashboard.index.values import Owned

Words = npt.NDArray[np.int64]
SEQ, KIND = 0, 1
ASSET, SOURCE, TARGET, AMOUNT, RULE = range(2, 7)
ACCOUNT, MARKET, SIDE, QUANTITY = range(2, 6)
"""Columns of collected effects: those of all, of transfers and of positions."""
ORDINARY_RULES = np.array([rule in ORDINARY for rule in RULES])
LEAST_ROOM = 1 << 16
AT_ONCE = 1 << 20
"""Effects whose figures are worked out at once, about: one event may have millions."""


def is_bulk(rows: Words) -> npt.NDArray[np.bool_]:
    """Which effects say nothing but what balances and positions say."""
    kinds = rows[:, KIND]
    ordinary = ORDINARY_RULES[np.where(kinds == TRANSFERRED, rows[:, RULE], 0)]
    of_lots = (rows[:, SOURCE] % OWNERS == LOT_OF) | (rows[:, TARGET] % OWNERS == LOT_OF)
    found: npt.NDArray[np.bool_] = (kinds == TRANSFERRED) & ordinary & ~of_lots
    found |= (kinds == POSITION_CHANGED) | (kinds == INSURANCE_STATUS)
    return found


class Named(NamedTuple):
    """Figures by the place that each has in a list: their numbers, and those of their accounts and markets, or 0."""

    figures: Words
    accounts: Words
    markets: Words


class Entries(NamedTuple):
    """Something of figures at events, in order of events for each figure; `named` has whose they are."""

    figures: Words
    seqs: Words
    values: Words


class KnownValues:
    """The values that figures had last, by their numbers; those that are not known yet were written before."""

    def __init__(self) -> None:
        self._values = np.zeros(LEAST_ROOM, np.int64)
        self._is_known = np.zeros(LEAST_ROOM, bool)

    def of(self, figures: Words, earlier: Callable[[int], int]) -> Words:
        """The values of some figures."""
        most = int(figures.max(initial=0))
        while most >= len(self._values):
            self._values = np.concatenate((self._values, np.zeros_like(self._values)))
            self._is_known = np.concatenate((self._is_known, np.zeros_like(self._is_known)))
        for figure in figures[~self._is_known[figures]].tolist():
            self._values[figure], self._is_known[figure] = earlier(figure), True
        return self._values[figures]

    def set(self, figures: Words, values: Words) -> None:
        """Take down what figures that were asked for have now."""
        self._values[figures] = values


class Bulk:
    """The effects of some events, as the engine collects them."""

    def __init__(self, collected: Words, reader: EffectReader, names: Any, known: KnownValues) -> None:
        self._collected, self._reader, self._names, self._known = collected, reader, names, known

    def add_to(self, rows: Rows, earlier: Callable[[int], int], interest: Sequence[tuple[str, int, int]]) -> None:
        """Add all versions of balances, positions and open interest.

        `interest` is by how much lots changed their market's open interest, at which event.
        """
        first = int(self._collected[0, SEQ]) if len(self._collected) else 0
        kinds = self._collected[:, KIND]
        self._add_balances(rows, self._collected[kinds == TRANSFERRED, : AMOUNT + 1], earlier)
        positions = self._collected[kinds == POSITION_CHANGED, : QUANTITY + 1]
        numbers = {market: interest_of(rows, market, first) for market, *_ in interest}
        found = np.array([(numbers[market], *one) for market, *one in interest], np.int64).reshape(-1, 3)
        opened = Entries(found[:, 0], found[:, 1], found[:, 2])
        for some in apart(positions, positions[:, ACCOUNT]):
            opened = joined(opened, self._add_positions(rows, some, first, earlier))
        if len(opened.figures):
            versions = self._summed(opened, earlier)
            add(rows, versions, versions.figures)

    # ------------------------------------------------------------- balances

    def _add_balances(self, rows: Rows, transfers: Words, earlier: Callable[[int], int]) -> None:
        """Both sides of transfers, but for lots, which are followed one by one; and what is paid in and out."""
        for some in sides_apart(transfers):
            self._add_sides(rows, some, earlier)

    def _add_sides(self, rows: Rows, some: Words, earlier: Callable[[int], int]) -> None:
        """Sides of transfers, as rows of the event, the asset, the ledger account and the change."""
        seqs, sides, changes = some[:, 0], some[:, 1:3], some[:, 3]
        kinds = sides[:, 1] % OWNERS
        kept = kinds != LOT_OF
        named, places = self._named(rows, sides[kept], seqs[kept])
        entries = Entries(named.figures[places], seqs[kept], changes[kept])
        versions = self._summed(entries, earlier)
        add(rows, versions, named.figures[named.accounts == 0])
        rows.add_related(pairs(named.accounts[places], entries.seqs), pairs(named.markets[places], entries.seqs))
        self._add_flows(rows, kinds, sides[:, 0], seqs, changes, earlier)

    def _named(self, rows: Rows, sides: Words, seqs: Words) -> tuple[Named, Words]:
        """The figures of ledger accounts, each of which is named once, and which one each entry has."""
        _, firsts, places = np.unique(sides[:, 1], return_index=True, return_inverse=True)
        found: list[tuple[int, int, int]] = []
        since = np.full(len(firsts), np.iinfo(np.int64).max)
        np.minimum.at(since, places, seqs)
        for (asset, word), seq in zip(sides[firsts].tolist(), since.tolist(), strict=True):
            account: LedgerAccount = self._reader.ledger_account(asset, word)
            owned = Owned("ledger", account.name, account.account, account.market)
            found.append(numbered(rows, owned, seq))
        return Named(*np.array(found, np.int64).reshape(-1, 3).T), places.reshape(-1)

    def _add_flows(
        self, rows: Rows, kinds: Words, assets: Words, seqs: Words, changes: Words, earlier: Callable[[int], int]
    ) -> None:
        """What was paid in from outside, and out."""
        outside = kinds == EXTERNAL_OF
        for kind, sign in (("paid_in", -1), ("paid_out", 1)):
            chosen = outside & (np.sign(changes) == sign)
            if not chosen.any():
                continue
            found = assets[chosen]
            names = {asset: self._names("asset", asset) for asset in np.unique(found).tolist()}
            first = int(seqs[chosen].min())
            figures = {asset: rows.figure(Owned(kind, name), first) for asset, name in names.items()}  # type: ignore[arg-type]  # one of two kinds
            numbers = np.array([figures[asset] for asset in found.tolist()], np.int64)
            versions = self._summed(Entries(numbers, seqs[chosen], np.abs(changes[chosen])), earlier)
            add(rows, versions, numbers)

    # ------------------------------------------------------------- positions

    def _add_positions(self, rows: Rows, positions: Words, first: int, earlier: Callable[[int], int]) -> Entries:
        """The versions of positions; gives by how much they change their market's open interest.

        `first` is no later than the first of all events that change it.
        """
        keys = (positions[:, ACCOUNT] << 32) + (positions[:, MARKET] << 2) + positions[:, SIDE]
        _, firsts, places = np.unique(keys, return_index=True, return_inverse=True)
        found: list[tuple[int, int, int]] = []
        interests: list[int] = []
        for seq, account, market, side in positions[firsts][:, [SEQ, ACCOUNT, MARKET, SIDE]].tolist():
            who, where = self._names("account", account), self._names("market", market)
            found.append(numbered(rows, Owned("position", f"{who}:{where}:{SIDES[side]}", who, where), seq))
            interests.append(interest_of(rows, where, first))
        named, places = Named(*np.array(found, np.int64).T), places.reshape(-1)
        order = np.argsort(named.figures[places], kind="stable")
        last = last_of_each(Entries(named.figures[places][order], positions[order, SEQ], positions[order, QUANTITY]))
        before = shifted(last, self._known.of(last.figures, earlier))
        self._known.set(last.figures, last.values)
        add(rows, last)
        rows.add_related(
            pairs(named.accounts[places], positions[:, SEQ]), pairs(named.markets[places], positions[:, SEQ])
        )
        of_figure = dict(zip(named.figures.tolist(), interests, strict=True))
        changed = np.maximum(last.values, 0) - np.maximum(before, 0)
        numbers = np.array([of_figure[figure] for figure in last.figures.tolist()], np.int64)
        return Entries(numbers[changed != 0], last.seqs[changed != 0], changed[changed != 0])

    # ------------------------------------------------------------- sums

    def _summed(self, entries: Entries, earlier: Callable[[int], int]) -> Entries:
        """The values of figures after each event that changed them, from by how much it did."""
        order = np.lexsort((entries.seqs, entries.figures))
        figures, seqs, changes = (column[order] for column in entries)
        sums = np.cumsum(changes)
        begins = np.concatenate(([True], figures[1:] != figures[:-1]))
        groups = np.cumsum(begins) - 1
        known = self._known.of(figures[begins], earlier)
        offsets = known - (sums - changes)[begins]
        last = last_of_each(Entries(figures, seqs, sums + offsets[groups]))
        self._known.set(last.figures, last.values)
        return last


def apart(rows: Words, owners: Words) -> Iterator[Words]:
    """Rows in groups that are not too large, all of an owner in the same one."""
    groups = 1 + len(rows) // AT_ONCE
    for group in range(groups if len(rows) else 0):
        yield rows[owners % groups == group] if groups > 1 else rows


def sides_apart(transfers: Words) -> Iterator[Words]:
    """Both sides of transfers, in groups: the event, the asset, the ledger account, and by how much it changes."""
    groups = 1 + len(transfers) // AT_ONCE
    for group in range(groups if len(transfers) else 0):
        found = []
        for side, sign in ((SOURCE, -1), (TARGET, 1)):
            chosen = transfers[transfers[:, side] // OWNERS % groups == group]
            found.append(np.column_stack((chosen[:, [SEQ, ASSET, side]], sign * chosen[:, AMOUNT])))
        yield np.concatenate(found)


def add(rows: Rows, versions: Entries, spanned: Words | None = None) -> None:
    """Add versions, and spans of those figures that are no account's."""
    for first in range(0, len(versions.figures), AT_ONCE):
        rows.add_versions(tuples(Entries(*(column[first : first + AT_ONCE] for column in versions))))
    if spanned is not None:
        chosen = np.isin(versions.figures, spanned)
        rows.add_span_values(tuples(Entries(*(column[chosen] for column in versions))))


def interest_of(rows: Rows, market: str, seq: int) -> int:
    """The number of the figure of a market's open interest."""
    return rows.figure(Owned("open_interest", market, market=market), seq)


def numbered(rows: Rows, owned: Owned, seq: int) -> tuple[int, int, int]:
    """The numbers of a figure, its account and its market; 0 for none."""
    account = rows.account(owned.account) if owned.account else 0
    return rows.figure(owned, seq), account, rows.market(owned.market) if owned.market else 0


def tuples(entries: Entries) -> list[tuple[int, int, int]]:
    """Entries one by one."""
    return list(zip(*(column.tolist() for column in entries), strict=True))


def pairs(owners: Words, seqs: Words) -> list[tuple[int, int]]:
    """Each owner with the events that changed something of it, once; without those that are 0."""
    chosen = owners != 0
    found = np.unique(np.column_stack((owners[chosen], seqs[chosen])), axis=0)
    return [(owner, seq) for owner, seq in found.tolist()]


def joined(some: Entries, more: Entries) -> Entries:
    """All entries of both."""
    return Entries(*(np.concatenate(columns) for columns in zip(some, more, strict=True)))


def last_of_each(entries: Entries) -> Entries:
    """The last entry of each event for each figure, of entries that stand by figure and in order."""
    figures, seqs, _ = entries
    ends = np.concatenate(((figures[1:] != figures[:-1]) | (seqs[1:] != seqs[:-1]), [True]))
    return Entries(*(column[ends] for column in entries))


def shifted(entries: Entries, known: Words) -> Words:
    """The value before each entry: that of the one before it of the same figure, else what is known."""
    begins = np.concatenate(([True], entries.figures[1:] != entries.figures[:-1]))
    return np.where(begins, known, np.roll(entries.values, 1))
