"""Settlement: after every accepted event, liquidation and waterfall until nothing is left to do."""

from marginspec_engine import layout
from marginspec_engine.index.sorting import sort_domains
from marginspec_engine.index.stale import clear_flag
from marginspec_engine.layout import NONE, USED, reasons
from marginspec_engine.memory.lots import free_lot
from marginspec_engine.memory.prefetch import prefetch_domains
from marginspec_engine.memory.words import Words, asset_row, at, items, market_row, push, reserve
from marginspec_engine.rules.deleveraging import deleverage_all
from marginspec_engine.rules.levy import levy, return_relief
from marginspec_engine.rules.liquidation import liquidate
from marginspec_engine.rules.margin import is_healthy
from marginspec_engine.rules.market_closing import close_market
from marginspec_engine.rules.transaction import effect
from marginspec_engine.rules.waterfall import forget_markets_without_lots, publish_reserve, uncovered_shortfall

IS_OPEN, IS_DONE = 1, 2
"""What IS_EXPOSED says of an asset: it is to be looked at, or it has been in this round."""


def settle(book: Words) -> int:
    """Settlement repeats liquidation, then the waterfall of each asset, until all is healthy and covered (SET-01).

    Relief that is not needed goes back before the first liquidation, and again at the end (LVY-02). Gives the reason,
    0 but where a market that closes then lacks cover (MKT-05).
    """
    is_covered = book[layout.EXPOSED_ASSETS] == 0 and book[layout.UNCOVERED_ASSETS] == 0
    if at(book, layout.SUSPECTS)[USED] == 0 and is_covered and at(book, layout.CLAIMANTS)[USED] == 0:
        return reasons.ACCEPTED
    book[layout.SETTLING] = 1
    return_relief(book)
    expose_uncovered(book)
    is_settled = False
    while not is_settled:
        liquidate_unhealthy(book)
        asset = next_asset(book)
        while asset != NONE:
            restore_cover(book, asset)
            asset = next_asset(book)
        reopen_assets(book)
        is_settled = at(book, layout.SUSPECTS)[USED] == 0
    reason = close_market(book, book[layout.CLOSING]) if book[layout.CLOSING] != NONE else reasons.ACCEPTED
    return_relief(book)
    asset = next_asset(book)
    while asset != NONE:
        set_uncovered(book, asset)
        asset = next_asset(book)
    tidy(book)
    return reason


