"""The demo: what the stress day contains, its verdicts, and that the bundled file is what the command writes."""

import json
import sys
from pathlib import Path

import attrs
import pytest
import zstandard
from click.testing import CliRunner

from marginspec_audit import Owner, Transition, Violation, quantity_of
from marginspec_tools.audit import checks, demo
from marginspec_tools.audit.checks import Share, Tally, check_share, invariant_sentences, verdicts
from marginspec_tools.audit.command import command as audit_command
from marginspec_tools.audit.demo import Audit, audit, command, hash_mismatch, json_lines, verdict_line
from marginspec_tools.audit.waterfall import HAPPENED, all_funds, whole_units_text
from marginspec_tools.console import extras, printable_path
from marginspec_tools.runs import Totals
from marginspec_tools.simulate import Parameters, stress_day_path
from marginspec_tools.simulate.stress_day import MARKETS, stress_markets, stress_parameters, write_stress_day

VERDICTS = [
    "INV-01 holds   Balances of an asset sum to zero",
    "INV-02 holds   Quantities of a market, lots included, sum to zero",
    "INV-03 holds   Reserves, insurance, relief and house are at least zero, and clearing is zero",
    "INV-04 holds   Every domain is healthy",
    "INV-05 holds   Every equity is at least zero, and so is every flat domain's cash",
    (
        "INV-06 holds   The shortfalls of an asset are at most its insurance fund, its relief "
        "and what is reported as uncovered"
    ),
    (
        "INV-07 holds   A reserve's change is liquidation profit less its draws, and what a closing market hands to "
        "insurance"
    ),
    (
        "INV-08 holds   Each fund is drawn on empty ones before it, deleveraging used when all cannot cover, "
        "levy when it is exhausted"
    ),
    "INV-09 holds   A rejected event leaves the state equal, and has no effects",
    "INV-10 holds   The same event on the same state gives the same receipt and state",
    (
        "INV-11 holds   Every lot is open with a quantity and an id given out; a closed lot keeps no cost; "
        "Lots are opened with the next id and only ever shrink; nothing is closed twice"
    ),
    "INV-12 holds   Nobody took out more of an asset than was ever paid in (with last resort `levy`)",
    "INV-13 holds   With last resort `levy`, no loss is ever uncovered",
    "INV-14 holds   Relief of an asset equals the sum of its claims, each above zero, and is no more than is needed",
]


@pytest.fixture(scope="module")
def audited() -> Audit:
    return audit(stress_day_path(), processes=2)


def text_of(path: Path) -> bytes:
    with zstandard.open(path, "rb") as file:
        return bytes(file.read())


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
    assert audited.totals.events == stress_parameters().events
    assert {kind: audited.tally.happened[kind] > 0 for kind in HAPPENED} == dict.fromkeys(HAPPENED, True)
    assert 0 < audited.totals.rejected < audited.totals.events // 10
    assert audited.tally.lots_opened["1000SHIBUSDT"] > 0
    assert len(audited.tally.lots_opened) >= 12


def test_there_is_no_finding(audited: Audit) -> None:
    assert audited.tally.holds
    assert [verdict_line(verdict) for verdict in verdicts(audited.tally)] == VERDICTS


def test_people_see_totals_table_explanation_verdicts_and_hash(audited: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "audit", lambda _path, _processes: audited)
    lines = CliRunner().invoke(command, []).stdout.splitlines()
    rejected = audited.totals.rejected
    assert lines[0] == f"A stress day: 40 accounts, 13 markets, 2,400 events ({rejected} of them rejected)."
    assert "Waterfall by market, in whole units" in lines
    assert "event 1723, line 1724, ts 2026-01-01T00:28:42Z: mark price, accepted" in lines
    (rest,) = (line for line in lines if line.startswith("… "))
    assert rest == f"… 134 more lines, and all figures: marginspec explain {printable_path(stress_day_path())} 1723"
    observed = "Nothing was observed: invariants and receipts only."
    last = [observed, f"hash {audited.totals.hash}", "see it: marginspec serve --demo"]
    assert lines[-18:] == [*VERDICTS, "All 14 invariants held.", *last]
    assert [line for line in lines if line.endswith(" ")] == []


