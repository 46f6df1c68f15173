"""Liquidations, newest first: what was found, what was taken, and who has absorbed the losses since."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import attrs

from marginspec_journal.decimals import decimal_text
from marginspec_journal.digits import Digits
from marginspec_tools.dashboard.index.answers import Borne, Liquidation, LotRow
from marginspec_tools.dashboard.index.waterfall import LOTS_SHOWN
from marginspec_tools.dashboard.tables import Column, Order, Row, Table
from marginspec_tools.dashboard.view import Page, Unanswerable, View, reading, within

BEARERS = {
    "reserve": ("Reserves", "WTF-01"),
    "insurance": ("Insurance fund", "WTF-01"),
    "relief": ("Relief", "WTF-01"),
    "deleveraging": ("Deleveraging", "ADL-03"),
}
"""Who bears a loss that is realised, in the order in which it comes down, with the clause."""
MOST_BORNE = 1_000
"""So often is told who bore what of the lots of one liquidation."""
PAYERS = {"house": ("House, into the insurance fund", "LVY-01"), "levy": ("Levy, into relief", "LVY-01")}
"""Who pays beforehand for losses that are open: what they paid is borne by insurance and relief later."""


@attrs.frozen
class Absorbed:
    """What was borne of an asset's losses: by whom, how much, and how much of 10,000 that is of all."""

    asset: str
    whole: int
    parts: list[tuple[str, int, int]]


def content(view: View) -> Mapping[str, Any]:
    """Who absorbed what until the event, of all liquidations."""
    borne = view.index.borne(view.at)
    return {
        "absorbed": [one for asset in sorted(borne) if (one := absorbed(asset, borne[asset])).whole],
        "bearers": BEARERS,
        "one": view.once(one_asked),
        **owner(view),
    }


