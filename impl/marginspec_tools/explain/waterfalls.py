"""Cover tests, deleveraging steps and levies explained: which market, lot and counterparty, how much, and why."""

import attrs

from marginspec.margin.closing import released_cost
from marginspec.margin.margin import cost_of, domain_margin, domain_of, lot_cost
from marginspec.model import ledger
from marginspec.model.account import Direction, Lot
from marginspec.model.effects import Deleveraged, Levied, Transferred
from marginspec.model.state import State
from marginspec.model.units import FLAT, NOTHING, Money, Quantity
from marginspec.settlement.deleveraging import (
    Queues,
    Ranked,
    Step,
    deleverage,
    entry_is_no_worse,
    find_step,
    lot_loss,
    pair_quantity,
    step_quantity,
    take_queues,
)
from marginspec.settlement.levy import domains_of_asset, levy, levy_shares
from marginspec.settlement.settle import by_shortfall, next_step, restore_cover
from marginspec.settlement.waterfall import lots_unrealised, shortfall_of, shortfalls, uncovered_shortfall
from marginspec.transaction import Transaction
from marginspec_tools.explain.explanation import Explanation, clause, confirm
from marginspec_tools.explain.figures import count, domain_name, exact_price, lots, money, position_name
from marginspec_tools.explain.liquidations import effects_node
from marginspec_tools.explain.margins import HEALTH
from marginspec_tools.explain.observed import Observed, exact_of
from marginspec_tools.explain.queues import QUEUE, place_in
from marginspec_tools.explain.watching import Watched

COVER = clause("WTF-02", uncovered_shortfall)
SHORTFALL = clause("WTF-02", shortfall_of)
LOTS_PNL = clause("WTF-02", lots_unrealised)
RESTORE = clause("ADL-01", restore_cover)
MARKET_CHOICE = clause("ADL-01", next_step)
LOT_CHOICE = clause("ADL-01", find_step)
ENTRY = clause("ADL-04", entry_is_no_worse)
QUANTITY = clause("ADL-01", step_quantity)
PRICE = clause("ADL-03", deleverage)
RELEASED = clause("ADL-03", released_cost)
LEVY, LEVY_SHARES = clause("LVY-01", levy), clause("LVY-01", levy_shares)

MOST_PASSED_OVER = 8
UNBOUNDED = 2**200
"""More than any quantity or amount of a state."""


@attrs.frozen
class Look:
    """One look for a pair: the state in which it was made, and what was missing."""

    book: State
    asset: str
    missing: Money
    shortfall: Money


def cover_node(book: State, asset: str, when: str, in_full: bool = False) -> Explanation:
    """Whether the insurance fund covers what the markets' lots lose beyond their reserves.

    In full, a market that has a shortfall is shown down to its lots.
    """
    each = shortfalls(book, asset).items()
    parts = [shortfall_node(book, market, in_full and shortfall > 0) for market, shortfall in each]
    fund = book.balance(ledger.insurance(asset))
    parts.append(money(book, f"insurance fund of {asset}", asset, fund))
    missing = uncovered_shortfall(book, asset)
    parts.append(money(book, "missing", asset, missing, formula="sum of shortfalls - insurance fund, at least 0"))
    word = "fails" if missing > 0 else "holds"
    return Explanation(f"cover test of {asset} {when}", word, clause=COVER, inputs=tuple(parts))


def shortfall_node(book: State, market_id: str, in_full: bool = True) -> Explanation:
    """A market's shortfall; in full, down to each of its lots."""
    market = book.markets[market_id]
    lots_pnl, reserve = lots_unrealised(book, market), book.balance(ledger.reserve(market_id))
    queued = book.lots_in.get(market_id, ()) if in_full else ()
    each = tuple(lot_node(book, book.lots[lot_id]) for lot_id in queued)
    parts = (
        money(book, "PnL of its lots at mark", market.asset, lots_pnl, LOTS_PNL, parts=each),
        money(book, f"reserve of {market_id}", market.asset, reserve),
    )
    shortfall = shortfall_of(lots_pnl, reserve)
    confirm("shortfall", shortfall, shortfalls(book, market.asset)[market_id])
    formula = "the lots' loss - reserve, at least 0"
    return money(book, f"shortfall of {market_id}", market.asset, shortfall, SHORTFALL, formula, parts)


