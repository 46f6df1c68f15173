"""What contributors are told: recipes have as many files as their table says, and name files and commands that are."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
COUNTS = re.findall(r"^\| \[([^]]+)\]\(#[a-z-]+\) \| (\d+) \|", PAGE, re.MULTILINE)
FIELDS = ("Of an event:", "Of an effect:")


def steps(heading: str) -> list[int]:
    """The numbers of a recipe's steps, from its heading to the next one."""
    text = PAGE.partition(f"\n{heading}\n")[2]
    end = re.search("^## |^Of an ", text, re.MULTILINE)
    return [int(number) for number in re.findall(r"^(\d+)\. ", text[: end.start() if end else None], re.MULTILINE)]


def test_recipes_have_as_many_files_as_the_table_counts() -> None:
    headings = [FIELDS["effect" in name] if "field" in name else f"## {name.capitalize()}" for name, _ in COUNTS]
    assert len(headings) == 6
    assert {one: steps(one) for one in headings} == {
        one: list(range(1, int(count) + 1)) for one, (_, count) in zip(headings, COUNTS, strict=True)
    }


def test_files_that_are_named_are_there() -> None:
    named = set(re.findall(r"`((?:spec|impl|proofs|docs|tests)/[\w./-]*)`", PAGE))
    assert {path for path in named if not (ROOT / path).exists()} == {"docs/decisions/NNNN-title.md"}


def test_targets_that_are_named_are_there() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z]+)", PAGE)) <= targets
