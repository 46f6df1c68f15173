"""The bundled stress day: a calm morning, a crash with gaps, a rebound; and the command that writes it.

`python -m marginspec_tools.simulate.stress_day` writes `venue_data/stress_day.jsonl.zst` anew.
"""

from pathlib import Path

import attrs

from marginspec.model.units import RATE_ONE
from marginspec_journal import write_lines
from marginspec_tools.simulate.bundled import stress_day_path
from marginspec_tools.simulate.generation import generate
from marginspec_tools.simulate.markets import VenueMarket, named_market
from marginspec_tools.simulate.parameters import Parameters
from marginspec_tools.simulate.price_paths import Moment, within_limits
from marginspec_tools.simulate.seeded_random import SeededRandom

SEED = 44
ACCOUNTS = 40
EVENTS = 2400
MARKETS = (
    "BTCUSDT",
    "ETHUSDT",
    "BNBUSDT",
    "SOLUSDT",
    "XRPUSDT",
    "DOGEUSDT",
    "SUIUSDT",
    "1000SHIBUSDT",
    "1000PEPEUSDT",
    "1000000MOGUSDT",
    "AAVEUSDT",
    "HYPEUSDT",
    "YFIUSDT",
)


@attrs.frozen
class Phase:
    """A part of the day: until so many per cent of it have passed, marks move by drift, volatility and jumps.

    All in 1e-8 of the price, but for `until` and `jumps`, which are per cent.
    """

    until: int
    drift: int
    volatility: int
    jumps: int
    jump_mean: int
    jump_deviation: int


PHASES = (
    Phase(45, 0, 400_000, 0, 0, 0),
    Phase(60, -1_200_000, 900_000, 0, 0, 0),
    Phase(80, -2_500_000, 2_000_000, 25, -14_000_000, 9_000_000),
    Phase(100, 1_000_000, 1_200_000, 4, 6_000_000, 3_000_000),
)


@attrs.frozen
class StressPath:
    """Marks that follow the phases of the day."""

    phases: tuple[Phase, ...] = PHASES

    def next_price(self, market: str, price: int, decimals: int, moment: Moment, draws: SeededRandom) -> int:  # noqa: ARG002
        """The present price times one plus the return of the phase, rounded down."""
        phase = next(phase for phase in self.phases if 100 * moment.passed <= phase.until * moment.total)
        change = phase.drift + draws.bell(phase.volatility)
        if draws.happens(phase.jumps):
            change = change + phase.jump_mean + draws.bell(phase.jump_deviation)
        return within_limits(price * max(RATE_ONE // 20, RATE_ONE + change) // RATE_ONE)


def stress_markets() -> tuple[VenueMarket, ...]:
    """The markets of the day; one of them is priced below 0.00001."""
    found = tuple(named_market(name) for name in MARKETS)
    return tuple(market for market in found if market is not None)


def stress_parameters() -> Parameters:
    """What decides the day."""
    return Parameters(
        accounts=ACCOUNTS,
        markets=stress_markets(),
        events=EVENTS,
        seed=SEED,
        path=StressPath(),
        mix={"trades": 52, "orders": 20, "cash": 9, "marks": 16, "venue": 3},
        leverage=75,
        deposit=20_000,
        insurance=5_000,
        slippage=1_500_000,
        mistakes=1,
        kept_refusals=4,
    )


def write_stress_day(path: Path) -> None:
    """Generate the day and write it."""
    parameters = stress_parameters()
    write_lines(path, parameters.header, generate(parameters))


if __name__ == "__main__":
    write_stress_day(stress_day_path())
