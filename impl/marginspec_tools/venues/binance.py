"""Binance USD-M futures: what its answers show of an account, in single-asset mode.

Money is shown with 8 digits and cut, not rounded: a maintenance margin is shown down where MRG-04 rounds up.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from fractions import Fraction

import attrs
from immutables import Map

from marginspec.model.account import DomainKey, PositionKey
from marginspec_tools.venues.answers import Answers, Venue, deductions, left_empty, market_name
from marginspec_tools.venues.binance_answers import (
    KINDS,
    MONEY,
    OTHERS,
    OWN_FIGURE,
    TITLE,
    Position,
    asset_of,
    check_same_positions,
    key_in,
    open_positions,
    records,
    refuse_other_modes,
    snapshot_of,
    tiers_in,
)
from marginspec_tools.venues.binance_story import OF_TRADES, income_claims, story_of
from marginspec_tools.venues.books import opening_claims
from marginspec_tools.venues.claims import Claim, Exhibit, Uncheckable, known
from marginspec_tools.venues.documents import Entry, Shown
from marginspec_tools.venues.figures import ACCOUNT, Figure, Snapshot, TierRow, decimals_of
from marginspec_tools.venues.history import history_claims


def tier_claims(answers: Answers, tables: dict[str, tuple[TierRow, ...]]) -> Iterator[Claim | Uncheckable]:
    """The deductions of all tiers, then that each cap is the next one's floor."""
    caps: list[Claim] = []
    for entry in answers["leverageBracket"]:
        symbol = entry.text("symbol")
        if symbol not in tables:
            yield Uncheckable(symbol, "brackets", "a table", "not a table of MKT-02")
            continue
        rows = sorted(entry.child("brackets").elements(), key=lambda row: row.number("notionalFloor").value)
        computed = deductions(symbol, tables[symbol])
        for row, deduction, above in zip(rows, computed, [*tables[symbol][1:], None], strict=True):
            place = f"{symbol} bracket {row.text('bracket')}" if row.gives("bracket") else f"{symbol} brackets"
            if row.gives("cum"):
                yield Claim(place, "cum", "MKT-02", row.number("cum"), MONEY, known(deduction))
            if above is not None:
                caps.append(Claim(place, "notionalCap", "MKT-02", row.number("notionalCap"), MONEY, known(above.floor)))
    yield from caps


def position_claims(snapshot: Snapshot, position: Position, said_by: str = "") -> Iterator[Claim | Uncheckable]:
    """What an answer claims of one position; `said_by` is which one, if another claims the same."""
    entry, key = position.entry, position.key
    place = f"{said_by}{key.market} {key.side}"
    domain = snapshot.domain_of(key)
    unit = MONEY + position.cut
    figures: dict[str, tuple[str, Figure]] = {
        "notional": ("MRG-01", lambda world: world.value(key)),
        "unRealizedProfit": ("ACC-03", lambda world: world.unrealised((key,))),
        "unrealizedProfit": ("ACC-03", lambda world: world.unrealised((key,))),
        "maintMargin": ("MRG-04", lambda world: world.maintenance((key,))),
        "positionInitialMargin": ("MRG-02", lambda world: world.initial((key,))),
        "liquidationPrice": ("MRG-07", lambda world: world.liquidation_price(key)),
    }
    if domain.market:
        figures["isolatedMargin"] = ("ACC-03", lambda world: world.equity(domain))
    for field, (clause, figure) in figures.items():
        if entry.gives(field):
            shown: Shown | None = entry.number(field)
            if field == "liquidationPrice" and shown is not None and shown.value == 0:
                shown = None
            yield Claim(place, field, clause, shown, unit, figure)
    yield from left_empty(entry, place, figures)
    for field, why in (("adl", OTHERS), ("adlQuantile", OTHERS), ("breakEvenPrice", OWN_FIGURE)):
        if entry.gives(field):
            yield Uncheckable(place, field, entry.text(field), why)


def account_claims(
    answers: Answers, snapshot: Snapshot, positions: dict[PositionKey, Position]
) -> Iterator[Claim | Uncheckable]:
    """What an account answer claims of each asset and, where positionRisk is there too, of each position."""
    for entry in answers["account"]:
        moved = list(moved_positions(entry, positions))
        if answers["positionRisk"]:
            for row in entry.child("positions").elements():
                if row.number("positionAmt").value != 0 and key_in(row) in positions and not moved:
                    shown = attrs.evolve(positions[key_in(row)], entry=row)
                    yield from position_claims(snapshot, shown, "account: ")
        for asset in entry.child("assets").elements():
            keys = snapshot.positions_in(asset.text("asset"))
            if keys or asset.number("walletBalance").value != 0:
                yield from asset_claims(asset, snapshot, moved, Fraction(len(keys)) * cut_of(positions))


