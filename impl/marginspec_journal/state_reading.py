"""A state from the fields of a state file: every value checked, every owner known, the indexes rebuilt."""

from collections import defaultdict
from collections.abc import Callable

import attrs
from immutables import Map

from marginspec import RULEBOOK_VERSION
from marginspec.margin.margin import domain_of, leverage_of, margin_mode_of
from marginspec.model import ledger
from marginspec.model.account import (
    DomainKey,
    Lot,
    LotReason,
    MarginMode,
    Order,
    OrderSide,
    PositionKey,
    PositionMode,
    PositionSide,
    Setting,
)
from marginspec.model.effects import FundStatus
from marginspec.model.ledger import LedgerAccount, account_named
from marginspec.model.market import FeeTerms, Market, TierTerms, list_market
from marginspec.model.rejections import Rejected
from marginspec.model.state import Header, State
from marginspec.model.units import (
    MAX_LEVERAGE,
    MAX_NET_DEPOSITS,
    MAX_OPEN_INTEREST_MARKED,
    MAX_PRICE,
    MAX_QUANTITY,
    MAX_VALUE,
    MIN_LEVERAGE,
    Money,
    Price,
    Quantity,
    Rate,
)
from marginspec_journal.header_reading import header_of
from marginspec_journal.state_objects import STATE_VERSION
from marginspec_journal.strict_json import Node

POSITION_MODES: tuple[PositionMode, ...] = ("one_way", "hedge")
MARGIN_MODES: tuple[MarginMode, ...] = ("cross", "isolated")
POSITION_SIDES: tuple[PositionSide, ...] = ("BOTH", "LONG", "SHORT")
ORDER_SIDES: tuple[OrderSide, ...] = ("buy", "sell")
LOT_REASONS: tuple[LotReason, ...] = ("step_down", "takeover")

MAX_STATED_MONEY = 2**63 - 1
"""Settlement may leave more than the limit of 2^62, but nothing that a signed 64-bit integer cannot hold."""

COUNTERS = tuple(field.name for field in attrs.fields(FundStatus))


def state_of(fields: dict[str, Node]) -> State:
    """The state that the fields of a state file describe."""
    if fields["state"].integer() != STATE_VERSION:
        fields["state"].fail(f"unknown version, expected {STATE_VERSION}")
    if fields["rulebook"].text() != RULEBOOK_VERSION:
        fields["rulebook"].fail(f'unknown rulebook version, expected "{RULEBOOK_VERSION}"')
    state = State(header=header_of(fields["header"]))
    state = attrs.evolve(state, markets=_markets(fields["markets"], fields["marks"], state.header))
    state = attrs.evolve(state, accounts=_accounts(fields["accounts"]))
    state = attrs.evolve(state, settings=_settings(fields["settings"], state))
    state = attrs.evolve(state, positions=_positions(fields["positions"], state))
    lots = _lots(fields["lots"], fields["next_lot"], state)
    state = attrs.evolve(state, lots=lots, next_lot=fields["next_lot"].integer())
    state = attrs.evolve(state, orders=_orders(fields["orders"], state))
    state = attrs.evolve(state, ledger=_ledger(fields["ledger"], state))
    state = attrs.evolve(state, uncovered=_uncovered(fields["uncovered"], state.header))
    state = attrs.evolve(state, fund_status=_fund_status(fields["fund_status"], state))
    state = indexed(state)
    _check_open_value(fields["positions"], state)
    return state


# ------------------------------------------------------------------- markets


def _markets(node: Node, marks: Node, header: Header) -> Map[str, Market]:
    markets = {name: _market(name, entry, header) for name, entry in node.named_entries()}
    for name, entry in marks.entries():
        if name not in markets:
            entry.fail("unknown market")
        mark = Price(entry.units(markets[name].price_decimals, least=1, most=MAX_PRICE))
        markets[name] = attrs.evolve(markets[name], mark=mark)
    return Map(markets)


