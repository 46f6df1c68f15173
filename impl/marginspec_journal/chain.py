"""The chain of receipts: each receipt's hash covers the receipt and, by the hash before it, all before.

h_n = SHA-256 of the 32 bytes of h_(n-1) followed by the canonical receipt in ASCII, without a newline.
h_0 is the hash of the canonical header, or of the opening state if a journal goes on from one.
"""

from hashlib import sha256
from typing import NamedTuple

from marginspec.model.effects import Receipt
from marginspec.model.events import Event, ListMarket
from marginspec.model.state import Header, State
from marginspec_journal.digits import Digits, digits_of
from marginspec_journal.events import event_hash
from marginspec_journal.header import header_hash
from marginspec_journal.receipts import receipt_text


class ChainedReceipt(NamedTuple):
    """A canonical receipt, its event's hash, and the chain's hash after it (both in hexadecimal)."""

    canonical: bytes
    event: str
    hash: str

    def line(self) -> bytes:
        """The line of a receipts file, without its newline: the canonical receipt and the chain's hash.

        The field `hash` sorts right after `event`, whose text is known, so nothing is encoded again.
        """
        event_field = f'"event":"{self.event}"'.encode()
        # From the right, because an account, too, may be named like the field; no field follows it but seq.
        head, _, tail = self.canonical.rpartition(event_field)
        return b'%b%b,"hash":"%b"%b' % (head, event_field, self.hash.encode(), tail)


def next_hash(before: bytes, canonical_receipt: bytes) -> bytes:
    """The chain's hash after a receipt, as 32 bytes."""
    return sha256(before + canonical_receipt).digest()


class ReceiptChain:
    """Numbers, encodes and chains the receipts of one run, in the order of its events."""

    def __init__(self, header: Header) -> None:
        self._digits = Digits(header)
        self._hash = header_hash(header)
        self._events = 0

    @classmethod
    def resumed(cls, state: State, events: int, chain_sha256: str) -> "ReceiptChain":
        """The chain that goes on from a state after so many events, at its hash."""
        chain = cls(state.header)
        chain._digits = digits_of(state)
        chain._hash = bytes.fromhex(chain_sha256)
        chain._events = events
        return chain

    @property
    def events(self) -> int:
        """How many events have their receipt in the chain."""
        return self._events

    @property
    def hash(self) -> str:
        """The chain's hash after the receipts so far, in hexadecimal."""
        return self._hash.hex()

    def append(self, event: Event, receipt: Receipt) -> ChainedReceipt:
        """Take the next event's receipt."""
        if isinstance(event, ListMarket):
            self._digits.add_listed(receipt)
        self._events += 1
        event_sha256 = event_hash(event)
        canonical_receipt = receipt_text(receipt, event_sha256, self._events, self._digits)
        self._hash = next_hash(self._hash, canonical_receipt)
        return ChainedReceipt(canonical_receipt, event_sha256, self._hash.hex())
