"""audit: each finding in a sentence that needs no rulebook, what harm it does, and which are alike."""

import pytest

from marginspec_tools.audit.faults import Fault, FaultKind, amount_in
from marginspec_tools.audit.report.history import concerning
from marginspec_tools.audit.sentences import group_of, harm_of, sentence_of
from marginspec_tools.observed import NOBODY, Whose


def fault(
    kind: FaultKind, where: str, what: str, expected: str | None, observed: str | None, whose: Whose = NOBODY
) -> Fault:
    """A fault at event 7."""
    amounts = amount_in(expected), amount_in(observed)
    difference = None if None in amounts else amounts[1] - amounts[0]  # type: ignore[operator]  # neither is None
    return Fault(7, 8, None, None, kind, "X-01", where, what, expected, observed, whose, difference, 1)


DAVE = Whose("dave", "ABC", "USDT")


def held(expected: str, observed: str) -> Fault:
    return fault("quantity", "dave:ABC:BOTH", "quantity", expected, observed, DAVE)


def answer(event: str, expected: str, observed: str) -> Fault:
    return fault("verdict", event, "answer", expected, observed, DAVE)


def balance(name: str, expected: str, observed: str, account: str = "") -> Fault:
    return fault("balance", name, "balance", expected, observed, Whose(account, "", "USDT"))


LOST, LEFT = "somebody lost a position that the rules leave them", "a loss may be left that nobody bears"
DENIED = "somebody was kept from what the rules allow; no loss is left by that"
LET = "somebody did what the rules do not allow, and a loss may be left that nobody bears"
OTHERS = "a loss falls on others than by the rules"
AMOUNT = "somebody has, or is shown, another amount than by the rules"
NOWHERE = "money or quantities come from nowhere or are lost, or funds are not as published"

