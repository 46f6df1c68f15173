"""The golden journals: a short one for every type of event and every reason of rejection.

`make recordings` writes the journals and their receipts into tests/vectors/golden.
The journals are made here; the receipts are what the specification answered when they were reviewed, and
tests/spec/test_golden.py holds every later version to them.
"""

import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

from marginspec.model.account import OrderSide
from marginspec.model.events import Event, WithdrawHouse
from marginspec_conformance.generator import events
from marginspec_conformance.generator.events import cancel, decimal, position_mode
from worlds.lines import Line, journal_text

FOLDER = Path(__file__).parents[1] / "vectors" / "golden"
HEADER = {"journal": 1, "rulebook": "2", "profile": "reserve", "assets": {"USDT": {"decimals": 4}}}
STUDY = {**HEADER, "profile": {"adl_ranking": "bitmex", "last_resort": "none"}}
TIERS = (("0", 50, "0.01"), ("1000", 20, "0.02"), ("5000", 10, "0.05"))
FEES = {"taker": "0.001", "maker": "0.0005", "share": "0.2", "clearance": "0.005"}
LIMITS = {"band": "0.1", "fill_band": "0.05", "cap": "0.01", "limit": "4000"}


def listing(market: str = "ABC", **changes: Any) -> Event:
    """A market of two price and one quantity decimals, with a tick of 0.05."""
    terms: dict[str, Any] = {"rows": TIERS, "asset": "USDT", "decimals": (2, 1), "tick": "0.05", **FEES}
    return events.listing(market, **{**terms, **changes})


def trade(buyer: str, seller: str, quantity: str, price: str = "100", **changes: Any) -> Event:
    """A trade in which the buyer took."""
    return events.trade(buyer, seller, quantity, price, **{"market": "ABC", **changes})


def order(account: str, side: OrderSide, quantity: str, price: str = "100", **changes: Any) -> Event:
    """An order on side BOTH with the id o1."""
    return events.order(account, side, quantity, price, **{"market": "ABC", **changes})


mark = partial(events.mark, market="ABC")
fill = partial(events.fill, market="ABC")
declare = partial(events.declare, market="ABC")
funding = partial(events.funding, market="ABC")
leverage = partial(events.leverage, market="ABC")
adjust = partial(events.adjust, market="ABC")
new_tiers = partial(events.new_tiers, market="ABC")
new_fees = partial(events.new_fees, market="ABC")
new_limits = partial(events.new_limits, market="ABC")
margin_mode = partial(events.margin_mode, market="ABC")
deposit = partial(events.deposit, asset="USDT")
withdraw = partial(events.withdraw, asset="USDT")
fund = partial(events.fund, asset="USDT")
"""The builders of events, in the market and the asset of the golden journals."""


MAKER_REBATES = listing(
    "BTCUSDT",
    decimals=(1, 3),
    tick="0.1",
    rows=(
        ("0", 125, "0.004"),
        ("50000", 100, "0.005"),
        ("600000", 75, "0.0065"),
        ("3000000", 50, "0.01"),
        ("12000000", 25, "0.02"),
    ),
    **{**FEES, "taker": "0.0005", "maker": "0"},
)
"""A market of a venue that pays its makers 0.005%: no rate says so, each trade states it."""
FROM_THE_HOUSE = WithdrawHouse("USDT", decimal("1"))
OPEN: list[Event] = [listing(), mark("100"), deposit("alice", "1000"), deposit("bob", "1000"), deposit("carol", "5000")]
ISOLATED = [*OPEN, margin_mode("alice")]
HEDGED = [*OPEN, position_mode("alice")]
TRADED = [*OPEN, trade("alice", "bob", "50")]
TAKEN_OVER = [*OPEN, deposit("dave", "120"), trade("dave", "carol", "10"), mark("88.5")]
UNPAYABLE = [
    listing(),
    mark("100"),
    deposit("alice", "112"),
    deposit("bob", "1000"),
    deposit("carol", "5000"),
    trade("alice", "carol", "10"),
    mark("90"),
    trade("carol", "bob", "10", "80"),
    mark("80"),
]
NO_FEES = {"taker": "0", "maker": "0", "share": "0", "clearance": "0"}
CASE: list[Event] = [
    listing(rows=events.BINANCE_ROWS, decimals=(2, 2), tick="0.01", **NO_FEES),
    mark("100"),
    *(deposit(account, "10000") for account in ("alice", "bob", "carol")),
]
"""A venue's tiers, without fees: traders have reported what follows."""