def cut_of(positions: dict[PositionKey, Position]) -> Fraction:
    """By how much a notional may be cut."""
    return max((position.cut for position in positions.values()), default=Fraction(0))


def moved_positions(account: Entry, positions: dict[PositionKey, Position]) -> Iterator[str]:
    """Positions that an account answer shows at another mark or quantity than positionRisk does."""
    shown = {
        key_in(row): row
        for row in account.child("positions").elements()
        if row.number("positionAmt").value != 0 and row.gives("notional")
    }
    for key, position in positions.items():
        row = shown.get(key)
        value = position.quantity * position.mark
        if row is None or abs(row.number("notional").value - value) >= MONEY + position.cut:
            yield f"{key.market} {key.side}"


def asset_claims(asset: Entry, snapshot: Snapshot, moved: list[str], slack: Fraction) -> Iterator[Claim | Uncheckable]:
    """What an account answer claims of one asset; what depends on marks only if they are those of the positions."""
    name = asset.text("asset")
    keys = snapshot.positions_in(name)
    cross = DomainKey(ACCOUNT, name)
    of_cross = snapshot.positions_of(cross)
    domains = {snapshot.domain_of(key) for key in keys} | {cross}
    orders = asset.number("openOrderInitialMargin").value if asset.gives("openOrderInitialMargin") else Fraction(0)
    of_marks: dict[str, tuple[str, Figure]] = {
        "unrealizedProfit": ("ACC-03", lambda world: world.unrealised(keys)),
        "crossUnPnl": ("ACC-03", lambda world: world.unrealised(of_cross)),
        "marginBalance": ("ACC-03", lambda world: world.total_equity(domains)),
        "maintMargin": ("MRG-04", lambda world: world.maintenance(keys)),
        "positionInitialMargin": ("MRG-02", lambda world: world.initial(keys)),
        "availableBalance": ("MRG-06", lambda world: world.available(name, orders, movable=False)),
        "maxWithdrawAmount": ("MRG-06", lambda world: world.available(name, orders, movable=True)),
    }
    unit = MONEY * max(1, len(keys)) + slack
    if asset.gives("walletBalance"):
        wallet = asset.number("walletBalance")
        yield Claim(name, "walletBalance", "ACC-03", wallet, MONEY, lambda world: world.total_cash(domains))
    for field, (clause, figure) in of_marks.items():
        if not asset.gives(field):
            continue
        if moved:
            why = f"taken at another moment than positionRisk: {', '.join(sorted(moved))} moved in between"
            yield Uncheckable(name, field, asset.text(field), why)
        else:
            yield Claim(name, field, clause, asset.number(field), unit, figure)
    yield from left_empty(asset, name, ("walletBalance", *of_marks))
    if orders:
        why = "the venue reserves at an assumed price of its own, which it does not show"
        yield Uncheckable(name, "openOrderInitialMargin", asset.text("openOrderInitialMargin"), why)


def trade_claims(answers: Answers) -> Iterator[Claim | Uncheckable]:
    """What is claimed of fills and of the venue's own orders."""
    rates = {entry.text("symbol"): entry for entry in answers["commissionRate"]}
    for entry in answers["userTrades"]:
        place = f"{market_name(entry, 'symbol')} trade {entry.text('id')}"
        value = entry.number("price").value * entry.number("qty").value
        yield Claim(place, "quoteQty", "NUM-01", entry.number("quoteQty"), MONEY, known(value))
        rate = rates.get(entry.text("symbol"))
        if rate is None or entry.text("commissionAsset") != asset_of(entry, "symbol"):
            why = "needs the account's commissionRate" if rate is None else "paid in another asset, at its price then"
            yield Uncheckable(place, "commission", entry.text("commission"), why)
        else:
            share = rate.number("makerCommissionRate" if entry.flag("maker") else "takerCommissionRate").value
            yield Claim(place, "commission", "TRD-01", entry.number("commission"), MONEY, known(value * share))
    for entry in answers["forceOrders"]:
        place = f"{market_name(entry, 'symbol')} order {entry.text('orderId')}"
        price, quantity = entry.number("avgPrice"), entry.number("executedQty")
        unit = MONEY + quantity.value / 10**price.decimals
        value = price.value * quantity.value
        yield Claim(place, "cumQuote", "NUM-01", entry.number("cumQuote"), unit, known(value))
        why = "needs the account before the venue's order: import a journal and audit it"
        yield Uncheckable(place, "price", entry.text("price"), why)


