"""Options that several commands have, and the refusal of those that would do nothing."""

from collections.abc import Iterable

import click
from click.core import ParameterSource

json_option = click.option("--json", "as_json", is_flag=True, help="Print lines of JSON.")


def refuse_parameters(context: click.Context, names: Iterable[str], reason: str) -> None:
    """Refuse parameters that would do nothing; the reason follows the first one's name."""
    given = {name for name in names if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    for parameter in context.command.params:
        if parameter.name in given and context.params[parameter.name] != ():
            shown = parameter.opts[0] if isinstance(parameter, click.Option) else parameter.human_readable_name
            raise click.UsageError(f"{shown} {reason}", context)
