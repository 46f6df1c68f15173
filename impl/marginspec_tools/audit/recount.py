"""The transparency figures counted anew, from the transfers in the receipts alone.

The rules count each market's funds while they move money. Here the same counters follow from nothing but
the published effects, so that a reader of receipts can be sure that he, too, arrives at them.
"""

from collections import defaultdict
from collections.abc import Iterator

import attrs

from marginspec.model.effects import (
    Deleveraged,
    FundStatus,
    InsuranceStatus,
    LotOpened,
    LotReduced,
    ReserveStatus,
    Transferred,
)
from marginspec.model.ledger import LedgerAccount, insurance, relief
from marginspec.model.state import State
from marginspec.model.units import NOTHING, Quantity
from marginspec_audit import Transition, asset_of, is_closed_lot
from marginspec_journal.decimals import decimal_text
from marginspec_tools.audit.faults import Fault, fault
from marginspec_tools.runs import Step

COUNTERS = tuple(field.name for field in attrs.fields(FundStatus))
COUNTED = frozenset({"WTF-01", "LVY-01", "ADL-03"})
"""Rules whose transfers count for a market's funds, though they may not be of its reserve."""


@attrs.define
class Counters:
    """A market's counters in quanta, as in FundStatus, while they are counted."""

    balance: int = 0
    high_water: int = 0
    inflow: int = 0
    outflow: int = 0
    insurance_drawn: int = 0
    deleveraged: int = 0
    levied: int = 0

    def book_reserve(self, change: int) -> None:
        """Money went into the reserve, or out of it if negative."""
        self.balance += change
        self.high_water = max(self.high_water, self.balance)
        if change > 0:
            self.inflow += change
        else:
            self.outflow -= change


