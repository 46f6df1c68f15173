"""The options of a simulated venue, shared by whoever makes journals of it, and how they are stated again."""

import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar, get_args

import attrs
import click
from click.core import ParameterSource

from marginspec.model.state import Header, LastResort, Profile, Ranking
from marginspec.model.units import MAX_AMOUNT, RATE_ONE, WIRE_DECIMALS
from marginspec_journal.decimals import decimal_text, parse_decimal
from marginspec_journal.strict_json import Node
from marginspec_tools.simulate.markets import VenueMarket, first_markets, venue_markets
from marginspec_tools.simulate.parameters import DEFAULT_MIX, Parameters, mixed, opening_length
from marginspec_tools.simulate.price_paths import (
    ClosesFile,
    JumpDiffusion,
    PricePath,
    RealCloses,
    closes_in,
    read_closes_file,
)

MOST_EVENTS = 10**8
MOST_ACCOUNTS = 10**6
MOST_MARKETS = 10**4
MOST_LEVERAGE = 1000
DEFAULT_MARKETS = 10
RATES = {"volatility": 0, "jump_probability": 0, "jump_mean": -RATE_ONE, "jump_deviation": 0}
"""The rates, each with its lowest value."""
LIMITS = {"price_band": RATE_ONE, "fill_band": RATE_ONE, "funding_cap": RATE_ONE, "position_limit": MAX_AMOUNT}
"""Limits that every market may have (MKT-04), none unless they are given: each with its highest value."""
COUNTS = {"stated_fees": 100, "settled": MOST_MARKETS}
"""Counts of what a venue does, none unless they are given: each with its highest value."""
ADL_RANKINGS: tuple[Ranking, ...] = get_args(Ranking)
LAST_RESORTS: tuple[LastResort, ...] = get_args(LastResort)
PRESETS = ("mixed",)
STATED_MIX = re.compile(",".join(f"{kind}=(0|[1-9][0-9]{{0,5}})" for kind in DEFAULT_MIX))

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


@attrs.frozen
class ScenarioOptions:
    """Everything that decides a scenario but its seed, as the command line has it; rates are in 1e-8."""

    accounts: int
    markets: int | None
    events: int
    preset: str | None
    closes: ClosesFile | None
    volatility: int
    jump_probability: int
    jump_mean: int
    jump_deviation: int
    adl_ranking: Ranking
    last_resort: LastResort
    leverage: int
    mix: dict[str, int]
    price_band: int | None = None
    fill_band: int | None = None
    funding_cap: int | None = None
    position_limit: int | None = None
    stated_fees: int | None = None
    settled: int | None = None

    def parameters(self, seed: int) -> Parameters:
        """The scenario of a seed."""
        header = Header(Profile(self.adl_ranking, self.last_resort))
        if self.preset is not None:
            return attrs.evolve(mixed(accounts=self.accounts, following=self.events, seed=seed), header=header)
        path, listed = self._path_and_markets()
        settled = self.settled or 0
        check_length(self.accounts, listed, self.events, settled)
        return Parameters(
            accounts=self.accounts,
            markets=listed,
            events=self.events,
            seed=seed,
            header=header,
            path=path,
            mix=self.mix,
            leverage=self.leverage,
            stated_fees=self.stated_fees or 0,
            settled=settled,
        )

    def _path_and_markets(self) -> tuple[PricePath, tuple[VenueMarket, ...]]:
        path: PricePath
        if self.closes is not None:
            path, listed = path_of_closes(self.closes, self.markets)
            return path, self._limited(listed)
        path = JumpDiffusion(self.volatility, self.jump_probability, self.jump_mean, self.jump_deviation)
        return path, self._limited(first_markets(self.markets or DEFAULT_MARKETS))

    def _limited(self, markets: tuple[VenueMarket, ...]) -> tuple[VenueMarket, ...]:
        """The markets, listed with the limits that are given."""
        return tuple(attrs.evolve(one, listing=attrs.evolve(one.listing, **self._limits())) for one in markets)

    def _limits(self) -> dict[str, Any]:
        limits = {name: getattr(self, name) for name in LIMITS}
        return {name: limit for name, limit in limits.items() if limit is not None}

    def stated(self) -> dict[str, Any]:
        """The options that count, each as the command line takes it; of a file of closes, its SHA-256."""
        scale = {"accounts": self.accounts, "events": self.events}
        profile = {"adl_ranking": self.adl_ranking, "last_resort": self.last_resort}
        if self.preset is not None:
            return {"preset": self.preset, **scale, **profile}
        mix = ",".join(f"{kind}={weight}" for kind, weight in self.mix.items())
        limits = {name: decimal_text(limit, WIRE_DECIMALS) for name, limit in self._limits().items()}
        counts = {name: getattr(self, name) for name in COUNTS if getattr(self, name) is not None}
        chosen = {**scale, **profile, "leverage": self.leverage, "mix": mix, **limits, **counts}
        if self.closes is None:
            rates = {name: decimal_text(getattr(self, name), WIRE_DECIMALS) for name in RATES}
            return {**chosen, "markets": self.markets or DEFAULT_MARKETS, **rates}
        limit = {} if self.markets is None else {"markets": self.markets}
        return {**chosen, **limit, "closes": sha256(self.closes.text).hexdigest()}


