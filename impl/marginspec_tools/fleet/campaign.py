"""`marginspec campaign`: a journal of a simulated venue for each of many seeds, run, compared and checked."""

import re
from collections import Counter
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import attrs
import click

from marginspec import RULEBOOK_VERSION
from marginspec.model.units import WIRE_DECIMALS
from marginspec_journal.decimals import decimal_text
from marginspec_journal.strict_json import Node
from marginspec_tools.console import EngineCrash
from marginspec_tools.fleet.shards import (
    Assignment,
    Kind,
    Line,
    Shard,
    Total,
    answers,
    assignment_options,
    print_faults,
    write_answers,
)
from marginspec_tools.runs import announce_compiling, check_fast_engine
from marginspec_tools.simulate import Parameters, check_stated, chosen_scenario, scenario_command, scenario_options

HIGHEST_SEED = 10**18 - 1
"""Lines hold integers of the wire format, so a campaign's seeds have one digit less than a scenario's may have."""
MOST_JOURNALS = 10**9
MOST_FAULTS = 20
CHECKED = ("end", "every event")
VERSION_PATTERN = re.compile(r"[0-9A-Za-z.+!-]{1,100}")
TALLIED = ("liquidated", "lots", "takeovers", "step_downs", "deleveraged", "levied")
COUNTS = ("events", "accepted", "rejected", *TALLIED)
FIELDS = ("journal", "seed", *COUNTS, "amounts", "invariants", "engines", "findings", "hash")
"""The fields of a journal's line."""


@attrs.frozen
class Campaign:
    """What the journals have in common: the parameters of the first one, and whether every event is checked."""

    first: Parameters
    checking: bool

    def answerer(self) -> Callable[[int], Line]:
        """What makes the line of a journal."""
        announce_compiling()
        return self.line

    def line(self, index: int) -> Line:
        """What came of a journal."""
        from marginspec_tools.fleet.campaign_journals import SimulatedJournal

        seed = self.first.seed + index
        try:
            return SimulatedJournal(attrs.evolve(self.first, seed=seed), checking=self.checking).line(index)
        except Exception as error:
            # It may be the engine's, the simulation's or the machine's: the traceback says which.
            raise EngineCrash(f"seed {seed}: this journal failed: {failure_text(error)}") from error


def failure_text(error: Exception) -> str:
    """What ended a journal before its end, and what to do about it."""
    if isinstance(error, MemoryError):
        return "out of memory"
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"{text}; please report it as a bug"


# ----------------------------------------------------------------- the total


class CampaignSums:
    """Adds up what came of the journals, and keeps the first ones that broke an invariant or had engines differ."""

    def __init__(self, common: Line) -> None:
        self._first_seed: int = common["seed"]
        self._parameters: Line = common["parameters"]
        self._counts: Counter[str] = Counter()
        self._amounts: dict[str, Counter[str]] = {}
        self._verdicts: Counter[str] = Counter()
        self._faulty = 0
        self._faults: list[str] = []

    def take(self, line: Node) -> None:
        """Add a journal's line."""
        fields = line.record(FIELDS)
        journal, seed = fields["journal"].integer(least=0), fields["seed"]
        if seed.integer() != self._first_seed + journal:
            seed.fail(f"journal {journal} has the seed {self._first_seed + journal}")
        counts = {name: fields[name].integer(least=0) for name in COUNTS}
        if counts["accepted"] + counts["rejected"] != counts["events"]:
            fields["events"].fail(
                f"must be the sum of {counts['accepted']} accepted and {counts['rejected']} rejected events"
            )
        fields["hash"].sha256()
        self._counts.update(counts)
        for asset, amounts in fields["amounts"].named_entries():
            named = self._amounts.setdefault(asset, Counter())
            named.update({name: amount.wire_decimal() for name, amount in amounts.named_entries()})
        invariants = fields["invariants"].choice(("hold", "broken"))
        engines = fields["engines"].choice(("agree", "differ"))
        self._verdicts.update((invariants, engines))
        if (invariants, engines) != ("hold", "agree"):
            self._faulty += 1
            if len(self._faults) < MOST_FAULTS:
                self._faults.append(self._fault(line))

    def _fault(self, line: Node) -> str:
        """What is wrong with a journal, in the first of its findings, and how to make it again."""
        seed = line.member("seed").integer(least=0)
        found = [finding_text(finding) for finding in line.member("findings").elements()]
        if not found:
            line.member("findings").fail("must not be empty for a journal at fault")
        return f"seed {seed}: {found[0]}; the journal is made again by {scenario_command(self._parameters, seed)}"

    def fields(self) -> Line:
        """The sums, amounts by asset, and how many journals were broken or diverged."""
        return {
            **{name: self._counts[name] for name in COUNTS},
            "amounts": {
                asset: {name: decimal_text(amount, WIRE_DECIMALS) for name, amount in sorted(named.items())}
                for asset, named in sorted(self._amounts.items())
            },
            "broken": self._verdicts["broken"],
            "diverged": self._verdicts["differ"],
        }

    def faults(self) -> list[str]:
        """The first journals that are at fault, and how many more there are."""
        more = self._faulty - len(self._faults)
        return [*self._faults, f"{more} more journals are at fault"] if more else self._faults


