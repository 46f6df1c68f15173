"""Explanations: whole trees of small cases, every reason of rejection, and the command."""

import json
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import attrs
import pytest
from click.testing import CliRunner
from immutables import Map
from rich.console import Console

from marginspec.margin.margin import is_healthy, maintenance_margin
from marginspec.model import events
from marginspec.model.account import PositionSide
from marginspec.model.effects import Deleveraged, DomainLiquidated
from marginspec.model.events import Event
from marginspec.model.ledger import account_named
from marginspec.model.market import TierTerms
from marginspec.model.rejections import Reason
from marginspec.model.state import Header, Profile, State
from marginspec.model.units import Money, div_down, div_up, share_pro_rata
from marginspec.transition import apply
from marginspec_journal import Record, write_journal
from marginspec_journal.decimals import parse_decimal
from marginspec_journal.states import OpenedState, opening, write_state
from marginspec_tools.explain.accounts import UnknownNameError
from marginspec_tools.explain.command import command, explain_account, explain_event
from marginspec_tools.explain.explanation import (
    Explanation,
    MismatchError,
    Rounding,
    as_object,
    clause,
    exact_fraction,
    short_fraction,
)
from marginspec_tools.explain.markets import explain_market
from marginspec_tools.explain.observed import Observed
from marginspec_tools.explain.rejections import CHECKS
from marginspec_tools.explain.showing import outline, tree_of
from marginspec_tools.runs.running import Run
from marginspec_tools.simulate import stress_day_path

HEADER = Header(asset_decimals=Map({"USD": 0}))
TIERS = (("0", 10, "0.05"), ("1000", 5, "0.1"))
BINANCE_TIERS = (
    ("0", 125, "0.004"),
    ("50000", 100, "0.005"),
    ("600000", 75, "0.0065"),
    ("3000000", 50, "0.01"),
    ("12000000", 25, "0.02"),
    ("70000000", 20, "0.025"),
    ("100000000", 10, "0.05"),
    ("230000000", 5, "0.1"),
)


def terms(*rows: tuple[str, int, str]) -> tuple[TierTerms, ...]:
    return tuple(TierTerms(parse_decimal(floor), leverage, parse_decimal(rate)) for floor, leverage, rate in rows)


def listing(market: str = "M", tiers: tuple[TierTerms, ...] = terms(*TIERS), decimals: int = 0) -> events.ListMarket:
    return events.ListMarket(
        market,
        "USD",
        decimals,
        0,
        parse_decimal("1"),
        parse_decimal("0.0005"),
        parse_decimal("0.0002"),
        parse_decimal("0.1"),
        parse_decimal("0.0125"),
        tiers,
    )


def mark(price: str, market: str = "M") -> events.MarkPrice:
    return events.MarkPrice(market, parse_decimal(price))


def deposit(account: str, amount: str, asset: str = "USD") -> events.Deposit:
    return events.Deposit(account, asset, parse_decimal(amount))


def trade(
    price: str,
    quantity: str,
    buyer: str,
    seller: str,
    market: str = "M",
    buyer_side: PositionSide | None = None,
    seller_side: PositionSide | None = None,
    buyer_order: str | None = None,
    seller_order: str | None = None,
) -> events.Trade:
    exact = (parse_decimal(price), parse_decimal(quantity))
    return events.Trade(market, *exact, buyer, seller, "buyer", buyer_side, seller_side, buyer_order, seller_order)


def order(price: str, quantity: str, reduce_only: bool = False) -> events.PlaceOrder:
    return events.PlaceOrder(
        "alice", "o1", "M", "buy", "BOTH", parse_decimal(quantity), parse_decimal(price), reduce_only
    )


def fill(price: str, quantity: str, counterparty: str = "alice") -> events.LiquidationFill:
    return events.LiquidationFill("M", "long", counterparty, parse_decimal(quantity), parse_decimal(price))


def run(happened: Iterable[Event], header: Header = HEADER) -> State:
    state = State(header=header)
    for event in happened:
        state, receipt = apply(state, event)
        assert receipt.rejected is None, (event, receipt.rejected)
    return state


