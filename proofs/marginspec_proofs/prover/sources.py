"""What a theorem was proved of: the source text of all that it can reach, hashed, so that a stale proof is seen."""

import inspect
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any, get_args

from marginspec_proofs.prover.statements import Theorem

PACKAGES = ("marginspec", "marginspec_audit", "marginspec_engine", "marginspec_proofs")
MACHINERY = ("exploring", "proving", "solvers", "statements", "symbols", "terms")
"""Modules that prove; what they say is hashed as a whole (`machinery_hash`), not for each theorem."""
PLAIN = (bool, int, str, type(None))


def theorem_hash(theorem: Theorem) -> str:
    """SHA-256 of a theorem's text and that of every function, class and constant which it can reach."""
    return hash_of((theorem.statement, *theorem.functions))


def hash_of(objects: Iterable[Any]) -> str:
    """SHA-256 of the text of these and of all that they name, in the order of their names."""
    texts = reached(objects)
    return sha256("\n".join(f"{name}: {texts[name]}" for name in sorted(texts)).encode()).hexdigest()


def machinery_hash() -> str:
    """SHA-256 of the modules that prove."""
    folder = Path(__file__).parent
    return sha256("\n".join((folder / f"{name}.py").read_text("utf-8") for name in MACHINERY).encode()).hexdigest()


def reached(objects: Iterable[Any]) -> dict[str, str]:
    """Source text by name of these objects of the project and of those that they name, and so on."""
    texts: dict[str, str] = {}
    pending = [("", one) for one in objects]
    while pending:
        name, found = pending.pop()
        if isinstance(found, PLAIN):
            texts.update({name: repr(found)} if name else {})
            continue
        if isinstance(found, dict | list | tuple | set | frozenset):
            members = [*found, *found.values()] if isinstance(found, dict) else found
            pending.extend((f"{name} {type(one).__name__} {one}", one) for one in members if isinstance(one, PLAIN))
            pending.extend((name, one) for one in members if not isinstance(one, PLAIN))
            continue
        found = plain_function(found)
        if not isinstance(found, FunctionType | type) or not is_ours(found):
            continue
        name = f"{found.__module__}.{found.__qualname__}"
        if name not in texts:
            texts[name] = source_of(found)
            pending.extend(named_by(found))
    return texts


@cache
def source_of(found: Any) -> str:
    """The source text of a function or class."""
    return inspect.getsource(found)


def is_written(function: FunctionType) -> bool:
    """Whether a function stands in a file; a class's generated methods do not."""
    return not function.__code__.co_filename.startswith("<")


def plain_function(found: Any) -> Any:
    """The function behind a method, a property or a wrapper; anything else as it is."""
    if isinstance(found, staticmethod | classmethod | MethodType):
        found = found.__func__
    if isinstance(found, property):
        found = found.fget
    return inspect.unwrap(found) if callable(found) else found


def is_ours(found: Any) -> bool:
    """Whether a function or class is the project's own, and none of the machinery."""
    room, _, module = found.__module__.rpartition(".")
    return room.split(".")[0] in PACKAGES and not (room == __package__ and module in MACHINERY)


def named_by(found: Any) -> Iterator[tuple[str, Any]]:
    """What a function or class names: globals, members of modules, types in its signature, fields, methods and bases.

    A method that is called on a field's value is reached by the field's type.
    """
    if isinstance(found, type):
        yield from ((found.__qualname__, base) for base in found.__bases__)
        for annotation in vars(found).get("__annotations__", {}).values():
            yield from (("", one) for one in types_in(annotation))
        for member in vars(found).values():
            function = plain_function(member)
            if isinstance(function, FunctionType) and is_ours(function) and is_written(function):
                yield from named_by(function)
        return
    yield from globals_of(found)
    for annotation in found.__annotations__.values():
        yield from (("", one) for one in types_in(annotation))


def types_in(annotation: Any) -> Iterator[Any]:
    """A type and all that it is made of."""
    yield annotation
    for part in annotation if isinstance(annotation, list) else get_args(annotation):
        yield from types_in(part)


def globals_of(function: Callable[..., Any]) -> Iterator[tuple[str, Any]]:
    """Globals that a function's code names, and those of modules that it names."""
    names = names_in(function.__code__)
    for name in sorted(names):
        value = function.__globals__.get(name)
        if isinstance(value, ModuleType) and value.__name__.split(".")[0] in PACKAGES:
            members = vars(value)
            yield from ((f"{value.__name__}.{one}", members[one]) for one in sorted(names) if one in members)
        elif name in function.__globals__:
            yield f"{function.__module__}.{name}", value


def names_in(code: CodeType) -> set[str]:
    """Names in a function's code and in the functions inside it."""
    inner = (names_in(one) for one in code.co_consts if isinstance(one, CodeType))
    return set(code.co_names).union(*inner)
