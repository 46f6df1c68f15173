"""Receipts of many events from the rows that the optimized engine collects: a kind of effect at a time, by columns."""

from collections.abc import Callable, Sequence
from itertools import groupby, pairwise
from typing import Any, TypeAlias, get_type_hints

import numpy as np

from marginspec.model import ledger
from marginspec.model.effects import Effect, Receipt
from marginspec.model.fields import Choice, Flag, LedgerName, Name
from marginspec.model.ledger import LedgerAccount
from marginspec_engine import layout
from marginspec_engine.layout import NONE, OWNERS, SIDES
from marginspec_engine.layout.effect_reading import EffectReader
from marginspec_engine.layout.fields import Placed
from marginspec_engine.layout.reasons import REASONS
from marginspec_engine.memory.python_words import Words64
from marginspec_engine.memory.tables import Tables

EVENT, KIND = 0, 1
"""Where a collected row has the event's number, and the kind of the effect: of a rejection its reason, negative."""
UNREADABLE = [layout.EFFECT_CLASSES.index(one) for one in layout.OF_TABLES]
"""Kinds of effects of which only the market is collected."""
NOTHING_TOLD = Receipt(None, ())

Read: TypeAlias = Callable[[Words64], list[Any]]
"""Reads a value of many effects of one kind, from their rows."""


class CollectedReceipts:
    """Makes receipts of what one engine collected, with its names.

    Ledger accounts are those that the rulebook's own functions give, of which there is one for each name: a state that
    follows from the receipts then holds no second one, and finds a balance at once. Of rows that are read together each
    stands for one name; later it may come to stand for another.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._one_by_one = EffectReader(tables)
        self._readers = {
            layout.EFFECT_CLASSES.index(record): self._record(record, 0, fields)
            for record, fields in layout.COMPILED_EFFECTS.items()
        }

    def receipts(self, rows: Words64, begun: int, ended: int) -> list[Receipt]:
        """The receipts of the events after one up to another, from the rows that these left."""
        kinds = rows[:, KIND]
        receipts = [NOTHING_TOLD] * (ended - begun)
        for row in np.flatnonzero(kinds < 0).tolist():
            receipts[int(rows[row, EVENT]) - begun - 1] = Receipt(REASONS[-int(kinds[row])], ())
        told = rows[(kinds >= 0) & ~np.isin(kinds, UNREADABLE)]
        numbers, effects = told[:, EVENT], self._effects(told)
        ends = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(effects)]
        for first, end in pairwise(ends) if effects else ():
            receipts[int(numbers[first]) - begun - 1] = Receipt(None, tuple(effects[first:end]))
        return receipts

    def _effects(self, rows: Words64) -> list[Effect]:
        """The effects of rows, in order."""
        kinds = rows[:, KIND]
        effects = np.empty(len(rows), object)
        for kind in np.unique(kinds).tolist():
            places = np.flatnonzero(kinds == kind)
            effects[places] = self._readers[kind](rows[places])
        read: list[Effect] = effects.tolist()
        return read

    def _record(self, record: Any, depth: int, fields: Sequence[Placed]) -> Read:
        """What reads a record whose attributes stand so deep in those of an effect."""
        parts: list[Read] = []
        for attribute, group in groupby(fields, lambda placed: placed.field.path[depth]):
            inner = list(group)
            if len(inner[0].field.path) == depth + 1:
                parts.append(self._value(inner[0], fields))
            else:
                parts.append(self._record(get_type_hints(record)[attribute], depth + 1, inner))
        return lambda rows: list(map(record, *[part(rows) for part in parts]))

    def _value(self, placed: Placed, fields: Sequence[Placed]) -> Read:
        """What reads the value of a field; an absent name or choice is empty."""
        place, tables = KIND + placed.place, self._tables
        match placed.kind:
            case Name(of):
                return lambda rows: chosen(tables.names(of).texts, rows[:, place])
            case Choice(texts):
                return lambda rows: chosen(texts, rows[:, place])
            case Flag():
                return lambda rows: (rows[:, place] == 1).tolist()
            case LedgerName():
                asset = KIND + next(other.place for other in fields if other.name == "asset")
                return lambda rows: self._ledger_accounts(rows[:, asset], rows[:, place])
        return lambda rows: rows[:, place].tolist()

    # ------------------------------------------------------------- ledger accounts

    def _ledger_accounts(self, assets: Words64, words: Words64) -> list[LedgerAccount]:
        """Ledger accounts as effects name them, each of which is put together once."""
        count = len(self._tables.assets)
        keys, places = np.unique(words * count + assets, return_inverse=True)
        accounts = np.empty(len(keys), object)
        kinds, owners = keys // count % OWNERS, keys // count // OWNERS
        wallets, positions = kinds == layout.WALLET_OF, kinds == layout.POSITION_OF
        accounts[wallets] = list(map(ledger.wallet, *self._of_domains(owners[wallets])))
        accounts[positions] = list(map(ledger.position, *self._of_positions(owners[positions])))
        for place in np.flatnonzero(~wallets & ~positions).tolist():
            word, asset = divmod(int(keys[place]), count)
            accounts[place] = self._one_by_one.ledger_account(asset, word)
        named: list[LedgerAccount] = accounts[places].tolist()
        return named

    def _of_domains(self, numbers: Words64) -> tuple[list[str], list[str]]:
        """Account and asset of rows of domains."""
        tables = self._tables
        rows = tables.table(layout.DOMAINS, layout.DOMAIN_ROW)[numbers]
        return chosen(tables.accounts.texts, rows[:, layout.OWNER]), chosen(tables.assets.texts, rows[:, layout.ASSET])

    def _of_positions(self, numbers: Words64) -> tuple[list[str], list[str], list[str]]:
        """Account, market and side of rows of positions."""
        tables = self._tables
        rows = tables.table(layout.POSITIONS, layout.POSITION)[numbers]
        columns = ((tables.accounts.texts, layout.OWNER), (tables.markets.texts, layout.MARKET), (SIDES, layout.SIDE))
        accounts, markets, sides = (chosen(texts, rows[:, place]) for texts, place in columns)
        return accounts, markets, sides


def chosen(texts: Sequence[str], places: Words64) -> list[str]:
    """Texts by their places; empty where there is none."""
    return [texts[place] if place != NONE else "" for place in places.tolist()]
