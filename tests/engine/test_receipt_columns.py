"""Receipts as columns say what the specification's lines say, row by row."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from marginspec_journal import write_lines
from marginspec_tools import cli
from marginspec_tools.runs.running import Run
from marginspec_tools.simulate import generate, mixed
from worlds.golden import FOLDER

LISTING = ("market_listed", "tiers_updated", "fees_updated", "limits_updated")
MODES = {"position_mode": "position_mode", "margin_mode": "margin_mode"}
JOURNALS = sorted([*FOLDER.glob("*.jsonl"), *(FOLDER.parent / "witnesses").glob("*.jsonl")])


def replay(*arguments: object) -> Result:
    """What the command answers."""
    return CliRunner().invoke(cli.marginspec, ["replay", *(str(one) for one in arguments)])


def expected_rows(journal: Path) -> list[dict[str, Any]]:
    """The specification's receipts, a row an effect or rejection."""
    rows = []
    for step in Run(journal):
        receipt = json.loads(step.chained.canonical)
        if "rejected" in receipt:
            rows.append({"seq": receipt["seq"], "type": "rejected", "rejected": receipt["rejected"]})
        rows += [{"seq": receipt["seq"], **columns_of(effect)} for effect in receipt.get("effects", ())]
    return rows


def columns_of(effect: dict[str, Any]) -> dict[str, Any]:
    """An effect's fields as columns name them."""
    if effect["type"] in LISTING:
        return {"type": effect["type"], "market": effect["market"]}
    if effect["type"] in MODES:
        effect[MODES[effect["type"]]] = effect.pop("mode")
    if effect["type"] == "order_placed" and effect.pop("side") == "sell":
        effect["quantity"] = f"-{effect['quantity']}"
    return effect


def shown(value: Any) -> Any:
    """A column's value as the wire states it, without zeros at its end."""
    if isinstance(value, str | bool | int):
        return shortened(value) if isinstance(value, str) else value
    return shortened(format(value, "f"))


def shortened(text: str) -> str:
    """A decimal without zeros at its end; any other text as it is."""
    return text.rstrip("0").rstrip(".") if "." in text and text.replace(".", "").strip("-").isdecimal() else text


def found_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a file, without what is null."""
    rows = pq.read_table(path).to_pylist()
    return [{name: shown(value) for name, value in row.items() if value is not None} for row in rows]


def without_order_signs(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows in which what is left of an order has no sign, since lines of receipts state none."""
    signless = [
        {**row, "quantity": row["quantity"].lstrip("-")} if row["type"] == "order_reduced" else row for row in rows
    ]
    return [{name: shown(value) for name, value in row.items()} for row in signless]


@pytest.mark.parametrize("path", JOURNALS, ids=lambda path: path.stem)
def test_columns_of_a_journal(path: Path, tmp_path: Path) -> None:
    written = tmp_path / "receipts.parquet"
    assert replay(path, "--receipts", written).exit_code == 0
    assert without_order_signs(found_rows(written)) == without_order_signs(expected_rows(path))


def test_columns_of_a_generated_journal(tmp_path: Path) -> None:
    parameters = mixed(accounts=50, following=1200, seed=21)
    path, written = tmp_path / "mixed.jsonl", tmp_path / "receipts.parquet"
    write_lines(path, parameters.header, generate(parameters))
    outcome = replay(path, "--receipts", written, "--json")
    assert outcome.exit_code == 0
    assert without_order_signs(found_rows(written)) == without_order_signs(expected_rows(path))
    assert json.loads(outcome.stdout)["hash"] == json.loads(replay(path, "--json", "--engine", "spec").stdout)["hash"]


def test_only_the_fast_engine_writes_columns(tmp_path: Path) -> None:
    outcome = replay(JOURNALS[0], "--receipts", tmp_path / "receipts.parquet", "--engine", "spec")
    assert outcome.exit_code == cli.WRONG_INPUT
    assert "receipts as Parquet are written by --engine fast, without --check" in outcome.stderr
    assert list(tmp_path.iterdir()) == []
