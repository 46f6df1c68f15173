"""What the source of a rule says: its sentence, the formula of an answer, the check of a refusal, types of variables."""

import ast
import builtins
import linecache
from collections.abc import Iterator, Mapping
from functools import cache
from types import CodeType
from typing import Any, get_args

from marginspec.model.units import Money, Price, Quantity, Rate
from marginspec.observation import Refusal
from marginspec_tools.explain.trace import Term
from marginspec_tools.explain.units import field_names, hints_of, kind_of, plain

LONGEST_BODY = 100
"""A body of plain statements of so many characters is shown whole; of a longer one, what gives the answer."""
UNIT_NAMES = {one.__name__: one for one in (Money, Price, Quantity, Rate)}
WRAPPING = {*UNIT_NAMES, "tuple"}
SAME_KIND = {"abs", "max", "min", "sum"}
Names = Mapping[str, Any]


class NoSourceError(Exception):
    """The source of the rulebook is not installed beside it, or is not what runs."""


@cache
def functions_of(file: str) -> dict[tuple[str, int], ast.FunctionDef]:
    """The functions in a file, by name and first line, that of a decorator if there is one."""
    tree = ast.parse("".join(linecache.getlines(file)))
    found = [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)]
    return {(one.name, min([one.lineno, *(mark.lineno for mark in one.decorator_list)])): one for one in found}


@cache
def function_of(code: CodeType) -> ast.FunctionDef:
    """The function that a code object runs; NoSourceError if its source is not there."""
    found = functions_of(code.co_filename).get((code.co_name, code.co_firstlineno))
    if found is None:
        raise NoSourceError(f"explain needs the source of the rules; that of {code.co_name} is not there")
    return found


@cache
def sentence_in(code: CodeType) -> str:
    """The first sentence of a rule's docstring, from its source, since Python may run without docstrings."""
    return " ".join((ast.get_docstring(function_of(code)) or "").split("\n\n")[0].split())


class _Unwrapped(ast.NodeTransformer):
    """Takes the names of units off expressions, which say nothing of how they are made: `Money(x)` is x."""

    def visit_Call(self, node: ast.Call) -> ast.AST:  # noqa: N802 - the visitor's interface
        self.generic_visit(node)
        wraps = isinstance(node.func, ast.Name) and node.func.id in WRAPPING and len(node.args) == 1
        return node.args[0] if wraps else node


def text_of(node: ast.AST) -> str:
    """An expression or statement as one line, without the names of units."""
    again = ast.parse(ast.unparse(node))
    return ast.unparse(_Unwrapped().visit(again))


def statements_to(line: int, node: ast.AST) -> list[ast.stmt]:
    """The statements of a function that stand around a line, from the outermost to the one in that line."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt) and child.lineno <= line <= (child.end_lineno or 0):
            return [child, *statements_to(line, child)]
    return []


@cache
def formula_at(code: CodeType, line: int) -> tuple[str, tuple[str, ...]]:
    """How a rule makes the answer that it gives in a line, in its own words, and the names in that.

    Its short body, or the expression of the answer with the condition that it stands under; empty if that says nothing.
    """
    function = function_of(code)
    body = [one for one in function.body[1:] if not isinstance(one, ast.Assert)]
    if all(isinstance(one, ast.Assign | ast.AnnAssign | ast.Return) for one in body):
        texts = [text_of(one.value if isinstance(one, ast.Return) and one.value else one) for one in body]
        if len("".join(texts)) <= LONGEST_BODY:
            return f" = {', where '.join([texts[-1], *texts[:-1]])}", names_in(*body)
    match statements_to(line, function):
        case [*_, ast.If(test=test, body=[*_, last]), ast.Return(value=ast.expr() as value) as given] if last is given:
            made = "" if isinstance(value, ast.Constant | ast.Name) else f" = {text_of(value)}"
            return f"{made}, since {text_of(test)}", names_in(value, test)
        case [*_, ast.Return(value=ast.expr() as value)] if not text_of(value).isidentifier():
            return f" = {text_of(value)}", names_in(value)
    return "", ()


def names_in(*nodes: ast.AST) -> tuple[str, ...]:
    """The names in some source, each once."""
    return tuple(dict.fromkeys(one.id for node in nodes for one in ast.walk(node) if isinstance(one, ast.Name)))


def formula(term: Term) -> str:
    """How a term's answer was made; empty if its rule has no source that says so in a line."""
    return formula_at(term.rule.code, term.line)[0] if term.rule is not None and term.rule.code is not None else ""


def inputs_of(term: Term) -> Iterator[tuple[str, Any, Any]]:
    """The inputs of a term: name, value, type. A dictionary that a rule fills is no input."""
    hints = hints_of(term.rule.executable) if term.rule is not None else {}
    return ((name, value, hints.get(name)) for name, value in term.arguments.items() if not isinstance(value, dict))


def variables(term: Term) -> Iterator[tuple[str, Any, Any]]:
    """The other variables that a term's formula names, likewise; but no list, which may be in no order yet."""
    assert term.rule is not None and term.rule.code is not None
    known = getattr(term.rule.executable, "__globals__", {})
    types = Types(function_of(term.rule.code), hints_of(term.rule.executable), term.names, known)
    for name in formula_at(term.rule.code, term.line)[1]:
        if name in term.names and name not in term.arguments and not isinstance(term.names[name], list):
            yield name, term.names[name], types.of_name(name)