def _market(name: str, node: Node, header: Header) -> Market:
    own = ("asset", "price_decimals", "quantity_decimals", "tick", "tiers")
    fees = ("taker_fee", "maker_fee", "insurance_fee_share", "clearance_fee")
    fields = node.record((*own, *fees))
    asset = fields["asset"].name()
    try:
        return list_market(
            name,
            asset,
            header.decimals(asset),
            fields["price_decimals"].integer(),
            fields["quantity_decimals"].integer(),
            fields["tick"].wire_decimal(),
            FeeTerms(*(Rate(fields[fee].wire_decimal()) for fee in fees)),
            tuple(_tier_terms(row) for row in fields["tiers"].elements()),
        )
    except Rejected as refusal:
        node.fail(f"no market may be so: {refusal.reason}")


def _tier_terms(node: Node) -> TierTerms:
    fields = node.record(("floor", "max_leverage", "maintenance_rate"))
    return TierTerms(
        fields["floor"].wire_decimal(), fields["max_leverage"].integer(), fields["maintenance_rate"].wire_decimal()
    )


def _known_market(node: Node, market: str, state: State) -> Market:
    if market not in state.markets:
        node.fail("unknown market")
    return state.markets[market]


def _marked_market(node: Node, market: str, state: State) -> Market:
    """A market where something is open, which needs a mark."""
    known = _known_market(node, market, state)
    if known.mark is None:
        node.fail("its market has no mark")
    return known


# ------------------------------------------------------------------- accounts


def _accounts(node: Node) -> Map[str, PositionMode]:
    return Map(
        {
            name: entry.record(("position_mode",))["position_mode"].choice(POSITION_MODES)
            for name, entry in node.named_entries()
        }
    )


def _known_account(node: Node, account: str, state: State) -> PositionMode:
    if account not in state.accounts:
        node.fail("unknown account")
    return state.accounts[account]


def _parts(name: str, node: Node, form: str) -> list[str]:
    """The parts of a field name that is made like the form, as in `account:market`."""
    parts = name.split(":")
    if len(parts) != len(form.split(":")):
        node.fail(f"expected a name of the form {form}")
    return parts


def _settings(node: Node, state: State) -> Map[tuple[str, str], Setting]:
    settings: dict[tuple[str, str], Setting] = {}
    for name, entry in node.entries():
        account, market = _parts(name, entry, "account:market")
        _known_account(entry, account, state)
        _known_market(entry, market, state)
        settings[account, market] = _setting(entry)
    return Map(settings)


def _setting(node: Node) -> Setting:
    fields = node.record((), optional=("margin_mode", "leverage"))
    if not fields:
        node.fail("nothing is set")
    margin_mode = fields["margin_mode"].choice(MARGIN_MODES) if "margin_mode" in fields else None
    leverage = fields["leverage"].integer(MIN_LEVERAGE, MAX_LEVERAGE) if "leverage" in fields else None
    return Setting(margin_mode, leverage)


def _check_fits_mode(node: Node, side: PositionSide, mode: PositionMode) -> None:
    if (side == "BOTH") != (mode == "one_way"):
        node.fail(f"side {side} does not fit the account's position mode {mode}")


def _check_sign(node: Node, side: PositionSide, quantity: int) -> None:
    if quantity == 0:
        node.fail("zero quantities are left out")
    if (side == "LONG" and quantity < 0) or (side == "SHORT" and quantity > 0):
        node.fail(f"side {side} has a quantity of the other sign")


def _positions(node: Node, state: State) -> Map[PositionKey, Quantity]:
    positions: dict[PositionKey, Quantity] = {}
    for name, entry in node.entries():
        key = _position_key(name, entry, state)
        positions[key] = _position(entry, key, state)
    return Map(positions)


def _position_key(name: str, node: Node, state: State) -> PositionKey:
    account, market, stated_side = _parts(name, node, "account:market:side")
    mode = _known_account(node, account, state)
    _marked_market(node, market, state)
    side = node.choice_of(stated_side, POSITION_SIDES)
    _check_fits_mode(node, side, mode)
    return PositionKey(account, market, side)


def _position(node: Node, key: PositionKey, state: State) -> Quantity:
    """A position's quantity; its margin mode and leverage only repeat what follows from the settings."""
    fields = node.record(("quantity", "margin_mode", "leverage"))
    market = state.markets[key.market]
    margin_mode, leverage = margin_mode_of(state, key.account, key.market), leverage_of(state, key.account, market)
    if fields["margin_mode"].text() != margin_mode:
        fields["margin_mode"].fail(f"is {margin_mode} by the account's settings")
    if fields["leverage"].integer() != leverage:
        fields["leverage"].fail(f"is {leverage} by the account's settings")
    quantity = fields["quantity"].units(market.quantity_decimals)
    _check_sign(fields["quantity"], key.side, quantity)
    return Quantity(quantity)


