"""Choices of the aimed generator that Hypothesis makes, and shrinks."""

from collections.abc import Sequence
from typing import TypeVar

from hypothesis import strategies as st

Option = TypeVar("Option")


class Drawn:
    """Choices that Hypothesis makes, and shrinks."""

    def __init__(self, data: st.DataObject) -> None:
        self._data = data

    def pick(self, options: Sequence[Option]) -> Option:
        """One of some options; the first ones are the simplest."""
        return self._data.draw(st.sampled_from(options))

    def whole(self, least: int, most: int) -> int:
        """A whole number within bounds."""
        return self._data.draw(st.integers(least, most))
