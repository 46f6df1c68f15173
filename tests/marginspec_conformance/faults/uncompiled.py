"""The optimized engine's own rules, not compiled: slow, on Python's integers, of whatever text they have just now."""

from marginspec_engine import layout
from marginspec_engine.engine import OptimizedEngine
from marginspec_engine.layout.reasons import ACCEPTED, COVER_EXCEEDED
from marginspec_engine.memory.python_words import Draft, PythonWords
from marginspec_engine.numba.door import APPLY, SETTLE_MARKET
from marginspec_engine.rules.transition import apply_event, settle_market

GONE = 2**62 + 1
"""What is read where words stood before they moved: no row, amount or address."""


class MovingDraft(Draft):
    """A draft in which words that have moved are not found where they were, as compiled code may find them."""

    def resized(self, address: int, before: int, after: int) -> int:
        """New memory; what stands in the old one is lost."""
        found = super().resized(address, before, after)
        for place in range(before if address else 0):
            self.write(address + layout.WORD_BYTES * place, GONE)
        return found


class UncompiledEngine(OptimizedEngine):
    """Needs no compiler: a faulty rule can be tried at once."""

    def enter(self, task: int, first: int = layout.NONE, second: int = 0, third: int = 0) -> int:
        """What compiled code would do on the book, by the text that it is compiled of."""
        self.tables.rank()
        draft = MovingDraft()
        book = PythonWords(draft, self.tables.book.ctypes.data)
        if task == APPLY:
            return kept(draft, apply_event(book))
        assert (task, second, third) == (SETTLE_MARKET, 0, 0), f"task {task} is not taken here"
        settle_market(book, first)
        return kept(draft, ACCEPTED)


def kept(draft: Draft, reason: int) -> int:
    """A reason, after all is written down: also of an event that is refused, so that it must have been taken back.

    What compiled code leaves to Python's integers is dropped if it is refused, as it is there.
    """
    if reason == COVER_EXCEEDED:
        draft.drop()
        return reason
    try:
        draft.keep()
    except OverflowError:
        assert reason != ACCEPTED
        draft.drop()
    return reason
