"""The figures that an exchange may state after an event, and what the rulebook has for each of them.

Amounts are integers in 1e-8, the finest that the wire format knows, so that figures of any decimals compare.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

from marginspec.margin import bands
from marginspec.margin import margin as margins
from marginspec.model.account import DomainKey, PositionKey, PositionSide
from marginspec.model.ledger import LedgerAccount, account_named
from marginspec.model.market import Market
from marginspec.model.state import State
from marginspec.model.units import FLAT, NOTHING, WIRE_DECIMALS, Decimal8
from marginspec.settlement.deleveraging import queue_of
from marginspec_audit import asset_of
from marginspec_audit.transparency import indicator, market_status
from marginspec_journal.decimals import decimal_text, shortest_decimal

ValueKind = Literal[
    "verdict", "balance", "quantity", "setting", "mark", "price", "pnl", "margin", "ratio", "indicator", "fund", "lot"
]
VALUE_KINDS: dict[ValueKind, str] = {
    "verdict": "whether it accepted or rejected, and why",
    "balance": "balances of ledger accounts",
    "quantity": "quantities of positions",
    "setting": "margin modes and leverages",
    "mark": "marks",
    "price": "entry, liquidation and bankruptcy prices",
    "pnl": "unrealised PnL",
    "margin": "equity, maintenance, initial and order margin, what is available and movable",
    "ratio": "margin ratios",
    "indicator": "deleveraging indicators",
    "fund": "funds and lots of markets, and what is uncovered",
    "lot": "lots of the liquidation engine",
}
"""Every kind of value that may be observed."""


class Figure(NamedTuple):
    """One figure: the group of `observed` that it stands in, whose it is, and which field of that."""

    group: str
    name: str
    field: str

    def __str__(self) -> str:
        return f"{self.name} {self.field}".strip().replace("_", " ")


class Ours(NamedTuple):
    """What the rulebook has: as a text, and in 1e-8 if it is an amount. A `rounded` one has digits beyond those."""

    text: str | None
    amount: int | None = None
    rounded: bool = False


NONE = Ours(None)
ZERO = Ours("0", 0)


def amount_of(units: int, decimals: int) -> Ours:
    """An amount in units of so many decimals."""
    return Ours(decimal_text(units, decimals), units * 10 ** (WIRE_DECIMALS - decimals))


def quotient_of(numerator: int, denominator: int) -> Ours:
    """A quotient to 8 digits, rounded to the nearest."""
    scaled = (2 * numerator * 10**WIRE_DECIMALS + denominator) // (2 * denominator)
    has_more = numerator * 10**WIRE_DECIMALS % denominator != 0
    return Ours(shortest_decimal(Decimal8(scaled)), scaled, has_more)


# ----------------------------------------------------------------- what each figure is

Ask: TypeAlias = Callable[[State, str], Ours]
"""What answers for the owner of a name."""


class Field(NamedTuple):
    """A field of a group: its kind of value, the clause that says what it is, and what the rulebook has for it."""

    kind: ValueKind
    clause: str
    ask: Ask


def position_named(name: str) -> PositionKey:
    """The position of a name whose grammar was checked."""
    account, market, side = name.split(":")
    known: PositionSide = side  # type: ignore[assignment]  # the reader of journals has checked the side
    return PositionKey(account, market, known)


def domain_named(name: str) -> DomainKey:
    """The margin domain of a name whose grammar was checked."""
    account, *position, asset = name.split(":")
    if not position:
        return DomainKey(account, asset)
    market, side = position
    return DomainKey(account, asset, market, side)  # type: ignore[arg-type]  # likewise


def balance(state: State, name: str) -> Ours:
    """A balance; what belongs to a closed lot or market holds nothing."""
    account = account_named(name)
    if (account.kind == "lot" and account.lot not in state.lots) or is_gone(state, account.market):
        return ZERO
    return amount_of(state.balance(account), state.header.decimals(asset_of(state, account)))


def is_gone(state: State, market: str) -> bool:
    """Whether a market is named that is not open."""
    return bool(market) and market not in state.markets


def of_position(
    ask: Callable[[State, PositionKey, Market], Ours], *, flat: Ours | None = ZERO, closed: Ours = ZERO
) -> Ask:
    """What answers for a position; `flat`, unless None, for one that is flat, `closed` for one in a closed market."""

    def answer(state: State, name: str) -> Ours:
        """The answer for the position of a name."""
        key = position_named(name)
        if key.market not in state.markets:
            return closed
        if flat is not None and key not in state.positions:
            return flat
        return ask(state, key, state.markets[key.market])

    return answer


def money_of(state: State, market: Market, quanta: int) -> Ours:
    """Money in a market's asset."""
    return amount_of(quanta, state.header.decimals(market.asset))


