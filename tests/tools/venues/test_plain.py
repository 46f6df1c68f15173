"""Plain CSV: every figure that a row gives is checked, to the last digit that it prints."""

from pathlib import Path

import pytest

from worlds.venue_files import check, refusal

TIERS = """\
market,floor,max_leverage,maintenance_rate,deduction
BTCUSDT,0,125,0.004,0
BTCUSDT,50000,100,0.005,50
"""
POSITIONS = """\
market,asset,side,quantity,entry,mark,leverage,notional,unrealised,maintenance,initial,liquidation_price,bankruptcy_price
BTCUSDT,USDT,BOTH,0.5,60000,60000,20,30000,0,120.00,1500,56224.89,56000
"""
BALANCES = """\
asset,cash,equity,maintenance,initial,available,withdrawable
USDT,2000,2000,120,1500,500,500
"""
TRADES = """\
market,side,price,quantity,value,fee,fee_rate
BTCUSDT,buy,60000,0.5,30000,15.00,0.0005
"""


def files(folder: Path, **texts: str) -> list[Path]:
    paths = []
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text, "utf-8")
        paths.append(folder / f"{name}.csv")
    return paths


def test_all_that_rows_give_is_checked(tmp_path: Path) -> None:
    documents = files(tmp_path, tiers=TIERS, positions=POSITIONS, balances=BALANCES, trades=TRADES)
    rows, summary = check("csv", *documents)
    assert rows == [
        ("BTCUSDT BOTH", "notional", "30000", "30000", "equal"),
        ("BTCUSDT BOTH", "unrealised", "0", "0", "equal"),
        ("BTCUSDT BOTH", "maintenance", "120.00", "120", "equal"),
        ("BTCUSDT BOTH", "initial", "1500", "1500", "equal"),
        ("BTCUSDT BOTH", "liquidation_price", "56224.89", "56224.899598393574…", "equal as displayed"),
        ("BTCUSDT BOTH", "bankruptcy_price", "56000", "56000", "equal"),
        ("USDT", "equity", "2000", "2000", "equal"),
        ("USDT", "maintenance", "120", "120", "equal"),
        ("USDT", "initial", "1500", "1500", "equal"),
        ("USDT", "available", "500", "500", "equal"),
        ("USDT", "withdrawable", "500", "500", "equal"),
        ("BTCUSDT trade 1", "value", "30000", "30000", "equal"),
        ("BTCUSDT trade 1", "fee", "15.00", "15", "equal"),
        ("BTCUSDT tier 1", "deduction", "0", "0", "equal"),
        ("BTCUSDT tier 2", "deduction", "50", "50", "equal"),
    ]
    assert summary["venue"] == "plain CSV"


def test_trades_that_no_journal_has_are_told(tmp_path: Path) -> None:
    rows = "time,market,asset,side,price,quantity\n1,BTCUSDT,USDT,buy,1,1\n,BTCUSDT,USDT,buy,1,1\n2,BTCUSDT,,buy,1,1\n"
    _, summary = check("csv", *files(tmp_path, trades=rows), code=4)
    assert summary["notes"] == ["2 of 3 trades say no time or no asset, and are in no journal"]


def test_no_price_is_none(tmp_path: Path) -> None:
    rich = BALANCES.replace("USDT,2000,2000,120,1500,500,500", "USDT,40000,,,,,")
    shown = POSITIONS.replace("56224.89,56000", "0,0")
    rows, _ = check("csv", *files(tmp_path, tiers=TIERS, positions=shown, balances=rich))
    assert [row[1:] for row in rows if row[1].endswith("_price")] == [
        ("liquidation_price", "none", "none", "equal"),
        ("bankruptcy_price", "none", "none", "equal"),
    ]


def test_an_isolated_hedge(tmp_path: Path) -> None:
    # 60,000 * 0.5 less 2,000 of cash is 28,000: at 56,000 nothing is left of the long, at 64,000 of the short.
    text = """\
market,asset,side,quantity,entry,mark,leverage,margin_mode,cash,equity,bankruptcy_price
BTCUSDT,USDT,LONG,0.5,60000,60100,20,isolated,2000,2050,56000
BTCUSDT,USDT,SHORT,-0.5,60000,60100,20,isolated,2000,1950,64000
BTCUSDT,USDT,BOTH,0,0,60100,20,isolated,,,
"""
    rows, _ = check("csv", *files(tmp_path, positions=text))
    assert rows == [
        ("BTCUSDT LONG", "equity", "2050", "2050", "equal"),
        ("BTCUSDT LONG", "bankruptcy_price", "56000", "56000", "equal"),
        ("BTCUSDT SHORT", "equity", "1950", "1950", "equal"),
        ("BTCUSDT SHORT", "bankruptcy_price", "64000", "64000", "equal"),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (POSITIONS.replace("BOTH", "UP"), "2: side: expected one of BOTH, LONG, SHORT, found UP"),
        (POSITIONS.replace("BTCUSDT", "BTC:USDT"), '2: market: not a name of a market: "BTC:USDT"'),
        (POSITIONS + POSITIONS.splitlines()[1], "3: a second answer on BTCUSDT BOTH"),
        (TIERS.replace("0.005", "0.003"), "2: the tiers of BTCUSDT are not a table of MKT-02"),
        (
            POSITIONS.replace(",leverage", ",margin_mode").replace(",20,", ",mixed,"),
            '2: margin_mode: expected cross or isolated, found "mixed"',
        ),
        (BALANCES.replace("USDT", "US DT"), '2: asset: not a name of an asset: "US DT"'),
        ("a,b\n1,2\n", "2: no answer of plain CSV that is known here has such fields: a, b"),
    ],
)
def test_what_is_malformed_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    assert refusal("csv", *files(tmp_path, rows=text)) == f"rows.csv:{said}"