# Of one lot each, so that no deleveraging parts it: a market without decimals of quantities and without fees.
ONE_LOT = listing("M", rows=(("0", 5, "0.1"),), decimals=(2, 0), tick="0.01", **dict.fromkeys(FEES, "0"))
IN_M = {"market": "M"}
# Short is bankrupt at 120, and the winner bought at 121: at the bad mark of 1,000 a profit of 879 is levied first.
ONE_BAD_MARK = [
    *(ONE_LOT, mark("100", **IN_M), deposit("short", "20"), deposit("early", "20"), deposit("flat", "1000")),
    *(deposit("late", "40"), deposit("maker", "100"), leverage("short", 5, **IN_M), leverage("early", 5, **IN_M)),
    *(leverage("late", 5, **IN_M), leverage("maker", 5, **IN_M), trade("early", "short", "1", **IN_M)),
    *(mark("118", **IN_M), trade("late", "early", "1", "121", **IN_M), mark("1000", **IN_M)),
]

EVENTS: dict[str, list[Event]] = {
    "list_market": [listing()],
    "update_tiers": [*TRADED, new_tiers(("0", 4, "0.19"))],
    "update_fees": [listing(), new_fees(**{**FEES, "taker": "0.002"})],
    "update_limits": [listing(**LIMITS), new_limits(band="0.05", limit="4500.25"), new_limits()],
    "mark_price": [listing(), mark("100.01")],
    "deposit": [deposit("alice", "12.3456")],
    "withdraw": [*TRADED, withdraw("alice", "500")],
    "fund_insurance": [fund("50")],
    "withdraw_house": [*TRADED, FROM_THE_HOUSE],
    "set_position_mode": HEDGED,
    "set_margin_mode": ISOLATED,
    "set_leverage": [*OPEN, leverage("alice", 10)],
    "adjust_isolated_margin": [*ISOLATED, trade("alice", "bob", "10"),
        adjust("alice", "25.5"),
        adjust("alice", "-5")],
    "place_order": [*OPEN, order("alice", "buy", "10", "101")],
    "cancel_order": [*OPEN, order("alice", "buy", "10"), cancel("alice")],
    "trade": [*TRADED, order("bob", "buy", "80", "99"), trade("bob", "alice", "70", "98.95", buyer_order="o1")],
    "trade_isolated": [*ISOLATED, trade("alice", "bob", "10", "101"), trade("bob", "alice", "4", "102"),
        trade("bob", "alice", "12", "99")],
    "trade_hedge": [*HEDGED, trade("alice", "bob", "10"), trade("bob", "alice", "4"),
        trade("bob", "alice", "4", seller_side="LONG")],
    "trade_maker_rebate": [MAKER_REBATES, mark("30000", market="BTCUSDT"), deposit("alice", "5000"),
        deposit("bob", "5000"), trade("alice", "bob", "2", "30000.1", market="BTCUSDT", seller_fee="-3")],
    "trade_stated_fees": [*ISOLATED, trade("alice", "bob", "10", buyer_fee="2.5", seller_fee="-1.25"),
        trade("bob", "alice", "10", buyer_fee="0", seller_fee="-0.75")],
    "funding": [*TRADED, funding("0.00012345")],
    "liquidation_takeover": TAKEN_OVER,
    "liquidation_step_down": [*OPEN, deposit("erin", "700"), leverage("erin", 10),
        leverage("carol", 10), trade("erin", "carol", "60"), mark("90")],
    "liquidation_fill": [*TAKEN_OVER, fill("carol", "6", "89"), fill("carol", "4", "87.55")],
    "liquidation_fill_rebate": [*TAKEN_OVER, trade("alice", "bob", "1", "88.5", buyer_fee="1"),
        fill("carol", "6", "89", counterparty_fee="-0.5")],
    "insurance_draw": [*TAKEN_OVER, fund("50"),
        fill("carol", "3", "89"), fill("carol", "7", "86")],
    "deleverage": [*TAKEN_OVER, fund("50"), declare("4"), mark("87"), declare("6")],
    "deleveraging": [*OPEN, deposit("dave", "150"), trade("dave", "carol", "20"), mark("90")],
    "levy": UNPAYABLE,
    "uncovered": [*UNPAYABLE, fund("30")],
    "isolated_opening_after_loss": [*CASE, margin_mode("alice"), leverage("alice", 5), trade("alice", "bob", "1"),
        mark("90"), trade("alice", "bob", "1", "90"), mark("76.31"), mark("76.3")],
    "order_that_closes": [*CASE, deposit("dave", "100"), leverage("dave", 10), trade("dave", "bob", "10"),
        order("dave", "sell", "10", "99.9"), order("dave", "sell", "0.01", "99.9", id="o2"),
        order("dave", "sell", "0.01", "100", id="o2")],
    "leverage_of_a_position": [*CASE, trade("alice", "bob", "10"), leverage("alice", 50), leverage("alice", 10),
        leverage("alice", 1), margin_mode("carol"), leverage("carol", 5), trade("carol", "bob", "10"),
        leverage("carol", 4), leverage("carol", 6)],
    "settle_market": [*TAKEN_OVER, margin_mode("bob"), trade("alice", "bob", "5"), order("alice", "sell", "1"),
        fund("50"), fill("carol", "3", "89"), funding("0.00012345"), events.settle("86", "ABC"), listing()],
    "settle_market_refused": [*UNPAYABLE, events.settle("80", "ABC")],
    "levy_on_a_bad_mark": [*ONE_BAD_MARK, mark("118", **IN_M), fill("maker", "1", "118", "short", market="M")],
    "relief_drawn": [*ONE_BAD_MARK, mark("300", **IN_M), fill("flat", "1", "200", "short", market="M"), fund("15")],
    "names": [listing("龙虾USDT"), mark("100", market="龙虾USDT"), deposit("Ünal", "10")],
}  # fmt: skip

