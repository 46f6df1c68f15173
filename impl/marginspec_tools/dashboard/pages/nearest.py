"""The positions of a market that stand nearest to liquidation: where their bands end, and how far that is.

A band is that of a whole margin domain, so it takes all that an account has. Of few positions it is worked out at
once, of more if that is asked for, and of all accounts of a large exchange it is not: the page says which it is.
"""

from collections.abc import Iterator

import attrs

from marginspec.margin import bands
from marginspec.margin.margin import margin_mode_of
from marginspec.model.account import PositionKey
from marginspec.model.state import State
from marginspec.model.units import Price
from marginspec_tools.dashboard.numbers import price_text, quantity_text, ratio_text
from marginspec_tools.dashboard.pages.invariants import MOST_ACCOUNTS
from marginspec_tools.dashboard.tables import Column, Order, Row, Table
from marginspec_tools.dashboard.view import View, within

AT_ONCE = 200
"""Positions that were ever held in a market, for which a page is still made within 300 ms."""


@attrs.frozen
class Near:
    """A position, and the nearest mark at which its domain is liquidated: the mark itself if it already should be."""

    key: PositionKey
    price: Price
    distance: int


def is_asked(view: View) -> bool:
    """Whether more positions than are worked out at once are asked for."""
    return view.parameters.get("near") == "all"


def is_small(view: View) -> bool:
    """Whether so few positions were held in the market that their bands are worked out at once."""
    return view.index.held(view.market().id, AT_ONCE + 1) <= AT_ONCE


def can_be_asked(view: View) -> bool:
    """Whether the page is to offer what it does not show."""
    return not view.once(is_small) and not is_asked(view) and view.head.accounts <= MOST_ACCOUNTS


def state(view: View) -> State | None:
    """The market with whoever has a position in it; None if these are too many."""
    if view.once(is_small):
        return view.index.queue_state(view.at, view.market().id)
    return view.index.state_at(view.at) if is_asked(view) and view.head.accounts <= MOST_ACCOUNTS else None


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
    market, book = view.market(), view.once(state)
    found = nearest(book, market.id) if book is not None and market.mark is not None else ()
    rows = [near_row(view, book, one) for one in found] if book is not None else []
    empty = Table.empty if book is not None else too_many(view)
    return Table(
        "nearest", "Positions nearest to liquidation", NEAREST, Order("distance"), rows, note=NOTE, empty=empty
    )


NOTE = (
    "Liquidated at: the nearest mark of this market, all others as they are (MRG-07); "
    "the distance to the mark in percent is rounded down. Positions that no mark of it liquidates are left out."
)


def too_many(view: View) -> str:
    """Why there is none."""
    told = f"More than {AT_ONCE} positions were held here, whose bands are not worked out at once"
    if view.head.accounts > MOST_ACCOUNTS:
        told += f", and of more than {MOST_ACCOUNTS} accounts on no page but each account's own"
    return f"{told}."


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
