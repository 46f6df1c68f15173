"""When an observed value agrees: tolerances by kind of value, digits of display, and the exchange's own reasons."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import attrs
import click

from marginspec import RULEBOOK_VERSION
from marginspec.model.rejections import Reason
from marginspec.model.units import WIRE_DECIMALS
from marginspec_journal.decimals import parse_decimal
from marginspec_journal.strict_json import read_document
from marginspec_tools.observed.figures import Ours, ValueKind

TOLERABLE: tuple[ValueKind, ...] = ("balance", "quantity", "mark", "price", "pnl", "margin", "ratio", "fund", "lot")
"""Kinds of value that are amounts; verdicts, settings and indicators agree or do not."""

SHORTENED: tuple[ValueKind, ...] = ("balance", "price", "pnl", "margin", "ratio", "fund")
"""Kinds of amount that exchanges state with fewer digits than they have; a whole number is taken at its word."""

WHOLE = 10**WIRE_DECIMALS

Agreement = Literal["equal", "tolerated", "as displayed", "differs"]


@attrs.frozen
class Tolerances:
    """By how much, in 1e-8, a value of each kind may differ, inclusive. What breaks an invariant is never tolerated."""

    by_kind: Mapping[ValueKind, int] = attrs.Factory(dict)

    def agreement(self, kind: ValueKind, ours: Ours, observed: str) -> Agreement:
        """How an observed value agrees with the rulebook's."""
        if ours.amount is None or ours.text is None:
            return "equal" if ours.text == observed else "differs"
        off, unit = abs(parse_decimal(observed) - ours.amount), last_digit(observed)
        if off == 0 or (ours.rounded and off < unit < WHOLE):
            return "equal"
        if off <= self.by_kind.get(kind, 0):
            return "tolerated"
        is_shortened = kind in SHORTENED and 0 < digits_of(observed) < digits_of(ours.text)
        return "as displayed" if is_shortened and off < unit else "differs"


def last_digit(text: str) -> int:
    """One unit of a decimal's last digit, in 1e-8."""
    unit: int = 10 ** (WIRE_DECIMALS - digits_of(text))
    return unit


def digits_of(text: str) -> int:
    """How many digits stand after a decimal's point."""
    return len(text.partition(".")[2])


class ToleranceOption(click.ParamType):  # type: ignore[type-arg]  # takes arguments in newer releases only
    """`KIND=AMOUNT`, as in `balance=0.00005`."""

    name = "KIND=AMOUNT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[ValueKind, int]:
        """The kind and the amount in 1e-8."""
        if isinstance(value, tuple):
            return value
        named, _, text = str(value).partition("=")
        kind = next((one for one in TOLERABLE if one == named), None)
        if kind is None:
            self.fail(f"{named!r} is no kind of amount: {', '.join(TOLERABLE)}", param, ctx)
        try:
            amount = parse_decimal(text)
        except ValueError:
            self.fail(f"{text!r} is no decimal", param, ctx)
        if amount < 0:
            self.fail(f"{text} is below zero", param, ctx)
        return kind, amount


def tolerances_of(given: Iterable[tuple[ValueKind, int]]) -> Tolerances:
    """The tolerances of the command line; refuses a kind that is given twice."""
    by_kind: dict[ValueKind, int] = {}
    for kind, amount in given:
        if kind in by_kind:
            raise click.BadParameter(f"{kind} is given twice", param_hint="--tolerance")
        by_kind[kind] = amount
    return Tolerances(by_kind)


# ----------------------------------------------------------------- reasons

ReasonTable = Mapping[str, tuple[Reason, ...]]
"""By the exchange's own code of a refusal, the rulebook's reasons that it stands for."""

REASONS_VERSION = 1


def read_reasons(path: Path) -> ReasonTable:
    """A table of the exchange's codes, by code the reasons that it stands for."""
    fields = read_document(path).record(("reasons", "rulebook", "codes"))
    if fields["reasons"].integer() != REASONS_VERSION:
        fields["reasons"].fail(f"expected {REASONS_VERSION}")
    if fields["rulebook"].text() != RULEBOOK_VERSION:
        fields["rulebook"].fail(f"expected {RULEBOOK_VERSION}")
    return {
        code: tuple(one.choice(tuple(Reason)) for one in entry.elements()) for code, entry in fields["codes"].entries()
    }
