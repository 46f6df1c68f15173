from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import attrs
import msgspec
import pytest
from click.testing import CliRunner

from conformance.reporting.logs import CRASHED, FAILED, HOSTILE, LOG, PASSED, SKIPPED, UNDECIDED, written
from marginspec_conformance.reporting.badge import badge
from marginspec_conformance.reporting.command import REPORTS, command
from marginspec_conformance.reporting.difference import Changed, Difference, difference
from marginspec_conformance.reporting.junit import junit
from marginspec_conformance.reporting.known import Judged, Known, judge, read_known
from marginspec_conformance.reporting.log import Case, Log
from marginspec_conformance.reporting.markdown import markdown
from marginspec_conformance.reporting.page import page
from marginspec_conformance.reporting.sarif import sarif
from marginspec_conformance.reporting.summary import facts
from marginspec_journal import InputError

ESCAPED = "<script>alert(1)</script>\\x1b[31m | `x`"
SUMMARY = "LIQ-01: ledger of wallet:alice:USDT is 99.5, not 100 (step 3, mark_price)"


def test_junit_has_each_outcome() -> None:
    suites = ElementTree.fromstring(junit(LOG))
    assert suites.attrib == {"name": "toy 1.2, level 4", "tests": "5", "failures": "1", "skipped": "2", "errors": "1"}
    assert {
        test.attrib["name"]: (test.attrib["time"], [(one.tag, one.attrib["message"], one.text) for one in test])
        for test in suites.iter("testcase")
    } == {
        PASSED.id: ("1.500000", []),
        FAILED.id: ("0.000020", [("failure", SUMMARY, f"equity of alice:USDT is 100\n{ESCAPED}")]),
        SKIPPED.id: ("0.000000", [("skipped", "skipped: needs isolated", None)]),
        UNDECIDED.id: ("0.000000", [("skipped", "undecided: a near tie", None)]),
        CRASHED.id: ("0.000000", [("error", f"crashed: {ESCAPED}", None)]),
    }


def test_the_summary_says_what_was_not_decided_and_what_failed() -> None:
    hostile = "\\<script\\>alert(1)\\</script\\>\\\\x1b\\[31m \\| \\`x\\`"
    assert markdown(LOG).decode() == (
        "# does not conform at level 4\n"
        "\n"
        "|  |  |\n"
        "|---|---|\n"
        "| engine | toy 1.2 (C++), by exec:./toy |\n"
        "| level | 4, tolerance 0 |\n"
        "| suite | 0.1.0, rulebook 2, profile binance, levy |\n"
        "| capabilities | batch, hedge |\n"
        "| clauses left out | ADL-06 |\n"
        "| cases | 1 passed, 1 failed, 1 skipped, 1 undecided, 1 engine failed |\n"
        "\n"
        "| vectors of | passed | failed | skipped | undecided | engine failed |\n"
        "|---|---|---|---|---|---|\n"
        "| ACC-01 | 1 | 0 | 1 | 0 | 0 |\n"
        "| ADL-02 | 0 | 0 | 0 | 1 | 0 |\n"
        "| LIQ-01 | 0 | 1 | 0 | 0 | 0 |\n"
        "| WTF-01 | 0 | 0 | 0 | 0 | 1 |\n"
        "\n"
        "## Not decided\n"
        "\n"
        "| why | cases |\n"
        "|---|---|\n"
        "| skipped: needs isolated | 1 |\n"
        "| undecided: a near tie | 1 |\n"
        "\n"
        "## Failures\n"
        "\n"
        "| clause blamed | cases |\n"
        "|---|---|\n"
        "| LIQ-01 | 1 |\n"
        "| the engine itself | 1 |\n"
        "\n"
        "### LIQ-01/order/11111111\n"
        "\n"
        f"{SUMMARY}\n"
        "\n"
        "- Every unhealthy domain is taken in ascending key order.\n"
        "- equity of alice:USDT is 100\n"
        f"- {hostile}\n"
        "- the same answer as: liquidation_price:1\n"
        "- again: marginspec conform run LIQ-01 -e exec:./toy\n"
        "\n"
        "### WTF-01/draw/44444444\n"
        "\n"
        f"crashed: {hostile}\n"
        "\n"
    )


