"""Receipts files: reading them strictly, and checking that each hash follows from all that is before it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import msgspec

from marginspec.model.rejections import Reason
from marginspec.model.state import Header
from marginspec_journal.canonical import sorted_json
from marginspec_journal.chain import ChainedReceipt, next_hash
from marginspec_journal.errors import InputError
from marginspec_journal.header import header_hash
from marginspec_journal.limits import LINE_BYTES
from marginspec_journal.receipts import EFFECT_FORMS
from marginspec_journal.records import TYPE
from marginspec_journal.states import OpenedState
from marginspec_journal.strict_json import Node
from marginspec_journal.whole_files import check_length

REASONS = tuple(reason.value for reason in Reason)


@attrs.frozen
class ReadReceipt:
    """A receipt of a file: its line and number, the reason if it was rejected, and what the chain is made of.

    `effects` are objects as receipt.schema.json describes them, none if the event was rejected.
    """

    line: int
    number: int
    rejected: Reason | None
    effects: tuple[Mapping[str, Any], ...]
    chained: ChainedReceipt


@attrs.frozen
class BrokenLink:
    """The first receipt that does not follow from those before it: which field, as stated and as computed."""

    line: int
    field: str
    stated: str
    computed: str


@attrs.frozen
class ChainCheck:
    """How many receipts follow from their start, the chain's hash after them, and where it breaks, if it does."""

    accepted: int
    rejected: int
    hash: str
    broken: BrokenLink | None


def read_receipts(path: Path) -> Iterator[ReadReceipt]:
    """The receipts of a file, line by line; a line that is not a receipt in canonical form is refused."""
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(iter(lambda: lines.readline(LINE_BYTES + 2), b""), start=1):
                check_length(len(line.removesuffix(b"\n")), str(path), number)
                yield _receipt(str(path), number, line)
    except OSError as error:
        raise InputError(str(path), None, None, f"cannot be read: {error.strerror}") from None


def verify_chain(start: Header | OpenedState, path: Path) -> ChainCheck:
    """Check that the receipts of a file are numbered and chained from a header, or from the state gone on from."""
    chain_hash = header_hash(start) if isinstance(start, Header) else bytes.fromhex(start.hash)
    first = 1 if isinstance(start, Header) else start.events + 1
    counts = {True: 0, False: 0}
    for number, receipt in enumerate(read_receipts(path), start=first):
        after = next_hash(chain_hash, receipt.chained.canonical)
        broken = _broken_link(receipt, number, after.hex())
        if broken is not None:
            return ChainCheck(counts[True], counts[False], chain_hash.hex(), broken)
        chain_hash = after
        counts[receipt.rejected is None] += 1
    return ChainCheck(counts[True], counts[False], chain_hash.hex(), None)


def _broken_link(receipt: ReadReceipt, number: int, chain_sha256: str) -> BrokenLink | None:
    if receipt.number != number:
        return BrokenLink(receipt.line, "seq", str(receipt.number), str(number))
    if receipt.chained.hash != chain_sha256:
        return BrokenLink(receipt.line, "hash", receipt.chained.hash, chain_sha256)
    return None


def _receipt(file: str, number: int, line: bytes) -> ReadReceipt:
    text, newline, _ = line.partition(b"\n")
    try:
        root = Node(file, number, "", msgspec.json.decode(text))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(file, number, None, f"not JSON: {error}") from None
    receipt = _read_receipt(root)
    if receipt.chained.line() != text:
        # Also finds repeated fields, of which the decoder keeps one.
        root.fail("not in canonical form")
    if not newline:
        root.fail("not ended by a newline: the file may be cut short")
    return receipt


def _read_receipt(root: Node) -> ReadReceipt:
    rejected: Reason | None = None
    effects: tuple[Mapping[str, Any], ...] = ()
    if isinstance(root.value, dict) and "rejected" in root.value:
        fields = root.record(("event", "hash", "rejected", "seq"))
        rejected = Reason(fields["rejected"].choice(REASONS))
    else:
        fields = root.record(("accepted", "effects", "event", "hash", "seq"))
        if fields["accepted"].flag() is not True:
            fields["accepted"].fail("must be true")
        effects = tuple(_effect(effect) for effect in fields["effects"].elements())
    event, chain_hash, seq = fields["event"].sha256(), fields["hash"].sha256(), fields["seq"].integer(least=1)
    canonical = sorted_json({name: field.value for name, field in fields.items() if name != "hash"})
    return ReadReceipt(root.line or 0, seq, rejected, effects, ChainedReceipt(canonical, event, chain_hash))


def _effect(node: Node) -> Mapping[str, Any]:
    form = EFFECT_FORMS[node.member(TYPE).choice(tuple(EFFECT_FORMS))]
    fields = form.fields(node)
    form.values(fields)
    return {name: field.value for name, field in fields.items()}