def explained(state: State, event: Event) -> Explanation:
    after, receipt = apply(state, event)
    return explain_event(state, event, receipt, after)


def told(explanation: Explanation) -> str:
    return "\n".join(outline(explanation))


def part(explanation: Explanation, title: str) -> Explanation:
    return next(one for one in explanation.inputs if one.title == title)


FUNDED = (listing(), mark("100"), deposit("alice", "1000"), deposit("bob", "1000"))
ISOLATED = (*FUNDED, events.SetMarginMode("alice", "M", "isolated"))
LEVERED = (
    *FUNDED,
    deposit("carol", "302"),
    deposit("dave", "5000"),
    events.SetLeverage("carol", "M", 5),
    events.SetLeverage("dave", "M", 5),
    trade("100", "15", "carol", "dave"),
)
GAPPED = (*LEVERED, deposit("eve", "5000"), events.SetLeverage("eve", "M", 5), trade("70", "15", "dave", "eve"))
HEDGED = (
    attrs.evolve(listing("H", terms(*BINANCE_TIERS), decimals=2), asset="USDT"),
    events.UpdateFees("H", *[parse_decimal("0")] * 4),
    mark("60000", "H"),
    listing(),
    mark("100"),
    deposit("alice", "10000000", "USDT"),
    deposit("alice", "1000"),
    deposit("bob", "100000000", "USDT"),
    deposit("bob", "1000"),
    events.SetPositionMode("alice", "hedge"),
    events.SetMarginMode("alice", "M", "isolated"),
    trade("60000", "1060", "alice", "bob", "H"),
    trade("60000", "1000", "bob", "alice", "H"),
    trade("100", "4", "alice", "bob"),
    events.PlaceOrder("alice", "o1", "M", "buy", "LONG", parse_decimal("2"), parse_decimal("101"), False),
)


def hedged() -> State:
    """The hedged cross book of MRG-07, which stands at 3M of cash, and an isolated position."""
    state = run(HEDGED)
    wallet, external = account_named("wallet:alice:USDT"), account_named("external:USDT")
    lost = Money(7_000_000 * 10**8)
    balances = state.ledger.set(wallet, Money(state.ledger[wallet] - lost))
    return attrs.evolve(state, ledger=balances.set(external, Money(balances[external] + lost)))


