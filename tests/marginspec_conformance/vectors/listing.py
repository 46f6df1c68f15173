"""`marginspec vectors list`: which vectors there are."""

import click

from marginspec_conformance.vectors.reading import shard_of, suite_manifest, vectors_of
from marginspec_conformance.vectors.vector import Vector
from marginspec_tools.console import json_option, one_line, people_console, print_json_line


@click.command()
@click.argument("clauses", nargs=-1, metavar="[CLAUSE]...")
@click.option("--smoke", is_flag=True, help="Those of the short suite only.")
@click.option("--shard", default="1/1", show_default=True, help="One of several parts only, such as 2/5.")
@json_option
def command(clauses: tuple[str, ...], smoke: bool, shard: str, as_json: bool) -> None:
    """List the vectors of the suite, all or those of some clauses (LIQ-01) or ids.

    Exit codes: 0 done; 2 wrong usage or input.
    """
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


def show(vectors: list[Vector]) -> None:
    """A table of vectors for people."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title in ("id", "kind", "events", "why"):
        table.add_column(
            title, overflow="fold", no_wrap=title != "why", justify="right" if title == "events" else "left"
        )
    for one in vectors:
        table.add_row(one_line(one.id), one.kind, str(len(one.steps)), one_line(one.why))
    people_console().print(table)
