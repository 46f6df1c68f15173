"""Reports beside the stress day: audits of its beginning by exchanges with faults of their own, and logs of runs."""

from collections.abc import Callable
from pathlib import Path
from shutil import copytree
from typing import Any

from click.testing import CliRunner

from marginspec_conformance.protocol.messages import Hello
from marginspec_conformance.reporting.log import Case, Ending, Finding, LogWriter, Setting
from marginspec_journal import Record, write_journal
from marginspec_tools.audit.command import command as audit
from marginspec_tools.runs import Run
from marginspec_tools.simulate import stress_day_path
from worlds.observing import told_of

EVENTS = 400
"""Of the day that are audited."""
Wrong = Callable[[int, dict[str, Any]], dict[str, Any]]


def observed_beginning() -> list[Record]:
    """The first events of the stress day, each with what an exchange without a fault tells of it."""
    steps = Run(stress_day_path())
    return [step.record._replace(observed=told_of(step)) for step, _ in zip(steps, range(EVENTS), strict=False)]


def write_audit(folder: Path, records: list[Record], wrong: Wrong) -> int:
    """Audit what an exchange with a fault tells; gives the exit code."""
    journal = folder.parent / f"{folder.name}.observed"
    journal.mkdir()
    told = [one._replace(observed=wrong(number, dict(one.observed or {}))) for number, one in enumerate(records, 1)]
    path = journal / "told.jsonl"
    write_journal(path, Run(stress_day_path()).journal.header, told)
    return CliRunner().invoke(audit, [str(path), "--report", str(folder)]).exit_code


def write_log(path: Path, engine: str, cases: list[Case], ending: Ending | None = None) -> None:
    """The log of a run, by the conformance kit; without an ending it is of a run that was killed."""
    hello = Hello(engine, "1.2", "rust", "2", 4, frozenset({"claims"}), ("LVY-02",))
    with LogWriter(path, Setting("run", "vectors 2", "2", hello, "exec", 4, "reserve")) as log:
        for case in cases:
            log.add(case)
        if ending is not None:
            log.end(ending)


def passed(name: str, clause: str) -> Case:
    """A case that passed."""
    return Case(name, clause, "passed")


def failed(name: str, clause: str, **found: Any) -> Case:
    """A case whose engine has another balance than the rules."""
    told = {"step": 7, "event": "liquidation_fill", "clause": clause, "sentence": "", "kind": "ledger"}
    finding = Finding(**{**told, "subject": "reserve:BTCUSDT", "expected": "120.00", "actual": "0.00", **found})
    return Case(name, clause, "failed", "", finding)


def shifted(event: int, account: str, cents: int) -> Wrong:
    """An exchange that has so much more in an account from an event on, wherever it tells of it."""

    def wrong(number: int, told: dict[str, Any]) -> dict[str, Any]:
        ledger = told.get("ledger", {})
        if number < event or account not in ledger:
            return told
        units = int(ledger[account].replace(".", "")) + cents * 10**6
        return {**told, "ledger": {**ledger, account: f"{units // 10**8}.{units % 10**8:08}"}}

    return wrong


def refusing(event: int) -> Wrong:
    """An exchange that refuses an event that the rules accept."""
    return lambda number, told: {"rejected": "INSUFFICIENT_MARGIN"} if number == event else told


def both(*wrongs: Wrong) -> Wrong:
    """An exchange with several faults."""

    def wrong(number: int, told: dict[str, Any]) -> dict[str, Any]:
        for one in wrongs:
            told = one(number, told)
        return told

    return wrong


FEES = shifted(362, "insurance:USDT", -25)
"""What both exchanges have otherwise."""
WRONG = {
    "audit-monday": both(shifted(350, "wallet:a00028:USDT", 150), FEES),
    "audit-right": lambda _, told: told,
    "audit-tuesday": both(FEES, refusing(381)),
}
PASSED = [passed("MRG-01-a", "MRG-01"), passed("MRG-01-b", "MRG-01")]
CASES_A = [*PASSED, failed("LIQ-05-a", "LIQ-05"), passed("WTF-01-a", "WTF-01")]
CASES_B = [*PASSED, passed("LIQ-05-a", "LIQ-05"), Case("WTF-01-a", "WTF-01", "skipped", "no claims")]
VERDICTS = ("engine-a does not conform", "engine-b conforms at level 4, but for what was skipped")


def write_reports(folder: Path) -> None:
    """What stands beside a journal: three audits and two logs, an audit that is cut short, and one that was changed
    later, and the log of a run that was killed.
    """
    records = observed_beginning()
    for name, wrong in WRONG.items():
        write_audit(folder / name, records, wrong)
    cut = copytree(folder / "audit-tuesday", folder / "audit-cut") / "findings.jsonl"
    cut.write_bytes(cut.read_bytes()[:-40])
    with (copytree(folder / "audit-right", folder / "audit-touched") / "notes.jsonl").open("ab") as notes:
        notes.write(b"{}\n")
    write_log(folder / "engine-a.ndjson", "engine-a", CASES_A, Ending(VERDICTS[0], 1))
    write_log(folder / "engine-b.ndjson", "engine-b", CASES_B, Ending(VERDICTS[1], 0))
    write_log(folder / "killed.ndjson", "engine-c", CASES_A)
