"""Answers as JSON and back, everything that can be wrong with one, and digests."""

from hashlib import sha256
from typing import Any

import pytest

from marginspec_conformance.protocol.messages import (
    Accepted,
    Answer,
    Changes,
    Choice,
    Digest,
    Errored,
    ProtocolError,
    Refused,
    Term,
    Unsupported,
    Want,
    answer_object,
    answer_of,
    batch_digest,
)

CHANGES = {
    "ledger": {"wallet:alice:USDT": "1.50", "lot:7": "-3"},
    "positions": {"alice:BTCUSDT:BOTH": "0"},
    "claims": {"alice:BTCUSDT:LONG:USDT": "2", "bob:USDT": "0.1"},
}
DECIDED = {"answer": "result", "liquidated": ["alice:USDT"], "deleveraged": ["bob:BTCUSDT:BOTH"], "levied": []}
TOLD = {**DECIDED, "changes": CHANGES}
HASH = "ab" * 32
ACCEPTED = Accepted(("alice:USDT",), ("bob:BTCUSDT:BOTH",), (), Changes(**CHANGES))
ANSWERS: list[tuple[Answer, dict[str, Any], Want]] = [
    (Accepted(), {"answer": "result"}, "verdict"),
    (Accepted(("alice:USDT",), ("bob:BTCUSDT:BOTH",), ()), DECIDED, "decisions"),
    (ACCEPTED, TOLD, "balances"),
    (
        Accepted((), (), (), Changes(), (Term("equity", "alice:USDT", "-1.5"),)),
        {
            "answer": "result",
            "liquidated": [],
            "deleveraged": [],
            "levied": [],
            "changes": {"ledger": {}, "positions": {}, "claims": {}},
            "terms": [{"name": "equity", "of": "alice:USDT", "value": "-1.5"}],
        },
        "terms",
    ),
    (
        Accepted(choices=(Choice("LIQ-02", quantity="1"), Choice("NUM-02", shares={"alice:USDT": "1"}))),
        {
            "answer": "result",
            "choices": [{"clause": "LIQ-02", "quantity": "1"}, {"clause": "NUM-02", "shares": {"alice:USDT": "1"}}],
        },
        "verdict",
    ),
    (
        Accepted(choices=(Choice("ADL-02", counterparty="bob:BTCUSDT:SHORT"),)),
        {"answer": "result", "choices": [{"clause": "ADL-02", "counterparty": "bob:BTCUSDT:SHORT"}]},
        "verdict",
    ),
    (Accepted(hash=HASH), {"answer": "result", "hash": HASH}, "receipts"),
    (Refused("NO_MARK"), {"answer": "rejected", "reason": "NO_MARK"}, "balances"),
    (Refused("NO_MARK", HASH), {"answer": "rejected", "reason": "NO_MARK", "hash": HASH}, "receipts"),
    (Unsupported("hedge"), {"answer": "unsupported", "capability": "hedge"}, "balances"),
    (Errored("out of\nmemory"), {"answer": "errored", "message": "out of\nmemory"}, "balances"),
]


@pytest.mark.parametrize(("answer", "told", "want"), ANSWERS)
def test_an_answer_is_its_object(answer: Answer, told: dict[str, Any], want: Want) -> None:
    assert answer_object(answer) == told
    assert answer_of(told, want) == answer


def test_what_is_told_beyond_what_is_wanted_is_left_aside_unread() -> None:
    careless = {**DECIDED, "changes": {"ledger": {"wallet:alice": 1.5}}, "terms": None, "hash": "none"}
    assert answer_of(careless, "decisions") == Accepted(("alice:USDT",), ("bob:BTCUSDT:BOTH",), ())
    assert answer_of({"answer": "result", "liquidated": ["alice"], "levied": 0}, "verdict") == Accepted()
    assert answer_of({"answer": "rejected", "reason": "NO_MARK", "hash": 1}, "balances") == Refused("NO_MARK")


def test_what_is_told_beyond_what_is_wanted_is_left_out() -> None:
    everything = {**TOLD, "terms": [{"name": "fee", "of": "", "value": "1"}], "hash": HASH}
    assert answer_of(everything, "verdict") == Accepted()
    assert answer_of(everything, "decisions") == Accepted(("alice:USDT",), ("bob:BTCUSDT:BOTH",), ())
    assert answer_of(everything, "balances") == ACCEPTED
    assert answer_of(everything, "receipts") == Accepted(hash=HASH)
    assert answer_of({"answer": "rejected", "reason": "NO_MARK", "hash": HASH}, "balances") == Refused("NO_MARK")


LEDGER_FORMS = (
    "external:asset, wallet:account:asset, isolated:account:market:side, position:account:market:side, lot:id, "
    "reserve:market, insurance:asset, relief:asset, house:asset, clearing:asset"
)


def changed(**changes: Any) -> dict[str, Any]:
    return {**TOLD, "changes": {**CHANGES, **changes}}


