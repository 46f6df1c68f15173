"""The pages of reports: what they say is what the files say, and what is broken is never shown as good."""

import csv
import json
import re
from collections.abc import Callable
from html import escape
from pathlib import Path
from shutil import copytree
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Browser, expect

from marginspec_conformance.reporting.log import Ending
from marginspec_conformance.reporting.log import read_log as read_by_kit
from marginspec_journal import InputError
from marginspec_tools.audit import SEVERITIES
from marginspec_tools.dashboard.reports import OUTCOMES, Broken, Reports, found_reports
from marginspec_tools.dashboard.reports.audits import read_audit
from marginspec_tools.dashboard.reports.logs import read_log
from marginspec_tools.dashboard.reports.reading import MOST_TEXT
from marginspec_tools.simulate import stress_day_path
from worlds.browser import violations, watched
from worlds.reported import CASES_A, CASES_B, EVENTS, VERDICTS, failed, passed, write_log
from worlds.served import Served, served

AUDITS = ("audit-cut", "audit-monday", "audit-right", "audit-touched", "audit-tuesday")
"""In the order in which they are numbered, from 1."""
READABLE = {"2": "audit-monday", "3": "audit-right", "4": "audit-touched", "5": "audit-tuesday"}


def rows(day: Served, table: str) -> list[dict[str, Any]]:
    """A table as JSON."""
    found: list[dict[str, Any]] = day.get(f"/{table}.json").json()
    return found


def findings_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "findings.jsonl").read_text("utf-8").splitlines()]


# --------------------------------------------------------------------- audits


def test_each_report_is_as_its_summary_says(day: Served, reports: Path) -> None:
    expected = []
    for number, name in READABLE.items():
        summary = json.loads((reports / name / "summary.json").read_text("utf-8"))
        counts, is_touched = summary["findings"], name == "audit-touched"
        files = len(json.loads((reports / name / "manifest.json").read_text("utf-8"))["files"])
        row: dict[str, Any] = {
            "report": number,
            "name": name,
            "verdict": summary["verdict"] + (", but not as it was written" if is_touched else ""),
            "limits": None,
            "manifest": "changed: notes.jsonl" if is_touched else f"all {files} files as it says",
            "of": "this journal",
            "journal": summary["journal"][:MOST_TEXT],
            **{name: summary[name] for name in ("engine", "rulebook", "hash")},
            "events": str(EVENTS),
            "rejected": str(summary["rejected"]),
            "lines": str(summary["coverage"]["lines"]),
            "values": str(summary["coverage"]["values"]),
            "findings": str(counts["count"]),
            **{severity: str(counts["severities"][severity]) for severity in SEVERITIES},
            "consequences": str(counts["consequences"]),
        }
        expected.append(row)
    broken, *readable = rows(day, "audits/reports")
    assert readable == expected
    told = {"report": "1", "name": "audit-cut", "verdict": "broken report"}
    reason = {"limits": "findings.jsonl:2: Input data was truncated"}
    assert {name: cell for name, cell in broken.items() if cell is not None} == {**told, **reason}


def test_each_finding_is_told_once_with_the_reports_that_have_it(day: Served, reports: Path) -> None:
    expected: dict[str, dict[str, Any]] = {}
    for number, name in READABLE.items():
        for one in findings_of(reports / name):
            row = {
                "event": str(one["seq"]),
                "reports": number,
                **{field: one[field] for field in ("severity", "clause", "account", "market")},
                "what": f"{one['where']} {one['what']}",
                **{field: one[field] for field in ("expected", "observed", "money", "asset")},
                "consequences": str(one["consequences"]),
                "finding": one["id"],
            }
            known = expected.setdefault(one["id"], row)
            known["reports"] = number if known is row else f"{known['reports']}, {number}"
    found = rows(day, "audits/findings")
    assert sorted(found, key=lambda one: one["event"]) == sorted(expected.values(), key=lambda one: one["event"])
    assert [(one["event"], one["reports"]) for one in rows(day, "audits/apart")] == [
        ("350", "2"),
        ("364", "2, 5"),
        ("381", "5"),
    ]
    # The event is in the journal that is shown.
    page = day.get("/audits").text
    assert all(f'href="/event?at={one["event"]}"' in page for one in found)


