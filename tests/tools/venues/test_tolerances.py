"""An audit with the tolerances that import names finds nothing, whatever the venue has cut or rounded, and no more."""

import json
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner

from marginspec_tools.cli import marginspec
from worlds.venue_files import VECTORS, audited, check, imported, written

META = VECTORS / "hyperliquid" / "meta.json"
BRACKETS = VECTORS / "binance" / "cross-brackets.json"


def text(number: Fraction, digits: int, *, nearest: bool = False) -> str:
    """A number with so many digits, cut towards zero as Binance does, or rounded to the nearest."""
    scaled = abs(number) * 10**digits + (Fraction(1, 2) if nearest else 0)
    units = f"{scaled.numerator // scaled.denominator:0{digits + 1}d}"
    return f"{'-' if number < 0 else ''}{units[:-digits]}.{units[-digits:]}"


def chance(random: Random, most: int, digits: int) -> Fraction:
    """A number above zero with so many digits after its point."""
    return Fraction(random.randrange(1, most * 10**digits), 10**digits)


# ----------------------------------------------------------------- Hyperliquid


def hyperliquid_state(random: Random, *, isolated: bool) -> dict[str, Any]:
    """An account with one position: all money is known to the venue in twelve digits, and shown in six."""
    coin, leverage = random.choice([("APE", 3), ("APE", 2), ("HYPE", 10), ("HYPE", 7)])
    size = chance(random, 50, 2) * random.choice([1, -1])
    mark, entry = chance(random, 90, 4) + 5, chance(random, 90, 9) + 5
    cost, value = size * entry, size * mark
    cash = abs(value) / leverage + abs(value - cost) + chance(random, 20, 12)
    rate = Fraction(1, 2 * {"APE": 3, "HYPE": 10}[coin])
    price = (cost - cash) / (size - rate * abs(size))
    digits = 12 - len(str(int(price))) if price >= 1 else 12
    raw, equity = cash - cost, cash + value - cost
    held: dict[str, Any] = {
        "coin": coin,
        "szi": text(size, 2),
        "entryPx": text(entry, 5, nearest=True),
        "positionValue": text(abs(value), 6),
        "unrealizedPnl": text(value - cost, 6, nearest=True),
        "leverage": {"type": "isolated" if isolated else "cross", "value": leverage},
        "marginUsed": text(equity if isolated else abs(value) / leverage, 6, nearest=True),
        "liquidationPx": text(price, digits, nearest=True) if price > 0 else None,
    }
    if isolated:
        held["leverage"]["rawUsd"] = text(raw, 6, nearest=True)
    names = ("accountValue", "totalNtlPos", "totalRawUsd", "totalMarginUsed")
    of_position = (equity, abs(value), raw, equity if isolated else abs(value) / leverage)
    shown = {name: text(number, 6, nearest=True) for name, number in zip(names, of_position, strict=True)}
    return {
        "marginSummary": shown,
        "crossMarginSummary": dict.fromkeys(names, "0.000000") if isolated else shown,
        "crossMaintenanceMarginUsed": text(Fraction(0) if isolated else rate * abs(value), 6, nearest=True),
        "withdrawable": "0.0",
        "assetPositions": [{"type": "oneWay", "position": held}],
    }


