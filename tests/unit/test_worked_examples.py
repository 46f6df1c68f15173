"""Worked examples that venues and papers published, answered by the rules themselves."""

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from immutables import Map

from marginspec import ledger
from marginspec.account import DomainKey, Lot, PositionKey
from marginspec.bands import bankruptcy_price, liquidation_band
from marginspec.deleveraging import Ranked, binance_score, compare_ranked, entry_is_no_worse, score_of
from marginspec.funding import funding_due
from marginspec.ledger import LedgerAccount
from marginspec.liquidation import take_over
from marginspec.margin import domain_margin, is_healthy, position_margin
from marginspec.market import FeeTerms, Market, TierTable, TierTerms, tier_table
from marginspec.receipts import LotOpened
from marginspec.state import Header, Profile, State
from marginspec.trading import released_cost
from marginspec.transaction import Transaction
from marginspec.units import Money, Price, Quantity, Rate, share_pro_rata
from marginspec.waterfall import draw_amounts, lots_unrealised
from marginspec_journal.decimals import decimal_text, parse_decimal
from marginspec_journal.strict_json import Node
from marginspec_tools.calc import Question, question_of

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "worked_examples.json").read_text("utf-8"))
RESTATED = [{"id": one["id"], **one["restated"]} for one in VECTORS["wrong_sources"] if one["restated"]]
EXAMPLES = [*VECTORS["covered"], *RESTATED]
MONEY_DIGITS = 8

Json = dict[str, Any]
Answers = tuple[Json, Fraction]
"""The answers to a question, and one unit of the grid on which they lie."""


def money(text: str) -> Money:
    return Money(parse_decimal(text))


def scaled(text: str, digits: int) -> int:
    number = Fraction(text) * 10**digits
    assert number.denominator == 1, text
    return int(number)


def shown(quanta: int) -> str:
    return decimal_text(quanta, MONEY_DIGITS)


def table(rows: list[Json]) -> TierTable:
    terms = (
        TierTerms(parse_decimal(row["floor"]), row["max_leverage"], parse_decimal(row["maintenance_rate"]))
        for row in rows
    )
    return tier_table(terms, MONEY_DIGITS)


PLAIN_TIERS = [{"floor": "0", "max_leverage": 1, "maintenance_rate": "0.01"}]


def market_of(inputs: Json, mark: str) -> Market:
    """A market without tick or fees of its own."""
    nothing = Rate(0)
    prices, quantities = inputs["price_decimals"], inputs["quantity_decimals"]
    fees = FeeTerms(nothing, nothing, nothing, nothing)
    per_unit = 10 ** (MONEY_DIGITS - prices - quantities)
    tiers, price = table(inputs.get("tiers", PLAIN_TIERS)), Price(scaled(mark, prices))
    return Market("M", "USDT", prices, quantities, per_unit, Price(1), tiers, fees, price)


def question(inputs: Json) -> Question:
    """A domain question, as `marginspec calc` builds it."""
    markets = {name: {"asset": "USDT", **market} for name, market in inputs["markets"].items()}
    asked = {"id": "q", "kind": "band", "markets": markets, "domain": inputs["domain"], "market": inputs["market"]}
    return question_of(Node("worked_examples.json", None, "", asked), "q")


def quantum() -> Fraction:
    return Fraction(1, 10**MONEY_DIGITS)


def tier(inputs: Json) -> Answers:
    held = table(inputs["tiers"]).holding(money(inputs["notional"]))
    return {"maintenance_rate": shown(held.maintenance_rate), "deduction": decimal_text(held.deduction, 16)}, quantum()


def deductions(inputs: Json) -> Answers:
    return {"deductions": [decimal_text(row.deduction, 16) for row in table(inputs["tiers"]).tiers]}, quantum()


def domain_figures(inputs: Json) -> Answers:
    asked = question(inputs)
    margin = domain_margin(asked.state, asked.domain)
    unrealised = sum(position_margin(asked.state, one).unrealised for one in asked.positions())
    figures = {
        "equity": shown(margin.equity), "maintenance": shown(margin.maintenance), "initial": shown(margin.initial),
        "unrealized_pnl": shown(unrealised), "healthy": is_healthy(margin),
    }  # fmt: skip
    return figures, quantum()


def band(inputs: Json) -> Answers:
    asked = question(inputs)
    found = liquidation_band(asked.state, asked.domain, asked.market.id)
    bankruptcy = bankruptcy_price(asked.state, asked.domain, asked.market.id)
    prices = {
        "liquidation_price_below": asked.price(found.lower), "liquidation_price_above": asked.price(found.upper),
        "bankruptcy_price": asked.price(bankruptcy),
    }  # fmt: skip
    return prices, Fraction(1, 10**asked.market.price_decimals)


