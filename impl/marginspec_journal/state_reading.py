"""A state from the fields of a state file: every value checked, every owner known, the indexes rebuilt."""

from collections import defaultdict

import attrs
from immutables import Map

from marginspec.handlers.markets import fee_terms, limit_terms
from marginspec.margin.margin import domain_of, leverage_of, margin_mode_of
from marginspec.model import ledger
from marginspec.model.account import DomainKey, Lot, Order, PositionKey, PositionMode, PositionSide, Setting
from marginspec.model.effects import FundStatus
from marginspec.model.events import ListMarket
from marginspec.model.ledger import LedgerAccount
from marginspec.model.market import Market, list_market
from marginspec.model.rejections import Rejected
from marginspec.model.state import Header, State
from marginspec.model.units import (
    MAX_NET_DEPOSITS,
    MAX_OPEN_INTEREST_MARKED,
    MAX_PRICE,
    MAX_VALUE,
    Money,
    Price,
    Quantity,
)
from marginspec_audit import asset_of
from marginspec_journal.digits import MarketDigits, market_digits
from marginspec_journal.header import check_rulebook, header_of
from marginspec_journal.ledger_names import POSITION_SIDES, ledger_account_of
from marginspec_journal.records import RecordForm
from marginspec_journal.state_objects import (
    ACCOUNT,
    FUND_STATUS,
    LOT,
    MAX_STATED_MONEY,
    ORDER,
    POSITION,
    SETTING,
    STATE_VERSION,
)
from marginspec_journal.strict_json import Node

LISTING = RecordForm(ListMarket, key="market")
"""A market, which is read under the names and rules by which one is listed."""
WRONG_SIGN = "LONG must be positive, SHORT negative"


def state_of(fields: dict[str, Node]) -> State:
    """The state that the fields of a state file describe."""
    if fields["state"].integer() != STATE_VERSION:
        fields["state"].fail(f"unknown version, expected {STATE_VERSION}")
    check_rulebook(fields["rulebook"])
    state = State(header=header_of(fields["header"]))
    state = attrs.evolve(state, markets=_markets(fields["markets"], fields["marks"], state.header))
    state = attrs.evolve(state, closed_markets=_closed_markets(fields["closed_markets"], state))
    state = attrs.evolve(state, accounts=_accounts(fields["accounts"]))
    state = attrs.evolve(state, settings=_settings(fields["settings"], state))
    state = attrs.evolve(state, positions=_positions(fields["positions"], state))
    lots = _lots(fields["lots"], fields["next_lot"], state)
    state = attrs.evolve(state, lots=lots, next_lot=fields["next_lot"].integer())
    state = attrs.evolve(state, orders=_orders(fields["orders"], state))
    state = attrs.evolve(state, ledger=_ledger(fields["ledger"], state))
    state = attrs.evolve(state, uncovered=_uncovered(fields["uncovered"], state.header))
    state = attrs.evolve(state, relief_claims=_relief_claims(fields["relief_claims"], state))
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
    listing: ListMarket = LISTING.build(LISTING.read(node), market=name)
    try:
        return list_market(
            name,
            listing.asset,
            header.decimals(listing.asset),
            listing.price_decimals,
            listing.quantity_decimals,
            listing.tick,
            fee_terms(listing),
            listing.tiers,
            limit_terms(listing),
        )
    except Rejected as refusal:
        node.fail(f"invalid market: {refusal.reason}")


def _closed_markets(node: Node, state: State) -> tuple[str, ...]:
    """The ids of closed markets, which rise, and are those of no market that is listed."""
    closed: list[str] = []
    for entry in node.elements():
        market = entry.name()
        if market in state.markets:
            entry.fail("the market is listed")
        if closed and market <= closed[-1]:
            entry.fail("ids stand in order, each once")
        closed.append(market)
    return tuple(closed)


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


def _digits(market: Market, state: State) -> MarketDigits:
    return market_digits(market, state.header.decimals(market.asset))


# ------------------------------------------------------------------- accounts


def _accounts(node: Node) -> Map[str, PositionMode]:
    return Map({name: ACCOUNT.read(entry)["position_mode"] for name, entry in node.named_entries()})


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
        settings[account, market] = Setting(**SETTING.read(entry))
        if settings[account, market] == Setting():
            entry.fail("sets nothing: leave it out")
    return Map(settings)


def _check_fits_mode(node: Node, side: PositionSide, mode: PositionMode) -> None:
    if (side == "BOTH") != (mode == "one_way"):
        node.fail(f"side {side} does not fit the account's position mode {mode}")


def _check_sign(node: Node, side: PositionSide, quantity: int) -> None:
    if quantity == 0:
        node.fail("a quantity of zero: leave it out")
    if (side == "LONG" and quantity < 0) or (side == "SHORT" and quantity > 0):
        node.fail(WRONG_SIGN)


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
    market = state.markets[key.market]
    fields = POSITION.fields(node)
    stated = POSITION.values(fields, _digits(market, state))
    following = {
        "margin_mode": margin_mode_of(state, key.account, key.market),
        "leverage": leverage_of(state, key.account, market),
    }
    for name, value in following.items():
        if stated[name] != value:
            fields[name].fail(f"expected {value}, as the account's settings give")
    _check_sign(fields["quantity"], key.side, stated["quantity"])
    return Quantity(stated["quantity"])


# ------------------------------------------------------------------- lots and orders


def _lots(node: Node, next_lot: Node, state: State) -> Map[int, Lot]:
    end = next_lot.integer(least=1)
    return Map({lot.id: lot for lot in (_lot(name, entry, end, state) for name, entry in node.entries())})