def test_clauses_and_coverage_stand_side_by_side(day: Served, reports: Path) -> None:
    clauses = {one["clause"]: one for one in rows(day, "audits/clauses")}
    covered = {(one["of"], one["name"]): one for one in rows(day, "audits/coverage")}
    for number, name in READABLE.items():
        with (reports / name / "coverage.csv").open(encoding="utf-8", newline="") as file:
            told = [one for one in csv.DictReader(file) if one["of"] != "account"]
        found = [one["clause"] for one in findings_of(reports / name)]
        for one in told:
            if one["of"] == "clause":
                row = clauses[one["name"]]
                cells = (row[f"events_{number}"], row[f"compared_{number}"], row[f"findings_{number}"])
                assert cells == (one["events"], one["compared"], str(found.count(one["name"])))
            else:
                row = covered[one["of"], one["name"]]
                differ = int(one["differs"]) + int(one["consequence"])
                cells = (row[f"compared_{number}"], row[f"differ_{number}"], row[f"unchecked_{number}"])
                assert cells == (str(int(one["values"]) - int(one["not checked"])), str(differ), one["not checked"])
        assert {one["name"] for one in told if one["of"] == "clause"} <= set(clauses)


def test_a_report_of_another_journal_leads_to_no_event(tmp_path: Path, reports: Path) -> None:
    folder = copytree(reports / "audit-tuesday", tmp_path / "other")
    summary = folder / "summary.json"
    told = json.loads(summary.read_text("utf-8"))
    summary.write_text(json.dumps({**told, "hash": "0" * 64}), "utf-8")
    longer = copytree(reports / "audit-right", tmp_path / "longer") / "summary.json"
    longer.write_text(json.dumps({**json.loads(longer.read_text("utf-8")), "events": 10**18}), "utf-8")
    with served(stress_day_path(), tmp_path / "day.index", found_reports(tmp_path)) as other:
        assert [one["verdict"] for one in rows(other, "audits/reports")] == [
            "holds, but not as it was written and of events that are not indexed",
            "findings, but not as it was written and of another journal",
        ]
        page = other.get("/audits").text
        assert "/event?at=3" not in page
        assert 'class="report holds"' not in page
        # There is no log, and so no page of logs.
        assert (other.get("/conformance").status_code, 'href="/conformance' in page) == (404, False)
        # What is put right is read again.
        summary.write_text(json.dumps(told), "utf-8")
        assert rows(other, "audits/reports")[1]["of"] == "this journal"


def without(name: str) -> Callable[[Path], Any]:
    return lambda folder: (folder / name).unlink()


def put(name: str, text: bytes) -> Callable[[Path], Any]:
    return lambda folder: (folder / name).write_bytes(text)


def changed(name: str, old: bytes, new: bytes) -> Callable[[Path], Any]:
    def change(folder: Path) -> None:
        text = (folder / name).read_bytes()
        assert old in text
        (folder / name).write_bytes(text.replace(old, new, 1))

    return change


def repeated(folder: Path) -> None:
    """The first finding in the place of both."""
    path = folder / "findings.jsonl"
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0] * 2)


MISSING = "missing, or not a file"
NESTED = b'{"x": ' + b"[" * 10**6


@pytest.mark.parametrize(
    ("breaks", "reason"),
    [
        (without("summary.json"), f"summary.json: {MISSING}"),
        (without("findings.jsonl"), f"findings.jsonl: {MISSING}"),
        (without("manifest.json"), "cannot be read: No such file or directory"),
        (put("summary.json", b""), "summary.json: Input data was truncated"),
        (put("summary.json", NESTED), "summary.json: nested too deeply"),
        (put("findings.jsonl", b""), "findings.jsonl: 0 findings, but summary.json counts 2"),
        (put("manifest.json", b'{"files": 1}'), "manifest.json: files: expected the names of files"),
        (changed("summary.json", b'"audit": 2', b'"audit": 3'), "summary.json: audit: format 3, but 2 is read"),
        (changed("summary.json", b'"verdict": "findings"', b'"verdict": "fine"'), "Invalid enum value 'fine'"),
        (
            changed("summary.json", b'"verdict": "findings"', b'"verdict": "holds"'),
            "summary.json: verdict: holds, but what it counts says findings",
        ),
        (changed("findings.jsonl", b'"severity":"high"', b'"severity":"low"'), "severity: counts are others than"),
        (changed("findings.jsonl", b'"clause":"MRG-06"', b'"clause":"MRG-07"'), "clause: counts are others than"),
        (changed("findings.jsonl", b'"seq":', b'"seq":-'), "findings.jsonl:1: Expected `int` >= 0"),
        (changed("findings.jsonl", b'"money":"', b'"money":"NaN'), "findings.jsonl:1: Expected `str` matching regex"),
        (changed("findings.jsonl", b'"where":"', b'"where":"\\ud800'), "findings.jsonl:1: "),
    ],
)  # fmt: skip
def test_a_report_that_says_nothing_reliable_is_refused_with_the_reason(
    tmp_path: Path, reports: Path, breaks: Callable[[Path], Any], reason: str
) -> None:
    folder = copytree(reports / "audit-tuesday", tmp_path / "report")
    breaks(folder)
    ((_, found),) = Reports(audits=(folder,)).read_audits()
    assert isinstance(found, Broken)
    assert reason in found.reason


