"""The plugin for pytest: vectors as tests, which the engine passes, fails or leaves out, and the fixture `engine`."""

import os
import re
import subprocess
import sys
from pathlib import Path

from marginspec.registry import sentence_of
from marginspec_conformance.vectors import vectors_of
from marginspec_conformance.vectors.reading import suite_manifest

PLUGIN = ("-p", "marginspec_conformance.pytest_plugin", "-p", "no:cacheprovider")
SPECIFICATION = "py:marginspec_conformance.engines:specification"
SMOKE = len(suite_manifest()["smoke"])


def told(folder: Path, *arguments: str) -> tuple[int, list[str]]:
    """The exit code of pytest in a folder, and what it printed, without times."""
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", *PLUGIN, *arguments],
        cwd=folder,
        env={**os.environ, "COLUMNS": "80", "PYTEST_ADDOPTS": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.stderr == ""
    return ended.returncode, re.sub(r" in \d+\.\d\ds", "", ended.stdout).splitlines()


def test_each_vector_passes_with_the_specification(tmp_path: Path) -> None:
    code, lines = told(tmp_path, "--marginspec-engine", SPECIFICATION, "--marginspec-smoke", "--marginspec-level", "4")
    assert (code, f"collected {SMOKE} items" in lines) == (0, True)
    assert lines[-1].strip("= ") == f"{SMOKE} passed"


def test_what_an_engine_leaves_out_is_skipped(tmp_path: Path) -> None:
    engine = "py:marginspec_conformance.adapter:Adapter"
    code, lines = told(
        *(tmp_path, "--marginspec-engine", engine, "--marginspec-smoke", "--marginspec-level", "2"), "-q", "-rs"
    )
    reasons = [line.partition(": ")[2] for line in lines if line.startswith("SKIPPED")]
    # Nothing was decided, which is no success.
    assert (code, lines[-1]) == (5, f"{SMOKE} skipped")
    assert f"nothing was decided: {SMOKE} vectors were skipped, and none passed" in lines
    assert {"skipped: needs list_market", "skipped: needs no_levy"} <= set(reasons)
    assert [reason for reason in reasons if not re.fullmatch(r"skipped: needs \w+", reason)] == []


def test_what_differs_is_told_as_a_story(tmp_path: Path) -> None:
    engine = "fault:a domain at its maintenance margin is healthy"
    [vector] = [one for one in vectors_of() if one.id.startswith("MRG-05/equal-by-funding/")]
    code, lines = told(
        tmp_path, "--marginspec-engine", engine, "--marginspec-smoke", "-q", "-k", "equal-by-funding", "-rN"
    )
    assert (code, lines[2].strip("_ "), lines[-1].partition(",")[0]) == (1, vector.id, "1 failed")
    clause, slug, folder = vector.id.split("/")
    journal = f"{folder}/{clause}/{slug}-{folder}.jsonl"
    assert lines[3:-1] == [
        "event 6 (funding): liquidated: expected alice:USD, the engine says nobody",
        'asked: {"type": "funding", "market": "A", "rate": "0.1"}',
        f"clause LIQ-01: {sentence_of('LIQ-01')}",
        "by the rulebook: alice:USD: equity 10 USD, maintenance 10 USD",
        "also: positions alice:A:BOTH: expected 0, the engine says 1 (unchanged)",
        "also: ledger lot:1: expected -90, the engine says 0 (unchanged)",
        "also: ledger position:alice:A:BOTH: expected 0, the engine says -100 (unchanged)",
        "also: ledger wallet:alice:USD: expected 0, the engine says 10",
        "not affected: the verdict, deleveraged, levied, 1 of 4 changes of ledger",
        "candidate faults: not sought; `run --explain` seeks them",
        f"explain: marginspec vectors export {folder} {vector.id} && marginspec explain {journal} 6",
        f"again: marginspec conform run {vector.id} -e '{engine}' --level 4",
    ]


def test_vectors_are_chosen_by_clause(tmp_path: Path) -> None:
    code, lines = told(
        tmp_path, "--marginspec-engine", SPECIFICATION, "--marginspec-smoke", "-q", "-k", "LIQ-01", "--co"
    )
    assert code == 0
    chosen = [line for line in lines if re.fullmatch(r"[A-Z]{3}-\d\d/.*", line)]
    assert chosen == [one.id for one in vectors_of(["LIQ-01"], smoke=True)]


def test_an_engine_that_fails_again_and_again_is_asked_no_more(tmp_path: Path) -> None:
    code, lines = told(
        tmp_path, "--marginspec-engine", f"exec:{sys.executable} -c 1", "--marginspec-smoke", "-q", "-rN"
    )
    why = "the engine failed: exited: it ended with exit code 0 before it answered"
    assert (code, [line for line in lines if line.startswith("the engine")]) == (1, [why] * 3)
    assert [line.strip("! ") for line in lines[-2:]] == ["the engine failed at 3 vectors in a row", "3 failed"]


def test_an_engine_that_nobody_can_reach_ends_the_tests(tmp_path: Path) -> None:
    code, lines = told(tmp_path, "--marginspec-engine", "nothing:like this", "--marginspec-smoke", "-q", "-rN")
    why = (
        "nothing:like this: expected exec:COMMAND, py:MODULE:FACTORY, http://127.0.0.1:PORT, attach:PORT or "
        "journal:FILE"
    )
    assert (code, [line.strip("! ") for line in lines[-3:]]) == (1, [why, why, "1 failed"])


MINE = """
from marginspec_conformance.protocol.messages import Accepted, Refused


def test_money_arrives(engine):
    assert engine.hello.name == "marginspec specification"
    engine.configure({"journal": 1, "rulebook": "2", "profile": "reserve", "assets": {}})
    engine.reset()
    deposit = {"type": "deposit", "account": "alice", "asset": "USDT", "amount": "5"}
    withdrawal = {"type": "withdraw", "account": "alice", "asset": "USDT", "amount": "6"}
    assert engine.steps([deposit, withdrawal], "verdict") == [Accepted(), Refused("INSUFFICIENT_BALANCE")]


def test_nothing_is_left_of_another_test(engine):
    assert engine.state()["ledger"] == {}
"""


def test_the_fixture_talks_to_the_engine(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(MINE, "utf-8")
    code, lines = told(
        tmp_path, "--marginspec-engine", SPECIFICATION, "--marginspec-smoke", "-q", "-k", "test_mine", "-rN"
    )
    assert (code, lines[-1].partition(",")[0]) == (0, "2 passed")
    code, lines = told(tmp_path, "-q", "-rs")
    assert (code, lines[-2:]) == (0, ["SKIPPED [1] test_mine.py:14: no --marginspec-engine", "2 skipped"])
