"""`marginspec calc`: pure questions about one domain, answered by the rulebook's own functions."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn, get_args

import attrs
import click
from immutables import Map

from marginspec import RULEBOOK_VERSION
from marginspec.margin.bands import bankruptcy_price, liquidation_band
from marginspec.margin.margin import domain_initial, domain_margin, is_healthy, position_margin
from marginspec.model import ledger
from marginspec.model.account import DomainKey, PositionKey, PositionMode, Setting
from marginspec.model.ledger import LedgerAccount
from marginspec.model.market import FeeTerms, LimitTerms, Market, list_market
from marginspec.model.rejections import Rejected
from marginspec.model.state import Header, Profile, Ranking, State
from marginspec.model.units import (
    DEFAULT_ASSET_DECIMALS,
    MAX_AMOUNT,
    MAX_LEVERAGE,
    MAX_PRICE,
    MAX_QUANTITY,
    MAX_VALUE,
    MIN_LEVERAGE,
    RATE_ONE,
    WIRE_DECIMALS,
    Decimal8,
    Money,
    Price,
    Quantity,
    Rate,
)
from marginspec.settlement.deleveraging import score_of
from marginspec.settlement.rankings import Score
from marginspec_journal import InputError
from marginspec_journal.decimals import decimal_text
from marginspec_journal.header import check_rulebook
from marginspec_journal.ledger_names import POSITION_SIDES
from marginspec_journal.state_reading import WRONG_SIGN, indexed
from marginspec_journal.strict_json import Node, read_document
from marginspec_tools.calculate.forms import DOMAIN, KINDS, MARKET, POSITION, AskedMarket, Kind
from marginspec_tools.console import Spool, json_option, print_json_line, refuse_parameters
from marginspec_tools.runs import need_fast_engine

CALC_VERSION = 1
ACCOUNT = "domain"
LONGEST_ID = 128

Values = dict[str, Any]


@attrs.frozen
class Question:
    """A question: its id and kind, a state that holds nothing but the domain, and the market asked about."""

    id: str
    kind: Kind
    state: State
    domain: DomainKey
    market: Market

    def positions(self) -> tuple[PositionKey, ...]:
        """The domain's positions in the market asked about, by side."""
        return tuple(sorted(self.state.positions_in.get(self.market.id, ())))

    def money(self, quanta: int) -> str:
        """An amount, exact."""
        return decimal_text(quanta, DEFAULT_ASSET_DECIMALS)

    def price(self, units: Price | None) -> str | None:
        """A price of the market asked about, exact; None if there is none."""
        return None if units is None else decimal_text(units, self.market.price_decimals)


PATH = click.Path(path_type=Path)


@click.command("calc")
@click.argument("file", type=PATH)
@click.option("--markets", type=PATH, metavar="JSON", help="File with the markets, if FILE is Parquet.")
@click.option("--output", type=PATH, metavar="PARQUET", help="Write the answers to this file, if FILE is Parquet.")
@click.option(
    "--ranking",
    type=click.Choice(get_args(Ranking)),
    default="binance",
    show_default=True,
    help="Whose formula ranks positions for auto-deleveraging, if FILE is Parquet.",
)
@json_option
@click.pass_context
def command(
    context: click.Context,
    file: Path,
    markets: Path | None,
    output: Path | None,
    ranking: Any,
    as_json: bool,  # noqa: ARG001 - the answers are lines of JSON in any case
) -> None:
    """Answer the questions in FILE on tiers, margins, liquidation and bankruptcy prices, and deleveraging scores.

    Prints one line of JSON an answer, in the order of the questions, with or without --json.

    FILE may also be Parquet with one row a position: domain, cash, market, quantity, cost and, in hedge mode, side.
    Then --markets names a file with the markets, and --output gets one row a position: margins, health, liquidation
    and bankruptcy prices, rank in its queue. The line printed says how many there are.

    Exit codes: 0 all answered; 2 wrong usage or input, nothing answered.
    """
    if file.suffix == ".parquet":
        print_json_line(answer_positions(file, markets, output, ranking))
        return
    refuse_parameters(context, ["markets", "output", "ranking"], "is only for a FILE that is Parquet")
    for line in [answer(question) for question in read_questions(file)]:
        print_json_line(line)


