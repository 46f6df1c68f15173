"""What is proved of the clauses that the pages show at work, as the last run of all proofs recorded it."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import attrs

from marginspec_tools.audit import title_of
from marginspec_tools.dashboard.tables import Column, Order, Row, Table
from marginspec_tools.dashboard.view import Page, Unanswerable, View

PLACES = (Path(__file__).parents[1] / "recorded", Path(__file__).parents[4] / "docs" / "theorems")
"""Where the record stands: in what is installed, and in a checkout."""
STATUS, SENTENCES = "status.json", "README.md"
ROW = re.compile(r"^\| (T-[A-Z0-9-]+) \| (.+) \| ([A-Z0-9 -]*) \| (.*) \| ([a-z ]+) \| ([\d,]+) \| ([\d,]+) \|$")
GROUP = re.compile(r"^## \[(.+)\]\(")


@attrs.frozen
class Theorem:
    """A theorem: what it says, of which clauses, over which scope, and what became of its proof."""

    id: str
    says: str
    clauses: tuple[str, ...]
    scope: str
    status: str
    paths: int
    obligations: int
    group: str


@attrs.frozen
class Record:
    """All theorems as they were last proved, and with which solvers; none if no record is installed."""

    theorems: tuple[Theorem, ...]
    solvers: Mapping[str, str]

    def of(self, clause: str) -> list[Theorem]:
        """The theorems that speak of a clause."""
        return [one for one in self.theorems if clause in one.clauses]


@cache
def recorded() -> Record:
    """The record of the last run of all proofs."""
    place = next((one for one in PLACES if (one / STATUS).is_file()), None)
    if place is None:
        return Record((), {})
    status = json.loads((place / STATUS).read_text("utf-8"))
    became = {one["id"]: one["status"] for one in status["theorems"]}
    theorems = tuple(theorems_in((place / SENTENCES).read_text("utf-8"), became))
    return Record(theorems, status["solvers"])


def theorems_in(text: str, became: Mapping[str, str]) -> Iterator[Theorem]:
    """The theorems of the page that is written with the status, each with the status that it was recorded with."""
    group = ""
    for line in text.splitlines():
        if heading := GROUP.match(line):
            group = heading[1]
        if row := ROW.match(line):
            name, says, clauses, scope, _, paths, obligations = row.groups()
            counts = int(paths.replace(",", "")), int(obligations.replace(",", ""))
            yield Theorem(name, says.replace("`", ""), tuple(clauses.split()), scope, became[name], *counts, group)


def content(view: View) -> Mapping[str, Any]:
    """What is proved in all, and of the clause that was asked for."""
    record, clause = recorded(), view.parameters.get("clause", "")
    if clause and not title_of(clause):
        raise Unanswerable(404, "No such clause", f"The rulebook has no clause {clause!r}.")
    return {
        "record": record,
        "proved": sum(one.status == "proved" for one in record.theorems),
        "obligations": sum(one.obligations for one in record.theorems),
        "clause": clause,
        "title": title_of(clause) if clause else "",
    }


def theorems_table(view: View) -> Table:
    """The theorems, or those of the clause that was asked for."""
    clause = view.parameters.get("clause", "")
    shown = recorded().of(clause) if clause else recorded().theorems
    rows = [
        Row(
            one.id,
            (one.id, one.says, " ".join(one.clauses), one.scope, one.status, str(one.paths), str(one.obligations),
             one.group),
        )
        for one in shown
    ]  # fmt: skip
    caption = f"Theorems that speak of {clause}" if clause else "All theorems"
    return Table("theorems", caption, THEOREMS, Order("group"), rows)


THEOREMS = (
    Column("theorem", "theorem"),
    Column("says", "says", "prose"),
    Column("clauses", "clauses"),
    Column("scope", "scope", "prose"),
    Column("status", "status", "status"),
    Column("paths", "paths", "number"),
    Column("obligations", "obligations", "number"),
    Column("group", "group"),
)


def clauses_table(view: View) -> Table:
    """The clauses that pages show at work, with how much is proved of each."""
    pages: dict[str, list[str]] = {}
    for page in view.pages.values():
        for clause in page.clauses:
            pages.setdefault(clause, []).append(page.title)
    rows = []
    for clause, titles in pages.items():
        known = recorded().of(clause)
        proved = sum(one.status == "proved" for one in known)
        cells = (clause, title_of(clause), ", ".join(titles), str(len(known)), str(proved))
        rows.append(Row(clause, cells, {"theorems": view.to("theorems", clause=clause)}))
    return Table("clauses", "Clauses that the pages show at work", CLAUSES, Order("clause"), rows)


CLAUSES = (
    Column("clause", "clause"),
    Column("title", "about"),
    Column("pages", "shown on"),
    Column("theorems", "theorems", "number"),
    Column("proved", "proved", "number"),
)

PAGE = Page(
    "theorems",
    "Theorems",
    "theorems.html",
    content,
    {"clauses": clauses_table, "theorems": theorems_table},
    parameters=("clause",),
)
