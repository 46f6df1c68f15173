"""The front page: its commands run in the order given, its links lead somewhere, its table names every command."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

from marginspec_tools.cli import COMMANDS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
COMMAND = re.compile(r"^\.venv/bin/marginspec (.+)$", re.MULTILINE)
UNDECIDED = {"conform run": 4, "audit day.jsonl": 4}
"""Commands that end with another code than 0 on the page: an adapter that has nothing yet, a day without `observed`."""
LINK = re.compile(r"\]\(([^)#]+)\)")
CODE = re.compile(r"`[^`\n]*`")
"""Code in a line, where brackets are no link; a link's own text may be code."""


def test_the_commands_run_in_order(tmp_path: Path) -> None:
    commands = [line.partition("#")[0] for line in COMMAND.findall(README)]
    assert len(commands) == 7
    for arguments in commands:
        line = [sys.executable, "-m", "marginspec_tools.cli", *shlex.split(arguments)]
        finished = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False)
        expected = UNDECIDED.get(" ".join(arguments.split()[:2]), 0)
        assert (finished.returncode, finished.stderr) == (expected, ""), arguments
        assert finished.stdout


def test_every_link_of_every_page_leads_to_a_file() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    broken = [
        (page.relative_to(ROOT).as_posix(), link)
        for page in pages
        for link in LINK.findall(CODE.sub("", page.read_text("utf-8")))
        if "://" not in link and not (page.parent / link).exists()
    ]
    assert broken == []


def test_the_table_names_every_command() -> None:
    assert re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE) == list(COMMANDS)
