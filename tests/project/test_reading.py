"""What ruff cannot ban: division and fractions in the rulebook, and what is too long to be read."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RULES = sorted((ROOT / "spec").rglob("*.py"))
FILES = [*RULES, *(path for room in ("impl", "proofs") for path in sorted((ROOT / room).rglob("*.py")))]
MOST_STATEMENTS = {"marginspec": 2_200, "marginspec_audit": 350}
"""Of the rules, and of the invariants, which restate them from outside (decision 0043)."""
MOST_LINES_OF_A_FILE = 500
MOST_LINES_OF_A_FUNCTION = 60
MOST_LINES_OF_A_RULE = 40
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


def long_functions(source: str, most: int) -> Iterator[str]:
    """Functions of more lines, decorators not counted."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > most:
                yield f"{node.lineno}: {node.name} has {length} lines"


def statements(source: str) -> int:
    """Statements that are to be understood, those inside others too: no imports, and no texts that stand alone."""
    found = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.stmt))
    read = (node for node in found if not isinstance(node, ast.Import | ast.ImportFrom))
    return sum(not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)) for node in read)


def names(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.rule("NUM-02")
@pytest.mark.parametrize("path", RULES, ids=names)
def test_only_units_divides_and_nothing_is_a_float(path: Path) -> None:
    assert list(offences(path.read_text("utf-8"), divides=path.name == "units.py")) == []


def test_each_offence_is_found() -> None:
    source = "a = 1 / 2\nb = 3 // 2\nc = 3 % 2\nd = 1.5\ne = round(2)\na //= 2\n"
    assert sorted(offences(source, divides=False)) == [
        "1: division",
        "2: division",
        "3: division",
        "4: float",
        "5: round",
        "6: division",
    ]
    assert list(offences("b = 3 // 2", divides=True)) == []


@pytest.mark.parametrize("package", MOST_STATEMENTS)
def test_the_rulebook_can_be_read_in_an_hour_or_two(package: str) -> None:
    paths = sorted((ROOT / "spec" / package).rglob("*.py"))
    assert sum(statements(path.read_text("utf-8")) for path in paths) <= MOST_STATEMENTS[package]


def test_statements_are_counted_whatever_lines_they_take() -> None:
    assert statements('"""A text."""\nfrom c import (\n    a,\n    b,\n)\n\nd = [\n    a,\n    b,\n]\n') == 1
    assert statements('def f(a: int) -> int:\n    """A text."""\n    if a:\n        return 1\n    return 2\n') == 4


def test_no_file_and_no_function_is_long() -> None:
    """Theorems may stand in longer files: a file is a group of them, and each is read alone."""
    texts = {path: path.read_text("utf-8") for path in FILES}
    long_files = [
        names(path)
        for path, text in texts.items()
        if len(text.splitlines()) > MOST_LINES_OF_A_FILE and "theorems" not in path.parts
    ]
    assert long_files == []
    most = {path: MOST_LINES_OF_A_RULE if path in RULES else MOST_LINES_OF_A_FUNCTION for path in FILES}
    assert [f"{names(path)}:{one}" for path, text in texts.items() for one in long_functions(text, most[path])] == []


def test_a_long_function_is_found() -> None:
    assert list(long_functions("@a\ndef f():\n" + "    pass\n" * 40, 40)) == ["2: f has 41 lines"]
    assert list(long_functions("@a\ndef f():\n" + "    pass\n" * 39, 40)) == []
