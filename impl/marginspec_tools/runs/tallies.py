"""What a run of the optimized engine did to those who were liquidated, deleveraged and levied, and to the funds."""

from collections import Counter
from typing import TypeAlias

from marginspec.model.state import Header
from marginspec_engine import layout
from marginspec_engine.batches.running import BatchRun
from marginspec_engine.memory.python_words import Words64
from marginspec_journal.decimals import decimal_text

Amounts: TypeAlias = dict[str, Counter[str]]
"""By asset and name, in quanta."""

KIND = 1
COUNTED = {
    "liquidated": layout.DOMAIN_LIQUIDATED,
    "lots": layout.LOT_OPENED,
    "deleveraged": layout.COUNTERPARTY_DELEVERAGED,
    "levied": layout.DOMAIN_LEVIED,
}


class Tally:
    """Counts and amounts of a run's effects from here on, and the highest shortfall that had no cover."""

    def __init__(self, run: BatchRun) -> None:
        run.want_effects()
        self._run = run
        self.counts: Counter[str] = Counter()
        self.amounts: Amounts = {}
        self.uncovered_peaks: Counter[str] = Counter()

    def count(self) -> None:
        """Take the events since the last call into account."""
        rows = self._run.collected()
        self.counts.update({name: int((rows[:, KIND] == kind).sum()) for name, kind in COUNTED.items()})
        reasons = [reason for (reason,) in fields_of(rows, layout.LOT_OPENED, "reason")]
        self.counts.update(step_downs=reasons.count(layout.STEP_DOWN), takeovers=reasons.count(layout.TAKEOVER))
        self._add_amounts(rows)

    def _add_amounts(self, rows: Words64) -> None:
        """Add up in Python's integers, as sums may leave 64 bits; such effects are few."""
        assets = self._run.engine.tables.assets.texts
        asset_of = self._run.engine.tables.market_rows()[:, layout.ASSET].tolist()
        for market, loss in fields_of(rows, layout.COUNTERPARTY_DELEVERAGED, "market", "loss"):
            self._add(assets[asset_of[market]], "deleveraged", loss)
        for asset, amount in fields_of(rows, layout.DOMAIN_LEVIED, "asset", "amount"):
            self._add(assets[asset], "levied", amount)
        of_levies = rows[rows[:, place_of(layout.TRANSFERRED, "rule")] == layout.LVY_01]
        for asset, source, amount in fields_of(of_levies, layout.TRANSFERRED, "asset", "source", "amount"):
            if source % layout.OWNERS == layout.HOUSE_OF:
                self._add(assets[asset], "house", amount)
        of_draws = rows[rows[:, place_of(layout.TRANSFERRED, "rule")] == layout.WTF_01]
        for asset, source, amount in fields_of(of_draws, layout.TRANSFERRED, "asset", "source", "amount"):
            self._add(assets[asset], f"{layout.LEDGER_KINDS[source % layout.OWNERS]}_drawn", amount)
        for asset, amount in fields_of(rows, layout.RELIEF_RETURNED, "asset", "amount"):
            self._add(assets[asset], "returned", amount)
        for asset, amount in fields_of(rows, layout.UNCOVERED_CHANGED, "asset", "amount"):
            self.uncovered_peaks[assets[asset]] = max(amount, self.uncovered_peaks[assets[asset]])

    def _add(self, asset: str, name: str, quanta: int) -> None:
        self.amounts.setdefault(asset, Counter())[name] += quanta


def place_of(kind: int, field: str) -> int:
    """Where a collected effect of some kind has a field."""
    return KIND + next(placed.place for placed in layout.EFFECT_FIELDS[kind] if placed.name == field)


def fields_of(rows: Words64, kind: int, *names: str) -> list[list[int]]:
    """Some fields of the effects of a kind."""
    chosen = rows[rows[:, KIND] == kind]
    found: list[list[int]] = chosen[:, [place_of(kind, name) for name in names]].tolist()
    return found


def amounts_if_filled_at_mark(run: BatchRun) -> Amounts:
    """What the funds would pay if all lots were filled at mark, and what nobody would (WTF-01, WTF-02)."""
    tables = run.engine.tables
    drawn: Amounts = {}
    short: Counter[str] = Counter()
    for words in tables.market_rows().tolist():
        if words[layout.LOT_COUNT]:
            value = words[layout.MARK] * words[layout.LOTS_QUANTITY] * words[layout.QUANTA_PER_UNIT]
            loss = max(0, words[layout.LOTS_COST] - value)
            asset = tables.assets.texts[words[layout.ASSET]]
            from_reserve = min(loss, words[layout.RESERVE])
            drawn.setdefault(asset, Counter())["reserve"] += from_reserve
            short[asset] += loss - from_reserve
    for asset, missing in short.items():
        row = tables.asset_rows()[tables.assets.numbers[asset]]
        for name, fund in (("insurance", int(row[layout.INSURANCE])), ("relief", int(row[layout.RELIEF]))):
            drawn[asset][name] += min(missing, fund)
            missing = max(0, missing - fund)
        drawn[asset]["uncovered"] += missing
    return drawn


def texts_of_amounts(header: Header, *found: Amounts) -> dict[str, dict[str, str]]:
    """Amounts as decimals of their assets, those that are not zero."""
    whole: Amounts = {}
    for amounts in found:
        for asset, named in amounts.items():
            whole.setdefault(asset, Counter()).update(named)
    return {
        asset: {name: decimal_text(quanta, header.decimals(asset)) for name, quanta in sorted(named.items()) if quanta}
        for asset, named in sorted(whole.items())
        if any(named.values())
    }
