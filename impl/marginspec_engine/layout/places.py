"""Counting out the words of a row: each name gets the next ones, so that no offset is added by hand."""

LINE_WORDS = 8
"""Words of a line of the processor's cache."""


class Places:
    """The words of a row that are given out so far, from the first one on that is free."""

    def __init__(self, used: int = 0) -> None:
        self.used = used

    def take(self, count: int, width: int = 1) -> range:
        """The next places for so many names, each of so many words."""
        first = self.used
        self.used += count * width
        return range(first, self.used, width)

    def one(self, width: int = 1) -> int:
        """The next place, of so many words."""
        return self.take(1, width).start

    def in_lines(self) -> int:
        """The width of the row in whole lines of the cache; what follows begins a new line."""
        self.used = -(-self.used // LINE_WORDS) * LINE_WORDS
        return self.used
