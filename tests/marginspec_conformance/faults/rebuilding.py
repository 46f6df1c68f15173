"""Faults in the optimized engine's own rules: the engine imported once more, with the text of one module changed.

What a module makes while it is imported is made with the fault too; the engine that the rest of the process has stays
as it is.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING

import attrs

import marginspec_engine
from marginspec.model.effects import Receipt
from marginspec.model.events import Event
from marginspec.model.state import State

if TYPE_CHECKING:
    from marginspec_conformance.faults.uncompiled import UncompiledEngine

PACKAGE = Path(marginspec_engine.__file__).parent
PLAYER = "marginspec_conformance.faults.uncompiled"


@attrs.frozen(eq=False)
class EngineFault:
    """A fault in the engine: its name, what is wrong, and the module with the text that it has instead.

    The engine's functions name no clauses.
    """

    name: str
    what: str
    module: str
    text: str
    clauses: tuple[str, ...] = ()

    def grown(self) -> AbstractContextManager[None]:
        """Nothing outside its own engine has the fault."""
        return nullcontext()

    def applied(self) -> "EngineOutcomes":
        """What the engine makes of events with the fault."""
        return EngineOutcomes(rebuilt(self))


class EngineOutcomes:
    """An engine as `transition.apply` is: at the state that it reached it goes on, at any other it begins."""

    def __init__(self, made: Callable[[State], "UncompiledEngine"]) -> None:
        self._made = made
        self._reached: State | None = None

    def __call__(self, state: State, event: Event) -> tuple[State, Receipt]:
        """The state after an event, and its receipt."""
        if state is not self._reached:
            self._engine = self._made(state)
        receipt = self._engine.apply(event)
        self._reached = self._engine.state()
        return self._reached, receipt


def rebuilt(fault: EngineFault) -> Callable[[State], "UncompiledEngine"]:
    """What makes an engine of its own modules, one of which has a fault."""
    with apart(), first(Faulty(fault)):
        made: Callable[[State], UncompiledEngine] = import_module(PLAYER).UncompiledEngine
    return made


@contextmanager
def apart() -> Iterator[None]:
    """Meanwhile the engine is not imported yet; afterwards all modules of it are what they were."""
    kept = {name: sys.modules.pop(name) for name in list(sys.modules) if is_of_the_engine(name)}
    try:
        yield
    finally:
        for name in filter(is_of_the_engine, list(sys.modules)):
            del sys.modules[name]
        sys.modules.update(kept)


def is_of_the_engine(module: str) -> bool:
    """Whether a module is one of the engine's, or what plays it."""
    return module == PLAYER or module.partition(".")[0] == PACKAGE.name


@contextmanager
def first(finder: MetaPathFinder) -> Iterator[None]:
    """Meanwhile modules are sought by a finder before all others."""
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class Faulty(MetaPathFinder):
    """Finds the one module that has a fault."""

    def __init__(self, fault: EngineFault) -> None:
        self._fault = fault

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        """The faulty module, if it is that."""
        if name != f"{PACKAGE.name}.{self._fault.module}":
            return None
        path = PACKAGE.joinpath(*self._fault.module.split(".")).with_suffix(".py")
        return spec_from_file_location(name, path, loader=Text(name, str(path), self._fault.text))


class Text(SourceFileLoader):
    """Loads a module from a text instead of its file."""

    def __init__(self, name: str, path: str, text: str) -> None:
        super().__init__(name, path)
        self._text = text

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 - as loaders are asked
        """The code of the text; nothing compiled is read or written."""
        return self.source_to_code(self._text.encode(), self.path)
