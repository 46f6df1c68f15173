"""What if: other marks from the state that is shown, and the same day under another ranking or last resort."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import attrs

from marginspec.model.effects import DomainLiquidated, LotOpened
from marginspec.model.events import MarkPrice
from marginspec.model.market import Market
from marginspec.model.state import State
from marginspec.model.units import WIRE_DECIMALS, Decimal8
from marginspec.transition import apply
from marginspec_audit import Transition
from marginspec_journal import InputError
from marginspec_journal.decimals import decimal_text, parse_decimal
from marginspec_tools.audit import LAST_RESORTS, RANKINGS, Contrast, bearers, contrast
from marginspec_tools.console import printable_path
from marginspec_tools.dashboard.index import found_of
from marginspec_tools.dashboard.numbers import price_text
from marginspec_tools.dashboard.pages.invariants import MOST_ACCOUNTS
from marginspec_tools.dashboard.tables import Column, Order, Row, Table
from marginspec_tools.dashboard.view import Page, Unanswerable, View
from marginspec_tools.runs import Run

MOVES = (-50, -40, -30, -20, -15, -10, -5, -2, 2, 5, 10, 15, 20, 30, 40, 50)
"""Of the mark, in percent: the scenarios of the sweep."""
MOST_MARKETS = 12
"""So many markets are swept: those with the largest open interest by value."""
MOST_EVENTS = 20_000
"""A day of more events is not run again for a page."""
STAGES = ("taken", "reserve", "insurance", "relief", "deleveraging", "levy")
"""How far down a scenario goes, in the order of the waterfall."""
SEVERE = ("levy", "house", "deleveraging", "relief", "insurance", "reserve")
"""Who bears a loss, the last resort first."""


@attrs.frozen
class Outcome:
    """What would follow from a mark: domains liquidated, lots taken, who bears how much, or why it is refused."""

    market: Market
    mark: int
    move: int | None
    refused: str | None
    liquidated: int
    lots: int
    borne: Mapping[str, int]

    @property
    def stage(self) -> str:
        """How far down the waterfall it goes; empty if nobody is liquidated."""
        if self.refused:
            return "refused"
        deepest = next((one for one in SEVERE if self.borne.get(one)), "taken" if self.liquidated else "")
        return "levy" if deepest == "house" else deepest


def outcome(state: State, market: Market, mark: int, move: int | None = None) -> Outcome:
    """What follows from a mark, in units of the market's price, set on a copy of the state."""
    event = MarkPrice(market.id, Decimal8(mark * 10 ** (WIRE_DECIMALS - market.price_decimals)))
    after, receipt = apply(state, event)
    borne: Counter[str] = Counter()
    for bearer, _, amount in bearers(Transition(state, event, receipt, after)):
        borne[bearer] += amount
    effects = receipt.effects
    liquidated = sum(isinstance(effect, DomainLiquidated) for effect in effects)
    lots = sum(isinstance(effect, LotOpened) for effect in effects)
    return Outcome(market, mark, move, receipt.rejected and receipt.rejected.value, liquidated, lots, borne)


