"""Receipts as columns: a row an effect, or a rejection; quantities are signed, those of orders too.

Effects that list or change a market are rare and hold tables; of these only the market and the type are given.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from marginspec_engine import layout
from marginspec_engine.layout import ASSET, DECIMALS, NONE, PRICE_DECIMALS, QUANTITY_DECIMALS, RULES
from marginspec_engine.layout.effect_reading import LOT_REASONS, MARGIN_MODES, POSITION_MODES, SIDES, EffectReader
from marginspec_engine.layout.reasons import REASONS
from marginspec_engine.memory.plain_memory import Words64
from marginspec_engine.memory.tables import Tables

WIRE_DECIMALS = 8
AMOUNT = pa.decimal128(38, WIRE_DECIMALS)
TEXT = pa.dictionary(pa.int32(), pa.string())

NAMES = {"account": "accounts", "market": "markets", "asset": "assets", "order": "orders"}
"""Fields that are names, and the tables' numbers of them."""
CHOICES: dict[str, tuple[str | None, ...]] = {
    "side": SIDES,
    "position_side": SIDES,
    "rule": RULES,
    "reason": LOT_REASONS,
    "margin_mode": MARGIN_MODES,
    "position_mode": POSITION_MODES,
}
"""Fields that are one of some texts."""
PRICES, QUANTITIES = ("price",), ("quantity",)
AMOUNTS = (
    *("amount", "cost", "value", "loss", "equity", "maintenance", "balance", "high_water", "inflow", "outflow"),
    *("insurance_drawn", "deleveraged", "levied"),
)
WHOLES = ("lot", "leverage")

EFFECTS: dict[int, tuple[str, tuple[str, ...]]] = {
    layout.MARK_SET: ("mark", ("market", "price")),
    layout.POSITION_MODE_SET: ("position_mode", ("account", "position_mode")),
    layout.MARGIN_MODE_SET: ("margin_mode", ("account", "market", "margin_mode")),
    layout.LEVERAGE_SET: ("leverage", ("account", "market", "leverage")),
    layout.ORDER_PLACED: (
        "order_placed",
        ("account", "order", "market", "position_side", "quantity", "price", "reduce_only"),
    ),
    layout.ORDER_REDUCED: ("order_reduced", ("account", "order", "market", "quantity")),
    layout.ORDER_CANCELLED: ("order_cancelled", ("account", "order")),
    layout.TRANSFERRED: ("transfer", ("asset", "source", "target", "amount", "rule")),
    layout.POSITION_CHANGED: ("position", ("account", "market", "side", "quantity")),
    layout.DOMAIN_LIQUIDATED: ("liquidation", ("account", "asset", "market", "side", "equity", "maintenance")),
    layout.LOT_OPENED: (
        "lot_opened",
        ("lot", "account", "market", "side", "margin_mode", "quantity", "reason", "cost"),
    ),
    layout.LOT_REDUCED: ("lot_reduced", ("lot", "market", "quantity")),
    layout.COUNTERPARTY_DELEVERAGED: ("deleveraged", ("lot", "account", "market", "side", "quantity", "value", "loss")),
    layout.DOMAIN_LEVIED: ("levy", ("account", "asset", "market", "side", "amount")),
    layout.UNCOVERED_CHANGED: ("uncovered", ("asset", "amount")),
    layout.RESERVE_STATUS: (
        "reserve_status",
        (*("market", "balance", "high_water", "inflow", "outflow", "insurance_drawn", "deleveraged", "levied"),),
    ),
    layout.INSURANCE_STATUS: ("insurance_status", ("asset", "balance")),
    layout.MARKET_LISTED: ("market_listed", ("market",)),
    layout.TIERS_UPDATED: ("tiers_updated", ("market",)),
    layout.FEES_UPDATED: ("fees_updated", ("market",)),
}
"""For each kind, the type on the wire and the fields of its words, in order."""
REJECTED = "rejected"
FIELDS = ("account", "asset", "market", "order", *CHOICES, "source", "target", *PRICES, *QUANTITIES, *AMOUNTS, *WHOLES)