def absorbed(asset: str, borne: Mapping[str, int]) -> Absorbed:
    """Who absorbed what of an asset's losses."""
    whole = sum(borne.get(one, 0) for one in BEARERS)
    shares = [(one, borne.get(one, 0), borne.get(one, 0) * 10_000 // max(1, whole)) for one in BEARERS]
    return Absorbed(asset, whole, shares)


def owner(view: View) -> dict[str, str | None]:
    """Whose liquidations are asked for: an account's, those in a market, or all."""
    account, market = view.parameters.get("account") or None, view.parameters.get("market") or None
    if account and market:
        raise Unanswerable(400, "Not understood", "Ask for an account or for a market, not for both.")
    return {"account": account, "market": market}


def absorbed_table(view: View) -> Table:
    """Who absorbed what, of every asset, and who paid into the funds for it."""
    rows, listed = [], view.to("events", only="waterfall")
    for asset, borne in sorted(view.index.borne(view.at).items()):
        shares = {bearer: decimal_text(share, 2) for bearer, _, share in absorbed(asset, borne).parts}
        for place, (name, (title, clause)) in enumerate({**BEARERS, **PAYERS}.items(), 1):
            amount = view.money(borne.get(name, 0), asset)
            cells = (str(place), asset, title, clause, amount, shares.get(name))
            links = {"clause": view.clause(clause), **dict.fromkeys(("amount", "share"), listed)}
            rows.append(Row(f"{asset}:{place}", cells, links))
    note = "The house and levies pay for open losses; what they paid is drawn from insurance and relief later."
    return Table("absorbed", "Who absorbed what", ABSORBED, Order("stage"), rows, note=note)


ABSORBED = (
    Column("stage", "stage", "number"),
    Column("asset", "asset", "name"),
    Column("bearer", "who"),
    Column("clause", "clause"),
    Column("amount", "amount", "number"),
    Column("share", "share", "number", "%"),
)


def liquidations_table(view: View) -> Table:
    """The liquidations that are asked for."""
    chosen = owner(view)
    read = reading(
        partial(view.index.liquidations, view.at, chosen["account"], chosen["market"]), partial(liquidation_row, view)
    )
    of = next((f" of {name}" if kind == "account" else f" in {name}" for kind, name in chosen.items() if name), "")
    return Table("liquidations", f"Liquidations{of}", LIQUIDATIONS, Order("event", True), read=read, note=LOTS_NOTE)


LOTS_NOTE = (
    "What a reserve gained, and what others bore, is that of the lots that were taken, until the event shown; "
    f"of one liquidation, its first {LOTS_SHOWN} lots are counted."
)


def liquidation_row(view: View, one: Liquidation) -> Row:
    """A liquidation."""
    domain = f"{one.market} {one.side}" if one.market else "cross"
    borne = [one.borne.get(bearer, 0) for bearer in ("profit", "reserve", "insurance", "relief", "deleveraging")]
    amounts = [view.money(amount, one.asset) for amount in (one.equity, one.maintenance, *borne)]
    why, page = view.to("event", at=one.seq), view.to("liquidations", liquidation=one.id)
    links = {
        "event": view.event_address(one.seq),
        "account": view.to("account", account=one.account),
        **dict.fromkeys(("equity", "maintenance"), why),
        **dict.fromkeys(("lots", "profit", "reserve", "insurance", "relief", "deleveraging"), within(page, "one")),
    }
    cells = (str(one.seq), one.ts, one.account, domain, one.asset, *amounts[:2], str(len(one.lots)), *amounts[2:])
    return Row(str(one.id), cells, links)


LIQUIDATIONS = (
    Column("event", "event", "number"),
    Column("ts", "time"),
    Column("account", "account", "name"),
    Column("domain", "domain", "name"),
    Column("asset", "asset", "name"),
    Column("equity", "equity", "number"),
    Column("maintenance", "maintenance", "number"),
    Column("lots", "lots", "number"),
    Column("profit", "reserve gained", "number"),
    Column("reserve", "reserve bore", "number"),
    Column("insurance", "insurance", "number"),
    Column("relief", "relief", "number"),
    Column("deleveraging", "deleveraging", "number"),
)

# ----------------------------------------------------------------- one of them


def one_asked(view: View) -> Liquidation | None:
    """The liquidation that is asked for by its number, as far as it went until the event; None if none is."""
    number = view.number(view.parameters.get("liquidation", ""))
    if number is None:
        return None
    found = view.index.liquidations(view.at, below=number + 1, most=1).rows
    if not found or found[0].id != number or found[0].seq > view.at:
        raise Unanswerable(404, "No such liquidation", f"After event {view.at} there is no liquidation {number}.")
    return found[0]


def taken_table(view: View) -> Table:
    """The lots that one liquidation took."""
    found = view.once(one_asked)
    rows = [lot_row(view, found, lot) for lot in found.lots] if found is not None else []
    cut = found is not None and len(rows) == LOTS_SHOWN
    note = f"The first {LOTS_SHOWN} are shown, and what was borne is theirs." if cut else ""
    return Table("taken", "Lots that it took", TAKEN, Order("lot"), rows, note=note)


def lot_row(view: View, found: Liquidation, lot: LotRow) -> Row:
    """A lot as it was taken; what was taken later stands in a closed market, too, whose digits the index has."""
    digits = view.once(digits_of).markets[lot.market].quantity
    amounts = decimal_text(lot.quantity, digits), view.money(lot.cost, found.asset)
    cells = (str(lot.id), lot.market, lot.side, lot.margin_mode, lot.reason.replace("_", " "), *amounts)
    why = view.to("event", at=lot.seq)
    links = {"market": view.to("market", market=lot.market) if lot.market in view.book.markets else ""}
    return Row(f"{lot.id:012}", cells, {**links, **dict.fromkeys(("lot", "quantity", "cost"), why)})


def digits_of(view: View) -> Digits:
    """The digits of all assets and markets."""
    return view.index.digits()


TAKEN = (
    Column("lot", "lot", "number"),
    Column("market", "market", "name"),
    Column("side", "side"),
    Column("mode", "margin"),
    Column("reason", "why"),
    Column("quantity", "quantity", "number"),
    Column("cost", "cost", "number"),
)


def borne_table(view: View) -> Table:
    """Who has borne or gained what by the lots of one liquidation: what its figures are the sums of."""
    found = view.once(one_asked)
    rows: list[Row] = []
    for lot in found.lots if found is not None else ():
        rows += [borne_row(view, one) for one in view.index.borne_of_lot(view.at, lot.id, MOST_BORNE + 1 - len(rows))]
    note = f"The first {MOST_BORNE} are shown, lot by lot." if len(rows) > MOST_BORNE else ""
    del rows[MOST_BORNE:]
    return Table("borne", "Who bore what of their losses since", BORNE, Order("event"), rows, note=note)


def borne_row(view: View, one: Borne) -> Row:
    """What one bearer had of a lot."""
    title = "reserve gained" if one.bearer == "profit" else BEARERS[one.bearer][0]
    cells = (str(one.seq), str(one.lot), title, one.name or None, view.money(one.amount, one.asset), one.asset)
    links = {"name": view.to("account", account=one.account) if one.account else ""}
    links |= {"event": view.event_address(one.seq), **dict.fromkeys(("lot", "amount"), view.to("event", at=one.seq))}
    return Row(f"{one.seq:012}:{one.place:012}", cells, links)


BORNE = (
    Column("event", "event", "number"),
    Column("lot", "lot", "number"),
    Column("bearer", "who"),
    Column("name", "name", "name"),
    Column("amount", "amount", "number"),
    Column("asset", "asset", "name"),
)

PAGE = Page(
    "liquidations",
    "Liquidations",
    "liquidations.html",
    content,
    {"absorbed": absorbed_table, "liquidations": liquidations_table, "taken": taken_table, "borne": borne_table},
    parameters=("account", "market", "liquidation"),
    clauses=("LIQ-01", "LIQ-02", "LIQ-03", "LIQ-05", "WTF-01", "ADL-03", "LVY-01"),
)
