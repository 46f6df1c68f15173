"""Connectors by their texts, as on the command line: `exec:./engine`, `py:my_engine:make`, and so on."""

import shlex
from pathlib import Path
from urllib.parse import urlsplit

from marginspec_conformance.connectors.conversation import Reached
from marginspec_conformance.connectors.in_process import InProcess
from marginspec_conformance.connectors.posting import Posted
from marginspec_conformance.connectors.processes import Process
from marginspec_conformance.connectors.sockets import Attached
from marginspec_conformance.connectors.transcripts import Remembered
from marginspec_journal.errors import InputError

FORMS = "exec:COMMAND, py:MODULE:FACTORY, http://127.0.0.1:PORT, attach:PORT or journal:FILE"


def connector_of(text: str) -> Reached:
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


def posted(text: str, rest: str) -> Reached:  # noqa: ARG001 - as the others
    """`http://127.0.0.1:PORT`, of this machine and no other."""
    url = urlsplit(text)
    try:
        port = url.port
    except ValueError:
        port = None
    if url.hostname not in ("127.0.0.1", "::1") or not port or url.username is not None or url.query or url.fragment:
        raise InputError(text, None, None, "expected http://127.0.0.1:PORT, an engine on this machine")
    return Reached(text, lambda limits: Posted(url, limits))


def attached(text: str, port: str) -> Reached:
    """`attach:PORT`, of this machine."""
    if not (port.isascii() and port.isdecimal() and 1 <= int(port) <= HIGHEST_PORT):
        raise InputError(text, None, None, f"expected a port from 1 to {HIGHEST_PORT}, found {port}")
    return Reached(text, lambda limits: Attached(int(port), limits))


def remembered(text: str, file: str) -> Reached:
    """`journal:FILE`, which is read anew for each session."""
    return Reached(text, lambda limits: Remembered(Path(file)))  # noqa: ARG005 - as channels are opened


HIGHEST_PORT = 65_535
OPENERS = {"exec": process, "py": in_process, "http": posted, "attach": attached, "journal": remembered}
