"""Worked examples that venues and papers published, answered by the rules themselves."""

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import attrs
import pytest
from immutables import Map

from marginspec.handlers.funding import funding as pay_funding
from marginspec.handlers.markets import set_mark
from marginspec.handlers.trading import trade_fee
from marginspec.margin.bands import bankruptcy_price, liquidation_band
from marginspec.margin.closing import released_cost
from marginspec.margin.margin import cost_of, domain_initial, domain_margin, is_healthy, lot_cost, position_margin
from marginspec.model import ledger
from marginspec.model.account import Direction, DomainKey, PositionKey, Setting
from marginspec.model.effects import FundStatus, LotOpened
from marginspec.model.market import FeeTerms, Market, TierTable, TierTerms, list_market, tier_table
from marginspec.model.state import Header, Profile, State
from marginspec.model.units import FLAT, RATE_ONE, Decimal8, Money, Price, Quantity, Rate, share_pro_rata
from marginspec.settlement.deleveraging import Step, deleverage, entry_is_no_worse, queue_of, score_of
from marginspec.settlement.liquidation import take_over
from marginspec.settlement.rankings import Score, binance_score
from marginspec.settlement.waterfall import draw_amounts, lots_unrealised
from marginspec.transaction import Transaction
from marginspec_conformance.generator.events import (
    ASSET,
    decimal,
    deposit,
    fill,
    fund,
    funding,
    leverage,
    listing,
    mark,
    trade,
)
from worlds.states import cross, key, settled

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "worked_examples.json").read_text("utf-8"))
WRONG = {one["id"]: one for one in VECTORS["wrong_sources"]}
RESTATED = [{"id": one["id"], **one["restated"]} for one in VECTORS["wrong_sources"] if one["restated"]]
EXAMPLES = [*VECTORS["covered"], *RESTATED]
DIFFERENCES = VECTORS["venue_differences"]

DIGITS = 8
EXACT = Fraction(0)
QUANTUM = Fraction(1, 10**DIGITS)
PLENTY = "1000000"
PLAIN_TIERS = [{"floor": "0", "max_leverage": 1, "maintenance_rate": "0.01"}]

Json = dict[str, Any]
Answers = tuple[Json, Fraction]
"""The answers to a question, and one unit of the grid on which they lie; EXACT if the rule has none."""

# ------------------------------------------------------------------- reading


def scaled(text: str, digits: int) -> int:
    number = Fraction(text) * 10**digits
    assert number.denominator == 1, text
    return int(number)


def money(text: str) -> Money:
    return Money(scaled(text, DIGITS))


def lots_in(market: Market, text: str) -> Quantity:
    return Quantity(scaled(text, market.quantity_decimals))


def amount(quanta: int) -> Fraction:
    return quanta * QUANTUM


def fine_amount(parts: int) -> Fraction:
    """A deduction, which counts 1e-8 of a quantum."""
    return amount(parts) / RATE_ONE


def price_shown(price: Price | None, market: Market) -> Fraction | None:
    return None if price is None else price * price_unit(market)


def price_unit(market: Market) -> Fraction:
    return Fraction(1, 10**market.price_decimals)


def exactly(score: Score) -> Fraction:
    return Fraction(score.numerator, score.denominator)


# ------------------------------------------------------------------- building


def terms(rows: list[Json]) -> tuple[TierTerms, ...]:
    return tuple(
        TierTerms(decimal(row["floor"]), row["max_leverage"], decimal(row["maintenance_rate"])) for row in rows
    )


def table(rows: list[Json]) -> TierTable:
    return tier_table(terms(rows), DIGITS)


def market_of(inputs: Json, at: str, name: str = "A") -> Market:
    """A market at its mark, without fees, and with every price on its tick."""
    prices, quantities = inputs["price_decimals"], inputs["quantity_decimals"]
    finest = Decimal8(10 ** (DIGITS - prices))
    free = FeeTerms(*4 * (Rate(0),))
    rows = terms(inputs.get("tiers", PLAIN_TIERS))
    listed = list_market(name, ASSET, DIGITS, prices, quantities, finest, free, rows)
    return attrs.evolve(listed, mark=Price(scaled(at, prices)))


