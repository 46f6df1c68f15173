"""Last resort: the house pays, then every positive equity of the asset, pro rata and bounded."""

from marginspec.margin.margin import cash_account, domain_margin
from marginspec.model import ledger
from marginspec.model.account import DomainKey
from marginspec.model.effects import Levied
from marginspec.model.state import Book
from marginspec.model.units import Money, share_pro_rata
from marginspec.registry import rule
from marginspec.transaction import Transaction


@rule("LVY-01", source="SRC-06")
def levy_shares(missing: Money, equities: tuple[Money, ...]) -> tuple[Money, ...]:
    """What is missing is levied pro rata on positive equities, at most each; no share is rounded by a whole quantum."""
    total = Money(sum(equities))
    if total == 0:
        return equities
    return share_pro_rata(Money(min(missing, total)), equities)


@rule("LVY-01", "ACC-03")
def domains_of_asset(book: Book, asset: str) -> tuple[DomainKey, ...]:
    """All margin domains of an asset in key order, flat wallets too."""
    domains: list[DomainKey] = []
    for account in sorted(book.accounts):
        domains.append(DomainKey(account, asset))
        held = book.domains_of.get(account, ())
        domains.extend(domain for domain in held if domain.asset == asset and not domain.is_cross)
    return tuple(domains)


@rule("LVY-01", source="SRC-06")
def levy(transaction: Transaction, asset: str, missing: Money) -> None:
    """The house pays into the insurance fund as far as it can; the rest is levied on all positive equities."""
    house, insurance = ledger.house(asset), ledger.insurance(asset)
    from_house = Money(min(missing, transaction.balance(house)))
    transaction.transfer(asset, house, insurance, from_house, "LVY-01")
    payers: list[DomainKey] = []
    equities: list[Money] = []
    for domain in domains_of_asset(transaction, asset):
        equity = domain_margin(transaction, domain).equity
        if equity > 0:
            payers.append(domain)
            equities.append(equity)
    levied = levy_shares(Money(missing - from_house), tuple(equities))
    for domain, amount in zip(payers, levied, strict=True):
        if amount > 0:
            pay_levy(transaction, domain, amount)
    if transaction.event_market is not None:
        transaction.count_funds(transaction.event_market, levied=from_house + sum(levied))


@rule("LVY-01")
def pay_levy(transaction: Transaction, domain: DomainKey, amount: Money) -> None:
    """A domain's part of a levy goes from its cash into the insurance fund, and may leave it unhealthy."""
    insurance = ledger.insurance(domain.asset)
    transaction.transfer(domain.asset, cash_account(domain), insurance, amount, "LVY-01")
    transaction.effects.append(Levied(domain, amount))
    transaction.suspects.add(domain)