def answer_positions(file: Path, markets: Path | None, output: Path | None, ranking: Any) -> Values:
    """Answer a file of positions by columns; gives what they come to."""
    if markets is None or output is None:
        raise click.UsageError("a FILE that is Parquet needs --markets and --output")
    need_fast_engine()
    import pyarrow.parquet as pq

    from marginspec_tools.calculate.columns import answer_columns, summary

    with Spool(output, (file, markets)) as spool:
        table = answer_columns(file, read_markets(markets), ranking, os.cpu_count() or 1)
        pq.write_table(table, spool.stream, compression="zstd")
        spool.publish()
    return {"calc": CALC_VERSION, "rulebook": RULEBOOK_VERSION, **summary(table)}


# ------------------------------------------------------------------- answers


def answer(question: Question) -> Values:
    """The line that answers a question."""
    values = ANSWERS[question.kind](question)
    return {"calc": CALC_VERSION, "rulebook": RULEBOOK_VERSION, "id": question.id, "kind": question.kind, **values}


def tier_answer(question: Question) -> Values:
    """Notional of each position, and the tier that holds it."""
    rows: list[Values] = []
    for key in question.positions():
        margin = position_margin(question.state, key)
        tier = margin.tier
        row = {
            "side": key.side,
            "notional": question.money(margin.notional),
            "floor": question.money(tier.floor),
            "max_leverage": tier.max_leverage,
            "maintenance_rate": decimal_text(tier.maintenance_rate, WIRE_DECIMALS),
            "deduction": fine_money(tier.deduction),
        }
        rows.append(row)
    return {"positions": rows}


def fine_money(parts_of_quantum: int) -> str:
    """An amount in 1e-8 of a quantum, exact, with the digits of money and those beyond that it needs."""
    text = decimal_text(parts_of_quantum, DEFAULT_ASSET_DECIMALS + WIRE_DECIMALS)
    beyond = text[-WIRE_DECIMALS:].rstrip("0")
    return text[:-WIRE_DECIMALS] + beyond


def maintenance_answer(question: Question) -> Values:
    """Maintenance margin of the domain."""
    return {"maintenance": question.money(domain_margin(question.state, question.domain).maintenance)}


def initial_answer(question: Question) -> Values:
    """Initial margin of the domain."""
    margin = domain_margin(question.state, question.domain)
    return {"initial": question.money(domain_initial(question.state, margin))}


def band_answer(question: Question) -> Values:
    """The nearest unhealthy prices on both sides of the mark."""
    band = liquidation_band(question.state, question.domain, question.market.id)
    return {
        "liquidation_price_below": question.price(band.lower),
        "liquidation_price_above": question.price(band.upper),
    }


def bankruptcy_answer(question: Question) -> Values:
    """The price at which the domain's equity is zero."""
    price = bankruptcy_price(question.state, question.domain, question.market.id)
    return {"bankruptcy_price": question.price(price)}


def score_answer(question: Question) -> Values:
    """Each position's score by every ranking; none in a domain that is not healthy, which is in no queue."""
    if not is_healthy(domain_margin(question.state, question.domain)):
        return {"positions": []}
    states = {ranking: ranked_by(ranking, question.state) for ranking in get_args(Ranking)}
    rows = [
        {
            "side": key.side,
            **{ranking: fraction(score_of(state, key, question.domain)) for ranking, state in states.items()},
        }
        for key in question.positions()
    ]
    return {"positions": rows}


def ranked_by(ranking: Ranking, state: State) -> State:
    """The state under a ranking."""
    return attrs.evolve(state, header=Header(Profile(adl_ranking=ranking)))


def fraction(score: Score) -> Values:
    """A score as the rules compute it, not reduced."""
    return {"numerator": str(score.numerator), "denominator": str(score.denominator)}


ANSWERS: dict[Kind, Callable[[Question], Values]] = {
    "tier": tier_answer,
    "maintenance": maintenance_answer,
    "initial": initial_answer,
    "band": band_answer,
    "bankruptcy": bankruptcy_answer,
    "adl_score": score_answer,
}


# ------------------------------------------------------------------- questions


