"""Which tests pin down which clause: read off the tests' markers, as text.

A test cites a clause, an invariant or a theorem by `@pytest.mark.rule("LIQ-01")`, on itself, on its class, or for a
whole file by `pytestmark`.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import attrs


@attrs.frozen
class Citation:
    """A clause and a test that cites it, as pytest names the test; a whole file goes by its path."""

    clause: str
    test: str


def read_citations(root: Path, folder: str = "tests") -> Iterator[Citation]:
    """Every citation in a folder of a checkout, file by file."""
    for path in sorted((root / folder).rglob("test_*.py")):
        name = path.relative_to(root).as_posix()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                for decorator in node.decorator_list:
                    yield from cited_by(decorator, f"{name}::{node.name}")
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "pytestmark":
                yield from cited_by(node.value, name)


def cited_by(expression: ast.expr, test: str) -> Iterator[Citation]:
    """The clauses in the rule markers of an expression."""
    for call in ast.walk(expression):
        if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "rule":
            yield from (Citation(clause, test) for clause in texts_of(call))


def texts_of(call: ast.Call) -> tuple[str, ...]:
    """The texts among the arguments of a call."""
    return tuple(one.value for one in call.args if isinstance(one, ast.Constant) and isinstance(one.value, str))
