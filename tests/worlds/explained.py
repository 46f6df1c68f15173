"""Explanations that are recorded: what happened before, and the event, account or market that is explained."""

from collections.abc import Iterable

import attrs
from immutables import Map

from marginspec.model import events
from marginspec.model.account import PositionSide
from marginspec.model.events import Event
from marginspec.model.ledger import account_named
from marginspec.model.market import TierTerms
from marginspec.model.rejections import Reason
from marginspec.model.state import Header, Profile, State
from marginspec.model.units import Money
from marginspec.transition import apply
from marginspec_journal import Record
from marginspec_journal.decimals import parse_decimal
from marginspec_tools.explain.explained import ALL, DEPTH, Explained
from marginspec_tools.explain.subjects import explain_account, explain_event, explain_market
from worlds.golden import FROM_THE_HOUSE

HEADER = Header(asset_decimals=Map({"USD": 0}))
TIERS = (("0", 10, "0.05"), ("1000", 5, "0.1"))
BINANCE_TIERS = (
    ("0", 125, "0.004"),
    ("50000", 100, "0.005"),
    ("600000", 75, "0.0065"),
    ("3000000", 50, "0.01"),
    ("12000000", 25, "0.02"),
    ("70000000", 20, "0.025"),
    ("100000000", 10, "0.05"),
    ("230000000", 5, "0.1"),
)


def terms(*rows: tuple[str, int, str]) -> tuple[TierTerms, ...]:
    return tuple(TierTerms(parse_decimal(floor), leverage, parse_decimal(rate)) for floor, leverage, rate in rows)


def listing(market: str = "M", tiers: tuple[TierTerms, ...] = terms(*TIERS), decimals: int = 0) -> events.ListMarket:
    return events.ListMarket(
        market,
        "USD",
        decimals,
        0,
        parse_decimal("1"),
        parse_decimal("0.0005"),
        parse_decimal("0.0002"),
        parse_decimal("0.1"),
        parse_decimal("0.0125"),
        tiers,
    )


def mark(price: str, market: str = "M") -> events.MarkPrice:
    return events.MarkPrice(market, parse_decimal(price))


def deposit(account: str, amount: str, asset: str = "USD") -> events.Deposit:
    return events.Deposit(account, asset, parse_decimal(amount))


def trade(
    price: str,
    quantity: str,
    buyer: str,
    seller: str,
    market: str = "M",
    buyer_side: PositionSide | None = None,
    seller_side: PositionSide | None = None,
    buyer_order: str | None = None,
    seller_order: str | None = None,
) -> events.Trade:
    exact = (parse_decimal(price), parse_decimal(quantity))
    return events.Trade(market, *exact, buyer, seller, "buyer", buyer_side, seller_side, buyer_order, seller_order)


def rebated(fee: str) -> events.Trade:
    """Three lots at 100, for which the taker pays 3 and the maker a fee, which is a rebate if it is below zero."""
    stated = trade("100", "3", "alice", "bob")
    return attrs.evolve(stated, buyer_fee=parse_decimal("3"), seller_fee=parse_decimal(fee))


def order(price: str, quantity: str, reduce_only: bool = False) -> events.PlaceOrder:
    return events.PlaceOrder(
        "alice", "o1", "M", "buy", "BOTH", parse_decimal(quantity), parse_decimal(price), reduce_only
    )


def fill(price: str, quantity: str, counterparty: str = "alice") -> events.LiquidationFill:
    return events.LiquidationFill("M", "long", counterparty, parse_decimal(quantity), parse_decimal(price))


def run(happened: Iterable[Event], header: Header = HEADER) -> State:
    state = State(header=header)
    for event in happened:
        state, receipt = apply(state, event)
        assert receipt.rejected is None, (event, receipt.rejected)
    return state


