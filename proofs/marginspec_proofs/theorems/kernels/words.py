"""Words of 64 bits: while a kernel runs on symbols, all that it computes is claimed to fit."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from marginspec_proofs.prover.contracts import instead_of
from marginspec_proofs.prover.statements import Case
from marginspec_proofs.prover.symbols import Integer

WORD = 2**63
WIDE = 2**127


def fits(number: Any, most: int = WORD) -> Any:
    """Whether an integer fits a word of 64 bits, sign included; or another size."""
    return (-most <= number) & (number < most)


def is_whole_word(number: Any) -> Any:
    """Whether a number is at least zero and fits 63 bits."""
    return (number >= 0) & (number < WORD)


def sign_of(number: Any) -> Any:
    """1, 0 or -1."""
    if number > 0:
        return 1
    return 0 if number == 0 else -1


OPERATIONS = ("add", "radd", "sub", "rsub", "mul", "rmul", "floordiv", "rfloordiv", "neg")
PLAIN = {f"__{name}__": getattr(Integer, f"__{name}__") for name in OPERATIONS}
"""What symbols do where nothing is checked."""


@contextmanager
def within_words(case: Case) -> Iterator[None]:
    """Every sum, difference, product, quotient and opposite of symbols in here is claimed to fit 64 bits."""

    def checked(name: str, plain: Any) -> Any:
        def operation(self: Any, *others: Any) -> Any:
            answer = plain(self, *others)
            with instead_of(case, Integer, PLAIN):
                case.claim(f"{name.strip('_')} fits 64 bits", fits(answer))
            return answer

        return operation

    with instead_of(case, Integer, {name: checked(name, plain) for name, plain in PLAIN.items()}):
        yield


def unchecked(case: Case, function: Any) -> Any:
    """A function that computes on symbols without checks: what it states is no part of the kernel."""

    def run(*given: Any) -> Any:
        with instead_of(case, Integer, PLAIN):
            return function(*given)

    return run
