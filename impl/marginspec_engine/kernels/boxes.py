"""Boxes of the trigger index: how far a market's mark may move before somebody must look at a domain (T-BOX).

A domain's health is its equity less its maintenance margin. Its positions share it, and each is boxed by its share.
"""


def budget_of(health: int, positions: int) -> int:
    """What each of some positions may lose, in quanta, so that their healthy domain stays healthy."""
    return (health - 1) // max(1, positions)


def distance_down(budget: int, size: int) -> int:
    """How many price units a long may fall: it loses its size in each, and its maintenance margin only falls."""
    return budget // size


def distance_up(budget: int, size: int) -> int:
    """How many price units a short may rise: it loses its size in each, and its maintenance margin rises by less."""
    return budget // size // 2


def health_at_zero(value: int, maintenance: int, budget: int) -> int:
    """The health at a price of zero with which a position alone is healthy until it has lost more than a budget.

    Value, signed, and maintenance margin are those at mark.
    """
    return budget + 1 + maintenance - value
