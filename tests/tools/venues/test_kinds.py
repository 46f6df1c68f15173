"""Each answer is known by its shape, whatever its file is called: shortened ones of every kind that is read."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from marginspec_tools.cli import marginspec
from worlds.venue_files import written

FORCED = {
    "orderId": 6071832819,
    "symbol": "BTCUSDT",
    "status": "FILLED",
    "avgPrice": "10913.21000",
    "price": "10871.09",
}
FORCED |= {"clientOrderId": "autoclose-1596107620040000020", "executedQty": "0.001", "cumQuote": "10.91321"}
INCOME = {"symbol": "", "incomeType": "TRANSFER", "income": "-0.37500000", "asset": "USDT", "info": "TRANSFER"}
INCOME |= {"time": "1570608000000", "tranId": "9689322392", "tradeId": ""}
UPDATE = {"m": "ORDER", "B": [{"a": "USDT", "wb": "122624.12345678", "cw": "100.12345678", "bc": "50.12345678"}]}
POOL = {"symbols": ["BNBUSDT", "BTCUSDT"], "assets": [{"asset": "USDC", "marginBalance": "299999998.6497832"}]}
MARK = {"symbol": "BTCUSDT", "markPrice": "11793.63104562", "lastFundingRate": "0.00038246", "time": 1597370495002}
RATE = {"symbol": "BTCUSDT", "fundingRate": "0.0001", "fundingTime": 1597392000000, "markPrice": "11793.6"}
ORDER = {"orderId": 1917641, "clientOrderId": "abc", "symbol": "BTCUSDT", "status": "NEW", "origQty": "0.40"}
PUBLIC = {"s": "BTCUSDT", "S": "SELL", "q": "0.014", "p": "9910", "ap": "9910", "X": "FILLED"}
OKX_FUND = {"total": "1369179138.7489", "instType": "SWAP", "instFamily": "BTC-USDT", "details": []}
OKX_BILL = {"billId": "623950854533513219", "bal": "8694.21", "balChg": "0.02", "ccy": "USDT", "type": "2"}
OKX_TIER = {"tier": "1", "minSz": "0", "maxSz": "50", "mmr": "0.03", "imr": "0.1", "maxLever": "10"}
BYBIT_ADL = {"coin": "USDT", "symbol": "BTCUSDT", "balance": "1", "adlTriggerThreshold": "10000"}


def okx(row: dict[str, Any]) -> dict[str, Any]:
    return {"code": "0", "msg": "", "data": [row]}


@pytest.mark.parametrize(
    ("venue", "document", "kind", "code"),
    [
        ("binance", {"stream": "1", "data": {"e": "ACCOUNT_UPDATE", "T": 1, "a": UPDATE}}, "ACCOUNT_UPDATE", 4),
        ("binance", {"e": "ORDER_TRADE_UPDATE", "T": 1, "o": {"s": "BTCUSDT", "x": "NEW"}}, "ORDER_TRADE_UPDATE", 4),
        ("binance", {"stream": "btcusdt@forceOrder", "data": {"e": "forceOrder", "o": PUBLIC}}, "forceOrder", 4),
        ("binance", [FORCED], "forceOrders", 0),
        ("binance", [ORDER], "openOrders", 4),
        ("binance", [INCOME], "income", 4),
        ("binance", POOL, "insuranceBalance", 4),
        ("binance", MARK, "premiumIndex", 4),
        ("binance", [RATE], "fundingRate", 4),
        ("binance", [{"symbol": "ETHUSDT", "adlQuantile": {"LONG": 3, "SHORT": 3, "HEDGE": 0}}], "adlQuantile", 4),
        ("binance", [{"symbol": "ETHUSDT", "adlRisk": "low", "updateTime": 1}], "symbolAdlRisk", 4),
        ("binance", {"multiAssetsMargin": False}, "multiAssetsMargin", 4),
        ("bybit", {"result": {"list": [BYBIT_ADL]}, "retCode": 0}, "adlAlert", 4),
        ("okx", okx(OKX_FUND), "insurance-fund", 4),
        ("okx", okx(OKX_BILL), "bills", 4),
        ("okx", okx(OKX_TIER), "position-tiers", 4),
        ("hyperliquid", [{"time": 1, "hash": "1", "delta": {"type": "deposit", "usdc": "97.142685"}}], "ledger", 4),
        ("hyperliquid", [{"coin": "BTC", "fundingRate": "0.0000125", "premium": "0", "time": 1}], "fundingHistory", 4),
    ],
)
def test_an_answer_is_known_by_its_shape(tmp_path: Path, venue: str, document: Any, kind: str, code: int) -> None:
    (path,) = written(tmp_path, anything=document)
    shown = CliRunner().invoke(marginspec, ["check", venue, str(path)])
    assert (shown.exit_code, shown.stdout.splitlines()[-2]) == (code, f"read: 1 {kind}")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("calc_time,funding_interval_hours,last_funding_rate\n1700000000000,8,0.0001\n", "fundingRate"),
        (
            "time,symbol,side,order_type,original_quantity,price,average_price\n1,BTCUSDT,SELL,LIMIT,0.1,9,9\n",
            "liquidationSnapshot",
        ),
    ],
)
def test_so_is_a_published_csv(tmp_path: Path, text: str, kind: str) -> None:
    path = tmp_path / "anything.csv"
    path.write_text(text, "utf-8")
    shown = CliRunner().invoke(marginspec, ["check", "binance", str(path)])
    assert (shown.exit_code, shown.stdout.splitlines()[-2]) == (4, f"read: 1 {kind}")
