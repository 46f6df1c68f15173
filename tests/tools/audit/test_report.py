"""audit's report: a page that can be handed on, that nobody can inject into, and that stays small; SARIF and JUnit."""

import json
import random
import re
import shlex
from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

import pytest
from click.testing import CliRunner

from marginspec.model.state import State
from marginspec_tools.audit.command import command
from marginspec_tools.audit.faults import grouped
from marginspec_tools.audit.report.charts import add_bars, add_lines
from marginspec_tools.audit.report.content import times_of
from marginspec_tools.audit.report.history import MOST_BARS, MOST_SPANS, History, Lanes, Point, Track
from marginspec_tools.audit.report.page import PARTS
from marginspec_tools.audit.report.setting import CLAUSES, LONGEST, Setting
from marginspec_tools.audit.report.style import STYLE
from worlds.golden import HEADER, OPEN
from worlds.lines import journal_text, line_of
from worlds.venue_day import FOLDER

MARKUP = "</td></style><script>alert(1)</script><img src=//evil.example onerror=alert(1)>"
HOSTILE, ESCAPED = MARKUP + "\u202e\x1b[31m", MARKUP + "\\u202e\\x1b[31m"
VOID = {"meta", "br", "hr", "img", "link", "input"}


class Tree(HTMLParser):
    """A page as elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.root = Element("page")
        self._open = [self.root]
        self.feed(text)
        assert len(self._open) == 1

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = SubElement(self._open[-1], tag, {name: text or "" for name, text in attrs})
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        last = self._open[-1]
        if len(last):
            last[-1].tail = (last[-1].tail or "") + data
        else:
            last.text = (last.text or "") + data


def report(journal: Path, folder: Path, *arguments: str) -> Path:
    CliRunner().invoke(command, [str(journal), "--report", str(folder), *arguments], catch_exceptions=False)
    return folder


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a day with seven faults."""
    folder = tmp_path_factory.mktemp("planted") / "r"
    return report(FOLDER / "planted.jsonl", folder, "--auditor", "Jane Roe")


@pytest.fixture(scope="module")
def page(planted: Path) -> Element:
    """Its page."""
    return Tree((planted / "report.html").read_text("utf-8")).root


