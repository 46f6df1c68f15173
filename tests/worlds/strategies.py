"""Events that Hypothesis makes from what their classes declare: anything that the rules may meet, or a journal hold."""

from typing import Any

import attrs
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from marginspec.model.events import Event
from marginspec.model.fields import Amount, Choice, Field, Flag, Integer, Name, Rows, fields_of
from marginspec.model.market import TierTerms
from marginspec.model.rejections import Reason
from marginspec.model.units import MAX_AMOUNT, MAX_NET_DEPOSITS, MAX_PRICE, MAX_QUANTITY, Decimal8
from marginspec_conformance.generator.aimed import ACCOUNTS, ASSETS, ONE, TIER_ROWS
from marginspec_conformance.generator.declared import EVENT_CLASSES
from marginspec_conformance.generator.events import tiers
from marginspec_journal import Record


@attrs.frozen
class ByKind:
    """What fields of each kind may hold; names by what they are of."""

    names: dict[str, SearchStrategy[str]]
    decimals: SearchStrategy[Decimal8]
    integers: SearchStrategy[int]
    tiers: SearchStrategy[tuple[TierTerms, ...]]

    def events(self) -> SearchStrategy[Event]:
        """Any event."""
        return st.one_of([st.builds(one, **self.fields(one)) for one in EVENT_CLASSES])

    def fields(self, event_class: type) -> dict[str, SearchStrategy[Any]]:
        """What each field of a class may hold."""
        held = {field.name: (field, self.held(field)) for field in fields_of(event_class)}
        return {name: st.none() | values if field.optional else values for name, (field, values) in held.items()}

    def held(self, field: Field) -> SearchStrategy[Any]:
        """What a field may hold if it is stated."""
        match field.kind:
            case Name(of=kind):
                return self.names[kind]
            case Amount(stated=True):
                return self.decimals
            case Choice(words=words):
                return st.sampled_from(words)
            case Integer():
                return self.integers
            case Flag():
                return st.booleans()
            case Rows():
                return self.tiers
        raise AssertionError(f"no event has such a field: {field}")


# ------------------------------------------------------------------- what the rules may meet

EDGES = (
    *(0, 1, 5, 10, 19, 20, 21, 100, 999, 1000, 1001),
    *(MAX_PRICE - 1, MAX_PRICE, MAX_PRICE + 1, MAX_QUANTITY + 1),
    *(MAX_NET_DEPOSITS, MAX_NET_DEPOSITS + 1, MAX_AMOUNT, MAX_AMOUNT + 1, 10**30),
)
"""Whole numbers where something may happen: small ones, tier edges of MINIMAL, the limits and beyond them."""


def decimals8() -> SearchStrategy[Decimal8]:
    """Any decimal that the wire can hold, edges first."""
    edges = st.sampled_from(EDGES).map(lambda whole: whole * ONE)
    fine = st.sampled_from((1, ONE - 1, ONE + 1, ONE // 2, ONE // 20))
    anything = st.integers(0, 10**38)
    magnitude = st.one_of(edges, fine, st.integers(1, 200).map(lambda whole: whole * ONE), anything)
    return st.tuples(magnitude, st.sampled_from((1, 1, 1, -1))).map(lambda pair: Decimal8(pair[0] * pair[1]))


def tier_terms() -> SearchStrategy[tuple[TierTerms, ...]]:
    """Tier tables, right ones and wrong ones."""
    row = st.builds(TierTerms, decimals8(), st.integers(-1, 1001), decimals8())
    right = st.sampled_from(tuple(tiers(*rows) for rows in TIER_ROWS))
    return st.one_of(right, st.lists(row, max_size=3).map(tuple))


RAW = ByKind(
    names={
        "account": st.sampled_from((*ACCOUNTS[:3], "zoe")),
        "market": st.sampled_from(("A", "B", "Z")),
        "asset": st.sampled_from(ASSETS),
        "order": st.sampled_from(("o1", "o2")),
    },
    decimals=decimals8(),
    integers=st.integers(-1, 2) | st.sampled_from((5, 10, 11, 1000, 1001)),
    tiers=tier_terms(),
)
"""Few names, so that events meet, and amounts at the limits and their neighbours."""


def raw_events() -> SearchStrategy[Event]:
    """Any well-formed event."""
    return RAW.events()


# ------------------------------------------------------------------- what a journal may hold

MOST_UNITS = 10**38 - 1
"""The largest decimal of the grammar, counted in 1e-8: 30 digits before the point and 8 after."""

names = st.one_of(
    st.sampled_from(("alice", "BTCUSDT", "龙虾USDT", "type", "a" * 64, "-", ".", "0")),
    st.text(alphabet="azAZ09._-éß龙虾한٣", min_size=1, max_size=64),
)
decimals = st.one_of(
    st.sampled_from((0, 1, -1, 10**7, 10**8, -(10**8), MOST_UNITS, -MOST_UNITS)), st.integers(-MOST_UNITS, MOST_UNITS)
).map(Decimal8)
integers = st.one_of(st.integers(-5, 1001), st.sampled_from((10**18 - 1, 1 - 10**18)))
tier_tables = st.lists(st.builds(TierTerms, decimals, integers, decimals), max_size=3).map(tuple)
WIRE = ByKind(
    names=dict.fromkeys(("account", "market", "asset", "order"), names),
    decimals=decimals,
    integers=integers,
    tiers=tier_tables,
)
"""Any names, decimals and integers of the grammar."""

owners = st.builds("{}:{}:{}".format, names, names, st.sampled_from(("BOTH", "LONG", "SHORT")))
decimal_texts = st.sampled_from(("0", "-1.50", "3", "0.00000001"))
observations = st.fixed_dictionaries(
    {},
    optional={
        "ledger": st.dictionaries(owners.map("position:{}".format), decimal_texts, max_size=2),
        "positions": st.dictionaries(owners, st.fixed_dictionaries({"quantity": decimal_texts}), max_size=2),
        "marks": st.dictionaries(names, decimal_texts, max_size=2),
    },
)
verdicts: SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}), st.just({"accepted": True}), st.sampled_from(Reason).map(lambda reason: {"rejected": str(reason)})
)
records = st.builds(
    Record,
    line=st.just(0),
    event=WIRE.events(),
    ts=st.none() | st.sampled_from(("2025-10-10T21:20:00Z", "2016-12-31t23:59:60.000000001-23:59")),
    ref=st.none() | st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=128),
    observed=st.none() | st.builds(lambda verdict, rest: {**verdict, **rest}, verdicts, observations),
)
"""Records in line 0; where they really stand follows from the file."""
