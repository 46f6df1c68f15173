"""Plain CSV of any venue's figures: balances, positions, tiers and trades, each file told by its columns."""

from collections.abc import Iterator
from fractions import Fraction

from marginspec.model.account import DomainKey, PositionKey
from marginspec_journal.names import is_name
from marginspec_tools.venues.answers import (
    Answers,
    Kind,
    Venue,
    check_sides,
    checked_tiers,
    deductions,
    elements_or_self,
    leverage_in,
    market_name,
    moment,
    positive,
    side_of,
    unit_of,
)
from marginspec_tools.venues.books import opening_claims
from marginspec_tools.venues.claims import Claim, Exhibit, Uncheckable, known
from marginspec_tools.venues.documents import Entry
from marginspec_tools.venues.figures import ACCOUNT, Figure, Held, Range, Snapshot, Terms, TierRow, exactly
from marginspec_tools.venues.story import Fill, Happening

TITLE = "plain CSV"
MONEY = Fraction(1, 10**8)
"""One unit of the last digit of money that venues book in, for all that is known."""
SOURCES = {"tiers": "a CSV of tiers", "leverage": "the column leverage", "cash": "a CSV of balances"}
OF_POSITIONS = (
    *("leverage", "margin_mode", "cash", "notional", "unrealised", "equity", "maintenance", "initial"),
    *("liquidation_price", "bankruptcy_price"),
)
OF_TRADES = ("value", "fee", "fee_rate", "time", "asset", "position_side", "maker", "ref")
OF_BALANCES = ("equity", "unrealised", "maintenance", "initial", "available", "withdrawable")
KINDS = (
    Kind("tiers", ("market", "floor", "max_leverage", "maintenance_rate"), optional=("deduction",)),
    Kind("positions", ("market", "asset", "side", "quantity", "entry", "mark"), optional=OF_POSITIONS),
    Kind("trades", ("market", "side", "price", "quantity"), optional=OF_TRADES),
    Kind("balances", ("asset", "cash"), optional=OF_BALANCES),
)
"""The files, each with all columns that it may have."""


def tables_in(answers: Answers) -> tuple[dict[str, tuple[TierRow, ...]], list[Claim]]:
    """The tier table of each market, and what is claimed of its deductions."""
    rows: dict[str, list[Entry]] = {}
    for entry in answers["tiers"]:
        rows.setdefault(market_name(entry, "market"), []).append(entry)
    tables: dict[str, tuple[TierRow, ...]] = {}
    claims: list[Claim] = []
    for market, entries in rows.items():
        entries.sort(key=lambda entry: entry.number("floor").value)
        tiers = [
            TierRow(
                entry.number("floor").value,
                leverage_in(entry, "max_leverage"),
                exactly(entry.number("maintenance_rate").value),
            )
            for entry in entries
        ]
        tables[market] = checked_tiers(entries[0], market, tiers)
        for number, (entry, deduction) in enumerate(zip(entries, deductions(market, tables[market]), strict=True), 1):
            if entry.gives("deduction"):
                shown = entry.number("deduction")
                place = f"{market} tier {number}"
                claims.append(Claim(place, "deduction", "MKT-02", shown, unit_of(shown, 0), known(deduction)))
    return tables, claims


def is_isolated(entry: Entry) -> bool:
    """Whether a position is isolated; cross if its row does not say."""
    if not entry.gives("margin_mode"):
        return False
    mode = entry.text("margin_mode")
    if mode not in ("cross", "isolated"):
        entry.child("margin_mode").fail(f"expected cross or isolated, found {entry.child('margin_mode').shown()}")
    return mode == "isolated"


def asset_name(entry: Entry) -> str:
    """The name of an asset."""
    name = entry.text("asset")
    if not is_name(name):
        entry.child("asset").fail(f"not a name of an asset: {entry.child('asset').shown()}")
    return name


def exhibit(answers: Answers) -> Exhibit:
    """What plain CSV comes to."""
    tables, of_tiers = tables_in(answers)
    markets: dict[str, Terms] = {}
    held: dict[PositionKey, Held] = {}
    cash: dict[DomainKey, Range] = {}
    shown: dict[PositionKey, Entry] = {}
    for entry in answers["positions"]:
        market, side = market_name(entry, "market"), side_of(entry, "side")
        key = PositionKey(ACCOUNT, market, side)
        quantity = entry.number("quantity").value
        if quantity == 0:
            continue
        check_sides(entry, key, quantity, held)
        leverage = leverage_in(entry, "leverage") if entry.gives("leverage") else None
        asset = asset_name(entry)
        terms = Terms(asset, positive(entry, "mark"), tables.get(market), leverage, is_isolated(entry))
        if markets.setdefault(market, terms) != terms:
            entry.fail(f"the two sides of {market} differ in asset, mark, leverage or margin mode")
        held[key] = Held(quantity, exactly(quantity * entry.number("entry").value), entry.number("entry").value)
        shown[key] = entry
        if terms.isolated and entry.gives("cash"):
            cash[DomainKey(ACCOUNT, asset, market, side)] = exactly(entry.number("cash").value)
    for entry in answers["balances"]:
        cash[DomainKey(ACCOUNT, asset_name(entry))] = exactly(entry.number("cash").value)
    snapshot = Snapshot(markets, held, cash, SOURCES, listed_in(answers, tables))
    claims: list[Claim | Uncheckable] = []
    for key, entry in shown.items():
        claims.extend(position_claims(snapshot, key, entry))
    for entry in answers["balances"]:
        claims.extend(balance_claims(snapshot, entry))
    for number, entry in enumerate(answers["trades"], 1):
        claims.extend(trade_claims(entry, number))
    claims.extend(opening_claims(snapshot, story_of(answers), MONEY, Fraction(0)))
    return Exhibit(
        TITLE,
        snapshot,
        (*claims, *of_tiers),
        tuple(notes_of(answers)),
        lambda: tuple(story_of(answers)),
        TOLD,
        TOLD_OF_ASSETS,
    )