REJECTIONS: dict[Reason, tuple[tuple[Event, ...], Event]] = {
    Reason.UNKNOWN_MARKET: (FUNDED, mark("100", "X")),
    Reason.MARKET_EXISTS: (FUNDED, listing()),
    Reason.INVALID_MARKET: (FUNDED, listing("N", decimals=1)),
    Reason.INVALID_TIERS: (FUNDED, events.UpdateTiers("M", terms(("0", 10, "0.05"), ("1000", 10, "0.06")))),
    Reason.UNKNOWN_ACCOUNT: (FUNDED, trade("100", "1", "alice", "nobody")),
    Reason.NO_MARK: ((*FUNDED, listing("N")), trade("100", "1", "alice", "bob", "N")),
    Reason.SELF_TRADE: (FUNDED, trade("100", "1", "alice", "alice")),
    Reason.INVALID_PRICE: (FUNDED, trade("100.5", "1", "alice", "bob")),
    Reason.INVALID_QUANTITY: (FUNDED, trade("100", "90071992547409910", "alice", "bob")),
    Reason.INVALID_AMOUNT: (FUNDED, deposit("alice", "0.5")),
    Reason.INVALID_RATE: (FUNDED, events.Funding("M", parse_decimal("1.00000001"))),
    Reason.INVALID_LEVERAGE: (FUNDED, events.SetLeverage("alice", "M", 11)),
    Reason.WRONG_POSITION_SIDE: (FUNDED, trade("100", "1", "alice", "bob", buyer_side="SHORT")),
    Reason.ORDER_EXISTS: ((*FUNDED, order("99", "1")), order("98", "1")),
    Reason.UNKNOWN_ORDER: ((*FUNDED, order("99", "1")), events.CancelOrder("alice", "o2")),
    Reason.ORDER_MISMATCH: ((*FUNDED, order("99", "1")), trade("100", "1", "alice", "bob", buyer_order="o1")),
    Reason.REDUCE_ONLY: (FUNDED, order("99", "1", reduce_only=True)),
    Reason.NO_POSITION: (ISOLATED, events.AdjustIsolatedMargin("alice", "M", "BOTH", parse_decimal("5"))),
    Reason.NOT_FLAT: ((*FUNDED, order("99", "1")), events.SetMarginMode("alice", "M", "isolated")),
    Reason.NOT_ISOLATED: (LEVERED, events.AdjustIsolatedMargin("carol", "M", "BOTH", parse_decimal("5"))),
    Reason.NO_INVENTORY: ((*LEVERED, mark("83")), fill("83", "16")),
    Reason.COVER_EXCEEDED: ((*LEVERED, mark("83")), fill("70", "15", "dave")),
    Reason.INSUFFICIENT_FUNDS: (LEVERED, events.WithdrawHouse("USD", parse_decimal("3"))),
    Reason.INSUFFICIENT_BALANCE: (
        (*ISOLATED, trade("101", "3", "alice", "bob"), order("102", "2")),
        events.Withdraw("alice", "USD", parse_decimal("1000")),
    ),
    Reason.LEVERAGE_ABOVE_TIER: (FUNDED, trade("100", "11", "alice", "bob")),
    Reason.NEGATIVE_CASH: ((*ISOLATED, trade("100", "5", "alice", "bob")), trade("85", "6", "bob", "alice")),
    Reason.UNHEALTHY: (FUNDED, trade("310", "5", "alice", "bob")),
    Reason.INSUFFICIENT_MARGIN: ((*FUNDED, deposit("eve", "10")), trade("100", "1", "eve", "bob")),
    Reason.OUT_OF_RANGE: (FUNDED, deposit("alice", "1152921504606846000")),
}
"""For each reason, what happened before and an event that is refused for it."""

ALSO_REJECTED: dict[str, tuple[tuple[Event, ...], Event, Reason]] = {
    "margin of an order": (FUNDED, order("100", "101"), Reason.INSUFFICIENT_BALANCE),
    "margin of a position": (ISOLATED, trade("100", "200", "alice", "bob"), Reason.INSUFFICIENT_BALANCE),
    "margin into a position": (
        (*ISOLATED, trade("101", "3", "alice", "bob")),
        events.AdjustIsolatedMargin("alice", "M", "BOTH", parse_decimal("2000")),
        Reason.INSUFFICIENT_BALANCE,
    ),
    "margin out of a position": (
        (*ISOLATED, trade("101", "3", "alice", "bob")),
        events.AdjustIsolatedMargin("alice", "M", "BOTH", parse_decimal("-2")),
        Reason.INSUFFICIENT_BALANCE,
    ),
    "side of an order": (
        (*FUNDED, events.SetPositionMode("alice", "hedge")),
        events.PlaceOrder("alice", "o1", "M", "sell", "LONG", parse_decimal("2"), parse_decimal("101"), False),
        Reason.WRONG_POSITION_SIDE,
    ),
    "order of a fill": (FUNDED, trade("100", "1", "alice", "bob", seller_order="o9"), Reason.UNKNOWN_ORDER),
    "reduce-only fill": (
        (
            *FUNDED,
            trade("100", "1", "bob", "alice"),
            order("99", "1", reduce_only=True),
            trade("100", "1", "alice", "bob"),
        ),
        trade("99", "1", "alice", "bob", buyer_order="o1"),
        Reason.REDUCE_ONLY,
    ),
    "position mode with a position": (LEVERED, events.SetPositionMode("carol", "hedge"), Reason.NOT_FLAT),
    "first row of tiers": (FUNDED, events.UpdateTiers("M", terms(("5", 10, "0.05"))), Reason.INVALID_TIERS),
    "no tiers": (FUNDED, events.UpdateTiers("M", ()), Reason.INVALID_TIERS),
    "fees": (FUNDED, events.UpdateFees("M", *[parse_decimal("2")] * 4), Reason.INVALID_RATE),
    "tick": (
        (*FUNDED, attrs.evolve(listing("T"), tick=parse_decimal("5")), mark("7", "T")),
        trade("7", "1", "alice", "bob", "T"),
        Reason.INVALID_PRICE,
    ),
    "mark": (FUNDED, mark("0"), Reason.INVALID_PRICE),
    "margin amount": (
        (*ISOLATED, trade("101", "3", "alice", "bob")),
        events.AdjustIsolatedMargin("alice", "M", "BOTH", parse_decimal("0")),
        Reason.INVALID_AMOUNT,
    ),
    "negative decimals": (FUNDED, attrs.evolve(listing("N"), price_decimals=-1), Reason.INVALID_MARKET),
    "shortfall of a fill": ((*GAPPED, mark("75")), fill("74", "10", "dave"), Reason.COVER_EXCEEDED),
    "flat with negative cash": (
        (*ISOLATED, trade("100", "5", "alice", "bob")),
        trade("85", "5", "bob", "alice"),
        Reason.NEGATIVE_CASH,
    ),
}
"""Refusals for the same reasons by other events: what happened before, the event, the reason."""

