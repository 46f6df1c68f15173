"""`marginspec vectors export`: vectors as a folder of files, for tools that know nothing of this package."""

from pathlib import Path

import click

from marginspec_conformance.vectors.question import among, read_questions
from marginspec_conformance.vectors.reading import shard_of, suite_manifest, vectors_of
from marginspec_conformance.vectors.writing import write_folder
from marginspec_tools.console import printable_path, whole_folder


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("clauses", nargs=-1, metavar="[CLAUSE]...")
@click.option("--smoke", is_flag=True, help="Those of the short suite only.")
@click.option("--shard", default="1/1", show_default=True, help="One of several parts only, such as 2/5.")
def command(folder: Path, clauses: tuple[str, ...], smoke: bool, shard: str) -> None:
    """Write vectors into FOLDER, all or those of some clauses (LIQ-01) or ids: the whole folder or nothing.

    Each is a JSON file, with its journal beside it, and the state that this begins from, if any; questions.jsonl has
    the questions of the same clauses, if there are any, and manifest.json the counts and the sha256 of each.

    Exit codes: 0 done; 2 wrong usage or input.
    """
    found = [one.text for one in vectors_of(clauses, shard_of(shard), smoke)]
    questions = [one.text for one in among(read_questions(), clauses)]
    with whole_folder(folder) as part:
        write_folder(part, suite_manifest()["suite"], found, questions)
    click.echo(f"{printable_path(folder)}: {len(found)} vectors, {len(questions)} questions and manifest.json")
