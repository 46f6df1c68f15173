"""Bybit: deductions, values and profits are checked; margins, which hide a fee, are not; inverse ones are refused."""

from pathlib import Path
from typing import Any

import pytest

from worlds.venue_files import audited, check, imported, refusal, whys, written


def answer(rows: list[dict[str, Any]], category: str = "linear") -> dict[str, Any]:
    return {"retCode": 0, "retMsg": "OK", "result": {"category": category, "list": rows}, "time": 1}


def tier(number: int, limit: str, rate: str, leverage: str, deduction: str) -> dict[str, Any]:
    fields = {"id": number, "symbol": "ETHUSDT", "riskLimitValue": limit, "maintenanceMargin": rate}
    initial = {"100.00": "0.01", "50.00": "0.02"}[leverage]
    return {**fields, "initialMargin": initial, "maxLeverage": leverage, "mmDeduction": deduction}


POSITION = {
    "positionIdx": 0,
    "symbol": "ETHUSDT",
    "side": "Sell",
    "size": "1.5",
    "avgPrice": "2000.5",
    "positionValue": "3000.75",
    "leverage": "10",
    "markPrice": "1990.25",
    "unrealisedPnl": "15.375",
    "positionMM": "16.5",
    "positionIM": "301.2",
    "liqPrice": "",
    "bustPrice": "",
    "adlRankIndicator": 2,
}
TIERS = [tier(1, "10000", "0.005", "100.00", ""), tier(2, "50000", "0.01", "50.00", "50")]


def test_a_linear_position_and_its_tiers(tmp_path: Path) -> None:
    rows, summary = check("bybit", *written(tmp_path, positions=answer([POSITION]), tiers=answer(TIERS)))
    assert rows == [
        ("ETHUSDT BOTH", "positionValue", "3000.75", "3000.75", "equal"),
        ("ETHUSDT BOTH", "unrealisedPnl", "15.375", "15.375", "equal"),
        ("ETHUSDT BOTH", "positionMM", "16.5", "", "not checked"),
        ("ETHUSDT BOTH", "positionIM", "301.2", "", "not checked"),
        ("ETHUSDT BOTH", "adlRankIndicator", "2", "", "not checked"),
        ("USDT", "cash", "", "", "not checked"),
        ("ETHUSDT tier 2", "mmDeduction", "50", "50", "equal"),
    ]
    assert summary["venue"] == "Bybit linear"


def wallet(**coins: str) -> dict[str, Any]:
    held = [{"coin": coin, "walletBalance": balance, "equity": balance} for coin, balance in coins.items()]
    return answer([{"accountType": "UNIFIED", "totalEquity": "1", "coin": held}])


def test_the_wallet_makes_a_state_and_a_journal_that_agrees(tmp_path: Path) -> None:
    files = written(tmp_path, positions=answer([POSITION]), tiers=answer(TIERS), wallet=wallet(USDT="500.25", BTC="0"))
    state, journal = tmp_path / "state.json", tmp_path / "day.jsonl"
    made = imported("bybit", *files, state=state, journal=journal)
    assert made.last["observed"] == {
        "accepted": True,
        "ledger": {"wallet:account:USDT": "500.25"},
        "positions": {
            "account:ETHUSDT:BOTH": {
                "quantity": "-1.5",
                "margin_mode": "cross",
                "leverage": 10,
                "entry_price": "2000.5",
                "unrealised": "15.375",
            }
        },
    }
    assert audited(made.audit, tmp_path) == []


@pytest.mark.parametrize(
    ("coins", "reason"),
    [
        (None, "cannot be had from these answers: wallet-balance says it"),
        ({"USDT": "5", "BTC": "1"}, "other coins may be collateral too, which is not supported: BTC"),
    ],
)
def test_why_cash_cannot_be_had_is_said(coins: dict[str, str] | None, reason: str, tmp_path: Path) -> None:
    documents = {} if coins is None else {"wallet": wallet(**coins)}
    found = whys("bybit", *written(tmp_path, positions=answer([POSITION]), tiers=answer(TIERS), **documents))
    assert found["cash" if coins is None else "walletBalance"] == reason


def test_a_wrong_deduction_differs(tmp_path: Path) -> None:
    wrong = [TIERS[0], {**TIERS[1], "mmDeduction": "49"}]
    assert whys("bybit", *written(tmp_path, tiers=answer(wrong)), code=1) == {"mmDeduction": "by -1"}


def test_percents_are_told_from_fractions(tmp_path: Path) -> None:
    percents = [
        {**TIERS[0], "maintenanceMargin": "0.5", "initialMargin": "1"},
        {**TIERS[1], "maintenanceMargin": "1", "initialMargin": "2"},
    ]
    rows, _ = check("bybit", *written(tmp_path, tiers=answer(percents)))
    assert rows == [("ETHUSDT tier 2", "mmDeduction", "50", "50", "equal")]


def test_executions_are_worth_and_cost_what_they_say(tmp_path: Path) -> None:
    execution = {"symbol": "ETHUSDT", "execId": "e1", "execPrice": "2000.5", "execQty": "0.1", "execValue": "200.05"}
    execution |= {"execFee": "0.1100275", "feeRate": "0.00055", "execType": "Trade"}
    rows, _ = check("bybit", *written(tmp_path, executions=answer([execution])))
    assert rows == [
        ("ETHUSDT execution e1", "execValue", "200.05", "200.05", "equal"),
        ("ETHUSDT execution e1", "execFee", "0.1100275", "0.1100275", "equal"),
    ]


def test_public_answers_alone_let_nobody_check_anything(tmp_path: Path) -> None:
    pool = {"coin": "USDT", "symbols": "XLMUSDT,WUSDT", "balance": "23.45018235", "value": "22.992864174376344"}
    stream = {"topic": "allLiquidation.ETHUSDT", "data": [{"T": 1, "s": "ETHUSDT", "S": "Sell", "v": "2", "p": "4"}]}
    rows, _ = check("bybit", *written(tmp_path, pools=answer([pool]), liquidations=stream), code=4)
    assert [row[:3] for row in rows] == [
        ("insurance", "pools of the insurance fund", "1"),
        ("allLiquidation", "public liquidations", "1"),
    ]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (answer([{**POSITION, "symbol": "BTCUSD"}], "inverse"), "result.category: inverse contracts are not supported"),
        (
            answer([{**POSITION, "symbol": "BTCUSD"}]),
            "result.list[0].symbol: inverse contracts are not supported: BTCUSD",
        ),
        ({"retCode": 0, "result": {"marginMode": "PORTFOLIO_MARGIN"}}, None),
    ],
)
def test_other_contracts_and_modes_are_refused(tmp_path: Path, document: Any, said: str | None) -> None:
    expected = said or "result.marginMode: portfolio margin is not supported"
    assert refusal("bybit", *written(tmp_path, answer=document)) == f"answer.json: {expected}"
