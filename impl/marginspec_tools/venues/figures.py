"""The rulebook's figures of what a venue shows, by the rulebook's own functions, with nothing rounded.

A journal counts money in quanta of at most 8 decimals, and NUM-01 asks that those of price and quantity fit in. Here a
quantum is as fine as the venue's own numbers need, so that a mark of 8 decimals, times a quantity of 3, is exact.
What a venue does not show exactly, an entry price or a rate like 1/6, is a range: each figure is then the range over
its ends, which is exact because every figure rises or falls in each of them.
"""

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from itertools import product

import attrs
from immutables import Map

from marginspec.margin.bands import PriceView, exact_health_at, first_below, view_of
from marginspec.margin.margin import cash_account, exact_maintenance, initial_margin, leverage_of, position_margin
from marginspec.model import ledger
from marginspec.model.account import DomainKey, PositionKey, PositionMode, Setting
from marginspec.model.ledger import LedgerAccount
from marginspec.model.market import FeeTerms, Market, Tier, TierTable, TierTerms, tier_table
from marginspec.model.rejections import Rejected
from marginspec.model.state import State
from marginspec.model.units import RATE_ONE, WIRE_DECIMALS, Decimal8, Money, Price, Quantity, Rate, div_down, div_up
from marginspec_journal.state_reading import indexed

ACCOUNT = "account"
FINE_PRICE = 14
"""Digits after the point that a price which is looked for has: finer than any venue shows."""
HIGHEST = 2**40
"""Liquidation prices above the mark are looked for up to so many times the mark."""
NO_FEES = FeeTerms(Rate(0), Rate(0), Rate(0), Rate(0))


class NotToBeHad(Exception):  # noqa: N818 - not an error: what cannot be had, and why
    """A figure cannot be had from the files that are there."""


@attrs.frozen
class Range:
    """What a number lies within, both ends included."""

    low: Fraction
    high: Fraction

    @property
    def is_exact(self) -> bool:
        """Whether it is one number."""
        return self.low == self.high


def exactly(value: Fraction) -> Range:
    """A number that is known exactly."""
    return Range(value, value)


@attrs.frozen
class TierRow:
    """A row of a venue's tier table: notionals above `floor`, a maximum leverage, a maintenance rate."""

    floor: Fraction
    max_leverage: int
    rate: Range


@attrs.frozen
class Terms:
    """A market as an account has it; tiers and leverage are None where no file says them."""

    asset: str
    mark: Fraction = Fraction(0)
    tiers: tuple[TierRow, ...] | None = None
    leverage: int | None = None
    isolated: bool = False


@attrs.frozen
class Held:
    """An open position: quantity and cost, both signed, and the entry price as it is shown, if it is."""

    quantity: Fraction
    cost: Range
    entry: Fraction | None = None


@attrs.frozen
class Snapshot:
    """An account at one moment; `sources` names the file that would say what is missing of tiers, leverage, cash.

    `listed` has the terms of markets that it has no position in, without marks.
    """

    markets: Mapping[str, Terms]
    positions: Mapping[PositionKey, Held]
    cash: Mapping[DomainKey, Range]
    sources: Mapping[str, str]
    listed: Mapping[str, Terms] = Map()

    def domain_of(self, key: PositionKey) -> DomainKey:
        """The margin domain of a position."""
        terms = self.markets[key.market]
        return DomainKey(ACCOUNT, terms.asset, *((key.market, key.side) if terms.isolated else ()))

    def positions_of(self, domain: DomainKey) -> tuple[PositionKey, ...]:
        """The positions of a margin domain, in order."""
        return tuple(key for key in sorted(self.positions) if self.domain_of(key) == domain)

    def positions_in(self, asset: str) -> tuple[PositionKey, ...]:
        """The positions that settle in an asset, in order."""
        return tuple(key for key in sorted(self.positions) if self.markets[key.market].asset == asset)


