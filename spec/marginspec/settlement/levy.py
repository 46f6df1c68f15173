"""Last resort: the house pays, then a levy in three layers, winners first; what is not needed is given back."""

from typing import get_args

from marginspec.margin.margin import DomainMargin, cash_account, domain_margin
from marginspec.model import ledger
from marginspec.model.account import DomainKey
from marginspec.model.effects import Layer, Levied, ReliefReturned
from marginspec.model.state import Book
from marginspec.model.units import Money, share_pro_rata
from marginspec.registry import rule
from marginspec.settlement.claims import lower_claims
from marginspec.settlement.waterfall import needed_relief, shortfalls
from marginspec.transaction import Transaction

LAYERS: tuple[Layer, ...] = get_args(Layer)


@rule("LVY-01")
def spare_of(margin: DomainMargin) -> Money:
    """Spare is what a domain can pay and be healthy still: equity less maintenance and a quantum; if flat, equity."""
    kept = margin.maintenance + 1 if margin.positions else 0
    return Money(max(0, margin.equity - kept))


@rule("LVY-01")
def profit_in(margin: DomainMargin, markets: frozenset[str]) -> Money:
    """A domain's profit in some markets is the sum of what its positions gain in each, net, where they do."""
    net = dict.fromkeys(markets, 0)
    for position in margin.positions:
        if position.key.market in net:
            net[position.key.market] = net[position.key.market] + position.unrealised
    return Money(sum([max(0, gain) for gain in net.values()]))


@rule("LVY-01")
def layer_weight(layer: Layer, margin: DomainMargin, short: frozenset[str]) -> Money:
    """In the first layer a domain weighs its spare or its profit where there is shortfall, the lesser; then all spare.

    In the last one it weighs its equity, and a domain that pays then may be unhealthy afterwards.
    """
    if layer == "profit":
        return Money(min(spare_of(margin), profit_in(margin, short)))
    return spare_of(margin) if layer == "spare" else Money(max(0, margin.equity))


@rule("LVY-01", source="SRC-06")
def levy_shares(missing: Money, weights: tuple[Money, ...]) -> tuple[Money, ...]:
    """A layer takes what is missing, or all weights if that is less, pro rata; no share is above its weight."""
    total = Money(sum(weights))
    if total == 0:
        return weights
    return share_pro_rata(Money(min(missing, total)), weights)


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
    """The house pays into the insurance fund as far as it can; the rest is levied, layer by layer."""
    house, insurance = ledger.house(asset), ledger.insurance(asset)
    from_house = Money(min(missing, transaction.balance(house)))
    transaction.transfer(asset, house, insurance, from_house, "LVY-01")
    left = Money(missing - from_house)
    short = frozenset(market for market, shortfall in shortfalls(transaction, asset).items() if shortfall > 0)
    for layer in LAYERS:
        if left > 0:
            left = Money(left - levy_layer(transaction, asset, layer, left, short))
    if transaction.event_market is not None:
        transaction.count_funds(transaction.event_market, levied=missing - left)


@rule("LVY-01", source="SRC-06")
def levy_layer(transaction: Transaction, asset: str, layer: Layer, missing: Money, short: frozenset[str]) -> Money:
    """A layer takes its weights when it begins, and shares over them what is still missing; gives what was paid."""
    payers: list[DomainKey] = []
    weights: list[Money] = []
    for domain in domains_of_asset(transaction, asset):
        weight = layer_weight(layer, domain_margin(transaction, domain), short)
        if weight > 0:
            payers.append(domain)
            weights.append(weight)
    shares = levy_shares(missing, tuple(weights))
    for domain, share in zip(payers, shares, strict=True):
        if share > 0:
            pay_levy(transaction, domain, layer, share)
    return Money(sum(shares))


@rule("LVY-01")
def pay_levy(transaction: Transaction, domain: DomainKey, layer: Layer, amount: Money) -> None:
    """A domain's part of a levy goes from its cash into relief, and is added to its claim."""
    transaction.transfer(domain.asset, cash_account(domain), ledger.relief(domain.asset), amount, "LVY-01")
    transaction.change_claim(domain, amount)
    transaction.effects.append(Levied(domain, layer, amount))
    transaction.suspects.add(domain)


@rule("LVY-02")
def return_relief(transaction: Transaction) -> None:
    """What relief exceeds the need of it by goes back to those with claims, pro rata, asset by asset."""
    for asset in sorted(transaction.relief_claims):
        excess = transaction.balance(ledger.relief(asset)) - needed_relief(transaction, asset)
        for domain, amount in lower_claims(transaction, asset, Money(max(0, excess))):
            pay_back(transaction, domain, amount)


@rule("LVY-02")
def pay_back(transaction: Transaction, domain: DomainKey, amount: Money) -> None:
    """A domain is paid in cash, an isolated one that is flat by now in its account's cross wallet."""
    is_there = domain.is_cross or domain in transaction.positions_of
    target = cash_account(domain) if is_there else ledger.wallet(domain.account, domain.asset)
    transaction.transfer(domain.asset, ledger.relief(domain.asset), target, amount, "LVY-02")
    transaction.effects.append(ReliefReturned(domain, amount))
