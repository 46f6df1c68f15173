"""Names as numbers: those of accounts, markets, assets and orders count up from 0; numbers that are free come first."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]

WORD_BYTES = 8
SIGN = 2**63


class Names:
    """The numbers of names of one kind; a number that no name has stands for an empty text."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self.texts = list(texts)
        self.numbers = {text: number for number, text in enumerate(self.texts) if text}
        self.free = [number for number, text in enumerate(self.texts) if not text]
        self.fresh = 0
        """How many names were numbered since numbers were freed."""

    def __len__(self) -> int:
        return len(self.texts)

    def copied(self) -> "Names":
        """Names of their own that begin with the same numbers."""
        return Names(self.texts)

    def add(self, texts: list[str]) -> Numbers:
        """Number names that have no number yet."""
        reused = [self.free.pop() for _ in range(min(len(self.free), len(texts)))]
        numbers = [*reused, *range(len(self.texts), len(self.texts) + len(texts) - len(reused))]
        self.texts.extend(texts[len(reused) :])
        for number, text in zip(reused, texts, strict=False):
            self.texts[number] = text
        self.numbers.update(zip(texts, numbers, strict=True))
        self.fresh += len(texts)
        return np.array(numbers, np.int64)

    def drop(self, numbers: list[int]) -> None:
        """Free the numbers of names."""
        for number in numbers:
            del self.numbers[self.texts[number]]
            self.texts[number] = ""
        self.free.extend(numbers)


def ranks(texts: list[str]) -> list[int]:
    """The place of each text among all, code point by code point."""
    places = [0] * len(texts)
    for place, number in enumerate(sorted(range(len(texts)), key=texts.__getitem__)):
        places[number] = place
    return places


def json_text(text: str) -> bytes:
    r"""A name as canonical JSON writes it: what is not ASCII as \uXXXX; names have no character beyond that."""
    if text.isascii():
        return text.encode()
    return "".join(one if one.isascii() else f"\\u{ord(one):04x}" for one in text).encode()


def padded_bytes(texts: list[bytes]) -> tuple[bytes, Numbers]:
    """Texts one behind the other, each filled up with zeros to whole words; and where each begins, and its words."""
    words = np.array([-(-len(text) // WORD_BYTES) for text in texts], np.int64)
    ends = np.cumsum(words)
    padded = [text.ljust(WORD_BYTES * count, b"\0") for text, count in zip(texts, words.tolist(), strict=True)]
    return b"".join(padded), np.column_stack((ends - words, words))