def moved(market: Market, mark: int, percent: int) -> int:
    """A mark moved by so much of itself, on the market's tick, at least one tick."""
    return max(market.tick, mark * (100 + percent) // 100 // market.tick * market.tick)


def state(view: View) -> State:
    """The whole state that is shown, unless it has so many accounts that a page is no place for it."""
    if view.head.accounts > MOST_ACCOUNTS:
        reason = (
            f"There are {view.head.accounts} accounts; `marginspec sweep` answers scenarios of a state of any size."
        )
        raise Unanswerable(422, "Too large for a page", reason)
    return view.index.state_at(view.at)


def content(view: View) -> Mapping[str, Any]:
    """The forms, and what was asked for by them."""
    return {
        "markets": sorted(one.id for one in view.book.markets.values() if one.mark is not None),
        "asked": view.once(asked),
        "market": view.parameters.get("market", ""),
        "mark": view.parameters.get("mark", ""),
        "sweep": view.kept(scenarios) if view.parameters.get("sweep") else None,
        "moves": MOVES,
        "stages": STAGES,
        "rankings": RANKINGS,
        "resorts": LAST_RESORTS,
        "profile": view.book.header.profile,
        "contrast": view.kept(other_day),
        "swept": view.with_parameters(at=view.at, sweep="all"),
        "day_is_small": view.head.seq - view.head.first <= MOST_EVENTS,
    }


# ----------------------------------------------------------------- another mark


def asked(view: View) -> Outcome | None:
    """What follows from the mark that was asked for; None if none was."""
    text = view.parameters.get("mark", "")
    if not text:
        return None
    market = view.market()
    try:
        stated = parse_decimal(text)
    except ValueError as error:
        raise Unanswerable(400, "Not understood", f"The mark {text!r} is not a decimal: {error}.") from None
    units, rest = divmod(stated, 10 ** (WIRE_DECIMALS - market.price_decimals))
    if rest or units <= 0 or units % market.tick:
        tick = price_text(market.tick, market)
        raise Unanswerable(400, "Not understood", f"The mark {text} is not a multiple above zero of the tick {tick}.")
    return outcome(view.once(state), market, units)


def asked_table(view: View) -> Table:
    """Who bears what at the mark that was asked for."""
    found = view.once(asked)
    rows = [] if found is None else [outcome_row(view, found, "asked")]
    return Table("asked", "At this mark", OUTCOMES, Order("market"), rows)


# ----------------------------------------------------------------- a sweep of marks


def scenarios(view: View) -> list[list[Outcome]]:
    """For each of the largest markets, what follows from each move of its mark alone."""
    book = view.once(state)
    open_markets = [one for one in book.markets.values() if one.mark is not None and book.open_interest.get(one.id)]
    largest = sorted(open_markets, key=lambda one: (-one.at_mark(book.open_interest[one.id]), one.id))[:MOST_MARKETS]
    return [
        [outcome(book, one, moved(one, one.mark, move), move) for move in MOVES]
        for one in largest
        if one.mark is not None
    ]


def sweep_table(view: View) -> Table:
    """The figures of the heat map."""
    rows = [
        outcome_row(view, one, f"{one.market.id}:{place:02}")
        for line in (view.kept(scenarios) if view.parameters.get("sweep") else ())
        for place, one in enumerate(line)
    ]
    return Table("sweep", "The sweep in figures", OUTCOMES, Order("market"), rows)


def outcome_row(view: View, one: Outcome, key: str) -> Row:
    """What follows from a mark."""
    amounts = [view.money(one.borne.get(bearer, 0), one.market.asset) for bearer in BEARERS]
    move = None if one.move is None else str(one.move)
    cells = (
        one.market.id, move, price_text(one.mark, one.market), one.refused or one.stage or "nothing",
        str(one.liquidated), str(one.lots), *amounts, one.market.asset,
    )  # fmt: skip
    links = {"market": view.to("market", market=one.market.id)}
    links["mark"] = view.to("whatif", market=one.market.id, mark=price_text(one.mark, one.market))
    return Row(key, cells, links)


BEARERS = ("reserve", "insurance", "relief", "deleveraging", "house", "levy")
OUTCOMES = (
    Column("market", "market", "name"),
    Column("move", "move", "number", "%"),
    Column("mark", "mark", "number"),
    Column("stage", "goes as far as"),
    Column("liquidated", "liquidated", "number"),
    Column("lots", "lots", "number"),
    Column("reserve", "reserve bears", "number"),
    Column("insurance", "insurance", "number"),
    Column("relief", "relief", "number"),
    Column("deleveraging", "deleveraging", "number"),
    Column("house", "house pays", "number"),
    Column("levy", "levy", "number"),
    Column("asset", "asset", "name"),
)


# ----------------------------------------------------------------- the same day under another profile


def other_day(view: View) -> Contrast | None:
    """Both ends of the day: under its own profile, and under the one that was asked for; None if none was."""
    chosen = {"adl_ranking": view.parameters.get("ranking"), "last_resort": view.parameters.get("resort")}
    if not any(chosen.values()):
        return None
    for text, known in ((chosen["adl_ranking"], RANKINGS), (chosen["last_resort"], LAST_RESORTS)):
        if text and text not in known:
            raise Unanswerable(400, "Not understood", f"{text!r} is none of {', '.join(known)}.")
    other = {name: text for name, text in chosen.items() if text}
    try:
        own = own_day(view)
        check_files(view)
        return contrast(own, view.source.journal, view.source.start, {}, other)
    except InputError as error:
        raise Unanswerable(409, "The journal cannot be run", str(error)) from None


def own_day(view: View) -> Run:
    """The day under its own profile, run to its end; refused if it is too long, or another one than is indexed."""
    first, last = view.head.first, view.head.seq
    check_length(last - first)
    check_files(view)
    run = Run(view.source.journal, view.source.start)
    indexed = run.chain.hash if last == first else ""
    for step in run:
        indexed = step.chained.hash if step.number == last else indexed
        # The index may be on its way through a journal that is longer.
        check_length(step.number - first)
    if indexed != view.head.hash:
        reason = f"{printable_path(view.source.journal)} is another journal than the one that is shown."
        raise Unanswerable(409, "The journal was replaced", reason)
    return run


def check_length(events: int) -> None:
    """Refuse a day of too many events."""
    if events > MOST_EVENTS:
        command = "`marginspec audit --against` compares days of any length."
        raise Unanswerable(422, "Too long for a page", f"The day has more than {MOST_EVENTS} events; {command}")


def check_files(view: View) -> None:
    """Refuse what is no file any more before it is opened: a pipe would be waited for, for ever."""
    for path in filter(None, (view.source.journal, view.source.start)):
        found_of(path)


def contrast_table(view: View) -> Table:
    """Who would have ended with more or less, side by side; funds last."""
    found = view.kept(other_day)
    rows = []
    for place, one in enumerate((*found.owners, *found.funds) if found is not None else (), 1):
        texts = [
            decimal_text(amount, view.book.header.decimals(one.asset)) for amount in (one.here, one.there, one.gain)
        ]
        links = {"account": view.to("account", account=one.account) if ":" not in one.account else ""}
        rows.append(Row(f"{place:06}", (str(place), one.account, one.asset, *texts), links))
    return Table("contrast", "Who would have ended otherwise", CONTRAST, Order("rank"), rows)


CONTRAST = (
    Column("rank", "rank", "number"),
    Column("account", "account or fund", "name"),
    Column("asset", "asset", "name"),
    Column("here", "as it was", "number"),
    Column("there", "as it would be", "number"),
    Column("gain", "difference", "number"),
)


PAGE = Page(
    "whatif",
    "What if",
    "whatif.html",
    content,
    {"asked": asked_table, "sweep": sweep_table, "contrast": contrast_table},
    parameters=("market", "mark", "sweep", "ranking", "resort"),
    clauses=("MKT-03", "LIQ-01", "WTF-01", "ADL-02", "LVY-01"),
)
