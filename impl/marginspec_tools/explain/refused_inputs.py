"""Figures of checks that look at an event's own fields and at what is listed."""

from marginspec.handlers.guards import known_account, price_in
from marginspec.model.events import (
    AdjustIsolatedMargin,
    Deposit,
    Event,
    Funding,
    FundInsurance,
    LiquidationFill,
    ListMarket,
    MarkPrice,
    PlaceOrder,
    SetLeverage,
    Trade,
    UpdateFees,
    UpdateTiers,
    Withdraw,
    WithdrawHouse,
)
from marginspec.model.market import Tier, TierTerms, next_tier
from marginspec.model.rejections import Rejected
from marginspec.model.state import State
from marginspec.model.units import (
    MAX_AMOUNT,
    MAX_LEVERAGE,
    MAX_PRICE,
    MAX_QUANTITY,
    MAX_TIERS,
    MAX_VALUE,
    MIN_LEVERAGE,
    RATE_ONE,
    WIRE_DECIMALS,
    Decimal8,
    Price,
    Quantity,
    div_down,
    in_units,
)
from marginspec_journal.decimals import shortest_decimal
from marginspec_tools.explain.explanation import Explanation
from marginspec_tools.explain.figures import Parts, count, lots, money, price, rate
from marginspec_tools.explain.margins import VALUE
from marginspec_tools.explain.watching import Watched

NAMES_SHOWN = 10


def names_node(title: str, names: list[str]) -> Explanation:
    """How many names there are, and the first of them."""
    shown = ", ".join(names[:NAMES_SHOWN]) + (", …" if len(names) > NAMES_SHOWN else "")
    return Explanation(title, str(len(names)), formula=shown)


def market_exists(watched: Watched, event: UpdateTiers) -> Parts:
    """The market named, and those listed."""
    return (Explanation("market named", event.market), names_node("markets listed", sorted(watched.before.markets)))


def market_is_new(watched: Watched, event: ListMarket) -> Parts:
    """The market that is already listed."""
    listed = watched.before.markets[event.market]
    return (Explanation("market named", event.market), Explanation("listed already, settled in", listed.asset))


def market_allowed(watched: Watched, event: ListMarket) -> Parts:
    """Decimals and tick beside their limits."""
    asset_decimals = watched.before.header.decimals(event.asset)
    total = event.price_decimals + event.quantity_decimals
    fits = event.price_decimals >= 0 and event.quantity_decimals >= 0
    parts = (
        count("price decimals", event.price_decimals),
        count("quantity decimals", event.quantity_decimals),
        Explanation("their sum", str(total), formula=is_fit(fits and total <= asset_decimals, "does not fit")),
        count(f"decimals of {event.asset}, the most for the sum", asset_decimals),
    )
    if not fits or event.price_decimals > WIRE_DECIMALS:
        return parts
    tick = stated_node("tick", event.tick, event.asset, event.price_decimals, MAX_PRICE)
    return (*parts, tick, unit_node("price", event.price_decimals), most_node("tick", MAX_PRICE, event.price_decimals))


def unit_node(what: str, decimals: int) -> Explanation:
    """The finest unit of so many decimals."""
    return Explanation(f"finest {what}", shortest_decimal(Decimal8(10 ** (WIRE_DECIMALS - decimals))))


def most_node(what: str, units: int, decimals: int) -> Explanation:
    """The largest that is allowed, in units of so many decimals."""
    return Explanation(f"largest {what}", shortest_decimal(Decimal8(units * 10 ** (WIRE_DECIMALS - decimals))))


def stated_node(title: str, stated: Decimal8, unit: str, decimals: int, largest: int, least: int = 1) -> Explanation:
    """A decimal as the event stated it, and how it breaks its limits, if it does; `least` and `largest` in units."""
    units = in_units(stated, decimals)
    if units is None:
        word = "is finer than allowed"
    elif units == 0 and least != 0:
        word = "must not be 0"
    elif units < least:
        word = "must not be negative" if least >= 0 else "is past the largest"
    else:
        word = "is past the largest" if units > largest else "is allowed"
    return Explanation(title, shortest_decimal(stated), unit, formula=word)


