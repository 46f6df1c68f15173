"""Campaigns: each journal is `marginspec scenario`'s, its line the specification's; any split makes the same whole."""

import json
import os
import shlex
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import attrs
import pytest
from click.testing import CliRunner

from marginspec.model.effects import (
    Deleveraged,
    DomainLiquidated,
    Effect,
    Levied,
    LotOpened,
    ReliefReturned,
    Transferred,
    UncoveredChanged,
)
from marginspec.model.state import State
from marginspec.settlement.waterfall import lots_unrealised, needed_relief, shortfalls, uncovered_shortfall
from marginspec_audit import COUNT, Owner, Transition, Violation, money_of
from marginspec_engine.batches.event_columns import rows_of_events
from marginspec_engine.engine import OptimizedEngine
from marginspec_journal.decimals import decimal_text, parse_decimal
from marginspec_tools import cli
from marginspec_tools.fleet import campaign
from marginspec_tools.fleet import campaign_journals as campaign_running
from marginspec_tools.fleet.campaign import HIGHEST_SEED, Campaign
from marginspec_tools.runs import violations
from marginspec_tools.runs.running import Run
from marginspec_tools.runs.violations import Broken
from marginspec_tools.simulate import Venue
from marginspec_tools.simulate.options import scenario_command
from travelling_work import CrashingCampaign

JOURNALS = 5
SEED = 124
WILD = [
    *("--journals", JOURNALS, "--seed", SEED, "--accounts", 24, "--markets", 4, "--events", 400),
    *("--volatility", "0.03", "--jump-probability", "0.2", "--jump-mean", "-0.08", "--jump-deviation", "0.15"),
    *("--leverage", 75, "--mix", "trades=50,orders=20,cash=10,marks=15,venue=5"),
]
PARAMETERS = {
    "accounts": 24,
    "events": 400,
    "adl_ranking": "binance",
    "last_resort": "none",
    "leverage": 75,
    "mix": "trades=50,orders=20,cash=10,marks=15,venue=5",
    "markets": 4,
    "volatility": "0.03000000",
    "jump_probability": "0.20000000",
    "jump_mean": "-0.08000000",
    "jump_deviation": "0.15000000",
}
SCALE = ["--journals", 4, "--seed", 7, "--accounts", 5, "--events", 60]
SMALL = [*SCALE, "--markets", 1]
SMALL_AGAIN = (
    "the journal is made again by marginspec scenario JOURNAL.jsonl --seed {} --accounts 5 --events 60 "
    "--adl-ranking binance --last-resort levy --leverage 50 --mix trades=60,orders=25,cash=10,marks=5,venue=1 "
    "--markets 1 --volatility 0.00500000 --jump-probability 0.03000000 --jump-mean -0.02000000 "
    "--jump-deviation 0.04000000"
)


def printed(*arguments: object, code: int = 0) -> list[dict[str, Any]]:
    """The lines that a command prints."""
    outcome = CliRunner().invoke(cli.marginspec, [str(one) for one in arguments])
    assert outcome.exit_code == code, outcome.output
    return [json.loads(line) for line in outcome.stdout.splitlines()]


