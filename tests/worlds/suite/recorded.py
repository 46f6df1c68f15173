"""Drafts of the journals in tests/vectors: golden, cases, attacks and witnesses."""

import json
from collections.abc import Iterator
from pathlib import Path

from marginspec_conformance.vectors.making import Draft
from marginspec_journal import open_journal

VECTORS = Path(__file__).parents[2] / "vectors"

GOLDEN = {
    "list_market": ("MKT-01", "A market is listed with all its parameters, and has no mark yet."),
    "update_tiers": ("MKT-03", "New tiers ask for more maintenance than accounts have, and settle as a mark does."),
    "update_fees": ("MKT-03", "New fee rates replace all four."),
    "update_limits": ("MKT-04", "New limits replace all four, and an event without any lifts them."),
    "mark_price": ("MKT-01", "A mark need not lie on the tick."),
    "deposit": ("ACC-01", "The first deposit opens the account."),
    "withdraw": ("MRG-06", "An account with a position withdraws less than what is movable."),
    "fund_insurance": ("LED-03", "The exchange pays into the insurance fund from outside."),
    "withdraw_house": ("LED-03", "The exchange takes fees out of the house."),
    "set_position_mode": ("ACC-01", "An account without positions changes to hedge mode."),
    "set_margin_mode": ("ACC-01", "An account that is flat in a market becomes isolated there."),
    "set_leverage": ("ACC-01", "A leverage is set where there is no position yet."),
    "adjust_isolated_margin": ("ACC-04", "Margin is put into an isolated position, and a part is taken out again."),
    "place_order": ("TRD-03", "An order above the mark reserves its initial margin and its open loss."),
    "cancel_order": ("TRD-03", "A cancelled order frees its margin."),
    "trade": (
        "TRD-01",
        "A trade opens, and the next one fills an order, closes and flips; fees go to house and insurance.",
    ),
    "trade_isolated": (
        "ACC-04",
        "An isolated position is opened, reduced and flipped: cash goes in and comes back pro rata.",
    ),
    "trade_hedge": ("TRD-01", "In hedge mode a side that is not named opens, and one that is named closes."),
    "trade_maker_rebate": ("TRD-01", "A maker's rebate is stated as a fee below zero, and the house pays it."),
    "trade_stated_fees": (
        "TRD-01",
        "Stated fees, one of them a rebate, stand in for the rates; one of zero costs nothing.",
    ),
    "funding": ("FND-01", "Longs pay up, shorts receive down, and what rounding leaves goes to insurance."),
    "liquidation_takeover": ("LIQ-03", "An unhealthy account is taken over at its bankruptcy value."),
    "liquidation_step_down": ("LIQ-02", "A step-down to the next lower tier makes the account healthy again."),
    "liquidation_fill": ("LIQ-05", "A fill with a profit feeds the reserve, and one with a loss draws it."),
    "liquidation_fill_rebate": ("LIQ-05", "The counterparty of a fill is paid a rebate out of the house."),
    "insurance_draw": ("WTF-01", "A loss takes the reserve first, then the insurance fund."),
    "deleverage": ("ADL-06", "Declared deleveraging of a lot that gains at mark, and of one that loses."),
    "deleveraging": ("ADL-01", "A loss that nothing covers is deleveraged against the winner."),
    "levy": ("LVY-01", "Without a last resort a loss without counterparty stays uncovered; later events try again."),
    "uncovered": ("LVY-01", "Without a last resort, money that comes into the fund lowers what is uncovered."),
    "isolated_opening_after_loss": (
        "TRD-02",
        "An isolated position in loss is added to: what opens brings its own margin.",
    ),
    "order_that_closes": (
        "MRG-03",
        "Orders that together only close reserve nothing; one lot more makes all bear their loss.",
    ),
    "leverage_of_a_position": (
        "ACC-01",
        "Leverage changes under positions: cross both ways as margin allows, isolated upwards.",
    ),
    "settle_market": (
        "MKT-05",
        "A market with positions, an order, a lot and a reserve is settled at a last price and closed.",
    ),
    "settle_market_refused": ("MKT-05", "Without a last resort a loss beyond the cover refuses the final settlement."),
    "levy_on_a_bad_mark": ("LVY-02", "A levy at a bad mark is returned at the next good one, and the lot is filled."),
    "relief_drawn": ("WTF-01", "A fill's loss draws relief and lowers the claims; money paid in returns the rest."),
    "names": ("JRN-01", "Names with letters beyond ASCII are escaped in the canonical texts that are hashed."),
}
"""Clause and reason to exist of each golden journal that is no rejection."""
REFUSED = {
    "UNKNOWN_MARKET": ("MKT-01", "A mark of a market that was never listed."),
    "MARKET_EXISTS": ("MKT-01", "A market is listed a second time."),
    "INVALID_MARKET": ("NUM-01", "Decimals of price and quantity exceed those of the asset."),
    "INVALID_TIERS": ("MKT-02", "A table without any tier."),
    "UNKNOWN_ACCOUNT": ("ACC-01", "A withdrawal by an account that never deposited."),
    "NO_MARK": ("MKT-01", "Funding before the first mark."),
    "SELF_TRADE": ("TRD-01", "Buyer and seller are one account."),
    "INVALID_PRICE": ("TRD-01", "A trade off the tick."),
    "PRICE_OUT_OF_BAND": ("MKT-04", "A trade one tick beyond the price band."),
    "INVALID_QUANTITY": ("NUM-01", "A quantity finer than a lot."),
    "INVALID_AMOUNT": ("NUM-01", "A deposit finer than a quantum."),
    "INVALID_RATE": ("NUM-03", "A funding rate just above 1."),
    "INVALID_LEVERAGE": ("ACC-01", "A leverage above the first tier's maximum."),
    "WRONG_POSITION_SIDE": ("ACC-01", "A hedge side in one-way mode."),
    "ORDER_EXISTS": ("TRD-03", "An order with the id of an open one."),
    "UNKNOWN_ORDER": ("TRD-03", "An order that is not there is cancelled."),
    "ORDER_MISMATCH": ("TRD-03", "A fill at a worse price than the order's limit."),
    "REDUCE_ONLY": ("TRD-03", "A reduce-only order without a position."),
    "NO_POSITION": ("ACC-04", "Margin is put into an isolated position that is flat."),
    "NOT_FLAT": ("ACC-01", "The margin mode is changed under a position."),
    "LEVERAGE_REDUCTION": ("ACC-01", "The leverage of an isolated position is lowered."),
    "NOT_ISOLATED": ("ACC-04", "Margin is put into a cross position."),
    "NO_INVENTORY": ("LIQ-05", "A fill for a tenth of a lot more than the engine holds."),
    "NO_COUNTERPARTY": ("ADL-06", "Deleveraging is declared where nobody has a profit to give up."),
    "COVER_EXCEEDED": ("LIQ-05", "A fill far below the bankruptcy price, with nothing to pay for it."),
    "INSUFFICIENT_FUNDS": ("LED-03", "The exchange takes from an empty house."),
    "INSUFFICIENT_BALANCE": ("MRG-06", "A withdrawal of what backs a position."),
    "LEVERAGE_ABOVE_TIER": ("TRD-02", "A position grows into a tier that does not allow its leverage."),
    "POSITION_LIMIT": ("MKT-04", "A position one lot above the market's limit."),
    "NEGATIVE_CASH": ("TRD-02", "A trade leaves an account flat and in debt."),
    "UNHEALTHY": ("TRD-02", "An opening leaves equity at the maintenance margin."),
    "INSUFFICIENT_MARGIN": ("TRD-02", "An opening leaves an account healthy, but without initial margin."),
    "OUT_OF_RANGE": ("NUM-03", "A deposit beyond the bound of net deposits."),
}
"""Clause and reason to exist of each golden rejection."""
ATTACKS = {
    "both-sides-alone": ("LIQ-03", "An owner of both sides is alone with his own winner, who is deleveraged."),
    "both-sides-behind-another": (
        "LIQ-03",
        "An owner of both sides lets a stranger be deleveraged before his own winner.",
    ),
    "both-sides-insured": ("LIQ-03", "An owner of both sides gains what the insurance fund pays for his loser."),
    "exit-by-step-down": ("LIQ-02", "A whale is stepped down at mark, and its friend fills the lots below it."),
    "exit-within-a-fill-band": ("MKT-04", "The same exit is refused where fills are banded."),
    "exit-within-a-price-band": ("MKT-04", "The same exit at the edge of a price band, without a band of fills."),
    "funding-both-sides": ("FND-01", "A funding payment larger than the payer's margin."),
    "funding-capped": ("MKT-04", "A funding cap refuses that payment."),
    "one-bad-mark": ("LVY-02", "One bad mark: what bystanders are levied returns at the next good one."),
    "relief-kept": (
        "LVY-02",
        "Relief goes back by domain and as far as it is not needed, so that none is kept for later losses.",
    ),
    "wash-trade": ("ADL-03", "A wash trade at a worse entry takes a winner out of reach of the bankruptcy price."),
    "wash-trade-in-band": ("ADL-03", "A wash trade at the edge of a band leaves the engine little to lose."),
    "wash-trade-mirror": ("ADL-03", "The wash trade from the other side, of short winners."),
}
WITNESSES = {
    "T-BAND-24": ("MRG-07", "A rising mark liquidates a hedge that is net long; a higher one would not."),
    "T-BAND-25": ("MRG-07", "A lot bought with all the cash there is has a band that ends at 9."),
    "T-BAND-26": ("MRG-08", "At the rounded bankruptcy price the account is healthy, one unit below it is not."),
    "T-BAND-27": ("MRG-07", "The hedge of the rulebook's example is liquidated at either end of its band."),
    "T-LUNCH-7": ("LIQ-03", "An owner of both sides gains by a gap exactly what the theorem bounds."),
    "T-WHY-1": ("LIQ-02", "A clearance fee above the maintenance that its cut releases would leave a loss uncovered."),
    "T-WHY-2": ("LIQ-03", "Negative equity shared over all markets would leave a loss uncovered."),
    "T-WHY-3": ("LIQ-05", "A fill that takes the cover of another market's open loss is refused."),
    "T-WHY-4": ("ADL-04", "A winner whose entry is worse than the bankruptcy price keeps its principal."),
    "T-WHY-5": ("ADL-03", "Released cost rounds up, or a quantum would stay uncovered."),
    "T-WHY-6": ("ADL-02", "Profit is ranked over one unit of the asset, not over one quantum."),
}
"""Clause and reason to exist of each attack, and of each witness of a theorem."""


