"""Notes: what the rules allow and an auditor wants to see. A note is no finding, and no verdict hangs on it.

Each is a pattern in the events and their effects: a trade that moves value, an account that would have been healthy
without what it gave away, a mark that jumps and comes back. The numbers that decide are stated here, and no others.
"""

from collections import defaultdict, deque
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import attrs

from marginspec.margin.margin import cost_of
from marginspec.model import events
from marginspec.model.account import DomainKey, PositionKey
from marginspec.model.effects import Deleveraged, DomainLiquidated, Effect, Levied, ReliefReturned, Transferred
from marginspec.model.ledger import insurance, relief, reserve
from marginspec.model.market import Market
from marginspec.model.state import State
from marginspec.model.units import FLAT, RATE_ONE, WIRE_DECIMALS, Decimal8
from marginspec.settlement.waterfall import lots_unrealised
from marginspec_journal.decimals import decimal_text, shortest_decimal
from marginspec_tools.console import one_line
from marginspec_tools.runs import Step

FAR = RATE_ONE // 20
"""A price is far from the mark from a twentieth of it on; a fill also if it is worse than the clearance fee."""
JUMP = RATE_ONE // 5
"""A mark jumps if it changes by a fifth or more."""
BACK = 4
"""It comes back if what is left of the jump is a quarter or less,"""
MARKS_TO_RETURN = 3
"""within so many marks of the market."""
SOON = 100
"""A liquidation is soon after a reduction of equity within so many events."""
SEVERAL = ""
"""Stands for the other side of who traded with more than one."""
MOST_NOTES = 10_000
"""So many notes are kept of a kind at least, those with the most money; and so many pairs of accounts are followed."""

NoteKind = Literal[
    "far from the mark",
    "handed over",
    "only with each other",
    "exit by liquidation",
    "funding between a pair",
    "passed over",
    "deleveraged with cover",
    "levied",
    "mark returned",
]

NOTES: dict[NoteKind, str] = {
    "far from the mark": "trades and fills far from the mark move value from one account to another",
    "handed over": "a position was handed over whole, far from the mark: its new entry takes it out of the queue",
    "only with each other": "two accounts traded with each other and nobody else, and one of them was liquidated",
    "exit by liquidation": "an account was liquidated soon after it gave equity away without which it was healthy",
    "funding between a pair": "funding paid to one's only counterparty made an account unhealthy",
    "passed over": "positions on the other side that deleveraging left alone, though a levy followed",
    "deleveraged with cover": "deleveraging was declared though reserve and insurance covered the loss",
    "levied": "what was levied, and what came back",
    "mark returned": "a mark jumped and came back: what it did meanwhile was done by one price",
}
"""What each kind of note says."""


@attrs.define
class Note:
    """A pattern: which, the events from first to last, whose, in which market, the money, and what was seen."""

    kind: NoteKind
    first: int
    last: int
    accounts: tuple[str, ...]
    market: str
    asset: str
    money: int
    times: int = 1
    what: str = ""

    @property
    def text(self) -> str:
        """In one line, for people."""
        where = f" in {self.market}" if self.market else ""
        between = f"event {self.first}" if self.first == self.last else f"events {self.first} to {self.last}"
        who = f", {' and '.join(self.accounts)}" if self.accounts else ""
        often = f", {self.times} times" if self.times > 1 else ""
        told = f"{self.kind}{where}, {between}{who}{often}: {decimal8(self.money)} {self.asset}"
        return one_line(f"{told}; {self.what}" if self.what else told)

    def as_object(self) -> dict[str, Any]:
        """A line of notes.jsonl."""
        return {**attrs.asdict(self), "accounts": list(self.accounts), "money": decimal8(self.money)}


def decimal8(amount: int) -> str:
    """An amount in 1e-8 as the shortest decimal."""
    return shortest_decimal(Decimal8(amount))


class Reduction(NamedTuple):
    """Equity that an account gave away: at which event, how much in quanta, how, and to whom."""

    seq: int
    amount: int
    how: str
    to: str = ""


@attrs.define
class Notes:
    """Notes as they come; of too many, those of each kind with the most money are kept.

    `left_out` counts the others, and events of pairs of accounts that came when enough pairs were followed.
    """

    kept: list[Note] = attrs.Factory(list)
    left_out: int = 0
    _chosen: int = 0

    def add(self, note: Note) -> None:
        """Keep a note."""
        self.kept.append(note)
        if len(self.kept) <= max(self._chosen, MOST_NOTES) + MOST_NOTES:
            return
        chosen: list[Note] = []
        for kind in NOTES:
            of_kind = sorted((one for one in self.kept if one.kind == kind), key=lambda one: -one.money)
            chosen += of_kind[:MOST_NOTES]
        self.left_out += len(self.kept) - len(chosen)
        self.kept, self._chosen = chosen, len(chosen)


