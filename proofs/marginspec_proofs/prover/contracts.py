"""Contracts: what a theorem says of a function, taken instead of running it again.

On symbols a function whose behaviour is a theorem may be replaced by that theorem: what it needs becomes a
claim, what it gives an assumption. On plain numbers the function itself runs, so that every witness of a
proof that uses contracts is a run of the unchanged rules.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from marginspec.model.ledger import LedgerAccount
from marginspec.transaction import Transaction
from marginspec_proofs.prover.statements import Case, SymbolicCase


@contextmanager
def instead_of(case: Case, owner: Any, contracts: dict[str, Callable[..., Any]]) -> Iterator[None]:
    """While this lasts, a symbolic case takes these functions of a module or class by their contracts."""
    with ExitStack() as stack:
        if isinstance(case, SymbolicCase):
            for name, contract in contracts.items():
                stack.enter_context(patch.object(owner, name, contract))
        yield


@contextmanager
def money_moves(case: Case) -> Iterator[None]:
    """Take transfers by T-CONS-1: a transfer takes an amount of at least zero from one balance and adds it to another.

    A balance of zero is kept here and left out there, and effects and open interest are not kept: no rule that
    is proved in this way reads the difference.
    """

    def move(
        self: Transaction, _asset: str, source: LedgerAccount, target: LedgerAccount, amount: Any, _rule: str
    ) -> None:
        assert source != target, f"transfer from {source} to itself"
        left = self.ledger.get(source, 0) - amount
        self.balances[source] = left
        self.balances[target] = self.ledger.get(target, 0) + amount

    def transfer(
        self: Transaction, asset: str, source: LedgerAccount, target: LedgerAccount, amount: Any, rule: str
    ) -> None:
        case.claim(f"{rule} transfers at least zero from {source.kind}", amount >= 0)
        move(self, asset, source, target, amount, rule)

    def add_open_interest(self: Transaction, market: str, change: Any) -> None:
        """Open interest has no part in it."""

    contracts: dict[str, Callable[..., Any]] = {
        "move": move,
        "transfer": transfer,
        "_add_open_interest": add_open_interest,
    }
    with instead_of(case, Transaction, contracts):
        yield