def lot_node(book: State, lot: Lot) -> Explanation:
    """A lot's PnL at mark."""
    market = book.markets[lot.market]
    parts = (
        money(book, "value at mark", market.asset, market.at_mark(lot.quantity)),
        money(book, "cost", market.asset, lot_cost(book, lot.id)),
    )
    quantity = lots(book, "", lot.market, lot.quantity).figure
    title, formula = f"lot {lot.id} of {quantity}", "value at mark - cost"
    return money(book, title, market.asset, -lot_loss(book, market, lot), formula=formula, parts=parts)


def step_node(watched: Watched, queues: Queues, start: int, end: int) -> Explanation:
    """The deleveraging step of the effects from `start` to `end`."""
    book, done = watched.books[start], watched.effects[end - 1]
    assert isinstance(done, Deleveraged), "a step ends by saying what it closed"
    asset = book.markets[done.counterparty.market].asset
    missing = uncovered_shortfall(book, asset)
    step = next_step(Transaction(book), asset, queues, missing)
    assert step is not None, "a step was taken"
    confirm(
        "deleveraging step",
        (step.lot.id, step.counterparty, step.quantity),
        (done.lot, done.counterparty, done.quantity),
    )
    look = Look(book, asset, missing, shortfalls(book, asset)[step.lot.market])
    parts = (
        market_choice_node(look, queues, step),
        lot_choice_node(look, queues, step),
        counterparty_node(look, queues, step),
        quantity_node(look, step),
        value_of_step_node(book, step, done),
        loss_of_step_node(book, watched.books[end], step, done),
        effects_node(watched, start, end),
    )
    title = f"deleveraging of {position_name(step.counterparty)} against lot {step.lot.id}"
    return lots(book, title, step.lot.market, step.quantity, PRICE, parts=parts)


def market_choice_node(look: Look, queues: Queues, step: Step) -> Explanation:
    """Why this market: the largest shortfall that still has an eligible pair."""
    parts: list[Explanation] = []
    open_shortfalls = shortfalls(look.book, look.asset)
    chosen: str | None = None
    for market_id in by_shortfall(open_shortfalls):
        shortfall = open_shortfalls[market_id]
        found = find_step(look.book, look.book.markets[market_id], queues, shortfall, look.missing)
        formula = "the largest with an eligible pair" if found is not None else "no eligible pair is left"
        parts.append(money(look.book, f"shortfall of {market_id}", look.asset, shortfall, SHORTFALL, formula))
        if found is not None:
            chosen = market_id
            break
    confirm("market of a step", chosen, step.lot.market)
    parts.append(money(look.book, "missing", look.asset, look.missing, COVER))
    return Explanation("market", step.lot.market, clause=MARKET_CHOICE, inputs=tuple(parts))


def lot_choice_node(look: Look, queues: Queues, step: Step) -> Explanation:
    """Why this lot: the oldest that loses and has an eligible counterparty."""
    book, market = look.book, look.book.markets[step.lot.market]
    passed = [book.lots[lot_id] for lot_id in book.lots_in[market.id] if lot_id < step.lot.id]
    parts = [passed_lot_node(book, lot) for lot in passed[:MOST_PASSED_OVER]]
    if len(passed) > MOST_PASSED_OVER:
        parts.append(count("older lots not shown", len(passed) - MOST_PASSED_OVER))
    confirm("older lots have no eligible counterparty", any(has_pair(look, queues, lot) for lot in passed), False)
    cost = lot_cost(book, step.lot.id)
    parts.append(money(book, "loss at mark", market.asset, lot_loss(book, market, step.lot)))
    parts.append(exact_price(book, "bankruptcy price", market.id, cost, step.lot.quantity))
    title = f"lot {step.lot.id} of {step.lot.account}"
    formula = "the oldest losing lot with an eligible counterparty"
    return lots(book, title, market.id, step.lot.quantity, LOT_CHOICE, formula, tuple(parts))


