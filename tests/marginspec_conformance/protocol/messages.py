"""Requests and answers of the engine protocol; amounts stay the texts that they are on the wire.

Each class is one message: its fields are those of docs/conformance/protocol.md, and unknown ones are refused.
"""

from hashlib import sha256
from typing import Annotated, Any, Literal

import attrs
import msgspec
from msgspec import Meta, Struct

from marginspec_journal.canonical import JsonObject

Want = Literal["verdict", "decisions", "balances", "terms", "receipts"]
"""How much a result tells; each but `receipts` has what the ones before it have."""

Capability = Literal[
    "calc",
    "batch",
    "digest",
    "state",
    "reset_state",
    "terms",
    "choices",
    "isolated",
    "hedge",
    "orders",
    "limits",
    "stated_fees",
    "funding",
    "fills",
    "deleverage",
    "settle_market",
    "bitmex",
    "no_levy",
]
"""What an engine says that it has; whatever needs another one is skipped, and counted as skipped."""

Name = Annotated[str, Meta(min_length=1, max_length=300)]
"""A word, the name of an account, domain, position or ledger account."""
Amount = Annotated[str, Meta(pattern=r"^(?!-0$)-?(0|[1-9][0-9]{0,29})(\.[0-9]{0,7}[1-9])?$")]
"""A decimal in its shortest form."""
Hash = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Level = Annotated[int, Meta(ge=0, le=5)]
Text = Annotated[str, Meta(max_length=10_000)]


class ProtocolError(Exception):
    """A message is none of the protocol: what is wrong, and in which field."""


# ------------------------------------------------------------------- requests


