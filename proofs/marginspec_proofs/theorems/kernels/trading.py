"""Fees, funding, bands of prices, and what a trade books."""

from typing import Any

import attrs

from marginspec.handlers.funding import funding_due
from marginspec.handlers.guards import check_band, check_fill_band
from marginspec.handlers.trading import closing_part, insurance_part, opening_margin, returned_margin, trade_fee
from marginspec.margin.closing import released_cost
from marginspec.model.market import Limits
from marginspec.model.rejections import Rejected
from marginspec.model.units import MAX_LEVERAGE, MAX_PRICE, MAX_VALUE, RATE_ONE
from marginspec.settlement.liquidation import clearance_fee
from marginspec_engine.kernels import trading, waterfall
from marginspec_proofs.prover.contracts import instead_of
from marginspec_proofs.prover.statements import Case, theorem
from marginspec_proofs.prover.symbols import negate
from marginspec_proofs.theorems.kernels.margin import MARKET
from marginspec_proofs.theorems.kernels.parts import exact_parts
from marginspec_proofs.theorems.kernels.words import WORD, fits, is_whole_word, sign_of, unchecked, within_words
from marginspec_proofs.theorems.numbers import whole_multiples
from marginspec_proofs.theorems.ranges import MOST_CASH, MOST_EQUITY, MOST_LOT_COST

MAX_MARGIN = MAX_VALUE // 2
"""An isolated position that is worth more is opened on Python's integers; no fee is above the value (T-FEE-1)."""


@theorem(
    "T-KERNEL-14",
    "NUM-02",
    "TRD-01",
    "FND-01",
    "LIQ-02",
    of=(trade_fee, insurance_part, funding_due, clearance_fee),
    uses=("T-KERNEL-3", "T-MUL-2"),
)
def fees_and_funding_are_exact(case: Case) -> None:
    """Fees, the insurance fund's part, funding and the clearance fee of values up to 2^62 are the rules'."""
    value, rate = case.integer("value", -MAX_VALUE, MAX_VALUE), case.integer("rate", 0, RATE_ONE, "MKT-01")
    released, equity = case.integer("released", 0, MAX_VALUE), case.integer("equity", 0, MOST_EQUITY)
    function = case.one_of("function", ("fee", "insurance", "funding", "clearance"))
    if function == "funding":
        rate = case.one_of("sign", (1, -1)) * rate
    elif function != "fee":
        case.assume(value >= 0, "fees and cuts have no sign")
    with exact_parts(case):
        if function == "fee":
            found = trading.trade_fee(value, rate)
        elif function == "insurance":
            found = trading.insurance_part(value, rate)
        elif function == "funding":
            found = trading.funding_due(value, rate)
        else:
            found = waterfall.clearance_fee(value, rate, released, equity)
    if function == "clearance":
        case.claim("clearance fee", found == clearance_fee(value, rate, released, equity))
        return
    expected = {"fee": trade_fee, "insurance": insurance_part, "funding": funding_due}[function]
    case.claim(function, found == expected(value, rate))


@theorem(
    "T-KERNEL-15",
    "ACC-02",
    "ACC-04",
    "ADL-03",
    of=(closing_part, released_cost, opening_margin, returned_margin),
    uses=("T-FEE-1", "T-KERNEL-5", "T-MUL-2", "T-RANGE-6", "T-RANGE-10"),
)
def what_a_trade_books_is_exact(case: Case) -> None:
    """The closing part, released cost and the margin that opens and returns are the rules', within 64 bits."""
    size, part = case.integer("size", 1, WORD - 1), case.integer("part", 0)
    case.assume(part <= size, "ACC-02")
    function = case.one_of("function", ("closing", "released", "opening", "returned"))
    if function == "closing":
        held, quantity = case.integer("held", 1 - WORD, WORD - 1), case.integer("quantity", 1 - WORD, WORD - 1)
        with exact_parts(case):
            found = trading.closing_part(held, quantity)
        case.claim("closing part", found == closing_part(held, quantity))
    elif function == "released":
        cost = case.integer("cost", -MOST_LOT_COST, MOST_LOT_COST, "T-RANGE-10")
        with exact_parts(case):
            found = trading.released_cost(cost, size, part)
        expected = released_cost(cost, size, part)
        whole_multiples(case, expected - cost, size)
        case.claim("released cost", found == expected)
    elif function == "opening":
        value, at_mark = (case.integer(name, -MAX_MARGIN, MAX_MARGIN) for name in ("value", "value at mark"))
        case.assume(((value >= 0) & (at_mark >= 0)) | ((value <= 0) & (at_mark <= 0)), "both signed like the quantity")
        leverage, fee = case.integer("leverage", 1, MAX_LEVERAGE), case.integer("fee", 0, MAX_MARGIN, "T-FEE-1")
        with exact_parts(case):
            found = trading.opening_margin(value, at_mark, leverage, fee)
        case.claim("opening margin", found == opening_margin(value, at_mark, leverage, fee))
    else:
        cash, movable = case.integer("cash", -MOST_CASH, MOST_CASH, "T-RANGE-6"), case.integer("movable", 0, MOST_CASH)
        with exact_parts(case):
            found = trading.returned_margin(cash, movable, size, part)
        case.claim("returned margin", found == returned_margin(cash, movable, size, part))


@theorem("T-KERNEL-36", "MKT-04", of=(check_band, check_fill_band), uses=("T-KERNEL-6",))
def bands_of_prices_are_the_rules(case: Case) -> None:
    """Whether a price is within a price band or a fill band is what the rules say, within 64 bits."""

    def compare(first: Any, second: Any, third: Any, fourth: Any) -> Any:
        words = fits(first) & fits(third) & is_whole_word(second) & is_whole_word(fourth)
        case.claim("signed words, and positive ones", words & (second > 0) & (fourth > 0) & (first > -WORD))
        return sign_of(first * second - third * fourth)

    mark, tick = case.integer("mark", 1, MAX_PRICE), case.integer("tick", 1, MAX_PRICE, "MKT-01")
    band, distance = case.integer("band", 1, RATE_ONE, "MKT-04"), case.integer("distance", -MAX_PRICE, MAX_PRICE)
    is_fill = bool(case.truth("fill band"))
    limits = Limits(fill_band=band) if is_fill else Limits(price_band=band)
    with within_words(case), instead_of(case, trading, {"compare_products": unchecked(case, compare)}):
        if is_fill:
            found = trading.is_within_fill_band(distance, mark, band)
        else:
            found = trading.is_within_band(distance, tick, mark, band)
    market = attrs.evolve(MARKET, tick=tick, mark=mark, limits=limits)
    try:
        (check_fill_band if is_fill else check_band)(market, distance)
    except Rejected:
        case.claim("refused", negate(found))
        return
    case.claim("within", found)
