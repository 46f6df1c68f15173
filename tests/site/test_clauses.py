"""Each clause has its place in the site, with all that is recorded of it; its example is what the rules give."""

import inspect
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag
from click.testing import CliRunner

from marginspec.registry import REGISTRY
from marginspec_conformance.vectors import Vector
from marginspec_conformance.vectors.writing import journal_text
from marginspec_tools.cli import marginspec
from marginspec_tools.prove.traceability import PROVED_SECTIONS, read_clauses
from rulebook_site.examples import EFFECT, Example, example_of, why_none
from rulebook_site.records import Records
from worlds.built_site import Built

ROOT = Path(__file__).parents[2]
CLAUSES = {clause.id: clause for clause in read_clauses(ROOT)}
WITH_EXAMPLE = [one for one in CLAUSES if not one.startswith("INV-")]
PROVED = [one for one in CLAUSES if PROVED_SECTIONS[0] <= CLAUSES[one].page[:2] <= PROVED_SECTIONS[1]]
Pages = Callable[[str], BeautifulSoup]
Examples = Callable[[str], Example]


def card_of(page: Pages, clause: str) -> Tag:
    """The card of a clause, in the section that has its permanent anchor."""
    section = page(f"rulebook/{CLAUSES[clause].page.removesuffix('.md')}.html").find(id=clause.lower())
    assert isinstance(section, Tag)
    card = section.find(class_="card")
    assert isinstance(card, Tag)
    return card


def part_of(card: Tag, title: str) -> Tag | None:
    """The part of a card with a title."""
    heads = {
        head.get_text(): head.find_parent("details") for head in card.select(":scope > details > summary > strong")
    }
    return heads.get(title)


@pytest.fixture(scope="session")
def example(records: Records) -> Callable[[str], Example]:
    """The example of a clause, chosen anew and not read off its page."""

    @cache
    def chosen(clause: str) -> Example:
        found = example_of(clause, records.vectors)
        assert found is not None
        return found

    return chosen


def test_it_is_built_without_a_warning(built: Built) -> None:
    assert (built.code, built.printed) == (0, "")


@pytest.mark.parametrize("clause", CLAUSES)
def test_a_clause_shows_its_code(page: Pages, clause: str) -> None:
    part = part_of(card_of(page, clause), "Code that runs")
    assert part is not None
    shown = [block.get_text().strip() for block in part.find_all("pre")]
    registered = [code for code in REGISTRY if clause in code.ids]
    assert sorted(shown) == sorted(inspect.cleandoc("\n" + inspect.getsource(one.executable)) for one in registered)


@pytest.mark.parametrize("clause", CLAUSES)
def test_a_clause_shows_its_theorems_vectors_and_tests(page: Pages, records: Records, clause: str) -> None:
    card = card_of(page, clause)
    theorems, vectors = part_of(card, "Theorems"), part_of(card, "Vectors")
    entries = [one.get_text().split(", ", 2)[:2] for one in theorems.select("li")] if theorems else []
    named = [(name, status) for name, status in entries]
    assert named == [(one.id, "proved") for one in records.theorems.values() if clause in one.rules]
    assert named or clause not in PROVED
    told = vectors.get_text() if vectors else ""
    ids = [one.id for one in records.vectors if clause in one.clauses]
    ids += [one.id for one in records.questions if clause in one.clauses]
    assert [one for one in ids if one not in told] == []
    assert ids or why_none(clause) or clause == "ADL-05"
    assert part_of(card, "Tests") is not None


