"""OKX v5, linear swaps and futures: values and margins of positions, sizes in contracts.

Its tiers have one rate for a whole position and no deduction, so that maintenance jumps where a tier ends; only within
the first tier is that MRG-04. Liquidation prices include a fee for closing, which no answer shows.
"""

from collections.abc import Iterator
from fractions import Fraction

from immutables import Map

from marginspec.model.account import DomainKey, PositionKey, PositionSide
from marginspec_journal.names import is_name
from marginspec_tools.venues.answers import (
    Answers,
    Kind,
    Venue,
    check_sides,
    checked_tiers,
    elements_or_self,
    left_empty,
    leverage_in,
    positive,
    refuse_error,
)
from marginspec_tools.venues.claims import Claim, Exhibit, Uncheckable
from marginspec_tools.venues.documents import Entry
from marginspec_tools.venues.figures import ACCOUNT, Figure, Held, Range, Snapshot, Terms, TierRow, exactly

TITLE = "OKX linear"
MONEY = Fraction(1, 10**8)
SOURCES = {
    "tiers": "position-tiers, where the position is in the first one",
    "leverage": "positions",
    "cash": "account/balance",
}
TOLD = {"upl": "unrealised", "imr": "initial", "mmr": "maintenance"}
"""What `observed` calls fields of a position."""
KINDS = (
    Kind("positions", ("instId", "pos", "avgPx", "upl", "mgnMode")),
    Kind("position-tiers", ("tier", "minSz", "maxSz", "mmr", "imr")),
    Kind("instruments", ("instId", "ctVal", "ctType")),
    Kind("insurance-fund", ("total", "details")),
    Kind("liquidation-orders", ("instId", "details")),
    Kind("account/config", ("acctLv",)),
    Kind("account/balance", ("details", "totalEq")),
    Kind("bills", ("billId", "balChg")),
)
MODES = {"3": "multi-currency margin", "4": "portfolio margin"}
FEE = "includes a fee for closing, which no answer shows"
UNSHOWN = {"liqPx": FEE, "mgnRatio": FEE, "adl": "depends on all other accounts"}
UNCHECKED = {
    "insurance-fund": ("states of the insurance fund", "depends on all other accounts"),
    "liquidation-orders": (
        "public liquidations",
        "without accounts: their bankruptcy prices follow from nothing public",
    ),
    "bills": ("bills", "needs the account at that moment: import a journal and audit it"),
}


def records(document: Entry) -> Iterator[Entry]:
    """The records of an answer; one that is an error is refused."""
    refuse_error(document, "code", "msg", fine="0")
    yield from elements_or_self(document.child("data") if document.has("data") else document)


def instrument(entry: Entry) -> str:
    """The name of a linear instrument; inverse ones and options are refused."""
    name = entry.text("instId")
    parts = name.split("-")
    if len(parts) < 3 or not is_name(name):
        entry.child("instId").fail(f"not a swap or future: {entry.child('instId').shown()}")
    if parts[1] == "USD":
        entry.child("instId").fail(f"inverse contracts are not supported: {name}")
    if len(parts) > 3:
        entry.child("instId").fail(f"options are not supported: {name}")
    return name


def contract_values(answers: Answers) -> dict[str, Fraction]:
    """How much of the base asset a contract is, by instrument."""
    found: dict[str, Fraction] = {}
    for entry in answers["instruments"]:
        if entry.text("ctType") == "linear":
            multiplier = entry.number("ctMult").value if entry.gives("ctMult") else Fraction(1)
            found[entry.text("instId")] = entry.number("ctVal").value * multiplier
    return found


def first_tier(answers: Answers, name: str, contracts: Fraction) -> tuple[TierRow, ...] | None:
    """The first tier as a table, if a position of so many contracts is within it."""
    family = "-".join(name.split("-")[:2])
    for entry in answers["position-tiers"]:
        named = [entry.text(field) for field in ("instFamily", "uly", "instId") if entry.gives(field)]
        if entry.text("tier") == "1" and family in named and contracts <= entry.number("maxSz").value:
            row = TierRow(Fraction(0), int(entry.number("maxLever").value), exactly(entry.number("mmr").value))
            return checked_tiers(entry, name, [row])
    return None


def refuse_other_modes(answers: Answers) -> None:
    """Refuse, by name, what the rulebook has no model of."""
    for entry in answers["account/config"]:
        if entry.text("acctLv") in MODES:
            entry.child("acctLv").fail(f"{MODES[entry.text('acctLv')]} is not supported")