FUNDED = (listing(), mark("100"), deposit("alice", "1000"), deposit("bob", "1000"))
LIMITS = (parse_decimal("0.1"), parse_decimal("0.03"), parse_decimal("0.01"), parse_decimal("500"))
LIMITED = (*FUNDED, events.UpdateLimits("M", *LIMITS))
ISOLATED = (*FUNDED, events.SetMarginMode("alice", "M", "isolated"))
LEVERED = (
    *FUNDED,
    deposit("carol", "302"),
    deposit("dave", "5000"),
    events.SetLeverage("carol", "M", 5),
    events.SetLeverage("dave", "M", 5),
    trade("100", "15", "carol", "dave"),
)
GAPPED = (*LEVERED, deposit("eve", "5000"), events.SetLeverage("eve", "M", 5), trade("70", "15", "dave", "eve"))
HEDGED = (
    attrs.evolve(listing("H", terms(*BINANCE_TIERS), decimals=2), asset="USDT"),
    events.UpdateFees("H", *[parse_decimal("0")] * 4),
    mark("60000", "H"),
    listing(),
    mark("100"),
    deposit("alice", "10000000", "USDT"),
    deposit("alice", "1000"),
    deposit("bob", "100000000", "USDT"),
    deposit("bob", "1000"),
    events.SetPositionMode("alice", "hedge"),
    events.SetMarginMode("alice", "M", "isolated"),
    trade("60000", "1060", "alice", "bob", "H"),
    trade("60000", "1000", "bob", "alice", "H"),
    trade("100", "4", "alice", "bob"),
    events.PlaceOrder("alice", "o1", "M", "buy", "LONG", parse_decimal("2"), parse_decimal("101"), False),
)


def hedged() -> State:
    """The hedged cross book of MRG-07, which stands at 3M of cash, and an isolated position."""
    state = run(HEDGED)
    wallet, external = account_named("wallet:alice:USDT"), account_named("external:USDT")
    lost = Money(7_000_000 * 10**8)
    balances = state.ledger.set(wallet, Money(state.ledger[wallet] - lost))
    return attrs.evolve(state, ledger=balances.set(external, Money(balances[external] + lost)))


RICH: tuple[Event, ...] = (
    listing(),
    mark("100"),
    *(deposit(account, "500000000000000000") for account in ("alice", "bob")),
    *(events.SetLeverage(account, "M", 5) for account in ("alice", "bob")),
)
"""Accounts that can pass the limits of the state."""

REJECTIONS: dict[Reason, tuple[tuple[Event, ...], Event]] = {
    Reason.UNKNOWN_MARKET: (FUNDED, mark("100", "X")),
    Reason.MARKET_EXISTS: (FUNDED, listing()),
    Reason.INVALID_MARKET: (FUNDED, listing("N", decimals=1)),
    Reason.INVALID_TIERS: (FUNDED, events.UpdateTiers("M", terms(("0", 10, "0.05"), ("1000", 10, "0.06")))),
    Reason.UNKNOWN_ACCOUNT: (FUNDED, trade("100", "1", "alice", "nobody")),
    Reason.NO_MARK: ((*FUNDED, listing("N")), trade("100", "1", "alice", "bob", "N")),
    Reason.SELF_TRADE: (FUNDED, trade("100", "1", "alice", "alice")),
    Reason.INVALID_PRICE: (FUNDED, trade("100.5", "1", "alice", "bob")),
    Reason.PRICE_OUT_OF_BAND: (LIMITED, trade("112", "1", "alice", "bob")),
    Reason.INVALID_QUANTITY: (FUNDED, trade("100", "90071992547409910", "alice", "bob")),
    Reason.INVALID_AMOUNT: (FUNDED, deposit("alice", "0.5")),
    Reason.INVALID_RATE: (FUNDED, events.Funding("M", parse_decimal("1.00000001"))),
    Reason.INVALID_LEVERAGE: (FUNDED, events.SetLeverage("alice", "M", 11)),
    Reason.WRONG_POSITION_SIDE: (FUNDED, trade("100", "1", "alice", "bob", buyer_side="SHORT")),
    Reason.ORDER_EXISTS: ((*FUNDED, order("99", "1")), order("98", "1")),
    Reason.UNKNOWN_ORDER: ((*FUNDED, order("99", "1")), events.CancelOrder("alice", "o2")),
    Reason.ORDER_MISMATCH: ((*FUNDED, order("99", "1")), trade("100", "1", "alice", "bob", buyer_order="o1")),
    Reason.REDUCE_ONLY: (FUNDED, order("99", "1", reduce_only=True)),
    Reason.NO_POSITION: (ISOLATED, events.AdjustIsolatedMargin("alice", "M", "BOTH", parse_decimal("5"))),
    Reason.NOT_FLAT: ((*FUNDED, order("99", "1")), events.SetMarginMode("alice", "M", "isolated")),
    Reason.LEVERAGE_REDUCTION: ((*ISOLATED, trade("101", "3", "alice", "bob")), events.SetLeverage("alice", "M", 1)),
    Reason.NOT_ISOLATED: (LEVERED, events.AdjustIsolatedMargin("carol", "M", "BOTH", parse_decimal("5"))),
    Reason.NO_INVENTORY: ((*LEVERED, mark("83")), fill("83", "16")),
    Reason.NO_COUNTERPARTY: ((*GAPPED, mark("83")), events.Deleverage("M", "long", parse_decimal("1"))),
    Reason.COVER_EXCEEDED: ((*LEVERED, mark("83")), fill("70", "15", "dave")),
    Reason.INSUFFICIENT_FUNDS: (LEVERED, attrs.evolve(FROM_THE_HOUSE, asset="USD", amount=parse_decimal("3"))),
    Reason.INSUFFICIENT_BALANCE: (
        (*ISOLATED, trade("101", "3", "alice", "bob"), order("102", "2")),
        events.Withdraw("alice", "USD", parse_decimal("1000")),
    ),
    Reason.LEVERAGE_ABOVE_TIER: (FUNDED, trade("100", "11", "alice", "bob")),
    Reason.POSITION_LIMIT: (LIMITED, trade("100", "6", "alice", "bob")),
    Reason.NEGATIVE_CASH: ((*ISOLATED, trade("100", "5", "alice", "bob")), trade("85", "6", "bob", "alice")),
    Reason.UNHEALTHY: (FUNDED, trade("310", "5", "alice", "bob")),
    Reason.INSUFFICIENT_MARGIN: ((*FUNDED, deposit("eve", "10")), trade("100", "1", "eve", "bob")),
    Reason.OUT_OF_RANGE: (FUNDED, deposit("alice", "1152921504606846000")),
}
"""For each reason, what happened before and an event that is refused for it."""

