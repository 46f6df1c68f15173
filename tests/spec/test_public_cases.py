"""Cases that traders and auditors reported, and schemes against the venue, as vectors: what the rules give for each.

`vectors/cases/figures.json` has the figures, worked out from the rulebook, of the journals beside it.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from immutables import Map

from marginspec.margin.bands import liquidation_band
from marginspec.margin.margin import domain_margin, lot_cost
from marginspec.model import ledger
from marginspec.model.account import DomainKey
from marginspec.model.events import Deposit, Withdraw
from marginspec.model.state import State
from marginspec.settlement.levy import domains_of_asset
from marginspec_journal import open_journal
from worlds.states import run

FOLDER = Path(__file__).parents[1] / "vectors" / "cases"
FIGURES: dict[str, dict[str, Any]] = json.loads((FOLDER / "figures.json").read_text("utf-8"))
ASSET = "USDT"


def text(units: int, decimals: int) -> str:
    """An integer in units of 10^-decimals as a decimal string."""
    sign, digits = "-" if units < 0 else "", f"{abs(units):0{decimals + 1}d}"
    whole, fraction = digits[: len(digits) - decimals], digits[len(digits) - decimals :].rstrip("0")
    return sign + whole + (f".{fraction}" if fraction else "")


def named(domain: DomainKey) -> str:
    """A domain as a state's file has it, without the asset."""
    return domain.account if domain.is_cross else f"{domain.account}:{domain.market}:{domain.side}"


class Found:
    """What a journal gives: every invariant holds after every event."""

    def __init__(self, name: str) -> None:
        journal = open_journal(FOLDER / f"{name}.jsonl")
        self.events = [record.event for record in journal]
        steps = run(self.events, header=journal.header)
        self.state = steps[-1][1]
        reasons = [receipt.rejected for receipt, _ in steps]
        self.refused = {str(number): reason.value for number, reason in enumerate(reasons, start=1) if reason}
        self.decimals = journal.header.decimals(ASSET)

    def figures(self) -> dict[str, Any]:
        """All that the end has: equity, positions, lots and funds, whatever is not zero, and what was refused."""
        state = self.state
        lots = {
            str(lot.id): [self.quantity(state, lot.market, lot.quantity), self.money(lot_cost(state, lot.id))]
            for lot in state.lots.values()
        }
        positions = {
            ":".join(key): self.quantity(state, key.market, held) for key, held in sorted(state.positions.items())
        }
        found = {"refused": self.refused, "equity": self.equity(), "positions": positions, "lots": lots}
        found |= {"funds": self.funds(), "claims": self.claims()}
        return {kind: values for kind, values in found.items() if values}

    def equity(self) -> dict[str, str]:
        """Of each domain."""
        margins = {domain: domain_margin(self.state, domain) for domain in domains_of_asset(self.state, ASSET)}
        return {named(domain): self.money(margin.equity) for domain, margin in margins.items() if margin.equity}

    def funds(self) -> dict[str, str]:
        """Of insurance, relief, house and reserves."""
        shared = (ledger.house(ASSET), ledger.insurance(ASSET), ledger.relief(ASSET))
        funds = (*shared, *(ledger.reserve(market) for market in sorted(self.state.markets)))
        balances = {str(fund): self.state.balance(fund) for fund in funds}
        return {fund: self.money(balance) for fund, balance in balances.items() if balance}

    def claims(self) -> dict[str, str]:
        """On the relief of the asset."""
        claims = self.state.relief_claims.get(ASSET, Map())
        return {named(domain): self.money(claim) for domain, claim in sorted(claims.items())}

    def gain(self, owner: list[str]) -> str:
        """What an owner's accounts have at the end and took out, less what they brought."""
        domains = domains_of_asset(self.state, ASSET)
        gained = sum(domain_margin(self.state, one).equity for one in domains if one.account in owner)
        for number, event in enumerate(self.events, start=1):
            if isinstance(event, Deposit | Withdraw) and event.account in owner and str(number) not in self.refused:
                moved = event.amount // 10 ** (8 - self.decimals)
                gained += moved if isinstance(event, Withdraw) else -moved
        return self.money(gained)

    def money(self, quanta: int) -> str:
        """An amount of the asset."""
        return text(quanta, self.decimals)

    @staticmethod
    def quantity(state: State, market: str, quantity: int) -> str:
        """A quantity of a market."""
        return text(quantity, state.markets[market].quantity_decimals)

    def band(self, asked: dict[str, str]) -> dict[str, str | None]:
        """The liquidation band of a domain in a market."""
        market = self.state.markets[asked["market"]]
        domain = next(one for one in domains_of_asset(self.state, ASSET) if named(one) == asked["domain"])
        band = liquidation_band(self.state, domain, market.id)
        ends = {"lower": band.lower, "upper": band.upper}
        found = {end: None if price is None else text(price, market.price_decimals) for end, price in ends.items()}
        return {"domain": asked["domain"], "market": asked["market"], **found}


@pytest.mark.rule("ACC-01", "ACC-04", "ADL-03", "ADL-04", "ADL-06", "LIQ-05", "LVY-01", "LVY-02", "MKT-01", "MKT-04")
@pytest.mark.rule("MRG-03", "MRG-05", "MRG-07", "TRD-01", "TRD-02", "TRD-03")
@pytest.mark.parametrize("name", sorted(FIGURES))
def test_a_case_gives_its_figures(name: str) -> None:
    row, found = FIGURES[name], Found(name)
    asked: dict[str, Any] = {"clauses": row["clauses"], "why": row["why"], **found.figures()}
    if "gain" in row:
        asked["gain"] = {"owner": row["gain"]["owner"], "amount": found.gain(row["gain"]["owner"])}
    if "band" in row:
        asked["band"] = found.band(row["band"])
    assert asked == row


def test_every_journal_has_its_figures() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.jsonl")) == sorted(FIGURES)


ATTACKS = {
    "whale-exit-without-limits": "16978.6",
    "whale-exit-under-bands": "-100",
    "whale-exit-within-the-band": "-138.57",
    "funding-without-cap": "961.53",
    "funding-under-a-cap": "-1000",
    "glitch": "-3",
    "wash-without": "0",
    "wash-cashout": "1989.7",
}
"""The four attacks: an exit by liquidation and funding against oneself, each without limits and under them.

Then a trade before one bad mark, and out of deleveraging's reach by a wash trade of 100 at 140, 20 beyond the
bankruptcy price: at most 2,000.
"""


@pytest.mark.parametrize("name", ATTACKS)
def test_what_an_attack_gains_its_owner(name: str) -> None:
    assert FIGURES[name]["gain"]["amount"] == ATTACKS[name]
