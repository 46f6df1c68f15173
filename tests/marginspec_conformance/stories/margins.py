"""The equity and maintenance of the domains that an engine decides about otherwise, as the rulebook has them."""

from collections.abc import Mapping
from typing import Any

import attrs

from marginspec.margin.margin import DomainMargin, domain_margin, is_healthy
from marginspec.model.account import DomainKey
from marginspec.model.effects import Effect
from marginspec.model.state import State
from marginspec.observation import Refusal
from marginspec.registry import RuleCode
from marginspec.transition import apply
from marginspec_conformance.comparing.amounts import shortest
from marginspec_conformance.comparing.differences import listed
from marginspec_conformance.comparing.expected import Expected
from marginspec_conformance.comparing.figures import domains_near
from marginspec_conformance.comparing.judging import Judged
from marginspec_conformance.comparing.near_ties import ACCOUNTS_OF_EVENTS
from marginspec_conformance.protocol.messages import Accepted, Refused
from marginspec_journal.state_objects import claim_name

OF_MARGIN = ("UNHEALTHY", "INSUFFICIENT_MARGIN", "INSUFFICIENT_BALANCE", "NEGATIVE_CASH")
"""Reasons of an engine that has other margins than the rulebook, where the rulebook accepts."""


@attrs.define
class Margins:
    """An observer that keeps of each domain the margin that decides: the first that is unhealthy, else the last."""

    found: dict[DomainKey, DomainMargin] = attrs.Factory(dict)

    def called(self, rule: RuleCode, names: Mapping[str, Any]) -> None:
        """Nothing is to be noted before a rule answers."""

    def answered(self, answer: Any, line: int, names: Mapping[str, Any]) -> None:  # noqa: ARG002 - as they are told
        """A rule ends; a margin is told of the domain in its names."""
        if isinstance(answer, DomainMargin) and "domain" in names:
            known = self.found.get(names["domain"])
            if known is None or is_healthy(known):
                self.found[names["domain"]] = answer

    def effect(self, effect: Effect) -> None:
        """Nothing is to be noted."""

    def refused(self, refusal: Refusal) -> None:
        """Nothing is to be noted."""


def margins_of(expected: Expected) -> dict[DomainKey, DomainMargin]:
    """The margins that the rules looked at in an event, and those after it of all domains with positions."""
    margins, after = Margins(), expected.after
    apply(expected.before, expected.event, margins)
    return {domain: domain_margin(after, domain) for domain in after.positions_of} | margins.found


def told_domains(judged: Judged) -> tuple[DomainKey, ...]:
    """The domains that a first difference of decisions is about; of a lacked liquidation, the one that is nearest."""
    first, expected = judged.differences[0], judged.expected
    if first.kind == "liquidated":
        margins = margins_of(expected)
        right, given = ({*text.split(", ")} - {listed(())} for text in (first.expected, first.actual))
        if named := tuple(domain for domain in sorted(margins) if claim_name(domain) in right ^ given):
            return named
        held = [domain for domain, margin in margins.items() if margin.positions]
        return tuple(sorted(held, key=lambda one: margins[one].equity - margins[one].maintenance)[:1])
    heard, event, state = judged.heard, expected.event, expected.after
    if isinstance(expected.answer, Accepted) and isinstance(heard, Refused) and heard.reason in OF_MARGIN:
        parties = frozenset(getattr(event, name, "") for name in ACCOUNTS_OF_EVENTS)
        market = state.markets.get(getattr(event, "market", None) or "")
        asset = market.asset if market else getattr(event, "asset", "")
        return tuple(one for one in domains_near(state, parties) if one.asset == asset)
    return ()


def margins_text(judged: Judged) -> str:
    """Their equity and maintenance; empty if a difference is about no domain."""
    margins, state = margins_of(judged.expected), judged.expected.after
    return ", ".join(
        f"{claim_name(domain)}: {figures(state, domain, margins.get(domain) or domain_margin(state, domain))}"
        for domain in told_domains(judged)
    )


def figures(state: State, domain: DomainKey, margin: DomainMargin) -> str:
    """Equity and maintenance in units of the asset."""
    decimals = state.header.decimals(domain.asset)
    equity, maintenance = (shortest(one, decimals) for one in (margin.equity, margin.maintenance))
    return f"equity {equity} {domain.asset}, maintenance {maintenance} {domain.asset}"