class Building:
    """A state in the making. The rules' own transaction books and indexes it; all money is from outside."""

    def __init__(self, *markets: Market, ranking: str = "binance") -> None:
        header = Header(Profile(adl_ranking="bitmex" if ranking == "bitmex" else "binance"))
        self.transaction = Transaction(State(header=header, markets=Map({market.id: market for market in markets})))

    def account(self, name: str, cash: str) -> None:
        self.transaction.accounts = self.transaction.accounts.set(name, "one_way")
        self.transaction.move(ASSET, ledger.external(ASSET), ledger.wallet(name, ASSET), money(cash), "ACC-01")

    def position(self, owner: PositionKey, quantity: Quantity, cost: Money, leverage: int | None = None) -> None:
        pair = (owner.account, owner.market)
        self.transaction.settings = self.transaction.settings.set(pair, Setting(None, leverage))
        self.transaction.move(ASSET, ledger.position(*owner), ledger.external(ASSET), cost, "ACC-02")
        self.transaction.set_position(owner, cross(owner.account), quantity)

    def held(self, account: str, stated: Json) -> None:
        """A position with its entry price and leverage, in a market of its own name, else in the only one."""
        market = self.transaction.markets[stated.get("market", "A")]
        assert stated["side"] == "BOTH"
        quantity = lots_in(market, stated["quantity"])
        cost = market.value(Price(scaled(stated["entry"], market.price_decimals)), quantity)
        self.position(key(account, market.id), quantity, cost, stated["leverage"])

    def lot(self, quantity: Quantity, cost: Money) -> None:
        taken = self.transaction.open_lot(key("gone"), "cross", quantity, cost, "takeover")
        self.transaction.move(ASSET, ledger.lot(taken.id), ledger.external(ASSET), cost, "LIQ-03")

    def state(self) -> State:
        return self.transaction.commit()


@attrs.frozen
class Question:
    """A state with the domain that is asked about, and the market."""

    state: State
    domain: DomainKey
    market: Market

    def position(self) -> PositionKey:
        (asked,) = self.state.positions_in[self.market.id]
        return asked


def question(inputs: Json) -> Question:
    markets = {name: market_of(one, one["mark"], name) for name, one in inputs["markets"].items()}
    building = Building(*markets.values())
    building.account("domain", inputs["domain"]["cash"])
    for position in inputs["domain"]["positions"]:
        building.held("domain", position)
    return Question(building.state(), cross("domain"), markets[inputs["market"]])


# ------------------------------------------------------------------- asking


def tier_answers(inputs: Json) -> Answers:
    tier = table(inputs["tiers"]).holding(money(inputs["notional"]))
    rate = Fraction(tier.maintenance_rate, RATE_ONE)
    return {"maintenance_rate": rate, "deduction": fine_amount(tier.deduction)}, EXACT


def deductions_answers(inputs: Json) -> Answers:
    return {"deductions": [fine_amount(tier.deduction) for tier in table(inputs["tiers"]).tiers]}, EXACT


def domain_answers(inputs: Json) -> Answers:
    asked = question(inputs)
    margin = domain_margin(asked.state, asked.domain)
    initial = domain_initial(asked.state, margin)
    figures = {
        "equity": amount(margin.equity),
        "maintenance": amount(margin.maintenance),
        "initial": amount(initial),
        "covers_initial": margin.equity >= initial,
        "unrealized_pnl": amount(position_margin(asked.state, asked.position()).unrealised),
        "healthy": is_healthy(margin),
    }
    return figures, QUANTUM


def price_answers(inputs: Json) -> Answers:
    asked = question(inputs)
    band = liquidation_band(asked.state, asked.domain, asked.market.id)
    prices = {
        "liquidation_price_below": price_shown(band.lower, asked.market),
        "liquidation_price_above": price_shown(band.upper, asked.market),
        "bankruptcy_price": price_shown(bankruptcy_price(asked.state, asked.domain, asked.market.id), asked.market),
    }
    return prices, price_unit(asked.market)