ALSO_REJECTED: dict[str, tuple[tuple[Event, ...], Event, Reason]] = {
    "margin of an order": (FUNDED, order("100", "101"), Reason.INSUFFICIENT_BALANCE),
    "margin of a position": (ISOLATED, trade("100", "200", "alice", "bob"), Reason.INSUFFICIENT_BALANCE),
    "margin into a position": (
        (*ISOLATED, trade("101", "3", "alice", "bob")),
        events.AdjustIsolatedMargin("alice", "M", "BOTH", parse_decimal("2000")),
        Reason.INSUFFICIENT_BALANCE,
    ),
    "margin out of a position": (
        (*ISOLATED, trade("101", "3", "alice", "bob")),
        events.AdjustIsolatedMargin("alice", "M", "BOTH", parse_decimal("-2")),
        Reason.INSUFFICIENT_BALANCE,
    ),
    "side of an order": (
        (*FUNDED, events.SetPositionMode("alice", "hedge")),
        events.PlaceOrder("alice", "o1", "M", "sell", "LONG", parse_decimal("2"), parse_decimal("101"), False),
        Reason.WRONG_POSITION_SIDE,
    ),
    "order of a fill": (FUNDED, trade("100", "1", "alice", "bob", seller_order="o9"), Reason.UNKNOWN_ORDER),
    "reduce-only fill": (
        (
            *FUNDED,
            trade("100", "1", "bob", "alice"),
            order("99", "1", reduce_only=True),
            trade("100", "1", "alice", "bob"),
        ),
        trade("99", "1", "alice", "bob", buyer_order="o1"),
        Reason.REDUCE_ONLY,
    ),
    "leverage above a tier": (
        (*FUNDED, trade("100", "5", "alice", "bob"), mark("210")),
        events.SetLeverage("alice", "M", 9),
        Reason.LEVERAGE_ABOVE_TIER,
    ),
    "margin of a leverage": (
        (*FUNDED, deposit("eve", "150"), trade("100", "10", "eve", "bob")),
        events.SetLeverage("eve", "M", 6),
        Reason.INSUFFICIENT_MARGIN,
    ),
    "position mode with a position": (LEVERED, events.SetPositionMode("carol", "hedge"), Reason.NOT_FLAT),
    "first row of tiers": (FUNDED, events.UpdateTiers("M", terms(("5", 10, "0.05"))), Reason.INVALID_TIERS),
    "no tiers": (FUNDED, events.UpdateTiers("M", ()), Reason.INVALID_TIERS),
    "fees": (FUNDED, events.UpdateFees("M", *[parse_decimal("2")] * 4), Reason.INVALID_RATE),
    "limits": (FUNDED, events.UpdateLimits("M", parse_decimal("0")), Reason.INVALID_RATE),
    "limit of positions": (
        FUNDED,
        events.UpdateLimits("M", position_limit=parse_decimal("0.5")),
        Reason.INVALID_AMOUNT,
    ),
    "funding cap": (LIMITED, events.Funding("M", parse_decimal("0.02")), Reason.INVALID_RATE),
    "band of an order": (LIMITED, order("112", "1"), Reason.PRICE_OUT_OF_BAND),
    "band of a fill": (
        (*LEVERED, mark("83"), events.UpdateLimits("M", fill_band=parse_decimal("0.05"))),
        fill("78", "1", "dave"),
        Reason.PRICE_OUT_OF_BAND,
    ),
    "stated fee": (FUNDED, rebated("-301"), Reason.INVALID_AMOUNT),
    "rebate": (FUNDED, rebated("-4"), Reason.INSUFFICIENT_FUNDS),
    "tick": (
        (*FUNDED, attrs.evolve(listing("T"), tick=parse_decimal("5")), mark("7", "T")),
        trade("7", "1", "alice", "bob", "T"),
        Reason.INVALID_PRICE,
    ),
    "mark": (FUNDED, mark("0"), Reason.INVALID_PRICE),
    "margin amount": (
        (*ISOLATED, trade("101", "3", "alice", "bob")),
        events.AdjustIsolatedMargin("alice", "M", "BOTH", parse_decimal("0")),
        Reason.INVALID_AMOUNT,
    ),
    "negative decimals": (FUNDED, attrs.evolve(listing("N"), price_decimals=-1), Reason.INVALID_MARKET),
    "shortfall of a fill": ((*GAPPED, mark("75")), fill("74", "10", "dave"), Reason.COVER_EXCEEDED),
    "gross cost": ((*RICH, mark("200")), trade("200", "5764607523034235", "alice", "bob"), Reason.OUT_OF_RANGE),
    "open interest": ((*RICH, mark("200")), trade("190", "5764607523034235", "alice", "bob"), Reason.OUT_OF_RANGE),
    "mark of open interest": (
        (*RICH, trade("100", "5764607523034235", "alice", "bob")),
        mark("401"),
        Reason.OUT_OF_RANGE,
    ),
    "flat with negative cash": (
        (*ISOLATED, trade("100", "5", "alice", "bob")),
        trade("85", "5", "bob", "alice"),
        Reason.NEGATIVE_CASH,
    ),
}
"""Refusals for the same reasons by other events: what happened before, the event, the reason."""