def text_of(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def cells(table: Element) -> list[list[str]]:
    return [[text_of(cell) for cell in row] for row in table.iter("tr")]


def table(page: Element, caption: str) -> list[list[str]]:
    """The table with a caption: its heads and rows."""
    (found,) = [one for one in page.iter("table") if text_of(one[0]) == caption]
    return cells(found)


# ------------------------------------------------------------------- what it says


def test_the_page_says_in_order_what_a_client_asks(page: Element) -> None:
    headings = [(one.tag, text_of(one)) for one in page.iter() if one.tag in ("h1", "h2", "h3")]
    assert headings == [
        ("h1", "The exchange differs from the rules"),
        ("h2", "Scope and method"),
        ("h2", "Coverage"),
        ("h2", "Who ran what"),
        ("h2", "Findings"),
        ("h3", "Critical: 1 finding"),
        ("h3", "High: 3 findings"),
        ("h3", "Medium: 1 finding"),
        ("h3", "Low: 2 findings"),
        ("h2", "Notes"),
        ("h2", "Timeline of the waterfall"),
        ("h2", "Funds and shortfall"),
        ("h2", "Funds per market"),
        ("h2", "Invariants"),
        ("h2", "Not checked"),
        ("h2", "How to reproduce"),
    ]
    shown = [title for title in PARTS if title not in ("Fix review", "Under another profile")]
    links = [(one.get("href"), text_of(one)) for one in page.iter("a")]
    assert links == [(f"#part-{number}", title) for number, title in enumerate(shown, 1)]
    (head,) = page.iter("header")
    assert [text_of(one) for one in head.iter("div")] == [
        "findings7",
        "USDT at stake in the largest finding70,874.433",
        "values compared886",
        "events run271",
        "invariants broken by the exchange's own numbers, checked last at event 1100 of 2 checked",
        "invariants broken in the rulebook's own run0 of 14",
    ]


LIQUIDATED = "i01 was liquidated in BTCUSDT and was not due, at event 171 and 1 more"
LEVERAGE = "The leverage of i01 in BTCUSDT is 20 at the exchange, and 5 by the rules, at event 196"
REFUSED = "A trade of c09 was refused (INSUFFICIENT_MARGIN), and the rules accept it, at event 193"
RESERVE = "The reserve of SOLUSDT has 91.81073443 USDT more than by the rules, at event 259"
INSURANCE = "The insurance fund has 0.01 USDT more than by the rules, at event 121"
WALLET = "The wallet of c01 has 0.00000001 USDT more than by the rules, at event 167"


def test_findings_are_ranked_by_money_and_told_by_severity(page: Element) -> None:
    assert table(page, "All findings, the most money first") == [
        ["rank", "at stake", "asset", "severity", "clause", "finding"],
        [
            "1",
            "70,874.43300000",
            "USDT",
            "critical",
            "LIQ-01",
            "c10 was due for liquidation in SOLUSDT and was not, at event 191",
        ],
        [*("2", "11,629.21500000", "USDT", "high", "LIQ-01"), LIQUIDATED],
        [*("3", "1,717.26750000", "USDT", "medium", "ACC-01"), LEVERAGE],
        [*("4", "1,500.28200000", "USDT", "high", "TRD-02"), REFUSED],
        [*("5", "91.81073443", "USDT", "high", "WTF-01"), RESERVE],
        [*("6", "0.01000000", "USDT", "low", "TRD-01"), INSURANCE],
        [*("7", "0.00000001", "USDT", "low", "TRD-01"), WALLET],
    ]
    first = next(page.iter("article"))
    assert text_of(first[0]) == "critical LIQ-01 Liquidation c10 was due for liquidation in SOLUSDT and was not."
    facts = {text_of(one[0]): text_of(one[1]) for one in first[1]}
    assert facts.pop("id") == first.get("id")
    assert facts == {
        "at stake": "70,874.433 USDT, positions at mark",
        "about": "solvency",
        "harm": "a loss may be left that nobody bears",
        "where": "event 191, line 192",
        "ref": "VEN-900191",
        "time": "2025-10-10T20:52:17Z",
        "account": "c10",
        "market": "SOLUSDT",
        "last seen to agree": "event 176",
        "agrees again": "no",
    }
    assert cells(first[2]) == [
        ["where", "what", "by the rules", "observed", "difference"],
        ["wallet:c10:USDT", "balance", "0.00000000", "4976.48768810", "4976.48768810"],
        ["c10:SOLUSDT:BOTH", "quantity", "0.00", "357.14", "357.14"],
    ]
    told = [text_of(one) for one in first[3].iter("li")]
    assert (
        "-> liquidation: account c10, asset USDT, equity 851.52068810 USDT, maintenance 1117.48866000 USDT [LIQ-01]"
        in told
    )
    # What the rules did with others, as c03 and c07, is left out.
    assert not [one for one in told if "c07" in one]
    assert text_of(first[3][-1]).endswith(f"marginspec explain {FOLDER / 'planted.jsonl'} 191")


def test_invariants_have_two_sides(page: Element) -> None:
    rows = table(page, "Left and right sides, in the rulebook's own run")
    assert rows[0] == ["invariant", "where", "left side", "left figure", "is", "right side", "right figure"]
    assert rows[1] == [
        *("INV-01", "USDT", "all balances", "12,572,500.00000000", "=", "net deposits", "12,572,500.00000000")
    ]
    assert ["INV-02", "ETHUSDT", "long, lots included", "165.856", "=", "short, lots included", "165.856"] in rows
    assert ["INV-07", "ETHUSDT", "reserve", "15.92849259", "=", "profits less draws", "15.92849259"] in rows
    holds = {
        "=": lambda left, right: left == right,
        "≤": lambda left, right: left <= right,
        "≥": lambda left, right: left >= right,
        "<": lambda left, right: left < right,
        ">": lambda left, right: left > right,
    }
    for invariant, *_, left, relation, _, right in rows[1:]:
        assert holds[relation](*(float(one.replace(",", "")) for one in (left, right))), invariant
    assert {row[0] for row in rows[1:]} == {f"INV-{number:02}" for number in range(1, 15)}


def test_the_exchanges_own_numbers_are_shown_with_the_event_that_they_are_of(page: Element) -> None:
    caption = "On the exchange's own numbers, as told last; of domains, the closest"
    assert [[row[0], row[1], *row[-3:]] for row in table(page, caption)] == [
        ["invariant", "where", "right figure", "outcome", "told at event"],
        ["INV-01", "USDT", "2,500", "holds", "7"],
        ["INV-02", "BTCUSDT", "0.103", "holds", "110"],
        ["INV-02", "ETHUSDT", "20.488", "holds", "93"],
        ["INV-02", "SOLUSDT", "400", "holds", "95"],
    ]
    stale = (
        "None of that is of the end, event 271: after the events named the exchange told too little to check it again."
    )
    assert stale in [text_of(one) for one in page.iter("p") if one.get("class") == "limit"]


def test_what_was_within_a_tolerance_stands_in_the_heading(tmp_path: Path) -> None:
    folder = report(FOLDER / "drift.jsonl", tmp_path / "r", "--tolerance", "balance=0.01", "--tolerance", "mark=1")
    within = Tree((folder / "report.html").read_text("utf-8")).root
    told = "No findings; 48 differences within the tolerance, of at most 0.01 (insurance:USDT balance, event 121)"
    (head,) = within.iter("header")
    assert text_of(next(within.iter("h1"))) == "All that was observed agrees within the tolerance"
    assert head.get("class") == "open"
    assert text_of(head[2]).startswith(f"{told}. Compared with the exchange in ")
    assert f"**{told}**." in (folder / "summary.md").read_text("utf-8").splitlines()
    summary = json.loads((folder / "summary.json").read_text("utf-8"))
    assert summary["coverage"]["tolerated"] == {
        "balance": {"count": 48, "most": "0.01", "what": "insurance:USDT balance", "seq": 121}
    }
    (run,) = json.loads((folder / "findings.sarif").read_text("utf-8"))["runs"]
    assert run["properties"] == {"verdict": "holds", "compared": 889, "tolerated": 48}


def test_each_chart_has_its_figures_beside_it(page: Element) -> None:
    figures = list(page.iter("figure"))
    assert [text_of(one[0]) for one in figures] == [
        "USDT all markets of the asset together insurance house shortfall",
        "ETHUSDT in USDT reserve shortfall",
        "SOLUSDT in USDT reserve shortfall",
    ]
    assert cells(figures[2]) == [
        ["when", "event", "reserve", "shortfall"],
        ["start", "3", "0.00000000", "0.00000000"],
        ["highest reserve", "208", "145.35290625", "0.00000000"],
        ["highest shortfall", "215", "145.35290625", "1,791.62914165"],
        ["end", "270", "25.44368366", "0.00000000"],
    ]


def test_clauses_are_named_as_the_rulebook_names_them() -> None:
    pages = (Path(__file__).parents[3] / "docs" / "rulebook").glob("0[0-8]*.md")
    found = [re.findall(r"^### ([A-Z]+-\d+) (.+)$", one.read_text("utf-8"), re.MULTILINE) for one in pages]
    assert dict(pair for some in found for pair in some) == CLAUSES


def test_what_is_not_compared_and_what_holds_is_said(tmp_path: Path) -> None:
    right = Tree((report(FOLDER / "true.jsonl", tmp_path / "a") / "report.html").read_text("utf-8")).root
    path = tmp_path / "j.jsonl"
    path.write_text(journal_text((HEADER, *OPEN)), "utf-8")
    bare = Tree((report(path, tmp_path / "b") / "report.html").read_text("utf-8")).root
    told = [(text_of(next(found.iter("h1"))), next(found.iter("header")).get("class")) for found in (right, bare)]
    assert told == [("All that was observed agrees", "good"), ("Not compared", "open")]


def test_how_to_make_the_report_anew_is_what_works(planted: Path, page: Element, tmp_path: Path) -> None:
    (steps,) = [one for one in page.iter("ol") if one.get("class") == "steps"]
    journal = FOLDER / "planted.jsonl"
    assert [text_of(one) for one in steps.iter("code")] == [
        "pip install path/to/marginspec",
        f"marginspec audit {journal} --report REPORT --auditor 'Jane Roe'",
        "marginspec audit --verify FOLDER",
        f"marginspec explain {journal} SEQ",
    ]
    program = json.loads((planted / "manifest.json").read_text("utf-8"))["program"]
    assert f"has the program {program}." in text_of(steps[0])
    options = ("--engine", "fast")
    paths = {"journal": tmp_path / "day.parquet"}
    told = [Setting("", paths, {}, given, {}, "").installing for given in ((), options)]
    assert told == ["pip install 'path/to/marginspec[parquet]'", "pip install 'path/to/marginspec[fast,parquet]'"]


# ------------------------------------------------------------------- that it is a page for everyone


def test_the_page_loads_nothing_and_runs_nothing(page: Element) -> None:
    assert {one.tag for one in page.iter()} == {
        *("page", "html", "head", "meta", "title", "style", "body", "main", "header", "nav", "section", "article"),
        *("h1", "h2", "h3", "h4", "p", "a", "ol", "ul", "li", "dl", "dt", "dd", "div", "span", "strong", "code"),
        *("table", "caption", "thead", "tbody", "tr", "th", "td", "details", "summary"),
        *("figure", "figcaption", "svg", "path"),
    }
    named = {name for one in page.iter() for name in one.attrib}
    assert named == {
        *("lang", "charset", "name", "content", "class", "id", "href", "scope", "role", "tabindex"),
        *("aria-label", "aria-labelledby", "viewbox", "preserveaspectratio", "d"),
    }
    assert "url(" not in STYLE
    assert "@import" not in STYLE


def test_what_readers_of_screens_need_is_there(page: Element) -> None:
    html = page[0]
    assert (html.get("lang"), bool(text_of(next(html.iter("title")))), len(list(page.iter("main")))) == ("en", True, 1)
    levels = [int(one.tag[1]) for one in page.iter() if re.fullmatch("h[1-6]", one.tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    ids = [one.get("id") for one in page.iter() if one.get("id")]
    assert len(ids) == len(set(ids))
    for one in page.iter("th"):
        assert one.get("scope") in ("col", "row")
        assert text_of(one)
    for one in page.iter("svg"):
        assert (one.get("role"), one[0].tag, bool(text_of(one[0]))) == ("img", "title", True)
    regions = [one.get("aria-label") for one in page.iter() if one.get("role") == "region"]
    assert len(regions) == len(set(regions)) == len(list(page.iter("table")))
    assert all(one.get("tabindex") == "0" for one in page.iter() if one.get("role") == "region")
    labels = [one.get("aria-labelledby") for one in page.iter("section")]
    assert set(labels) <= set(ids)


def luminance(colour: str) -> float:
    """How bright a colour is, as WCAG counts."""
    digits = colour if len(colour) == 6 else "".join(2 * one for one in colour)
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [one / 12.92 if one <= 0.03928 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_text_stands_out_in_every_light() -> None:
    schemes = [dict(re.findall(r"--(\w+): #(\w+)", one)) for one in re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)]
    assert len(schemes) == 3
    for colours in schemes:
        for name in ("ink", "quiet", "good", "bad", "open", "one", "two", "three", "four"):
            for behind in ("paper", "soft"):
                bright, dark = sorted((luminance(colours[name]), luminance(colours[behind])), reverse=True)
                assert (bright + 0.05) / (dark + 0.05) >= 4.5, (name, behind)


# ------------------------------------------------------------------- hostile texts


def test_a_journal_can_put_nothing_but_text_on_the_page(planted: Path, tmp_path: Path) -> None:
    day = [json.loads(line) for line in (FOLDER / "planted.jsonl").read_text("utf-8").splitlines()]
    for line in day[1:]:
        line.update(ref=f"{MARKUP}{line['ref']}")
    day[50].setdefault("observed", {}).pop("accepted", None)
    day[50]["observed"]["code"] = MARKUP
    name = '"><img src=x onerror=alert(1)>.jsonl'
    path = tmp_path / name
    path.write_text("".join(json.dumps(line) + "\n" for line in day), "utf-8")
    folder = report(path, tmp_path / "r", "--auditor", HOSTILE)
    plain = Tree((planted / "report.html").read_text("utf-8")).root
    hostile = Tree((folder / "report.html").read_text("utf-8")).root
    assert {one.tag for one in hostile.iter()} == {one.tag for one in plain.iter()}
    assert {at for one in hostile.iter() for at in one.attrib} == {at for one in plain.iter() for at in one.attrib}
    assert {one.get("href") for one in hostile.iter("a")} == {one.get("href") for one in plain.iter("a")}
    assert "".join(hostile.itertext()).count(MARKUP) > 10
    commands = [text_of(one) for one in hostile.iter("code") if "marginspec " in text_of(one)]
    assert shlex.split(commands[-1]) == ["marginspec", "explain", str(path), "SEQ"]
    assert table(hostile, "The run")[1] == ["audited by", ESCAPED]
    sarif = json.loads((folder / "findings.sarif").read_text("utf-8"))
    uris = {one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in sarif["runs"][0]["results"]}
    assert [uri.rpartition("/")[2] for uri in uris] == ["%22%3E%3Cimg%20src%3Dx%20onerror%3Dalert%281%29%3E.jsonl"]
    messages = [one.get("message", "") for one in ElementTree.parse(folder / "junit.xml").iter("failure")]
    assert len([one for one in messages if MARKUP in one]) >= 7


# ------------------------------------------------------------------- bounded size


def test_a_long_series_is_thinned_out_and_keeps_its_extremes() -> None:
    drawn = random.Random(7)
    values = [(drawn.randrange(10**15), drawn.randrange(10**15)) for _ in range(20_000)]
    track = Track(Point(0, (0, 0)))
    for seq, value in enumerate(values, 1):
        track.take(seq, value)
    assert (track.width, len(track.spans)) == (128, 157)
    assert len(track.spans) <= MOST_SPANS
    for at in (0, 1):
        assert track.highest[at].values[at] == max(value[at] for value in values)
        assert max(span.highs[at] for span in track.spans.values()) == max(value[at] for value in values)
        assert min(span.lows[at] for span in track.spans.values()) == 0
    assert (track.lowest[0], track.last) == (Point(0, (0, 0)), Point(20_000, values[-1]))
    figure = Element("figure")
    add_lines(figure, "two values", track, (0, 1), 20_000)
    assert len(ElementTree.tostring(figure)) < 12_000


def test_far_apart_changes_are_kept_where_they_are() -> None:
    track = Track(Point(0, (0,)))
    for seq, value in ((1_000_000, 50), (2_000_000, 10), (3_000_000, 10)):
        track.take(seq, (value,))
    figure = Element("figure")
    add_lines(figure, "one value", track, (0,), 4_000_000)
    assert [one.get("d") for one in figure.iter("path")] == ["M0 200H1000", "M0 200H250V0H500V160H1000"]


def test_lanes_widen_and_lose_no_count() -> None:
    lanes = Lanes(0)
    for seq in range(1, 3_000_001, 1_000):
        lanes.take(seq, Counter(levies=2))
    assert sum(lanes.bars["levies"].values()) == 6_000
    assert len(lanes.bars["levies"]) <= MOST_BARS
    figure = Element("figure")
    add_bars(figure, "levies", lanes, "levies", 3_000_000)
    assert len(ElementTree.tostring(figure)) < 5_000


UNTOLD = {"type": "deposit", "account": "untold", "asset": "USDT", "amount": "1"}
"""A deposit that nothing was observed of, so that no line tells of all balances."""


def right(number: int) -> dict[str, Any]:
    """A deposit that the exchange booked, so that those which it did not are no rule of its own."""
    booked = {"ledger": {f"wallet:right-{number}:USDT": "1"}}
    return {"type": "deposit", "account": f"right-{number}", "asset": "USDT", "amount": "1", "observed": booked}


def test_the_page_of_a_large_exchange_is_small(tmp_path: Path) -> None:
    listed = next(line_of(one) for one in OPEN if line_of(one)["type"] == "list_market")
    lines: list[dict[str, Any]] = [HEADER]
    lines += [{**listed, "market": f"M{number}", "ref": f"{number} {MARKUP}"} for number in range(300)]
    lines.append(UNTOLD)
    for number in range(300):
        deposit = {"type": "deposit", "account": f"account-{number}", "asset": "USDT", "amount": "1000"}
        wrong = {"ledger": {f"wallet:account-{number}:USDT": str(number + 1)}}
        lines.append({**deposit, "observed": wrong, "ref": f"{number} {MARKUP}"})
        lines.append(right(number))
    path = tmp_path / "j.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    folder = report(path, tmp_path / "r")
    assert len((folder / "findings.jsonl").read_text("utf-8").splitlines()) == 300
    assert len((folder / "report.html").read_bytes()) < 600_000
    assert LONGEST < 1_000


# ------------------------------------------------------------------- for machines


def test_sarif_and_junit_have_each_finding(planted: Path, tmp_path: Path) -> None:
    found = [json.loads(line) for line in (planted / "findings.jsonl").read_text("utf-8").splitlines()]
    (run,) = json.loads((planted / "findings.sarif").read_text("utf-8"))["runs"]
    assert [one["partialFingerprints"]["finding/v1"] for one in run["results"]] == [one["id"] for one in found]
    assert [one["shortDescription"]["text"] for one in run["tool"]["driver"]["rules"]] == [
        *("Accounts and settings", "Liquidation", "Trade and fees", "When a trade is accepted", "Realised losses")
    ]
    last = run["results"][-1]
    assert last == {
        "ruleIndex": 2,
        "ruleId": "TRD-01",
        "level": "note",
        "message": {
            "text": "low TRD-01 event 167 (line 168), ref VEN-900167: "
            "The wallet of c01 has 0.00000001 USDT more than by the rules (wallet:c01:USDT balance: "
            "expected 24998.49990700, observed 24998.49990701); 0.00000001 USDT at stake"
        },
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": last["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]},
                    "region": {"startLine": 168},
                }
            }
        ],
        "partialFingerprints": {"finding/v1": found[-1]["id"]},
        "properties": {"severity": "low", "class": "figure", "money": "0.00000001", "asset": "USDT", "consequences": 0},
    }
    suites = ElementTree.parse(planted / "junit.xml").getroot()
    assert suites.attrib == {"name": "marginspec audit", "tests": "31", "failures": "5", "skipped": "0", "errors": "0"}
    failed = {one.get("name"): [two.text for two in one.iter("failure")] for one in suites.iter("testcase") if len(one)}
    by_clause: dict[str, list[str]] = {}
    for one in found:
        by_clause.setdefault(one["clause"], []).append(one["id"])
    assert failed == by_clause