def score_answers(inputs: Json) -> Answers:
    asked = question(inputs)
    position, margin = position_margin(asked.state, asked.position()), domain_margin(asked.state, asked.domain)
    # With maintenance equal to equity the score is its first factor, the PnL ratio.
    ratio = binance_score(position.unrealised, margin.cash, Money(1), Money(1), 10**DIGITS)
    score = score_of(asked.state, asked.position(), asked.domain)
    return {"score": exactly(score), "pnl_ratio": exactly(ratio)}, EXACT


def takeover_answers(inputs: Json) -> Answers:
    asked = question(inputs)
    transaction = Transaction(asked.state)
    transaction.event_market = asked.market.id
    take_over(transaction, asked.domain)
    costs = {lot.market: lot_cost(transaction, lot.id) for lot in transaction.lots.values()}
    opened = [effect for effect in transaction.effects if isinstance(effect, LotOpened)]
    assert {effect.lot.market: effect.cost for effect in opened} == costs, "the receipt and the ledger agree"
    return {"lot_costs": {name: amount(cost) for name, cost in costs.items()}}, QUANTUM


def lots_answers(inputs: Json) -> Answers:
    sums = []
    for step in inputs["steps"]:
        market = market_of(inputs, step["mark"])
        building = Building(market)
        for lot in step["lots"]:
            building.lot(lots_in(market, lot["quantity"]), money(lot["cost"]))
        sums.append(amount(lots_unrealised(building.state(), market)))
    return {"unrealized_pnl": sums}, QUANTUM


def fill_answers(inputs: Json) -> Answers:
    """Fills as events at their own mark, against a rich maker; what the funds gain or lose is what is realised."""
    market = market_of(inputs, inputs["fills"][0]["price"])
    quantity, cost = lots_in(market, inputs["lot"]["quantity"]), money(inputs["lot"]["cost"])
    side: Direction = "long" if quantity > 0 else "short"
    building = Building(market)
    building.account("maker", PLENTY)
    building.account("other", PLENTY)
    building.position(key("other"), Quantity(-quantity), Money(-cost))
    building.lot(quantity, cost)
    state = settled(fund(PLENTY), state=building.state())
    realised, left = [], []
    for one in inputs["fills"]:
        taken = fill("maker", one["quantity"], one["price"], side)
        state = settled(mark(one["price"]), taken, state=state)
        funds = state.fund_status.get(market.id, FundStatus())
        realised.append(amount(funds.inflow - funds.outflow - funds.insurance_drawn))
        open_lots = [lot.quantity for lot in state.lots.values()]
        left.append(Fraction(sum(open_lots, FLAT), 10**market.quantity_decimals))
    return {"realised": realised, "left": left}, QUANTUM


def released_answers(inputs: Json) -> Answers:
    digits = inputs["decimals"]
    size, part = Quantity(int(inputs["size"])), Quantity(int(inputs["part"]))
    released = released_cost(Money(scaled(inputs["cost"], digits)), size, part)
    return {"released": Fraction(released, 10**digits)}, Fraction(1, 10**digits)


def waterfall_answers(inputs: Json) -> Answers:
    reserve, insurance, unpaid = money(inputs["reserve"]), money(inputs["insurance"]), 0
    for loss in inputs["losses"]:
        from_reserve, from_insurance, _ = draw_amounts(money(loss), reserve, insurance, Money(0))
        reserve, insurance = Money(reserve - from_reserve), Money(insurance - from_insurance)
        unpaid += money(loss) - from_reserve - from_insurance
    return {"insurance_after": amount(insurance), "unpaid": amount(unpaid)}, QUANTUM


def share_answers(inputs: Json) -> Answers:
    digits, claims = inputs["decimals"], inputs["claims"]
    weights = tuple(scaled(claim["weight"], DIGITS) for claim in claims)
    shares = share_pro_rata(Money(scaled(inputs["amount"], digits)), weights)
    named = zip(claims, shares, strict=True)
    return {"shares": {claim["claim"]: Fraction(share, 10**digits) for claim, share in named}}, Fraction(1, 10**digits)