EVENTS: dict[str, tuple[tuple[Event, ...], Event]] = {
    "trade_opens": (ISOLATED, trade("101", "3", "alice", "bob")),
    "trade_closes": ((*ISOLATED, trade("101", "3", "alice", "bob")), trade("105", "1", "bob", "alice")),
    "step_down_and_takeover": (LEVERED, mark("83")),
    "deleveraging": (LEVERED, mark("75")),
    "levy": (GAPPED, mark("75")),
    "fill_with_profit": ((*LEVERED, mark("83")), fill("84", "15", "dave")),
    "fill_with_loss": (
        (*LEVERED, events.FundInsurance("USD", parse_decimal("100")), mark("83")),
        fill("78", "13", "dave"),
    ),
    "final_settlement": (
        (*LEVERED, events.FundInsurance("USD", parse_decimal("100")), mark("83"), order("80", "1")),
        events.SettleMarket("M", parse_decimal("82")),
    ),
    "funding": (LEVERED, events.Funding("M", parse_decimal("0.001"))),
    "listing": ((), listing()),
    "liquidation_cancels_orders": (
        (
            *LEVERED,
            events.PlaceOrder("carol", "o7", "M", "sell", "BOTH", parse_decimal("1"), parse_decimal("99"), True),
        ),
        mark("84"),
    ),
    "isolated_closes_flat": ((*ISOLATED, trade("100", "5", "alice", "bob")), trade("104", "5", "bob", "alice")),
    "isolated_flips": ((*ISOLATED, trade("100", "5", "alice", "bob")), trade("104", "7", "bob", "alice")),
    "order_fills": ((*FUNDED, order("100", "3")), trade("100", "2", "alice", "bob", buyer_order="o1")),
    "order_placed": (FUNDED, order("99", "2")),
    "order_cancelled": ((*FUNDED, order("99", "2")), events.CancelOrder("alice", "o1")),
    "position_mode": (FUNDED, events.SetPositionMode("alice", "hedge")),
    "margin_mode": (FUNDED, events.SetMarginMode("alice", "M", "isolated")),
    "leverage_by_default": (FUNDED, events.SetLeverage("alice", "M", 5)),
    "leverage_changed": (LEVERED[:-1], events.SetLeverage("carol", "M", 4)),
    "fees": (FUNDED, events.UpdateFees("M", *[parse_decimal("0.001")] * 4)),
    "limits": (FUNDED, events.UpdateLimits("M", *LIMITS)),
    "trade_pays_a_rebate": (FUNDED, rebated("-2")),
    "tiers": (FUNDED, events.UpdateTiers("M", terms(("0", 8, "0.06"), ("500", 4, "0.12")))),
    "deposit_opens_account": (FUNDED, deposit("zoe", "5")),
    "withdrawal": (FUNDED, events.Withdraw("alice", "USD", parse_decimal("10"))),
    "margin_in": (
        (*ISOLATED, trade("100", "5", "alice", "bob")),
        events.AdjustIsolatedMargin("alice", "M", "BOTH", parse_decimal("7")),
    ),
    "margin_out": (
        (
            *ISOLATED,
            trade("100", "5", "alice", "bob"),
            events.AdjustIsolatedMargin("alice", "M", "BOTH", parse_decimal("7")),
        ),
        events.AdjustIsolatedMargin("alice", "M", "BOTH", parse_decimal("-3")),
    ),
    "insurance_funded": (FUNDED, events.FundInsurance("USD", parse_decimal("3"))),
    "house_withdrawn": (LEVERED, attrs.evolve(FROM_THE_HOUSE, asset="USD", amount=parse_decimal("2"))),
    "deleveraging_passes_over": (
        (*LEVERED, trade("70", "8", "dave", "bob"), deposit("frank", "900"), trade("100", "4", "dave", "frank")),
        mark("75"),
    ),
}
"""What happened before, and the event that is explained."""


