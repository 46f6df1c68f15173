"""`marginspec scenario`: writes a journal of a simulated venue, the same for the same seed on every platform."""

from pathlib import Path
from typing import Any

import click

from marginspec import RULEBOOK_VERSION
from marginspec_journal import write_journal
from marginspec_tools.console import check_target, json_option, one_line, print_json_line, printable_path
from marginspec_tools.simulate.generation import generate
from marginspec_tools.simulate.options import chosen_scenario, scenario_options
from marginspec_tools.simulate.parameters import Parameters

SUFFIXES = (".jsonl", ".jsonl.zst", ".parquet")
HIGHEST_SEED = 2**63 - 1


@click.command("scenario")
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--seed", type=click.IntRange(0, HIGHEST_SEED), default=1, show_default=True, help="Seed of everything random."
)
@scenario_options
@json_option
@click.pass_context
def command(context: click.Context, /, out: Path, seed: int, as_json: bool, **options: Any) -> None:
    """Write a journal of a simulated venue to OUT (.jsonl, .jsonl.zst or .parquet).

    Accounts deposit, set leverage and margin modes, place orders and trade. Mark prices move by jump-diffusion,
    or through the closes of a file. The venue settles funding, and sells the positions that its liquidation engine
    took over. The same seed and options give the same file on every machine.

    Exit codes: 0 written; 2 wrong usage or input, nothing written.
    """
    check_suffix(out)
    scenario = chosen_scenario(context, options)
    check_target(out, () if scenario.closes is None else (scenario.closes.path,))
    parameters = scenario.parameters(seed)
    write_journal(out, parameters.header, generate(parameters))
    report(out, parameters, as_json=as_json)


def check_suffix(out: Path) -> None:
    """The name says the format."""
    if not out.name.endswith(SUFFIXES):
        raise click.BadParameter(f"{out.name} does not end in {', '.join(SUFFIXES)}", param_hint="OUT")


def report(out: Path, parameters: Parameters, *, as_json: bool) -> None:
    """Say what was written."""
    count, markets = parameters.events, len(parameters.markets)
    if as_json:
        line = {
            "scenario": 1,
            "rulebook": RULEBOOK_VERSION,
            "file": printable_path(out),
            "events": count,
            "accounts": parameters.accounts,
            "markets": markets,
            "seed": parameters.seed,
        }
        print_json_line(line)
    else:
        scale = f"{parameters.accounts:,} accounts in {markets:,} markets"
        click.echo(f"{one_line(str(out))}: {count:,} events of {scale}, seed {parameters.seed}")