# ------------------------------------------------------------------- lots and orders


def _lots(node: Node, next_lot: Node, state: State) -> Map[int, Lot]:
    end = next_lot.integer(least=1)
    return Map({lot.id: lot for lot in (_lot(name, entry, end, state) for name, entry in node.entries())})


def _lot(name: str, node: Node, next_lot: int, state: State) -> Lot:
    fields = node.record(("account", "market", "side", "margin_mode", "quantity", "reason"))
    account, market_id = fields["account"].text(), fields["market"].text()
    _known_account(fields["account"], account, state)
    market = _marked_market(fields["market"], market_id, state)
    side = fields["side"].choice(POSITION_SIDES)
    quantity = fields["quantity"].units(market.quantity_decimals)
    _check_sign(fields["quantity"], side, quantity)
    return Lot(
        id=_lot_id(name, node, next_lot),
        account=account,
        market=market_id,
        side=side,
        margin_mode=fields["margin_mode"].choice(MARGIN_MODES),
        quantity=Quantity(quantity),
        reason=fields["reason"].choice(LOT_REASONS),
    )


def _lot_id(name: str, node: Node, next_lot: int) -> int:
    lot_id = node.integer_of(name)
    if not 1 <= lot_id < next_lot:
        node.fail("not an id from 1 to below next_lot")
    return lot_id


def _orders(node: Node, state: State) -> Map[str, Map[str, Order]]:
    orders: dict[str, Map[str, Order]] = {}
    for account, entry in node.entries():
        mode = _known_account(entry, account, state)
        own = {name: _order(name, order, mode, state) for name, order in entry.named_entries()}
        if not own:
            entry.fail("accounts without orders are left out")
        orders[account] = Map(own)
    return Map(orders)


def _order(name: str, node: Node, mode: PositionMode, state: State) -> Order:
    fields = node.record(("market", "side", "position_side", "quantity", "price", "reduce_only"))
    market = _marked_market(fields["market"], fields["market"].text(), state)
    position_side = fields["position_side"].choice(POSITION_SIDES)
    _check_fits_mode(fields["position_side"], position_side, mode)
    price = Price(fields["price"].units(market.price_decimals, least=1, most=MAX_PRICE))
    if price % market.tick != 0:
        fields["price"].fail("off the market's tick")
    quantity = Quantity(fields["quantity"].units(market.quantity_decimals, least=1, most=MAX_QUANTITY))
    if market.value(price, quantity) > MAX_VALUE:
        fields["quantity"].fail("its value at the limit price is too large")
    signed = quantity if fields["side"].choice(ORDER_SIDES) == "buy" else Quantity(-quantity)
    return Order(name, market.id, position_side, signed, price, fields["reduce_only"].flag())


# ------------------------------------------------------------------- money


def _ledger(node: Node, state: State) -> Map[LedgerAccount, Money]:
    balances: dict[LedgerAccount, Money] = {}
    for name, entry in node.entries():
        kind, _, owner = name.partition(":")
        if kind not in _OWNER_ASSETS:
            entry.fail(f"unknown kind of ledger account; known are {', '.join(_OWNER_ASSETS)}")
        asset = _OWNER_ASSETS[kind](owner, entry, state)
        balance = _money(entry, asset, state.header)
        if balance == 0:
            entry.fail("zero balances are left out")
        if kind == "external" and balance < -MAX_NET_DEPOSITS:
            entry.fail("net deposits past their limit")
        balances[account_named(name)] = balance
    return Map(balances)


def _money(node: Node, asset: str, header: Header, *, least: int = -MAX_STATED_MONEY) -> Money:
    return Money(node.units(header.decimals(asset), least, MAX_STATED_MONEY))


def _named_asset(owner: str, node: Node, _state: State) -> str:
    return node.name_of(owner)


def _wallet_asset(owner: str, node: Node, state: State) -> str:
    account, asset = _parts(owner, node, "account:asset")
    _known_account(node, account, state)
    return node.name_of(asset)


def _position_asset(owner: str, node: Node, state: State) -> str:
    key = _position_key(owner, node, state)
    if key not in state.positions:
        node.fail("no such position")
    return state.markets[key.market].asset


