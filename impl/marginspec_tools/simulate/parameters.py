"""What decides a simulated scenario, and how long its opening is."""

import attrs

from marginspec.model.state import Header
from marginspec_tools.simulate.markets import VenueMarket, first_markets
from marginspec_tools.simulate.price_paths import JumpDiffusion, PricePath

DEFAULT_MIX = {"trades": 60, "orders": 25, "cash": 10, "marks": 5, "venue": 1}
"""Default weights: trades and liquidation fills; orders placed and cancelled; deposits, withdrawals and
settings; marks; funding and what else the venue does."""

MIXED_MIX = {"trades": 60, "orders": 25, "cash": 10, "marks": 5, "venue": 0}
"""The mix that the performance bar names."""


@attrs.frozen
class Parameters:
    """Everything that decides a scenario.

    `events` counts all of them, the opening included. `leverage` is the highest that accounts set.
    `homes` is how many neighbouring markets an account trades in (0: all), `position_limit` how many
    positions a market may have (0: any number). Slippage is in 1e-8 of the price. `mistakes` and
    `kept_refusals` are per cent: of events that are wrong on purpose, of refusals that stay in; `stated_fees` too, of
    trades and fills that state their own. So many markets are `settled` for good, by the last events of all.
    """

    accounts: int
    markets: tuple[VenueMarket, ...]
    events: int
    seed: int
    header: Header = Header()
    path: PricePath = attrs.field(factory=JumpDiffusion)
    mix: dict[str, int] = attrs.field(factory=lambda: dict(DEFAULT_MIX))
    leverage: int = 50
    homes: int = 0
    position_limit: int = 0
    deposit: int = 20_000
    insurance: int = 20_000
    slippage: int = 1_000_000
    mistakes: int = 1
    kept_refusals: int = 5
    stated_fees: int = 0
    settled: int = 0


def mixed(*, accounts: int, following: int, seed: int) -> Parameters:
    """The preset of the performance bar: markets of at most 50 positions, and so many events after the opening.

    A market for every 25 accounts, each of which trades in two of them. After about four events an
    account the markets are nearly full; sizes compare from there on.
    """
    count = max(1, accounts // 25)
    opening = opening_length(accounts, count, assets=1)
    return Parameters(
        accounts=accounts,
        markets=first_markets(count),
        events=opening + following,
        seed=seed,
        mix=dict(MIXED_MIX),
        leverage=20,
        homes=2,
        position_limit=50,
        path=JumpDiffusion(volatility=200_000, jump_probability=0),
        mistakes=0,
        kept_refusals=0,
    )


def opening_length(accounts: int, markets: int, assets: int) -> int:
    """How many events open a scenario: listings, first marks, a fund an asset, a deposit and a setting an account."""
    return 2 * markets + assets + 2 * accounts
