"""Headers, states, events and questions of the rulebook, from and to the plain values of messages."""

from marginspec.model.events import Event
from marginspec.model.state import Header, State
from marginspec_journal.canonical import JsonObject
from marginspec_journal.events import record_of
from marginspec_journal.header import header_of
from marginspec_journal.states import OpenedState, state_in
from marginspec_journal.strict_json import Node
from marginspec_tools.calculate.calc import answer, question_of


def header_in(given: JsonObject) -> Header:
    """The header that an object states; InputError if it states none."""
    return header_of(Node("header", None, "", given))


def event_of(given: JsonObject) -> Event:
    """The event that an object states; InputError if it states none."""
    return record_of(Node("event", None, "", given), 0).event


def opened_state_of(given: JsonObject) -> OpenedState:
    """The state that an object holds, and what led to it; InputError if it holds none."""
    return state_in(Node("state", None, "", given))


def state_of(given: JsonObject) -> State:
    """The state that an object holds; InputError if it holds none."""
    return opened_state_of(given).state


def calculated(question: JsonObject) -> JsonObject:
    """The answer of `marginspec calc` to a question, without what every answer has; InputError if it is none."""
    answered = answer(question_of(Node("question", None, "", question), "question"))
    return {name: value for name, value in answered.items() if name not in ("calc", "rulebook", "id", "kind")}
