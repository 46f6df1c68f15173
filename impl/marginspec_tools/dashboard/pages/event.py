"""An event: what came, what it changed, who bore what, and why: the rules run again under observation."""

from collections.abc import Callable, Mapping
from typing import Any

import attrs
import msgspec

from marginspec.model.account import Lot, Order, PositionMode, Setting
from marginspec.model.effects import FundStatus
from marginspec.model.ledger import account_named
from marginspec.model.market import Market
from marginspec.model.units import Money, Price, Quantity
from marginspec_tools.dashboard.explanations import Entry, entries
from marginspec_tools.dashboard.index.answers import Borne, Change, Event, Moment
from marginspec_tools.dashboard.index.tables import EFFECTS_AT_ONCE
from marginspec_tools.dashboard.index.values import Kind
from marginspec_tools.dashboard.pages.invariants import MOST_ACCOUNTS
from marginspec_tools.dashboard.tables import Column, Read, Row, Table
from marginspec_tools.dashboard.tables import Order as Sorted
from marginspec_tools.dashboard.view import Page, Unanswerable, View
from marginspec_tools.explain import Scope, Units, explain_event, figure_text, spaced

LEVELS = 2
"""Of the explanation, below what moved."""
LIGHT = 30
"""Of an event of so many effects the explanation is on the page at once; of a heavier one it comes after the page."""
FEW_LOTS = 500
"""So it is where at most so many lots are open, which the rules look at at every event."""
MOST_EFFECTS = 20_000
"""Of an event of more effects no page has the explanation; of one with more than EFFECTS_AT_ONCE it is asked for."""
FEW_ACCOUNTS = 200
"""Of so many, the rules are run on all without being asked."""
NAMED = 20
"""So many of the accounts that an event concerns are named at its head."""
AMOUNTS: dict[Kind, tuple[str, Any]] = {
    "ledger": ("balance", Money),
    "position": ("position", Quantity),
    "claim": ("claim on relief", Money),
    "mark": ("mark", Price),
    "uncovered": ("uncovered", Money),
    "open_interest": ("long side in all", Quantity),
}
"""The figures that are amounts, in words, with what they count."""
TERMS: dict[Kind, tuple[str, Any]] = {
    "order": ("order", Order),
    "setting": ("settings", Setting),
    "lot": ("lot", Lot),
    "account": ("position mode", PositionMode),
    "market": ("market", Market),
    "fund": ("funds of the market", FundStatus),
}
"""The figures that are records."""


@attrs.frozen
class Happened:
    """An event as the index has it, with the units of all that it can have changed, and each market's asset."""

    event: Event
    units: Units
    assets: Mapping[str, str]
    market_of_lot: Callable[[int], str]

    def asset(self, account_name: str) -> str:
        """The asset of a ledger account."""
        account = account_named(account_name)
        return account.asset or self.assets[self.market_of_lot(account.lot) if account.lot else account.market]


def happened(view: View) -> Happened:
    """The event that is shown; there is none where the journal begins."""
    if view.at == view.head.first:
        raise Unanswerable(404, "No such event", "The journal begins here: no event has come yet.")
    units = Units(view.index.funds_state(view.at - 1), view.book)
    assets = {one.name: one.asset for one in view.index.markets()}
    return Happened(view.index.event(view.at), units, assets, view.index.market_of_lot)


def content(view: View) -> Mapping[str, Any]:
    """The event's answer and text, whom it concerns, and why it did what it did; nothing where the journal begins."""
    if view.event is None:
        return {"event": None}
    event = view.once(happened).event
    named = accounts_of(event)
    return {
        "event": event.row,
        "text": msgspec.json.format(event.text, indent=2),
        "hash": event.hash,
        "accounts": [(name, account_address(view, name)) for name in named[:NAMED]],
        "others": len(named[NAMED:]),
        "explanation": explanation_shown(view, event.row.effects),
        "comes": event.row.effects <= EFFECTS_AT_ONCE,
        "why": view.with_parameters(at=view.at, why="all"),
    }


def accounts_of(event: Event) -> list[str]:
    """The accounts that the line and the first effects name."""
    line = msgspec.json.decode(event.text)
    named = [line.get(field) for field in ("account", "buyer", "seller", "from", "to")]
    named += [effect.get("account") for effect in event.effects]
    return [*dict.fromkeys(one for one in named if isinstance(one, str))]


def account_address(view: View, account: str) -> str:
    """The address of an account's page, if there is one."""
    return view.to("account", account=account, at=view.at) if is_there(view, account) else ""


def is_there(view: View, account: str) -> bool:
    """Whether there is an account that an event names: one that is refused may name another."""
    since = view.index.account_since(account)
    return since is not None and since <= view.at


