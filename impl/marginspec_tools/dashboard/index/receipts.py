"""The line of a receipt with very many effects, read piece by piece: as objects they would take gigabytes."""

from collections.abc import Iterator

from marginspec_tools.dashboard.index.replaying import Text

WINDOW = 1 << 20
"""Bytes that are looked at at once."""
BEGIN, END, BETWEEN = b'"effects":[', b'],"event":"', b"},{"
"""What stands before, behind and between effects, in the canonical text of a receipt."""


class ReceiptParts:
    """A receipt's line as its effects, which are many, and the rest.

    Nothing in a receipt has braces but objects: its texts are names, hashes and words of the rulebook.
    """

    def __init__(self, line: Text) -> None:
        self._line = line
        self._begin = bytes(line[:WINDOW]).index(BEGIN) + len(BEGIN)
        tail = max(0, len(line) - WINDOW)
        self._end = tail + bytes(line[tail:]).rindex(END)

    @property
    def without_effects(self) -> bytes:
        """The line as it would be without any effect."""
        return bytes(self._line[: self._begin]) + bytes(self._line[self._end :])

    def effects(self) -> Iterator[bytes]:
        """The effects in their order, each as it stands there."""
        waiting = b""
        for piece in self._pieces():
            waiting = waiting + BETWEEN + piece if waiting else piece
            # What has objects within it has been cut there, too.
            if waiting.count(b"{") == waiting.count(b"}"):
                yield b"{" + waiting + b"}"
                waiting = b""

    def _pieces(self) -> Iterator[bytes]:
        """What stands between the outermost braces of the effects, cut wherever one object follows another."""
        rest, first, last = b"", self._begin + 1, self._end - 1
        for place in range(first, last, WINDOW):
            *whole, rest = (rest + bytes(self._line[place : min(place + WINDOW, last)])).split(BETWEEN)
            yield from whole
        yield rest
