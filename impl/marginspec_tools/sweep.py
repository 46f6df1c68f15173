"""`marginspec sweep`: what would follow from other marks, scenario by scenario, each on a copy of one state."""

import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import attrs
import click
import msgspec

from marginspec import RULEBOOK_VERSION
from marginspec.events import MarkPrice
from marginspec.units import Decimal8
from marginspec_journal import InputError
from marginspec_journal.decimals import decimal_text
from marginspec_journal.errors import unreadable
from marginspec_journal.lines import opened
from marginspec_journal.states import OpenedState, state_in
from marginspec_journal.strict_json import Node, parse_document
from marginspec_tools.outputs import Spool
from marginspec_tools.running import need_fast_engine

PATH = click.Path(path_type=Path)
SWEEP_VERSION = 1


@attrs.frozen
class Scenario:
    """Marks that come one after the other, by market; `index` counts from 0 over all scenarios of a file."""

    index: int
    marks: tuple[tuple[str, Decimal8], ...]


class StateText(NamedTuple):
    """The bytes of a state file, and the name by which refusals call it."""

    name: str
    text: bytes


class Shard(NamedTuple):
    """Which part of the scenarios: those whose index leaves `number` - 1 when divided by `parts`."""

    number: int
    parts: int

    def holds(self, index: int) -> bool:
        """Whether a scenario is of this part."""
        return index % self.parts == self.number - 1


class ShardType(click.ParamType[Shard]):
    """A shard as I/N, I from 1 to N."""

    name = "I/N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Shard:
        """The shard that a text names."""
        number, _, count = str(value).partition("/")
        if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
            self.fail(f"{value} is not a shard, such as 2/5", param, ctx)
        return Shard(int(number), int(count))


def read_text(path: Path) -> StateText:
    """The bytes of a state, read once, so that all scenarios are of the same; InputError if it cannot be read."""
    with opened(path) as file:
        try:
            return StateText(str(path), file.read())
        except OSError as error:
            raise unreadable(path, error) from None


def read_scenarios(path: Path) -> list[Scenario]:
    """The scenarios of a file of JSON Lines, each an object with `marks`: a price for each market."""
    scenarios: list[Scenario] = []
    with opened(path) as file:
        for line, text in enumerate(file.read().splitlines(), start=1):
            marks = parse_document(text, str(path), line).record(("marks",))["marks"]
            found = ((name, price.wire_decimal()) for name, price in sorted(marks.named_entries(), key=first_of))
            scenarios.append(Scenario(len(scenarios), tuple(found)))
    return scenarios


def first_of(entry: tuple[str, Node]) -> str:
    """The name of an entry."""
    return entry[0]


# ----------------------------------------------------------------- one scenario


class Sweeper:
    """Holds a state, and answers scenarios from it."""

    def __init__(self, state: StateText) -> None:
        from marginspec_engine.copying import words_of_run
        from marginspec_engine.running import BatchRun

        self._opened: OpenedState = state_in(parse_document(state.text, state.name))
        self._run = BatchRun(self._opened)
        self._words = words_of_run(self._run)

    def answer(self, scenario: Scenario) -> dict[str, Any]:
        """What follows from a scenario's marks: counts, amounts by asset, and the chain's hash after them."""
        from marginspec_engine.columns import rows_of_events
        from marginspec_engine.copying import copied_run

        run = copied_run(self._words, self._run.engine.tables, self._opened)
        counts: Counter[str] = Counter()
        amounts: dict[str, Counter[str]] = {}
        for market, price in scenario.marks:
            run.take(rows_of_events(run.engine.tables, [MarkPrice(market, price)]))
            count_effects(run, counts, amounts)
        return {
            "scenario": scenario.index,
            "rejected": sum(run.reasons().values()),
            **{name: counts[name] for name in ("liquidated", "lots", "deleveraged", "levied")},
            "amounts": self._texts({**amounts, **fund_draws(run, amounts)}),
            "hash": run.hash,
        }

    def _texts(self, amounts: dict[str, Counter[str]]) -> dict[str, dict[str, str]]:
        """Amounts as decimals of their assets, those that are not zero."""
        decimals = self._opened.state.header.decimals
        return {
            asset: {name: decimal_text(quanta, decimals(asset)) for name, quanta in sorted(found.items()) if quanta}
            for asset, found in sorted(amounts.items())
        }


