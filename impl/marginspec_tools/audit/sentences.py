"""A finding in one sentence, for people who do not know the rulebook; what harm it does, and what is alike."""

from collections.abc import Sequence
from re import sub
from typing import Literal

from marginspec.model.ledger import LedgerAccount, account_named
from marginspec.model.rejections import Reason
from marginspec_tools.audit.faults import Fault, amount_in, decimal_of, grouped, leading_of
from marginspec_tools.observed import VALUE_KINDS, digits_of

Stance = Literal["kept", "closed", "refused", "accepted", ""]
"""What the exchange did: it kept what the rules close, or the other way round; it refused what they accept, or so."""

EVENTS = {
    "Trade": "A trade",
    "PlaceOrder": "An order",
    "CancelOrder": "The cancelling of an order",
    "Deposit": "A deposit",
    "Withdraw": "A withdrawal",
    "SetLeverage": "A change of leverage",
    "SetMarginMode": "A change of margin mode",
    "SetPositionMode": "A change of position mode",
    "AdjustIsolatedMargin": "A change of isolated margin",
    "LiquidationFill": "A fill of lots",
    "MarkPrice": "A mark",
    "Funding": "A funding",
}
"""Events as people call them; others go by their names."""
FIGURES = {
    "adl": "deleveraging indicator",
    "unrealised": "unrealised PnL",
    "maintenance": "maintenance margin",
    "initial": "initial margin",
    "available": "available margin",
    "movable": "movable margin",
    "uncovered": "uncovered shortfall",
    "quantity": "position",
}
"""Figures as people call them; others go by their names."""
LEDGER = {
    "wallet": "The wallet of {account}",
    "isolated": "The isolated margin of {account} in {market}",
    "position": "The open cost of {account} in {market}",
    "lot": "The cost of lot {lot}",
    "reserve": "The reserve of {market}",
    "insurance": "The insurance fund",
    "relief": "The relief fund",
    "house": "The house",
    "clearing": "The clearing account",
    "external": "What was paid in",
}
"""Ledger accounts as people call them, by kind."""
HARMS: dict[str, str] = {
    "kept": "a loss may be left that nobody bears",
    "accepted": "somebody did what the rules do not allow, and a loss may be left that nobody bears",
    "closed": "somebody lost a position that the rules leave them",
    "refused": "somebody was kept from what the rules allow; no loss is left by that",
    "solvency": "who is liquidated, or what lots come to, is not as by the rules",
    "conservation": "money or quantities come from nowhere or are lost, or funds are not as published",
    "order": "a loss falls on others than by the rules",
    "figure": "somebody has, or is shown, another amount than by the rules",
    "display": "none, if so few digits are enough",
}
"""What harm is done, by what the exchange did, and where that says nothing, by what a finding is about."""
SECURED = ("LIQ-01", "LIQ-02", "LIQ-03")
"""Clauses that close the positions of accounts that are unhealthy."""


def harm_of(clause: str, classified: str, faults: Sequence[Fault]) -> str:
    """What harm a finding does."""
    if clause in ("INV-04", "INV-05"):
        return HARMS["kept"]
    return HARMS[stance_of(clause, faults) or classified]


def stance_of(clause: str, faults: Sequence[Fault]) -> Stance:
    """What the exchange did with an event, or with the positions that liquidation closes; empty if that does not say.

    Who refuses a fill since it has no lots has not liquidated whose they are.
    """
    lead = leading_of(faults)
    if lead.kind == "verdict":
        if clause == "LIQ-01" and lead.observed == Reason.NO_INVENTORY:
            return "kept"
        return "refused" if lead.expected == "accepted" else "accepted" if lead.observed == "accepted" else ""
    held = position_among(faults)
    if clause not in SECURED or held is None:
        return ""
    return "kept" if is_more_held(held) else "closed"


def position_among(faults: Sequence[Fault]) -> Fault | None:
    """The position of which the most money differs, if it is on one side by the rules and at the exchange."""
    held = [one for one in faults if one.kind == "quantity" and had_and_has(one)[0] * had_and_has(one)[1] >= 0]
    return leading_of(held) if held else None


def had_and_has(fault: Fault) -> tuple[int, int]:
    """What is held by the rules, and what at the exchange, in 1e-8."""
    return amount_in(fault.expected) or 0, amount_in(fault.observed) or 0


def is_more_held(fault: Fault) -> bool:
    """Whether more is held at the exchange than by the rules."""
    had, has = had_and_has(fault)
    return abs(has) > abs(had)


# ----------------------------------------------------------------- sentences


