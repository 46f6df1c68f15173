"""What tests of venues' files do: write files, run `check`, and read its rows."""

import json
import shlex
from pathlib import Path
from typing import Any

import attrs
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


@attrs.frozen
class Imported:
    """What `import` wrote of a state and a journal: its notes, the audit that it names, and the journal's last line."""

    notes: list[str]
    audit: str
    last: dict[str, Any]


def imported(venue: str, *files: Path, state: Path, journal: Path) -> Imported:
    """Import a state and a journal."""
    words = ["import", venue, *map(str, files), "--state", str(state), "--journal", str(journal), "--json"]
    found = CliRunner().invoke(marginspec, words)
    assert found.exit_code == 0, found.output
    told = json.loads(found.stdout)
    *_, last = journal.read_text("utf-8").splitlines()
    return Imported(told["notes"], told["audit"], json.loads(last))


def audited(line: str, folder: Path) -> list[tuple[str, str, str | None, str]]:
    """What the audit that `import` names finds, its report below a folder: clause, figure, expected, observed."""
    report = folder / "report"
    program, *words = shlex.split(line)
    assert program == "marginspec"
    words[words.index("report/")] = str(report)
    found = CliRunner().invoke(marginspec, [*words, "--force"])
    assert found.exit_code in (0, 1), found.output
    findings = [json.loads(line) for line in (report / "findings.jsonl").read_text("utf-8").splitlines()]
    return [(one["clause"], one["what"], one["expected"], one["observed"]) for one in findings]


def written(folder: Path, **documents: Any) -> list[Path]:
    """Files of JSON, by name."""
    paths = []
    for name, document in documents.items():
        path = folder / f"{name}.json"
        path.write_text(document if isinstance(document, str) else json.dumps(document), "utf-8")
        paths.append(path)
    return paths
