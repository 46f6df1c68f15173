"""Faults seeded by hand into copies of the rulebook, each of which the tests of the rules must catch.

A fault replaces one passage of one file. The tests run against the faulty copy in a process of their own
and must fail; against an unchanged copy they pass, so that a failure means that the fault was seen.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import attrs
import pytest

ROOT = Path(__file__).parents[2]
SPEC = ROOT / "spec" / "marginspec"
TESTS = [path for path in sorted((ROOT / "tests" / "spec").rglob("test_*.py")) if path.parent.name != "stateful"]
"""The tests of the rules, but for random and exhaustive journals: those take longer than all others."""


MOST_SECONDS = 600


@attrs.frozen
class Fault:
    """What is wrong, in which file, and the passage that is replaced."""

    name: str
    file: str
    right: str
    wrong: str


FAULTS = (
    Fault("maintenance rounds down", "margin/margin.py",
          "div_up(exact_maintenance(notional, tier), RATE_ONE)",
          "exact_maintenance(notional, tier) // RATE_ONE"),
    Fault("maintenance drops the deduction", "margin/margin.py",
          "notional * tier.maintenance_rate - tier.deduction", "notional * tier.maintenance_rate"),
    Fault("initial margin may equal maintenance", "margin/margin.py", "maintenance + 1", "maintenance"),
    Fault("initial margin ignores the tier's leverage", "margin/margin.py",
          "min(leverage, tier.max_leverage)", "leverage"),
    Fault("a domain at its maintenance margin is healthy", "margin/margin.py",
          "margin.equity > margin.maintenance", "margin.equity >= margin.maintenance"),
    Fault("unrealised profit is movable", "margin/margin.py",
          "min(margin.cash, margin.equity) - initial", "margin.equity - initial"),
    Fault("order margin takes the smaller position", "margin/margin.py",
          "max(abs(held + load.bids), abs(held - load.asks))",
          "min(abs(held + load.bids), abs(held - load.asks))"),
    Fault("orders have no open loss", "margin/margin.py", "market) + open_loss(load, held))", "market))"),
    Fault("an order that closes bears open loss", "margin/margin.py", "if held - load.asks < 0", "if load.asks > 0"),
    Fault("an isolated position's leverage may be lowered", "handlers/account_settings.py",
          "held and isolated and lowered", "held and isolated and lowered and False"),
    Fault("a lower leverage needs no equity", "handlers/account_settings.py",
          "lowered or demanded_now > demanded", "demanded_now < demanded"),
    Fault("a raised leverage may leave orders without margin", "handlers/account_settings.py",
          "lowered or demanded_now > demanded", "lowered"),
    Fault("unrealised profit backs an order in an isolated market", "handlers/orders.py",
          "movable_margin if isolated else available_margin", "available_margin"),
    Fault("an isolated opening needs initial margin", "handlers/trading.py",
          "side.opened and leg.domain.is_cross", "side.opened"),
    Fault("a floor belongs to the tier above it", "model/market.py", "notional <= tier.floor", "notional < tier.floor"),
    Fault("deductions do not accumulate", "model/market.py", "below.deduction + floor * (", "floor * ("),
    Fault("rate times leverage may be one", "model/market.py",
          "rate * row.max_leverage < RATE_ONE", "rate * row.max_leverage <= RATE_ONE"),
    Fault("released cost rounds down", "margin/closing.py",
          "div_up(cost * part, size)", "cost * part // size"),
    Fault("a fee rounds down", "handlers/trading.py",
          "div_up(abs(value) * rate, RATE_ONE)", "div_down(abs(value) * rate, RATE_ONE)"),
    Fault("the house keeps the whole fee besides the insurance part", "handlers/trading.py",
          "Money(fee - insured)", "Money(fee)"),
    Fault("a price band is not widened to the next ticks", "handlers/guards.py",
          "(distance - tick) * RATE_ONE", "distance * RATE_ONE"),
    Fault("a fill band is widened to the next ticks", "handlers/guards.py",
          "worse * RATE_ONE <= mark", "(worse - market.tick) * RATE_ONE < mark"),
    Fault("a fill of short lots is bound below the mark", "handlers/fills.py",
          'mark - price if event.side == "long" else price - mark', "mark - price"),
    Fault("a position at its limit is too large", "handlers/trading.py", "FLAT))) <= limit", "FLAT))) < limit"),
    Fault("a rebate backs the margin of an opening", "handlers/trading.py",
          "Money(max(0, leg.fee)) if closing == 0", "leg.fee if closing == 0"),
    Fault("the rebate of a flat isolated position stays in it", "handlers/trading.py",
          "target = leg.cash if leg.key in transaction.positions else wallet", "target = leg.cash"),
    Fault("the house pays rebates that it does not have", "handlers/trading.py",
          "require(rebates <= transaction.balance(house), Reason.INSUFFICIENT_FUNDS)", "pass"),
    Fault("a fee's insurance part is not paid", "handlers/trading.py",
          'transaction.transfer(asset, leg.cash, ledger.insurance(asset), insured, "TRD-01")', "pass"),
    Fault("a closed isolated position keeps its cash", "margin/closing.py", "    if cash > 0:\n", "    if cash < 0:\n"),
    Fault("opening margin forgets the open loss", "handlers/trading.py",
          "margin + max(0, value - value_at_mark) + fee", "margin + fee"),
    Fault("a reduction returns more than is movable", "handlers/trading.py",
          "min(div_down(cash * part, size), movable_now)", "div_down(cash * part, size)"),
    Fault("a trade needs no initial margin", "handlers/trading.py", "margin.equity >= demanded", "margin.equity >= 0"),
    Fault("taker and maker fees swapped", "handlers/trading.py",
          '(taker, maker) if event.taker == "buyer"', '(taker, maker) if event.taker == "seller"'),
    Fault("the clearance fee is not capped by the released maintenance", "settlement/liquidation.py",
          "div_up(cut_value * rate, RATE_ONE), released_maintenance, equity",
          "div_up(cut_value * rate, RATE_ONE), equity"),
    Fault("the clearance fee is not capped by the equity", "settlement/liquidation.py",
          "released_maintenance, equity))", "released_maintenance))"),
    Fault("step-down leaves one lot too many", "settlement/liquidation.py",
          "div_down(floor, unit_value))", "div_down(floor, unit_value) + 1)"),
    Fault("a negative equity lands on all markets", "settlement/liquidation.py",
          "position.key.market == event_market", "True"),
    Fault("profits of a fill stay in the lot", "settlement/waterfall.py",
          "        if profit > 0:", "        if profit > 10**40:"),
    Fault("losses of a fill are drawn before its profits arrive", "settlement/waterfall.py",
          "        if profit < 0:", "        if profit > 0:"),
    Fault("a fill need not leave the cover test true", "handlers/fills.py",
          "uncovered_shortfall(transaction, market.asset) <= uncovered", "True"),
    Fault("orders of a liquidated domain stay", "settlement/liquidation.py",
          "if of_position or (domain.is_cross and in_asset):", "if of_position:"),
    Fault("insurance is drawn before the reserve", "settlement/waterfall.py",
          "from_reserve = Money(min(loss, reserve))", "from_reserve = Money(min(max(0, loss - insurance), reserve))"),
    Fault("a market's shortfall ignores its reserve", "settlement/waterfall.py", "max(0, loss - reserve)", "loss"),
    Fault("a market's profit covers another's loss", "settlement/waterfall.py",
          "sum(shortfalls(book, asset).values())",
          "-sum(lots_unrealised(book, book.markets[m]) for m in shortfalls(book, asset))"),
    Fault("relief is drawn and nobody's claim falls", "settlement/waterfall.py",
          "    lower_claims(transaction, market.asset, from_relief)\n", ""),
    Fault("relief stays when a market has closed", "settlement/settle.py",
          "    return_relief(transaction)\n    for asset", "    for asset"),
    Fault("deleveraging takes one lot too few", "settlement/deleveraging.py",
          "most_within(terms, Money(missing - 1)) + 1", "max(1, most_within(terms, Money(missing - 1)))"),
    Fault("deleveraging may leave a counterparty at its maintenance", "settlement/deleveraging.py",
          "key, terms, quantity) > 0", "key, terms, quantity) >= 0"),
    Fault("deleveraging overshoots a market's shortfall", "settlement/deleveraging.py",
          " if shortfall >= missing else most_within(terms, shortfall)", ""),
    Fault("deleveraging takes principal", "settlement/deleveraging.py",
          "return entry >= bankruptcy if held > 0 else entry <= bankruptcy", "return True"),
    Fault("the lowest score is deleveraged first", "settlement/deleveraging.py",
          "return -1 if left > right else 1", "return 1 if left > right else -1"),
    Fault("the rank depends on one quantum instead of one unit of the asset", "settlement/rankings.py",
          "max(unit, cash) * equity", "max(1, cash) * equity"),
    Fault("the levy spares the house", "settlement/levy.py",
          "from_house = Money(min(missing, transaction.balance(house)))", "from_house = Money(0)"),
    Fault("the first claimant of a levy pays what roundings left", "model/units.py",
          "extra = 1 if left > 0 and floor * total < amount * claim else 0", "extra = left"),
    Fault("funding pays receivers rounded up", "handlers/funding.py",
          "div_up(value * rate, RATE_ONE)", "(value * rate // RATE_ONE)"),
    Fault("what funding rounds stays in clearing", "handlers/funding.py",
          'transaction.transfer(market.asset, clearing, ledger.insurance(market.asset), left, "FND-01")', "pass"),
    Fault("a new mark suspects nobody", "handlers/markets.py", "transaction.suspects.add(domain)", "pass"),
    Fault("a new mark suspects those who gain", "handlers/markets.py", "* move < 0:", "* move > 0:"),
    Fault("a withdrawal may take initial margin", "handlers/cash.py",
          "require(amount <= movable(transaction, domain), Reason.INSUFFICIENT_BALANCE)",
          "require(amount <= transaction.balance(cash_account(domain)), Reason.INSUFFICIENT_BALANCE)"),
    Fault("net deposits have no bound", "handlers/cash.py",
          '"ACC-01")\n    check_net_deposits(transaction, event.asset)', '"ACC-01")'),
    Fault("longs pay in and shorts are paid at a market's end", "settlement/market_closing.py",
          "Money(-market.at_mark(quantity))", "market.at_mark(quantity)"),
    Fault("a closed market keeps its reserve", "settlement/market_closing.py",
          "    if left > 0:\n", "    if left < 0:\n"),
    Fault("a closed market keeps what was set for it", "settlement/market_closing.py",
          "if owner[1] != market.id", "if owner"),
    Fault("an isolated position's cash stays at its market's end", "settlement/market_closing.py",
          "if not domain.is_cross:", "if domain.is_cross:"),
    Fault("a closed market can be listed again", "handlers/markets.py",
          " or event.market in transaction.closed_markets", ""),
    Fault("settlement ends after one round", "settlement/settle.py",
          "settled = not transaction.suspects", "settled = True"),
    Fault("deleveraging starts in the smallest shortfall", "settlement/settle.py",
          "(-found[market_id], market_id)", "(found[market_id], market_id)"),
)  # fmt: skip


def run_tests(copy: Path, first: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the tests of the rules against a copy of the rulebook, those of one file first.

    A fault may keep settlement from ending, which the tests of its own file notice; those of others would run on.
    """
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    files = [str(path) for path in sorted(TESTS, key=lambda path: path != first)]
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *files]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=MOST_SECONDS
    )


def copy_of_rulebook(folder: Path) -> Path:
    """A copy of the rulebook's package in a folder of its own."""
    shutil.copytree(SPEC, folder / "marginspec", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def test_an_unchanged_copy_passes(tmp_path: Path) -> None:
    finished = run_tests(copy_of_rulebook(tmp_path))
    assert finished.returncode == 0, finished.stdout


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name.replace(" ", "-"))
def test_a_seeded_fault_is_caught(fault: Fault, tmp_path: Path) -> None:
    path = copy_of_rulebook(tmp_path) / "marginspec" / fault.file
    source = path.read_text("utf-8")
    assert source.count(fault.right) == 1, f"{fault.file} has not exactly one {fault.right!r}"
    path.write_text(source.replace(fault.right, fault.wrong), "utf-8")
    own = Path(fault.file).with_name(f"test_{Path(fault.file).name}")
    finished = run_tests(tmp_path, ROOT / "tests" / "spec" / own)
    assert finished.returncode == 1, f"not caught: {fault.name}\n{finished.stdout}"
