"""The engine's memory: words of 64 bits at addresses, vectors that grow, and maps.

All of it is plain functions, which `compiling` compiles. On Python's own integers (see `exact`) the same functions
run on `PythonWords`, which remember what is written and read everything else from the memory itself.
"""

from typing import Protocol

from marginspec_engine import layout
from marginspec_engine.layout import NONE, USED


class Words(Protocol):
    """Words from an address on; compiled code has a pointer instead."""

    @property
    def address(self) -> int:
        """Where they stand."""

    def __getitem__(self, place: int) -> int: ...

    def __setitem__(self, place: int, word: int) -> None: ...

    def shifted(self, place: int) -> "Words":
        """Words from a place on."""

    def elsewhere(self, address: int) -> "Words":
        """Words of the same memory, at an address."""

    def resized(self, address: int, before: int, after: int) -> int:
        """The address of memory of so many words that begins like that at an address, which is given up."""


def at(words: Words, place: int) -> Words:
    """Words from a place on."""
    return words.shifted(place)


def words_at(book: Words, address: int) -> Words:
    """Words at an address of the book's memory."""
    return book.elsewhere(address)


def address_of(words: Words) -> int:
    """Where words stand."""
    return words.address


def resized(book: Words, address: int, before: int, after: int) -> int:
    """The address of memory of so many words that begins like that at an address, which is given up; 0 is none."""
    return book.resized(address, before, after)


def is_compiled() -> bool:
    """Whether integers have 64 bits: what may not fit is then left to Python's own."""
    return False


# ----------------------------------------------------------------- vectors

LEAST_ROOM = 64


def reserve(book: Words, vector: Words, words: int) -> None:
    """Have room for so many more words in a vector; whoever holds its words asks for them again.

    Only words that are used are kept.
    """
    needed = vector[USED] + words
    if needed > vector[layout.ROOM]:
        room = max(LEAST_ROOM, 2 * vector[layout.ROOM], needed)
        vector[layout.ADDRESS] = resized(book, vector[layout.ADDRESS], vector[USED], room)
        vector[layout.ROOM] = room


def push(book: Words, vector: Words, word: int) -> None:
    """Put a word at the end of a vector."""
    if vector[USED] == vector[layout.ROOM]:
        reserve(book, vector, 1)
    words_at(book, vector[layout.ADDRESS])[vector[USED]] = word
    vector[USED] = vector[USED] + 1


def items(book: Words, vector: Words) -> Words:
    """The words of a vector, until it grows."""
    return words_at(book, vector[layout.ADDRESS])


def row(book: Words, table: int, number: int, width: int) -> Words:
    """A row of a table, until the table grows."""
    return words_at(book, book[table + layout.ADDRESS] + number * width * layout.WORD_BYTES)


def account_row(book: Words, number: int) -> Words:
    """An account's row."""
    return row(book, layout.ACCOUNTS, number, layout.ACCOUNT)


def asset_row(book: Words, number: int) -> Words:
    """An asset's row."""
    return row(book, layout.ASSETS, number, layout.ASSET_ROW)


def market_row(book: Words, number: int) -> Words:
    """A market's row."""
    return row(book, layout.MARKETS, number, layout.MARKET_ROW)


def domain_row(book: Words, number: int) -> Words:
    """A domain's row."""
    return row(book, layout.DOMAINS, number, layout.DOMAIN_ROW)


def position_row(book: Words, number: int) -> Words:
    """A position's row."""
    return row(book, layout.POSITIONS, number, layout.POSITION)


def order_row(book: Words, number: int) -> Words:
    """An order's row."""
    return row(book, layout.ORDERS, number, layout.ORDER)


def lot_row(book: Words, number: int) -> Words:
    """A lot's row."""
    return row(book, layout.LOTS, number, layout.LOT)


def new_row(book: Words, table: int, width: int) -> int:
    """The number of a row of zeros at the end of a table."""
    vector = at(book, table)
    reserve(book, vector, width)
    number = vector[USED] // width
    words = at(items(book, vector), vector[USED])
    for place in range(width):
        words[place] = 0
    vector[USED] = vector[USED] + width
    return number


# ----------------------------------------------------------------- what a refused event takes back