def test_findings_have_ids_of_their_own(tmp_path: Path, reports: Path) -> None:
    folder = copytree(reports / "audit-tuesday", tmp_path / "report")
    repeated(folder)
    with pytest.raises(InputError, match=r"findings\.jsonl: severity: counts are others"):
        read_audit(folder)


def test_limits_are_told(tmp_path: Path, reports: Path) -> None:
    folder = copytree(reports / "audit-right", tmp_path / "report")
    path = folder / "summary.json"
    told = json.loads(path.read_text("utf-8"))
    told["coverage"]["kinds"]["balance"]["tolerated"] = 3
    path.write_text(json.dumps({**told, "run": False, "stopped": 7, "full": 9, "sample": 64, "subset": "x\n"}), "utf-8")
    assert read_audit(folder).limits == [
        "the journal was not run, since its opening state breaks invariants",
        "nothing after event 7 was checked, where the rules could not go on",
        "it ended at event 9, with too many findings",
        "invariants of states were checked after every 64th event only",
        "3 differences within the tolerance that was given",
        "only some accounts are known: x\\n stands for all others",
    ]


# ---------------------------------------------------------------- conformance


def test_each_log_is_as_its_lines_say(day: Served, reports: Path) -> None:
    first, second, killed = rows(day, "conformance/logs")
    for found, cases, verdict in ((first, CASES_A, VERDICTS[0]), (second, CASES_B, VERDICTS[1])):
        assert found["claim"] == verdict
        outcomes = [case.outcome for case in cases]
        counts = {outcome.replace(" ", "_"): str(outcomes.count(outcome)) for outcome in OUTCOMES}
        assert {name: found[name] for name in counts} == counts
        assert (found["cases"], found["level"], found["left_out"]) == (str(len(cases)), "4", "LVY-02")
    assert killed["claim"] == "broken log: killed.ndjson: the log has no footer: the run did not end"
    assert [name for name, cell in killed.items() if cell is not None] == ["log", "name", "claim"]


def test_first_differences_and_what_came_out_otherwise(day: Served) -> None:
    assert rows(day, "conformance/differences") == [
        {
            "case": "LIQ-05-a",
            "log": "1",
            "blamed": "LIQ-05",
            "outcome": "failed",
            "step": "7",
            "event": "liquidation_fill",
            "what": "ledger reserve:BTCUSDT",
            "expected": "120.00",
            "actual": "0.00",
        }
    ]
    assert rows(day, "conformance/apart") == [
        {"case": "LIQ-05-a", "clause": "LIQ-05", "log_1": "failed", "log_2": "passed"},
        {"case": "WTF-01-a", "clause": "WTF-01", "log_1": "passed", "log_2": "skipped"},
    ]
    counted = ("passed_1", "passed_2", "failed_1", "failed_2", "skipped_1", "skipped_2")
    assert rows(day, "conformance/clauses") == [
        {"clause": clause, **dict(zip(counted, counts, strict=True))}
        for clause, counts in (("LIQ-05", "011000"), ("MRG-01", "220000"), ("WTF-01", "100001"))
    ]


ENDS = Ending("it conforms", 0)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (lambda lines: lines[:0], "log.ndjson:1: Input data was truncated"),
        (lambda lines: lines[:-1], "log.ndjson: the log has no footer: the run did not end"),
        (lambda lines: [lines[0], *lines[2:]], "log.ndjson:3: counts: others than those of the cases"),
        (lambda lines: [*lines, lines[1]], "log.ndjson:5: a line after the footer"),
        (lambda lines: [lines[0], b"{}\n", *lines[1:]], "log.ndjson:2: neither a case nor the footer"),
        (lambda lines: [lines[0].replace(b'"log":1', b'"log":2'), *lines[1:]], "log.ndjson:1: log: format 2"),
        (lambda lines: [*lines[:2], NESTED], "log.ndjson:3: nested too deeply"),
        (lambda lines: [lines[0], *[one.replace(b'"passed"', b'"fine"') for one in lines[1:]]], "log.ndjson:2: "),
    ],
)  # fmt: skip
def test_a_log_that_the_kit_refuses_is_refused_here(
    tmp_path: Path, text: Callable[[list[bytes]], list[bytes]], reason: str
) -> None:
    path = tmp_path / "log.ndjson"
    write_log(path, "engine", [passed("a", "MRG-01"), passed("b", "MRG-01")], ENDS)
    lines = path.read_bytes().splitlines(keepends=True)
    # What is whole both read alike.
    assert msgspec.to_builtins(read_by_kit(path).ending) == msgspec.to_builtins(read_log(path).ending)
    assert read_by_kit(path).counts() == read_log(path).counts()
    path.write_bytes(b"".join(text(lines)))
    for read in (read_by_kit, read_log):
        with pytest.raises(InputError):
            read(path)
    ((_, found),) = Reports(logs=(path,)).read_logs()
    assert isinstance(found, Broken)
    assert found.reason.startswith(reason)


