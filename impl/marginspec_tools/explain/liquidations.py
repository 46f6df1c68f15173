"""A domain's liquidation explained: why it was unhealthy, each step-down and takeover, and the lots."""

from marginspec.margin.margin import (
    cost_of,
    domain_margin,
    is_healthy,
    maintenance_margin,
    notional_of,
    position_margin,
    positions_of_domain,
)
from marginspec.model import ledger
from marginspec.model.account import DomainKey, PositionKey
from marginspec.model.effects import DomainLiquidated, LotOpened, OrderCancelled, Transferred
from marginspec.model.ledger import LedgerAccount
from marginspec.model.state import State
from marginspec.model.units import FLAT, NOTHING, Money, Quantity
from marginspec.settlement.liquidation import (
    clearance_fee,
    equity_shares,
    liquidate,
    position_to_step_down,
    step_down,
    stepped_down_size,
    take_lot,
    take_over,
)
from marginspec_tools.explain.effects import CANCEL_ALL, cancelled_node, effect_node, transfer_node
from marginspec_tools.explain.explanation import Explanation, clause, confirm
from marginspec_tools.explain.figures import domain_name, lots, money, position_name, rate
from marginspec_tools.explain.margins import (
    MAINTENANCE,
    TIER,
    equity_node,
    health_node,
    maintenance_sum_node,
    tier_node,
    value_node,
)
from marginspec_tools.explain.observed import Observed, exact_of
from marginspec_tools.explain.payments import closing, released_node
from marginspec_tools.explain.watching import Watched

LIQUIDATE = clause("LIQ-01", liquidate)
CHOICE = clause("LIQ-02", position_to_step_down)
SIZE = clause("LIQ-02", stepped_down_size)
CLEARANCE = clause("LIQ-02", clearance_fee)
STEP_DOWN = clause("LIQ-02", step_down)
TAKE_OVER = clause("LIQ-03", take_over)
SHARES = clause("LIQ-03", equity_shares)
REALISING = ("LIQ-02", "LIQ-03", "ADL-03")
TAKE_POSITION = clause("LIQ-03", take_lot)


def liquidation_node(watched: Watched, start: int, end: int) -> Explanation:
    """The effects from `start` to `end`, which liquidated one domain."""
    book, found = watched.books[start], watched.effects[start]
    assert isinstance(found, DomainLiquidated), "a liquidation starts by naming its domain"
    domain = found.domain
    margin = domain_margin(book, domain)
    confirm("equity and maintenance", (margin.equity, margin.maintenance), (found.equity, found.maintenance))
    why = health_node(book, domain, (equity_node(book, domain), maintenance_sum_node(book, domain)))
    confirm("a liquidated domain is unhealthy", why.value, "not healthy")
    places = [place for place in range(start, end) if isinstance(watched.effects[place], LotOpened)]
    stretches = list(zip(places, [*places[1:], end], strict=True))
    cuts = [one for one in stretches if reason_at(watched, one[0]) == "step_down"]
    taken = [one for one in stretches if reason_at(watched, one[0]) == "takeover"]
    parts = [why, *cancelled_orders(watched, start + 1, places[0])]
    parts.extend(step_down_node(watched, domain, first, following) for first, following in cuts)
    if taken:
        parts.append(takeover_node(watched, domain, taken))
    return Explanation(f"liquidation of {domain_name(domain)}", clause=LIQUIDATE, inputs=tuple(parts))


def opened_at(watched: Watched, place: int) -> LotOpened:
    """The lot that an effect opened."""
    opened = watched.effects[place]
    assert isinstance(opened, LotOpened), "taking starts with a lot"
    return opened


def reason_at(watched: Watched, place: int) -> str:
    """Why the lot of an effect was taken."""
    return opened_at(watched, place).lot.reason


def cancelled_orders(watched: Watched, start: int, end: int) -> list[Explanation]:
    """The orders that a liquidation cancelled first."""
    nodes: list[Explanation] = []
    for place in range(start, end):
        effect = watched.effects[place]
        assert isinstance(effect, OrderCancelled), "orders are cancelled before anything is taken"
        nodes.append(cancelled_node(watched.books[place], effect, CANCEL_ALL))
    return nodes


def effects_node(watched: Watched, start: int, end: int) -> Explanation:
    """The effects from `start` to `end`, in order; all of one lot."""
    return Explanation("effects", inputs=tuple(lot_effect_node(watched, start, place) for place in range(start, end)))


