"""What the source of a rule says: its sentence, the formula of its answer, the check that refused, types of values."""

import ast
import builtins
import linecache
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from types import CodeType
from typing import Any, get_args

from marginspec.handlers.trading import Leg
from marginspec.margin.margin import DomainMargin
from marginspec.model.units import Money, Price, Quantity, Rate
from marginspec.observation import Refusal
from marginspec_journal import InputError
from marginspec_tools.explain.trace import Term
from marginspec_tools.explain.units import bare_type, field_names, hints_of, kind_of

LONGEST_BODY = 100
"""A body of plain statements of so many characters is shown whole; of a longer one, what gives the answer."""
UNIT_NAMES = {one.__name__: one for one in (Money, Price, Quantity, Rate)}
SHOWN_WHOLE = (str, tuple, DomainMargin, Leg)
"""Of values with fields, those that a check shows whole: keys, a domain's margin, a side of a trade."""
Names = Mapping[str, Any]
Named = tuple[str, Any, Any]
"""A name or a piece of source, its value, and its type."""


@cache
def functions_of(file: str) -> dict[tuple[str, int], ast.FunctionDef]:
    """The functions in a file, by name and first line, that of a decorator if there is one."""
    found = [one for one in ast.walk(ast.parse("".join(linecache.getlines(file)))) if isinstance(one, ast.FunctionDef)]
    return {(one.name, min([one.lineno, *(mark.lineno for mark in one.decorator_list)])): one for one in found}


@cache
def function_of(code: CodeType) -> ast.FunctionDef:
    """The function that a code object runs; an InputError if its source is not installed, or is not what runs."""
    found = functions_of(code.co_filename).get((code.co_name, code.co_firstlineno))
    if found is None:
        reason = f"explain needs the source of the rules: that of {code.co_name} is not installed"
        raise InputError(code.co_filename, None, None, reason)
    return found


@cache
def sentence_in(code: CodeType) -> str:
    """The first sentence of a rule's docstring, from its source, since Python may run without docstrings."""
    return " ".join((ast.get_docstring(function_of(code)) or "").split("\n\n")[0].split())


class _Unwrapped(ast.NodeTransformer):
    """Takes names of types off expressions, which say nothing of how they are made: `Money(x)` is x."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        wraps = isinstance(node.func, ast.Name) and node.func.id in {*UNIT_NAMES, "tuple"} and len(node.args) == 1
        return node.args[0] if wraps else node


def text_of(node: ast.AST) -> str:
    """An expression or statement as one line, without names of types."""
    return ast.unparse(_Unwrapped().visit(ast.parse(ast.unparse(node))))


def statements_to(line: int, node: ast.AST) -> list[ast.stmt]:
    """The statements of a function that stand around a line, from the outermost to the one in that line."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt) and child.lineno <= line <= (child.end_lineno or 0):
            return [child, *statements_to(line, child)]
    return []


@cache
def formula_at(code: CodeType, line: int) -> str:
    """How a rule makes the answer that it gives in a line, in its own words.

    Its short body, or the expression of the answer with the condition that it stands under; empty if that says nothing.
    """
    function = function_of(code)
    body = [one for one in function.body[1:] if not isinstance(one, ast.Assert)]
    texts = [text_of(one.value if isinstance(one, ast.Return) and one.value else one) for one in body]
    is_plain = all(isinstance(one, ast.Assign | ast.AnnAssign | ast.Return) for one in body)
    if is_plain and len("".join(texts)) <= LONGEST_BODY:
        return f" = {', where '.join([texts[-1], *texts[:-1]])}"
    match statements_to(line, function):
        case [*_, ast.If(test=test, body=[*_, last]), ast.Return(value=ast.expr() as value) as given] if last is given:
            made = "" if isinstance(value, ast.Constant | ast.Name) else f" = {text_of(value)}"
            return f"{made}, since {text_of(test)}"
        case [*_, ast.Return(value=ast.expr() as value)] if not text_of(value).isidentifier():
            return f" = {text_of(value)}"
    return ""


def inputs_of(term: Term) -> Iterator[Named]:
    """The inputs of a term. A dictionary that a rule fills is none."""
    hints = hints_of(term.rule.executable) if term.rule else {}
    return ((name, value, hints.get(name)) for name, value in term.arguments.items() if not isinstance(value, dict))


def variables(term: Term) -> Iterator[Named]:
    """The other variables that a term's formula names; but no list, which may be in no order yet."""
    if term.rule is not None and term.code is not None:
        known = term.rule.executable.__globals__
        types = Types(function_of(term.code), hints_of(term.rule.executable), term.names, known)
        for name in dict.fromkeys(re.findall(r"(?<![\w.])[a-z_]\w*\b(?!=)", formula_at(term.code, term.line))):
            if name in term.names and name not in term.arguments and not isinstance(term.names[name], list):
                yield name, term.names[name], types.of_name(name)


