"""Which rule takes which type of event: each is declared where it is written, and one function leads to all."""

from collections.abc import Callable, Iterable
from typing import TypeAlias

from marginspec_engine.layout import EVENT_CLASSES, EVENT_FIELDS
from marginspec_engine.layout.generated import Known, choice_by_number, defined
from marginspec_engine.memory.words import Words

Handler: TypeAlias = Callable[[Words], int]

HANDLERS: dict[type, Handler] = {}
"""What takes each class of events: it reads the event words and gives the reason, ACCEPTED if there is none."""


def handles(event_class: type) -> Callable[[Handler], Handler]:
    """Register a function as the one that takes events of a class; the function itself is left as it is."""

    def register(handler: Handler) -> Handler:
        assert event_class in EVENT_FIELDS, f"{event_class.__name__} has no row of words"
        assert event_class not in HANDLERS, f"two handlers of {event_class.__name__}"
        HANDLERS[event_class] = handler
        return handler

    return register


def dispatch(name: str, first: Iterable[type], known: Known) -> Callable[[Words, int], int]:
    """A function of the book and a type of event that calls its handler; some classes are asked for first.

    It is made as text, since compiled code calls only what it is told by name.
    """
    assert set(HANDLERS) == set(EVENT_FIELDS), "every class of events with a row needs a handler"
    ordered = {record: HANDLERS[record] for record in dict.fromkeys((*first, *HANDLERS))}
    known |= {handler.__name__: handler for handler in ordered.values()}
    names = {EVENT_CLASSES.index(record): handler.__name__ for record, handler in ordered.items()}
    chosen: Callable[[Words, int], int] = defined(
        name, choice_by_number(name, "event_type", "book, event_type", names, "book"), known
    )
    return chosen
