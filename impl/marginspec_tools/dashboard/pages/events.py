"""Events, newest first, of a type, a market, an account, those refused, or those of the waterfall."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from marginspec.model.units import WIRE_DECIMALS
from marginspec_journal.decimals import decimal_text
from marginspec_tools.dashboard.index import Filter
from marginspec_tools.dashboard.index.answers import EventRow
from marginspec_tools.dashboard.index.rows import EVENT_TYPES
from marginspec_tools.dashboard.tables import Column, Order, Row, Table
from marginspec_tools.dashboard.view import Page, Unanswerable, View, reading

KINDS = {"": "all", "rejected": "refused", "waterfall": "of the waterfall"}


def chosen(view: View) -> Filter:
    """The events that are asked for."""
    given = {name: text for name, text in view.parameters.items() if name in PAGE.parameters and text}
    kind, event_type = given.pop("only", ""), given.get("type")
    if kind not in KINDS:
        raise Unanswerable(400, "Not understood", "Only may be rejected or waterfall.")
    if event_type is not None and event_type not in EVENT_TYPES:
        raise Unanswerable(400, "No such type", f"Types of events are {', '.join(EVENT_TYPES)}.")
    return Filter(**given, rejected=kind == "rejected", waterfall=kind == "waterfall")


def content(view: View) -> Mapping[str, Any]:
    """What is asked for, and what can be."""
    return {"chosen": chosen(view), "types": sorted(EVENT_TYPES), "kinds": KINDS}


def events_table(view: View) -> Table:
    """The events that are asked for."""
    wanted = chosen(view)
    read = reading(partial(view.index.events, view.at, wanted), partial(event_row, view))
    return Table("events", "Events", EVENTS, Order("event", True), read=read)


def event_row(view: View, one: EventRow) -> Row:
    """An event."""
    money = None if one.money is None else decimal_text(one.money, WIRE_DECIMALS)
    answer = one.rejected or "accepted"
    cells = (str(one.seq), one.ts, one.type.replace("_", " "), one.market, answer, str(one.effects), money, one.ref)
    why = view.to("event", at=one.seq)
    links = {"event": view.event_address(one.seq), "effects": why, "money": why}
    if one.market in view.book.markets:
        links["market"] = view.to("market", market=one.market)
    return Row(str(one.seq), cells, links)


EVENTS = (
    Column("event", "event", "number"),
    Column("ts", "time"),
    Column("type", "what came"),
    Column("market", "market", "name"),
    Column("answer", "answer"),
    Column("effects", "effects", "number"),
    Column("money", "down the waterfall", "number"),
    Column("ref", "ref", "name"),
)

PAGE = Page(
    "events",
    "Events",
    "events.html",
    content,
    {"events": events_table},
    parameters=("type", "market", "account", "only"),
)
