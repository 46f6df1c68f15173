"""audit of longer days: as many findings as there are causes, whoever is at fault and however often."""

import random
from contextlib import AbstractContextManager
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from click.testing import CliRunner

from marginspec.model.units import div_down
from marginspec.settlement.deleveraging import compare_ranked
from marginspec_journal import Record
from marginspec_tools.audit.comparison import Comparison
from marginspec_tools.audit.findings import Finding, ranked
from marginspec_tools.cli import marginspec
from marginspec_tools.runs import Run
from worlds.observing import observed_day, write_day


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day with a crash in it: liquidations, deleveraging and fills."""
    path = tmp_path_factory.mktemp("day") / "day.jsonl"
    words = ["scenario", str(path), "--accounts", "40", "--markets", "4", "--events", "1300", "--seed", "5"]
    assert CliRunner().invoke(marginspec, words).exit_code == 0
    return path


def findings(path: Path) -> list[Finding]:
    comparison = Comparison(str(path))
    for step in Run(path):
        comparison.take(step)
    return ranked(comparison.findings)


# ------------------------------------------------------------------- faults here and there


def moved(text: str, quanta: int) -> str:
    """A decimal that is so many units of its last digit more."""
    return str(Decimal(text) + Decimal(quanta).scaleb(-len(text.partition(".")[2])))


def faulty(observed: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """What was observed with one value wrong: the answer, a balance or a quantity."""
    groups = [name for name in ("ledger", "positions") if name in observed]
    group = chance.choice(["answer", *groups])
    if group == "answer":
        return {"accepted": True} if "rejected" in observed else {"rejected": "INSUFFICIENT_MARGIN"}
    name, quanta = chance.choice(list(observed[group])), chance.choice((1, -1, 500, 100_000))
    value = observed[group][name]
    wrong = moved(value, quanta) if group == "ledger" else {"quantity": moved(value["quantity"], quanta)}
    return {**observed, group: {**observed[group], name: wrong}}


@pytest.mark.parametrize("seed", range(3))
def test_each_fault_is_one_finding_at_its_event(seed: int, day: Path, tmp_path: Path) -> None:
    chance = random.Random(seed)
    records = list(observed_day(day))
    places = sorted(chance.sample(range(len(records)), 30))
    for place in places:
        record: Record = records[place]
        records[place] = record._replace(observed=faulty(dict(record.observed or {}), chance))
    path = tmp_path / "faulty.jsonl"
    write_day(path, day, records)
    assert sorted(one.seq for one in findings(path)) == [place + 1 for place in places]


def test_a_day_that_is_right_has_none(day: Path, tmp_path: Path) -> None:
    write_day(tmp_path / "right.jsonl", day, list(observed_day(day)))
    assert findings(tmp_path / "right.jsonl") == []


# ------------------------------------------------------------------- rules of the exchange's own


def ranks_last_first() -> AbstractContextManager[Any]:
    """Deleverages those with the least profit first."""

    def reverse(first: Any, second: Any) -> int:
        return -compare_ranked(first, second)

    return patch("marginspec.settlement.deleveraging.compare_ranked", reverse)


def rounds_fees_down() -> AbstractContextManager[Any]:
    """Rounds fees in favour of accounts."""
    return patch("marginspec.handlers.trading.div_up", div_down)


@pytest.mark.rule("ADL-02")
def test_another_order_of_deleveraging_is_one_finding(day: Path, tmp_path: Path) -> None:
    write_day(tmp_path / "other.jsonl", day, list(observed_day(day, ranks_last_first())))
    (found,) = findings(tmp_path / "other.jsonl")
    assert (found.clause, found.classified, found.severity) == ("ADL-02", "order", "critical")
    assert found.consequences > 100


@pytest.mark.rule("TRD-01", "NUM-02")
def test_fees_that_are_rounded_otherwise_are_one_finding(day: Path, tmp_path: Path) -> None:
    write_day(tmp_path / "other.jsonl", day, list(observed_day(day, rounds_fees_down())))
    (found,) = findings(tmp_path / "other.jsonl")
    assert (found.clause, found.classified, found.severity) == ("TRD-01", "figure", "low")
    assert found.consequences > 1000
