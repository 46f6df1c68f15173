"""Explanations: the recorded ones, that they tell the run and nothing else, units, roundings, and the command."""

import ast
import inspect
import json
import linecache
import os
import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from types import FunctionType
from typing import Any

import attrs
import msgspec
import pytest
from click.testing import CliRunner
from immutables import Map

from marginspec import RULEBOOK_VERSION
from marginspec.model.account import DomainKey, PositionKey
from marginspec.model.effects import Receipt
from marginspec.model.events import AdjustIsolatedMargin, Event, SetMarginMode
from marginspec.model.market import Tier
from marginspec.model.rejections import Reason
from marginspec.model.state import Header, State
from marginspec.model.units import Decimal8, Money, Price, Quantity, Rate, div_down, div_up, share_pro_rata
from marginspec.observation import Refusal, observed_by
from marginspec.registry import REGISTRY
from marginspec.settlement.levy import levy_shares
from marginspec.transition import apply
from marginspec_journal import Record, write_journal
from marginspec_journal.decimals import parse_decimal
from marginspec_journal.digits import Digits
from marginspec_journal.events import event_hash
from marginspec_journal.receipts import receipt_object
from marginspec_journal.states import OpenedState, opening, write_state
from marginspec_tools import cli
from marginspec_tools.explain import sources
from marginspec_tools.explain.command import command
from marginspec_tools.explain.explained import ALL, Explained, roundings
from marginspec_tools.explain.sources import Check, sentence_in
from marginspec_tools.explain.subjects import explain_event
from marginspec_tools.explain.trace import Term, Tracer
from marginspec_tools.explain.units import Figure, Scope, Units, figure_text, fraction_text, short_fraction
from marginspec_tools.simulate.stress_day import stress_day_path
from worlds.explained import (
    ALSO_REJECTED,
    EVENTS,
    FUNDED,
    GAPPED,
    HEADER,
    LEVERED,
    REJECTIONS,
    deposit,
    explained,
    listing,
    mark,
    recordings,
    run,
    trade,
    written,
)
from worlds.plateaus import traded_plateau

FOLDER = Path(__file__).parent / "explanations"
RECORDED = recordings()
CASES: dict[str, tuple[tuple[Event, ...], Event]] = {
    **EVENTS,
    **{reason.value: case for reason, case in REJECTIONS.items()},
    **{name: case[:2] for name, case in ALSO_REJECTED.items()},
}


def programmed(explanation: Explained) -> dict[str, Any]:
    """An explanation as programs read it."""
    found: dict[str, Any] = json.loads(msgspec.json.encode(explanation.as_object()))
    return found


# ------------------------------------------------------------- recorded


@pytest.mark.parametrize("name", RECORDED)
def test_recorded(name: str) -> None:
    """After a change that is meant: `make recordings`, and read what changed."""
    assert RECORDED[name] == (FOLDER / f"{name}.txt").read_text(encoding="utf-8")


def test_nothing_else_is_recorded() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(RECORDED)


def test_every_reason_is_explained_with_the_check_that_refused() -> None:
    assert set(REJECTIONS) == set(Reason)
    for name, (happened, event) in CASES.items():
        reason = apply(run(happened), event)[1].rejected
        refusals = [line for line in written(explained(happened, event)).splitlines() if "-> refused " in line]
        assert [line for line in refusals if f"-> refused {reason} by " not in line] == [], name
        assert (len(refusals) >= 1) == (reason is not None), name


# ------------------------------------------------------------- nothing but the run


def wire_effects(receipt: Receipt, before: State, after: State, event: Event) -> list[dict[str, Any]]:
    """A receipt's effects as documents have them."""
    digits = Digits(after.header)
    for market in (*before.markets.values(), *after.markets.values()):
        digits.add_market(market)
    effects: list[dict[str, Any]] = receipt_object(receipt, event_hash(event), 1, digits).get("effects", [])
    return effects


def plain(value: Any) -> Any:
    """What a figure of a term says, in the form of documents."""
    if isinstance(value, list):
        return [plain(one) for one in value]
    if set(value) == {"value", "unit"}:
        return {"yes": True, "no": False}.get(value["value"], value["value"])
    return {name: plain(one) for name, one in value.items()}


def canonical(value: Any) -> Any:
    """A document with every number in one form."""
    if isinstance(value, dict):
        return {name: canonical(one) for name, one in value.items()}
    if isinstance(value, list):
        return [canonical(one) for one in value]
    try:
        return value if isinstance(value, bool) else Fraction(value)
    except ValueError:
        return value


