"""Names of ledger accounts in documents, as in `wallet:alice:USDT`, read strictly."""

from inspect import signature
from typing import get_args

from marginspec.model import ledger
from marginspec.model.account import PositionSide
from marginspec.model.ledger import LedgerAccount, LedgerKind, account_named
from marginspec_journal.strict_json import Node

POSITION_SIDES: tuple[PositionSide, ...] = get_args(PositionSide)

OWNERS: dict[str, tuple[str, ...]] = {
    kind: tuple(part.removeprefix("lot_") for part in signature(getattr(ledger, kind)).parameters)
    for kind in get_args(LedgerKind)
}
"""For each kind of ledger account, what its name states after the kind: the parameters of the function named so."""

FORMS = {kind: ":".join((kind, *owner)) for kind, owner in OWNERS.items()}


def ledger_account_of(text: str, node: Node) -> LedgerAccount:
    """The ledger account of a name that is, or stands in, this field or its name."""
    try:
        account = account_named(text)
    except ValueError:
        node.fail(f"expected a ledger account: {', '.join(FORMS.values())}")
    for name in (account.account, account.market, account.asset):
        if name:
            node.name_of(name)
    if account.side:
        node.choice_of(account.side, POSITION_SIDES)
    if str(account) != text:
        node.fail(f"expected {FORMS[account.kind]}")
    return account