def lot_effect_node(watched: Watched, start: int, place: int) -> Explanation:
    """One effect of taking or closing a lot; a realised profit with what it was made of."""
    book, effect = watched.books[place], watched.effects[place]
    if isinstance(effect, Transferred) and effect.rule in REALISING:
        positions = [one for one in (effect.source, effect.target) if one.kind == "position"]
        lot_accounts = [one for one in (effect.source, effect.target) if one.kind == "lot"]
        if positions and not lot_accounts:
            return realised_node(watched, start, place, effect, positions[0])
    return effect_node(book, watched.event, effect)


def realised_node(watched: Watched, start: int, place: int, moved: Transferred, account: LedgerAccount) -> Explanation:
    """What a position realised when a lot was taken from it, or closed against it."""
    before, book = watched.books[start], watched.books[place]
    key = next(one for one in before.positions if ledger.position(*one) == account)
    held, left = before.positions[key], book.positions.get(key, FLAT)
    value = received(watched, start, place, account)
    closed = closing(abs(held), abs(held) - abs(left), value, cost_of(before, key))
    confirm("realised PnL", closed.profit, moved.amount if moved.source == account else -moved.amount)
    parts = (
        money(book, "value of what closes", moved.asset, value),
        released_node(book, book.markets[key.market], closed),
        money(book, "realised PnL", moved.asset, closed.profit),
    )
    return transfer_node(book, watched.event, moved, "value of what closes - released cost", parts)


def received(watched: Watched, start: int, end: int, account: LedgerAccount) -> Money:
    """What a position's account received from lots, less what it gave them."""
    total = NOTHING
    for moved in watched.effects[start:end]:
        if isinstance(moved, Transferred) and account in (moved.source, moved.target):
            total = Money(total + (moved.amount if moved.target == account else -moved.amount))
    return total


def step_down_node(watched: Watched, domain: DomainKey, start: int, end: int) -> Explanation:
    """Why this position was stepped down, how far, at what fee, and whether that healed the domain."""
    book, opened = watched.books[start], opened_at(watched, start)
    lot = opened.lot
    key = PositionKey(lot.account, lot.market, lot.side)
    confirm("position to step down", position_to_step_down(domain_margin(book, domain)), key)
    market = book.markets[key.market]
    value = market.at_mark(lot.quantity)
    kept = kept_size(book, key)
    confirm("step-down", abs(book.positions[key]) - kept, abs(lot.quantity))
    fee, paid = clearance_node(book, domain, key, abs(value), kept)
    confirm("cost of a stepped-down lot", value - fee, opened.cost)
    cost_parts = (value_node(book, key.market, lot.quantity, "value of the cut at mark"), paid)
    parts = (
        choice_node(book, domain, key),
        kept_node(book, key, kept),
        money(book, f"cost of lot {lot.id}", market.asset, opened.cost, STEP_DOWN, "value - clearance fee", cost_parts),
        effects_node(watched, start, end),
        after_node(watched.books[end], domain),
    )
    return lots(book, f"step-down of {position_name(key)}", key.market, lot.quantity, STEP_DOWN, "the cut", parts)


def choice_node(book: State, domain: DomainKey, key: PositionKey) -> Explanation:
    """The maintenance and tier of each position of a domain, of which the largest was chosen."""
    parts: list[Explanation] = []
    for each in positions_of_domain(book, domain):
        margin = position_margin(book, each)
        place = book.markets[each.market].tiers.tiers.index(margin.tier) + 1
        formula = f"in tier {place}" if place > 1 else "in the lowest tier: cannot step down"
        title = f"maintenance margin of {position_name(each)}"
        tier = (tier_node(book, each.market, margin.tier),) if each == key else ()
        parts.append(money(book, title, domain.asset, margin.maintenance, MAINTENANCE, formula, tier))
    return Explanation("chosen", position_name(key), clause=CHOICE, inputs=tuple(parts))


def kept_size(book: State, key: PositionKey) -> Quantity:
    """What a step-down leaves of a position, > 0, observed."""
    market = book.markets[key.market]
    floor = position_margin(book, key).tier.floor
    return stepped_down_size(Money(Observed(floor)), market.at_mark(Quantity(1)))


def kept_node(book: State, key: PositionKey, kept: Quantity) -> Explanation:
    """What a step-down leaves of a position, from the floor of its tier."""
    market, tier = book.markets[key.market], position_margin(book, key).tier
    parts = (
        money(book, "floor of the present tier", market.asset, tier.floor, TIER),
        value_node(book, key.market, 1, "value of one lot at mark"),
    )
    return lots(book, "size kept", key.market, kept, SIZE, "floor / value of one lot", parts)