class Types:
    """Types of expressions in a function, so far as its source and its variables tell."""

    def __init__(self, function: ast.FunctionDef, hints: Names, names: Names, known: Names) -> None:
        self._function, self._hints, self._names, self._known = function, hints, names, known
        self._asked: set[str] = set()

    def of_name(self, name: str) -> Any:
        """The type of a variable: as declared, or that of what is assigned to it."""
        if name in self._hints:
            return self._hints[name]
        if name in self._asked:
            return None
        self._asked.add(name)
        for node in ast.walk(self._function):
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == name:
                return self._value(node.annotation)
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Name) and target.id == name and (found := self.of(node.value)):
                        return found
        return None

    def of(self, node: ast.AST) -> Any:
        """The type of an expression; None if it is not told."""
        match node:
            case ast.Name(id=name):
                return self.of_name(name) if name in self._names else None
            case ast.Attribute(value=value, attr=name):
                owner = self._value(value)
                return hints_of(type(owner)).get(name) if field_names(owner) else None
            case ast.Subscript(value=value) | ast.Call(func=ast.Attribute(value=value, attr="get")):
                return (get_args(plain(self.of(value))) or (None,))[-1]
            case ast.Call(func=ast.Name(id=name)) if name in UNIT_NAMES:
                return UNIT_NAMES[name]
            case ast.Call(func=ast.Name(id=name), args=args) if name in SAME_KIND:
                return self.first_kind(args)
            case ast.Call(func=ast.Name(id="div_up" | "div_down"), args=[divided, divisor]):
                return self.of(divided) if self.of(divisor) is int else None
            case ast.Call(func=called):
                function = self._value(called)
                return hints_of(function).get("return") if hasattr(function, "__annotations__") else None
            case ast.BinOp(left=left, right=right, op=ast.Add() | ast.Sub()):
                return self.first_kind([left, right])
            case ast.UnaryOp(operand=operand):
                return self.of(operand)
            case ast.IfExp(body=body, orelse=other):
                return self.first_kind([body, other])
        return None

    def first_kind(self, nodes: list[ast.expr]) -> Any:
        """The first type of some expressions that counts an amount."""
        return next((found for node in nodes if kind_of(found := self.of(node))), None)

    def _value(self, node: ast.AST) -> Any:
        """What a name or an attribute of one stands for; None if it is not known any more."""
        match node:
            case ast.Name(id=name):
                return self._names.get(name, self._known.get(name, getattr(builtins, name, None)))
            case ast.Attribute(value=value, attr=name):
                return getattr(self._value(value), name, None)
        return None


class Check:
    """The check that refused an event: its source, and the values of what it names as they were."""

    def __init__(self, refusal: Refusal) -> None:
        self._function, self._refusal = function_of(refusal.code), refusal
        self._around = statements_to(refusal.line, self._function)
        self.source = text_of(self.test or self._around[-1])

    @property
    def refuses_if(self) -> bool:
        """Whether the event is refused if the check's condition holds, not unless it does."""
        return not isinstance(self._around[-1], ast.Expr)

    @property
    def test(self) -> ast.expr | None:
        """The condition that decided."""
        match self._around:
            case [*_, ast.If(test=test), ast.Raise() | ast.Assign()]:
                return test
            case [*_, ast.Expr(value=ast.Call(args=[test, _]))]:
                return test
        return None

    def figures(self) -> Iterator[tuple[str, Any, Any]]:
        """What the condition compares, and what that is made of: source, value, type."""
        refusal = self._refusal
        hints = hints_of(refusal.known[refusal.code.co_name]) if refusal.code.co_name in refusal.known else {}
        types = Types(self._function, hints, refusal.names, refusal.known)
        told: set[str] = set()
        for operands in comparisons(self.test):
            common = types.first_kind(operands)
            for node in [part for one in operands for part in (one, *named_in(one))]:
                source = text_of(node)
                if source not in told and not isinstance(node, ast.Constant):
                    told.add(source)
                    # The rules only read here, on what they read when they refused.
                    value = eval(ast.unparse(node), dict(refusal.known), dict(refusal.names))
                    if not isinstance(value, Mapping):
                        yield source, value, types.of(node) or common

    def made(self, name: str) -> str:
        """The source of what was assigned to a variable last before the refusal; empty if nothing was."""
        found = [
            one for one in ast.walk(self._function) if isinstance(one, ast.Assign) and one.lineno < self._refusal.line
        ]
        return "".join([text_of(one.value) for one in found if name in map(ast.unparse, one.targets)][-1:])


def marking_line(code: CodeType) -> int:
    """The line in which a rule marks that the event passed a limit of the state."""
    marks = [
        one for one in ast.walk(function_of(code)) if isinstance(one, ast.Attribute) and one.attr == "out_of_range"
    ]
    return next(one.lineno for one in marks if isinstance(one.ctx, ast.Store))


def comparisons(test: ast.expr | None) -> Iterator[list[ast.expr]]:
    """The operands of each comparison in a condition, and what it asks else."""
    match test:
        case ast.BoolOp(values=values):
            for one in values:
                yield from comparisons(one)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield from comparisons(operand)
        case ast.Compare(left=left, comparators=others):
            yield [left, *others]
        case ast.expr():
            yield [test]


def named_in(operand: ast.expr) -> Iterator[ast.expr]:
    """The variables, and fields of variables, of which a call or a sum is made."""
    match operand:
        case ast.Call(func=called, args=args):
            inner = [called.value] if isinstance(called, ast.Attribute) else []
            parts = [*inner, *args]
        case ast.BinOp(left=left, right=right):
            parts = [left, right]
        case ast.UnaryOp(operand=one):
            parts = [one]
        case _:
            return
    for part in parts:
        if isinstance(part, ast.Name | ast.Attribute):
            yield part
        yield from named_in(part)
