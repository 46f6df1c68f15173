"""The long campaign, run short: nothing is broken, it reaches all that it is aimed at, and says what breaks."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import campaign
from marginspec.model.effects import Receipt
from marginspec.model.events import Event
from marginspec_audit import Transition
from marginspec_engine.engine import OptimizedEngine
from marginspec_journal import open_journal
from worlds.tally import EXPECTED, Happened, missing

SEEDS = range(1, 37)
"""Three turns of all kinds of journals."""


def test_nothing_is_broken_and_all_is_reached(tmp_path: Path) -> None:
    happened: Happened = Counter()
    for seed in SEEDS:
        checked = campaign.check(seed, 1000, tmp_path)
        assert checked == campaign.Checked(seed, 1000, checked.happened, None)
        happened.update(checked.happened)
    assert missing(happened) == []
    assert {group for group, _ in happened} == set(EXPECTED)
    assert happened["takeover", "in round 3"] == 0, "SET-01: at most two rounds"


def test_another_receipt_is_told_and_the_journal_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answered, taken = OptimizedEngine.apply, Counter[str]()

    def lost(engine: OptimizedEngine, event: Event) -> Receipt:
        taken.update(["event"])
        return Receipt(None, ()) if taken["event"] == 3 else answered(engine, event)

    monkeypatch.setattr(OptimizedEngine, "apply", lost)
    checked = campaign.check(12, 60, tmp_path)
    assert checked == campaign.Checked(12, 3, checked.happened, "aimed-12.jsonl, event 3: INV-10: another receipt")
    assert len(list(open_journal(tmp_path / "aimed-12.jsonl"))) == 3


def test_a_broken_invariant_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def seventh(taken: Transition) -> list[str]:
        return ["it is the seventh"] if len(taken.after.accounts) == 7 else []

    monkeypatch.setitem(campaign.ON_EACH, "INV-11", seventh)
    checked = campaign.check(1, 60, tmp_path)
    assert checked.broken == f"glitches-1.jsonl, event {checked.events}: INV-11: it is the seventh"


def test_the_command_counts_and_says_where_to_go_on(tmp_path: Path) -> None:
    options = ["--journals", "3", "--events", "50", "--seed", "5", "--jobs", "1", "--kept", str(tmp_path)]
    ended = subprocess.run(
        [sys.executable, campaign.__file__, *options], capture_output=True, text=True, check=False, timeout=600
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    *counts, last = ended.stdout.splitlines()
    assert [line.split(":")[0] for line in counts] == list(EXPECTED)
    assert last == "seeds 5 to 7, 150 events, 0 journals are broken; next: --seed 8"
