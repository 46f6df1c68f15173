"""Integers that remember their exact value, to see what the rulebook's divisions lose without restating them."""

from fractions import Fraction


class Observed(int):
    """An integer as the rules have it, with the exact value that it would have if no division had rounded.

    A rule's function, called with observed numbers, gives an observed number: the difference between the
    two values is what rounding added or took. It compares, and is chosen by `min` and `max`, like its integer.
    """

    exact: Fraction

    def __new__(cls, units: int, exact: Fraction | None = None) -> "Observed":
        """An observed integer; exact unless it says otherwise."""
        created = super().__new__(cls, units)
        created.exact = exact_of(units) if exact is None else exact
        return created

    def __add__(self, other: int) -> "Observed":
        return Observed(int(self) + int(other), self.exact + exact_of(other))

    def __radd__(self, other: int) -> "Observed":
        return self + other

    def __sub__(self, other: int) -> "Observed":
        return Observed(int(self) - int(other), self.exact - exact_of(other))

    def __rsub__(self, other: int) -> "Observed":
        return -self + other

    def __mul__(self, other: int) -> "Observed":
        return Observed(int(self) * int(other), self.exact * exact_of(other))

    def __rmul__(self, other: int) -> "Observed":
        return self * other

    def __floordiv__(self, other: int) -> "Observed":
        return Observed(int(self) // int(other), self.exact / exact_of(other))

    def __neg__(self) -> "Observed":
        return Observed(-int(self), -self.exact)

    def __abs__(self) -> "Observed":
        return Observed(abs(int(self)), abs(self.exact))


def exact_of(units: int) -> Fraction:
    """The exact value behind an integer; the integer itself if it is not an observed one."""
    return units.exact if isinstance(units, Observed) else Fraction(units)