@attrs.frozen
class World:
    """A snapshot with one end chosen of every range, as a state whose quantum is 10^-decimals."""

    snapshot: Snapshot
    state: State
    decimals: int

    def money(self, quanta: int) -> Fraction:
        """An amount in units of its asset."""
        return Fraction(quanta, 10**self.decimals)

    def notional(self, key: PositionKey) -> Range:
        """MRG-01."""
        return exactly(self.money(position_margin(self.state, key).notional))

    def value(self, key: PositionKey) -> Range:
        """NUM-01: value at mark, signed like the quantity."""
        return exactly(self.money(self.state.markets[key.market].at_mark(self.state.positions[key])))

    def unrealised(self, keys: Iterable[PositionKey]) -> Range:
        """ACC-03: value at mark less cost."""
        return exactly(self.money(sum(position_margin(self.state, key).unrealised for key in keys)))

    def maintenance(self, keys: Iterable[PositionKey]) -> Range:
        """MRG-04 before it is rounded up."""
        return exactly(sum((self._maintenance(key) for key in keys), Fraction(0)))

    def _maintenance(self, key: PositionKey) -> Fraction:
        self._need_tiers(key.market)
        margin = position_margin(self.state, key)
        return Fraction(exact_maintenance(margin.notional, margin.tier), 10**self.decimals * RATE_ONE)

    def initial(self, keys: Iterable[PositionKey]) -> Range:
        """MRG-02 before it is rounded up."""
        return exactly(sum((self._initial(key) for key in keys), Fraction(0)))

    def _initial(self, key: PositionKey) -> Fraction:
        self._need_tiers(key.market)
        self._need_leverage(key.market)
        margin = position_margin(self.state, key)
        leverage = leverage_of(self.state, ACCOUNT, self.state.markets[key.market])
        by_leverage = Fraction(margin.notional, min(leverage, margin.tier.max_leverage))
        rounded = initial_margin(margin.notional, leverage, margin.tier, margin.maintenance)
        # Else it is the maintenance margin, and the quantum that MRG-02 adds is none that a venue could show.
        by_rule = by_leverage if rounded == div_up(by_leverage.numerator, by_leverage.denominator) else None
        return self._maintenance(key) if by_rule is None else by_rule / 10**self.decimals

    def cash(self, domain: DomainKey) -> Fraction:
        """Cash of a domain."""
        if domain not in self.snapshot.cash:
            raise NotToBeHad(f"needs {self.snapshot.sources['cash']}, for the cash")
        return self.money(self.state.balance(cash_account(domain)))

    def equity(self, domain: DomainKey) -> Range:
        """ACC-03: cash and unrealised PnL of a domain."""
        cash = self.cash(domain)
        return exactly(cash + self.unrealised(self.snapshot.positions_of(domain)).low)

    def total_cash(self, domains: Iterable[DomainKey]) -> Range:
        """Cash of several domains."""
        return exactly(sum((self.cash(domain) for domain in domains), Fraction(0)))

    def total_equity(self, domains: Iterable[DomainKey]) -> Range:
        """ACC-03: equity of several domains."""
        return exactly(sum((self.equity(domain).low for domain in domains), Fraction(0)))

    def available(self, asset: str, reserved: Fraction, *, movable: bool) -> Range:
        """MRG-06: what is available for orders, or may be withdrawn, of the cross domain; orders reserve some of it."""
        domain = DomainKey(ACCOUNT, asset)
        equity = self.equity(domain).low
        funds = min(equity, self.cash(domain)) if movable else equity
        bound = self.initial(self.snapshot.positions_of(domain)).low
        return exactly(max(Fraction(0), funds - bound - reserved))

    def liquidation_price(self, key: PositionKey) -> Range | None:
        """MRG-07: between which two neighbouring prices exact health passes zero; None if it never does."""
        view = self._view(key)
        market = self.state.markets[key.market]
        mark = market.marked()
        if exact_health_at(view, mark) <= 0:
            raise NotToBeHad("its margin domain is not healthy at the mark")
        # With both sides of a hedge, the price is on the side that the account is exposed to.
        is_long = sum(exposure.value_per_unit for exposure in view.exposures) > 0
        beyond = first_below(view, mark, Price(1) if is_long else Price(mark * HIGHEST), 0)
        if beyond is None:
            return None
        ends = sorted((beyond, beyond + 1 if is_long else beyond - 1))
        return Range(*(Fraction(end, 10**market.price_decimals) for end in ends))

    def bankruptcy_price(self, key: PositionKey) -> Range | None:
        """MRG-08: the mark at which the equity of the position's domain is zero, before it is rounded."""
        view = self._view(key, tiers=False)
        slope = sum(exposure.value_per_unit for exposure in view.exposures)
        if slope == 0 or view.fixed_equity * slope >= 0:
            return None
        decimals = self.state.markets[key.market].price_decimals
        return exactly(Fraction(-view.fixed_equity, slope * 10**decimals))

    def _view(self, key: PositionKey, *, tiers: bool = True) -> PriceView:
        domain = self.snapshot.domain_of(key)
        self.cash(domain)
        for other in self.snapshot.positions_of(domain) if tiers else ():
            self._need_tiers(other.market)
        return view_of(self.state, domain, key.market)

    def _need_tiers(self, market: str) -> None:
        if self.snapshot.markets[market].tiers is None:
            raise NotToBeHad(f"needs {self.snapshot.sources['tiers']}, for the tiers of {market}")

    def _need_leverage(self, market: str) -> None:
        if self.snapshot.markets[market].leverage is None:
            raise NotToBeHad(f"needs {self.snapshot.sources['leverage']}, for the leverage in {market}")


