"""Hyperliquid: what its info answers show of an account's perpetuals.

A maintenance rate is half of one over the tier's leverage; for a leverage of 3 it lies between two rates of 1e-8. Cash
is what the account would have if its positions had cost nothing: raw USD plus their costs. Money has more digits than
the six that are shown, and is rounded to the nearest.
"""

from collections.abc import Iterable, Iterator
from fractions import Fraction

from immutables import Map

from marginspec.model.account import DomainKey, PositionKey
from marginspec_journal import InputError
from marginspec_journal.names import is_name
from marginspec_tools.venues.answers import (
    Answers,
    Kind,
    Venue,
    check_sides,
    checked_tiers,
    cost_range,
    elements_or_self,
    leverage_in,
    moment,
    positive,
    refuse_error,
)
from marginspec_tools.venues.books import opening_claims
from marginspec_tools.venues.claims import Claim, Exhibit, Uncheckable
from marginspec_tools.venues.documents import Entry, Shown
from marginspec_tools.venues.figures import (
    ACCOUNT,
    Figure,
    Held,
    NotToBeHad,
    Range,
    Snapshot,
    Terms,
    TierRow,
    decimals_of,
    exactly,
    in_rate_units,
)
from marginspec_tools.venues.history import history_claims
from marginspec_tools.venues.story import Fill, Happening, Payment

TITLE = "Hyperliquid"
MONEY = Fraction(1, 10**6)
"""One unit of the last digit of money."""
PRICE_DIGITS = 12
"""How many digits in all a liquidation price is shown with."""
FIRST_TABLE = 50
"""A margin table of a lower number is one tier of that leverage."""
SOURCES = {"tiers": "meta", "leverage": "clearinghouseState", "cash": "clearinghouseState"}
KINDS = (
    Kind("clearinghouseState", ("marginSummary", "assetPositions")),
    Kind("meta", ("universe",)),
    Kind("position", ("type", "position")),
    Kind("userFills", ("coin", "px", "sz", "startPosition", "tid")),
    Kind("ledger", ("delta", "hash", "time")),
    Kind("fundingHistory", ("coin", "fundingRate", "time")),
)
UNCHECKED = {
    "ledger": ("deposits, withdrawals and funding", "needs the account at that moment: import a journal and audit it"),
    "fundingHistory": ("funding rates", "needs the position and the oracle's price at each time"),
}


def records(document: Entry) -> Iterator[Entry]:
    """The records of an answer; of meta with contexts the meta, of a message of a stream its data.

    One that is an error is refused.
    """
    refuse_error(document, "status", "response", fine="ok")
    refuse_error(document, "error", "message")
    if document.has("channel", "data"):
        document = document.child("data")
    if isinstance(document.value, list) and document.value and next(document.elements()).has("universe"):
        yield next(document.elements())
    else:
        yield from elements_or_self(document)


def market_of_coin(entry: Entry) -> str:
    """A coin as the name of a market: one of another deployer's has a colon, which no name has."""
    name = entry.text("coin").replace(":", ".")
    if not is_name(name):
        entry.child("coin").fail(f"not a perpetual: {entry.child('coin').shown()}")
    return name


def tables_in(answers: Answers) -> dict[str, tuple[str, tuple[TierRow, ...]]]:
    """The asset and the tier table of each market."""
    found: dict[str, tuple[str, tuple[TierRow, ...]]] = {}
    for meta in answers["meta"]:
        asset = "USDC" if not meta.gives("collateralToken") or meta.whole("collateralToken") == 0 else ""
        listed = dict(map(margin_table, meta.child("marginTables").elements())) if meta.gives("marginTables") else {}
        for coin in meta.child("universe").elements():
            name = coin.text("name").replace(":", ".")
            number = coin.text("marginTableId" if coin.gives("marginTableId") else "maxLeverage")
            if number in listed:
                found[name] = (asset, checked_tiers(coin, name, listed[number]))
            elif number in map(str, range(1, FIRST_TABLE)):
                found[name] = (asset, (tier_of(Fraction(0), int(number)),))
    return found


def margin_table(pair: Entry) -> tuple[str, list[TierRow]]:
    """A margin table, by its number as text."""
    if not isinstance(pair.value, list) or len(pair.value) != 2:
        pair.fail("expected the number of a margin table, and the table")
    number, table = pair.elements()
    rows = table.child("marginTiers").elements()
    return str(number.value), [tier_of(row.number("lowerBound").value, leverage_in(row, "maxLeverage")) for row in rows]


def tier_of(floor: Fraction, leverage: int) -> TierRow:
    """A tier, whose maintenance rate is half of one over its leverage."""
    return TierRow(floor, leverage, in_rate_units(Fraction(1, 2 * leverage)))


def positions_in(answers: Answers) -> Iterator[Entry]:
    """The open positions of the states, or else those that came one by one."""
    for state in answers["clearinghouseState"]:
        for held in state.child("assetPositions").elements():
            yield held.child("position")
    for held in () if answers["clearinghouseState"] else answers["position"]:
        yield held.child("position")


