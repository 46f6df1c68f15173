"""Rows of liquidations.csv: every liquidation, lot, deleveraging and levy, with where in the journal it was."""

from collections.abc import Iterator

import attrs

from marginspec.model.account import DomainKey
from marginspec.model.effects import Deleveraged, DomainLiquidated, Effect, Levied, LotOpened, Transferred
from marginspec.model.state import State
from marginspec_journal.decimals import decimal_text
from marginspec_tools.runs import Step


@attrs.frozen
class Row:
    """One row; what does not apply to its kind is empty.

    `kind` is liquidation, lot, deleveraging or levy; the account of a levy that the house paid is empty.
    `cost` is what the engine took a lot over at, or released by a deleveraging; `loss` what the lot lost
    less by it; `amount` what was levied.
    """

    seq: int
    line: int
    ts: str
    ref: str
    kind: str
    account: str = ""
    asset: str = ""
    market: str = ""
    side: str = ""
    lot: str = ""
    reason: str = ""
    quantity: str = ""
    cost: str = ""
    loss: str = ""
    equity: str = ""
    maintenance: str = ""
    amount: str = ""


COLUMNS = tuple(field.name for field in attrs.fields(Row))


def liquidation_rows(step: Step) -> Iterator[Row]:
    """The rows of an event."""
    state = step.taken.after
    for effect in step.taken.receipt.effects:
        row = row_of(state, effect, blank(step))
        if row is not None:
            yield row


def blank(step: Step) -> Row:
    """A row that says where it is."""
    return Row(step.number, step.record.line, step.record.ts or "", step.record.ref or "", "")


def row_of(state: State, effect: Effect, row: Row) -> Row | None:
    """The row of an effect; None if the effect is of no such kind."""
    match effect:
        case DomainLiquidated():
            return liquidation_row(state, effect, row)
        case LotOpened():
            return lot_row(state, effect, row)
        case Deleveraged():
            return deleveraging_row(state, effect, row)
        case Levied(domain=domain, amount=amount):
            levied = money(state, domain.asset, amount)
            return attrs.evolve(owned(row, domain), kind="levy", amount=levied)
        case Transferred(asset=asset, source=source, amount=amount, rule="LVY-01") if source.kind == "house":
            return attrs.evolve(row, kind="levy", asset=asset, amount=money(state, asset, amount), reason="house")
        case _:
            return None


def liquidation_row(state: State, taken: DomainLiquidated, row: Row) -> Row:
    """A domain that was found unhealthy."""
    asset = taken.domain.asset
    return attrs.evolve(
        owned(row, taken.domain),
        kind="liquidation",
        equity=money(state, asset, taken.equity),
        maintenance=money(state, asset, taken.maintenance),
    )


def lot_row(state: State, opened: LotOpened, row: Row) -> Row:
    """A lot that the engine took over."""
    lot, market = opened.lot, state.markets[opened.lot.market]
    return attrs.evolve(
        row,
        kind="lot",
        account=lot.account,
        asset=market.asset,
        market=lot.market,
        side=lot.side,
        lot=str(lot.id),
        reason=lot.reason,
        quantity=decimal_text(lot.quantity, market.quantity_decimals),
        cost=money(state, market.asset, opened.cost),
    )


def deleveraging_row(state: State, closed: Deleveraged, row: Row) -> Row:
    """A step of deleveraging, on the counterparty's side."""
    key, market = closed.counterparty, state.markets[closed.counterparty.market]
    return attrs.evolve(
        row,
        kind="deleveraging",
        account=key.account,
        asset=market.asset,
        market=key.market,
        side=key.side,
        lot=str(closed.lot),
        quantity=decimal_text(closed.quantity, market.quantity_decimals),
        cost=money(state, market.asset, closed.value),
        loss=money(state, market.asset, closed.loss),
    )


def owned(row: Row, domain: DomainKey) -> Row:
    """A row with a domain's columns."""
    account, asset, market, side = domain
    return attrs.evolve(row, account=account, asset=asset, market=market, side=side)


def money(state: State, asset: str, quanta: int) -> str:
    """An amount of an asset, exact."""
    return decimal_text(quanta, state.header.decimals(asset))
