"""SHA-256 of bytes in memory (FIPS 180-4). The processor's own instructions take the place of `compress` if it has any.

The eight words of a hash in progress stand at an address of 64-bit words, one each.
"""

import math

from marginspec_engine.memory.raw_bytes import eight, put_eight, put_one
from marginspec_engine.memory.words import Words, at

WORD_MASK = 0xFFFFFFFF
ROUNDS = 64
BLOCK_BYTES = 64
LENGTH_BYTES = 8
END_OF_MESSAGE = 0x80


def first_primes(count: int) -> list[int]:
    """The first prime numbers."""
    primes: list[int] = []
    candidate = 2
    while len(primes) < count:
        if all(candidate % prime for prime in primes):
            primes.append(candidate)
        candidate += 1
    return primes


def root_bits(number: int, power: int) -> int:
    """The first 32 bits behind the point of a square or cube root, exactly."""
    scaled = number << (32 * power)
    root = math.isqrt(scaled) if power == 2 else cube_root(scaled)
    return root & WORD_MASK


def cube_root(number: int) -> int:
    """The whole part of a cube root."""
    low, high = 0, 1 << (number.bit_length() // 3 + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**3 <= number else (low, middle)
    return low


CONSTANTS = tuple(root_bits(prime, 3) for prime in first_primes(ROUNDS))
FIRST_HASH = tuple(root_bits(prime, 2) for prime in first_primes(8))


def rotated(word: int, bits: int) -> int:
    """A word of 32 bits, turned right."""
    return ((word >> bits) | (word << (32 - bits))) & WORD_MASK


def turned(word: int) -> int:
    """A word of 32 bits with its bytes in the other order."""
    swapped = ((word & 0x00FF00FF) << 8) | ((word >> 8) & 0x00FF00FF)
    return ((swapped << 16) | (swapped >> 16)) & WORD_MASK


def begin_hash(state: Words) -> None:
    """Have eight words be those of the hash of nothing yet."""
    for place in range(8):
        state[place] = FIRST_HASH[place]


def compress(state: Words, schedule: Words, address: int) -> None:
    """Take the 64 bytes at an address into a hash; the schedule is room for 64 words."""
    for place in range(8):
        pair = eight(address + 8 * place)
        schedule[2 * place] = turned(pair & WORD_MASK)
        schedule[2 * place + 1] = turned((pair >> 32) & WORD_MASK)
    for place in range(16, ROUNDS):
        early, late = schedule[place - 15], schedule[place - 2]
        first = rotated(early, 7) ^ rotated(early, 18) ^ (early >> 3)
        second = rotated(late, 17) ^ rotated(late, 19) ^ (late >> 10)
        schedule[place] = (schedule[place - 16] + first + schedule[place - 7] + second) & WORD_MASK
    a, b, c, d = state[0], state[1], state[2], state[3]
    e, f, g, h = state[4], state[5], state[6], state[7]
    for place in range(ROUNDS):
        choice = (e & f) ^ (~e & g)
        mixed = h + (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) + choice + CONSTANTS[place] + schedule[place]
        majority = (a & b) ^ (a & c) ^ (b & c)
        added = (rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + majority
        h, g, f, e = g, f, e, (d + mixed) & WORD_MASK
        d, c, b, a = c, b, a, (mixed + added) & WORD_MASK
    state[0] = (state[0] + a) & WORD_MASK
    state[1] = (state[1] + b) & WORD_MASK
    state[2] = (state[2] + c) & WORD_MASK
    state[3] = (state[3] + d) & WORD_MASK
    state[4] = (state[4] + e) & WORD_MASK
    state[5] = (state[5] + f) & WORD_MASK
    state[6] = (state[6] + g) & WORD_MASK
    state[7] = (state[7] + h) & WORD_MASK


def hash_bytes(state: Words, schedule: Words, start: int, length: int) -> None:
    """Leave the hash of so many bytes; behind them, room for 72 more is overwritten."""
    begin_hash(state)
    end = start + length
    blocks = (length + LENGTH_BYTES) // BLOCK_BYTES + 1
    put_one(end, END_OF_MESSAGE)
    place = end + 1
    while place < start + BLOCK_BYTES * blocks:
        put_one(place, 0)
        place = place + 1
    bits = 8 * length
    for byte in range(LENGTH_BYTES):
        put_one(place - 1 - byte, (bits >> (8 * byte)) & 0xFF)
    for block in range(blocks):
        compress(state, schedule, start + BLOCK_BYTES * block)


def put_hash(state: Words, address: int) -> None:
    """Write the 32 bytes of a hash."""
    for place in range(4):
        first, second = turned(state[2 * place]), turned(state[2 * place + 1])
        put_eight(address + 8 * place, first | (second << 32))


def schedule_of(state: Words) -> Words:
    """Where a hash in progress has its schedule: behind its eight words."""
    return at(state, 8)
