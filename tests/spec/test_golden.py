"""Golden journals: every type of event and every reason of rejection, with receipts, hashes and final states."""

import json
from pathlib import Path

import pytest

from marginspec.model.rejections import Reason
from marginspec_conformance.generator.declared import EVENT_CLASSES
from marginspec_journal.receipts_reading import verify_chain
from marginspec_journal.states import opening, read_state, state_text
from marginspec_tools.runs.replay import Outputs, replay
from marginspec_tools.runs.running import Run
from worlds.golden import EVENTS, FOLDER, REJECTIONS, journals
from worlds.lines import journal_text

NAMES = sorted(journals())


def answers(name: str, tmp_path: Path) -> tuple[str, str]:
    """The receipts and the state that the rulebook gives now for a golden journal."""
    receipts, state = tmp_path / "receipts", tmp_path / "state"
    broken = replay(Run(FOLDER / f"{name}.jsonl"), Outputs(receipts, state), check=True)
    assert broken == []
    return receipts.read_text("utf-8"), state.read_text("utf-8")


@pytest.mark.rule("JRN-01", "INV-10")
@pytest.mark.parametrize("name", NAMES)
def test_receipts_and_state_are_as_reviewed(name: str, tmp_path: Path) -> None:
    assert answers(name, tmp_path) == (
        (FOLDER / f"{name}.receipts").read_text("utf-8"),
        (FOLDER / f"{name}.state").read_text("utf-8"),
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_file_is_the_journal_that_the_script_makes(name: str) -> None:
    assert (FOLDER / f"{name}.jsonl").read_text("utf-8") == journal_text(journals()[name])


@pytest.mark.rule("JRN-01")
@pytest.mark.parametrize("name", NAMES)
def test_receipts_are_chained(name: str) -> None:
    run = Run(FOLDER / f"{name}.jsonl")
    for _ in run:
        pass
    checked = verify_chain(run.journal.header, FOLDER / f"{name}.receipts")
    reached = run.reached()
    assert (checked.accepted, checked.rejected, checked.hash, checked.broken) == (
        reached.accepted,
        reached.rejected,
        reached.hash,
        None,
    )


@pytest.mark.rule("JRN-01")
@pytest.mark.parametrize("name", NAMES)
def test_a_state_read_back_goes_on_with_equal_receipts(name: str, tmp_path: Path) -> None:
    lines = journals()[name]
    half = len(lines) // 2
    first, second, saved = tmp_path / "a.jsonl", tmp_path / "b.jsonl", tmp_path / "half.state"
    first.write_text(journal_text(lines[: half + 1]), "utf-8")
    second.write_text(journal_text([lines[0], *lines[half + 1 :]]), "utf-8")
    replay(Run(first), Outputs(tmp_path / "a.receipts", saved), check=False)
    assert state_text(read_state(saved)) == saved.read_bytes()
    replay(Run(second, saved), Outputs(tmp_path / "b.receipts", tmp_path / "end.state"), check=False)
    receipts = (tmp_path / "a.receipts").read_text("utf-8") + (tmp_path / "b.receipts").read_text("utf-8")
    state = (tmp_path / "end.state").read_text("utf-8")
    assert (receipts, state) == (
        (FOLDER / f"{name}.receipts").read_text("utf-8"),
        (FOLDER / f"{name}.state").read_text("utf-8"),
    )


@pytest.mark.parametrize("reason", REJECTIONS)
def test_only_the_last_event_is_refused_and_for_its_reason(reason: str) -> None:
    receipts = (FOLDER / f"rejected_{reason.lower()}.receipts").read_text("utf-8").splitlines()
    reasons = [json.loads(line).get("rejected") for line in receipts]
    assert reasons == [*[None] * (len(receipts) - 1), reason]


def test_every_type_of_event_and_every_reason_is_there() -> None:
    assert {type(event) for happened in EVENTS.values() for event in happened} == set(EVENT_CLASSES)
    assert list(REJECTIONS) == [reason.value for reason in Reason]


def test_a_start_without_content_has_the_hash_of_the_header() -> None:
    run = Run(FOLDER / "list_market.jsonl")
    assert run.start == opening(run.state)
