"""What an event changed, from its receipt alone: figures of the state, and what the waterfall did."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import attrs

from marginspec.model import effects, ledger
from marginspec.model.account import DomainKey, Lot, Setting
from marginspec.model.effects import Effect
from marginspec.model.ledger import LedgerAccount
from marginspec.model.market import Market
from marginspec.model.state import State
from marginspec.model.units import Money, share_pro_rata
from marginspec_tools.dashboard.index.values import NO_LOTS, Kind, Owned, domain_name, domain_named

ORDINARY = frozenset({"ACC-01", "ACC-02", "ACC-04", "FND-01", "LED-03", "MRG-06", "TRD-01"})
"""Rules that move money in trading, in funding and at accounts' wish: no part of the waterfall."""

MOST_KNOWN = 1 << 16
"""So many figures of a kind are kept in memory between two writes."""
Before = Callable[[Kind, str], Any]
"""The value of a figure before the event, None if it is not there."""


@attrs.frozen
class Taken:
    """A domain that an event liquidated."""

    domain: DomainKey
    equity: Money
    maintenance: Money


@attrs.frozen
class Opened:
    """A lot that an event opened, and which of the event's liquidations it belongs to."""

    lot: Any
    cost: Money
    liquidation: int


@attrs.frozen
class Bearing:
    """Who bore, gained or got back how much: a fund, a counterparty or a domain; of which lot, if it is of one."""

    bearer: str
    asset: str
    amount: Money
    lot: int = 0
    market: str = ""
    account: str = ""
    name: str = ""
    """The position or domain that bore it, as its key joined by colons."""
    quantity: int = 0
    layer: str = ""


@attrs.define
class Changes:
    """The changes of one event; a figure's last value stands for all that it had within the event."""

    figures: dict[Owned, Any] = attrs.Factory(dict)
    liquidated: list[Taken] = attrs.Factory(list)
    opened: list[Opened] = attrs.Factory(list)
    borne: list[Bearing] = attrs.Factory(list)
    interest: Counter[str] = attrs.Factory(Counter)
    """By how much lots changed their market's open interest, where positions come in bulk."""


