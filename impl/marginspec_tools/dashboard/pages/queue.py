"""The deleveraging queues of a market: exact scores, places and quantiles, and who the event passed over, and why."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import attrs

from marginspec.margin.margin import cost_of, domain_margin, position_margin
from marginspec.model.account import Direction
from marginspec.model.state import State
from marginspec.model.units import WIRE_DECIMALS
from marginspec.settlement.deleveraging import Ranked, queue_of
from marginspec.transition import apply
from marginspec_audit.transparency import indicator
from marginspec_journal.decimals import decimal_text
from marginspec_tools.dashboard.explanations import Entry, entries
from marginspec_tools.dashboard.numbers import quantity_text
from marginspec_tools.dashboard.pages.invariants import MOST_ACCOUNTS
from marginspec_tools.dashboard.pages.nearest import MOST, holders
from marginspec_tools.dashboard.tables import Column, Order, Row, Table
from marginspec_tools.dashboard.view import Page, Unanswerable, View, within
from marginspec_tools.explain import Term, Tracer, explain_rank, fraction_text

AT_ONCE = 200
"""Positions that were ever held in a market, for which queues are still made within 300 ms."""
SIDES: tuple[Direction, ...] = ("long", "short")
LEVELS = 4
"""Of the explanation of a score."""
MOST_LOOKS = 5_000
"""So many looks of an event at counterparties are shown: the first ones."""


@attrs.frozen
class Look:
    """A look at a counterparty for a lot: where in the queue it stood, with which score, and what came of it."""

    lot: int
    place: int
    ranked: Ranked
    closed: int
    reason: str


def is_ranked(view: View) -> bool:
    """Whether queues are made: of few positions always, of more if they or one of their places are asked for."""
    held, asked = view.once(holders), view.parameters
    if held > MOST and (view.is_file or asked.get("account")):
        raise Unanswerable(422, "Too large for a page", too_many(view))
    return held <= AT_ONCE or (held <= MOST and (asked.get("rank") == "all" or "account" in asked or view.is_file))


def too_many(view: View) -> str:
    """Why there is no queue."""
    held = view.once(holders)
    if held <= MOST:
        return f"Not ranked: {held} positions were held here, more than {AT_ONCE}."
    command = f"`marginspec explain JOURNAL {view.at} --market {view.market().id}`"
    return f"More than {MOST} positions were held here, which no page ranks: {command} does, in its time."


def state(view: View) -> State:
    """The market with all accounts that have a position in it."""
    return view.index.queue_state(view.at, view.market().id)


def content(view: View) -> Mapping[str, Any]:
    """The market, how it ranks, and whether the event deleveraged here."""
    held = view.once(holders)
    return {
        "market": view.market(),
        "markets": sorted(view.book.markets),
        "ranking": view.book.header.profile.adl_ranking,
        "deleveraged": view.event is not None and view.index.has_deleveraged(view.at),
        "rank": "" if view.once(is_ranked) or held > MOST else view.with_parameters(at=view.at, rank="all"),
        "holders": held,
        "can_look": view.head.accounts <= MOST_ACCOUNTS,
        "looks": view.kept(looks) if asks_looks(view) else None,
        "most": MOST_LOOKS,
        "explanation": explanation(view) if view.parameters.get("account") else None,
        "ask": view.with_parameters(at=view.at, looks="all"),
    }


def explanation(view: View) -> list[Entry]:
    """Why a position stands where it does."""
    market, account, side = view.market(), view.parameters["account"], view.parameters.get("side", "both")
    book = view.once(state)
    key = next((one for one in book.positions_in.get(market.id, ()) if one[::2] == (account, side.upper())), None)
    if key is None:
        reason = f"After event {view.at} {account!r} has no position of side {side!r} in {market.id}."
        raise Unanswerable(404, "No such position", reason)
    queue = entries(explain_rank(book, view.at, key).lines(LEVELS))[0].parts[0]
    if len(queue.parts) == 1:
        return [*queue.parts, Entry("its domain is not healthy, so it stands in no queue [ADL-02]")]
    return queue.parts


def asks_looks(view: View) -> bool:
    """Whether the event is to be run again for whom it looked at, which takes all accounts."""
    is_asked = view.parameters.get("looks") == "all"
    if is_asked and view.head.accounts > MOST_ACCOUNTS:
        reason = f"There are more than {MOST_ACCOUNTS} accounts: the event is not run again on all of them for a page."
        raise Unanswerable(422, "Too large for a page", reason)
    return is_asked


# ----------------------------------------------------------------- as they stand


def queue_table(side: Direction) -> Any:
    """The table of a side's queue."""

    def rows_of(view: View) -> list[Row]:
        """The queue of the side after the event."""
        book, market = view.once(state), view.market()
        queue = queue_of(book, market.id, side) if market.mark is not None else ()
        return [queue_row(view, book, place, len(queue), ranked) for place, ranked in enumerate(queue)]

    def table(view: View) -> Table:
        """The queue of the side after the event, if it is made."""
        caption = f"The {side} queue: whom {other(side)} lots are closed against"
        if not view.once(is_ranked):
            has_file = view.once(holders) <= MOST
            return Table(side, caption, QUEUE, Order("place"), empty=too_many(view), has_file=has_file)
        rows = view.once(rows_of) if view.once(holders) <= AT_ONCE else view.kept(rows_of)
        return Table(side, caption, QUEUE, Order("place"), rows)

    return table


def other(side: Direction) -> Direction:
    """The other side."""
    return "short" if side == "long" else "long"