class Request(Struct, tag_field="do", frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What every request has: a number that its answer repeats."""

    id: Annotated[int, Meta(ge=1)]


class SayHello(Request, tag="hello", frozen=True):
    """The first request: the protocol's version, the runner's, the rulebook's."""

    protocol: int
    suite: str
    rulebook: str


class Configure(Request, tag="configure", frozen=True):
    """The header of a journal: profile and decimals of assets."""

    header: JsonObject


class Reset(Request, tag="reset", frozen=True):
    """Begin anew, from nothing or from a state."""

    state: JsonObject | None = None


class Step(Request, tag="step", frozen=True):
    """One event."""

    event: JsonObject
    want: Want


class Batch(Request, tag="batch", frozen=True):
    """Some events, in order."""

    events: list[JsonObject]
    want: Want
    digest: bool = False


class AskState(Request, tag="state", frozen=True):
    """The whole state."""


class Calc(Request, tag="calc", frozen=True):
    """One question of `marginspec calc`."""

    question: JsonObject


class Stop(Request, tag="stop", frozen=True):
    """The last request."""


AnyRequest = SayHello | Configure | Reset | Step | Batch | AskState | Calc | Stop


# ------------------------------------------------------------------- answers


class Reply(Struct, tag_field="answer", frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What every answer has: the number of its request, which the answers within a batch leave out."""

    id: int = 0


class Hello(Reply, tag="hello", frozen=True):
    """What an engine says of itself."""

    name: Name
    version: Name
    language: Name
    rulebook: str
    level: Level
    capabilities: frozenset[Name]
    protocol: int
    left_out: tuple[Name, ...] = ()


class Ok(Reply, tag="ok", frozen=True):
    """The engine did as it was asked."""


class Changes(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What an event changed, with the value after it: balances, signed quantities, claims on relief."""

    ledger: dict[Name, Amount] = {}
    positions: dict[Name, Amount] = {}
    claims: dict[Name, Amount] = {}


class Term(Struct, frozen=True, forbid_unknown_fields=True):
    """A figure on the way to a decision: of which domain, position, market or lot."""

    name: Name
    of: Name
    value: Amount


class Choice(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What an engine chose where venues differ by design, by clause."""

    clause: Name
    quantity: Amount | None = None
    counterparty: Name | None = None
    shares: dict[Name, Amount] | None = None


class Accepted(Reply, tag="result", frozen=True):
    """An event was accepted; None stands for what was not asked for, or not told."""

    liquidated: tuple[Name, ...] | None = None
    deleveraged: tuple[Name, ...] | None = None
    levied: tuple[Name, ...] | None = None
    changes: Changes | None = None
    terms: tuple[Term, ...] = ()
    choices: tuple[Choice, ...] = ()
    hash: Hash | None = None


class Refused(Reply, tag="rejected", frozen=True):
    """An event was refused; the hash only where receipts are compared."""

    reason: Name
    hash: Hash | None = None


class Unsupported(Reply, tag="unsupported", frozen=True):
    """An engine has nothing for a request or an event, which changed nothing."""

    capability: Name


class Errored(Reply, tag="errored", frozen=True):
    """An engine failed at a request, by its own word."""

    message: Text


Answer = Accepted | Refused | Unsupported | Errored
"""What an engine answers to an event."""


@attrs.frozen
class Digest:
    """The answers to a batch, as their number and hash."""

    steps: int
    sha256: str


class Answers(Reply, tag="batch", frozen=True):
    """The answers to a batch, or their number and digest."""

    answers: list[Answer] | None = None
    steps: int | None = None
    digest: Hash | None = None


class Held(Reply, tag="state", frozen=True):
    """The whole state of an engine, as in a file."""

    state: JsonObject


class Calculated(Reply, tag="calc", frozen=True):
    """The answer to a question, by field as `marginspec calc` names it."""

    values: JsonObject


AnyReply = Hello | Ok | Accepted | Refused | Unsupported | Errored | Answers | Held | Calculated

# ------------------------------------------------------------------- JSON

_REPLIES: msgspec.json.Decoder[AnyReply] = msgspec.json.Decoder(AnyReply)
_REQUESTS: msgspec.json.Decoder[AnyRequest] = msgspec.json.Decoder(AnyRequest)
_ENCODER = msgspec.json.Encoder()
_SORTED = msgspec.json.Encoder(order="sorted")

NEEDED: dict[Want, tuple[str, ...]] = {
    "verdict": (),
    "decisions": ("liquidated", "deleveraged", "levied"),
    "balances": ("liquidated", "deleveraged", "levied", "changes"),
    "terms": ("liquidated", "deleveraged", "levied", "changes"),
    "receipts": ("hash",),
}
"""What a result must tell, by what was wanted."""


def line_of(message: Request | Reply) -> bytes:
    """A message as its line, with the newline."""
    return _ENCODER.encode(message) + b"\n"


def reply_of(line: bytes) -> AnyReply:
    """An answer from its line; ProtocolError if it is none."""
    try:
        return _REPLIES.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProtocolError(str(error)) from None


def request_of(line: bytes) -> AnyRequest:
    """A request from its line; ProtocolError if it is none."""
    try:
        return _REQUESTS.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProtocolError(str(error)) from None


def converted(given: object, of: Any) -> Any:
    """A message, or a part of one, from plain values; ProtocolError if it is none."""
    try:
        return msgspec.convert(given, of)
    except msgspec.ValidationError as error:
        raise ProtocolError(str(error)) from None


def object_of(message: Request | Reply) -> JsonObject:
    """A message as plain values."""
    made: JsonObject = msgspec.to_builtins(message)
    return made


def answer_object(answer: Answer) -> JsonObject:
    """An answer to an event as JSON states it, without `id`."""
    return object_of(answer)


def check_told(answer: Answer, want: Want) -> None:
    """ProtocolError if a result, or a refusal where receipts are wanted, lacks what was wanted."""
    if isinstance(answer, Accepted):
        for name in NEEDED[want]:
            if getattr(answer, name) is None:
                raise ProtocolError(f"a result without {name}, where {want} are wanted")
    elif isinstance(answer, Refused) and want == "receipts" and answer.hash is None:
        raise ProtocolError("a refusal without hash, where receipts are wanted")


def canonical_answer(answer: Answer) -> bytes:
    """An answer as canonical JSON, without `id`."""
    return _SORTED.encode(answer)


def digest_of(answers: list[Answer]) -> str:
    """The digest of the answers to a batch: SHA-256 of their canonical JSON, each with a newline."""
    return sha256(b"".join([canonical_answer(answer) + b"\n" for answer in answers])).hexdigest()
