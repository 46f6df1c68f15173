"""Loops cut out of the rules: one turn of a loop's own source, run on any state, and the function around the loop.

A theorem about a loop names its header and gives the names that a turn may read. What else the loop reads is not there:
so a bound planted into a rule (a count of turns, a slice, the length of what was done so far) fails the theorem.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from types import FunctionType, SimpleNamespace
from typing import Any, Literal

import attrs

from marginspec_proofs.prover.sources import plain_function
from marginspec_proofs.prover.statements import Case

How = Literal["again", "over", "break", "return"]
"""How a turn ends: with another one to come, by the header's condition, by `break`, by `return`."""
LOOPS = (ast.While, ast.For)


@attrs.frozen
class Left:
    """How a turn or a loop was left, with its names as they are then, and what it returned."""

    how: How
    names: dict[str, Any]
    returned: Any = None


class Leaving(ast.NodeTransformer):
    """Makes a `return` in the body of a loop tell that the loop was left by it, and with which names."""

    def visit_Return(self, node: ast.Return) -> ast.stmt:
        """What is returned, with the names."""
        return ast.Return(call("_left", ast.Constant("return"), NAMES, node.value or ast.Constant(None)))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:
        """A function within returns for itself."""
        return node


NAMES = ast.Call(ast.Name("locals", ast.Load()), [], [])


def call(name: str, *arguments: ast.expr) -> ast.expr:
    """A call of a function by its name."""
    return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])


def header_of(loop: ast.stmt) -> str:
    """The first line of a loop, without its colon."""
    return ast.unparse(loop).split("\n", 1)[0].removesuffix(":")


def loops_of(function: ast.AST) -> Iterator[ast.While | ast.For]:
    """All loops of a function, also those within others, in the order of its text."""
    found = (node for node in ast.walk(function) if isinstance(node, LOOPS))
    yield from sorted(found, key=lambda node: node.lineno)


def leaves_early(loop: ast.While | ast.For) -> bool:
    """Whether a loop can end before it has gone through all that its header names."""
    inner = {id(node) for one in loop.body for found in loops_of(one) for node in ast.walk(found)}
    within = [node for one in loop.body for node in ast.walk(one)]
    broken = any(isinstance(node, ast.Break) and id(node) not in inner for node in within)
    return isinstance(loop, ast.While) or broken or any(isinstance(node, ast.Return) for node in within)


def names_of(function: ast.FunctionDef) -> set[str]:
    """The names that a function assigns."""
    return {one.id for one in ast.walk(function) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}


def definition_of(function: Callable[..., Any]) -> ast.FunctionDef:
    """The syntax of a function of the rules."""
    (found,) = ast.parse(textwrap.dedent(inspect.getsource(plain_function(function)))).body
    assert isinstance(found, ast.FunctionDef)
    return found


