"""Schemes at others' expense, replayed: what their owner gains, to the quantum, what others lose, and the bound on it.

The owner's accounts begin with `ring-`. An account gains what its equity at the last mark is above what it paid in.
"""

import re
from decimal import Decimal
from functools import cache
from pathlib import Path

import attrs
import pytest

from marginspec.margin.margin import domain_margin
from marginspec.model.account import DomainKey
from marginspec.model.effects import Receipt, Transferred
from marginspec.model.events import Event, LiquidationFill, MarkPrice
from marginspec.model.ledger import FUND_KINDS
from marginspec.model.rejections import Reason
from marginspec.model.state import Header, State
from marginspec.model.units import RATE_ONE, Decimal8
from marginspec.settlement.waterfall import lots_unrealised
from marginspec_journal import open_journal
from worlds.states import run

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests" / "vectors" / "attacks"
PAGE = ROOT / "docs" / "why-these-rules.md"
ROW = re.compile(r"^\| \[.+\]\(\.\./tests/vectors/attacks/([a-z-]+)\.jsonl\) \|(.+)\|$", re.MULTILINE)
FUNDS = "funds and lots"


@attrs.frozen
class Outcome:
    """What accounts gain, funds and lots too, and why events were refused, by line."""

    gains: dict[str, str]
    refused: dict[int, Reason] = attrs.Factory(dict)


@attrs.frozen
class Scheme:
    """A scheme: whose gain is measured, what a theorem says it is at most, and what comes out of its journal."""

    bound: str
    outcome: Outcome
    measured: tuple[str, ...] = ()


def equity(state: State, account: str) -> int:
    """Equity of all of an account's domains, in quanta."""
    domains = {DomainKey(account, "USDT"), *state.domains_of.get(account, ())}
    return sum(domain_margin(state, domain).equity for domain in domains)


def paid_in(receipt: Receipt) -> dict[str, int]:
    """What accounts paid in by an event, less what they took out; what the exchange did stands under the funds."""
    found: dict[str, int] = {}
    for moved in receipt.effects:
        if isinstance(moved, Transferred):
            if moved.source.kind == "external":
                found[moved.target.account or FUNDS] = moved.amount
            if moved.target.kind == "external":
                found[moved.source.account or FUNDS] = -moved.amount
    return found


def decimal(quanta: int) -> str:
    """An amount in hundredths."""
    return f"{Decimal(quanta) / 100:,.2f}"


def events_of(name: str) -> tuple[Header, list[Event]]:
    """The header and the events of a journal."""
    journal = open_journal(FOLDER / f"{name}.jsonl")
    return journal.header, [record.event for record in journal]


@cache
def outcome(name: str) -> Outcome:
    """What comes out of a journal."""
    return measured(*events_of(name))


def measured(header: Header, journal: list[Event]) -> Outcome:
    """Run events, with every invariant checked after each, and measure what all gain; the first is on line 2."""
    steps = run(journal, header=header)
    state = steps[-1][1]
    gains = {account: equity(state, account) for account in state.accounts}
    funds = sum(balance for account, balance in state.ledger.items() if account.kind in FUND_KINDS)
    gains[FUNDS] = funds + sum(lots_unrealised(state, market) for market in state.markets.values())
    for receipt, _ in steps:
        for account, amount in paid_in(receipt).items():
            gains[account] -= amount
    assert sum(gains.values()) == 0
    answers = enumerate((receipt.rejected for receipt, _ in steps), start=2)
    refused = {line: reason for line, reason in answers if reason is not None}
    return Outcome({account: decimal(gain) for account, gain in gains.items() if gain != 0}, refused)


