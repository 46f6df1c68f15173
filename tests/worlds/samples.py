"""One of every event and effect, and a state with something in every field, for the tests of wire formats."""

import attrs
from immutables import Map

from marginspec.model.account import DomainKey, Lot, Order, PositionKey, PositionMode, Setting
from marginspec.model.effects import (
    Deleveraged,
    DomainLiquidated,
    Effect,
    FeesUpdated,
    FundStatus,
    InsuranceStatus,
    LeverageSet,
    Levied,
    LimitsUpdated,
    LotOpened,
    LotReduced,
    MarginModeSet,
    MarketListed,
    MarketSettled,
    MarkSet,
    OrderCancelled,
    OrderPlaced,
    OrderReduced,
    PositionChanged,
    PositionModeSet,
    ReliefReturned,
    ReserveStatus,
    TiersUpdated,
    Transferred,
    UncoveredChanged,
)
from marginspec.model.ledger import LedgerAccount, account_named
from marginspec.model.market import FeeTerms, Limits, Market, TierTerms, tier_table
from marginspec.model.state import Header, State
from marginspec.model.units import Money, Price, Quantity, Rate
from marginspec_conformance.generator.declared import one_of_each
from marginspec_conformance.generator.events import decimal

# Six decimals for USDC, so that a format that takes 8 for granted is found out.
HEADER = Header(asset_decimals=Map({"USDC": 6}))

TERMS = (TierTerms(decimal("0"), 125, decimal("0.004")), TierTerms(decimal("50000.0"), 100, decimal("0.0050")))
FEES = FeeTerms(Rate(40_000), Rate(20_000), Rate(10_000_000), Rate(1_250_000))
LIMITS = Limits(Rate(10_000_000), None, Rate(300_000), Money(250_000_000_000))


def market(name: str, asset: str, asset_decimals: int, mark: int | None = None) -> Market:
    """A market with two price and three quantity decimals."""
    return Market(
        id=name,
        asset=asset,
        price_decimals=2,
        quantity_decimals=3,
        quanta_per_unit=10 ** (asset_decimals - 5),
        tick=Price(10),
        tiers=tier_table(TERMS, asset_decimals),
        fees=FEES,
        mark=None if mark is None else Price(mark),
    )


BTCUSDC = attrs.evolve(market("BTCUSDC", "USDC", 6, 11_440_000), limits=LIMITS)
LOBSTER = market("龙虾USDT", "USDT", 8)


NAMES = {"account": ("alice", "bob"), "market": ("龙虾USDT", "BTCUSDC"), "asset": ("USDC",), "order": ("o1", "o2")}
DECIMALS = ("114400.00", "0.010", "-12.50", "0.0004", "1", "-0.00000001")
EVENTS = tuple(one_of_each(NAMES, DECIMALS, TERMS))
"""Every class of event, those with optional fields once without and once with all of them."""

KEY = PositionKey("alice", "BTCUSDC", "BOTH")
ORDER = Order("o1", "BTCUSDC", "BOTH", Quantity(-10), Price(11_450_000), False)
LOT = Lot(7, "bob", "BTCUSDC", "SHORT", "isolated", Quantity(-4), "takeover")
STATUS = FundStatus(Money(1), Money(2), Money(3), Money(4), Money(5), Money(6), Money(7))

EFFECTS: tuple[Effect, ...] = (
    MarketListed(BTCUSDC),
    TiersUpdated("BTCUSDC", BTCUSDC.tiers),
    FeesUpdated("BTCUSDC", FEES),
    LimitsUpdated("BTCUSDC", LIMITS),
    MarkSet("BTCUSDC", Price(11_440_000)),
    PositionModeSet("alice", "one_way"),
    MarginModeSet("alice", "BTCUSDC", "isolated"),
    LeverageSet("alice", "BTCUSDC", 20),
    OrderPlaced("alice", ORDER),
    OrderReduced("alice", "o1", "BTCUSDC", Quantity(-9)),
    OrderCancelled("alice", "o1"),
    Transferred("USDC", account_named("wallet:alice:USDC"), account_named("house:USDC"), Money(1_500_000), "TRD-01"),
    PositionChanged(KEY, Quantity(-10)),
    DomainLiquidated(DomainKey("alice", "USDC"), Money(-5), Money(7)),
    DomainLiquidated(DomainKey("alice", "USDC", "BTCUSDC", "LONG"), Money(5), Money(7)),
    LotOpened(LOT, Money(-400_000)),
    LotReduced(7, "BTCUSDC", Quantity(-3)),
    Deleveraged(7, KEY, Quantity(1), Money(-100_000), Money(9)),
    Levied(DomainKey("alice", "USDC"), "spare", Money(3)),
    Levied(DomainKey("alice", "USDC", "BTCUSDC", "SHORT"), "profit", Money(3)),
    ReliefReturned(DomainKey("alice", "USDC"), Money(3)),
    ReliefReturned(DomainKey("alice", "USDC", "BTCUSDC", "SHORT"), Money(2)),
    UncoveredChanged("USDC", Money(0)),
    ReserveStatus("BTCUSDC", STATUS),
    MarketSettled("BTCUSDC", Price(11_440_000)),
    InsuranceStatus("USDC", Money(2_000_000), Money(5)),
)
"""Every class of effect, those on a domain once for a cross and once for an isolated one."""