class ReceiptColumns:
    """Turns collected effects of one engine into tables."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._reader = EffectReader(tables)

    def schema(self) -> Any:
        """The columns of every table."""
        types = dict.fromkeys((*PRICES, *QUANTITIES, *AMOUNTS), AMOUNT) | {name: pa.int64() for name in WHOLES}
        fields = [(name, types.get(name, TEXT)) for name in FIELDS]
        return pa.schema([("seq", pa.int64()), ("type", TEXT), *fields, ("reduce_only", pa.bool_()), (REJECTED, TEXT)])

    def table(self, rows: Words64) -> Any:
        """Collected rows as a table."""
        kinds = rows[:, 1]
        values = {name: np.full(len(rows), NONE, np.int64) for name in (*FIELDS, "reduce_only")}
        given = {name: np.zeros(len(rows), bool) for name in values}
        for kind, (_, fields) in EFFECTS.items():
            chosen = kinds == kind
            for place, name in enumerate(fields):
                values[name][chosen], given[name][chosen] = rows[chosen, 2 + place], True
        for name in ("market", "side"):
            # An effect on a cross domain has no market; what stands for its side does not count.
            given[name] &= values["market"] != NONE
        columns = [pa.array(rows[:, 0]), self._types(kinds)]
        columns += [self._column(name, values, given) for name in FIELDS]
        columns.append(pa.array(values["reduce_only"] == 1, mask=~given["reduce_only"]))
        columns.append(texts([str(reason) for reason in REASONS], -kinds, kinds < 0))
        return pa.table(columns, schema=self.schema())

    def _types(self, kinds: Words64) -> Any:
        names = [name for name, _ in EFFECTS.values()]
        return texts([*names, REJECTED], np.where(kinds < 0, len(names), kinds), np.ones(len(kinds), bool))

    def _column(self, name: str, values: dict[str, Words64], given: dict[str, Any]) -> Any:
        if name in NAMES:
            return texts(getattr(self._tables, NAMES[name]).texts, values[name], given[name])
        if name in CHOICES:
            return texts([str(text) for text in CHOICES[name]], values[name], given[name])
        if name in ("source", "target"):
            return self._ledger_accounts(values["asset"], values[name], given[name])
        if name in WHOLES:
            return pa.array(values[name], mask=~given[name])
        return amounts(values[name], WIRE_DECIMALS - self._decimals(name, values), given[name])

    def _ledger_accounts(self, assets: Words64, words: Words64, given: Any) -> Any:
        """Ledger accounts, each of which is written once."""
        pairs, places = np.unique(np.column_stack((words[given], assets[given])), axis=0, return_inverse=True)
        names = [str(self._reader.ledger_account(asset, word)) for word, asset in pairs.tolist()]
        chosen = np.zeros(len(words), np.int64)
        chosen[given] = places.reshape(-1)
        return texts(names, chosen, given)

    def _decimals(self, name: str, values: dict[str, Words64]) -> Words64:
        """Digits after the point of each row's amounts of a field."""
        markets, assets = with_a_row(self._tables.market_rows()), with_a_row(self._tables.asset_rows())
        if name in PRICES:
            digits: Words64 = markets[values["market"], PRICE_DECIMALS]
        elif name in QUANTITIES:
            digits = markets[values["market"], QUANTITY_DECIMALS]
        else:
            own = np.where(values["asset"] == NONE, markets[values["market"], ASSET], values["asset"])
            digits = assets[own, DECIMALS]
        return digits


def with_a_row(rows: Words64) -> Words64:
    """Rows of a table, or one of zeros where there is none, for values that are null."""
    return rows if len(rows) else np.zeros((1, rows.shape[1]), np.int64)


def texts(names: Sequence[str], chosen: Words64, given: Any) -> Any:
    """A column of texts, chosen by number where there is one."""
    indices = pa.array(np.where(given, chosen, 0).astype(np.int32), mask=~given)
    return pa.DictionaryArray.from_arrays(indices, pa.array(list(names) or [""], pa.string()))


def amounts(units: Words64, digits: Words64, given: Any) -> Any:
    """A column of decimals: units times 10 to the power of some digits (0 to 8), in 128 bits."""
    factors = 10**digits
    upper, lower = (units >> 32) * factors, (units & 0xFFFFFFFF) * factors
    shifted = (upper.astype(np.uint64) & np.uint64(0xFFFFFFFF)) << np.uint64(32)
    low = shifted + lower.astype(np.uint64)
    high = (upper >> 32) + (low < shifted)
    halves = np.column_stack((low.view(np.int64), high))
    validity = pa.py_buffer(np.packbits(given, bitorder="little").tobytes())
    return pa.Decimal128Array.from_buffers(AMOUNT, len(units), [validity, pa.py_buffer(halves.tobytes())])
