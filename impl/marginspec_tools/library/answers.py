"""What an exchange answers: every amount is a decimal text, exact, with the digits of its asset or market."""

from typing import Any

import attrs

from marginspec.model.account import MarginMode, PositionMode, PositionSide


@attrs.frozen
class Answer:
    """What became of an event: accepted, or refused for one reason of the rulebook and nothing changed (JRN-01).

    `effects` are those of the receipt, as `docs/rulebook/10-effects.md` lists them, in order; `hash` is the hash of the
    chain of receipts after it, in hexadecimal.
    """

    accepted: bool
    reason: str | None
    effects: tuple[dict[str, Any], ...]
    hash: str


@attrs.frozen
class Position:
    """An open position at mark (MRG-01, MRG-04); quantity and cost are signed, long above zero.

    The entry price is cost over quantity, which need not end, so that it is not given.
    `indicator` is its place in the queue of deleveraging, 0 to 4 (ADL-05); None if it is in none.
    """

    market: str
    side: PositionSide
    quantity: str
    mark: str
    notional: str
    cost: str
    unrealised: str
    maintenance: str
    margin_mode: MarginMode
    leverage: int
    indicator: int | None


@attrs.frozen
class Domain:
    """A margin domain (ACC-03): an account's cross positions in an asset with its wallet, or one isolated position.

    Available is for orders, movable may leave (MRG-06); the claim is what relief owes it (LVY-02).
    """

    name: str
    asset: str
    cash: str
    equity: str
    maintenance: str
    initial: str
    order_margin: str
    available: str
    movable: str
    is_healthy: bool
    claim: str
    positions: tuple[Position, ...]


@attrs.frozen
class Account:
    """An account: its position mode, and its domains that hold money or positions, in order of their names."""

    name: str
    position_mode: PositionMode
    domains: tuple[Domain, ...]

    @property
    def positions(self) -> tuple[Position, ...]:
        """Its open positions, in order of the domains."""
        return tuple(one for domain in self.domains for one in domain.positions)


@attrs.frozen
class Band:
    """Where a position's domain is liquidated if only this market's mark moves (MRG-07), and where it is bankrupt.

    `below` and `above` are the nearest liquidation prices on both sides of the mark, `bankruptcy` the price at which
    equity is zero (MRG-08); None where there is none.
    """

    below: str | None
    above: str | None
    bankruptcy: str | None


@attrs.frozen
class Funds:
    """What stands behind a market's losses (WTF-01): its reserve, then the insurance fund and relief of its asset.

    `shortfall` is what the lots at mark lose beyond the reserve; `lots_unrealised` is their PnL at mark.
    """

    market: str
    reserve: str
    insurance: str
    relief: str
    lots: int
    lots_unrealised: str
    shortfall: str
