"""`marginspec scenario`: writes a journal of a simulated venue, the same for the same seed on every platform."""

from pathlib import Path
from typing import Any

import click
import msgspec

from marginspec_journal import write_journal
from marginspec_tools.console.outputs import check_target, one_line, shown_path
from marginspec_tools.simulate.options import chosen_scenario, scenario_options
from marginspec_tools.simulate.venue import Parameters, generate

SUFFIXES = (".jsonl", ".jsonl.zst", ".parquet")
HIGHEST_SEED = 2**63 - 1


@click.command("scenario")
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--seed", type=click.IntRange(0, HIGHEST_SEED), default=1, show_default=True)
@scenario_options
@click.option("--json", "as_json", is_flag=True, help="One line for programs.")
@click.pass_context
def command(context: click.Context, /, out: Path, seed: int, as_json: bool, **options: Any) -> None:
    """Write a journal of a simulated venue to OUT (.jsonl, .jsonl.zst or .parquet).

    Accounts deposit, choose leverage and margin modes, order and trade; marks move by jump-diffusion or
    through real closes; the venue funds, and sells what the liquidation engine took over. The same seed
    and options give the same file.
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
            "rulebook": "1",
            "file": shown_path(out),
            "events": count,
            "accounts": parameters.accounts,
            "markets": markets,
            "seed": parameters.seed,
        }
        click.echo(msgspec.json.encode(line).decode())
    else:
        scale = f"{parameters.accounts:,} accounts in {markets:,} markets"
        click.echo(f"{one_line(str(out))}: {count:,} events of {scale}, seed {parameters.seed}")