class Recount:
    """A second set of books: ledger and counters from an opening state and the effects after it."""

    def __init__(self, opening: State) -> None:
        self.ledger: dict[LedgerAccount, int] = defaultdict(int, opening.ledger.items())
        self.counters: dict[str, Counters] = defaultdict(Counters)
        for market, status in opening.fund_status.items():
            self.counters[market] = Counters(**attrs.asdict(status))
        self._changed_markets: set[str] = set()
        self.lots: dict[int, tuple[str, int]] = {
            lot.id: (lot.market, 1 if lot.quantity > 0 else -1) for lot in opening.lots.values()
        }

    def take(self, step: Step) -> list[Fault]:
        """Count an event's effects; gives where the state or the published figures differ."""
        moved = self._count(step)
        return [*self._balances(step, moved), *self._statuses(step), *self._shared_funds(step, moved)]

    def _count(self, step: Step) -> list[LedgerAccount]:
        """Book an event's effects; gives the ledger accounts that they moved."""
        self._changed_markets.clear()
        moved: dict[LedgerAccount, None] = {}
        released: dict[int, int] = defaultdict(int)
        ledger, effects = self.ledger, step.transition.receipt.effects
        for effect in effects:
            if type(effect) is Transferred:
                source, target = effect.source, effect.target
                ledger[source] -= effect.amount
                ledger[target] += effect.amount
                moved[source] = moved[target] = None
                if effect.rule in COUNTED or source.kind == "reserve" or target.kind == "reserve":
                    self._book(effect, getattr(step.transition.event, "market", ""))
                    lot, value = released_value(effect)
                    released[lot] += value
            elif type(effect) is LotOpened:
                self.lots[effect.lot.id] = (effect.lot.market, 1 if effect.lot.quantity > 0 else -1)
            elif type(effect) is Deleveraged:
                self._deleverage(effect, released.pop(effect.lot, 0), step.transition)
        for closed in [one for one in effects if type(one) is LotReduced and one.quantity == 0]:
            # Other effects of the event tell of the lot too, none of a later one.
            self.lots.pop(closed.lot, None)
        return list(moved)

    def _counted(self, market: str) -> Counters:
        self._changed_markets.add(market)
        return self.counters[market]

    def _book(self, moved: Transferred, event_market: str) -> None:
        """Count a transfer that may be of a market's funds."""
        source, target = moved.source, moved.target
        if source.kind == "reserve":
            self._counted(source.market).book_reserve(-moved.amount)
        if target.kind == "reserve":
            self._counted(target.market).book_reserve(moved.amount)
        if moved.rule == "WTF-01" and source.kind == "insurance":
            market, _ = self.lots[target.lot]
            self._counted(market).insurance_drawn += moved.amount
        if moved.rule == "LVY-01" and event_market:
            self._counted(event_market).levied += moved.amount

    def _deleverage(self, closed: Deleveraged, released: int, taken: Transition) -> None:
        """What a lot lost less by: the cost that it passed on, less what the closed part is worth at mark."""
        market_id, sign = self.lots[closed.lot]
        value = taken.market(market_id).at_mark(Quantity(sign * closed.quantity))
        self._counted(market_id).deleveraged += released - value

    def _balances(self, step: Step, moved: list[LedgerAccount]) -> Iterator[Fault]:
        after = step.transition.after
        for account in moved:
            balance = after.ledger.get(account, NOTHING)
            if balance != self.ledger[account]:
                # What belongs to a closed lot or market has no asset any more; its balance is zero in any decimals.
                is_gone = is_closed_lot(after, account) or account.market in after.closed_markets
                decimals = 0 if is_gone else after.header.decimals(asset_of(after, account))
                expected, observed = decimal_text(self.ledger[account], decimals), decimal_text(balance, decimals)
                self.ledger[account] = balance
                yield fault(step, "transparency", "LED-01", str(account), "balance", expected, observed)
            if balance == 0:
                self.ledger.pop(account, None)

    def _statuses(self, step: Step) -> Iterator[Fault]:
        """The counters of every market that may have changed, and that what changed was published, at once.

        What the state has is taken over once it was reported, so that one miscount is not reported at every event. Of
        a market that the event closed, nothing is left to be counted.
        """
        before, after = step.transition.before.fund_status, step.transition.after.fund_status
        changed = set() if after is before else {one for one in after if after[one] != before.get(one)}
        published = {
            one.market: one.status for one in step.transition.receipt.effects if isinstance(one, ReserveStatus)
        }
        for market in sorted({*self._changed_markets, *changed, *published}):
            status = after.get(market, FundStatus())
            if market in step.transition.after.closed_markets:
                status = published.get(market, step.transition.before.fund_status.get(market, FundStatus()))
            if market in published:
                yield from self._counters(step, market, "published", published[market])
            elif market in changed:
                yield fault(step, "transparency", "TRN-01", market, "status published", "the new status", None)
            yield from self._counters(step, market, "in the state", status)
            self.counters[market] = Counters(**attrs.asdict(status))

    def _counters(self, step: Step, market: str, place: str, status: FundStatus) -> Iterator[Fault]:
        taken, counted = step.transition, self.counters[market]
        decimals = taken.after.header.decimals(taken.market(market).asset)
        for name in COUNTERS:
            expected, observed = getattr(counted, name), getattr(status, name)
            if expected != observed:
                texts = decimal_text(expected, decimals), decimal_text(observed, decimals)
                yield fault(step, "transparency", "TRN-01", market, f"{name} {place}", *texts)

    def _shared_funds(self, step: Step, moved: list[LedgerAccount]) -> Iterator[Fault]:
        """Every change of an insurance fund or of relief publishes the new balances, and nothing else does."""
        effects = step.transition.receipt.effects
        published = {one.asset: (one.balance, one.relief) for one in effects if isinstance(one, InsuranceStatus)}
        assets = {account.asset for account in moved if account.kind in ("insurance", "relief")}
        for asset in sorted({*assets, *published}):
            funds, told = (insurance(asset), relief(asset)), published.get(asset, (None, None))
            for fund, observed in zip(funds, told, strict=True):
                expected = self.ledger.get(fund, 0) if asset in assets else None
                if expected != observed:
                    texts = (self._text(step, asset, balance) for balance in (expected, observed))
                    yield fault(step, "transparency", "TRN-01", str(fund), "balance published", *texts)

    def _text(self, step: Step, asset: str, balance: int | None) -> str | None:
        """A balance as a decimal, if there is one."""
        return None if balance is None else decimal_text(balance, step.transition.after.header.decimals(asset))

    def finish(self, step: Step) -> Iterator[Fault]:
        """Compare the whole ledger, after the last event."""
        after = step.transition.after
        accounts = {*(account for account, balance in self.ledger.items() if balance != 0), *after.ledger}
        yield from self._balances(step, sorted(accounts, key=str))


def released_value(moved: Transferred) -> tuple[int, int]:
    """The lot whose cost a transfer of a deleveraging step passes on, and that cost; lot 0 for other transfers."""
    kinds = (moved.source.kind, moved.target.kind)
    if moved.rule == "ADL-03" and kinds == ("position", "lot"):
        return moved.target.lot, moved.amount
    if moved.rule == "ADL-03" and kinds == ("lot", "position"):
        return moved.source.lot, -moved.amount
    return 0, 0
