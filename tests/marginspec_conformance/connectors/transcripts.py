"""Conversations with an engine as files, recorded, and `journal:FILE` (also `.gz`), which answers as was recorded.

A line is `{"runner": REQUEST}`, `{"engine": ANSWER}` or `{"noise": TEXT}`, as they were said. An answer may depend on
all that was asked since `configure`, and so it is found again where the same was asked in the same order since then,
whatever was asked before.
"""

import gzip
import zlib
from collections.abc import Callable
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import attrs
import msgspec

from marginspec_conformance.connectors.channel import Channel
from marginspec_conformance.connectors.conversation import Reached, past_noise
from marginspec_conformance.connectors.session import EngineFailure, Limits
from marginspec_journal import limits
from marginspec_journal.canonical import JsonObject, sorted_json
from marginspec_journal.errors import InputError
from marginspec_journal.strict_json import Node, parse_document
from marginspec_journal.whole_files import read_whole

Write = Callable[[bytes], object]

COMPRESSED = ".gz"
SPEAKERS = ("runner", "engine", "noise")


class Place:
    """Where a conversation stands: what of it an answer may depend on, as a hash."""

    def __init__(self) -> None:
        self._passed = ""

    def after(self, request: JsonObject) -> str:
        """The key of the answer to a request that is asked now."""
        told = {name: value for name, value in request.items() if name not in ("id", "suite")}
        alone = told.get("do") in ("hello", "calc", "stop")
        before = "" if alone or told.get("do") == "configure" else self._passed
        key = sha256(before.encode() + sorted_json(told)).hexdigest()
        if not alone:
            self._passed = key
        return key


def recorded_answers(path: Path) -> dict[str, JsonObject]:
    """The answers of a file, by the keys of what was asked; InputError if it is no record of conversations."""
    answers: dict[str, JsonObject] = {}
    place, key = Place(), ""
    text = read_whole(path)
    if path.suffix == COMPRESSED:
        text = decompressed(path, text)
    if not text.endswith(b"\n"):
        raise InputError(str(path), text.count(b"\n") + 1, None, "the last line has no newline")
    for number, line in enumerate(text.split(b"\n")[:-1], start=1):
        speaker, said = _said(parse_document(line, str(path), number))
        if speaker == "runner":
            key = place.after(said.fields())
        elif speaker == "engine":
            if not key:
                said.fail("an answer to no request")
            answers[key], key = said.fields(), ""
    return answers


def decompressed(path: Path, packed: bytes) -> bytes:
    """What gzip has packed; InputError if it is nothing of that, or more than a file may hold."""
    try:
        with gzip.open(BytesIO(packed)) as stream:
            text = stream.read(limits.FILE_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(str(path), None, None, f"not packed by gzip: {error}") from None
    if len(text) > limits.FILE_BYTES:
        raise InputError(str(path), None, None, f"unpacked larger than the limit of {limits.FILE_BYTES} bytes")
    return text


def _said(line: Node) -> tuple[str, Node]:
    fields = line.record((), optional=SPEAKERS)
    if len(fields) != 1:
        line.fail(f"expected one of {', '.join(SPEAKERS)}")
    return next(iter(fields.items()))


class Remembered:
    """A channel to what an engine once answered."""

    def __init__(self, path: Path) -> None:
        self.noise: list[str] = []
        self._path, self._answers, self._place = path, recorded_answers(path), Place()

    def ask(self, request: bytes, until: float) -> bytes:  # noqa: ARG002 - it answers at once
        """The recorded answer, under the number of this request."""
        asked: JsonObject = msgspec.json.decode(request)
        answer = self._answers.get(self._place.after(asked))
        if answer is None:
            if asked["do"] == "stop":
                answer = {"answer": "ok"}
            else:
                detail = f"{self._path} has no answer to this request {asked['id']}, {asked['do']}, after the same ones"
                raise EngineFailure("protocol", detail)
        return msgspec.json.encode({**answer, "id": asked["id"]})

    def pass_over(self, until: float) -> bytes:  # noqa: ARG002 - as other channels
        """There is no noise here."""
        raise EngineFailure("protocol", f"{self._path} has something else than an answer to hello")

    def end(self, until: float) -> None:
        """There is no process to wait for."""

    def close(self) -> None:
        """Nothing is open."""

    def stderr(self) -> str:
        """It was not recorded."""
        return ""


@attrs.define
class Recorded:
    """A channel that writes down what is said on another one; what is no JSON object is left out, as noise is."""

    _channel: Channel
    _write: Write
    noise: list[str] = attrs.Factory(list)

    def ask(self, request: bytes, until: float) -> bytes:
        """As the channel does."""
        asked: JsonObject = msgspec.json.decode(request)
        line = self._channel.ask(request, until)
        if asked["do"] == "hello":
            line = past_noise(self._channel, line, until)
            self.noise = self._channel.noise
            for one in self.noise:
                self._write(_line("noise", one))
        try:
            answer = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return line
        self._write(_line("runner", asked))
        self._write(_line("engine", answer))
        return line

    def pass_over(self, until: float) -> bytes:
        """As the channel does."""
        return self._channel.pass_over(until)

    def end(self, until: float) -> int | None:
        """As the channel does."""
        return self._channel.end(until)

    def close(self) -> None:
        """As the channel does."""
        self._channel.close()

    def stderr(self) -> str:
        """As the channel does."""
        return self._channel.stderr()


def _line(speaker: str, said: Any) -> bytes:
    return msgspec.json.encode({speaker: said})


def recorded(connector: Reached, write: Write) -> Reached:
    """A connector whose conversations are written down, by lines without their newline."""

    def channel(limits: Limits) -> Channel:
        return Recorded(connector.channel(limits), write)

    return Reached(connector.name, channel)