def price_of(market: Market, price: int | None) -> Ours:
    """A price of a market, 0 if there is none."""
    return ZERO if price is None else amount_of(price, market.price_decimals)


def entry_price(state: State, key: PositionKey, market: Market) -> Ours:
    """Open cost over quantity, which need not end."""
    quantity = abs(state.positions[key])
    unit = quantity * market.quanta_per_unit * 10**market.price_decimals
    return quotient_of(abs(margins.cost_of(state, key)), unit)


def liquidation_price(state: State, key: PositionKey, market: Market) -> Ours:
    """The end of the band on the side on which the position loses."""
    band = bands.liquidation_band(state, margins.domain_of(state, key), market.id)
    return price_of(market, band.lower if state.positions[key] > 0 else band.upper)


def bankruptcy_price(state: State, key: PositionKey, market: Market) -> Ours:
    """The bankruptcy price of the position's domain in its market."""
    return price_of(market, bands.bankruptcy_price(state, margins.domain_of(state, key), market.id))


def unrealised(state: State, key: PositionKey, market: Market) -> Ours:
    """Unrealised PnL."""
    return money_of(state, market, margins.position_margin(state, key).unrealised)


def maintenance(state: State, key: PositionKey, market: Market) -> Ours:
    """Maintenance margin."""
    return money_of(state, market, margins.position_margin(state, key).maintenance)


def initial(state: State, key: PositionKey, market: Market) -> Ours:
    """Initial margin at the account's leverage."""
    leverage = margins.leverage_of(state, key.account, market)
    return money_of(state, market, margins.initial_margin_of(state.positions[key], leverage, market))


def adl(state: State, key: PositionKey, market: Market) -> Ours:
    """The deleveraging indicator."""
    queue = queue_of(state, market.id, "long" if state.positions[key] > 0 else "short")
    places = [place for place, ranked in enumerate(queue) if ranked.key == key]
    return Ours(str(indicator(places[0], len(queue)))) if places else NONE


def margin_mode(state: State, key: PositionKey, market: Market) -> Ours:
    """The account's margin mode in the market."""
    return Ours(margins.margin_mode_of(state, key.account, market.id))


def leverage(state: State, key: PositionKey, market: Market) -> Ours:
    """The account's leverage in the market."""
    return Ours(str(margins.leverage_of(state, key.account, market)))


def quantity(state: State, key: PositionKey, market: Market) -> Ours:
    """The quantity, signed."""
    return amount_of(state.positions.get(key, FLAT), market.quantity_decimals)


def of_domain(ask: Callable[[State, DomainKey, margins.DomainMargin], int]) -> Ask:
    """What answers for a margin domain with an amount of its asset."""

    def answer(state: State, name: str) -> Ours:
        """The answer for the domain of a name."""
        domain = domain_named(name)
        if is_gone(state, domain.market):
            return ZERO
        asked = ask(state, domain, margins.domain_margin(state, domain))
        return amount_of(asked, state.header.decimals(domain.asset))

    return answer


