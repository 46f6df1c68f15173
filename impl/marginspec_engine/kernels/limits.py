"""Limits of NUM-03 and units of NUM-01 that the arithmetic names; a theorem says that they are the rulebook's."""

RATE_ONE = 10**8
"""A rate of 1, in 1e-8."""
MAX_PRICE = 2**53
"""The highest price that an event may state."""
MAX_VALUE = 2**62
"""The largest value of a quantity at a price."""
MOST = 2**63 - 1
"""The largest integer of 64 bits."""
NO_PRICE = 0
"""Stands for a price that does not exist; prices are positive."""
