"""The money at stake in a value that differs, in 1e-8 of its asset."""

from typing import Any

from marginspec.margin import margin as margins
from marginspec.model.account import PositionKey
from marginspec.model.state import State
from marginspec.model.units import FLAT, WIRE_DECIMALS
from marginspec_tools.observed import Figure, Ours, Whose, kind_of, position_named
from marginspec_tools.runs import Step


def money_at_stake(step: Step, figure: Figure, own: Whose, ours: Ours, text: str, difference: int | None) -> int:
    """What a difference comes to in the asset, in 1e-8: quantities at mark, prices times the quantity held."""
    state, off = step.transition.after, abs(difference or 0)
    market = state.markets.get(own.market)
    kind = kind_of(figure)
    if kind in ("balance", "pnl", "margin") or figure.field in ("cost", "uncovered", "lots_pnl", "shortfall"):
        return off
    if kind == "fund":
        return off if not figure.field.endswith("lots") else valued(market, off)
    if kind in ("quantity", "lot"):
        return valued(market, off)
    if kind == "verdict":
        return value_of_event(step)
    if kind == "mark":
        interest = 0 if market is None else state.open_interest.get(market.id, FLAT)
        return 0 if market is None else int(off * interest // 10**market.quantity_decimals)
    if kind == "price" and market is not None:
        held = abs(state.positions.get(position_named(figure.name), FLAT))
        return int(off * held // 10**market.quantity_decimals)
    if figure.field == "leverage" and market is not None:
        return margin_apart(state, position_named(figure.name), int(ours.text or 0), int(text))
    return 0


def valued(market: Any, amount: int) -> int:
    """A quantity in 1e-8 at mark, in 1e-8 of the asset."""
    return 0 if market is None or market.mark is None else int(amount * market.mark // 10**market.price_decimals)


def value_of_event(step: Step) -> int:
    """What an event that was judged otherwise moves: price times quantity, or the amount, in 1e-8."""
    event = step.transition.event
    quantity, price = getattr(event, "quantity", None), getattr(event, "price", None)
    if quantity is not None and price is not None:
        return int(abs(quantity) * price // 10**WIRE_DECIMALS)
    return int(abs(getattr(event, "amount", None) or 0))


def margin_apart(state: State, key: PositionKey, first: int, second: int) -> int:
    """By how much the initial margin of a position at two leverages is apart, in 1e-8."""
    market, held = state.markets[key.market], state.positions.get(key, FLAT)
    if not held or min(first, second) < 1:
        return 0
    apart = abs(margins.initial_margin_of(held, first, market) - margins.initial_margin_of(held, second, market))
    unit: int = 10 ** (WIRE_DECIMALS - state.header.decimals(market.asset))
    return int(apart * unit)
