"""What differs after an event, by cause: which values belong together, and under which clause."""

from collections import Counter, defaultdict
from typing import NamedTuple

from marginspec.model.rejections import Reason
from marginspec.model.state import State
from marginspec.model.units import WIRE_DECIMALS
from marginspec_tools.audit.blame import LAST, Blamed
from marginspec_tools.audit.findings import Fault
from marginspec_tools.observed import ANSWER, Figure


class Differing(NamedTuple):
    """A value that differs, and what is to blame for it."""

    because: Blamed
    figure: Figure
    fault: Fault


def causes(entries: list[Differing]) -> list[list[Differing]]:
    """What differs after an event, by cause.

    What the event decided is of one cause, the first of it. Where it decided who is closed or pays, the exchange may
    have taken others: so money and quantities that the rules did not touch are of that cause too, as all is where the
    event itself was judged otherwise. Anything else has its own cause for each account or fund.
    """
    decided = [one for one in entries if one.because.place < LAST]
    is_judged_otherwise = any(one.figure is ANSWER for one in decided)
    chose = is_judged_otherwise or (bool(decided) and clause_of(decided)[:3] in CHOOSING)
    others: dict[tuple[str, bool], list[Differing]] = defaultdict(list)
    for one in entries:
        if one.because.place < LAST:
            continue
        if chose and one.fault.kind in ("balance", "quantity", "lot"):
            decided.append(one)
        else:
            others[one.fault.owner, one.fault.kind == "invariant"].append(one)
    return [together for together in (decided, *others.values()) if together]


CHOOSING = ("LIQ", "ADL", "LVY")
"""Parts of the rulebook that say whom a loss falls on."""


DERIVED = ("", "ACC-03", "MRG-04", "MRG-02", "MRG-03", "MRG-06", "MRG-05", "MRG-07", "MRG-08", "ADL-05")
"""Clauses of figures that follow from others, in that order: of what differs of an account, the first is the cause."""


def clause_of(together: list[Differing]) -> str:
    """The clause that decided first; of clauses that move money, the one with a part in most of what differs.

    Of deleveraging that others were chosen for, it is the one that ranks them.
    """
    first = min(together, key=lambda one: one.because.place).because
    clause = first.clause
    if first.touched:
        parts = Counter(touched for one in together for touched in one.because.touched)
        places = {touched: place for one in together for touched, place in one.because.touched.items()}
        clause = min(parts, key=lambda one: (-parts[one], places[one]))
    are_others = any(one.because.place >= LAST - 1 for one in together)
    return "ADL-02" if clause == "ADL-01" and are_others else clause


def shared_cause(clause: str, together: list[Differing], state: State) -> tuple[str, ...] | None:
    """What the same cause in other accounts looks like; None if what differs is this account's or fund's own.

    A formula that is not the rulebook's differs for everyone: in the same figure, of the same market or asset. So does
    a rounding, by a quantum of the balances of wallets, say. What was wrong once and is right again is no such cause.
    An exchange without lots refuses every fill.
    """
    faults = [one.fault for one in together]
    lead = faults[0]
    if all(one.kind in ("price", "pnl", "margin", "ratio", "indicator") for one in faults):
        return clause, lead.what, lead.whose.market or lead.whose.asset
    if all(one.kind == "balance" and is_quantum(one, state) for one in faults):
        return clause, lead.where.split(":")[0]
    if lead.observed == Reason.NO_INVENTORY:
        return clause, Reason.NO_INVENTORY, lead.whose.market
    return None


def is_quantum(fault: Fault, state: State) -> bool:
    """Whether a balance differs by one quantum."""
    asset = fault.whose.asset
    return bool(asset) and abs(fault.difference or 0) == 10 ** (WIRE_DECIMALS - state.header.decimals(asset))