class Follower:
    """Follows a journal's receipts; holds no more of the state than the next receipt's changes need.

    `earlier` gives a figure as the database has it, for those that were not seen since this run began.
    """

    def __init__(self, earlier: Before, claims: Iterable[tuple[str, int]] = ()) -> None:
        self._earlier = earlier
        self.has_bulk = False
        """Whether balances, but for those of lots, and positions come in bulk, and effects lack them."""
        self._known: dict[Kind, dict[str, Any]] = {}
        self._claims: dict[str, dict[DomainKey, int]] = {}
        for name, amount in claims:
            domain = domain_named(name)
            self._claims.setdefault(domain.asset, {})[domain] = amount
        self._assets: dict[str, str] = {}
        self._closed: dict[int, Any] = {}
        """Lots that were closed: money still moves from and to them in the same event."""
        self._now = Changes()
        self._takers: dict[type, Callable[[Any], None]] = {
            effects.MarketListed: self._market_listed,
            effects.TiersUpdated: lambda one: self._change_market(one.market, tiers=one.tiers),
            effects.FeesUpdated: lambda one: self._change_market(one.market, fees=one.fees),
            effects.LimitsUpdated: lambda one: self._change_market(one.market, limits=one.limits),
            effects.MarkSet: lambda one: self._set(Owned("mark", one.market, market=one.market), one.price),
            effects.PositionModeSet: lambda one: self._set(Owned("account", one.account, one.account), one.mode),
            effects.MarginModeSet: lambda one: self._change_setting(one, margin_mode=one.mode),
            effects.LeverageSet: lambda one: self._change_setting(one, leverage=one.leverage),
            effects.OrderPlaced: self._order_placed,
            effects.OrderReduced: self._order_reduced,
            effects.OrderCancelled: lambda one: self._set_order(one.account, one.order, None),
            effects.Transferred: self._transferred,
            effects.PositionChanged: self._position_changed,
            effects.DomainLiquidated: self._domain_liquidated,
            effects.LotOpened: self._lot_opened,
            effects.LotReduced: self._lot_reduced,
            effects.Deleveraged: self._deleveraged,
            effects.Levied: self._levied,
            effects.ReliefReturned: self._relief_returned,
            effects.UncoveredChanged: lambda one: self._set(Owned("uncovered", one.asset), one.amount),
            effects.ReserveStatus: lambda one: self._set(Owned("fund", one.market, market=one.market), one.status),
            effects.InsuranceStatus: lambda _: None,  # repeats two balances, which transfers have brought about
            effects.MarketSettled: lambda one: self._set(Owned("market", one.market, market=one.market), None),
        }

    def opening(self, state: State) -> dict[Owned, Any]:
        """The figures of the state that a run starts from."""
        self._now = Changes()
        self._open_markets(state)
        for account, mode in state.accounts.items():
            self._set(Owned("account", account, account), mode)
        for (account, market), setting in state.settings.items():
            self._set(Owned("setting", f"{account}:{market}", account, market), setting)
        for lot in state.lots.values():
            self._set_lot(lot.id, lot)
        for ledger_account, balance in state.ledger.items():
            self._set_balance(ledger_account, balance)
        for key, quantity in state.positions.items():
            self._position_changed(effects.PositionChanged(key, quantity))
        for account, order in ((account, one) for account, own in state.orders.items() for one in own.values()):
            self._set_order(account, order.id, order)
        for domain, amount in ((domain, one[domain]) for one in state.relief_claims.values() for domain in one):
            self._change_claim(domain, amount)
        for asset, amount in state.uncovered.items():
            self._set(Owned("uncovered", asset), amount)
        self._set(Owned("next_lot", "lots"), state.next_lot)
        return self._now.figures

    def _open_markets(self, state: State) -> None:
        for market in state.markets.values():
            self._market_listed(effects.MarketListed(attrs.evolve(market, mark=None)))
            if market.mark is not None:
                self._set(Owned("mark", market.id, market=market.id), market.mark)
        for name in state.closed_markets:
            self._set(Owned("market", name, market=name), None)
        for name, status in state.fund_status.items():
            self._set(Owned("fund", name, market=name), status)

    def take(self, some: Iterable[Effect]) -> Changes:
        """What an event changed, by its effects."""
        self._now = Changes()
        self._forget_closed()
        takers = self._takers
        for effect in some:
            takers[type(effect)](effect)
        return self._now

    # ------------------------------------------------------------- figures

    def value(self, kind: Kind, name: str) -> Any:
        """A figure as it stands after the effects so far; None if it is not there."""
        known = self._known.setdefault(kind, {})
        if name not in known:
            known[name] = self._earlier(kind, name)
        return known[name]

    def _set(self, owned: Owned, value: Any) -> None:
        self._known.setdefault(owned.kind, {})[owned.name] = value
        self._now.figures[owned] = value

    def _market_listed(self, effect: effects.MarketListed) -> None:
        market = effect.market
        self._set(Owned("market", market.id, market=market.id), market)

    def _change_market(self, name: str, **changed: Any) -> None:
        self._set(Owned("market", name, market=name), attrs.evolve(self.value("market", name), **changed))

    def _asset_of(self, market: str) -> str:
        """The asset of a market, which never changes; a closed one's too."""
        if market not in self._assets:
            listed: Market = self.value("market", market)
            self._assets[market] = listed.asset
        return self._assets[market]

    def _change_setting(self, effect: effects.MarginModeSet | effects.LeverageSet, **changed: Any) -> None:
        name = f"{effect.account}:{effect.market}"
        setting = self.value("setting", name) or Setting()
        self._set(Owned("setting", name, effect.account, effect.market), attrs.evolve(setting, **changed))

    def _set_order(self, account: str, order_id: str, order: Any) -> None:
        name = f"{account}:{order_id}"
        market = (order or self.value("order", name)).market
        self._set(Owned("order", name, account, market), order)
        if order is None:
            # A market's orders come and go by the million: what is gone is not kept in memory.
            del self._known["order"][name]

    def _order_placed(self, effect: effects.OrderPlaced) -> None:
        self._set_order(effect.account, effect.order.id, effect.order)

    def _order_reduced(self, effect: effects.OrderReduced) -> None:
        left = effect.quantity
        order = attrs.evolve(self.value("order", f"{effect.account}:{effect.order}"), quantity=left) if left else None
        self._set_order(effect.account, effect.order, order)

    def _position_changed(self, effect: effects.PositionChanged) -> None:
        key, name = effect.key, ":".join(effect.key)
        self._add_open_interest(key.market, self.value("position", name) or 0, effect.quantity)
        self._set(Owned("position", name, key.account, key.market), effect.quantity)

    def _add_open_interest(self, market: str, before: int, quantity: int) -> None:
        """A market's open interest is its long quantity, lots included."""
        change = max(quantity, 0) - max(before, 0)
        if change and self.has_bulk:
            self._now.interest[market] += change
        elif change:
            held = self.value("open_interest", market) or 0
            self._set(Owned("open_interest", market, market=market), held + change)

    # ------------------------------------------------------------- money

    def _transferred(self, effect: effects.Transferred) -> None:
        source, target, amount = effect.source, effect.target, effect.amount
        self._add_balance(source, -amount)
        self._add_balance(target, amount)
        if source.kind == "external" and not self.has_bulk:
            self._set(Owned("paid_in", effect.asset), (self.value("paid_in", effect.asset) or 0) + amount)
        elif target.kind == "external" and not self.has_bulk:
            self._set(Owned("paid_out", effect.asset), (self.value("paid_out", effect.asset) or 0) + amount)
        if effect.rule not in ORDINARY:
            self._passed_on(effect)

    def _add_balance(self, account: LedgerAccount, amount: int) -> None:
        if account.lot or not self.has_bulk:
            self._set_balance(account, (self.value("ledger", account.name) or 0) + amount)

    def _set_balance(self, account: LedgerAccount, balance: int) -> None:
        if account.lot:
            lot = self.value("lot", str(account.lot)) or self._closed[account.lot]
            self._add_to_lots(lot, cost=(self.value("ledger", account.name) or 0) - balance)
            self._set(Owned("ledger", account.name, "", lot.market), balance)
        else:
            self._set(Owned("ledger", account.name, account.account, account.market), balance)

    def _passed_on(self, effect: effects.Transferred) -> None:
        """Note what the waterfall did with money; relief that goes to a lot or to insurance lowers claims."""
        source, target, asset, amount = effect.source, effect.target, effect.asset, effect.amount
        match effect.rule:
            case "WTF-01":
                lot = self.value("lot", str(target.lot)) or self._closed[target.lot]
                self._bear(Bearing(source.kind, asset, amount, target.lot, lot.market))
                if source.kind == "relief":
                    self._lower_claims(asset, amount)
            case "LIQ-05" if target.kind == "reserve":
                self._bear(Bearing("profit", asset, amount, source.lot, target.market))
            case "LIQ-03" if source.kind == "relief":
                self._change_claim(self._now.liquidated[-1].domain, -amount)
            case "LVY-01" if source.kind == "house":
                self._bear(Bearing("house", asset, amount))
            case _:
                pass

    def _bear(self, bearing: Bearing) -> None:
        self._now.borne.append(bearing)
        name = f"{bearing.asset}:{bearing.bearer}"
        self._set(Owned("borne", name), (self.value("borne", name) or 0) + bearing.amount)

    def _lower_claims(self, asset: str, amount: Money) -> None:
        """What leaves relief lowers the claims on it pro rata, in key order (WTF-01)."""
        claims = self._claims[asset]
        domains = sorted(claims)
        shares = share_pro_rata(amount, tuple(claims[domain] for domain in domains))
        for domain, share in zip(domains, shares, strict=True):
            if share:
                self._change_claim(domain, -share)

    def _change_claim(self, domain: DomainKey, change: int) -> None:
        claims = self._claims.setdefault(domain.asset, {})
        left = claims.get(domain, 0) + change
        if left:
            claims[domain] = left
        else:
            del claims[domain]
        self._now.figures[Owned("claim", domain_name(domain), domain.account, domain.market)] = left

    # ------------------------------------------------------------- the waterfall

    def _domain_liquidated(self, effect: effects.DomainLiquidated) -> None:
        self._now.liquidated.append(Taken(effect.domain, effect.equity, effect.maintenance))

    def _set_lot(self, lot_id: int, lot: Any) -> None:
        before = self.value("lot", str(lot_id))
        if lot is None:
            self._closed[lot_id] = before
        held, left = before.quantity if before else 0, lot.quantity if lot else 0
        self._add_open_interest((lot or before).market, held, left)
        self._add_to_lots(lot or before, number=(lot is not None) - (before is not None), quantity=left - held)
        self._set(Owned("lot", str(lot_id), "", (lot or before).market), lot)

    def _add_to_lots(self, lot: Lot, *, number: int = 0, quantity: int = 0, cost: int = 0) -> None:
        """Keep what the lots of a market are together."""
        held = self.value("lots", lot.market) or NO_LOTS
        found = held.plus(lot.direction, number, quantity, cost)
        self._set(Owned("lots", lot.market, market=lot.market), None if found == NO_LOTS else found)

    def forget(self) -> None:
        """Keep no figures of accounts in memory that are all written: there may be millions of them."""
        for known in self._known.values():
            if len(known) > MOST_KNOWN:
                known.clear()

    def _forget_closed(self) -> None:
        """Lots come and go by the million: those that the event before closed are not kept in memory."""
        for lot in self._closed:
            self._known["lot"].pop(str(lot), None)
            self._known.get("ledger", {}).pop(ledger.lot(lot).name, None)
        self._closed.clear()

    def _lot_opened(self, effect: effects.LotOpened) -> None:
        self._set_lot(effect.lot.id, effect.lot)
        self._set(Owned("next_lot", "lots"), effect.lot.id + 1)
        self._now.opened.append(Opened(effect.lot, effect.cost, len(self._now.liquidated) - 1))

    def _lot_reduced(self, effect: effects.LotReduced) -> None:
        lot = self.value("lot", str(effect.lot))
        self._set_lot(effect.lot, attrs.evolve(lot, quantity=effect.quantity) if effect.quantity else None)

    def _deleveraged(self, effect: effects.Deleveraged) -> None:
        key = effect.counterparty
        asset = self._asset_of(key.market)
        bearing = ("deleveraging", asset, effect.loss, effect.lot, key.market, key.account, ":".join(key))
        self._bear(Bearing(*bearing, quantity=effect.quantity))

    def _levied(self, effect: effects.Levied) -> None:
        domain = effect.domain
        self._change_claim(domain, effect.amount)
        named = (0, domain.market, domain.account, domain_name(domain))
        self._bear(Bearing("levy", domain.asset, effect.amount, *named, layer=effect.layer))

    def _relief_returned(self, effect: effects.ReliefReturned) -> None:
        domain = effect.domain
        self._change_claim(domain, -effect.amount)
        named = (0, domain.market, domain.account, domain_name(domain))
        self._bear(Bearing("returned", domain.asset, effect.amount, *named))
