"""Choices that venues make differently by design: an engine's own is taken, if the clause's conditions allow it.

The rule that chooses is replaced, while one event runs, by what the engine chose; all else runs as it is. So what
follows from a choice is compared as everything is, and what the choice itself must keep to is checked here.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import attrs

from marginspec.margin.margin import domain_margin, maintenance_margin, notional_of, position_margin
from marginspec.model.account import DomainKey, PositionKey
from marginspec.model.units import Money, Quantity
from marginspec.settlement import deleveraging, levy, liquidation
from marginspec.transaction import Transaction
from marginspec_conformance.comparing.amounts import read_amount
from marginspec_conformance.comparing.differences import Difference
from marginspec_conformance.protocol.messages import Choice
from marginspec_journal.state_objects import claim_name


@attrs.define
class Chosen:
    """What an engine chose in an event, clause by clause in its order, and what is wrong with it."""

    cuts: deque[Choice] = attrs.Factory(deque)
    counterparties: deque[Choice] = attrs.Factory(deque)
    shares: deque[Choice] = attrs.Factory(deque)
    wrong: list[Difference] = attrs.Factory(list)

    @classmethod
    def of(cls, choices: tuple[Choice, ...]) -> "Chosen":
        """The choices of a result; one of another clause is wrong."""
        chosen = cls()
        places = {"LIQ-02": chosen.cuts, "ADL-02": chosen.counterparties, "NUM-02": chosen.shares}
        places["LVY-01"] = chosen.shares
        for choice in choices:
            if choice.clause in places:
                places[choice.clause].append(choice)
            else:
                chosen.refuse(choice.clause, "a clause that leaves a choice", choice.clause)
        return chosen

    def refuse(self, clause: str, expected: str, actual: str) -> None:
        """Note what a choice does not keep to."""
        self.wrong.append(Difference("choice", clause, expected, actual))

    def end(self) -> None:
        """After the event: what was chosen where there was nothing to choose is wrong."""
        for choice in (*self.cuts, *self.counterparties, *self.shares):
            self.refuse(choice.clause, "no choice left to make", "one more choice")


@contextmanager
def choosing(chosen: Chosen) -> Iterator[None]:
    """Run rules with an engine's choices in place of their own, where there are any."""
    with ExitStack() as stack:
        if chosen.cuts:
            stack.enter_context(_cutting(chosen))
        if chosen.counterparties:
            stack.enter_context(replacing(deleveraging, "first_step", _first_step(chosen)))
        if chosen.shares:
            stack.enter_context(_sharing(chosen))
        yield
    chosen.end()


@contextmanager
def replacing(module: Any, name: str, function: Callable[..., Any]) -> Iterator[None]:
    """A module whose function of a name is another one."""
    before = getattr(module, name)
    setattr(module, name, function)
    try:
        yield
    finally:
        setattr(module, name, before)


# ------------------------------------------------------------------- LIQ-02


@contextmanager
def _cutting(chosen: Chosen) -> Iterator[None]:
    """Step-down by what the engine cut: more than nothing, at most the position, and less maintenance after it."""
    step_down, stepped_down_size = liquidation.step_down, liquidation.stepped_down_size
    left: list[Quantity] = []

    def cut(transaction: Transaction, domain: DomainKey, key: PositionKey) -> None:
        if chosen.cuts:
            held = abs(transaction.positions[key])
            digits = transaction.markets[key.market].quantity_decimals
            quantity = in_units_of(chosen.cuts.popleft().quantity, digits)
            if quantity is None or not 0 < quantity <= held:
                chosen.refuse("LIQ-02", f"a cut of more than nothing and at most {held} units", f"{quantity} units")
            else:
                left.append(Quantity(held - quantity))
                check_helps(transaction, key, left[-1])
        step_down(transaction, domain, key)

    def check_helps(transaction: Transaction, key: PositionKey, size: Quantity) -> None:
        market = transaction.markets[key.market]
        before = position_margin(transaction, key).maintenance
        rest = notional_of(market.at_mark(size))
        after = maintenance_margin(rest, market.tiers.holding(rest))
        if after >= before:
            chosen.refuse("LIQ-02", f"maintenance below {before} quanta after the cut", f"{after} quanta")

    def size(floor: Money, unit_value: Money) -> Quantity:
        return left.pop() if left else stepped_down_size(floor, unit_value)

    with replacing(liquidation, "step_down", cut), replacing(liquidation, "stepped_down_size", size):
        yield