def test_amounts_and_counts_are_written_for_people() -> None:
    written = [grouped(one) for one in ("1234567.89", "-1234", "0.5", "-", "n/a", "²")]
    assert written == ["1,234,567.89", "-1,234", "0.5", "-", "n/a", "²"]
    assert [times_of("levies", 1), times_of("step_downs", 1), times_of("levies", 2)] == [
        "1 levy",
        "1 step down",
        "2 levies",
    ]


def many_deposits_lost(asset: str, number_of_them: int) -> list[dict[str, Any]]:
    """Deposits of which the exchange booked every other one; each that it did not is a finding."""
    lines: list[dict[str, Any]] = [HEADER, UNTOLD]
    for number in range(1, number_of_them):
        name, amount, own = f"account-{number}", str(number * 7 % number_of_them + 1), asset.format(number)
        wrong = {"ledger": {f"wallet:{name}:{own}": "0"}}
        lines.append({**UNTOLD, "asset": own})
        lines.append({"type": "deposit", "account": name, "asset": own, "amount": amount, "observed": wrong})
        lines.append(right(number))
    return lines


def test_findings_that_are_alike_stand_together(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in many_deposits_lost("USDT", 400)), "utf-8")
    page = Tree((report(path, tmp_path / "r") / "report.html").read_text("utf-8")).root
    found = [json.loads(line) for line in (tmp_path / "r" / "findings.jsonl").read_text("utf-8").splitlines()]
    assert {one["group"] for one in found} == {"ACC-01 wallet balance, too little USDT"}
    (article,) = page.iter("article")
    assert article.get("id") == found[0]["id"]
    said = "399 findings in 1 group: those that are of one clause, figure and direction stand together, "
    assert f"{said}with the worst of them in full." in [text_of(one) for one in page.iter("p")]
    assert next(text_of(one) for one in page.iter("h3")).endswith(": 1 finding, and 398 alike")
    rows = table(article, f"Alike to {found[0]['id']}")
    assert len(rows) == 21
    assert rows[1] == [
        *("399.00000000", "USDT", "high", "ACC-01"),
        "The wallet of account-114 has 399 USDT less than by the rules, at event 342",
    ]
    assert "and 378 more, in findings.jsonl" in [text_of(one) for one in article.iter("p")]
    summary = json.loads((tmp_path / "r" / "summary.json").read_text("utf-8"))
    assert (summary["findings"]["count"], summary["findings"]["groups"]) == (399, 1)


