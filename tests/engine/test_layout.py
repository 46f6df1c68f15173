"""The engine's layout, texts and handlers follow what the rulebook's classes declare."""

import ast
import json
import re
from pathlib import Path
from typing import get_args

import attrs
import numpy as np
import pytest

from marginspec.model.account import Direction, OrderSide
from marginspec.model.effects import Deleveraged, Effect, Levied, MovingRule
from marginspec.model.events import Deposit, Event, Trade
from marginspec.model.fields import (
    AccountName,
    Choice,
    MarketName,
    OrderName,
    StatedMoney,
    StatedPrice,
    StatedRate,
    fields_of,
)
from marginspec.model.ledger import LedgerKind
from marginspec.model.rejections import Reason
from marginspec.model.state import Header, Ranking, State
from marginspec.model.units import Decimal8
from marginspec_conformance.generator.events import trade
from marginspec_engine import layout
from marginspec_engine.batches.event_columns import rows_of_events
from marginspec_engine.layout import reasons
from marginspec_engine.layout.event_words import WRITERS as EVENT_WRITERS
from marginspec_engine.layout.event_words import write_event, writer_of
from marginspec_engine.layout.events import places_of
from marginspec_engine.layout.generated import defined
from marginspec_engine.memory.python_words import words_of
from marginspec_engine.memory.tables import Tables
from marginspec_engine.memory.words import at
from marginspec_engine.rules import rankings
from marginspec_engine.rules.registry import HANDLERS
from marginspec_engine.rules.transition import handle
from marginspec_engine.states.writing import StateWriter
from marginspec_engine.text import canonical, literals, records
from marginspec_journal import open_journal

GOLDEN = Path(__file__).parents[1] / "vectors" / "golden"
RULES = Path(layout.__file__).parents[1]


def constant(name: str) -> str:
    """The name of a constant for a class or a word: MARK_SET for MarkSet, ACC_01 for ACC-01."""
    return re.sub("(?<=[a-z])(?=[A-Z])", "_", name).replace("-", "_").upper()


def numbers_of(*names: str) -> list[int]:
    """What the layout's constants of some names are."""
    return [getattr(layout, name) for name in names]


def test_constants_are_the_places_of_what_the_rulebook_lists() -> None:
    assert set(layout.EVENT_CLASSES) == set(get_args(Event))
    own = {Deleveraged: "COUNTERPARTY_DELEVERAGED", Levied: "DOMAIN_LEVIED"}
    effects = [own.get(one, constant(one.__name__)) for one in get_args(Effect)]
    assert numbers_of(*effects) == list(range(len(effects)))
    assert numbers_of(*map(constant, get_args(MovingRule))) == list(range(len(get_args(MovingRule))))
    kinds = [f"{kind.upper()}_OF" for kind in get_args(LedgerKind)]
    assert numbers_of(*kinds) == list(range(len(kinds)))
    assert [getattr(reasons, reason.name) for reason in Reason] == list(range(1, 1 + len(Reason)))


def test_choices_are_the_places_of_their_words() -> None:
    (taker,) = (field.kind for field in fields_of(Trade) if field.name == "taker")
    assert taker == Choice(("buyer", "seller"))
    assert numbers_of("BUYER", "SELLER", "BUY", "SELL", "LONG_LOTS", "SHORT_LOTS") == [0, 1] * 3
    assert (get_args(OrderSide), get_args(Direction)) == (("buy", "sell"), ("long", "short"))
    assert numbers_of("BOTH", "LONG", "SHORT") == [layout.SIDES.index(side) for side in ("BOTH", "LONG", "SHORT")]
    modes = [
        *map(layout.MARGIN_MODES.index, ("cross", "isolated")),
        *map(layout.POSITION_MODES.index, ("one_way", "hedge")),
    ]
    assert numbers_of("CROSS", "ISOLATED_MODE", "ONE_WAY", "HEDGE") == modes
    assert numbers_of("STEP_DOWN", "TAKEOVER") == [*map(layout.LOT_REASONS.index, ("step_down", "takeover"))]
    assert numbers_of(*(name.upper() for name in layout.FUND_COUNTERS)) == list(range(layout.COUNTERS))


