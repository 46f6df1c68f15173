"""Invariants of every settled state."""

from collections.abc import Callable, Iterator

from marginspec.margin.margin import domain_margin, is_healthy
from marginspec.model import ledger
from marginspec.model.ledger import FUND_KINDS, LedgerAccount
from marginspec.model.state import State
from marginspec.model.units import NOTHING, Money
from marginspec.registry import rule
from marginspec.settlement.claims import NO_CLAIMS
from marginspec.settlement.levy import domains_of_asset
from marginspec.settlement.waterfall import needed_relief, uncovered_shortfall
from marginspec_audit.assets import asset_of, assets_of, is_closed_lot
from marginspec_audit.violation import Owner, Unit, Violation, money_of, quantity_of


@rule("INV-01", "LED-01")
def balances_sum_to_zero(state: State) -> Iterator[Violation]:
    """Balances of an asset sum to zero."""
    sums = dict.fromkeys(assets_of(state), 0)
    for account, balance in state.ledger.items():
        if not is_closed_lot(state, account):
            sums[asset_of(state, account)] += balance
    for asset, total in sums.items():
        if total != 0:
            yield Violation("INV-01", "balances do not sum to zero", Owner("asset", asset), total, money_of(asset))


@rule("INV-02")
def quantities_sum_to_zero(state: State) -> Iterator[Violation]:
    """Quantities of a market, lots included, sum to zero."""
    sums = dict.fromkeys(sorted(state.markets), 0)
    for key, quantity in state.positions.items():
        sums[key.market] += quantity
    for lot in state.lots.values():
        sums[lot.market] += lot.quantity
    for market, total in sums.items():
        if total != 0:
            where = Owner("market", market)
            yield Violation("INV-02", "quantities do not sum to zero", where, total, quantity_of(market))


@rule("INV-03", "LED-02")
def funds_are_not_negative(state: State) -> Iterator[Violation]:
    """Reserves, insurance, relief and house are at least zero, and clearing is zero."""
    for account in sorted(state.ledger, key=str):
        balance = state.ledger[account]
        if account.kind in FUND_KINDS and balance < 0:
            yield Violation("INV-03", "fund below zero", *balance_of(state, account))
        elif account.kind == "clearing":
            yield Violation("INV-03", "clearing not empty", *balance_of(state, account))


def balance_of(state: State, account: LedgerAccount) -> tuple[Owner, Money, Unit]:
    """Where a ledger account is at fault: by its whole balance."""
    return Owner("ledger account", str(account)), state.ledger[account], money_of(asset_of(state, account))


@rule("INV-04", source="SRC-02")
def domains_are_healthy(state: State) -> Iterator[Violation]:
    """Every domain is healthy."""
    for asset in assets_of(state):
        for domain in domains_of_asset(state, asset):
            margin = domain_margin(state, domain)
            if not is_healthy(margin):
                lacking = margin.equity - margin.maintenance
                where = Owner("domain", ":".join(domain))
                yield Violation("INV-04", "equity not above maintenance", where, lacking, money_of(asset))


@rule("INV-05", source="SRC-02")
def equities_are_not_negative(state: State) -> Iterator[Violation]:
    """Every equity is at least zero, and so is every flat domain's cash."""
    for asset in assets_of(state):
        for domain in domains_of_asset(state, asset):
            margin = domain_margin(state, domain)
            if margin.equity < 0:
                where = Owner("domain", ":".join(domain))
                yield Violation("INV-05", "equity below zero", where, margin.equity, money_of(asset))
    for account in sorted(state.ledger, key=str):
        held = (account.account, account.market, account.side)
        if account.kind == "isolated" and held not in state.positions:
            yield Violation("INV-05", "flat isolated position with cash", *balance_of(state, account))


@rule("INV-06", source="SRC-06")
def cover_test_holds(state: State) -> Iterator[Violation]:
    """The shortfalls of an asset are at most its insurance fund, its relief and what is reported as uncovered."""
    for asset in assets_of(state):
        excess = uncovered_shortfall(state, asset) - state.uncovered.get(asset, NOTHING)
        if excess > 0:
            where, unit = Owner("asset", asset), money_of(asset)
            yield Violation("INV-06", "shortfalls exceed insurance, relief and uncovered", where, excess, unit)


@rule("INV-11", "LIQ-04")
def lots_are_consistent(state: State) -> Iterator[Violation]:
    """Every lot is open with a quantity and an id given out; a closed lot keeps no cost."""
    for lot_id in sorted(state.lots):
        lot = state.lots[lot_id]
        if lot.id != lot_id or not 0 < lot_id < state.next_lot or lot.quantity == 0:
            where = Owner("lot", f"lot:{lot_id}")
            yield Violation("INV-11", "lot without id or quantity", where, lot.quantity, quantity_of(lot.market))
    for account in sorted(state.ledger, key=str):
        if is_closed_lot(state, account):
            where = Owner("lot", str(account))
            yield Violation("INV-11", "closed lot keeps a cost", where, -state.ledger[account], money_of(""))


@rule("INV-12")
def net_deposits_are_not_negative(state: State) -> Iterator[Violation]:
    """Nobody took out more of an asset than was ever paid in (with last resort `levy`)."""
    for asset in assets_of(state):
        net_deposits = -state.balance(ledger.external(asset))
        if state.header.profile.last_resort == "levy" and net_deposits < 0:
            yield Violation("INV-12", "net deposits below zero", Owner("asset", asset), net_deposits, money_of(asset))


@rule("INV-13", source="SRC-06")
def nothing_is_uncovered(state: State) -> Iterator[Violation]:
    """With last resort `levy`, no loss is ever uncovered."""
    for asset in sorted(state.uncovered):
        if state.header.profile.last_resort == "levy":
            where = Owner("asset", asset)
            yield Violation("INV-13", "uncovered shortfall", where, state.uncovered[asset], money_of(asset))


@rule("INV-14", "LVY-02")
def relief_is_claimed_and_needed(state: State) -> Iterator[Violation]:
    """Relief of an asset equals the sum of its claims, each above zero, and is no more than is needed."""
    for asset in assets_of(state):
        relief, claims = state.balance(ledger.relief(asset)), state.relief_claims.get(asset, NO_CLAIMS)
        where, unit = Owner("ledger account", str(ledger.relief(asset))), money_of(asset)
        unclaimed, excess = relief - sum(claims.values()), relief - needed_relief(state, asset)
        if unclaimed != 0 or any(claim <= 0 for claim in claims.values()):
            yield Violation("INV-14", "relief differs from its claims", where, unclaimed, unit)
        if excess > 0:
            yield Violation("INV-14", "relief kept beyond the need", where, excess, unit)


STATE_INVARIANTS: dict[str, Callable[[State], Iterator[Violation]]] = {
    "INV-01": balances_sum_to_zero,
    "INV-02": quantities_sum_to_zero,
    "INV-03": funds_are_not_negative,
    "INV-04": domains_are_healthy,
    "INV-05": equities_are_not_negative,
    "INV-06": cover_test_holds,
    "INV-11": lots_are_consistent,
    "INV-12": net_deposits_are_not_negative,
    "INV-13": nothing_is_uncovered,
    "INV-14": relief_is_claimed_and_needed,
}
"""What every settled state satisfies."""


def check_state(state: State) -> tuple[Violation, ...]:
    """All broken invariants of a settled state, in order of their ids."""
    return tuple(found for predicate in STATE_INVARIANTS.values() for found in predicate(state))