BITMEX = Header(Profile(adl_ranking="bitmex"), HEADER.asset_decimals)
NO_LEVY = Header(Profile(last_resort="none"), HEADER.asset_decimals)
RANKED = (*LEVERED, deposit("frank", "5000"), trade("100", "2", "frank", "bob"), mark("83"))
OBSERVED = {
    "accepted": True,
    "ledger": {"wallet:zoe:USD": "5", "house:USD": "1", "wallet:nobody": "0", "isolated:x": "3"},
    "positions": {
        "carol:M:BOTH": {"quantity": "15", "margin_mode": "cross", "leverage": 4},
        "dave:M:BOTH": {"quantity": "-14", "liquidation_price": "190"},
        "dave:X:BOTH": {"quantity": "0"},
    },
    "domains": {"carol:USD": {"equity": "1000", "margin_ratio": "0.01"}},
    "marks": {"M": "100", "X": "7"},
    "funds": {"M": {"inflow": "0"}},
}


def explained(happened: Iterable[Event], event: Event, header: Header = HEADER) -> Explained:
    """An event explained after others."""
    before = run(happened, header)
    return explain_event(before, Record(2, event), 1)


def written(explanation: Explained, depth: int = DEPTH) -> str:
    """What is recorded of an explanation."""
    return "\n".join(explanation.lines(depth, width=120)) + "\n"


def recordings() -> dict[str, str]:
    """Every recorded explanation by its name."""
    found = {name: written(explained(*case)) for name, case in EVENTS.items()}
    found |= {f"rejected_{reason.value.lower()}": written(explained(*case)) for reason, case in REJECTIONS.items()}
    found |= {
        f"rejected_{name.replace(' ', '_')}": written(explained(*case[:2])) for name, case in ALSO_REJECTED.items()
    }
    observed = Record(2, deposit("zoe", "5"), "2026-01-01T00:00:00Z", "r7", OBSERVED)
    return {
        **found,
        "uncovered": written(explained(GAPPED, mark("75"), NO_LEVY)),
        "observed": written(explain_event(run(LEVERED), observed, 7)),
        "observed_rejection": written(
            explain_event(run(LEVERED), Record(2, deposit("zoe", "0"), None, None, {"rejected": "UNHEALTHY"}), 7)
        ),
        "trade_opens_depth_0": written(explained(*EVENTS["trade_opens"]), 0),
        "trade_opens_depth_2": written(explained(*EVENTS["trade_opens"]), 2),
        "deposit_depth_all": written(explained(*EVENTS["deposit_opens_account"]), ALL),
        "rejected_depth_all": written(explained(*REJECTIONS[Reason.INSUFFICIENT_FUNDS]), ALL),
        "account": written(explain_account(hedged(), 15, "alice")),
        "account_in_one_market": written(explain_account(hedged(), 15, "alice", "M")),
        "account_bitmex": written(explain_account(run(LEVERED, BITMEX), 9, "dave")),
        "account_empty": written(
            explain_account(run((*FUNDED, events.Withdraw("bob", "USD", parse_decimal("1000")))), 5, "bob")
        ),
        "market": written(explain_market(run(RANKED), 12, "M")),
        "market_without_mark": written(explain_market(run((listing(),)), 1, "M")),
    }
