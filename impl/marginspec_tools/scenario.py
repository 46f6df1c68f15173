"""`marginspec scenario`: writes a journal of a simulated venue, the same for the same seed on every platform."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import attrs
import click
import msgspec

from marginspec.state import Header, Profile
from marginspec.units import RATE_ONE
from marginspec_journal import write_journal
from marginspec_tools.generating import DEFAULT_MIX, Parameters, generate, mixed, opening_length
from marginspec_tools.price_paths import JumpDiffusion, PricePath, RealCloses, read_closes
from marginspec_tools.venue_markets import VenueMarket, decimal8, first_markets, venue_markets

SUFFIXES = (".jsonl", ".jsonl.zst", ".parquet")
RATE_PATTERN = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]{1,8})?")
MOST_EVENTS = 10**8
MOST_ACCOUNTS = 10**6
MOST_MARKETS = 10**4
HIGHEST_SEED = 2**63 - 1


def rate_within(lowest: int) -> Callable[[click.Context, click.Parameter, str], int]:
    """A callback that reads a rate as a decimal, counted in 1e-8, from a lowest one up to 1."""

    def read(context: click.Context, option: click.Parameter, text: str) -> int:
        if not RATE_PATTERN.fullmatch(text):
            raise click.BadParameter(f"{text!r} is not a decimal of at most 8 digits after the point", context, option)
        rate = decimal8(text)
        if not lowest <= rate <= RATE_ONE:
            raise click.BadParameter(f"{text} is outside {lowest // RATE_ONE} to 1", context, option)
        return rate

    return read


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


@click.command("scenario")
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--accounts", type=click.IntRange(2, MOST_ACCOUNTS), default=100, show_default=True)
@click.option("--markets", type=click.IntRange(1, MOST_MARKETS), help="How many markets.  [default: 10]")
@click.option(
    "--events", type=click.IntRange(1, MOST_EVENTS), default=2000, show_default=True, help="Opening included."
)
@click.option("--seed", type=click.IntRange(0, HIGHEST_SEED), default=1, show_default=True)
@click.option(
    "--preset",
    type=click.Choice(["mixed"]),
    help="mixed: the mix of the performance bar; --events then follow the opening.",
)
@click.option(
    "--closes",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV file with the columns date, market, close: marks run through these closes.",
)
@click.option("--volatility", callback=rate_within(0), default="0.005", show_default=True, help="Of each mark.")
@click.option("--jump-probability", callback=rate_within(0), default="0.03", show_default=True)
@click.option("--jump-mean", callback=rate_within(-RATE_ONE), default="-0.02", show_default=True)
@click.option("--jump-deviation", callback=rate_within(0), default="0.04", show_default=True)
@click.option("--adl-ranking", type=click.Choice(["binance", "bitmex"]), default="binance", show_default=True)
@click.option("--last-resort", type=click.Choice(["levy", "none"]), default="levy", show_default=True)
@click.option("--leverage", type=click.IntRange(1, 1000), default=50, show_default=True, help="Highest that is set.")
@click.option("--mix", callback=mix_of, default="trades=60,orders=25,cash=10,marks=5,venue=1", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One line for programs.")
def command(
    out: Path,
    accounts: int,
    markets: int | None,
    events: int,
    seed: int,
    preset: str | None,
    closes: Path | None,
    volatility: int,
    jump_probability: int,
    jump_mean: int,
    jump_deviation: int,
    adl_ranking: Literal["binance", "bitmex"],
    last_resort: Literal["levy", "none"],
    leverage: int,
    mix: dict[str, int],
    as_json: bool,
) -> None:
    """Write a journal of a simulated venue to OUT (.jsonl, .jsonl.zst or .parquet).

    Accounts deposit, choose leverage and margin modes, order and trade; marks move by jump-diffusion or
    through real closes; the venue funds, and sells what the liquidation engine took over. The same seed
    and options give the same file.
    """
    check_suffix(out)
    header = Header(Profile(adl_ranking, last_resort))
    if preset is not None:
        parameters = attrs.evolve(mixed(accounts=accounts, following=events, seed=seed), header=header)
    else:
        path: PricePath = JumpDiffusion(volatility, jump_probability, jump_mean, jump_deviation)
        listed = first_markets(markets or 10)
        if closes is not None:
            path, listed = path_of_closes(closes, markets)
        check_length(accounts, listed, events)
        parameters = Parameters(
            accounts=accounts,
            markets=listed,
            events=events,
            seed=seed,
            header=header,
            path=path,
            mix=mix,
            leverage=leverage,
        )
    write_journal(out, parameters.header, generate(parameters))
    report(out, parameters, as_json=as_json)


def check_suffix(out: Path) -> None:
    """The name says the format."""
    if not out.name.endswith(SUFFIXES):
        raise click.BadParameter(f"{out.name} does not end in {', '.join(SUFFIXES)}", param_hint="OUT")


def check_length(accounts: int, listed: tuple[VenueMarket, ...], events: int) -> None:
    """There must be room for the opening."""
    opening = opening_length(accounts, len(listed), len({market.listing.asset for market in listed}))
    if events < opening:
        text = f"{events} are fewer than the {opening} that open {len(listed)} markets and {accounts} accounts"
        raise click.BadParameter(text, param_hint="--events")


def path_of_closes(file: Path, markets: int | None) -> tuple[PricePath, tuple[VenueMarket, ...]]:
    """The path through a file's closes, and its markets (at most so many), opening at their first close."""
    known = {market.id: market for market in venue_markets()}
    closes = read_closes(file, known)
    return closes, tuple(opening_at(closes, known[name]) for name in list(closes.closes)[:markets])


def opening_at(closes: RealCloses, market: VenueMarket) -> VenueMarket:
    """A market whose first mark is its first close."""
    return attrs.evolve(market, start_price=closes.first_price(market.id, market.listing.price_decimals))


def report(out: Path, parameters: Parameters, *, as_json: bool) -> None:
    """Say what was written."""
    count, markets = parameters.events, len(parameters.markets)
    if as_json:
        line = {
            "scenario": 1,
            "rulebook": "1",
            "file": str(out),
            "events": count,
            "accounts": parameters.accounts,
            "markets": markets,
            "seed": parameters.seed,
        }
        click.echo(msgspec.json.encode(line).decode())
    else:
        scale = f"{parameters.accounts:,} accounts in {markets:,} markets"
        click.echo(f"{out}: {count:,} events of {scale}, seed {parameters.seed}")
