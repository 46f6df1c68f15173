"""Short stories told again and again with new names, each aimed at what wandering events seldom reach.

*Glitches*: a lot is bankrupt, winners have sold on to others with worse entries, and a mark goes far and comes back.
*Crowds*: dozens of accounts, twins among them, with positions in several markets of many tiers, at the edge of their
margin; then gaps.
*Avalanches*: a dozen are levied for lots that are bankrupt elsewhere, fall together, and are deleveraged together.
*Narrow places*: counterparties with little room for the lot that they would close, stairs of step-downs, and refusals
that are seldom met.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, get_args

from immutables import Map

from marginspec.margin.bands import bankruptcy_price, liquidation_band
from marginspec.margin.margin import movable
from marginspec.model import events
from marginspec.model.account import Direction, DomainKey, PositionKey, PositionMode, PositionSide
from marginspec.model.events import Event
from marginspec.model.state import Header, Profile, Ranking, State
from marginspec.model.units import Decimal8
from marginspec_conformance.generator.aimed import ONE, Chooser
from marginspec_conformance.generator.events import (
    TierRow,
    adjust,
    declare,
    deposit,
    fill,
    fund,
    funding,
    leverage,
    listing,
    margin_mode,
    mark,
    order,
    position_mode,
    settle,
    trade,
)
from marginspec_conformance.generator.spoiled import UNMARKED, wrong_event

Told = Event | Callable[[State], Event | None]
"""An event, or what says which one follows from the state; None: there is none."""
GENERATIONS = 12
"""After so many episodes their accounts' names come again."""
MODES: tuple[PositionMode, ...] = ("one_way", "one_way", "hedge")
SPOILED_OF = 8
"""Before one of so many events comes one that is spoiled."""


def header(chooser: Chooser) -> Header:
    """All profiles, mostly with a levy, and money with and without decimals."""
    profile = Profile(chooser.pick(get_args(Ranking)), chooser.pick(("levy", "levy", "levy", "levy", "none")))
    return Header(profile, Map({"USD": chooser.pick((0, 0, 2)), "EUR": 0}))


class Episodes:
    """What follows a state: the next event of an episode, of another one when it has ended."""

    def __init__(self, chooser: Chooser, tell: Callable[[Chooser, int], Iterator[Told]]) -> None:
        self._chooser, self._tell, self._number = chooser, tell, 0
        self._told: Iterator[Told] = iter((listing(UNMARKED),))

    def __call__(self, state: State) -> Event:
        """The next event."""
        if self._chooser.whole(1, SPOILED_OF) == 1:
            return wrong_event(self._chooser, state)
        event = None
        while event is None:
            told = next(self._told, None)
            if told is None:
                self._number += 1
                self._told = self._tell(self._chooser, self._number)
            else:
                event = told(state) if callable(told) else told
        return event


def opened(trader: str, side: PositionSide, modes: dict[str, PositionMode]) -> PositionSide | None:
    """The side that opens for a trader: LONG or SHORT in hedge mode, else the default."""
    return side if modes.get(trader) == "hedge" else None


def all_movable(account: str, asset: str) -> Told:
    """A withdrawal of all that can be withdrawn."""

    def told(state: State) -> Event | None:
        most = movable(state, DomainKey(account, asset)) if account in state.accounts else 0
        decimals = state.header.decimals(asset)
        return events.Withdraw(account, asset, Decimal8(most * 10 ** (8 - decimals))) if most > 0 else None

    return told


