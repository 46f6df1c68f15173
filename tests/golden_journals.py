"""The golden journals: a short one for every type of event and every reason of rejection.

`python tests/golden_journals.py` writes the journals and their receipts into tests/vectors/golden.
The journals are made here; the receipts are what the specification answered when they were reviewed, and
tests/spec/test_golden.py holds every later version to them.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "vectors" / "golden"
HEADER = {"journal": 1, "rulebook": "1", "profile": "reserve", "assets": {"USDT": {"decimals": 4}}}
STUDY = {**HEADER, "profile": {"adl_ranking": "bitmex", "last_resort": "none"}}
TIERS = [
    {"floor": "0", "max_leverage": 50, "maintenance_rate": "0.01"},
    {"floor": "1000", "max_leverage": 20, "maintenance_rate": "0.02"},
    {"floor": "5000", "max_leverage": 10, "maintenance_rate": "0.05"},
]
FEES = {"taker_fee": "0.001", "maker_fee": "0.0005", "insurance_fee_share": "0.2", "clearance_fee": "0.005"}

Line = dict[str, Any]


def listing(market: str = "ABC", **changes: Any) -> Line:
    """A market of two price and one quantity decimals, with a tick of 0.05."""
    terms = {"asset": "USDT", "price_decimals": 2, "quantity_decimals": 1, "tick": "0.05", **FEES, "tiers": TIERS}
    return {"type": "list_market", "market": market, **terms, **changes}


def mark(price: str, market: str = "ABC") -> Line:
    """A new mark price."""
    return {"type": "mark_price", "market": market, "price": price}


def deposit(account: str, amount: str) -> Line:
    """A deposit of USDT."""
    return {"type": "deposit", "account": account, "asset": "USDT", "amount": amount}


def trade(buyer: str, seller: str, quantity: str, price: str = "100", **changes: Any) -> Line:
    """A trade in which the buyer took."""
    terms = {"market": "ABC", "price": price, "quantity": quantity, "buyer": buyer, "seller": seller, "taker": "buyer"}
    return {"type": "trade", **terms, **changes}


def order(account: str, side: str, quantity: str, price: str = "100", **changes: Any) -> Line:
    """An order on side BOTH with the id o1."""
    terms = {"account": account, "order": "o1", "market": "ABC", "side": side, "position_side": "BOTH"}
    return {"type": "place_order", **terms, "quantity": quantity, "price": price, "reduce_only": False, **changes}


def fill(counterparty: str, quantity: str, price: str, side: str = "long") -> Line:
    """A fill of the liquidation engine's lots."""
    terms = {"market": "ABC", "side": side, "counterparty": counterparty}
    return {"type": "liquidation_fill", **terms, "quantity": quantity, "price": price}


def on_account(kind: str, account: str = "alice", **terms: Any) -> Line:
    """An event of an account in the market."""
    return {"type": kind, "account": account, "market": "ABC", **terms}


OPEN = [listing(), mark("100"), deposit("alice", "1000"), deposit("bob", "1000"), deposit("carol", "5000")]
ISOLATED = [*OPEN, on_account("set_margin_mode", mode="isolated")]
HEDGED = [*OPEN, {"type": "set_position_mode", "account": "alice", "mode": "hedge"}]
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
    trade("carol", "bob", "10", "88"),
    mark("80"),
]

EVENTS: dict[str, list[Line]] = {
    "list_market": [listing()],
    "update_tiers": [*TRADED, {"type": "update_tiers", "market": "ABC", "tiers": [
        {"floor": "0", "max_leverage": 4, "maintenance_rate": "0.19"}]}],
    "update_fees": [listing(), {"type": "update_fees", "market": "ABC", **FEES, "taker_fee": "0.002"}],
    "mark_price": [listing(), mark("100.01")],
    "deposit": [deposit("alice", "12.3456")],
    "withdraw": [*TRADED, {"type": "withdraw", "account": "alice", "asset": "USDT", "amount": "500"}],
    "fund_insurance": [{"type": "fund_insurance", "asset": "USDT", "amount": "50"}],
    "withdraw_house": [*TRADED, {"type": "withdraw_house", "asset": "USDT", "amount": "1"}],
    "set_position_mode": HEDGED,
    "set_margin_mode": ISOLATED,
    "set_leverage": [*OPEN, on_account("set_leverage", leverage=10)],
    "adjust_isolated_margin": [*ISOLATED, trade("alice", "bob", "10"),
        on_account("adjust_isolated_margin", side="BOTH", amount="25.5"),
        on_account("adjust_isolated_margin", side="BOTH", amount="-5")],
    "place_order": [*OPEN, order("alice", "buy", "10", "101")],
    "cancel_order": [*OPEN, order("alice", "buy", "10"), {"type": "cancel_order", "account": "alice", "order": "o1"}],
    "trade": [*TRADED, order("bob", "buy", "80", "99"), trade("bob", "alice", "70", "98.95", buyer_order="o1")],
    "trade_isolated": [*ISOLATED, trade("alice", "bob", "10", "101"), trade("bob", "alice", "4", "102"),
        trade("bob", "alice", "12", "99")],
    "trade_hedge": [*HEDGED, trade("alice", "bob", "10"), trade("bob", "alice", "4"),
        trade("bob", "alice", "4", seller_side="LONG")],
    "funding": [*TRADED, {"type": "funding", "market": "ABC", "rate": "0.00012345"}],
    "liquidation_takeover": TAKEN_OVER,
    "liquidation_step_down": [*OPEN, deposit("erin", "700"), on_account("set_leverage", "erin", leverage=10),
        on_account("set_leverage", "carol", leverage=10), trade("erin", "carol", "60"), mark("90")],
    "liquidation_fill": [*TAKEN_OVER, fill("carol", "6", "89"), fill("carol", "4", "87.55")],
    "insurance_draw": [*TAKEN_OVER, {"type": "fund_insurance", "asset": "USDT", "amount": "50"},
        fill("carol", "3", "89"), fill("carol", "7", "86")],
    "deleveraging": [*OPEN, deposit("dave", "150"), trade("dave", "carol", "20"), mark("90")],
    "levy": UNPAYABLE,
    "uncovered": [*UNPAYABLE, {"type": "fund_insurance", "asset": "USDT", "amount": "30"}],
    "names": [listing("龙虾USDT"), mark("100", "龙虾USDT"), deposit("Ünal", "10")],
}  # fmt: skip

