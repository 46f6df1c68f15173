"""What follows from all fills since the account was flat: realised profit and funding."""

from pathlib import Path
from typing import Any

from tools.venues.test_importing import history, trade
from worlds.venue_files import VECTORS, check, whys, written

META = VECTORS / "hyperliquid" / "meta.json"
FILL = {"coin": "HYPE", "fee": "0.02", "crossed": True, "hash": "0x1"}


def of_history(rows: Any) -> Any:
    return [row for row in rows if row[1] in ("realizedPnl", "FUNDING_FEE", "closedPnl")]


def test_profit_and_funding_of_all_fills(tmp_path: Path) -> None:
    rows, _ = check("binance", *written(tmp_path, **history()))
    assert of_history(rows) == [
        ("ETHUSDT trade 1", "realizedPnl", "0", "0", "equal"),
        ("ETHUSDT trade 2", "realizedPnl", "100", "100", "equal"),
        ("ETHUSDT funding f1", "FUNDING_FEE", "-0.21", "-0.21", "equal"),
    ]


def test_a_profit_that_does_not_follow_differs(tmp_path: Path) -> None:
    documents = history()
    documents["trades"][1]["realizedPnl"] = "99"
    assert whys("binance", *written(tmp_path, **documents), code=1)["realizedPnl"] == "by -1"


def test_a_part_of_the_fills_says_nothing(tmp_path: Path) -> None:
    documents = history(trades=[trade(2, "SELL", "2100", "1", "0.84", 2000)], rates=[])
    found = whys("binance", *written(tmp_path, **documents))
    assert found["realizedPnl"] == "needs all fills since the position was flat"
    assert found["FUNDING_FEE"] == "needs fundingRate, with the rate and the mark of that time"


def test_fills_that_say_where_they_begin(tmp_path: Path) -> None:
    fills = [
        {**FILL, "px": "30", "sz": "1.0", "side": "A", "startPosition": "4.0", "closedPnl": "7.0", "tid": 0, "time": 1},
        {**FILL, "px": "30", "sz": "3.0", "side": "A", "startPosition": "3.0", "closedPnl": "7.0", "tid": 1, "time": 2},
        {**FILL, "px": "30", "sz": "3.0", "side": "B", "startPosition": "0.0", "closedPnl": "0.0", "tid": 2, "time": 3},
        {**FILL, "px": "33", "sz": "1.0", "side": "B", "startPosition": "3.0", "closedPnl": "0.0", "tid": 3, "time": 4},
        {**FILL, "px": "31", "sz": "5.0", "side": "A", "startPosition": "4.0", "closedPnl": "1.0", "tid": 4, "time": 5},
        {
            **FILL,
            "px": "29",
            "sz": "1.0",
            "side": "B",
            "startPosition": "-1.0",
            "closedPnl": "2.0",
            "tid": 5,
            "time": 6,
        },
        {**FILL, "px": "29", "sz": "1.0", "side": "B", "startPosition": "7.0", "closedPnl": "0.0", "tid": 6, "time": 7},
    ]
    rows, _ = check("hyperliquid", *written(tmp_path, fills=fills), META)
    assert of_history(rows) == [
        ("HYPE trade 0", "closedPnl", "7.0", "", "not checked"),
        ("HYPE trade 1", "closedPnl", "7.0", "", "not checked"),
        ("HYPE trade 2", "closedPnl", "0.0", "0", "equal"),
        ("HYPE trade 3", "closedPnl", "0.0", "0", "equal"),
        ("HYPE trade 4", "closedPnl", "1.0", "1", "equal"),
        ("HYPE trade 5", "closedPnl", "2.0", "2", "equal"),
        ("HYPE trade 6", "closedPnl", "0.0", "", "not checked"),
    ]
