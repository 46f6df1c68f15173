"""The demo: what the stress day contains, its verdicts, and that the bundled file is what the command writes."""

import io
import json
from collections import Counter
from pathlib import Path

import attrs
import pytest
import zstandard
from click.testing import CliRunner
from rich.console import Console

from marginspec.model.state import State
from marginspec_audit import Violation
from marginspec_tools.audit import demo
from marginspec_tools.audit.demo import Audit, audit, command, lines_of, show, verdict_line
from marginspec_tools.audit.waterfall_report import exact_text, whole_text
from marginspec_tools.runs.invariant_checks import Broken, Share, run_share, sentences, verdicts
from marginspec_tools.simulate.stress_day import (
    MARKETS,
    stress_day_path,
    stress_markets,
    stress_parameters,
    write_stress_day,
)
from marginspec_tools.simulate.venue import Parameters

VERDICTS = [
    "INV-01 holds   Balances of an asset sum to zero",
    "INV-02 holds   Quantities of a market, lots included, sum to zero",
    "INV-03 holds   Reserves, insurance and house are at least zero, and clearing is zero",
    "INV-04 holds   Every domain is healthy",
    "INV-05 holds   Every equity is at least zero, and so is every flat domain's cash",
    "INV-06 holds   The shortfalls of an asset are at most its insurance fund and what is reported as uncovered",
    "INV-07 holds   A reserve's change is liquidation profit less its draws, event by event",
    (
        "INV-08 holds   Insurance is drawn on an empty reserve, deleveraging used when both cannot cover, "
        "levy when all is exhausted"
    ),
    "INV-09 holds   A rejected event leaves the state equal, and has no effects",
    "INV-10 holds   The same event on the same state gives the same receipt and state",
    (
        "INV-11 holds   Every lot is open with a quantity and an id given out; a closed lot keeps no cost; "
        "Lots are opened with the next id and only ever shrink; nothing is closed twice"
    ),
    "INV-12 holds   Nobody took out more of an asset than was ever paid in (with last resort `levy`)",
    "INV-13 holds   With last resort `levy`, no loss is ever uncovered",
]


@pytest.fixture(scope="module")
def audited() -> Audit:
    return audit(stress_day_path(), processes=2)


def text_of(path: Path) -> bytes:
    with zstandard.open(path, "rb") as file:
        return bytes(file.read())


def shown(found: Audit) -> list[str]:
    console = Console(file=io.StringIO(), width=80)
    show(found, console)
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_the_bundled_day_is_what_the_command_writes(tmp_path: Path) -> None:
    again = tmp_path / "stress_day.jsonl.zst"
    write_stress_day(again)
    assert text_of(again) == text_of(stress_day_path())
    assert stress_day_path().stat().st_size < 300_000


def test_the_day_has_twelve_markets_or_more_and_one_of_tiny_prices() -> None:
    markets = stress_markets()
    assert len(markets) == len(MARKETS) >= 12
    prices = [market.start_price / 10**market.listing.price_decimals for market in markets]
    assert min(prices) < 1e-5


def test_the_day_has_everything_in_it(audited: Audit) -> None:
    assert audited.share.events == stress_parameters().events
    for kind in (
        "liquidations",
        "takeovers",
        "step-downs",
        "profits to reserve",
        "reserve draws",
        "insurance draws",
        "deleveragings",
        "levies",
    ):
        assert audited.kinds[kind] > 0, kind
    assert 0 < audited.share.events - audited.share.accepted < audited.share.events // 10
    rows = {row.market: row for row in audited.rows()}
    assert rows["1000SHIBUSDT"].lots > 0
    assert sum(1 for row in rows.values() if row.lots) >= 12


def test_all_invariants_hold(audited: Audit) -> None:
    assert audited.holds
    assert [verdict_line(verdict) for verdict in audited.verdicts] == VERDICTS


