"""Days on which an exchange tells of every event what it answered and what it moved, right or by rules of its own."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from marginspec.model.effects import PositionChanged, Transferred
from marginspec_journal import Record, write_journal
from marginspec_tools.observed import Figure, field_of
from marginspec_tools.runs import Run, Step

TOLD = ("wallet", "isolated", "insurance", "reserve", "house")
"""Kinds of ledger account that an exchange tells of."""


def told_of(step: Step) -> dict[str, Any]:
    """What an exchange tells of an event: its answer, and the balances and positions that it moved."""
    taken = step.transition
    told: dict[str, Any] = {"accepted": True}
    if taken.receipt.rejected is not None:
        return {"rejected": str(taken.receipt.rejected)}
    for effect in taken.receipt.effects:
        if isinstance(effect, Transferred):
            for account in (effect.source, effect.target):
                if account.kind in TOLD:
                    told.setdefault("ledger", {})[account.name] = text_of(
                        step, Figure("ledger", account.name, "balance")
                    )
        elif isinstance(effect, PositionChanged):
            name = ":".join(effect.key)
            quantity = text_of(step, Figure("positions", name, "quantity"))
            told.setdefault("positions", {})[name] = {"quantity": quantity}
    return told


def text_of(step: Step, figure: Figure) -> str:
    """A figure after an event."""
    return str(field_of(figure).ask(step.transition.after, figure.name).text)


def observed_day(journal: Path, exchange: AbstractContextManager[Any] | None = None) -> Iterator[Record]:
    """A journal's records with what an exchange tells of each; `exchange` puts rules of its own in force meanwhile."""
    with exchange or nullcontext():
        for step in Run(journal):
            yield step.record._replace(observed=told_of(step))


def write_day(path: Path, journal: Path, records: list[Record]) -> None:
    """Write a day under the header of the journal that it was made of."""
    write_journal(path, Run(journal).journal.header, records)
