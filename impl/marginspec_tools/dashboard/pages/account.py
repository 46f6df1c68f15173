"""An account: its domains with margins and health, positions with the bands around the mark, orders, and its money."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Literal

import attrs

from marginspec.margin import bands
from marginspec.margin import margin as margins
from marginspec.model import ledger
from marginspec.model.account import DomainKey
from marginspec.model.ledger import account_named
from marginspec.model.market import Market
from marginspec.model.state import State
from marginspec.model.units import NOTHING, Money
from marginspec.settlement.levy import domains_of_asset
from marginspec_audit import assets_of
from marginspec_tools.dashboard.charts import Chart, Line
from marginspec_tools.dashboard.explanations import Entry, entries
from marginspec_tools.dashboard.index import Filter
from marginspec_tools.dashboard.numbers import price_text, quantity_text, ratio_text
from marginspec_tools.dashboard.pages.events import EVENTS, event_row
from marginspec_tools.dashboard.pages.lines import CHANGES, change_cells, change_links, point_at, without_transfer
from marginspec_tools.dashboard.tables import Column, Order, Read, Row, Table
from marginspec_tools.dashboard.view import Page, Unanswerable, View, reading
from marginspec_tools.explain import explain_margins, name_of

DRAWN = 500
"""So many changes of a wallet are drawn: the last ones."""
LEVELS = 3
NO_CLAIMS: Mapping[DomainKey, Money] = {}


@attrs.frozen
class Standing:
    """A domain with its margins, and what may be used of it."""

    domain: DomainKey
    margin: margins.DomainMargin
    initial: Money
    reserved: Money
    claim: Money

    @property
    def figures(self) -> tuple[int, ...]:
        """All its amounts, in the order of the table."""
        margin = self.margin
        initial, reserved = self.initial, self.reserved
        available = margins.available_margin(margin, initial, reserved)
        movable = margins.movable_margin(margin, initial, reserved)
        pnl = margin.equity - margin.cash
        return (margin.cash, pnl, margin.equity, margin.maintenance, initial, reserved, available, movable, self.claim)


def name(view: View) -> str:
    """The account that is asked for."""
    return view.parameters.get("account", "")


def state(view: View) -> State:
    """What there is of the account: all its own, its markets, and the funds."""
    found = view.index.account_state(view.at, name(view))
    if name(view) not in found.accounts:
        raise not_yet(view, "account", name(view), view.index.account_since(name(view)))
    return found


def not_yet(view: View, what: Literal["account", "asset"], named: str, since: int | None) -> Unanswerable:
    """Why there is no account or asset of a name after an event, and which later one brings it, if any."""
    reason = f"After event {view.at} there is no {what} {named!r}"
    if since is None or since <= view.at:
        return Unanswerable(404, f"No such {what}", f"{reason}.")
    return view.not_now(what, f"{reason} yet: it comes with event {since}.", since)


def standings(view: View) -> list[Standing]:
    """The account's domains that hold anything."""
    book, found = view.once(state), list[Standing]()
    assets = {one.asset for one in book.markets.values()} | {one.asset for one in book.ledger if one.asset}
    for domain in [one for asset in sorted(assets) for one in domains_of_asset(book, asset)]:
        if domain.account == name(view):
            margin, reserved = margins.domain_margin(book, domain), margins.reserved_for_orders(book, domain)
            claim = book.relief_claims.get(domain.asset, NO_CLAIMS).get(domain, NOTHING)
            if margin.positions or margin.cash or reserved or claim:
                found.append(Standing(domain, margin, margins.domain_initial(book, margin), reserved, claim))
    return found


def content(view: View) -> Mapping[str, Any]:
    """Whose page it is, its charts, and why its margins are what they are."""
    book = view.once(state)
    explained = explain_margins(book, view.at, name(view))
    return {
        "account": name(view),
        "mode": book.accounts.get(name(view)),
        "healthy": all(margins.is_healthy(one.margin) for one in view.once(standings)),
        "charts": list(charts(view)),
        "explanation": [
            *entries("\n".join(explained.lines(LEVELS)).splitlines()[1:]),
            *(Entry(claim_told(view, one)) for one in view.once(standings)),
        ],
    }


