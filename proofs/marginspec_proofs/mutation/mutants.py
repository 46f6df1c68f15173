"""Mutants: small faults in the rules' functions, each of which a theorem or a test must notice.

A mutant is a copy of the rulebook in which one place of one function is changed. This module makes them;
`judging` tells what notices them.
"""

import ast
import copy
from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import attrs

from marginspec_proofs.mutation.citations import texts_of
from marginspec_proofs.mutation.several_lines import OF_LOOPS, SWAPPED, Fault, faults_of_several_lines
from marginspec_proofs.prover.statements import REGISTRY, Theorem

MOST_OF_A_FUNCTION = 2
"""Mutants of one place that are taken of each function, if it has as many."""
RULES = Path("spec/marginspec")
ENGINE = Path("impl/marginspec_engine")
"""It has the rules once more, in its folder `rules`, where faults of several lines alone are planted."""
MOST_SWAPPED = {RULES: 0, ENGINE: 1}
"""Mutants with swapped statements that are taken of each function besides."""
MOST_OF_LOOPS = {RULES: 1, ENGINE: 2}
"""Mutants of loops and of stale figures that are taken of each function besides."""

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.Pow: ast.Mult,
}
OPPOSITES = {"div_down": "div_up", "div_up": "div_down", "min": "max", "max": "min", "all": "any", "any": "all"}
MODULE_OF_DIVISIONS = "model.units"
NAMES_OF_OPPOSITES = "\nfrom marginspec.model.units import div_down, div_up\n"
"""Written after a module, as one that divides in one direction only does not know the other."""
UNORDERED = ("min", "max")


@attrs.frozen
class Mutant:
    """One changed place of one function that executes clauses, or of one of the engine's rules.

    `module` is the function's module within its package, as in `settlement.levy`; `text` is its text with the change,
    `origin` the hash of the function as it was. An id is that of the function, a kind of fault and a number:
    `settlement.levy.levy:branch-1`, and `engine.rules.levy.levy:bounded-1` of the engine.
    """

    id: str
    function: str
    what: str
    line: int
    module: str
    clauses: tuple[str, ...]
    text: str
    origin: str
    package: Path = RULES

    @property
    def path(self) -> str:
        """The file of the module, within its package."""
        return self.module.replace(".", "/") + ".py"

    @property
    def kind(self) -> str:
        """The kind of fault."""
        return self.id.rpartition(":")[2].rpartition("-")[0]

    @property
    def theorems(self) -> tuple[Theorem, ...]:
        """The theorems that name the function."""
        return tuple(one for one in REGISTRY.values() if self.function in map(full_name, one.functions))


def full_name(function: Any) -> str:
    """The name of a function with its module."""
    return f"{function.__module__}.{function.__qualname__}"


def chosen_mutants(root: Path) -> list[Mutant]:
    """The mutants of a checkout's rules, at most so many of each function, always the same ones in the same order."""
    chosen: list[Mutant] = []
    for path in sorted((root / RULES).rglob("*.py")):
        for found in mutants_by_function(path, module_of(path, root / RULES)):
            chosen.extend(taken_of(found, RULES))
    for path in sorted((root / ENGINE / "rules").glob("*.py")):
        for found in mutants_of_the_engine(path, module_of(path, root / ENGINE)):
            chosen.extend(taken_of(found, ENGINE))
    return chosen


def taken_of(found: list[Mutant], package: Path) -> list[Mutant]:
    """The mutants of a function that are taken: so many of each sort, those that come first by chance."""
    in_order = sorted(found, key=by_chance)
    kept = {
        *[one.id for one in in_order if one.kind not in (SWAPPED, *OF_LOOPS)][:MOST_OF_A_FUNCTION],
        *[one.id for one in in_order if one.kind == SWAPPED][: MOST_SWAPPED[package]],
        *[one.id for one in in_order if one.kind in OF_LOOPS][: MOST_OF_LOOPS[package]],
    }
    return [one for one in found if one.id in kept]


def by_chance(mutant: Mutant) -> tuple[bool, bytes]:
    """An order that no place is preferred by; swapped arguments come last, as most of them are of different types.

    It does not change when a module moves to another room of the rulebook.
    """
    room, dot, _ = mutant.module.rpartition(".")
    name = mutant.id.removeprefix(room + dot)
    return ":arguments-" in name, sha256(name.encode()).digest()


def module_of(path: Path, package: Path) -> str:
    """The name of a module within its package."""
    return ".".join(path.relative_to(package).with_suffix("").parts)


def mutants_by_function(path: Path, module: str) -> Iterator[list[Mutant]]:
    """All mutants of each function of a module that executes a clause."""
    text = path.read_text("utf-8")
    for prefix, function in functions_with_clauses(ast.parse(text)):
        yield list(mutants_of(module, prefix + function.name, function, text))


def functions_with_clauses(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Functions and methods with `@rule`, each with its class's name and a dot before it."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield from (
                (f"{node.name}.", one) for one in node.body if isinstance(one, ast.FunctionDef) and has_clause(one)
            )
        elif isinstance(node, ast.FunctionDef) and has_clause(node):
            yield "", node


def has_clause(function: ast.FunctionDef) -> bool:
    """Whether a function is registered as the code of a clause."""
    return any(registrations(function))


def registrations(function: ast.FunctionDef) -> Iterator[ast.Call]:
    """Where a function is registered as the code of clauses."""
    for one in function.decorator_list:
        if isinstance(one, ast.Call) and getattr(one.func, "id", "") == "rule":
            yield one


def mutants_of_the_engine(path: Path, module: str) -> Iterator[list[Mutant]]:
    """The mutants of several lines of each function of a module of the engine."""
    text = path.read_text("utf-8")
    for function in ast.parse(text).body:
        if isinstance(function, ast.FunctionDef):
            yield list(numbered(ENGINE, module, function.name, function, text, faults_of_several_lines(function)))


