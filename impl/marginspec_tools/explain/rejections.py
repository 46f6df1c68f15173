"""Why an event was refused: the check that refused it, with the figures that it compared.

Figures after booking are read from the transaction as it stood when it was refused: with both sides booked
and orders reduced, as the rules test them.
"""

from collections.abc import Callable
from typing import Any

from marginspec.model.rejections import Reason
from marginspec_tools.explain.explanation import Explanation
from marginspec_tools.explain.refused_inputs import (
    account_exists,
    amount_allowed,
    leverage_allowed,
    mark_exists,
    market_allowed,
    market_exists,
    market_is_new,
    parties_differ,
    price_allowed,
    quantity_allowed,
    rates_allowed,
    tiers_allowed,
)
from marginspec_tools.explain.refused_margins import (
    balance_suffices,
    cash_not_negative,
    cover_suffices,
    domains_healthy,
    funds_suffice,
    leverage_within_tier,
    lots_suffice,
    margin_suffices,
    within_range,
)
from marginspec_tools.explain.refused_positions import (
    account_is_idle,
    order_fits,
    order_is_new,
    order_only_reduces,
    order_open,
    position_held,
    position_isolated,
    side_fits,
)
from marginspec_tools.explain.watching import Watched

Teller = Callable[[Watched, Any], tuple[Explanation, ...]]

CHECKS: dict[Reason, tuple[str, Teller]] = {
    Reason.UNKNOWN_MARKET: ("the market is listed", market_exists),
    Reason.MARKET_EXISTS: ("the market is not listed yet", market_is_new),
    Reason.INVALID_MARKET: ("decimals and tick fit", market_allowed),
    Reason.INVALID_TIERS: ("the tier table is in order", tiers_allowed),
    Reason.UNKNOWN_ACCOUNT: ("the account exists", account_exists),
    Reason.NO_MARK: ("the market has a mark price", mark_exists),
    Reason.SELF_TRADE: ("buyer and seller differ", parties_differ),
    Reason.INVALID_PRICE: ("the price is allowed", price_allowed),
    Reason.INVALID_QUANTITY: ("the quantity is allowed", quantity_allowed),
    Reason.INVALID_AMOUNT: ("the amount is allowed", amount_allowed),
    Reason.INVALID_RATE: ("the rates are allowed", rates_allowed),
    Reason.INVALID_LEVERAGE: ("the leverage is allowed", leverage_allowed),
    Reason.WRONG_POSITION_SIDE: ("the position side fits", side_fits),
    Reason.ORDER_EXISTS: ("the order's id is new", order_is_new),
    Reason.UNKNOWN_ORDER: ("the order is open", order_open),
    Reason.ORDER_MISMATCH: ("the fill fits its order", order_fits),
    Reason.REDUCE_ONLY: ("a reduce-only order only reduces", order_only_reduces),
    Reason.NO_POSITION: ("there is a position", position_held),
    Reason.NOT_FLAT: ("there is no position and no order", account_is_idle),
    Reason.NOT_ISOLATED: ("the position is isolated", position_isolated),
    Reason.NO_INVENTORY: ("the lots suffice", lots_suffice),
    Reason.COVER_EXCEEDED: ("reserve and insurance cover the loss", cover_suffices),
    Reason.INSUFFICIENT_FUNDS: ("the house has the amount", funds_suffice),
    Reason.INSUFFICIENT_BALANCE: ("the amount may be moved", balance_suffices),
    Reason.LEVERAGE_ABOVE_TIER: ("the leverage is within the tier's", leverage_within_tier),
    Reason.NEGATIVE_CASH: ("no flat domain has negative cash", cash_not_negative),
    Reason.UNHEALTHY: ("each traded domain is healthy", domains_healthy),
    Reason.INSUFFICIENT_MARGIN: ("equity covers initial and order margin", margin_suffices),
    Reason.OUT_OF_RANGE: ("the state stays within its limits", within_range),
}
"""What each reason's check asks for, and what tells its figures."""


def refusal_node(watched: Watched, reason: Reason) -> Explanation:
    """The check that refused an event, with what it compared."""
    asks, teller = CHECKS[reason]
    parts = teller(watched, watched.event)
    return Explanation(f"check: {asks}", "fails", clause=watched.check, inputs=parts)
