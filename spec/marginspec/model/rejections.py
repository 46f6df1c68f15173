"""Why an event is refused: one reason each, in order of precedence."""

from enum import StrEnum


class Reason(StrEnum):
    """A reason of rejection; where several apply, the one that stands first here is given."""

    UNKNOWN_MARKET = "UNKNOWN_MARKET"
    MARKET_EXISTS = "MARKET_EXISTS"
    INVALID_MARKET = "INVALID_MARKET"
    INVALID_TIERS = "INVALID_TIERS"
    UNKNOWN_ACCOUNT = "UNKNOWN_ACCOUNT"
    NO_MARK = "NO_MARK"
    SELF_TRADE = "SELF_TRADE"
    INVALID_PRICE = "INVALID_PRICE"
    PRICE_OUT_OF_BAND = "PRICE_OUT_OF_BAND"
    INVALID_QUANTITY = "INVALID_QUANTITY"
    INVALID_AMOUNT = "INVALID_AMOUNT"
    INVALID_RATE = "INVALID_RATE"
    INVALID_LEVERAGE = "INVALID_LEVERAGE"
    WRONG_POSITION_SIDE = "WRONG_POSITION_SIDE"
    ORDER_EXISTS = "ORDER_EXISTS"
    UNKNOWN_ORDER = "UNKNOWN_ORDER"
    ORDER_MISMATCH = "ORDER_MISMATCH"
    REDUCE_ONLY = "REDUCE_ONLY"
    NO_POSITION = "NO_POSITION"
    NOT_FLAT = "NOT_FLAT"
    LEVERAGE_REDUCTION = "LEVERAGE_REDUCTION"
    NOT_ISOLATED = "NOT_ISOLATED"
    NO_INVENTORY = "NO_INVENTORY"
    NO_COUNTERPARTY = "NO_COUNTERPARTY"
    COVER_EXCEEDED = "COVER_EXCEEDED"
    INSUFFICIENT_FUNDS = "INSUFFICIENT_FUNDS"
    INSUFFICIENT_BALANCE = "INSUFFICIENT_BALANCE"
    LEVERAGE_ABOVE_TIER = "LEVERAGE_ABOVE_TIER"
    POSITION_LIMIT = "POSITION_LIMIT"
    NEGATIVE_CASH = "NEGATIVE_CASH"
    UNHEALTHY = "UNHEALTHY"
    INSUFFICIENT_MARGIN = "INSUFFICIENT_MARGIN"
    OUT_OF_RANGE = "OUT_OF_RANGE"


class Rejected(Exception):  # noqa: N818 - a refusal is an answer of the rulebook, not an error
    """The event is refused for a reason; the state stays as it was."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


def require(holds: bool, reason: Reason) -> None:
    """Refuse the event for this reason unless the condition holds."""
    if not holds:
        raise Rejected(reason)
