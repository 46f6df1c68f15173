"""`marginspec sweep`: what would follow from other marks, scenario by scenario, each on a copy of one state."""

from collections.abc import Callable, Collection
from hashlib import sha256
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

import attrs
import click

from marginspec import RULEBOOK_VERSION
from marginspec.model.events import MarkPrice
from marginspec.model.units import Decimal8
from marginspec_journal.states import OpenedState, state_in
from marginspec_journal.strict_json import Node, parse_document
from marginspec_journal.whole_files import lines_in, read_whole
from marginspec_tools.fleet.shards import Assignment, Kind, Line, Total, answers, assignment_options, write_answers
from marginspec_tools.runs import announce_compiling, check_fast_engine, check_start

PATH = click.Path(path_type=Path)
FIELDS = ("scenario", "rejected", "liquidated", "lots", "deleveraged", "levied", "amounts", "hash")
"""The fields of a scenario's line."""
COUNTED = ("liquidated", "lots", "deleveraged", "levied")


@attrs.frozen
class Scenario:
    """Marks that come one after the other, by market; `index` counts from 0 over all scenarios of a file."""

    index: int
    marks: tuple[tuple[str, Decimal8], ...]


class StateText(NamedTuple):
    """The bytes of a state file, and the name by which refusals call it."""

    name: str
    text: bytes

    def answerer(self) -> Callable[[Scenario], Line]:
        """What answers scenarios from the state."""
        announce_compiling()
        return Sweeper(self).answer


def read_state_text(path: Path) -> StateText:
    """The bytes of a state, read once, so that all scenarios are of the same; InputError if it cannot be read."""
    return StateText(str(path), read_whole(path))


def known_markets(state: StateText) -> Collection[str] | None:
    """The names of a state's markets; None if it states none as it must, which whoever opens it refuses."""
    stated = parse_document(state.text, state.name).value
    markets = stated.get("markets") if isinstance(stated, dict) else None
    return markets.keys() if isinstance(markets, dict) else None


def read_scenarios(path: Path, known: Collection[str] | None) -> list[Scenario]:
    """The scenarios of a file of JSON Lines, each an object with `marks`: a price for each of some known markets."""
    scenarios: list[Scenario] = []
    for line, text in enumerate(lines_in(path), start=1):
        marks = parse_document(text, str(path), line).record(("marks",))["marks"]
        found = [(name, price.wire_decimal()) for name, price in sorted(marks.named_entries(), key=itemgetter(0))]
        for name, _ in found:
            if known is not None and name not in known:
                marks.child(name).fail("the state has no such market")
        scenarios.append(Scenario(len(scenarios), tuple(found)))
    return scenarios


# ----------------------------------------------------------------- one scenario


class Sweeper:
    """Holds a state, and answers scenarios from it."""

    def __init__(self, state: StateText) -> None:
        from marginspec_engine.batches.running import BatchRun
        from marginspec_engine.memory.copying import words_of_run

        self._opened: OpenedState = state_in(parse_document(state.text, state.name))
        check_start(state.name, self._opened.state)
        self._run = BatchRun(self._opened)
        self._words = words_of_run(self._run)

    def answer(self, scenario: Scenario) -> Line:
        """What follows from a scenario's marks: counts, amounts by asset, and the chain's hash after them."""
        from marginspec_engine.batches.event_columns import rows_of_events
        from marginspec_engine.memory.copying import copied_run
        from marginspec_tools.runs import Tally, amounts_if_filled_at_mark, texts_of_amounts

        run = copied_run(self._words, self._run.engine.tables, self._opened)
        tally = Tally(run)
        run.take(rows_of_events(run.engine.tables, [MarkPrice(market, price) for market, price in scenario.marks]))
        tally.count()
        return {
            "scenario": scenario.index,
            "rejected": sum(run.reasons().values()),
            **{name: tally.counts[name] for name in COUNTED},
            "amounts": texts_of_amounts(run.engine.tables.header, tally.amounts, amounts_if_filled_at_mark(run)),
            "hash": run.hash,
        }


# ----------------------------------------------------------------- all scenarios


class NoSums:
    """A sweep's last line adds nothing up: its scenarios are alternatives."""

    def __init__(self, common: Line) -> None:
        pass

    def take(self, line: Node) -> None:
        """Nothing to add; InputError if it is no line of a scenario."""
        fields = line.record(FIELDS)
        for name in ("scenario", "rejected", *COUNTED):
            fields[name].integer(least=0)
        for _, amounts in fields["amounts"].named_entries():
            for _, amount in amounts.named_entries():
                amount.wire_decimal()
        fields["hash"].sha256()

    def fields(self) -> Line:
        """No field."""
        return {}

    def faults(self) -> list[str]:
        """No answer is wrong by itself."""
        return []


SWEEP = Kind("sweep", version=1, piece="scenario", pieces="scenarios", identity={"from": Node.sha256}, sums=NoSums)


@click.command("sweep")
@click.argument("state", type=PATH)
@click.argument("scenarios", type=PATH)
@assignment_options
def command(state: Path, scenarios: Path, **assigned: Any) -> None:
    """Stress-test STATE: what would follow from the mark prices of each of SCENARIOS, on a copy of it.

    SCENARIOS is JSON Lines, each line {"marks":{market: price}}; a scenario's marks are set in the order of their
    markets' names. A line of JSON answers each: domains liquidated, lots, deleveragings, levies; amounts by asset;
    and the chain's hash after the marks. The last line's hash covers all of them, and is the same for any number of
    processes. `marginspec merge` joins the parts of a sweep that --shard made.

    With --dask, such as tcp://10.0.0.5:8786, workers that have this version of marginspec answer; the state
    travels to them, and what a worker that dies has not delivered is answered by others.

    Exit codes: 0 all answered; 1 the state breaks an invariant; 2 wrong usage or input; 3 a process or worker failed.
    The output is written in case 0 only.
    """
    assignment = Assignment(**assigned)
    check_fast_engine()
    text = read_state_text(state)
    found = read_scenarios(scenarios, known_markets(text))
    pieces = assignment.shard.of(len(found))
    chosen = (found[index] for index in pieces)
    total = Total(SWEEP, {"rulebook": RULEBOOK_VERSION, "scenarios": len(found), "from": sha256(text.text).hexdigest()})
    write_answers(total, answers(text, chosen, assignment), pieces, assignment.output, (state, scenarios))