DAVES = "maintenance margin of dave M"
EXPECTED = Path(__file__).parent / "explanations"
"""The whole trees, a file each, as `outline` writes them."""

EVENTS: dict[str, tuple[tuple[Event, ...], Event]] = {
    "trade_opens": (ISOLATED, trade("101", "3", "alice", "bob")),
    "trade_closes": ((*ISOLATED, trade("101", "3", "alice", "bob")), trade("105", "1", "bob", "alice")),
    "step_down_and_takeover": (LEVERED, mark("83")),
    "deleveraging": (LEVERED, mark("75")),
    "levy": (GAPPED, mark("75")),
    "fill_with_profit": ((*LEVERED, mark("83")), fill("84", "15", "dave")),
    "fill_with_loss": (
        (*LEVERED, events.FundInsurance("USD", parse_decimal("100")), mark("83")),
        fill("78", "13", "dave"),
    ),
    "funding": (LEVERED, events.Funding("M", parse_decimal("0.001"))),
    "listing": ((), listing()),
    "liquidation_cancels_orders": (
        (
            *LEVERED,
            events.PlaceOrder("carol", "o7", "M", "sell", "BOTH", parse_decimal("1"), parse_decimal("99"), True),
        ),
        mark("84"),
    ),
    "isolated_closes_flat": ((*ISOLATED, trade("100", "5", "alice", "bob")), trade("104", "5", "bob", "alice")),
    "isolated_flips": ((*ISOLATED, trade("100", "5", "alice", "bob")), trade("104", "7", "bob", "alice")),
    "order_fills": ((*FUNDED, order("100", "3")), trade("100", "2", "alice", "bob", buyer_order="o1")),
    "order_placed": (FUNDED, order("99", "2")),
    "order_cancelled": ((*FUNDED, order("99", "2")), events.CancelOrder("alice", "o1")),
    "position_mode": (FUNDED, events.SetPositionMode("alice", "hedge")),
    "margin_mode": (FUNDED, events.SetMarginMode("alice", "M", "isolated")),
    "leverage_by_default": (FUNDED, events.SetLeverage("alice", "M", 5)),
    "leverage_changed": (LEVERED[:-1], events.SetLeverage("carol", "M", 4)),
    "fees": (FUNDED, events.UpdateFees("M", *[parse_decimal("0.001")] * 4)),
    "tiers": (FUNDED, events.UpdateTiers("M", terms(("0", 8, "0.06"), ("500", 4, "0.12")))),
    "deposit_opens_account": (FUNDED, deposit("zoe", "5")),
    "withdrawal": (FUNDED, events.Withdraw("alice", "USD", parse_decimal("10"))),
    "margin_in": (
        (*ISOLATED, trade("100", "5", "alice", "bob")),
        events.AdjustIsolatedMargin("alice", "M", "BOTH", parse_decimal("7")),
    ),
    "margin_out": (
        (
            *ISOLATED,
            trade("100", "5", "alice", "bob"),
            events.AdjustIsolatedMargin("alice", "M", "BOTH", parse_decimal("7")),
        ),
        events.AdjustIsolatedMargin("alice", "M", "BOTH", parse_decimal("-3")),
    ),
    "insurance_funded": (FUNDED, events.FundInsurance("USD", parse_decimal("3"))),
    "house_withdrawn": (LEVERED, events.WithdrawHouse("USD", parse_decimal("2"))),
    "deleveraging_passes_over": (
        (*LEVERED, trade("70", "8", "dave", "bob"), deposit("frank", "900"), trade("100", "4", "dave", "frank")),
        mark("75"),
    ),
}
"""What happened before, and the event that is explained."""


