"""All faults that can be planted: those made by hand, and the mutants that a machine makes of the rules' functions.

The optimized engine has the rules once more, and mutants of its own.
"""

import ast
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec

from marginspec_conformance.faults import rebuilding
from marginspec_conformance.faults.by_hand import FAULTS
from marginspec_conformance.faults.planting import PACKAGE, Planted, planted, text_of
from marginspec_conformance.faults.rebuilding import EngineFault

AnyFault = Planted | EngineFault
OF_THE_ENGINE = "engine."
"""How the name of a mutant of the engine begins."""


@cache
def faults_by_hand() -> tuple[Planted, ...]:
    """The faults made by hand, by what is wrong."""
    return tuple(
        planted(fault.name, fault.name, fault.file, text_of(fault.file).replace(fault.right, fault.wrong))
        for fault in FAULTS
    )


def has_mutants() -> bool:
    """Whether the packages are here that the mutants' module needs."""
    return find_spec("z3") is not None


def mutants(functions: frozenset[str] | None = None, every: bool = False) -> Iterator[Planted]:
    """The mutants of the rules' functions, or of those of some names, such as `settlement.levy.levy`.

    Those that the table of mutants has, or every one. To make one takes some milliseconds, so that it is worth saying
    which functions matter.
    """
    from marginspec_proofs.mutation.mutants import RULES, functions_with_clauses, module_of, mutants_of, taken_of

    for path in sorted(PACKAGE.rglob("*.py")):
        module, text = module_of(path, PACKAGE), text_of(path.relative_to(PACKAGE).as_posix())
        if functions is not None and not any(name.startswith(f"{module}.") for name in functions):
            continue
        for prefix, function in functions_with_clauses(ast.parse(text)):
            name = prefix + function.name
            if functions is None or f"{module}.{name}" in functions:
                found = list(mutants_of(module, name, function, text))
                for mutant in found if every else taken_of(found, RULES):
                    yield planted(mutant.id, mutant.what, mutant.path, mutant.text)


def mutants_of_the_engine(every: bool = False) -> Iterator[EngineFault]:
    """The mutants of the engine's rules: those that the table of mutants has, or every one."""
    from marginspec_proofs.mutation.mutants import ENGINE, module_of, mutants_of_the_engine, taken_of

    for path in sorted((rebuilding.PACKAGE / "rules").glob("*.py")):
        for found in mutants_of_the_engine(path, module_of(path, rebuilding.PACKAGE)):
            for mutant in found if every else taken_of(found, ENGINE):
                yield EngineFault(mutant.id, mutant.what, mutant.module, mutant.text)


def all_faults() -> list[AnyFault]:
    """Those that the table has, in its order."""
    return [*faults_by_hand(), *mutants(), *mutants_of_the_engine()]


def fault_named(name: str) -> AnyFault:
    """The fault of a name, also one of the mutants that the table does not have; KeyError if there is none."""
    by_hand = {fault.name: fault for fault in faults_by_hand()}
    if name in by_hand:
        return by_hand[name]
    function = name.rpartition(":")[0]
    if function.startswith(OF_THE_ENGINE):
        return {fault.name: fault for fault in mutants_of_the_engine(every=True)}[name]
    found = {fault.name: fault for fault in mutants(frozenset({function}), every=True)} if function else {}
    return found[name]
