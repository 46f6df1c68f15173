"""What ruff cannot ban: division, fractions and long functions in the rulebook."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SPEC = Path(__file__).parents[2] / "spec"
RULES = sorted((SPEC / "marginspec").rglob("*.py"))
FILES = sorted(SPEC.rglob("*.py"))
MOST_LINES_OF_A_FUNCTION = 40
BANNED_NAMES = {"float", "round", "divmod", "Decimal", "Fraction", "complex"}


def offences(source: str, *, divides: bool) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div | ast.FloorDiv | ast.Mod):
            if not divides or isinstance(node.op, ast.Div | ast.Mod):
                yield f"{node.lineno}: division"
        elif isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            yield f"{node.lineno}: float"
        elif isinstance(node, ast.Name) and node.id in BANNED_NAMES:
            yield f"{node.lineno}: {node.id}"
        elif isinstance(node, ast.FunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > MOST_LINES_OF_A_FUNCTION:
                yield f"{node.lineno}: {node.name} has {length} lines"


@pytest.mark.rule("NUM-02")
@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_only_units_divides_and_nothing_is_a_float(path: Path) -> None:
    assert list(offences(path.read_text("utf-8"), divides=path.name == "units.py")) == []


def test_each_offence_is_found() -> None:
    source = "a = 1 / 2\nb = 3 // 2\nc = 3 % 2\nd = 1.5\ne = round(2)\na //= 2\ndef f():\n" + "    pass\n" * 40
    assert sorted(offences(source, divides=False)) == [
        "1: division",
        "2: division",
        "3: division",
        "4: float",
        "5: round",
        "6: division",
        "7: f has 41 lines",
    ]
    assert list(offences("b = 3 // 2", divides=True)) == []


def test_the_rulebook_can_be_read_in_an_hour_or_two() -> None:
    """At most 3,000 lines in all, blank ones too."""
    assert sum(len(path.read_text("utf-8").splitlines()) for path in RULES) <= 3_000
