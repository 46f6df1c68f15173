"""Lines that arrive in pieces, of a bounded length."""


class LineTooLong(Exception):  # noqa: N818 - it is the engine's fault, which whoever reads classifies
    """A line is longer than may be kept."""


class Lines:
    """Takes bytes as they come and gives whole lines; never keeps more than a line and what came with its end."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept = bytearray()
        self._searched = 0

    @property
    def begun(self) -> bytes:
        """What came after the last whole line that was taken."""
        return bytes(self._kept)

    def add(self, piece: bytes) -> None:
        """Take what has come."""
        self._kept += piece

    def take(self) -> bytes | None:
        """The next whole line, without its newline; None if there is none yet."""
        end = self._kept.find(b"\n", self._searched)
        if (len(self._kept) if end < 0 else end) > self._most:
            raise LineTooLong
        if end < 0:
            self._searched = len(self._kept)
            return None
        line = bytes(self._kept[:end])
        del self._kept[: end + 1]
        self._searched = 0
        return line
