"""OKX: contracts become quantities, margins within the first tier are checked, others are refused."""

from pathlib import Path
from typing import Any

import pytest

from worlds.venue_files import audited, check, imported, refusal, whys, written

POSITION = {
    "instId": "BTC-USDT-SWAP",
    "pos": "5",
    "posSide": "long",
    "avgPx": "60000",
    "markPx": "60100.5",
    "upl": "5.025",
    "mgnMode": "cross",
    "lever": "10",
    "imr": "300.5025",
    "mmr": "12.0201",
    "mgnRatio": "90.1",
    "liqPx": "",
    "adl": "1",
}
INSTRUMENT = {"instId": "BTC-USDT-SWAP", "ctVal": "0.01", "ctMult": "1", "ctType": "linear"}
TIER = {"tier": "1", "minSz": "0", "maxSz": "50", "mmr": "0.004", "imr": "0.01", "maxLever": "100"}
TIER |= {"instFamily": "BTC-USDT", "uly": "", "instId": ""}


def answer(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"code": "0", "msg": "", "data": list(rows)}


def files(folder: Path, **position: str) -> list[Path]:
    documents = {
        "positions": answer({**POSITION, **position}),
        "instruments": answer(INSTRUMENT),
        "tiers": answer(TIER),
    }
    return written(folder, **documents)


def test_a_position_within_the_first_tier(tmp_path: Path) -> None:
    rows, _ = check("okx", *files(tmp_path))
    assert rows == [
        ("BTC-USDT-SWAP LONG", "upl", "5.025", "5.025", "equal"),
        ("BTC-USDT-SWAP LONG", "imr", "300.5025", "300.5025", "equal"),
        ("BTC-USDT-SWAP LONG", "mmr", "12.0201", "12.0201", "equal"),
        ("BTC-USDT-SWAP LONG", "mgnRatio", "90.1", "", "not checked"),
        ("BTC-USDT-SWAP LONG", "adl", "1", "", "not checked"),
        ("USDT", "cash", "", "", "not checked"),
    ]


BALANCE = {"totalEq": "900", "details": [{"ccy": "USDT", "cashBal": "900.5"}, {"ccy": "BTC", "cashBal": "1"}]}


def test_the_balance_makes_a_state_and_a_journal_that_agrees(tmp_path: Path) -> None:
    more = written(tmp_path, balance=answer(BALANCE), config=answer({"acctLv": "2"}))
    state, journal = tmp_path / "state.json", tmp_path / "day.jsonl"
    made = imported("okx", *files(tmp_path), *more, state=state, journal=journal)
    assert made.last["observed"] == {
        "accepted": True,
        "ledger": {"wallet:account:USDT": "900.5"},
        "positions": {
            "account:BTC-USDT-SWAP:LONG": {
                "quantity": "0.05",
                "margin_mode": "cross",
                "leverage": 10,
                "entry_price": "60000",
                "unrealised": "5.025",
                "initial": "300.5025",
                "maintenance": "12.0201",
            }
        },
    }
    assert audited(made.audit, tmp_path) == []


def test_the_margin_of_an_isolated_position_is_its_cash(tmp_path: Path) -> None:
    more = written(tmp_path, balance=answer(BALANCE), config=answer({"acctLv": "2"}))
    state, journal = tmp_path / "state.json", tmp_path / "day.jsonl"
    made = imported("okx", *files(tmp_path, mgnMode="isolated", margin="300"), *more, state=state, journal=journal)
    assert made.last["observed"]["ledger"] == {
        "wallet:account:USDT": "900.5",
        "isolated:account:BTC-USDT-SWAP:LONG": "300",
    }


def test_without_the_account_s_mode_its_cash_cannot_be_had(tmp_path: Path) -> None:
    found = whys("okx", *files(tmp_path), *written(tmp_path, balance=answer(BALANCE)))
    assert found["cashBal"] == (
        "cannot be had without account/config, which says whether other currencies are collateral too"
    )
    assert whys("okx", *files(tmp_path))["cash"] == "cannot be had from these answers: account/balance says it"


def test_above_the_first_tier_there_is_no_clause(tmp_path: Path) -> None:
    rows, _ = check("okx", *files(tmp_path, pos="51", upl="51.255", imr="3065.1255", mmr="122.60502"))
    assert [(row[1], row[4]) for row in rows[:3]] == [("upl", "equal"), ("imr", "not checked"), ("mmr", "not checked")]


def test_public_answers_alone_let_nobody_check_anything(tmp_path: Path) -> None:
    fund = {"instFamily": "BTC-USDT", "instType": "SWAP", "total": "105", "details": []}
    orders = {"instId": "BTC-USDT-SWAP", "details": [{"bkPx": "6", "bkLoss": "0", "ccy": "", "ts": "1"}]}
    rows, _ = check("okx", *written(tmp_path, fund=answer(fund), orders=answer(orders)), code=4)
    assert [row[:3] for row in rows] == [
        ("insurance-fund", "states of the insurance fund", "1"),
        ("liquidation-orders", "public liquidations", "1"),
    ]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            {**POSITION, "instId": "ETH-USD-210430"},
            "data[0].instId: inverse contracts are not supported: ETH-USD-210430",
        ),
        (
            {**POSITION, "instId": "BTC-USDT-260101-9-C"},
            "data[0].instId: options are not supported: BTC-USDT-260101-9-C",
        ),
        (POSITION, "data[0]: needs instruments, for how much a contract of BTC-USDT-SWAP is"),
        ({"acctLv": "4"}, "data[0].acctLv: portfolio margin is not supported"),
        ({"acctLv": "3"}, "data[0].acctLv: multi-currency margin is not supported"),
    ],
)
def test_other_contracts_and_modes_are_refused(tmp_path: Path, row: dict[str, Any], said: str) -> None:
    assert refusal("okx", *written(tmp_path, answer=answer(row))) == f"answer.json: {said}"