TOLD = {one: one for one in ("unrealised", "maintenance", "initial", "liquidation_price", "bankruptcy_price")}
TOLD_OF_ASSETS = {one: one for one in ("equity", "maintenance", "initial", "available")}
"""What `observed` calls fields of a position, and of an asset."""


def listed_in(answers: Answers, tables: dict[str, tuple[TierRow, ...]]) -> dict[str, Terms]:
    """The terms of the markets that were traded, where trades say the asset."""
    return {
        market_name(entry, "market"): Terms(asset_name(entry), Fraction(0), tables.get(entry.text("market")))
        for entry in answers["trades"]
        if entry.gives("asset")
    }


def notes_of(answers: Answers) -> Iterator[str]:
    """How many trades a journal leaves out, though it has others."""
    trades = answers["trades"]
    told = [entry for entry in trades if entry.gives("time") and entry.gives("asset")]
    if 0 < len(told) < len(trades):
        yield f"{len(trades) - len(told)} of {len(trades)} trades say no time or no asset, and are in no journal"


def story_of(answers: Answers) -> Iterator[Happening]:
    """What happened to the account: the trades that say a time and the asset."""
    for number, entry in enumerate(answers["trades"], 1):
        if not entry.gives("time") or not entry.gives("asset"):
            continue
        side = entry.text("side")
        if side not in ("buy", "sell"):
            entry.child("side").fail(f"expected buy or sell, found {entry.child('side').shown()}")
        key = PositionKey(
            ACCOUNT,
            market_name(entry, "market"),
            side_of(entry, "position_side") if entry.gives("position_side") else "BOTH",
        )
        quantity = entry.number("quantity").value * (1 if side == "buy" else -1)
        fee = entry.number("fee").value if entry.gives("fee") else Fraction(0)
        yield Fill(
            moment(entry, "time"),
            entry.text("ref") if entry.gives("ref") else str(number),
            asset_name(entry),
            key,
            positive(entry, "price"),
            quantity,
            fee,
            not entry.gives("maker") or not entry.flag("maker"),
        )


def position_claims(snapshot: Snapshot, key: PositionKey, entry: Entry) -> Iterator[Claim | Uncheckable]:
    """What a row claims of one position."""
    domain = snapshot.domain_of(key)
    figures: dict[str, tuple[str, Figure]] = {
        "notional": ("MRG-01", lambda world: world.notional(key)),
        "unrealised": ("ACC-03", lambda world: world.unrealised((key,))),
        "equity": ("ACC-03", lambda world: world.equity(domain)),
        "maintenance": ("MRG-04", lambda world: world.maintenance((key,))),
        "initial": ("MRG-02", lambda world: world.initial((key,))),
        "liquidation_price": ("MRG-07", lambda world: world.liquidation_price(key)),
        "bankruptcy_price": ("MRG-08", lambda world: world.bankruptcy_price(key)),
    }
    place = f"{key.market} {key.side}"
    yield from given(entry, place, figures)
    if not domain.market and entry.gives("cash"):
        yield Uncheckable(place, "cash", entry.text("cash"), "a cross position has none of its own: balances say it")


def balance_claims(snapshot: Snapshot, entry: Entry) -> Iterator[Claim]:
    """What a row claims of the cross domain of an asset."""
    domain = DomainKey(ACCOUNT, entry.text("asset"))
    keys = snapshot.positions_of(domain)
    figures: dict[str, tuple[str, Figure]] = {
        "equity": ("ACC-03", lambda world: world.equity(domain)),
        "unrealised": ("ACC-03", lambda world: world.unrealised(keys)),
        "maintenance": ("MRG-04", lambda world: world.maintenance(keys)),
        "initial": ("MRG-02", lambda world: world.initial(keys)),
        "available": ("MRG-06", lambda world: world.available(domain.asset, Fraction(0), movable=False)),
        "withdrawable": ("MRG-06", lambda world: world.available(domain.asset, Fraction(0), movable=True)),
    }
    yield from given(entry, domain.asset, figures)


def given(entry: Entry, place: str, figures: dict[str, tuple[str, Figure]]) -> Iterator[Claim]:
    """A claim for each figure that a row gives; it is to less than one unit of the last digit that is printed."""
    for field, (clause, figure) in figures.items():
        if entry.gives(field):
            shown = entry.number(field)
            # A price of zero says that there is none.
            none = field.endswith("_price") and shown.value == 0
            yield Claim(place, field, clause, None if none else shown, unit_of(shown, 0), figure)


def trade_claims(entry: Entry, number: int) -> Iterator[Claim | Uncheckable]:
    """What a row claims of one trade: its value, and its fee at the rate that it names."""
    place = f"{market_name(entry, 'market')} trade {number}"
    value = entry.number("price").value * abs(entry.number("quantity").value)
    if entry.gives("value"):
        shown = entry.number("value")
        yield Claim(place, "value", "NUM-01", shown, unit_of(shown, 0), known(value))
    if entry.gives("fee") and entry.gives("fee_rate"):
        shown = entry.number("fee")
        fee = value * entry.number("fee_rate").value
        yield Claim(place, "fee", "TRD-01", shown, unit_of(shown, 0), known(fee))
    elif entry.gives("fee"):
        yield Uncheckable(place, "fee", entry.text("fee"), "needs the column fee_rate")


PLAIN = Venue("csv", TITLE, elements_or_self, KINDS, exhibit, "tiers")
