"""A snapshot as files of this project: questions for `calc`, and an opening state for `replay` and `audit`."""

from fractions import Fraction
from typing import Any

from marginspec import RULEBOOK_VERSION
from marginspec.model.account import DomainKey, PositionKey
from marginspec_tools.venues.figures import ACCOUNT, NotToBeHad, Snapshot
from marginspec_tools.venues.rounding import Rounding, by_market, market_fields, need_tiers

OTHERS = "others"
"""All other accounts of the venue as one, which no file is about: it holds what the account's positions are against."""
OTHERS_CASH = Fraction(10**9)
CALC_VERSION = 1
STATE_VERSION = 1
HEADER = {"journal": 1, "rulebook": RULEBOOK_VERSION}


def markets_of(snapshot: Snapshot, rounding: Rounding) -> dict[str, dict[str, Any]]:
    """The markets of a snapshot, as `list_market` states them."""
    need_tiers(snapshot)
    return {
        name: market_fields(
            name, terms, rounding, [snapshot.positions[key].quantity for key in by_market(snapshot.positions, name)]
        )
        for name, terms in sorted(snapshot.markets.items())
    }


def mark_text(name: str, snapshot: Snapshot, market: dict[str, Any], rounding: Rounding) -> str:
    """A mark with as many decimals as its market leaves it."""
    return rounding.down(f"{name} mark", snapshot.markets[name].mark, market["price_decimals"])


def leverage_in(snapshot: Snapshot, market: str) -> int:
    """The account's leverage in a market."""
    leverage = snapshot.markets[market].leverage
    if leverage is None:
        raise NotToBeHad(f"needs {snapshot.sources['leverage']}, for the leverage in {market}")
    return leverage


def cash_text(snapshot: Snapshot, domain: DomainKey, rounding: Rounding) -> str:
    """Cash of a domain, down."""
    if domain not in snapshot.cash:
        raise NotToBeHad(f"needs {snapshot.sources['cash']}, for the cash")
    return rounding.cash(f"cash of {name_of(domain)}", snapshot.cash[domain])


def name_of(domain: DomainKey) -> str:
    """A domain as people call it."""
    return f"{domain.market} {domain.side}" if domain.market else domain.asset


# ----------------------------------------------------------------- questions


def questions_of(snapshot: Snapshot, rounding: Rounding) -> dict[str, Any]:
    """The questions of `calc` on each position: maintenance, initial margin, band, bankruptcy price of its domain."""
    markets = markets_of(snapshot, rounding)
    for name, market in markets.items():
        market["mark"] = mark_text(name, snapshot, market, rounding)
    questions: list[dict[str, Any]] = []
    for key in sorted(snapshot.positions):
        domain = snapshot.domain_of(key)
        keys = snapshot.positions_of(domain)
        held = [
            {
                "market": other.market,
                "side": other.side,
                "quantity": rounding.down(f"{other.market} quantity", snapshot.positions[other].quantity),
                "leverage": leverage_in(snapshot, other.market),
                "cost": rounding.cost(f"{other.market} {other.side} cost", snapshot.positions[other].cost),
            }
            for other in keys
        ]
        asked = {
            "markets": {name: markets[name] for name in sorted({other.market for other in keys})},
            "domain": {"cash": cash_text(snapshot, domain, rounding), "positions": held},
            "market": key.market,
        }
        kinds = ("maintenance", "initial", "band", "bankruptcy")
        questions.extend({"id": f"{key.market} {key.side} {kind}", "kind": kind, **asked} for kind in kinds)
    return {"calc": CALC_VERSION, "rulebook": RULEBOOK_VERSION, "questions": questions}


# ----------------------------------------------------------------- an opening state