@pytest.mark.parametrize("name", CASES)
def test_terms_tell_the_effects_of_the_receipt_in_order(name: str) -> None:
    happened, event = CASES[name]
    before = run(happened)
    after, receipt = apply(before, event)
    terms = programmed(explained(happened, event))["terms"]
    kinds = {effect["type"] for effect in wire_effects(receipt, before, after, event)}
    told = [term for term in terms if "inputs" not in term]
    if receipt.rejected is not None:
        assert [term["value"] for term in terms if term["name"] == "refused"][-1] == receipt.rejected
        return
    assert {term["name"] for term in told} == kinds
    assert [canonical({"type": term["name"], **plain(term["value"])}) for term in told] == [
        canonical(effect) for effect in wire_effects(receipt, before, after, event)
    ]


@pytest.mark.parametrize("name", CASES)
def test_terms_are_the_calls_of_rules_as_a_tree(name: str) -> None:
    terms = programmed(explained(*CASES[name]))["terms"]
    known = {rule.name.split(".")[-1]: set[str]() for rule in REGISTRY}
    for rule in REGISTRY:
        known[rule.name.split(".")[-1]].add(rule.ids[0])
    for place, term in enumerate(terms):
        parent = term["parent"]
        assert term["term"] == place
        assert term["depth"] == (0 if parent is None else terms[parent]["depth"] + 1)
        assert parent is None or parent < place
        assert {"term", "parent", "depth", "rule", "name", "value", "unit"} <= set(term)
        if "roundings" in term:
            assert term["rule"] in known[term["name"]]
            assert all(set(one) == {"name", "value", "unit"} for one in term["inputs"])
            assert all(Fraction(one["by"]) > 0 for one in term["roundings"])


def test_a_whole_explanation_for_programs() -> None:
    record = Record(3, deposit("zoe", "5"), None, "r7", {"ledger": {"wallet:zoe:USD": "4"}})
    found = programmed(explain_event(run(FUNDED), record, 5))
    name = {"name": "asset", "value": "USD", "unit": ""}
    amount = {"name": "amount", "value": "5", "unit": ""}
    empty: dict[str, Any] = {"value": None, "unit": "", "roundings": []}
    assert found == {
        "explain": 2,
        "rulebook": RULEBOOK_VERSION,
        "seq": 5,
        "line": 3,
        "ref": "r7",
        "event": "deposit",
        "accepted": True,
        "observed": [{"what": "balance of wallet:zoe:USD", "observed": "4 USD", "ours": "5 USD", "agrees": False}],
        "terms": [
            {"term": 0, "parent": None, "depth": 0, "rule": "ACC-01", "name": "deposit"} | empty | {"inputs": []},
            {"term": 1, "parent": 0, "depth": 1, "rule": "NUM-03", "name": "positive_amount_in"}
            | {"value": "5", "unit": "USD", "inputs": [name, amount], "roundings": []},
            {"term": 2, "parent": 1, "depth": 2, "rule": "NUM-03", "name": "amount_in"}
            | {"value": "5", "unit": "USD", "inputs": [name, amount], "roundings": []},
            {"term": 3, "parent": 2, "depth": 3, "rule": "NUM-01", "name": "in_units", "value": "5", "unit": ""}
            | {"roundings": []}
            | {"inputs": [{**amount, "name": "decimal"}, {"name": "decimals", "value": "0", "unit": ""}]},
            {"term": 4, "parent": 3, "depth": 4, "rule": "NUM-02", "name": "div_down", "value": "5", "unit": ""}
            | {"roundings": []}
            | {
                "inputs": [
                    {"name": "numerator", "value": "500000000", "unit": ""},
                    {"name": "divisor", "value": "100000000", "unit": ""},
                ]
            },
            {"term": 5, "parent": 0, "depth": 1, "rule": "ACC-01", "name": "position_mode", "unit": ""}
            | {"value": {"account": {"value": "zoe", "unit": ""}, "mode": {"value": "one_way", "unit": ""}}},
            {"term": 6, "parent": 0, "depth": 1, "rule": "LED-01", "name": "transfer"}
            | empty
            | {
                "inputs": [
                    name,
                    {"name": "source", "value": "external:USD", "unit": ""},
                    {"name": "target", "value": "wallet:zoe:USD", "unit": ""},
                    {"name": "amount", "value": "5", "unit": "USD"},
                    {"name": "rule_id", "value": "ACC-01", "unit": ""},
                ]
            },
            {"term": 7, "parent": 6, "depth": 2, "rule": "ACC-01", "name": "transfer", "unit": ""}
            | {
                "value": {
                    "asset": {"value": "USD", "unit": ""},
                    "source": {"value": "external:USD", "unit": ""},
                    "target": {"value": "wallet:zoe:USD", "unit": ""},
                    "amount": {"value": "5", "unit": "USD"},
                    "rule": {"value": "ACC-01", "unit": ""},
                }
            },
            {"term": 8, "parent": 0, "depth": 1, "rule": "NUM-03", "name": "check_net_deposits"}
            | empty
            | {"inputs": [name]},
            {"term": 9, "parent": None, "depth": 0, "rule": "SET-01", "name": "settle"} | empty | {"inputs": []},
            {"term": 10, "parent": 9, "depth": 1, "rule": "LVY-02", "name": "return_relief"} | empty | {"inputs": []},
            {"term": 11, "parent": None, "depth": 0, "rule": "TRN-01", "name": "publish_funds"}
            | empty
            | {"inputs": []},
        ],
    }