REJECTIONS: dict[str, list[Event]] = {
    "UNKNOWN_MARKET": [mark("100")],
    "MARKET_EXISTS": [listing(), listing()],
    "INVALID_MARKET": [listing(decimals=(4, 1))],
    "INVALID_TIERS": [listing(rows=())],
    "UNKNOWN_ACCOUNT": [withdraw("alice", "1")],
    "NO_MARK": [listing(), funding("0")],
    "SELF_TRADE": [*OPEN, trade("alice", "alice", "1")],
    "INVALID_PRICE": [*OPEN, trade("alice", "bob", "1", "100.01")],
    "PRICE_OUT_OF_BAND": [*OPEN, new_limits(band="0.01"), trade("alice", "bob", "1", "101.1")],
    "INVALID_QUANTITY": [*OPEN, trade("alice", "bob", "0.01")],
    "INVALID_AMOUNT": [deposit("alice", "0.00001")],
    "INVALID_RATE": [*OPEN, funding("1.00000001")],
    "INVALID_LEVERAGE": [*OPEN, leverage("alice", 51)],
    "WRONG_POSITION_SIDE": [*OPEN, trade("alice", "bob", "1", buyer_side="LONG")],
    "ORDER_EXISTS": [*OPEN, order("alice", "buy", "1"), order("alice", "sell", "1")],
    "UNKNOWN_ORDER": [*OPEN, cancel("alice")],
    "ORDER_MISMATCH": [*OPEN, order("alice", "buy", "1"), trade("alice", "bob", "1", "100.05", buyer_order="o1")],
    "REDUCE_ONLY": [*OPEN, order("alice", "buy", "1", reduce_only=True)],
    "NO_POSITION": [*ISOLATED, adjust("alice", "1")],
    "NOT_FLAT": [*TRADED, margin_mode("alice")],
    "LEVERAGE_REDUCTION": [*ISOLATED, trade("alice", "bob", "10"), leverage("alice", 10)],
    "NOT_ISOLATED": [*TRADED, adjust("alice", "1")],
    "NO_INVENTORY": [*TAKEN_OVER, fill("carol", "10.1", "89")],
    "NO_COUNTERPARTY": [*TAKEN_OVER, trade("carol", "bob", "10", "86"), declare("1")],
    "COVER_EXCEEDED": [*TAKEN_OVER, fill("carol", "10", "50")],
    "INSUFFICIENT_FUNDS": [FROM_THE_HOUSE],
    "INSUFFICIENT_BALANCE": [*TRADED, withdraw("alice", "995")],
    "LEVERAGE_ABOVE_TIER": [*OPEN, trade("alice", "bob", "50.1")],
    "POSITION_LIMIT": [*OPEN, new_limits(limit="1000"), trade("alice", "bob", "10.1")],
    "NEGATIVE_CASH": [*OPEN, leverage("alice", 10), trade("alice", "bob", "45"),
        trade("carol", "alice", "45", "70")],
    "UNHEALTHY": [*OPEN, deposit("dave", "10"), trade("dave", "carol", "9.9")],
    "INSUFFICIENT_MARGIN": [*OPEN, deposit("dave", "40"), trade("dave", "carol", "10")],
    "OUT_OF_RANGE": [deposit("alice", "115292150460684.6977")],
}  # fmt: skip


STUDIED = ("uncovered", "settle_market_refused")
"""Journals without a last resort."""


def journals() -> dict[str, list[Line | Event]]:
    """All golden journals by name, header first; a rejection's last event is the one that is refused."""
    named = {**EVENTS, **{f"rejected_{reason.lower()}": lines for reason, lines in REJECTIONS.items()}}
    return {name: [STUDY if name in STUDIED else HEADER, *lines] for name, lines in named.items()}


def write() -> None:
    """Write every journal, and the receipts and state that the specification gives for it."""
    FOLDER.mkdir(exist_ok=True)
    for name, lines in journals().items():
        path = FOLDER / f"{name}.jsonl"
        path.write_text(journal_text(lines), "utf-8")
        outputs = ["--receipts", str(FOLDER / f"{name}.receipts"), "--state", str(FOLDER / f"{name}.state")]
        command = [sys.executable, "-m", "marginspec_tools.cli", "replay", str(path), "--check", "--engine", "spec"]
        subprocess.run([*command, *outputs], check=True)


if __name__ == "__main__":
    write()
