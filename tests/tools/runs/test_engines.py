"""The engine that a replay takes by itself, the size that it is chosen by, and word of the compiler's work."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from marginspec_journal import open_journal, write_journal
from marginspec_tools.cli import COMMANDS
from marginspec_tools.runs import engines
from marginspec_tools.runs.engines import CompilerProgress
from marginspec_tools.runs.journal_size import estimated_events
from worlds.golden import FOLDER, HEADER, deposit
from worlds.lines import journal_text

LEVY = FOLDER / "levy.jsonl"


def deposits(path: Path) -> Path:
    """A journal of 5,000 deposits."""
    path.write_text(journal_text([HEADER, *[deposit("alice", "1")] * 5_000]), "utf-8")
    return path


def test_a_small_journal_never_waits_for_the_compiler() -> None:
    words = [sys.executable, "-c", NO_NUMBA, "replay", str(LEVY), "--json"]
    done = subprocess.run(words, capture_output=True, timeout=60, check=True)
    assert json.loads(done.stdout)["engine"] == "spec"


NO_NUMBA = """
import sys
from marginspec_tools import cli
for package in ("numba", "numpy", "pyarrow", "rich", "dask"):
    sys.modules[package] = None
cli.main()
"""


NO_HEAVY_PACKAGE = """
import sys
for package in ("numba", "numpy", "pyarrow", "dask", "matplotlib"):
    sys.modules[package] = None
from click.testing import CliRunner
from marginspec_tools.cli import marginspec
for name in sys.argv[1:]:
    print(name, CliRunner().invoke(marginspec, [name, "--help"]).exit_code)
"""


def test_help_never_waits_for_packages_that_take_long_to_load() -> None:
    names = [name for name in COMMANDS if name != "prove"]
    words = [sys.executable, "-c", NO_HEAVY_PACKAGE, *names]
    done = subprocess.run(words, capture_output=True, timeout=60, check=True)
    assert done.stdout.decode().splitlines() == [f"{name} 0" for name in names]


@pytest.mark.parametrize(
    ("events", "compiled", "chosen"),
    [
        (engines.FEW_EVENTS, True, "spec"),
        (engines.FEW_EVENTS + 1, True, "fast"),
        (engines.FEW_EVENTS + 1, False, "spec"),
        (engines.MANY_EVENTS, False, "fast"),
        (None, True, "fast"),
        (None, False, "spec"),
    ],
)
def test_the_engine_that_is_done_first_is_chosen(
    events: int | None, compiled: bool, chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "estimated_events", lambda _: events)
    monkeypatch.setattr("marginspec_engine.numba.door.Door.is_kept", lambda _: compiled)
    assert engines.quickest_engine(LEVY) == chosen
    monkeypatch.setattr(engines, "has_fast_engine", lambda: False)
    assert engines.quickest_engine(LEVY) == "spec"


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.zst", ".parquet"])
def test_a_journals_size_tells_about_how_many_events_it_holds(suffix: str, tmp_path: Path) -> None:
    lines = deposits(tmp_path / "lines.jsonl")
    source, path = open_journal(lines), tmp_path / f"j{suffix}"
    write_journal(path, source.header, source)
    found = estimated_events(path)
    assert found is not None
    assert found == 5_000 if suffix == ".parquet" else 4_900 < found < 5_100


def test_what_does_not_tell_its_size(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jsonl")
    for name in ("no.jsonl", "torn.parquet", "torn.jsonl.zst", "torn.jsonl"):
        if name.startswith("torn"):
            (tmp_path / name).write_bytes(b"PAR1")
        assert estimated_events(tmp_path / name) is None, name
    assert estimated_events(tmp_path / "pipe.jsonl") is None


class Compiled:
    """What the compiler says when it begins or ends with a function."""

    def __init__(self, *, begins: bool) -> None:
        self.is_start, self.is_end = begins, not begins


def test_whoever_waits_sees_how_far_the_compiler_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    registered: list[Any] = []
    monkeypatch.setattr("numba.core.event.register", lambda kind, listener: registered.append((kind, listener)))
    clock = iter([100.0, 103.0, 109.5, 111.0, 112.0, 121.0])
    monkeypatch.setattr(engines, "monotonic", lambda: next(clock))
    progress = CompilerProgress()
    progress.begin()
    progress.begin()
    assert registered == [("numba:compile", progress)]
    for begins in (True, False, True, False, False):
        progress.notify(Compiled(begins=begins))
    assert capsys.readouterr().err.splitlines() == [
        "compiling the optimized engine, once on this machine: this takes a minute or two",
        "compiling: 1 functions done after 11 s",
        "compiling: 3 functions done after 21 s",
    ]
