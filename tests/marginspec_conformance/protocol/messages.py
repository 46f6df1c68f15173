"""Requests and answers of the engine protocol, as values; amounts stay the texts that they are on the wire."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Any, Literal, get_args

import attrs

from marginspec.model.account import PositionSide
from marginspec_journal.canonical import JsonObject, sorted_json
from marginspec_journal.decimals import parse_decimal, shortest_decimal
from marginspec_journal.errors import InputError
from marginspec_journal.ledger_names import ledger_account_of
from marginspec_journal.names import is_name
from marginspec_journal.strict_json import Node

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
    "adl",
    "levy",
    "no_levy",
]
"""What an engine says that it has; whatever needs another one is skipped, and counted as skipped."""
Part = Literal["input_checks", "several_assets"]
"""What an engine may leave out beside clauses: to refuse malformed input, and to have more than one asset."""
PARTS: tuple[Part, ...] = get_args(Part)


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


SIDES: tuple[str, ...] = get_args(PositionSide)
LONGEST_WORD = 128
DECISIONS = ("liquidated", "deleveraged", "levied")
CHANGES = ("ledger", "positions", "claims")
TOLD = (*DECISIONS, "changes", "terms", "choices", "hash")
"""Everything that a result may tell."""
NEEDED: dict[Want, tuple[str, ...]] = {
    "verdict": (),
    "decisions": DECISIONS,
    "balances": (*DECISIONS, "changes"),
    "terms": (*DECISIONS, "changes"),
    "receipts": ("hash",),
}
"""What a result must tell, by what is wanted."""


class ProtocolError(Exception):
    """What an engine wrote is no answer of the protocol: the place in it, empty for the whole, and the reason."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason}" if place else reason)
        self.place, self.reason = place, reason


# ------------------------------------------------------------------- answers as JSON


def answer_object(answer: Answer) -> dict[str, Any]:
    """An answer to an event as JSON states it, without `id`; amounts as they are given."""
    match answer:
        case Accepted():
            return {"answer": "result", **_told(answer)}
        case Refused():
            return {"answer": "rejected", "reason": answer.reason, **_with_hash(answer.hash)}
        case Unsupported():
            return {"answer": "unsupported", "capability": answer.capability}
        case Errored():
            return {"answer": "errored", "message": answer.message}


def _told(answer: Accepted) -> JsonObject:
    fields: JsonObject = {name: list(getattr(answer, name) or ()) for name in DECISIONS if _is_told(answer, name)}
    if answer.changes is not None:
        fields["changes"] = {kind: dict(getattr(answer.changes, kind)) for kind in CHANGES}
    if answer.terms:
        fields["terms"] = [{"name": one.name, "of": one.of, "value": one.value} for one in answer.terms]
    if answer.choices:
        fields["choices"] = [_choice_object(one) for one in answer.choices]
    return {**fields, **_with_hash(answer.hash)}


def _is_told(answer: Accepted, name: str) -> bool:
    return getattr(answer, name) is not None


def _with_hash(chain: str | None) -> JsonObject:
    return {} if chain is None else {"hash": chain}


def _choice_object(choice: Choice) -> JsonObject:
    chosen = {"quantity": choice.quantity, "counterparty": choice.counterparty}
    fields = {name: value for name, value in chosen.items() if value is not None}
    shares = {} if choice.shares is None else {"shares": dict(choice.shares)}
    return {"clause": choice.clause, **fields, **shares}


def batch_digest(answers: Iterable[Answer]) -> Digest:
    """The number of some answers and the SHA-256 of their canonical lines."""
    lines = [canonical_answer(answer) for answer in answers]
    return Digest(len(lines), sha256(b"".join(lines)).hexdigest())


def canonical_answer(answer: Answer) -> bytes:
    """The line of an answer that a digest is taken of: canonical JSON, amounts in their shortest form, a newline."""
    if isinstance(answer, Accepted):
        answer = _shortest(answer)
    return sorted_json(answer_object(answer)) + b"\n"


def _shortest(answer: Accepted) -> Accepted:
    changes = answer.changes and Changes(*(_short(getattr(answer.changes, kind)) for kind in CHANGES))
    terms = tuple(attrs.evolve(term, value=_short_amount(term.value)) for term in answer.terms)
    choices = tuple(
        attrs.evolve(
            choice,
            quantity=None if choice.quantity is None else _short_amount(choice.quantity),
            shares=None if choice.shares is None else _short(choice.shares),
        )
        for choice in answer.choices
    )
    return attrs.evolve(answer, changes=changes, terms=terms, choices=choices)


def _short(amounts: Mapping[str, str]) -> dict[str, str]:
    return {name: _short_amount(text) for name, text in amounts.items()}


def _short_amount(text: str) -> str:
    return shortest_decimal(parse_decimal(text))


# ------------------------------------------------------------------- answers from JSON


def answer_of(given: JsonObject, want: Want) -> Answer:
    """An answer to an event from JSON; ProtocolError, with place and reason, if it is none or lacks what was wanted.

    What it tells beyond what was wanted is left aside unread; choices belong to any result.
    """
    try:
        return answer_in(Node("answer", None, "", given), want)
    except InputError as error:
        raise ProtocolError(error.field or "", error.reason) from None