class Loop:
    """A loop of a rule, by its header; claims that the function has so many such loops, one if not said otherwise.

    Of several with one header `place` says which, from 1.
    """

    def __init__(self, case: Case, function: Callable[..., Any], header: str, place: int = 1, count: int = 1) -> None:
        self.case, self.function, self.header = case, plain_function(function), header
        self.definition = definition_of(function)
        found = [loop for loop in loops_of(self.definition) if header_of(loop) == header]
        is_there = len(found) == count and not any(loop.orelse for loop in found)
        case.claim(f"step: {self.function.__name__} has the loop `{header}`", is_there)
        if not is_there:
            raise LookupError(header)
        self.loop = found[place - 1]

    def turn(self, within: tuple[str, "StandIn"] | None = None, /, **names: Any) -> Left:
        """Run one turn of the loop on these names, which must be all that it reads.

        `within` is the header of a loop inside this one, with what stands in for it.
        """
        header, stand_in = within or ("", None)
        whole: Any = Replaced(header, names_of(self.definition)).generic_visit(parsed_again(self.loop))
        body = [Leaving().visit(node) for node in whole.body]
        if isinstance(whole, ast.While):
            over = ast.Return(call("_left", ast.Constant("over"), NAMES))
            body.insert(0, ast.If(ast.UnaryOp(ast.Not(), whole.test), [over], []))
        # `continue` ends this loop of one turn, `break` passes by its `else`.
        again = ast.Return(call("_left", ast.Constant("again"), NAMES))
        once = ast.For(ast.Name("_", ast.Store()), ast.Tuple([ast.Constant(0)], ast.Load()), body, [again])
        broken = ast.Return(call("_left", ast.Constant("break"), NAMES))
        function = self._compiled(arguments_of([*names, "_left", "_loop"]), [once, broken])
        try:
            left = function(**names, _left=Left, _loop=told(stand_in))
        except NameError:
            self.case.claim(f"step: a turn of {self.function.__name__} reads no other names", False)
            raise
        assert isinstance(left, Left)
        return attrs.evolve(left, names=plain_names(left.names))

    def goes_through(self, /, **names: Any) -> Any:
        """What a `for` loop goes through, by these names."""
        assert isinstance(self.loop, ast.For)
        return self._compiled(arguments_of(list(names)), [ast.Return(self.loop.iter)])(**names)

    def around(self, stand_in: "StandIn") -> Callable[..., Any]:
        """The function with something in place of the loop, which is told the names that are there when it begins."""
        replaced = Replaced(self.header, names_of(self.definition)).visit(parsed_again(self.definition))
        replaced.args.kwonlyargs.append(ast.arg("_loop"))
        replaced.args.kw_defaults.append(None)
        return partial(self._compiled(replaced.args, replaced.body), _loop=told(stand_in))

    def _compiled(self, arguments: ast.arguments, body: list[ast.stmt]) -> Callable[..., Any]:
        """A function that reads the rule's own module; annotations and decorators are left out."""
        for one in [*arguments.args, *arguments.kwonlyargs]:
            one.annotation = None
        tree = ast.parse("def cut(): ...")
        (written,) = tree.body
        assert isinstance(written, ast.FunctionDef)
        written.args, written.body = arguments, body
        ast.fix_missing_locations(tree)
        namespace: dict[str, Any] = {}
        exec(compile(tree, f"<loop of {self.function.__name__}>", "exec"), namespace)
        return FunctionType(namespace["cut"].__code__, self.function.__globals__, "cut", namespace["cut"].__defaults__)


StandIn = Callable[[SimpleNamespace], Left]
"""Stands for a loop: given the names that are there when it begins, it tells how it is left."""


def told(stand_in: StandIn | None) -> Callable[[dict[str, Any]], Left] | None:
    """What stands in for a loop, called with a function's names."""
    return stand_in and (lambda names: stand_in(SimpleNamespace(**plain_names(names))))


class Replaced(ast.NodeTransformer):
    """Puts a call of what stands in for it into the place of a loop, which may leave any of these names."""

    def __init__(self, header: str, names: Iterable[str]) -> None:
        self.header = header
        self.names = sorted(names)

    def visit_While(self, node: ast.While) -> Any:
        """A `while` loop."""
        return self._replaced(node)

    def visit_For(self, node: ast.For) -> Any:
        """A `for` loop."""
        return self._replaced(node)

    def _replaced(self, node: ast.While | ast.For) -> Any:
        if header_of(node) != self.header:
            return self.generic_visit(node)
        lines = ["_out = _loop(locals())", "if _out.how == 'return':\n    return _out.returned"]
        lines += [f"if {name!r} in _out.names:\n    {name} = _out.names[{name!r}]" for name in self.names]
        return ast.parse("\n".join(lines)).body


def parsed_again(node: Any) -> Any:
    """A copy of a statement, to be changed."""
    return ast.parse(ast.unparse(node)).body[0]


def arguments_of(names: list[str]) -> ast.arguments:
    """Arguments that are given by name."""
    return ast.arguments([], [], None, [ast.arg(name) for name in names], [None] * len(names), None, [])


def plain_names(names: dict[str, Any]) -> dict[str, Any]:
    """The rule's own names."""
    return {name: value for name, value in names.items() if not name.startswith("_")}