def test_the_line_that_opens_it_is_as_the_program_was_called(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "my bin" / "marginspec"
    program.parent.mkdir()
    program.touch(0o755)
    monkeypatch.setattr(sys, "argv", [str(program), "demo"])
    monkeypatch.setenv("PATH", str(tmp_path))
    assert demo.see_it() == f"see it: '{program}' serve --demo"
    monkeypatch.setenv("PATH", str(program.parent))
    assert demo.see_it() == "see it: marginspec serve --demo"
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "jinja2" else object())
    assert demo.see_it() == "see it: pip install 'marginspec[serve]' && marginspec serve --demo"


def test_programs_get_the_same_as_lines(audited: Audit) -> None:
    lines = list(json_lines(audited))
    assert lines[0]["happened"] == dict(audited.tally.happened)
    assert [line["invariant"] for line in lines if "invariant" in line] == list(invariant_sentences())
    assert lines[-1] == {"holds": True, "hash": audited.totals.hash}
    waterfall = [line for line in lines if "waterfall" in line]
    assert [line["waterfall"] for line in waterfall] == sorted(MARKETS)
    levied = sum(funds.status.counters.levied for funds in all_funds(audited.state, audited.tally.lots_opened))
    assert sum(int(line["levied"].replace(".", "")) for line in waterfall) == levied > 0


def test_the_demo_finds_what_an_audit_of_its_journal_finds(audited: Audit, tmp_path: Path) -> None:
    outcome = CliRunner().invoke(audit_command, [str(stress_day_path()), "--report", str(tmp_path / "r"), "--json"])
    summary, lines = json.loads(outcome.stdout), list(json_lines(audited))
    assert (outcome.exit_code, summary["verdict"]) == (4, "not compared")
    assert summary["hash"] == audited.totals.hash
    assert summary["happened"] == lines[0]["happened"]
    assert list(summary["markets"].values()) == [
        {name: value for name, value in line.items() if name != "waterfall"} for line in lines if "waterfall" in line
    ]


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
    assert (one.totals, one.state, one.tally) == (two.totals, two.state, two.tally)
    assert check_share(path, Share(0, 1)) == (one.totals.hash, one.tally)


def test_the_command_answers_programs_and_exits_with_0(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short_day(tmp_path, monkeypatch)
    result = CliRunner().invoke(command, ["--json", "--processes", "1"])
    assert result.exit_code == 0
    lines = [json.loads(line) for line in result.output.splitlines()]
    assert lines[0]["demo"] == 1
    assert lines[-1]["holds"] is True


def broken(taken: Transition) -> tuple[Violation, ...]:
    wrong = Violation("INV-02", "quantities do not sum to zero", Owner("market", "BTCUSDT"), -3, quantity_of("BTCUSDT"))
    return (wrong,) if taken.after.accounts and not taken.before.accounts else ()


def test_a_broken_invariant_is_told_and_exits_with_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short_day(tmp_path, monkeypatch)
    monkeypatch.setattr("marginspec_tools.runs.violations.check_transition", broken)
    result = CliRunner().invoke(command, ["--processes", "1"])
    assert result.exit_code == 1
    told = "event 28 (line 29) invariant INV-02: BTCUSDT quantities do not sum to zero: expected none, observed -0.003"
    assert f"INV-02 BROKEN  once in {told}" in result.stdout.splitlines()
    assert "Not all invariants held." in result.stdout.splitlines()


def test_processes_that_end_in_other_hashes_break_the_tenth_invariant() -> None:
    tally = Tally()
    tally.add([hash_mismatch(Totals(10, 10, 0, "00"), "01")])
    (line,) = [verdict_line(verdict) for verdict in verdicts(tally) if verdict.broken]
    told = "event 10 (line 11) invariant INV-10: the journal hash of a second run: expected 00, observed 01"
    assert line == f"INV-10 BROKEN  once in {told}"


def test_what_processes_find_is_joined_in_the_order_of_events() -> None:
    late, early = Tally(), Tally()
    late.add([hash_mismatch(Totals(9, 9, 0, "00"), "01")] * checks.FIRST_SHOWN)
    early.add([hash_mismatch(Totals(3, 3, 0, "00"), "01")])
    late.join(early)
    assert (late.faults["invariant"], late.broken["INV-10"]) == (21, 21)
    assert late.first_broken["INV-10"].seq == late.first[0].seq == 3
    assert len(late.first) == checks.FIRST_SHOWN


def test_people_read_amounts_in_whole_units() -> None:
    assert whole_units_text(0, 8) == "-"
    assert whole_units_text(99, 2) == "<1"
    assert whole_units_text(-123456789, 2) == "-1,234,567"