def claim_told(view: View, one: Standing) -> str:
    """What a domain has a claim on."""
    claim = f"{view.money(one.claim, one.domain.asset)} {one.domain.asset}"
    return (
        f"claim on relief of {name_of(one.domain)}: {claim}, what it paid by levies less what was given back [LVY-02]"
    )


# ----------------------------------------------------------------- charts


def charts(view: View) -> Iterator[Chart]:
    """The balances of its wallets."""
    for asset in assets_of(view.book):
        wallet = ledger.wallet(name(view), asset)
        page = view.index.history("ledger", wallet.name, view.at, most=DRAWN)
        points = [point_at(one.seq, one.value or 0) for one in reversed(page.rows)]
        if not points:
            continue
        told = f"Its last {len(points)} changes, to event {view.at}; {view.money(points[-1].value, asset)} now."
        decimals = view.book.header.decimals(asset)
        yield Chart(
            f"wallet-{asset}", f"Wallet in {asset}", told, asset, decimals,
            points[0].first, view.at, [Line("wallet", points, "1")],
        )  # fmt: skip


# ----------------------------------------------------------------- tables


def domains_table(view: View) -> Table:
    """The account's margin domains."""
    rows = []
    for one in view.once(standings):
        texts = [view.money(amount, one.domain.asset) for amount in one.figures]
        margin = one.margin
        ratio = None if margin.equity <= 0 else ratio_text(100 * margin.maintenance, margin.equity)
        health = "holds" if margins.is_healthy(margin) else "broken: unhealthy"
        title = name_of(one.domain).removeprefix(name(view)).strip()
        cells = (title, one.domain.asset, health, *texts[:4], ratio, *texts[4:])
        links = dict.fromkeys(EXPLAINED, "#why")
        links |= {"cash": f"{view.with_parameters(asset=one.domain.asset)}#money"} if one.domain.is_cross else {}
        rows.append(Row(":".join(one.domain), cells, links))
    return Table("domains", "Margin domains", DOMAINS, Order("domain"), rows, note=RATIO_NOTE)


RATIO_NOTE = "Healthy is equity above maintenance (MRG-05); the ratio is maintenance over equity, rounded down."
EXPLAINED = ("cash", "claim", "pnl", "equity", "maintenance", "initial", "orders", "available", "movable", "ratio")
DOMAINS = (
    Column("domain", "domain", "name"),
    Column("asset", "asset", "name"),
    Column("health", "healthy", "status"),
    Column("cash", "cash", "number"),
    Column("pnl", "unrealised PnL", "number"),
    Column("equity", "equity", "number"),
    Column("maintenance", "maintenance", "number"),
    Column("ratio", "ratio", "number", "%"),
    Column("initial", "initial", "number"),
    Column("orders", "for orders", "number"),
    Column("available", "available", "number"),
    Column("movable", "movable", "number"),
    Column("claim", "claim on relief", "number"),
)


def positions_table(view: View) -> Table:
    """The account's positions, each with the marks at which its domain is liquidated and bankrupt."""
    rows = [
        position_row(view, standing.domain, margin)
        for standing in view.once(standings)
        for margin in standing.margin.positions
    ]
    return Table("positions", "Positions", POSITIONS, Order("market"), rows, note=BAND_NOTE)


BAND_NOTE = "Liquidated below and above: the nearest marks of this market, all others as they are (MRG-07)."


def position_row(view: View, domain: DomainKey, margin: margins.PositionMargin) -> Row:
    """A position."""
    book, key = view.once(state), margin.key
    market = book.markets[key.market]
    assert market.mark is not None, "a position stands in a market with a mark"
    band = bands.liquidation_band(book, domain, key.market)
    bankruptcy = bands.bankruptcy_price(book, domain, key.market)
    prices = [price_or_none(one, market) for one in (market.mark, band.lower, band.upper, bankruptcy)]
    amounts = [
        view.money(one, market.asset) for one in (margin.notional, margin.cost, margin.unrealised, margin.maintenance)
    ]
    leverage = str(margins.leverage_of(book, key.account, market))
    mode = margins.margin_mode_of(book, key.account, key.market)
    quantity = quantity_text(book.positions[key], market)
    cells = (key.market, key.side.lower(), mode, leverage, quantity, *prices, *amounts)
    links = {"market": view.to("market", market=key.market), "quantity": view.to("queue", market=key.market)}
    return Row(":".join(key), cells, {**links, **dict.fromkeys(EXPLAINED_OF_POSITION, "#why")})