@attrs.define
class Watch:
    """Looks at a run event by event, and keeps notes.

    Of each account and market it remembers with whom it traded, if with one other only; of the last events in which
    equity was given away, who gave how much; of each market its last marks; of each levy what came back.
    """

    notes: Notes = attrs.Factory(Notes)
    _by_pair: dict[tuple[NoteKind, str, str, str], Note] = attrs.Factory(dict)
    _partners: dict[str, dict[str, str]] = attrs.Factory(lambda: defaultdict(dict))
    _reduced: "deque[tuple[int, dict[str, list[Reduction]]]]" = attrs.Factory(deque)
    _marks: dict[str, "deque[tuple[int, int, int]]"] = attrs.Factory(dict)
    _levies: dict[str, Note] = attrs.Factory(dict)
    _returned: dict[str, int] = attrs.Factory(lambda: defaultdict(int))

    def take(self, step: Step) -> None:
        """Look at an event."""
        taken = step.transition
        if taken.receipt.rejected is not None:
            return
        match taken.event:
            case events.Trade():
                self._trade(step, taken.event)
            case events.LiquidationFill():
                self._fill(step, taken.event)
            case events.Withdraw(account=account, asset=asset, amount=amount):
                self._give(step, account, quanta(taken.before, asset, amount), "a withdrawal")
            case events.MarkPrice(market=market):
                self._mark(step, market)
            case events.Deleverage():
                self._declared(step, taken.event)
            case _:
                pass
        effects = taken.receipt.effects
        kinds = set(map(type, effects))
        self._funding(step, effects)
        if DomainLiquidated in kinds:
            self._liquidations(step, effects)
        if Levied in kinds or ReliefReturned in kinds:
            self._levy(step, effects)

    def finish(self) -> list[Note]:
        """All notes, once the run is over, the most money first."""
        for asset, note in self._levies.items():
            came_back = self._returned[asset]
            note.what = f"{decimal8(came_back)} came back, {decimal8(note.money - came_back)} did not"
        return sorted([*self.notes.kept, *self._by_pair.values(), *self._levies.values()], key=lambda one: -one.money)

    # ------------------------------------------------------------- trades and fills

    def _trade(self, step: Step, trade: events.Trade) -> None:
        market = step.transition.before.markets[trade.market]
        partners = self._partners[market.id]
        for one, other in ((trade.buyer, trade.seller), (trade.seller, trade.buyer)):
            if partners.setdefault(one, other) != other:
                partners[one] = SEVERAL
        off = value_off_mark(market, trade.price, trade.quantity)
        loser, winner = (trade.buyer, trade.seller) if off > 0 else (trade.seller, trade.buyer)
        if not is_far(market, trade.price, FAR):
            return
        self._give(step, loser, abs(off), "a trade far from the mark", winner)
        self._moved(step, "far from the mark", (loser, winner), market, abs(off))
        if is_handed_over(step, market, winner, loser):
            self._moved(step, "handed over", (winner, loser), market, abs(off))

    def _fill(self, step: Step, fill: events.LiquidationFill) -> None:
        market = step.transition.before.markets[fill.market]
        off = value_off_mark(market, fill.price, fill.quantity)
        is_gain = off < 0 if fill.side == "long" else off > 0
        if is_gain and is_far(market, fill.price, min(FAR, market.fees.clearance_fee + 1)):
            what = "as the counterparty of the liquidation engine"
            self._moved(step, "far from the mark", (fill.counterparty,), market, abs(off), what)

    def _moved(
        self, step: Step, kind: NoteKind, accounts: tuple[str, ...], market: Market, amount: int, what: str = ""
    ) -> None:
        """Value moved: of the same accounts and market, one note."""
        key = (kind, market.id, *(*accounts, "")[:2])
        money = amount * unit_of(step.transition.after, market.asset)
        note = self._by_pair.get(key)  # type: ignore[arg-type]  # kind, market and two accounts
        if note is None and len(self._by_pair) >= MOST_NOTES:
            self.notes.left_out += 1
            return
        if note is None:
            at = step.number, step.number
            self._by_pair[key] = Note(kind, *at, accounts, market.id, market.asset, money, what=what)  # type: ignore[index]  # likewise
            return
        note.last, note.times, note.money = step.number, note.times + 1, note.money + money

    # ------------------------------------------------------------- equity that was given away

    def _give(self, step: Step, account: str, amount: int, how: str, to: str = "") -> None:
        reduced = self._reduced
        while reduced and step.number - reduced[0][0] > SOON:
            reduced.popleft()
        if not reduced or reduced[-1][0] != step.number:
            reduced.append((step.number, {}))
        reduced[-1][1].setdefault(account, []).append(Reduction(step.number, amount, how, to))

    def _funding(self, step: Step, effects: tuple[Effect, ...]) -> None:
        if not isinstance(step.transition.event, events.Funding):
            return
        partners = self._partners[step.transition.event.market]
        for moved in [one for one in effects if type(one) is Transferred and one.rule == "FND-01"]:
            payer = moved.source.account
            if payer:
                self._give(step, payer, moved.amount, "funding", partners.get(payer, ""))

    def _liquidations(self, step: Step, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            if isinstance(effect, DomainLiquidated):
                self._exit(step, effect)
                self._pair(step, effect.domain)

    def _exit(self, step: Step, liquidated: DomainLiquidated) -> None:
        """An account that would have been healthy with the equity that it gave away shortly before."""
        domain = liquidated.domain
        told = [by_account.pop(domain.account, []) for seq, by_account in self._reduced if step.number - seq <= SOON]
        given = [one for reductions in told for one in reductions]
        amount = sum(one.amount for one in given)
        if not given or liquidated.equity + amount <= liquidated.maintenance:
            return
        is_funding = all(one.how == "funding" for one in given) and given[-1].to and given[-1].seq == step.number
        kind: NoteKind = "funding between a pair" if is_funding else "exit by liquidation"
        others = tuple(dict.fromkeys(one.to for one in given if one.to))
        hows = " and ".join(dict.fromkeys(one.how for one in given))
        money = amount * unit_of(step.transition.after, domain.asset)
        market = domain.market or market_of(step)
        first = given[0].seq
        accounts = (domain.account, *others)
        note = Note(kind, first, step.number, accounts, market, domain.asset, money, len(given), f"by {hows}")
        self.notes.add(note)

    def _pair(self, step: Step, domain: DomainKey) -> None:
        """A liquidated account that traded with one other only, which traded with nobody else either."""
        for market in sorted(key.market for key in step.transition.before.positions_of.get(domain, ())):
            partners = self._partners[market]
            partner = partners.get(domain.account, SEVERAL)
            if partners.get(partner) == domain.account:
                listed = step.transition.before.markets[market]
                held = step.transition.before.positions.get(PositionKey(domain.account, market, "BOTH"), FLAT)
                value = abs(listed.at_mark(held)) if listed.mark is not None else 0
                self._moved(step, "only with each other", (domain.account, partner), listed, value)

    # ------------------------------------------------------------- marks

    def _mark(self, step: Step, market: str) -> None:
        """A mark that came back, after so many marks at most, from a jump."""
        taken = step.transition
        now = taken.after.markets[market].marked()
        harmful = (DomainLiquidated, Deleveraged, Levied)
        harm = sum(isinstance(one, harmful) for one in taken.receipt.effects)
        past = self._marks.setdefault(market, deque(maxlen=MARKS_TO_RETURN + 1))
        for place in range(len(past) - 1):
            (_, start, _), (seq, top, _) = past[place], past[place + 1]
            jumped = abs(top - start)
            if jumped * RATE_ONE >= JUMP * start and BACK * abs(now - start) <= jumped:
                self._returned_mark(step, market, seq, start, top, now)
                past.clear()
                break
        past.append((step.number, now, harm))

    def _returned_mark(self, step: Step, market: str, seq: int, start: int, top: int, now: int) -> None:
        listed = step.transition.after.markets[market]
        harmed = sum(harm for number, _, harm in self._marks[market] if number >= seq)
        prices = " to ".join(decimal_text(one, listed.price_decimals) for one in (start, top, now))
        value = abs(listed.value(listed.marked(), step.transition.after.open_interest.get(market, FLAT)))
        money = value * abs(top - start) // listed.marked() * unit_of(step.transition.after, listed.asset)
        what = f"from {prices}; {harmed} liquidations, deleveragings and levies at that price"
        self.notes.add(Note("mark returned", seq, step.number, (), market, listed.asset, money, what=what))

    # ------------------------------------------------------------- deleveraging and levies

    def _declared(self, step: Step, event: events.Deleverage) -> None:
        before = step.transition.before
        market = before.markets[event.market]
        pnl = lots_unrealised(before, market)
        cover = before.balance(reserve(market.id)) + before.balance(insurance(market.asset))
        if cover + before.balance(relief(market.asset)) >= -pnl:
            money = max(0, -pnl) * unit_of(before, market.asset)
            accounts = tuple(
                dict.fromkeys(
                    one.counterparty.account for one in step.transition.receipt.effects if isinstance(one, Deleveraged)
                )
            )
            at = step.number, step.number
            what = f"reserve, insurance and relief held {decimal8(cover * unit_of(before, market.asset))}"
            kind: NoteKind = "deleveraged with cover"
            self.notes.add(Note(kind, *at, accounts, market.id, market.asset, money, what=what))

    def _levy(self, step: Step, effects: tuple[Effect, ...]) -> None:
        levied: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for effect in effects:
            if isinstance(effect, Levied):
                levied[effect.domain.asset][effect.domain.account] += effect.amount
            elif isinstance(effect, ReliefReturned):
                asset = effect.domain.asset
                self._returned[asset] += effect.amount * unit_of(step.transition.after, asset)
        for asset, paid in levied.items():
            money = sum(paid.values()) * unit_of(step.transition.after, asset)
            note = self._levies.get(asset)
            if note is None:
                at = step.number, step.number
                self._levies[asset] = Note("levied", *at, tuple(sorted(paid)), "", asset, money)
            else:
                note.last, note.times, note.money = step.number, note.times + 1, note.money + money
                note.accounts = tuple(sorted({*note.accounts, *paid}))
            for passed in passed_over(step, asset):
                self.notes.add(passed)


def passed_over(step: Step, asset: str) -> Iterator[Note]:
    """In each market whose lots lose, the positions on the other side that are in profit still, after a levy."""
    after = step.transition.after
    closed = {one.counterparty for one in step.transition.receipt.effects if isinstance(one, Deleveraged)}
    for market in (one for _, one in sorted(after.markets.items()) if one.asset == asset and one.mark is not None):
        sides = {lot.quantity > 0 for lot in (after.lots[one] for one in after.lots_in.get(market.id, ()))}
        left = [
            (key, profit)
            for key in sorted(after.positions_in.get(market.id, ()))
            if (after.positions[key] < 0) in sides
            and key not in closed
            and (profit := market.at_mark(after.positions[key]) - cost_of(after, key)) > 0
        ]
        if left:
            money = sum(profit for _, profit in left) * unit_of(after, asset)
            accounts = tuple(dict.fromkeys(key.account for key, _ in left))
            at = step.number, step.number
            yield Note("passed over", *at, accounts, market.id, asset, money, len(left), "profit at mark")


def unit_of(state: State, asset: str) -> int:
    """A quantum of an asset in 1e-8."""
    unit: int = 10 ** (WIRE_DECIMALS - state.header.decimals(asset))
    return unit


def quanta(state: State, asset: str, amount: int) -> int:
    """A stated amount in quanta."""
    return int(amount // unit_of(state, asset))


def value_off_mark(market: Market, price: Decimal8, quantity: Decimal8) -> int:
    """By how many quanta a trade's value is above its value at mark."""
    if market.mark is None:
        return 0
    units = price // 10 ** (WIRE_DECIMALS - market.price_decimals)
    lots = quantity // 10 ** (WIRE_DECIMALS - market.quantity_decimals)
    return int((units - market.mark) * lots * market.quanta_per_unit)


def is_far(market: Market, price: Decimal8, rate: int) -> bool:
    """Whether a price is at least so far from the mark, as a rate of it."""
    if market.mark is None:
        return False
    units = price // 10 ** (WIRE_DECIMALS - market.price_decimals)
    return bool(abs(units - market.mark) * RATE_ONE >= rate * market.mark)


def is_handed_over(step: Step, market: Market, giver: str, taker: str) -> bool:
    """Whether a trade closed all that one account held in a market, and the other, flat before, holds it now."""
    before, after = step.transition.before, step.transition.after
    held, left = holding(before, giver, market.id), holding(after, giver, market.id)
    return (
        held != 0 and left == 0 and holding(before, taker, market.id) == 0 and holding(after, taker, market.id) == held
    )


def holding(state: State, account: str, market: str) -> int:
    """What an account holds in a market, of both sides together."""
    return sum(state.positions.get(PositionKey(account, market, side), FLAT) for side in ("BOTH", "LONG", "SHORT"))


def market_of(step: Step) -> str:
    """The market that an event names."""
    return str(getattr(step.transition.event, "market", ""))
