"""A venue's day with what it answered to every event, and the same day with known faults in its answers.

`true.jsonl` in tests/vectors/venue_day has answers that are right; the other days there are made of it:
`python -m worlds.venue_day` in tests writes them anew.
"""

import json
from collections.abc import Callable, Iterator
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "vectors" / "venue_day"

Line = dict[str, Any]
Change = Callable[[int, Line], None]
"""Changes what was observed of an event, given its number."""

PLANTED: dict[int, Line] = {
    121: {"ledger": {"insurance:USDT": "2596.41050700"}},
    167: {"ledger": {"wallet:c01:USDT": "24998.49990701"}},
    171: {"positions": {"i01:BTCUSDT:BOTH": {"quantity": "0"}}},
    191: {"ledger": {"wallet:c10:USDT": "4976.48768810"}, "positions": {"c10:SOLUSDT:BOTH": {"quantity": "357.14"}}},
    193: {"rejected": "INSUFFICIENT_MARGIN"},
    196: {"positions": {"i01:BTCUSDT:BOTH": {"quantity": "0", "leverage": 20}}},
    259: {"ledger": {"reserve:SOLUSDT": "145.35290625", "insurance:USDT": "2367.84353864"}},
}
"""By event, what a faulty venue had instead.

The insurance fund got 0.01 too much; an account a quantum too much; a healthy position was closed; an account was not
liquidated; a trade was refused; a leverage was not what was set; a loss was drawn from the wrong fund.
"""
SPARSE: dict[int, Line] = {
    100: {"ledger": {"wallet:cO1:USDT": "0"}},
    101: {"positions": {"c01:BTCUSDT:LONG": {"quantity": "0"}}, "ledger": {"wallet:c01": "0"}},
}
"""By event, what little was observed, under names that are misspelt or malformed."""
DRIFTS_FROM, DRIFT = 121, Decimal("0.01")
DIGITS = Decimal("0.0001")


def true_day() -> list[Line]:
    """The header and the events of the day, all that was observed right."""
    return [json.loads(line) for line in (FOLDER / "true.jsonl").read_text("utf-8").splitlines()]


def plant(number: int, event: Line) -> None:
    """Put in what a faulty venue had."""
    fault = PLANTED.get(number, {})
    if "rejected" in fault:
        event["observed"] = fault
        return
    for group, values in fault.items():
        event["observed"].setdefault(group, {}).update(values)


def drift(number: int, event: Line) -> None:
    """One wrong balance, carried forward."""
    ledger = event["observed"].get("ledger", {})
    if number >= DRIFTS_FROM and "insurance:USDT" in ledger:
        ledger["insurance:USDT"] = str(Decimal(ledger["insurance:USDT"]) + DRIFT)


def shorten(_: int, event: Line) -> None:
    """Balances with four digits, as a venue shows them."""
    ledger = event["observed"].get("ledger", {})
    ledger.update({name: str(Decimal(text).quantize(DIGITS, ROUND_HALF_EVEN)) for name, text in ledger.items()})


def leave_little(number: int, event: Line) -> None:
    """Little is observed, and under wrong names."""
    del event["observed"]
    if number in SPARSE:
        event["observed"] = SPARSE[number]


DAYS: dict[str, Change] = {"planted": plant, "drift": drift, "rounded4": shorten, "sparse": leave_little}


def day(change: Change) -> str:
    """The text of a day that is changed."""
    header, *events = true_day()
    for number, event in enumerate(events, 1):
        change(number, event)
    return "".join(f"{json.dumps(line)}\n" for line in (header, *events))


def days() -> Iterator[tuple[Path, str]]:
    """Every day that is made of the true one: its file and its text."""
    for name, change in DAYS.items():
        yield FOLDER / f"{name}.jsonl", day(change)


if __name__ == "__main__":
    for path, text in days():
        path.write_text(text, "utf-8")
