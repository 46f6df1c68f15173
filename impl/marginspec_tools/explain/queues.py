"""Nodes for deleveraging queues: scores, ranks, indicators."""

from marginspec.margin.margin import cost_of, domain_margin, domain_of, position_margin
from marginspec.model.account import Direction, PositionKey
from marginspec.model.state import Book
from marginspec.settlement import rankings
from marginspec.settlement.deleveraging import Ranked, queue_of, score_of
from marginspec.settlement.rankings import binance_score, bitmex_score
from marginspec_audit.transparency import indicator
from marginspec_tools.explain.explanation import Explanation, clause, confirm
from marginspec_tools.explain.figures import count, money

INDICATOR = clause("ADL-05", indicator)
RANKING = {"binance": clause("ADL-02", binance_score), "bitmex": clause("ADL-02", bitmex_score)}
QUEUE = clause("ADL-02", queue_of)

FORMULAS = {
    "binance": "max(0, unrealised PnL) / max(1 unit, cash) * maintenance / equity",
    "bitmex": "PnL / |cost| times notional / equity in profit, over it in loss",
}


def score_node(book: Book, key: PositionKey, ranked: rankings.Score) -> Explanation:
    """A position's score as an exact fraction, with what it is made of in this book."""
    domain = domain_of(book, key)
    confirm("score", score_of(book, key, domain), ranked)
    position, whole = position_margin(book, key), domain_margin(book, domain)
    asset, ranking = domain.asset, book.header.profile.adl_ranking
    parts = [money(book, "unrealised PnL", asset, position.unrealised)]
    if ranking == "binance":
        parts.append(money(book, "cash of its domain", asset, whole.cash))
        parts.append(money(book, "maintenance margin of its domain", asset, whole.maintenance))
    else:
        parts.append(money(book, "open cost", asset, cost_of(book, key)))
        parts.append(money(book, "notional", asset, position.notional))
    parts.append(money(book, "equity of its domain", asset, whole.equity))
    value = f"{ranked.numerator}/{ranked.denominator}"
    return Explanation("score", value, clause=RANKING[ranking], formula=FORMULAS[ranking], inputs=tuple(parts))


def indicator_node(book: Book, key: PositionKey) -> Explanation:
    """A position's deleveraging indicator, with its place in its side's queue."""
    side: Direction = "long" if book.positions[key] > 0 else "short"
    queue = queue_of(book, key.market, side)
    place = place_in(queue, key)
    if place is None:
        return Explanation("ADL indicator", "none", clause=INDICATOR, formula="its domain is not healthy")
    parts = (
        count("place from the front", place + 1, f"of {len(queue)} {side} positions of {key.market}", QUEUE),
        score_node(book, key, queue[place].score),
    )
    lights = indicator(place, len(queue))
    return Explanation("ADL indicator", str(lights), "of 4", INDICATOR, inputs=parts)


def place_in(queue: tuple[Ranked, ...], key: PositionKey) -> int | None:
    """A position's place in a queue, from 0; None if it is not there."""
    return next((place for place, ranked in enumerate(queue) if ranked.key == key), None)
