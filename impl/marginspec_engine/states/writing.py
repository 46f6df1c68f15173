"""The state that an engine's tables hold, as the specification states it, indexes and all."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from immutables import Map

from marginspec.model.account import DomainKey, Lot, Order, PositionKey, Setting
from marginspec.model.effects import FundStatus
from marginspec.model.ledger import LedgerAccount, lot
from marginspec.model.market import FeeTerms, Limits, Market, Tier, TierTable
from marginspec.model.state import State
from marginspec.model.units import Money, Price, Quantity, Rate
from marginspec_engine import layout
from marginspec_engine.kernels.limits import RATE_ONE
from marginspec_engine.layout import NONE
from marginspec_engine.layout.effect_reading import EffectReader
from marginspec_engine.layout.rows import LOT_REASONS, MARGIN_MODES, POSITION_MODES, SIDES
from marginspec_engine.memory.python_words import words_of
from marginspec_engine.memory.tables import Tables
from marginspec_engine.rules.margin import SETTING_MODES

Group = TypeVar("Group")
Member = TypeVar("Member", DomainKey, PositionKey)

DOMAIN_KEY = [layout.OWNER, layout.ASSET, layout.MARKET, layout.SIDE]
"""The words of a domain that are its key."""
POSITION_KEY = [layout.OWNER, layout.MARKET, layout.SIDE]
"""The words of a position that are its key."""


class StateWriter:
    """Reads one engine's tables into a state."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._reader = EffectReader(tables)

    def state(self) -> State:
        """The whole state."""
        return State(**dict(self.parts()))

    def parts(self) -> Iterator[tuple[str, Any]]:
        """The parts of the state by their names, each made when it is its turn: together they take much memory."""
        tables = self._tables
        yield "header", tables.header
        yield "markets", self._markets()
        yield "accounts", self._accounts()
        yield "settings", self._settings()
        yield "ledger", self._ledger()
        yield "orders", self._orders()
        yield "lots", self._lots()
        yield "next_lot", int(tables.book[layout.NEXT_LOT])
        yield "uncovered", self._of_assets(layout.UNCOVERED)
        yield "relief_claims", self._relief_claims()
        yield "fund_status", self._fund_status()
        yield "closed_markets", self._closed_markets()
        yield from self._positions()
        yield "lots_in", self._lots_by_market()
        yield "open_interest", self._open_interest()
        yield "open_value", self._of_assets(layout.OPEN_VALUE)

    def _markets(self) -> Map[str, Market]:
        return Map({market.id: market for market in self.listed_markets()})

    def listed_markets(self) -> Iterator[Market]:
        """The markets that are listed."""
        for number, words in enumerate(self._tables.market_rows()):
            if words[layout.IS_MARKET_LISTED]:
                yield self.market(number)

    def _closed_markets(self) -> tuple[str, ...]:
        closed = self._tables.market_rows()[:, layout.IS_CLOSED].nonzero()[0]
        return tuple(sorted(self._tables.markets.texts[number] for number in closed))

    def market(self, number: int) -> Market:
        """A listed market."""
        words = self._tables.market_rows()[number].tolist()
        count = words[layout.TIER_COUNT]
        columns = [words[layout.TIERS + layout.MAX_TIERS * column :][:count] for column in range(5)]
        tiers = tuple(
            Tier(Money(floor), leverage, Rate(rate), quanta * RATE_ONE + rest)
            for floor, leverage, rate, quanta, rest in zip(*columns, strict=True)
        )
        fees = FeeTerms(*(Rate(rate) for rate in words[layout.TAKER_FEE : layout.TAKER_FEE + 4]))
        bands = limit_in(words[layout.PRICE_BAND]), limit_in(words[layout.FILL_BAND])
        limits = Limits(*bands, limit_in(words[layout.FUNDING_CAP]), limit_in(words[layout.POSITION_LIMIT]))
        return Market(
            self._tables.markets.texts[number],
            self._tables.assets.texts[words[layout.ASSET]],
            words[layout.PRICE_DECIMALS],
            words[layout.QUANTITY_DECIMALS],
            words[layout.QUANTA_PER_UNIT],
            Price(words[layout.TICK]),
            TierTable(tiers),
            fees,
            Price(words[layout.MARK]) if words[layout.MARK] else None,
            limits,
        )

    def _accounts(self) -> Map[str, Any]:
        modes = self._tables.table(layout.ACCOUNTS, layout.ACCOUNT)[:, layout.MODE].tolist()
        names = self._tables.accounts.texts
        return Map({name: POSITION_MODES[mode] for name, mode in zip(names, modes, strict=True) if mode != NONE})

    def _settings(self) -> Map[tuple[str, str], Setting]:
        tables, settings = self._tables, {}
        book = tables.book
        slots = words_of(int(book[layout.SETTING_MAP]), 2 * int(book[layout.SETTING_MAP + layout.SLOTS])).reshape(-1, 2)
        for key, word in slots[slots[:, 0] != layout.FREE_SLOT].tolist():
            names = tables.accounts.texts[key >> 32], tables.markets.texts[key & 0xFFFFFFFF]
            mode = word % SETTING_MODES
            settings[names] = Setting(MARGIN_MODES[mode - 1] if mode else None, word // SETTING_MODES or None)
        return Map(settings)

    def _ledger(self) -> Map[LedgerAccount, Money]:
        tables, name, reader = self._tables, self._reader.ledger_account, self._reader
        balances: dict[LedgerAccount, Money] = {}
        rows = tables.table(layout.DOMAINS, layout.DOMAIN_ROW)
        for *key, cash in rows[rows[:, layout.CASH] != 0][:, [*DOMAIN_KEY, layout.CASH]].tolist():
            balances[cash_account(reader.domain_key(*key))] = Money(cash)
        rows = tables.table(layout.POSITIONS, layout.POSITION)
        for *key, cost in rows[rows[:, layout.COST] != 0][:, [*POSITION_KEY, layout.COST]].tolist():
            balances[LedgerAccount("position", *reader.position_key(*key))] = Money(-cost)
        for words in self._open_lots():
            if words[layout.COST]:
                balances[lot(words[layout.NUMBER])] = Money(-words[layout.COST])
        for number, words in enumerate(tables.market_rows().tolist()):
            if words[layout.RESERVE]:
                balances[name(NONE, layout.RESERVE_OF + layout.OWNERS * number)] = Money(words[layout.RESERVE])
        return Map({**balances, **self._funds()})

    def _funds(self) -> dict[LedgerAccount, Money]:
        kinds = (
            (layout.EXTERNAL, layout.EXTERNAL_OF),
            (layout.INSURANCE, layout.INSURANCE_OF),
            (layout.RELIEF, layout.RELIEF_OF),
            (layout.HOUSE, layout.HOUSE_OF),
            (layout.CLEARING, layout.CLEARING_OF),
        )
        return {
            self._reader.ledger_account(asset, kind + layout.OWNERS * asset): Money(words[place])
            for asset, words in enumerate(self._tables.asset_rows().tolist())
            for place, kind in kinds
            if words[place]
        }

    def _relief_claims(self) -> Map[str, Map[DomainKey, Money]]:
        claims: dict[str, dict[DomainKey, Money]] = defaultdict(dict)
        rows = self._tables.table(layout.DOMAINS, layout.DOMAIN_ROW)
        for words in rows[rows[:, layout.CLAIM] != 0].tolist():
            domain = self._reader.domain_key(*(words[place] for place in DOMAIN_KEY))
            claims[domain.asset][domain] = Money(words[layout.CLAIM])
        return Map({asset: Map(own) for asset, own in claims.items()})

    def _positions(self) -> Iterator[tuple[str, Any]]:
        """The positions, and what follows from them and their domains."""
        quantities: dict[PositionKey, Quantity] = {}
        domains: dict[PositionKey, DomainKey] = {}
        # Not by address: of a snapshot's rows nobody has seen yet that they name rows that are there.
        rows = self._tables.table(layout.POSITIONS, layout.POSITION)
        rows = rows[rows[:, layout.QUANTITY] != 0]
        of_domains = self._tables.table(layout.DOMAINS, layout.DOMAIN_ROW)[rows[:, layout.DOMAIN]][:, DOMAIN_KEY]
        held = rows[:, [*POSITION_KEY, layout.QUANTITY]]
        for (*words, quantity), domain in zip(held.tolist(), of_domains.tolist(), strict=True):
            key = self._reader.position_key(*words)
            quantities[key] = Quantity(quantity)
            domains[key] = self._reader.domain_key(*domain)
        yield "positions", Map(quantities)
        yield "domains_of", sorted_groups((domain.account, domain) for domain in domains.values())
        yield "positions_of", sorted_groups((domain, key) for key, domain in domains.items())
        yield "positions_in", positions_by_market(domains)

    def _orders(self) -> Map[str, Map[str, Order]]:
        tables = self._tables
        orders: dict[str, dict[str, Order]] = defaultdict(dict)
        for words in tables.table(layout.ORDERS, layout.ORDER).tolist():
            if words[layout.OWNER] != NONE:
                order = Order(
                    tables.orders.texts[words[layout.NAME]],
                    tables.markets.texts[words[layout.MARKET]],
                    SIDES[words[layout.SIDE]],
                    Quantity(words[layout.QUANTITY]),
                    Price(words[layout.LIMIT]),
                    words[layout.REDUCE_ONLY] == 1,
                )
                orders[tables.accounts.texts[words[layout.OWNER]]][order.id] = order
        return Map({account: Map(own) for account, own in orders.items()})

    def _open_lots(self) -> list[list[int]]:
        """The words of all open lots, by market, oldest first."""
        lots = self._tables.table(layout.LOTS, layout.LOT)
        found: list[list[int]] = []
        for market in self._tables.market_rows():
            number = int(market[layout.FIRST_LOT])
            while number != NONE:
                if len(found) == len(lots):
                    raise ValueError("a list of lots goes round")
                found.append(lots[number].tolist())
                number = int(lots[number, layout.NEXT])
        return found

    def _lots(self) -> Map[int, Lot]:
        lots: dict[int, Lot] = {}
        for words in self._open_lots():
            key = self._reader.position_key(*words[:3])
            mode = MARGIN_MODES[words[layout.MARGIN_MODE]]
            number, reason = words[layout.NUMBER], LOT_REASONS[words[layout.REASON]]
            lots[number] = Lot(
                number, key.account, key.market, key.side, mode, Quantity(words[layout.QUANTITY]), reason
            )
        return Map(lots)

    def _lots_by_market(self) -> Map[str, tuple[int, ...]]:
        numbers: dict[str, tuple[int, ...]] = {}
        for words in self._open_lots():
            market = self._tables.markets.texts[words[layout.MARKET]]
            numbers[market] = (*numbers.get(market, ()), words[layout.NUMBER])
        return Map(numbers)

    def _fund_status(self) -> Map[str, FundStatus]:
        names = self._tables.markets.texts
        return Map(
            {
                names[number]: FundStatus(*words[layout.STATUS : layout.STATUS + layout.COUNTERS])
                for number, words in enumerate(self._tables.market_rows().tolist())
                if words[layout.HAS_STATUS]
            }
        )

    def _open_interest(self) -> Map[str, Quantity]:
        quantities = self._tables.market_rows()[:, layout.OPEN_INTEREST].tolist()
        # The last markets may have no row yet; a row without a market is refused.
        names = self._tables.markets.texts[: len(quantities)]
        return Map({name: Quantity(lots) for name, lots in zip(names, quantities, strict=True) if lots})

    def _of_assets(self, place: int) -> Map[str, Money]:
        amounts = self._tables.asset_rows()[:, place].tolist()
        names = self._tables.assets.texts
        return Map({name: Money(amount) for name, amount in zip(names, amounts, strict=True) if amount})


def cash_account(domain: DomainKey) -> LedgerAccount:
    """The ledger account of a domain's cash."""
    if domain.is_cross:
        return LedgerAccount("wallet", domain.account, asset=domain.asset)
    return LedgerAccount("isolated", domain.account, domain.market, domain.side)


def limit_in(word: int) -> Any:
    """A limit of a market, whose word is 0 if there is none."""
    return word or None


def sorted_groups(pairs: Iterable[tuple[Group, Member]]) -> Map[Group, tuple[Member, ...]]:
    """The different members of each group, in order."""
    groups: dict[Group, set[Member]] = defaultdict(set)
    for group, member in pairs:
        groups[group].add(member)
    return Map({group: tuple(sorted(members)) for group, members in groups.items()})


def positions_by_market(domains: dict[PositionKey, DomainKey]) -> Map[str, Map[PositionKey, DomainKey]]:
    """A market's positions with their domains."""
    held: dict[str, dict[PositionKey, DomainKey]] = defaultdict(dict)
    for key, domain in domains.items():
        held[key.market][key] = domain
    return Map({market: Map(own) for market, own in held.items()})