def in_units_of(text: str | None, digits: int) -> int | None:
    """An amount in units of 10^-digits; None if it is no amount, or not whole."""
    units = read_amount(text)
    whole, rest = divmod(units, 10 ** (8 - digits)) if units is not None else (0, 1)
    return None if rest else whole


# ------------------------------------------------------------------- ADL-02


def _first_step(chosen: Chosen) -> Callable[..., Any]:
    """A step with whom the engine chose: it must be eligible, give up no principal, and stay healthy."""
    first_step = deleveraging.first_step

    def step_with_chosen(book: Any, market: Any, queues: Any, lots: Any, wanted: Any) -> Any:
        given = tuple(lots)
        step = first_step(book, market, queues, given, wanted)
        if step is None or not chosen.counterparties:
            return step
        name = chosen.counterparties.popleft().counterparty
        for lot in given:
            opposite = "short" if lot.direction == "long" else "long"
            for ranked in queues[market.id, opposite]:
                if ":".join(ranked.key) == name:
                    with_chosen = deleveraging.pair_step(book, market, lot, ranked.key, wanted)
                    if with_chosen is not None:
                        return with_chosen
        chosen.refuse("ADL-02", "an eligible counterparty that stays healthy", str(name))
        return step

    return step_with_chosen


# ------------------------------------------------------------------- NUM-02, LVY-01


@contextmanager
def _sharing(chosen: Chosen) -> Iterator[None]:
    """Shares as the engine shared: none below zero or above its weight, in sum what is to be shared."""
    levy_layer, levy_shares = levy.levy_layer, levy.levy_shares
    names: list[str] = []
    digits: list[int] = []

    def layer(transaction: Transaction, asset: str, which: Any, missing: Money, short: frozenset[str]) -> Money:
        weighed = (
            (domain, levy.layer_weight(which, domain_margin(transaction, domain), short))
            for domain in levy.domains_of_asset(transaction, asset)
        )
        names[:] = [claim_name(domain) for domain, weight in weighed if weight > 0]
        digits[:] = [transaction.header.decimals(asset)]
        return levy_layer(transaction, asset, which, missing, short)

    def shares(missing: Money, weights: tuple[Money, ...]) -> tuple[Money, ...]:
        right = levy_shares(missing, weights)
        if not chosen.shares or len(names) != len(right) or not any(right):
            return right
        return checked_shares(chosen, chosen.shares.popleft(), names, weights, right, digits[0])

    with replacing(levy, "levy_layer", layer), replacing(levy, "levy_shares", shares):
        yield


def checked_shares(
    chosen: Chosen, choice: Choice, names: list[str], weights: tuple[Money, ...], right: tuple[Money, ...], digits: int
) -> tuple[Money, ...]:
    """The engine's shares, if they keep to the clause; else the rulebook's, and what is wrong is noted."""
    stated = choice.shares or {}
    given = [in_units_of(stated.get(name, "0"), digits) for name in names]
    strangers = sorted(set(stated) - set(names))
    if strangers:
        chosen.refuse(choice.clause, "shares of those who share only", strangers[0])
        return right
    for name, share, weight, exact in zip(names, given, weights, right, strict=True):
        least, most = (max(0, exact - 1), min(weight, exact + 1)) if choice.clause == "NUM-02" else (0, weight)
        if share is None or not least <= share <= most:
            chosen.refuse(choice.clause, f"a share of {name} from {least} to {most} quanta", str(share))
            return right
    if sum(share or 0 for share in given) != sum(right):
        chosen.refuse(choice.clause, f"shares of {sum(right)} quanta in sum", str(sum(share or 0 for share in given)))
        return right
    return tuple(Money(share or 0) for share in given)