def count_effects(run: Any, counts: Counter[str], amounts: dict[str, Counter[str]]) -> None:
    """Count the effects of the last event, and add up what they say of each asset."""
    from marginspec_engine import layout
    from marginspec_engine.plain_memory import vector_of

    tables = run.engine.tables
    words: list[int] = vector_of(tables.book, layout.EFFECTS).tolist()
    place = 0
    while place < len(words):
        kind, effect = words[place], words[place : place + layout.EFFECT_LENGTHS[words[place]]]
        place += len(effect)
        if kind == layout.DOMAIN_LIQUIDATED:
            counts["liquidated"] += 1
        elif kind == layout.LOT_OPENED:
            counts["lots"] += 1
        elif kind == layout.COUNTERPARTY_DELEVERAGED:
            counts["deleveraged"] += 1
            asset = tables.assets.texts[int(tables.market_rows()[effect[3], layout.ASSET])]
            amounts.setdefault(asset, Counter())["deleveraged"] += effect[7]
        elif kind == layout.DOMAIN_LEVIED:
            counts["levied"] += 1
            amounts.setdefault(tables.assets.texts[effect[2]], Counter())["levied"] += effect[5]
        elif kind == layout.TRANSFERRED and effect[2] % layout.OWNERS == layout.HOUSE_OF:
            amounts.setdefault(tables.assets.texts[effect[1]], Counter())["house"] += effect[4]


def fund_draws(run: Any, amounts: dict[str, Counter[str]]) -> dict[str, Counter[str]]:
    """What the funds would pay if all lots were filled at mark, and what nobody would; by asset (WTF-01, WTF-02)."""
    from marginspec_engine import layout

    tables = run.engine.tables
    drawn = {asset: Counter(found) for asset, found in amounts.items()}
    short: Counter[str] = Counter()
    for words in tables.market_rows().tolist():
        if words[layout.LOT_COUNT]:
            value = words[layout.MARK] * words[layout.LOTS_QUANTITY] * words[layout.QUANTA_PER_UNIT]
            loss = max(0, words[layout.LOTS_COST] - value)
            asset = tables.assets.texts[words[layout.ASSET]]
            from_reserve = min(loss, words[layout.RESERVE])
            drawn.setdefault(asset, Counter())["reserve"] += from_reserve
            short[asset] += loss - from_reserve
    for asset, missing in short.items():
        fund = int(tables.asset_rows()[tables.assets.numbers[asset], layout.INSURANCE])
        drawn[asset]["insurance"] += min(missing, fund)
        drawn[asset]["uncovered"] += max(0, missing - fund)
    return drawn


# ----------------------------------------------------------------- many


_sweeper: list[Sweeper] = []


def begin_worker(state: StateText) -> None:
    """Read the state, once for each process."""
    _sweeper[:] = [Sweeper(state)]


def answer_in_worker(scenario: Scenario) -> dict[str, Any]:
    """Answer a scenario in a process that has the state."""
    return _sweeper[0].answer(scenario)


def answers(state: StateText, scenarios: list[Scenario], jobs: int) -> Iterator[dict[str, Any]]:
    """The answers in the order of the scenarios, however many processes work on them."""
    if jobs == 1 or len(scenarios) < 2:
        sweeper = Sweeper(state)
        yield from map(sweeper.answer, scenarios)
        return
    with ProcessPoolExecutor(jobs, initializer=begin_worker, initargs=(state,)) as pool:
        yield from pool.map(answer_in_worker, scenarios)


def answers_of(state: StateText, scenarios: list[Scenario], jobs: int, address: str | None) -> Iterator[dict[str, Any]]:
    """The answers in the order of the scenarios, of processes of this machine or of a Dask cluster."""
    if address is None:
        return answers(state, scenarios, jobs)
    from marginspec_tools.sweep_cluster import answers_on_cluster

    return answers_on_cluster(state, scenarios, address)


def totals(shard: Shard, of_all: int, state: str, hashes: dict[int, str]) -> dict[str, Any]:
    """The last line of a sweep: its part of how many scenarios, from which state, and the hash of its hashes."""
    chained = sha256(b"".join(bytes.fromhex(hashes[index]) for index in sorted(hashes))).hexdigest()
    return {
        "sweep": SWEEP_VERSION,
        "rulebook": RULEBOOK_VERSION,
        "shard": f"{shard.number}/{shard.parts}",
        "scenarios": of_all,
        "from": state,
        "hash": chained,
    }