def chosen_scenario(context: click.Context, options: dict[str, Any]) -> ScenarioOptions:
    """The options of a command; UsageError if one is given that does not count beside the others."""
    scenario = ScenarioOptions(**options)
    for name in sorted(options.keys() - scenario.stated().keys()):
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT:
            other = "preset" if scenario.preset is not None else "closes"
            raise click.UsageError(f"--{name.replace('_', '-')} has no effect with --{other}: leave it out")
    return scenario


def check_stated(stated: Node) -> None:
    """Refuse what `ScenarioOptions.stated` does not give."""
    scale, profile = ("accounts", "events"), ("adl_ranking", "last_resort")
    if "preset" in stated.fields():
        fields = stated.record(("preset", *scale, *profile))
        fields["preset"].choice(PRESETS)
    else:
        chosen = (*scale, *profile, "leverage", "mix")
        closes = "closes" in stated.fields()
        fields = (
            stated.record((*chosen, "closes"), ("markets", *LIMITS, *COUNTS))
            if closes
            else stated.record((*chosen, "markets", *RATES), (*LIMITS, *COUNTS))
        )
        check_venue_options(fields)
    fields["accounts"].integer(least=2, most=MOST_ACCOUNTS)
    fields["events"].integer(least=1, most=MOST_EVENTS)
    fields["adl_ranking"].choice(ADL_RANKINGS)
    fields["last_resort"].choice(LAST_RESORTS)


def check_venue_options(fields: dict[str, Node]) -> None:
    """Refuse what a scenario without a preset does not state."""
    fields["leverage"].integer(least=1, most=MOST_LEVERAGE)
    if not STATED_MIX.fullmatch(fields["mix"].text()):
        fields["mix"].fail("not a weight for each kind of event")
    for name, most in {"markets": MOST_MARKETS, **COUNTS}.items():
        if name in fields:
            fields[name].integer(least=1, most=most)
    for name, most in LIMITS.items():
        if name in fields:
            fields[name].units(WIRE_DECIMALS, 1, most)
    if "closes" in fields:
        fields["closes"].sha256()
        return
    for name, lowest in RATES.items():
        fields[name].units(WIRE_DECIMALS, lowest, RATE_ONE)


def scenario_command(stated: dict[str, Any], seed: int) -> str:
    """The command that makes the journal of a seed with the options that `ScenarioOptions.stated` gives."""
    named = {**stated, "closes": "CLOSES.csv"} if "closes" in stated else stated
    options = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in named.items())
    return f"marginspec scenario JOURNAL.jsonl --seed {seed} {options}"


def scenario_options(command: Decorated) -> Decorated:
    """The options that make ScenarioOptions."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


# ----------------------------------------------------------------- reading them


def decimal_within(lowest: int, highest: int = RATE_ONE) -> Callable[[click.Context, click.Parameter, str], int]:
    """A callback that reads a decimal, counted in 1e-8, within two bounds, both included."""

    def read_decimal(context: click.Context, option: click.Parameter, text: str) -> int:
        """The decimal in 1e-8; BadParameter if the text is none, or out of range."""
        try:
            units = parse_decimal(text)
        except ValueError:
            reason = f"{text!r} is not a decimal of at most 8 digits after the point"
            raise click.BadParameter(reason, context, option) from None
        if not lowest <= units <= highest:
            most = decimal_text(highest, WIRE_DECIMALS)
            raise click.BadParameter(f"{text} is outside {lowest // RATE_ONE} to {most}", context, option)
        return units

    return read_decimal


def limit_of(context: click.Context, option: click.Parameter, text: str | None) -> int | None:
    """A limit above 0 and within its highest value, counted in 1e-8, if one is given."""
    if text is None:
        return None
    limit = decimal_within(0, LIMITS[str(option.name)])(context, option, text)
    if limit == 0:
        raise click.BadParameter("0 is not above 0", context, option)
    return limit


def closes_file_of(context: click.Context, option: click.Parameter, path: Path | None) -> ClosesFile | None:  # noqa: ARG001
    """The file of closes, if one is named."""
    return None if path is None else read_closes_file(path)


def mix_of(context: click.Context, option: click.Parameter, text: str) -> dict[str, int]:
    """The weights of `trades=60,orders=25,…`; a kind that is not named has weight 0."""
    weights = dict.fromkeys(DEFAULT_MIX, 0)
    for part in text.split(","):
        kind, _, weight = part.partition("=")
        if kind not in weights:
            raise click.BadParameter(f"{kind!r} is not one of {', '.join(weights)}", context, option)
        if not re.fullmatch(r"[0-9]{1,6}", weight):
            raise click.BadParameter(f"the weight of {kind} is not a whole number up to 999999", context, option)
        weights[kind] = int(weight)
    if sum(weights.values()) == 0:
        raise click.BadParameter("all weights are zero", context, option)
    return weights


def check_length(accounts: int, listed: tuple[VenueMarket, ...], events: int, settled: int) -> None:
    """There must be room for the opening, and for the end of markets that are there."""
    if settled > len(listed):
        raise click.BadParameter(f"{settled} are more than the {len(listed)} markets", param_hint="--settled")
    needed = settled + opening_length(accounts, len(listed), len({market.listing.asset for market in listed}))
    if events < needed:
        end = f" and settle {settled}" if settled else ""
        text = (
            f"{events} events are fewer than the {needed} that open {len(listed)} markets and {accounts} accounts{end}"
        )
        raise click.BadParameter(text, param_hint="--events")


def path_of_closes(file: ClosesFile, markets: int | None) -> tuple[PricePath, tuple[VenueMarket, ...]]:
    """The path through a file's closes, and its markets (at most so many), opening at their first close."""
    known = {market.id: market for market in venue_markets()}
    closes = closes_in(file, known)
    return closes, tuple(opening_at(closes, known[name]) for name in list(closes.closes)[:markets])


