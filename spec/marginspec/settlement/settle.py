"""Settlement: after every accepted event, liquidation and waterfall until nothing is left to do."""

from marginspec.margin.margin import domain_margin, is_healthy
from marginspec.model.units import Money
from marginspec.registry import rule
from marginspec.settlement.deleveraging import Queues, Step, deleverage, find_step
from marginspec.settlement.levy import levy, return_relief
from marginspec.settlement.liquidation import liquidate
from marginspec.settlement.market_closing import close_market
from marginspec.settlement.waterfall import shortfalls, uncovered_shortfall
from marginspec.transaction import Transaction


@rule("SET-01", "MKT-05", "LVY-02", source="SRC-12")
def settle(transaction: Transaction) -> None:
    """Settlement repeats liquidation, then the waterfall of each asset, until all is healthy and covered.

    Only suspect domains and exposed assets are looked at, and assets that earlier settlements left uncovered. A market
    that is settled finally closes then; only that can refuse the event. Relief that is not needed goes back before the
    first liquidation, and again at the end.
    """
    transaction.settling = True
    return_relief(transaction)
    if not (transaction.suspects or transaction.exposed or transaction.uncovered):
        return
    assets = sorted({*transaction.exposed, *transaction.uncovered})
    queues: Queues = transaction.queues
    settled = False
    while not settled:
        liquidate_unhealthy(transaction)
        for asset in assets:
            restore_cover(transaction, asset, queues)
        settled = not transaction.suspects
    if transaction.closing is not None:
        close_market(transaction, transaction.markets[transaction.closing])
    return_relief(transaction)
    for asset in assets:
        transaction.set_uncovered(asset, uncovered_shortfall(transaction, asset))


@rule("LIQ-01", "SET-01", source="SRC-12")
def liquidate_unhealthy(transaction: Transaction) -> None:
    """Every unhealthy domain is taken in ascending key order."""
    suspects, transaction.suspects = transaction.suspects, set()
    unhealthy = [domain for domain in suspects if not is_healthy(domain_margin(transaction, domain))]
    for domain in sorted(unhealthy):
        liquidate(transaction, domain)


@rule("ADL-01", "LVY-01", "WTF-02", source="SRC-07 SRC-12")
def restore_cover(transaction: Transaction, asset: str, queues: Queues) -> None:
    """While the cover test fails, deleverage by steps; where no pair is left, turn to the last resort."""
    missing = uncovered_shortfall(transaction, asset)
    while missing > 0:
        step = next_step(transaction, asset, queues, missing)
        if step is None:
            break
        deleverage(transaction, transaction.markets[step.lot.market], step)
        missing = uncovered_shortfall(transaction, asset)
    if missing > 0 and transaction.header.profile.last_resort == "levy":
        levy(transaction, asset, missing)


@rule("ADL-01")
def next_step(transaction: Transaction, asset: str, queues: Queues, missing: Money) -> Step | None:
    """A step is in the market with the largest positive shortfall, ties by id, that still has an eligible pair."""
    found = shortfalls(transaction, asset)
    for market_id in by_shortfall(found):
        step = find_step(transaction, transaction.markets[market_id], queues, found[market_id], missing)
        if step is not None:
            return step
    return None


@rule("ADL-01")
def by_shortfall(found: dict[str, Money]) -> list[str]:
    """Markets with a positive shortfall, the largest first, ties by id."""
    short = [market_id for market_id in found if found[market_id] > 0]
    return sorted(short, key=lambda market_id: (-found[market_id], market_id))