def test_a_log_that_says_it_conforms_though_a_case_failed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.ndjson"
    write_log(path, "engine", [failed("a", "MRG-01")], ENDS)
    with pytest.raises(InputError, match=r"exit_code: 0, but the cases are"):
        read_log(path)


# ------------------------------------------------------------------- finding


def test_reports_are_found_one_level_deep_and_those_that_are_named_come_first(tmp_path: Path, reports: Path) -> None:
    made = tmp_path / "made"
    (made / "deeper").mkdir(parents=True)
    write_log(made / "log.ndjson", "engine", [], ENDS)
    write_log(made / "other.ndjson", "engine", [], ENDS)
    copytree(reports / "audit-right", made / "deeper" / "audit")
    audit = copytree(reports / "audit-right", tmp_path / "audit")
    found = found_reports(tmp_path, [reports / "audit-monday", audit], [reports / "engine-a.ndjson"])
    assert found == Reports((reports / "audit-monday", audit), (reports / "engine-a.ndjson", made / "log.ndjson"))
    assert found_reports(None) == Reports()


# ------------------------------------------------------------------- hostile

MARKUP = "</h2><img src=x onerror=alert(1)>\u202e{{ 7 * 7 }}\x00"
SEEN = MARKUP.replace("\u202e", "\\u202e").replace("\x00", "\\x00")


@pytest.fixture
def hostile(tmp_path: Path, reports: Path) -> Reports:
    """Reports whose every text is hostile, and longer than what is shown."""
    folder = copytree(reports / "audit-tuesday", tmp_path / "<b>'\" audit")
    summary, findings = json.loads((folder / "summary.json").read_text("utf-8")), findings_of(folder)
    for one in findings:
        one.update(severity=MARKUP, clause=MARKUP, account=MARKUP, market=MARKUP, where=MARKUP * 100, observed=MARKUP)
    counts = {"severities": {MARKUP: 2}, "clauses": {MARKUP: 2}}
    summary.update(engine=MARKUP, subset=MARKUP, findings={**summary["findings"], **counts}, journal=MARKUP)
    summary["coverage"]["markets"] = {MARKUP: summary["coverage"]["kinds"]["balance"]}
    (folder / "summary.json").write_text(json.dumps(summary), "utf-8")
    (folder / "findings.jsonl").write_text("".join(json.dumps(one) + "\n" for one in findings), "utf-8")
    (folder / f"{'extra' * 40}<b>").touch()
    log = tmp_path / "<b>.ndjson"
    case = failed(MARKUP, MARKUP, subject=MARKUP * 100, expected=MARKUP, actual=MARKUP, event=MARKUP)
    write_log(log, MARKUP, [case], Ending(MARKUP * 100, 1, MARKUP))
    return Reports((folder, tmp_path / "gone<b>"), (log, tmp_path / "gone<b>.ndjson"))


def test_what_reports_say_is_text(browser: Browser, tmp_path: Path, hostile: Reports) -> None:
    with served(stress_day_path(), tmp_path / "day.index", hostile) as day, watched(browser, day.host) as opened:
        page = opened.page
        page.on("dialog", lambda dialog: opened.faults.append(f"dialog: {dialog.message}"))
        for path in ("audits", "conformance"):
            text = day.get(f"/{path}").text
            assert MARKUP not in text
            assert re.search("<b>(?![0-9]{3}</b>)", text) is None
            assert escape(SEEN[:20]) in text
            assert len(text) < 100_000
            page.goto(f"{day.url}/{path}")
            assert page.evaluate("document.querySelectorAll('main img, main script').length") == 0
            assert page.evaluate("document.documentElement.scrollWidth") <= 1280
            assert violations(page) == []
        expect(page.locator(".report").first).to_contain_text(SEEN)
        expect(page.locator(".report").last).to_contain_text("missing, or not a file")