@attrs.frozen
class Explanation:
    """What the rules were seen to do, below what was asked, on which accounts; or why it is not worked out.

    `longer` is the address of a page that works it out in a longer time, if one does.
    """

    entries: list[Entry]
    looked_at: str
    reason: str = ""
    longer: str = ""


def explanation_shown(view: View, effects: int) -> Explanation | None:
    """The explanation where the page has it: of a light event, of one that no page explains, and where it is asked."""
    if view.parameters.get("why"):
        return view.kept(explanation)
    lots = sum(one.number for one in view.lots.values())
    return view.once(explanation) if effects > MOST_EFFECTS or (effects <= LIGHT and lots <= FEW_LOTS) else None


def explanation(view: View) -> Explanation:
    """The event's explanation, as far as it is worked out for what is asked."""
    effects, accounts = view.once(happened).event.row.effects, view.head.accounts
    if effects > MOST_EFFECTS:
        return Explanation([], "", f"An event of {effects} effects is explained on no page: {BY_COMMAND}")
    moment = view.index.moment(view.at)
    if moment is not None:
        return told(moment, CONCERNED)
    if accounts > MOST_ACCOUNTS:
        reason = f"The rules need all accounts for it, and more than {MOST_ACCOUNTS} were named: {BY_COMMAND}"
        return Explanation([], "", reason)
    if accounts <= FEW_ACCOUNTS or view.parameters.get("why") == "whole":
        return told(view.index.whole_moment(view.at), "")
    longer = view.with_parameters(at=view.at, why="whole")
    reason = "The rules need more than the accounts that the event concerns: they can be run on all"
    takes = f"which may take some seconds: {accounts} were named"
    return Explanation([], "", f"{reason}, {takes}.", longer)


BY_COMMAND = "`marginspec explain` does it, in its time. What it did is in its receipt below, effect by effect."
CONCERNED = (
    "Of all accounts, those that the event concerns were looked at; with them alone the rules give the same receipt."
)


def told(moment: Moment, looked_at: str) -> Explanation:
    """The explanation of an event on the state before it."""
    lines = explain_event(moment.before, moment.record, moment.seq).lines(LEVELS)
    # The first line says which event it is, as the page's head does.
    return Explanation(entries("\n".join(lines).splitlines()[1:]), looked_at)


# ----------------------------------------------------------------- before and after


def amounts_table(view: View) -> Table:
    """The amounts that the event changed: before, after, and by how much."""
    found = view.once(happened)
    rows = [
        amount_row(view, found, place, change)
        for place, change in enumerate(found.event.changes)
        if change.kind in AMOUNTS and (change.before or 0) != (change.after or 0)
    ]
    return Table("amounts", "Amounts before and after", CHANGED, Sorted("place"), rows, note=shown_note(found))


def amount_row(view: View, found: Happened, place: int, change: Change) -> Row:
    """An amount that changed."""
    what, hint = AMOUNTS[change.kind]
    scope = scope_of(found, change)
    texts = [found.units.figure(one or 0, hint, scope) for one in (change.before, change.after)]
    by = found.units.figure((change.after or 0) - (change.before or 0), hint, scope)
    cells = (str(place + 1), what, change.name, *(one.value for one in (*texts, by)), by.unit)
    return Row(f"{place:06}", cells, {"name": address_of(view, change)})


def scope_of(found: Happened, change: Change) -> Scope:
    """The market or the asset in whose units an amount counts."""
    match change.kind:
        case "ledger":
            return Scope("", found.asset(change.name))
        case "position":
            return Scope(change.name.split(":")[1])
        case "claim":
            return Scope("", change.name.split(":")[1])
        case "uncovered":
            return Scope("", change.name)
    return Scope(change.name)


def address_of(view: View, change: Change) -> str:
    """The page of whom a figure is."""
    owner = account_named(change.name).account if change.kind == "ledger" else change.name.split(":")[0]
    if change.kind in ("ledger", "position", "claim", "order", "setting", "account") and owner:
        return view.to("account", account=owner, at=view.at)
    if change.kind in ("mark", "open_interest", "fund", "market") and owner in view.book.markets:
        return view.to("market", market=owner, at=view.at)
    return ""


CHANGED = (
    Column("place", "no.", "number"),
    Column("what", "what"),
    Column("name", "of", "name"),
    Column("before", "before", "number"),
    Column("after", "after", "number"),
    Column("by", "by", "number"),
    Column("unit", "unit", "name"),
)


def terms_table(view: View) -> Table:
    """Orders, settings, lots, counters and terms of markets that the event changed."""
    found = view.once(happened)
    rows = [
        Row(
            f"{place:06}",
            (str(place + 1), TERMS[change.kind][0], change.name, *record_texts(found, change)),
            {"name": address_of(view, change)},
        )
        for place, change in enumerate(found.event.changes)
        if change.kind in TERMS
    ]
    return Table("terms", "Records before and after", RECORDS, Sorted("place"), rows, note=shown_note(found))


