"""The command `serve`: what it prints, refuses, and how it ends."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from marginspec_tools.cli import main, marginspec
from marginspec_tools.dashboard import command
from marginspec_tools.dashboard.app import Dashboard
from marginspec_tools.dashboard.index import Builder, Index, building
from marginspec_tools.dashboard.server import Following
from marginspec_tools.dashboard.view import Source
from marginspec_tools.simulate import stress_day_path


def refused(*words: str) -> str:
    """What the command says to what it refuses; nothing is served then."""
    outcome = subprocess.run(
        [sys.executable, "-m", "marginspec_tools.cli", "serve", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (outcome.returncode, outcome.stdout) == (2, "")
    return outcome.stderr.splitlines()[-1]


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_it_prints_one_line_serves_and_ends(tmp_path: Path, sent: signal.Signals, code: int) -> None:
    words = ["serve", str(stress_day_path()), "--port", "0", "--index", str(tmp_path / "day.index")]
    process = subprocess.Popen(
        [sys.executable, "-m", "marginspec_tools.entry", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    told, _, address = line.rstrip("\n").partition(": ")
    assert told == str(stress_day_path())
    assert httpx.get(f"{address}overview", timeout=60).status_code == 200
    # A reader who waits for new events keeps nothing from ending.
    with httpx.stream("GET", f"{address}changes", timeout=60) as waiting:
        assert next(waiting.iter_lines()).startswith(": following from event ")
        process.send_signal(sent)
        assert process.communicate(timeout=60) == ("", "")
    assert process.returncode == code
    # What is indexed is kept, and the next time nothing is replayed that is there.
    assert (tmp_path / "day.index").stat().st_size > 0


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.1", "::", "example.com", ""])
def test_a_host_that_others_can_reach_is_refused(host: str) -> None:
    assert refused(str(stress_day_path()), "--host", host) == (
        f"Error: Invalid value for '--host': {host!r} is not loopback; there are 127.0.0.1, ::1, localhost"
    )


def test_a_port_that_is_taken_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused(str(stress_day_path()), "--port", str(port), "--index", str(tmp_path / "index"))
    assert said == f"error: 127.0.0.1:{port}: cannot be written: Address already in use"


def test_a_folder_has_one_journal(tmp_path: Path) -> None:
    assert refused(str(tmp_path)) == f"error: {tmp_path}: the folder has no journal"
    for name in ("b.jsonl", "a.parquet", "notes.txt"):
        (tmp_path / name).touch()
    several = "the folder has several journals (a.parquet, b.jsonl): name one of them"
    assert refused(str(tmp_path)) == f"error: {tmp_path}: {several}"
    (tmp_path / "a.parquet").unlink()
    assert command.journal_in(tmp_path) == tmp_path / "b.jsonl"


def test_what_is_no_journal_is_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.jsonl"
    wrong.write_text("{}\n")
    said = refused(str(wrong), "--index", str(tmp_path / "index"))
    assert said.startswith(f"error: {wrong}:1: ")
    assert refused(str(tmp_path / "none.jsonl")).endswith("does not exist.")
    text = tmp_path / "journal.txt"
    text.touch()
    assert refused(str(text), "--index", str(tmp_path / "index")) == (
        f"error: {text}: not a journal's name: expected .jsonl, .jsonl.zst or .parquet"
    )


def test_without_its_extra_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(name: str) -> object:
        return None if name in ("starlette", "uvicorn") else object()

    monkeypatch.setattr(command, "find_spec", find)
    outcome = CliRunner().invoke(marginspec, ["serve", str(stress_day_path())])
    assert outcome.exit_code == 2
    said = "Error: serving needs the extra: pip install 'marginspec[serve]' (starlette, uvicorn missing)"
    assert outcome.output.splitlines()[-1] == said


def test_help_needs_no_extra(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["marginspec", "serve", "--help"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert "JOURNAL|FOLDER" in capsys.readouterr().out


def test_the_how_to_names_every_option() -> None:
    page = (Path(__file__).parents[3] / "docs" / "how-to" / "see-a-journal.md").read_text("utf-8")
    named = re.findall(r"^\| `(--[a-z]+)", page, re.MULTILINE)
    assert sorted(named) == sorted(one.opts[0] for one in command.command.params if one.opts[0].startswith("--"))


def test_an_index_that_is_gone_is_told(tmp_path: Path) -> None:
    index = tmp_path / "day.index"
    with closing(Builder(stress_day_path(), index)) as builder:
        builder.step()
    reader = Index(index)
    transport = httpx.ASGITransport(Dashboard(reader, Source(stress_day_path())).application(8765))

    async def asked() -> httpx.Response:
        """The answer to a request, without a server."""
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8765") as reading:
            return await reading.get("/overview")

    index.unlink()
    answer = asyncio.run(asked())
    reason = f"The index cannot be read: {index}: not an index: unable to open database file."
    assert (answer.status_code, f"<p><bdi>{reason}" in answer.text) == (503, True)


def test_who_loses_to_another_builder_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "EVENTS_AT_ONCE", 300)
    index = tmp_path / "day.index"
    with closing(Builder(stress_day_path(), index)) as one, closing(Builder(stress_day_path(), index)) as other:
        assert one.step()
        assert other.step()
        following = Following(one)
        following.run()
    assert str(following.failure) == f"{index}: another process builds this index; name another file with --index"
