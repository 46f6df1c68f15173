"""import: questions that calc answers, states that replay takes, journals that audit compares with what was seen."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from marginspec_journal import InputError
from marginspec_tools.cli import marginspec
from worlds.venue_files import VECTORS, audited, check, imported, whys, written

FOLDER = VECTORS / "binance"
BEGINS = (
    "USDT: 1000 is put in at the beginning, in no file: it is the cash at the end, 1097.35, less what fills, funding "
    "and payments come to, 97.35; money that the files lack would be in it, unseen"
)
CROSS = [FOLDER / f"{name}.json" for name in ("cross-positions", "cross-account", "cross-config", "brackets")]


def run(*arguments: Any) -> Any:
    return CliRunner().invoke(marginspec, [str(argument) for argument in arguments])


def lines(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


def test_questions_are_answered(tmp_path: Path) -> None:
    questions = tmp_path / "questions.json"
    made = run("import", "binance", *CROSS, "--questions", questions, "--json")
    assert lines(made.stdout) == [
        {"import": 1, "venue": "Binance USD-M", "written": {"questions": str(questions)}, "notes": [], "audit": None}
    ]
    answers = {one["id"]: one for one in lines(run("calc", questions).stdout)}
    assert [answers[f"{market} BOTH band"] for market in ("BTCUSDT", "ETHUSDT")] == [
        {
            "calc": 1,
            "rulebook": "2",
            "id": "BTCUSDT BOTH band",
            "kind": "band",
            "liquidation_price_below": None,
            "liquidation_price_above": "68931.188825",
        },
        {
            "calc": 1,
            "rulebook": "2",
            "id": "ETHUSDT BOTH band",
            "kind": "band",
            "liquidation_price_below": "1767.62674372",
            "liquidation_price_above": None,
        },
    ]
    assert answers["ETHUSDT BOTH maintenance"]["maintenance"] == "31.92345457"


def test_an_opening_state_breaks_no_invariant_and_its_journal_agrees(tmp_path: Path) -> None:
    state, journal = tmp_path / "state.json", tmp_path / "day.jsonl"
    made = run("import", "binance", *CROSS, "--state", state, "--journal", journal)
    options = "--tolerance pnl=0.00000005 --tolerance margin=0.00000005 --tolerance price=0.00000103"
    audit = f"marginspec audit {journal} --from {state} --subset others --report report/ {options}"
    told = [f"state: {state}, 119 lines", f"journal: {journal}, 3 lines", f"audit: {audit}"]
    assert made.stdout.splitlines() == told
    replayed = run("replay", journal, "--from", state, "--check", "--json")
    totals = json.loads(replayed.stdout)
    assert (totals["accepted"], totals["rejected"], totals["invariants"]) == (2, 0, "hold")
    assert audited(audit, tmp_path) == []
    # Of every kind of figure that the files show.
    *_, last = lines(journal.read_text("utf-8"))
    assert last["observed"] == {
        "accepted": True,
        "ledger": {"wallet:account:USDT": "500"},
        "positions": {
            "account:BTCUSDT:BOTH": {
                "quantity": "-0.05",
                "margin_mode": "cross",
                "leverage": 25,
                "entry_price": "60000",
                "unrealised": "-5.555",
                "maintenance": "12.02222",
                "initial": "120.2222",
                "liquidation_price": "68931.18882454",
                "adl": 1,
            },
            "account:ETHUSDT:BOTH": {
                "quantity": "2",
                "margin_mode": "cross",
                "leverage": 20,
                "entry_price": "2000",
                "unrealised": "-19.75308644",
                "maintenance": "19.90123456",
                "initial": "199.01234567",
                "liquidation_price": "1767.62674371",
                "adl": 1,
            },
        },
        "domains": {
            "account:USDT": {"equity": "474.69191356", "maintenance": "31.92345456", "initial": "319.23454567"}
        },
    }


@pytest.mark.rule("MRG-04", "MRG-07")
@pytest.mark.parametrize(
    ("field", "wrong", "clause", "what"),
    [
        ("maintMargin", "19.90123466", "MRG-04", "maintenance"),
        ("positionInitialMargin", "199.01234577", "MRG-02", "initial"),
        ("unRealizedProfit", "-19.75308654", "ACC-03", "unrealised"),
        ("liquidationPrice", "1767.62664371", "MRG-07", "liquidation price"),
    ],
)
def test_a_wrong_figure_is_found_beyond_the_noted_tolerances(
    field: str, wrong: str, clause: str, what: str, tmp_path: Path
) -> None:
    positions = json.loads(CROSS[0].read_text("utf-8"))
    (changed,) = [one for one in positions if one["symbol"] == "ETHUSDT"]
    changed[field] = wrong
    files = [*written(tmp_path, positions=positions), *CROSS[1:]]
    state, journal = tmp_path / "state.json", tmp_path / "day.jsonl"
    made = imported("binance", *files, state=state, journal=journal)
    assert [one[:2] for one in audited(made.audit, tmp_path)] == [(clause, what)]


def test_sums_of_another_moment_are_not_told(tmp_path: Path) -> None:
    account = json.loads(CROSS[1].read_text("utf-8"))
    for row in account["positions"]:
        row["notional"] = str(float(row["notional"]) * 2)
    files = [CROSS[0], *written(tmp_path, account=account), *CROSS[2:]]
    made = imported("binance", *files, state=tmp_path / "s.json", journal=tmp_path / "j.jsonl")
    assert sorted(made.last["observed"]) == ["accepted", "ledger", "positions"]


@pytest.mark.parametrize("name", ["blur", "doge-a"])
def test_isolated_and_hedged_positions_become_a_state(tmp_path: Path, name: str) -> None:
    state, journal = tmp_path / "state.json", tmp_path / "day.jsonl"
    files = FOLDER / f"{name}.json", FOLDER / "brackets.json"
    made = imported("binance", *files, state=state, journal=journal)
    totals = json.loads(run("replay", journal, "--from", state, "--check", "--json").stdout)
    assert (totals["accepted"], totals["rejected"], totals["invariants"]) == (1, 0, "hold")
    assert audited(made.audit, tmp_path) == []


def test_what_is_rounded_is_said(tmp_path: Path) -> None:
    position = json.loads((FOLDER / "agix.json").read_text("utf-8"))[0]
    position |= {"positionAmt": "-0.013", "notional": "-0.005876", "unRealizedProfit": "-0.00000260"}
    position |= {"markPrice": "0.45200001", "isolatedWallet": "0.00587046", "entryPrice": "0.4518"}
    position |= {"isolatedMargin": "0.00586785", "liquidationPrice": "0.88566063"}
    files = [*written(tmp_path, positions=[position]), FOLDER / "brackets.json"]
    made = run("import", "binance", *files, "--questions", tmp_path / "q.json", "--json")
    digits = "mark and quantity have 8 and 3 decimals, more than the 8 that NUM-01 allows them together"
    assert json.loads(made.stdout)["notes"] == [
        f"AGIXUSDT SHORT: {digits}; they are compared in finer quanta, unrounded",
        "AGIXUSDT mark: 0.45200001 rounded down to 0.452",
    ]


@pytest.mark.rule("NUM-01")
@pytest.mark.parametrize(
    ("profit", "said", "found"),
    [
        # Cut to eight digits.
        ("-0.02700067", [], []),
        # Less than what the rounding of the mark comes to, so that the audit cannot see it.
        ("-0.02700050", ["differs by +0.000000175"], []),
        ("-0.02700120", ["differs by -0.000000525"], [("ACC-03", "unrealised", "-0.02700000", "-0.0270012")]),
    ],
)
def test_no_verdict_hangs_on_what_is_rounded(
    profit: str, said: list[str], found: list[tuple[str, str, str, str]], tmp_path: Path
) -> None:
    # At 0.45200005 the PnL is -0.027000675; the journal has 0.452, since the quantity leaves it seven digits.
    position = json.loads((FOLDER / "agix.json").read_text("utf-8"))[0]
    position |= {"positionAmt": "-13.5", "entryPrice": "0.45", "markPrice": "0.45200005", "notional": "-6.10200067"}
    position |= {"isolatedWallet": "6.1", "unRealizedProfit": profit, "liquidationPrice": "0.8841685"}
    files = [*written(tmp_path, positions=[position]), FOLDER / "brackets.json"]
    state, journal = tmp_path / "s.json", tmp_path / "j.jsonl"
    made = imported("binance", *files, state=state, journal=journal)
    told = [f"before anything is rounded: AGIXUSDT SHORT unRealizedProfit {one}" for one in said]
    assert [one for one in made.notes if "unRealizedProfit" in one] == told
    figures = [one for one in audited(made.audit, tmp_path) if one[1] == "unrealised"]
    assert figures == found


# ----------------------------------------------------------------- journals of what happened


def trade(number: int, side: str, price: str, quantity: str, fee: str, time: int) -> dict[str, Any]:
    fields = {"symbol": "ETHUSDT", "id": number, "orderId": number, "side": side, "price": price, "qty": quantity}
    fields |= {"quoteQty": str(int(price) * int(quantity)), "commission": fee}
    fields |= {"realizedPnl": "100" if side == "SELL" else "0"}
    return {**fields, "commissionAsset": "USDT", "positionSide": "BOTH", "maker": False, "time": time}


def history(**changes: Any) -> dict[str, Any]:
    """1000 in cash buys 2 at 2000, sells 1 at 2100, pays funding, and has 1097.35 and a position of 1 left."""
    shown = {"m": "ORDER", "B": [{"a": "USDT", "cw": "1097.56"}], "P": [{"s": "ETHUSDT", "ps": "BOTH", "pa": "1"}]}
    update = {"e": "ACCOUNT_UPDATE", "T": 2000, "a": shown}
    income = {"symbol": "ETHUSDT", "asset": "USDT", "tranId": "f1", "incomeType": "FUNDING_FEE"}
    position = {"symbol": "ETHUSDT", "positionSide": "BOTH", "positionAmt": "1", "entryPrice": "2000.0"}
    position |= {"markPrice": "2100.00000000", "unRealizedProfit": "100", "liquidationPrice": "907.18592964"}
    position |= {"notional": "2100", "marginAsset": "USDT", "isolatedWallet": "0"}
    asset = {"asset": "USDT", "walletBalance": "1097.35", "crossWalletBalance": "1097.35"}
    documents = {
        "trades": [trade(1, "BUY", "2000", "2", "1.6", 1000), trade(2, "SELL", "2100", "1", "0.84", 2000)],
        "income": [
            {**income, "income": "-0.21", "time": 3000},
            {**income, "incomeType": "REALIZED_PNL", "income": "100", "time": 2000},
        ],
        "rates": [{"symbol": "ETHUSDT", "fundingRate": "0.0001", "fundingTime": 3001, "markPrice": "2100"}],
        "updates": [update],
        "positions": [position],
        "account": {"assets": [asset], "positions": []},
        "config": [{"symbol": "ETHUSDT", "marginType": "CROSSED", "leverage": 20}],
    }
    return {**documents, **changes}


def journal_of(folder: Path, **changes: Any) -> Any:
    files = [*written(folder, **history(**changes)), FOLDER / "brackets.json"]
    return run("import", "binance", *files, "--journal", folder / "day.jsonl", "--force")


def test_a_history_becomes_a_journal_with_what_was_seen(tmp_path: Path) -> None:
    made = journal_of(tmp_path)
    journal = tmp_path / "day.jsonl"
    options = "--tolerance balance=0.00000004 --tolerance pnl=0.00000006 --tolerance price=0.00000011"
    audit = f"marginspec audit {journal} --subset others --report report/ {options}"
    assert made.stdout.splitlines() == [f"note: {BEGINS}", f"journal: {journal}, 11 lines", f"audit: {audit}"]
    header, listed, *rest = lines((tmp_path / "day.jsonl").read_text("utf-8"))
    at = [f"1970-01-01T00:00:0{second}.000Z" for second in range(4)]
    fill = {"type": "trade", "market": "ETHUSDT"}
    seen = {"ledger": {"wallet:account:USDT": "1097.56"}, "positions": {"account:ETHUSDT:BOTH": {"quantity": "1"}}}
    held = {
        "account:ETHUSDT:BOTH": {
            "quantity": "1",
            "margin_mode": "cross",
            "leverage": 20,
            "entry_price": "2000",
            "unrealised": "100",
            "liquidation_price": "907.18592964",
        }
    }
    assert header == {"journal": 1, "rulebook": "2"}
    assert (listed["type"], listed["price_decimals"], listed["quantity_decimals"]) == ("list_market", 8, 0)
    assert rest == [
        {"type": "deposit", "account": "others", "asset": "USDT", "amount": "1000000000"},
        {"type": "deposit", "account": "account", "asset": "USDT", "amount": "1000"},
        {"type": "set_leverage", "account": "account", "market": "ETHUSDT", "leverage": 20},
        {"type": "mark_price", "market": "ETHUSDT", "price": "2000", "ts": at[1]},
        {**fill, "price": "2000", "quantity": "2", "buyer": "account", "seller": "others", "taker": "buyer",
         "buyer_fee": "1.6", "seller_fee": "0", "observed": {"accepted": True}, "ts": at[1], "ref": "1"},
        {"type": "mark_price", "market": "ETHUSDT", "price": "2100", "ts": at[2]},
        {**fill, "price": "2100", "quantity": "1", "seller": "account", "buyer": "others", "taker": "seller",
         "seller_fee": "0.84", "buyer_fee": "0", "observed": {"accepted": True, **seen}, "ts": at[2], "ref": "2"},
        {"type": "funding", "market": "ETHUSDT", "rate": "0.0001", "ts": at[3], "ref": "f1"},
        {"type": "mark_price", "market": "ETHUSDT", "price": "2100",
         "observed": {"accepted": True, "ledger": {"wallet:account:USDT": "1097.35"}, "positions": held}},
    ]  # fmt: skip
    assert audited(audit, tmp_path) == []


@pytest.mark.rule("ACC-02")
def test_the_entry_that_an_update_shows_is_compared(tmp_path: Path) -> None:
    update = history()["updates"][0]
    update["a"]["P"][0] |= {"ep": "2000.5", "up": "99"}
    unheard, _, _, audit = journal_of(tmp_path, updates=[update]).stdout.splitlines()
    assert unheard == (
        "note: unrealised PnL in updates of the account (up) cannot be had: it is at a mark that no update says"
    )
    assert audited(audit.removeprefix("audit: "), tmp_path) == [("ACC-02", "entry price", "2000", "2000.5")]


def test_a_recorded_stream_tells_the_fills_too(tmp_path: Path) -> None:
    def update(number: int, side: str, price: str, size: str, fee: str, profit: str) -> dict[str, Any]:
        order = {"s": "ETHUSDT", "S": side, "x": "TRADE", "l": size, "L": price, "n": fee, "N": "USDT", "t": number}
        return {"e": "ORDER_TRADE_UPDATE", "T": number * 1000, "o": {**order, "ps": "BOTH", "m": False, "rp": profit}}

    trades = journal_of(tmp_path)
    told = (tmp_path / "day.jsonl").read_text("utf-8")
    stream = [update(1, "BUY", "2000", "2", "1.6", "0"), update(2, "SELL", "2100", "1", "0.84", "100")]
    # Those that are among the trades too are told once.
    present: list[Any]
    for present in ([], history()["trades"]):
        journal_of(tmp_path, trades=present, orders=stream)
        assert (trades.exit_code, (tmp_path / "day.jsonl").read_text("utf-8")) == (0, told)


def test_a_balance_that_does_not_follow_is_a_finding(tmp_path: Path) -> None:
    update = history()["updates"][0]
    update["a"]["B"][0]["cw"] = "1097.55"
    *_, audit = journal_of(tmp_path, updates=[update]).stdout.splitlines()
    ((_, _, *values),) = audited(audit.removeprefix("audit: "), tmp_path)
    assert values == ["1097.56000000", "1097.55"]


def test_fills_of_hyperliquid_say_the_position_after_each(tmp_path: Path) -> None:
    fill = {"coin": "HYPE", "fee": "0.02", "crossed": True, "oid": 1, "closedPnl": "0.0", "hash": "0x1"}
    fills = [
        {**fill, "px": "37.829", "sz": "3.0", "side": "B", "startPosition": "0.0", "tid": 1, "time": 1000},
        {**fill, "px": "38", "sz": "1.0", "side": "A", "startPosition": "3.0", "tid": 2, "time": 2000},
    ]
    ledger = [{"time": 500, "hash": "0x2", "delta": {"type": "deposit", "usdc": "50.0"}}]
    folder = VECTORS / "hyperliquid"
    files = [*written(tmp_path, fills=fills, ledger=ledger), folder / "hype.json", folder / "meta.json"]
    made = run("import", "hyperliquid", *files, "--journal", tmp_path / "day.jsonl")
    assert made.exit_code == 0, made.output
    told = lines((tmp_path / "day.jsonl").read_text("utf-8"))
    observed = [line["observed"]["positions"] for line in told if line.get("type") == "trade"]
    assert observed == [{"account:HYPE:BOTH": {"quantity": text}} for text in ("3", "2")]


def test_trades_of_plain_csv_become_a_journal(tmp_path: Path) -> None:
    texts = {
        "tiers": "market,floor,max_leverage,maintenance_rate\nBTCUSDT,0,125,0.004\n",
        "balances": "asset,cash\nUSDT,1099.91\n",
        "trades": "time,market,asset,side,price,quantity,fee\n"
        "1000,BTCUSDT,USDT,buy,60000,0.1,0.03\n2000,BTCUSDT,USDT,sell,61000,0.1,0.06\n",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.csv").write_text(text, "utf-8")
    files = [tmp_path / f"{name}.csv" for name in texts]
    made = run("import", "csv", *files, "--journal", tmp_path / "day.jsonl")
    assert made.exit_code == 0, made.output
    told = lines((tmp_path / "day.jsonl").read_text("utf-8"))
    assert {"type": "deposit", "account": "account", "asset": "USDT", "amount": "1000"} in told
    totals = json.loads(run("replay", tmp_path / "day.jsonl", "--check", "--json").stdout)
    assert (totals["rejected"], totals["invariants"]) == (0, "hold")


TRANSFER = {"symbol": "", "incomeType": "TRANSFER", "income": "1000", "asset": "USDT", "tranId": "t1", "time": 500}


@pytest.mark.rule("ACC-01")
@pytest.mark.parametrize("isolated", [False, True])
def test_settings_come_after_the_deposit_that_opens_the_account(isolated: bool, tmp_path: Path) -> None:
    # All that the account began with is in the income, so that nothing is put in before it.
    income = [*history()["income"], TRANSFER]
    changes: dict[str, Any] = {"income": income, "trades": history()["trades"][:1], "rates": [], "updates": []}
    (position,) = history()["positions"]
    position |= {"positionAmt": "2", "notional": "4200", "unRealizedProfit": "200", "liquidationPrice": "0"}
    config = [{"symbol": "ETHUSDT", "marginType": "ISOLATED" if isolated else "CROSSED", "leverage": 25}]
    cash = {"walletBalance": "998.19", "crossWalletBalance": "998.19"}
    if isolated:
        position |= {"isolatedWallet": "160", "isolatedMargin": "360", "liquidationPrice": "1929.64824120"}
        cash["crossWalletBalance"] = "838.19"
    else:
        position["liquidationPrice"] = "1508.44723618"
    account = {"assets": [{"asset": "USDT", **cash}], "positions": []}
    made = journal_of(tmp_path, **changes, positions=[position], config=config, account=account)
    assert made.exit_code == 0, made.output
    told = lines((tmp_path / "day.jsonl").read_text("utf-8"))
    kinds = [line["type"] for line in told[2:]]
    settings = ["set_margin_mode", "set_leverage"] if isolated else ["set_leverage"]
    assert kinds == ["deposit", "deposit", *settings, "mark_price", "trade", "withdraw", "mark_price"]
    # Only funding without its rate is missing in the isolated cash, and then in both domains.
    *_, audit = made.stdout.splitlines()
    assert audited(audit.removeprefix("audit: "), tmp_path) == []


@pytest.mark.parametrize("leverage", [20, 2])
def test_funding_that_the_rules_cannot_take_as_a_withdrawal_is_said(leverage: int, tmp_path: Path) -> None:
    # At leverage 2 the position of 2 ties all of the cash but what its fee leaves, and the funding is more than that.
    trades = history()["trades"][:1]
    fields = {"positionAmt": "2", "notional": "4000", "markPrice": "2000", "unRealizedProfit": "0"}
    position = history()["positions"][0] | fields | {"liquidationPrice": "1"}
    cash = {"asset": "USDT", "walletBalance": "1999.95", "crossWalletBalance": "1999.95"}
    changes: dict[str, Any] = {"trades": trades, "positions": [position], "rates": [], "updates": []}
    changes["config"] = [{"symbol": "ETHUSDT", "marginType": "CROSSED", "leverage": leverage}]
    changes["account"] = {"assets": [cash], "positions": []}
    made = journal_of(tmp_path, **changes)
    if leverage == 20:
        assert made.exit_code == 0
    else:
        said = "nothing is written, since the rules refuse its withdraw: INSUFFICIENT_BALANCE; it is funding, which "
        said += "without its rate and mark is told as a withdrawal"
        assert str(made.exception) == f"{tmp_path / 'day.jsonl'}:8: {said}"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        # Above what the first tier allows.
        (
            {"config": [{"symbol": "ETHUSDT", "marginType": "CROSSED", "leverage": 120}]},
            "5: nothing is written, since the rules refuse its set_leverage of ETHUSDT: INVALID_LEVERAGE",
        ),
        # The only money comes after the first fill.
        (
            {"income": [*history()["income"], {**TRANSFER, "time": 1500}]},
            "5: nothing is written, since the rules refuse its trade of ETHUSDT: UNKNOWN_ACCOUNT",
        ),
    ],
)
def test_a_journal_that_the_rules_refuse_is_not_written(changes: Any, said: str, tmp_path: Path) -> None:
    refused = journal_of(tmp_path, **changes)
    assert isinstance(refused.exception, InputError)
    assert str(refused.exception) == f"{tmp_path / 'day.jsonl'}:{said}"
    assert not (tmp_path / "day.jsonl").exists()


def test_what_the_venue_accepted_and_the_rules_refuse_is_for_the_audit(tmp_path: Path) -> None:
    # Of 1097.56 in cash 105 are margin, which no profit is for: the rules let no more than 992.56 be taken out.
    gone = [{**TRANSFER, "income": "-1050", "time": 2500}, {**TRANSFER, "income": "1050", "time": 2600}]
    made = journal_of(tmp_path, income=[*history()["income"], *gone])
    assert made.exit_code == 0, made.output
    *_, audit = made.stdout.splitlines()
    ((clause, what, *values), *_) = audited(audit.removeprefix("audit: "), tmp_path)
    assert (clause, what, values) == ("MRG-06", "answer", ["INSUFFICIENT_BALANCE", "accepted"])


# ----------------------------------------------------------------- what the files do not explain


def test_money_that_no_file_shows_is_said(tmp_path: Path) -> None:
    short = {**TRANSFER, "income": "900"}
    files = written(tmp_path, **history(income=[*history()["income"], short]))
    follows = "it is the cash at the end, 1097.35, less what fills, funding and payments come to, 997.35"
    rows, _ = check("binance", *files)
    assert ("USDT", "cash at the beginning", "100", "", "not checked") in rows
    assert whys("binance", *files)["cash at the beginning"] == f"in no file: {follows}"
    note, *_ = journal_of(tmp_path, income=[*history()["income"], short]).stdout.splitlines()
    unseen = "money that the files lack would be in it, unseen"
    assert note == f"note: USDT: 100 is put in at the beginning, in no file: {follows}; {unseen}"


def test_money_that_went_out_and_no_file_shows_is_said(tmp_path: Path) -> None:
    income = [*history()["income"], {**TRANSFER, "income": "1100"}]
    reason = (
        "below zero, so that something which was paid out is in no file: it is the cash at the end, 1097.35, less what "
        "fills, funding and payments come to, 1197.35"
    )
    assert whys("binance", *written(tmp_path, **history(income=income)))["cash at the beginning"] == reason
    refused = journal_of(tmp_path, income=income)
    assert str(refused.exception) == (
        f"Binance USD-M: the cash in USDT at the beginning is {reason}; see what check says of the same files"
    )


def test_a_commission_that_income_and_a_fill_tell_otherwise_differs(tmp_path: Path) -> None:
    income = {"symbol": "ETHUSDT", "incomeType": "COMMISSION", "asset": "USDT", "tranId": "c", "time": 1000}
    rows = [
        {**income, "income": "-1.50000000", "tradeId": "1"},
        {**income, "income": "-0.84000000", "tradeId": "2"},
        {**income, "income": "-3", "tradeId": "7"},
        {**income, "incomeType": "REALIZED_PNL", "income": "100", "tradeId": "2"},
    ]
    files = written(tmp_path, **history(income=rows))
    found, _ = check("binance", *files, code=1)
    assert [row for row in found if row[1] in ("COMMISSION", "REALIZED_PNL")] == [
        ("ETHUSDT trade 1", "COMMISSION", "-1.50000000", "-1.6", "differs"),
        ("ETHUSDT trade 2", "COMMISSION", "-0.84000000", "-0.84", "equal"),
        ("income", "COMMISSION", "1", "", "not checked"),
        ("ETHUSDT trade 2", "REALIZED_PNL", "100", "100", "equal"),
    ]
    note, *_ = journal_of(tmp_path, income=rows).stdout.splitlines()
    assert note == "note: before anything is rounded: ETHUSDT trade 1 COMMISSION differs by +0.1"


def test_a_commission_in_another_asset_than_the_fill_s_differs(tmp_path: Path) -> None:
    paid = {"symbol": "ETHUSDT", "incomeType": "COMMISSION", "asset": "BNB", "tranId": "c", "time": 1000}
    rows = [{**paid, "income": "-0.002", "tradeId": "1"}]
    found, _ = check("binance", *written(tmp_path, **history(income=rows)), code=1)
    assert [row for row in found if row[1] == "COMMISSION"] == [
        ("ETHUSDT trade 1", "COMMISSION", "-0.002", "0", "differs")
    ]


def test_import_names_whatever_check_does_not_agree_with(tmp_path: Path) -> None:
    trades = history()["trades"]
    trades[0] |= {"realizedPnl": "12.5", "quoteQty": "4001"}
    brackets = json.loads((FOLDER / "brackets.json").read_text("utf-8"))
    (table,) = [one for one in brackets if one["symbol"] == "BTCUSDT"]
    table["brackets"][1]["cum"] = "49"
    files = written(tmp_path, **history(trades=trades), brackets=brackets)
    made = run("import", "binance", *files, "--journal", tmp_path / "day.jsonl", "--json")
    notes = [one for one in json.loads(made.stdout)["notes"] if one.startswith("before")]
    rows, _ = check("binance", *files, code=1)
    assert notes == [
        "before anything is rounded: ETHUSDT trade 1 quoteQty differs by +1",
        "before anything is rounded: ETHUSDT trade 1 realizedPnl differs by +12.5",
        "before anything is rounded: BTCUSDT bracket 2 cum differs by -1",
    ]
    assert len(notes) == len([row for row in rows if row[4] == "differs"])


def test_a_hedge_opens_its_own_sides(tmp_path: Path) -> None:
    trades = [
        {**trade(1, "BUY", "2000", "2", "0", 1000), "positionSide": "LONG"},
        {**trade(2, "SELL", "2000", "1", "0", 2000), "positionSide": "SHORT"},
        {**trade(3, "SELL", "2000", "2", "0", 3000), "positionSide": "LONG"},
        {**trade(4, "BUY", "2000", "1", "0.5", 4000), "positionSide": "SHORT", "commissionAsset": "BNB"},
    ]
    made = journal_of(tmp_path, trades=trades, positions=[], income=[], updates=[])
    assert made.exit_code == 0, made.output
    told = lines((tmp_path / "day.jsonl").read_text("utf-8"))
    assert {"type": "set_position_mode", "account": "account", "mode": "hedge"} in told
    sides = [(line.get("buyer_side"), line.get("seller_side")) for line in told if line.get("type") == "trade"]
    assert sides == [("LONG", None), (None, "SHORT"), (None, "LONG"), ("SHORT", None)]
    totals = json.loads(run("replay", tmp_path / "day.jsonl", "--check", "--json").stdout)
    assert (totals["rejected"], totals["invariants"]) == (0, "hold")


def test_money_that_comes_and_goes_is_booked(tmp_path: Path) -> None:
    changes = [
        ("1", {"type": "deposit", "usdc": "50.0"}),
        ("2", {"type": "withdraw", "usdc": "9.0", "fee": "1.0"}),
        ("3", {"type": "accountClassTransfer", "usdc": "5.0", "toPerp": False}),
        ("4", {"type": "funding", "usdc": "-0.25", "coin": "HYPE", "szi": "2.0", "fundingRate": "0.00001"}),
    ]
    ledger = [{"time": 500 + int(number), "hash": number, "delta": delta} for number, delta in changes]
    fill: dict[str, Any] = {"coin": "HYPE", "fee": "0", "crossed": True, "startPosition": "0.0", "tid": 1, "time": 1000}
    fill |= {"px": "37.829", "sz": "2.0", "side": "B"}
    fills = [fill, {**fill, "coin": "@107"}]
    folder = VECTORS / "hyperliquid"
    files = [*written(tmp_path, fills=fills, ledger=ledger), folder / "hype.json", folder / "meta.json"]
    made = run("import", "hyperliquid", *files, "--journal", tmp_path / "day.jsonl")
    assert made.exit_code == 0, made.output
    told = lines((tmp_path / "day.jsonl").read_text("utf-8"))
    booked = [(line["type"], line["amount"]) for line in told if "ref" in line and "amount" in line]
    assert booked == [("deposit", "50"), ("withdraw", "10"), ("withdraw", "5"), ("withdraw", "0.25")]


# ----------------------------------------------------------------- refusals


def test_what_is_to_be_written_must_be_named() -> None:
    assert "name what to write: --questions, --state or --journal" in run("import", "binance", *CROSS).output


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (["cross-positions", "cross-account", "cross-config"], "leverageBracket, for the tiers of BTCUSDT and ETHUSDT"),
        (["cross-positions", "cross-config", "brackets"], "account, for the cash"),
        (
            ["comp", "cross-brackets"],
            (
                f"leverageBracket, for the tiers of COMPUSDT ({FOLDER / 'cross-brackets.json'} has none that could "
                "be used); symbolConfig, or positionRisk v2, for the leverage in COMPUSDT; account, for the cash"
            ),
        ),
    ],
)
def test_what_is_missing_is_named_and_nothing_is_written(tmp_path: Path, files: list[str], said: str) -> None:
    paths = [FOLDER / f"{name}.json" for name in files]
    made = [tmp_path / "questions.json", tmp_path / "state.json"]
    refused = run("import", "binance", *paths, "--questions", made[0], "--state", made[1])
    assert isinstance(refused.exception, InputError)
    assert str(refused.exception) == f"Binance USD-M: needs {said}"
    assert list(tmp_path.iterdir()) == []


def test_fills_that_do_not_explain_the_position_are_refused(tmp_path: Path) -> None:
    refused = journal_of(tmp_path, trades=history()["trades"][1:])
    said = "the fills of ETHUSDT BOTH come to -1 and the position is 1: export all fills since it was flat"
    assert str(refused.exception) == f"Binance USD-M: {said}"
    assert not (tmp_path / "day.jsonl").exists()


def test_a_position_without_any_fill_is_refused(tmp_path: Path) -> None:
    other = {**history()["positions"][0], "symbol": "BTCUSDT"}
    config = [{"symbol": name, "marginType": "CROSSED", "leverage": 20} for name in ("ETHUSDT", "BTCUSDT")]
    refused = journal_of(tmp_path, positions=[*history()["positions"], other], config=config)
    said = "there are no fills of BTCUSDT BOTH and the position is 1: export all fills since it was flat"
    assert str(refused.exception) == f"Binance USD-M: {said}"


def test_pages_that_overlap_are_refused(tmp_path: Path) -> None:
    # What is there twice would cancel out in the position, and not in the cash.
    trades = [*history()["trades"], *(trade(number, side, "2000", "1", "0", 1500) for number, side in PAIR * 2)]
    refused = journal_of(tmp_path, trades=trades)
    assert str(refused.exception) == "Binance USD-M: trade 8 of ETHUSDT is there twice: leave out what overlaps"
    for income, what in ((TRANSFER, "TRANSFER t1"), (history()["income"][0], "funding f1 of ETHUSDT")):
        refused = journal_of(tmp_path, income=[income, *history()["income"], income])
        assert str(refused.exception) == f"Binance USD-M: {what} is there twice: leave out what overlaps"
    # Both sides of a trade with itself have the same number.
    trades = [*history()["trades"], *(trade(7, side, "2000", "1", "0", 1500) for _, side in PAIR)]
    assert journal_of(tmp_path, trades=trades).exit_code == 0


PAIR = [(7, "SELL"), (8, "BUY")]


def test_a_state_and_a_journal_of_fills_do_not_fit_each_other(tmp_path: Path) -> None:
    files = [*written(tmp_path, **history()), FOLDER / "brackets.json"]
    both = "--state", tmp_path / "state.json", "--journal", tmp_path / "day.jsonl"
    refused = run("import", "binance", *files, *both)
    said = "with trades --journal begins with nothing, and does not go on from the present --state: "
    assert (refused.exit_code, said in refused.output) == (2, True)
    refused = run("import", "binance", *CROSS, *both[2:])
    said = "without trades --journal goes on from the present state: write --state with it"
    assert (refused.exit_code, said in refused.output) == (2, True)
    assert not [path for path in tmp_path.iterdir() if path.name in ("state.json", "day.jsonl")]


def test_a_journal_has_a_name_by_which_it_is_known(tmp_path: Path) -> None:
    refused = run("import", "binance", *CROSS, "--state", tmp_path / "s.json", "--journal", tmp_path / "j.json")
    said = f"{tmp_path / 'j.json'}: cannot be written: not a journal's name: expected .jsonl"
    assert (str(refused.exception), list(tmp_path.iterdir())) == (said, [])


@pytest.mark.parametrize("target", ["file", "folder", "link"])
def test_what_exists_is_not_replaced_unasked(target: str, tmp_path: Path) -> None:
    path = tmp_path / "account.json"
    if target == "file":
        path.write_text("what cannot be asked for again", "utf-8")
    elif target == "folder":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / "nowhere.json")
    refused = run("import", "binance", *CROSS, "--questions", path)
    assert str(refused.exception) == f"{path}: cannot be written: it exists already; --force replaces it"
    forced = run("import", "binance", *CROSS, "--questions", path, "--force")
    assert (forced.exit_code == 0) == (target != "folder")


def test_a_change_of_the_ledger_that_is_not_known_is_refused(tmp_path: Path) -> None:
    ledger = [{"time": 500, "hash": "1", "delta": {"type": "vaultDeposit", "usdc": "5.0"}}]
    files = [*written(tmp_path, ledger=ledger), VECTORS / "hyperliquid" / "hype.json"]
    refused = run("import", "hyperliquid", *files, "--journal", tmp_path / "day.jsonl")
    said = 'ledger.json: [0].delta.type: a change of the ledger that is not known here: "vaultDeposit"'
    assert str(refused.exception).endswith(said)


def test_one_position_mode_at_a_time(tmp_path: Path) -> None:
    trades = [*history()["trades"], {**trade(3, "BUY", "2000", "2", "0", 3000), "positionSide": "LONG"}]
    refused = journal_of(tmp_path, trades=trades)
    assert str(refused.exception).endswith("needs trades of one position mode: some name a side and some do not")
