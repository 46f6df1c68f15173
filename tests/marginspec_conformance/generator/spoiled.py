"""Events with one thing in them that is wrong, so that every guard of the rules refuses some."""

from typing import Any

import attrs

from marginspec.model.events import Event, ListMarket
from marginspec.model.fields import Amount, Choice, Field, Flag, Integer, Name, Rows, fields_of
from marginspec.model.state import State
from marginspec.model.units import Decimal8
from marginspec_conformance.generator.aimed import ONE, Chooser, marked_markets, plausible_event
from marginspec_conformance.generator.events import listing, tiers

UNMARKED = "Z"
"""A market that is listed and never has a mark."""
UNKNOWN = {"account": "nobody", "market": "nowhere", "order": "o9"}
RATE_ABOVE = ONE + 1
WRONG_TIERS = (
    (),
    tiers(("5", 10, "0.05")),
    tiers(("0", 10, "0.05"), ("100", 20, "0.1")),
    tiers(("0", 10, "0.2")),
    tiers(("0", 10, "0.05"), ("100", 5, "0.04")),
)
"""No tier, one that does not begin at zero, leverage that rises, maintenance above initial margin or falling."""


def spoiled(chooser: Chooser, event: Event) -> Event:
    """An event with one field changed to what is unknown, too fine, too large, not above zero, or somebody else's."""
    event_class: type = type(event)
    fields = [field for field in fields_of(event_class) if can_be_wrong(field)]
    field = chooser.pick(fields)
    accounts = [getattr(event, one.name) for one in fields if isinstance(one.kind, Name) and one.kind.of == "account"]
    wrong = wrong_value(chooser, field, getattr(event, field.name), accounts)
    return attrs.evolve(event, **{field.name: wrong})


def wrong_event(chooser: Chooser, state: State) -> Event:
    """An event of any class, spoiled; another market where none has a mark."""
    markets = marked_markets(state)
    if not markets:
        return listing(UNMARKED)
    event = plausible_event(chooser, state, chooser.pick(markets))
    if isinstance(event, ListMarket):
        event = attrs.evolve(event, market=f"Y{chooser.whole(1, 999)}")
    return spoiled(chooser, event)


def can_be_wrong(field: Field) -> bool:
    """Whether a field can be given a wrong value that a journal can hold."""
    return not isinstance(field.kind, Flag) and not (isinstance(field.kind, Name) and field.kind.of == "asset")


def wrong_value(chooser: Chooser, field: Field, value: Any, accounts: list[str]) -> Any:
    """A value of a field that some guard refuses; a choice is any other one."""
    match field.kind:
        case Name(of="account"):
            return chooser.pick((UNKNOWN["account"], *accounts, *accounts))
        case Name(of="market"):
            return chooser.pick((UNKNOWN["market"], UNMARKED, UNMARKED, UNMARKED))
        case Name(of=kind):
            return UNKNOWN[kind]
        case Amount():
            stated = value or ONE
            return Decimal8(chooser.pick((0, -stated, stated + 1, stated + ONE // 3, 2**62 * ONE, 10**34, RATE_ABOVE)))
        case Integer():
            return chooser.pick((0, -1, 18, 100_000))
        case Rows():
            return chooser.pick(WRONG_TIERS)
        case Choice(words=words):
            return chooser.pick(words)
    raise AssertionError(f"no event has such a field: {field}")
