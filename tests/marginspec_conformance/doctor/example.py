"""What the doctor asks of an engine: a small exchange, a refusal, one of whole units and lots, and a question."""

from marginspec import RULEBOOK_VERSION
from marginspec_journal.canonical import JsonObject

HEADER: JsonObject = {"journal": 1, "rulebook": RULEBOOK_VERSION, "profile": "reserve", "assets": {}}

EVENTS: dict[str, JsonObject] = {
    "a listing": {
        "type": "list_market",
        "market": "BTCUSDT",
        "asset": "USDT",
        "price_decimals": 1,
        "quantity_decimals": 3,
        "tick": "0.1",
        "taker_fee": "0.0005",
        "maker_fee": "0.0002",
        "insurance_fee_share": "0.1",
        "clearance_fee": "0.01",
        "tiers": [{"floor": "0", "max_leverage": 50, "maintenance_rate": "0.01"}],
    },
    "a mark": {"type": "mark_price", "market": "BTCUSDT", "price": "50000"},
    "a deposit": {"type": "deposit", "account": "alice", "asset": "USDT", "amount": "10000.5"},
    "another deposit": {"type": "deposit", "account": "bob", "asset": "USDT", "amount": "20000"},
    "a trade": {
        "type": "trade",
        "market": "BTCUSDT",
        "buyer": "alice",
        "seller": "bob",
        "quantity": "0.5",
        "price": "50000.5",
        "taker": "buyer",
    },
    "a liquidation": {"type": "mark_price", "market": "BTCUSDT", "price": "30200"},
    "a refusal": {"type": "withdraw", "account": "bob", "asset": "USDT", "amount": "1000000"},
}
"""Events by what they are called; the last one is refused."""

WHOLE_HEADER: JsonObject = {**HEADER, "assets": {"JPY": {"decimals": 0}}}
WHOLE: dict[str, JsonObject] = {
    "a listing of whole lots": {
        **EVENTS["a listing"],
        "market": "BTCJPY",
        "asset": "JPY",
        "price_decimals": 0,
        "quantity_decimals": 0,
        "tick": "1",
    },
    "a mark in whole units": {"type": "mark_price", "market": "BTCJPY", "price": "100"},
    "a deposit in whole units": {"type": "deposit", "account": "alice", "asset": "JPY", "amount": "5000"},
    "another deposit in whole units": {"type": "deposit", "account": "bob", "asset": "JPY", "amount": "5001"},
    "a trade of whole lots": {**EVENTS["a trade"], "market": "BTCJPY", "quantity": "7", "price": "100"},
}
"""Events of an exchange whose amounts and quantities have no decimals; asked of who tells balances."""

QUESTION: JsonObject = {
    "id": "doctor",
    "kind": "maintenance",
    "markets": {
        "BTCUSDT": {
            "asset": "USDT",
            "price_decimals": 1,
            "quantity_decimals": 3,
            "mark": "50000",
            "tiers": [{"floor": "0", "max_leverage": 50, "maintenance_rate": "0.01"}],
        }
    },
    "domain": {
        "cash": "1000",
        "positions": [{"market": "BTCUSDT", "side": "BOTH", "quantity": "0.5", "entry": "50000", "leverage": 20}],
    },
    "market": "BTCUSDT",
}
