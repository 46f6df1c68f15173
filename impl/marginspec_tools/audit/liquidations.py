"""Rows of liquidations.csv: every liquidation, lot, deleveraging, levy and return, with where in the journal it was."""

from collections.abc import Iterator
from typing import Any, TypeAlias

from marginspec.model.effects import (
    Deleveraged,
    DomainLiquidated,
    Effect,
    Levied,
    LotOpened,
    ReliefReturned,
    Transferred,
)
from marginspec.model.market import Market
from marginspec.model.state import State
from marginspec_audit import Transition
from marginspec_journal.decimals import decimal_text
from marginspec_tools.runs import Step

Row: TypeAlias = dict[str, Any]
"""A row by its columns; what does not apply to its kind is left out."""

COLUMNS = (
    *("seq", "line", "ts", "ref", "kind", "account", "asset", "market", "side", "lot", "reason"),
    *("quantity", "cost", "loss", "equity", "maintenance", "amount"),
)
"""`kind` is liquidation, lot, deleveraging, levy or return; a levy that the house paid has no account.

`cost` is what the engine took a lot over at, or released by a deleveraging; `loss` what the lot lost less by it;
`amount` what was levied or given back, `reason` of a levy its layer, or house.
"""
LEVY = "LVY-01"
"""The only rule whose transfers may have a row."""


def liquidation_rows(step: Step) -> Iterator[Row]:
    """The rows of an event."""
    record = step.record
    for effect in [one for one in step.transition.receipt.effects if type(one) is not Transferred or one.rule == LEVY]:
        row = row_of(step.transition, effect)
        if row is not None:
            yield {"seq": step.number, "line": record.line, "ts": record.ts, "ref": record.ref, **row}


def row_of(taken: Transition, effect: Effect) -> Row | None:
    """The row of an effect, but for where it was; None if the effect is of no such kind."""
    state = taken.after
    match effect:
        case DomainLiquidated(domain=domain, equity=equity, maintenance=maintenance):
            amounts = money(state, domain.asset, equity=equity, maintenance=maintenance)
            return {"kind": "liquidation", **domain._asdict(), **amounts}
        case LotOpened():
            return lot_row(state, taken.market(effect.lot.market), effect)
        case Deleveraged():
            return deleveraging_row(state, taken.market(effect.counterparty.market), effect)
        case Levied(domain=domain, layer=layer, amount=amount):
            return {"kind": "levy", **domain._asdict(), "reason": layer, **money(state, domain.asset, amount=amount)}
        case ReliefReturned(domain=domain, amount=amount):
            return {"kind": "return", **domain._asdict(), **money(state, domain.asset, amount=amount)}
        case Transferred(asset=asset, source=source, amount=amount) if effect.rule == LEVY and source.kind == "house":
            return {"kind": "levy", "asset": asset, "reason": "house", **money(state, asset, amount=amount)}
        case _:
            return None


def lot_row(state: State, market: Market, opened: LotOpened) -> Row:
    """A lot that the engine took over."""
    lot = opened.lot
    return {
        "kind": "lot",
        "account": lot.account,
        "asset": market.asset,
        "market": lot.market,
        "side": lot.side,
        "lot": lot.id,
        "reason": lot.reason,
        "quantity": decimal_text(lot.quantity, market.quantity_decimals),
        **money(state, market.asset, cost=opened.cost),
    }


def deleveraging_row(state: State, market: Market, closed: Deleveraged) -> Row:
    """A step of deleveraging, on the counterparty's side."""
    return {
        "kind": "deleveraging",
        "asset": market.asset,
        **closed.counterparty._asdict(),
        "lot": closed.lot,
        "quantity": decimal_text(closed.quantity, market.quantity_decimals),
        **money(state, market.asset, cost=closed.value, loss=closed.loss),
    }


def money(state: State, asset: str, **amounts: int) -> Row:
    """Amounts of an asset, exact."""
    decimals = state.header.decimals(asset)
    return {name: decimal_text(quanta, decimals) for name, quanta in amounts.items()}