def has_pair(look: Look, queues: Queues, lot: Lot) -> bool:
    """Whether a losing lot has an eligible counterparty."""
    market = look.book.markets[lot.market]
    if lot_loss(look.book, market, lot) <= 0:
        return False
    ahead = queues[lot.market, opposite(lot)]
    return any(pair_quantity(look.book, market, lot, one.key, look.shortfall, look.missing) > 0 for one in ahead)


def passed_lot_node(book: State, lot: Lot) -> Explanation:
    """An older lot that was passed over."""
    market = book.markets[lot.market]
    loss = lot_loss(book, market, lot)
    why = "passed over: does not lose" if loss <= 0 else "passed over: no eligible counterparty"
    return money(book, f"loss at mark of lot {lot.id}", market.asset, loss, formula=why)


def opposite(lot: Lot) -> Direction:
    """The side of a lot's counterparties."""
    return "short" if lot.direction == "long" else "long"


def counterparty_node(look: Look, queues: Queues, step: Step) -> Explanation:
    """Why this counterparty: its rank, its score, that it is eligible, and why those ahead of it are not."""
    queue = queues[step.lot.market, opposite(step.lot)]
    place = place_in(queue, step.counterparty)
    assert place is not None, "the counterparty of a step is in its queue"
    ranked = queue[place]
    passed = tuple(passed_node(look, step.lot, one) for one in queue[: min(place, MOST_PASSED_OVER)])
    more = (count("others ahead that are not eligible", place - MOST_PASSED_OVER),) if place > MOST_PASSED_OVER else ()
    for one in queue[:place]:
        market = look.book.markets[step.lot.market]
        quantity = pair_quantity(look.book, market, step.lot, one.key, look.shortfall, look.missing)
        confirm("a counterparty passed over is not eligible", quantity, FLAT)
    score = Explanation("score when the queue was taken", f"{ranked.score.numerator}/{ranked.score.denominator}")
    parts = (
        count("rank", place + 1, f"of {len(queue)} on the {opposite(step.lot)} side", QUEUE),
        score,
        *passed,
        *more,
        *eligibility_nodes(look.book, step),
    )
    formula = "the first in the queue that is eligible"
    return Explanation(
        "counterparty", position_name(step.counterparty), clause=LOT_CHOICE, formula=formula, inputs=parts
    )


def passed_node(look: Look, lot: Lot, ranked: Ranked) -> Explanation:
    """A counterparty ahead in the queue, and why it is not eligible."""
    book, key = look.book, ranked.key
    held = book.positions.get(key, FLAT)
    title = f"passed over: {position_name(key)}"
    if held == 0:
        return Explanation(title, "is flat by now")
    if not entry_is_no_worse(held, cost_of(book, key), lot.quantity, lot_cost(book, lot.id)):
        parts = (
            exact_price(book, "entry", key.market, cost_of(book, key), held),
            exact_price(book, "bankruptcy price of the lot", key.market, lot_cost(book, lot.id), lot.quantity),
        )
        return Explanation(title, "its entry is worse", clause=ENTRY, inputs=parts)
    margin = domain_margin(book, domain_of(book, key))
    spare = money(book, "equity - maintenance of its domain", look.asset, margin.equity - margin.maintenance)
    parts = (spare, money(book, "shortfall", look.asset, look.shortfall))
    return Explanation(title, "not one lot within its equity and the shortfall", clause=QUANTITY, inputs=parts)


