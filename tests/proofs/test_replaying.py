"""What theorems do with given numbers: calls of the rules, and journals that replay."""

from pathlib import Path

import attrs
import pytest
from click.testing import CliRunner

import marginspec_proofs.theorems
from marginspec import ledger
from marginspec.transaction import Transaction
from marginspec.units import div_up
from marginspec_journal import Record, write_journal
from marginspec_proofs.replaying import Call, run_of
from marginspec_proofs.statements import ALL_INTEGERS, REGISTRY, Case, NumericCase, Theorem
from marginspec_proofs.worlds import ASSET, World
from marginspec_tools.prove import Summary, command, failure_lines
from marginspec_tools.replay import command as replay

WITNESSES = Path(__file__).parents[1] / "vectors" / "witnesses"
EXAMPLES = {
    "T-WHY-1": {"insurance": 1},
    "T-WHY-2": {"insurance": 1},
    "T-WHY-3": {"price": 40},
    "T-WHY-4": {"entry": 90},
    "T-WHY-5": {"insurance": 6},
    "T-WHY-6": {"insurance": 1},
}
"""The numbers of the journals in tests/vectors/witnesses; a solver may find others."""

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


DIVISION = Theorem("T-X-1", "A sentence.", (), ALL_INTEGERS, (div_up,), (), True, division_loses_nothing)
WALLETS = Theorem(
    "T-X-2", "A sentence.", (), ALL_INTEGERS, (Transaction.transfer,), (), True, wallets_are_never_empty
)  # fmt: skip
FAILED = Summary(
    id="T-X-1", sentence="A sentence.", rules=(), scope="all integers", uses=(), status="failed", paths=1,
    obligations=1, z3={"sat": 1}, cvc5={}, z3_resources=5, cvc5_resources=0, failure="nothing is lost",
    counterexample={"number": 3}, witness=None,
)  # fmt: skip


def test_a_call_of_a_pure_function_is_told_with_what_it_gave() -> None:
    run = run_of(DIVISION, {"number": 3})
    assert run.calls == (Call("marginspec.units.div_up", {"numerator": 3, "divisor": 2}, "2"),)
    assert run.journal() is None


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
        "    marginspec.units.div_up(numerator=3, divisor=2) gives 2",
    ]


def test_a_failed_theorem_on_events_says_how_to_replay_it() -> None:
    failed = attrs.evolve(FAILED, id="T-WHY-4", counterexample={"entry": 90})
    assert list(failure_lines([failed])) == [
        "T-WHY-4 is failed: nothing is lost",
        "    entry = 90",
        "    a journal of it: marginspec prove T-WHY-4 --journal FILE",
    ]


def test_a_witness_shows_its_numbers() -> None:
    found = attrs.evolve(FAILED, id="T-WHY-4", status="proved", counterexample=None, witness={"entry": 90})
    assert list(failure_lines([found])) == ["T-WHY-4 has an example:", "    entry = 90"]


@pytest.mark.parametrize("theorem_id", EXAMPLES)
def test_each_witness_is_a_journal_that_replays(theorem_id: str, tmp_path: Path) -> None:
    case = NumericCase(EXAMPLES[theorem_id])
    REGISTRY[theorem_id].statement(case)
    assert case.failed == []
    found = run_of(REGISTRY[theorem_id], EXAMPLES[theorem_id]).journal()
    assert found is not None
    header, events = found
    written = tmp_path / f"{theorem_id}.jsonl"
    write_journal(written, header, [Record(line, event) for line, event in enumerate(events, 2)])
    assert written.read_text("utf-8") == (WITNESSES / written.name).read_text("utf-8")
    finished = CliRunner().invoke(replay, [str(written), "--check"])
    assert finished.exit_code == 0, finished.output


def test_every_witness_theorem_has_its_journal() -> None:
    assert sorted(path.stem for path in WITNESSES.iterdir()) == sorted(EXAMPLES)
    assert sorted(EXAMPLES) == sorted(name for name in REGISTRY if name.startswith("T-WHY"))


def test_the_command_writes_a_journal(tmp_path: Path) -> None:
    path = tmp_path / "example.jsonl"
    finished = CliRunner().invoke(command, ["T-WHY-4", "--jobs", "1", "--journal", str(path)])
    assert finished.exit_code == 0, finished.output
    assert finished.stdout.startswith("T-WHY-4 has an example:\n    entry = 9")
    assert CliRunner().invoke(replay, [str(path), "--check"]).exit_code == 0


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        (("T-NUM-1",), "T-NUM-1 applies no events from an empty state; its numbers are all that there is"),
        (("T-MUL-1", "T-MUL-2"), "a journal is of one theorem"),
    ],
)
def test_no_journal_without_events(ids: tuple[str, ...], said: str, tmp_path: Path) -> None:
    path = tmp_path / "example.jsonl"
    finished = CliRunner().invoke(command, [*ids, "--jobs", "1", "--journal", str(path)])
    assert finished.exit_code == 2
    assert said in finished.stderr
    assert not path.exists()
