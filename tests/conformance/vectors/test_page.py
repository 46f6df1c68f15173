"""The page about vectors: its whole runner in another language runs."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from marginspec_conformance.protocol.messages import Accepted
from marginspec_conformance.vectors import Vector, read_vectors
from marginspec_conformance.vectors.reading import suite_path

PAGE = Path(__file__).parents[3] / "docs" / "conformance" / "vectors.md"


def agrees_about_deposits(vector: Vector) -> bool:
    """Whether an engine without any limit of net deposits answers as the rulebook does."""
    return all(isinstance(one, Accepted) or one.reason == "INVALID_AMOUNT" for one in vector.answers)


def test_the_runner_of_the_page_runs(tmp_path: Path) -> None:
    if shutil.which("node") is None:
        pytest.fail("no node on this machine: apt-get install --no-install-recommends nodejs")
    [text] = re.findall(r"^```js\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert len(text.splitlines()) < 40
    program = tmp_path / "run.mjs"
    program.write_text(text, "utf-8")
    ended = subprocess.run(["node", program, suite_path()], capture_output=True, check=True, text=True, timeout=60)
    *told, counts = ended.stdout.splitlines()
    of_deposits, others = [], 0
    for vector in read_vectors():
        if {type(event).__name__ for event in vector.events} == {"Deposit"}:
            of_deposits.append(vector)
        else:
            others += 1
    wrong = [one for one in of_deposits if not agrees_about_deposits(one)]
    assert told == [f"{one.id}: {one.why}" for one in wrong]
    assert wrong
    right = {"agrees": len(of_deposits) - len(wrong), "differs": len(wrong), "skipped": others}
    assert json.loads(counts) == right
