"""audit: every figure that may be observed, when it agrees, what a difference is put down to, and what follows."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from marginspec.model.events import Event
from marginspec_conformance.generator.events import settle
from marginspec_journal import InputError
from marginspec_tools.audit.command import command
from marginspec_tools.audit.comparison import Comparison
from marginspec_tools.runs import Run
from worlds.golden import HEADER, OPEN, TAKEN_OVER, deposit, fill, fund, leverage, mark, trade
from worlds.lines import Line, journal_text, line_of

Answer = dict[str, Any]

TRADED: list[Event | Line] = [*OPEN, trade("alice", "bob", "2")]
"""A trade of 2 at 100: the taker pays 0.2, the maker 0.1, of which insurance gets a fifth, so 0.06."""


def seen(event: Event, answer: Answer, **more: Any) -> Line:
    """An event with what was observed of it."""
    return {**line_of(event), **more, "observed": answer}


def run(folder: Path, lines: list[Event | Line], *arguments: str) -> Result:
    path = folder / "j.jsonl"
    path.write_text(journal_text((HEADER, *lines)), "utf-8")
    return CliRunner().invoke(command, [str(path), "--report", str(folder / "r"), "--force", *arguments])


def found_in(folder: Path, name: str = "findings") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "r" / f"{name}.jsonl").read_text("utf-8").splitlines()]


def audited(folder: Path, lines: list[Event | Line], *arguments: str) -> list[dict[str, Any]]:
    """The findings of an audit of lines."""
    outcome = run(folder, lines, *arguments)
    assert outcome.exit_code in (0, 1, 4), outcome.exception
    return found_in(folder)


def refused(folder: Path, lines: list[Event | Line], *arguments: str) -> str:
    outcome = run(folder, lines, *arguments)
    assert isinstance(outcome.exception, InputError), outcome.output
    return str(outcome.exception).removeprefix(str(folder / "j.jsonl"))


def values(finding: dict[str, Any]) -> list[tuple[str, str, str | None, str]]:
    return [(one["where"], one["what"], one["expected"], one["observed"]) for one in finding["values"]]


# ------------------------------------------------------------------- when they agree

ALL_FIGURES: Answer = {
    "accepted": True,
    "ledger": {"wallet:alice:USDT": "999.8", "insurance:USDT": "0.0600", "isolated:bob:ABC:LONG": "0"},
    "positions": {
        "alice:ABC:BOTH": {
            "quantity": "2.00",
            "margin_mode": "cross",
            "leverage": 20,
            "entry_price": "100",
            "unrealised": "-1",
            "liquidation_price": "0",
            "bankruptcy_price": "0",
            "maintenance": "1.99",
            "initial": "9.95",
            "adl": 4,
        },
        "bob:ABC:BOTH": {"quantity": "-2", "liquidation_price": "593.09", "bankruptcy_price": "599.95"},
        "carol:ABC:BOTH": {"quantity": "0", "entry_price": "0", "maintenance": "0"},
    },
    "domains": {
        "alice:USDT": {
            "equity": "998.8",
            "maintenance": "1.99",
            "initial": "9.95",
            "order_margin": "0",
            "available": "988.85",
            "movable": "988.85",
            "margin_ratio": "0.00199",
        },
        "bob:ABC:LONG:USDT": {"equity": "0"},
        "carol:USDT": {"margin_ratio": "0"},
    },
    "marks": {"ABC": "99.5"},
    "funds": {"ABC": {"balance": "0", "inflow": "0", "lots": 0, "long_lots": "0", "lots_pnl": "0", "shortfall": "0"}},
    "uncovered": {"USDT": "0"},
}


@pytest.mark.rule("MRG-02", "MRG-04", "MRG-06", "MRG-07", "MRG-08", "ADL-05", "ACC-03", "TRN-01")
def test_figures_that_say_the_same_in_other_digits_agree(tmp_path: Path) -> None:
    outcome = run(tmp_path, [*TRADED, seen(mark("99.5"), ALL_FIGURES)])
    assert (outcome.exit_code, found_in(tmp_path)) == (0, []), outcome.output
    counts = {"verdict": 1, "balance": 3, "quantity": 3, "setting": 2, "mark": 1, "price": 6, "pnl": 1}
    counts |= {"margin": 10, "ratio": 2, "indicator": 1, "fund": 7}
    summary = json.loads((tmp_path / "r" / "summary.json").read_text("utf-8"))
    assert {kind: one["equal"] for kind, one in summary["coverage"]["kinds"].items()} == counts
    kinds = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    said = f"Compared with the exchange in 1 of 7 events: 37 values ({kinds})"
    assert said in outcome.stdout.splitlines()
    text = (tmp_path / "r" / "summary.md").read_text("utf-8").splitlines()
    assert f"{said}." in text
    assert "Not observed, and so not compared: lots of the liquidation engine." in text
    table = (tmp_path / "r" / "coverage.csv").read_text("utf-8").splitlines()
    assert table[0] == "of,name,values,equal,tolerated,as displayed,consequence,differs,not checked,events,compared"
    assert "account,alice,18,18,0,0,0,0,0,," in table
    assert "clause,TRD-01,,,,,,,,1,0" in table


@pytest.mark.rule("LIQ-03", "LIQ-04")
def test_lots_and_funds_agree_too(tmp_path: Path) -> None:
    answer = {
        "lots": {"1": {"quantity": "10", "cost": "881"}},
        "funds": {"ABC": {"lots": 1, "long_lots": "10", "short_lots": "0", "lots_pnl": "4"}},
        "ledger": {"lot:1": "-881"},
    }
    assert audited(tmp_path, [*TAKEN_OVER, seen(fund("1"), answer)]) == []
    sold = seen(fill("carol", "10", "88.5"), {"lots": {"1": {"quantity": "0", "cost": "0"}}})
    assert audited(tmp_path, [*TAKEN_OVER, sold]) == []


@pytest.mark.rule("MKT-05")
def test_what_was_in_a_market_that_closed_is_nothing(tmp_path: Path) -> None:
    answer = {"positions": {"alice:ABC:BOTH": {"quantity": "0"}}, "ledger": {"reserve:ABC": "0"}, "funds": {"ABC": {}}}
    assert audited(tmp_path, [*TRADED, seen(settle("99", "ABC"), answer)]) == []


# ------------------------------------------------------------------- what differs

DIFFERENCES: list[tuple[Answer, str, str, str | None, str, str]] = [
    ({"rejected": "UNHEALTHY"}, "TRD-02", "answer", "accepted", "UNHEALTHY", "200"),
    ({"ledger": {"house:USDT": "0.25"}}, "TRD-01", "balance", "0.2400", "0.25", "0.01"),
    ({"ledger": {"wallet:carol:USDT": "5"}}, "ACC-01", "balance", "5000.0000", "5", "4995"),
    ({"positions": {"bob:ABC:BOTH": {"quantity": "2"}}}, "ACC-02", "quantity", "-2.0", "2", "400"),
    ({"positions": {"bob:ABC:BOTH": {"quantity": "-2", "leverage": 5}}}, "ACC-01", "leverage", "20", "5", "30"),
    (
        {"positions": {"bob:ABC:BOTH": {"quantity": "-2", "margin_mode": "isolated"}}},
        *("ACC-01", "margin mode", "cross", "isolated", "0"),
    ),
    (
        {"positions": {"bob:ABC:BOTH": {"quantity": "-2", "entry_price": "99"}}},
        "ACC-02",
        "entry price",
        "100",
        "99",
        "2",
    ),
    (
        {"positions": {"bob:ABC:BOTH": {"quantity": "-2", "liquidation_price": "590"}}},
        *("MRG-07", "liquidation price", "593.09", "590", "6.18"),
    ),
    ({"positions": {"bob:ABC:BOTH": {"quantity": "-2", "adl": 1}}}, "ADL-05", "adl", "4", "1", "0"),
    ({"domains": {"bob:USDT": {"maintenance": "1.9"}}}, "MRG-04", "maintenance", "2.0000", "1.9", "0.1"),
    ({"domains": {"bob:USDT": {"margin_ratio": "0.10"}}}, "MRG-05", "margin ratio", "0.0020002", "0.10", "0"),
    ({"marks": {"ABC": "100.01"}}, "MKT-01", "mark", "100.00", "100.01", "0.02"),
    ({"funds": {"ABC": {"lots": 1}}}, "TRN-01", "lots", "0", "1", "0"),
    ({"uncovered": {"USDT": "1"}}, "LVY-01", "uncovered", "0.0000", "1", "1"),
]


@pytest.mark.parametrize(("answer", "clause", "what", "expected", "observed", "money"), DIFFERENCES)
def test_a_figure_that_differs_is_a_finding_of_its_clause(
    answer: Answer, clause: str, what: str, expected: str | None, observed: str, money: str, tmp_path: Path
) -> None:
    marks = {"ref": "t-1", "ts": "2026-01-01T00:00:00Z"}
    (found,) = audited(tmp_path, [*OPEN, seen(trade("alice", "bob", "2"), answer, **marks)])
    assert (found["seq"], found["line"], found["ref"], found["ts"]) == (6, 7, *marks.values())
    assert (found["clause"], found["what"], found["expected"], found["observed"], found["money"]) == (
        *(clause, what, expected, observed, money),
    )


def test_what_follows_from_a_figure_of_the_same_line_is_a_consequence(tmp_path: Path) -> None:
    # Its wallet is 100 less, and so is all that follows from it.
    figures = {"equity": "899.8", "available": "889.8", "movable": "889.8", "margin_ratio": "0.0022227"}
    answer = {"ledger": {"wallet:alice:USDT": "899.8"}, "domains": {"alice:USDT": figures}}
    (found,) = audited(tmp_path, [*OPEN, seen(trade("alice", "bob", "2"), answer)])
    assert (values(found), found["consequences"]) == ([("wallet:alice:USDT", "balance", "999.8000", "899.8")], 4)
    assert [one["what"] for one in found_in(tmp_path, "consequences")] == [
        *("equity", "available", "movable", "margin ratio")
    ]


def test_of_derived_figures_of_an_account_the_first_is_the_cause(tmp_path: Path) -> None:
    figures = {"margin_ratio": "0.10", "maintenance": "99.98", "equity": "999.8"}
    answer = {"domains": {"alice:USDT": figures, "bob:USDT": {"equity": "0"}}}
    found = audited(tmp_path, [*OPEN, seen(trade("alice", "bob", "2"), answer)])
    assert [(one["clause"], one["account"], len(one["values"])) for one in found] == [
        ("ACC-03", "bob", 1),
        ("MRG-04", "alice", 2),
    ]


# ------------------------------------------------------------------- verdicts and the exchange's own codes


def test_another_reason_of_rejection_is_a_finding(tmp_path: Path) -> None:
    (found,) = audited(tmp_path, [*OPEN, seen(trade("alice", "alice", "1"), {"rejected": "NO_MARK"})])
    assert (found["clause"], *values(found)) == ("TRD-01", ("Trade", "answer", "SELF_TRADE", "NO_MARK"))


def table(folder: Path, codes: dict[str, list[str]], **changes: Any) -> tuple[str, str]:
    path = folder / "codes.json"
    path.write_text(json.dumps({"reasons": 1, "rulebook": "2", "codes": codes, **changes}), "utf-8")
    return "--reasons", str(path)


SELF_TRADE = trade("alice", "alice", "1")


@pytest.mark.parametrize(
    ("event", "codes", "differs"),
    [
        (SELF_TRADE, {"-2022": ["NO_MARK", "SELF_TRADE"]}, None),
        (SELF_TRADE, {"-2022": ["NO_MARK"]}, ("Trade", "answer", "SELF_TRADE", "-2022")),
        (SELF_TRADE, {}, None),
        (trade("alice", "bob", "1"), {}, ("Trade", "answer", "accepted", "-2022")),
        (trade("alice", "bob", "1"), {"-2022": ["UNHEALTHY"]}, ("Trade", "answer", "accepted", "UNHEALTHY")),
    ],
)
def test_a_code_stands_for_the_reasons_that_a_table_gives(
    event: Event, codes: dict[str, list[str]], differs: tuple[str, ...] | None, tmp_path: Path
) -> None:
    found = audited(tmp_path, [*OPEN, seen(event, {"code": "-2022"})], *table(tmp_path, codes))
    assert [values(one) for one in found] == ([] if differs is None else [[differs]])
    summary = json.loads((tmp_path / "r" / "summary.json").read_text("utf-8"))
    assert summary["coverage"]["unknown_codes"] == ({} if codes else {"-2022": 1})
    assert json.loads((tmp_path / "r" / "manifest.json").read_text("utf-8"))["inputs"]["reasons"]
    if not codes:
        text = (tmp_path / "r" / "summary.md").read_text("utf-8")
        assert "The exchange's code -2022 is in no table of reasons, 1 time: that it rejected was compared" in text


def test_a_table_of_reasons_is_read_strictly(tmp_path: Path) -> None:
    for changes, said in (
        ({"reasons": 2}, "reasons: expected 1"),
        ({"rulebook": "1"}, "rulebook: expected 2"),
        ({"more": 1}, "more: unknown field"),
    ):
        assert refused(tmp_path, list(OPEN), *table(tmp_path, {}, **changes)) == f"{tmp_path / 'codes.json'}: {said}"
    said = refused(tmp_path, list(OPEN), *table(tmp_path, {"-1": ["BUSY"]}))
    assert said.startswith(f"{tmp_path / 'codes.json'}: codes.-1[0]: expected one of UNKNOWN_MARKET, ")


# ------------------------------------------------------------------- going on from what the exchange has


@pytest.mark.rule("TRD-02")
def test_a_trade_that_the_exchange_refused_is_one_finding_with_all_that_follows(tmp_path: Path) -> None:
    lines: list[Event | Line] = [
        *OPEN,
        seen(trade("alice", "bob", "2"), {"rejected": "UNHEALTHY", "ledger": {"wallet:alice:USDT": "1000"}}),
        seen(
            mark("101"),
            {"positions": {"alice:ABC:BOTH": {"quantity": "0"}}, "domains": {"bob:USDT": {"equity": "1000"}}},
        ),
        seen(deposit("alice", "1"), {"ledger": {"wallet:alice:USDT": "1001", "house:USDT": "0"}}),
    ]
    (found,) = audited(tmp_path, lines)
    assert (found["clause"], found["money"], len(found["values"]), found["consequences"]) == ("TRD-02", "200", 2, 4)


@pytest.mark.rule("ACC-01")
def test_what_the_exchange_accepted_alone_is_one_finding(tmp_path: Path) -> None:
    zoe = {"ledger": {"wallet:zoe:USDT": "5"}}
    lines = [
        *OPEN,
        seen(deposit("zoe", "0.00001"), {"accepted": True, **zoe}),
        seen(mark("101"), {**zoe, "domains": {"zoe:USDT": {"equity": "5"}}}),
    ]
    (found,) = audited(tmp_path, lines)
    assert (found["clause"], [one["expected"] for one in found["values"]]) == ("NUM-03", ["INVALID_AMOUNT", "0.0000"])
    assert found["consequences"] == 2


def insured(seq: int, balance: str) -> Line:
    """A trade, which brings the fund 0.06, and what the exchange has in it."""
    return seen(trade("alice", "bob", "2"), {"ledger": {"insurance:USDT": balance}}, ref=f"t-{seq}")


def test_a_figure_that_is_wrong_again_and_again_is_one_finding(tmp_path: Path) -> None:
    # The exchange books 0.07 for 0.06, puts it right after the third trade, and goes on.
    balances = ("0.07", "0.14", "0.21", "0.24", "0.31", "0.38")
    (found,) = audited(tmp_path, [*OPEN, *[insured(place, text) for place, text in enumerate(balances)]])
    assert (found["ref"], found["money"], found["consequences"], found["last"]) == ("t-0", "0.05", 4, 11)
    assert (found["returned"], found["since"], found["events"], found["owners"]) == (None, 0, 5, 1)
    again = [(one["seq"], one["again"]) for one in found_in(tmp_path, "consequences")]
    assert again == [(7, True), (8, True), (10, True), (11, True)]


def test_a_figure_that_was_wrong_and_then_right_more_often_is_another_finding(tmp_path: Path) -> None:
    lines = [*OPEN, *[insured(place, text) for place, text in enumerate(("0.07", "0.12", "0.19"))]]
    first, second = sorted(audited(tmp_path, lines), key=lambda one: int(one["seq"]))
    assert (first["ref"], first["money"], first["events"], first["returned"]) == ("t-0", "0.01", 1, 7)
    assert (second["ref"], second["money"], second["events"], second["since"]) == ("t-2", "0.01", 1, 7)


@pytest.mark.rule("LIQ-01")
def test_who_stays_unliquidated_is_one_finding(tmp_path: Path) -> None:
    dave = {"positions": {"dave:ABC:BOTH": {"quantity": "10"}}, "ledger": {"wallet:dave:USDT": "119"}}
    *before, crash = TAKEN_OVER
    lines = [*before, seen(crash, dave), seen(mark("88"), dave), seen(mark("87"), dave), seen(mark("99"), dave)]
    (found,) = audited(tmp_path, lines)
    assert (found["clause"], found["severity"], found["money"]) == ("LIQ-01", "critical", "885")
    assert (found["consequences"], found["last"]) == (6, 11)


def test_money_that_moves_without_an_event_is_conservation(tmp_path: Path) -> None:
    lines = [
        *OPEN,
        seen(mark("100"), {"ledger": {"house:USDT": "0"}}),
        seen(mark("100"), {"ledger": {"house:USDT": "1"}}),
    ]
    (found,) = audited(tmp_path, lines)
    assert (found["clause"], found["class"], found["since"]) == ("LED-01", "conservation", 6)


# ------------------------------------------------------------------- tolerances


@pytest.mark.parametrize(("tolerance", "count"), [("0.01", 0), ("0.00999", 1), ("0", 1)])
def test_a_tolerance_is_inclusive(tolerance: str, count: int, tmp_path: Path) -> None:
    lines = [*OPEN, seen(trade("alice", "bob", "2"), {"ledger": {"house:USDT": "0.25"}})]
    assert len(audited(tmp_path, lines, "--tolerance", f"balance={tolerance}")) == count


def test_what_a_tolerance_takes_in_is_told_by_kind(tmp_path: Path) -> None:
    lines = [*OPEN, seen(trade("alice", "bob", "2"), {"ledger": {"house:USDT": "1234.25"}, "marks": {"ABC": "99"}})]
    outcome = run(tmp_path, lines, "--tolerance", "balance=2000", "--tolerance", "mark=1")
    balance = "1 of kind balance, of at most 1,234.01 (house:USDT balance, event 6)"
    said = (
        f"No findings; 2 differences within the tolerance: {balance}; 1 of kind mark, of at most 1 (ABC mark, event 6)"
    )
    assert (outcome.exit_code, outcome.stdout.splitlines()[-2]) == (0, said)


@pytest.mark.rule("INV-03")
def test_no_tolerance_hides_a_fund_below_zero(tmp_path: Path) -> None:
    below = seen(mark("100"), {"ledger": {"insurance:USDT": "-0.0001"}})
    (found,) = audited(tmp_path, [*OPEN, below, below], "--tolerance", "balance=1")
    assert (found["clause"], found["what"], found["money"], found["consequences"]) == (
        *("INV-03", "fund below zero", "0.0001", 1),
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["verdict=1"],
            "'verdict' is no kind of amount: balance, quantity, mark, price, pnl, margin, ratio, fund, lot",
        ),
        (["balance"], "'' is no decimal"),
        (["balance=-1"], "-1 is below zero"),
        (["balance=1", "balance=2"], "balance is given twice"),
    ],
)
def test_tolerances_that_are_none(words: list[str], said: str, tmp_path: Path) -> None:
    outcome = run(tmp_path, list(OPEN), *[one for word in words for one in ("--tolerance", word)])
    assert outcome.exit_code == 2
    assert said in " ".join(outcome.stderr.replace("│", " ").split())


def test_fewer_digits_are_display_but_a_whole_number_is_taken_at_its_word(tmp_path: Path) -> None:
    price = {"quantity": "-2", "liquidation_price": "593.1"}
    lines = [*OPEN, seen(trade("alice", "bob", "2"), {"positions": {"bob:ABC:BOTH": price}})]
    assert [one["class"] for one in audited(tmp_path, lines)] == ["display"]
    price["liquidation_price"] = "593"
    lines = [*OPEN, seen(trade("alice", "bob", "2"), {"positions": {"bob:ABC:BOTH": price}})]
    assert [one["clause"] for one in audited(tmp_path, lines)] == ["MRG-07"]


# ------------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"ledger": {"wallet:zoe:USDT": "0"}}, "ledger.wallet:zoe:USDT: no such account: zoe"),
        ({"ledger": {"wallet:alice:XYZ": "0"}}, "ledger.wallet:alice:XYZ: no such asset: XYZ"),
        ({"ledger": {"reserve:XYZ": "0"}}, "ledger.reserve:XYZ: no such market: XYZ"),
        ({"ledger": {"lot:1": "0"}}, "ledger.lot:1: no such lot: 1"),
        ({"positions": {"bob:XYZ:BOTH": {"quantity": "0"}}}, "positions.bob:XYZ:BOTH: no such market: XYZ"),
        ({"positions": {"zoe:ABC:BOTH": {"quantity": "0"}}}, "positions.zoe:ABC:BOTH: no such account: zoe"),
        ({"domains": {"zoe:USDT": {"equity": "0"}}}, "domains.zoe:USDT: no such account: zoe"),
        ({"marks": {"XYZ": "1"}}, "marks.XYZ: no such market: XYZ"),
        ({"funds": {"XYZ": {"lots": 0}}}, "funds.XYZ: no such market: XYZ"),
        ({"uncovered": {"XYZ": "0"}}, "uncovered.XYZ: no such asset: XYZ"),
        ({"lots": {"1": {"quantity": "0"}}}, "lots.1: no such lot: 1"),
    ],
)
def test_names_of_what_never_was_are_refused(answer: Answer, said: str, tmp_path: Path) -> None:
    assert refused(tmp_path, [*OPEN, seen(mark("100"), answer)]) == f":7: observed.{said}"
    assert [one.name for one in tmp_path.iterdir()] == ["j.jsonl"]


def test_a_leverage_may_be_observed_of_an_account_without_a_position(tmp_path: Path) -> None:
    answer = {"positions": {"alice:ABC:BOTH": {"quantity": "0", "leverage": 5}}}
    assert audited(tmp_path, [*OPEN, seen(leverage("alice", 5), answer)]) == []


# ------------------------------------------------------------------- one cause in many accounts


@pytest.mark.rule("MRG-04")
def test_a_formula_that_differs_for_everyone_is_one_finding(tmp_path: Path) -> None:
    figures = {"positions": {f"{name}:ABC:BOTH": {"quantity": "2", "maintenance": "2.5"} for name in ("bob", "carol")}}
    figures["positions"]["bob:ABC:BOTH"]["quantity"] = "-2"
    figures["positions"]["carol:ABC:BOTH"] = {"quantity": "0", "maintenance": "0.1"}
    lines = [*TRADED, seen(mark("100"), figures), seen(mark("101"), figures)]
    (found,) = audited(tmp_path, lines)
    # Bob's 2 and 2.02 are shown as 2.5, and carol's 0 as 0.1; what each had most at stake counts.
    assert (found["clause"], found["what"], found["account"]) == ("MRG-04", "maintenance", "bob")
    assert (found["money"], found["consequences"], len(found["values"])) == ("0.6", 3, 1)


@pytest.mark.rule("TRD-01")
def test_a_rounding_by_a_quantum_is_one_finding_for_all_wallets(tmp_path: Path) -> None:
    def sold(buyer: str, wallet: str) -> Line:
        return seen(trade(buyer, "bob", "2"), {"ledger": {f"wallet:{buyer}:USDT": wallet}})

    (found,) = audited(tmp_path, [*OPEN, sold("alice", "999.8001"), sold("carol", "4999.8001")])
    assert (found["clause"], found["money"], found["consequences"]) == ("TRD-01", "0.0002", 1)
    # Two quanta are no rounding, and in between a fee was right.
    more = audited(tmp_path, [*OPEN, sold("alice", "999.8001"), sold("carol", "4999.8000"), sold("carol", "4999.6002")])
    assert [(one["where"], one["money"]) for one in more] == [
        ("wallet:carol:USDT", "0.0002"),
        ("wallet:alice:USDT", "0.0001"),
    ]


def test_where_the_rules_cannot_go_on_from_what_the_exchange_has_each_figure_stands_for_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("marginspec_tools.audit.theirs.apply", fail)
    wrong = {"ledger": {"wallet:alice:USDT": "900"}}
    lines = [*OPEN, seen(mark("100"), wrong), seen(deposit("alice", "1"), {"ledger": {"wallet:alice:USDT": "901"}})]
    assert [(one["clause"], one["money"]) for one in audited(tmp_path, lines)] == [("ACC-01", "100")]


def test_the_exchange_may_come_back_after_a_verdict_of_its_own(tmp_path: Path) -> None:
    # It refuses a mark that was there already, so nothing came of it; a day later it has parted no more.
    marks = [seen(mark("100"), {"accepted": True})] * 256
    comparison = Comparison("j")
    (tmp_path / "j.jsonl").write_text(journal_text((HEADER, *OPEN, seen(mark("100"), {"rejected": "NO_MARK"}), *marks)))
    apart = []
    for step in Run(tmp_path / "j.jsonl"):
        comparison.take(step)
        apart.append(comparison.has_parted)
    assert (apart[4:7], apart[254:257]) == ([False, True, True], [True, False, False])