@click.command("sweep")
@click.argument("state", type=PATH)
@click.argument("scenarios", type=PATH)
@click.option("--shard", type=ShardType(), default="1/1", show_default=True, help="Answer only this part of them.")
@click.option("--jobs", type=click.IntRange(1, 256), help="Processes.  [default: all cores]")
@click.option("--dask", "address", metavar="ADDRESS", help="Answer on the Dask cluster of this scheduler.")
@click.option("--output", type=PATH, metavar="FILE", help="Write to this file, whole or not at all.")
def command(
    state: Path, scenarios: Path, shard: Shard, jobs: int | None, address: str | None, output: Path | None
) -> None:
    """Answer what would follow from other marks: for each of SCENARIOS, on a copy of STATE.

    SCENARIOS is JSON Lines, each line {"marks":{market: price}}; marks come in the order of their markets' names.
    A line of JSON answers each: domains liquidated, lots, deleveragings, levies; amounts by asset; and the
    chain's hash after the marks. The last line's hash covers all of them and does not depend on the processes.
    Shards of one sweep are joined by `marginspec merge`.

    With --dask, such as tcp://10.0.0.5:8786, workers that have this version of marginspec answer; the state
    travels to them, and what a worker that dies has not delivered is answered by others.
    """
    if address is not None and jobs is not None:
        raise click.UsageError("--jobs is for this machine, --dask for a cluster: give one of them")
    need_fast_engine()
    text = read_text(state)
    found = read_scenarios(scenarios)
    chosen = [scenario for scenario in found if shard.holds(scenario.index)]
    hashes: dict[int, str] = {}
    with ExitStack() as stack:
        spool = stack.enter_context(Spool(output, (state, scenarios))) if output else None
        for answered in answers_of(text, chosen, jobs or os.cpu_count() or 1, address):
            hashes[answered["scenario"]] = answered["hash"]
            put(spool, answered)
        put(spool, totals(shard, len(found), sha256(text.text).hexdigest(), hashes))
        if spool is not None:
            spool.publish()


def put(spool: Spool | None, line: dict[str, Any]) -> None:
    """Write a line where it is to go."""
    encoded = msgspec.json.encode(line)
    if spool is None:
        click.echo(encoded)
    else:
        spool.write(encoded + b"\n")


# ----------------------------------------------------------------- joining shards


def read_shard(path: Path) -> tuple[dict[int, dict[str, Any]], dict[str, Any]]:
    """The answers of a shard by index, and its last line, which they must give."""
    with opened(path) as file:
        lines = [parse_document(text, str(path), place).value for place, text in enumerate(file.read().splitlines(), 1)]
    if not lines or "sweep" not in lines[-1]:
        raise InputError(str(path), None, None, "not the whole output of a sweep: its last line is missing")
    last = lines.pop()
    found = {line["scenario"]: line for line in lines}
    number, _, count = last["shard"].partition("/")
    expected = totals(
        Shard(int(number), int(count)), last["scenarios"], last["from"], {i: one["hash"] for i, one in found.items()}
    )
    if expected != last:
        raise InputError(str(path), None, "hash", "the last line is not that of the lines before it")
    return found, last


def joined(paths: tuple[Path, ...]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """All answers in order and the last line of the whole sweep; every scenario must be answered exactly once."""
    answered: dict[int, dict[str, Any]] = {}
    whole: dict[str, Any] | None = None
    for path in paths:
        found, last = read_shard(path)
        whole = whole or last
        for field in ("scenarios", "from", "rulebook"):
            if last[field] != whole[field]:
                raise InputError(str(path), None, field, f"of another sweep than {paths[0]}")
        twice = sorted(answered.keys() & found.keys())
        if twice:
            raise InputError(str(path), None, "scenario", f"{twice[0]} is answered in another file too")
        answered |= found
    assert whole is not None
    missing = sorted(set(range(whole["scenarios"])) - answered.keys())
    if missing:
        raise InputError(str(paths[-1]), None, "scenario", f"{missing[0]} is answered in no file")
    hashes = {index: one["hash"] for index, one in answered.items()}
    return [answered[index] for index in sorted(answered)], totals(Shard(1, 1), len(answered), whole["from"], hashes)
