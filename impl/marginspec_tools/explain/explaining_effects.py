"""An event's effects as a tree: under each rule's id and sentence, what it did."""

from collections.abc import Iterator
from typing import Any

from rich.text import Text
from rich.tree import Tree

from marginspec.model import effects as receipts
from marginspec.model.effects import Effect
from marginspec.model.state import State
from marginspec.registry import REGISTRY
from marginspec_audit import Transition
from marginspec_journal.decimals import decimal_text

LEAVES_SHOWN = 6
TELLING = {
    "ADL-03": "deleverage",
    "LIQ-02": "step_down",
    "LVY-01": "levy",
    "MKT-01": "set_mark",
    "TRN-01": "Transaction.publish_funds",
}
"""Where several pieces of code execute a clause: the one whose sentence tells most about its effects."""


def rule_of(effect: Effect) -> str:
    """The clause that an effect stems from; empty if it goes with the effect before it."""
    match effect:
        case receipts.Transferred(rule=rule):
            return rule
        case receipts.LotOpened(lot=lot):
            return "LIQ-02" if lot.reason == "step_down" else "LIQ-03"
        case receipts.MarkSet():
            return "MKT-01"
        case receipts.DomainLiquidated() | receipts.OrderCancelled():
            return "LIQ-01"
        case receipts.Deleveraged():
            return "ADL-03"
        case receipts.Levied() | receipts.UncoveredChanged():
            return "LVY-01"
        case receipts.ReserveStatus() | receipts.InsuranceStatus():
            return "TRN-01"
        case _:
            return ""


def money_text(state: State, asset: str, quanta: int) -> str:
    """An amount, exact, with its asset."""
    return f"{decimal_text(quanta, state.header.decimals(asset))} {asset}"


def market_money(state: State, market: str, quanta: int) -> str:
    """An amount in a market's settlement asset."""
    return money_text(state, state.markets[market].asset, quanta)


def lots_text(state: State, market: str, quantity: int) -> str:
    """A signed quantity, exact."""
    return decimal_text(quantity, state.markets[market].quantity_decimals)


def effect_text(state: State, effect: Effect) -> str:
    """One effect in words; kinds that liquidation never has are named only."""
    match effect:
        case receipts.MarkSet(market=market, price=price):
            return f"{market} is marked at {decimal_text(price, state.markets[market].price_decimals)}"
        case receipts.DomainLiquidated(domain=domain, equity=equity, maintenance=maintenance):
            asset = domain.asset
            margins = f"equity {money_text(state, asset, equity)}, maintenance {money_text(state, asset, maintenance)}"
            return f"{domain.account} {domain.market or 'cross'} is taken: {margins}"
        case receipts.Transferred(asset=asset, source=source, target=target, amount=amount):
            return f"{money_text(state, asset, amount)} from {source} to {target}"
        case receipts.PositionChanged(key=key, quantity=quantity):
            return f"position {key.account} {key.market} {key.side} is now {lots_text(state, key.market, quantity)}"
        case receipts.LotOpened(lot=lot, cost=cost):
            size = lots_text(state, lot.market, lot.quantity)
            return f"lot {lot.id} of {size} {lot.market} opens at cost {market_money(state, lot.market, cost)}"
        case _:
            return waterfall_text(state, effect)


def waterfall_text(state: State, effect: Effect) -> str:
    """One effect of the waterfall in words."""
    match effect:
        case receipts.LotReduced(lot=lot, market=market, quantity=quantity):
            return f"lot {lot} is now {lots_text(state, market, quantity)} {market}"
        case receipts.Deleveraged(lot=lot, counterparty=key, quantity=quantity, loss=loss):
            size, passed_on = lots_text(state, key.market, quantity), market_money(state, key.market, loss)
            return f"{key.account} gives up {size} {key.market} against lot {lot}, and with it {passed_on} of profit"
        case receipts.Levied(domain=domain, amount=amount):
            return f"{domain.account} {domain.market or 'cross'} pays {money_text(state, domain.asset, amount)}"
        case receipts.ReserveStatus(market=market, status=status):
            return f"reserve of {market} holds {market_money(state, market, status.balance)}"
        case receipts.InsuranceStatus(asset=asset, balance=balance):
            return f"insurance fund holds {money_text(state, asset, balance)}"
        case receipts.OrderCancelled(account=account, order=order):
            return f"order {order} of {account} is cancelled"
        case _:
            return type(effect).__name__


def grouped(transition: Transition) -> Iterator[tuple[str, list[str]]]:
    """Consecutive effects of one clause: its id, and each effect in words."""
    rule, texts = "", list[str]()
    for effect in transition.receipt.effects:
        own = rule_of(effect)
        if own and own != rule:
            if texts:
                yield rule, texts
            rule, texts = own, []
        texts.append(effect_text(transition.after, effect))
    if texts:
        yield rule, texts


def clause_sentence(rule: str) -> str:
    """What a clause says, in the words of the code that had the effect; nothing if no code is registered for it."""
    registered = [code for code in REGISTRY if rule in code.ids]
    told = [code for code in registered if code.name == TELLING.get(rule)] or registered
    return told[0].sentence if told else ""


def effect_tree(number: int, transition: Transition) -> Tree:
    """An event's effects as a tree; of long runs of one rule only the first few are shown."""
    tree = Tree(Text(f"Event {number:,} explained: {type(transition.event).__name__}"))
    for rule, texts in grouped(transition):
        branch = tree.add(Text(f"{rule}  {clause_sentence(rule)}".rstrip()))
        for text in texts[:LEAVES_SHOWN]:
            branch.add(Text(text))
        if len(texts) > LEAVES_SHOWN:
            branch.add(Text(f"… and {len(texts) - LEAVES_SHOWN} more"))
    return tree


def effect_lines(transition: Transition) -> Iterator[dict[str, Any]]:
    """An event's effects for programs: clause, sentence, effects in words."""
    for rule, texts in grouped(transition):
        yield {"rule": rule, "sentence": clause_sentence(rule), "effects": texts}