def funding_answers(inputs: Json) -> Answers:
    """Marks and funding payments without the settlement that follows them, which would liquidate."""
    market = market_of(inputs, inputs["steps"][0]["mark"])
    building = Building(market)
    building.account("domain", inputs["cash"])
    building.account("other", PLENTY)
    held, cost = lots_in(market, inputs["quantity"]), money(inputs["cost"])
    building.position(key("domain"), held, cost)
    building.position(key("other"), Quantity(-held), Money(-cost))
    transaction = Transaction(building.state())
    equities = []
    for step in inputs["steps"]:
        set_mark(transaction, mark(step["mark"]))
        pay_funding(transaction, funding(step["rate"]))
        equities.append(amount(domain_margin(transaction, cross("domain")).equity))
    return {"equity": equities}, QUANTUM


def queue_answers(inputs: Json) -> Answers:
    market = market_of(inputs["market"], inputs["market"]["mark"])
    building = Building(market, ranking=inputs["ranking"])
    for one in inputs["accounts"]:
        building.account(one["account"], one["cash"])
        building.held(one["account"], one["position"])
    state = building.state()
    sides = (queue_of(state, market.id, "long"), queue_of(state, market.id, "short"))
    (queue,) = (side for side in sides if side)
    return {"order": [ranked.key.account for ranked in queue]}, EXACT


def eligibility_answers(inputs: Json) -> Answers:
    """Whether the rule allows the pair, and what the step would realise if it were taken all the same."""
    market = market_of(inputs, inputs["mark"])
    winner, stated = key("winner"), inputs["position"]
    building = Building(market)
    building.account("winner", PLENTY)
    building.position(winner, lots_in(market, stated["quantity"]), money(stated["cost"]))
    building.lot(lots_in(market, inputs["lot"]["quantity"]), money(inputs["lot"]["cost"]))
    state = building.state()
    lot, held = state.lots[1], state.positions[winner]
    transaction = Transaction(state)
    size, part = Quantity(abs(lot.quantity)), Quantity(min(abs(lot.quantity), abs(held)))
    value = released_cost(lot_cost(state, lot.id), size, part)
    deleverage(transaction, market, Step(lot, winner, part, value))
    wallet = ledger.wallet("winner", ASSET)
    figures = {
        "unrealized_pnl": amount(position_margin(state, winner).unrealised),
        "realised_at_bankruptcy": amount(transaction.balance(wallet) - state.balance(wallet)),
        "eligible": entry_is_no_worse(held, cost_of(state, winner), lot.quantity, lot_cost(state, lot.id)),
    }
    return figures, QUANTUM


def fee_answers(inputs: Json) -> Answers:
    market = market_of(inputs, inputs["price"])
    value = market.at_mark(lots_in(market, inputs["quantity"]))
    return {"fee": amount(trade_fee(value, Rate(decimal(inputs["rate"]))))}, QUANTUM


def deleveraging_answers(inputs: Json) -> Answers:
    """A short that a mark bankrupts, no funds, and the one counterparty, from whom it had sold."""
    tier = ("0", inputs["max_leverage"], inputs["maintenance_rate"])
    quantity = inputs["liquidated"]["quantity"].removeprefix("-")
    assert quantity != inputs["liquidated"]["quantity"], "the liquidated position is a short"
    state = settled(
        listing(rows=(tier,)),
        mark(inputs["mark_open"]),
        deposit("liquidated", inputs["liquidated"]["cash"]),
        deposit("counterparty", inputs["counterparty"]["cash"]),
        *(leverage(one, inputs["max_leverage"]) for one in ("liquidated", "counterparty")),
        trade("counterparty", "liquidated", quantity, inputs["mark_open"]),
        mark(inputs["mark"]),
        header=Header(),
    )
    wallet = state.balance(ledger.wallet("counterparty", ASSET))
    return {"wallet": amount(wallet), "position": Fraction(state.positions.get(key("counterparty"), FLAT))}, QUANTUM


ANSWERS: dict[str, Callable[[Json], Answers]] = {
    "tier": tier_answers,
    "deductions": deductions_answers,
    "maintenance": domain_answers,
    "initial": domain_answers,
    "unrealized_pnl": domain_answers,
    "trigger": domain_answers,
    "band": price_answers,
    "bankruptcy": price_answers,
    "adl_score": score_answers,
    "takeover": takeover_answers,
    "lots_pnl": lots_answers,
    "fill": fill_answers,
    "released_cost": released_answers,
    "waterfall": waterfall_answers,
    "share": share_answers,
    "funding": funding_answers,
    "adl_queue": queue_answers,
    "adl_eligibility": eligibility_answers,
    "deleveraging": deleveraging_answers,
    "fee": fee_answers,
}

