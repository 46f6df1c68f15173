"""The exchange's side: from the first difference on, the rules also go on from what the exchange has."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import TypeAlias

import attrs

from marginspec.margin.margin import cash_account, cost_of, domain_margin, domain_of, is_healthy, lot_cost
from marginspec.model import ledger
from marginspec.model.account import DomainKey, Lot, PositionKey, Setting
from marginspec.model.effects import (
    Deleveraged,
    DomainLiquidated,
    Effect,
    Levied,
    LotOpened,
    MarkSet,
    PositionChanged,
    ReliefReturned,
    Transferred,
)
from marginspec.model.events import Event
from marginspec.model.ledger import LedgerAccount, account_named
from marginspec.model.rejections import Reason, Rejected
from marginspec.model.state import State
from marginspec.model.units import FLAT, MAX_BALANCE, MAX_LEVERAGE, MIN_LEVERAGE, WIRE_DECIMALS, Money, Price, Quantity
from marginspec.registry import HANDLERS
from marginspec.settlement.levy import return_relief
from marginspec.settlement.liquidation import cancel_orders, liquidate, position_to_step_down, step_down, take_over
from marginspec.settlement.settle import restore_cover
from marginspec.settlement.waterfall import uncovered_shortfall
from marginspec.transaction import Transaction
from marginspec.transition import apply
from marginspec_audit import asset_of
from marginspec_journal.decimals import parse_decimal
from marginspec_tools.audit.names import named_by
from marginspec_tools.observed import Figure, Ours, asset_in, field_of, position_named
from marginspec_tools.runs import Step


@attrs.define
class Theirs:
    """A second run of the journal, which takes over what was observed to be otherwise.

    It is only asked what would follow: its own states need keep no invariant. `before` is where the last event began,
    `effects` what it did by the rules, and `answer` what these said to it.
    """

    before: State
    state: State
    effects: tuple[Effect, ...]
    answer: str = ""

    @classmethod
    def beside(cls, step: Step) -> "Theirs":
        """The exchange's side where it parts with the rulebook's, at the end of an event."""
        receipt = step.transition.receipt
        answer = str(receipt.rejected or "accepted")
        return cls(step.transition.before, step.transition.after, receipt.effects, answer)

    def take(self, event: Event) -> bool:
        """Take an event; whether the rules could go on, which they need not from a state that breaks invariants."""
        self.before = self.state
        try:
            self.state, receipt = apply(self.state, event)
        except Exception:
            # Whatever the rules trip over in a state that they cannot lead to.
            return False
        self.answer, self.effects = str(receipt.rejected or "accepted"), receipt.effects
        return True

    def ask(self, figure: Figure) -> Ours:
        """What a figure is here; none where the rules find none, in a state that they cannot lead to."""
        try:
            return field_of(figure).ask(self.state, figure.name)
        except Exception:
            return Ours(None)

    def answer_as(self, event: Event, answer: str, parties: Iterable[str]) -> None:
        """Take the event as the exchange answered it."""
        if answer == "accepted" != self.answer:
            self.accept(event, parties)
        elif answer != "accepted" == self.answer:
            self.refuse(event, answer)

    def accept(self, event: Event, parties: Iterable[str]) -> None:
        """The exchange accepted what the rules refuse: as they take it where its parties have more, for so long."""
        asset = getattr(event, "asset", "") or asset_in(self.before, getattr(event, "market", ""))
        wallets = [ledger.wallet(account, asset) for account in parties if account in self.before.accounts]
        lent = Transaction(self.before)
        for account in wallets:
            set_balance(lent, account, Money(lent.balance(account) + LOAN))
        try:
            state, receipt = apply(lent.commit(), event)
        except Exception:
            # Whatever the rules trip over in a state that they cannot lead to.
            return
        if receipt.rejected is None:
            back = Transaction(state)
            for account in wallets:
                set_balance(back, account, Money(back.balance(account) - LOAN))
            self.state, self.effects, self.answer = back.commit(), receipt.effects, "accepted"

    def refuse(self, event: Event, answer: str) -> None:
        """The exchange refused the event: nothing of it happened. Without lots of a market, their owners have them."""
        self.state = self.before
        if answer == Reason.NO_INVENTORY:
            changes = Transaction(self.state)
            for lot in lots_of(changes, getattr(event, "market", "")):
                give_back(changes, lot)
            self.state = changes.commit()

    def decided(self, event: Event, seen: Collection[tuple[Figure, str]]) -> "Theirs":
        """The event as the exchange settled it: it closed some of those of which less is seen than the event left.

        All else is as by the rules: so the order of lots, and who is deleveraged because of them. Whom it closed is
        taken from what then is as it is seen: of those that might have been deleveraged too, one after the other. If
        not all positions are explained by that, none are.
        """
        handled = Transaction(self.before)
        try:
            HANDLERS[type(event)](handled, event)
        except Rejected:
            return self
        lefts = lefts_in(handled, seen)
        closed = {one for one in lefts if is_closed_surely(handled, one, lefts[one], dict(seen))}
        best = max(self, self._settled(event, seen, lefts, closed), key=lambda one: one._agreeing(seen))
        for domain in sorted(lefts.keys() - closed):
            if any(best.state.positions.get(key, FLAT) != left for key, left in lefts[domain].items()):
                other = self._settled(event, seen, lefts, {*closed, domain})
                if other._agreeing(seen) > best._agreeing(seen):
                    best, closed = other, {*closed, domain}
        positions = [one for one in seen if one[0].field == "quantity"]
        return best if best._agreeing(positions) == len(positions) else self

    def _settled(
        self, event: Event, seen: Collection[tuple[Figure, str]], lefts: "Lefts", closed: Collection[DomainKey]
    ) -> "Theirs":
        """The event where the exchange closed these; as it is here where the rules cannot go on from that."""
        changes = Transaction(self.before)
        told = {account for figure, _ in seen if (account := named_by(figure).account)}
        try:
            HANDLERS[type(event)](changes, event)
            settle_as(changes, {domain: lefts[domain] for domain in closed}, told)
        except Exception:
            # Whatever the rules trip over in a state that they cannot lead to.
            return self
        return attrs.evolve(self, state=changes.commit(), effects=tuple(changes.effects))

    @property
    def liquidated(self) -> set[DomainKey]:
        """The domains that were liquidated in the last event."""
        return {one.domain for one in self.effects if isinstance(one, DomainLiquidated)}

    def _agreeing(self, seen: Collection[tuple[Figure, str]]) -> int:
        """How much of what is seen is as it is here."""
        return sum(self.ask(figure).amount == parse_decimal(text) for figure, text in seen if is_amount(figure))

    def unmake(self, transfers: Iterable[Transferred], told: Collection[str]) -> None:
        """The exchange did not make these transfers: a side that it does not tell of is as if they had not been."""
        changes = Transaction(self.state)
        for one in transfers:
            for account, change in ((one.source, one.amount), (one.target, -one.amount)):
                if account.name not in told and is_open(changes, account):
                    set_balance(changes, account, Money(changes.balance(account) + change))
        self.state = changes.commit()

    def spare(self, seen: Collection[str]) -> None:
        """The exchange chose others: accounts that the rules closed or had pay, and it told nothing of, are as before.

        Should it only not have told, its later values agree with the rulebook's own run.
        """
        accounts = {account for one in self.effects if (account := chosen(one)) and account not in seen}
        changes = Transaction(self.state)
        for effect in self.effects:
            match effect:
                case PositionChanged(key=key) if key.account in accounts and key.market in changes.markets:
                    changes.set_position(key, domain_of(changes, key), self.before.positions.get(key, FLAT))
                case Transferred(source=source, target=target):
                    for account in (source, target):
                        if account.account in accounts and is_open(changes, account):
                            put_balance(changes, account, self.before)
                case LotOpened(lot=lot) if lot.account in accounts:
                    drop_lot(changes, lot.id)
        self.state = changes.commit()

    def adopt(self, seen: Iterable[tuple[Figure, str]]) -> None:
        """Take over observed values, positions first, since these bring their cost along.

        One that no state of the rules can have, as a mark of zero or a leverage below one, is left.
        """
        observed = sorted(seen, key=lambda one: one[0].field != "quantity")
        for figure, text in observed:
            changes = Transaction(self.state)
            try:
                self._adopt(changes, figure, text)
            except Exception:
                continue
            self.state = changes.commit()

    def _adopt_quantity(self, changes: Transaction, key: PositionKey, decimal: int) -> None:
        """A position's quantity, with its cost and cash if it is as before the event, or with the cost of its lots."""
        market = changes.markets.get(key.market)
        if market is None or market.mark is None:
            return
        quantity = Quantity(in_units(decimal, market.quantity_decimals))
        held, cost = changes.positions.get(key, FLAT), cost_of(changes, key)
        if quantity == held:
            return
        taken = [lot for lot in lots_of(changes, key.market) if (lot.account, lot.side) == (key.account, key.side)]
        if quantity == self.before.positions.get(key, FLAT):
            put_balance(changes, cash_account(domain_of(self.before, key)), self.before)
            cost = cost_of(self.before, key)
        elif taken and quantity - held == sum(lot.quantity for lot in taken):
            cost = Money(cost + sum(lot_cost(changes, lot.id) for lot in taken))
        else:
            cost = Money(cost * quantity // held) if held else market.at_mark(quantity)
            taken = []
        for lot in taken:
            drop_lot(changes, lot.id)
        changes.set_position(key, domain_of(changes, key), quantity)
        set_balance(changes, ledger.position(*key), Money(-cost))

    def _adopt(self, changes: Transaction, figure: Figure, text: str) -> None:
        match figure.group, figure.field:
            case "ledger", _:
                account = account_named(figure.name)
                if is_open(changes, account):
                    decimals = changes.header.decimals(asset_of(self.state, account))
                    set_balance(changes, account, Money(in_units(parse_decimal(text), decimals)))
            case "positions", "quantity":
                self._adopt_quantity(changes, position_named(figure.name), parse_decimal(text))
            case "positions", "entry_price":
                key = position_named(figure.name)
                market, quantity = changes.markets.get(key.market), changes.positions.get(key, FLAT)
                if market is not None and quantity:
                    price = parse_decimal(text) * quantity * market.quanta_per_unit
                    cost = in_units(price, 0) * 10**market.price_decimals
                    set_balance(changes, ledger.position(*key), Money(-cost))
            case "positions", "leverage" if MIN_LEVERAGE <= int(text) <= MAX_LEVERAGE:
                key = position_named(figure.name)
                owner = key.account, key.market
                setting = attrs.evolve(changes.settings.get(owner, Setting()), leverage=int(text))
                changes.settings = changes.settings.set(owner, setting)
            case "marks", _:
                market = changes.markets.get(figure.name)
                if market is not None and parse_decimal(text) > 0:
                    price = Price(in_units(parse_decimal(text), market.price_decimals))
                    open_interest = changes.open_interest.get(market.id, FLAT)
                    old = market.at_mark(open_interest) if market.mark is not None else 0
                    marked = attrs.evolve(market, mark=price)
                    changes.set_market(marked, MarkSet(market.id, price))
                    changes.add_open_value(marked, Money(marked.at_mark(open_interest) - old))
            case "uncovered", _:
                decimals = changes.header.decimals(figure.name)
                changes.set_uncovered(figure.name, Money(in_units(parse_decimal(text), decimals)))


def chosen(effect: Effect) -> str:
    """The account that settlement closed or had pay, if that is what an effect did; else empty."""
    match effect:
        case DomainLiquidated(domain=domain) | Levied(domain=domain) | ReliefReturned(domain=domain):
            return domain.account
        case Deleveraged(counterparty=counterparty):
            return counterparty.account
    return ""


def lots_of(changes: Transaction, market: str) -> list[Lot]:
    """The open lots of a market."""
    return [changes.lots[lot] for lot in changes.lots_in.get(market, ())]


def in_units(amount: int, decimals: int) -> int:
    """An amount in 1e-8 in units of so many decimals, the nearest; a half is taken up."""
    unit: int = 10 ** (WIRE_DECIMALS - decimals)
    return (2 * amount + unit) // (2 * unit)


def is_open(changes: Transaction, account: LedgerAccount) -> bool:
    """Whether a ledger account's lot and market, if it is of one, are open."""
    if account.kind == "lot":
        return account.lot in changes.lots
    return not account.market or account.market in changes.markets


def set_balance(changes: Transaction, account: LedgerAccount, balance: Money) -> None:
    """Give a ledger account this balance, from nowhere."""
    if balance:
        changes.balances[account] = balance
    elif account in changes.balances:
        del changes.balances[account]


def put_balance(changes: Transaction, account: LedgerAccount, before: State) -> None:
    """Give a ledger account the balance that it had."""
    set_balance(changes, account, before.balance(account))


LOAN = MAX_BALANCE // 4
"""More than any account has, and little enough that its balance is in range."""

Lefts: TypeAlias = Mapping[DomainKey, Mapping[PositionKey, int]]
"""What is left of the positions of the domains that an exchange closed."""


def lefts_in(changes: Transaction, seen: Iterable[tuple[Figure, str]]) -> Lefts:
    """The domains of which less is seen than there is, and how much of their positions that is."""
    lefts = defaultdict[DomainKey, dict[PositionKey, int]](dict)
    for figure, text in seen:
        if figure.group == "positions" and figure.field == "quantity":
            key = position_named(figure.name)
            market, held = changes.markets.get(key.market), changes.positions.get(key, FLAT)
            left = in_units(parse_decimal(text), market.quantity_decimals) if market is not None else held
            if abs(left) < abs(held) and left * held >= 0:
                lefts[domain_of(changes, key)][key] = left
    return lefts


def is_closed_surely(
    changes: Transaction, domain: DomainKey, left_of: Mapping[PositionKey, int], texts: Mapping[Figure, str]
) -> bool:
    """Whether a domain was liquidated: unhealthy by the rules, or flat without cash, as only a takeover leaves it."""
    cash = texts.get(Figure("ledger", cash_account(domain).name, "balance"))
    is_empty = cash is not None and parse_decimal(cash) == 0 and not any(left_of.values())
    return is_empty or not is_healthy(domain_margin(changes, domain))


def settle_as(changes: Transaction, left_of: Lefts, told: Collection[str]) -> None:
    """Settle as the rules do (SET-01), but close the domains that the exchange closed, and not others that it told of.

    Each is closed when the rules look at its health, or else in the end.
    """
    changes.settling = True
    return_relief(changes)
    waiting = dict(left_of)
    while changes.suspects or waiting:
        suspects, changes.suspects = changes.suspects or set(waiting), set()
        for domain in sorted(suspects):
            if domain in waiting:
                close_down(changes, domain, waiting.pop(domain))
            elif domain.account not in told and not is_healthy(domain_margin(changes, domain)):
                liquidate(changes, domain)
        for asset in sorted(changes.exposed):
            restore_cover(changes, asset, changes.queues)
    return_relief(changes)
    for asset in sorted(changes.exposed):
        changes.set_uncovered(asset, uncovered_shortfall(changes, asset))
    changes.publish_funds()


def close_down(changes: Transaction, domain: DomainKey, left_of: Mapping[PositionKey, int]) -> None:
    """Step a domain down until so much is left of its positions; if it cannot be, take it over."""
    margin = domain_margin(changes, domain)
    changes.effects.append(DomainLiquidated(domain, margin.equity, margin.maintenance))
    cancel_orders(changes, domain)
    while any(changes.positions.get(key, FLAT) != left for key, left in left_of.items()):
        key = position_to_step_down(domain_margin(changes, domain))
        if key is None:
            take_over(changes, domain)
            return
        step_down(changes, domain, key)


def is_amount(figure: Figure) -> bool:
    """Whether a figure is a balance or a quantity."""
    return figure.group == "ledger" or figure.field == "quantity"


def give_back(changes: Transaction, lot: Lot) -> None:
    """Have a lot's owner hold it, at its cost, as if it had not been taken over."""
    key, cost = PositionKey(lot.account, lot.market, lot.side), lot_cost(changes, lot.id)
    held = Money(cost_of(changes, key) + cost)
    drop_lot(changes, lot.id)
    changes.set_position(key, domain_of(changes, key), Quantity(changes.positions.get(key, FLAT) + lot.quantity))
    set_balance(changes, ledger.position(*key), Money(-held))


def drop_lot(changes: Transaction, lot_id: int) -> None:
    """Take a lot away, as if it had never been taken over."""
    lot = changes.lots.get(lot_id)
    if lot is not None:
        changes.reduce_lot(lot, FLAT)
        set_balance(changes, ledger.lot(lot_id), Money(0))