def eligibility_nodes(book: State, step: Step) -> tuple[Explanation, ...]:
    """That the counterparty gives up no principal: its entry beside the lot's bankruptcy price."""
    held, cost = book.positions[step.counterparty], cost_of(book, step.counterparty)
    lot, bankruptcy = step.lot, lot_cost(book, step.lot.id)
    confirm("entry is no worse", entry_is_no_worse(held, cost, lot.quantity, bankruptcy), True)
    bound = "≥" if held < 0 else "≤"
    parts = (
        exact_price(book, "entry", lot.market, cost, held),
        exact_price(book, "bankruptcy price of the lot", lot.market, bankruptcy, lot.quantity),
    )
    return (Explanation("eligible", "yes", clause=ENTRY, formula=f"entry {bound} bankruptcy price", inputs=parts),)


def quantity_node(look: Look, step: Step) -> Explanation:
    """How much of the pair is closed, and what bounds it."""
    book, lot, key = look.book, step.lot, step.counterparty
    market = book.markets[lot.market]
    loss, size = lot_loss(book, market, lot), Quantity(abs(lot.quantity))
    held = Quantity(abs(book.positions[key]))
    margin = domain_margin(book, domain_of(book, key))
    spare = Money(margin.equity - margin.maintenance)
    quantity = step_quantity(loss, size, look.shortfall, look.missing, held, spare)
    confirm("quantity of a step", quantity, step.quantity)
    enough = look.shortfall >= look.missing
    aim = "the least that releases what is missing" if enough else "the most that releases no more than the shortfall"
    parts = (
        money(book, "loss of the lot at mark", look.asset, loss),
        lots(book, "size of the lot", market.id, size),
        money(book, "shortfall", look.asset, look.shortfall, SHORTFALL),
        money(book, "missing", look.asset, look.missing, COVER),
        lots(book, "size of the position", market.id, held),
        money(book, "equity - maintenance of its domain", look.asset, spare, HEALTH),
    )
    wanted = step_quantity(loss, size, look.shortfall, look.missing, Quantity(UNBOUNDED), Money(UNBOUNDED))
    bound = bound_of(quantity, wanted, size, held)
    return lots(book, "quantity", market.id, quantity, QUANTITY, f"{aim}; {bound}", parts)


def bound_of(quantity: Quantity, wanted: Quantity, size: Quantity, held: Quantity) -> str:
    """What bounds the quantity of a step; `wanted` is what it would be with an unbounded counterparty."""
    if quantity < wanted:
        return "here the whole position" if quantity == held else "here what keeps its domain healthy"
    return "here the whole lot" if quantity == size else "no bound binds"


def value_of_step_node(book: State, step: Step, done: Deleveraged) -> Explanation:
    """At what value the pair is closed."""
    lot, asset = step.lot, book.markets[step.lot.market].asset
    cost = lot_cost(book, lot.id)
    value = released_cost(Money(Observed(cost)), Quantity(abs(lot.quantity)), step.quantity)
    confirm("value of a step", value, done.value)
    parts = (
        money(book, "cost of the lot", asset, cost),
        lots(book, "closed", lot.market, step.quantity),
        lots(book, "of", lot.market, abs(lot.quantity)),
    )
    return money(book, "value", asset, value, RELEASED, "cost * closed / whole: the bankruptcy value", parts)


def loss_of_step_node(book: State, after: State, step: Step, done: Deleveraged) -> Explanation:
    """What the lot's loss fell by."""
    market = book.markets[step.lot.market]
    before, left = lot_loss(book, market, step.lot), NOTHING
    if step.lot.id in after.lots:
        left = lot_loss(after, after.markets[market.id], after.lots[step.lot.id])
    confirm("loss passed on", before - left, done.loss)
    parts = (
        money(book, "loss of the lot before", market.asset, before),
        money(book, "loss of the lot after", market.asset, left),
    )
    return money(book, "loss passed on", market.asset, done.loss, formula="before - after", parts=parts)


