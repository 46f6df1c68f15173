"""The page on files and commands: its examples run, its tables name what there is."""

import json
import re
from pathlib import Path

from click.testing import CliRunner

from marginspec.model.rejections import Reason
from marginspec_journal.names_table import RANGES
from marginspec_tools.cli import COMMANDS, marginspec

FOLDER = Path(__file__).parents[2] / "docs" / "rulebook"
PAGE = (FOLDER / "11-wire.md").read_text("utf-8")
EVENT, STATE = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)


def test_the_state_from_tables_is_one_and_the_observed_event_agrees(tmp_path: Path) -> None:
    opening, day = tmp_path / "opening.json", tmp_path / "day.jsonl"
    opening.write_text(STATE, "utf-8")
    day.write_text(f"{json.dumps(json.loads(STATE)['header'])}\n{EVENT}", "utf-8")
    checked = CliRunner().invoke(marginspec, ["replay", str(day), "--from", str(opening), "--check", "--json"])
    totals = json.loads(checked.stdout)
    assert (totals["accepted"], totals["rejected"], totals["invariants"]) == (1, 0, "hold")
    report = tmp_path / "report"
    audited = CliRunner().invoke(
        marginspec, ["audit", str(day), "--from", str(opening), "--report", str(report), "--json"]
    )
    summary = json.loads(audited.stdout)
    assert summary["verdict"] == "holds"
    compared = {kind: counts["equal"] for kind, counts in summary["coverage"]["kinds"].items()}
    assert compared == {"verdict": 1, "balance": 1, "quantity": 1, "setting": 1, "price": 2, "margin": 3, "mark": 1}
    assert summary["coverage"]["values"] == sum(compared.values())
    assert summary["assets"]["USDT"] == {
        "net_deposits": "9320.00",
        "insurance": "300.00",
        "relief": "0.00",
        "house": "20.00",
        "uncovered": "0.00",
    }


def test_a_missing_table_is_named_by_what_it_lacks(tmp_path: Path) -> None:
    stated = json.loads(STATE)
    del stated["ledger"]["house:USDT"]
    opening, day = tmp_path / "opening.json", tmp_path / "day.jsonl"
    opening.write_text(json.dumps(stated), "utf-8")
    day.write_text(f"{json.dumps(stated['header'])}\n", "utf-8")
    refused = CliRunner().invoke(marginspec, ["replay", str(day), "--from", str(opening)])
    assert refused.exit_code == 1
    said = "INV-01 broken in the state at the start: balances do not sum to zero, USDT: -20.00"
    assert refused.stdout.splitlines()[-1] == said


def test_the_table_of_commands_names_every_command() -> None:
    table = PAGE[PAGE.index("## Commands") : PAGE.index("`--help` behind")]
    assert re.findall(r"^\| `(\w+)[ `]", table, re.MULTILINE) == list(COMMANDS)


def test_the_reasons_are_those_of_the_rulebook_in_their_order() -> None:
    table = PAGE[PAGE.index("## Reasons of rejection") : PAGE.index("## Receipts")]
    assert re.findall(r"^\| ([A-Z_]+) \|", table, re.MULTILINE) == [reason.value for reason in Reason]


def test_the_appendix_has_the_characters_of_names() -> None:
    text = (FOLDER / "names.md").read_text("utf-8")
    assert text[text.index("00AA") :].split() == RANGES.split()
