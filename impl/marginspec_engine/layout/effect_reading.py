"""Effects from words: what the rules wrote down, as the specification's receipts state it."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any, TypeAlias, get_type_hints

from marginspec.model.account import DomainKey, PositionKey
from marginspec.model.effects import Effect
from marginspec.model.fields import Choice, Flag, LedgerName, Name
from marginspec.model.ledger import LedgerAccount
from marginspec_engine import layout
from marginspec_engine.layout import EFFECT_LENGTHS, LEDGER_KINDS, NONE, OWNERS, SIDES
from marginspec_engine.layout.fields import Placed
from marginspec_engine.memory.python_words import Words64
from marginspec_engine.memory.tables import Tables

Read: TypeAlias = Callable[[list[int]], Any]
"""Reads a value from the words of an effect."""


class EffectReader:
    """Reads effects with the names of one engine."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._readers = {
            layout.EFFECT_CLASSES.index(record): self._record(record, 0, fields)
            for record, fields in layout.COMPILED_EFFECTS.items()
        }

    def effects(self, words: Words64) -> Iterator[Effect]:
        """The effects that words hold, in order."""
        stated: list[int] = words.tolist()
        place = 0
        while place < len(stated):
            kind = stated[place]
            following = place + EFFECT_LENGTHS[kind]
            yield self._readers[kind](stated[place:following])
            place = following

    def _record(self, record: Any, depth: int, fields: Sequence[Placed]) -> Read:
        """What reads a record whose attributes stand so deep in those of an effect."""
        parts: list[Read] = []
        for attribute, group in groupby(fields, lambda placed: placed.field.path[depth]):
            inner = list(group)
            if len(inner[0].field.path) == depth + 1:
                parts.append(self._value(inner[0], fields))
            else:
                parts.append(self._record(get_type_hints(record)[attribute], depth + 1, inner))
        return lambda words: record(*[part(words) for part in parts])

    def _value(self, placed: Placed, fields: Sequence[Placed]) -> Read:
        """What reads the value of a field; an absent name or choice is empty."""
        place, tables = placed.place, self._tables
        match placed.kind:
            case Name(of):
                return lambda words: tables.name(of, words[place]) if words[place] != NONE else ""
            case Choice(texts):
                return lambda words: texts[words[place]] if words[place] != NONE else ""
            case Flag():
                return lambda words: words[place] == 1
            case LedgerName():
                asset = next(other.place for other in fields if other.name == "asset")
                return lambda words: self.ledger_account(words[asset], words[place])
        return lambda words: words[place]

    def domain_key(self, account: int, asset: int, market: int, side: int) -> DomainKey:
        """The key of a domain; cross if it has no market."""
        name = self._tables.name
        if market == NONE:
            return DomainKey(name("account", account), name("asset", asset))
        return DomainKey(name("account", account), name("asset", asset), name("market", market), SIDES[side])

    def position_key(self, account: int, market: int, side: int) -> PositionKey:
        """The key of a position."""
        return PositionKey(self._tables.name("account", account), self._tables.name("market", market), SIDES[side])

    def ledger_account(self, asset: int, word: int) -> LedgerAccount:
        """A ledger account as effects name it, where an asset's own do not name the asset."""
        kind, owner, tables = word % OWNERS, word // OWNERS, self._tables
        name = LEDGER_KINDS[kind]
        if kind == layout.WALLET_OF:
            domain = self.domain_key(*tables.domain_words(owner))
            return LedgerAccount(name, domain.account, asset=domain.asset)
        if kind == layout.ISOLATED_OF:
            domain = self.domain_key(*tables.domain_words(owner))
            return LedgerAccount(name, domain.account, domain.market, domain.side)
        if kind == layout.POSITION_OF:
            return LedgerAccount(name, *self.position_key(*tables.position_words(owner)))
        if kind == layout.LOT_OF:
            return LedgerAccount(name, lot=owner)
        if kind == layout.RESERVE_OF:
            return LedgerAccount(name, market=tables.name("market", owner))
        return LedgerAccount(name, asset=tables.name("asset", asset))
