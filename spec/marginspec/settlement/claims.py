"""Claims on relief: what is left to each margin domain of what it was levied."""

from immutables import Map

from marginspec.model import ledger
from marginspec.model.account import DomainKey
from marginspec.model.units import NOTHING, Money, share_pro_rata
from marginspec.registry import rule
from marginspec.transaction import Transaction

NO_CLAIMS: Map[DomainKey, Money] = Map()


@rule("WTF-01", "LVY-02")
def lower_claims(transaction: Transaction, asset: str, amount: Money) -> tuple[tuple[DomainKey, Money], ...]:
    """What leaves relief lowers the claims on it pro rata, in key order; gives by how much each one falls, if it does.

    Needs at most the sum of the claims, which is the relief that there is (INV-14).
    """
    if amount == 0:
        return ()
    claims = transaction.relief_claims.get(asset, NO_CLAIMS)
    domains = sorted(claims)
    shares = share_pro_rata(amount, tuple(claims[domain] for domain in domains))
    lowered = tuple((domain, share) for domain, share in zip(domains, shares, strict=True) if share > 0)
    for domain, share in lowered:
        transaction.change_claim(domain, Money(-share))
    return lowered


@rule("LIQ-03")
def use_claim(transaction: Transaction, domain: DomainKey, debt: Money) -> None:
    """A negative equity uses up the domain's own claim: debt, claim or relief, whichever is least, goes to insurance.

    Not to the domain's cash: the market's gaining lots have met the loss already, and cover would be lost.
    """
    claim = transaction.relief_claims.get(domain.asset, NO_CLAIMS).get(domain, NOTHING)
    relief = ledger.relief(domain.asset)
    used = Money(min(debt, claim, transaction.balance(relief)))
    if used > 0:
        transaction.transfer(domain.asset, relief, ledger.insurance(domain.asset), used, "LIQ-03")
        transaction.change_claim(domain, Money(-used))
