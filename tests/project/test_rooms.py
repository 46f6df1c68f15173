"""The tools' rooms: each is reached by the others through its face only, and no modules import each other in a circle.

That the rooms have one way down is a contract of import-linter.
"""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import marginspec_tools

FOLDER = Path(marginspec_tools.__file__).parent
PACKAGE = marginspec_tools.__name__
ROOMS = sorted(path.parent.name for path in FOLDER.glob("*/__init__.py"))


def name_of(path: Path) -> str:
    """The name of the module in a file."""
    parts = path.relative_to(FOLDER).with_suffix("").parts
    return ".".join((PACKAGE, *(part for part in parts if part != "__init__")))


SOURCES = {name_of(path): path.read_text("utf-8") for path in sorted(FOLDER.rglob("*.py"))}


def imported(tree: ast.AST, known: dict[str, str]) -> Iterator[str]:
    """The modules of the tools that the statements of a tree import, whether as modules or for a name in them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith(PACKAGE))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE):
            for alias in node.names:
                inside = f"{node.module}.{alias.name}"
                yield inside if inside in known else str(node.module)


def room_of(module: str) -> str:
    """The room of a module; empty for what stands in none."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in ROOMS else ""


def trespasses(known: dict[str, str]) -> list[str]:
    """Imports of a module inside another room, wherever they stand."""
    return [
        f"{module} imports {other}"
        for module, text in known.items()
        for other in imported(ast.parse(text), known)
        if room_of(other) not in ("", room_of(module)) and other.count(".") > 1
    ]


def circle(known: dict[str, str]) -> list[str]:
    """Modules that import each other when they are loaded, if there are any."""
    graph: dict[str, set[str]] = {}
    for module, text in known.items():
        tree = ast.parse(text)
        # What is imported in a function or for types only does not load anything.
        tree.body = [one for one in tree.body if isinstance(one, ast.Import | ast.ImportFrom)]
        graph[module] = set(imported(tree, known)) - {module}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_rooms_are_reached_through_their_faces() -> None:
    assert trespasses(SOURCES) == []


def test_no_modules_import_each_other() -> None:
    assert circle(SOURCES) == []


@pytest.mark.parametrize(
    "text", ["import marginspec_tools.runs.running", "def run():\n    from marginspec_tools.runs.running import Run"]
)
def test_a_trespass_is_noticed(text: str) -> None:
    changed = {**SOURCES, "marginspec_tools.audit.checks": text}
    assert trespasses(changed) == ["marginspec_tools.audit.checks imports marginspec_tools.runs.running"]


def test_a_circle_is_noticed() -> None:
    changed = {**SOURCES, "marginspec_tools.runs.engines": "from marginspec_tools.runs import running"}
    assert set(circle(changed)) == {"marginspec_tools.runs.engines", "marginspec_tools.runs.running"}