def expose_uncovered(book: Words) -> None:
    """Assets that earlier settlements left uncovered are looked at again."""
    if book[layout.UNCOVERED_ASSETS] > 0:
        for asset in range(at(book, layout.ASSETS)[USED] // layout.ASSET_ROW):
            words = asset_row(book, asset)
            if words[layout.UNCOVERED] > 0:
                words[layout.IS_EXPOSED] = IS_OPEN


def first_asset(book: Words, column: int, word: int) -> int:
    """The first asset by name whose row holds a word in a column; NONE if there is none."""
    chosen, rank = NONE, NONE
    for asset in range(at(book, layout.ASSETS)[USED] // layout.ASSET_ROW):
        words = asset_row(book, asset)
        if words[column] == word and (chosen == NONE or words[layout.RANK] < rank):
            chosen, rank = asset, words[layout.RANK]
    return chosen


def next_asset(book: Words) -> int:
    """The first asset by name that is still open in this round, which is done then; NONE if there is none."""
    asset = first_asset(book, layout.IS_EXPOSED, IS_OPEN)
    if asset != NONE:
        asset_row(book, asset)[layout.IS_EXPOSED] = IS_DONE
    return asset


def reopen_assets(book: Words) -> None:
    """Begin another round over the assets."""
    for asset in range(at(book, layout.ASSETS)[USED] // layout.ASSET_ROW):
        words = asset_row(book, asset)
        if words[layout.IS_EXPOSED] == IS_DONE:
            words[layout.IS_EXPOSED] = IS_OPEN


EFFECT_WORDS = 128
"""Effects of a liquidation, and of the deleveraging that may follow, have about so many words.

Room for them, and for a lot each, is made at once; what is not written takes no memory.
"""


def liquidate_unhealthy(book: Words) -> None:
    """Every unhealthy domain is taken in ascending key order (LIQ-01, SET-01)."""
    suspects, unhealthy = at(book, layout.SUSPECTS), at(book, layout.UNHEALTHY)
    unhealthy[USED] = 0
    for place in range(suspects[USED]):
        prefetch_domains(book, items(book, suspects), place, suspects[USED])
        domain = items(book, suspects)[place]
        clear_flag(book, domain, layout.IS_SUSPECT)
        if not is_healthy(book, domain):
            push(book, unhealthy, domain)
    suspects[USED] = 0
    reserve(book, at(book, layout.EFFECTS), EFFECT_WORDS * unhealthy[USED])
    reserve(book, at(book, layout.LOTS), layout.LOT * unhealthy[USED])
    sort_domains(book, unhealthy)
    for place in range(unhealthy[USED]):
        prefetch_domains(book, items(book, unhealthy), place, unhealthy[USED])
        liquidate(book, items(book, unhealthy)[place])


def restore_cover(book: Words, asset: int) -> None:
    """While the cover test fails, deleverage by steps; where no pair is left, turn to the last resort (ADL-01)."""
    missing = uncovered_shortfall(book, asset)
    if missing > 0:
        missing = deleverage_all(book, asset, missing)
    if missing > 0 and book[layout.LEVIES] == 1:
        levy(book, asset, missing)


def set_uncovered(book: Words, asset: int) -> None:
    """Take down how much of an asset's shortfall has no cover, if that changed (WTF-02)."""
    words, amount = asset_row(book, asset), uncovered_shortfall(book, asset)
    if amount != words[layout.UNCOVERED]:
        book[layout.UNCOVERED_ASSETS] = book[layout.UNCOVERED_ASSETS] + (amount > 0) - (words[layout.UNCOVERED] > 0)
        words[layout.UNCOVERED] = amount
        effect(book, layout.UNCOVERED_CHANGED, asset, amount)


def tidy(book: Words) -> None:
    """Free the rows of lots that were closed, and forget what only this settlement needed."""
    closed, dirty = at(book, layout.CLOSED_LOTS), at(book, layout.STALE_LEAVES)
    for place in range(closed[USED]):
        free_lot(book, items(book, closed)[place])
    closed[USED] = 0
    for place in range(dirty[USED]):
        clear_flag(book, items(book, dirty)[place], layout.HAS_STALE_LEAVES)
    dirty[USED] = 0
    forget_markets_without_lots(book)


# ----------------------------------------------------------------- what is published


def publish_funds(book: Words) -> None:
    """Each event that changed a reserve, the insurance fund or relief emits the new status (TRN-01)."""
    counted = at(book, layout.COUNTED)
    number = next_counted(book)
    while number != NONE:
        publish_reserve(book, number)
        number = next_counted(book)
    counted[USED] = 0
    asset = first_asset(book, layout.SHARED_FUNDS_MOVED, 1)
    while asset != NONE:
        words = asset_row(book, asset)
        words[layout.SHARED_FUNDS_MOVED] = 0
        effect(book, layout.INSURANCE_STATUS, asset, words[layout.INSURANCE], words[layout.RELIEF])
        asset = first_asset(book, layout.SHARED_FUNDS_MOVED, 1)


def next_counted(book: Words) -> int:
    """The first market by name of those whose funds the event counted and that are not yet published; NONE if none."""
    chosen, rank = NONE, NONE
    counted = at(book, layout.COUNTED)
    for place in range(counted[USED]):
        number = items(book, counted)[place]
        words = market_row(book, number)
        if words[layout.IS_COUNTED] == 1 and (chosen == NONE or words[layout.RANK] < rank):
            chosen, rank = number, words[layout.RANK]
    return chosen