def adl_score(inputs: Json) -> Answers:
    asked = question(inputs)
    (key,) = asked.positions()
    margin, position = domain_margin(asked.state, asked.domain), position_margin(asked.state, key)
    score = score_of(asked.state, key, asked.domain)
    ratio = binance_score(position.unrealised, margin.cash, Money(1), Money(1), 10**MONEY_DIGITS)
    exact = Fraction(score.numerator, score.denominator), Fraction(ratio.numerator, ratio.denominator)
    return {"score": exact[0], "pnl_ratio": exact[1]}, quantum()


def takeover(inputs: Json) -> Answers:
    asked = question(inputs)
    transaction = Transaction(asked.state)
    transaction.settling, transaction.event_market = True, asked.market.id
    take_over(transaction, asked.domain)
    opened = [effect for effect in transaction.effects if isinstance(effect, LotOpened)]
    return {"lot_costs": {effect.lot.market: shown(effect.cost) for effect in opened}}, quantum()


def lots_pnl(inputs: Json) -> Answers:
    figures = []
    for step in inputs["steps"]:
        market = market_of(inputs, step["mark"])
        lots, costs = {}, {}
        for number, lot in enumerate(step["lots"], 1):
            quantity = Quantity(scaled(lot["quantity"], market.quantity_decimals))
            lots[number] = Lot(number, "a", "M", "BOTH", "cross", quantity, "takeover")
            costs[ledger.lot(number)] = Money(-money(lot["cost"]))
        state = State(markets=Map({"M": market}), lots=Map(lots), lots_in=Map({"M": tuple(lots)}), ledger=Map(costs))
        figures.append(shown(lots_unrealised(state, market)))
    return {"unrealized_pnl": figures}, quantum()


def fill(inputs: Json) -> Answers:
    market = market_of(inputs, "1")
    held, cost = scaled(inputs["lot"]["quantity"], market.quantity_decimals), money(inputs["lot"]["cost"])
    sign, realised, left, total = (1 if held > 0 else -1), [], [], 0
    for one in inputs["fills"]:
        part = scaled(one["quantity"], market.quantity_decimals)
        value = market.value(Price(scaled(one["price"], market.price_decimals)), Quantity(sign * part))
        released = released_cost(cost, Quantity(abs(held)), Quantity(part))
        held, cost, total = held - sign * part, Money(cost - released), total + value - released
        realised.append(shown(total))
        left.append(decimal_text(held, market.quantity_decimals))
    return {"realised": realised, "left": left}, quantum()


def cost_released(inputs: Json) -> Answers:
    digits = inputs["decimals"]
    size, part = Quantity(int(inputs["size"])), Quantity(int(inputs["part"]))
    released = released_cost(Money(scaled(inputs["cost"], digits)), size, part)
    return {"released": decimal_text(released, digits)}, Fraction(0)


def waterfall(inputs: Json) -> Answers:
    reserve, insurance, unpaid = money(inputs["reserve"]), money(inputs["insurance"]), 0
    for loss in inputs["losses"]:
        drawn = draw_amounts(money(loss), reserve, insurance)
        reserve, insurance = Money(reserve - drawn[0]), Money(insurance - drawn[1])
        unpaid += money(loss) - sum(drawn)
    return {"insurance_after": shown(insurance), "unpaid": shown(unpaid)}, quantum()


def share(inputs: Json) -> Answers:
    digits, claims = inputs["decimals"], inputs["claims"]
    weights = tuple(Fraction(claim["weight"]) for claim in claims)
    common = 10 ** max(len(claim["weight"].partition(".")[2]) for claim in claims)
    shares = share_pro_rata(Money(scaled(inputs["amount"], digits)), tuple(int(weight * common) for weight in weights))
    named = zip(claims, shares, strict=True)
    return {"shares": {claim["claim"]: decimal_text(part, digits) for claim, part in named}}, Fraction(0)


def funding(inputs: Json) -> Answers:
    quantity = Quantity(scaled(inputs["quantity"], inputs["quantity_decimals"]))
    cash, cost, figures = money(inputs["cash"]), money(inputs["cost"]), []
    for step in inputs["steps"]:
        market = market_of(inputs, step["mark"])
        value = market.value(market.marked(), quantity)
        cash = Money(cash - funding_due(value, Rate(parse_decimal(step["rate"]))))
        figures.append(shown(cash + value - cost))
    return {"equity": figures}, quantum()