# ------------------------------------------------------------------- comparing


def allowance(example: Json, name: str, grid: Fraction) -> Fraction:
    """How far an answer may be off: a stated tolerance or else the source's last digit, or our own if coarser."""
    stated = example.get("tolerance", {}).get(name)
    if stated == "0":
        return EXACT
    return max(Fraction(stated or example.get("unit", {}).get(name, "0")), grid)


def agrees(expected: Any, answer: Any, allowed: Fraction) -> bool:
    """Whether an answer is what a source prints, as far as the source can say."""
    if isinstance(expected, list):
        return len(expected) == len(answer) and all(
            agrees(one, other, allowed) for one, other in zip(expected, answer, strict=True)
        )
    if isinstance(expected, dict):
        return all(agrees(value, answer[name], allowed) for name, value in expected.items())
    if expected is None or answer is None or isinstance(expected, bool):
        return bool(expected is answer)
    if isinstance(answer, str):
        return bool(expected == answer)
    return abs(Fraction(expected) - Fraction(answer)) <= allowed


# ------------------------------------------------------------------- tests


@pytest.mark.rule(
    "NUM-02", "MKT-02", "ACC-02", "ACC-03", "MRG-01", "MRG-02", "MRG-04", "MRG-05", "MRG-07", "MRG-08", "FND-01",
    "LIQ-03", "LIQ-05", "WTF-01", "WTF-02", "ADL-01", "ADL-02", "ADL-03", "ADL-04", "TRD-01", "TRD-02",
)  # fmt: skip
@pytest.mark.parametrize("example", EXAMPLES, ids=[one["id"] for one in EXAMPLES])
def test_the_rules_give_what_the_source_prints(example: Json) -> None:
    answers, grid = ANSWERS[example["kind"]](example["inputs"])
    for name, expected in example["expected"].items():
        allowed = allowance(example, name, grid)
        assert agrees(expected, answers[name], allowed), (name, expected, answers[name])


@pytest.mark.rule("MRG-05", "MRG-07", "ADL-02")
@pytest.mark.parametrize("example", DIFFERENCES, ids=[one["id"] for one in DIFFERENCES])
def test_where_a_venue_differs_the_rules_say_what_is_written(example: Json) -> None:
    answers, grid = ANSWERS[example["kind"]](example["inputs"])
    for name, ours in example["ours"].items():
        assert agrees(ours, answers[name], EXACT), (name, ours, answers[name])
        assert not agrees(example["expected"][name], answers[name], allowance(example, name, grid))


@pytest.mark.parametrize(
    ("name", "price", "over"), [("orderly-est-2", "21250.9842", "93.69"), ("orderly-est-3", "9102.1737", "-8.19")]
)
def test_how_far_from_maintenance_an_estimated_liquidation_price_is(name: str, price: str, over: str) -> None:
    (example,) = (one for one in DIFFERENCES if one["id"] == name)
    inputs = example["inputs"]
    there = {**inputs["markets"][inputs["market"]], "mark": price}
    answers, _ = domain_answers({**inputs, "markets": {**inputs["markets"], inputs["market"]: there}})
    assert abs(answers["equity"] - answers["maintenance"] - Fraction(over)) < Fraction(1, 100)


SAID: dict[str, Json] = {
    "bin-coinm-lp-stale-cum": {"deduction": "11.81"},
    "ft-bin-S-3x-10-1": {"liquidation_price_above": "13.211221122079207"},
    "vega-posr-018": {"left": ["1", "1"]},
    "chitra-bp-E": {"bankruptcy_price": "1.1510"},
    "flox-adl-binance": {"order": ["B", "A"]},
}
"""What wrong sources say of figures that are asked for: what `says` says in words, put as `expected` is."""

ONLY_RIGHT: dict[str, tuple[str, str]] = {"vega-mcal-211": ("85690", "1591590"), "chitra-queue-gap": ("3.2", "4")}
"""Wrong sources of whose disputed figure the rulebook knows nothing: what they say and what is right."""