def record_texts(found: Happened, change: Change) -> list[str | None]:
    """A record before and after, of its fields those that are not the same; all where there is only one of both."""
    hint = TERMS[change.kind][1]
    scope = Scope(getattr(change.after or change.before, "market", change.name))
    told = [found.units.figure(one, hint, scope) if one is not None else None for one in (change.before, change.after)]
    before, after = told
    if isinstance(before, dict) and isinstance(after, dict):
        changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
        told = [{name: one[name] for name in changed if name in one} for one in (before, after)]
    return [None if one is None else figure_text(one) for one in told]


RECORDS = (
    Column("place", "no.", "number"),
    Column("what", "what"),
    Column("name", "of", "name"),
    Column("before", "before", "prose"),
    Column("after", "after", "prose"),
)


def shown_note(found: Happened) -> str:
    """What is left out of a table of changes."""
    left = found.event.row.effects - len(found.event.effects)
    return f"Of the first {len(found.event.effects)} effects; {left} more stand in the receipt." if left > 0 else ""


# ----------------------------------------------------------------- the receipt


def effects_table(view: View) -> Table:
    """The effects in their order, as the receipt states them."""
    found = view.once(happened)

    def read(after: str, most: int) -> Read:
        """Some effects, in their order."""
        place = view.number(after) or 0
        first = place - place % EFFECTS_AT_ONCE
        effects = found.event.effects if first == 0 else view.index.effects(view.at, first)
        shown = effects[place - first : place - first + most]
        rows = [effect_row(view, place + at, effect) for at, effect in enumerate(shown)]
        end = place + len(shown)
        return Read(rows, str(end) if end < found.event.row.effects else "")

    return Table("effects", "Its receipt, effect by effect", EFFECTS, Sorted("place"), read=read)


def effect_row(view: View, place: int, effect: Mapping[str, Any]) -> Row:
    """An effect: its clause, whose it is, and the rest of its fields."""
    account, market, clause = (effect.get(name) for name in ("account", "market", "rule"))
    rest = {name: one for name, one in effect.items() if name not in ("type", "account", "market", "rule")}
    told = ", ".join(
        f"{spaced(name)} {one if isinstance(one, str | int) else 'as stated'}" for name, one in rest.items()
    )
    links = {
        "account": view.to("account", account=account, at=view.at) if account else "",
        "market": view.to("market", market=market, at=view.at) if market in view.book.markets else "",
        "clause": view.clause(clause) if clause else "",
    }
    return Row(str(place), (str(place + 1), spaced(effect["type"]), clause, account, market, told), links)


EFFECTS = (
    Column("place", "no.", "number"),
    Column("effect", "effect"),
    Column("clause", "clause"),
    Column("account", "account", "name"),
    Column("market", "market", "name"),
    Column("says", "says", "prose"),
)


def borne_table(view: View) -> Table:
    """Who bore, gained or got back what, in the order in which it came."""

    def read(after: str, most: int) -> Read:
        """Some of it."""
        place = view.number(after)
        rows = view.index.borne_in(view.at, -1 if place is None else place, most)
        return Read([borne_row(view, one) for one in rows], str(rows[-1].place) if len(rows) == most else "")

    view.once(happened)
    return Table("borne", "Who bore what in it", BORNE, Sorted("place"), read=read)


def borne_row(view: View, one: Borne) -> Row:
    """What one bearer had of it."""
    cells = (
        str(one.place + 1), BEARERS[one.bearer], one.name or None, one.layer or None,
        None if one.lot is None else str(one.lot), one.market, view.money(one.amount, one.asset), one.asset,
    )  # fmt: skip
    links = {"name": view.to("account", account=one.account, at=view.at) if one.account else ""}
    return Row(str(one.place), cells, links)


BEARERS = {
    "reserve": "reserve bore",
    "profit": "reserve gained",
    "insurance": "insurance bore",
    "relief": "relief bore",
    "house": "house paid",
    "deleveraging": "deleveraged",
    "levy": "levied",
    "returned": "given back of a levy",
}
BORNE = (
    Column("place", "no.", "number"),
    Column("bearer", "who"),
    Column("name", "name", "name"),
    Column("layer", "layer"),
    Column("lot", "lot", "number"),
    Column("market", "market", "name"),
    Column("amount", "amount", "number"),
    Column("asset", "asset", "name"),
)

PAGE = Page(
    "event",
    "Event",
    "event.html",
    content,
    {"amounts": amounts_table, "terms": terms_table, "borne": borne_table, "effects": effects_table},
    parameters=("why",),
    clauses=("JRN-01", "SET-01"),
    in_navigation=False,
)
