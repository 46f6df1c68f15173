"""What theorems do with given numbers: calls of the rules, and journals that replay."""

import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

import attrs
import click
import pytest
from click.testing import CliRunner
from immutables import Map

import marginspec_proofs.theorems
from marginspec.handlers.cash import deposit
from marginspec.margin.margin import domain_margin
from marginspec.model import ledger
from marginspec.model.account import DomainKey
from marginspec.model.events import Deposit, MarkPrice
from marginspec.model.state import Header
from marginspec.model.units import MAX_AMOUNT, MAX_PRICE, Decimal8, div_up
from marginspec.registry import HANDLERS
from marginspec.transaction import Transaction
from marginspec.transition import apply
from marginspec_journal.states import read_state
from marginspec_proofs.prover.replaying import Call, run_of
from marginspec_proofs.prover.statements import ALL_INTEGERS, REGISTRY, Case, NumericCase, Theorem
from marginspec_proofs.prover.worlds import ASSET, World
from marginspec_proofs.theorems.necessity import AN_EXAMPLE, whole
from marginspec_tools.prove.command import Summary, command, failure_lines, summary_of, write_example
from marginspec_tools.prove.counterexamples import example_of, read_back
from marginspec_tools.runs.replay import command as replay
from worlds.witnesses import EXAMPLES, FOLDER, write_witness

assert marginspec_proofs.theorems.__name__, "importing the package registers its theorems"


def division_loses_nothing(case: Case) -> None:
    """Wrong: a half rounded up is not a half."""
    number = case.integer("number")
    case.claim("nothing is lost", div_up(number, 2) * 2 == number)


def wallets_are_never_empty(case: Case) -> None:
    """Wrong: a transfer may take all."""
    world = World(case)
    world.account("alice")
    transaction = world.transaction()
    wallet = ledger.wallet("alice", ASSET)
    transaction.transfer(ASSET, wallet, ledger.external(ASSET), case.integer("amount"), "MRG-06")
    case.claim("something is left", transaction.balance(wallet) != 0)


def deposits_are_forgotten(case: Case) -> None:
    """Wrong: a deposit stays."""
    world = World(case)
    wallet = ledger.wallet(world.account("alice").account, ASSET)
    event = Deposit("alice", ASSET, Decimal8(case.integer("amount", 1, MAX_AMOUNT)))
    state, _ = apply(world.state, event)
    case.claim("nothing has come", state.balance(wallet) == world.state.balance(wallet))


def deposits_are_refused(case: Case) -> None:
    """Wrong, and of other rules: they take the amount twice."""
    world = World(case)
    world.account("alice")
    event = Deposit("alice", ASSET, Decimal8(case.integer("amount", 1, MAX_AMOUNT)))

    def twice(transaction: Transaction, event: Deposit) -> None:
        deposit(transaction, event)
        deposit(transaction, event)

    with patch.dict(HANDLERS, {Deposit: twice}):
        state, _ = apply(world.state, event)
    case.claim("nothing has come", state is world.state)


def marks_stay(case: Case) -> None:
    """Wrong: a mark changes, in a market with positions of any size."""
    world = World(case, Header(asset_decimals=Map({ASSET: 0})))
    market = world.market("first")
    world.funds(market)
    for account, is_long in (("alice", True), ("bob", False)):
        world.account(account)
        world.position(account, market, is_long)
    price = case.integer("price", 1, 100)
    state, _ = apply(world.state, MarkPrice("first", whole(price)))
    case.claim("as before", state.markets["first"].mark == market.mark)


def equity_is_cash(case: Case) -> None:
    """Wrong: a position has its profit."""
    world = World(case)
    market = world.market("first")
    domain = world.account("alice")
    world.position("alice", market)
    margin = domain_margin(world.state, domain)
    case.claim("equity is cash", margin.equity == margin.cash)


def others_hold_nothing(case: Case) -> None:
    """Wrong, of a state that is not whole: there is open interest that no position holds."""
    world = World(case)
    market = world.market("first")
    world.others(market)
    case.claim("nothing", domain_margin(world.state, world.account("alice")).equity == 1)


