"""`python -m marginspec_engine`: compile the engine, so that nobody waits for it later."""

import numpy as np

from marginspec.model.state import Header
from marginspec_engine.batches.portfolios import Portfolio, market_columns
from marginspec_engine.engine import OptimizedEngine
from marginspec_engine.layout import NONE
from marginspec_engine.numba.door import SETTLE_MARKET, enter
from marginspec_engine.numba.portfolios import PositionColumns, bands_alone_found, bands_found


def main() -> None:
    """Call compiled code once; what is compiled is kept for the next process."""
    engine = OptimizedEngine.from_header(Header())
    enter(engine.tables.book.ctypes.data, SETTLE_MARKET, NONE, 0, 0)
    none = np.zeros(0, np.int64)
    portfolio = Portfolio(market_columns([]), PositionColumns(none, np.zeros(1, np.int64), none, none, none))
    portfolio.fits()
    domains, seen = portfolio.domain_figures(), portfolio.position_figures()
    for find in (bands_found, bands_alone_found):
        find(portfolio.markets, portfolio.positions, 0, 0, none, none)
    portfolio.bankruptcy_prices(domains, seen)
    portfolio.ranks(domains, seen, none)


if __name__ == "__main__":
    main()
