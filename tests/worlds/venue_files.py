"""What tests of venues' files do: write files, run `check`, and read its rows."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from marginspec_journal import InputError
from marginspec_tools.cli import marginspec

VECTORS = Path(__file__).parents[1] / "vectors" / "venues"

Rows = list[tuple[str, str, str, str, str]]


def check(venue: str, *files: Path, code: int = 0) -> tuple[Rows, dict[str, Any]]:
    """The rows of `check`, each as (of, field, shown, exact, verdict), and the summary."""
    found = CliRunner().invoke(marginspec, ["check", venue, *map(str, files), "--json"])
    assert found.exit_code == code, found.output
    *rows, summary = map(json.loads, found.stdout.splitlines())
    return [tuple(row[name] for name in ("place", "field", "shown", "exact", "verdict")) for row in rows], summary


def whys(venue: str, *files: Path, code: int = 0) -> dict[str, str]:
    """Why fields have their verdicts, by field, where `check` says it."""
    found = CliRunner().invoke(marginspec, ["check", venue, *map(str, files), "--json"])
    assert found.exit_code == code, found.output
    rows = list(map(json.loads, found.stdout.splitlines()))[:-1]
    return {row["field"]: row["why"] for row in rows if row["why"]}


def refusal(venue: str, *files: Path) -> str:
    """What `check` says of input that it refuses, without the folder of the file."""
    found = CliRunner().invoke(marginspec, ["check", venue, *map(str, files)])
    assert isinstance(found.exception, InputError), found.output
    return str(found.exception).replace(f"{files[0].parent}/", "")


def written(folder: Path, **documents: Any) -> list[Path]:
    """Files of JSON, by name."""
    paths = []
    for name, document in documents.items():
        path = folder / f"{name}.json"
        path.write_text(document if isinstance(document, str) else json.dumps(document), "utf-8")
        paths.append(path)
    return paths