def opening_at(closes: RealCloses, market: VenueMarket) -> VenueMarket:
    """A market whose first mark is its first close."""
    return attrs.evolve(market, start_price=closes.first_price(market.id, market.listing.price_decimals))


def limit_option(name: str, metavar: str, text: str) -> Callable[[Decorated], Decorated]:
    """An option that takes a limit of markets."""
    return click.option(f"--{name.replace('_', '-')}", callback=limit_of, metavar=metavar, help=text)


def rate_option(name: str, default: str, text: str) -> Callable[[Decorated], Decorated]:
    """An option that takes a rate."""
    read = decimal_within(RATES[name])
    return click.option(f"--{name.replace('_', '-')}", callback=read, default=default, show_default=True, help=text)


OPTIONS = (
    click.option(
        "--accounts", type=click.IntRange(2, MOST_ACCOUNTS), default=100, show_default=True, help="How many accounts."
    ),
    click.option("--markets", type=click.IntRange(1, MOST_MARKETS), help="How many markets.  [default: 10]"),
    click.option(
        "--events",
        type=click.IntRange(1, MOST_EVENTS),
        default=2000,
        show_default=True,
        help="How many events, with those that list markets and open accounts.",
    ),
    click.option(
        "--preset",
        type=click.Choice(PRESETS),
        help="mixed: the events and market sizes that `marginspec bench` measures; --events come after the opening.",
    ),
    click.option(
        "--closes",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        callback=closes_file_of,
        help="CSV file with the columns date, market, close: mark prices run through these closes.",
    ),
    rate_option("volatility", "0.005", "Standard deviation of a change of a mark price."),
    rate_option("jump_probability", "0.03", "Probability that a change of a mark price has a jump too."),
    rate_option("jump_mean", "-0.02", "Mean of the jumps."),
    rate_option("jump_deviation", "0.04", "Standard deviation of the jumps."),
    click.option(
        "--adl-ranking",
        type=click.Choice(ADL_RANKINGS),
        default="binance",
        show_default=True,
        help="Whose formula ranks positions for auto-deleveraging.",
    ),
    click.option(
        "--last-resort",
        type=click.Choice(LAST_RESORTS),
        default="levy",
        show_default=True,
        help="Who bears a loss that nothing else covers: all accounts, or nobody.",
    ),
    click.option(
        "--leverage",
        type=click.IntRange(1, MOST_LEVERAGE),
        default=50,
        show_default=True,
        help="The highest leverage that an account sets.",
    ),
    click.option(
        "--mix",
        callback=mix_of,
        default="trades=60,orders=25,cash=10,marks=5,venue=1",
        show_default=True,
        help="Weights of the kinds of events.",
    ),
    limit_option("price_band", "RATE", "How far prices of trades and fills may lie from the mark (MKT-04)."),
    limit_option("fill_band", "RATE", "How far prices of fills may lie on the worse side of the mark (MKT-04)."),
    limit_option("funding_cap", "RATE", "The highest funding rate, either way (MKT-04)."),
    limit_option("position_limit", "AMOUNT", "The largest notional that a position may be opened to (MKT-04)."),
    click.option(
        "--stated-fees",
        type=click.IntRange(1, COUNTS["stated_fees"]),
        metavar="PER_CENT",
        help="How many trades and fills in a hundred state their own fees, rebates too (TRD-01).  [default: none]",
    ),
    click.option(
        "--settled",
        type=click.IntRange(1, MOST_MARKETS),
        help="How many markets are settled for good, by the last events.  [default: none]",
    ),
)