REJECTIONS: dict[str, list[Line]] = {
    "UNKNOWN_MARKET": [mark("100")],
    "MARKET_EXISTS": [listing(), listing()],
    "INVALID_MARKET": [listing(price_decimals=4)],
    "INVALID_TIERS": [listing(tiers=[])],
    "UNKNOWN_ACCOUNT": [{"type": "withdraw", "account": "alice", "asset": "USDT", "amount": "1"}],
    "NO_MARK": [listing(), {"type": "funding", "market": "ABC", "rate": "0"}],
    "SELF_TRADE": [*OPEN, trade("alice", "alice", "1")],
    "INVALID_PRICE": [*OPEN, trade("alice", "bob", "1", "100.01")],
    "INVALID_QUANTITY": [*OPEN, trade("alice", "bob", "0.01")],
    "INVALID_AMOUNT": [deposit("alice", "0.00001")],
    "INVALID_RATE": [*OPEN, {"type": "funding", "market": "ABC", "rate": "1.00000001"}],
    "INVALID_LEVERAGE": [*OPEN, on_account("set_leverage", leverage=51)],
    "WRONG_POSITION_SIDE": [*OPEN, trade("alice", "bob", "1", buyer_side="LONG")],
    "ORDER_EXISTS": [*OPEN, order("alice", "buy", "1"), order("alice", "sell", "1")],
    "UNKNOWN_ORDER": [*OPEN, {"type": "cancel_order", "account": "alice", "order": "o1"}],
    "ORDER_MISMATCH": [*OPEN, order("alice", "buy", "1"), trade("alice", "bob", "1", "100.05", buyer_order="o1")],
    "REDUCE_ONLY": [*OPEN, order("alice", "buy", "1", reduce_only=True)],
    "NO_POSITION": [*ISOLATED, on_account("adjust_isolated_margin", side="BOTH", amount="1")],
    "NOT_FLAT": [*TRADED, on_account("set_leverage", leverage=10)],
    "NOT_ISOLATED": [*TRADED, on_account("adjust_isolated_margin", side="BOTH", amount="1")],
    "NO_INVENTORY": [*TAKEN_OVER, fill("carol", "10.1", "89")],
    "COVER_EXCEEDED": [*TAKEN_OVER, fill("carol", "10", "50")],
    "INSUFFICIENT_FUNDS": [{"type": "withdraw_house", "asset": "USDT", "amount": "1"}],
    "INSUFFICIENT_BALANCE": [*TRADED, {"type": "withdraw", "account": "alice", "asset": "USDT", "amount": "995"}],
    "LEVERAGE_ABOVE_TIER": [*OPEN, trade("alice", "bob", "50.1")],
    "NEGATIVE_CASH": [*OPEN, on_account("set_leverage", leverage=10), trade("alice", "bob", "45"),
        trade("carol", "alice", "45", "70")],
    "UNHEALTHY": [*OPEN, deposit("dave", "10"), trade("dave", "carol", "9.9")],
    "INSUFFICIENT_MARGIN": [*OPEN, deposit("dave", "40"), trade("dave", "carol", "10")],
    "OUT_OF_RANGE": [deposit("alice", "115292150460684.6977")],
}  # fmt: skip


def journals() -> dict[str, list[Line]]:
    """All golden journals by name, header first; a rejection's last event is the one that is refused."""
    named = {**EVENTS, **{f"rejected_{reason.lower()}": lines for reason, lines in REJECTIONS.items()}}
    return {name: [STUDY if name == "uncovered" else HEADER, *lines] for name, lines in named.items()}


def journal_text(lines: list[Line]) -> str:
    """A journal as JSON Lines."""
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


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