def levy_node(watched: Watched, start: int, end: int) -> Explanation:
    """The levy of the effects from `start` to `end`: what the house paid, and each domain's share."""
    book = watched.books[start]
    asset = levied_asset(watched, start)
    missing = uncovered_shortfall(book, asset)
    house = book.balance(ledger.house(asset))
    from_house = Money(min(missing, house))
    parts = [
        money(book, "missing", asset, missing, COVER),
        money(book, "the house pays", asset, from_house, LEVY, "what is missing, at most what it has"),
    ]
    domains = [domain for domain in domains_of_asset(book, asset) if domain_margin(book, domain).equity > 0]
    equities = tuple(domain_margin(book, domain).equity for domain in domains)
    rest = Money(missing - from_house)
    shares = dict(zip(domains, levy_shares(rest, equities), strict=True))
    paid = {one.domain: one.amount for one in watched.effects[start:end] if isinstance(one, Levied)}
    confirm("levy", {domain: share for domain, share in shares.items() if share > 0}, paid)
    total = sum(equities)
    for domain, equity in zip(domains, equities, strict=True):
        exact = exact_of(rest) * equity / total if rest < total else exact_of(equity)
        confirm("a share is within a quantum of the exact one", abs(shares[domain] - exact) < 1, True)
        share = Observed(shares[domain], exact)
        inputs = (money(book, "equity", asset, equity), money(book, "all equities", asset, total))
        title, formula = f"share of {domain_name(domain)}", "rest * equity / all equities, at most equity"
        parts.append(money(book, title, asset, share, LEVY_SHARES, formula, inputs))
    parts.append(effects_node(watched, start, end))
    counted = f"the rest, {money(book, '', asset, rest).figure}, falls on {len(domains)} domains"
    return money(book, f"levy of {asset}", asset, missing, LEVY, counted, tuple(parts))


def levied_asset(watched: Watched, start: int) -> str:
    """The asset of a levy."""
    first = watched.effects[start]
    assert isinstance(first, Transferred), "a levy starts with a payment"
    assert first.rule == "LVY-01", "a levy's payments name its clause"
    return first.asset


def pairs_exhausted_node(book: State, asset: str, queues: Queues) -> Explanation:
    """That no eligible pair is left in any market with shortfall."""
    missing = uncovered_shortfall(book, asset)
    confirm("no pair is left", next_step(Transaction(book), asset, queues, missing), None)
    parts: list[Explanation] = []
    for market_id, shortfall in shortfalls(book, asset).items():
        if shortfall > 0:
            take_queues(book, market_id, queues)
            parts.append(money(book, f"shortfall of {market_id}", asset, shortfall, SHORTFALL))
            parts.extend(unmatched_nodes(Look(book, asset, missing, shortfall), queues, market_id))
    return Explanation("no eligible pair is left", clause=MARKET_CHOICE, inputs=tuple(parts))


def unmatched_nodes(look: Look, queues: Queues, market_id: str) -> list[Explanation]:
    """Each losing lot of a market with why none of its counterparties, the first few, is eligible."""
    nodes: list[Explanation] = []
    market = look.book.markets[market_id]
    losing = [look.book.lots[lot_id] for lot_id in look.book.lots_in[market_id]]
    for lot in [lot for lot in losing if lot_loss(look.book, market, lot) > 0][:MOST_PASSED_OVER]:
        queue = queues[market_id, opposite(lot)]
        passed = tuple(passed_node(look, lot, ranked) for ranked in queue[:MOST_PASSED_OVER])
        loss = lot_loss(look.book, market, lot)
        formula = f"none of {len(queue)} counterparties is eligible"
        nodes.append(money(look.book, f"loss at mark of lot {lot.id}", look.asset, loss, formula=formula, parts=passed))
    return nodes
