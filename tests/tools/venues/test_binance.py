"""Binance USD-M: recorded answers agree as displayed, whole accounts are checked, other modes are refused by name."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from marginspec_tools.cli import marginspec
from worlds.venue_files import VECTORS, check, refusal, whys, written

FOLDER = VECTORS / "binance"
BRACKETS = FOLDER / "brackets.json"
AS_DISPLAYED = "equal as displayed"
MULTI_ASSETS = "multi-assets mode is not supported: collateral of several assets has no clause"
INVERSE = {
    "symbol": "BTCUSD_PERP",
    "positionAmt": "1",
    "positionSide": "BOTH",
    "markPrice": "6",
    "liquidationPrice": "0",
}


def recorded(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))


def of_positions(rows: Any) -> Any:
    return [row for row in rows if " bracket " not in row[0] and row[1] not in ("breakEvenPrice", "adl")]


@pytest.mark.parametrize(
    ("name", "price", "exact"),
    [
        ("doge-a", "0.21903766", "0.219037658374…"),
        ("doge-b", "0.19059204", "0.190592040111…"),
        ("agix", "0.88566088", "0.885660882352…"),
        ("blur", "0.54942259", "0.549422588832…"),
    ],
)
def test_recorded_liquidation_prices_agree_as_displayed(name: str, price: str, exact: str) -> None:
    rows, summary = check("binance", FOLDER / f"{name}.json", BRACKETS)
    (first, *_) = [row for row in rows if row[1] == "liquidationPrice"]
    assert first[2:] == (price, exact, AS_DISPLAYED)
    assert (summary["fields"]["differs"], summary["fields"]["undecided by rounding"]) == (0, 0)


def test_both_sides_of_an_isolated_hedge_are_checked() -> None:
    rows, summary = check("binance", FOLDER / "blur.json", BRACKETS)
    assert of_positions(rows) == [
        ("BLURUSDT LONG", "notional", "10.09540000", "10.0954", "equal"),
        ("BLURUSDT LONG", "unRealizedProfit", "-0.00665000", "-0.00665", "equal"),
        ("BLURUSDT LONG", "liquidationPrice", "0.54942259", "0.549422588832…", AS_DISPLAYED),
        ("BLURUSDT LONG", "isolatedMargin", "2.51886250", "2.5188625", "equal"),
        ("BLURUSDT SHORT", "notional", "-20.19080000", "-20.1908", "equal"),
        ("BLURUSDT SHORT", "unRealizedProfit", "0.01540000", "0.0154", "equal"),
        ("BLURUSDT SHORT", "liquidationPrice", "0.88839917", "0.888399172413…", AS_DISPLAYED),
        ("BLURUSDT SHORT", "isolatedMargin", "5.05750448", "5.05750448", "equal"),
    ]
    assert summary == {
        "check": 1,
        "rulebook": "2",
        "venue": "Binance USD-M",
        "read": {"positionRisk": 2, "leverageBracket": 6},
        "empty": [],
        "fields": {"equal": 24, "equal as displayed": 2, "differs": 0, "undecided by rounding": 0, "not checked": 2},
        "notes": [],
    }


def test_maintenance_is_shown_cut_where_the_rules_round_up() -> None:
    rows, _ = check("binance", FOLDER / "comp.json", FOLDER / "comp-config.json", BRACKETS)
    assert of_positions(rows) == [
        ("COMPUSDT SHORT", "notional", "-49.72023376", "-49.72023376", "equal"),
        ("COMPUSDT SHORT", "unRealizedProfit", "21.20817624", "21.20817624", "equal"),
        ("COMPUSDT SHORT", "maintMargin", "0.49720233", "0.4972023376", AS_DISPLAYED),
        ("COMPUSDT SHORT", "positionInitialMargin", "2.48601168", "2.486011688", AS_DISPLAYED),
        ("COMPUSDT SHORT", "liquidationPrice", "2260.56757210", "", "not checked"),
    ]


def test_what_a_position_alone_cannot_say_is_not_checked() -> None:
    assert whys("binance", FOLDER / "comp.json", code=0) == {
        "maintMargin": "needs leverageBracket, for the tiers of COMPUSDT",
        "positionInitialMargin": "needs leverageBracket, for the tiers of COMPUSDT",
        "liquidationPrice": "needs account, for the cash",
        "adl": "depends on all other accounts",
        "breakEvenPrice": "a figure of the venue's own, which no clause has",
    }


def test_margins_of_an_account_answer_alone() -> None:
    rows, _ = check("binance", FOLDER / "btc-account.json", BRACKETS)
    assert of_positions(rows) == [
        ("BTCUSDT BOTH", "notional", "129.58890000", "129.5889", "equal"),
        ("BTCUSDT BOTH", "unrealizedProfit", "0.39540000", "0.3954", "equal"),
        ("BTCUSDT BOTH", "maintMargin", "0.51835560", "0.5183556", "equal"),
        ("BTCUSDT BOTH", "positionInitialMargin", "1.03671120", "1.0367112", "equal"),
    ]


CROSS = [FOLDER / f"cross-{name}.json" for name in ("positions", "account", "config")] + [BRACKETS]


def test_a_cross_account_is_checked_as_a_whole() -> None:
    rows, summary = check("binance", *CROSS)
    assert [row for row in rows if row[1] == "liquidationPrice" or row[0] == "USDT"] == [
        ("ETHUSDT BOTH", "liquidationPrice", "1767.62674371", "1767.626743718592…", AS_DISPLAYED),
        ("BTCUSDT BOTH", "liquidationPrice", "68931.18882454", "68931.188824545816…", AS_DISPLAYED),
        ("USDT", "walletBalance", "500.00000000", "500", "equal"),
        ("USDT", "unrealizedProfit", "-25.30808644", "-25.30808644", "equal"),
        ("USDT", "crossUnPnl", "-25.30808644", "-25.30808644", "equal"),
        ("USDT", "marginBalance", "474.69191356", "474.69191356", "equal"),
        ("USDT", "maintMargin", "31.92345456", "31.9234545678", AS_DISPLAYED),
        ("USDT", "positionInitialMargin", "319.23454567", "319.234545678", AS_DISPLAYED),
        ("USDT", "availableBalance", "155.45736788", "155.457367882", AS_DISPLAYED),
        ("USDT", "maxWithdrawAmount", "155.45736788", "155.457367882", AS_DISPLAYED),
    ]
    assert summary["fields"]["differs"] == 0


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("liquidationPrice", "2260.5", "by +492.873256281407…"),
        ("maintMargin", "19.90123455", "by -0.0000000178"),
        ("unRealizedProfit", "-19.753", "by +0.00008644"),
        ("notional", "3980.24691355", "by -0.00000001"),
    ],
)
def test_a_wrong_figure_differs(tmp_path: Path, field: str, value: str, why: str) -> None:
    positions = recorded("cross-positions")
    positions[0][field] = value
    rows = whys("binance", *written(tmp_path, positions=positions), *CROSS[2:], FOLDER / "cross-account.json", code=1)
    assert rows[field] == why


def test_an_account_of_another_moment_is_not_compared_by_its_marks(tmp_path: Path) -> None:
    account = recorded("cross-account")
    account["positions"][0]["notional"] = "3980.5"
    rows = whys("binance", *written(tmp_path, account=account), CROSS[0], *CROSS[2:])
    moved = "taken at another moment than positionRisk: ETHUSDT BOTH moved in between"
    assert (rows["marginBalance"], rows["availableBalance"]) == (moved, moved)


@pytest.mark.parametrize(
    ("name", "document", "said"),
    [
        (
            "leverageBracket",
            [{"symbol": "ETHUSDT", "notionalCoef": 1.5, "brackets": []}],
            "[0].notionalCoef: brackets multiplied for one user are not supported: ETHUSDT by 1.5",
        ),
        ("account", {"multiAssetsMargin": True, "assets": [], "positions": []}, f"multiAssetsMargin: {MULTI_ASSETS}"),
        (
            "account",
            {
                "assets": [{"asset": "USDC", "marginBalance": "103.12345678", "availableBalance": "126.72469206"}],
                "positions": [],
            },
            f"assets[0].availableBalance: {MULTI_ASSETS}",
        ),
        (
            "account",
            {"uniMMR": "5167.9", "accountEquity": "122607.3"},
            "portfolio margin is not supported: its accounts have other margins than the contracts' own",
        ),
        (
            "positions",
            [INVERSE],
            "[0].symbol: inverse contracts are not supported: BTCUSD_PERP settles in its base asset",
        ),
        ("ticker", {"a": 1}, "no answer of Binance USD-M that is known here has such fields: a"),
        ("ticker", [7], '[0]: no answer of Binance USD-M that is known here: found "7"'),
        (
            "trades",
            [{"symbol": "BUSDT", "id": 1, "orderId": 1, "qty": "1e", "price": "1", "quoteQty": "1", "commission": "0"}],
            '[0].qty: not a number: "1e"',
        ),
    ],
)
def test_what_is_not_supported_or_not_known_is_refused(tmp_path: Path, name: str, document: Any, said: str) -> None:
    assert refusal("binance", *written(tmp_path, **{name: document})) == f"{name}.json: {said}"


def test_a_price_that_depends_on_hidden_digits_is_undecided(tmp_path: Path) -> None:
    # The account's own answer says no entry price, and its profit only to eight digits.
    position = recorded("agix")[0]
    del position["entryPrice"]
    position |= {"positionAmt": "-0.00000013", "notional": "-0.00000005", "unRealizedProfit": "0.00000000"}
    position |= {"isolatedWallet": "0.00000010", "isolatedMargin": "0.00000010"}
    position |= {"liquidationPrice": "1.2"}
    rows, _ = check("binance", *written(tmp_path, positions=[position]), BRACKETS, code=4)
    assert [row[4] for row in rows if row[1] == "liquidationPrice"] == ["undecided by rounding"]


def test_trades_and_forced_orders_are_worth_what_they_say(tmp_path: Path) -> None:
    trade = {"symbol": "BTCUSDT", "id": 7, "orderId": 9, "side": "BUY", "price": "60000.1", "qty": "0.003"}
    trade |= {"quoteQty": "180.0003", "commission": "0.07200012", "commissionAsset": "USDT", "realizedPnl": "0"}
    trade |= {"maker": False, "time": 1, "positionSide": "BOTH"}
    order = {"symbol": "BTCUSDT", "orderId": 6071832819, "clientOrderId": "autoclose-1596107620040000020"}
    order |= {"status": "FILLED", "price": "10871.09", "avgPrice": "10913.21000", "executedQty": "0.001"}
    order |= {"cumQuote": "10.91321"}
    rates = {"symbol": "BTCUSDT", "makerCommissionRate": "0.0002", "takerCommissionRate": "0.0004"}
    rows, _ = check("binance", *written(tmp_path, trades=[trade], orders=[order], rates=rates))
    assert rows == [
        ("BTCUSDT trade 7", "quoteQty", "180.0003", "180.0003", "equal"),
        ("BTCUSDT trade 7", "commission", "0.07200012", "0.07200012", "equal"),
        ("BTCUSDT order 6071832819", "cumQuote", "10.91321", "10.91321", "equal"),
        ("BTCUSDT order 6071832819", "price", "10871.09", "", "not checked"),
        ("BTCUSDT trade 7", "realizedPnl", "0", "", "not checked"),
    ]


def test_nothing_that_can_be_checked_is_inconclusive(tmp_path: Path) -> None:
    stream = {"stream": "key", "data": {"e": "ACCOUNT_UPDATE", "T": 1, "a": {"m": "ORDER", "B": [], "P": []}}}
    funding = {"symbol": "BTCUSDT", "incomeType": "FUNDING_FEE", "income": "-0.01", "asset": "USDT", "time": 1}
    rows, _ = check("binance", *written(tmp_path, stream=stream, income=[funding]), code=4)
    assert rows == [
        ("BTCUSDT funding", "FUNDING_FEE", "-0.01", "", "not checked"),
        ("ACCOUNT_UPDATE", "updates of the account", "1", "", "not checked"),
    ]


FLOOR = {"notionalFloor": 5, "initialLeverage": 9, "maintMarginRatio": 0.05}


def test_tiers_that_no_clause_allows_are_refused_where_they_are_held(tmp_path: Path) -> None:
    broken = [{"symbol": "AGIXUSDT", "brackets": [FLOOR]}, {"symbol": "XUSDT", "brackets": [FLOOR]}]
    brackets = written(tmp_path, brackets=broken)
    rows, _ = check("binance", *brackets, code=4)
    assert rows == [(symbol, "brackets", "a table", "", "not checked") for symbol in ("AGIXUSDT", "XUSDT")]
    said = "brackets.json: [0]: the tiers of AGIXUSDT are not a table of MKT-02"
    assert refusal("binance", *brackets, FOLDER / "agix.json") == said


def test_many_trades_are_shortened_for_people(tmp_path: Path) -> None:
    trade = {"symbol": "BTCUSDT", "orderId": 9, "side": "BUY", "price": "60000.1", "qty": "0.003"}
    trade |= {"quoteQty": "180.0003", "commission": "0.07200012", "commissionAsset": "BNB", "realizedPnl": "0"}
    trade |= {"maker": False, "time": 1, "positionSide": "BOTH"}
    files = written(tmp_path, trades=[{**trade, "id": number} for number in range(41)])
    shown = CliRunner().invoke(marginspec, ["check", "binance", *map(str, files)])
    assert [line.split("  ")[0].strip() for line in shown.stdout.splitlines() if "quoteQty" in line] == [
        *(f"BTCUSDT trade {number}" for number in range(4)),
        "and 37 more",
    ]
    assert shown.stdout.splitlines()[-4:] == [
        "not checked, needs the account's commissionRate: commission",
        "not checked, needs all fills since the position was flat: realizedPnl",
        "read: 41 userTrades",
        "Binance USD-M, rulebook 2: 41 equal, 82 not checked",
    ]


def test_positions_of_one_symbol_are_not_taken_for_all(tmp_path: Path) -> None:
    (one, *_) = recorded("cross-positions")
    said = "BTCUSDT BOTH is open and positionRisk does not show it: export that of all symbols"
    files = [*written(tmp_path, account=recorded("cross-account"), positions=[one]), BRACKETS]
    assert refusal("binance", *files) == f"account.json: positions[1]: {said}"


def test_positions_of_another_moment_are_refused(tmp_path: Path) -> None:
    account = recorded("cross-account")
    account["positions"][1]["positionAmt"] = "-0.051"
    said = "BTCUSDT BOTH has another quantity in positionRisk: export both again, at the same moment"
    files = [*written(tmp_path, account=account), FOLDER / "cross-positions.json"]
    assert refusal("binance", *files) == f"account.json: positions[1]: {said}"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"positionSide": "UP"}, "positionSide: expected one of BOTH, LONG, SHORT, found UP"),
        ({"markPrice": "0"}, "markPrice: must be above zero, found 0"),
        ({"positionSide": "LONG"}, "AGIXUSDT LONG has a quantity of the wrong sign"),
        ({"leverage": "0"}, "leverage: expected a leverage from 1 to 1000, found 0"),
        ({"leverage": "1.5"}, "leverage: expected a whole number, found 1.5"),
        ({"marginType": "mixed"}, "marginType: expected cross or isolated, found mixed"),
        ({"symbol": "AGIX"}, "symbol: the asset that AGIX settles in is not said"),
        ({"symbol": "A:B"}, 'symbol: not a name of a market: "A:B"'),
    ],
)
def test_a_malformed_position_is_refused_with_its_field(tmp_path: Path, change: dict[str, str], said: str) -> None:
    position = {**recorded("agix")[0], **change}
    colon = "." if said[0].islower() else ": "
    assert refusal("binance", *written(tmp_path, positions=[position])) == f"positions.json: [0]{colon}{said}"


def test_contradictions_are_refused(tmp_path: Path) -> None:
    position = recorded("agix")[0]
    config = {"symbol": "AGIXUSDT", "marginType": "CROSSED", "leverage": 1}
    said = "leverage or margin mode of AGIXUSDT is not what another answer says"
    assert refusal("binance", *written(tmp_path, p=[position], config=[config])) == f"p.json: [0]: {said}"
    twice = written(tmp_path, p=[position, position])
    assert refusal("binance", *twice) == "p.json: [1]: a second answer on AGIXUSDT SHORT"
    mixed = written(tmp_path, p=[position, {**position, "positionSide": "BOTH"}])
    assert refusal("binance", *mixed) == "p.json: [1]: AGIXUSDT BOTH: BOTH cannot be mixed with LONG or SHORT"
    marks = [position, {**position, "positionSide": "LONG", "positionAmt": "13", "markPrice": "0.5"}]
    assert (
        refusal("binance", *written(tmp_path, p=marks)) == "p.json: [1]: the two sides of AGIXUSDT have different marks"
    )
    brackets = {"symbol": "XUSDT", "brackets": []}
    tables = written(tmp_path, b=[brackets, brackets])
    # An empty table is none of MKT-02, and is left out.
    assert check("binance", *tables, code=4)[0] == [("XUSDT", "brackets", "a table", "", "not checked")] * 2