def test_people_see_totals_table_explanation_verdicts_and_hash(audited: Audit) -> None:
    lines = shown(audited)
    rejected = audited.share.events - audited.share.accepted
    assert lines[0] == f"A stress day: 40 accounts, 13 markets, 2,400 events ({rejected} of them rejected)."
    assert "Waterfall by market, in whole units" in lines
    assert "event 1502, line 1503, ts 2026-01-01T00:25:01Z: mark price, accepted" in lines
    assert any("LIQ-03" in line for line in lines)
    assert lines[-1] == f"hash {audited.share.hash}"
    assert lines[-2] == "All 13 invariants held."


def test_programs_get_the_same_as_lines(audited: Audit) -> None:
    lines = list(lines_of(audited))
    assert lines[0]["happened"] == dict(sorted(audited.kinds.items()))
    assert [line["invariant"] for line in lines if "invariant" in line] == list(sentences())
    assert lines[-1] == {"holds": True, "hash": audited.share.hash}
    waterfall = [line for line in lines if "waterfall" in line]
    assert [line["waterfall"] for line in waterfall] == sorted(MARKETS)
    levied = sum((row.levied for row in audited.rows()), start=0)
    assert sum(int(line["levied"].replace(".", "")) for line in waterfall) == levied > 0


def short_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "short.jsonl.zst"
    monkeypatch.setattr(
        "marginspec_tools.simulate.stress_day.stress_parameters", lambda: shortened(stress_parameters())
    )
    write_stress_day(path)
    monkeypatch.setattr(demo, "stress_day_path", lambda: path)
    return path


def shortened(parameters: Parameters) -> Parameters:
    return attrs.evolve(parameters, events=150)


def test_one_process_finds_what_two_find(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = short_day(tmp_path, monkeypatch)
    one, two = audit(path, processes=1), audit(path, processes=2)
    assert (one.share, one.state, one.kinds, one.verdicts) == (two.share, two.state, two.kinds, two.verdicts)
    assert run_share(path, 0, 1) == one.share


def test_the_command_answers_programs_and_exits_with_0(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short_day(tmp_path, monkeypatch)
    result = CliRunner().invoke(command, ["--json", "--processes", "1"])
    assert result.exit_code == 0
    lines = [json.loads(line) for line in result.output.splitlines()]
    assert lines[0]["demo"] == 1
    assert lines[-1]["holds"] is True


def test_a_broken_invariant_is_told_and_exits_with_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short_day(tmp_path, monkeypatch)
    broken = (Broken(7, Violation("INV-02", "quantities do not sum to zero", "BTCUSDT", -3)),)
    monkeypatch.setattr(demo, "audit", lambda _path, _processes: broken_audit(broken))
    result = CliRunner().invoke(command, [])
    assert result.exit_code == 1
    lines = [line.rstrip() for line in result.output.splitlines()]
    told = "INV-02 BROKEN  1 times, first in event 7: quantities do not sum to zero: BTCUSDT, by -3"
    assert told in lines
    assert "Not all invariants held." in lines


def broken_audit(broken: tuple[Broken, ...]) -> Audit:
    share = Share(10, 10, "00", broken)
    return Audit(share, State(), Counter(), Counter(), None, verdicts([share]))


def test_processes_that_disagree_break_the_tenth_invariant() -> None:
    found = verdicts([Share(10, 10, "00", ()), Share(10, 10, "01", ())])
    broken = [verdict for verdict in found if not verdict.holds]
    assert [verdict.invariant for verdict in broken] == ["INV-10"]
    assert broken[0].broken[0].violation.what == "runs of the same journal end in different hashes"


def test_amounts_are_written_exactly_or_in_whole_units() -> None:
    assert exact_text(-5, 8) == "-0.00000005"
    assert exact_text(123456, 2) == "1234.56"
    assert exact_text(12, 0) == "12"
    assert whole_text(0, 8) == "-"
    assert whole_text(99, 2) == "<1"
    assert whole_text(-123456789, 2) == "-1,234,567"
