"""Auto-deleveraging: who is closed against which lot, by how much, at what value."""

from marginspec_engine import layout
from marginspec_engine.index.queues import (
    first_eligible,
    heir_of,
    leave_queue,
    oldest_bearable,
    refresh_leaves,
    refresh_lot,
    take_queues,
)
from marginspec_engine.index.shortfalls import dismiss, line_up, recount, set_aside, shortest_market, take_up_restoring
from marginspec_engine.index.suspects import suspect
from marginspec_engine.kernels import deleveraging as kernels
from marginspec_engine.kernels import margin
from marginspec_engine.kernels import trading as trading_kernels
from marginspec_engine.kernels.limits import MOST
from marginspec_engine.layout import NONE, USED
from marginspec_engine.memory.lots import reduce_lot
from marginspec_engine.memory.words import Words, at, domain_row, lot_row, market_row, position_row, push, put
from marginspec_engine.rules.closing import realise, return_all_margin
from marginspec_engine.rules.margin import known_margin, lot_loss, maintenance_of, value_at_mark
from marginspec_engine.rules.transaction import effect, ledger_word, move, transfer
from marginspec_engine.rules.waterfall import count_funds, shortfall

Step = tuple[int, int, int, bool, bool]
"""A lot, its counterparty, how many lots are closed (0: no step), whether at its own entry, whether it leaves then."""
NO_STEP = NONE, NONE, 0, False, False


def deleverage_all(book: Words, asset: int, missing: int) -> int:
    """Deleverage by steps while so much (> 0) of cover is missing and a pair is left; gives what is then (ADL-01)."""
    line_up(book, asset)
    while missing > 0:
        step = next_step(book, missing)
        if step[2] == 0:
            break
        market = market_row(book, lot_row(book, step[0])[layout.MARKET])
        before = shortfall(market)
        deleverage(book, step)
        missing = max(0, missing - (before - shortfall(market)))
        recount(book, market)
    dismiss(book)
    return missing


def next_step(book: Words, missing: int) -> Step:
    """A step is in the market with the largest positive shortfall, ties by id, that has an eligible pair (ADL-01)."""
    refresh_leaves(book)
    take_up_restoring(book, missing)
    number = shortest_market(book)
    while number != NONE:
        market = market_row(book, number)
        step = find_step(book, number, shortfall(market), missing)
        if step[2] > 0:
            return step
        set_aside(book, market, missing)
        number = shortest_market(book)
    return NO_STEP


def find_step(book: Words, number: int, short: int, missing: int) -> Step:
    """In a market: the oldest losing lot with an eligible counterparty, and the first of these (ADL-01)."""
    take_queues(book, number, False)
    market = market_row(book, number)
    most = kernels.most_loss(short, missing)
    lot_number = oldest_bearable(book, market, most)
    while lot_number != NONE:
        counterparty = first_eligible(book, market, lot_number, most)
        if counterparty != NONE:
            at_entry, loss, size = terms_of(book, lot_number, counterparty)
            wanted = kernels.wanted_quantity(at_entry, loss, size, short, missing)
            return step_of(book, lot_number, counterparty, at_entry, wanted)
        lot_number = oldest_bearable(book, market, most)
    return NO_STEP


def find_declared_step(book: Words, number: int, is_long: bool, left: int) -> Step:
    """The oldest lot of a side, losing or not, with an eligible counterparty, and the first of these (ADL-06)."""
    take_queues(book, number, True)
    refresh_leaves(book)
    market = market_row(book, number)
    lot_number = market[layout.FIRST_LOT]
    while lot_number != NONE:
        lot = lot_row(book, lot_number)
        if (lot[layout.QUANTITY] > 0) == is_long:
            counterparty = first_eligible(book, market, lot_number, MOST)
            if counterparty != NONE:
                at_entry, _, _ = terms_of(book, lot_number, counterparty)
                return step_of(book, lot_number, counterparty, at_entry, left)
        lot_number = lot[layout.NEXT]
    return NO_STEP


def terms_of(book: Words, number: int, counterparty: int) -> tuple[bool, int, int]:
    """Whether a pair meets at the counterparty's own entry; what closing how many lots takes from it (ADL-04)."""
    lot, position = lot_row(book, number), position_row(book, counterparty)
    loss, size, held = max(0, lot_loss(book, number)), abs(lot[layout.QUANTITY]), abs(position[layout.QUANTITY])
    value = value_at_mark(market_row(book, lot[layout.MARKET]), position[layout.QUANTITY])
    profit = margin.unrealised(value, position[layout.COST])
    if kernels.is_no_less(profit, held, loss, size):
        return False, loss, size
    return True, profit, held


def step_of(book: Words, number: int, counterparty: int, at_entry: bool, wanted: int) -> Step:
    """The step of an eligible pair: what is wanted, at most the lot, the position and what leaves room (ADL-04)."""
    held = abs(position_row(book, counterparty)[layout.QUANTITY])
    kept = 1 if at_entry and heir_of(book, number) == NONE else 0
    most = min(wanted, abs(lot_row(book, number)[layout.QUANTITY]) - kept, held)
    quantity = quantity_with_room(book, number, counterparty, most)
    # T-KERNEL-30
    assert quantity > 0
    return number, counterparty, quantity, at_entry, quantity < most