def expected(name: str) -> str:
    return (EXPECTED / f"{name}.txt").read_text(encoding="utf-8").rstrip("\n")


@pytest.mark.parametrize("name", EVENTS)
def test_event(name: str) -> None:
    happened, event = EVENTS[name]
    assert told(explained(run(happened), event)) == expected(name)


@pytest.mark.parametrize("reason", Reason)
def test_rejection(reason: Reason) -> None:
    happened, event = REJECTIONS[reason]
    explanation = explained(run(happened), event)
    assert explanation.value == f"rejected {reason.value}"
    assert told(explanation.inputs[1]) == expected(f"rejected_{reason.value.lower()}")


def test_every_reason_is_explained() -> None:
    assert list(CHECKS) == list(Reason)


@pytest.mark.parametrize("name", ALSO_REJECTED)
def test_rejection_by_other_event(name: str) -> None:
    happened, event, reason = ALSO_REJECTED[name]
    explanation = explained(run(happened), event)
    assert explanation.value == f"rejected {reason.value}"
    assert told(explanation.inputs[1]) == expected(f"rejected_{name.replace(' ', '_')}")


def test_account_with_hedge_and_isolated_position() -> None:
    assert told(explain_account(hedged(), "alice")) == expected("account")


def test_account_in_one_market() -> None:
    explanation = explain_account(hedged(), "alice", "H")
    assert [one.title for one in explanation.inputs] == ["domain alice cross USDT"]
    assert [one.title for one in explanation.inputs[0].inputs if one.title.startswith("market ")] == ["market H"]


def test_account_ranked_by_bitmex() -> None:
    state = run(LEVERED, Header(Profile(adl_ranking="bitmex"), HEADER.asset_decimals))
    assert told(explain_account(state, "dave")) == expected("account_bitmex")


def test_account_without_anything() -> None:
    state = run((*FUNDED, events.Withdraw("alice", "USD", parse_decimal("1000"))))
    assert told(explain_account(state, "alice")) == "account alice: one-way mode\n  no cash, position or order"


def test_market() -> None:
    state = run((*LEVERED, deposit("frank", "5000"), trade("100", "2", "frank", "bob"), mark("83")))
    assert told(explain_market(state, "M")) == expected("market")


def test_market_without_mark() -> None:
    explanation = explain_market(run((listing(),)), "M")
    assert part(explanation, "mark").value == "none"
    assert part(explanation, "funds").value == "none"


def test_uncovered_with_no_last_resort() -> None:
    header = Header(Profile(last_resort="none"), HEADER.asset_decimals)
    state = run(GAPPED, header)
    assert told(explained(state, mark("75"))) == expected("uncovered")


def test_explanation_refuses_another_receipt() -> None:
    state = run(ISOLATED)
    event = trade("101", "3", "alice", "bob")
    after, receipt = apply(state, event)
    with pytest.raises(MismatchError, match="effects"):
        explain_event(state, event, attrs.evolve(receipt, effects=receipt.effects[:-1]), after)
    with pytest.raises(MismatchError, match="state after the event"):
        explain_event(state, event, receipt, state)
    with pytest.raises(MismatchError, match="reason"):
        explain_event(state, event, attrs.evolve(receipt, rejected=Reason.UNHEALTHY), after)


def test_unknown_names() -> None:
    state = run(FUNDED)
    with pytest.raises(UnknownNameError, match="account 'x' does not exist"):
        explain_account(state, "x")
    with pytest.raises(UnknownNameError, match="market 'x' is not listed"):
        explain_account(state, "alice", "x")
    with pytest.raises(UnknownNameError, match="market 'x' is not listed"):
        explain_market(state, "x")


