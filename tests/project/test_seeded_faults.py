"""Faults seeded by hand into copies of the rulebook, each of which the tests of the rules must catch.

A fault replaces one passage of one file. The tests run against the faulty copy in a process of their own
and must fail; against an unchanged copy they pass, so that a failure means that the fault was seen.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from marginspec_conformance.faults.by_hand import FAULTS, Fault

ROOT = Path(__file__).parents[2]
SPEC = ROOT / "spec" / "marginspec"
TESTS = [path for path in sorted((ROOT / "tests" / "spec").rglob("test_*.py")) if path.parent.name != "stateful"]
"""The tests of the rules, but for random and exhaustive journals: those take longer than all others."""


MOST_SECONDS = 600


def run_tests(copy: Path, files: list[Path]) -> subprocess.CompletedProcess[str]:
    """Run some tests of the rules against a copy of the rulebook."""
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    return subprocess.run(
        [*command, *map(str, files)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=MOST_SECONDS,
    )


def copy_of_rulebook(folder: Path) -> Path:
    """A copy of the rulebook's package in a folder of its own."""
    shutil.copytree(SPEC, folder / "marginspec", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def test_an_unchanged_copy_passes(tmp_path: Path) -> None:
    finished = run_tests(copy_of_rulebook(tmp_path), TESTS)
    assert finished.returncode == 0, finished.stdout


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name.replace(" ", "-"))
def test_a_seeded_fault_is_caught(fault: Fault, tmp_path: Path) -> None:
    path = copy_of_rulebook(tmp_path) / "marginspec" / fault.file
    source = path.read_text("utf-8")
    assert source.count(fault.right) == 1, f"{fault.file} has not exactly one {fault.right!r}"
    path.write_text(source.replace(fault.right, fault.wrong), "utf-8")
    own = ROOT / "tests" / "spec" / Path(fault.file).with_name(f"test_{Path(fault.file).name}")
    others = [path for path in TESTS if path != own]
    # Most are caught by the tests of their own file, which take a part of the time, and end where others may not.
    finished = run_tests(tmp_path, [own]) if own in TESTS else None
    if finished is None or finished.returncode == 0:
        finished = run_tests(tmp_path, others)
    assert finished.returncode == 1, f"not caught: {fault.name}\n{finished.stdout}"
