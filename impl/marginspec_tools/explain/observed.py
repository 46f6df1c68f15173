"""What an event's line says that the exchange's own engine had, beside what the rulebook has."""

from collections.abc import Iterator, Mapping
from typing import Any

from marginspec.margin.margin import leverage_of, margin_mode_of
from marginspec.model.account import PositionKey
from marginspec.model.effects import Receipt
from marginspec.model.ledger import account_named
from marginspec.model.state import State
from marginspec.model.units import FLAT, Money, Price, Quantity
from marginspec_audit import asset_of
from marginspec_journal.decimals import parse_decimal, shortest_decimal
from marginspec_tools.explain.explained import Beside
from marginspec_tools.explain.units import Figure, Scope, Units


def observed_beside(after: State, receipt: Receipt, observed: Mapping[str, Any], units: Units) -> Iterator[Beside]:
    """Each thing that was observed, with ours and whether they agree."""
    answers = [one for one in (observed.get("rejected"), "accepted" if observed.get("accepted") else None) if one]
    for answer in answers:
        ours = receipt.rejected.value if receipt.rejected else "accepted"
        yield Beside("answer", answer, ours, answer == ours)
    for name, text in observed.get("ledger", {}).items():
        yield amount_beside(f"balance of {name}", text, balance(after, name, units))
    for name, position in observed.get("positions", {}).items():
        yield from position_beside(after, name, position, units)
    for name, text in observed.get("marks", {}).items():
        mark = after.markets[name].mark if name in after.markets else None
        figure = None if mark is None else units.figure(mark, Price, Scope(market=name))
        yield amount_beside(f"mark of {name}", text, figure)


def balance(after: State, name: str, units: Units) -> Figure | None:
    """The balance of a ledger account; None if no account is named so."""
    try:
        account = account_named(name)
        return units.figure(after.balance(account), Money, Scope(asset=asset_of(after, account)))
    except (KeyError, ValueError, IndexError):
        return None


def amount_beside(what: str, text: str, ours: Figure | None) -> Beside:
    """An amount beside ours; what does not exist counts as nothing."""
    agrees = parse_decimal(text) == (0 if ours is None else parse_decimal(ours.value))
    unit = ours.unit if ours is not None else ""
    shown = str(Figure(shortest_decimal(parse_decimal(text)), unit))
    return Beside(what, shown, "none" if ours is None else str(ours), agrees)


def position_beside(after: State, name: str, position: Mapping[str, Any], units: Units) -> Iterator[Beside]:
    """A position's quantity, and its margin mode and leverage where they were observed."""
    account, market, side = name.split(":") if name.count(":") == 2 else (name, "", "")
    listed = after.markets.get(market)
    if listed is None:
        yield amount_beside(f"position {name}", position["quantity"], None)
        return
    key = PositionKey(account, market, side)  # type: ignore[arg-type]  # another side has no position
    held = units.figure(after.positions.get(key, FLAT), Quantity, Scope(market=market))
    yield amount_beside(f"position {name}", position["quantity"], held)
    settings = {"margin_mode": margin_mode_of(after, account, market), "leverage": leverage_of(after, account, listed)}
    for field, ours in settings.items():
        if field in position:
            yield Beside(
                f"{field.replace('_', ' ')} of {name}", str(position[field]), str(ours), position[field] == ours
            )
