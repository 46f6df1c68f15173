"""The exchange's side: from the first difference on, the rules also go on from what the exchange has."""

from collections.abc import Collection, Iterable

import attrs

from marginspec.margin.margin import cash_account, cost_of, domain_of, lot_cost
from marginspec.model import ledger
from marginspec.model.account import Lot, PositionKey, Setting
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
from marginspec.model.state import State
from marginspec.model.units import FLAT, MAX_LEVERAGE, MIN_LEVERAGE, WIRE_DECIMALS, Money, Price, Quantity
from marginspec.transaction import Transaction, with_entry
from marginspec.transition import apply
from marginspec_audit import asset_of
from marginspec_journal.decimals import parse_decimal
from marginspec_tools.observed import Figure, Ours, field_of, position_named
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
        return cls(step.transition.before, step.transition.after, step.transition.receipt.effects)

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

    def refuse(self) -> None:
        """The exchange refused the event: nothing of it happened."""
        self.state = self.before

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
    if balance or account in changes.ledger:
        changes.ledger = with_entry(changes.ledger, account, balance)


def put_balance(changes: Transaction, account: LedgerAccount, before: State) -> None:
    """Give a ledger account the balance that it had."""
    set_balance(changes, account, before.balance(account))


def drop_lot(changes: Transaction, lot_id: int) -> None:
    """Take a lot away, as if it had never been taken over."""
    lot = changes.lots.get(lot_id)
    if lot is not None:
        changes.reduce_lot(lot, FLAT)
        set_balance(changes, ledger.lot(lot_id), Money(0))
