"""The command `serve`: what it prints, refuses, and how it ends."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser, expect

from marginspec_tools.audit import demo
from marginspec_tools.cli import main, marginspec
from marginspec_tools.console import extras
from marginspec_tools.dashboard import command
from marginspec_tools.dashboard.app import Dashboard
from marginspec_tools.dashboard.index import Builder, BuiltElsewhere, Index, building
from marginspec_tools.dashboard.view import Source
from marginspec_tools.simulate import stress_day_path
from worlds.browser import watched
from worlds.lines import lines_of_the_day
from worlds.served import answer_of


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


@contextmanager
def running(*words: str) -> Iterator["subprocess.Popen[str]"]:
    """The command on a free port; interrupted at the end, if it has not ended."""
    with subprocess.Popen(
        [sys.executable, "-m", "marginspec_tools.entry", "serve", "--port", "0", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)


def address_of(process: "subprocess.Popen[str]") -> str:
    """Where it serves, by its one line."""
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n").rpartition(": ")[2]


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_it_prints_one_line_serves_and_ends(tmp_path: Path, sent: signal.Signals, code: int) -> None:
    with running(str(stress_day_path()), "--index", str(tmp_path / "day.index")) as process:
        assert process.stdout is not None
        told, _, address = process.stdout.readline().rstrip("\n").partition(": ")
        assert told == str(stress_day_path())
        assert httpx.get(f"{address}overview", timeout=60).status_code == 200
        # A reader who waits for new events keeps nothing from ending.
        with httpx.stream("GET", f"{address}changes", timeout=60) as waiting:
            assert next(waiting.iter_lines()) == "event: tick"
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

    monkeypatch.setattr(extras, "find_spec", find)
    outcome = CliRunner().invoke(marginspec, ["serve", str(stress_day_path())])
    assert outcome.exit_code == 2
    said = "Error: serving needs the extra: pip install 'marginspec[serve]' (starlette, uvicorn missing)"
    assert outcome.output.splitlines()[-1] == said


@pytest.mark.parametrize("words", [[], [str(stress_day_path()), "--demo"]])
def test_one_thing_is_shown(words: list[str]) -> None:
    assert refused(*words) == "Error: name one journal, or one folder, or --demo"


def test_from_the_demo_to_the_explanation_of_a_liquidation_in_two_clicks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, browser: Browser
) -> None:
    # The demo's last line is the command that is run here, but for the port and the place of the index.
    line = demo.see_it()
    assert line == "see it: marginspec serve --demo"
    words = line.removeprefix("see it: marginspec serve ").split()
    with running(*words, "--index", str(tmp_path / "day.index")) as process:
        address = address_of(process)
        with watched(browser, urlsplit(address).netloc) as opened:
            page = opened.page
            page.goto(address)
            page.get_by_role("link", name="Liquidations", exact=True).click()
            liquidation = page.locator("#liquidations tbody th a").first
            expect(liquidation).to_be_visible(timeout=60_000)
            event = liquidation.inner_text().replace(" ", "")
            liquidation.click()
            expect(page.locator("h1")).to_contain_text("Event")
            expect(page.locator("#why .tree").first).to_contain_text("LIQ-01", timeout=60_000)
            assert parse_qs(urlsplit(page.url).query)["at"] == [event]


def test_a_folder_is_shown_with_the_reports_in_it(tmp_path: Path, reports: Path) -> None:
    shutil.copy(stress_day_path(), tmp_path)
    shutil.copytree(reports / "audit-right", tmp_path / "audit")
    log, named = reports / "engine-a.ndjson", reports / "audit-tuesday"
    named_too = ("--conformance", str(log), "--audit", str(named))
    with running(str(tmp_path), "--index", str(tmp_path / "an.index"), *named_too) as process:
        address = address_of(process)
        shown = {
            page: [one["name"] for one in httpx.get(f"{address}{page}.json", timeout=60).json()]
            for page in ("audits/reports", "conformance/logs")
        }
    assert shown == {"audits/reports": ["audit-tuesday", "audit"], "conformance/logs": ["engine-a.ndjson"]}


def test_an_interrupt_ends_at_once_while_a_long_journal_is_indexed(tmp_path: Path) -> None:
    lines = lines_of_the_day()
    journal, index = tmp_path / "long.jsonl", tmp_path / "long.index"
    mark = b'{"type": "mark_price", "market": "BTCUSDT", "price": "114000.00"}\n'
    journal.write_bytes(b"".join([*lines, mark * 300_000]))
    with running(str(journal), "--index", str(index)) as process:
        # It is answered meanwhile.
        assert httpx.get(f"{address_of(process)}overview", timeout=60).status_code == 200
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60) == ("", "")
    assert process.returncode == 0
    # The index is whole as far as it is, and has not been built to the end.
    with closing(Index(index)) as reader:
        assert reader.head().is_building
        assert reader.head().broken is None


def test_what_ends_the_process_that_indexes_ends_the_server(tmp_path: Path) -> None:
    index = tmp_path / "an.index"
    with running(str(stress_day_path()), "--index", str(index)) as process:
        address = address_of(process)
        (builder,) = children_of(process.pid)
        os.kill(builder, signal.SIGKILL)
        process.communicate(timeout=60)
        assert address.startswith("http://")
    assert process.returncode == 3


def children_of(pid: int) -> list[int]:
    """The processes that a process has started."""
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]


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
    dashboard = Dashboard(Index(index), Source(stress_day_path()))
    index.unlink()
    answer = answer_of(dashboard, "/overview")
    reason = f"The index cannot be read: {index}: not an index: unable to open database file."
    assert (answer.status_code, f"<p><bdi>{reason}" in answer.text) == (503, True)


def test_who_loses_to_another_builder_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "EVENTS_AT_ONCE", 300)
    index = tmp_path / "day.index"
    with closing(Builder(stress_day_path(), index)) as one, closing(Builder(stress_day_path(), index)) as other:
        assert one.step()
        assert other.step()
        with pytest.raises(BuiltElsewhere) as lost:
            one.step()
    assert str(lost.value) == f"{index}: another process builds this index; name another file with --index"
