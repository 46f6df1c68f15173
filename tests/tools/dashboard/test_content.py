"""What pages and their tables say is what the specification's own run of the journal says, to the last digit."""

import csv
import io
from collections import Counter
from html.parser import HTMLParser
from typing import Any

import attrs
import pytest

from marginspec.margin.margin import domain_margin, lot_cost
from marginspec.model import ledger
from marginspec.model.effects import Deleveraged, DomainLiquidated, Levied, LotOpened, ReliefReturned, Transferred
from marginspec.model.state import State
from marginspec.settlement.levy import domains_of_asset
from marginspec.settlement.waterfall import needed_relief, shortfalls
from marginspec_audit.transparency import market_status
from marginspec_journal.decimals import decimal_text
from marginspec_tools.audit import invariant_sentences, sides_of
from marginspec_tools.runs import Run, Step
from marginspec_tools.simulate import stress_day_path
from worlds.served import Served

EVENTS = (0, 1674, 2154, 2400)
"""The start, an event with many liquidations, one that draws on a reserve, and the last one."""


@attrs.frozen
class Truth:
    """A run of the specification: the state after each event, and the steps; both from the start on."""

    states: list[State]
    steps: list[Step]

    def until(self, event: int) -> list[Step]:
        return self.steps[:event]


@pytest.fixture(scope="module")
def truth() -> Truth:
    run = Run(stress_day_path())
    steps = list(run)
    return Truth([run.start.state, *(step.transition.after for step in steps)], steps)


