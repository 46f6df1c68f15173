"""Invariants of states at a stated sample, those of events always; and how much is kept of what is found."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from marginspec.model.events import Withdraw
from marginspec.model.state import State
from marginspec.model.units import Decimal8
from marginspec_audit import EVENT_INVARIANTS, STATE_INVARIANTS, Owner, Transition, Violation
from marginspec_audit.violation import COUNT
from marginspec_journal import InputError
from marginspec_tools.audit import command as auditing
from marginspec_tools.audit import names, surveillance
from marginspec_tools.audit.command import command, default_sample
from marginspec_tools.audit.names import Names
from marginspec_tools.audit.recount import Recount
from marginspec_tools.audit.surveillance import Note, Notes
from marginspec_tools.bench.mixed import Mixed, write_mixed
from marginspec_tools.observed import Figure
from marginspec_tools.runs import Run, followed_run
from worlds.observing import observed_day, write_day

DAY = Path(__file__).parents[2] / "vectors" / "venue_day"
TRUE, PLANTED = DAY / "true.jsonl", DAY / "planted.jsonl"
EVENTS = 271
LEFT_OUT = "Notes with less money than those that are kept: 3, not listed"
STATES = "INV-01, INV-02, INV-03, INV-04, INV-05, INV-06, INV-11, INV-12, INV-13, INV-14"
CHECKED = "were checked at the start, after every 50th event and at the end, and not in between"
FOLLOWED = (
    "; so was the state that follows from the receipts compared with the engine's; "
    "INV-10 is of two runs of the optimized engine, and of the specification at these events"
)


def audit(report: Path, journal: Path, *options: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(command, [str(journal), "--report", str(report), *options])


def summary_of(report: Path) -> dict[str, Any]:
    """The summary for programs."""
    summary: dict[str, Any] = json.loads((report / "summary.json").read_bytes())
    return summary


def findings_of(report: Path) -> list[dict[str, Any]]:
    """The findings."""
    return [json.loads(line) for line in (report / "findings.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize(("engine", "more"), [("spec", ""), ("fast", FOLLOWED)])
def test_a_sample_finds_the_same_and_is_stated_everywhere(engine: str, more: str, tmp_path: Path) -> None:
    whole = audit(tmp_path / "whole", PLANTED)
    sampled = audit(tmp_path / "report", PLANTED, "--engine", engine, "--sample", "50")
    told = f"The invariants of states ({STATES}) {CHECKED}{more}"
    assert sampled.exit_code == whole.exit_code == 1
    assert f"\n{told}\n" in sampled.output
    assert (tmp_path / "report" / "findings.jsonl").read_bytes() == (tmp_path / "whole" / "findings.jsonl").read_bytes()
    summaries = summary_of(tmp_path / "whole"), summary_of(tmp_path / "report")
    assert summaries[1] == {**summaries[0], "sample": 50, "engine": engine}
    text = (tmp_path / "report" / "summary.md").read_text("utf-8")
    lead = f"Checked in the rulebook's own run, after each of {EVENTS} events"
    assert f"{lead}: every invariant of events, and the published figures" in text
    assert f"\n{told}.\n" in text
    page = (tmp_path / "report" / "report.html").read_text("utf-8")
    # At the head, beside the coverage, and among what was not checked.
    assert page.count(f"{told}.") == 3
    assert "--sample 50" in page


def test_what_is_not_sampled_says_nothing_of_it(tmp_path: Path) -> None:
    outcome = audit(tmp_path / "report", TRUE)
    assert "were checked at the start" not in outcome.output
    assert summary_of(tmp_path / "report")["sample"] == 1


@pytest.mark.parametrize("engine", ["spec", "fast"])
def test_states_are_checked_at_the_sample_and_the_end_and_events_always(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_state(state: State) -> Iterator[Violation]:
        """All states but an empty one."""
        if state.markets:
            yield Violation("INV-02", "broken", Owner("run", "state"), 1, COUNT)

    def broken_event(_: Transition) -> Iterator[Violation]:
        """All events."""
        yield Violation("INV-09", "broken", Owner("run", "event"), 1, COUNT)

    monkeypatch.setitem(STATE_INVARIANTS, "INV-02", broken_state)
    monkeypatch.setitem(EVENT_INVARIANTS, "INV-09", broken_event)
    audit(tmp_path / "report", TRUE, "--engine", engine, "--sample", "50")
    assert summary_of(tmp_path / "report")["broken"] == {"INV-02": 5 + 1, "INV-09": EVENTS}
    places = {one["clause"]: (one["seq"], one["last"], one["consequences"]) for one in findings_of(tmp_path / "report")}
    assert places == {"INV-02": (50, EVENTS, 5), "INV-09": (1, EVENTS, EVENTS - 1)}


def test_the_default_is_every_event_but_of_long_journals_on_the_optimized_engine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert (default_sample("spec", TRUE), default_sample("fast", TRUE)) == (1, 1)
    monkeypatch.setattr(auditing, "FEW_EVENTS", 200)
    assert (default_sample("spec", TRUE), default_sample("fast", TRUE)) == (1, 50_000)


@pytest.mark.parametrize(
    ("events", "sample"),
    [(20_000, 50_000), (500_000, 50_000), (500_001, 100_000), (3_200_100, 350_000), (None, 1), (19_999, 1)],
)
def test_a_long_journal_is_looked_at_ten_times(
    events: int | None, sample: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditing, "estimated_events", lambda _: events)
    assert (default_sample("spec", TRUE), default_sample("fast", TRUE)) == (1, sample)


def test_a_sample_is_of_at_least_one_event(tmp_path: Path) -> None:
    outcome = audit(tmp_path / "report", TRUE, "--sample", "0")
    assert outcome.exit_code == 2
    assert outcome.output.splitlines()[-1] == "Error: Invalid value for '--sample': 0 is not in the range x>=1."


# ----------------------------------------------------------------- how much is kept


def test_an_audit_ends_with_so_many_findings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    audit(tmp_path / "whole", PLANTED)
    second = sorted(one["seq"] for one in findings_of(tmp_path / "whole"))[1]
    monkeypatch.setattr("marginspec_tools.audit.audited.MOST_FINDINGS", 2)
    outcome = audit(tmp_path / "report", PLANTED)
    told = f"There are so many findings that the audit ended at event {second:,}: nothing after it was checked"
    assert outcome.exit_code == 1
    assert f"\n{told}\n" in outcome.output
    assert f"{told}." in (tmp_path / "report" / "summary.md").read_text("utf-8")
    summary = summary_of(tmp_path / "report")
    assert (summary["full"], summary["events"], summary["findings"]["count"]) == (second, second, 2)


def test_the_notes_with_the_most_money_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surveillance, "MOST_NOTES", 3)
    notes = Notes()
    for money in (5, 1, 9, 7, 3, 8, 2, 6):
        notes.add(Note("levied", money, money, (), "", "USDT", money))
    assert ([one.money for one in notes.kept], notes.left_out) == ([9, 8, 7, 6], 4)


def test_so_many_pairs_are_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surveillance, "MOST_NOTES", 0)
    outcome = audit(tmp_path / "report", DAY.parent / "attacks" / "wash-trade.jsonl")
    assert LEFT_OUT in outcome.output
    assert f"{LEFT_OUT}." in (tmp_path / "report" / "summary.md").read_text("utf-8")
    assert "far from the mark" not in summary_of(tmp_path / "report")["notes"]


def test_a_contrast_is_the_same_on_the_optimized_engine(tmp_path: Path) -> None:
    for engine in ("spec", "fast"):
        audit(tmp_path / engine, TRUE, "--against", "bitmex", "--engine", engine, "--sample", "100")
    rows = (tmp_path / "spec" / "profiles.csv").read_bytes()
    assert rows.count(b"\n") > 2
    assert (tmp_path / "fast" / "profiles.csv").read_bytes() == rows


def test_a_wrong_value_late_in_a_journal_is_found_at_its_event_by_both_engines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(followed_run, "EVENTS_AT_ONCE", 64)
    write_mixed(tmp_path / "mixed.parquet", Mixed(accounts=20, markets=4, events=900, seed=3))
    records = list(observed_day(tmp_path / "mixed.parquet"))
    place = next(place for place in range(700, len(records)) if "ledger" in (records[place].observed or {}))
    observed: dict[str, Any] = dict(records[place].observed or {})
    name, text = next(iter(observed["ledger"].items()))
    wrong = {**observed, "ledger": {**observed["ledger"], name: str(Decimal(text) + 12)}}
    records[place] = records[place]._replace(observed=wrong)
    write_day(tmp_path / "day.jsonl", tmp_path / "mixed.parquet", records)
    for engine in ("spec", "fast"):
        audit(tmp_path / engine, tmp_path / "day.jsonl", "--engine", engine, "--sample", "500")
    assert [(one["seq"], one["where"], one["money"]) for one in findings_of(tmp_path / "fast")] == [
        (place + 1, name, "12")
    ]
    assert findings_of(tmp_path / "fast") == findings_of(tmp_path / "spec")


# ----------------------------------------------------------------- what is kept


def test_the_second_books_keep_what_is_open_and_nothing_else() -> None:
    run = Run(TRUE)
    books = Recount(run.start.state)
    for step in run:
        books.take(step)
        assert set(books.lots) == set(step.transition.after.lots)
        assert dict(books.ledger) == dict(step.transition.after.ledger)
    assert run.state.next_lot > 1


def test_of_names_in_rejected_events_those_spoken_of_last_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "MOST_SPOKEN_OF", 2)
    step = next(iter(Run(TRUE)))
    known = Names("day.jsonl")
    for account in ("ann", "bob", "ann", "cid"):
        known.note(Withdraw(account, "USDT", Decimal8(1)), step.transition.after)
    known.check(step, Figure("ledger", "wallet:ann:USDT", "balance"))
    known.check(step, Figure("ledger", "wallet:cid:USDT", "balance"))
    with pytest.raises(InputError) as refused:
        known.check(step, Figure("ledger", "wallet:bob:USDT", "balance"))
    assert str(refused.value) == "day.jsonl:2: observed.ledger.wallet:bob:USDT: no such account: bob"
