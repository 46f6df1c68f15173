"""ccxt's answers: what the venue answered is taken out of them, and nothing of their own floats is read."""

import json
from pathlib import Path
from typing import Any

from worlds.venue_files import VECTORS, check, written


def recorded(name: str) -> Any:
    return json.loads((VECTORS / name).read_text("utf-8"))


def test_positions_balances_and_tiers_of_binance(tmp_path: Path) -> None:
    own = {"symbol": "ETH/USDT:USDT", "liquidationPrice": 1.23, "maintenanceMargin": 4.5}
    positions = [{**own, "info": position} for position in recorded("binance/cross-positions.json")]
    balance = {"info": recorded("binance/cross-account.json"), "free": {"USDT": 1.0}, "USDT": {"free": 1.0}}
    tiers = {
        f"{table['symbol'][:-4]}/USDT:USDT": [{"tier": 1, "symbol": "x", "info": row} for row in table["brackets"]]
        for table in recorded("binance/brackets.json")
    }
    documents = written(tmp_path, positions=positions, balance=balance, tiers=tiers)
    ours = check("binance", *documents, VECTORS / "binance" / "cross-config.json")
    theirs = [VECTORS / "binance" / f"{name}.json" for name in ("cross-positions", "cross-account", "brackets")]
    assert ours == check("binance", *theirs, VECTORS / "binance" / "cross-config.json")


def test_positions_and_balance_of_hyperliquid(tmp_path: Path) -> None:
    state = recorded("hyperliquid/hype.json")
    positions = [{"symbol": "HYPE/USDC:USDC", "info": held} for held in state["assetPositions"]]
    documents = written(tmp_path, positions=positions, balance={"info": state, "free": {}})
    meta = VECTORS / "hyperliquid" / "meta.json"
    ours, theirs = (
        check("hyperliquid", *documents, meta),
        check("hyperliquid", VECTORS / "hyperliquid" / "hype.json", meta),
    )
    assert ours[0] == theirs[0]
    alone, _ = check("hyperliquid", documents[0], meta)
    assert [row[1] for row in alone] == ["unrealizedPnl", "marginUsed", "liquidationPx", "returnOnEquity"]