NO_LOTS = "The exchange had no lots in ABC where the rules have some: an account that was due for liquidation was not, "
NO_LOTS += "or was later"
SAID: list[tuple[str, str, Fault, str, str, str]] = [
    (
        *("LIQ-01", "solvency", held("0", "10"), "dave was due for liquidation in ABC and was not"),
        *(LEFT, "LIQ-01 quantity, more held"),
    ),
    (
        *("LIQ-02", "solvency", held("-4", "-10")),
        *("dave was due for liquidation in ABC and kept more than the rules leave", LEFT, "LIQ-02 quantity, more held"),
    ),
    (
        *("LIQ-01", "solvency", held("10", "0"), "dave was liquidated in ABC and was not due"),
        *(LOST, "LIQ-01 quantity, less held"),
    ),
    (
        *("LIQ-01", "solvency", held("-10", "-4")),
        *(
            "dave lost more of its position in ABC to liquidation than the rules take",
            LOST,
            "LIQ-01 quantity, less held",
        ),
    ),
    (
        *("ADL-02", "order", held("10", "4"), "dave was deleveraged in ABC more than the rules do, or was not due"),
        *(OTHERS, "ADL-02 quantity, less held"),
    ),
    (
        *("ADL-02", "order", held("4", "10"), "dave was due to be deleveraged in ABC and was not, or less"),
        *(OTHERS, "ADL-02 quantity, more held"),
    ),
    (
        *("LVY-01", "order", balance("wallet:dave:USDT", "4", "10", "dave"), "dave was levied less than by the rules"),
        *(OTHERS, "LVY-01 wallet balance, too much USDT"),
    ),
    (
        *(
            "ACC-02",
            "figure",
            held("-4", "10"),
            "The position of dave in ABC is 10 at the exchange, and -4 by the rules",
        ),
        *(AMOUNT, "ACC-02 quantity, more held"),
    ),
    (
        *("TRD-02", "solvency", answer("Trade", "accepted", "UNHEALTHY")),
        *(
            "A trade of dave was refused (UNHEALTHY), and the rules accept it",
            DENIED,
            "TRD-02 Trade: UNHEALTHY for accepted",
        ),
    ),
    (
        *("TRD-02", "solvency", answer("Trade", "UNHEALTHY", "accepted")),
        *(
            "A trade of dave was accepted, and the rules refuse it (UNHEALTHY)",
            LET,
            "TRD-02 Trade: accepted for UNHEALTHY",
        ),
    ),
    (
        *("ACC-01", "figure", answer("WithdrawHouse", "NO_MARK", "SELF_TRADE")),
        "The event withdraw house of dave was refused for SELF_TRADE, and the rules refuse it for NO_MARK",
        *(AMOUNT, "ACC-01 WithdrawHouse: SELF_TRADE for NO_MARK"),
    ),
    (
        *("LIQ-01", "solvency", answer("LiquidationFill", "accepted", "NO_INVENTORY")),
        NO_LOTS,
        *(LEFT, "LIQ-01 LiquidationFill: NO_INVENTORY for accepted"),
    ),
    (
        *("TRD-01", "figure", balance("insurance:USDT", "1200", "2.5")),
        *("The insurance fund has 1,197.5 USDT less than by the rules", AMOUNT),
        "TRD-01 insurance balance, too little USDT",
    ),
    (
        *("ACC-02", "figure", balance("position:dave:ABC:LONG", "-3", "-2", "dave")),
        *("The open cost of dave in ABC is off by 1 USDT", AMOUNT, "ACC-02 position balance, too much USDT"),
    ),
    (
        *("MRG-07", "figure", fault("price", "dave:ABC:BOTH", "liquidation price", "593.09", "594", DAVE)),
        *("The liquidation price of dave in ABC is 594 at the exchange, and 593.09 by the rules", AMOUNT),
        "MRG-07 liquidation price, too much USDT",
    ),
    (
        *("TRN-01", "conservation", fault("fund", "ABC", "inflow", "0", "1", Whose("", "ABC", "USDT"))),
        *("The inflow of ABC is 1 at the exchange, and 0 by the rules", NOWHERE, "TRN-01 inflow, too much USDT"),
    ),
    (
        *("LIQ-04", "solvency", fault("lot", "3", "quantity", "5", "6", Whose("", "ABC", "USDT"))),
        "The quantity of lot 3 is 6 at the exchange, and 5 by the rules",
        *("who is liquidated, or what lots come to, is not as by the rules", "LIQ-04 quantity, too much USDT"),
    ),
    (
        *("TRN-01", "conservation", fault("transparency", "ABC", "status published", "the new status", None)),
        "The status published of ABC is nothing, and the new status counted anew from the transfers",
        *(NOWHERE, "TRN-01 status published"),
    ),
    (
        *("INV-04", "solvency", fault("invariant", "dave:USDT", "equity > its maintenance", "2", "1.5", DAVE)),
        "The exchange's own numbers break X-01 in dave:USDT: equity > its maintenance",
        *(LEFT, "INV-04 equity > its maintenance"),
    ),
]


@pytest.mark.parametrize(("clause", "classified", "one", "sentence", "harm", "group"), SAID)
def test_a_finding_is_said_in_a_sentence_with_the_harm_that_it_does(
    clause: str, classified: str, one: Fault, sentence: str, harm: str, group: str
) -> None:
    told = sentence_of(clause, [one]), harm_of(clause, classified, [one]), group_of(clause, [one])
    assert told == (sentence, harm, group)


def test_what_is_shown_in_fewer_digits_is_said_so() -> None:
    told = sentence_of("NUM-01", [balance("insurance:USDT", "0.12345", "0.12")], is_display=True)
    assert told == "Balances of ledger accounts are told in 2 digits, and agree so far"


def test_of_an_explanation_what_concerns_somebody_is_kept_with_what_it_stands_below() -> None:
    lines = [
        "  settle",
        "    liquidate",
        "      margin of c1",
        "        equity 5",
        "      margin of c10",
        "        equity 6",
        "    waterfall",
        "      draw",
        "  end with c1-b",
        "  pay c1, 3",
    ]
    assert concerning("c1", lines) == [*lines[:4], lines[9]]
    assert concerning("c2", lines) == []
