"""Requests and answers of the engine protocol, as values; amounts stay the texts that they are on the wire."""

from collections.abc import Mapping
from typing import Any, Literal

import attrs

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


@attrs.frozen
class Hello:
    """What an engine says of itself."""

    name: str
    version: str
    language: str
    rulebook: str
    level: int
    capabilities: frozenset[str]
    left_out: tuple[str, ...] = ()


@attrs.frozen
class Changes:
    """What an event changed, with the value after it: balances, signed quantities, claims; texts of decimals."""

    ledger: Mapping[str, str] = attrs.Factory(dict)
    positions: Mapping[str, str] = attrs.Factory(dict)
    claims: Mapping[str, str] = attrs.Factory(dict)


@attrs.frozen
class Term:
    """A figure on the way to a decision: of which domain, position, market or lot."""

    name: str
    of: str
    value: str


@attrs.frozen
class Choice:
    """What an engine chose where venues differ by design, by clause."""

    clause: str
    quantity: str | None = None
    counterparty: str | None = None
    shares: Mapping[str, str] | None = None


@attrs.frozen
class Accepted:
    """An event was accepted; None stands for what was not asked for or not told."""

    liquidated: tuple[str, ...] | None = None
    deleveraged: tuple[str, ...] | None = None
    levied: tuple[str, ...] | None = None
    changes: Changes | None = None
    terms: tuple[Term, ...] = ()
    choices: tuple[Choice, ...] = ()
    hash: str | None = None


@attrs.frozen
class Refused:
    """An event was refused; the hash of the receipts' chain only where receipts are compared."""

    reason: str
    hash: str | None = None


@attrs.frozen
class Unsupported:
    """An engine has nothing for a request or an event, which changed nothing."""

    capability: str


@attrs.frozen
class Errored:
    """An engine failed at a request, by its own word."""

    message: str


Answer = Accepted | Refused | Unsupported | Errored
"""What an engine answers to an event."""


@attrs.frozen
class Digest:
    """The answers to a batch, as their number and hash."""

    steps: int
    sha256: str


@attrs.frozen
class Calculated:
    """The answer to a question, by field as `marginspec calc` names it."""

    values: JsonObject


def answer_object(answer: Answer) -> dict[str, Any]:
    """An answer to an event as JSON states it, without `id`."""
    raise NotImplementedError


def answer_of(given: JsonObject, want: Want) -> Answer:
    """An answer to an event from JSON; ProtocolError, with place and reason, if it is none or lacks what was wanted."""
    raise NotImplementedError