def clearance_node(
    book: State, domain: DomainKey, key: PositionKey, cut: int, kept: Quantity
) -> tuple[Money, Explanation]:
    """The clearance fee of a step-down, as a number and as a node."""
    market, before = book.markets[key.market], position_margin(book, key)
    rest = notional_of(market.at_mark(Quantity(int(kept))))
    left = maintenance_margin(rest, market.tiers.holding(rest))
    released, equity = Money(before.maintenance - left), domain_margin(book, domain).equity
    fee = clearance_fee(Money(Observed(cut)), market.fees.clearance_fee, released, equity)
    held = (
        money(book, "maintenance margin before", market.asset, before.maintenance, MAINTENANCE),
        money(book, "maintenance margin of the rest", market.asset, left, MAINTENANCE),
    )
    parts = (
        money(book, "value of the cut", market.asset, cut),
        rate("clearance fee", market.fees.clearance_fee),
        money(book, "maintenance released", market.asset, released, parts=held),
        money(book, "equity", market.asset, equity),
    )
    formula = f"value * rate, at most maintenance released and equity: {binding(fee, released, equity)}"
    return fee, money(book, "clearance fee", market.asset, fee, CLEARANCE, formula, parts)


def binding(fee: Money, released: Money, equity: Money) -> str:
    """Which of its bounds a clearance fee has met."""
    if fee == released:
        return "the maintenance released binds"
    return "the equity binds" if fee == equity else "no bound binds"


def after_node(book: State, domain: DomainKey) -> Explanation:
    """A domain's health after a step."""
    margin = domain_margin(book, domain)
    parts = (
        money(book, "equity", domain.asset, margin.equity),
        money(book, "maintenance margin", domain.asset, margin.maintenance),
    )
    word = "healthy" if is_healthy(margin) else "not healthy"
    formula = "so it stops here" if is_healthy(margin) else "so it goes on"
    return Explanation("health after it", word, clause=LIQUIDATE, formula=formula, inputs=parts)


def takeover_node(watched: Watched, domain: DomainKey, taken: list[tuple[int, int]]) -> Explanation:
    """All positions that became lots, each at its value less its share of the equity that was there."""
    book = watched.books[taken[0][0]]
    margin = domain_margin(book, domain)
    shares = equity_shares(margin, watched.event_market)
    claims = {position.key: position.maintenance for position in margin.positions if position.key in shares}
    equity = margin.equity
    parts = [equity_node(book, domain), money(book, "all claims", domain.asset, sum(claims.values()))]
    if equity < 0:
        title = "market of the event, in which a loss stays"
        parts.append(Explanation(title, watched.event_market or "none", clause=SHARES))
    for start, end in taken:
        lot = opened_at(watched, start).lot
        key = PositionKey(lot.account, lot.market, lot.side)
        share = share_node(book, domain, key, shares, claims)
        parts.append(taken_node(watched, shares.get(key, NOTHING), share, start, end))
    return Explanation(f"takeover of {domain_name(domain)}", clause=TAKE_OVER, inputs=tuple(parts))


def taken_node(watched: Watched, share: Money, told: Explanation, start: int, end: int) -> Explanation:
    """One position that became a lot."""
    book, opened = watched.books[start], opened_at(watched, start)
    lot, market = opened.lot, book.markets[opened.lot.market]
    value = market.at_mark(lot.quantity)
    confirm("cost of a lot", value - share, opened.cost)
    parts = (value_node(book, market.id, lot.quantity), told)
    formula = "value at mark - share of equity: its bankruptcy value"
    cost = money(book, f"cost of lot {lot.id}", market.asset, opened.cost, TAKE_POSITION, formula, parts)
    title = f"position {position_name(PositionKey(lot.account, lot.market, lot.side))}"
    return lots(book, title, market.id, lot.quantity, parts=(cost, effects_node(watched, start, end)))


def share_node(
    book: State, domain: DomainKey, key: PositionKey, shares: dict[PositionKey, Money], claims: dict[PositionKey, Money]
) -> Explanation:
    """A position's share of its domain's equity."""
    if key not in claims:
        formula = "a loss stays in the market of the event, whence it came"
        return money(book, "share of equity", domain.asset, NOTHING, SHARES, formula)
    equity = domain_margin(book, domain).equity
    exact = exact_of(equity) * claims[key] / sum(claims.values())
    confirm("a share is within a quantum of the exact one", abs(shares[key] - exact) < 1, True)
    claim = money(book, "claim: its maintenance margin", domain.asset, claims[key], MAINTENANCE)
    share, formula = Observed(shares[key], exact), "equity * claim / all claims"
    return money(book, "share of equity", domain.asset, share, SHARES, formula, (claim,))
