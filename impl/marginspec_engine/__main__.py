"""`python -m marginspec_engine`: compile the engine, so that nobody waits for it later."""

from marginspec.state import Header
from marginspec_engine.engine import OptimizedEngine
from marginspec_engine.entry_points import SETTLE_MARKET, enter
from marginspec_engine.layout import NONE


def main() -> None:
    """Call compiled code once; what is compiled is kept for the next process."""
    engine = OptimizedEngine.from_header(Header())
    enter(engine.tables.book.ctypes.data, SETTLE_MARKET, NONE, 0, 0)


if __name__ == "__main__":
    main()