WRONG: list[tuple[Any, Want, str]] = [
    ({}, "verdict", "answer: missing field"),
    ([], "verdict", "expected an object, found a list"),
    ({"answer": "maybe"}, "verdict", 'answer: expected one of result, rejected, unsupported, errored, found "maybe"'),
    ({"answer": "result", "more": 1}, "verdict", "more: unknown field"),
    ({"answer": "result", "\x1b[31m": 1}, "verdict", '"\\u001b[31m": unknown field'),
    ({"answer": "result"}, "decisions", "liquidated: missing field"),
    (DECIDED, "balances", "changes: missing field"),
    (DECIDED, "receipts", "hash: missing field"),
    ({"answer": "result", "hash": "AB"}, "receipts", "hash: expected 64 lower-case hexadecimal digits"),
    ({**TOLD, "levied": "bob:USDT"}, "balances", 'levied: expected a list, found "bob:USDT"'),
    ({**TOLD, "levied": [1]}, "balances", "levied[0]: expected a string, found 1"),
    (
        {**TOLD, "levied": ["bob"]},
        "balances",
        'levied[0]: expected ACCOUNT:ASSET or ACCOUNT:MARKET:SIDE:ASSET, found "bob"',
    ),
    (
        {**TOLD, "liquidated": ["a:USDT", "a:M:UP:USDT"]},
        "balances",
        'liquidated[1]: expected ACCOUNT:ASSET or ACCOUNT:MARKET:SIDE:ASSET, found "a:M:UP:USDT"',
    ),
    (
        {**TOLD, "deleveraged": ["bob:USDT"]},
        "balances",
        'deleveraged[0]: expected ACCOUNT:MARKET:SIDE, found "bob:USDT"',
    ),
    ({**TOLD, "changes": {"ledger": {}, "positions": {}}}, "balances", "changes.claims: missing field"),
    (
        changed(ledger={"wallet:a": "1"}),
        "balances",
        f"changes.ledger.wallet:a: expected a ledger account: {LEDGER_FORMS}",
    ),
    (changed(ledger={"wallet:a:USDT": 1}), "balances", "changes.ledger.wallet:a:USDT: expected a string, found 1"),
    (changed(ledger={"wallet:a:USDT": "1e5"}), "balances", 'changes.ledger.wallet:a:USDT: not a decimal: "1e5"'),
    (changed(ledger={"wallet:a:USDT": "-0.0"}), "balances", 'changes.ledger.wallet:a:USDT: not a decimal: "-0.0"'),
    (
        changed(positions={"a:USDT": "1"}),
        "balances",
        "changes.positions.a:USDT: expected the name to be ACCOUNT:MARKET:SIDE",
    ),
    (
        changed(claims={"a": "1"}),
        "balances",
        "changes.claims.a: expected the name to be ACCOUNT:ASSET or ACCOUNT:MARKET:SIDE:ASSET",
    ),
    ({**TOLD, "terms": [{"name": "fee", "of": "a"}]}, "terms", "terms[0].value: missing field"),
    (
        {**TOLD, "terms": [{"name": "", "of": "a", "value": "1"}]},
        "terms",
        'terms[0].name: expected 1 to 128 printable characters, found ""',
    ),
    (
        {"answer": "result", "choices": [{"clause": "LIQ2"}]},
        "verdict",
        'choices[0].clause: expected the id of a clause, as in ADL-06, found "LIQ2"',
    ),
    (
        {"answer": "result", "choices": [{"clause": "LIQ-02", "quantity": "x"}]},
        "verdict",
        'choices[0].quantity: not a decimal: "x"',
    ),
    (
        {"answer": "result", "choices": [{"clause": "ADL-02", "counterparty": "bob"}]},
        "verdict",
        'choices[0].counterparty: expected ACCOUNT:MARKET:SIDE, found "bob"',
    ),
    ({"answer": "rejected"}, "verdict", "reason: missing field"),
    ({"answer": "rejected", "reason": "NO_MARK"}, "receipts", "hash: missing field"),
    (
        {"answer": "rejected", "reason": "a\nb"},
        "verdict",
        'reason: expected 1 to 128 printable characters, found "a\\nb"',
    ),
    ({"answer": "unsupported"}, "verdict", "capability: missing field"),
    ({"answer": "errored", "message": None}, "verdict", "message: expected a string, found null"),
]


@pytest.mark.parametrize(("told", "want", "message"), WRONG)
def test_what_is_wrong_is_named_with_its_place(told: Any, want: Want, message: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        answer_of(told, want)
    assert str(caught.value) == message


def test_a_digest_is_of_canonical_lines() -> None:
    lines = (
        b'{"answer":"result","changes":{"claims":{"alice:BTCUSDT:LONG:USDT":"2","bob:USDT":"0.1"},'
        b'"ledger":{"lot:7":"-3","wallet:alice:USDT":"1.5"},"positions":{"alice:BTCUSDT:BOTH":"0"}},'
        b'"deleveraged":["bob:BTCUSDT:BOTH"],"levied":[],"liquidated":["alice:USDT"]}\n'
        b'{"answer":"rejected","reason":"NO_MARK"}\n'
    )
    assert batch_digest([ACCEPTED, Refused("NO_MARK")]) == Digest(2, sha256(lines).hexdigest())
    assert batch_digest([]) == Digest(0, sha256(b"").hexdigest())


def test_a_digest_escapes_what_is_not_ascii() -> None:
    line = b'{"answer":"result","deleveraged":[],"levied":[],"liquidated":["\\u9f99:USDT"]}\n'
    assert batch_digest([Accepted(("龙:USDT",), (), ())]) == Digest(1, sha256(line).hexdigest())