def ledger_of(**by_account: int) -> Map[LedgerAccount, Money]:
    """A ledger; two underscores stand for the colon."""
    return Map({account_named(name.replace("__", ":")): Money(units) for name, units in by_account.items()})


BOB_LONG = PositionKey("bob", "BTCUSDC", "LONG")
CAROL = PositionKey("carol", "BTCUSDC", "BOTH")
ALICE_DOMAIN = DomainKey("alice", "USDC", "BTCUSDC", "BOTH")
BOB_DOMAIN = DomainKey("bob", "USDC")
CAROL_DOMAIN = DomainKey("carol", "USDC")

ACCOUNTS: dict[str, PositionMode] = {"alice": "one_way", "bob": "hedge", "carol": "one_way", "虾": "one_way"}

FULL_STATE = State(
    header=HEADER,
    markets=Map({"BTCUSDC": BTCUSDC, "龙虾USDT": LOBSTER}),
    accounts=Map(ACCOUNTS),
    settings=Map({("alice", "BTCUSDC"): Setting("isolated", 10), ("bob", "龙虾USDT"): Setting(None, 5)}),
    ledger=ledger_of(
        external__USDC=-9_000_000_000,
        wallet__alice__USDC=5_000_000_000,
        isolated__alice__BTCUSDC__BOTH=120_000_000,
        position__alice__BTCUSDC__BOTH=-1_144_000_000,
        wallet__bob__USDC=2_000_000_000,
        position__bob__BTCUSDC__LONG=-2_288_000_000,
        wallet__carol__USDC=1_880_000_000,
        position__carol__BTCUSDC__BOTH=2_974_400_000,
        lot__7=457_600_000,
        reserve__BTCUSDC=1,
        insurance__USDC=-1 + 3,
        relief__USDC=7,
        house__USDC=-10,
    ),
    positions=Map({KEY: Quantity(10), BOB_LONG: Quantity(20), CAROL: Quantity(-26)}),
    orders=Map(
        {"alice": Map({"o1": ORDER}), "bob": Map({"o2": Order("o2", "BTCUSDC", "SHORT", Quantity(5), Price(10), True)})}
    ),
    lots=Map({7: LOT}),
    next_lot=9,
    uncovered=Map({"USDC": Money(4)}),
    relief_claims=Map({"USDC": Map({ALICE_DOMAIN: Money(4), BOB_DOMAIN: Money(3)})}),
    fund_status=Map({"BTCUSDC": STATUS}),
    closed_markets=("ETHUSDC.2025", "龙USDT"),
    domains_of=Map({"alice": (ALICE_DOMAIN,), "bob": (BOB_DOMAIN,), "carol": (CAROL_DOMAIN,)}),
    positions_of=Map({ALICE_DOMAIN: (KEY,), BOB_DOMAIN: (BOB_LONG,), CAROL_DOMAIN: (CAROL,)}),
    positions_in=Map({"BTCUSDC": Map({KEY: ALICE_DOMAIN, BOB_LONG: BOB_DOMAIN, CAROL: CAROL_DOMAIN})}),
    lots_in=Map({"BTCUSDC": (7,)}),
    open_interest=Map({"BTCUSDC": Quantity(30)}),
    open_value=Map({"USDC": Money(3_432_000_000)}),
)
"""A state with something in every field; hand-built, so its invariants do not hold."""