def _isolated_asset(owner: str, node: Node, state: State) -> str:
    asset = _position_asset(owner, node, state)
    account, market, _side = owner.split(":")
    if margin_mode_of(state, account, market) != "isolated":
        node.fail("the position is not isolated")
    return asset


def _lot_asset(owner: str, node: Node, state: State) -> str:
    lot_id = node.integer_of(owner)
    if lot_id not in state.lots:
        node.fail("no such lot")
    return state.markets[state.lots[lot_id].market].asset


def _reserve_asset(owner: str, node: Node, state: State) -> str:
    return _known_market(node, owner, state).asset


_OWNER_ASSETS: dict[str, Callable[[str, Node, State], str]] = {
    "external": _named_asset,
    "wallet": _wallet_asset,
    "isolated": _isolated_asset,
    "position": _position_asset,
    "lot": _lot_asset,
    "reserve": _reserve_asset,
    "insurance": _named_asset,
    "house": _named_asset,
}
"""For each kind of ledger account that a state may hold, what checks its owner and gives its asset.

Clearing is zero after every event, so no state holds it.
"""


def _uncovered(node: Node, header: Header) -> Map[str, Money]:
    return Map({asset: _money(entry, asset, header, least=1) for asset, entry in node.named_entries()})


def _fund_status(node: Node, state: State) -> Map[str, FundStatus]:
    found: dict[str, FundStatus] = {}
    for name, entry in node.entries():
        market = _known_market(entry, name, state)
        fields = entry.record(COUNTERS)
        status = FundStatus(*(_money(fields[counter], market.asset, state.header, least=0) for counter in COUNTERS))
        if status.high_water < status.balance:
            fields["high_water"].fail("below the balance")
        found[name] = status
    for name in state.markets:
        if found.get(name, FundStatus()).balance != state.balance(ledger.reserve(name)):
            node.child(name).fail("the balance is not that of the reserve")
    return Map(found)


# ------------------------------------------------------------------- indexes


def indexed(state: State) -> State:
    """The state with the six maps that follow from the others."""
    positions_of: dict[DomainKey, list[PositionKey]] = defaultdict(list)
    positions_in: dict[str, dict[PositionKey, DomainKey]] = defaultdict(dict)
    for key in sorted(state.positions):
        domain = domain_of(state, key)
        positions_of[domain].append(key)
        positions_in[key.market][key] = domain
    domains_of: dict[str, list[DomainKey]] = defaultdict(list)
    for domain in sorted(positions_of):
        domains_of[domain.account].append(domain)
    lots_in: dict[str, list[int]] = defaultdict(list)
    for lot_id in sorted(state.lots):
        lots_in[state.lots[lot_id].market].append(lot_id)
    open_interest = _open_interest(state)
    return attrs.evolve(
        state,
        domains_of=Map({account: tuple(domains) for account, domains in domains_of.items()}),
        positions_of=Map({domain: tuple(keys) for domain, keys in positions_of.items()}),
        positions_in=Map({market: Map(domains) for market, domains in positions_in.items()}),
        lots_in=Map({market: tuple(lot_ids) for market, lot_ids in lots_in.items()}),
        open_interest=open_interest,
        open_value=_open_value(state.markets, open_interest),
    )


def _open_interest(state: State) -> Map[str, Quantity]:
    """Each market's long quantity, lots included."""
    found: dict[str, int] = defaultdict(int)
    for key, quantity in state.positions.items():
        found[key.market] += max(quantity, 0)
    for lot in state.lots.values():
        found[lot.market] += max(lot.quantity, 0)
    return Map({market: Quantity(quantity) for market, quantity in found.items() if quantity > 0})


def _open_value(markets: Map[str, Market], open_interest: Map[str, Quantity]) -> Map[str, Money]:
    """Each asset's open interest at mark, summed over its markets."""
    found: dict[str, int] = defaultdict(int)
    for name, quantity in open_interest.items():
        found[markets[name].asset] += markets[name].at_mark(quantity)
    return Map({asset: Money(value) for asset, value in found.items()})


def _check_open_value(node: Node, state: State) -> None:
    for asset, value in state.open_value.items():
        if value > MAX_OPEN_INTEREST_MARKED:
            node.fail(f"the open interest of {asset} is past its limit at mark")