def available(state: State, domain: DomainKey, margin: margins.DomainMargin) -> int:
    """What is available for orders."""
    reserved = margins.reserved_for_orders(state, domain)
    return margins.available_margin(margin, margins.domain_initial(state, margin), reserved)


def margin_ratio(state: State, name: str) -> Ours:
    """Maintenance margin over equity; 0 without a position, none where the equity is not above zero."""
    domain = domain_named(name)
    if is_gone(state, domain.market):
        return ZERO
    margin = margins.domain_margin(state, domain)
    if not margin.positions:
        return ZERO
    return quotient_of(margin.maintenance, margin.equity) if margin.equity > 0 else NONE


def mark(state: State, name: str) -> Ours:
    """A mark."""
    market = state.markets.get(name)
    return NONE if market is None or market.mark is None else amount_of(market.mark, market.price_decimals)


def of_market(field: str) -> Ask:
    """What answers with a figure of a market's status."""

    def answer(state: State, name: str) -> Ours:
        """The answer for the market of a name; one that is closed has nothing."""
        market = state.markets.get(name)
        if market is None or market.mark is None:
            return ZERO
        status = market_status(state, name)
        found = getattr(status if hasattr(status, field) else status.counters, field)
        if field == "lots":
            return Ours(str(found))
        decimals = market.quantity_decimals if field.endswith("_lots") else state.header.decimals(market.asset)
        return amount_of(found, decimals)

    return answer


def uncovered(state: State, name: str) -> Ours:
    """What of an asset's shortfall has no cover."""
    return amount_of(state.uncovered.get(name, NOTHING), state.header.decimals(name))


def lot_quantity(state: State, name: str) -> Ours:
    """A lot's quantity, signed; nothing once it is closed."""
    lot = state.lots.get(int(name))
    return ZERO if lot is None else amount_of(lot.quantity, state.markets[lot.market].quantity_decimals)


def lot_cost(state: State, name: str) -> Ours:
    """A lot's cost, signed like its quantity; nothing once it is closed."""
    lot = state.lots.get(int(name))
    if lot is None:
        return ZERO
    return money_of(state, state.markets[lot.market], margins.lot_cost(state, lot.id))


COUNTERS = ("balance", "high_water", "inflow", "outflow", "insurance_drawn", "deleveraged", "levied")
OF_LOTS = ("lots", "long_lots", "short_lots", "lots_pnl", "shortfall")

FIELDS: dict[str, dict[str, Field]] = {
    "ledger": {"balance": Field("balance", "LED-01", balance)},
    "positions": {
        "quantity": Field("quantity", "ACC-02", of_position(quantity, flat=None)),
        "margin_mode": Field("setting", "ACC-01", of_position(margin_mode, flat=None, closed=NONE)),
        "leverage": Field("setting", "ACC-01", of_position(leverage, flat=None, closed=NONE)),
        "entry_price": Field("price", "ACC-02", of_position(entry_price)),
        "unrealised": Field("pnl", "ACC-03", of_position(unrealised)),
        "liquidation_price": Field("price", "MRG-07", of_position(liquidation_price)),
        "bankruptcy_price": Field("price", "MRG-08", of_position(bankruptcy_price)),
        "maintenance": Field("margin", "MRG-04", of_position(maintenance)),
        "initial": Field("margin", "MRG-02", of_position(initial)),
        "adl": Field("indicator", "ADL-05", of_position(adl, flat=NONE, closed=NONE)),
    },
    "domains": {
        "equity": Field("margin", "ACC-03", of_domain(lambda _state, _domain, margin: margin.equity)),
        "maintenance": Field("margin", "MRG-04", of_domain(lambda _state, _domain, margin: margin.maintenance)),
        "initial": Field(
            "margin", "MRG-02", of_domain(lambda state, _domain, margin: margins.domain_initial(state, margin))
        ),
        "order_margin": Field(
            "margin", "MRG-03", of_domain(lambda state, domain, _margin: margins.reserved_for_orders(state, domain))
        ),
        "available": Field("margin", "MRG-06", of_domain(available)),
        "movable": Field("margin", "MRG-06", of_domain(lambda state, domain, _margin: margins.movable(state, domain))),
        "margin_ratio": Field("ratio", "MRG-05", margin_ratio),
    },
    "marks": {"mark": Field("mark", "MKT-01", mark)},
    "funds": {name: Field("fund", "TRN-01", of_market(name)) for name in (*COUNTERS, *OF_LOTS)},
    "uncovered": {"uncovered": Field("fund", "LVY-01", uncovered)},
    "lots": {"quantity": Field("lot", "LIQ-04", lot_quantity), "cost": Field("lot", "LIQ-04", lot_cost)},
}
"""Every figure that may be observed: its group, its field, and what it is."""

