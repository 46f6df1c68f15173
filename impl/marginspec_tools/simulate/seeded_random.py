"""Integers drawn from a seed, the same on every platform and in every Python."""

import random
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")

DRAW_BITS = 64
BELL_DRAWS = 12
BELL_BITS = 32


class SeededRandom:
    """Draws from `random.Random(seed)` by its bits alone, so that no floating point is involved."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def below(self, bound: int) -> int:
        """An integer from 0 to bound - 1; needs bound > 0."""
        return self._random.getrandbits(DRAW_BITS) * bound >> DRAW_BITS

    def between(self, low: int, high: int) -> int:
        """An integer from low to high, both included."""
        return low + self.below(high - low + 1)

    def happens(self, per_cent: int) -> bool:
        """True so many times in a hundred."""
        return self.below(100) < per_cent

    def pick(self, items: Sequence[Item]) -> Item:
        """One of the items; needs at least one."""
        return items[self.below(len(items))]

    def weighted(self, weights: dict[str, int]) -> str:
        """A key, as often as its weight says; needs a positive sum of weights."""
        left = self.below(sum(weights.values()))
        for key, weight in weights.items():
            if left < weight:
                return key
            left = left - weight
        raise AssertionError("weights sum to more than their parts")

    def bell(self, deviation: int) -> int:
        """Bell-shaped around zero with this standard deviation: the sum of twelve uniform draws, centred.

        Never further than six deviations from zero.
        """
        total = sum(self._random.getrandbits(BELL_BITS) for _ in range(BELL_DRAWS))
        centred = total - (BELL_DRAWS // 2 << BELL_BITS)
        return deviation * centred >> BELL_BITS