SCHEMES = {
    "wash-trade": Scheme(
        "2,000.00",  # (140 - 120) * 100: the wash price less the lot's bankruptcy price
        Outcome({"ring-long": "4,000.00", "ring-next": "-10.31", "ring-short": "-2,000.00", "saver": "-1,989.69"}),
    ),
    "wash-trade-in-band": Scheme(
        "100.00",  # (121 - 120) * 100
        Outcome({"ring-long": "2,100.00", "ring-next": "-0.52", "ring-short": "-2,000.00", "saver": "-99.48"}),
    ),
    "wash-trade-mirror": Scheme(
        "2,954.95",  # (7,904.95 / 99 - 50) * 99
        Outcome(
            {
                "ring-long": "-2,000.00",
                "ring-next": "-12.51",
                "ring-short": "4,932.02",
                "saver": "-1,919.52",
                FUNDS: "-999.99",
            }
        ),
    ),
    "exit-by-step-down": Scheme(
        "17,078.60",  # what the fill draws: 8,582 * (99.99 - 97.50) - 4,290.58
        Outcome({"maker": "100.00", "ring-friend": "63,160.82", "ring-whale": "-46,182.22", FUNDS: "-17,078.60"}),
    ),
    "exit-within-a-price-band": Scheme(
        "48,697.25",  # what the fill draws: 5,126 * (99.99 - 89.99) - 2,562.75
        Outcome({"maker": "100.00", "ring-friend": "99,961.26", "ring-whale": "-51,364.01", FUNDS: "-48,697.25"}),
    ),
    "exit-within-a-fill-band": Scheme(
        "0.00",
        Outcome(
            {"maker": "100.00", "ring-friend": "51,213.00", "ring-whale": "-51,364.01", FUNDS: "51.01"},
            {16: Reason.PRICE_OUT_OF_BAND},
        ),
    ),
    "funding-both-sides": Scheme(
        "1,000.00",  # the payer's equity below zero: 3,000 of funding on a margin of 2,000
        Outcome({"ring-payer": "-2,000.00", "ring-receiver": "2,961.53", "saver": "-961.53"}),
    ),
    "funding-capped": Scheme(
        "0.00",
        Outcome({"ring-payer": "-2,000.00", "ring-receiver": "1,000.00", FUNDS: "1,000.00"}, {11: Reason.INVALID_RATE}),
    ),
    "one-bad-mark": Scheme(
        "0.00", Outcome({"late": "-3.00", "loser": "-20.00", "winner": "21.00", FUNDS: "2.00"}), measured=("bystander",)
    ),
    "relief-kept": Scheme(
        "68,200.00",  # equity below zero: a fall of 88,200 on a margin of 20,000
        Outcome(
            {
                "late": "-300.00",
                "loser": "-2,000.00",
                "winner": "2,100.00",
                FUNDS: "200.00",
                "ring-long": "-20,000.00",
                "ring-short": "20,000.00",
            },
            {21: Reason.NO_INVENTORY},
        ),
    ),
    "both-sides-alone": Scheme("8,000.00", Outcome({"ring-long": "2,000.00", "ring-short": "-2,000.00"})),
    "both-sides-insured": Scheme(
        "8,000.00", Outcome({"ring-long": "10,000.00", "ring-short": "-2,000.00", FUNDS: "-8,000.00"})
    ),
    "both-sides-behind-another": Scheme(
        "8,000.00",
        Outcome({"maker": "-10,000.00", "other": "2,000.00", "ring-long": "10,000.00", "ring-short": "-2,000.00"}),
    ),
}


def of_owner(gains: dict[str, str], *others: str) -> Decimal:
    """What the owner's accounts gain together, or who else is measured."""
    counted = [account for account in gains if account.startswith("ring-") or account in others]
    return sum((Decimal(gains[account].replace(",", "")) for account in counted), Decimal("0.00"))


def gain(name: str) -> Decimal:
    """What a scheme's owner gains, or who else is measured."""
    return of_owner(outcome(name).gains, *SCHEMES[name].measured)


@pytest.mark.rule("ADL-03", "ADL-04", "LIQ-03", "LIQ-05", "LVY-01", "LVY-02", "MKT-04", "WTF-01")
@pytest.mark.parametrize("name", SCHEMES)
def test_a_scheme_gains_what_is_stated_and_no_more_than_its_bound(name: str) -> None:
    assert outcome(name) == SCHEMES[name].outcome
    assert gain(name) <= Decimal(SCHEMES[name].bound.replace(",", ""))


@pytest.mark.rule("ADL-03", "ADL-04")
@pytest.mark.parametrize("mark", [122, 150, 1000, 9999])
@pytest.mark.parametrize("name", ["wash-trade", "wash-trade-in-band"])
def test_no_gap_makes_a_wash_trade_gain_more(name: str, mark: int) -> None:
    header, [*before, gap, fill] = events_of(name)
    assert isinstance(gap, MarkPrice)
    assert isinstance(fill, LiquidationFill)
    price = Decimal8(mark * RATE_ONE)
    at_mark = (attrs.evolve(gap, price=price), attrs.evolve(fill, price=price))
    gained = of_owner(measured(header, [*before, *at_mark]).gains)
    assert gained <= Decimal(SCHEMES[name].bound.replace(",", ""))


def test_the_page_has_every_scheme_with_its_gain_and_its_bound() -> None:
    rows = {
        name: tuple(cell.strip() for cell in cells.split("|")[-2:]) for name, cells in ROW.findall(PAGE.read_text())
    }
    assert rows == {name: (f"{gain(name):,.2f}", scheme.bound) for name, scheme in SCHEMES.items()}
    assert sorted(rows) == sorted(path.stem for path in FOLDER.glob("*.jsonl"))
