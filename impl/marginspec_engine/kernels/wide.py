"""Products of two 64-bit integers: divided, and compared as fractions, exactly.

A wide integer is at least zero and below 2^127. Five operations make and take wide integers: compiled code does them
on 128-bit integers, Python on its own. All else is made of the five, and is the same text in both.
"""

MOST_WHOLES = 2**63 - 2**12
"""The most that `wholes_hint` answers: an integer in floating point, below 2^63."""
CAUTION = 1 - 2.0**-49
"""What compiled code multiplies a quotient in floating point by, so that its roundings never make it too much."""
GROWTH = 2**61
"""What `grown` multiplies by."""


def product(number: int, factor: int) -> int:
    """The wide product of two integers of at least zero and below 2^63; exact."""
    return number * factor


def less_times(wide: int, times: int, other: int) -> int:
    """A wide integer less so many times another, which must not be more than it; exact."""
    return wide - times * other


def reaches(wide: int, other: int) -> bool:
    """Whether a wide integer is at least another."""
    return wide >= other


def grown(wide: int) -> int:
    """A wide integer below 2^65 times 2^61; exact."""
    return wide * GROWTH


def wholes_hint(wide: int, divisor: int) -> int:
    """How many times a divisor (> 0) is in a wide integer, or a little less: compiled code asks floating point.

    Of q times, never more than q are answered, and at least q - q / 2^47 - 1, or MOST_WHOLES.
    """
    return min(wide // divisor, MOST_WHOLES)


def divided(dividend: int, divisor: int) -> tuple[int, int]:
    """Quotient and wide rest of a wide integer by a wide divisor (> 0); exact for quotients below 2^63.

    The first hint leaves fewer than 2^17 divisors, the second fewer than two.
    """
    first = wholes_hint(dividend, divisor)
    rest = less_times(dividend, first, divisor)
    second = wholes_hint(rest, divisor)
    rest = less_times(rest, second, divisor)
    if reaches(rest, divisor):
        return first + second + 1, less_times(rest, 1, divisor)
    return first + second, rest


def is_positive(wide: int) -> bool:
    """Whether a wide integer is above zero."""
    return reaches(wide, product(1, 1))


def multiply_divide_down(number: int, factor: int, divisor: int) -> int:
    """A number's part factor / divisor (factor >= 0, divisor > 0), rounded down by less than one unit (NUM-02)."""
    quotient, rest = divided(product(abs(number), factor), product(divisor, 1))
    if number >= 0:
        return quotient
    return -quotient - 1 if is_positive(rest) else -quotient


def multiply_divide_up(number: int, factor: int, divisor: int) -> int:
    """A number's part factor / divisor (factor >= 0, divisor > 0), rounded up by less than one unit (NUM-02)."""
    quotient, rest = divided(product(abs(number), factor), product(divisor, 1))
    if number < 0:
        return -quotient
    return quotient + 1 if is_positive(rest) else quotient


def divide_exactly(number: int, factor: int, divisor: int) -> tuple[int, bool]:
    """The part factor / divisor of a number, all of them at least zero: its floor, and whether that is exact."""
    quotient, rest = divided(product(number, factor), product(divisor, 1))
    return quotient, not is_positive(rest)


def compare_products(first: int, second: int, third: int, fourth: int) -> int:
    """1, 0 or -1 as first * second is above, at or below third * fourth; second and fourth are positive."""
    if first < 0 and third < 0:
        return compare_wide(product(-third, fourth), product(-first, second))
    if first < 0 or third < 0:
        return -1 if first < 0 else 1
    return compare_wide(product(first, second), product(third, fourth))


def compare_wide(left: int, right: int) -> int:
    """1, 0 or -1 as a wide integer is above, at or below another."""
    if not reaches(left, right):
        return -1
    return 0 if reaches(right, left) else 1


UNDECIDED = 2
"""What `order_seen` answers where it takes another turn to tell."""


def order_seen(first: int, first_divisor: int, second: int, second_divisor: int) -> int:
    """1, 0 or -1 where it is seen at once that a fraction is above, at or below another; else UNDECIDED."""
    first_whole, second_whole = reaches(first, first_divisor), reaches(second, second_divisor)
    if first_whole != second_whole:
        return 1 if first_whole else -1
    if first_whole:
        return UNDECIDED
    first_some, second_some = is_positive(first), is_positive(second)
    if first_some and second_some:
        return UNDECIDED
    if first_some == second_some:
        return 0
    return 1 if first_some else -1


def euclidean_step(first: int, first_divisor: int, second: int, second_divisor: int) -> tuple[int, int, int, int]:
    """Two fractions in the same order, of smaller numbers.

    Two fractions of at least 1 lose the same wholes, one or more, which both have (many wholes by multiples of 2^61).
    Two fractions between 0 and 1 change places with each other, upside down. So no product is beyond 127 bits.
    """
    if not reaches(first, first_divisor):
        return second_divisor, second, first_divisor, first
    common = min(wholes_hint(first, first_divisor), wholes_hint(second, second_divisor))
    if common < MOST_WHOLES:
        wholes, taken, other_taken = max(1, common), first_divisor, second_divisor
    else:
        taken, other_taken = grown(first_divisor), grown(second_divisor)
        wholes = min(wholes_hint(first, taken), wholes_hint(second, other_taken))
    rest, other_rest = less_times(first, wholes, taken), less_times(second, wholes, other_taken)
    return rest, first_divisor, other_rest, second_divisor


def compare_fractions(first: int, first_divisor: int, second: int, second_divisor: int) -> int:
    """1, 0 or -1 as a fraction of wide integers is above, at or below another; the divisors are positive."""
    order = order_seen(first, first_divisor, second, second_divisor)
    while order == UNDECIDED:
        first, first_divisor, second, second_divisor = euclidean_step(first, first_divisor, second, second_divisor)
        order = order_seen(first, first_divisor, second, second_divisor)
    return order
