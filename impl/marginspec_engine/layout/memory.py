"""Words of 64 bits, vectors and maps: what the engine's memory is made of."""

from marginspec_engine.layout.places import Places

WORD_BYTES = 8
NONE = -1

HUGE_BYTES = 2**21
"""From so much memory on it is asked for on huge pages, of this size."""
HUGE_PAGES = 14
"""What Linux calls the advice to do so."""

_vector = Places()
ADDRESS, USED, ROOM = _vector.take(3)
"""Of a vector: its address, words used, words that there is room for."""
VECTOR = _vector.used

_entries = Places(ADDRESS + 1)
ENTRIES, SLOTS = _entries.take(2)
"""Of a map: behind the address of its slots (key, value) the number of entries and of slots, a power of two."""
MAP = _entries.used
FREE_SLOT = -1
"""The key of a slot that holds nothing; keys are never negative."""