class Types:
    """Types of expressions in a function, so far as its source and its variables tell."""

    def __init__(self, function: ast.FunctionDef, hints: Names, names: Names, known: Names) -> None:
        self._names, self._known = names, known
        self._assigned = [one for one in ast.walk(function) if isinstance(one, ast.Assign | ast.AnnAssign)]
        self._found: dict[str, Any] = {**hints}

    def of_name(self, name: str) -> Any:
        """The type of a variable: as declared, or that of what is assigned to it."""
        if name not in self._found:
            self._found[name] = None  # so that one that is made of itself is not asked for ever
            for one in self._assigned:
                targets = [one.target] if isinstance(one, ast.AnnAssign) else one.targets
                if name in map(ast.unparse, targets):
                    declared = self._value(one.annotation) if isinstance(one, ast.AnnAssign) else self.of(one.value)
                    self._found[name] = self._found[name] or declared
        return self._found[name]

    def of(self, node: ast.AST) -> Any:
        """The type of an expression; None if it is not told."""
        found: Any = None
        match node:
            case ast.Name(id=name):
                found = self.of_name(name)
            case ast.Attribute(value=value, attr=name) if field_names(owner := self._value(value)):
                found = hints_of(owner.__class__).get(name)
            case ast.Subscript(value=value) | ast.Call(func=ast.Attribute(value=value, attr="get")):
                found = (get_args(bare_type(self.of(value))) or (None,))[-1]
            case ast.Call(func=ast.Name(id="abs" | "max" | "min" | "sum"), args=parts):
                found = self.first_kind(parts)
            case ast.Call(func=ast.Name(id="div_up" | "div_down"), args=[divided, divisor]):
                found = self.of(divided) if self.of(divisor) is int else None
            case ast.Call(func=called):
                made = self._value(called)
                found = made if kind_of(made) else hints_of(made).get("return") if hasattr(made, "__code__") else None
            case ast.BinOp(left=left, right=right, op=ast.Add() | ast.Sub()):
                found = self.first_kind([left, right])
            case ast.UnaryOp(operand=operand):
                found = self.of(operand)
        return found

    def first_kind(self, nodes: Iterable[ast.AST]) -> Any:
        """The first type of some expressions that counts an amount."""
        return next((found for node in nodes if kind_of(found := self.of(node))), None)

    def _value(self, node: ast.AST) -> Any:
        """What a name or an attribute of one stands for; None if it is not known any more."""
        if isinstance(node, ast.Name):
            return self._names.get(node.id, self._known.get(node.id, getattr(builtins, node.id, None)))
        return getattr(self._value(node.value), node.attr, None) if isinstance(node, ast.Attribute) else None


class Check:
    """The check that refused an event: its source, and the values of what it names as they were.

    The event is refused if the condition holds (`refuses_if`), or unless it does. Without a line, it is the check that
    marked the event for passing a limit of the state.
    """

    def __init__(self, refusal: Refusal) -> None:
        self._function, self._refusal = function_of(refusal.code), refusal
        self._assigned = [one for one in ast.walk(self._function) if isinstance(one, ast.Assign)]
        marks = [one.lineno for one in self._assigned if ast.unparse(one).endswith(".out_of_range = True")]
        around = statements_to(refusal.line or marks[0], self._function)
        match around:
            case [*_, ast.If(test=test), ast.Raise() | ast.Assign()] | [*_, ast.Expr(ast.Call(args=[test, _]))]:
                self._test = test
        self.refuses_if = not isinstance(around[-1], ast.Expr)
        self.source = text_of(self._test)

    def named_values(self) -> Iterator[Named]:
        """What the condition names and asks; a limit counts what it is compared with."""
        names, known = self._refusal.names, self._refusal.known
        hints = hints_of(known[self._function.name]) if self._function.name in known else {}
        types = Types(self._function, hints, names, known)
        limits = types.first_kind(ast.walk(self._test))
        read = ast.Name | ast.Attribute | ast.Call | ast.Subscript
        for source, node in {text_of(one): one for one in ast.walk(self._test) if isinstance(one, read)}.items():
            with suppress(NameError, TypeError):  # of what only a loop inside the condition names, or asks of None
                # The rules only read here, on what they read when they refused.
                value = eval(ast.unparse(node), dict(known), dict(names))
                if (not isinstance(value, Mapping) and not field_names(value)) or isinstance(value, SHOWN_WHOLE):
                    yield source, value, types.of(node) or (limits if source in known else object)

    def assigned_source(self, name: str) -> str:
        """The source of what was assigned to a variable last before the refusal; empty if nothing was."""
        before = [one for one in self._assigned if one.lineno < self._refusal.line]
        found = [one.value for one in before if name in map(ast.unparse, one.targets)]
        return text_of(found[-1]) if found else ""