def test_stress_day() -> None:
    """Every explanation checks its own figures against the run; all that settled something, and one in ten others."""
    explained_events = 0
    for step in Run(stress_day_path()):
        taken = step.taken
        settled = any(isinstance(effect, DomainLiquidated | Deleveraged) for effect in taken.receipt.effects)
        if settled or step.number % 10 == 0:
            explain_event(taken.before, taken.event, taken.receipt, taken.after)
            explained_events += 1
        if step.number % 600 == 0:
            for account in taken.after.accounts:
                explain_account(taken.after, account)
            for market in taken.after.markets:
                explain_market(taken.after, market)
    assert explained_events > 250


# ------------------------------------------------------------------- nodes


def test_observed_numbers_tell_what_division_loses() -> None:
    up, down = div_up(Observed(7), 2), div_down(Observed(7), 2)
    assert (up, down) == (4, 3)
    assert isinstance(up, Observed)
    assert isinstance(down, Observed)
    assert (up.exact, down.exact) == (Fraction(7, 2), Fraction(7, 2))
    assert (2 * up - 1 + 3).exact == 9
    assert (10 - down).exact == Fraction(13, 2)
    assert (1 + abs(-down)).exact == Fraction(9, 2)
    assert share_pro_rata(Money(Observed(10)), (1, 2)) == (4, 6)


def test_clause_of_a_function() -> None:
    assert clause("MRG-05", is_healthy).sentence.startswith("A domain is healthy when")
    with pytest.raises(MismatchError):
        clause("MRG-04", is_healthy)
    with pytest.raises(MismatchError):
        clause("MRG-04", explain_event)
    assert clause("MRG-04", maintenance_margin).id == "MRG-04"


def test_fractions_as_text() -> None:
    assert exact_fraction(Fraction(37, 100)) == "0.37"
    assert exact_fraction(Fraction(3)) == "3"
    assert exact_fraction(Fraction(1, 3)) == "1/3"
    assert short_fraction(Fraction(1, 3)) == "1/3"
    assert short_fraction(Fraction(10**9, 3 * 10**9 + 1)) == "≈0.33333333"
    assert Rounding("up", Fraction(37, 100), "quanta").text == "rounded up by 0.37 quanta"


def test_explanation_as_object() -> None:
    explanation = explain_account(run(LEVERED), "carol")
    assert as_object(part(part(explanation.inputs[0], "initial margin"), "initial margin of carol M")) == {
        "title": "initial margin of carol M",
        "value": "300",
        "unit": "USD",
        "formula": "notional / the lesser leverage, at least maintenance + 1 quantum",
        "rule": "MRG-02",
        "sentence": (
            "Initial margin is notional over leverage, at most the tier's, rounded up, above maintenance; zero if flat."
        ),
        "inputs": [
            {
                "title": "notional",
                "value": "1500",
                "unit": "USD",
                "rule": "MRG-01",
                "sentence": "Notional is the absolute value of the quantity at mark.",
            },
            {
                "title": "leverage",
                "value": "5",
                "rule": "ACC-01",
                "sentence": (
                    "Each account has a leverage in each market; until set, 20 or the first tier's maximum "
                    "if that is less."
                ),
            },
            {
                "title": "the tier's maximum leverage",
                "value": "5",
                "rule": "MKT-02",
                "sentence": "A tier holds the notionals above its floor, up to and including the next floor.",
            },
            {
                "title": "maintenance margin",
                "value": "100",
                "unit": "USD",
                "rule": "MRG-04",
                "sentence": (
                    "Maintenance margin is the notional at its tier's rate less its tier's deduction, "
                    "rounded up to a quantum."
                ),
            },
        ],
    }
    rounding = as_object(explained(run(LEVERED), mark("83")))["inputs"][2]["inputs"][0]["inputs"][0]["inputs"][1][
        "inputs"
    ]
    assert rounding[0]["rounding"] == {"direction": "up", "by": "0.5", "unit": "quanta"}


