"""audit: notes on what the rules allow, each of which names the scheme that was played."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from marginspec.model.events import Event, Withdraw
from marginspec_conformance.generator.events import decimal
from marginspec_tools.audit.command import command
from marginspec_tools.audit.surveillance import NOTES, Note, Watch
from marginspec_tools.runs import Run
from worlds.golden import FOLDER, HEADER, OPEN, TAKEN_OVER, declare, deposit, fund, mark, trade
from worlds.lines import Line, journal_text

ATTACKS = FOLDER.parent / "attacks"


def noted(path: Path) -> list[Note]:
    watch, run = Watch(), Run(path)
    for step in run:
        watch.take(step)
    return watch.finish()


def notes_of(folder: Path, *lines: Event | Line) -> list[tuple[str, int, int, tuple[str, ...], str]]:
    path = folder / "j.jsonl"
    path.write_text(journal_text((HEADER, *lines)), "utf-8")
    notes = [one.as_object() for one in noted(path)]
    return [(one["kind"], one["first"], one["last"], tuple(one["accounts"]), one["money"]) for one in notes]


EXIT = {"exit by liquidation", "far from the mark"}
WASH = {"far from the mark", "handed over", "only with each other", "levied"}
SCHEMES: dict[str, set[str]] = {
    "both-sides-alone": {"only with each other"},
    "both-sides-behind-another": {"only with each other"},
    "both-sides-insured": {"only with each other"},
    "exit-by-step-down": EXIT,
    "exit-within-a-fill-band": EXIT,
    "exit-within-a-price-band": EXIT,
    "funding-both-sides": {"funding between a pair", "only with each other", "levied"},
    "funding-capped": {"funding between a pair", "only with each other"},
    "one-bad-mark": {"mark returned", "levied", "passed over", "only with each other"},
    "relief-kept": {"mark returned", "levied", "passed over", "only with each other"},
    "wash-trade": WASH,
    "wash-trade-in-band": WASH,
    "wash-trade-mirror": WASH,
}
"""What is noted of each scheme."""


def test_every_scheme_is_named() -> None:
    found = {path.stem: {note.kind for note in noted(path)} for path in sorted(ATTACKS.glob("*.jsonl"))}
    assert found == SCHEMES


@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [
        (
            "exit-by-step-down",
            "exit by liquidation",
            "events 11 to 12, ring-whale and ring-friend: 41795.82 USDT; by a trade far from the mark",
        ),
        (
            "funding-both-sides",
            "funding between a pair",
            "funding between a pair in XUSDT, event 10, ring-payer and ring-receiver: 3000 USDT; by funding",
        ),
        (
            "one-bad-mark",
            "mark returned",
            "882 USDT; from 118.00 to 1000.00 to 118.00; 4 liquidations, deleveragings and levies at that price",
        ),
        (
            "one-bad-mark",
            "levied",
            "levied, event 15, bystander and late and maker and winner: 880 USDT; 880 came back, 0 did not",
        ),
        ("wash-trade", "handed over", "handed over in ILLQ, event 12, ring-long and ring-next: 3000 USDT"),
    ],
)
def test_a_note_says_who_when_and_how_much(name: str, kind: str, text: str) -> None:
    (said,) = (note.text for note in noted(ATTACKS / f"{name}.jsonl") if note.kind == kind)
    assert said.endswith(text)


@pytest.mark.parametrize("price", ["105", "95", "104.95", "95.05"])
def test_a_trade_is_far_from_a_twentieth_on(price: str, tmp_path: Path) -> None:
    is_far = price in ("105", "95")
    pair = ("alice", "bob") if price > "95.05" or price.startswith("1") else ("bob", "alice")
    lines = [trade("alice", "bob", "2", price), trade("alice", "bob", "1", price)]
    expected = [("far from the mark", 6, 7, pair, "15")] if is_far else []
    assert [one for one in notes_of(tmp_path, *OPEN, *lines) if one[0] != "handed over"] == expected


def test_a_withdrawal_without_which_an_account_was_healthy(tmp_path: Path) -> None:
    before = TAKEN_OVER[:-1]
    out: list[Event] = [deposit("dave", "20"), Withdraw("dave", "USDT", decimal("20"))]

    def exits(*lines: Event | Line) -> list[Any]:
        return [one for one in notes_of(tmp_path, *before, *out, *lines) if one[0] == "exit by liquidation"]

    assert exits(mark("88.5")) == [("exit by liquidation", 9, 10, ("dave",), "20")]
    # Much worse a mark, and it would not have helped; or long before.
    assert exits(mark("80")) == []
    assert exits(*[mark("99")] * 100, mark("88.5")) == []


@pytest.mark.rule("ADL-06")
def test_a_declaration_with_cover_and_one_without(tmp_path: Path) -> None:
    lines = [*TAKEN_OVER, fund("1000"), mark("88"), declare("1")]
    kinds = [(kind, accounts, money) for kind, _, _, accounts, money in notes_of(tmp_path, *lines)]
    assert kinds == [("only with each other", ("dave", "carol"), "1000"), ("deleveraged with cover", ("carol",), "1")]


def test_a_mark_that_stays_is_no_note(tmp_path: Path) -> None:
    marks = {"130 100": True, "130 110 100": True, "130 120 110": False, "119 100": False, "130 130 130 130 100": False}
    for prices, is_noted in marks.items():
        found = notes_of(tmp_path, *OPEN, trade("alice", "bob", "1"), *[mark(price) for price in prices.split()])
        assert [one[0] for one in found] == (["mark returned"] if is_noted else []), prices


def test_notes_are_in_the_report_and_change_no_verdict(tmp_path: Path) -> None:
    words = [str(ATTACKS / "one-bad-mark.jsonl"), "--report", str(tmp_path / "r")]
    outcome = CliRunner().invoke(command, words)
    assert outcome.exit_code == 4
    said = "4 notes on what the rules allow: 1 only with each other, 1 passed over, 1 levied, 1 mark returned"
    assert said in outcome.stdout.splitlines()
    lines: list[dict[str, Any]] = [
        json.loads(line) for line in (tmp_path / "r" / "notes.jsonl").read_text().splitlines()
    ]
    assert [one["kind"] for one in lines] == ["mark returned", "levied", "passed over", "only with each other"]
    summary = (tmp_path / "r" / "summary.md").read_text("utf-8")
    assert f"- mark returned: {NOTES['mark returned']}. 1 note, the largest first:" in summary
