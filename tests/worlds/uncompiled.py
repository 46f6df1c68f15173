"""The optimized engine's own rules, not compiled: slow, on Python's integers, of whatever text they have just now."""

from marginspec_engine import layout
from marginspec_engine.engine import OptimizedEngine
from marginspec_engine.memory.python_words import Draft, PythonWords
from marginspec_engine.numba.door import APPLY, SETTLE_MARKET
from marginspec_engine.rules.transition import settle_market


class UncompiledEngine(OptimizedEngine):
    """Needs no compiler: a faulty rule can be tried at once."""

    def enter(self, task: int, first: int = layout.NONE, second: int = 0, third: int = 0) -> int:
        """What compiled code would do on the book, by the text that it is compiled of."""
        self.tables.rank()
        if task == APPLY:
            return self.apply_widely()
        assert (task, second, third) == (SETTLE_MARKET, 0, 0), f"task {task} is not taken here"
        draft = Draft()
        settle_market(PythonWords(draft, self.tables.book.ctypes.data), first)
        draft.keep()
        return 0
