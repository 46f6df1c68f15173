"""The invariants after an event: each with its left and its right side, and whether the event itself broke one."""

from collections.abc import Mapping
from typing import Any

import attrs

from marginspec.transition import apply
from marginspec_audit import EVENT_INVARIANTS, STATE_INVARIANTS, Transition
from marginspec_tools.audit import Sides, invariant_sentences, sides_of
from marginspec_tools.dashboard.tables import Column, Order, Row, Table
from marginspec_tools.dashboard.view import Page, View
from marginspec_tools.runs import amount_text

AT_ONCE = 100
"""Of more accounts, the invariants that are of all of them are checked only if that is asked for."""
MOST_CHECKED = 100_000
"""Of more accounts, no page checks all."""
MOST_ACCOUNTS = 20_000
"""Of more accounts, no page runs the rules on all for anything else."""
OF_FUNDS = frozenset({"INV-03", "INV-06", "INV-12", "INV-13"})
"""Invariants of states that need no account, and no lot by itself."""


@attrs.frozen
class Checked:
    """What is known of the invariants after an event: what is broken, their sides, and which were not looked at.

    `accounts` is how many accounts were looked at.
    """

    broken: Mapping[str, str]
    sides: tuple[Sides, ...]
    unchecked: frozenset[str]
    accounts: int

    def verdict(self, invariant: str) -> str:
        """What became of an invariant."""
        if invariant in self.broken:
            return f"broken: {self.broken[invariant]}"
        return "not checked" if invariant in self.unchecked else "holds"


def is_whole(view: View) -> bool:
    """Whether all accounts are looked at: if they are few, or if it is asked for, as a file does."""
    accounts, is_asked = view.head.accounts, view.parameters.get("accounts") == "all" or view.is_file
    return accounts <= AT_ONCE or (is_asked and accounts <= MOST_CHECKED)


def checked(view: View) -> Checked:
    """What is checked after the event; of all accounts, it is kept for all readers."""
    return view.kept(found_by_checking) if is_whole(view) else view.once(found_by_checking)


def found_by_checking(view: View) -> Checked:
    """Check what is to be checked after the event."""
    whole = is_whole(view)
    state = view.index.state_at(view.at) if whole else view.book
    broken = {
        one.invariant: f"{one.what}, {one.where}: {amount_text(one, state)}"
        for invariant, predicate in STATE_INVARIANTS.items()
        if whole or invariant in OF_FUNDS
        for one in predicate(state)
    }
    unchecked: frozenset[str] = frozenset()
    if not whole:
        unchecked = frozenset((*STATE_INVARIANTS, *EVENT_INVARIANTS)) - OF_FUNDS
    elif view.at == view.head.first:
        unchecked = frozenset(EVENT_INVARIANTS) - frozenset(STATE_INVARIANTS)
    else:
        taken = transition(view)
        for predicate in EVENT_INVARIANTS.values():
            broken |= {one.invariant: f"{one.what}, {one.where}: {amount_text(one, state)}" for one in predicate(taken)}
    sides = tuple(one for one in sides_of(state) if one.invariant not in unchecked)
    return Checked(broken, sides, unchecked, len(state.accounts))


def transition(view: View) -> Transition:
    """The event as the rules take it, run again on the whole state before it."""
    moment = view.index.whole_moment(view.at)
    after, receipt = apply(moment.before, moment.record.event)
    return Transition(moment.before, moment.record.event, receipt, after)


def content(view: View) -> Mapping[str, Any]:
    """How many hold."""
    found = view.once(checked)
    verdicts = [found.verdict(invariant) for invariant in invariant_sentences()]
    accounts = view.head.accounts
    return {
        "holding": verdicts.count("holds"),
        "broken": len(found.broken),
        "unchecked": verdicts.count("not checked"),
        "accounts": accounts,
        "looked_at": found.accounts,
        "is_whole": is_whole(view),
        "ask": view.with_parameters(at=view.at, accounts="all") if accounts <= MOST_CHECKED else "",
        "most": MOST_CHECKED,
    }


def verdicts_table(view: View) -> Table:
    """What each invariant says, and what became of it."""
    found = view.once(checked)
    rows = [
        Row(
            invariant,
            (invariant, found.verdict(invariant), sentence.replace("`", "")),
            {"invariant": view.clause(invariant)},
        )
        for invariant, sentence in invariant_sentences().items()
    ]
    return Table("verdicts", "All invariants", VERDICTS, Order("invariant"), rows)


VERDICTS = (Column("invariant", "invariant"), Column("verdict", "here", "status"), Column("says", "says", "prose"))


def sides_table(view: View) -> Table:
    """The left and the right side of each, of every asset and market."""
    rows = [Row(f"{place:06}", sides_cells(one), {"invariant": view.clause(one.invariant)})
            for place, one in enumerate(view.once(checked).sides)]  # fmt: skip
    return Table("sides", "Left and right sides", SIDES, Order("invariant"), rows)


def sides_cells(one: Sides) -> tuple[str | None, ...]:
    """The cells of a row; the right side of some is just zero."""
    return one.invariant, one.where, one.left, one.left_figure, one.relation, one.right or None, one.right_figure


SIDES = (
    Column("invariant", "invariant"),
    Column("where", "where", "name"),
    Column("left", "left side", "name"),
    Column("left_figure", "left figure", "number"),
    Column("relation", "is"),
    Column("right", "right side"),
    Column("right_figure", "right figure", "number"),
)

PAGE = Page(
    "invariants",
    "Invariants",
    "invariants.html",
    content,
    {"verdicts": verdicts_table, "sides": sides_table},
    parameters=("accounts",),
    clauses=tuple(invariant_sentences()),
)
