"""A live example of each clause: one event, what stood before it and after it, and what the clause did in it.

Nothing of it is written down: the suite's smallest fitting vector is run by the specification when the site is built.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from marginspec.api import Exchange
from marginspec_conformance.vectors import Vector
from marginspec_journal.canonical import sorted_json

ALL = 10**6
"""All levels of an explanation, and no line too long."""
EFFECT = "-> "
MOST_LINES, MOST_TRIED = 14, 4
NEITHER = {"INV": "An invariant is what auditors check, not a step of an event: no event shows it at work."}
"""Groups of clauses that can have no example, and why."""


@attrs.frozen
class Figure:
    """A figure of the exchange, before and after the event; empty where there is none."""

    name: str
    before: str
    after: str


@attrs.frozen
class Example:
    """What a clause does in one event of a vector, or what is read off the state after it.

    `asked` is the account of which the figures are read where no event runs the clause. `own` tells whether `lines` are
    the clause's alone, as else they are all effects of the event.
    """

    clause: str
    vector: Vector
    figures: tuple[Figure, ...]
    lines: tuple[str, ...]
    own: bool
    asked: str = ""

    @property
    def event(self) -> dict[str, Any]:
        """The last event, as a line of a journal has it."""
        event: dict[str, Any] = self.vector.text["steps"][-1]["event"]
        return {"type": event["type"], **event}


def why_none(clause: str) -> str:
    """Why a clause can have no example; empty if it can."""
    return NEITHER.get(clause[:3], "")


def example_of(clause: str, vectors: Iterable[Vector]) -> Example | None:
    """The example of a clause, by rule: the smallest valid vector whose last event shows what the clause does.

    A vector of the clause itself comes before one that pins it down besides, one in which the clause had an effect
    before one in which it only gave a figure. None if there is no such vector.
    """
    if why_none(clause):
        return None
    valid = [one for one in vectors if one.kind == "valid" and one.opened is None]
    running = [one for one in valid if clause in one.steps[-1].clauses and clause in one.clauses]
    if not running:
        return _read_example(clause, valid)
    ranked = sorted(running, key=lambda one: _rank(clause, one))[:MOST_TRIED]
    first: Example | None = None
    for vector in ranked:
        found = _event_example(clause, vector)
        if found.own and any(line.lstrip().startswith(EFFECT) for line in found.lines):
            return found
        if first is None or (found.own and not first.own):
            first = found
    return first


def _rank(clause: str, vector: Vector) -> tuple[bool, int, int, str]:
    return vector.clause != clause, len(vector.steps), len(sorted_json({"steps": vector.text["steps"]})), vector.id


def _exchange_before(vector: Vector) -> Exchange:
    """The exchange before a vector's last event."""
    exchange = Exchange.open(vector.text["header"])
    for step in vector.text["steps"][:-1]:
        exchange.apply(step["event"])
    return exchange


def _event_example(clause: str, vector: Vector) -> Example:
    """What a clause does in the last event of a vector; what the whole event did, if the clause tells no figure."""
    before = _exchange_before(vector)
    event = vector.text["steps"][-1]["event"]
    told = list(before.explain(event).lines(ALL))
    own = _of_clause(clause, told)
    after = before.copy()
    after.apply(event)
    lines = own or _dedented([line for line in told if line.lstrip().startswith(EFFECT)])
    return Example(clause, vector, tuple(_compared(_figures(before), _figures(after))), tuple(lines), bool(own))


def _read_example(clause: str, valid: list[Vector]) -> Example | None:
    """What is read off a state by a clause that no event runs: of the first account that has such a figure."""
    ranked = sorted(valid, key=lambda one: (clause not in one.clauses, *_rank(clause, one)))
    for vector in ranked:
        exchange = _exchange_before(vector)
        exchange.apply(vector.text["steps"][-1]["event"])
        for name in exchange.accounts():
            lines = _of_clause(clause, exchange.explain(account=name).lines(1, ALL))
            if lines:
                figures = [one for one in _figures(exchange).items() if name in one[0].replace(":", " ").split()]
                read = tuple(Figure(what, "", value) for what, value in figures)
                return Example(clause, vector, read, tuple(lines), True, name)
    return None


def _of_clause(clause: str, lines: Iterable[str]) -> list[str]:
    """The lines of an explanation that a clause told, each once, as far indented as they are within each other."""
    mark = f" [{clause}]"
    return _dedented(dict.fromkeys(line.removesuffix(mark) for line in lines if line.endswith(mark)))


def _dedented(lines: Iterable[str]) -> list[str]:
    """Lines by how deep they stand within each other, two blanks a level, at most so many; each said once."""
    found, depths, told = list[str](), list[int](), set[str]()
    for line in lines:
        text = line.lstrip()
        depth = len(line) - len(text)
        depths = [*(one for one in depths if one < depth), depth]
        if text not in told or text.startswith(EFFECT):
            found.append("  " * (len(depths) - 1) + text)
            told.add(text)
    more = len(found) - MOST_LINES
    return found if more <= 1 else [*found[:MOST_LINES], f"… {more} more lines"]


def _figures(exchange: Exchange) -> dict[str, str]:
    """The figures that a reader needs: marks, positions, equity and maintenance of domains, balances, claims."""
    state = exchange.state()
    found = {f"mark of {name}": price for name, price in state["marks"].items()}
    found |= {f"position {name}": held["quantity"] for name, held in state["positions"].items()}
    for name in exchange.accounts():
        for domain in (one for one in exchange.account(name).domains if one.positions):
            found |= {f"equity of {domain.name}": domain.equity, f"maintenance of {domain.name}": domain.maintenance}
    found |= {name: balance for name, balance in state["ledger"].items() if _is_shown(name)}
    found |= {f"lot {name}": lot["quantity"] for name, lot in state["lots"].items()}
    return found | {f"claim {name}": amount for name, amount in state["relief_claims"].items()}


def _is_shown(account: str) -> bool:
    """Whether a ledger account is told: what positions and lots cost, and what came from outside, is told by others."""
    return account.partition(":")[0] not in ("position", "lot", "external")


def _compared(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Figure]:
    """Figures before and after: all of them, or where they are many those that changed."""
    names = list(dict.fromkeys((*before, *after)))
    if len(names) > MOST_LINES:
        names = [name for name in names if before.get(name) != after.get(name)]
    for name in names:
        yield Figure(name, before.get(name, ""), after.get(name, ""))