def is_fit(fits: bool, breach: str) -> str:
    """That a figure is allowed, or how it is not."""
    return "is allowed" if fits else breach


def tiers_allowed(watched: Watched, event: ListMarket | UpdateTiers) -> Parts:
    """The first row that is out of order, beside the one below it."""
    asset = event.asset if isinstance(event, ListMarket) else watched.before.markets[event.market].asset
    below: Tier | None = None
    for place, row in enumerate(event.tiers[:MAX_TIERS]):
        try:
            below = next_tier(below, row, watched.before.header.decimals(asset))
        except Rejected:
            return row_nodes(watched.before, asset, below, row, place)
    return (count("rows", len(event.tiers)), count("fewest", 1), count("most", MAX_TIERS))


def row_nodes(before: State, asset: str, below: Tier | None, row: TierTerms, place: int) -> Parts:
    """A row of a tier table as it was stated, beside what it must exceed."""
    decimals = before.header.decimals(asset)
    product = Decimal8(row.maintenance_rate * row.max_leverage)
    below_one = product < RATE_ONE
    falls = MIN_LEVERAGE <= row.max_leverage <= (below.max_leverage - 1 if below else MAX_LEVERAGE)
    rises = row.maintenance_rate > (below.maintenance_rate if below else 0)
    lowest, highest = (below.floor + 1, MAX_AMOUNT) if below else (0, 0)
    stated = (
        stated_node("floor", row.floor, asset, decimals, highest, lowest),
        Explanation("maximum leverage", str(row.max_leverage), formula=is_fit(falls, "must be lower")),
        Explanation("rate", shortest_decimal(row.maintenance_rate), formula=is_fit(rises, "must be higher")),
        Explanation("rate * maximum leverage", shortest_decimal(product), formula=is_fit(below_one, "must be below 1")),
    )
    limits = [unit_node("floor", decimals), most_node("floor", MAX_AMOUNT, decimals)]
    if below is None:
        limits[1] = Explanation("floor of the first row", "0", asset, formula="required")
    else:
        limits.append(money(before, "floor of the row below, to be exceeded", asset, below.floor))
        limits.append(count("maximum leverage of the row below, to fall from", below.max_leverage))
        limits.append(rate("rate of the row below, to be exceeded", below.maintenance_rate))
    return (Explanation(f"row {place + 1}", inputs=stated), *limits)


def accounts_of(event: Event) -> list[tuple[str, str]]:
    """The accounts that an event names, in the order in which they are looked up."""
    found = ((name, getattr(event, name, None)) for name in ("account", "buyer", "seller", "counterparty"))
    return [(name, account) for name, account in found if account is not None]


def account_exists(watched: Watched, event: Event) -> Parts:
    """The accounts named, each with whether it exists."""
    parts = [
        Explanation(name, account, formula=existence(watched.before, account)) for name, account in accounts_of(event)
    ]
    return (*parts, count("accounts that exist", len(watched.before.accounts)))


def existence(before: State, account: str) -> str:
    """Whether an account exists, in words."""
    try:
        known_account(before, account)
    except Rejected:
        return "no deposit was accepted yet"
    return "exists"


def mark_exists(_watched: Watched, event: Trade | Funding) -> Parts:
    """The market without a mark."""
    return (Explanation("market", event.market), Explanation("mark", "none"))


def parties_differ(_watched: Watched, event: Trade) -> Parts:
    """Both parties."""
    return (Explanation("buyer", event.buyer), Explanation("seller", event.seller))


