"""Broken invariants as people and programs read them."""

from typing import Any

import attrs

from marginspec.invariants import Violation
from marginspec.state import State
from marginspec_journal.decimals import decimal_text


@attrs.frozen
class Broken:
    """An invariant that an event broke; event and line 0 stand for the state that a run starts from."""

    event: int
    line: int
    violation: Violation
    amount: str


def amount_text(state: State, violation: Violation) -> str:
    """A violation's amount in the units of what it is about: lots for quantities, else money."""
    where = violation.where.split(":")
    if violation.invariant in ("INV-02", "INV-11") or where[0] not in ("", *_money_owners(state, where)):
        return str(violation.amount)
    return decimal_text(violation.amount, state.header.decimals(_asset(state, where)))


def _money_owners(state: State, where: list[str]) -> list[str]:
    return [where[0]] if any(part in state.markets or _is_asset(state, part) for part in where) else []


def _is_asset(state: State, name: str) -> bool:
    return name in state.header.asset_decimals or any(market.asset == name for market in state.markets.values())


def _asset(state: State, where: list[str]) -> str:
    for part in where:
        if part in state.markets:
            return state.markets[part].asset
    return next(part for part in where if _is_asset(state, part))


def broken_of(state: State, event: int, line: int, violations: tuple[Violation, ...]) -> list[Broken]:
    """Violations with where in the run they were found."""
    return [Broken(event, line, one, amount_text(state, one)) for one in violations]


def broken_object(broken: Broken) -> dict[str, Any]:
    """A broken invariant as a line of JSON."""
    one = broken.violation
    return {
        "broken": one.invariant,
        "seq": broken.event,
        "line": broken.line,
        "what": one.what,
        "where": one.where,
        "amount": broken.amount,
    }


def broken_text(broken: Broken) -> str:
    """A broken invariant as a line of text."""
    one = broken.violation
    return (
        f"{one.invariant} broken at event {broken.event} (line {broken.line}): {one.what}, {one.where}: {broken.amount}"
    )
