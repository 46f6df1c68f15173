"""The page on checking an account: its commands run on the files that it names, and say what it shows."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from marginspec_tools.cli import marginspec
from worlds.venue_files import VECTORS

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "check-an-account.md").read_text("utf-8")
COMMANDS = re.findall(r"^marginspec (.+)$", PAGE, re.MULTILINE)
(SHOWN,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)


def test_the_commands_run_and_say_what_the_page_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("positions", "account", "config", "brackets"):
        shutil.copy(VECTORS / "binance" / f"cross-{name}.json", tmp_path / f"{name}.json")
    monkeypatch.chdir(tmp_path)
    outputs = [CliRunner().invoke(marginspec, shlex.split(command)) for command in COMMANDS]
    assert [output.exit_code for output in outputs] == [0] * 6
    # The page's own audit is the one that import names.
    assert outputs[1].stdout.splitlines()[-1] == f"audit: marginspec {COMMANDS[2]}"
    assert outputs[0].stdout.strip("\n") == SHOWN.strip("\n")