def test_every_effect_is_emitted_with_the_fields_that_its_class_declares() -> None:
    emitted: dict[str, set[int]] = {}
    for path in (*RULES.glob("rules/*.py"), *RULES.glob("memory/*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "effect":
                kind = node.args[1]
                assert isinstance(kind, ast.Attribute)
                emitted.setdefault(kind.attr, set()).add(len(node.args) - 2)
    compiled = range(layout.MARK_SET, len(layout.EFFECT_CLASSES))
    assert {getattr(layout, name) for name in emitted} == set(compiled)
    for name, counts in emitted.items():
        assert counts == {len(layout.EFFECT_FIELDS[getattr(layout, name)])}, name


def test_every_event_with_a_row_has_a_handler_that_is_found() -> None:
    assert set(HANDLERS) == set(layout.EVENT_FIELDS)
    assert handle.__module__ == "marginspec_engine.rules.transition"
    assert set(layout.EVENT_CLASSES) - set(HANDLERS) == set(layout.EVENT_CLASSES[layout.LAST_COMPILED + 1 :])


def test_rankings_are_those_of_the_model_and_found_by_number() -> None:
    assert get_args(Ranking) == rankings.RANKING_NAMES
    figures = rankings.Figures(-7, 11, 13, 17, 19, 23, 29)
    for number, ranking in enumerate(rankings.RANKINGS.values()):
        assert rankings.score_by(number, figures) == ranking(figures)
    assert len({rankings.score_by(number, figures) for number in range(len(rankings.RANKINGS))}) == len(
        rankings.RANKINGS
    )


# ----------------------------------------------------------------- a class of events that there is not


@attrs.frozen
class Borrowed:
    """A record with a field of every kind that an event may have."""

    market: MarketName
    zone: Direction
    account: AccountName
    is_final: bool
    price: StatedPrice
    rate: StatedRate
    lender: AccountName | None = None
    loan: OrderName | None = None


@attrs.frozen
class Counted:
    """A record with an integer between others."""

    account: AccountName
    number: int
    market: MarketName


def text_of(record: object, document: dict[str, object]) -> None:
    """What generated functions write of a record is its document, as JSON with its keys in order."""
    fields = places_of(type(record))
    assert fields is not None
    tables = Tables(Header())
    words = np.array(layout.EMPTY_ROW, np.int64)
    for placed in fields:
        value = getattr(record, placed.name)
        if value is not None:
            writer_of(placed)(tables, value, words)
    write = defined("write_one", records.definitions("write_one", {-1: (type(record), fields)}), vars(canonical).copy())
    written = np.frombuffer(literals.all_literals(), np.uint8)
    tables.book[layout.LITERALS] = written.ctypes.data
    room = np.zeros(512, np.int64)
    end = write(tables.words, room.ctypes.data, at(tables.words, 0).elsewhere(words.ctypes.data))
    found = words_of(room.ctypes.data, 512).tobytes()[: end - room.ctypes.data]
    assert found == json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


@attrs.frozen
class Priced:
    """A record with an amount that may be absent."""

    market: MarketName
    rebate: StatedMoney | None = None


@pytest.mark.parametrize(
    ("fee", "text"), [(None, None), (-1, "-0.00000001"), (0, "0"), (-(2**64), "-184467440737.09551616")]
)
def test_an_absent_amount_is_no_amount(fee: int | None, text: str | None) -> None:
    """Minus the smallest decimal has the words of what is absent elsewhere."""
    document: dict[str, object] = {"market": "M", "type": "priced"}
    text_of(
        Priced("M", None if fee is None else Decimal8(fee)), document if text is None else {**document, "rebate": text}
    )


def test_fees_that_are_not_stated_are_told_from_any_that_are() -> None:
    tables = Tables(Header())
    words = np.zeros(layout.EVENT_ROW, np.int64)
    write_event(tables, trade("alice", "bob", "1", "1"), words)
    assert words[layout.SECOND_AMOUNT_LOW : layout.THIRD_AMOUNT_HIGH + 1].tolist() == [layout.NO_DECIMAL] * 4
    lowest = attrs.evolve(trade("alice", "bob", "1", "1", buyer_fee="-0.00000001"), seller_fee=Decimal8(-(2**200)))
    write_event(tables, lowest, words)
    assert words[layout.SECOND_AMOUNT_LOW : layout.THIRD_AMOUNT_HIGH + 1].tolist() == [-1, -1, 0, 1 - 2**63]


@pytest.mark.parametrize("lender", [None, "lena"])
@pytest.mark.parametrize("loan", [None, "loan-1"])
@pytest.mark.parametrize("is_final", [False, True])
def test_a_field_that_a_class_declares_stands_in_its_text(lender: str | None, loan: str | None, is_final: bool) -> None:
    given = {"market": "ABC", "zone": "short", "account": "Ünal", "is_final": is_final}
    absent = {name for name, value in (("lender", lender), ("loan", loan)) if value is None}
    document = {**given, "price": "1.5", "rate": "-0.00000007", "lender": lender, "loan": loan, "type": "borrowed"}
    record = Borrowed("ABC", "short", "Ünal", is_final, 150_000_000, -7, lender, loan)  # type: ignore[arg-type]  # decimals
    text_of(record, {name: value for name, value in document.items() if name not in absent})


@pytest.mark.parametrize("number", [0, 7, -12])
def test_an_integer_stands_without_quotes(number: int) -> None:
    text_of(Counted("bob", number, "M"), {"account": "bob", "number": number, "market": "M", "type": "counted"})


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.jsonl")), ids=lambda path: path.stem)
def test_rows_of_many_events_are_those_of_each(path: Path) -> None:
    journal = open_journal(path)
    tables, events = Tables(journal.header), [record.event for record in journal]
    rows = rows_of_events(tables, events)
    for place, event in enumerate(events):
        if place not in rows.uncompiled:
            row = np.empty(layout.EVENT_ROW, np.int64)
            write_event(tables, event, row)
            assert rows.words[place].tolist() == row.tolist(), event
    assert rows.uncompiled == {place: one for place, one in enumerate(events) if type(one) not in EVENT_WRITERS}


@pytest.mark.parametrize("amounts", [(0, 1, -1), (2**63 - 1, -(2**63), 5), (2**63, -7, 2**200), (-(2**200), 3, 2**126)])
def test_decimals_of_any_size_are_the_words_of_each(amounts: tuple[int, ...]) -> None:
    tables = Tables(Header())
    events: list[Event] = [Deposit("alice", "USDT", Decimal8(amount)) for amount in amounts]
    for row, event in zip(rows_of_events(tables, events).words, events, strict=True):
        alone = np.empty(layout.EVENT_ROW, np.int64)
        write_event(tables, event, alone)
        assert row.tolist() == alone.tolist()


def test_the_parts_of_a_state_are_all_of_it() -> None:
    parts = [name for name, _ in StateWriter(Tables(Header())).parts()]
    assert sorted(parts) == sorted(field.name for field in attrs.fields(State))
