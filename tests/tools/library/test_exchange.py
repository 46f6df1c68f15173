"""The library: its page, what it refuses, that it answers as the commands do, and how little it loads."""

import doctest
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from marginspec.api import Exchange
from marginspec_journal import InputError
from marginspec_journal.states import read_state
from marginspec_tools.runs import Run

PAGE = Path(__file__).parents[3] / "docs" / "library.md"
GOLDEN = sorted((Path(__file__).parents[2] / "vectors" / "golden").glob("*.jsonl"))
HEAVY = ("click", "cvc5", "hypothesis", "llvmlite", "numba", "numpy", "pyarrow", "rich", "z3")


def test_the_page_is_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = doctest.testfile(str(PAGE), module_relative=False)
    assert (found.failed, found.attempted) == (0, 30)


def test_it_loads_no_compiler_no_solver_and_no_terminal() -> None:
    asked = f"import sys, marginspec.api; print([name for name in {HEAVY} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize("journal", GOLDEN, ids=lambda path: path.stem)
def test_a_journal_comes_to_the_hash_and_the_state_that_replay_comes_to(journal: Path, tmp_path: Path) -> None:
    header, *events = [json.loads(line) for line in journal.read_text("utf-8").splitlines()]
    opened, fed, run = Exchange.open(journal), Exchange.open(header), Run(journal)
    answers = [fed.apply({name: value for name, value in event.items() if name != "seq"}) for event in events]
    receipts = [step.chained for step in run]
    assert [one.hash for one in answers] == [one.hash for one in receipts]
    assert [list(one.effects) for one in answers] == [json.loads(one.canonical).get("effects", []) for one in receipts]
    assert [one.reason for one in answers] == [json.loads(one.canonical).get("rejected") for one in receipts]
    for exchange in (opened, fed):
        exchange.save(tmp_path / "state.json")
        assert read_state(tmp_path / "state.json") == run.reached()
        assert exchange.state() == json.loads((tmp_path / "state.json").read_text("utf-8"))


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (lambda one: one.account("nobody"), "account: there is no account 'nobody'"),
        (lambda one: one.band("nobody", "ABC"), "position: nobody:ABC:BOTH is not open"),
        (lambda one: one.funds("XYZ"), "market: there is no market 'XYZ'"),
        (lambda one: one.explain(account="nobody"), "account: there is no account 'nobody'"),
        (lambda one: one.explain(market="XYZ"), "market: there is no market 'XYZ'"),
        (lambda one: one.apply({"type": "deposit"}), "event: account: missing field"),
        (lambda one: one.apply({"type": object}), "event: is no JSON: Encoding objects of type type is unsupported"),
    ],
)
def test_what_is_no_question_is_refused(asked: Callable[[Exchange], Any], message: str) -> None:
    exchange = Exchange.open(GOLDEN[0])
    before = exchange.state()
    with pytest.raises(InputError) as refused:
        asked(exchange)
    assert str(refused.value) == message
    assert exchange.state() == before


def test_what_opens_no_exchange_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^header: journal: unknown version, expected 1$"):
        Exchange.open({"journal": 2, "rulebook": "2"})
    missing = tmp_path / "state.json"
    with pytest.raises(InputError, match=r"^.*state\.json: cannot be read: No such file or directory$"):
        Exchange.open(missing)


def test_every_account_and_market_of_a_run_can_be_asked_about() -> None:
    """What the domains say adds up to what the state says."""
    for journal in GOLDEN:
        exchange = Exchange.open(journal)
        state = exchange.state()
        positions = {
            f"{name}:{one.market}:{one.side}": one.quantity
            for name in exchange.accounts()
            for one in exchange.account(name).positions
        }
        assert positions == {name: one["quantity"] for name, one in state["positions"].items()}
        claims = {
            domain.name: domain.claim
            for name in exchange.accounts()
            for domain in exchange.account(name).domains
            if domain.name in state["relief_claims"]
        }
        assert claims == state["relief_claims"]
        assert [exchange.funds(market).reserve for market in exchange.markets()] == [
            state["ledger"].get(f"reserve:{market}", exchange.funds(market).reserve) for market in exchange.markets()
        ]
        for name in exchange.accounts():
            assert next(exchange.explain(account=name).lines()).startswith("after event")
            for one in exchange.account(name).positions:
                assert exchange.band(name, one.market, one.side).below != "0"