def test_the_command_that_asks_again_is_told_once() -> None:
    case = next(one for one in LOG.cases if one.finding is not None)
    assert case.finding is not None
    again = f"again: {case.finding.reproduce}"
    finding = attrs.evolve(case.finding, story=(*case.finding.story, again))
    log = attrs.evolve(LOG, cases=(attrs.evolve(case, finding=finding),))
    assert markdown(log).decode().count(f"- {again}\n") == 1
    assert page(log).decode().count(case.finding.reproduce) == 1


class Tags(HTMLParser):
    """Which elements a page has, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_on_the_page_an_engine_can_say_nothing_but_text() -> None:
    found = Tags()
    found.feed(page(LOG).decode())
    assert found.tags == {
        *("html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "h3", "small"),
        *("div", "span", "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "code", "p", "pre"),
    }
    assert found.text.count(ESCAPED) == 2
    assert HOSTILE not in found.text


def test_the_page_is_green_only_if_nothing_was_left_open() -> None:
    for cases, standing in (((PASSED,), "good"), ((PASSED, SKIPPED), "open"), ((PASSED, CRASHED), "bad")):
        text = page(attrs.evolve(LOG, cases=cases)).decode()
        assert f'<h1 class="{standing}">does not conform at level 4</h1>' in text


def test_sarif_blames_the_clause() -> None:
    found = msgspec.json.decode(sarif(LOG, "log.ndjson"))
    (run,) = found["runs"]
    place = [{"physicalLocation": {"artifactLocation": {"uri": "log.ndjson"}}}]
    assert run == {
        "tool": {
            "driver": {
                "name": "marginspec",
                "version": "0.1.0",
                "rules": [
                    {"id": "LIQ-01", "shortDescription": {"text": "Liquidation"}},
                    {"id": "WTF-01", "shortDescription": {"text": "Realised losses"}},
                ],
            }
        },
        "results": [
            {
                "ruleId": "LIQ-01",
                "ruleIndex": 0,
                "level": "error",
                "message": {"text": SUMMARY},
                "locations": place,
                "partialFingerprints": {"case/v1": FAILED.id},
            },
            {
                "ruleId": "WTF-01",
                "ruleIndex": 1,
                "level": "error",
                "message": {"text": CRASHED.reason},
                "locations": place,
                "partialFingerprints": {"case/v1": CRASHED.id},
            },
        ],
        "properties": {"verdict": LOG.ending.verdict, "counts": LOG.counts()},
    }


@pytest.mark.parametrize(
    ("cases", "cut_short", "message", "colour"),
    [
        (LOG.cases, "", "1 of 5", "red"),
        ((PASSED, CRASHED), "", "1 of 2", "red"),
        ((), "", "0 of 0", "lightgrey"),
        ((SKIPPED, UNDECIDED), "", "0 of 2", "lightgrey"),
        ((PASSED, SKIPPED), "", "1 of 2", "yellow"),
        ((PASSED,), "the time was spent", "1 of 1", "yellow"),
        ((PASSED,), "", "1 of 1", "brightgreen"),
    ],
)
def test_a_badge_counts_what_was_skipped(cases: tuple[Case, ...], cut_short: str, message: str, colour: str) -> None:
    log = attrs.evolve(LOG, cases=cases, ending=attrs.evolve(LOG.ending, cut_short=cut_short))
    fields = {"schemaVersion": 1, "label": "marginspec 2, level 4", "message": message, "color": colour}
    assert msgspec.json.decode(badge(log)) == fields


NEW = attrs.evolve(
    LOG,
    cases=(
        attrs.evolve(PASSED, outcome="failed", reason="wrong"),
        attrs.evolve(FAILED, outcome="passed", finding=None),
        attrs.evolve(SKIPPED, reason="needs hedge"),
        attrs.evolve(CRASHED, id="WTF-01/new/55555555"),
    ),
)


def test_two_logs_side_by_side() -> None:
    assert difference(LOG, NEW) == Difference(
        worse=(Changed(PASSED.id, "passed", "failed: wrong"),),
        better=(Changed(FAILED.id, f"failed: {SUMMARY}", "passed"),),
        other=(Changed(SKIPPED.id, "skipped: needs isolated", "skipped: needs hedge"),),
        added=(Changed("WTF-01/new/55555555", "", f"engine failed: {CRASHED.reason}"),),
        gone=(UNDECIDED.id, CRASHED.id),
    )
    assert difference(LOG, LOG) == Difference((), (), (), (), ())


def test_what_fails_that_was_not_decided_before_is_worse() -> None:
    new = attrs.evolve(
        LOG, cases=(*LOG.cases[:2], attrs.evolve(SKIPPED, outcome="failed", reason="wrong"), *LOG.cases[3:])
    )
    assert difference(LOG, new) == Difference(
        (Changed(SKIPPED.id, "skipped: needs isolated", "failed: wrong"),), (), (), (), ()
    )


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"level": 2}, "NEW: level: 2, but OLD has 4: they cannot be compared"),
        ({"tolerance": "9"}, "NEW: tolerance: 9, but OLD has 0: they cannot be compared"),
        ({"command": "fuzz"}, "NEW: command: fuzz, but OLD has run: they cannot be compared"),
    ],
)
def test_logs_that_were_not_asked_alike_are_not_compared(changed: dict[str, Any], reason: str) -> None:
    with pytest.raises(InputError) as refused:
        difference(LOG, attrs.evolve(LOG, setting=attrs.evolve(LOG.setting, **changed)))
    assert str(refused.value) == reason


TODAY = date(2026, 11, 29)


def known(case: Case, expires: date = TODAY) -> Known:
    return Known(case.id, "waits for release 2", expires)


def test_known_failures_hide_nothing_else() -> None:
    assert judge(LOG, (known(FAILED),), TODAY) == Judged(known=(FAILED,), new=(CRASHED,), wrong=())
    assert judge(LOG, (known(FAILED), known(CRASHED)), TODAY) == Judged(known=(FAILED,), new=(CRASHED,), wrong=())
    without = attrs.evolve(LOG, cases=tuple(case for case in LOG.cases if case != CRASHED))
    assert judge(without, (known(FAILED),), TODAY).holds


def test_a_known_failure_may_name_the_clause_that_is_blamed() -> None:
    named, other = attrs.evolve(known(FAILED), clause="LIQ-01"), attrs.evolve(known(FAILED), clause="LIQ-02")
    assert judge(LOG, (named,), TODAY) == Judged(known=(FAILED,), new=(CRASHED,), wrong=())
    assert judge(LOG, (other,), TODAY) == Judged(known=(), new=(FAILED, CRASHED), wrong=())


def test_what_was_not_run_is_not_known() -> None:
    log = attrs.evolve(LOG, ending=attrs.evolve(LOG.ending, cut_short="9 of 14 vectors were not run"))
    wrong = ("nothing is known of what was not run: 9 of 14 vectors were not run",)
    assert judge(log, (known(FAILED), known(CRASHED)), TODAY) == Judged((FAILED,), (CRASHED,), wrong)


def test_known_failures_must_be_true() -> None:
    listed = (known(PASSED), known(FAILED, date(2026, 11, 28)), Known("ACC-01/none/0", "gone", TODAY), known(SKIPPED))
    assert judge(attrs.evolve(LOG, cases=LOG.cases[:4]), listed, TODAY) == Judged(
        known=(FAILED,),
        new=(),
        wrong=(
            f"{PASSED.id}: known to fail, but passes",
            f"{FAILED.id}: known to fail until 2026-11-28, which is past",
            "ACC-01/none/0: known to fail, but there is no such case",
        ),
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "Input data was truncated"),
        ('{"known_failures": ' + "[" * 100_000, "nested too deeply"),
        ("{}", "the only field is known_failures"),
        ('{"known_failures": [{"case": "x"}]}', "known_failures: Object missing required field `reason` - at `$[0]`"),
        (
            '{"known_failures": [{"case": "x", "reason": " ", "expires": "2026-01-01"}]}',
            "known_failures: x has no reason",
        ),
        (
            '{"known_failures": [{"case": "x", "reason": "y", "expires": "soon"}]}',
            "known_failures: Invalid RFC3339 encoded date - at `$[0].expires`",
        ),
    ],
)
def test_known_failures_that_are_none(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "known.json"
    path.write_text(text)
    with pytest.raises(InputError) as refusal:
        read_known(path)
    assert str(refusal.value) == f"{path}: {reason}"


def call(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(command, [str(word) for word in words])
    return done.exit_code, done.output


def test_all_reports_in_one_folder(tmp_path: Path) -> None:
    log, folder = written(tmp_path, LOG), tmp_path / "reports"
    names = "log.ndjson, junit.xml, summary.md, report.html, report.sarif, badge.json"
    told = "".join(f"  {name}: {value}\n" for name, value in facts(LOG))
    assert call("make", log, folder) == (0, f"does not conform at level 4\n{told}{folder}: {names}\n")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "log.ndjson": log.read_bytes(),
        **{name: report(LOG) for name, report in REPORTS.items()},
    }


def test_reports_that_stand_there_are_replaced_on_demand_only(tmp_path: Path) -> None:
    old, new, folder = written(tmp_path, LOG, "old"), written(tmp_path, NEW, "new"), tmp_path / "reports"
    call("make", old, folder)
    (folder / "notes.txt").write_text("ours")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(InputError) as refusal:
        CliRunner().invoke(command, ["make", str(new), str(folder)], catch_exceptions=False)
    reason = "cannot be written: the folder is not empty; --force replaces the reports in it"
    assert str(refusal.value) == f"{folder}: {reason}"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert call("make", new, folder, "--force")[0] == 0
    after = {name: report(NEW) for name, report in REPORTS.items()}
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        **after,
        "log.ndjson": new.read_bytes(),
        "notes.txt": b"ours",
    }
    assert call("make", new, tmp_path / "others", "--force")[0] == 0


def test_a_difference_is_told_by_the_exit_code(tmp_path: Path) -> None:
    old, new = written(tmp_path, LOG, "old"), written(tmp_path, NEW, "new")
    assert call("diff", old, old) == (0, "nothing got worse\n")
    assert call("diff", old, new) == (
        1,
        (
            "worse: ACC-01/opens/0a1b2c3d: passed -> failed: wrong\n"
            f"better: LIQ-01/order/11111111: failed: {SUMMARY} -> passed\n"
            "different: ACC-01/hedge/22222222: skipped: needs isolated -> skipped: needs hedge\n"
            f"new: WTF-01/new/55555555: engine failed: crashed: {ESCAPED}\n"
            "gone: ADL-02/tie/33333333\n"
            "gone: WTF-01/draw/44444444\n"
        ),
    )


def test_known_failures_are_judged_by_the_exit_code(tmp_path: Path) -> None:
    log = written(tmp_path, Log(LOG.setting, (PASSED, FAILED), LOG.ending))
    path = tmp_path / "known.json"
    entry = {"case": FAILED.id, "reason": "waits for release 2", "expires": "2999-01-01"}
    path.write_bytes(msgspec.json.encode({"known_failures": [entry]}))
    assert call("judge", log, path) == (0, "1 known failures, 0 others\n")
    path.write_bytes(msgspec.json.encode({"known_failures": [{**entry, "case": PASSED.id}]}))
    assert call("judge", log, path) == (
        1,
        (
            f"failed: {FAILED.id}: {SUMMARY}\n"
            f"known failures: {PASSED.id}: known to fail, but passes\n"
            "0 known failures, 1 others\n"
        ),
    )


def test_where_nothing_passed_known_failures_decide_nothing(tmp_path: Path) -> None:
    log, path = (
        written(tmp_path, Log(LOG.setting, (SKIPPED,), attrs.evolve(LOG.ending, exit_code=4))),
        tmp_path / "known",
    )
    path.write_bytes(msgspec.json.encode({"known_failures": []}))
    assert call("judge", log, path) == (4, "0 known failures, 0 others\nnothing passed: nothing was decided\n")


def test_a_badge_of_a_part_is_never_green() -> None:
    log = attrs.evolve(LOG, cases=(PASSED,), setting=attrs.evolve(LOG.setting, part="the short suite"))
    found = msgspec.json.decode(badge(log))
    assert (found["message"], found["color"]) == ("1 of 1, of a part only", "yellow")
    assert ("suite", "0.1.0, of the short suite only, rulebook 2, profile binance, levy") in facts(log)


@pytest.mark.parametrize(
    ("cases", "looks"),
    [((PASSED,), "good"), ((PASSED, SKIPPED), "open"), ((PASSED, CRASHED), "bad"), ((SKIPPED,), "open")],
)
def test_a_page_looks_no_better_than_its_badge(cases: tuple[Case, ...], looks: str) -> None:
    assert f'<h1 class="{looks}">' in page(attrs.evolve(LOG, cases=cases)).decode()
