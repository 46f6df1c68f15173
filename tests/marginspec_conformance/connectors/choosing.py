"""Which way to an engine a text names."""

import re
from pathlib import Path

from marginspec_conformance.connectors.network import AttachConnector, HttpConnector
from marginspec_conformance.connectors.process import ExecConnector
from marginspec_conformance.connectors.python_object import PythonConnector
from marginspec_conformance.connectors.recorded import RecordedConnector
from marginspec_conformance.connectors.session import Connector
from marginspec_journal import InputError

FORMS = "exec:COMMAND, py:MODULE:FACTORY, http://127.0.0.1:PORT, attach:PORT or journal:FILE"


def connector_of(text: str) -> Connector:
    """The connector that a text names; InputError if it names none."""
    if found := re.fullmatch(r"exec:(.+)", text, re.DOTALL):
        return ExecConnector(found[1])
    if found := re.fullmatch(r"py:([\w.]+):(\w+)", text):
        return PythonConnector(found[1], found[2])
    if found := re.fullmatch(r"(http://127\.0\.0\.1|attach):(\d{1,5})/?", text):
        return HttpConnector(int(found[2])) if found[1].startswith("http") else AttachConnector(int(found[2]))
    if found := re.fullmatch(r"journal:(.+)", text, re.DOTALL):
        return RecordedConnector(Path(found[1]))
    raise InputError(text, None, None, f"an engine is named by {FORMS}")
