"""Last resort: the house pays, then a levy in three layers, winners first; what is not needed is given back."""

from marginspec_engine import layout
from marginspec_engine.index.sorting import sort_domains
from marginspec_engine.index.suspects import suspect
from marginspec_engine.kernels import waterfall as kernels
from marginspec_engine.layout import NONE, USED
from marginspec_engine.memory.words import Words, asset_row, at, domain_row, items, market_row, position_row, push
from marginspec_engine.rules.claims import change_claim, list_claimants, lower_claims
from marginspec_engine.rules.margin import domain_margin, is_flat, value_at_mark
from marginspec_engine.rules.transaction import balance, cash_of, effect, ledger_word, transfer
from marginspec_engine.rules.waterfall import count_funds, needed_relief, shortfall


def levy(book: Words, asset: int, missing: int) -> None:
    """The house pays into the insurance fund as far as it can; the rest is levied, layer by layer (LVY-01)."""
    house, insurance = ledger_word(layout.HOUSE_OF, asset), ledger_word(layout.INSURANCE_OF, asset)
    from_house = min(missing, balance(book, house))
    transfer(book, asset, house, insurance, from_house, layout.LVY_01)
    left = missing - from_house
    for layer in (layout.BY_PROFIT, layout.BY_SPARE, layout.BY_EQUITY):
        if left > 0:
            left = left - levy_layer(book, asset, layer, left)
    list_claimants(book)
    if book[layout.EVENT_MARKET] != NONE:
        count_funds(book, book[layout.EVENT_MARKET], layout.LEVIED, missing - left)


def levy_layer(book: Words, asset: int, layer: int, missing: int) -> int:
    """A layer takes its weights when it begins, and shares over them what is still missing; gives what was paid."""
    total = collect_payers(book, asset, layer)
    if total == 0:
        return 0
    amount = kernels.levied_amount(missing, total)
    payers, weights = at(book, layout.UNHEALTHY), items(book, at(book, layout.WORKING))
    left = amount
    for place in range(payers[USED]):
        left = left - kernels.share_floor(amount, weights[place], total)
    for place in range(payers[USED]):
        share, left = kernels.next_share(amount, weights[place], total, left)
        if share > 0:
            pay_levy(book, asset, items(book, payers)[place], layer, share)
    return amount


def collect_payers(book: Words, asset: int, layer: int) -> int:
    """Leave in UNHEALTHY the asset's domains with a weight, in key order, the weights in WORKING; gives their sum."""
    payers, weights, total = at(book, layout.UNHEALTHY), at(book, layout.WORKING), 0
    payers[USED] = 0
    for domain in range(at(book, layout.DOMAINS)[USED] // layout.DOMAIN_ROW):
        if domain_row(book, domain)[layout.ASSET] == asset and layer_weight(book, domain, layer) > 0:
            push(book, payers, domain)
    sort_domains(book, payers)
    weights[USED] = 0
    for place in range(payers[USED]):
        weight = layer_weight(book, items(book, payers)[place], layer)
        push(book, weights, weight)
        total = total + weight
    return total


def layer_weight(book: Words, domain: int, layer: int) -> int:
    """What a domain weighs in a layer, and pays there at most (LVY-01)."""
    equity, maintenance = domain_margin(book, domain)
    if layer == layout.BY_EQUITY:
        return max(0, equity)
    spare = kernels.spare_of(is_flat(book, domain), equity, maintenance)
    return min(spare, profit_in_short_markets(book, domain)) if layer == layout.BY_PROFIT else spare


def profit_in_short_markets(book: Words, domain: int) -> int:
    """What a domain's positions gain in each market with shortfall, net, where they do; both sides stand together."""
    profit, net, last = 0, 0, NONE
    number = domain_row(book, domain)[layout.FIRST]
    while number != NONE:
        position = position_row(book, number)
        if position[layout.MARKET] != last:
            profit, net, last = profit + max(0, net), 0, position[layout.MARKET]
        market = market_row(book, last)
        if shortfall(market) > 0:
            net = net + value_at_mark(market, position[layout.QUANTITY]) - position[layout.COST]
        number = position[layout.NEXT]
    return profit + max(0, net)


def pay_levy(book: Words, asset: int, domain: int, layer: int, amount: int) -> None:
    """A domain's part of a levy goes from its cash into relief, and is added to its claim (LVY-01)."""
    transfer(book, asset, cash_of(book, domain), ledger_word(layout.RELIEF_OF, asset), amount, layout.LVY_01)
    change_claim(book, domain, amount)
    owner = domain_row(book, domain)
    account, market, side = owner[layout.OWNER], owner[layout.MARKET], owner[layout.SIDE]
    effect(book, layout.DOMAIN_LEVIED, account, asset, market, side, layer, amount)
    suspect(book, domain)


def return_relief(book: Words) -> None:
    """What relief exceeds the need of it by goes back to those with claims, asset by asset by name (LVY-02)."""
    asset = next_with_relief(book, NONE)
    if asset == NONE:
        at(book, layout.CLAIMANTS)[USED] = 0
    while asset != NONE:
        words = asset_row(book, asset)
        lower_claims(book, asset, kernels.excess_of(words[layout.RELIEF], needed_relief(book, asset)), True)
        asset = next_with_relief(book, words[layout.RANK])


def next_with_relief(book: Words, last: int) -> int:
    """The first asset by name behind a rank that has relief; NONE if there is none."""
    chosen, rank = NONE, NONE
    for asset in range(at(book, layout.ASSETS)[USED] // layout.ASSET_ROW):
        words = asset_row(book, asset)
        if words[layout.RELIEF] > 0 and words[layout.RANK] > last and (chosen == NONE or words[layout.RANK] < rank):
            chosen, rank = asset, words[layout.RANK]
    return chosen