def state_of(snapshot: Snapshot, rounding: Rounding) -> dict[str, Any]:
    """An opening state: the account, and one synthetic account that holds the other side, at mark."""
    markets = markets_of(snapshot, rounding)
    marks = {name: mark_text(name, snapshot, market, rounding) for name, market in markets.items()}
    positions: dict[str, dict[str, Any]] = {}
    ledger = cash_of(snapshot, rounding)
    for name, market in markets.items():
        keys = by_market(snapshot.positions, name)
        for key in keys:
            cash_text(snapshot, snapshot.domain_of(key), rounding)
            cost = Fraction(rounding.cost(f"{name} {key.side} cost", snapshot.positions[key].cost))
            positions[f"{ACCOUNT}:{name}:{key.side}"] = position_fields(snapshot, key)
            ledger[f"position:{ACCOUNT}:{name}:{key.side}", market["asset"]] = -cost
        against = -sum((snapshot.positions[key].quantity for key in keys), Fraction(0))
        if against:
            quantity = rounding.down(name, against)
            fields = {"quantity": quantity, "margin_mode": "cross", "leverage": default_leverage(market)}
            positions[f"{OTHERS}:{name}:BOTH"] = fields
            ledger[f"position:{OTHERS}:{name}:BOTH", market["asset"]] = -against * Fraction(marks[name])
    for asset in sorted({terms.asset for terms in snapshot.markets.values()}):
        ledger[f"wallet:{OTHERS}:{asset}", asset] = OTHERS_CASH
        held = (amount for (_, of), amount in ledger.items() if of == asset)
        ledger[f"external:{asset}", asset] = -sum(held, Fraction(0))
    return {
        "state": STATE_VERSION,
        "rulebook": RULEBOOK_VERSION,
        "header": {**HEADER, "profile": "reserve", "assets": {}},
        "events": 0,
        "accepted": 0,
        "rejected": 0,
        "ledger": {name: rounding.down(name, amount) for (name, _), amount in sorted(ledger.items()) if amount},
        "positions": dict(sorted(positions.items())),
        "lots": {},
        "marks": marks,
        "uncovered": {},
        "relief_claims": {},
        "markets": markets,
        "accounts": {ACCOUNT: {"position_mode": position_mode(snapshot)}, OTHERS: {"position_mode": "one_way"}},
        "settings": {f"{ACCOUNT}:{name}": setting_fields(snapshot, name) for name in markets},
        "orders": {},
        "next_lot": 1,
        "fund_status": {},
        "closed_markets": [],
    }


def cash_of(snapshot: Snapshot, rounding: Rounding) -> dict[tuple[str, str], Fraction]:
    """The cash of the account's domains, by ledger account and asset; of assets that something settles in."""
    assets = {terms.asset for terms in snapshot.markets.values()}
    return {
        (cash_account_name(domain), domain.asset): Fraction(cash_text(snapshot, domain, rounding))
        for domain in sorted(snapshot.cash)
        if domain.asset in assets
    }


def cash_account_name(domain: DomainKey) -> str:
    """The ledger account that holds a domain's cash, as files name it."""
    if domain.market:
        return f"isolated:{ACCOUNT}:{domain.market}:{domain.side}"
    return f"wallet:{ACCOUNT}:{domain.asset}"


def default_leverage(market: dict[str, Any]) -> int:
    """The leverage of an account that has chosen none (ACC-01)."""
    first: int = market["tiers"][0]["max_leverage"]
    return min(20, first)


def position_mode(snapshot: Snapshot) -> str:
    """Whether the account hedges."""
    return "hedge" if any(key.side != "BOTH" for key in snapshot.positions) else "one_way"


def margin_mode(snapshot: Snapshot, market: str) -> str:
    """Whether the account is isolated in a market."""
    return "isolated" if snapshot.markets[market].isolated else "cross"


def position_fields(snapshot: Snapshot, key: PositionKey) -> dict[str, Any]:
    """A position as a state holds it."""
    quantity = Rounding().down(key.market, snapshot.positions[key].quantity)
    leverage = leverage_in(snapshot, key.market)
    return {"quantity": quantity, "margin_mode": margin_mode(snapshot, key.market), "leverage": leverage}


def setting_fields(snapshot: Snapshot, market: str) -> dict[str, Any]:
    """What the account has set for a market."""
    return {"margin_mode": margin_mode(snapshot, market), "leverage": leverage_in(snapshot, market)}
