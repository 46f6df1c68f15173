"""All faults that can be planted: those made by hand, and the mutants that a machine makes of the rules' functions."""

import ast
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec

from marginspec_conformance.faults.by_hand import FAULTS
from marginspec_conformance.faults.planting import PACKAGE, Planted, planted, text_of


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


def fault_named(name: str) -> Planted:
    """The fault of a name, also one of the mutants that the table does not have; KeyError if there is none."""
    by_hand = {fault.name: fault for fault in faults_by_hand()}
    if name in by_hand:
        return by_hand[name]
    function = name.rpartition(":")[0]
    found = {fault.name: fault for fault in mutants(frozenset({function}), every=True)} if function else {}
    return found[name]