DIVISION = Theorem("T-X-1", "A sentence.", (), ALL_INTEGERS, (div_up,), (), True, division_loses_nothing)
WALLETS = Theorem(
    "T-X-2", "A sentence.", (), ALL_INTEGERS, (Transaction.transfer,), (), True, wallets_are_never_empty
)  # fmt: skip
DEPOSITS = Theorem("T-X-3", "A sentence.", (), ALL_INTEGERS, (), (), True, deposits_are_forgotten)
TWICE = Theorem("T-X-4", "A sentence.", (), ALL_INTEGERS, (), (), True, deposits_are_refused)
MARKS = Theorem("T-X-5", "A sentence.", (), ALL_INTEGERS, (), (), True, marks_stay)
EQUITY = Theorem("T-X-6", "A sentence.", (), ALL_INTEGERS, (domain_margin,), (), True, equity_is_cash)
OTHERS = Theorem("T-X-7", "A sentence.", (), ALL_INTEGERS, (domain_margin,), (), True, others_hold_nothing)
FAILED = Summary(
    id="T-X-1", sentence="A sentence.", rules=(), scope="all integers", uses=(), status="failed", paths=1,
    obligations=1, z3={"sat": 1}, cvc5={}, z3_resources=5, cvc5_resources=0, failure="nothing is lost",
    counterexample={"number": 3}, witness=None,
)  # fmt: skip


def test_a_call_of_a_pure_function_is_told_with_what_it_gave() -> None:
    run = run_of(DIVISION, {"number": 3})
    assert run.calls == (Call("marginspec.model.units.div_up", {"numerator": 3, "divisor": 2}, "2"),)
    assert run.history() is None
    assert example_of(run) is None


def test_a_transaction_is_told_by_the_state_that_it_was() -> None:
    (call,) = run_of(WALLETS, {"wallet alice USDT": 5, "amount": 5}).calls
    assert (call.function, call.outcome) == ("marginspec.transaction.Transaction.transfer", "None")
    assert call.text() == (
        "marginspec.transaction.Transaction.transfer(self=State(ledger wallet:alice:USDT 5), asset='USDT', "
        "source='wallet:alice:USDT', target='external:USDT', amount=5, rule_id='MRG-06') gives None"
    )


def test_what_a_rule_raises_ends_the_run() -> None:
    calls = run_of(WALLETS, {"wallet alice USDT": 5, "amount": -1}).calls
    assert [call.function for call in calls] == ["marginspec.transaction.Transaction.transfer"]


def test_a_failed_theorem_shows_numbers_and_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(REGISTRY, "T-X-1", DIVISION)
    assert list(failure_lines([FAILED])) == [
        "T-X-1 is failed: nothing is lost",
        "    number = 3",
        "    marginspec.model.units.div_up(numerator=3, divisor=2) gives 2",
    ]


def test_a_failed_theorem_on_events_says_how_to_replay_it() -> None:
    failed = attrs.evolve(FAILED, id="T-WHY-4", counterexample={"entry": 90})
    assert list(failure_lines([failed])) == [
        "T-WHY-4 is failed: nothing is lost",
        "    entry = 90",
        "    a journal of it: marginspec prove T-WHY-4 --journal FILE",
    ]


def counterexample_of(theorem: Theorem, monkeypatch: pytest.MonkeyPatch) -> Summary:
    """What the command finds against a theorem, without a process of its own."""
    monkeypatch.setitem(REGISTRY, theorem.id, theorem)
    found = summary_of(theorem.id, None)
    assert found.status == "failed"
    return found


def test_events_after_a_state_replay_from_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = counterexample_of(DEPOSITS, monkeypatch)
    journal, state = tmp_path / "events.jsonl", tmp_path / "state.json"
    assert list(failure_lines([found]))[-1] == (
        "    as files: marginspec prove T-X-3 --state STATE --journal FILE, for replay --from STATE FILE"
    )
    write_example(journal, state, [found])
    finished = CliRunner().invoke(replay, [str(journal), "--from", str(state), "--check", "--json"])
    assert finished.exit_code == 0, finished.output
    told = json.loads(finished.stdout)
    assert (told["events"], told["accepted"], told["invariants"]) == (1, 1, "hold")


def test_events_after_a_state_need_a_file_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = counterexample_of(DEPOSITS, monkeypatch)
    with pytest.raises(click.UsageError, match="the example of T-X-3 starts from a state: name a file for it with"):
        write_example(tmp_path / "events.jsonl", None, [found])
    assert list(tmp_path.iterdir()) == []


def test_events_in_a_market_with_positions_replay() -> None:
    numbers = {
        "mark of first": 10, "reserve first": 4, "insurance USDT": 5, "house USDT": 0, "relief USDT": 0,
        "price": 11,
        "wallet alice USDT": 100, "size of alice in first": 3, "position alice first BOTH": -30,
        "wallet bob USDT": 100, "size of bob in first": 3, "position bob first BOTH": 30,
    }  # fmt: skip
    example = example_of(run_of(MARKS, numbers))
    assert example is not None
    assert (example.broken, example.events) == ((), (MarkPrice("first", whole(11)),))
    assert example.start.balance(ledger.external(ASSET)) == -209
    assert example.start.fund_status["first"].high_water == 4


