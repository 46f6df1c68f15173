"""Losses and who bears them: funds, steps, layers and dust of a levy, returned relief, rounds, more than eight of a kind."""

from marginspec.model.events import Event, WithdrawHouse
from marginspec_conformance.vectors.making import Draft
from worlds.events import (
    decimal,
    declare,
    deposit,
    fill,
    fund,
    funding,
    leverage,
    listing,
    margin_mode,
    mark,
    settle,
    trade,
    withdraw,
)
from worlds.states import MINIMAL_NONE
from worlds.suite.building import draft

TENTH = (("0", 5, "0.1"),)
MARKET = (listing(rows=TENTH), mark("100"))
B = (listing("B", rows=TENTH), mark("100", "B"))
# Dave's lots are bankrupt at 80. Their other side is passed on to carl at 78, who has no profit above that: nobody is
# eligible at 78, and all that is missing is levied. Of one lot carl has 41 to spare, of twenty 253.
def alone(count: int = 1, cash: int = 50) -> tuple[Event, ...]:
    """So many lots of dave's, bankrupt at 80, and carl with his cash as their only counterparty, short from 78."""
    size = str(count)
    return (
        *(*MARKET, deposit("dave", str(20 * count)), deposit("bob", str(20 * count)), deposit("carl", str(cash))),
        *(trade("dave", "bob", size, "100"), mark("82"), trade("bob", "carl", size, "78"), withdraw("bob", str(42 * count))),
    )


def flats(*cash: int) -> tuple[Event, ...]:
    """Flat accounts of some cash."""
    return tuple(deposit(f"flat{place}", str(amount)) for place, amount in enumerate(cash, 1))


def lots(count: int) -> tuple[Event, ...]:
    """So many accounts, each long one lot that becomes the engine's, bankrupt at 80; bob is the other side of all."""
    names = [f"dave{place:02}" for place in range(count)]
    return (
        *(*MARKET, deposit("bob", "9000"), *(deposit(name, "20") for name in names)),
        *(*(trade(name, "bob", "1", "100") for name in names), mark("88")),
    )