PRIMARY = (
    *(("ledger", "balance"), ("positions", "quantity"), ("positions", "margin_mode"), ("positions", "leverage")),
    *(("positions", "entry_price"), ("marks", "mark"), ("uncovered", "uncovered")),
    *(("lots", "quantity"), ("lots", "cost")),
)
"""Figures that a state holds; all others follow from them."""

ANSWER = Figure("", "", "answer")
"""The verdict on an event, as the figure that it is."""


def field_of(figure: Figure) -> Field:
    """What a figure is."""
    return FIELDS[figure.group][figure.field]


def kind_of(figure: Figure) -> ValueKind:
    """The kind of value that a figure is."""
    return "verdict" if figure is ANSWER else field_of(figure).kind


def is_primary(figure: Figure) -> bool:
    """Whether a state holds the figure, rather than that it follows from others."""
    return (figure.group, figure.field) in PRIMARY


def observed_figures(observed: Mapping[str, Any]) -> Iterator[tuple[Figure, str]]:
    """The figures that a line says were observed, with their texts, but for the verdict.

    Those that a state holds come first, those that follow from them later.
    """
    later: list[tuple[Figure, str]] = []
    for group, fields in FIELDS.items():
        for name, entry in observed.get(group, {}).items():
            given = entry if isinstance(entry, dict) else {next(iter(fields)): entry}
            for field, value in given.items():
                figure = Figure(group, name, field)
                if is_primary(figure):
                    yield figure, str(value)
                else:
                    later.append((figure, str(value)))
    yield from later


# ----------------------------------------------------------------- whose it is


class Whose(NamedTuple):
    """Account, market and asset that a figure is of; empty where it is of none."""

    account: str = ""
    market: str = ""
    asset: str = ""


NOBODY = Whose()


def whose(state: State, figure: Figure) -> Whose:
    """Whose a figure is; the asset as far as the state knows it."""
    group, name, _ = figure
    match group:
        case "ledger":
            return of_ledger(state, account_named(name))
        case "positions":
            key = position_named(name)
            return Whose(key.account, key.market, asset_in(state, key.market))
        case "domains":
            domain = domain_named(name)
            return Whose(domain.account, domain.market, domain.asset)
        case "marks" | "funds":
            return Whose("", name, asset_in(state, name))
        case "uncovered":
            return Whose("", "", name)
        case "lots":
            lot = state.lots.get(int(name))
            return NOBODY if lot is None else Whose(lot.account, lot.market, asset_in(state, lot.market))
    return NOBODY


def of_ledger(state: State, account: LedgerAccount) -> Whose:
    """Whose a ledger account is."""
    if account.kind == "lot":
        lot = state.lots.get(account.lot)
        return NOBODY if lot is None else Whose(lot.account, lot.market, asset_in(state, lot.market))
    return Whose(account.account, account.market, account.asset or asset_in(state, account.market))


def asset_in(state: State, market: str) -> str:
    """A market's asset; empty if it is not open."""
    return state.markets[market].asset if market in state.markets else ""
