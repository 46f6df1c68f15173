"""Where an audit opens: what the opening state breaks, and a state of some accounts made whole by one synthetic one."""

from collections import defaultdict
from pathlib import Path

import attrs

from marginspec.margin.margin import domain_of
from marginspec.model import ledger
from marginspec.model.account import PositionKey
from marginspec.model.state import State
from marginspec.model.units import FLAT, Money, Quantity
from marginspec.transaction import Transaction
from marginspec_audit import asset_of, assets_of, check_state, is_closed_lot
from marginspec_journal import InputError, open_journal
from marginspec_journal.states import OpenedState, opening
from marginspec_tools.audit.faults import Fault, broken_fault
from marginspec_tools.audit.names import accounts_named
from marginspec_tools.audit.theirs import set_balance

NEED_ALL_ACCOUNTS = ("INV-01", "INV-02", "INV-06", "INV-08", "INV-12", "INV-13", "INV-14")
"""Invariants that say something of all accounts together, and so nothing where only some are known."""

SYNTHETIC_WALLET = Money(2**58)
"""What the synthetic account holds of each asset, in quanta: enough that it is never liquidated."""


def broken_at_opening(opened: OpenedState, unchecked: tuple[str, ...] = ()) -> list[Fault]:
    """What the state that a run starts from breaks, of the invariants that are checked."""
    return [
        broken_fault(opened.events, 0, None, None, one, opened.state)
        for one in check_state(opened.state)
        if one.invariant not in unchecked
    ]


def check_synthetic(journal: Path, opened: OpenedState, name: str) -> None:
    """Refuse a name for the account that stands for all others which neither the state nor an event has.

    A misspelt one would leave the true one among the known accounts, and what needs all accounts unchecked.
    """
    if name in opened.state.accounts or any(name in accounts_named(one.event) for one in open_journal(journal)):
        return
    reason = f"no account of this name in an event or the opening state, to stand for all others: {name}"
    raise InputError(str(journal), None, "--subset", reason)


def completed(opened: OpenedState, name: str) -> OpenedState:
    """A state of some accounts with one more, which stands for all others.

    It holds what the known accounts and the lots leave of each market, at mark, and money enough; what then lacks for
    the balances of an asset to sum to zero counts as deposits.
    """
    changes = Transaction(opened.state)
    changes.accounts = changes.accounts.set(name, changes.accounts.get(name, "one_way"))
    for market, net in sorted(net_quantities(opened.state).items()):
        key = PositionKey(name, market, "BOTH")
        left = Quantity(changes.positions.get(key, FLAT) - net)
        changes.set_position(key, domain_of(changes, key), left)
        set_balance(changes, ledger.position(*key), Money(-changes.markets[market].at_mark(left)))
    for asset in assets_of(opened.state):
        set_balance(changes, ledger.wallet(name, asset), SYNTHETIC_WALLET)
    whole = changes.commit()
    changes = Transaction(whole)
    for asset in assets_of(opened.state):
        outside = ledger.external(asset)
        set_balance(changes, outside, Money(changes.balance(outside) - sum_of(whole, asset)))
    whole = changes.commit()
    if opened.events == 0:
        return opening(whole)
    return attrs.evolve(opened, state=whole)


def net_quantities(state: State) -> dict[str, int]:
    """What the positions and lots of each market sum to, where that is not zero."""
    sums: dict[str, int] = defaultdict(int)
    for key, quantity in state.positions.items():
        sums[key.market] += quantity
    for lot in state.lots.values():
        sums[lot.market] += lot.quantity
    return {market: total for market, total in sums.items() if total}


def sum_of(state: State, asset: str) -> int:
    """The sum of an asset's balances."""
    open_accounts = (one for one in state.ledger if not is_closed_lot(state, one))
    return sum(state.ledger[one] for one in open_accounts if asset_of(state, one) == asset)
