"""`marginspec conform`: compare any engine, in any language, with the rulebook."""

import click

from marginspec_tools.console import LazyCommands, Listed

COMMANDS = {
    "init": Listed("conformance.adapters.command", "Write an adapter to begin with, in a language."),
    "doctor": Listed("conformance.doctor.command", "Walk through the protocol with an engine, and say what to mend."),
    "run": Listed("conformance.running.command", "Ask an engine the vectors, and say what it conforms to."),
    "fuzz": Listed("conformance.fuzzing.command", "Drive an engine and the rulebook side by side on random journals."),
    "shrink": Listed("conformance.shrinking.command", "Find the shortest journal with the same first difference."),
    "report": Listed("conformance.reporting.command", "Make reports of a log, compare logs, judge known failures."),
}
"""What `conform` offers, in the order of its use."""


@click.command(cls=LazyCommands, listed=COMMANDS)
def command() -> None:
    """Compare any engine, in any language, with the rulebook.

    Exit codes: 0 it conforms at its level; 1 a divergence; 2 wrong usage or input; 3 the engine or marginspec itself
    failed; 4 nothing was decided.
    """
