"""An event may make more of everything than fits into memory: it is taken in portions, and the index is the same."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from marginspec.model import ledger
from marginspec.model.state import State
from marginspec.transition import apply
from marginspec_journal import open_journal
from marginspec_journal.chain import ReceiptChain
from marginspec_journal.states import opening, write_state
from marginspec_tools.dashboard.index import (
    Builder,
    Index,
    asking,
    building,
    bulk,
    changes,
    events,
    fast_replaying,
    receipts,
    rows,
    tables,
)
from marginspec_tools.dashboard.index.receipts import ReceiptParts
from marginspec_tools.simulate import stress_day_path
from tools.dashboard.index.test_building import build, content
from worlds.lines import lines_of_the_day

PART = 50


def lines_of_receipts() -> Iterator[tuple[bytes, list[object]]]:
    """The receipts of the stress day that have effects: their lines, and the effects that these state."""
    journal = open_journal(stress_day_path())
    state, chain = State(header=journal.header), ReceiptChain(journal.header)
    for record in journal:
        state, receipt = apply(state, record.event)
        chained = chain.append(record.event, receipt)
        if receipt.effects:
            yield chained.line(), msgspec.json.decode(chained.canonical)["effects"]


@pytest.mark.parametrize("window", [300, 1 << 20])
def test_a_receipt_is_read_piece_by_piece(monkeypatch: pytest.MonkeyPatch, window: int) -> None:
    monkeypatch.setattr(receipts, "WINDOW", window)
    types = set()
    for line, effects in lines_of_receipts():
        parts = ReceiptParts(memoryview(line))
        assert [msgspec.json.decode(one) for one in parts.effects()] == effects
        stated = msgspec.json.decode(line)
        assert msgspec.json.decode(parts.without_effects) == {**stated, "effects": []}
        types |= {one["type"] for one in stated["effects"]}
    # Tiers are objects within an effect.
    assert {"market_listed", "transfer", "lot_opened", "deleveraged"} <= types


@pytest.mark.parametrize("engine", ["spec", "fast"])
def test_in_portions_the_index_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str) -> None:
    monkeypatch.setattr(building, "quickest_engine", lambda _: engine)
    build(stress_day_path(), tmp_path / "whole.index")
    for module, name, most in (
        (rows, "MOST_WAITING", PART),
        (rows, "SPILL_EVERY", 3),
        (rows, "MOST_KNOWN", PART),
        (changes, "MOST_KNOWN", 5),
        (building, "EVENTS_AT_ONCE", 100),
        (bulk, "AT_ONCE", PART),
        (fast_replaying, "AT_ONCE", PART),
    ):
        monkeypatch.setattr(module, name, most)
    build(stress_day_path(), tmp_path / "parts.index")
    assert content(tmp_path / "parts.index") == content(tmp_path / "whole.index")


def test_every_change_of_a_balance_is_told_though_an_event_has_more_effects_than_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = changes_of(tmp_path, "whole.index")
    for module in (rows, events, tables, asking):
        monkeypatch.setattr(module, "EFFECTS_AT_ONCE", 2)
    parts = changes_of(tmp_path, "parts.index")
    assert {name: dict(sums) for name, sums in parts.items()} == whole
    assert len(whole) > 30


def changes_of(folder: Path, name: str) -> dict[str, dict[int, int]]:
    """By how much each event changed each wallet of the stress day, as its movements add up."""
    found: dict[str, dict[int, int]] = {}
    with closing(Builder(stress_day_path(), folder / name)) as builder:
        builder.build()
    with closing(Index(folder / name)) as index:
        for account in index.accounts(2_400, most=100):
            sums: dict[int, int] = defaultdict(int)
            wallet = ledger.wallet(account, "USDT").name
            page = index.movements(wallet, 2_400, most=10_000)
            for one in page.rows:
                sums[one.seq] += one.amount
            versions = index.history("ledger", wallet, 2_400, most=10_000).rows
            assert dict(sums) == {one.seq: (one.value or 0) - (one.before or 0) for one in versions}
            found[wallet] = dict(sums)
    return found


def test_what_there_was_where_a_journal_goes_on_from_a_state_is_a_change_of_its_own(tmp_path: Path) -> None:
    lines = lines_of_the_day()
    journal = tmp_path / "rest.jsonl"
    journal.write_bytes(b"".join([lines[0], *lines[801:]]))
    (tmp_path / "begun.jsonl").write_bytes(b"".join(lines[:801]))
    begun = open_journal(tmp_path / "begun.jsonl")
    state = State(header=begun.header)
    for record in begun:
        state, _ = apply(state, record.event)
    write_state(tmp_path / "state.json", opening(state))
    with closing(Builder(journal, tmp_path / "an.index", tmp_path / "state.json")) as builder:
        builder.build()
    account = ledger.wallet("a00036", "USDT")
    with closing(Index(tmp_path / "an.index")) as index:
        oldest = index.movements(account.name, index.head().seq, most=10_000).rows[-1]
    assert (oldest.rule, oldest.other, oldest.amount, oldest.seq) == ("", "", state.balance(account), 0)
