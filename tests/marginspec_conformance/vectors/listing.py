"""`marginspec vectors list`: which vectors there are."""

from collections.abc import Sequence

import click

from marginspec_conformance.vectors.question import AskedQuestion, questions_of
from marginspec_conformance.vectors.reading import shard_of, suite_manifest, vectors_of
from marginspec_conformance.vectors.vector import Vector
from marginspec_tools.console import json_option, one_line, people_console, print_json_line


@click.command()
@click.argument("clauses", nargs=-1, metavar="[CLAUSE]...")
@click.option("--smoke", is_flag=True, help="Those of the short suite only.")
@click.option("--shard", default="1/1", show_default=True, help="One of several parts only, such as 2/5.")
@click.option("--questions", is_flag=True, help="List the questions of level 0 instead.")
@json_option
def command(clauses: tuple[str, ...], smoke: bool, shard: str, questions: bool, as_json: bool) -> None:
    """List the vectors of the suite, all or those of some clauses (LIQ-01) or ids.

    Exit codes: 0 done; 2 wrong usage or input.
    """
    if questions:
        if smoke:
            raise click.UsageError("--smoke is of vectors; the questions have no short suite")
        list_questions(questions_of(clauses, shard_of(shard)), as_json)
        return
    found = list(vectors_of(clauses, shard_of(shard), smoke))
    if as_json:
        for vector in found:
            print_json_line(summary_of(vector))
        return
    show(found)
    manifest = suite_manifest()
    click.echo(f"{len(found)} of {manifest['count']} vectors of suite {manifest['suite']}")


def summary_of(vector: Vector) -> dict[str, object]:
    """A vector without its journal."""
    names = ("id", "clause", "clauses", "kind", "why", "flags", "venues", "sha256")
    return {**{name: vector.text[name] for name in names}, "steps": len(vector.steps)}


def list_questions(found: list[AskedQuestion], as_json: bool) -> None:
    """List questions, as JSON without their markets and answers."""
    if as_json:
        for one in found:
            names = ("id", "clause", "clauses", "why", "sha256")
            print_json_line({**{name: one.text[name] for name in names}, "kind": one.kind})
        return
    show_rows(("id", "kind", "why"), [(one.id, one.kind, one.why) for one in found])
    manifest = suite_manifest()
    click.echo(f"{len(found)} of {manifest['questions']['count']} questions of suite {manifest['suite']}")


def show(vectors: list[Vector]) -> None:
    """A table of vectors for people."""
    rows = [(one.id, one.kind, str(len(one.steps)), one.why) for one in vectors]
    show_rows(("id", "kind", "events", "why"), rows)


def show_rows(titles: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """A table for people."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title in titles:
        table.add_column(
            title, overflow="fold", no_wrap=title != "why", justify="right" if title == "events" else "left"
        )
    for row in rows:
        table.add_row(*map(one_line, row))
    people_console().print(table)
