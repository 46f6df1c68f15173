"""Sparing Python's garbage collector what a long audit keeps: much, of which nothing goes by the collector's work.

States are trees whose parts many states share, so that looking through them takes longer than an event. An event leaves
no cycles behind, and what has none is freed without the collector; it stays on for what may have.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

OBJECTS = 1_000_000
"""The collector looks after so many new objects that are not freed again."""
EVENTS = 10_000
"""How many events apart all that is kept is set aside: the collector does not look at it any more."""


@contextmanager
def looking_seldom() -> Iterator[None]:
    """Have the collector look after many new objects only; at the end all is as it was before."""
    before, *others = gc.get_threshold()
    gc.set_threshold(OBJECTS, *others)
    try:
        yield
    finally:
        gc.set_threshold(before, *others)
        gc.unfreeze()


def set_aside(events: int) -> None:
    """Set aside what is kept after so many events, if it is time."""
    if events % EVENTS == 0:
        gc.freeze()