MOMENT = "needs the account at that moment: import a journal and audit it"
TOLD = {
    "unRealizedProfit": "unrealised",
    "unrealizedProfit": "unrealised",
    "maintMargin": "maintenance",
    "positionInitialMargin": "initial",
    "liquidationPrice": "liquidation_price",
    "adl": "adl",
}
TOLD_OF_ASSETS = {"marginBalance": "equity", "maintMargin": "maintenance", "positionInitialMargin": "initial"}
"""What `observed` calls fields of a position, and of an asset."""
UNCHECKED = {
    "ACCOUNT_UPDATE": ("updates of the account", MOMENT),
    "ORDER_TRADE_UPDATE": ("updates of orders", MOMENT),
    "forceOrder": ("public liquidations", "at most one a second is shown, without accounts"),
    "liquidationSnapshot": ("public liquidations", "at most one a second is shown, without accounts"),
    "openOrders": ("open orders", "the venue reserves for them at an assumed price of its own, which it does not show"),
    "premiumIndex": ("marks of another moment", "positionRisk has the marks that its figures follow from"),
    "insuranceBalance": ("pools of the insurance fund", OTHERS),
    "adlQuantile": ("places in queues of deleveraging", OTHERS),
    "symbolAdlRisk": ("risks of deleveraging", OTHERS),
}


def unchecked(answers: Answers) -> Iterator[Uncheckable]:
    """What no claim can be made of, counted."""
    kinds = Counter(entry.text("incomeType") for entry in answers["income"])
    for kind, number in sorted(kinds.items()):
        if kind not in ("FUNDING_FEE", *OF_TRADES):
            yield Uncheckable("income", kind, str(number), MOMENT)
    if answers["fundingRate"] and not answers["income"]:
        yield Uncheckable(
            "fundingRate", "funding rates", str(len(answers["fundingRate"])), "needs income, for payments"
        )
    for kind, (what, why) in UNCHECKED.items():
        if answers[kind]:
            yield Uncheckable(kind, what, str(len(answers[kind])), why)


def exhibit(answers: Answers) -> Exhibit:
    """What answers of Binance USD-M come to."""
    refuse_other_modes(answers)
    positions = open_positions(answers)
    check_same_positions(answers, positions)
    tables = tiers_in(answers, {key.market for key in positions})
    snapshot = snapshot_of(answers, positions, tables)
    claims: list[Claim | Uncheckable] = []
    for position in positions.values():
        claims.extend(position_claims(snapshot, position))
    claims.extend(account_claims(answers, snapshot, positions))
    claims.extend(trade_claims(answers))
    story = tuple(story_of(answers))
    claims.extend(history_claims(snapshot, story, MONEY, MONEY))
    claims.extend(opening_claims(snapshot, story, MONEY, MONEY))
    claims.extend(income_claims(answers))
    claims.extend(tier_claims(answers, tables))
    claims.extend(unchecked(answers))
    notes = (*notes_of(snapshot, positions.values()), *notes_of_updates(answers))
    return Exhibit(*(TITLE, snapshot, tuple(claims), notes, lambda: story, TOLD, TOLD_OF_ASSETS), entry_unit=MONEY)


def notes_of_updates(answers: Answers) -> Iterator[str]:
    """What updates of the account show that is at a mark which they do not show."""
    if any(row.gives("up") for entry in answers["ACCOUNT_UPDATE"] for row in entry.child("a").listed("P")):
        yield "unrealised PnL in updates of the account (up) cannot be had: it is at a mark that no update says"


def notes_of(snapshot: Snapshot, positions: Iterable[Position]) -> Iterator[str]:
    """What is known to within a range only, and what a journal could not hold exactly."""
    for position in positions:
        key = position.key
        if not snapshot.positions[key].cost.is_exact:
            entry = "its entry price is rounded" if position.entry.gives("entryPrice") else "no entry price is shown"
            yield f"{key.market} {key.side}: its cost follows from its unrealised PnL, since {entry}"
        digits = decimals_of(position.mark), decimals_of(position.quantity)
        if sum(digits) > 8:
            yield (
                f"{key.market} {key.side}: mark and quantity have {digits[0]} and {digits[1]} decimals, more "
                f"than the 8 that NUM-01 allows them together; they are compared in finer quanta, unrounded"
            )


MOST = Map({"userTrades": (500, 1000), "income": (100, 1000), "forceOrders": (50, 100), "fundingRate": (100, 1000)})
"""An answer holds so many records at most: unless another number is asked for, and at all."""
ASKED_BY = Map({"userTrades": "symbol", "fundingRate": "symbol"})
BINANCE = Venue("binance", TITLE, records, KINDS, exhibit, "leverageBracket", MOST, ASKED_BY)