def drafts() -> Iterator[Draft]:
    """One draft for each journal."""
    yield from drafts_in("golden", GOLDEN)
    yield from drafts_in("golden", {f"rejected_{reason.lower()}": told for reason, told in REFUSED.items()})
    yield from drafts_in("attacks", ATTACKS)
    yield from drafts_in("witnesses", WITNESSES)
    figures = json.loads((VECTORS / "cases" / "figures.json").read_text("utf-8"))
    for name, told in figures.items():
        yield draft_of(VECTORS / "cases" / f"{name}.jsonl", name, told["clauses"], told["why"])


def drafts_in(folder: str, told: dict[str, tuple[str, str]]) -> Iterator[Draft]:
    """Drafts of the journals of a folder, each of which has its clause and its reason."""
    paths = {path.stem: path for path in (VECTORS / folder).glob("*.jsonl")}
    missing = {name for name in paths if name not in told and name not in (GOLDEN | rejected())}
    assert not missing, f"journals of {folder} without a clause: {sorted(missing)}"
    for name, (clause, why) in told.items():
        yield draft_of(paths[name], name, [clause], why)


def rejected() -> dict[str, tuple[str, str]]:
    """The golden rejections by the names of their journals."""
    return {f"rejected_{reason.lower()}": told for reason, told in REFUSED.items()}


def draft_of(path: Path, name: str, clauses: list[str], why: str) -> Draft:
    """The draft of one journal; its first clause is the vector's own."""
    journal = open_journal(path)
    events = tuple(record.event for record in journal)
    slug = name.lower().replace("_", "-")
    return Draft(clauses[0], slug, why, journal.header, events, clauses=tuple(clauses[1:]))