def _lot(name: str, node: Node, next_lot: int, state: State) -> Lot:
    fields = LOT.fields(node)
    _known_account(fields["account"], fields["account"].text(), state)
    market = _marked_market(fields["market"], fields["market"].text(), state)
    lot = Lot(id=_lot_id(name, node, next_lot), **LOT.values(fields, _digits(market, state)))
    _check_sign(fields["quantity"], lot.side, lot.quantity)
    return lot


def _lot_id(name: str, node: Node, next_lot: int) -> int:
    lot_id = node.integer_of(name)
    if not 1 <= lot_id < next_lot:
        node.fail("a lot's id is at least 1 and below next_lot")
    return lot_id


def _orders(node: Node, state: State) -> Map[str, Map[str, Order]]:
    orders: dict[str, Map[str, Order]] = {}
    for account, entry in node.entries():
        mode = _known_account(entry, account, state)
        own = {name: _order(name, order, mode, state) for name, order in entry.named_entries()}
        if not own:
            entry.fail("no orders: leave the account out")
        orders[account] = Map(own)
    return Map(orders)


def _order(name: str, node: Node, mode: PositionMode, state: State) -> Order:
    fields = ORDER.fields(node)
    market = _marked_market(fields["market"], fields["market"].text(), state)
    order = Order(id=name, **ORDER.values(fields, _digits(market, state)))
    _check_fits_mode(fields["position_side"], order.position_side, mode)
    if order.price % market.tick != 0:
        fields["price"].fail("not a multiple of the market's tick")
    if abs(market.value(order.price, order.quantity)) > MAX_VALUE:
        fields["quantity"].fail("its value at the limit price is too large")
    return order


# ------------------------------------------------------------------- money


def _ledger(node: Node, state: State) -> Map[LedgerAccount, Money]:
    balances: dict[LedgerAccount, Money] = {}
    for name, entry in node.entries():
        account = ledger_account_of(name, entry)
        _check_owner(account, entry, state)
        balance = _money(entry, asset_of(state, account), state.header)
        if balance == 0:
            entry.fail("a balance of zero: leave it out")
        if account.kind == "external" and balance < -MAX_NET_DEPOSITS:
            entry.fail("net deposits above their limit")
        balances[account] = balance
    return Map(balances)


def _check_owner(account: LedgerAccount, node: Node, state: State) -> None:
    """Refuse a ledger account that nobody can have, so that its asset is known."""
    match account.kind:
        case "clearing":
            node.fail("clearing is empty after every event: leave it out")
        case "wallet":
            _known_account(node, account.account, state)
        case "reserve":
            _known_market(node, account.market, state)
        case "lot":
            if account.lot not in state.lots:
                node.fail("no such lot")
        case "isolated" | "position":
            if (account.account, account.market, account.side) not in state.positions:
                node.fail("no such position")
            if account.kind == "isolated" and margin_mode_of(state, account.account, account.market) != "isolated":
                node.fail("the position is not isolated")


def _money(node: Node, asset: str, header: Header, *, least: int = -MAX_STATED_MONEY) -> Money:
    return Money(node.units(header.decimals(asset), least, MAX_STATED_MONEY))


def _uncovered(node: Node, header: Header) -> Map[str, Money]:
    return Map({asset: _money(entry, asset, header, least=1) for asset, entry in node.named_entries()})


def _relief_claims(node: Node, state: State) -> Map[str, Map[DomainKey, Money]]:
    claims: dict[str, dict[DomainKey, Money]] = defaultdict(dict)
    assets = {market.id: market.asset for market in state.markets.values()}
    for name, entry in node.entries():
        domain = _claimant(name, entry, state, assets)
        claims[domain.asset][domain] = _money(entry, domain.asset, state.header, least=1)
    for asset in sorted({*claims, *(account.asset for account in state.ledger if account.kind == "relief")}):
        if sum(claims[asset].values()) != state.balance(ledger.relief(asset)):
            node.fail(f"claims in {asset} do not sum to its relief")
    return Map({asset: Map(own) for asset, own in claims.items()})


def _claimant(name: str, node: Node, state: State, assets: dict[str, str]) -> DomainKey:
    """The domain that a claim is named after; one that was isolated need not have its position, or market, any more.

    A closed market's asset is not stated: its first claim adds it to the assets of markets, and the others agree.
    """
    if name.count(":") == 1:
        account, asset = name.split(":")
        _known_account(node, account, state)
        return DomainKey(account, node.name_of(asset))
    account, market, stated_side, asset = _parts(name, node, "account:market:side:asset")
    _known_account(node, account, state)
    if market not in state.closed_markets:
        _known_market(node, market, state)
    if assets.setdefault(market, asset) != asset:
        node.fail(f"its market is one of {assets[market]}")
    return DomainKey(account, asset, market, node.choice_of(stated_side, POSITION_SIDES))


def _fund_status(node: Node, state: State) -> Map[str, FundStatus]:
    found: dict[str, FundStatus] = {}
    for name, entry in node.entries():
        market = _known_market(entry, name, state)
        fields = FUND_STATUS.fields(entry)
        found[name] = FundStatus(**FUND_STATUS.values(fields, _digits(market, state)))
        if found[name].high_water < found[name].balance:
            fields["high_water"].fail("must be at least the balance")
    for name in state.markets:
        if found.get(name, FundStatus()).balance != state.balance(ledger.reserve(name)):
            node.child(name).fail("the balance differs from the reserve's in the ledger")
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
            node.fail(f"the open interest of {asset} at mark is above its limit")
