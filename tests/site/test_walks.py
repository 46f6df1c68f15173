"""The pages on reading a proof and on changing a rule: each is walked, and says what its commands and examples say."""

import doctest
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOW_TO = ROOT / "docs" / "how-to"
WALKS = ("read-a-proof.md", "change-a-rule.md")
BLOCK = re.compile(r"^ *```(sh|text)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def clone(folder: Path) -> None:
    """What a walk begins with: the rules, and the environment that is made for them."""
    shutil.copytree(ROOT / "spec", folder / "spec", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / ".venv").symlink_to(sys.prefix)


def missing(shown: str, printed: str) -> list[str]:
    """The parts of what a page shows that do not follow each other in what was printed; it leaves out what is `…`."""
    lacking = []
    for part in re.split(r"^…\n", shown, flags=re.MULTILINE):
        _, found, printed = printed.partition(part.rstrip("\n"))
        lacking += [] if found else [part]
    return lacking


@pytest.mark.parametrize("page", WALKS)
def test_commands_print_what_the_page_shows(page: str, tmp_path: Path) -> None:
    clone(tmp_path)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    printed, commands = "", 0
    for kind, text in BLOCK.findall((HOW_TO / page).read_text("utf-8")):
        if kind == "text":
            assert missing(text, printed) == [], printed
        else:
            line = ["bash", "-euc", text]
            ended = subprocess.run(line, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
            assert (ended.returncode, ended.stderr) == (0, ""), text
            printed, commands = ended.stdout, commands + text.count("marginspec ")
    assert commands >= 4


def test_examples_of_the_proof_say_what_they_show() -> None:
    page = (HOW_TO / "read-a-proof.md").read_text("utf-8")
    examples = doctest.DocTestParser().get_doctest(page, {}, "read-a-proof", None, 0)
    told: list[str] = []
    results = doctest.DocTestRunner(verbose=False).run(examples, out=told.append)
    assert (results.failed, told) == (0, [])
    assert results.attempted == 11


def test_what_a_walk_cites_of_the_clause_is_its_text() -> None:
    page, clause = (
        (HOW_TO / "read-a-proof.md").read_text("utf-8"),
        (ROOT / "docs/rulebook/06-liquidation.md").read_text("utf-8"),
    )
    (formula,) = re.findall(r"clearance fee of `([^`]*)`", page)
    assert f"`clearance fee = {formula}`" in clause