Figure = Callable[[World], Range | None]
"""A figure of a snapshot; None if there is none, as of a liquidation price."""


def over_worlds(worlds: Iterable[World], figure: Figure) -> tuple[Range | None, bool]:
    """A figure over all ends of all ranges, and whether all agree that there is one."""
    found = [figure(world) for world in worlds]
    ranges = [one for one in found if one is not None]
    if not ranges:
        return None, True
    return Range(min(one.low for one in ranges), max(one.high for one in ranges)), len(ranges) == len(found)


# ----------------------------------------------------------------- states


def worlds_of(snapshot: Snapshot) -> tuple[World, ...]:
    """The worlds at the ends of the ranges of costs, of cash and of rates."""
    rows = [row.rate for terms in snapshot.markets.values() for row in terms.tiers or ()]
    ranges = [held.cost for held in snapshot.positions.values()], list(snapshot.cash.values()), rows
    ends = [(min_end,) if all(one.is_exact for one in of_kind) else (min_end, max_end) for of_kind in ranges]
    return tuple(world_at(snapshot, *chosen) for chosen in product(*ends))


def min_end(number: Range) -> Fraction:
    """The lower end."""
    return number.low


def max_end(number: Range) -> Fraction:
    """The upper end."""
    return number.high


End = Callable[[Range], Fraction]


def world_at(snapshot: Snapshot, cost: End, cash: End, rate: End) -> World:
    """The state of a snapshot at chosen ends, with a quantum that all its amounts are whole numbers of."""
    amounts = {domain: cash(amount) for domain, amount in snapshot.cash.items()}
    costs = {key: cost(held.cost) for key, held in snapshot.positions.items()}
    quantity_decimals = {name: quantity_decimals_of(snapshot, name) for name in snapshot.markets}
    price_decimals = {name: max(FINE_PRICE, decimals_of(terms.mark)) for name, terms in snapshot.markets.items()}
    needed = [price_decimals[name] + quantity_decimals[name] for name in snapshot.markets]
    decimals = max([WIRE_DECIMALS, *needed, *map(decimals_of, [*costs.values(), *amounts.values()])])
    markets = {
        name: market_of(name, terms, price_decimals[name], quantity_decimals[name], decimals, rate)
        for name, terms in snapshot.markets.items()
    }
    balances: dict[LedgerAccount, Money] = {}
    for domain, amount in amounts.items():
        balances[cash_account(domain)] = Money(whole(amount, decimals))
    for key, value in costs.items():
        balances[ledger.position(*key)] = Money(-whole(value, decimals))
    mode: PositionMode = "hedge" if any(key.side != "BOTH" for key in snapshot.positions) else "one_way"
    state = State(
        markets=Map(markets),
        accounts=Map({ACCOUNT: mode}),
        settings=Map(
            {
                (ACCOUNT, name): Setting("isolated" if terms.isolated else "cross", terms.leverage)
                for name, terms in snapshot.markets.items()
            }
        ),
        ledger=Map(balances),
        positions=Map(
            {
                key: Quantity(whole(held.quantity, quantity_decimals[key.market]))
                for key, held in snapshot.positions.items()
            }
        ),
    )
    return World(snapshot, indexed(state), decimals)


