"""A hedge whose exact health is the same, below two quanta, at all prices from a third of a tier's floor up to it."""

from marginspec.model.events import Event
from marginspec_conformance.generator.events import deposit, funding, leverage, listing, mark, position_mode, trade

FLOOR = "100000.00000002"
"""Where 60% of maintenance begins, in a market whose price unit is a quantum; 20% below."""


def traded_plateau() -> tuple[Event, ...]:
    """Alice is long 3 and short 1 at 50,000, and two payments of funding leave her 1.8 quanta of exact health."""
    return (
        listing("M", (("0", 4, "0.2"), (FLOOR, 1, "0.6")), asset="USDT", decimals=(8, 0), tick="0.00000001"),
        mark("50000", "M"),
        *(deposit(account, "1000000", "USDT") for account in ("bob", "carol")),
        deposit("alice", "210000.00000001", "USDT"),
        position_mode("alice"),
        *(leverage(account, 1, "M") for account in ("alice", "bob", "carol")),
        trade("alice", "bob", "3", "50000", "M", buyer_side="LONG"),
        trade("carol", "alice", "1", "50000", "M", seller_side="SHORT"),
        *(funding("0.75", "M") for _ in range(2)),
    )