def price_or_none(price: int | None, market: Market) -> str | None:
    """A price of a market, if there is one."""
    return None if price is None else price_text(price, market)


EXPLAINED_OF_POSITION = (
    *("leverage", "mark", "below", "above", "bankruptcy"),
    *("notional", "cost", "unrealised", "maintenance"),
)
POSITIONS = (
    Column("market", "market", "name"),
    Column("side", "side"),
    Column("mode", "margin"),
    Column("leverage", "leverage", "number"),
    Column("quantity", "quantity", "number"),
    Column("mark", "mark", "number"),
    Column("below", "liquidated below", "number"),
    Column("above", "liquidated above", "number"),
    Column("bankruptcy", "bankrupt at", "number"),
    Column("notional", "notional", "number"),
    Column("cost", "cost", "number"),
    Column("unrealised", "unrealised PnL", "number"),
    Column("maintenance", "maintenance", "number"),
)


def orders_table(view: View) -> Table:
    """The account's resting orders."""
    book, rows = view.once(state), []
    for order_name, order in sorted(book.orders.get(name(view), {}).items()):
        market = book.markets[order.market]
        direction, kind = "buy" if order.quantity > 0 else "sell", "reduce only" if order.reduce_only else "opens"
        amounts = quantity_text(abs(order.quantity), market), price_text(order.price, market)
        cells = (order_name, order.market, direction, *amounts, order.position_side.lower(), kind)
        links = {"market": view.to("market", market=order.market), "quantity": "#why", "price": "#why"}
        rows.append(Row(order_name, cells, links))
    return Table("orders", "Orders", ORDERS, Order("order"), rows)


ORDERS = (
    Column("order", "order", "name"),
    Column("market", "market", "name"),
    Column("direction", "direction"),
    Column("quantity", "left", "number"),
    Column("price", "price", "number"),
    Column("side", "side"),
    Column("kind", "kind"),
)


def money_table(view: View) -> Table:
    """Every change of its wallet in an asset, the first one if none is asked for, with its clause, newest first."""
    assets = assets_of(view.book)
    asset = view.parameters.get("asset") or (assets[0] if assets else "")
    if asset and asset not in assets:
        raise not_yet(view, "asset", asset, view.index.asset_since(asset))
    wallet = ledger.wallet(name(view), asset)

    def read(after: str, most: int) -> Read:
        """Some changes."""
        if not asset:
            return Read([])
        page = view.index.movements(wallet.name, view.at, view.number(after), most)
        rows = []
        for place, one in enumerate(page.rows):
            cells = (*change_cells(view, one, asset), one.other or without_transfer(view, one))
            owner = account_named(one.other).account if one.other else ""
            links = change_links(view, one)
            links |= {"other": view.to("account", account=owner)} if owner else {}
            rows.append(Row(f"{one.seq}:{place}", cells, links))
        return Read(rows, "" if page.after is None else str(page.after))

    return Table(
        "money", f"Every change of its wallet in {asset or 'any asset'}", MONEY, Order("event", True), read=read
    )


MONEY = (*CHANGES, Column("other", "from or to", "name"))


def events_table(view: View) -> Table:
    """The events that name it or changed something of it."""
    wanted = Filter(account=name(view))
    read = reading(partial(view.index.events, view.at, wanted), partial(event_row, view))
    return Table("events", "Its events", EVENTS, Order("event", True), read=read)


PAGE = Page(
    "account",
    "Account",
    "account.html",
    content,
    {
        "domains": domains_table,
        "positions": positions_table,
        "orders": orders_table,
        "money": money_table,
        "events": events_table,
    },
    parameters=("account", "asset"),
    clauses=("ACC-03", "MRG-01", "MRG-04", "MRG-05", "MRG-06", "MRG-07", "MRG-08", "LVY-02"),
    in_navigation=False,
)