def quantity_decimals_of(snapshot: Snapshot, market: str) -> int:
    """Digits after the point that quantities in a market need."""
    held = [held.quantity for key, held in snapshot.positions.items() if key.market == market]
    return max([0, *map(decimals_of, held)])


def market_of(name: str, terms: Terms, price_decimals: int, quantity_decimals: int, decimals: int, rate: End) -> Market:
    """A market in the units of a world; one whose tiers no file says has a table that nothing may ask for."""
    rows = terms.tiers or (TierRow(Fraction(0), 1, exactly(Fraction(1, 2))),)
    table = rules_table(name, rows, rate)
    finer = 10 ** (decimals - WIRE_DECIMALS)
    tiers = tuple(
        Tier(Money(tier.floor * finer), tier.max_leverage, tier.maintenance_rate, tier.deduction * finer)
        for tier in table.tiers
    )
    per_unit = 10 ** (decimals - price_decimals - quantity_decimals)
    mark = Price(whole(terms.mark, price_decimals))
    return Market(
        name, terms.asset, price_decimals, quantity_decimals, per_unit, Price(1), TierTable(tiers), NO_FEES, mark
    )


def rules_table(name: str, rows: tuple[TierRow, ...], rate: End) -> TierTable:
    """A tier table as the rules take it, MKT-02 checked, its deductions computed."""
    terms = tuple(
        TierTerms(Decimal8(whole(row.floor, WIRE_DECIMALS)), row.max_leverage, Decimal8(whole(rate(row.rate), 8)))
        for row in rows
    )
    try:
        return tier_table(terms, WIRE_DECIMALS)
    except Rejected:
        raise NotToBeHad(f"the tiers of {name} are not a table of MKT-02") from None


# ----------------------------------------------------------------- decimals


def decimals_of(number: Fraction) -> int:
    """How many digits after the point a number needs; NotToBeHad if no number of digits is enough."""
    decimals, rest = 0, number.denominator
    while rest % 10 == 0:
        decimals, rest = decimals + 1, rest // 10
    for factor in (2, 5):
        while rest % factor == 0:
            decimals, rest = decimals + 1, rest // factor
    if rest != 1:
        raise NotToBeHad(f"{number} is no decimal")
    return decimals


def whole(number: Fraction, decimals: int) -> int:
    """A number in units of 10^-decimals, which it is a whole number of."""
    scaled = number * 10**decimals
    if scaled.denominator != 1:
        raise NotToBeHad(f"{decimal_of(number)} has more than {decimals} digits after the point")
    units: int = scaled.numerator
    return units


def in_rate_units(rate: Fraction) -> Range:
    """A rate as the rules count it, in 1e-8: itself, or the two rates around it."""
    scaled = rate * RATE_ONE
    below = div_down(scaled.numerator, scaled.denominator)
    above = div_up(scaled.numerator, scaled.denominator)
    return Range(Fraction(below, RATE_ONE), Fraction(above, RATE_ONE))


def decimal_of(number: Fraction, most: int = 20) -> str:
    """A number as a decimal, as short as it is exact; what is longer than so many digits is cut, with an ellipsis."""
    scaled = abs(number) * 10**most
    digits = f"{scaled.numerator // scaled.denominator:0{most + 1}d}"
    text = f"{digits[:-most]}.{digits[-most:]}".rstrip("0").rstrip(".")
    sign = "-" if number < 0 and (text != "0" or scaled.denominator != 1) else ""
    return f"{sign}{text}{'…' if scaled.denominator != 1 else ''}"