def test_a_refusal_for_programs() -> None:
    found = programmed(explained(*REJECTIONS[Reason.INSUFFICIENT_FUNDS]))
    assert (found["rejected"], found["terms"][-1]) == (
        "INSUFFICIENT_FUNDS",
        {
            "term": 5,
            "parent": 0,
            "depth": 1,
            "rule": "LED-03",
            "name": "refused",
            "value": "INSUFFICIENT_FUNDS",
            "unit": "",
            "check": "amount <= transaction.balance(source)",
            "inputs": [
                {"name": "amount", "value": "3", "unit": "USD"},
                {"name": "transaction.balance(source)", "value": "2", "unit": "USD"},
                {"name": "source", "value": "house:USD", "unit": ""},
            ],
        },
    )


def test_the_words_do_not_depend_on_how_python_hashes(journal: Path) -> None:
    told = set()
    for seed in ("1", "2", "3"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        call = [sys.executable, "-m", "marginspec_tools.cli", "explain", str(journal), "11", "--depth", "all"]
        told.add(subprocess.run(call, capture_output=True, check=True, env=environment).stdout)
    assert len(told) == 1


# ------------------------------------------------------------- sentences and sources


def test_sentences_of_the_source_are_those_of_the_registry() -> None:
    rules = [rule for rule in REGISTRY if rule.code is not None]
    assert [sentence_in(rule.code) for rule in rules if rule.code] == [rule.sentence for rule in rules]


def test_the_sentence_is_told_without_docstrings(journal: Path) -> None:
    call = [sys.executable, "-OO", "-m", "marginspec_tools.cli", "explain", str(journal), "3"]
    lines = subprocess.run(call, capture_output=True, check=True, text=True).stdout.splitlines()
    assert lines == [
        "event 3, line 4, ref r2: deposit, accepted",
        "  asked: account alice, asset USD, amount 1000 USD",
        "  deposit [ACC-01]",
        "      A deposit moves money from outside into the wallet; the first one opens the account, in one-way mode.",
        "    -> position mode: account alice, mode one_way [ACC-01]",
        "    -> 1000 USD: external:USD to wallet:alice:USD [ACC-01]",
    ]


def test_without_sources_there_is_no_explanation(
    journal: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sources, "functions_of", lambda _: {})
    for read_before in (sources.function_of, sources.sentence_in, sources.formula_at):
        read_before.cache_clear()
    code, output = ran(monkeypatch, capsys, journal, 3, "--depth", "2")
    file = sys.modules["marginspec.handlers.cash"].__file__
    assert code == 2
    assert output == f"error: {file}: explain needs the source of the rules: that of deposit is not installed\n"


def refusing_lines() -> list[tuple[FunctionType, int]]:
    """Every line of the rulebook that can refuse an event, and the function it stands in."""
    found: list[tuple[FunctionType, int]] = []
    for name, module in sorted(sys.modules.items()):
        for function in vars(module).values() if name.startswith("marginspec.") else ():
            if (
                isinstance(function, FunctionType)
                and function.__module__ == name
                and name != "marginspec.model.rejections"
            ):
                source, first = inspect.getsourcelines(function)
                lines = [
                    first + place
                    for place, line in enumerate(source)
                    if re.match(r" +(require|raise Rejected)\(", line)
                ]
                found.extend((function, line) for line in lines)
    return found


def test_every_line_that_can_refuse_is_read_as_a_check() -> None:
    found = refusing_lines()
    assert len(found) > 50
    for function, line in found:
        check = Check(Refusal(Reason.NO_MARK, function.__code__, line, {}, function.__globals__))
        file = function.__code__.co_filename
        above, source = (linecache.getline(file, one).strip() for one in (line - 1, line))
        assert check.refuses_if == source.startswith("raise")
        condition = above.removeprefix("if ").removesuffix(":") if check.refuses_if else source
        (statement,) = ast.parse(condition).body
        assert isinstance(statement, ast.Expr)
        test = statement.value if check.refuses_if else statement.value.args[0]  # type: ignore[attr-defined]  # a call
        assert check.source == sources.text_of(test)


# ------------------------------------------------------------- units and roundings


FINE = Header(asset_decimals=Map({"USD": 6}))
UNITS = Units(run((attrs.evolve(listing("M", decimals=2), quantity_decimals=3),), FINE))
MARKET, ASSET = Scope("M"), Scope("", "USD")


@pytest.mark.parametrize(
    ("value", "hint", "scope", "text"),
    [
        (-1_500_000, Money, ASSET, "-1.500000 USD"),
        (1_500_000, Money, MARKET, "1.500000 USD"),
        (1_500_000, Money, Scope("X"), "1500000"),
        (12_345, Price, MARKET, "123.45 USD"),
        (12_345, Price, Scope(), "12345"),
        (-12_345, Quantity, MARKET, "-12.345 M"),
        (50_000, Rate, MARKET, "0.0005"),
        (Decimal8(150_000_000), Decimal8, MARKET, "1.5"),
        (7, int, MARKET, "7"),
        (None, Price | None, MARKET, "none"),
        (True, bool, MARKET, "yes"),
        (DomainKey("alice", "USD"), DomainKey, MARKET, "alice cross USD"),
        (DomainKey("alice", "USD", "M", "LONG"), DomainKey, MARKET, "alice isolated M LONG"),
        (PositionKey("alice", "M", "BOTH"), PositionKey, MARKET, "alice M"),
        ((Money(1), Money(2)), tuple[Money, ...], MARKET, "0.000001 USD, 0.000002 USD"),
        (("a", Quantity(1)), tuple[str, Quantity], MARKET, "a, 0.001 M"),
        ({"M": Money(1)}, dict[str, Money], Scope(), "M 0.000001 USD"),
        (
            Tier(Money(10**9), 5, Rate(10**7), 5 * 10**15),
            Tier,
            MARKET,
            "floor 1000.000000 USD, max leverage 5, maintenance rate 0.1, deduction 50 USD",
        ),
    ],
)
def test_figures_have_the_units_of_what_they_count(value: Any, hint: Any, scope: Scope, text: str) -> None:
    assert figure_text(UNITS.figure(value, hint, scope)) == text


def test_what_is_no_figure_is_none() -> None:
    assert UNITS.figure(State(), State, MARKET) is None
    assert UNITS.figure(object(), None, MARKET) is None
    assert UNITS.figure(None, None, MARKET) is None


def test_whose_unit_follows_from_the_nearest_name() -> None:
    outer = Scope("M", "USD")
    assert outer.within((), {}) == outer
    assert outer.within((PositionKey("alice", "N", "BOTH"),), {}) == Scope("N")
    assert outer.within((DomainKey("alice", "EUR"),), {}) == Scope("M", "EUR")
    assert outer.within((), {"market_id": "N", "asset": "EUR"}) == Scope("N", "EUR")


def observed(ask: Any) -> Term:
    """What an observer saw of one call."""
    tracer = Tracer()
    with observed_by(tracer):
        ask()
    (term,) = tracer.top.terms
    return term


def test_roundings_tell_direction_and_exact_loss() -> None:
    up, down = {"direction": "up", "unit": ""}, {"direction": "down", "unit": ""}
    assert list(roundings(observed(lambda: div_up(7, 3)))) == [{**up, "by": "2/3"}]
    assert list(roundings(observed(lambda: div_up(-7, 3)))) == [{**up, "by": "1/3"}]
    assert list(roundings(observed(lambda: div_down(7, 2)))) == [{**down, "by": "0.5"}]
    assert list(roundings(observed(lambda: div_down(8, 2)))) == []
    shared = [{**up, "by": "2/3"}, {**down, "by": "1/3"}, {**down, "by": "1/3"}]
    quanta = [{**one, "unit": "quanta"} for one in shared]
    assert share_pro_rata(Money(10), (1, 1, 1)) == (4, 3, 3)
    assert list(roundings(observed(lambda: share_pro_rata(Money(10), (1, 1, 1))))) == quanta
    equities = (Money(100), Money(100), Money(100))
    assert list(roundings(observed(lambda: levy_shares(Money(10), equities)))) == quanta


def test_fractions_in_words() -> None:
    assert [fraction_text(one) for one in (Fraction(37, 100), Fraction(3), Fraction(1, 3))] == ["0.37", "3", "1/3"]
    assert short_fraction("1/3") == "1/3"
    assert short_fraction(fraction_text(Fraction(10**9, 3 * 10**9 + 1))) == "≈0.33333333"


def test_long_lists_are_told_by_their_first_entries() -> None:
    assert figure_text([Figure(str(one)) for one in range(9)]) == "0, 1, 2, 3, 4, 5, … 9 in all"
    assert figure_text([]) == "none"


# ------------------------------------------------------------- depth


@pytest.mark.parametrize("name", CASES)
def test_deeper_tells_more(name: str) -> None:
    sizes = [len(list(explained(*CASES[name]).lines(depth))) for depth in (0, 1, 2, 3, ALL)]
    assert sizes == sorted(sizes)


def test_usual_events_take_two_screens_at_most() -> None:
    assert (
        max(len(RECORDED[name].splitlines()) for name in EVENTS if name.startswith(("trade", "order", "deposit"))) <= 80
    )


def test_stress_day() -> None:
    """Each hundredth event of the bundled day, and one that settles much, is explained without a failure."""
    from marginspec_journal import open_journal

    journal = open_journal(stress_day_path())
    state = State(header=journal.header)
    told: dict[int, int] = {}
    for number, record in enumerate(journal, 1):
        if number % 100 == 0 or number == 1723:
            told[number] = len(list(explain_event(state, record, number).lines()))
        state, _ = apply(state, record.event)
    assert len(told) == 25
    assert min(told.values()) > 3
    assert told[1723] > 100


# ------------------------------------------------------------- command


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "journal.jsonl"
    happened: tuple[Event, ...] = (*LEVERED, trade("100", "1", "carol", "nobody"), mark("83"))
    refs = [f"r{number}" if number != 8 else "r7" for number in range(len(happened))]
    write_journal(path, HEADER, [Record(number + 2, event, ref=refs[number]) for number, event in enumerate(happened)])
    return path


def answer(*arguments: object) -> str:
    outcome = CliRunner().invoke(command, [str(argument) for argument in arguments], catch_exceptions=False)
    assert outcome.exit_code == 0
    return outcome.output


def ran(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    """The exit code of the whole command, and what it said on stderr."""
    monkeypatch.setattr(sys, "argv", ["marginspec", "explain", *(str(argument) for argument in arguments)])
    code = cli.exit_code()
    return code, capsys.readouterr().err


def test_command_explains_by_number_and_by_ref(journal: Path) -> None:
    assert answer(journal, 10).splitlines()[0] == "event 10, line 11, ref r9: trade, refused UNKNOWN_ACCOUNT"
    assert answer(journal, "--ref", "r9") == answer(journal, 10)


def test_command_in_json(journal: Path) -> None:
    found = json.loads(answer(journal, "--ref", "r9", "--json"))
    head = {name: found[name] for name in found if name != "terms"}
    assert head == {
        "explain": 2,
        "rulebook": "2",
        "seq": 10,
        "line": 11,
        "ref": "r9",
        "event": "trade",
        "rejected": "UNKNOWN_ACCOUNT",
        "observed": [],
    }
    assert [term["name"] for term in found["terms"]] == ["trade", "known_account", "known_account", "refused"]


def test_command_takes_a_depth(journal: Path) -> None:
    shown = [answer(journal, 11, *more).count("\n") for more in ((), ("--depth", "1"), ("--depth", "2"))]
    assert shown[0] == shown[1] < shown[2] < answer(journal, 11, "--depth", "all").count("\n")


def test_command_explains_accounts_and_markets(journal: Path) -> None:
    found = json.loads(answer(journal, 9, "--account", "carol", "--market", "M", "--json"))
    assert {name: found[name] for name in ("seq", "account", "market")} == {"seq": 9, "account": "carol", "market": "M"}
    assert [term["name"] for term in found["terms"] if term["rule"] is None and term["depth"] == 0] == [
        "position mode",
        "domain carol cross USD",
    ]
    assert answer(journal, 0, "--from", opened(journal), "--account", "alice").startswith(
        "after event 0: account alice\n"
    )
    assert answer(journal, 1, "--market", "M").splitlines()[:3] == [
        "after event 1: market M",
        "  market M",
        "    mark: none",
    ]


def test_the_band_of_a_hedge_on_a_plateau_is_explained_at_once(tmp_path: Path) -> None:
    """Exact health is the same at millions of millions of prices; looking at each would take months."""
    journal, events = tmp_path / "plateau.jsonl", traded_plateau()
    write_journal(journal, Header(), [Record(line, event) for line, event in enumerate(events, start=2)])
    told = answer(journal, len(events), "--account", "alice", "--depth", "all")
    assert "liquidation band: lower 49999.99999999 USDT, upper 50000.00000001 USDT" in told


def opened(journal: Path) -> Path:
    """A state file of no events beside a journal."""
    path = journal.parent / "opening.json"
    write_state(path, opening(run(FUNDED)))
    return path


def test_command_goes_on_from_a_state(tmp_path: Path) -> None:
    state, rest = tmp_path / "state.json", tmp_path / "rest.jsonl"
    write_state(state, OpenedState(run(FUNDED), 40, 38, 2, "0" * 64))
    write_journal(rest, HEADER, [Record(2, mark("101"), ref="x")])
    assert answer(rest, 41, "--from", state).splitlines()[0] == "event 41, line 2, ref x: mark price, accepted"
    assert answer(rest, "--ref", "x", "--from", state) == answer(rest, 41, "--from", state)
    assert answer(rest, 40, "--from", state, "--account", "alice").splitlines()[0] == "after event 40: account alice"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((0,), "no event 0; they are numbered 1 to 11"),
        ((12,), "no event 12; they are numbered 1 to 11"),
        ((12, "--account", "carol"), "no event 12; they are numbered 0 to 11"),
        ((11, "--account", "nobody"), "after event 11 there is no account 'nobody'; there are 4"),
        ((0, "--account", "carol"), "after event 0 there is no account 'carol'; there are 0"),
        ((11, "--account", "carol", "--market", "X"), "after event 11 there is no market 'X'; there are 1"),
        ((11, "--market", "X"), "after event 11 there is no market 'X'; there are 1"),
        (("--ref", "r99"), "ref: no events have ref 'r99'"),
        (("--ref", "r7"), "ref: 2 events have ref 'r7'; give a number: 8, 9"),
    ],
)
def test_command_refuses(
    journal: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[object, ...],
    complaint: str,
) -> None:
    assert ran(monkeypatch, capsys, journal, *arguments) == (2, f"error: {journal}: {complaint}\n")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "give either the number of an event or --ref"),
        ((3, "--ref", "r1"), "give either the number of an event or --ref"),
        ((3, "--depth", "two"), "Invalid value for '--depth': 'two' is neither a number nor all"),
        ((3, "--depth", "-1"), "Invalid value for '--depth': '-1' is neither a number nor all"),
    ],
)
def test_command_refuses_usage(
    journal: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[object, ...],
    complaint: str,
) -> None:
    code, output = ran(monkeypatch, capsys, journal, *arguments)
    assert (code, output.splitlines()[-1]) == (2, f"Error: {complaint}")