def ended(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    """The exit code of the program and what it says on stderr."""
    monkeypatch.setattr("sys.argv", ["marginspec", *(str(one) for one in arguments)])
    code = cli.exit_code()
    return code, capfd.readouterr().err


# ----------------------------------------------------------------- a journal's line


class Expected:
    """What the specification says of a journal, event by event."""

    def __init__(self, journal: Path) -> None:
        self.run = Run(journal)
        self.counts: Counter[str] = Counter()
        self.amounts: Counter[str] = Counter()
        for step in self.run:
            for effect in step.transition.receipt.effects:
                self.take(effect)
        state = self.run.state
        for status in state.fund_status.values():
            self.amounts.update(reserve_drawn=status.outflow, insurance_drawn=status.insurance_drawn)
        self.amounts.update(filled_at_mark(state))

    def take(self, effect: Effect) -> None:
        match effect:
            case DomainLiquidated():
                self.counts["liquidated"] += 1
            case LotOpened(lot):
                self.counts.update(("lots", {"step_down": "step_downs", "takeover": "takeovers"}[lot.reason]))
            case Deleveraged(loss=loss):
                self.counts["deleveraged"] += 1
                self.amounts["deleveraged"] += loss
            case Levied(amount=amount):
                self.counts["levied"] += 1
                self.amounts["levied"] += amount
            case Transferred(source=source, amount=amount, rule="LVY-01") if source.kind == "house":
                self.amounts["house"] += amount
            case Transferred(source=source, amount=amount, rule="WTF-01") if source.kind == "relief":
                self.amounts["relief_drawn"] += amount
            case ReliefReturned(amount=amount):
                self.amounts["returned"] += amount
            case UncoveredChanged(amount=amount):
                self.amounts["uncovered_peak"] = max(amount, self.amounts["uncovered_peak"])
            case _:
                pass

    def line(self, index: int) -> dict[str, Any]:
        reached = self.run.totals()
        texts = {name: decimal_text(amount, 8) for name, amount in sorted(self.amounts.items()) if amount}
        names = ("liquidated", "lots", "takeovers", "step_downs", "deleveraged", "levied")
        return {
            "journal": index,
            "seed": SEED + index,
            "events": reached.events,
            "accepted": reached.accepted,
            "rejected": reached.rejected,
            **{name: self.counts[name] for name in names},
            "amounts": {"USDT": texts} if texts else {},
            "invariants": "hold",
            "engines": "agree",
            "findings": [],
            "hash": reached.hash,
        }


def filled_at_mark(state: State) -> dict[str, int]:
    """What the funds would pay if all lots that are left were filled at mark, and what nobody would."""
    losses = sum(max(0, -lots_unrealised(state, state.markets[market])) for market in state.lots_in)
    short = sum(shortfalls(state, "USDT").values())
    needed, uncovered = needed_relief(state, "USDT"), uncovered_shortfall(state, "USDT")
    paid = {"reserve": losses - short, "insurance": short - needed, "relief": needed - uncovered}
    return {**paid, "uncovered": uncovered}


@pytest.mark.parametrize("last_resort", ["none", "levy"])
def test_each_line_is_the_specifications_of_the_journal_that_scenario_makes(tmp_path: Path, last_resort: str) -> None:
    *lines, last = printed("campaign", *WILD, "--last-resort", last_resort, "--jobs", 1)
    assert last["parameters"] == {**PARAMETERS, "last_resort": last_resort}
    for index, line in enumerate(lines):
        journal = tmp_path / f"{index}.jsonl"
        program, *making = shlex.split(scenario_command(last["parameters"], line["seed"]))
        assert program == "marginspec"
        CliRunner().invoke(cli.marginspec, [str(journal) if one == "JOURNAL.jsonl" else one for one in making])
        assert line == Expected(journal).line(index)
    assert len(lines) == JOURNALS
    happens = {"liquidated", "lots", "takeovers", "step_downs", "deleveraged"}
    assert {name for name in happens if last[name] == 0} == set()
    assert (last["levied"] > 0) == (last_resort == "levy")
    paid = {"levy": {"house", "levied", "relief_drawn", "returned"}, "none": {"uncovered", "uncovered_peak"}}[
        last_resort
    ]
    assert last["amounts"].keys() == {"USDT"}
    assert paid | {"deleveraged", "insurance_drawn", "reserve_drawn"} <= last["amounts"]["USDT"].keys()


def test_the_last_line_adds_the_lines_up() -> None:
    *lines, last = printed("campaign", *WILD, "--last-resort", "none", "--jobs", 1)
    amounts: Counter[str] = Counter()
    for line in lines:
        amounts.update({name: parse_decimal(text) for name, text in line["amounts"].get("USDT", {}).items()})
    counted = ("events", "accepted", "rejected", "liquidated", "lots", "takeovers", "step_downs", "deleveraged")
    assert last == {
        "campaign": 1,
        "rulebook": "2",
        "journals": JOURNALS,
        "marginspec": "0.1.0",
        "seed": SEED,
        "checked": "end",
        "parameters": PARAMETERS,
        "lines": JOURNALS,
        **{name: sum(line[name] for line in lines) for name in counted},
        "levied": 0,
        "amounts": {"USDT": {name: decimal_text(amount, 8) for name, amount in amounts.items()}},
        "broken": 0,
        "diverged": 0,
        "hash": last["hash"],
    }


def test_preset_and_closes_are_stated_so_that_they_can_be_made_again(tmp_path: Path) -> None:
    mixed = printed("campaign", "--journals", 1, "--preset", "mixed", "--accounts", 50, "--events", 20, "--jobs", 1)
    profile = {"adl_ranking": "binance", "last_resort": "levy"}
    assert mixed[-1]["parameters"] == {"preset": "mixed", "accounts": 50, "events": 20, **profile}
    closes, journal = tmp_path / "closes.csv", tmp_path / "journal.jsonl"
    closes.write_text("date,market,close\n2025-10-10,BTCUSDT,121500.5\n2025-10-11,BTCUSDT,90000\n")
    options = ("--closes", closes, "--accounts", 6, "--events", 200)
    *lines, last = printed("campaign", *options, "--journals", 2, "--jobs", 1)
    assert last["parameters"] == {
        "accounts": 6,
        "events": 200,
        **profile,
        "leverage": 50,
        "mix": "trades=60,orders=25,cash=10,marks=5,venue=1",
        "closes": sha256(closes.read_bytes()).hexdigest(),
    }
    printed("scenario", journal, *options, "--seed", 2, "--json")
    (replayed,) = printed("replay", journal, "--json")
    assert (replayed["hash"], lines[0]["hash"] != replayed["hash"]) == (lines[1]["hash"], True)


def test_closes_may_come_through_a_pipe(tmp_path: Path) -> None:
    text = b"date,market,close\n2025-10-10,BTCUSDT,121500.5\n2025-10-11,BTCUSDT,90000\n"
    closes = tmp_path / "closes.csv"
    closes.write_bytes(text)
    options = ("--accounts", 6, "--events", 200, "--journals", 1, "--jobs", 1)
    reading, writing = os.pipe()
    with open(reading, "rb"), open(writing, "wb") as pipe:
        pipe.write(text)
        pipe.close()
        piped = printed("campaign", *options, "--closes", f"/dev/fd/{reading}")
    assert piped == printed("campaign", *options, "--closes", closes)
    assert piped[-1]["parameters"]["closes"] == sha256(text).hexdigest()


def test_closes_that_cannot_be_read_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    memory = Path("/proc/self/mem")
    if not memory.exists():
        pytest.skip("needs a file that opens and cannot be read")
    output = tmp_path / "output"
    told = (2, f"error: {memory}: cannot be read: Input/output error\n")
    assert ended(monkeypatch, capfd, "campaign", *SMALL, "--closes", memory, "--output", output) == told
    assert ended(monkeypatch, capfd, "scenario", tmp_path / "out.jsonl", "--closes", memory) == told
    assert list(tmp_path.iterdir()) == []


# ----------------------------------------------------------------- the whole


def test_any_split_and_grouping_makes_the_same_whole(tmp_path: Path) -> None:
    whole, two_jobs, first, second, third = (tmp_path / name for name in ("whole", "two", "first", "second", "third"))
    assert printed("campaign", *WILD, "--jobs", 1, "--output", whole) == []
    assert printed("campaign", *WILD, "--jobs", 2, "--output", two_jobs) == []
    assert two_jobs.read_bytes() == whole.read_bytes()
    for number, part in enumerate((first, second, third), start=1):
        assert printed("campaign", *WILD, "--jobs", 1, "--shard", f"{number}/3", "--output", part) == []
    lines = [json.loads(line) for line in whole.read_bytes().splitlines()]
    assert printed("merge", third, first, second) == lines
    for name, group, rest in [("left", (first, second), third), ("right", (third, second), first)]:
        assert printed("merge", *group, "--partial", "--output", tmp_path / name) == []
        assert printed("merge", rest, tmp_path / name, "--output", tmp_path / f"all-{name}") == []
        assert (tmp_path / f"all-{name}").read_bytes() == whole.read_bytes()


def test_checking_every_event_gives_the_same_lines() -> None:
    *lines, last = printed("campaign", *SMALL, "--jobs", 1)
    *checked, total = printed("campaign", *SMALL, "--check", "--jobs", 1)
    assert (checked, total) == (lines, {**last, "checked": "every event"})


def test_parts_of_different_campaigns_or_of_other_work_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    first, other, sweep, segment = (tmp_path / name for name in ("first", "other", "sweep", "segment"))
    printed("campaign", *SMALL, "--jobs", 1, "--shard", "1/4", "--output", first)
    sweep.write_text('{"sweep":1}\n')
    segment.write_text('{"segment":1}\n')
    of_another = f"of another campaign than {first}"
    for options, message in [
        ([*SMALL, "--seed", 8], f"{other}:2: seed: {of_another}"),
        ([*SMALL, "--check"], f"{other}:2: checked: {of_another}"),
        ([*SMALL, "--journals", 3], f"{other}:2: journals: {of_another}"),
        ([*SMALL, "--leverage", 20], f"{other}:2: parameters.leverage: {of_another}"),
        ([*SMALL, "--fill-band", "0.1"], f"{other}:2: parameters.fill_band: {of_another}"),
        ([*SMALL, "--position-limit", "1000"], f"{other}:2: parameters.position_limit: {of_another}"),
        ([*SMALL, "--stated-fees", 5], f"{other}:2: parameters.stated_fees: {of_another}"),
        ([*SCALE, "--preset", "mixed"], f"{other}:2: parameters.jump_deviation: {of_another}"),
        (SMALL, f"{other}: journal: 2 is missing; --partial joins the others"),
    ]:
        printed("campaign", *options, "--jobs", 1, "--shard", "2/4", "--output", other)
        assert ended(monkeypatch, capfd, "merge", first, other) == (2, f"error: {message}\n")
    for part, name in ((sweep, "sweep"), (segment, "segment")):
        assert ended(monkeypatch, capfd, "merge", first, part) == (
            2,
            f"error: {part}: of a {name}, but {first} is of a campaign\n",
        )
        assert ended(monkeypatch, capfd, "merge", part, first) == (
            2,
            f"error: {first}: of a campaign, but {part} is of a {name}\n",
        )
    first.write_text("{}\n")
    reason = "incomplete output of a sweep or campaign: its last line is missing"
    assert ended(monkeypatch, capfd, "merge", first) == (2, f"error: {first}: {reason}\n")


def test_a_damaged_line_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    part = tmp_path / "part"
    printed("campaign", *SMALL, "--jobs", 1, "--output", part)
    whole = part.read_bytes()
    accepted = json.loads(whole.splitlines()[0])["accepted"]
    for found, put, message in [
        (b'"accepted":', b'"accepted":1', f"1: events: must be the sum of 1{accepted} accepted and 0 rejected events"),
        (b'"lots":', b'"lots":1', "5: lots: differs from the total of the lines before it"),
        (b'"findings":[],', b"", "1: findings: missing field"),
        (b'"seed":7', b'"seed":9', "1: seed: journal 0 has the seed 7"),
        (b'"seed":7,"checked"', b'"seed":8,"checked"', "1: seed: journal 0 has the seed 8"),
        (b'"hash":"', b'"hash":"0', "1: hash: expected 64 lower-case hexadecimal digits"),
        (b'"engines":"agree"', b'"engines":"same"', '1: engines: expected one of agree, differ, found "same"'),
        (b'"engines":"agree"', b'"engines":"differ"', "1: findings: must not be empty for a journal at fault"),
        (b'"amounts":{}', b'"amounts":{"USDT":{"house":"1e3"}}', '1: amounts.USDT.house: not a decimal: "1e3"'),
        (b'"levied":0,', b"", "1: levied: missing field"),
        (b'"amounts":{}', rb'"amounts":{"\ud800":{}}', r'1: amounts."\ud800": not a name: "\ud800"'),
    ]:
        part.write_bytes(whole.replace(found, put, 1))
        assert ended(monkeypatch, capfd, "merge", part) == (2, f"error: {part}:{message}\n")


@pytest.mark.parametrize(
    ("field", "stated", "message"),
    [
        ("marginspec", r'"\ud800"', "marginspec: not a version"),
        ("seed", "1.5", "seed: expected an integer, found 1.5"),
        ("seed", str(HIGHEST_SEED + 1), f"seed: expected an integer, found {HIGHEST_SEED + 1}"),
        ("checked", "7", "checked: expected a string, found 7"),
        ("checked", '"never"', 'checked: expected one of end, every event, found "never"'),
        ("parameters", "5", "parameters: expected an object, found 5"),
        ("parameters", '{"a":1,"a":2}', 'parameters: repeated field "a"'),
        ("parameters", '{"a":null}', "parameters.a: unknown field"),
        ("parameters", "{}", "parameters.accounts: missing field"),
        ("parameters", '{"preset":"mixed","leverage":5}', "parameters.leverage: unknown field"),
        ("accounts", "1", "parameters.accounts: must be at least 2, found 1"),
        ("events", "null", "parameters.events: expected an integer, found null"),
        ("adl_ranking", '"none"', 'parameters.adl_ranking: expected one of binance, bitmex, found "none"'),
        ("last_resort", "1", "parameters.last_resort: expected a string, found 1"),
        ("leverage", "1001", "parameters.leverage: must be at most 1000, found 1001"),
        ("mix", '"trades=1;reboot"', "parameters.mix: not a weight for each kind of event"),
        ("markets", '{"x":1,"x":2}', 'parameters.markets: repeated field "x"'),
        ("volatility", "1.5", "parameters.volatility: expected a string, found 1.5"),
        ("jump_mean", '"-1.1"', "parameters.jump_mean: must be at least -1.00000000, found -1.1"),
    ],
)
def test_a_last_line_that_no_campaign_ends_with_is_refused(
    field: str,
    stated: str,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    part, output = tmp_path / "part", tmp_path / "output"
    part.write_bytes(last_line_with(field, stated))
    assert ended(monkeypatch, capfd, "merge", "--partial", part, "--output", output) == (
        2,
        f"error: {part}:1: {message}\n",
    )
    assert list(tmp_path.iterdir()) == [part]


def last_line_with(field: str, stated: str) -> bytes:
    """The last line of a campaign none of whose journals are in it, with a field stated otherwise."""
    *_, last = printed("campaign", *SMALL, "--shard", "9/9", "--jobs", 1)
    own = last if field in last and field != "events" else last["parameters"]
    own[field] = "HERE"
    return json.dumps(last).replace('"HERE"', stated).encode()


def test_every_last_line_of_a_campaign_is_read_again(tmp_path: Path) -> None:
    closes, part = tmp_path / "closes.csv", tmp_path / "part"
    closes.write_text("date,market,close\n2025-10-10,BTCUSDT,121500.5\n")
    for options in (("--preset", "mixed"), ("--closes", closes), ("--closes", closes, "--markets", 1), ("--check",)):
        printed("campaign", "--journals", 1, "--shard", "2/2", *options, "--jobs", 1, "--output", part)
        (last,) = printed("merge", "--partial", part)
        assert last == json.loads(part.read_bytes())


WITH_LITTLE_MEMORY = """
import resource
from marginspec_tools import cli

resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
cli.main()
"""


def test_a_part_of_very_many_journals_is_joined_in_little_memory(tmp_path: Path) -> None:
    part, output = tmp_path / "part", tmp_path / "output"
    printed("campaign", *SMALL, "--journals", 10**9, "--shard", f"1/{10**9}", "--jobs", 1, "--output", part)
    merge = [sys.executable, "-c", WITH_LITTLE_MEMORY, "merge", str(part)]
    joined = subprocess.run([*merge, "--partial", "--output", output], capture_output=True, text=True, check=False)
    assert (joined.returncode, joined.stderr) == (0, "")
    assert output.read_bytes() == part.read_bytes()
    refused = subprocess.run(merge, capture_output=True, text=True, check=False)
    told = f"error: {part}: journal: 1 is missing; --partial joins the others\n"
    assert (refused.returncode, refused.stderr) == (2, told)


# ----------------------------------------------------------------- what does not hold


OUT_OF_NOTHING = Violation("INV-01", "balances do not sum to zero", Owner("asset", "USDT"), -5, money_of("USDT"))
DIFFERS = Violation("INV-10", "a second run differs", Owner("event", "Deposit"), 1, COUNT)


def test_a_broken_invariant_is_told_with_its_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    checked: list[State] = []

    def third_is_broken(state: State) -> tuple[Violation, ...]:
        checked.append(state)
        return (OUT_OF_NOTHING,) if len(checked) == 3 else ()

    monkeypatch.setattr(violations, "check_state", third_is_broken)
    output = tmp_path / "lines"
    told = "error: seed 9: INV-01 broken at event 60 (line 61): balances do not sum to zero, USDT: -0.00000005; "
    told += f"{SMALL_AGAIN.format(9)}\n"
    assert ended(monkeypatch, capfd, "campaign", *SMALL, "--jobs", 1, "--output", output) == (1, told)
    *lines, last = [json.loads(line) for line in output.read_bytes().splitlines()]
    finding = {"broken": "INV-01", "seq": 60, "line": 61, "what": "balances do not sum to zero", "where": "USDT"}
    assert [(line["invariants"], line["engines"], line["findings"]) for line in lines] == [
        ("hold", "agree", []),
        ("hold", "agree", []),
        ("broken", "agree", [{**finding, "amount": "-0.00000005"}]),
        ("hold", "agree", []),
    ]
    assert (last["broken"], last["diverged"]) == (1, 0)
    assert ended(monkeypatch, capfd, "merge", output, "--output", tmp_path / "again") == (1, told)
    assert (tmp_path / "again").read_bytes() == output.read_bytes()


def test_every_event_is_checked_if_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[Transition] = []

    def fortieth_is_broken(taken: Transition) -> tuple[Violation, ...]:
        checked.append(taken)
        return (DIFFERS,) if len(checked) == 40 else ()

    monkeypatch.setattr(violations, "check_transition", fortieth_is_broken)
    line, last = printed("campaign", *SMALL, "--journals", 1, "--check", "--jobs", 1, code=1)
    assert line["findings"] == [
        {"broken": "INV-10", "seq": 40, "line": 41, "what": "a second run differs", "where": "Deposit", "amount": "1"}
    ]
    assert (last["broken"], len(checked)) == (1, 60)
    assert [taken.before for taken in checked[1:]] == [taken.after for taken in checked[:-1]]


def test_of_what_is_broken_no_more_is_kept_than_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[Broken] = []

    def keep(broken: Broken) -> dict[str, Any]:
        kept.append(broken)
        return violations.broken_object(broken)

    seven = tuple(attrs.evolve(DIFFERS, where=Owner("event", f"Deposit {number}")) for number in range(7))
    monkeypatch.setattr(violations, "check_transition", lambda _: seven)
    monkeypatch.setattr(campaign_running, "broken_object", keep)
    line, _ = printed("campaign", *SMALL, "--journals", 1, "--check", "--jobs", 1, code=1)
    assert [(one["seq"], one["where"]) for one in line["findings"]] == [
        (1 + number // 7, f"Deposit {number % 7}") for number in range(20)
    ]
    assert len(kept) == 20


def test_engines_that_differ_are_told_with_seed_and_event(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def with_one_changed(tables: Any, events: list[Any]) -> Any:
        rows = rows_of_events(tables, events)
        rows.words[10] = rows.words[11]
        return rows

    monkeypatch.setattr(campaign_running, "rows_of_events", with_one_changed)
    told = f"error: seed 7: the engines differ in the receipt of event 11 (line 12); {SMALL_AGAIN.format(7)}\n"
    assert ended(monkeypatch, capfd, "campaign", *SMALL, "--journals", 1, "--jobs", 1) == (1, told)
    line, last = printed("campaign", *SMALL, "--journals", 1, "--jobs", 1, code=1)
    assert (line["engines"], line["findings"]) == ("differ", [{"diverged": "receipt", "seq": 11, "line": 12}])
    assert (last["broken"], last["diverged"]) == (0, 1)


def test_states_that_differ_are_told(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    state_of = OptimizedEngine.state

    def with_another_lot_next(engine: OptimizedEngine) -> State:
        return attrs.evolve(state_of(engine), next_lot=7)

    monkeypatch.setattr(OptimizedEngine, "state", with_another_lot_next)
    told = f"error: seed 7: the engines differ in the state of event 60 (line 61); {SMALL_AGAIN.format(7)}\n"
    code, said = ended(monkeypatch, capfd, "campaign", *SMALL, "--journals", 1, "--jobs", 1)
    assert (code, said) == (1, told)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_crash_is_told_with_its_seed(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], jobs: int
) -> None:
    monkeypatch.setattr(campaign, "Campaign", CrashingCampaign)
    code, said = ended(monkeypatch, capfd, "campaign", *SMALL, "--jobs", jobs)
    assert code == 3
    assert "ZeroDivisionError: of the engine" in said
    assert "in crash" in said
    told = "error: seed 7: this journal failed: ZeroDivisionError: of the engine; please report it as a bug"
    assert said.splitlines()[-1] == told


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError(), "out of memory"),
        (AssertionError(), "AssertionError; please report it as a bug"),
        (KeyError("a market"), "KeyError: 'a market'; please report it as a bug"),
    ],
)
def test_what_a_journal_failed_of_is_told_and_not_whose_fault_it_is(
    error: Exception, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def failing(venue: Venue) -> Iterator[Any]:
        raise error

    monkeypatch.setattr(campaign_running, "run_venue", failing)
    output = tmp_path / "output"
    code, said = ended(monkeypatch, capfd, "campaign", *SMALL, "--jobs", 1, "--output", output)
    assert (code, said.splitlines()[-1]) == (3, f"error: seed 7: this journal failed: {reason}")
    assert list(tmp_path.iterdir()) == []


@attrs.frozen
class InterruptedCampaign(Campaign):
    """Is interrupted at the third journal."""

    def line(self, index: int) -> dict[str, Any]:
        if index == 2:
            raise KeyboardInterrupt
        return super().line(index)


def test_an_interrupt_leaves_no_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(campaign, "Campaign", InterruptedCampaign)
    output = tmp_path / "lines"
    assert ended(monkeypatch, capfd, "campaign", *SMALL, "--jobs", 1, "--output", output) == (130, "\ninterrupted\n")
    assert list(tmp_path.iterdir()) == []


@attrs.frozen
class KillingCampaign(Campaign):
    """Kills whichever process runs the third journal."""

    def line(self, index: int) -> dict[str, Any]:
        if index == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().line(index)


KILLED = """
from tools.fleet.test_campaigns import KillingCampaign
from marginspec_tools import cli
from marginspec_tools.fleet import campaign

campaign.Campaign = KillingCampaign
cli.main()
"""


@pytest.mark.parametrize(("jobs", "code"), [(1, -signal.SIGKILL), (2, 3)])
def test_a_kill_leaves_no_output(tmp_path: Path, jobs: int, code: int) -> None:
    arguments = [*(str(one) for one in SMALL), "--jobs", str(jobs), "--output", str(tmp_path / "lines")]
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, "campaign", *arguments], capture_output=True, text=True, check=False
    )
    told = "error: a worker process died, perhaps out of memory; nothing is written"
    assert (killed.returncode, killed.stdout) == (code, "")
    assert killed.stderr.splitlines()[-1:] == ([told] if jobs == 2 else [])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ("--seed", HIGHEST_SEED),
            f"Invalid value for --seed: the last journal would have seed {10**18 + 2}, above {HIGHEST_SEED}",
        ),
        (
            ("--events", 3),
            "Invalid value for --events: 3 events are fewer than the 13 that open 1 markets and 5 accounts",
        ),
        (("--dask", "tcp://h:1", "--jobs", 2), "--jobs is for this machine, --dask for a cluster: give one of them"),
        (("--shard", "0/2"), "Invalid value for '--shard': 0/2 is not a shard, such as 2/5"),
        (("--shard", f"1/{'9' * 5000}"), f"Invalid value for '--shard': 1/{'9' * 58}… is not a shard, such as 2/5"),
        (("--shard", "1/٣"), "Invalid value for '--shard': 1/٣ is not a shard, such as 2/5"),
        (("--journals", 0), "Invalid value for '--journals': 0 is not in the range 1<=x<=1000000000."),
    ],
)
def test_wrong_usage_is_told(
    options: tuple[object, ...], message: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    code, said = ended(monkeypatch, capfd, "campaign", *SMALL, *options)
    assert (code, said.splitlines()[-1]) == (2, f"Error: {message}")
