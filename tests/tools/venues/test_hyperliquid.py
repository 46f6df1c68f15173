"""Hyperliquid: recorded answers agree as displayed, and an account's cross positions are checked together."""

import json
from pathlib import Path
from typing import Any

import pytest

from worlds.venue_files import VECTORS, check, refusal, whys, written

FOLDER = VECTORS / "hyperliquid"
META = FOLDER / "meta.json"
AS_DISPLAYED = "equal as displayed"
POSITION = {"coin": "HYPE", "leverage": {"type": "cross", "value": 1}}


def recorded(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))


def test_a_recorded_isolated_position_agrees_as_displayed() -> None:
    rows, summary = check("hyperliquid", FOLDER / "hype.json", META)
    assert rows == [
        ("HYPE", "unrealizedPnl", "-0.006", "-0.006", "equal"),
        ("HYPE", "marginUsed", "7.525754", "7.5257535 to 7.5257545", AS_DISPLAYED),
        ("HYPE", "liquidationPx", "35.8559189474", "35.85591868421… to 35.855919210526…", AS_DISPLAYED),
        ("HYPE", "returnOnEquity", "-0.0007930424", "", "not checked"),
        ("crossMarginSummary", "accountValue", "75.781884", "75.7818835 to 75.7818845", AS_DISPLAYED),
        ("crossMarginSummary", "totalNtlPos", "0.0", "0", "equal"),
        ("crossMarginSummary", "totalMarginUsed", "0.0", "0", "equal"),
        ("marginSummary", "accountValue", "83.307638", "83.307637 to 83.307639", AS_DISPLAYED),
        ("marginSummary", "totalNtlPos", "75.652", "75.652", "equal"),
        ("marginSummary", "totalMarginUsed", "7.525754", "7.5257535 to 7.5257545", AS_DISPLAYED),
        ("cross", "crossMaintenanceMarginUsed", "0.0", "0", "equal"),
        ("cross", "withdrawable", "75.781884", "", "not checked"),
    ]
    assert summary["fields"]["differs"] == 0


def test_a_price_shows_a_digit_of_cash_that_the_cash_does_not() -> None:
    rows, _ = check("hyperliquid", FOLDER / "eth.json", META)
    expected = ("ETH", "liquidationPx", "2866.26936529", "2866.269365294738… to 2866.269395447007…", AS_DISPLAYED)
    assert [row for row in rows if row[1] == "liquidationPx"] == [expected]


def test_a_wrong_liquidation_price_differs(tmp_path: Path) -> None:
    state = recorded("eth")
    state["assetPositions"][0]["position"]["liquidationPx"] = "2866.2700"
    found = whys("hyperliquid", *written(tmp_path, state=state), META, code=1)
    assert found["liquidationPx"] == "by +0.000604552992…"


def cross_state(**shown: str) -> dict[str, Any]:
    """A cross account that holds 1000 APE, entered at their mark of 1, with leverage 3 and 300 of cash."""
    summary = {"totalRawUsd": "-700.0", "totalNtlPos": "1000.0", "totalMarginUsed": "333.333333"}
    summary["accountValue"] = "300.0"
    position: dict[str, Any] = {"coin": "APE", "szi": "1000.0", "entryPx": "1.0", "positionValue": "1000.0"}
    position |= {"unrealizedPnl": "0.0", "leverage": {"type": "cross", "value": 3}, "marginUsed": "333.333333"}
    position |= {"liquidationPx": shown["price"]}
    return {
        "marginSummary": summary,
        "crossMarginSummary": summary,
        "crossMaintenanceMarginUsed": shown["maintenance"],
        "withdrawable": "0.0",
        "assetPositions": [{"type": "oneWay", "position": position}],
    }


def test_a_rate_of_a_sixth_is_between_two_rates(tmp_path: Path) -> None:
    # A sixth of the notional is asked, so 1000 * p - 700 = 1000 * p / 6.
    state = cross_state(price="0.84", maintenance="166.666667")
    rows, summary = check("hyperliquid", *written(tmp_path, state=state), META)
    assert [row for row in rows if row[1] in ("crossMaintenanceMarginUsed", "liquidationPx", "marginUsed")] == [
        ("APE", "marginUsed", "333.333333", "333.33333333333333333333…", AS_DISPLAYED),
        ("APE", "liquidationPx", "0.84", "0.83999999268 to 0.84000000396…", AS_DISPLAYED),
        ("cross", "crossMaintenanceMarginUsed", "166.666667", "166.66666 to 166.66667", AS_DISPLAYED),
    ]
    assert summary["fields"]["differs"] == 0


def test_without_meta_there_are_no_tiers() -> None:
    assert whys("hyperliquid", FOLDER / "hype.json") == {
        "liquidationPx": "needs meta, for the tiers of HYPE",
        "returnOnEquity": "a figure of the venue's own, which no clause has",
        "withdrawable": "the venue keeps a tenth of the notional back, which no clause does",
    }


def test_messages_contexts_and_markets_of_others_are_read(tmp_path: Path) -> None:
    state = json.loads(json.dumps(recorded("hype")).replace("HYPE", "xyz:GOLD"))
    meta = {"universe": [{"name": "xyz:GOLD", "szDecimals": 2, "maxLeverage": 10}], "marginTables": []}
    documents = written(tmp_path, state={"channel": "webData2", "data": state}, meta=[meta, [{"markPx": "1"}]])
    rows, _ = check("hyperliquid", *documents)
    assert [row[0] for row in rows if row[4] == AS_DISPLAYED][:2] == ["xyz.GOLD", "xyz.GOLD"]


def test_an_account_without_positions(tmp_path: Path) -> None:
    state = recorded("hype")
    state["assetPositions"] = []
    totals = {"accountValue": "75.781884", "totalNtlPos": "0.0", "totalRawUsd": "75.781884", "totalMarginUsed": "0.0"}
    state |= {"marginSummary": totals, "crossMarginSummary": totals}
    _, summary = check("hyperliquid", *written(tmp_path, state=state))
    assert summary["fields"]["differs"] == 0


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (
            {"universe": [], "marginTables": [[50]]},
            "marginTables[0]: expected the number of a margin table, and the table",
        ),
        (
            [{"type": "oneWay", "position": {**POSITION, "szi": "3", "positionValue": "10"}}],
            "[0].position.positionValue: its mark is no decimal, so it is not the value of the position at mark",
        ),
        ([{"type": "oneWay", "position": {**POSITION, "szi": "0"}}], "[0].position.szi: a position of nothing"),
        ({"levels": []}, "no answer of Hyperliquid that is known here has such fields: levels"),
        ([{"type": "oneWay", "position": {"coin": "@107", "szi": "1"}}], '[0].position.coin: not a perpetual: "@107"'),
    ],
)
def test_what_is_not_known_is_refused(tmp_path: Path, document: Any, said: str) -> None:
    assert refusal("hyperliquid", *written(tmp_path, state=document)) == f"state.json: {said}"