def queue_row(view: View, book: State, place: int, length: int, ranked: Ranked) -> Row:
    """A position in the queue."""
    key, market = ranked.key, view.market()
    own, domain = position_margin(book, key), domain_margin(book, book.positions_in[key.market][key])
    amounts = [
        view.money(one, market.asset)
        for one in (own.unrealised, cost_of(book, key), domain.cash, domain.equity, domain.maintenance)
    ]
    cells = (
        str(place + 1), str(indicator(place, length)), key.account, key.side.lower(),
        quantity_text(book.positions[key], market), rounded_score(ranked), *amounts, exact_score(ranked),
    )  # fmt: skip
    asked = {"market": key.market, "account": key.account, "side": key.side.lower()}
    page, why = view.to("account", account=key.account), within(view.to("queue", **asked), "why")
    links = {"account": page, "quantity": within(page, "positions"), **dict.fromkeys(SCORED, why)}
    return Row(":".join(key), cells, {**links, **dict.fromkeys(OF_ACCOUNT, within(page, "why"))})


SCORED, OF_ACCOUNT = ("indicator", "score"), ("unrealised", "cost", "cash", "equity", "maintenance")
"""The columns that a score explains, and those that an account's page does."""


def exact_score(ranked: Ranked) -> str:
    """The score as a decimal, where it has a short one, or as a fraction."""
    return fraction_text(Fraction(ranked.score.numerator, ranked.score.denominator))


def rounded_score(ranked: Ranked) -> str:
    """The score to eight digits, rounded down; what ranks is the exact one."""
    return decimal_text(ranked.score.numerator * 10**WIRE_DECIMALS // ranked.score.denominator, WIRE_DECIMALS)


QUEUE = (
    Column("place", "place", "number"),
    Column("indicator", "quantile", "number"),
    Column("account", "account", "name"),
    Column("side", "side"),
    Column("quantity", "quantity", "number"),
    Column("score", "score", "number"),
    Column("unrealised", "unrealised PnL", "number"),
    Column("cost", "cost", "number"),
    Column("cash", "cash of its domain", "number"),
    Column("equity", "equity", "number"),
    Column("maintenance", "maintenance", "number"),
    Column("exact", "score exactly"),
)


# ----------------------------------------------------------------- whom the event looked at


def looks(view: View) -> list[Look]:
    """Whom the event looked at here, in order: the event is run again under observation."""
    moment, tracer = view.index.whole_moment(view.at), Tracer()
    apply(moment.before, moment.record.event, tracer)
    queues: dict[Direction, tuple[Ranked, ...]] = {}
    found: list[Look] = []
    for term in calls(tracer.top):
        given = term.arguments
        if term.name == "queue_of" and given["market"] == view.market().id:
            queues[given["side"]] = term.answer
        elif term.name == "pair_step" and given["lot"].market == view.market().id and len(found) < MOST_LOOKS:
            queue = queues[other(given["lot"].direction)]
            place = next(at for at, one in enumerate(queue) if one.key == given["key"])
            closed = 0 if term.answer is None else term.answer.quantity
            found.append(Look(given["lot"].id, place, queue[place], closed, reason_of(term)))
    return found


def calls(above: Term) -> Iterator[Term]:
    """All calls of rules, each before those that it made."""
    for term in above.terms:
        yield term
        yield from calls(term)


def reason_of(step: Term) -> str:
    """Why a look closed something or nothing, from what the rule asked on its way (ADL-04)."""
    asked = {term.name: term.answer for term in step.terms}
    if step.answer is not None:
        at = "its own entry" if asked["terms_of"].at_entry else "the lot's bankruptcy price"
        return f"closed at {at}" if asked["terms_of"].loss else "closed at the mark, since the lot does not lose"
    if asked["terms_of"] is None:
        return "passed over: it has not the profit to give up, and principal is never taken"
    if asked.get("wanted_quantity", asked.get("most_within", 1)) == 0:
        return "passed over: not even one unit is within the shortfall"
    return "passed over: without room, closing one unit would leave its domain unhealthy"


def looks_table(view: View) -> Table:
    """Whom the event looked at, and what came of it."""
    market = view.market()
    rows = []
    for at, look in enumerate(view.kept(looks)) if asks_looks(view) else ():
        closed = quantity_text(look.closed, market) if look.closed else None
        key = look.ranked.key
        cells = (
            str(at + 1), str(look.lot), str(look.place + 1), key.account, key.side.lower(), rounded_score(look.ranked),
            closed, look.reason, exact_score(look.ranked),
        )  # fmt: skip
        why = dict.fromkeys(("lot", "score", "closed"), view.to("event", at=view.at, why="all"))
        rows.append(Row(f"{at:06}", cells, {"account": view.to("account", account=key.account), **why}))
    return Table("looks", "Whom the event looked at, in order", LOOKS, Order("look"), rows)


LOOKS = (
    Column("look", "look", "number"),
    Column("lot", "lot", "number"),
    Column("place", "place", "number"),
    Column("account", "account", "name"),
    Column("side", "side"),
    Column("score", "score", "number"),
    Column("closed", "closed", "number"),
    Column("reason", "what came of it", "prose"),
    Column("exact", "score exactly"),
)


PAGE = Page(
    "queue",
    "Queue",
    "queue.html",
    content,
    {"looks": looks_table, "long": queue_table("long"), "short": queue_table("short")},
    parameters=("market", "rank", "looks", "account", "side"),
    clauses=("ADL-01", "ADL-02", "ADL-03", "ADL-04", "ADL-05", "ADL-06"),
    in_navigation=False,
)