def test_tree_tells_each_sentence_once() -> None:
    console = Console(width=100, no_color=True)
    with console.capture() as capture:
        console.print(tree_of(explained(run(LEVERED), mark("83")), depth=3))
    lines = capture.get().splitlines()
    assert max(len(line) for line in lines) <= 100
    assert sum("A domain is healthy when" in line for line in lines) == 1
    assert sum("…" in line for line in lines) > 1


# ------------------------------------------------------------------- command


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "journal.jsonl"
    happened: tuple[Event, ...] = (*LEVERED, trade("100", "1", "carol", "nobody"), mark("83"))
    write_journal(path, HEADER, [Record(number + 2, event, ref=f"r{number}") for number, event in enumerate(happened)])
    return path


def answer(*arguments: object) -> tuple[int, str]:
    ran = CliRunner().invoke(command, [str(argument) for argument in arguments])
    return ran.exit_code, ran.output


def test_command_explains_event(journal: Path) -> None:
    code, output = answer(journal, 9)
    assert code == 0
    assert output.splitlines()[0] == "event 9, line 10, ref r8: trade: accepted [JRN-01]"


def test_command_in_json(journal: Path) -> None:
    code, output = answer(journal, 10, "--json")
    assert code == 0
    printed = json.loads(output)
    head = {name: printed[name] for name in ("explain", "rulebook", "seq", "line", "ref", "value", "rule")}
    assert head == {
        "explain": 1,
        "rulebook": "1",
        "seq": 10,
        "line": 11,
        "ref": "r9",
        "value": "rejected UNKNOWN_ACCOUNT",
        "rule": "JRN-01",
    }


def test_command_explains_accounts_and_markets(journal: Path) -> None:
    code, output = answer(journal, 9, "--account", "carol", "--json")
    assert code == 0
    assert json.loads(output)["title"] == "after event 9: account carol"
    assert answer(journal, 11, "--account", "carol", "--market", "M", "--depth", "1")[0] == 0
    assert answer(journal, 1, "--market", "M")[0] == 0


def test_command_from_state(journal: Path, tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    write_state(state, OpenedState(run(FUNDED), 40, 38, 2, "0" * 64))
    rest = tmp_path / "rest.jsonl"
    write_journal(rest, HEADER, [Record(2, mark("101"))])
    assert answer(rest, 41, "--from", state)[0] == 0
    assert answer(rest, 40, "--from", state, "--account", "alice")[0] == 0
    code, output = answer(rest, 40, "--from", state)
    assert (code, output) == (2, f"Error: {rest}: no event 40; they are numbered 41 to 41\n")
    assert answer(rest, 39, "--from", state, "--account", "alice")[0] == 2


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((0,), "no event 0; they are numbered 1 to 11"),
        ((12,), "no event 12; they are numbered 1 to 11"),
        ((12, "--account", "carol"), "no event 12; they are numbered 0 to 11"),
        ((11, "--account", "nobody"), "account 'nobody' does not exist; 4 accounts do"),
        ((0, "--account", "carol"), "account 'carol' does not exist; 0 accounts do"),
        ((11, "--account", "carol", "--market", "X"), "market 'X' is not listed; 1 markets are"),
        ((11, "--market", "X"), "market 'X' is not listed; 1 markets are"),
    ],
)
def test_command_refuses(journal: Path, arguments: tuple[object, ...], complaint: str) -> None:
    code, output = answer(journal, *arguments)
    assert code == 2
    assert complaint in output


def test_command_reports_a_mismatch(journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def differing(*_: object) -> Explanation:
        raise MismatchError("maintenance margin", 5, 6)

    monkeypatch.setattr("marginspec_tools.explain.command.explain_event", differing)
    code, output = answer(journal, 9)
    assert code == 1
    assert output == "error: the explanation differs from the run: maintenance margin: computed 5, recorded 6\n"


def test_opening_state_is_event_zero(tmp_path: Path) -> None:
    state, journal = tmp_path / "state.json", tmp_path / "none.jsonl"
    write_state(state, opening(run(FUNDED)))
    write_journal(journal, HEADER, [])
    assert answer(journal, 0, "--from", state, "--account", "alice")[0] == 0