def finding_text(finding: Node) -> str:
    """A finding as people read it."""
    place = f"event {finding.member('seq').integer()} (line {finding.member('line').integer()})"
    if "diverged" in finding.value:
        return f"the engines differ in the {finding.member('diverged').text()} of {place}"
    invariant, what, where, amount = (finding.member(name).text() for name in ("broken", "what", "where", "amount"))
    return f"{invariant} broken at {place}: {what}, {where}: {amount}"


def read_version(stated: Node) -> str:
    """The version of marginspec that ran a campaign."""
    text = stated.text()
    if not VERSION_PATTERN.fullmatch(text):
        stated.fail("not a version")
    return text


CAMPAIGN = Kind(
    "campaign",
    version=1,
    piece="journal",
    pieces="journals",
    identity={
        "marginspec": read_version,
        "seed": lambda seed: seed.integer(least=0, most=HIGHEST_SEED),
        "checked": lambda checked: checked.choice(CHECKED),
        "parameters": check_stated,
    },
    sums=CampaignSums,
)


# ----------------------------------------------------------------- the command


@click.command("campaign")
@click.option(
    "--journals", type=click.IntRange(1, MOST_JOURNALS), default=100, show_default=True, help="How many journals."
)
@click.option(
    "--seed",
    type=click.IntRange(0, HIGHEST_SEED),
    default=1,
    show_default=True,
    help="Seed of the first journal; each further one has the next.",
)
@scenario_options
@click.option("--check", is_flag=True, help="Check every invariant after every event, which takes far longer.")
@assignment_options
@click.pass_context
def command(
    context: click.Context,
    /,
    journals: int,
    seed: int,
    check: bool,
    shard: Shard,
    jobs: int | None,
    address: str | None,
    output: Path | None,
    **options: Any,
) -> None:
    """Simulate a journal for each of many seeds, run it by both engines, and compare them.

    Journal 0 is that of `marginspec scenario --seed SEED` with the same options, journal 1 that of the next seed,
    and so on. A line of JSON gives for each: events, liquidations, lots, deleveragings, levies; amounts by asset;
    the chain's hash; whether the optimized engine and the specification agree in every receipt and in the state at
    the end; and whether the invariants hold there. The last line adds them up; its hash covers all of them and
    depends neither on processes nor on shards, which `marginspec merge` joins.

    With --dask, such as tcp://10.0.0.5:8786, workers that have this version of marginspec run the journals, and
    what a worker that dies has not delivered is run by others.

    Exit codes: 0 all holds; 1 a journal, named with its seed, broke an invariant or had the engines differ; 2 wrong
    usage or input; 3 a journal, named with its seed, failed. The output is written in cases 0 and 1.
    """
    assignment = Assignment(shard, jobs, address, output)
    check_seeds(seed, journals)
    check_fast_engine()
    scenario = chosen_scenario(context, options)
    campaign = Campaign(scenario.parameters(seed), check)
    common = {
        "rulebook": RULEBOOK_VERSION,
        "journals": journals,
        "marginspec": version("marginspec"),
        "seed": seed,
        "checked": CHECKED[check],
        "parameters": scenario.stated(),
    }
    total = Total(CAMPAIGN, common)
    inputs = () if scenario.closes is None else (scenario.closes.path,)
    pieces = shard.of(journals)
    write_answers(total, answers(campaign, pieces, assignment), pieces, output, inputs)
    context.exit(print_faults(total.sums))


def check_seeds(first: int, journals: int) -> None:
    """The last journal's seed must not be too high."""
    if first + journals - 1 > HIGHEST_SEED:
        text = f"the last journal would have seed {first + journals - 1}, above {HIGHEST_SEED}"
        raise click.BadParameter(text, param_hint="--seed")