def adl_queue(inputs: Json) -> Answers:
    market = market_of(inputs["market"], inputs["market"]["mark"])
    positions, balances, domains = {}, {}, {}
    for one in inputs["accounts"]:
        held = one["position"]
        key = PositionKey(one["account"], "M", held["side"])
        quantity = Quantity(scaled(held["quantity"], market.quantity_decimals))
        entry = Price(scaled(held["entry"], market.price_decimals))
        positions[key], domains[key] = quantity, DomainKey(one["account"], "USDT")
        balances[ledger.wallet(one["account"], "USDT")] = money(one["cash"])
        balances[ledger.position(*key)] = Money(-market.value(entry, quantity))
    state = State(
        header=Header(Profile(adl_ranking=inputs["ranking"])),
        markets=Map({"M": market}),
        ledger=Map[LedgerAccount, Money](balances),
        positions=Map(positions),
        positions_of=Map({domain: (key,) for key, domain in domains.items()}),
        positions_in=Map({"M": Map(domains)}),
    )
    ranked = [Ranked(key, score_of(state, key, domain)) for key, domain in domains.items()]
    order = sorted(ranked, key=lambda one: sum(compare_ranked(other, one) < 0 for other in ranked if other != one))
    return {"order": [one.key.account for one in order]}, Fraction(0)


def adl_eligibility(inputs: Json) -> Answers:
    market = market_of(inputs, inputs["mark"])
    held, size = (Quantity(scaled(inputs[one]["quantity"], market.quantity_decimals)) for one in ("position", "lot"))
    cost, lot_cost = money(inputs["position"]["cost"]), money(inputs["lot"]["cost"])
    part = Quantity(min(abs(held), abs(size)))
    closed = released_cost(lot_cost, Quantity(abs(size)), part)
    figures = {
        "unrealized_pnl": shown(market.value(market.marked(), held) - cost),
        "realised_at_bankruptcy": shown(-closed - released_cost(cost, Quantity(abs(held)), part)),
        "eligible": entry_is_no_worse(held, cost, size, lot_cost),
    }
    return figures, quantum()


ANSWERS: dict[str, Callable[[Json], Answers]] = {
    "tier": tier, "deductions": deductions, "maintenance": domain_figures, "initial": domain_figures,
    "unrealized_pnl": domain_figures, "trigger": domain_figures, "band": band, "bankruptcy": band,
    "adl_score": adl_score, "takeover": takeover, "lots_pnl": lots_pnl, "fill": fill, "released_cost": cost_released,
    "waterfall": waterfall, "share": share, "funding": funding, "adl_queue": adl_queue,
    "adl_eligibility": adl_eligibility,
}  # fmt: skip


def agrees(expected: Any, answer: Any, allowed: Fraction) -> bool:
    """Whether an answer is what a source prints, as far as the source can say."""
    if isinstance(expected, list):
        return len(expected) == len(answer) and all(
            agrees(one, other, allowed) for one, other in zip(expected, answer, strict=True)
        )
    if isinstance(expected, dict):
        return all(agrees(value, answer[name], allowed) for name, value in expected.items())
    if expected is None or isinstance(expected, bool) or answer is None:
        return bool(expected is answer)
    return abs(Fraction(expected) - Fraction(answer)) <= allowed


@pytest.mark.rule(
    "NUM-02", "MKT-02", "ACC-02", "ACC-03", "MRG-01", "MRG-02", "MRG-04", "MRG-05", "MRG-07", "MRG-08", "FND-01",
    "LIQ-03", "LIQ-05", "WTF-01", "WTF-02", "ADL-02", "ADL-03", "ADL-04",
)  # fmt: skip
@pytest.mark.parametrize("example", EXAMPLES, ids=[one["id"] for one in EXAMPLES])
def test_the_rules_give_what_the_source_prints(example: Json) -> None:
    answers, grid = ANSWERS[example["kind"]](example["inputs"])
    for name, expected in example["expected"].items():
        if name == "order":
            assert answers[name] == expected
            continue
        unit = Fraction(example.get("tolerance", {}).get(name) or example["unit"].get(name, "0"))
        exact = example.get("tolerance", {}).get(name) == "0"
        allowed = Fraction(0) if exact else max(unit, grid)
        assert agrees(expected, answers[name], allowed), (name, expected, answers[name])


def test_every_example_stands_once_and_is_accounted_for() -> None:
    lists = ("covered", "wrong_sources", "not_covered")
    ids = [one["id"] for name in lists for one in VECTORS[name]]
    assert (len(ids), len(set(ids))) == (155, 155)
    assert all(one["reason"] for one in VECTORS["not_covered"])
    assert all(one["says"] and one["right"] and one["why"] for one in VECTORS["wrong_sources"])
    assert {one["kind"] for one in EXAMPLES} == set(ANSWERS)


def test_the_comparison_can_fail() -> None:
    unit = Fraction(1, 100)
    assert agrees("1.00", "1.01", unit)
    assert not agrees("1.00", "1.02", unit)
    assert not agrees(None, "1", unit)
    assert not agrees("1", None, unit)
    assert not agrees(["1"], [], unit)
    assert not agrees({"a": "1"}, {"a": "2"}, unit)
    assert not agrees(False, True, unit)