def exhibit(answers: Answers) -> Exhibit:
    """What answers of OKX come to."""
    refuse_other_modes(answers)
    values = contract_values(answers)
    markets: dict[str, Terms] = {}
    held: dict[PositionKey, Held] = {}
    shown: dict[PositionKey, Entry] = {}
    for entry in answers["positions"]:
        contracts = entry.number("pos").value
        name = instrument(entry)
        if contracts == 0:
            continue
        if name not in values:
            entry.fail(f"needs instruments, for how much a contract of {name} is")
        key, quantity = sided(entry, name, contracts * values[name])
        check_sides(entry, key, quantity, held)
        leverage = leverage_in(entry, "lever") if entry.gives("lever") else None
        tiers = first_tier(answers, name, abs(contracts))
        isolated = entry.text("mgnMode") == "isolated"
        markets[name] = Terms(name.split("-")[1], positive(entry, "markPx"), tiers, leverage, isolated)
        held[key] = Held(quantity, exactly(quantity * entry.number("avgPx").value), entry.number("avgPx").value)
        shown[key] = entry
    cash, of_cash = cash_in(answers, {terms.asset for terms in markets.values()})
    cash |= margins_in(shown, markets)
    snapshot = Snapshot(markets, held, cash, SOURCES)
    claims: list[Claim | Uncheckable] = []
    for key, entry in shown.items():
        claims.extend(position_claims(key, entry))
    claims.extend(of_cash)
    for kind, (what, why) in UNCHECKED.items():
        if answers[kind]:
            claims.append(Uncheckable(kind, what, str(len(answers[kind])), why))
    return Exhibit(TITLE, snapshot, tuple(claims), told=TOLD)


def margins_in(shown: dict[PositionKey, Entry], markets: dict[str, Terms]) -> dict[DomainKey, Range]:
    """The cash of isolated positions."""
    return {
        DomainKey(ACCOUNT, markets[key.market].asset, key.market, key.side): exactly(entry.number("margin").value)
        for key, entry in shown.items()
        if markets[key.market].isolated and entry.gives("margin")
    }


def cash_in(answers: Answers, assets: set[str]) -> tuple[dict[DomainKey, Range], list[Uncheckable]]:
    """The cash of the cross domain in each asset that positions settle in, or why it cannot be had."""
    cash: dict[DomainKey, Range] = {}
    for entry in answers["account/balance"]:
        for row in entry.child("details").elements():
            if row.text("ccy") in assets:
                cash[DomainKey(ACCOUNT, row.text("ccy"))] = exactly(row.number("cashBal").value)
    if answers["account/balance"] and not answers["account/config"]:
        why = "cannot be had without account/config, which says whether other currencies are collateral too"
        shown = {domain.asset: str(row.low) for domain, row in cash.items()}
        return {}, [Uncheckable(asset, "cashBal", shown.get(asset, ""), why) for asset in sorted(assets)]
    missing = sorted(assets - {domain.asset for domain in cash})
    why = "cannot be had from these answers: account/balance says it"
    return cash, [Uncheckable(asset, "cash", "", why) for asset in missing]


def sided(entry: Entry, name: str, quantity: Fraction) -> tuple[PositionKey, Fraction]:
    """The key of a position and its signed quantity."""
    sides: dict[str, PositionSide] = {"net": "BOTH", "long": "LONG", "short": "SHORT"}
    side = sides.get(entry.text("posSide"))
    if side is None:
        entry.child("posSide").fail(f"expected net, long or short, found {entry.child('posSide').shown()}")
    return PositionKey(ACCOUNT, name, side), -abs(quantity) if side == "SHORT" else quantity


def position_claims(key: PositionKey, entry: Entry) -> Iterator[Claim | Uncheckable]:
    """What an answer claims of one position."""
    place = f"{key.market} {key.side}"
    figures: dict[str, tuple[str, Figure]] = {
        "upl": ("ACC-03", lambda world: world.unrealised((key,))),
        "imr": ("MRG-02", lambda world: world.initial((key,))),
        "mmr": ("MRG-04", lambda world: world.maintenance((key,))),
    }
    for field, (clause, figure) in figures.items():
        if entry.gives(field):
            yield Claim(place, field, clause, entry.number(field), MONEY, figure)
    yield from left_empty(entry, place, figures)
    for field, why in UNSHOWN.items():
        if entry.gives(field):
            yield Uncheckable(place, field, entry.text(field), why)


OKX = Venue("okx", TITLE, records, KINDS, exhibit, "position-tiers", Map({"bills": (100,)}))