def quantity_with_room(book: Words, number: int, counterparty: int, most: int) -> int:
    """As much as is wanted if it leaves room, else what halving finds between one lot and that (ADL-04)."""
    if room(book, number, counterparty, 1) <= 0:
        return 0
    if room(book, number, counterparty, most) > 0:
        return most
    low, high = 1, most
    while high - low > 1:
        middle = (low + high) // 2
        if room(book, number, counterparty, middle) > 0:
            low = middle
        else:
            high = middle
    return low


def room(book: Words, number: int, counterparty: int, quantity: int) -> int:
    """Equity less the released loss and the maintenance that is left once the position is smaller (ADL-04)."""
    position = position_row(book, counterparty)
    market, held = market_row(book, position[layout.MARKET]), abs(position[layout.QUANTITY])
    equity, maintenance = known_margin(book, position[layout.DOMAIN])
    at_entry, loss, size = terms_of(book, number, counterparty)
    before, left = value_at_mark(market, held), value_at_mark(market, held - quantity)
    saved = maintenance_of(market, before) - maintenance_of(market, left)
    return kernels.room(equity, kernels.released_loss(at_entry, loss, size, quantity), maintenance, saved)


def value_of(book: Words, step: Step) -> int:
    """What a step's pair closes at, signed like the lot: the lot's price, or the counterparty's entry (ADL-03)."""
    number, counterparty, part, at_entry, _ = step
    lot, position = lot_row(book, number), position_row(book, counterparty)
    held = lot[layout.QUANTITY]
    if at_entry:
        return -trading_kernels.released_cost(position[layout.COST], abs(position[layout.QUANTITY]), part)
    if lot_loss(book, number) > 0:
        return trading_kernels.released_cost(lot[layout.COST], abs(held), part)
    return value_at_mark(market_row(book, lot[layout.MARKET]), part if held > 0 else -part)


def deleverage(book: Words, step: Step) -> None:
    """The pair is closed at the step's value, without tick or fee (ADL-03); what a lot gains goes to the reserve."""
    number, counterparty, part, _, is_last = step
    lot, position = lot_row(book, number), position_row(book, counterparty)
    market_number, held, domain = lot[layout.MARKET], lot[layout.QUANTITY], position[layout.DOMAIN]
    market, quantity = market_row(book, market_number), position[layout.QUANTITY]
    asset, closing = market[layout.ASSET], part if held > 0 else -part
    value, cost = value_of(book, step), position[layout.COST]
    gain = max(0, value - trading_kernels.released_cost(lot[layout.COST], abs(held), part))
    heir, lot_account = heir_of(book, number), ledger_word(layout.LOT_OF, number)
    move(book, asset, ledger_word(layout.POSITION_OF, counterparty), lot_account, value, layout.ADL_03)
    reduce_lot(book, number, held - closing)
    realise(book, market, counterparty, domain, closing, -value, cost, layout.ADL_03)
    if position[layout.QUANTITY] == 0 and domain_row(book, domain)[layout.MARKET] != NONE:
        return_all_margin(book, domain)
    transfer(book, asset, lot_account, ledger_word(layout.RESERVE_OF, market_number), gain, layout.LIQ_05)
    if lot[layout.QUANTITY] == 0 and heir != NONE:
        pass_on(book, number, heir)
    refresh_lot(book, number, held)
    released = value - value_at_mark(market, closing)
    lot_id, account, side = lot[layout.NUMBER], position[layout.OWNER], position[layout.SIDE]
    effect(book, layout.COUNTERPARTY_DELEVERAGED, lot_id, account, market_number, side, part, value, released)
    count_funds(book, market_number, layout.DELEVERAGED, released)
    count_funds(book, market_number, layout.INFLOW, gain)
    suspect(book, domain)
    if is_last:
        leave_queue(book, position, quantity)
    if lot[layout.QUANTITY] == 0:
        push_undoably(book, at(book, layout.CLOSED_LOTS), number)


def pass_on(book: Words, number: int, heir: int) -> None:
    """What is left of a closed lot's cost passes to the newest other lot of its side (ADL-03)."""
    rest = lot_row(book, number)[layout.COST]
    if rest != 0:
        asset = market_row(book, lot_row(book, number)[layout.MARKET])[layout.ASSET]
        move(book, asset, ledger_word(layout.LOT_OF, heir), ledger_word(layout.LOT_OF, number), rest, layout.ADL_03)
        refresh_lot(book, heir, lot_row(book, heir)[layout.QUANTITY])


def push_undoably(book: Words, vector: Words, word: int) -> None:
    """Push a word that is taken away again if the event is refused."""
    put(book, vector, USED, vector[USED])
    push(book, vector, word)
