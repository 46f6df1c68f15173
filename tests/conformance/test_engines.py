"""The specification as an engine: what it tells of each golden journal is what its receipts and its state say."""

import json
from pathlib import Path

import pytest

from marginspec_conformance.connectors.parsing import connector_of
from marginspec_conformance.connectors.session import Limits
from marginspec_conformance.doctor.example import QUESTION
from marginspec_conformance.protocol.messages import Accepted, Calculated, Changes, Refused, batch_digest
from marginspec_journal.canonical import JsonObject

GOLDEN = Path(__file__).parents[1] / "vectors" / "golden"
NAMES = sorted(path.stem for path in GOLDEN.glob("*.jsonl"))
ANNOTATIONS = ("ts", "ref", "observed")


def journal(name: str) -> tuple[JsonObject, list[JsonObject]]:
    header, *lines = map(json.loads, (GOLDEN / f"{name}.jsonl").read_text("utf-8").splitlines())
    return header, [{field: line[field] for field in line if field not in ANNOTATIONS} for line in lines]


def shortest(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def figures(state: JsonObject) -> dict[str, dict[str, str]]:
    quantities = {name: position["quantity"] for name, position in state["positions"].items()}
    found = {"ledger": state["ledger"], "positions": quantities, "claims": state["relief_claims"]}
    return {kind: {name: shortest(text) for name, text in held.items()} for kind, held in found.items()}


def put_together(changes: list[Changes]) -> dict[str, dict[str, str]]:
    held: dict[str, dict[str, str]] = {"ledger": {}, "positions": {}, "claims": {}}
    for change in changes:
        for kind, known in held.items():
            told = getattr(change, kind)
            assert not [name for name in told if known.get(name, "0") == told[name]], "only what differs is told"
            known.update(told)
    return {kind: {name: text for name, text in known.items() if text != "0"} for kind, known in held.items()}


@pytest.mark.parametrize("name", NAMES)
def test_a_golden_journal(name: str) -> None:
    header, events = journal(name)
    session = connector_of("py:marginspec_conformance.engines:specification").open(Limits(60, 60))
    session.configure(header)
    session.reset()
    answers = session.steps(events, "balances")
    state = session.state()
    assert state == json.loads((GOLDEN / f"{name}.state").read_bytes())
    assert isinstance(state, dict)
    assert put_together([one.changes for one in answers if isinstance(one, Accepted) and one.changes]) == figures(state)

    session.reset()
    assert session.digest(events, "balances") == batch_digest(answers)

    session.reset()
    half = len(events) // 2
    session.steps(events[:half], "verdict")
    middle = session.state()
    assert isinstance(middle, dict)
    session.reset(middle)
    assert session.steps(events[half:], "balances") == answers[half:]

    session.reset()
    receipts = [json.loads(line) for line in (GOLDEN / f"{name}.receipts").read_bytes().splitlines()]
    told = [
        Refused(one["rejected"], one["hash"]) if "rejected" in one else Accepted(hash=one["hash"]) for one in receipts
    ]
    assert session.steps(events, "receipts") == told


def test_decisions_are_in_the_order_of_the_effects() -> None:
    header, events = journal("levy")
    session = connector_of("py:marginspec_conformance.engines:specification").open(Limits(60, 60))
    session.configure(header)
    session.reset()
    answers = session.steps(events, "decisions")
    receipts = [json.loads(line) for line in (GOLDEN / "levy.receipts").read_bytes().splitlines()]
    for answer, receipt in zip(answers, receipts, strict=True):
        effects = receipt.get("effects", [])
        assert isinstance(answer, Accepted) == ("rejected" not in receipt)
        if isinstance(answer, Accepted):
            assert len(answer.levied or ()) == sum(one["type"] == "levy" for one in effects)
            assert len(answer.liquidated or ()) == sum(one["type"] == "liquidation" for one in effects)
            assert answer.changes is None
    assert any(isinstance(one, Accepted) and one.levied for one in answers)


def test_a_question() -> None:
    session = connector_of("py:marginspec_conformance.engines:specification").open(Limits(60, 60))
    assert session.calc(QUESTION) == Calculated({"maintenance": "250.00000000"})
