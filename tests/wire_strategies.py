"""Records as a journal can hold them: every type of event, with any names, decimals and integers of the grammar."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from marginspec.model.events import Event
from marginspec.model.fields import Amount, Choice, Flag, Integer, Kind, Name, Rows
from marginspec.model.market import TierTerms
from marginspec.model.rejections import Reason
from marginspec.model.units import Decimal8
from marginspec_journal import Record
from marginspec_journal.events import EVENT_FORMS
from marginspec_journal.records import RecordForm

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


def _values(kind: Kind) -> SearchStrategy[Any]:
    """The values that a field of this kind can have."""
    if isinstance(kind, Choice):
        return st.sampled_from(kind.words)
    kinds = {Name: names, Integer: integers, Flag: st.booleans(), Amount: decimals, Rows: tier_tables}
    return kinds[type(kind)]


def _events(form: RecordForm) -> SearchStrategy[Event]:
    values = {name: _values(kind) for name, kind in form.kinds.items()}
    values.update({name: st.none() | values[name] for name in form.optional})
    return st.builds(form.record, **values)


keys = st.text(alphabet=st.characters(codec="utf-8"), max_size=20)
decimal_texts = st.sampled_from(("0", "-1.50", "3", "0.00000001"))
observations = st.fixed_dictionaries(
    {},
    optional={
        "ledger": st.dictionaries(keys, decimal_texts, max_size=2),
        "positions": st.dictionaries(keys, st.fixed_dictionaries({"quantity": decimal_texts}), max_size=2),
        "marks": st.dictionaries(keys, decimal_texts, max_size=2),
    },
)
verdicts: SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}), st.just({"accepted": True}), st.sampled_from(Reason).map(lambda reason: {"rejected": str(reason)})
)
records = st.builds(
    Record,
    line=st.just(0),
    event=st.one_of([_events(form) for form in EVENT_FORMS.values()]),
    ts=st.none() | st.sampled_from(("2025-10-10T21:20:00Z", "2016-12-31t23:59:60.000000001-23:59")),
    ref=st.none() | st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=128),
    observed=st.none() | st.builds(lambda verdict, rest: {**verdict, **rest}, verdicts, observations),
)
"""Records in line 0; where they really stand follows from the file."""
