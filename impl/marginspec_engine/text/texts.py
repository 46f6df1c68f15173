"""Writing text: each function writes at an address and gives the address behind what it wrote."""

from marginspec.model.units import WIRE_DECIMALS
from marginspec_engine.layout import LITERALS, TEXTS
from marginspec_engine.memory.raw_bytes import eight, put_eight, put_one, put_two, two
from marginspec_engine.memory.words import Words, at, items
from marginspec_engine.text.literals import LENGTH_BITS, literal

LENGTH_MASK = (1 << LENGTH_BITS) - 1
ZERO, POINT, MINUS = ord("0"), ord("."), ord("-")
WIRE_ONE = 10**8
PAIRS = literal("".join(f"{pair:02}" for pair in range(100))) >> LENGTH_BITS
HEXADECIMAL = literal("".join(f"{byte:02x}" for byte in range(256))) >> LENGTH_BITS
POWERS = tuple(10**digits for digits in range(19))


def copy(out: int, source: int, length: int) -> int:
    """So many bytes from elsewhere, eight at a time: up to seven more are written and must not matter."""
    done = 0
    while done < length:
        put_eight(out + done, eight(source + done))
        done = done + 8
    return out + length


def fixed(book: Words, out: int, part: int) -> int:
    """A literal."""
    return copy(out, book[LITERALS] + (part >> LENGTH_BITS), part & LENGTH_MASK)


def name(book: Words, out: int, texts: int, number: int) -> int:
    """A name, as JSON writes it."""
    placed = items(book, at(book, texts))
    return copy(out, book[TEXTS] + placed[2 * number], placed[2 * number + 1])


def digits_of(number: int) -> int:
    """How many digits an integer of at least zero has."""
    count = 1
    while count < len(POWERS) and number >= POWERS[count]:
        count = count + 1
    return count


def whole(book: Words, out: int, number: int) -> int:
    """An integer of at least zero."""
    length = digits_of(number)
    return padded(book, out, number, length)


def integer(book: Words, out: int, number: int) -> int:
    """An integer."""
    if number < 0:
        put_one(out, MINUS)
        return whole(book, out + 1, -number)
    return whole(book, out, number)


def padded(book: Words, out: int, number: int, length: int) -> int:
    """An integer of at least zero in so many digits, which suffice."""
    place, pairs = out + length, book[LITERALS] + PAIRS
    while place - out >= 2:
        following = number // 100
        place = place - 2
        put_two(place, two(pairs + 2 * (number - 100 * following)))
        number = following
    if place > out:
        put_one(out, ZERO + number)
    return out + length


def amount(book: Words, out: int, units: int, decimals: int) -> int:
    """An integer in units of 10^-decimals with exactly so many digits after the point."""
    if units < 0:
        put_one(out, MINUS)
        out = out + 1
        units = -units
    if decimals == 0:
        return whole(book, out, units)
    if decimals == WIRE_DECIMALS:
        before = units // WIRE_ONE
        rest = units - before * WIRE_ONE
    else:
        before = units // POWERS[decimals]
        rest = units - before * POWERS[decimals]
    out = whole(book, out, before)
    put_one(out, POINT)
    return padded(book, out + 1, rest, decimals)


# ----------------------------------------------------------------- decimals of events

LIMB_BITS = 32
LIMB_MASK = (1 << LIMB_BITS) - 1


def shortest(book: Words, out: int, low: int, high: int) -> int:
    """A decimal in two words, counted in 1e-8, without zeros at its end."""
    if high < 0:
        put_one(out, MINUS)
        out = out + 1
        high = -high - (1 if low != 0 else 0)
        low = -low
    if high == 0 and low >= 0:
        before = low // WIRE_ONE
        return fraction(book, whole(book, out, before), low - before * WIRE_ONE)
    return shortest_wide(book, out, low, high)


def fraction(book: Words, out: int, rest: int) -> int:
    """What stands behind the point: so many 1e-8, without zeros at the end; nothing if there are none."""
    if rest == 0:
        return out
    put_one(out, POINT)
    length = WIRE_DECIMALS
    while rest % 10 == 0:
        rest = rest // 10
        length = length - 1
    return padded(book, out + 1, rest, length)


def shortest_wide(book: Words, out: int, low: int, high: int) -> int:
    """The same for a positive decimal of up to 126 bits: its digits are split off eight at a time."""
    a, b = (high >> LIMB_BITS) & LIMB_MASK, high & LIMB_MASK
    c, d = (low >> LIMB_BITS) & LIMB_MASK, low & LIMB_MASK
    a, b, c, d, rest = divided_limbs(a, b, c, d)
    a, b, c, d, fourth = divided_limbs(a, b, c, d)
    a, b, c, d, third = divided_limbs(a, b, c, d)
    a, b, c, d, second = divided_limbs(a, b, c, d)
    first = (c << LIMB_BITS) | d
    if first > 0:
        out = padded(book, padded(book, padded(book, whole(book, out, first), second, 8), third, 8), fourth, 8)
    elif second > 0:
        out = padded(book, padded(book, whole(book, out, second), third, 8), fourth, 8)
    else:
        out = padded(book, whole(book, out, third), fourth, 8)
    return fraction(book, out, rest)


def divided_limbs(a: int, b: int, c: int, d: int) -> tuple[int, int, int, int, int]:
    """Four limbs of 32 bits, the highest first, over 1e8: four limbs and a rest."""
    first = a // WIRE_ONE
    carried = ((a - first * WIRE_ONE) << LIMB_BITS) | b
    second = carried // WIRE_ONE
    carried = ((carried - second * WIRE_ONE) << LIMB_BITS) | c
    third = carried // WIRE_ONE
    carried = ((carried - third * WIRE_ONE) << LIMB_BITS) | d
    fourth = carried // WIRE_ONE
    return first, second, third, fourth, carried - fourth * WIRE_ONE