def sentence_of(clause: str, faults: Sequence[Fault], *, is_display: bool = False) -> str:
    """What happened, without a full stop; the texts in it may be of others."""
    lead, held = leading_of(faults), position_among(faults)
    if is_display:
        kind = next((meaning for kind, meaning in VALUE_KINDS.items() if kind == lead.kind), lead.what)
        return f"{capitalized(kind)} are told in {digits_of(lead.observed or '')} digits, and agree so far"
    if lead.kind == "verdict":
        return answer_sentence(clause, lead)
    if lead.kind == "invariant":
        return invariant_sentence(lead)
    if lead.kind == "transparency":
        told = f"is {lead.observed or 'nothing'}, and {lead.expected or 'nothing'} counted anew from the transfers"
        return f"The {lead.what} of {lead.where} {told}"
    if held is not None and clause in SECURED:
        return liquidation_sentence(held)
    if held is not None and clause.startswith("ADL"):
        way = "was due to be deleveraged in" if is_more_held(held) else "was deleveraged in"
        end = "and was not, or less" if is_more_held(held) else "more than the rules do, or was not due"
        return f"{held.owner} {way} {held.whose.market} {end}"
    if clause == "LVY-01" and lead.kind == "balance" and lead.whose.account:
        return f"{lead.whose.account} was levied {'less' if (lead.difference or 0) > 0 else 'more'} than by the rules"
    return balance_sentence(lead) if lead.kind == "balance" else figure_sentence(lead)


def answer_sentence(clause: str, fault: Fault) -> str:
    """How an event was answered."""
    if stance_of(clause, [fault]) == "kept":
        lots = f"no lots in {fault.whose.market} where the rules have some"
        return f"The exchange had {lots}: an account that was due for liquidation was not, or was later"
    event = EVENTS.get(fault.where) or f"The event {sub('(?<!^)(?=[A-Z])', ' ', fault.where).lower()}"
    whose = f" of {fault.whose.account}" if fault.whose.account else ""
    if fault.expected == "accepted":
        return f"{event}{whose} was refused ({fault.observed}), and the rules accept it"
    if fault.observed == "accepted":
        return f"{event}{whose} was accepted, and the rules refuse it ({fault.expected})"
    return f"{event}{whose} was refused for {fault.observed}, and the rules refuse it for {fault.expected}"


def liquidation_sentence(fault: Fault) -> str:
    """Who was liquidated, or was not."""
    account, market = fault.owner, fault.whose.market
    had, has = had_and_has(fault)
    if is_more_held(fault):
        end = "and was not" if had == 0 else "and kept more than the rules leave"
        return f"{account} was due for liquidation in {market} {end}"
    if has == 0:
        return f"{account} was liquidated in {market} and was not due"
    return f"{account} lost more of its position in {market} to liquidation than the rules take"


def invariant_sentence(fault: Fault) -> str:
    """Which invariant does not hold, and on whose numbers."""
    if fault.expected == "none":
        whose = "The rulebook's own run breaks" if fault.line else "The opening state breaks"
        return f"{whose} {fault.rule} in {fault.where}: {fault.what}"
    return f"The exchange's own numbers break {fault.rule} in {fault.where}: {fault.what}"


def balance_sentence(fault: Fault) -> str:
    """Who has how much too much or too little."""
    account = account_named(fault.where)
    whose, off = ledger_text(account), fault.difference or 0
    amount = f"{grouped(decimal_of(abs(off)))} {fault.whose.asset}".strip()
    if account.kind in ("position", "lot", "external"):
        return f"{whose} is off by {amount}"
    return f"{whose} has {amount} {'more' if off > 0 else 'less'} than by the rules"


def ledger_text(account: LedgerAccount) -> str:
    """A ledger account in words."""
    return LEDGER[account.kind].format(account=account.account, market=account.market, lot=account.lot)


def figure_sentence(fault: Fault) -> str:
    """What a figure is, and what by the rules."""
    own = fault.whose
    what = FIGURES.get(fault.what.replace(" ", "_"), fault.what)
    if fault.kind == "lot":
        what, whose = fault.what, f" of lot {fault.where}"
    elif own.account:
        whose = f" of {own.account}" + (f" in {own.market}" if own.market else "")
    else:
        whose = f" of {fault.where}"
    told = f"is {fault.observed or 'nothing'} at the exchange, and {fault.expected or 'nothing'} by the rules"
    return f"The {what}{whose} {told}"


def capitalized(text: str) -> str:
    """A text that begins a sentence; `str.capitalize` would change what else is in it."""
    return text[:1].upper() + text[1:]


# ----------------------------------------------------------------- what is alike


def group_of(clause: str, faults: Sequence[Fault]) -> str:
    """What findings have in common that differ under one clause in the same figure, asset and direction."""
    lead = leading_of(faults)
    if lead.kind == "verdict":
        return f"{clause} {lead.where}: {lead.observed} for {lead.expected}"
    if lead.kind in ("invariant", "transparency", "setting", "indicator"):
        return f"{clause} {lead.what}"
    if lead.kind == "quantity":
        return f"{clause} {lead.what}, {'more' if is_more_held(lead) else 'less'} held"
    of = f"{account_named(lead.where).kind} " if lead.kind == "balance" else ""
    way = "too much" if (lead.difference or 0) > 0 else "too little"
    return f"{clause} {of}{lead.what}, {way} {lead.whose.asset}".strip()
