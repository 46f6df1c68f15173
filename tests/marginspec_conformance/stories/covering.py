"""The cover test by an engine's own figures: whether it ends an event with losses that nothing stands behind."""

from collections.abc import Mapping
from fractions import Fraction

from marginspec.model.market import Market
from marginspec.settlement.waterfall import uncovered_shortfall
from marginspec_conformance.comparing.expected import Expected
from marginspec_conformance.comparing.figures import Figures
from marginspec_conformance.protocol.messages import Changes

Amounts = Mapping[str, str]


def stops_too_early(expected: Expected, told: Changes) -> bool:
    """Whether an engine leaves losses of an asset without cover, by its own figures, where the rules leave none."""
    before = Figures(expected.before)
    ledger, positions = {**before["ledger"], **told.ledger}, {**before["positions"], **told.positions}
    lots = {**expected.before.lots, **expected.after.lots}
    after = expected.after
    short: dict[str, Fraction] = {}
    for market in after.markets.values():
        if market.mark is not None:
            costs = sum(amount(ledger, f"lot:{lot.id}") for lot in lots.values() if lot.market == market.id)
            loss = -(value_of_lots(market, positions) + costs)
            shortfall = max(Fraction(0), max(Fraction(0), loss) - amount(ledger, f"reserve:{market.id}"))
            short[market.asset] = short.get(market.asset, Fraction(0)) + shortfall
    return any(
        missing > amount(ledger, f"insurance:{asset}") + amount(ledger, f"relief:{asset}")
        and uncovered_shortfall(after, asset) == 0
        for asset, missing in short.items()
    )


def value_of_lots(market: Market, positions: Amounts) -> Fraction:
    """What a market's lots are worth at mark: they hold all that the positions do not, as quantities sum to zero."""
    held = sum(amount(positions, name) for name in positions if name.split(":")[1:2] == [market.id])
    return -held * Fraction(market.marked(), 10**market.price_decimals)


def amount(figures: Amounts, name: str) -> Fraction:
    """A figure as a number; none told is zero, and so is what is no number."""
    try:
        return Fraction(figures.get(name, "0"))
    except ValueError:
        return Fraction(0)
