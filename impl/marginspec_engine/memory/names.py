"""Names as numbers: accounts, markets, assets and orders count up from 0 in the order in which they first occur."""

import struct

import numpy as np
import numpy.typing as npt

WORD_BYTES = 8
SIGN = 2**63


class Names:
    """The numbers of names of one kind."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.numbers: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self.texts)

    def copied(self) -> "Names":
        """Names of their own that begin with the same numbers."""
        own = Names()
        own.add_all(self.texts, 0)
        return own

    def add(self, text: str) -> int:
        """Number a name that has none yet."""
        number = len(self.texts)
        self.texts.append(text)
        self.numbers[text] = number
        return number

    def add_all(self, texts: list[str], first: int) -> None:
        """Number many names that have none yet, from a number on."""
        self.texts.extend(texts)
        self.numbers.update(zip(texts, range(first, first + len(texts)), strict=True))

    def ranks(self) -> list[int]:
        """The place of each name among all, code point by code point."""
        ranks = [0] * len(self.texts)
        for rank, number in enumerate(sorted(range(len(self.texts)), key=self.texts.__getitem__)):
            ranks[number] = rank
        return ranks


def ordering_words(text: str) -> tuple[int, ...]:
    """A name as signed words that order like it: its UTF-8 bytes, eight a word, filled up with zeros."""
    encoded = text.encode()
    padded = encoded.ljust(-(-len(encoded) // WORD_BYTES) * WORD_BYTES, b"\0")
    return tuple(word - SIGN for word in struct.unpack(f">{len(padded) // WORD_BYTES}Q", padded))


def json_text(text: str) -> bytes:
    r"""A name as canonical JSON writes it: what is not ASCII as \uXXXX; names have no character beyond that."""
    if text.isascii():
        return text.encode()
    return "".join(one if one.isascii() else f"\\u{ord(one):04x}" for one in text).encode()


def padded_bytes(texts: list[bytes]) -> tuple[bytes, npt.NDArray[np.int64]]:
    """Texts one behind the other, each filled up with zeros to whole words; and where each begins, and its words."""
    words = np.array([-(-len(text) // WORD_BYTES) for text in texts], np.int64)
    ends = np.cumsum(words)
    padded = [text.ljust(WORD_BYTES * count, b"\0") for text, count in zip(texts, words.tolist(), strict=True)]
    return b"".join(padded), np.column_stack((ends - words, words))
