"""A market explained: its mark, tiers and fees, its funds and lots, and both deleveraging queues."""

from marginspec.model.account import Direction
from marginspec.model.state import State
from marginspec.settlement.deleveraging import queue_of
from marginspec_audit.transparency import indicator, market_status
from marginspec_tools.explain.accounts import UnknownNameError
from marginspec_tools.explain.effects import COUNTERS, fees_node, tiers_node
from marginspec_tools.explain.explanation import Explanation, clause, confirm
from marginspec_tools.explain.figures import lots, money, position_name
from marginspec_tools.explain.margins import mark_node
from marginspec_tools.explain.queues import INDICATOR, QUEUE, score_node
from marginspec_tools.explain.waterfalls import shortfall_node

STATUS = clause("TRN-01", market_status)


def explain_market(state: State, market: str) -> Explanation:
    """A market's figures in a state."""
    if market not in state.markets:
        raise UnknownNameError(f"market {market!r} is not listed; {len(state.markets)} markets are")
    listed = state.markets[market]
    parts = [
        tiers_node(state, listed.asset, listed.tiers, None),
        fees_node(listed.fees, None),
        status_node(state, market),
    ]
    if listed.mark is None:
        parts.insert(0, Explanation("mark", "none"))
    else:
        parts.insert(0, mark_node(state, market))
        parts.extend((queue_node(state, market, "long"), queue_node(state, market, "short")))
    return Explanation(f"market {market}", listed.asset, inputs=tuple(parts))


def status_node(state: State, market: str) -> Explanation:
    """A market's funds and lots."""
    asset = state.markets[market].asset
    if state.markets[market].mark is None:
        return Explanation("funds", "none", clause=STATUS, formula="no mark yet")
    status = market_status(state, market)
    counters = tuple(money(state, title, asset, getattr(status.counters, name)) for name, title in COUNTERS.items())
    parts = [*counters]
    if status.lots:
        shortfall = shortfall_node(state, market)
        confirm("shortfall", shortfall.value, money(state, "", asset, status.shortfall).value)
        parts.append(shortfall)
    return money(state, f"reserve of {market}", asset, status.counters.balance, STATUS, parts=tuple(parts))


def queue_node(state: State, market: str, side: Direction) -> Explanation:
    """One side's queue, each position with its score and indicator."""
    queue = queue_of(state, market, side)
    nodes: list[Explanation] = []
    for place, ranked in enumerate(queue):
        shown = Explanation("ADL indicator", str(indicator(place, len(queue))), "of 4", INDICATOR)
        parts = (shown, score_node(state, ranked.key, ranked.score))
        held = state.positions[ranked.key]
        nodes.append(lots(state, f"{place + 1}. {position_name(ranked.key)}", market, held, parts=parts))
    return Explanation(f"{side} queue", str(len(queue)), "positions", QUEUE, inputs=tuple(nodes))
