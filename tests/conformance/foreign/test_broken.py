"""Each broken engine is caught by the vectors alone and by random journals alone, blamed, and its journal short."""

import subprocess
from collections.abc import Iterator
from math import inf

import pytest
from click.testing import CliRunner

from conformance.foreign.engines import BROKEN, ENGINES, HANGING_S, broken_engine, broken_text
from marginspec_conformance.command import command
from marginspec_conformance.driving.asking import Engine
from marginspec_conformance.driving.checking import Case, Checked, Plan, check
from marginspec_conformance.fuzzing.driving import Fuzz
from marginspec_conformance.shrinking.passes import markets_of
from marginspec_conformance.shrinking.shrinker import Shrinker
from marginspec_conformance.shrinking.signature import signature_of
from marginspec_conformance.stories.blaming import clause_of
from marginspec_conformance.stories.telling import tell
from marginspec_journal import open_journal
from marginspec_journal.states import opening

LEVEL = Plan(4)
SEEDS = {
    "tier-edge": 29,
    "float-money": 27,
    "fee-before-takeover": 11,
    "reserve-overdrawn": 4,
    "shared-reserve": 36,
    "adl-tie-break": 8,
    "adl-on-principal": 2,
    "funding-not-zero-sum": 18,
    "maintenance-rounding": 6,
    "levy-dust": 4,
    "levy-skips-profit": 4,
    "transient-negative-fund": 4,
    "accepts-too-much": 1,
    "withdraws-profit": 12,
    "keeps-relief": 7,
    "debt-everywhere": 2,
    "no-step-down": 11,
    "never-terminates": 5,
}
"""Seeds whose journal shows each at once; others take up to ten journals more."""
FOLLOWS = {"withdraws-profit": "ACC-04"}
"""Where the trace names a clause that only follows, and the faults that stand beside it name the right one."""


@pytest.fixture
def engine(name: str) -> Iterator[Engine]:
    """A broken engine that is stopped after the test."""
    broken = broken_engine(name)
    yield broken
    broken.close()


def saved(name: str) -> Case:
    """The journal that a fuzz found and made short."""
    journal = open_journal(ENGINES / "node" / "faults" / f"{name}.jsonl")
    return Case(journal.header, tuple(one.event for one in journal))


def by_trace(checked: Checked) -> str:
    """The clause that the trace blames."""
    assert checked.found is not None
    return clause_of(checked.found)


def test_they_are_all_here() -> None:
    ended = subprocess.run(
        ["node", str(ENGINES / "node" / "broken.mjs")], capture_output=True, check=False, encoding="utf-8"
    )
    assert (ended.returncode, ended.stderr) == (
        2,
        f"broken.mjs --fault NAME, with one of {', '.join(sorted(BROKEN))}\n",
    )
    assert {path.stem for path in (ENGINES / "node" / "faults").iterdir()} == SEEDS.keys() == BROKEN.keys()


@pytest.mark.parametrize("name", BROKEN)
def test_a_vector_of_the_clause_notices_it(name: str) -> None:
    arguments = ["run", *BROKEN[name], "--fail-fast", "--timeout", str(HANGING_S), "-e", broken_text(name)]
    ended = CliRunner().invoke(command, arguments, standalone_mode=False)
    assert ended.return_value == 1
    assert "does not hold at level 4: 1 of " in ended.output


@pytest.mark.parametrize("name", BROKEN)
def test_a_random_journal_finds_it(name: str, engine: Engine) -> None:
    tried = next(iter(Fuzz(engine, LEVEL, SEEDS[name], inf)))
    assert (tried.seed, tried.checked.outcome) == (SEEDS[name], "differs")
    assert by_trace(tried.checked) in [*BROKEN[name], FOLLOWS.get(name)]


@pytest.mark.parametrize("name", BROKEN)
def test_its_journal_is_short_and_ends_where_it_differs(name: str, engine: Engine) -> None:
    case = saved(name)
    markets = {market for event in case.events for market in markets_of(event)}
    assert len(case.events) <= (8 if len(markets) == 1 else 16)
    checked = check(engine, case, LEVEL)
    assert (checked.outcome, checked.place) == ("differs", len(case.events) - 1)
    assert by_trace(checked) in [*BROKEN[name], FOLLOWS.get(name)]
    assert checked.found is not None
    before = opening(checked.found.expected.before)
    alone = check(engine, Case(case.header, case.events[-1:], before), LEVEL)
    assert signature_of(alone) == signature_of(checked), "one event from the state before shows the same"


@pytest.mark.parametrize("name", FOLLOWS)
def test_the_first_of_the_faults_that_stand_beside_the_clause_names_the_right_one(name: str, engine: Engine) -> None:
    case = saved(name)
    story = tell(case, check(engine, case, LEVEL), "again", LEVEL)
    assert story.clause == FOLLOWS[name]
    assert {*story.candidates.found[0].clauses} & {*BROKEN[name]}


@pytest.mark.parametrize(
    ("name", "most"), [("tier-edge", 5), ("funding-not-zero-sum", 6), ("no-step-down", 8), ("adl-on-principal", 6)]
)
def test_what_a_random_journal_finds_gets_short(name: str, most: int, engine: Engine) -> None:
    tried = next(iter(Fuzz(engine, LEVEL, SEEDS[name], inf)))
    small = Shrinker(engine, tried.case, LEVEL, inf).shrink()
    assert small is not None
    assert small.is_done
    assert len(small.case.events) <= most < len(tried.case.events)
    assert small.signature.clause == by_trace(tried.checked)


@pytest.mark.parametrize("name", ["never-terminates"])
def test_an_event_that_never_ends_is_where_it_differs(name: str, engine: Engine) -> None:
    case = saved(name)
    checked = check(engine, case, LEVEL)
    assert [str(one) for one in checked.differences] == [
        f"no answer: expected an answer, the engine says nothing within {HANGING_S:g} s"
    ]
    *before, _ = case.events
    assert check(engine, Case(case.header, tuple(before)), LEVEL).outcome == "agrees", "it is started anew"