def snapshot_of(answers: Answers) -> tuple[Snapshot, dict[PositionKey, Entry]]:
    """The account as the answers show it, and the record of each position."""
    tables = tables_in(answers)
    markets: dict[str, Terms] = {}
    held: dict[PositionKey, Held] = {}
    cash: dict[DomainKey, Range] = {}
    shown: dict[PositionKey, Entry] = {}
    for entry in positions_in(answers):
        name = market_of_coin(entry)
        key = PositionKey(ACCOUNT, name, "BOTH")
        quantity = entry.number("szi").value
        check_sides(entry, key, quantity, held)
        leverage = entry.child("leverage")
        asset, tiers = tables.get(name, ("USDC", None))
        if not asset:
            entry.fail(f"{name} does not settle in USDC, which is not supported")
        isolated = leverage.text("type") == "isolated"
        markets[name] = Terms(asset, mark_of(entry, quantity), tiers, leverage_in(leverage, "value"), isolated)
        cost = cost_of(entry, quantity)
        held[key] = Held(quantity, exactly(cost), entry.number("entryPx").value)
        shown[key] = entry
        if isolated:
            cash[DomainKey(ACCOUNT, asset, name, "BOTH")] = shown_cash(leverage.number("rawUsd"), cost)
    listed = {name: Terms(asset, Fraction(0), tiers) for name, (asset, tiers) in tables.items()}
    snapshot = Snapshot(markets, held, cash, SOURCES, listed)
    for state in answers["clearinghouseState"]:
        cross = DomainKey(ACCOUNT, "USDC")
        costs = sum((held[key].cost.low for key in snapshot.positions_of(cross)), Fraction(0))
        cash[cross] = shown_cash(state.child("crossMarginSummary").number("totalRawUsd"), costs)
    return snapshot, shown


def shown_cash(raw_usd: Shown, costs: Fraction) -> Range:
    """The cash of a domain: its raw USD, which is shown to the nearest unit, and what its positions cost."""
    return Range(raw_usd.value + costs - MONEY / 2, raw_usd.value + costs + MONEY / 2)


def mark_of(entry: Entry, quantity: Fraction) -> Fraction:
    """The mark, which is not shown: the value at mark is, and it is exact."""
    if quantity == 0:
        entry.child("szi").fail("a position of nothing")
    mark = entry.number("positionValue").value / abs(quantity)
    try:
        decimals_of(mark)
    except NotToBeHad:
        entry.child("positionValue").fail("its mark is no decimal, so it is not the value of the position at mark")
    return mark


def cost_of(entry: Entry, quantity: Fraction) -> Fraction:
    """The cost of a position; its entry is shown rounded, and nothing but the unrealised PnL depends on the rest."""
    price = entry.number("entryPx")
    value = entry.number("positionValue").value * (1 if quantity > 0 else -1)
    profit = entry.number("unrealizedPnl")
    width = abs(quantity) / 10**price.decimals
    cost = cost_range(value, profit, MONEY, (quantity * price.value,), width)
    return cost.low if cost.is_exact else value - profit.value


def position_claims(snapshot: Snapshot, key: PositionKey, entry: Entry) -> Iterator[Claim | Uncheckable]:
    """What an answer claims of one position."""
    domain = snapshot.domain_of(key)
    margin: tuple[str, Figure] = ("MRG-02", lambda world: world.initial((key,)))
    if domain.market:
        margin = ("ACC-03", lambda world: world.equity(domain))
    yield Claim(
        key.market,
        "unrealizedPnl",
        "ACC-03",
        entry.number("unrealizedPnl"),
        MONEY,
        lambda world: world.unrealised((key,)),
    )
    yield Claim(key.market, "marginUsed", margin[0], entry.number("marginUsed"), MONEY, margin[1])
    price = entry.number("liquidationPx") if entry.gives("liquidationPx") else None
    unit = MONEY if price is None else last_digit(price)
    yield Claim(key.market, "liquidationPx", "MRG-07", price, unit, lambda world: world.liquidation_price(key))
    if entry.gives("returnOnEquity"):
        why = "a figure of the venue's own, which no clause has"
        yield Uncheckable(key.market, "returnOnEquity", entry.text("returnOnEquity"), why)


def last_digit(price: Shown) -> Fraction:
    """One unit of the last of twelve digits of a price."""
    whole = len(str(int(abs(price.value)))) if abs(price.value) >= 1 else 0
    return Fraction(10) ** (whole - PRICE_DIGITS)


def summary_claims(state: Entry, snapshot: Snapshot) -> Iterator[Claim | Uncheckable]:
    """What an answer claims of the whole account and of its cross domain."""
    cross = DomainKey(ACCOUNT, "USDC")
    of_cross = snapshot.positions_of(cross)
    isolated = [snapshot.domain_of(key) for key in snapshot.positions if key not in of_cross]
    for field, keys, domains in (
        ("crossMarginSummary", of_cross, [cross]),
        ("marginSummary", snapshot.positions_in("USDC"), [cross, *isolated]),
    ):
        yield from totals(state.child(field), field, keys, domains, of_cross, isolated)
    yield Claim(
        "cross",
        "crossMaintenanceMarginUsed",
        "MRG-04",
        state.number("crossMaintenanceMarginUsed"),
        MONEY * max(1, len(of_cross)),
        lambda world: world.maintenance(of_cross),
    )
    why = "the venue keeps a tenth of the notional back, which no clause does"
    yield Uncheckable("cross", "withdrawable", state.text("withdrawable"), why)


