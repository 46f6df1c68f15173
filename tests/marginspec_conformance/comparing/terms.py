"""Terms: figures on the way to a decision, as the rules' own trace has them, compared with those an engine tells."""

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from marginspec.model.account import DomainKey, PositionKey
from marginspec.model.effects import Effect
from marginspec.model.state import Book
from marginspec.observation import Refusal
from marginspec.registry import RuleCode
from marginspec.transition import apply
from marginspec_conformance.comparing.amounts import read_amount, shortest
from marginspec_conformance.comparing.differences import Difference
from marginspec_conformance.comparing.expected import Expected
from marginspec_conformance.protocol.messages import Term
from marginspec_journal.state_objects import claim_name

COMPARED = (
    *("equity", "maintenance", "initial", "order_margin", "available", "movable", "notional", "unrealised", "fee"),
    *("realised", "loss", "shortfall"),
)
"""Names of terms that are compared; others are printed only."""


@attrs.define
class Figures:
    """An observer that keeps the terms that the protocol names, in the order in which the rules find them."""

    terms: list[Term] = attrs.Factory(list)
    clauses: dict[tuple[str, str], str] = attrs.Factory(dict)
    _open: list[tuple[RuleCode, Mapping[str, Any]]] = attrs.Factory(list)

    def called(self, rule: RuleCode, names: Mapping[str, Any]) -> None:
        """A rule begins."""
        self._open.append((rule, names))

    def answered(self, answer: Any, line: int, names: Mapping[str, Any]) -> None:  # noqa: ARG002 - the protocol's
        """A rule ends: what it found is kept if it is a term."""
        rule, given = self._open.pop()
        for name, of, units, asset, book in found_by(rule.name, given, answer):
            self.terms.append(Term(name, of, shortest(units, book.header.decimals(asset))))
            self.clauses.setdefault((name, of), rule.ids[0])

    def effect(self, effect: Effect) -> None:
        """Effects are compared by themselves."""

    def refused(self, refusal: Refusal) -> None:
        """After a refusal nothing more is told."""


Figure = tuple[str, str, int, str, Book]


def found_by(rule: str, given: Mapping[str, Any], answer: Any) -> Iterator[Figure]:
    """The terms that a rule found: name, of what, quanta, asset."""
    book = given.get("book", given.get("transaction"))
    if not isinstance(book, Book):
        return
    if rule == "domain_margin":
        domain: DomainKey = given["domain"]
        yield "equity", claim_name(domain), answer.equity, domain.asset, book
        yield "maintenance", claim_name(domain), answer.maintenance, domain.asset, book
    elif rule == "position_margin":
        key: PositionKey = given["key"]
        asset = book.markets[key.market].asset
        yield "notional", ":".join(key), answer.notional, asset, book
        yield "unrealised", ":".join(key), answer.unrealised, asset, book
        yield "maintenance", ":".join(key), answer.maintenance, asset, book
    elif rule == "order_margin":
        yield "order_margin", f"{given['account']}:{given['asset']}", answer, given["asset"], book
    elif rule == "shortfalls":
        for market, units in answer.items():
            yield "shortfall", market, units, given["asset"], book


def terms_of(expected: Expected) -> Figures:
    """The terms of an event, by watching the rules."""
    figures = Figures()
    apply(expected.before, expected.event, figures)
    return figures


def differing_terms(expected: Expected, told: tuple[Term, ...]) -> Iterator[Difference]:
    """Terms that an engine told and that the rules never find: the figure of a name and owner has other values there.

    A figure may be found several times within an event, with other values; that it is one of them is enough.
    """
    known: dict[tuple[str, str], list[str]] = {}
    for term in terms_of(expected).terms:
        known.setdefault((term.name, term.of), []).append(term.value)
    for term in told:
        values = known.get((term.name, term.of))
        if term.name in COMPARED and values and read_amount(term.value) not in [read_amount(one) for one in values]:
            yield Difference("term", f"{term.name} of {term.of}", " or ".join(dict.fromkeys(values)), term.value)
