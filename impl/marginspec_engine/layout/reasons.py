"""Reasons of rejection as numbers: their places in the order of precedence, counted from 1; 0 is acceptance."""

from marginspec.model.rejections import Reason

REASONS = (None, *Reason)
"""The reason of each number."""
ACCEPTED = 0
(
    UNKNOWN_MARKET,
    MARKET_EXISTS,
    INVALID_MARKET,
    INVALID_TIERS,
    UNKNOWN_ACCOUNT,
    NO_MARK,
    SELF_TRADE,
    INVALID_PRICE,
    PRICE_OUT_OF_BAND,
    INVALID_QUANTITY,
    INVALID_AMOUNT,
    INVALID_RATE,
    INVALID_LEVERAGE,
    WRONG_POSITION_SIDE,
    ORDER_EXISTS,
    UNKNOWN_ORDER,
    ORDER_MISMATCH,
    REDUCE_ONLY,
    NO_POSITION,
    NOT_FLAT,
    LEVERAGE_REDUCTION,
    NOT_ISOLATED,
    NO_INVENTORY,
    NO_COUNTERPARTY,
    COVER_EXCEEDED,
    INSUFFICIENT_FUNDS,
    INSUFFICIENT_BALANCE,
    LEVERAGE_ABOVE_TIER,
    POSITION_LIMIT,
    NEGATIVE_CASH,
    UNHEALTHY,
    INSUFFICIENT_MARGIN,
    OUT_OF_RANGE,
) = range(1, 1 + len(Reason))
TOO_WIDE = -1
"""What compiled code answers to an event that may need more than 64 bits; Python's own integers answer it then."""