def price_allowed(watched: Watched, event: MarkPrice | PlaceOrder | Trade | LiquidationFill) -> Parts:
    """A price beside its limits, and beside the tick where that counts."""
    market = watched.before.markets[event.market]
    parts = [
        stated_node("price", event.price, market.asset, market.price_decimals, MAX_PRICE),
        unit_node("price", market.price_decimals),
        most_node("price", MAX_PRICE, market.price_decimals),
    ]
    if isinstance(event, MarkPrice):
        return tuple(parts)
    parts.append(price(watched.before, "tick", market.id, market.tick))
    units = in_units(event.price, market.price_decimals)
    if units is not None and units > 0:
        beyond = Price(units - div_down(units, market.tick) * market.tick)
        word = is_fit(beyond == 0, "must be 0")
        parts.append(price(watched.before, "beyond a multiple of the tick by", market.id, beyond, formula=word))
    return tuple(parts)


def quantity_allowed(watched: Watched, event: PlaceOrder | Trade | LiquidationFill) -> Parts:
    """A quantity beside its limits, and its value at the dearer of price and mark."""
    before = watched.before
    market = before.markets[event.market]
    parts = [
        stated_node("quantity", event.quantity, market.id, market.quantity_decimals, MAX_QUANTITY),
        unit_node("quantity", market.quantity_decimals),
        most_node("quantity", MAX_QUANTITY, market.quantity_decimals),
    ]
    size = in_units(event.quantity, market.quantity_decimals)
    if size is not None and size > 0:
        dearest = max(price_in(market, event.price), market.marked())
        value = market.value(dearest, Quantity(size))
        reckoned = (
            price(before, "dearer of price and mark", market.id, dearest),
            lots(before, "quantity", market.id, size),
        )
        parts.append(
            money(
                before, "value", market.asset, value, VALUE, is_fit(value <= MAX_VALUE, "is past the largest"), reckoned
            )
        )
        parts.append(money(before, "largest value", market.asset, MAX_VALUE))
    return tuple(parts)


def amount_allowed(
    watched: Watched, event: Deposit | Withdraw | FundInsurance | WithdrawHouse | AdjustIsolatedMargin
) -> Parts:
    """An amount beside its limits."""
    adjusts = isinstance(event, AdjustIsolatedMargin)
    asset = watched.before.markets[event.market].asset if isinstance(event, AdjustIsolatedMargin) else event.asset
    decimals = watched.before.header.decimals(asset)
    least = -MAX_AMOUNT if adjusts else 1
    return (
        stated_node("amount", event.amount, asset, decimals, MAX_AMOUNT, least),
        unit_node("amount", decimals),
        most_node("amount", MAX_AMOUNT, decimals),
    )


def rates_allowed(_watched: Watched, event: ListMarket | UpdateFees | Funding) -> Parts:
    """Rates beside their bounds."""
    if isinstance(event, Funding):
        return (bounded_rate("rate", event.rate, -RATE_ONE), rate("lowest", -RATE_ONE), rate("highest", RATE_ONE))
    return (
        bounded_rate("taker fee", event.taker_fee),
        bounded_rate("maker fee", event.maker_fee),
        bounded_rate("insurance fund's share of fees", event.insurance_fee_share),
        bounded_rate("clearance fee", event.clearance_fee),
        rate("lowest", 0),
        rate("highest", RATE_ONE),
    )


def bounded_rate(title: str, stated: Decimal8, lowest: int = 0) -> Explanation:
    """A rate, and whether it is within its bounds."""
    return Explanation(title, shortest_decimal(stated), formula=is_fit(lowest <= stated <= RATE_ONE, "is outside"))


def leverage_allowed(watched: Watched, event: SetLeverage) -> Parts:
    """A leverage beside its limits and the first tier's maximum."""
    first = watched.before.markets[event.market].tiers.tiers[0]
    fits = MIN_LEVERAGE <= event.leverage <= min(MAX_LEVERAGE, first.max_leverage)
    return (
        Explanation("leverage", str(event.leverage), formula=is_fit(fits, "is outside")),
        count("lowest", MIN_LEVERAGE),
        count("highest of any market", MAX_LEVERAGE),
        count(f"maximum of the first tier of {event.market}", first.max_leverage),
    )