@pytest.mark.parametrize("isolated", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_nothing_is_found_where_money_is_shown_rounded(tmp_path: Path, seed: int, isolated: bool) -> None:
    files = *written(tmp_path, state=hyperliquid_state(Random(seed), isolated=isolated)), META
    _, summary = check("hyperliquid", *files)
    assert summary["fields"]["differs"] == 0
    made = imported("hyperliquid", *files, state=tmp_path / "s.json", journal=tmp_path / "j.jsonl")
    assert audited(made.audit, tmp_path) == []


def test_half_a_unit_of_isolated_cash_is_in_the_tolerances(tmp_path: Path) -> None:
    files = VECTORS / "hyperliquid" / "hype.json", META
    made = imported("hyperliquid", *files, state=tmp_path / "s.json", journal=tmp_path / "j.jsonl")
    assert made.audit.endswith(" --tolerance pnl=0.00000102 --tolerance price=0.00000055")
    assert audited(made.audit, tmp_path) == []


def test_what_is_off_by_more_is_found(tmp_path: Path) -> None:
    state = json.loads((VECTORS / "hyperliquid" / "hype.json").read_text("utf-8"))
    state["assetPositions"][0]["position"]["liquidationPx"] = "35.8659200000"
    files = *written(tmp_path, state=state), META
    made = imported("hyperliquid", *files, state=tmp_path / "s.json", journal=tmp_path / "j.jsonl")
    assert [one[:2] for one in audited(made.audit, tmp_path)] == [("MRG-07", "liquidation price")]


# ----------------------------------------------------------------- fills of Binance


HOUR = 3_600_000


class Account:
    """A cross account of Binance that trades ETHUSDT: entries count with their first eight digits, money is cut."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.cash, self.quantity, self.cost = Fraction(0), Fraction(0), Fraction(0)
        self.trades: list[dict[str, Any]] = []
        self.updates: list[dict[str, Any]] = []
        self.income: list[dict[str, Any]] = []
        self.rates: list[dict[str, Any]] = []

    @property
    def entry(self) -> Fraction:
        """The entry price, which need not end."""
        return self.cost / self.quantity if self.quantity else Fraction(0)

    def deposit(self, amount: int) -> None:
        """Begin with some cash."""
        self.cash += amount
        fields = {"symbol": "", "asset": "USDT", "incomeType": "TRANSFER", "tranId": "t", "time": 0}
        self.income.append({**fields, "income": f"{amount}.00000000"})

    def trade(self, number: int) -> None:
        """Buy some, or sell some of what is there."""
        price, size = 1900 + chance(self.random, 200, 2), chance(self.random, 3, 3)
        buys = size >= self.quantity or self.random.random() < 0.5
        profit = Fraction(0) if buys else Fraction(text(size * (price - Fraction(text(self.entry, 8))), 8))
        fee = Fraction(text(size * price / 2500, 8))
        self.cost += size * price if buys else -size * self.entry
        self.quantity += size if buys else -size
        self.cash += profit - fee
        names = {"symbol": "ETHUSDT", "id": number, "orderId": number, "commissionAsset": "USDT", "time": number * HOUR}
        amounts = {"qty": text(size, 3), "price": text(price, 2), "quoteQty": text(size * price, 8)}
        amounts |= {"commission": text(fee, 8), "realizedPnl": text(profit, 8)}
        side = {"side": "BUY" if buys else "SELL", "positionSide": "BOTH", "maker": False}
        self.trades.append({**names, **amounts, **side})
        self.see(number * HOUR)

    def see(self, time: int) -> None:
        """What the user stream tells of cash and position."""
        held = {"s": "ETHUSDT", "ps": "BOTH", "pa": text(self.quantity, 3), "ep": text(self.entry, 12)}
        shown = {"B": [{"a": "USDT", "cw": text(self.cash, 8)}], "P": [held]}
        self.updates.append({"e": "ACCOUNT_UPDATE", "T": time, "a": shown})

    def fund(self, number: int) -> None:
        """Pay funding."""
        rate, mark = chance(self.random, 1, 8) / 1000, 1900 + chance(self.random, 200, 5)
        rate = Fraction(text(rate, 8))
        paid = Fraction(text(-self.quantity * mark * rate, 8))
        self.cash += paid
        time = number * HOUR + HOUR // 2
        fields = {"symbol": "ETHUSDT", "asset": "USDT", "incomeType": "FUNDING_FEE", "tranId": f"f{number}"}
        self.income.append({**fields, "income": text(paid, 8), "time": time})
        rates = {"symbol": "ETHUSDT", "fundingRate": text(rate, 8), "fundingTime": time, "markPrice": text(mark, 8)}
        self.rates.append(rates)
        self.see(time)

    def answers(self) -> dict[str, Any]:
        """All that the venue answers."""
        mark, entry = Fraction(1950), Fraction(text(self.entry, 8))
        value, profit = self.quantity * mark, self.quantity * (mark - entry)
        price = (self.quantity * entry - self.cash) / (self.quantity * Fraction(995, 1000))
        position = {"symbol": "ETHUSDT", "positionSide": "BOTH", "positionAmt": text(self.quantity, 3)}
        position |= {"entryPrice": text(self.entry, 12), "markPrice": text(mark, 8), "isolatedWallet": "0"}
        position |= {"notional": text(value, 8), "unRealizedProfit": text(profit, 8), "marginAsset": "USDT"}
        position |= {"maintMargin": text(value / 200, 8), "positionInitialMargin": text(value / 20, 8)}
        position["liquidationPrice"] = text(price, 8) if price > 0 else "0"
        cash = text(self.cash, 8)
        asset = {"asset": "USDT", "walletBalance": cash, "crossWalletBalance": cash}
        asset["marginBalance"] = text(self.cash + profit, 8)
        return {
            "trades": self.trades,
            "updates": self.updates,
            "income": self.income,
            "rates": self.rates,
            "positions": [position],
            "account": {"assets": [asset], "positions": []},
            "config": [{"symbol": "ETHUSDT", "marginType": "CROSSED", "leverage": 20}],
        }


@pytest.mark.rule("ACC-02", "FND-01")
@pytest.mark.parametrize("seed", range(8))
def test_nothing_is_found_where_entries_and_money_are_cut(tmp_path: Path, seed: int) -> None:
    account = Account(Random(seed))
    account.deposit(40_000)
    for number in range(1, 25):
        account.trade(number)
        if number % 5 == 0:
            account.fund(number)
    files = *written(tmp_path, **account.answers()), BRACKETS
    rows, summary = check("binance", *files)
    # All that the account had came to it in the files: what profits and funding were cut by is no money that lacks.
    assert [row for row in rows if row[1] == "cash at the beginning"] == []
    assert (summary["fields"]["differs"], summary["fields"]["undecided by rounding"]) == (0, 0)
    words = ["import", "binance", *map(str, files), "--journal", str(tmp_path / "j.jsonl"), "--json"]
    made = json.loads(CliRunner().invoke(marginspec, words).stdout)
    assert audited(made["audit"], tmp_path) == []
