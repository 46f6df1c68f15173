"""Faults of several lines: a loop with a bound, a round dropped, a member skipped, a stale figure, statements swapped.

They are what one change of an operator does not reach: rules that are right for a few and wrong for many, or right in
the first round only.
"""

import ast
import copy
from collections.abc import Iterator
from itertools import pairwise

import attrs

BOUND = 8
"""Turns after which a loop with a planted bound ends."""
SWAPPED = "swapped"
OF_LOOPS = ("bounded", "round", "skipped", "stale")
LOOPS = (ast.While, ast.For)
SIMPLE = (ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign)
"""Statements that may change places."""
STATE = {"transaction", "self", "book"}
"""What the rules call what they read and change."""
QUIET = {
    *("at", "items", "lookup", "reserve", "make_room"),
    *("put", "load", "expose", "expose_uncovered", "suspect", "mark_stale", "look_at_mark"),
    *("box_stale", "keep_boxes"),
    *("set_setting", "drop_settings", "change_claim", "fill_leg", "check_open_interest"),
}
"""Functions of the engine that look up, make room, or write words and flags of their own: no neighbour feels when."""
PREFETCHING, ROWS = "prefetch", "_row"
"""How the names of more of them begin, or end."""


@attrs.frozen
class Fault:
    """A fault of a kind: what stands where, from a node's beginning to its end, instead of what."""

    kind: str
    node: ast.stmt | ast.expr
    change: ast.stmt | ast.expr | ast.Module
    what: str


def faults_of_several_lines(function: ast.FunctionDef) -> Iterator[Fault]:
    """All faults of several lines of a function, in the order of its text."""
    for node in ast.walk(function):
        if isinstance(node, LOOPS):
            yield from faults_of_loop(node)
        if isinstance(node, ast.ListComp | ast.GeneratorExp | ast.SetComp | ast.DictComp):
            yield skipped(node.generators[0].iter)
        yield from faults_of_blocks(node)
    yield from stale_figures(function)


def faults_of_loop(loop: ast.While | ast.For) -> Iterator[Fault]:
    """A loop that ends after so many turns; one round fewer; one that begins with its second member."""
    if isinstance(loop, ast.While) or not has_fixed_length(loop.iter):
        yield bounded(loop)
    if isinstance(loop, ast.While):
        once = copy.copy(loop)
        once.body = [*loop.body, ast.Break()]
        yield Fault("round", loop, once, f"{header_of(loop)} -> one round only")
        return
    text = ast.unparse(loop.iter)
    fewer = ast.parse(f"list({text})[:-1]", mode="eval").body
    yield Fault("round", loop.iter, fewer, f"{text} -> without the last")
    yield skipped(loop.iter)


def bounded(loop: ast.While | ast.For) -> Fault:
    """A loop that ends after so many turns."""
    begun, *counting = ast.parse(f"turns = 0\nif turns >= {BOUND}:\n    break\nturns = turns + 1").body
    ended = copy.copy(loop)
    ended.body = [*counting, *loop.body]
    what = f"{header_of(loop)} -> ends after {BOUND} turns"
    return Fault("bounded", loop, ast.Module([begun, ended], []), what)


def header_of(loop: ast.While | ast.For) -> str:
    """A loop's first line."""
    return ast.unparse(loop).split("\n", 1)[0]


def has_fixed_length(members: ast.expr) -> bool:
    """Whether members are as many as the text says, which is few: a tuple, or the range of a constant."""
    match members:
        case ast.Tuple() | ast.List():
            return True
        case ast.Call(func=ast.Name("range"), args=[ast.Call(func=ast.Name("len"), args=[number])] | [number]):
            name = getattr(number, "attr", getattr(number, "id", ""))
            return bool(name.isupper())
    return False


def skipped(members: ast.expr) -> Fault:
    """What is gone through, without its first member."""
    text = ast.unparse(members)
    return Fault("skipped", members, ast.parse(f"list({text})[1:]", mode="eval").body, f"{text} -> without the first")


def faults_of_blocks(node: ast.AST) -> Iterator[Fault]:
    """Neighbours in a block, swapped where neither needs a name that the other one gives."""
    for block in (getattr(node, "body", None), getattr(node, "orelse", None)):
        if not isinstance(block, list):
            continue
        for first, second in pairwise(block):
            if may_swap(first, second):
                both = copy.copy(first)
                both.end_lineno, both.end_col_offset = second.end_lineno, second.end_col_offset
                what = f"{ast.unparse(first)}; {ast.unparse(second)} -> the other way round"
                yield Fault(SWAPPED, both, ast.Module([second, first], []), what)


def may_swap(first: ast.stmt, second: ast.stmt) -> bool:
    """Whether both statements act on the state, one is there for that alone, and neither needs what the other gives."""
    for one in (first, second):
        if not isinstance(one, SIMPLE) or is_text(one) or not names(one) & STATE or not acts(one):
            return False
    depends = names(first, ast.Store) & names(second) or names(second, ast.Store) & names(first)
    return not depends and any(isinstance(one, ast.Expr | ast.AugAssign) for one in (first, second))


def is_text(statement: ast.stmt) -> bool:
    """Whether a statement is a docstring."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def acts(statement: ast.Expr | ast.Assign | ast.AugAssign | ast.AnnAssign) -> bool:
    """Whether a statement calls what does more than look up, make room or note something, or changes a figure."""
    if not isinstance(statement.value, ast.Call):
        return isinstance(statement, ast.AugAssign)
    called = statement.value.func
    name = getattr(called, "id", getattr(called, "attr", ""))
    return not (name in QUIET or name.startswith(PREFETCHING) or name.endswith(ROWS))


def names(statement: ast.AST, context: type[ast.expr_context] = ast.expr_context) -> set[str]:
    """Names in a statement, all or those that it assigns."""
    return {one.id for one in ast.walk(statement) if isinstance(one, ast.Name) and isinstance(one.ctx, context)}


def stale_figures(function: ast.FunctionDef) -> Iterator[Fault]:
    """Figures that are taken a second time, and then are not: the value from before is used again."""
    taken = {one.arg for one in function.args.args}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if name in taken:
                yield Fault("stale", node, ast.Pass(), f"{ast.unparse(node)} -> as it was before")
            taken.add(name)