@pytest.mark.parametrize("number", [2, 11])
def test_a_crash_of_the_rules_is_exit_code_3(
    journal: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: int
) -> None:
    def crashing(*_: object) -> None:
        raise AssertionError("a bug of the rules")

    monkeypatch.setattr("marginspec.transition.settle", crashing)
    code, output = ran(monkeypatch, capsys, journal, number)
    assert code == 3
    reason = "the specification crashed on this event; please report it as a bug"
    assert output.splitlines()[-1] == f"error: {journal}:2: {reason}"


def test_margin_that_moves_in_and_out_is_told_in_its_assets_units() -> None:
    happened = (*FUNDED, SetMarginMode("alice", "M", "isolated"), trade("100", "5", "alice", "bob"))
    event = AdjustIsolatedMargin("alice", "M", "BOTH", parse_decimal("7"))
    assert "    -> 7 USD: wallet:alice:USD to isolated:alice:M:BOTH [ACC-04]" in explained(happened, event).lines()


def test_a_levy_tells_the_rounding_of_each_share() -> None:
    terms = programmed(explained(GAPPED, mark("75")))["terms"]
    *_, levied = [term for term in terms if term["name"] == "levy_shares"]
    before = [one for one in levied["value"] if one["unit"] != "USD"]
    assert before == []
    assert len(levied["roundings"]) == len(levied["value"])
