"""calc: the questions' forms, the answers of the rulebook, and how malformed files are refused."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner

from marginspec_journal import InputError
from marginspec_tools.calculate.calc import command
from marginspec_tools.calculate.schema import calc_schema

DOCUMENT = Path(__file__).parents[3] / "docs" / "calc.md"
SCHEMA_TEXT = (DOCUMENT.parent / "schemas" / "calc.schema.json").read_bytes()
SCHEMA = json.loads(SCHEMA_TEXT)

# The example of MRG-07: floor, rate, leverage.
BRACKETS = (
    "0 .004 125; 50000 .005 100; 600000 .0065 75; 3000000 .01 50; 12000000 .02 25; 70000000 .025 20; "
    "100000000 .05 10; 230000000 .1 5; 480000000 .125 4; 600000000 .15 3; 800000000 .25 2; 1200000000 .5 1"
)


def tiers() -> list[dict[str, Any]]:
    rows = (row.split() for row in BRACKETS.split(";"))
    return [{"floor": f, "maintenance_rate": f"0{rate}", "max_leverage": int(lev)} for f, rate, lev in rows]


def market(**changes: Any) -> dict[str, Any]:
    fields = {"asset": "USDT", "price_decimals": 2, "quantity_decimals": 3, "mark": "60000.00", "tiers": tiers()}
    return {**fields, **changes}


def position(quantity: str, **changes: Any) -> dict[str, Any]:
    fields = {"market": "BTCUSDT", "side": "BOTH", "quantity": quantity, "entry": "60000", "leverage": 20}
    return {name: value for name, value in {**fields, **changes}.items() if value is not None}


HEDGE = (position("1060", side="LONG"), position("-1000", side="SHORT"))


def question(kind: str, *positions: dict[str, Any], cash: str = "3000000", **changes: Any) -> dict[str, Any]:
    domain = {"cash": cash, "positions": list(positions)}
    return {
        "id": "q1",
        "kind": kind,
        "markets": {"BTCUSDT": market()},
        "domain": domain,
        "market": "BTCUSDT",
        **changes,
    }


def test_the_published_schema_is_the_one_that_the_declarations_give() -> None:
    # `make docs` writes it anew.
    assert calc_schema() == SCHEMA_TEXT


def asked(folder: Path, *questions: dict[str, Any], **changes: Any) -> Path:
    path = folder / "q.json"
    path.write_text(json.dumps({"calc": 1, "rulebook": "2", "questions": list(questions), **changes}), "utf-8")
    return path


def answers(folder: Path, *questions: dict[str, Any]) -> list[dict[str, Any]]:
    outcome = CliRunner().invoke(command, [str(asked(folder, *questions))], catch_exceptions=False)
    assert outcome.exit_code == 0
    lines = [json.loads(line) for line in outcome.stdout.splitlines()]
    for line in lines:
        jsonschema.validate(line, SCHEMA)
    return lines


def values(folder: Path, one: dict[str, Any]) -> dict[str, Any]:
    (line,) = answers(folder, one)
    assert {name: line.pop(name) for name in ("calc", "rulebook", "id", "kind")} == {
        "calc": 1,
        "rulebook": "2",
        "id": "q1",
        "kind": one["kind"],
    }
    return line


def refusal(path: Path) -> str:
    outcome = CliRunner().invoke(command, [str(path)])
    assert isinstance(outcome.exception, InputError)
    assert outcome.stdout == ""
    return str(outcome.exception).removeprefix(str(path))


@pytest.mark.rule("MRG-07")
def test_the_band_of_a_flat_hedge_is_that_of_the_rulebook(tmp_path: Path) -> None:
    assert values(tmp_path, question("band", *HEDGE)) == {
        "liquidation_price_below": "17930.85",
        "liquidation_price_above": "124718.61",
    }


@pytest.mark.rule("MRG-07")
@pytest.mark.parametrize(
    ("cash", "below", "above"),
    [("60000.00000001", "49999.99999999", "50000.00000001"), ("60000.00000002", "33333.33333333", "100000.00000005")],
)
def test_the_band_of_a_hedge_on_a_plateau_is_answered_at_once(
    tmp_path: Path, cash: str, below: str, above: str
) -> None:
    """Exact health is the same at 6,666,666,666,669 prices: 1.8 quanta, or 2.8."""
    rows = [
        {"floor": "0", "maintenance_rate": "0.2", "max_leverage": 4},
        {"floor": "100000.00000002", "maintenance_rate": "0.6", "max_leverage": 1},
    ]
    listed = market(price_decimals=8, quantity_decimals=0, mark="50000.00000000", tiers=rows)
    held = (
        position("3", side="LONG", entry="50000", leverage=1),
        position("-1", side="SHORT", entry="50000", leverage=1),
    )
    one = question("band", *held, cash=cash, markets={"BTCUSDT": listed})
    assert values(tmp_path, one) == {"liquidation_price_below": below, "liquidation_price_above": above}


@pytest.mark.rule("MRG-07")
def test_prices_that_do_not_exist_are_null(tmp_path: Path) -> None:
    rich = question("band", position("1"), cash="100000")
    assert values(tmp_path, rich) == {"liquidation_price_below": None, "liquidation_price_above": None}
    assert values(tmp_path, {**rich, "kind": "bankruptcy"}) == {"bankruptcy_price": None}


@pytest.mark.rule("MRG-07")
def test_an_unhealthy_domain_has_its_band_at_the_mark_and_is_in_no_queue(tmp_path: Path) -> None:
    poor = question("band", position("1"), cash="1")
    assert values(tmp_path, poor) == {"liquidation_price_below": "60000.00", "liquidation_price_above": "60000.00"}
    assert values(tmp_path, {**poor, "kind": "adl_score"}) == {"positions": []}


@pytest.mark.rule("MRG-08")
def test_bankruptcy_prices(tmp_path: Path) -> None:
    # A net long of 60 loses the 3,000,000 of cash over 50,000 below the mark.
    assert values(tmp_path, question("bankruptcy", *HEDGE)) == {"bankruptcy_price": "10000.00"}
    short = question("bankruptcy", position("-0.003", entry="60000"), cash="1")
    assert values(tmp_path, short) == {"bankruptcy_price": "60333.33"}


@pytest.mark.rule("MKT-02", "MRG-01")
def test_the_tier_of_each_position(tmp_path: Path) -> None:
    long, short = values(tmp_path, question("tier", *reversed(HEDGE)))["positions"]
    assert long == {
        "side": "LONG",
        "notional": "63600000.00000000",
        "floor": "12000000.00000000",
        "max_leverage": 25,
        "maintenance_rate": "0.02000000",
        "deduction": "131450.00000000",
    }
    assert (short["side"], short["notional"]) == ("SHORT", "60000000.00000000")


@pytest.mark.rule("MRG-02", "MRG-04")
def test_margins_of_the_domain(tmp_path: Path) -> None:
    assert values(tmp_path, question("maintenance", *HEDGE)) == {"maintenance": "2209100.00000000"}
    assert values(tmp_path, question("initial", *HEDGE)) == {"initial": "6180000.00000000"}
    assert values(tmp_path, question("initial")) == {"initial": "0.00000000"}


@pytest.mark.rule("ADL-02")
def test_scores_are_exact_fractions_by_both_rankings(tmp_path: Path) -> None:
    one = question("adl_score", position("1", cost="50000", entry=None), cash="10000")
    (found,) = values(tmp_path, one)["positions"]
    quantum = 10**8
    maintenance = (60000 * 5 * quantum) // 1000 - 50 * quantum
    assert found["binance"] == {
        "numerator": str(10000 * quantum * maintenance),
        "denominator": str(10000 * quantum * 20000 * quantum),
    }
    assert found["bitmex"] == {
        "numerator": str(10000 * quantum * 60000 * quantum),
        "denominator": str(50000 * quantum * 20000 * quantum),
    }


def test_an_entry_finer_than_the_markets_prices_is_exact(tmp_path: Path) -> None:
    fine = question("bankruptcy", position("2", entry="60000.12345678"), cash="10000")
    stated = question("bankruptcy", position("2", entry=None, cost="120000.24691356"), cash="10000")
    assert values(tmp_path, fine) == values(tmp_path, stated)


def test_answers_come_in_the_order_of_the_questions(tmp_path: Path) -> None:
    second = {**question("initial", *HEDGE), "id": "a second one"}
    assert [line["id"] for line in answers(tmp_path, question("band", *HEDGE), second)] == ["q1", "a second one"]


def test_the_document_shows_what_the_command_answers(tmp_path: Path) -> None:
    questions, answer = re.findall(r"```json\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    path = tmp_path / "q.json"
    path.write_text(questions, "utf-8")
    assert CliRunner().invoke(command, [str(path), "--json"]).stdout == answer


TIER = {"floor": "0", "max_leverage": 10, "maintenance_rate": "0.01"}
AT = ": questions[0]."
HOLDING = f"{AT}domain.positions[0]"
Q1 = " (question 'q1')"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"kind": "margin"}, f"{AT}kind: expected one of tier, maintenance, initial, band, bankruptcy, adl_score, "),
        ({"color": 1}, f"{AT}color: unknown field{Q1}"),
        ({"market": "ETHUSDT"}, f"{AT}market: ETHUSDT is not in the question's markets{Q1}"),
        ({"markets": {"a b": market()}}, f'{AT}markets."a b": not a name: "a b"{Q1}'),
        ({"markets": {"BTCUSDT": market(mark="0")}}, f"{AT}markets.BTCUSDT.mark: must be at least 0.01, found 0{Q1}"),
        (
            {"markets": {"BTCUSDT": market(mark="1.001")}},
            f"{AT}markets.BTCUSDT.mark: more than 2 digits after the point: 1.001{Q1}",
        ),
        ({"markets": {"BTCUSDT": market(tiers=[])}}, f"{AT}markets.BTCUSDT: invalid market: INVALID_TIERS{Q1}"),
        (
            {"markets": {"BTCUSDT": market(price_decimals=-1)}},
            f"{AT}markets.BTCUSDT: invalid market: INVALID_MARKET{Q1}",
        ),
        (
            {"markets": {"BTCUSDT": market(tiers=[{**TIER, "maintenance_rate": 0.01}])}},
            f"{AT}markets.BTCUSDT.tiers[0].maintenance_rate: expected a string, found 0.01{Q1}",
        ),
        ({"domain": {"cash": "1e3", "positions": []}}, f'{AT}domain.cash: not a decimal: "1e3"{Q1}'),
        ({"id": ""}, f"{AT}id: expected 1 to 128 printable characters"),
    ],
)
def test_questions_that_are_malformed(changed: dict[str, Any], said: str, tmp_path: Path) -> None:
    assert refusal(asked(tmp_path, {**question("band", *HEDGE), **changed})).startswith(said)


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ((position("0"),), f"{HOLDING}.quantity: must not be zero{Q1}"),
        ((position("1", side="SHORT"),), f"{HOLDING}.quantity: LONG must be positive, SHORT negative{Q1}"),
        (
            (position("9007199254740.993"),),
            f"{HOLDING}.quantity: must be at most 9007199254740.992, found 9007199254740.993{Q1}",
        ),
        ((position("9007199254740"),), f"{HOLDING}.quantity: its value at mark is too large{Q1}"),
        ((position("1", leverage=0),), f"{HOLDING}.leverage: must be at least 1, found 0{Q1}"),
        ((position("1", cost="1"),), f"{HOLDING}: expected either cost or entry{Q1}"),
        ((position("1", entry=None),), f"{HOLDING}: expected either cost or entry{Q1}"),
        ((position("1", entry="0"),), f"{HOLDING}.entry: must be positive: 0{Q1}"),
        (
            (position("0.001", entry="0.000001"),),
            f"{HOLDING}.entry: entry times quantity has more than 8 digits after the point: 0.000001{Q1}",
        ),
        ((position("1", entry="9" * 30),), f"{HOLDING}.entry: entry times quantity is too large: {'9' * 30}{Q1}"),
        ((position("1", entry=None, cost="-1"),), f"{HOLDING}.cost: expected a cost with the sign of the quantity{Q1}"),
        ((position("1"), position("1")), f"{AT}domain.positions[1]: repeated position: market BTCUSDT, side BOTH{Q1}"),
        (
            (position("1"), position("1", side="LONG")),
            f"{AT}domain.positions[1].side: BOTH cannot be mixed with LONG or SHORT{Q1}",
        ),
        (
            (HEDGE[0], {**HEDGE[1], "leverage": 5}),
            f"{AT}domain.positions[1].leverage: both sides of BTCUSDT must have the same leverage{Q1}",
        ),
    ],
)
def test_positions_that_cannot_be(held: tuple[dict[str, Any], ...], said: str, tmp_path: Path) -> None:
    assert refusal(asked(tmp_path, question("band", *held))) == said


def test_positions_in_another_asset(tmp_path: Path) -> None:
    markets = {"BTCUSDT": market(), "BTCUSDC": market(asset="USDC")}
    other = question("band", position("1", market="BTCUSDC"), markets=markets)
    assert refusal(asked(tmp_path, other)) == (f"{HOLDING}.market: settles in USDC, but the domain is in USDT{Q1}")


def test_files_that_are_malformed(tmp_path: Path) -> None:
    good = question("band", *HEDGE)
    assert refusal(asked(tmp_path, good, good)) == ": questions[1].id: another question has the id 'q1'"
    assert refusal(asked(tmp_path, calc=2)) == ": calc: unknown version, expected 1"
    assert refusal(asked(tmp_path, rulebook="3")) == ': rulebook: unknown rulebook version, expected "2"'
    path = tmp_path / "q.json"
    assert refusal(tmp_path / "none.json") == ": cannot be read: No such file or directory"
    path.write_text('{"calc":1,"calc":1}')
    assert refusal(path) == ': repeated field "calc"'
    path.write_bytes(b"\xff")
    assert refusal(path) == ": not UTF-8 at byte 1"
    path.write_text("[" * 100_000)
    assert refusal(path) == ": nested too deeply"
