"""What files say less than they look like: errors, pages of several, answers that show nothing, columns of no kind."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from marginspec_tools.cli import marginspec
from tools.venues.test_bybit import POSITION, TIERS, answer
from tools.venues.test_importing import history, trade
from tools.venues.test_okx import INSTRUMENT
from tools.venues.test_okx import answer as okx_answer
from tools.venues.test_plain import BALANCES, POSITIONS, TRADES
from tools.venues.test_plain import TIERS as PLAIN_TIERS
from worlds.venue_files import VECTORS, check, refusal, written

EMPTY = "the answer has this field and says nothing in it"


@pytest.mark.parametrize(
    ("venue", "document", "said"),
    [
        ("binance", {"code": -2015, "msg": "Invalid API-key."}, "code -2015: Invalid API-key."),
        ("okx", {"code": "50111", "msg": "Invalid key", "data": []}, "code 50111: Invalid key"),
        # Though it shows something, too.
        ("okx", {**okx_answer(INSTRUMENT), "code": "50111", "msg": ""}, "code 50111"),
        ("bybit", {"retCode": 10003, "retMsg": "Invalid.", "result": {"list": []}}, "retCode 10003: Invalid."),
        ("bybit", {**answer([POSITION]), "retCode": 10003}, "retCode 10003: OK"),
        ("hyperliquid", {"status": "err", "response": "No such user"}, "status err: No such user"),
        ("hyperliquid", {"error": "Too many requests"}, "error Too many requests"),
    ],
)
def test_an_answer_that_is_an_error_is_refused(tmp_path: Path, venue: str, document: Any, said: str) -> None:
    expected = f"sent.json: the venue answers with an error, {said}"
    assert refusal(venue, *written(tmp_path, sent=document)) == expected
    assert refusal(venue, *written(tmp_path, sent=f"{json.dumps(document)}\n{{}}\n")) == expected.replace(":", ":1:", 1)


def test_a_page_that_another_one_follows_is_said(tmp_path: Path) -> None:
    def page(cursor: str, *positions: dict[str, Any]) -> dict[str, Any]:
        document = answer(list(positions))
        document["result"]["nextPageCursor"] = cursor
        return document

    more = ("position/list", "pages that follow", "", "", "not checked")
    other = {**POSITION, "symbol": "BTCUSDT"}
    rows, _ = check("bybit", *written(tmp_path, one=page("next", POSITION), tiers=answer(TIERS)))
    assert more in rows
    for last in (page("", other), page("")):
        documents = written(tmp_path, one=page("next", POSITION), two=last, tiers=answer(TIERS))
        rows, _ = check("bybit", *documents)
        assert more not in rows


def test_as_many_records_as_an_answer_holds_may_not_be_all(tmp_path: Path) -> None:
    trades = [trade(number, "BUY", "2000", "1", "0", number) for number in range(500)]
    beyond = ("userTrades ETHUSDT", "records beyond", "500", "", "not checked")
    rows, _ = check("binance", *written(tmp_path, trades=trades))
    assert beyond in rows
    more = trade(500, "BUY", "2000", "1", "0", 500)
    rows, _ = check("binance", *written(tmp_path, trades=trades, more=[more]))
    assert beyond not in rows
    # Trades are asked by symbol.
    rows, _ = check("binance", *written(tmp_path, trades=trades, more=[{**more, "symbol": "BTCUSDT"}]))
    assert beyond in rows


def test_an_empty_answer_is_named(tmp_path: Path) -> None:
    documents = {"positions": answer([POSITION]), "nothing": answer([]), "none": []}
    files = written(tmp_path, **documents)
    _, summary = check("bybit", *files)
    assert (summary["read"], summary["empty"]) == ({"position/list": 1}, [str(files[1]), str(files[2])])
    shown = CliRunner().invoke(marginspec, ["check", "bybit", *map(str, files)])
    assert f"read: 1 position/list, nothing in {files[1]}, nothing in {files[2]}" in shown.stdout.splitlines()


def test_import_says_what_files_lack(tmp_path: Path) -> None:
    rates = [{"symbol": "ETHUSDT", "fundingRate": "0", "fundingTime": number} for number in range(100)]
    files = written(tmp_path, **history(updates=[], rates=rates))
    brackets = VECTORS / "binance" / "brackets.json"
    words = ["import", "binance", *map(str, files), str(brackets), "--journal", str(tmp_path / "day.jsonl"), "--json"]
    made = CliRunner().invoke(marginspec, words)
    notes = json.loads(made.stdout)["notes"]
    assert notes[:2] == [
        f"{tmp_path / 'updates.json'}: shows nothing",
        "fundingRate ETHUSDT: records beyond: as many records as an answer holds: those beyond may be missing",
    ]


@pytest.mark.parametrize(
    ("venue", "position", "field"),
    [
        ("binance", {"liquidationPrice": ""}, "liquidationPrice"),
        ("binance", {"maintMargin": None}, "maintMargin"),
        ("bybit", {"unrealisedPnl": ""}, "unrealisedPnl"),
    ],
)
def test_a_figure_that_is_left_empty_is_not_passed_over(
    tmp_path: Path, venue: str, position: dict[str, Any], field: str
) -> None:
    document: Any = answer([{**POSITION, **position}])
    if venue == "binance":
        document = json.loads((VECTORS / "binance" / "cross-positions.json").read_text("utf-8"))
        document[0] |= position
    brackets = [VECTORS / "binance" / "brackets.json"] if venue == "binance" else []
    shown = CliRunner().invoke(
        marginspec, ["check", venue, *map(str, [*written(tmp_path, positions=document), *brackets]), "--json"]
    )
    rows = [json.loads(line) for line in shown.stdout.splitlines()][:-1]
    assert [row["field"] for row in rows if row["why"] == EMPTY] == [field]


# ----------------------------------------------------------------- columns of plain CSV


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            POSITIONS.replace("maintenance,", "maint,").replace("liquidation_price", "liq_price"),
            (
                '1: not among the columns of positions: "maint" (did you mean maintenance?), '
                '"liq_price" (did you mean liquidation_price?)'
            ),
        ),
        (
            PLAIN_TIERS.replace("deduction", "deducton"),
            '1: not among the columns of tiers: "deducton" (did you mean deduction?)',
        ),
        (BALANCES.replace("equity", "colour"), '1: not among the columns of balances: "colour"'),
        (TRADES.replace("fee_rate", "rate"), '1: not among the columns of trades: "rate" (did you mean fee_rate?)'),
        # Of what must be there, one is misspelt.
        (
            PLAIN_TIERS.replace("floor", "flor"),
            (
                "2: no answer of plain CSV that is known here has such fields: deduction, flor, maintenance_rate, "
                "market, max_leverage; tiers would also have floor"
            ),
        ),
    ],
)
def test_a_column_of_no_kind_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "rows.csv").write_text(text, "utf-8")
    assert refusal("csv", tmp_path / "rows.csv") == f"rows.csv:{said}"


def test_so_is_a_field_of_json(tmp_path: Path) -> None:
    balance = {"asset": "USDT", "cash": "1", "equitty": "1"}
    said = 'balance.json: not among the fields of balances: "equitty" (did you mean equity?)'
    assert refusal("csv", *written(tmp_path, balance=balance)) == said


def test_columns_that_let_nobody_check_anything_are_told(tmp_path: Path) -> None:
    (tmp_path / "trades.csv").write_text(TRADES.replace(",fee_rate", "").replace(",0.0005", ""), "utf-8")
    (tmp_path / "positions.csv").write_text(
        "market,asset,side,quantity,entry,mark,cash\nBTCUSDT,USDT,BOTH,0.5,60000,60000,7\n", "utf-8"
    )
    rows, _ = check("csv", tmp_path / "trades.csv", tmp_path / "positions.csv")
    assert rows == [
        ("BTCUSDT BOTH", "cash", "7", "", "not checked"),
        ("BTCUSDT trade 1", "value", "30000", "30000", "equal"),
        ("BTCUSDT trade 1", "fee", "15.00", "", "not checked"),
    ]