def mutants_of(module: str, name: str, function: ast.FunctionDef, text: str) -> Iterator[Mutant]:
    """All mutants of a function: those of one place in the order of its text, then those of several lines."""
    faults = (*faults_of_places(function, text), *faults_of_several_lines(function))
    yield from numbered(RULES, module, name, function, text, faults)


def numbered(
    package: Path, module: str, name: str, function: ast.FunctionDef, text: str, faults: Iterable[Fault]
) -> Iterator[Mutant]:
    """Mutants of a function of a module of a package; its faults are counted by kind."""
    begins = "engine." if package == ENGINE else ""
    counts: Counter[str] = Counter()
    clauses = tuple(clause for call in registrations(function) for clause in texts_of(call))
    origin = sha256((ast.get_source_segment(text, function) or "").encode()).hexdigest()
    for fault in faults:
        counts[fault.kind] += 1
        needs_names = fault.kind == "opposite" and module != MODULE_OF_DIVISIONS
        yield Mutant(
            id=f"{begins}{module}.{name}:{fault.kind}-{counts[fault.kind]}",
            function=f"{package.name}.{module}.{name}",
            what=fault.what,
            line=fault.node.lineno - function.lineno + 1,
            module=module,
            clauses=clauses,
            text=replaced(text, fault.node, fault.change) + NAMES_OF_OPPOSITES * needs_names,
            origin=origin,
            package=package,
        )


def faults_of_places(function: ast.FunctionDef, text: str) -> Iterator[Fault]:
    """Faults of one place each, in the order of the text."""
    for node in mutable_nodes(function):
        found = list(faults_at(node))
        if isinstance(node, ast.If):
            node, found = node.test, [("branch", ast.Constant(False))]
        # To cut a text out of a module takes long.
        before = one_line(ast.get_source_segment(text, node) or "") if found else ""
        yield from (Fault(kind, node, change, f"{before} -> {one_line(ast.unparse(change))}") for kind, change in found)


def one_line(text: str) -> str:
    """A text in one line, cut where it gets long."""
    joined = " ".join(text.split())
    return joined if len(joined) <= 100 else joined[:97] + "..."


def mutable_nodes(function: ast.FunctionDef) -> Iterator[ast.expr | ast.stmt]:
    """Statements and expressions of a function's body, without docstring, assertions, annotations and texts."""
    pending: list[ast.AST] = list(reversed(function.body))
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Assert | ast.JoinedStr) or is_text(node):
            continue
        if isinstance(node, ast.expr | ast.stmt):
            yield node
        children = [node.value] if isinstance(node, ast.AnnAssign) and node.value else ast.iter_child_nodes(node)
        pending.extend(reversed(list(children)))


def is_text(node: ast.AST) -> bool:
    """Whether a statement is a text on its own: a docstring."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def faults_at(node: ast.expr | ast.stmt) -> Iterator[tuple[str, ast.expr | ast.stmt]]:
    """What may stand wrongly in the place of a node, with the kind of fault."""
    match node:
        case ast.Constant(value=bool()):
            yield "constant", ast.Constant(not node.value)
        case ast.Constant(value=int(value)):
            yield "constant", ast.Constant(value + 1)
            yield "constant", ast.Constant(value - 1)
        case ast.IfExp(body=body, orelse=other):
            yield "branch", other
            yield "branch", body
        case ast.Call():
            yield from wrong_calls(node)
        case ast.expr():
            yield from wrong_operators(node)
        case ast.Expr() | ast.AugAssign() | ast.Continue() | ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield "dropped", ast.Pass()


def wrong_operators(node: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """An expression with another operator, or without its sign."""
    match node:
        case ast.Compare(ops=[op]) if type(op) in COMPARISONS:
            yield "comparison", evolved(node, ops=[COMPARISONS[type(op)]()])
        case ast.BinOp(op=op) if type(op) in ARITHMETIC:
            yield "arithmetic", evolved(node, op=ARITHMETIC[type(op)]())
        case ast.UnaryOp(op=ast.USub() | ast.Not(), operand=operand):
            yield "sign", operand
        case ast.BoolOp(op=op):
            yield "junction", evolved(node, op=ast.Or() if isinstance(op, ast.And) else ast.And())


def wrong_calls(call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    """A call of the opposite function, and one with its first two arguments swapped."""
    name = getattr(call.func, "id", "")
    if name in OPPOSITES:
        yield "opposite", evolved(call, func=ast.Name(OPPOSITES[name]))
    match call.args:
        case [first, second, *rest] if name not in UNORDERED and ast.dump(first) != ast.dump(second):
            yield "arguments", evolved(call, args=[second, first, *rest])


def evolved(node: Any, **fields: Any) -> Any:
    """A copy of a node with other fields."""
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def replaced(text: str, node: ast.expr | ast.stmt, change: ast.expr | ast.stmt | ast.Module) -> str:
    """A text with a change in the place of a node; expressions in brackets, so that they stay whole."""
    lines = text.encode().splitlines(keepends=True)
    starts = [sum(map(len, lines[:number])) for number in range(len(lines))]
    begin = starts[node.lineno - 1] + node.col_offset
    end = starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
    written = f"({ast.unparse(change)})" if isinstance(change, ast.expr) else indented(change, node.col_offset)
    whole = b"".join(lines)
    return (whole[:begin] + written.encode() + whole[end:]).decode()


def indented(statement: ast.stmt | ast.Module, column: int) -> str:
    """The text of a statement, or of several, where the first begins in a column."""
    return ast.unparse(statement).replace("\n", "\n" + " " * column)