def test_of_many_findings_the_worst_are_kept_to_be_explained(tmp_path: Path) -> None:
    # Each in an asset of its own, so that no two are alike.
    lines = many_deposits_lost("A{}", 200)
    path = tmp_path / "j.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    page = Tree((report(path, tmp_path / "r", "--sample", "1000") / "report.html").read_text("utf-8")).root
    found = [json.loads(line) for line in (tmp_path / "r" / "findings.jsonl").read_text("utf-8").splitlines()]
    assert [one["money"] for one in found] == [str(amount) for amount in range(200, 0, -1) if amount != 1]
    shown = [(one.get("id"), one[-1].tag) for one in page.iter("article")]
    worst = sorted(
        found, key=lambda one: (("critical", "high", "medium", "low").index(one["severity"]), -int(one["money"]))
    )
    assert shown == [(one["id"], "details") for one in worst[:40]]


class LongHistory(History):
    """What is gathered of three million events in which the funds of 300 markets never rest."""

    def __init__(self, start: State, seq: int) -> None:
        super().__init__(start, seq)
        drawn = random.Random(11)
        track = Track(Point(0, (0, 0)))
        for number in range(1, 3_000_001, 500):
            track.take(number, (drawn.randrange(10**18), drawn.randrange(10**18)))
        self.markets |= {f"MARKET-{number}": track for number in range(300)}
        self.asset_of_market |= {f"MARKET-{number}": "USDT" for number in range(300)}
        self.lanes.take(3_000_000, Counter(levies=1))


def test_the_page_of_a_long_day_is_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("marginspec_tools.audit.command.History", LongHistory)
    folder = report(FOLDER / "planted.jsonl", tmp_path / "r")
    page = (folder / "report.html").read_bytes()
    assert (page.count(b"<figure"), b"and 279 more, with less money, without a chart" in page) == (24, True)
    assert len(page) < 1_000_000
