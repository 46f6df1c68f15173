"""Connectors by their texts."""

import pytest

from marginspec_conformance.connectors.parsing import FORMS, connector_of
from marginspec_journal import InputError


@pytest.mark.parametrize(
    "text",
    [
        "exec:./engine --fast",
        "py:my_engine:make",
        "http://127.0.0.1:8080/ask",
        "http://[::1]:8080",
        "attach:9000",
        "journal:said.jsonl",
    ],
)
def test_a_connector_has_the_name_that_was_given(text: str) -> None:
    assert connector_of(text).name == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("./engine", f"expected {FORMS}"),
        ("ssh:host", f"expected {FORMS}"),
        ("exec:", f"expected {FORMS}"),
        ("exec: ", "no command"),
        ("exec:'./engine", "no command: No closing quotation"),
        ("http://example.com:80", "expected http://127.0.0.1:PORT, an engine on this machine"),
        ("http://127.0.0.1.example.com:80", "expected http://127.0.0.1:PORT, an engine on this machine"),
        ("http://localhost:80", "expected http://127.0.0.1:PORT, an engine on this machine"),
        ("http://127.0.0.1", "expected http://127.0.0.1:PORT, an engine on this machine"),
        ("http://127.0.0.1:99999", "expected http://127.0.0.1:PORT, an engine on this machine"),
        ("http://me@127.0.0.1:80", "expected http://127.0.0.1:PORT, an engine on this machine"),
        ("attach:0", "expected a port from 1 to 65535, found 0"),
        ("attach:x", "expected a port from 1 to 65535, found x"),
    ],
)
def test_other_texts_are_refused(text: str, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        connector_of(text)
    assert str(caught.value) == f"{text}: {reason}"