FINER = 10**6


def times(text: str) -> str:
    return str(Fraction(text) * FINER)


def magnified(inputs: Json) -> Json:
    """The same question with all prices and money in units a million times smaller, so that answers are finer."""
    markets = {
        name: {
            **market,
            "mark": times(market["mark"]),
            "tiers": [{**tier, "floor": times(tier["floor"])} for tier in market["tiers"]],
        }
        for name, market in inputs["markets"].items()
    }
    positions = [{**one, "entry": times(one["entry"])} for one in inputs["domain"]["positions"]]
    domain = {"cash": times(inputs["domain"]["cash"]), "positions": positions}
    return {**inputs, "markets": markets, "domain": domain}


def finest_answers(example: Json) -> Answers:
    """The answers; prices are asked for with six digits more than the market has."""
    answers, grid = ANSWERS[example["kind"]](example["inputs"])
    if ANSWERS[example["kind"]] is not price_answers:
        return answers, grid
    fine, grid = price_answers(magnified(example["inputs"]))
    return {name: None if price is None else price / FINER for name, price in fine.items()}, grid / FINER


@pytest.mark.parametrize("example", [one for one in RESTATED if one["id"] in SAID], ids=list(SAID))
def test_a_wrong_source_does_not_say_what_the_rules_give(example: Json) -> None:
    answers, grid = finest_answers(example)
    for name, said in SAID[example["id"]].items():
        allowed = allowance(example, name, grid)
        assert agrees(example["expected"][name], answers[name], allowed), (name, answers[name])
        assert not agrees(said, answers[name], allowed), (name, said, answers[name])


def test_every_wrong_source_says_what_is_right_and_why() -> None:
    assert set(WRONG) == {*SAID, *ONLY_RIGHT}
    for one in WRONG.values():
        assert one["says"]
        assert one["right"]
        assert one["why"]
        assert one["says"] != one["right"]
    for name, figures in SAID.items():
        for said in figures.values():
            printed = said if isinstance(said, list) else [said]
            assert all(part in WRONG[name]["says"] for part in printed), name
    for name, (said, right) in ONLY_RIGHT.items():
        assert said in WRONG[name]["says"]
        assert WRONG[name]["right"].startswith(right)
        assert Fraction(said) != Fraction(right)


def test_every_example_stands_once_and_is_accounted_for() -> None:
    lists = ("covered", "wrong_sources", "venue_differences", "not_covered")
    ids = [one["id"] for name in lists for one in VECTORS[name]]
    assert (len(ids), len(set(ids))) == (239, 239)
    assert all(one["reason"] for one in VECTORS["not_covered"])


def test_every_kind_and_every_clause_of_the_examples_is_tested() -> None:
    assert {one["kind"] for one in EXAMPLES} == set(ANSWERS)
    marks = getattr(test_the_rules_give_what_the_source_prints, "pytestmark", [])
    (clauses,) = (set(one.args) for one in marks if one.name == "rule")
    assert {clause for one in EXAMPLES for clause in one["clauses"]} <= clauses


def test_the_comparison_can_fail() -> None:
    unit = Fraction(1, 100)
    assert agrees("1.00", Fraction("1.01"), unit)
    assert not agrees("1.00", Fraction("1.0101"), unit)
    assert not agrees(None, Fraction(1), unit)
    assert not agrees("1", None, unit)
    assert not agrees(["1"], [], unit)
    assert not agrees({"a": "1"}, {"a": Fraction(2)}, unit)
    assert not agrees(False, True, unit)
    assert not agrees(["A", "B"], ["B", "A"], unit)


def test_the_coarser_of_both_last_digits_is_allowed() -> None:
    example = {"unit": {"a": "0.01", "b": "0.01", "c": "0.01"}, "tolerance": {"b": "0.5", "c": "0"}}
    assert allowance(example, "a", QUANTUM) == Fraction(1, 100)
    assert allowance(example, "a", Fraction(1)) == 1
    assert allowance(example, "b", QUANTUM) == Fraction(1, 2)
    assert allowance(example, "c", Fraction(1)) == 0
