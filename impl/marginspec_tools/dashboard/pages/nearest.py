"""The positions of a market that stand nearest to liquidation: where their bands end, and how far that is.

A band is that of a whole margin domain, so it takes all that an account has. Of few positions it is worked out at
once, of more if that is asked for, and of very many it is not: the page says which it is.
"""

from collections.abc import Iterator, Sequence

import attrs

from marginspec.margin import bands
from marginspec.margin.margin import margin_mode_of
from marginspec.model.account import PositionKey
from marginspec.model.state import State
from marginspec.model.units import Price
from marginspec_tools.dashboard.numbers import price_text, quantity_text, ratio_text
from marginspec_tools.dashboard.tables import Column, Order, Row, Table
from marginspec_tools.dashboard.view import Unanswerable, View, within

AT_ONCE = 200
"""Positions that were ever held in a market, for which a page is still made within 300 ms."""
MOST = 20_000
"""Positions that were ever held in a market, of which all are looked at if that is asked for."""


@attrs.frozen
class Near:
    """A position, and the nearest mark at which its domain is liquidated: the mark itself if it already should be."""

    key: PositionKey
    price: Price
    distance: int


def holders(view: View) -> int:
    """How many positions were ever held in the market, counted up to more than are looked at."""
    return view.index.held(view.market().id, MOST + 1)


def is_asked(view: View) -> bool:
    """Whether more positions than are worked out at once are asked for, as a file does."""
    return view.parameters.get("near") == "all" or view.is_file


def can_be_asked(view: View) -> bool:
    """Whether the page is to offer what it does not show."""
    return AT_ONCE < view.once(holders) <= MOST and not is_asked(view)


def is_worked_out(view: View) -> bool:
    """Whether the bands are worked out; a file that would lack them is refused."""
    held = view.once(holders)
    if held > MOST and view.is_file:
        raise Unanswerable(422, "Too large for a page", too_many(view))
    return held <= AT_ONCE or (is_asked(view) and held <= MOST)


def nearest(book: State, market: str) -> Iterator[Near]:
    """The positions of a market that has a mark, those whose domains a mark of it liquidates."""
    mark = book.markets[market].marked()
    for key, domain in book.positions_in.get(market, {}).items():
        band = bands.liquidation_band(book, domain, market)
        ends = [end for end in (band.lower, band.upper) if end is not None]
        if ends:
            price = min(ends, key=lambda end: abs(end - mark))
            yield Near(key, price, abs(price - mark))


def nearest_table(view: View) -> Table:
    """The positions, nearest first."""
    rows: Sequence[Row] = ()
    empty = too_many(view)
    if view.once(is_worked_out):
        rows = view.once(near_rows) if view.once(holders) <= AT_ONCE else view.kept(near_rows)
        empty = Table.empty
    caption, has_file = "Positions nearest to liquidation", view.once(holders) <= MOST
    return Table("nearest", caption, NEAREST, Order("distance"), rows, note=NOTE, empty=empty, has_file=has_file)


NOTE = (
    "Liquidated at: the nearest mark of this market, all others as they are (MRG-07); "
    "the distance to the mark in percent is rounded down. Positions that no mark of it liquidates are left out."
)


def too_many(view: View) -> str:
    """Why there is none."""
    if view.once(holders) > MOST:
        return f"More than {MOST} positions were held here: their bands stand on no page but each account's own."
    return f"Not worked out: {view.once(holders)} positions were held here, more than {AT_ONCE}."


def near_rows(view: View) -> list[Row]:
    """The positions that some mark liquidates."""
    market, book = view.market(), view.index.queue_state(view.at, view.market().id)
    return [near_row(view, book, one) for one in nearest(book, market.id)] if market.mark is not None else []


def near_row(view: View, book: State, one: Near) -> Row:
    """A position."""
    market, key = view.market(), one.key
    assert market.mark is not None, "a position stands in a market with a mark"
    where = "at the mark" if not one.distance else "below" if one.price < market.mark else "above"
    cells = (
        key.account, key.side.lower(), margin_mode_of(book, key.account, key.market),
        quantity_text(book.positions[key], market), price_text(one.price, market), where,
        price_text(one.distance, market), ratio_text(100 * one.distance, market.mark),
    )  # fmt: skip
    page = view.to("account", account=key.account)
    why = dict.fromkeys(("price", "distance", "share"), within(page, "why"))
    return Row(":".join(key), cells, {"account": page, "quantity": within(page, "positions"), **why})


NEAREST = (
    Column("account", "account", "name"),
    Column("side", "side"),
    Column("mode", "margin"),
    Column("quantity", "quantity", "number"),
    Column("price", "liquidated at", "number"),
    Column("where", "which is"),
    Column("distance", "distance", "number"),
    Column("share", "of the mark", "number", "%"),
)
