"""The long comparison of both engines, run short: it finds nothing, and says where something differs."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

import equality
from marginspec.model.effects import Receipt
from marginspec.model.events import Deposit, Event
from marginspec_conformance.generator.journals import KINDS, kind_of
from marginspec_engine.engine import OptimizedEngine
from marginspec_journal import open_journal
from marginspec_tools.runs.fast_running import FastRun
from marginspec_tools.runs.running import Run
from worlds.tally import EXPECTED


@pytest.mark.parametrize("kind", KINDS)
def test_a_journal_of_each_kind_is_equal(kind: str, tmp_path: Path) -> None:
    compared = equality.compare(kind, 5, 300, tmp_path)
    assert compared == equality.Compared(kind, 5, 300, compared.happened, compared.hash, None)
    assert equality.compare(kind, 5, 300, tmp_path) == compared
    assert list(tmp_path.iterdir()) == []
    assert len(compared.happened) > 5


def test_a_difference_of_a_receipt_is_told_and_its_journal_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered, deposits = OptimizedEngine.apply, Counter[str]()

    def lost(engine: OptimizedEngine, event: Event) -> Receipt:
        receipt = answered(engine, event)
        deposits.update([type(event).__name__])
        return Receipt(None, ()) if isinstance(event, Deposit) and deposits["Deposit"] == 3 else receipt

    monkeypatch.setattr(OptimizedEngine, "apply", lost)
    compared = equality.compare("aimed", 5, 300, tmp_path)
    kept = open_journal(tmp_path / "aimed-5.jsonl")
    *_, last = kept
    assert isinstance(last.event, Deposit)
    assert compared.difference == f"receipt of event {compared.events}, {last.event}"
    assert compared.events == deposits.total()


def test_a_difference_of_a_hash_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def changed(run: FastRun) -> Iterator[bytes]:
        lines = b"".join(taken(run)).splitlines(keepends=True)
        yield from [*lines[:-1], lines[-1].replace(b'"hash":"', b'"hash":"0')]

    taken = FastRun.__iter__
    monkeypatch.setattr(FastRun, "__iter__", changed)
    compared = equality.compare("mixed", 5, 300, tmp_path)
    *_, last = Run(tmp_path / "mixed-5.jsonl")
    line = last.chained.line() + b"\n"
    found = line.replace(b'"hash":"', b'"hash":"0')
    assert compared.difference == f"line 300: {found!r} is not {line!r}"


def test_the_command_counts(tmp_path: Path) -> None:
    options = ["--journals", "4", "--events", "120", "--seed", "9", "--kept", str(tmp_path)]
    ended = subprocess.run(
        [sys.executable, equality.__file__, *options], capture_output=True, text=True, check=False, timeout=600
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    *counts, digest, counted = ended.stdout.splitlines()
    assert [line.split(":")[0] for line in counts] == list(EXPECTED)
    hashes = "".join(equality.compare(kind_of(seed), seed, 120, tmp_path).hash for seed in range(9, 13))
    assert digest == f"SHA-256 of the journals' last hashes: {sha256(hashes.encode()).hexdigest()}"
    assert counted == "4 journals, seeds 9 to 12, 480 events: 0 are not equal"
    assert list(tmp_path.iterdir()) == []