def put(book: Words, words: Words, place: int, word: int) -> None:
    """Write a word so that it is taken back if the event is refused; settlement is never refused."""
    if book[layout.SETTLING] == 0:
        push(book, at(book, layout.UNDONE), address_of(at(words, place)))
        push(book, at(book, layout.UNDONE), words[place])
    words[place] = word


def take_back(book: Words) -> None:
    """Undo every `put` of the event, the last one first."""
    undone = at(book, layout.UNDONE)
    while undone[USED] > 0:
        undone[USED] = undone[USED] - 2
        pair = at(items(book, undone), undone[USED])
        words_at(book, pair[0])[0] = pair[1]


# ----------------------------------------------------------------- maps

LEAST_SLOTS = 16
MULTIPLIER = 0x1E3779B97F4A7C15


def slot_of(slots: Words, mask: int, key: int) -> int:
    """Where a key stands in a map's slots, or the free slot where it would."""
    place = slot_from(key, mask)
    while slots[2 * place] != key and slots[2 * place] != layout.FREE_SLOT:
        place = (place + 1) & mask
    return place


def lookup(book: Words, entries: int, key: int) -> int:
    """What a map holds under a key; NONE if nothing."""
    held = at(book, entries)
    if held[layout.SLOTS] == 0:
        return NONE
    slots = words_at(book, held[layout.ADDRESS])
    place = slot_of(slots, held[layout.SLOTS] - 1, key)
    return slots[2 * place + 1] if slots[2 * place] == key else NONE


def make_room(book: Words, entries: int) -> None:
    """Have room for another key, so that no more than half of a map's slots are taken; not within an event."""
    held = at(book, entries)
    if 2 * (held[layout.ENTRIES] + 1) <= held[layout.SLOTS]:
        return
    before, count = held[layout.ADDRESS], held[layout.SLOTS]
    slots_now = max(LEAST_SLOTS, 2 * count)
    held[layout.ADDRESS] = resized(book, 0, 0, 2 * slots_now)
    held[layout.SLOTS] = slots_now
    slots = words_at(book, held[layout.ADDRESS])
    for place in range(slots_now):
        slots[2 * place] = layout.FREE_SLOT
    if count > 0:
        old = words_at(book, before)
        for place in range(count):
            if old[2 * place] != layout.FREE_SLOT:
                moved = slot_of(slots, slots_now - 1, old[2 * place])
                slots[2 * moved] = old[2 * place]
                slots[2 * moved + 1] = old[2 * place + 1]
        resized(book, before, 2 * count, 0)


def insert(book: Words, entries: int, key: int, word: int) -> None:
    """Have a map hold a word under a key; `make_room` went before."""
    held = at(book, entries)
    slots = words_at(book, held[layout.ADDRESS])
    place = slot_of(slots, held[layout.SLOTS] - 1, key)
    if slots[2 * place] != key:
        put(book, slots, 2 * place, key)
        put(book, held, layout.ENTRIES, held[layout.ENTRIES] + 1)
    put(book, slots, 2 * place + 1, word)


def delete(book: Words, entries: int, key: int) -> None:
    """Take a key that is there out of a map; keys behind it in its run move up."""
    held = at(book, entries)
    slots, mask = words_at(book, held[layout.ADDRESS]), held[layout.SLOTS] - 1
    gap = slot_of(slots, mask, key)
    place = (gap + 1) & mask
    while slots[2 * place] != layout.FREE_SLOT:
        home = slot_from(slots[2 * place], mask)
        if ((place - home) & mask) >= ((place - gap) & mask):
            put(book, slots, 2 * gap, slots[2 * place])
            put(book, slots, 2 * gap + 1, slots[2 * place + 1])
            gap = place
        place = (place + 1) & mask
    put(book, slots, 2 * gap, layout.FREE_SLOT)
    put(book, held, layout.ENTRIES, held[layout.ENTRIES] - 1)


def slot_from(key: int, mask: int) -> int:
    """The slot where the search for a key begins."""
    mixed = (key ^ (key >> 32)) * MULTIPLIER & 0x7FFFFFFFFFFFFFFF
    return (mixed >> 20) & mask