def answer_in(node: Node, want: Want, *more: str) -> Answer:
    """The answer to an event that a part of a document is, which may have more fields; InputError if it is none."""
    kind = node.member("answer").choice(("result", "rejected", "unsupported", "errored"))
    if kind == "result":
        return _accepted(node, want, more)
    if kind == "rejected":
        needed = ("hash",) if want == "receipts" else ()
        fields = node.record(("answer", "reason", *needed, *more), optional=("hash",))
        return Refused(word_of(fields["reason"]), fields["hash"].sha256() if needed else None)
    return refusal_in(node, *more)


def refusal_in(node: Node, *more: str) -> Unsupported | Errored:
    """`unsupported` or `errored`, which any request may be answered by."""
    if node.member("answer").value == "unsupported":
        return Unsupported(word_of(node.record(("answer", "capability", *more))["capability"]))
    return Errored(node.record(("answer", "message", *more))["message"].text())


def word_of(node: Node) -> str:
    """A word, or a few, for people: 1 to 128 printable characters."""
    text = node.text()
    if not is_word(text):
        node.fail(f"expected 1 to {LONGEST_WORD} printable characters, found {node.shown()}")
    return text


def is_word(text: str) -> bool:
    """Whether a text is 1 to 128 printable characters."""
    return 1 <= len(text) <= LONGEST_WORD and text.isprintable()


def _accepted(node: Node, want: Want, more: tuple[str, ...]) -> Accepted:
    fields = node.record(("answer", *NEEDED[want], *more), optional=TOLD)
    wanted = NEEDED[want]
    terms = fields["terms"].elements() if want == "terms" and "terms" in fields else ()
    choices = fields["choices"].elements() if "choices" in fields else ()
    return Accepted(
        **{name: tuple(_names(fields[name], name)) for name in DECISIONS if name in wanted},
        changes=_changes(fields["changes"]) if "changes" in wanted else None,
        terms=tuple(map(_term, terms)),
        choices=tuple(map(_choice, choices)),
        hash=fields["hash"].sha256() if "hash" in wanted else None,
    )


def _names(node: Node, decision: str) -> Iterable[str]:
    holds, form = (is_position, POSITION) if decision == "deleveraged" else (is_domain, DOMAIN)
    for entry in node.elements():
        if not holds(entry.text()):
            entry.fail(f"expected {form}, found {entry.shown()}")
        yield entry.value


def _changes(node: Node) -> Changes:
    fields = node.record(CHANGES)
    return Changes(*({name: _amount(kind, name, entry) for name, entry in fields[kind].entries()} for kind in CHANGES))


def _amount(kind: str, name: str, node: Node) -> str:
    if kind == "ledger":
        ledger_account_of(name, node)
    elif not (is_position if kind == "positions" else is_domain)(name):
        node.fail(f"expected the name to be {POSITION if kind == 'positions' else DOMAIN}")
    node.wire_decimal()
    return str(node.value)


def _term(node: Node) -> Term:
    fields = node.record(("name", "of", "value"))
    fields["value"].wire_decimal()
    return Term(word_of(fields["name"]), fields["of"].text(), fields["value"].text())


def _choice(node: Node) -> Choice:
    fields = node.record(("clause",), optional=("quantity", "counterparty", "shares"))
    chosen: JsonObject = {"clause": clause_of(fields["clause"])}
    if "quantity" in fields:
        fields["quantity"].wire_decimal()
        chosen["quantity"] = fields["quantity"].text()
    if "counterparty" in fields:
        chosen["counterparty"] = _position(fields["counterparty"])
    if "shares" in fields:
        chosen["shares"] = {name: _amount("claims", name, entry) for name, entry in fields["shares"].entries()}
    return Choice(**chosen)


def _position(node: Node) -> str:
    if not is_position(node.text()):
        node.fail(f"expected {POSITION}, found {node.shown()}")
    return node.text()


def clause_of(node: Node, or_else: str = "") -> str:
    """The id of a clause, as in `ADL-06`; `or_else` says what else might have stood there."""
    group, _, number = node.text().partition("-")
    if not (len(group) == 3 and group.isascii() and group.isupper() and len(number) == 2 and number.isdecimal()):
        node.fail(f"expected the id of a clause, as in ADL-06{or_else}, found {node.shown()}")
    return node.text()


def left_out_of(node: Node) -> str:
    """What an engine leaves out: the id of a clause, or a part."""
    return node.text() if node.text() in PARTS else clause_of(node, f", or {', '.join(PARTS)}")


DOMAIN = "ACCOUNT:ASSET or ACCOUNT:MARKET:SIDE:ASSET"
POSITION = "ACCOUNT:MARKET:SIDE"
_CACHED_NAMES = 65_536


@lru_cache(_CACHED_NAMES)
def is_domain(text: str) -> bool:
    """Whether a text names a margin domain."""
    account, *isolated, asset = text.split(":") if ":" in text else ("", "")
    if not is_name(account) or not is_name(asset):
        return False
    return not isolated or (len(isolated) == 2 and is_name(isolated[0]) and isolated[1] in SIDES)


@lru_cache(_CACHED_NAMES)
def is_position(text: str) -> bool:
    """Whether a text names a position."""
    parts = text.split(":")
    return len(parts) == 3 and is_name(parts[0]) and is_name(parts[1]) and parts[2] in SIDES
