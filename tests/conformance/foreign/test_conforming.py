"""Both engines written from the pages conform at level 4: to the whole suite, and to random journals."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from math import inf
from pathlib import Path

from click.testing import CliRunner

from marginspec.model.events import Event
from marginspec.model.state import State
from marginspec.transition import apply
from marginspec_conformance.command import command
from marginspec_conformance.connectors.parsing import connector_of
from marginspec_conformance.connectors.session import Limits
from marginspec_conformance.driving.asking import Engine
from marginspec_conformance.driving.checking import Case, Plan, check
from marginspec_conformance.fuzzing.driving import Fuzz
from marginspec_conformance.generator.journals import TURNS
from marginspec_conformance.reporting.log import read_log
from marginspec_conformance.vectors.reading import suite_manifest
from marginspec_journal.states import opening

LEVEL = Plan(4)
JOURNALS = 2 * len(TURNS)
"""Each kind of random journal in turn, twice: about 5,000 events."""


def states_before(case: Case) -> Iterator[tuple[State, Event]]:
    """The events of a journal, each with the state before it."""
    state = case.start().state
    for event in case.events:
        yield state, event
        state, _ = apply(state, event)


def test_the_whole_suite(engine_text: str, tmp_path: Path) -> None:
    log = tmp_path / "log.ndjson"
    arguments = ["run", "-e", engine_text, "--level", "4", "--log", str(log)]
    ended = CliRunner().invoke(command, arguments, standalone_mode=False)
    assert ended.return_value == 0, ended.output
    counts = {outcome: count for outcome, count in read_log(log).counts().items() if count}
    assert counts == {"passed": suite_manifest()["count"]}


def test_random_journals_and_some_of_their_events_from_the_states_before(engine_text: str) -> None:
    engine = Engine(connector_of(engine_text), Limits())
    tried = list(islice(Fuzz(engine, LEVEL, 12_001, inf), JOURNALS))
    assert Counter(one.checked.outcome for one in tried) == {"agrees": JOURNALS}
    assert sum(one.left_out.total() for one in tried) == 0
    assert sum(one.checked.judged for one in tried) > 4000
    alone = [
        check(engine, Case(journal.case.header, (event,), opening(state)), LEVEL).outcome
        for journal in tried
        for state, event in [*states_before(journal.case)][5::24]
    ]
    engine.close()
    assert set(alone) == {"agrees"}
