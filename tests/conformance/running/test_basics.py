"""An engine that has the basic events alone, and a fault that a beginner makes: `run` finds it all the same.

Such an engine is not asked vectors that need funding, a chosen leverage or an order, which show most faults of figures.
"""

from collections import Counter
from contextlib import nullcontext

import attrs
import pytest
from click.testing import CliRunner, Result

from marginspec.model.events import Event
from marginspec.transition import SpecificationEngine
from marginspec_conformance.command import command
from marginspec_conformance.engines import RulebookAdapter
from marginspec_conformance.faults.catalogue import AnyFault, fault_named
from marginspec_conformance.faults.planting import planted, text_of
from marginspec_conformance.protocol.messages import Answer, Hello, Unsupported, Want
from marginspec_conformance.vectors import vectors_of
from marginspec_conformance.vectors.making import event_json
from marginspec_journal.canonical import JsonObject

EVENTS = frozenset({"list_market", "deposit", "mark_price", "trade", "withdraw", "fund_insurance"})
TRADING = "handlers/trading.py"
FEE_OF_A_CLOSE = "pay_fee(transaction, market, leg)\n        negative_cash"
OF_TRADES = {
    "a trade that closes has no fee": (FEE_OF_A_CLOSE, "negative_cash"),
    "a trade that leaves nothing open has no fee": (
        FEE_OF_A_CLOSE,
        f"if leg.key in transaction.positions:\n            {FEE_OF_A_CLOSE}",
    ),
    "a flip has a fee for each of its parts": (
        "        if closing == 0:\n            pay_fee(transaction, market, leg)",
        "        pay_fee(transaction, market, leg)",
    ),
    "a maker has no fee": ("market.fees.taker_fee, market.fees.maker_fee", "market.fees.taker_fee, Rate(0)"),
    "a fee is of the value at mark": ("trade_fee(value, rate)", "trade_fee(market.at_mark(FLAT + 1), rate)"),
}
"""Faults of trades that the catalogue does not have: a passage of their rules, and what stands in its place."""
FOUND_BY = {
    **dict.fromkeys(("a fee rounds down", *OF_TRADES), "TRD-01"),
    "maintenance drops the deduction": "MRG-04",
    "deductions do not accumulate": "MRG-04",
    "maintenance rounds down": "MRG-04",
    "initial margin ignores the tier's leverage": "MRG-02",
    "initial margin may equal maintenance": "MRG-02",
    "released cost rounds down": "ACC-02",
}
"""By fault, the clause whose vectors show it."""


class Basics(RulebookAdapter):
    """The specification with the basic events alone, and with a fault if there is one."""

    fault: AnyFault | None = None

    def hello(self) -> Hello:
        return attrs.evolve(super().hello(), level=4, capabilities=frozenset())

    def step(self, event: JsonObject, want: Want) -> Answer:
        if event["type"] not in EVENTS:
            return Unsupported(event["type"])
        with self.fault.grown() if self.fault else nullcontext():
            return super().step(event, want)


def basics() -> Basics:
    """An engine of the basic events."""
    return Basics("basics", SpecificationEngine)


def fault_of(name: str) -> AnyFault:
    """The fault of a name: of the catalogue, or one of those here, whose passage stands in one place."""
    if name not in OF_TRADES:
        return fault_named(name)
    text, (right, wrong) = text_of(TRADING), OF_TRADES[name]
    assert text.count(right) == 1
    return planted(name, name, TRADING, text.replace(right, wrong))


def run(*arguments: str) -> Result:
    """What a run comes to."""
    return CliRunner().invoke(command, ["run", *arguments, "-e", f"py:{__name__}:basics"])


@pytest.mark.parametrize(("name", "clause"), FOUND_BY.items())
def test_a_fault_is_found(name: str, clause: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Basics, "fault", fault_of(name))
    ended = run(clause, "--fail-fast")
    assert ended.exit_code == 1, ended.output


def test_an_engine_without_a_fault_holds_and_how_little_it_was_asked_is_said() -> None:
    clauses = sorted(set(FOUND_BY.values()))
    ended = run(*clauses)
    assert ended.exit_code == 0, ended.output
    chosen = list(vectors_of(clauses))
    count = Counter(one.clause for one in chosen)
    asked = Counter(one.clause for one in chosen if not one.flags and EVENTS.issuperset(map(type_of, one.events)))
    in_part = [
        f"{clause} {asked[clause]} of {count[clause]}" for clause in sorted(asked) if asked[clause] < count[clause]
    ]
    assert set(clauses) <= set(asked)
    assert ended.output.splitlines()[-2:] == [
        f"  passed only in part: {', '.join(in_part)}",
        f"  nothing was decided of {', '.join(sorted(set(count) - set(asked)))}",
    ]


def type_of(event: Event) -> str:
    """An event's type, as a journal has it."""
    return str(event_json(event)["type"])
