"""The six maps of a state that follow from the others, worked out anew."""

from collections import defaultdict
from typing import Any

from marginspec.model.account import DomainKey, PositionKey
from marginspec.model.state import State
from marginspec.model.units import Quantity

Indexes = tuple[dict[Any, Any], ...]


def domain_by_settings(state: State, key: PositionKey) -> DomainKey:
    """A position's domain, from the settings alone."""
    asset = state.markets[key.market].asset
    setting = state.settings.get((key.account, key.market))
    if setting is not None and setting.margin_mode == "isolated":
        return DomainKey(key.account, asset, key.market, key.side)
    return DomainKey(key.account, asset)


def indexes_of(state: State) -> Indexes:
    """Domains of accounts, positions of domains and in markets, lots in markets, open interest and its value."""
    domains: dict[str, set[DomainKey]] = defaultdict(set)
    positions: dict[DomainKey, set[PositionKey]] = defaultdict(set)
    markets: dict[str, dict[PositionKey, DomainKey]] = defaultdict(dict)
    lots: dict[str, set[int]] = defaultdict(set)
    longs: dict[str, int] = defaultdict(int)
    for key, quantity in state.positions.items():
        domain = domain_by_settings(state, key)
        domains[key.account].add(domain)
        positions[domain].add(key)
        markets[key.market][key] = domain
        longs[key.market] += max(quantity, 0)
    for lot in state.lots.values():
        lots[lot.market].add(lot.id)
        longs[lot.market] += max(lot.quantity, 0)
    values: dict[str, int] = defaultdict(int)
    for name, held in longs.items():
        if held:
            values[state.markets[name].asset] += state.markets[name].at_mark(Quantity(held))
    return (
        {account: tuple(sorted(found)) for account, found in domains.items()},
        {domain: tuple(sorted(found)) for domain, found in positions.items()},
        dict(markets),
        {market: tuple(sorted(found)) for market, found in lots.items()},
        {market: quantity for market, quantity in longs.items() if quantity},
        dict(values),
    )


def stated_indexes(state: State) -> Indexes:
    """The same maps as the state has them."""
    return (
        dict(state.domains_of),
        dict(state.positions_of),
        {market: dict(held) for market, held in state.positions_in.items()},
        dict(state.lots_in),
        dict(state.open_interest),
        dict(state.open_value),
    )
