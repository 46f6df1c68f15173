"""The optimized engine's steps, whose states follow from its receipts, are the specification's; and what is refused."""

import re
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from marginspec.model.effects import Receipt
from marginspec.model.state import State
from marginspec.transition import apply
from marginspec_conformance.generator.journals import KINDS
from marginspec_engine.batches.event_columns import EventRows
from marginspec_engine.batches.running import BatchRun
from marginspec_journal import Record, write_journal
from marginspec_journal.states import OpenedState
from marginspec_tools.console import EngineCrash
from marginspec_tools.runs import FollowedRun, Run, Step, followed, followed_run
from worlds.golden import FOLDER

JOURNALS = sorted((*FOLDER.glob("*.jsonl"), *(FOLDER.parent / "cases").glob("*.jsonl")))
LEVY = FOLDER / "levy.jsonl"
HASH = "[0-9a-f]{64}"
EVENTS = 250


def compare(path: Path, sample: int, whole: int) -> None:
    """All steps are equal, and where both runs come to."""
    run, expected = FollowedRun(path, sample=sample, whole=whole), Run(path)
    assert list(run) == list(expected)
    assert run.so_far() == expected.so_far()


def test_the_specifications_steps() -> None:
    for path in JOURNALS:
        compare(path, 10_000, 3)


@pytest.mark.parametrize("kind", KINDS)
def test_the_specifications_steps_of_random_journals(kind: str, tmp_path: Path) -> None:
    header, choose = KINDS[kind](5, EVENTS)

    def records() -> Iterator[Record]:
        state = State(header=header)
        for number in range(EVENTS):
            event = choose(state)
            state, _ = apply(state, event)
            yield Record(number, event)

    write_journal(tmp_path / "random.jsonl", header, records())
    compare(tmp_path / "random.jsonl", 40, 100)


def crash_of(run: FollowedRun) -> tuple[str, list[Step]]:
    """What is said of an engine of ours that is wrong, and the steps before that."""
    steps: list[Step] = []
    with pytest.raises(EngineCrash) as crash:
        steps.extend(run)
    return str(crash.value), steps


def test_a_state_that_does_not_follow_is_the_engines_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(before: State, receipt: Receipt) -> State:
        return attrs.evolve(followed(before, receipt), next_lot=7)

    monkeypatch.setattr(followed_run, "followed", forgetful)
    told = "the engine fast gave receipts from which another state follows than it has; please report it as a bug"
    assert crash_of(FollowedRun(LEVY, sample=3))[0] == f"{LEVY}:4: {told}"
    assert crash_of(FollowedRun(LEVY, sample=10_000))[0] == f"{LEVY}: {told}"


def test_receipts_that_no_state_follows_from_are_the_engines_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(before: State, receipt: Receipt) -> State:
        assert len(before.accounts) < 2
        return followed(before, receipt)

    monkeypatch.setattr(followed_run, "followed", refusing)
    told, steps = crash_of(FollowedRun(LEVY))
    line = next(step.record.line for step in Run(LEVY) if len(step.transition.before.accounts) == 2)
    reason = "the engine fast gave a receipt that does not follow from the state before it; please report it as a bug"
    assert (told, len(steps)) == (f"{LEVY}:{line}: {reason}", line - 2)


def test_another_answer_the_second_time_is_the_engines_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    original, beside, take = followed_run.run_beside, list[BatchRun](), BatchRun.take

    def second(run: BatchRun, opened: OpenedState) -> BatchRun:
        beside.append(original(run, opened))
        return beside[0]

    def forgetful(run: BatchRun, rows: EventRows) -> bytes:
        """Leave out the last event, if it is the second run."""
        return take(run, rows.until(len(rows.words) - (run in beside)))

    monkeypatch.setattr(followed_run, "run_beside", second)
    monkeypatch.setattr(BatchRun, "take", forgetful)
    told, _ = crash_of(FollowedRun(LEVY, sample=4))
    reason = (
        f"the engine fast gave other receipts the second time, of hash {HASH}, not {HASH}; please report it as a bug"
    )
    assert re.fullmatch(f"{re.escape(str(LEVY))}:5: {reason}", told)


def test_receipts_of_another_hash_are_the_engines_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BatchRun, "hash", property(lambda _: "0" * 64))
    told, _ = crash_of(FollowedRun(LEVY, sample=4))
    reason = f"the engine fast gave receipts of which the hash is {HASH}, not {'0' * 64}; please report it as a bug"
    assert re.fullmatch(f"{re.escape(str(LEVY))}:5: {reason}", told)


def test_the_steps_before_a_crash_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    original = BatchRun.take

    def take(self: BatchRun, rows: EventRows) -> bytes:
        if self.events + len(rows.words) < 5:
            return original(self, rows)
        original(self, rows.until(4 - self.events))
        raise RuntimeError

    monkeypatch.setattr(BatchRun, "take", take)
    told, steps = crash_of(FollowedRun(LEVY, sample=10_000))
    assert told == f"{LEVY}:6: the engine fast crashed on this event; please report it as a bug"
    assert steps == list(Run(LEVY))[:4]
