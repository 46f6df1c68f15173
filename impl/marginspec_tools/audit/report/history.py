"""What a report shows of a run over time, gathered event by event; memory does not grow with the journal."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from heapq import heappush, heapreplace

import attrs

from marginspec.model import ledger
from marginspec.model.effects import Deleveraged, DomainLiquidated, Levied, LotOpened, ReliefReturned, Transferred
from marginspec.model.state import State
from marginspec.model.units import WIRE_DECIMALS
from marginspec.settlement.waterfall import lots_unrealised, shortfall_of
from marginspec_audit import Transition, assets_of
from marginspec_tools.audit.faults import Fault
from marginspec_tools.audit.findings import SEVERITIES, Finding
from marginspec_tools.audit.waterfall import happenings
from marginspec_tools.explain import explain_event, explain_margins
from marginspec_tools.observed import Whose
from marginspec_tools.runs import Step

MOST_SPANS = 256
MOST_BARS = 120
MOST_MOMENTS = 60
MOST_EXPLAINED = 40
MOST_LINES = 60
SHARED_KINDS = ("insurance", "relief", "house")

Values = tuple[int, ...]
OF_MARKET = ("reserve", "shortfall")
OF_ASSET = ("insurance", "relief", "house", "uncovered", "shortfall")
"""What is followed of a market and of an asset; an asset's shortfall is the sum of its markets'."""


@attrs.frozen
class Point:
    """Values after an event."""

    seq: int
    values: Values


@attrs.define
class Span:
    """Values within a stretch of events: the lowest and the highest of each, and the last."""

    lows: list[int]
    highs: list[int]
    last: Values

    def go_on(self, values: Values) -> None:
        """Go on to these values."""
        self.last = values
        for at, value in enumerate(values):
            if value < self.lows[at]:
                self.lows[at] = value
            elif value > self.highs[at]:
                self.highs[at] = value

    def joined(self, later: "Span") -> "Span":
        """The span together with the one after it."""
        return Span([*map(min, self.lows, later.lows)], [*map(max, self.highs, later.highs)], later.last)


class Track:
    """Values over the events of a run, thinned out: no low and no high is lost, only where in a span it was.

    Spans of `width` events are kept for where something changed, by their place; the width doubles when there are too
    many. `lowest` and `highest` are the points of each value's extremes.
    """

    def __init__(self, start: Point) -> None:
        self.start = self.last = start
        self.lowest, self.highest = [start] * len(start.values), [start] * len(start.values)
        self.width = 1
        self.spans: dict[int, Span] = {}

    def take(self, seq: int, values: Values) -> None:
        """Go on to the values after an event."""
        before = self.last.values
        if values == before:
            return
        self.last = point = Point(seq, values)
        for at, value in enumerate(values):
            if value < self.lowest[at].values[at]:
                self.lowest[at] = point
            elif value > self.highest[at].values[at]:
                self.highest[at] = point
        place = (seq - self.start.seq) // self.width
        span = self.spans.get(place)
        if span is None:
            self.spans[place] = Span([*map(min, before, values)], [*map(max, before, values)], values)
            while len(self.spans) > MOST_SPANS:
                self._thin_out()
        else:
            span.go_on(values)

    def _thin_out(self) -> None:
        self.width *= 2
        wider: dict[int, Span] = {}
        for place, span in self.spans.items():
            known = wider.get(place // 2)
            wider[place // 2] = known.joined(span) if known else span
        self.spans = wider

    @property
    def is_flat(self) -> bool:
        """Whether nothing ever changed."""
        return not self.spans


class Lanes:
    """How often each thing happened in the waterfall, over stretches of events; the stretches grow with the run."""

    def __init__(self, start: int) -> None:
        self.start = start
        self.width = 1
        self.bars: dict[str, Counter[int]] = {}

    def take(self, seq: int, happened: Counter[str]) -> None:
        """Count what an event did."""
        while (seq - self.start - 1) // self.width >= MOST_BARS:
            self._widen()
        for kind, times in happened.items():
            self.bars.setdefault(kind, Counter())[(seq - self.start - 1) // self.width] += times

    def _widen(self) -> None:
        self.width *= 2
        for kind, bars in self.bars.items():
            wider: Counter[int] = Counter()
            for place, times in bars.items():
                wider[place // 2] += times
            self.bars[kind] = wider


@attrs.frozen(order=True)
class Moment:
    """An event in which the waterfall ran: the money that it moved, in 1e-8, and how often each thing happened.

    Also its time or else its ref, whom it took from or gave back to, and who bore how much.
    """

    money: int
    seq: int
    when: str | None = attrs.field(order=False)
    happened: Counter[str] = attrs.field(order=False)
    accounts: tuple[str, ...] = attrs.field(order=False)
    borne: dict[str, int] = attrs.field(order=False)


@attrs.frozen
class Explanation:
    """What the rules did at an event, as far as it concerns somebody: the lines, and how many more there are."""

    number: int
    lines: tuple[str, ...]
    left_out: int


def explanation_of(step: Step, fault: Fault) -> Explanation:
    """What the rules did at an event that concerns whom a fault is of; what was observed stands beside ours already.

    Where they did nothing with it, an account as it stands after the event; else all that they did.
    """
    explained = explain_event(step.transition.before, step.record, step.number)
    lines = [part for line in explained.lines() for part in line.split("\n")]
    lines = [one for one in lines if not one.lstrip().startswith("observed ")]
    title, asked, *happened = lines
    shown = concerning(fault.owner, happened)
    if not shown and fault.whose.account in step.transition.after.accounts:
        shown = standing_of(fault.whose, step)
    shown = [title, asked, *(shown or happened)][:MOST_LINES]
    return Explanation(step.number, tuple(shown), max(0, len(lines) - len(shown)))


def standing_of(whose: Whose, step: Step) -> list[str]:
    """An account as it stands after an event, the margin domain of the market first."""
    explained = explain_margins(step.transition.after, step.number, whose.account)
    title, *lines = (part for line in explained.lines() for part in line.split("\n"))
    sections: list[list[str]] = []
    for line in lines:
        if line.startswith("   ") and sections:
            sections[-1].append(line)
        else:
            sections.append([line])
    sections.sort(key=lambda some: not any(whose.market in line for line in some))
    return [f"  {line}" for line in (title, *(line for some in sections for line in some))]


def concerning(name: str, lines: list[str]) -> list[str]:
    """Of indented lines those that name something, with all that stands below them and whatever they stand below."""
    named = re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])")
    shown: dict[int, None] = {}
    above: list[tuple[int, int]] = []
    below: int | None = None
    for place, line in enumerate(lines):
        level = len(line) - len(line.lstrip())
        while above and above[-1][0] >= level:
            above.pop()
        below = None if below is not None and level <= below else below
        if below is None and named.search(line):
            below = level
        if below is not None:
            shown.update(dict.fromkeys(one for _, one in above))
            shown[place] = None
        above.append((level, place))
    return [lines[place] for place in sorted(shown)]


def by_severity(findings: list[Finding]) -> list[Finding]:
    """Findings, the worst first, and of each severity the most money first."""
    return sorted(findings, key=lambda one: (SEVERITIES.index(one.severity), -one.money, one.leading.seq))


def first_of_groups(findings: list[Finding]) -> list[Finding]:
    """Findings, the worst of those that are alike before the others."""
    seen: set[str] = set()
    firsts: list[Finding] = []
    others: list[Finding] = []
    for one in by_severity(findings):
        (others if one.group in seen else firsts).append(one)
        seen.add(one.group)
    return [*firsts, *others]


class History:
    """What is gathered of a run: the funds of markets and assets, the waterfall, and the events to be explained."""

    def __init__(self, start: State, seq: int) -> None:
        self.lanes = Lanes(seq)
        self.markets: dict[str, Track] = {}
        self.assets: dict[str, Track] = {}
        self.asset_of_market: dict[str, str] = {}
        self.last_ts: str | None = None
        self.first_ts: str | None = None
        self.last = self.first = seq
        self._moments: list[Moment] = []
        self._kept: list[tuple[Finding, Step | Explanation]] = []
        self._known: tuple[int, ...] = (0, 0)
        self._shortfalls: Counter[str] = Counter()
        for market in sorted(start.markets):
            self._follow(market, start, seq)
        for asset in assets_of(start):
            self.assets[asset] = Track(Point(seq, self._of_asset(start, asset)))

    # ------------------------------------------------------------- events

    def take(self, step: Step, findings: Sequence[Sequence[Finding]] = ((), ())) -> None:
        """Take an event; `findings` are all so far, in the two lists to which they are added."""
        self.last = step.number
        if step.record.ts is not None:
            self.first_ts = self.first_ts or step.record.ts
            self.last_ts = step.record.ts
        self._keep(step, findings)
        if step.transition.receipt.rejected is None:
            self._take_funds(step)
            self._take_waterfall(step)

    def _keep(self, step: Step, findings: Sequence[Sequence[Finding]]) -> None:
        for known, some in zip(self._known, findings, strict=True):
            self._kept += [(one, step) for one in some[known:]]
        self._known = tuple(map(len, findings))
        if len(self._kept) > 4 * MOST_EXPLAINED:
            steps = {id(one): step for one, step in self._kept}
            worst = first_of_groups([one for one, _ in self._kept])[:MOST_EXPLAINED]
            self._kept = [(one, steps[id(one)]) for one in worst]

    def explain(self) -> None:
        """Work out what the rules did where findings were found, so that no state is kept for that."""
        self._kept = [
            (one, explanation_of(kept, one.leading) if isinstance(kept, Step) else kept) for one, kept in self._kept
        ]

    def explanation(self, finding: Finding) -> Explanation | None:
        """What the rules did at the event where a finding was found first, if that was kept."""
        kept = next((kept for one, kept in self._kept if one is finding), None)
        return explanation_of(kept, finding.leading) if isinstance(kept, Step) else kept

    @property
    def moments(self) -> list[Moment]:
        """The events in which the waterfall moved the most money, in their order."""
        return sorted(self._moments, key=lambda one: one.seq)

    # ------------------------------------------------------------- funds

    def _take_funds(self, step: Step) -> None:
        after, assets = step.transition.after, set[str]()
        for market in touched_markets(step):
            if market in after.markets:
                self._follow(market, after, step.number)
            elif market in self.markets:
                self._note(market, step.number, (0, 0))
            assets.add(self.asset_of_market.get(market, ""))
        moved = [one for one in step.transition.receipt.effects if type(one) is Transferred]
        assets |= {one.asset for one in moved if one.source.kind in SHARED or one.target.kind in SHARED}
        for asset in sorted(assets - {""}):
            if asset not in self.assets:
                self.assets[asset] = Track(Point(step.number - 1, (0,) * len(OF_ASSET)))
            self.assets[asset].take(step.number, self._of_asset(after, asset))

    def _follow(self, market: str, state: State, seq: int) -> None:
        listed = state.markets[market]
        self.asset_of_market[market] = listed.asset
        reserve = state.balance(ledger.reserve(market))
        # Without a mark nothing was ever traded, so there are no lots.
        pnl = lots_unrealised(state, listed) if state.lots_in.get(market) else 0
        self._note(market, seq, (reserve, shortfall_of(pnl, reserve)))  # type: ignore[arg-type]  # nothing is money too

    def _note(self, market: str, seq: int, values: Values) -> None:
        known = self.markets.get(market)
        self._shortfalls[self.asset_of_market[market]] += values[1] - (known.last.values[1] if known else 0)
        if known:
            known.take(seq, values)
        else:
            self.markets[market] = Track(Point(seq, values))

    def _of_asset(self, state: State, asset: str) -> Values:
        funds = ledger.insurance(asset), ledger.relief(asset), ledger.house(asset)
        return (*map(state.balance, funds), state.uncovered.get(asset, 0), self._shortfalls[asset])

    # ------------------------------------------------------------- waterfall

    def _take_waterfall(self, step: Step) -> None:
        names = list(happenings(step.transition.receipt.effects))
        if not names:
            return
        happened = Counter(names)
        self.lanes.take(step.number, happened)
        borne, record = passed_on(step), step.record
        told = (record.ts or record.ref, happened, tuple(accounts_in(step)), borne)
        moment = Moment(sum(borne.values()), step.number, *told)
        if len(self._moments) < MOST_MOMENTS:
            heappush(self._moments, moment)
        elif moment > self._moments[0]:
            heapreplace(self._moments, moment)


SHARED = frozenset(SHARED_KINDS)


def touched_markets(step: Step) -> set[str]:
    """The markets whose reserve or lots an event may have changed."""
    taken = step.transition
    event, before, after = taken.event, taken.before, taken.after
    markets: set[str] = set()
    market = getattr(event, "market", "")
    # Without lots, before or after, there is no shortfall; a reserve changes by a transfer only.
    if market and (market in before.lots_in or market in after.lots_in or market not in before.markets):
        markets.add(market)
    effects = taken.receipt.effects
    moved = [one for one in effects if type(one) is Transferred]
    markets |= {one.source.market for one in moved if one.source.kind == "reserve"}
    markets |= {one.target.market for one in moved if one.target.kind == "reserve"}
    markets |= {one.lot.market for one in effects if type(one) is LotOpened}
    return markets | {one.counterparty.market for one in effects if type(one) is Deleveraged}


def passed_on(step: Step) -> dict[str, int]:
    """The money that an event moved down the waterfall, in 1e-8, by who bore it: funds, deleveraged, levied."""
    borne: Counter[str] = Counter()
    for bearer, asset, amount in bearers(step.transition):
        decimals = step.transition.after.header.decimals(asset)
        borne[bearer] += amount * 10 ** (WIRE_DECIMALS - decimals)
    return dict(borne)


def bearers(taken: Transition) -> Iterator[tuple[str, str, int]]:
    """Who bore which amount of which asset."""
    for effect in taken.receipt.effects:
        match effect:
            case Transferred(rule="WTF-01", asset=asset, source=source, amount=amount):
                yield source.kind, asset, amount
            case Transferred(rule="LVY-01", asset=asset, source=source, amount=amount) if source.kind == "house":
                yield "house", asset, amount
            case Deleveraged(counterparty=counterparty, loss=loss):
                yield "deleveraging", taken.market(counterparty.market).asset, loss
            case Levied(domain=domain, amount=amount):
                yield "levy", domain.asset, amount


def accounts_in(step: Step) -> list[str]:
    """The accounts that the waterfall took from or gave back to in an event, in order."""
    named: dict[str, None] = {}
    for effect in step.transition.receipt.effects:
        match effect:
            case DomainLiquidated(domain=domain) | Levied(domain=domain) | ReliefReturned(domain=domain):
                named[domain.account] = None
            case Deleveraged(counterparty=counterparty):
                named[counterparty.account] = None
    return list(named)