def read_markets(path: Path) -> list[Market]:
    """The markets of a file, in the order of their names."""
    fields = read_document(path).record(("calc", "rulebook", "markets"))
    check_versions(fields)
    return [market_of(name, entry) for name, entry in sorted(fields["markets"].named_entries(), key=lambda one: one[0])]


def check_versions(fields: Mapping[str, Node]) -> None:
    """Refuse a file of another version."""
    if fields["calc"].integer() != CALC_VERSION:
        fields["calc"].fail(f"unknown version, expected {CALC_VERSION}")
    check_rulebook(fields["rulebook"])


def read_questions(path: Path) -> tuple[Question, ...]:
    """All questions of a file; whatever is malformed is refused with the question's id and the field."""
    fields = read_document(path).record(("calc", "rulebook", "questions"))
    check_versions(fields)
    questions: dict[str, Question] = {}
    for node in fields["questions"].elements():
        question_id = question_id_of(node)
        if question_id in questions:
            node.child("id").fail(f"another question has the id {question_id!r}")
        try:
            questions[question_id] = question_of(node, question_id)
        except InputError as error:
            # The id says more than the place to whoever wrote many questions.
            raise InputError(
                error.file, error.line, error.field, f"{error.reason} (question {question_id!r})"
            ) from None
    return tuple(questions.values())


def question_id_of(node: Node) -> str:
    """A question's id: any text of 1 to 128 characters."""
    member = node.member("id")
    text = member.text()
    if not 1 <= len(text) <= LONGEST_ID or not text.isprintable():
        member.fail(f"expected 1 to {LONGEST_ID} printable characters")
    return text


def question_of(node: Node, question_id: str) -> Question:
    """One question."""
    fields = node.record(("id", "kind", "markets", "domain", "market"))
    kind = fields["kind"].choice(KINDS)
    markets = {name: market_of(name, entry) for name, entry in fields["markets"].named_entries()}
    asked = known_market(fields["market"], markets)
    state = state_of(fields["domain"], markets, asked)
    return Question(question_id, kind, state, DomainKey(ACCOUNT, asked.asset), asked)


def known_market(node: Node, markets: dict[str, Market]) -> Market:
    """One of the question's markets."""
    name = node.name()
    if name not in markets:
        node.fail(f"{name} is not in the question's markets")
    return markets[name]


def market_of(name: str, node: Node) -> Market:
    """A market at its mark; tick, fees and limits have no part in any answer and may be left out."""
    fields = MARKET.fields(node)
    asked: AskedMarket = MARKET.build(MARKET.values(fields))
    finest = Decimal8(10 ** (WIRE_DECIMALS - min(max(asked.price_decimals, 0), WIRE_DECIMALS)))
    fees = (asked.taker_fee, asked.maker_fee, asked.insurance_fee_share, asked.clearance_fee)
    try:
        market = list_market(
            name,
            asked.asset,
            DEFAULT_ASSET_DECIMALS,
            asked.price_decimals,
            asked.quantity_decimals,
            finest if asked.tick is None else asked.tick,
            FeeTerms(*(Rate(fee or 0) for fee in fees)),
            asked.tiers,
            LimitTerms(asked.price_band, asked.fill_band, asked.funding_cap, asked.position_limit),
        )
    except Rejected as refusal:
        node.fail(f"invalid market: {refusal.reason}")
    mark = fields["mark"].units(asked.price_decimals, least=1, most=MAX_PRICE)
    return attrs.evolve(market, mark=Price(mark))


@attrs.frozen
class Holding:
    """A position of the domain as the question states it."""

    key: PositionKey
    quantity: Quantity
    cost: Money
    leverage: int


def state_of(node: Node, markets: dict[str, Market], asked: Market) -> State:
    """A state with one account whose cross domain is the one of the question."""
    fields = DOMAIN.fields(node)
    cash = Money(fields["cash"].units(DEFAULT_ASSET_DECIMALS, -MAX_AMOUNT, MAX_AMOUNT))
    holdings: dict[PositionKey, Holding] = {}
    leverages: dict[str, int] = {}
    for position in fields["positions"].elements():
        holding = holding_of(position, markets, asked)
        if holding.key in holdings:
            position.fail(f"repeated position: market {holding.key.market}, side {holding.key.side}")
        if any((key.side == "BOTH") != (holding.key.side == "BOTH") for key in holdings):
            position.child("side").fail("BOTH cannot be mixed with LONG or SHORT")
        if leverages.setdefault(holding.key.market, holding.leverage) != holding.leverage:
            position.child("leverage").fail(f"both sides of {holding.key.market} must have the same leverage")
        holdings[holding.key] = holding
    return state_with(markets, asked.asset, cash, tuple(holdings.values()))