def test_what_only_other_rules_do_is_no_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    found = counterexample_of(TWICE, monkeypatch)
    assert found.counterexample is not None
    assert example_of(run_of(TWICE, found.counterexample)) is None


def test_a_function_on_a_state_gives_the_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = {
        "mark of first": 10, "wallet alice USDT": 70, "size of alice in first": 3, "position alice first BOTH": -20,
    }  # fmt: skip
    monkeypatch.setitem(REGISTRY, EQUITY.id, EQUITY)
    found = attrs.evolve(FAILED, id=EQUITY.id, counterexample=numbers)
    lines = list(failure_lines([found]))
    assert lines[-1] == "    which refuses the state, as INV-02 is broken: quantities do not sum to zero, first"
    write_example(None, tmp_path / "state.json", [found])
    state = read_state(tmp_path / "state.json").state
    assert domain_margin(state, DomainKey("alice", ASSET)).equity == 80
    assert example_of(run_of(EQUITY, {**numbers, "mark of first": MAX_PRICE + 1})) is None


def test_a_state_that_is_not_whole_is_no_file() -> None:
    run = run_of(OTHERS, {"mark of first": 10, "others in first": 3, "wallet alice USDT": 7})
    assert len(run.calls) == 1
    assert example_of(run) is None


def test_a_tier_table_of_any_length_is_no_file() -> None:
    world = World(NumericCase({"mark of first": 10}))
    world.market("first", tiers=None)
    assert read_back(world.state) is None


def test_a_witness_shows_its_numbers() -> None:
    scope: dict[str, Any] = {"status": "proved", "counterexample": None, "scope": AN_EXAMPLE}
    found = attrs.evolve(FAILED, id="T-WHY-4", witness={"entry": 90}, **scope)
    assert list(failure_lines([found])) == [
        "T-WHY-4 has an example:",
        "    entry = 90",
        "    a journal of it: marginspec prove T-WHY-4 --journal FILE",
    ]


def test_a_witness_of_stated_numbers_shows_its_calls() -> None:
    scope: dict[str, Any] = {"status": "proved", "counterexample": None, "scope": REGISTRY["T-BAND-23"].scope}
    found = attrs.evolve(FAILED, id="T-BAND-23", witness={"rate": 0}, **scope)
    lines = list(failure_lines([found]))
    assert lines[:2] == ["T-BAND-23 has an example:", "    rate = 0"]
    assert any(line.endswith("market_id='A') gives 10") for line in lines[2:])


def test_a_theorem_of_all_numbers_shows_nothing() -> None:
    assert list(failure_lines([attrs.evolve(FAILED, status="proved", counterexample=None, witness={"a": 1})])) == []


@pytest.mark.parametrize("theorem_id", EXAMPLES)
def test_each_witness_is_a_journal_that_replays(theorem_id: str, tmp_path: Path) -> None:
    case = NumericCase(EXAMPLES[theorem_id])
    REGISTRY[theorem_id].statement(case)
    assert case.failed == []
    written = write_witness(theorem_id, tmp_path)
    assert written.read_text("utf-8") == (FOLDER / written.name).read_text("utf-8")
    finished = CliRunner().invoke(replay, [str(written), "--check"])
    assert finished.exit_code == 0, finished.output


def test_every_witness_theorem_has_its_journal() -> None:
    assert sorted(path.stem for path in FOLDER.iterdir()) == sorted(EXAMPLES)
    assert sorted(EXAMPLES) == sorted(name for name, one in REGISTRY.items() if one.scope == AN_EXAMPLE)


def test_the_command_writes_a_journal(tmp_path: Path) -> None:
    path = tmp_path / "example.jsonl"
    finished = CliRunner().invoke(command, ["T-WHY-4", "--jobs", "1", "--journal", str(path)])
    assert finished.exit_code == 0, finished.output
    assert finished.stdout.startswith("T-WHY-4 has an example:\n    entry = 9")
    assert CliRunner().invoke(replay, [str(path), "--check"]).exit_code == 0


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        (("T-NUM-1",), "T-NUM-1 has no example that a file can hold; its calls are all that there is"),
        (
            ("T-MUL-1", "T-MUL-2"),
            "--journal and --state need one theorem: name it, as in marginspec prove T-NUM-1 --journal FILE",
        ),
        ((), "--journal and --state need one theorem: name it, as in marginspec prove T-NUM-1 --journal FILE"),
    ],
)
def test_no_journal_without_events(ids: tuple[str, ...], said: str, tmp_path: Path) -> None:
    path = tmp_path / "example.jsonl"
    finished = CliRunner().invoke(command, [*ids, "--jobs", "1", "--journal", str(path)])
    assert finished.exit_code == 2
    assert said in finished.stderr
    assert not path.exists()
