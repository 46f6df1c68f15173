"""Liquidations, newest first: what was found, what was taken, and who has absorbed the losses since."""

from collections.abc import Mapping
from typing import Any

import attrs

from marginspec_journal.decimals import decimal_text
from marginspec_tools.dashboard.index.answers import Liquidation
from marginspec_tools.dashboard.tables import Column, Order, Read, Row, Table
from marginspec_tools.dashboard.view import Page, Unanswerable, View

BEARERS = {
    "reserve": ("Reserves", "WTF-01"),
    "insurance": ("Insurance fund", "WTF-01"),
    "relief": ("Relief", "WTF-01"),
    "deleveraging": ("Deleveraging", "ADL-03"),
}
"""Who bears a loss that is realised, in the order in which it comes down, with the clause."""
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
    rows = []
    for asset, borne in sorted(view.index.borne(view.at).items()):
        shares = {bearer: decimal_text(share, 2) for bearer, _, share in absorbed(asset, borne).parts}
        for place, (name, (title, clause)) in enumerate({**BEARERS, **PAYERS}.items(), 1):
            amount = view.money(borne.get(name, 0), asset)
            rows.append(Row(f"{asset}:{place}", (str(place), asset, title, clause, amount, shares.get(name))))
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

    def read(after: str, most: int) -> Read:
        """Some liquidations, newest first."""
        page = view.index.liquidations(view.at, below=view.number(after), most=most, **owner(view))
        return Read([liquidation_row(view, one) for one in page.rows], "" if page.after is None else str(page.after))

    of = next((f" of {name}" if kind == "account" else f" in {name}" for kind, name in owner(view).items() if name), "")
    return Table("liquidations", f"Liquidations{of}", LIQUIDATIONS, Order("event", True), read=read, note=LOTS_NOTE)


LOTS_NOTE = "What a reserve gained, and what others bore, is that of the lots that were taken, until the event shown."


def liquidation_row(view: View, one: Liquidation) -> Row:
    """A liquidation."""
    domain = f"{one.market} {one.side}" if one.market else "cross"
    borne = [one.borne.get(bearer, 0) for bearer in ("profit", "reserve", "insurance", "relief", "deleveraging")]
    amounts = [view.money(amount, one.asset) for amount in (one.equity, one.maintenance, *borne)]
    links = {
        "event": view.event_address(one.seq),
        "account": view.to("account", account=one.account),
        "equity": view.to("event", at=one.seq),
        "maintenance": view.to("event", at=one.seq),
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

PAGE = Page(
    "liquidations",
    "Liquidations",
    "liquidations.html",
    content,
    {"absorbed": absorbed_table, "liquidations": liquidations_table},
    parameters=("account", "market"),
    clauses=("LIQ-01", "LIQ-02", "LIQ-03", "LIQ-05", "WTF-01", "ADL-03", "LVY-01"),
)
