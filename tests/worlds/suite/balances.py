"""Balances at 2^62: each of an event's own transfers is refused if it leaves one past that (NUM-03).

Deposits and costs end at 2^60, and so does what one loss leaves without cover where nobody is levied. Losses add up:
what their winners have gained comes to more.
"""

from immutables import Map

from marginspec.model.events import Event, WithdrawHouse
from marginspec.model.state import Header, Profile
from marginspec_conformance.generator.events import (
    adjust,
    decimal,
    declare,
    deposit,
    funding,
    leverage,
    listing,
    margin_mode,
    mark,
    settle,
    trade,
    withdraw,
)
from marginspec_conformance.vectors.making import Draft
from worlds.suite.building import draft
from worlds.suite.limits import DUST, MOST_AMOUNT

NO_LEVY = Header(Profile(last_resort="none"), Map({"USD": 0}))
HIGH, LOW, LOTS, ROUNDS = 9 * 10**15, 10**15, 115, 5
GAIN = LOTS * (HIGH - LOW)
"""What the winner gains in each round."""
WON = MOST_AMOUNT - ROUNDS * GAIN
"""What it deposits, so that it has 2^62 after five rounds."""


def won(lots: int = LOTS) -> tuple[Event, ...]:
    """A round: yael sells to xeno at a high price and buys from zoe at a low one; xeno is bankrupt at the next mark.

    At zoe's entry xeno's lots still lose almost all that yael has gained, and it stays uncovered.
    """
    return (
        *(mark(str(HIGH)), deposit("xeno", str(11 * 10**14))),
        *(trade("xeno", "yael", str(lots), str(HIGH)), trade("yael", "zoe", str(lots), str(LOW)), mark("1")),
    )


OPENED = (
    *(listing(rows=DUST), deposit("xeno", "1"), deposit("yael", str(WON)), deposit("zoe", str(10**18))),
    *(leverage("xeno", 1000), leverage("yael", 1000)),
)
FOUR = (*OPENED, *(event for _ in range(ROUNDS - 1) for event in won()))
"""yael has 2^62 less what a round gains."""
FULL = (*FOUR, *won())
"""yael has 2^62."""
OUTSIDE = (
    *(*FULL, withdraw("yael", str(MOST_AMOUNT - 10**16)), *won()),
    *(withdraw("yael", str(GAIN + 10**16)), withdraw("zoe", str(MOST_AMOUNT - 4513400000000000000 + 1))),
)
"""More by 2^62 was paid out than in, after six rounds."""
B = (listing("B"), mark("100", "B"))
SHORT_IN_B = (*B, deposit("dave", "1000"), trade("dave", "yael", "5", "100", "B"))
"""yael is short five in another market."""
LOT_IN_B = (*B, deposit("dave", "60"), trade("dave", "yael", "5", "100", "B"), mark("92", "B"))
"""So it is, and dave's five lots are the engine's; closed at mark they give it 40."""
ISOLATED = (*B, margin_mode("yael", market="B"), trade("yael", "zoe", "1", "100", "B"), adjust("yael", "990", "B"))
"""Of yael's money 1000 is isolated."""

BALANCES = (
    draft("NUM-03", "balance-at", "Trades that leave a wallet at 2^62.", *FOUR, *won()[:-1], header=NO_LEVY),
    draft(
        "NUM-03",
        "balance-past",
        "A trade that would leave a wallet one quantum past 2^62.",
        *(*FOUR, deposit("yael", "1"), *won()[:-1]),
        header=NO_LEVY,
    ),
    draft(
        "NUM-03",
        "withdrawals-at",
        "More is paid out than in, by exactly 2^62.",
        *OUTSIDE,
        header=NO_LEVY,
        also=("MRG-06",),
    ),
    draft(
        "NUM-03",
        "withdrawals-past",
        "A withdrawal by which one quantum more than 2^62 would be paid out than in.",
        *(*OUTSIDE, withdraw("zoe", "1")),
        header=NO_LEVY,
        also=("MRG-06",),
    ),
    draft(
        "NUM-03",
        "house-withdrawals-past",
        "A withdrawal from the house by which one quantum more than 2^62 would be paid out than in.",
        *(*OUTSIDE, *B, deposit("dave", "20"), trade("dave", "zoe", "1", "100", "B", buyer_fee="1")),
        *(withdraw("zoe", "20"), WithdrawHouse("USD", decimal("1"))),
        header=NO_LEVY,
        also=("LED-03",),
    ),
    draft(
        "NUM-03",
        "isolated-margin-past",
        "Isolated margin goes back to a wallet until that is at 2^62, and not one quantum further.",
        *(*FOUR, *ISOLATED, *won(), deposit("yael", "999"), adjust("yael", "-1", "B"), adjust("yael", "-1", "B")),
        header=NO_LEVY,
        also=("ACC-04",),
    ),
    draft(
        "NUM-03",
        "deleveraging-at",
        "Declared deleveraging that leaves a counterparty's wallet at 2^62.",
        *(*FULL, *LOT_IN_B, withdraw("yael", "40"), declare("5", market="B")),
        header=NO_LEVY,
        also=("ADL-06",),
    ),
    draft(
        "NUM-03",
        "deleveraging-past",
        "Declared deleveraging that would leave a counterparty's wallet one quantum past 2^62.",
        *(*FULL, *LOT_IN_B, withdraw("yael", "39"), declare("5", market="B")),
        header=NO_LEVY,
        also=("ADL-06",),
    ),
    draft(
        "NUM-03",
        "back-from-past",
        "A final settlement pays whatever is due; of a wallet that it leaves past 2^62 only what comes back goes out.",
        *(*FULL, *SHORT_IN_B, settle("92", "B"), withdraw("yael", "39"), withdraw("yael", "40")),
        header=NO_LEVY,
        also=("MKT-05",),
    ),
)
# The engine's one lot is at 1 - 2^62 after two payments of PAYMENT.
PAYMENT = (MOST_AMOUNT - 1 - 4595499999999999999) // 2
OWED = (*FULL, mark(str(PAYMENT)), funding("1"), funding("1"), mark("1"))


def owed_more(loss: int) -> tuple[Event, ...]:
    """xeno's one lot is closed at zara's entry, and what it loses there passes to the engine's older one."""
    bankruptcy = HIGH - 11 * 10**14
    return (
        *(withdraw("yael", str(10**16)), deposit("zara", str(2 * 10**15)), *won()[:2]),
        *(trade("xeno", "yael", "1", str(HIGH)), trade("yael", "zara", "1", str(bankruptcy - loss)), mark("1")),
    )


DEBTS = (
    draft(
        "NUM-03",
        "debt-past",
        "A lot pays funding until it owes 2^62, and not one quantum further.",
        *(*OWED, funding("1"), funding("1")),
        header=NO_LEVY,
        also=("FND-01",),
    ),
    draft(
        "NUM-03",
        "back-from-debt-at",
        "A lot that settlement left with a debt past 2^62 is paid back to exactly that.",
        *(*OWED, *owed_more(2), funding("-1")),
        header=NO_LEVY,
        also=("FND-01",),
    ),
    draft(
        "NUM-03",
        "back-from-debt-past",
        "A lot would still owe more than 2^62, though it is paid.",
        *(*OWED, *owed_more(3), funding("-1")),
        header=NO_LEVY,
        also=("FND-01",),
    ),
)
DRAFTS: tuple[Draft, ...] = (*BALANCES, *DEBTS)
