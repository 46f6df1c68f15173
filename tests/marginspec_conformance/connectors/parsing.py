"""Connectors by their texts, as on the command line: `exec:./engine`, `py:my_engine:make`, and so on."""

import shlex

from marginspec_conformance.connectors.conversation import Reached
from marginspec_conformance.connectors.in_process import InProcess
from marginspec_conformance.connectors.processes import Process
from marginspec_conformance.connectors.session import Connector
from marginspec_journal.errors import InputError

FORMS = "exec:COMMAND, py:MODULE:FACTORY, http://127.0.0.1:PORT, attach:PORT or journal:FILE"


def connector_of(text: str) -> Connector:
    """The connector that a text names; InputError if it names none."""
    scheme, _, rest = text.partition(":")
    if scheme not in OPENERS or not rest:
        raise InputError(text, None, None, f"expected {FORMS}")
    return OPENERS[scheme](text, rest)


def process(text: str, command: str) -> Reached:
    """`exec:COMMAND`, split into words as a shell does, but run by none."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise InputError(text, None, None, f"no command: {error}") from None
    if not words:
        raise InputError(text, None, None, "no command")
    return Reached(text, lambda limits: Process(command, limits))


def in_process(text: str, place: str) -> Reached:
    """`py:MODULE:FACTORY`."""
    return Reached(text, lambda limits: InProcess(place, limits))


OPENERS = {"exec": process, "py": in_process}