def holding_of(node: Node, markets: dict[str, Market], asked: Market) -> Holding:
    """One position: cost as it is stated, or as the entry price makes it."""
    fields = POSITION.fields(node)
    market = known_market(fields["market"], markets)
    if market.asset != asked.asset:
        fields["market"].fail(f"settles in {market.asset}, but the domain is in {asked.asset}")
    quantity = quantity_of(fields["quantity"], market)
    side = fields["side"].choice(POSITION_SIDES)
    if (side == "LONG" and quantity < 0) or (side == "SHORT" and quantity > 0):
        fields["quantity"].fail(WRONG_SIGN)
    if ("cost" in fields) == ("entry" in fields):
        node.fail("expected either cost or entry")
    cost = cost_stated(fields["cost"], quantity) if "cost" in fields else cost_at(fields["entry"], market, quantity)
    leverage = fields["leverage"].integer(MIN_LEVERAGE, MAX_LEVERAGE)
    return Holding(PositionKey(ACCOUNT, market.id, side), quantity, cost, leverage)


def quantity_of(node: Node, market: Market) -> Quantity:
    """A signed quantity that is not zero, worth at most 2^62 quanta at mark."""
    quantity = Quantity(node.units(market.quantity_decimals, -MAX_QUANTITY, MAX_QUANTITY))
    if quantity == 0:
        node.fail("must not be zero")
    if abs(market.at_mark(quantity)) > MAX_VALUE:
        node.fail("its value at mark is too large")
    return quantity


def cost_stated(node: Node, quantity: Quantity) -> Money:
    """An open cost, signed like the quantity; zero never is one (the rules keep |cost| >= |quantity|)."""
    cost = Money(node.units(DEFAULT_ASSET_DECIMALS, -MAX_AMOUNT, MAX_AMOUNT))
    if cost == 0 or (cost > 0) != (quantity > 0):
        node.fail("expected a cost with the sign of the quantity")
    return cost


def cost_at(node: Node, market: Market, quantity: Quantity) -> Money:
    """The value of the quantity at the entry price, which may be finer than the market's prices if that is exact."""
    entry = node.wire_decimal()
    if entry <= 0:
        fail_entry(node, "must be positive")
    # One lot at a price of 1 is worth so many quanta; the entry counts 1e-8.
    fine_cost = entry * quantity * 10 ** (DEFAULT_ASSET_DECIMALS - market.quantity_decimals)
    cost, rest = divmod(fine_cost, RATE_ONE)
    if rest != 0:
        fail_entry(node, f"entry times quantity has more than {DEFAULT_ASSET_DECIMALS} digits after the point")
    if abs(cost) > MAX_VALUE:
        fail_entry(node, "entry times quantity is too large")
    return Money(cost)


def fail_entry(node: Node, reason: str) -> NoReturn:
    """Refuse an entry price."""
    node.fail(f"{reason}: {node.value}")


def state_with(markets: dict[str, Market], asset: str, cash: Money, holdings: tuple[Holding, ...]) -> State:
    """A state that holds these positions and this cash, and nothing else."""
    balances: dict[LedgerAccount, Money] = {ledger.wallet(ACCOUNT, asset): cash} if cash else {}
    for holding in holdings:
        balances[ledger.position(*holding.key)] = Money(-holding.cost)
    mode: PositionMode = "hedge" if any(holding.key.side != "BOTH" for holding in holdings) else "one_way"
    state = State(
        markets=Map(markets),
        accounts=Map({ACCOUNT: mode}),
        settings=Map({(ACCOUNT, holding.key.market): Setting(None, holding.leverage) for holding in holdings}),
        ledger=Map(balances),
        positions=Map({holding.key: holding.quantity for holding in holdings}),
    )
    return indexed(state)