def totals(
    entry: Entry,
    place: str,
    keys: Iterable[PositionKey],
    domains: Iterable[DomainKey],
    of_cross: tuple[PositionKey, ...],
    isolated: list[DomainKey],
) -> Iterator[Claim]:
    """The sums of a summary."""
    keys, domains = tuple(keys), tuple(domains)
    unit = MONEY * max(1, len(keys))
    counted = isolated if len(domains) > 1 else []
    figures: dict[str, tuple[str, Figure]] = {
        "accountValue": ("ACC-03", lambda world: world.total_equity(domains)),
        "totalNtlPos": ("MRG-01", lambda world: exactly(sum((world.notional(key).low for key in keys), Fraction(0)))),
        # Of an isolated position all its equity is in use, of the cross ones their initial margin.
        "totalMarginUsed": ("MRG-02", lambda world: plus(world.initial(of_cross), world.total_equity(counted))),
    }
    for field, (clause, figure) in figures.items():
        yield Claim(place, field, clause, entry.number(field), unit, figure)


def plus(one: Range, other: Range) -> Range:
    """The sum of two numbers that are known to within ranges."""
    return Range(one.low + other.low, one.high + other.high)


def exhibit(answers: Answers) -> Exhibit:
    """What answers of Hyperliquid come to."""
    if len(answers["clearinghouseState"]) > 1:
        answers["clearinghouseState"][1].fail("a second state: check one account at a time")
    snapshot, shown = snapshot_of(answers)
    claims: list[Claim | Uncheckable] = []
    for key, entry in shown.items():
        claims.extend(position_claims(snapshot, key, entry))
    for state in answers["clearinghouseState"]:
        claims.extend(summary_claims(state, snapshot))
    claims.extend(history_claims(snapshot, story_of(answers, ledger=False), MONEY, Fraction(0)))
    claims.extend(beginning(snapshot, answers))
    for kind, (what, why) in UNCHECKED.items():
        if answers[kind]:
            claims.append(Uncheckable(kind, what, str(len(answers[kind])), why))
    return Exhibit(TITLE, snapshot, tuple(claims), (), lambda: tuple(story_of(answers)), TOLD, unit=MONEY)


def beginning(snapshot: Snapshot, answers: Answers) -> Iterator[Uncheckable]:
    """The cash at the beginning, unless the ledger has what is not known here."""
    try:
        yield from opening_claims(snapshot, story_of(answers), MONEY, Fraction(0))
    except InputError as refusal:
        yield Uncheckable("USDC", "cash at the beginning", "", str(refusal))


TOLD = {"unrealizedPnl": "unrealised", "liquidationPx": "liquidation_price"}
"""What `observed` calls fields of a position."""


# ----------------------------------------------------------------- what happened


def story_of(answers: Answers, *, ledger: bool = True) -> Iterator[Happening]:
    """What happened to the account: fills of perpetuals, and what came into it and left it."""
    for entry in answers["userFills"]:
        if entry.text("coin").startswith("@") or "/" in entry.text("coin"):
            continue
        size = entry.number("sz").value * (1 if entry.text("side") == "B" else -1)
        yield Fill(
            moment(entry, "time"),
            entry.text("tid"),
            "USDC",
            PositionKey(ACCOUNT, market_of_coin(entry), "BOTH"),
            positive(entry, "px"),
            size,
            entry.number("fee").value,
            entry.flag("crossed"),
            entry.number("startPosition").value + size,
            entry.number("closedPnl") if entry.gives("closedPnl") else None,
            "closedPnl",
        )
    for entry in answers["ledger"] if ledger else ():
        amount = amount_of(entry.child("delta"))
        yield Payment(moment(entry, "time"), entry.text("hash"), "USDC", amount, entry.child("delta").text("type"))


def amount_of(delta: Entry) -> Fraction:
    """What a change of the ledger brings into the perpetuals' account; one of an unknown kind is refused."""
    kind = delta.text("type")
    if kind in ("deposit", "funding"):
        return delta.number("usdc").value
    if kind == "withdraw":
        fee = delta.number("fee").value if delta.gives("fee") else Fraction(0)
        return -delta.number("usdc").value - fee
    if kind == "accountClassTransfer":
        return delta.number("usdc").value * (1 if delta.flag("toPerp") else -1)
    return delta.child("type").fail(f"a change of the ledger that is not known here: {delta.child('type').shown()}")


MOST = Map({"userFills": (2000,), "ledger": (500,), "fundingHistory": (500,)})
"""An answer holds so many records at most."""
HYPERLIQUID = Venue("hyperliquid", TITLE, records, KINDS, exhibit, "meta", MOST, Map({"fundingHistory": "coin"}))