TWENTY = (*alone(20, 410), *flats(*(253 for _ in range(9))))
"""Twenty lots, and ten payers with 253 to spare at 78, where 40 are missing."""
LOSSES = (
    draft("WTF-01", "reserve-only", "A loss that the market's reserve holds draws nothing else.",
        *lots(2), fund("10"), fill("bob", "1", "85"), fill("bob", "1", "76")),
    draft("WTF-01", "reserve-exactly", "A loss of just what the reserve has leaves it empty and the fund whole.",
        *lots(2), fund("10"), fill("bob", "1", "85"), fill("bob", "1", "75")),
    draft("WTF-01", "reserve-and-insurance", "A loss of one more than the reserve takes the one from the fund.",
        *lots(2), fund("10"), fill("bob", "1", "85"), fill("bob", "1", "74")),
    draft("WTF-01", "all-of-both", "A loss of reserve and fund together leaves both empty.",
        *lots(2), fund("10"), fill("bob", "1", "85"), fill("bob", "1", "65")),
    draft("WTF-01", "more-than-both", "A loss of one more than both is refused.",
        *lots(2), fund("10"), fill("bob", "1", "85"), fill("bob", "1", "64")),
    draft("WTF-02", "another-markets-reserve", "The reserve of another market covers nothing here.",
        *lots(1), *B, deposit("erin", "20"), trade("erin", "bob", "1", "100", "B"), mark("88", "B"),
        fill("bob", "1", "95", market="B"), mark("79")),
    draft("WTF-02", "another-markets-profit", "Lots that gain in another market cover nothing here.",
        *lots(1), *B, deposit("erin", "20"), trade("erin", "bob", "1", "100", "B"), mark("88", "B"), mark("120", "B"), mark("79")),
    draft("WTF-02", "covered-exactly", "A shortfall of just what the fund has is covered.", *lots(1), fund("5"), mark("75")),
    draft("WTF-02", "one-quantum-missing", "A shortfall of one more than the fund is deleveraged.", *lots(1), fund("5"), mark("74")),
    draft("WTF-02", "lots-of-one-market-net", "Gaining and losing lots of one market are counted together.",
        *lots(1), mark("120"), deposit("erin", "24"), trade("erin", "bob", "1", "120"), mark("107"), mark("90")),
    draft("LIQ-05", "oldest-first", "A fill takes the oldest lots first, whole, and a part of the last.",
        *MARKET, deposit("bob", "9000"), deposit("dave", "60"), deposit("erin", "88"), trade("dave", "bob", "3", "100"),
        trade("erin", "bob", "4", "100"), mark("86"), fill("bob", "5", "86")),
    draft("LIQ-05", "at-the-bankruptcy-price", "A fill at the bankruptcy price moves no fund.", *lots(1), fill("bob", "1", "80")),
    draft("LIQ-05", "profit-of-one-quantum", "A profit of one quantum is the reserve's.", *lots(1), fill("bob", "1", "81")),
    draft("LIQ-05", "loss-of-one-quantum", "A loss of one quantum without any fund is refused.", *lots(1), fill("bob", "1", "79")),
    draft("LIQ-05", "nine-lots", "One fill closes nine lots.", *lots(9), fill("bob", "9", "82")),
    draft("LIQ-05", "released-cost-rounds-up", "A third of a lot's cost of 248 is released as 83, so that the profit rounds down.",
        *MARKET, mark("104"), deposit("bob", "9000"), deposit("dave", "64"), trade("dave", "bob", "3", "104"), mark("92"),
        fill("bob", "1", "90")),
    draft("FND-01", "nine-lots-pay", "Nine lots pay funding through their costs.", *lots(9), funding("0.05")),
    draft("FND-01", "lots-receive", "A lot that receives funding is cheaper for the engine afterwards.", *lots(1), funding("-0.05")),
    draft("LIQ-04", "ids-over-markets", "Lots are numbered over all markets, in the order of their creation.",
        *lots(2), *B, deposit("erin", "20"), trade("erin", "bob", "1", "100", "B"), mark("88", "B"), fill("bob", "1", "88", market="B")),
    draft("LIQ-04", "both-directions", "Lots of both directions in a market are not matched with each other.",
        *lots(1), deposit("erin", "18"), trade("bob", "erin", "1", "88"), mark("98"), fill("bob", "1", "98", "short")),
)  # fmt: skip
STEPS = (
    draft("LIQ-02", "two-steps", "Two step-downs, through two tiers, and then the account is healthy.",
        listing(rows=(("0", 10, "0.05"), ("100", 5, "0.1"), ("200", 4, "0.15"))), mark("1"), deposit("alice", "100"),
        deposit("bob", "1000"), leverage("alice", 4), leverage("bob", 1), trade("alice", "bob", "300", "1"), funding("0.3")),
    draft("LIQ-02", "three-steps-and-a-takeover", "Three step-downs do not suffice, and the rest is taken over.",
        listing(rows=(("0", 10, "0.05"), ("100", 5, "0.1"), ("200", 4, "0.15"), ("300", 3, "0.2"))), mark("1"),
        deposit("alice", "140"), deposit("bob", "1000"), leverage("alice", 3), leverage("bob", 1),
        trade("alice", "bob", "400", "1"), funding("0.345")),
    draft("LIQ-02", "nine-steps", "Nine step-downs through ten tiers.",
        listing(rows=tuple((str(100 * n), 20 - n, f"0.0{n + 10}") for n in range(10))), mark("1"), deposit("alice", "110"),
        deposit("bob", "2000"), leverage("alice", 10), leverage("bob", 1), trade("alice", "bob", "1000", "1"), funding("0.108")),
    draft("LIQ-02", "fee-of-the-cut", "The clearance fee of a step-down, 1.1% of 100 cut, rounds up and goes into the lot.",
        listing(rows=(("0", 5, "0.1"), ("101", 4, "0.2")), clearance="0.011"), mark("1"), deposit("alice", "51"),
        deposit("bob", "1000"), leverage("alice", 4), leverage("bob", 1), trade("alice", "bob", "201", "1"), funding("0.11")),
    draft("LIQ-02", "fee-at-the-released-maintenance", "The clearance fee is at most the maintenance that the cut releases.",
        listing(rows=(("0", 5, "0.1"), ("100", 4, "0.2")), clearance="0.5"), mark("1"), deposit("alice", "50"),
        deposit("bob", "1000"), leverage("alice", 4), leverage("bob", 1), trade("alice", "bob", "200", "1"), funding("0.11")),
    draft("LIQ-02", "fee-at-the-equity", "The clearance fee is at most the equity.",
        listing(rows=(("0", 5, "0.1"), ("100", 4, "0.2")), clearance="0.5"), mark("1"), deposit("alice", "50"),
        deposit("bob", "1000"), leverage("alice", 4), leverage("bob", 1), trade("alice", "bob", "200", "1"), funding("0.24")),
    draft("LIQ-02", "no-equity-no-step", "Without equity nothing is stepped down; all is taken over.",
        listing(rows=(("0", 5, "0.1"), ("100", 4, "0.2"))), mark("1"), deposit("alice", "50"), deposit("bob", "1000"),
        leverage("alice", 4), leverage("bob", 1), trade("alice", "bob", "200", "1"), funding("0.25")),
    draft("LIQ-02", "less-than-a-lot", "Where the floor holds less than one lot, a step-down leaves nothing, and the account keeps its cash.",
        listing(rows=(("0", 5, "0.1"), ("50", 4, "0.2"))), mark("40"), deposit("alice", "60"), deposit("bob", "1000"),
        leverage("alice", 4), leverage("bob", 1), trade("bob", "alice", "2", "40"), mark("61")),
    draft("LIQ-03", "gap", "A gap through the margin: the lot is bankrupt at more than its mark, and the account at zero.",
        *MARKET, deposit("dave", "20"), deposit("bob", "900"), fund("50"), trade("dave", "bob", "1", "100"), mark("60")),
    draft("LIQ-03", "gap-up", "A gap through the margin of a short.",
        *MARKET, deposit("dave", "20"), deposit("bob", "900"), fund("50"), trade("bob", "dave", "1", "100"), mark("140")),
    draft("LIQ-03", "claims-of-a-bankrupt", "Who was levied and then owes one more than it has: what it lent, one, is the insurance fund's.",
        *alone(), *B, deposit("carl", "40"), deposit("maker", "500"), trade("carl", "maker", "1", "100", "B"), mark("78"),
        mark("10", "B")),
    draft("LIQ-03", "two-markets", "A negative equity lands in the market of the event only.",
        *MARKET, *B, deposit("dave", "40"), deposit("bob", "9000"), fund("500"), trade("dave", "bob", "1", "100"),
        trade("dave", "bob", "1", "100", "B"), mark("30", "B")),
)  # fmt: skip
DELEVERAGING = (
    draft("ADL-01", "as-much-as-is-missing", "Of three lots only as much is closed as releases what the fund lacks.",
        *MARKET, deposit("dave", "60"), deposit("bob", "900"), fund("10"), trade("dave", "bob", "3", "100"), mark("88"), mark("75")),
    draft("ADL-01", "all-of-it", "Without a fund all of the lot is closed.",
        *MARKET, deposit("dave", "60"), deposit("bob", "900"), trade("dave", "bob", "3", "100"), mark("88"), mark("75")),
    draft("ADL-01", "several-counterparties", "A counterparty smaller than the lot is closed whole, and the next one follows.",
        *MARKET, deposit("dave", "60"), deposit("adam", "90"), deposit("bert", "200"), trade("dave", "adam", "1", "100"),
        trade("dave", "bert", "2", "100"), mark("88"), mark("75")),
    draft("ADL-03", "pro-rata-cost", "A part of a lot closes at its share of the cost, up: 83 of 248.",
        *MARKET, mark("104"), deposit("dave", "64"), deposit("bob", "900"), fund("20"), trade("dave", "bob", "3", "104"),
        mark("92"), mark("75")),
    draft("ADL-03", "own-entry", "A counterparty with a worse entry closes at its own entry; the lot keeps what it lacks.",
        *MARKET, deposit("dave", "40"), deposit("bob", "40"), deposit("carl", "90"), trade("dave", "bob", "2", "100"),
        mark("82"), trade("bob", "carl", "2", "79"), mark("70")),
    draft("ADL-03", "own-entry-and-a-second-lot", "Where all of a lot closes at a counterparty's entry, the newest other lot takes what is left of its cost.",
        *MARKET, deposit("dave", "20"), deposit("erin", "40"), deposit("bob", "60"), deposit("carl", "90"),
        trade("dave", "bob", "1", "100"), trade("erin", "bob", "2", "100"), mark("82"), trade("bob", "carl", "3", "79"), mark("70")),
    draft("ADL-04", "principal", "A counterparty without profit is not eligible; the loss is levied.",
        *alone(), mark("78")),
    draft("ADL-04", "one-lot-is-kept-back", "At a counterparty's own entry one lot is kept back: one against one is not closed, and the profit of 1 is levied.",
        *alone(), mark("77")),
    draft("ADL-06", "declared-of-nine", "Declared deleveraging of nine lots of one each.", *lots(9), declare("9")),
    draft("ADL-06", "declared-in-part", "Declared deleveraging of a part of a lot at the mark.",
        *MARKET, deposit("dave", "60"), deposit("bob", "900"), trade("dave", "bob", "3", "100"), mark("88"), declare("2")),
    draft("ADL-06", "declared-short", "Declared deleveraging of short lots.",
        *MARKET, deposit("dave", "60"), deposit("bob", "900"), trade("bob", "dave", "3", "100"), mark("112"), declare("2", "short")),
    draft("ADL-06", "declared-of-the-other-side", "There are no lots of the other side.",
        *lots(1), declare("1", "short")),
    draft("ADL-06", "declared-at-a-loss", "A covered loss is declared: the lot closes at its bankruptcy value.",
        *lots(1), fund("20"), mark("75"), declare("1")),
)  # fmt: skip
LEVIES = (
    draft("LVY-01", "house-only", "The house pays all of a loss, and nobody is levied.",
        *alone(), deposit("x", "900"), deposit("y", "900"), trade("x", "y", "1", "78", buyer_fee="5"), mark("78")),
    draft("LVY-01", "house-and-levy", "The house pays what it has, and the rest is levied.",
        *alone(), deposit("x", "900"), deposit("y", "900"), trade("x", "y", "1", "78", buyer_fee="1"), mark("78")),
    draft("LVY-01", "spare-pro-rata", "A levy of 2 over a spare of 41 and of 164: in proportion, the odd quantum to the first with a fraction.",
        *alone(), *flats(164), mark("78")),
    draft("LVY-01", "dust", "A levy of 2 over nine equal payers: two quanta go to the first two in key order.",
        *alone(), *flats(*(41 for _ in range(9))), mark("78")),
    draft("LVY-01", "ten-payers", "A levy of 39 over ten equal payers: 4 of each but the last one, who pays 3.",
        *TWENTY, fund("1"), mark("78")),
    draft("LVY-01", "profit-before-spare", "Who gains by the mark pays before those who have more to spare.",
        *MARKET, deposit("dave", "20"), deposit("bob", "20"), deposit("carl", "50"), *flats(500),
        trade("dave", "bob", "1", "100"), mark("82"), trade("bob", "carl", "1", "79"), withdraw("bob", "41"), mark("78")),
    draft("LVY-01", "none", "Without a last resort what nobody can be deleveraged for stays uncovered.", *alone(), mark("78"), header=MINIMAL_NONE),
    draft("LVY-01", "none-tried-again", "What stayed uncovered is deleveraged in a later event, when somebody can be.",
        *alone(), mark("78"), deposit("zed", "500"), trade("carl", "zed", "1", "85"), header=MINIMAL_NONE),
    draft("LVY-01", "none-is-no-cover", "What is uncovered covers nothing: a fill at a loss is refused.",
        *alone(), mark("78"), fill("carl", "1", "78"), header=MINIMAL_NONE),
    draft("LVY-02", "all-returned", "Once the lot does not lose any more, all relief goes back.", *alone(), *flats(41), mark("78"), mark("80")),
    draft("LVY-02", "half-returned", "As the lots lose half of it, half of the relief goes back pro rata: 7, 7 and 6.",
        *alone(20, 410), *flats(253, 253), mark("78"), mark("79")),
    draft("LVY-02", "an-odd-quantum-returned", "Of one quantum to return over three claims the first in key order gets it.",
        *alone(20, 410), *flats(253, 253), mark("78"), fund("1")),
    draft("LVY-02", "returned-by-insurance", "Money that comes into the insurance fund sends relief back.",
        *alone(20, 410), *flats(253), mark("78"), fund("13")),
    draft("LVY-02", "returned-to-an-isolated-position", "A share of an isolated domain returns into its cash.",
        *alone()[:5], margin_mode("carl"), *alone()[5:], mark("70"), mark("80")),
    draft("LVY-02", "ten-claims", "Relief goes back to ten claimants, 2 of 4 to each.", *TWENTY, mark("78"), mark("79")),
    draft("WTF-01", "relief-last", "A fill's loss of 20 takes the fund's 4, then 16 of relief; the three claims of 12 fall pro rata.",
        *alone(20, 410), *flats(253, 253), fund("4"), mark("78"), fill("flat1", "10", "78")),
    draft("WTF-01", "relief-of-ten", "A draw of half of the relief halves ten claims.",
        *TWENTY, mark("78"), fill("carl", "10", "78")),
    draft("WTF-01", "one-quantum-of-relief", "A loss of one quantum is drawn from relief, where that is all.",
        *alone(), *flats(41), mark("79"), fill("carl", "1", "79")),
    draft("LED-03", "insurance-in", "The exchange pays into the insurance fund, and its status is told.", fund("1")),
    draft("LED-03", "house-out", "The exchange takes all that is in the house.",
        *MARKET, deposit("x", "900"), deposit("y", "900"), trade("x", "y", "1", "100", buyer_fee="3"), WithdrawHouse("USD", decimal("3"))),
    draft("LED-03", "house-out-more", "The exchange takes one quantum more than is in the house.",
        *MARKET, deposit("x", "900"), deposit("y", "900"), trade("x", "y", "1", "100", buyer_fee="3"), WithdrawHouse("USD", decimal("4"))),
)  # fmt: skip
ENDS = (
    draft("SET-01", "nothing-to-settle", "An event that makes nobody worse off settles nothing.", *MARKET, deposit("alice", "5")),
    draft("SET-01", "liquidation-then-deleveraging", "One event takes an account over, and deleverages for its loss and for older lots.",
        *lots(2), deposit("erin", "20"), deposit("flat", "90"), trade("erin", "bob", "1", "88"), mark("60")),
    draft("MKT-05", "shorts-pay-longs", "At the end shorts pay in and longs take out, and nothing is rounded.",
        *MARKET, deposit("a", "90"), deposit("b", "90"), deposit("c", "90"), trade("a", "b", "1", "100"), trade("a", "c", "1", "101"), settle("97")),
    draft("MKT-05", "reserve-to-insurance", "What is left in the reserve goes to the insurance fund.",
        *lots(2), fill("bob", "1", "85"), settle("88")),
    draft("MKT-05", "lot-at-a-loss", "A lot's loss draws the reserve and the fund at the end.",
        *lots(2), fund("9"), fill("bob", "1", "85"), settle("70")),
    draft("MKT-05", "relief-and-the-end", "Relief that a lot's loss takes at the end is gone, and the rest goes back.",
        *alone(), *flats(41), mark("70"), settle("72")),
    draft("MKT-05", "no-mark", "A market without a mark has no end.", listing(rows=TENTH), settle("100")),
    draft("MKT-05", "listed-again", "A closed market is not listed again.", *MARKET, settle("100"), listing(rows=TENTH)),
    draft("MKT-05", "marked-again", "A closed market is not known any more.", *MARKET, settle("100"), mark("100")),
    draft("MKT-05", "uncovered", "Without a last resort a loss beyond the cover refuses the end.", *alone(), settle("78"), header=MINIMAL_NONE),
    draft("TRN-01", "status-of-a-reserve", "Inflow, outflow and high-water mark of a reserve are told as they change.",
        *lots(3), fill("bob", "1", "90"), fill("bob", "1", "75"), fill("bob", "1", "85")),
    draft("TRN-01", "status-of-a-levy", "A levy is told with the balances of insurance and relief.", *alone(), *flats(41), mark("75")),
    draft("TRN-01", "a-silent-event", "An event that touches no fund tells no status.", *MARKET, mark("101")),
    draft("JRN-01", "a-refusal-has-a-receipt", "A refused event is numbered and hashed as an accepted one.", *MARKET, mark("0"), mark("101")),
)  # fmt: skip
DRAFTS: tuple[Draft, ...] = (*LOSSES, *STEPS, *DELEVERAGING, *LEVIES, *ENDS)
