"""Refusing names in `observed` of what never was: nothing would be compared, and zero would seem to agree."""

from typing import NoReturn

from marginspec.model.events import Event
from marginspec.model.ledger import account_named, external
from marginspec.model.state import State
from marginspec_audit import Transition
from marginspec_journal import InputError
from marginspec_tools.observed import Figure, Whose, domain_named, position_named
from marginspec_tools.runs import Step

NAMING = {
    "account": "accounts",
    "buyer": "accounts",
    "seller": "accounts",
    "counterparty": "accounts",
    "market": "markets",
    "asset": "assets",
}
"""Fields of events that name something, by what they name."""


def accounts_named(event: Event) -> list[str]:
    """The accounts that an event names."""
    found = (getattr(event, field, None) for field, kind in NAMING.items() if kind == "accounts")
    return [str(name) for name in found if name is not None]


MOST_SPOKEN_OF = 100_000
"""Of so many names of a kind that only rejected events spoke of is it known that they did: those spoken of last."""


class Names:
    """What there is to be observed: what the state has or had, and what a rejected event spoke of.

    An exchange may have accepted what the rulebook rejected, and so have accounts and markets that the state has not;
    MOST_SPOKEN_OF bounds what is kept of these.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self._spoken_of: dict[str, dict[str, None]] = {"accounts": {}, "markets": {}, "assets": {}}

    def take(self, step: Step) -> None:
        """Note the names in a rejected event."""
        if step.transition.receipt.rejected is not None:
            self.note(step.transition.event, step.transition.after)

    def note(self, event: Event, state: State) -> None:
        """Note the names in an event of what a state does not have."""
        there = {"accounts": state.accounts, "markets": state.markets}
        for field, kind in NAMING.items():
            name = getattr(event, field, None)
            if name is None or name in there.get(kind, ()):
                continue
            spoken_of = self._spoken_of[kind]
            spoken_of.pop(name, None)
            spoken_of[name] = None
            if len(spoken_of) > MOST_SPOKEN_OF:
                del spoken_of[next(iter(spoken_of))]

    def check(self, step: Step, figure: Figure) -> None:
        """Refuse a figure of what is not there, by file, line and name."""
        taken = step.transition
        named = named_by(figure)
        if named.account and not self._is_known("accounts", named.account, named.account in taken.after.accounts):
            self._refuse(step, figure, f"no such account: {named.account}")
        if named.market and not self._is_known("markets", named.market, is_market(taken, named.market)):
            self._refuse(step, figure, f"no such market: {named.market}")
        if named.asset and not self._is_known("assets", named.asset, is_asset(taken.after, named.asset)):
            self._refuse(step, figure, f"no such asset: {named.asset}")
        lot = lot_number(figure)
        if lot is not None and not 0 < lot < taken.after.next_lot:
            self._refuse(step, figure, f"no such lot: {lot}")

    def _is_known(self, kind: str, name: str, is_there: bool) -> bool:
        return is_there or name in self._spoken_of[kind]

    def _refuse(self, step: Step, figure: Figure, reason: str) -> NoReturn:
        field = f"observed.{figure.group}.{figure.name}"
        raise InputError(self._file, step.record.line, field, reason)


def named_by(figure: Figure) -> Whose:
    """What a figure's name names."""
    match figure.group:
        case "ledger":
            account = account_named(figure.name)
            return Whose(account.account, account.market, account.asset)
        case "positions":
            key = position_named(figure.name)
            return Whose(key.account, key.market)
        case "domains":
            domain = domain_named(figure.name)
            return Whose(domain.account, domain.market, domain.asset)
        case "marks" | "funds":
            return Whose(market=figure.name)
        case "uncovered":
            return Whose(asset=figure.name)
    return Whose()


def needs_all_accounts(figure: Figure, synthetic: str) -> bool:
    """Whether a figure follows from all accounts together, or is of the one that stands for those not known."""
    if figure.group in ("funds", "uncovered", "lots") or figure.field == "adl":
        return True
    if figure.group == "marks":
        return False
    return named_by(figure).account in ("", synthetic)


def lot_number(figure: Figure) -> int | None:
    """The lot that a figure's name names, if it does."""
    if figure.group == "lots":
        return int(figure.name)
    account = account_named(figure.name) if figure.group == "ledger" else None
    return account.lot if account is not None and account.kind == "lot" else None


def is_market(taken: Transition, market: str) -> bool:
    """Whether a market is or was listed."""
    return market in taken.after.markets or market in taken.after.closed_markets


def is_asset(state: State, asset: str) -> bool:
    """Whether the header lists an asset, a market settles in it, or some of it was paid in."""
    listed = asset in state.header.asset_decimals or external(asset) in state.ledger
    return listed or any(market.asset == asset for market in state.markets.values())