def all_lots(market: str, counterparty: str, chooser: Chooser) -> Told:
    """A fill of all lots of a direction about the mark, or of one, or a declared deleveraging of them."""

    def told(state: State) -> Event | None:
        lots = [state.lots[lot_id] for lot_id in state.lots_in.get(market, ())]
        if not lots:
            return None
        side: Direction = chooser.pick(lots).direction
        together = sum(abs(lot.quantity) for lot in lots if lot.direction == side)
        size = str(chooser.pick((together, together, 1, max(1, together // 2))))
        if chooser.whole(1, 3) == 1:
            return declare(size, side, market)
        price = max(1, state.markets[market].marked() * chooser.pick((100, 100, 97, 103, 80, 120)) // 100)
        return fill(counterparty, size, str(price), side, market)

    return told


# ----------------------------------------------------------------- glitches

GLITCH_TIERS: tuple[tuple[TierRow, ...], ...] = (
    (("0", 5, "0.19"),),
    (("0", 4, "0.24"),),
    (("0", 5, "0.1"),),
    (("0", 5, "0.15"), ("600", 4, "0.24"), ("2000", 1, "0.9")),
    (("0", 10, "0.05"), ("250", 5, "0.1"), ("1500", 2, "0.3")),
)
RUIN_TIERS = GLITCH_TIERS[:3]
PATHS = {
    "long": (("118", "121"), ("1000", "300", "4000", "9000", "9000"), ("118", "105", "200", "600", "2500", "3500")),
    "short": (("82", "79"), ("1", "20", "50", "5"), ("82", "95", "60", "10", "2", "40")),
}
"""By who wins: the mark at which the others are taken over with the price at which the winner sells on; bad marks; and
marks that follow."""


def glitch(chooser: Chooser, number: int) -> Iterator[Told]:
    """A debtor is taken over, early sells on to late ones at about the bankruptcy price, and the mark goes far."""
    market, asset = f"G{number}", chooser.pick(("USD", "USD", "EUR"))
    generation = number % GENERATIONS
    names = [f"g{generation}{name}" for name in ("debtor", "early", "late", "later", "maker", "second")]
    fees: dict[str, Any] = {"taker": chooser.pick(("0", "0.01", "0.01")), "share": chooser.pick(("0", "0.5"))}
    yield listing(market, chooser.pick(GLITCH_TIERS), asset=asset, clearance=chooser.pick(("0", "0.01")), **fees)
    yield mark("100", market)
    lots = chooser.whole(1, 6)
    is_poor = chooser.pick((True, True, False))
    means = [amount * lots for amount in (20, 21, chooser.pick((40, 28, 90)), 50)]
    for name, amount in zip(names, [*means, 5 if is_poor else 90_000, 20 * lots], strict=True):
        yield deposit(name, str(amount), asset)
        yield leverage(name, 5, market)
    flat = [f"g{generation}flat{place}" for place in range(chooser.pick((0, 14, 14, 14)))]
    for name in flat:
        yield deposit(name, str(chooser.pick((2, 5, 10) if is_poor else (30, 400))), asset)
    modes = {name: chooser.pick(MODES) for name in names[1:4]}
    for name, mode in modes.items():
        yield position_mode(name, mode)
        if chooser.pick((False, False, True)):
            yield margin_mode(name, market=market)
    yield from glitch_trades(chooser, (market, asset), names, modes, lots)
    if chooser.whole(1, 4) > 1:
        yield settle(chooser.pick(("100", "118", "400", "30")), market)
    for name in (*names, *flat):
        yield all_movable(name, asset)


def glitch_trades(
    chooser: Chooser, where: tuple[str, str], names: list[str], modes: dict[str, PositionMode], lots: int
) -> Iterator[Told]:
    """What is traded, the marks, and what happens between them."""
    (market, asset), (debtor, early, late, later, maker, second) = where, names
    winner: Direction = chooser.pick(("long", "long", "short"))
    (taken, sold), bad, after = PATHS[winner]
    yield traded(market, winner, early, debtor, lots, "100", modes)
    if chooser.pick((True, True, False)):
        yield traded(market, winner, later, second, lots, chooser.pick(("100", "101")), modes)
    yield mark(taken, market)
    price = chooser.pick((sold, sold, taken))
    first = chooser.whole(1, lots)
    yield traded(market, winner, late, early, first, price, modes)
    if first < lots:
        yield traded(market, winner, later, early, lots - first, chooser.pick((sold, taken)), modes)
    for name in chooser.pick(((), (late, later), (early, late, later, maker), (early, later, maker))):
        yield all_movable(name, asset)
    yield mark(chooser.pick(bad), market)
    for _ in range(chooser.whole(5, 12)):
        yield glitch_turn(chooser, market, maker, asset)
        yield mark(chooser.pick((*bad, *after)), market)
    yield all_lots(market, maker, chooser)


def ruin(chooser: Chooser, number: int) -> Iterator[Told]:
    """A glitch without bystanders of means: the levy takes what holds late up, and what held has for another market."""
    market, elsewhere, generation = f"U{number}", f"V{number}", number % GENERATIONS
    names = [f"u{generation}{name}" for name in ("debtor", "early", "late", "flat", "held", "maker")]
    debtor, early, late, flat, held, maker = names
    for name in (market, elsewhere):
        yield listing(name, chooser.pick(RUIN_TIERS), share=chooser.pick(("0", "1")), taker=chooser.pick(("0", "0.01")))
        yield mark("100", name)
    means = (29, 28, chooser.pick((60, 90)), chooser.pick((5, 200)), chooser.pick((160, 300)), 150)
    for name, amount in zip(names, means, strict=True):
        yield deposit(name, str(amount))
        yield leverage(name, 4, market)
        yield leverage(name, 4, elsewhere)
        yield position_mode(name, chooser.pick(MODES) if name == late else "one_way")
    yield margin_mode(late, chooser.pick(("cross", "isolated")), market)
    yield traded(market, "long", early, debtor, 1, "100", {})
    yield traded(elsewhere, "long", held, maker, 5, "100", {})
    yield mark("118", market)
    yield late_buys(market, late, early)
    yield all_movable(early, "USD")
    for _ in range(chooser.whole(2, 4)):
        yield mark(chooser.pick(("300", "500", "700", "1000", "4000")), market)
        yield mark(chooser.pick(("100", "80", "60", "40")), elsewhere)
    if chooser.pick((True, False)):
        yield all_lots(market, flat, chooser)
    yield settle(chooser.pick(("118", "1000", "5000")), market)
    yield settle("100", elsewhere)
    for name in names:
        yield all_movable(name, "USD")


def late_buys(market: str, late: str, seller: str) -> Told:
    """Late buys one lot beyond the bankruptcy price, on the side that its mode wants."""

    def told(state: State) -> Event | None:
        side: PositionSide | None = "LONG" if state.accounts.get(late) == "hedge" else None
        return trade(late, seller, "1", "131", market, buyer_side=side)

    return told


def traded(
    market: str, winner: Direction, to: str, source: str, lots: int, price: str, modes: dict[str, PositionMode]
) -> Event:
    """A trade by which one takes a position on the winning side, and another the opposite or closes his."""
    side: PositionSide = "LONG" if winner == "long" else "SHORT"
    sides = (opened(to, side, modes), opened(source, side, modes))
    if winner == "long":
        return trade(to, source, str(lots), price, market, buyer_side=sides[0], seller_side=sides[1])
    return trade(source, to, str(lots), price, market, buyer_side=sides[1], seller_side=sides[0])


def glitch_turn(chooser: Chooser, market: str, maker: str, asset: str) -> Told:
    """Something between two marks."""
    options: tuple[Told, ...] = (
        fund(str(chooser.pick((5, 60, 500))), asset),
        funding(chooser.pick(("0.01", "0.1", "-0.1", "-0.2")), market),
        funding("0.3", market),
        funding("0.3", market),
        all_lots(market, maker, chooser),
        all_lots(market, maker, chooser),
        all_lots(market, maker, chooser),
        deposit(maker, "100", asset),
        events.WithdrawHouse(asset, Decimal8(ONE)),
        events.WithdrawHouse(asset, Decimal8(ONE)),
        order(maker, "buy", "1", "90", market=market),
    )
    return chooser.pick(options)


# ----------------------------------------------------------------- crowds

CROWD_TIERS: tuple[tuple[TierRow, ...], ...] = (
    (("0", 10, "0.06"), ("2000", 9, "0.065"), ("4000", 8, "0.075"), ("8000", 7, "0.09"), ("14000", 6, "0.12")),
    (("0", 15, "0.02"), ("3000", 14, "0.03"), ("5000", 13, "0.045"), ("9000", 12, "0.06"), ("15000", 11, "0.08")),
    (("0", 9, "0.1"), ("3000", 8, "0.11"), ("6000", 7, "0.12"), ("9000", 6, "0.13"), ("13000", 5, "0.18")),
)
"""Of five tiers, at prices about 1,000: a few lots cross them."""
TWINS = 6
SIZES = (1, 2, 5, 12, 17)


def crowd(chooser: Chooser, number: int) -> Iterator[Told]:
    """Groups of twins take the same positions in several markets, withdraw what they can, and the marks jump."""
    asset = chooser.pick(("USD", "USD", "EUR"))
    markets = [f"{name}{number}" for name in ("K", "L", "M")[: chooser.pick((1, 2, 3))]]
    for market in markets:
        clearance = chooser.pick(("0", "0.0125", "0.2"))
        yield listing(market, chooser.pick(CROWD_TIERS), asset=asset, clearance=clearance)
        yield mark("1000", market)
    generation = number % GENERATIONS
    maker = f"c{generation}maker"
    yield deposit(maker, str(chooser.pick((30_000, 300_000))), asset)
    yield leverage(maker, 5, market)
    yield fund(str(chooser.pick((1, 1, 1000, 20_000))), asset)
    count = chooser.pick((2, 4, 8, 10))
    partners: dict[Direction, str] = {"long": f"c{generation}short", "short": f"c{generation}long"}
    for name in partners.values():
        yield deposit(name, "40000", asset)
        for market in markets:
            yield leverage(name, 5, market)
    for group in range(count):
        names = [f"c{generation}g{group}t{twin}" for twin in range(TWINS)]
        others = chooser.pick((partners, partners, dict.fromkeys(get_args(Direction), maker)))
        yield from joined(chooser, names, markets, others, asset)
    crowd_of = [f"c{generation}g{group}t{twin}" for group in range(count) for twin in range(TWINS)]
    for name in crowd_of:
        if chooser.pick((True, False)):
            yield all_movable(name, asset)
    for _ in range(chooser.whole(8, 24)):
        yield from gap(chooser, chooser.pick(markets), crowd_of, maker, asset)
    for market in markets:
        yield settle(chooser.pick(("1000", "700", "1300")), market)
    for name in (maker, *partners.values(), *crowd_of):
        yield all_movable(name, asset)


def joined(
    chooser: Chooser, twins: list[str], markets: list[str], others: dict[Direction, str], asset: str
) -> Iterator[Event]:
    """Twins pay in the same and trade the same with one other; some are in hedge mode, seldom all are isolated."""
    lots = {market: chooser.pick(SIZES) for market in markets}
    cash = sum(lots.values()) * 200 * chooser.pick((101, 110, 150)) // 100
    isolated = chooser.pick((False, False, False, True))
    modes = {name: chooser.pick(MODES[1:]) for name in twins}
    for name in twins:
        yield deposit(name, str(cash), asset)
        yield position_mode(name, modes[name])
        for market in markets:
            if isolated:
                yield margin_mode(name, market=market)
            yield leverage(name, 5, market)
    for market in markets:
        winner: Direction = chooser.pick(get_args(Direction))
        away: Direction = "short" if winner == "long" else "long"
        price = chooser.pick(("1000", "990", "1010"))
        for name in twins:
            yield traded(market, winner, name, others[winner], lots[market], price, modes)
        hedger = chooser.pick(twins)
        if modes[hedger] == "hedge":
            less = max(1, lots[market] * 9 // 10)
            yield traded(market, away, hedger, others[away], chooser.pick((less, less, *SIZES)), price, modes)


def gap(chooser: Chooser, market: str, names: Sequence[str], maker: str, asset: str) -> Iterator[Told]:
    """A mark near a bankruptcy price or far off, then what traders and the venue do about it."""
    yield near_bankruptcy(chooser, market)
    what = chooser.whole(1, 8)
    if what <= 2:
        yield all_lots(market, maker, chooser)
    elif what == 3:
        yield fund(str(chooser.pick((20, 500, 5000))), asset)
    elif what == 4:
        yield funding(chooser.pick(("0.01", "-0.01", "0.05")), market)
    elif what == 5:
        first, second = chooser.pick(names), chooser.pick(names)
        yield trade(first, second, str(chooser.pick(SIZES)), chooser.pick(("900", "1000", "1100")), market)
    elif what == 6:
        yield adjust(chooser.pick(names), chooser.pick(("50", "-20")), market)


def near_bankruptcy(chooser: Chooser, market: str) -> Told:
    """A mark where somebody's equity is a little above or below zero, or a jump."""

    def told(state: State) -> Event | None:
        if market not in state.markets or state.markets[market].mark is None:
            return None
        held = [domain for _, domain in sorted(state.positions_in.get(market, Map()).items())]
        hedged = [domain for domain in held if held.count(domain) == 2]
        now = state.markets[market].marked()
        price = now * chooser.pick((5, 8, 9, 10, 11, 12, 16)) // 10
        if held and chooser.whole(1, 5) > 2:
            domain = chooser.pick(chooser.pick((held, held, hedged or held)))
            band = liquidation_band(state, domain, market)
            ends = [end for end in (bankruptcy_price(state, domain, market), band.lower, band.upper) if end is not None]
            if ends:
                price = chooser.pick(ends) + chooser.pick((-20, -2, -1, -1, 0, 1, 1, 2, 5, 20))
        return events.MarkPrice(market, Decimal8(max(1, min(price, 9000)) * ONE))

    return told


# ----------------------------------------------------------------- avalanches

RUNNERS = 14


def avalanche(chooser: Chooser, number: int) -> Iterator[Told]:
    """A dozen are levied for lots that a late buyer leaves behind, then fall and are deleveraged; and once more."""
    behind, market, generation = f"V{number}", f"W{number}", number % GENERATIONS
    asset = chooser.pick(("USD", "USD", "EUR"))
    runners = [f"v{generation}runner{place}" for place in range(RUNNERS)]
    debtor, early, late, later, maker = (
        f"v{generation}{name}" for name in ("debtor", "early", "late", "later", "maker")
    )
    for name in (behind, market):
        yield listing(name, chooser.pick(RUIN_TIERS), asset=asset, taker=chooser.pick(("0", "0.01")))
        yield mark("100", name)
    is_isolated = chooser.pick((True, False))
    for name in (*runners, maker):
        yield deposit(name, str(chooser.pick((110, 150)) if is_isolated else chooser.pick((1, 5))), asset)
        if is_isolated:
            yield margin_mode(name, market=market)
    for _ in range(chooser.whole(2, 4)):
        yield from left_behind(chooser, behind, asset, (debtor, early, late, later))
        if not is_isolated:
            for name in runners:
                yield deposit(name, str(chooser.pick((27, 30, 40))), asset)
        yield from fall_together(chooser, (market, behind), asset, runners, maker)
    yield settle(chooser.pick(("118", "1000")), behind)
    yield settle("100", market)
    for name in (*runners, early, late, later, maker):
        yield all_movable(name, asset)


def left_behind(chooser: Chooser, market: str, asset: str, names: tuple[str, str, str, str]) -> Iterator[Told]:
    """A short is taken over, and the longs enter far above its bankruptcy price: what they miss has no other payer."""
    debtor, early, late, later = names
    lots = chooser.pick((2, 5, 12))
    for name, means in zip(names, (27, 27, 330, 330), strict=True):
        yield deposit(name, str(means * lots), asset)
    yield mark("100", market)
    yield traded(market, "long", early, debtor, lots, "100", {})
    yield mark("124", market)
    first = chooser.whole(1, lots - 1)
    price = chooser.pick(("150", "300", "400"))
    yield traded(market, "long", late, early, first, price, {})
    yield traded(market, "long", later, early, lots - first, price, {})
    for name in (early, late, later):
        yield all_movable(name, asset)


def fall_together(
    chooser: Chooser, markets: tuple[str, str], asset: str, runners: Sequence[str], maker: str
) -> Iterator[Told]:
    """A dozen take the same side, are levied, fall, and a further mark or the venue deleverages their lots."""
    market, behind = markets
    winner: Direction = chooser.pick(get_args(Direction))
    loser: Direction = "short" if winner == "long" else "long"
    yield mark("100", market)
    yield deposit(maker, str(27 * len(runners)), asset)
    for name in runners:
        yield traded(market, loser, name, maker, 1, "100", {})
    yield all_movable(maker, asset)
    for bad in chooser.pick((("1000",), ("9000",), ("600", "124", "900"), ("1000", "50", "9000"))):
        yield mark(bad, behind)
    yield events.WithdrawHouse(asset, Decimal8(ONE))
    yield fill(maker, "1", "9000", "short", behind)
    fall, further = ("60", "20") if loser == "long" else ("140", "300")
    yield mark(fall, market)
    yield chooser.pick((declared(market), mark(further, market)))
    yield mark("40", behind)


# ----------------------------------------------------------------- narrow places


def narrow(chooser: Chooser, number: int) -> Iterator[Told]:
    """A squeeze, stairs, what an isolated account may not do, or a hedge at an end of its band."""
    return chooser.pick((squeeze, stairs, refusals, hedge_at_the_edge))(chooser, number)


def squeeze(chooser: Chooser, number: int) -> Iterator[Told]:
    """Who stands opposite a losing lot comes to the edge by another market, and the lot is deleveraged."""
    lot_market, other = f"P{number}", f"Q{number}"
    generation = number % GENERATIONS
    squeezed = [f"s{generation}squeezed{place}" for place in range(4)]
    debtor, maker, other_debtor = (f"s{generation}{name}" for name in ("debtor", "maker", "other"))
    for market in (lot_market, other):
        yield listing(market, chooser.pick(CROWD_TIERS))
        yield mark("1000", market)
    yield fund(str(chooser.pick((300, 2000, 50_000, 50_000))))
    lots, others = chooser.pick((2, 5, 9)), chooser.pick((5, 12))
    cash = {debtor: 820 * lots, maker: 500_000, other_debtor: 205 * lots}
    cash |= {name: 220 * (lots + others) + chooser.whole(0, 60) for name in squeezed}
    for name, amount in cash.items():
        yield deposit(name, str(amount))
        yield leverage(name, 5, lot_market)
        yield leverage(name, 5, other)
    winner: Direction = chooser.pick(get_args(Direction))
    for name in squeezed:
        yield traded(lot_market, winner, name, debtor, lots, "1000", {})
        yield traded(other, "long", name, maker, others, "1000", {})
    yield traded(other, "long", other_debtor, maker, lots, "1000", {})
    yield mark(chooser.pick(("1350", "1500") if winner == "long" else ("600", "450")), lot_market)
    for _ in range(9):
        yield to_the_edge(chooser, chooser.pick(squeezed), other)
        yield all_lots(lot_market, maker, chooser) if chooser.whole(1, 4) == 1 else declared(lot_market)
    for market in (lot_market, other):
        yield settle("1000", market)
    for name in cash:
        yield all_movable(name, "USD")


def to_the_edge(chooser: Chooser, account: str, market: str) -> Told:
    """A mark at which a long account is healthy by little."""

    def told(state: State) -> Event | None:
        domain = DomainKey(account, "USD")
        if PositionKey(account, market, "BOTH") not in state.positions:
            return None
        end = liquidation_band(state, domain, market).lower
        return None if end is None else events.MarkPrice(market, Decimal8((end + chooser.whole(1, 60)) * ONE))

    return told


def declared(market: str) -> Told:
    """Declared deleveraging of all lots of the oldest one's direction."""

    def told(state: State) -> Event | None:
        lots = [state.lots[lot_id] for lot_id in state.lots_in.get(market, ())]
        together = sum(abs(lot.quantity) for lot in lots if lot.direction == lots[0].direction)
        return declare(str(together), lots[0].direction, market) if lots else None

    return told


def stairs(chooser: Chooser, number: int) -> Iterator[Told]:
    """Twins high up in the tiers fall to about their bankruptcy price; their twin counterparties are deleveraged."""
    market, generation = f"T{number}", number % GENERATIONS
    climbers = [f"t{generation}climber{place}" for place in range(4)]
    winners = [f"t{generation}winner{place}" for place in range(4)]
    yield listing(market, chooser.pick(CROWD_TIERS), clearance=chooser.pick(("0", "0.0125")))
    modes = {name: chooser.pick(MODES[1:]) for name in winners}
    for name in (*climbers, *winners):
        yield deposit(name, "1")
        yield position_mode(name, modes.get(name, "one_way"))
        yield leverage(name, 5, market)
    winner: Direction = chooser.pick(get_args(Direction))
    loser: Direction = "short" if winner == "long" else "long"
    for _ in range(4):
        yield mark("1000", market)
        lots = chooser.pick((4, 7, 7, 12, 17))
        for climber, other in zip(climbers, winners, strict=True):
            yield deposit(climber, str(201 * lots))
            yield deposit(other, str(250 * lots))
            yield traded(market, winner, other, climber, lots, "1000", modes)
        yield beside_bankruptcy(chooser, climbers[0], market)
        yield declare("1", loser, market)
        yield declared(market)
    yield settle("1000", market)
    for name in (*climbers, *winners):
        yield all_movable(name, "USD")


def beside_bankruptcy(chooser: Chooser, account: str, market: str) -> Told:
    """A mark at which an account's equity is above zero by little."""

    def told(state: State) -> Event | None:
        price = bankruptcy_price(state, DomainKey(account, "USD"), market)
        if price is None:
            return None
        off = chooser.pick((1, 2, 5)) * (-1 if price > state.markets[market].marked() else 1)
        return events.MarkPrice(market, Decimal8((price + off) * ONE))

    return told


def refusals(chooser: Chooser, number: int) -> Iterator[Told]:
    """An isolated account turns at a loss beyond its margin, lowers its leverage, outgrows a limit; and more."""
    market, generation = f"R{number}", number % GENERATIONS
    isolated, other = f"r{generation}isolated", f"r{generation}other"
    winner: Direction = chooser.pick(get_args(Direction))
    away: Direction = "short" if winner == "long" else "long"
    yield listing(market, (("0", 10, "0.05"), ("4000", 5, "0.1")), limit="2500", band=chooser.pick((None, "0.5")))
    yield mark("100", market)
    for name in (isolated, other):
        yield deposit(name, "2000")
    yield margin_mode(isolated, market=market)
    yield leverage(isolated, 10, market)
    lots = chooser.whole(5, 12)
    yield traded(market, winner, isolated, other, lots, "100", {})
    moves: tuple[Event, ...] = (
        leverage(isolated, chooser.whole(1, 9), market),
        traded(market, away, isolated, other, lots + chooser.whole(1, 9), "60" if winner == "long" else "140", {}),
        traded(market, winner, isolated, other, 30, "100", {}),
        trade(other, other, "1", "100", market),
        adjust(other, "1", market),
        adjust(isolated, chooser.pick(("5", "-1", "-50")), market),
        traded(market, winner, isolated, other, 1, "30", {}),
        order(isolated, "buy", "1", "90", market=market),
        trade(isolated, other, "2", "90", market, buyer_order="o1"),
    )
    for _ in range(26):
        yield chooser.pick(moves)
    yield settle("100", market)


def hedge_at_the_edge(chooser: Chooser, number: int) -> Iterator[Told]:
    """Marks at the ends of a hedge's band, and beside them."""
    market, generation = f"H{number}", number % GENERATIONS
    hedger, other = f"h{generation}hedger", f"h{generation}other"
    long, short = chooser.pick(((17, 5), (17, 5), (5, 17), (12, 11), (12, 12), (11, 12)))
    yield listing(market, chooser.pick(CROWD_TIERS))
    yield mark("1000", market)
    yield deposit(hedger, str(chooser.pick((201, 230, 300, 1100)) * (long + short)))
    yield deposit(other, "500000")
    yield position_mode(hedger)
    for name in (hedger, other):
        yield leverage(name, 5, market)
    yield trade(hedger, other, str(long), "1000", market, buyer_side="LONG")
    yield trade(other, hedger, str(short), "1000", market, seller_side="SHORT")
    for _ in range(9):
        yield beside_an_end(chooser, hedger, market)
    yield settle("1000", market)
    for name in (hedger, other):
        yield all_movable(name, "USD")


def beside_an_end(chooser: Chooser, account: str, market: str) -> Told:
    """A mark one or a few prices within the band of an account, or at its end."""

    def told(state: State) -> Event | None:
        if market not in state.markets or not state.positions_in.get(market):
            return None
        band = liquidation_band(state, DomainKey(account, "USD"), market)
        within = chooser.pick((1, 1, 1, 2, 9, 0))
        ends = [band.lower + within] if band.lower is not None else []
        ends += [band.upper - within] if band.upper is not None else []
        return events.MarkPrice(market, Decimal8(max(1, chooser.pick(ends or [900, 1100])) * ONE))

    return told