def test_a_clause_shows_the_mutants_of_the_engine(page: Pages, records: Records) -> None:
    shown = part_of(card_of(page, "MRG-03"), "Mutants")
    assert shown is not None
    told = [" ".join(entry.get_text(" ", strip=True).split()) for entry in shown.select("li")]
    text = (ROOT / "impl" / "marginspec_engine" / "rules" / "margin.py").read_text("utf-8")
    # The function says whose it is, and the table of mutants what kills them.
    assert "MRG-03" in text.partition("def order_margin(")[2].partition("def ")[0]
    wanted = [one for one in records.engine_mutants_of("MRG-03") if one.function.endswith(".order_margin")]
    assert len(wanted) == 2
    for row in wanted:
        assert f"order_margin : {row.what} killed by {row.evidence}" in told
    of_rules, of_engine = (len(found("MRG-03")) for found in (records.mutants_of, records.engine_mutants_of))
    assert len(told) == of_rules + of_engine
    summary = shown.summary
    assert summary is not None
    assert f"of the optimized engine {of_engine} planted: " in summary.get_text()


def test_clauses_that_can_have_no_example_say_why(page: Pages) -> None:
    without = [one for one in CLAUSES if part_of(card_of(page, one), "Example") is None]
    assert without == [one for one in CLAUSES if why_none(one)] == [one for one in CLAUSES if one not in WITH_EXAMPLE]
    assert not set(without) & set(PROVED)
    for one in without:
        assert why_none(one) in card_of(page, one).get_text()


@pytest.mark.parametrize("clause", WITH_EXAMPLE)
def test_an_example_shows_what_explain_says(page: Pages, example: Examples, clause: str, tmp_path: Path) -> None:
    part, chosen = part_of(card_of(page, clause), "Example"), example(clause)
    assert part is not None
    assert chosen.vector.id in part.get_text()
    shown = [" ".join(line.split()) for line in part.find_all("pre")[1].get_text().splitlines()]
    journal = tmp_path / "example.jsonl"
    journal.write_bytes(journal_text(chosen.vector.text))
    about = ("--account", chosen.asked) if chosen.asked else ("--depth", "all")
    line = ["explain", str(journal), str(len(chosen.vector.steps)), *about]
    told = CliRunner().invoke(marginspec, line)
    assert told.exit_code == 0, told.output
    said = " ".join(told.output.split())
    marked = [f"{one} [{clause}]" if chosen.own else one for one in shown if not one.startswith("…")]
    assert marked
    assert [one for one in marked if one not in said] == []


@pytest.mark.parametrize("clause", WITH_EXAMPLE)
def test_an_example_ends_as_the_suite_has_it(page: Pages, example: Examples, clause: str) -> None:
    part, chosen = part_of(card_of(page, clause), "Example"), example(clause)
    assert part is not None
    rows = [[cell.get_text() for cell in row.find_all("td")] for row in part.find_all("tr")[1:]]
    after = {cells[0]: cells[-1] for cells in rows}
    expected = changes_of(chosen.vector)
    compared = {name: value for name, value in expected.items() if name in after}
    assert {name: number(after[name]) for name in compared} == {name: Decimal(one) for name, one in compared.items()}
    told = {"wallet", "isolated", "reserve", "insurance", "relief", "house", "position"}
    if not chosen.asked:
        assert [name for name in expected if name not in after and name.split(":")[0].split()[0] in told] == []


def changes_of(vector: Vector) -> dict[str, str]:
    """What the suite's file says that the last event changed, by the names that an example gives."""
    changes = vector.text["steps"][-1]["expect"]["changes"]
    ledger = {name: one for name, one in changes["ledger"].items() if not name.startswith(("position", "lot"))}
    return ledger | {f"position {name}": quantity for name, quantity in changes["positions"].items()}


def number(text: str) -> Decimal:
    return Decimal(0 if text == "none" else text)


def test_an_example_is_chosen_by_rule_alone(records: Records, example: Examples) -> None:
    for clause in ("LIQ-02", "MRG-04", "MRG-08", "ADL-05"):
        assert example_of(clause, tuple(reversed(records.vectors))) == example(clause)


def test_an_example_of_a_clause_that_moves_money_shows_an_effect(example: Examples) -> None:
    for clause in ("LIQ-02", "LIQ-03", "LIQ-05", "WTF-01", "ADL-03", "LVY-01", "LVY-02", "FND-01", "TRD-01"):
        found = example(clause)
        assert found.vector.clause == clause
        assert any(line.strip().startswith(EFFECT) for line in found.lines)