def records(day: Served, table: str, **asked: object) -> list[dict[str, Any]]:
    """A table as JSON."""
    query = "&".join(f"{name}={text}" for name, text in asked.items())
    answer = day.get(f"/{table}.json?{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    rows: list[dict[str, Any]] = answer.json()
    return rows


def money(amount: int) -> str:
    """An amount of USDT, the only asset of the day, which has 8 digits."""
    return decimal_text(amount, 8)


@pytest.mark.parametrize("event", EVENTS)
def test_markets(day: Served, truth: Truth, event: int) -> None:
    state, expected = truth.states[event], []
    for name in sorted(state.markets):
        market, status = state.markets[name], market_status(state, name)
        cover = status.cover and decimal_text(status.cover.numerator * 100 // status.cover.denominator, 2)
        expected.append(
            {
                "market": name,
                "asset": "USDT",
                "mark": None if market.mark is None else decimal_text(market.mark, market.price_decimals),
                "reserve": money(state.balance(ledger.reserve(name))),
                "high_water": money(status.counters.high_water),
                "inflow": money(status.counters.inflow),
                "outflow": money(status.counters.outflow),
                "lots": str(status.lots),
                "lots_pnl": money(status.lots_pnl),
                "shortfall": money(status.shortfall),
                "cover": cover,
                "insurance_drawn": money(status.counters.insurance_drawn),
                "deleveraged": money(status.counters.deleveraged),
                "levied": money(status.counters.levied),
            }
        )
    assert records(day, "overview/markets", at=event) == expected


def borne(steps: list[Step]) -> Counter[str]:
    """What each stage bore, gained and gave back, from receipts."""
    found: Counter[str] = Counter()
    for step in steps:
        for effect in step.transition.receipt.effects:
            match effect:
                case Transferred(rule="WTF-01", source=source, amount=amount):
                    found[source.kind] += amount
                case Transferred(rule="LIQ-05", target=target, amount=amount) if target.kind == "reserve":
                    found["profit"] += amount
                case Transferred(rule="LVY-01", source=source, amount=amount) if source.kind == "house":
                    found["house"] += amount
                case Deleveraged(loss=loss):
                    found["deleveraging"] += loss
                case Levied(amount=amount):
                    found["levy"] += amount
                case ReliefReturned(amount=amount):
                    found["returned"] += amount
                case _:
                    pass
    return found


def came_in(steps: list[Step], account: str) -> int:
    """All that was transferred to a fund, less what it paid for anything but losses."""
    total = 0
    for step in steps:
        for move in step.transition.transfers():
            total += move.amount * (move.target == account)
            total -= move.amount * (move.source == account and move.rule not in ("WTF-01", "LVY-01"))
    return total


@pytest.mark.parametrize("event", EVENTS[1:])
def test_stages_of_the_waterfall(day: Served, truth: Truth, event: int) -> None:
    state, steps, so_far = truth.states[event], truth.until(event), borne(truth.until(event))
    reserves = {name: state.balance(ledger.reserve(name)) for name in state.markets}
    losses = {name: max(0, -market_status(state, name).lots_pnl) for name in state.markets}
    insurance, relief, house = (state.balance(fund("USDT")) for fund in (ledger.insurance, ledger.relief, ledger.house))
    short, needed = sum(shortfalls(state, "USDT").values()), needed_relief(state, "USDT")
    missing = max(0, needed - relief)
    room = sum(max(0, reserves[name] - losses[name]) for name in reserves)
    equities = sum(domain_margin(state, domain).equity for domain in domains_of_asset(state, "USDT"))
    expected: list[tuple[object, ...]] = [
        ("Reserves", sum(reserves.values()), so_far["profit"], so_far["reserve"], sum(losses.values()), room),
        ("Insurance fund", insurance, came_in(steps, "insurance:USDT"), so_far["insurance"], short, insurance - short),
        ("Relief", relief, so_far["levy"], so_far["relief"], needed, relief - needed),
        ("Deleveraging", None, None, so_far["deleveraging"], missing, None),
        ("House", house, came_in(steps, "house:USDT"), so_far["house"], missing, house),
        ("Levy on all equity", None, so_far["returned"], so_far["levy"], missing, equities),
    ]
    heads = ("balance", "in", "out", "loss", "room")
    shown = [
        (row["name"], *(None if row[head] is None else int(row[head].replace(".", "")) for head in heads))
        for row in records(day, "overview/stages", at=event)
    ]
    assert shown == expected


def test_events_that_passed_on_the_most_money(day: Served, truth: Truth) -> None:
    bearers = ("reserve", "insurance", "relief", "deleveraging", "house", "levy")
    sums = {step.number: sum(borne([step])[bearer] for bearer in bearers) for step in truth.steps}
    most = sorted(sums.items(), key=lambda pair: (-pair[1], -pair[0]))[:10]
    shown = [(int(row["event"]), row["money"]) for row in records(day, "overview/moments")]
    assert shown == [(event, money(amount)) for event, amount in most]


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("market", ["SUIUSDT", "BTCUSDT"])
def test_every_change_of_a_reserve_with_its_cause(day: Served, truth: Truth, market: str, event: int) -> None:
    name, taken_of = f"reserve:{market}", {}
    expected = []
    for step in truth.until(event):
        for effect in step.transition.receipt.effects:
            if isinstance(effect, LotOpened):
                taken_of[effect.lot.id] = effect.lot.account
        for move in step.transition.transfers():
            if name in (move.source, move.target):
                sign, lot = (1, move.source.lot) if move.target == name else (-1, move.target.lot)
                cause = "profit of a lot" if sign > 0 else "loss of a lot"
                balance = step.transition.after.balance(ledger.reserve(market))
                row = (str(step.number), money(sign * move.amount), money(balance), move.rule, cause, str(lot))
                expected.append((*row, taken_of[lot]))
    listed = market in truth.states[event].markets
    rows = records(day, "market/reserve", market=market, at=event) if listed else []
    shown = [tuple(row.values()) for row in rows]
    # Newest events first, and within one in the order of its receipt.
    assert sorted(shown, key=lambda row: int(row[0])) == expected
    assert [int(row[0]) for row in shown] == sorted((int(row[0]) for row in shown), reverse=True)


def test_lots(day: Served, truth: Truth) -> None:
    state = truth.states[2400]
    expected = []
    for number in state.lots_in["SUIUSDT"]:
        lot, market = state.lots[number], state.markets["SUIUSDT"]
        cost = lot_cost(state, number)
        what = lot.account, lot.side, lot.margin_mode, lot.reason.replace("_", " ")
        amounts = money(cost), money(market.at_mark(lot.quantity) - cost)
        expected.append((str(number), *what, decimal_text(lot.quantity, market.quantity_decimals), *amounts))
    assert [tuple(row.values()) for row in records(day, "market/lots", market="SUIUSDT")] == expected


@pytest.mark.parametrize("event", EVENTS)
def test_liquidations_and_who_absorbed_them(day: Served, truth: Truth, event: int) -> None:
    expected: list[tuple[str, ...]] = []
    lots: list[list[int]] = []
    of_lot: dict[int, Counter[str]] = {}
    for step in truth.until(event):
        for effect in step.transition.receipt.effects:
            match effect:
                case DomainLiquidated(domain=domain, equity=equity, maintenance=maintenance):
                    where = "cross" if domain.is_cross else f"{domain.market} {domain.side}"
                    owner = str(step.number), step.record.ts or "", domain.account, where, domain.asset
                    expected.append((*owner, money(equity), money(maintenance)))
                    lots.append([])
                case LotOpened(lot=lot):
                    lots[-1].append(lot.id)
                    of_lot[lot.id] = Counter()
                case Transferred(rule="WTF-01", source=source, target=target, amount=amount):
                    of_lot[target.lot][source.kind] += amount
                case Transferred(rule="LIQ-05", source=source, target=target, amount=amount) if source.lot:
                    of_lot[source.lot]["profit"] += amount * (target.kind == "reserve")
                case Deleveraged(lot=number, loss=loss):
                    of_lot[number]["deleveraging"] += loss
                case _:
                    pass
    whole = []
    for row, numbers in zip(expected, lots, strict=True):
        sums: Counter[str] = sum((of_lot[number] for number in numbers), Counter())
        kinds = ("profit", "reserve", "insurance", "relief", "deleveraging")
        whole.append((*row, str(len(numbers)), *(money(sums[kind]) for kind in kinds)))
    shown = [tuple(row.values()) for row in records(day, "liquidations/liquidations", at=event)]
    assert shown == whole[::-1]
    so_far = borne(truth.until(event))
    absorbed = {
        row["bearer"].partition(",")[0]: row["amount"] for row in records(day, "liquidations/absorbed", at=event)
    }
    names = {"Reserves": "reserve", "Insurance fund": "insurance", "Relief": "relief", "Deleveraging": "deleveraging"}
    names |= {"House": "house", "Levy": "levy"}
    assert absorbed == ({name: money(so_far[kind]) for name, kind in names.items()} if so_far else {})


def test_what_a_liquidation_cost_others_is_the_sum_of_what_each_bore(day: Served, truth: Truth) -> None:
    event = 2154
    shown = records(day, "liquidations/liquidations", at=event)
    numbered = {str(place): row for place, row in enumerate(reversed(shown), 1)}
    digits = {name: market.quantity_decimals for name, market in truth.states[event].markets.items()}
    names = {"reserve gained": "profit", "Reserves": "reserve", "Insurance fund": "insurance", "Relief": "relief"}
    for number in ("1", "9", str(len(shown))):
        row = numbered[number]
        opened = [
            (str(lot.id), lot.market, decimal_text(lot.quantity, digits[lot.market]), money(effect.cost))
            for step in truth.until(event)
            for effect in step.transition.receipt.effects
            if isinstance(effect, LotOpened)
            for lot in [effect.lot]
            if str(step.number) == row["event"] and lot.account == row["account"]
        ]
        taken = records(day, "liquidations/taken", at=event, liquidation=number)
        assert [(one["lot"], one["market"], one["quantity"], one["cost"]) for one in taken] == opened
        sums: Counter[str] = Counter()
        for one in records(day, "liquidations/borne", at=event, liquidation=number):
            sums[names.get(one["bearer"], "deleveraging")] += int(one["amount"].replace(".", ""))
            assert one["lot"] in {lot for lot, *_ in opened}
        assert {kind: row[kind] for kind in (*names.values(), "deleveraging")} == {
            kind: money(sums[kind]) for kind in (*names.values(), "deleveraging")
        }
    later = f"After event 1500 there is no liquidation {len(shown)}."
    answer = day.get(f"/liquidations?liquidation={len(shown)}&at=1500")
    assert (answer.status_code, later in answer.text) == (404, True)


@pytest.mark.parametrize("event", EVENTS[1:])
def test_what_a_stage_holds_is_explained(day: Served, truth: Truth, event: int) -> None:
    state, so_far = truth.states[event], borne(truth.until(event))
    reserves = sum(state.balance(ledger.reserve(name)) for name in state.markets)
    insurance, relief, house = (state.balance(fund("USDT")) for fund in (ledger.insurance, ledger.relief, ledger.house))
    came = [came_in(truth.until(event), f"{fund}:USDT") for fund in ("insurance", "house")]
    back = f" - {money(so_far['returned'])} given back" if so_far["returned"] else ""
    told = [
        f"net deposits: {money(-state.balance(ledger.external('USDT')))}, all that was paid in less all paid out",
        f"Deleveraging: {money(so_far['deleveraging'])} passed on [ADL-01]",
        f"Levy on all equity: {money(so_far['returned'])} given back, {money(so_far['levy'])} levied [LVY-01]",
    ]
    for title, held, flow_in, flow_out, clause in (
        ("Reserves", reserves, (so_far["profit"], "profit of lots"), (so_far["reserve"], "drawn"), "WTF-01"),
        ("Insurance fund", insurance, (came[0], "came in"), (so_far["insurance"], "drawn"), "WTF-01"),
        ("Relief", relief, (so_far["levy"], "levied"), (so_far["relief"], f"drawn{back}"), "LVY-02"),
        ("House", house, (came[1], "came in, net"), (so_far["house"], "paid for losses"), "LVY-01"),
    ):
        flows = f"{money(flow_in[0])} {flow_in[1]} - {money(flow_out[0])} {flow_out[1]}"
        told.append(f"{title}: {money(held)} = {money(0)} at the start + {flows} [{clause}]")
    page = day.get(f"/overview?at={event}").text
    assert [line for line in told if f"<bdi>{line}</bdi>" not in page] == []


@pytest.mark.parametrize("event", EVENTS)
def test_invariants_and_their_sides(day: Served, truth: Truth, event: int) -> None:
    verdicts = {row["invariant"]: row["verdict"] for row in records(day, "invariants/verdicts", at=event)}
    of_events = ("INV-07", "INV-08", "INV-09", "INV-10") if event == 0 else ()
    assert verdicts == {one: "not checked" if one in of_events else "holds" for one in invariant_sentences()}
    expected = [(*one.row[:5], one.row[5] or None, one.row[6]) for one in sides_of(truth.states[event])]
    shown = [tuple(row.values()) for row in records(day, "invariants/sides", at=event)]
    left_out = [row for row in expected if row[0] not in of_events]
    assert sorted(shown, key=repr) == sorted(left_out, key=repr)


# ----------------------------------------------------------------- the pages themselves


class Tables(HTMLParser):
    """The tables of a page: by the id of their section, the texts of the cells of their rows."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self._section, self._in_cell = "", False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        if tag == "section" and given.get("class") == "sheet":
            self._section = given["id"] or ""
            self.tables[self._section] = []
        if tag == "figure":
            self._section = ""
        if self._section and tag == "tr":
            self.tables[self._section].append([])
        if tag in ("td", "th") and self._section:
            self._in_cell = True
            self.tables[self._section][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._in_cell = False
        if tag == "table":
            self._section = ""

    def handle_data(self, text: str) -> None:
        if self._in_cell and self._section:
            self.tables[self._section][-1][-1] += text.strip()


NOTHING = "\N{EN DASH}"
PAGES_WITH_TABLES: dict[str, dict[str, Any]] = {
    "overview": {"at": 2154},
    "market": {"market": "SUIUSDT", "at": 2154},
    "liquidations": {"at": 2154},
    "invariants": {"at": 2154},
    "theorems": {"clause": "WTF-01"},
}


@pytest.mark.parametrize("page", PAGES_WITH_TABLES)
def test_a_page_shows_what_its_files_have(day: Served, page: str) -> None:
    asked = PAGES_WITH_TABLES[page]
    query = "&".join(f"{name}={text}" for name, text in asked.items())
    parser = Tables()
    parser.feed(day.get(f"/{page}?{query}").text)
    for name, (_, *rows) in {name: rows for name, rows in parser.tables.items() if rows}.items():
        listed = records(day, f"{page}/{name}", **asked)
        assert rows == [[NOTHING if cell is None else cell for cell in row.values()] for row in listed][:50], name
        text = day.get(f"/{page}/{name}.csv?{query}").text
        assert list(csv.DictReader(io.StringIO(text))) == [
            {head: cell or "" for head, cell in row.items()} for row in listed
        ]


def test_a_file_is_named_after_its_event(day: Served) -> None:
    headers = day.get("/overview/markets.csv?at=17").headers
    assert headers["content-disposition"] == 'attachment; filename="overview-markets-17.csv"'
    assert headers["content-type"] == "text/csv; charset=utf-8"
