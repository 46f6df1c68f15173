"""Answers read from lines: a fast way for the common answers to events, and a strict one that says what is wrong.

The fast way takes a line only where the strict one would take it too, with the same values; it never refuses.
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeVar, get_args

import msgspec
from msgspec import UNSET, Struct, UnsetType

from marginspec import RULEBOOK_VERSION
from marginspec_conformance import PROTOCOL_VERSION
from marginspec_conformance.protocol.messages import (
    CHANGES,
    Accepted,
    Answer,
    Calculated,
    Capability,
    Changes,
    Digest,
    Errored,
    Hello,
    ProtocolError,
    Refused,
    Unsupported,
    Want,
    answer_in,
    is_domain,
    is_position,
    is_word,
    left_out_of,
    refusal_in,
    word_of,
)
from marginspec_journal.canonical import JsonObject
from marginspec_journal.errors import InputError
from marginspec_journal.ledger_names import ledger_account_of
from marginspec_journal.strict_json import Node, parse_document

Read = TypeVar("Read")

CAPABILITIES: tuple[Capability, ...] = get_args(Capability)
HIGHEST_LEVEL = 5
REFUSALS = ("unsupported", "errored")


class NotJsonError(ProtocolError):
    """A line is not even a JSON object in UTF-8: the reason, and the byte where it shows, from 1, if there is one."""

    def __init__(self, reason: str, byte: int | None = None) -> None:
        super().__init__("", reason)
        self.byte = byte


# ------------------------------------------------------------------- any answer


def _read(line: bytes, number: int, kinds: tuple[str, ...], read: Callable[[Node], Read]) -> Read:
    """What a line answers to the request of a number by one of some kinds of answer."""
    try:
        root = parse_document(line, "answer")
        if root.value is None or isinstance(root.value, list | str | int):
            raise NotJsonError("not an object of JSON")
        answered = root.member("id").integer()
        if answered != number:
            root.child("id").fail(f"expected {number}, the id of the request, found {answered}")
        root.member("answer").choice(kinds)
        return read(root)
    except InputError as error:
        fault = json_fault(line)
        if fault is not None:
            raise fault from None
        raise ProtocolError(error.field or "", error.reason) from None


def json_fault(line: bytes) -> NotJsonError | None:
    """What keeps a line from being JSON in UTF-8, and at which byte; None if nothing does."""
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        byte = error.start + 1
        return NotJsonError(f"byte {byte} is 0x{line[error.start]:02x}, which is not UTF-8 there", byte)
    if text.startswith("\ufeff"):
        return NotJsonError("byte 1 begins a byte order mark, which JSON has none of", 1)
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        place = len(text[: error.pos].encode())
        found = f"found 0x{line[place]:02x}" if place < len(line) else "where the line ends"
        return NotJsonError(f"not JSON at byte {place + 1}, {found}: {error.msg}", place + 1)
    except (RecursionError, ValueError):
        return None
    return None


def _refusal_or(read: Callable[[Node], Read]) -> Callable[[Node], Read | Unsupported | Errored]:
    def either(node: Node) -> Read | Unsupported | Errored:
        return refusal_in(node, "id") if node.member("answer").value in REFUSALS else read(node)

    return either


def ok_of(line: bytes, number: int) -> Unsupported | Errored | None:
    """The answer to `configure`, `reset` or `stop`: None for `ok`."""

    def read(node: Node) -> None:
        node.record(("id", "answer"))

    return _read(line, number, ("ok", *REFUSALS), _refusal_or(read))


def state_in(line: bytes, number: int) -> JsonObject | Unsupported | Errored:
    """The answer to `state`; of a state itself no more is checked here than that it is an object."""
    return _read(
        line,
        number,
        ("state", *REFUSALS),
        _refusal_or(lambda node: node.record(("id", "answer", "state"))["state"].fields()),
    )


def calculated_of(line: bytes, number: int) -> Calculated | Unsupported | Errored:
    """The answer to `calc`."""
    return _read(
        line,
        number,
        ("calc", *REFUSALS),
        _refusal_or(lambda node: Calculated(node.record(("id", "answer", "values"))["values"].fields())),
    )


# ------------------------------------------------------------------- hello


def hello_of(line: bytes, number: int) -> Hello:
    """The answer to `hello`; ProtocolError also of an engine of another protocol or rulebook."""
    return _read(line, number, ("hello",), _hello)


def _hello(root: Node) -> Hello:
    fields = root.record(
        ("id", "answer", "protocol", "name", "version", "language", "rulebook", "level", "capabilities"),
        optional=("left_out",),
    )
    if fields["protocol"].integer() != PROTOCOL_VERSION:
        fields["protocol"].fail(f"expected {PROTOCOL_VERSION}, found {fields['protocol'].value}")
    if fields["rulebook"].text() != RULEBOOK_VERSION:
        fields["rulebook"].fail(f'this suite is of rulebook "{RULEBOOK_VERSION}", found {fields["rulebook"].shown()}')
    return Hello(
        word_of(fields["name"]),
        word_of(fields["version"]),
        word_of(fields["language"]),
        RULEBOOK_VERSION,
        fields["level"].integer(0, HIGHEST_LEVEL),
        frozenset(one.choice(CAPABILITIES) for one in fields["capabilities"].elements()),
        tuple(left_out_of(one) for one in fields["left_out"].elements()) if "left_out" in fields else (),
    )


def is_answer(line: bytes) -> bool:
    """Whether a line before the answer to `hello` is meant as an answer, and not noise."""
    try:
        found = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return False
    return isinstance(found, dict) and "answer" in found


# ------------------------------------------------------------------- answers to events


def digest_of(line: bytes, number: int) -> Digest | Unsupported | Errored:
    """The answer to a batch of which a digest was asked for."""

    def read(node: Node) -> Digest:
        fields = node.record(("id", "answer", "steps", "digest"))
        return Digest(fields["steps"].integer(least=0), fields["digest"].sha256())

    return _read(line, number, ("batch", *REFUSALS), _refusal_or(read))


def step_of(line: bytes, number: int, want: Want) -> Answer:
    """The answer to one event."""
    found = _fast(line)
    if found is not None and not isinstance(found, _Batch) and found.id == number:
        answer = _value(found, want)
        if answer is not None:
            return answer
    return strict_step(line, number, want)


def strict_step(line: bytes, number: int, want: Want) -> Answer:
    """The answer to one event, read by the strict way alone."""
    return _read(line, number, ("result", "rejected", *REFUSALS), lambda node: answer_in(node, want, "id"))


def batch_of(line: bytes, number: int, events: int, want: Want) -> list[Answer]:
    """The answers to so many events; one that holds for the whole batch is repeated."""
    found = _fast(line)
    if isinstance(found, _Batch) and found.id == number and len(found.answers) == events:
        answers = [_value(one, want) for one in found.answers if one.id is UNSET]
        if len(answers) == events and None not in answers:
            return answers  # type: ignore[return-value]  # none of them is None
    return strict_batch(line, number, events, want)


def strict_batch(line: bytes, number: int, events: int, want: Want) -> list[Answer]:
    """The answers to so many events, read by the strict way alone."""

    def read(node: Node) -> list[Answer]:
        listed = node.record(("id", "answer", "answers"))["answers"]
        answers = [answer_in(one, want) for one in listed.elements()]
        if len(answers) != events:
            listed.fail(f"expected {events}, one for each event, found {len(answers)}")
        return answers

    found = _read(line, number, ("batch", *REFUSALS), _refusal_or(read))
    return found if isinstance(found, list) else [found] * events


# ------------------------------------------------------------------- the fast way


class _Changes(Struct, forbid_unknown_fields=True, gc=False):
    ledger: dict[str, str]
    positions: dict[str, str]
    claims: dict[str, str]


class _Result(Struct, tag_field="answer", tag="result", forbid_unknown_fields=True, gc=False):
    id: int | UnsetType = UNSET
    liquidated: list[str] | UnsetType = UNSET
    deleveraged: list[str] | UnsetType = UNSET
    levied: list[str] | UnsetType = UNSET
    changes: _Changes | UnsetType = UNSET
    hash: str | UnsetType = UNSET


class _Rejected(Struct, tag_field="answer", tag="rejected", forbid_unknown_fields=True, gc=False):
    reason: str
    id: int | UnsetType = UNSET


class _Unsupported(Struct, tag_field="answer", tag="unsupported", forbid_unknown_fields=True, gc=False):
    capability: str
    id: int | UnsetType = UNSET


_Step = _Result | _Rejected | _Unsupported


class _Batch(Struct, tag_field="answer", tag="batch", forbid_unknown_fields=True, gc=False):
    id: int
    answers: list[_Step]


_DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(_Step | _Batch)
_ENCODER = msgspec.json.Encoder()


def _fast(line: bytes) -> Any:
    """The struct of a common answer, or None where only the strict way can tell."""
    if b"\\" in line:
        return None
    try:
        found = _DECODER.decode(line)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
    # Of a repeated field only the last is decoded, so the line has more quotes than what was decoded.
    return found if _ENCODER.encode(found).count(b'"') == line.count(b'"') else None


def _value(found: _Step, want: Want) -> Answer | None:
    if isinstance(found, _Rejected):
        return Refused(found.reason) if is_word(found.reason) and want != "receipts" else None
    if isinstance(found, _Unsupported):
        return Unsupported(found.capability) if is_word(found.capability) else None
    if want == "verdict" and found.changes is UNSET and found.hash is UNSET and found.liquidated is UNSET:
        return Accepted() if found.deleveraged is UNSET and found.levied is UNSET else None
    return _balances(found, want) if want in ("decisions", "balances", "terms") and found.hash is UNSET else None


def _balances(found: _Result, want: Want) -> Accepted | None:
    liquidated, deleveraged, levied = found.liquidated, found.deleveraged, found.levied
    if liquidated is UNSET or deleveraged is UNSET or levied is UNSET:
        return None
    if not (all(map(is_domain, liquidated)) and all(map(is_position, deleveraged)) and all(map(is_domain, levied))):
        return None
    changes: Changes | None = None
    if found.changes is not UNSET:
        changes = _sound(found.changes)
    if changes is None and (want != "decisions" or found.changes is not UNSET):
        return None
    told = None if want == "decisions" else changes
    return Accepted(tuple(liquidated), tuple(deleveraged), tuple(levied), told)


def _sound(found: _Changes) -> Changes | None:
    """Changes whose names and amounts are sound, or None."""
    if not (_all(found.ledger, _is_ledger_account) and _all(found.positions, is_position)):
        return None
    if not _all(found.claims, is_domain):
        return None
    return Changes(found.ledger, found.positions, found.claims)


def _all(amounts: Mapping[str, str], holds: Callable[[str], bool]) -> bool:
    # A text with a newline in it has a backslash on its line, and so never comes here.
    return not amounts or (all(map(holds, amounts)) and _AMOUNTS("\n".join(amounts.values())) is not None)


_AMOUNT = r"(?!-0(?:\.0+)?(?:\n|\Z))-?(?:0|[1-9][0-9]{0,29})(?:\.[0-9]{1,8})?"
_AMOUNTS = re.compile(rf"{_AMOUNT}(?:\n{_AMOUNT})*", re.ASCII).fullmatch


@lru_cache(65_536)
def _is_ledger_account(text: str) -> bool:
    try:
        ledger_account_of(text, Node("", None, "", text))
    except InputError:
        return False
    return True


assert set(_Changes.__struct_fields__) == set(CHANGES)
