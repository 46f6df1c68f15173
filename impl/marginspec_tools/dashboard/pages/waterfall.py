"""The waterfall of an asset: what each stage holds, what came and went, and the loss that it stands behind."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import attrs

from marginspec.model import ledger
from marginspec.model.market import Market
from marginspec.model.state import State
from marginspec.settlement.waterfall import lots_unrealised, needed_relief, shortfalls
from marginspec_tools.dashboard.explanations import Entry


@attrs.frozen
class Stage:
    """A stage of an asset's waterfall, in quanta.

    `balance` is what it holds, `came` what came in and `went` what it bore, in words that its own clause uses. `loss`
    is what is lost at mark and has come down to the stage, `room` what the stage can still take: None where there is
    no such figure.
    """

    name: str
    title: str
    clause: str
    balance: int | None
    came: int | None
    came_as: str
    went: int
    went_as: str
    loss: int
    room: int | None

    @property
    def is_reached(self) -> bool:
        """Whether a loss has come down to it."""
        return self.loss > 0


Flows = tuple[int | None, str, int, str]
"""What came in and what went out, each with the word for it."""


def lots_pnl(book: State, market: Market) -> int:
    """What a market's lots gain or lose at mark; nothing where it has none."""
    return lots_unrealised(book, market) if book.lots_in.get(market.id) else 0


def markets_of(book: State, asset: str) -> list[Market]:
    """The markets of an asset that are not closed, by id."""
    return [book.markets[one] for one in sorted(book.markets) if book.markets[one].asset == asset]


def explained(
    book: State, start: State, found: Sequence[Stage], asset: str, money: Callable[[int], str]
) -> list[Entry]:
    """How the figures of the stages come about, one from the other; `start` is the book where the journal begins."""
    insurance, relief = book.balance(ledger.insurance(asset)), book.balance(ledger.relief(asset))
    short, needed = shortfalls(book, asset), needed_relief(book, asset)
    losing = [(one, pnl) for one in markets_of(book, asset) if (pnl := lots_pnl(book, one)) < 0]
    by_market = [
        Entry(
            f"{one.id}: its lots lose {money(-pnl)} at mark, its reserve has "
            f"{money(book.balance(ledger.reserve(one.id)))}, shortfall {money(short[one.id])}"
        )
        for one, pnl in losing
    ]
    lost, whole = money(sum(-pnl for _, pnl in losing)), money(sum(short.values()))
    beyond = f"{money(needed)} = {whole} - {money(insurance)} of the insurance fund, at least zero"
    missing = f"{money(max(0, needed - relief))} = {money(needed)} - {money(relief)} of relief, at least zero"
    whole_equity = money(equities(book, asset))
    return [
        Entry(f"net deposits: {money(-book.balance(ledger.external(asset)))}, all that was paid in less all paid out"),
        *(Entry(holding(start, asset, one, money)) for one in found),
        Entry(f"loss behind the reserves: {lost}, market by market [WTF-02]", parts=by_market),
        Entry(f"loss behind the insurance fund: {whole}, the sum of the shortfalls [WTF-02]"),
        Entry(f"loss behind relief: {beyond} [LVY-02]"),
        Entry(f"loss behind deleveraging, house and levy: {missing} [ADL-01, LVY-01]"),
        Entry("headroom: what is held less the loss behind it; of reserves, each market's by itself"),
        Entry(f"equity of all accounts: {whole_equity}, net deposits less all funds and PnL of lots [LED-01]"),
    ]


def holding(start: State, asset: str, stage: Stage, money: Callable[[int], str]) -> str:
    """What a stage holds, from what it had where the journal begins, or what there was of what holds nothing."""
    came = "" if stage.came is None else f"{money(stage.came)} {stage.came_as}"
    if stage.balance is None:
        return (
            f"{stage.title}: {', '.join(filter(None, (came, f'{money(stage.went)} {stage.went_as}')))} [{stage.clause}]"
        )
    had = held_by(start, asset, stage.name)
    told = f"{money(had)} at the start + {came} - {money(stage.went)} {stage.went_as}"
    # Reserves of markets that closed went to the insurance fund, and relief that was not needed any more to its payers.
    left = had + (stage.came or 0) - stage.went - stage.balance
    if left:
        told += f" - {money(left)} {'handed over by markets that closed' if stage.name == 'reserves' else 'given back'}"
    return f"{stage.title}: {money(stage.balance)} = {told} [{stage.clause}]"


def held_by(book: State, asset: str, stage: str) -> int:
    """What a stage of an asset holds."""
    if stage == "reserves":
        return sum(book.balance(ledger.reserve(one.id)) for one in markets_of(book, asset))
    fund = {"insurance": ledger.insurance, "relief": ledger.relief, "house": ledger.house}[stage]
    return book.balance(fund(asset))


def equities(book: State, asset: str) -> int:
    """The equities of all margin domains of an asset together, which follow from what all others hold (LED-01).

    All balances of an asset sum to zero, and so do the quantities of a market: what was paid in is equity, but for
    the funds, and for what the engine's lots are worth beyond their cost.
    """
    held: int = sum(book.balance(fund) for fund in (ledger.insurance(asset), ledger.relief(asset), ledger.house(asset)))
    for market in markets_of(book, asset):
        held += book.balance(ledger.reserve(market.id)) + lots_pnl(book, market)
    return -book.balance(ledger.external(asset)) - held


def stages(book: State, start: State, asset: str, borne: Mapping[str, int]) -> Iterator[Stage]:
    """The stages of an asset in the order in which a loss comes down; `start` is the book where the journal begins.

    `borne` has what each stage bore so far, what lots gained as `profit`, and what was `returned` of levies.
    """
    reserves = {one.id: book.balance(ledger.reserve(one.id)) for one in markets_of(book, asset)}
    losses = {one.id: max(0, -lots_pnl(book, one)) for one in markets_of(book, asset)}
    insurance, relief, house = (book.balance(one(asset)) for one in (ledger.insurance, ledger.relief, ledger.house))
    short, needed = sum(shortfalls(book, asset).values()), needed_relief(book, asset)
    missing = max(0, needed - relief)

    def so_far(what: str) -> int:
        """How much there was of something."""
        return borne.get(what, 0)

    room = sum(max(0, reserves[one] - losses[one]) for one in reserves)
    flows: Flows = (so_far("profit"), "profit of lots", so_far("reserve"), "drawn")
    yield Stage("reserves", "Reserves", "WTF-01", sum(reserves.values()), *flows, sum(losses.values()), room)
    drawn = so_far("insurance")
    flows = (insurance - start.balance(ledger.insurance(asset)) + drawn, "came in", drawn, "drawn")
    yield Stage("insurance", "Insurance fund", "WTF-01", insurance, *flows, short, max(0, insurance - short))
    flows = (so_far("levy"), "levied", so_far("relief"), "drawn")
    yield Stage("relief", "Relief", "LVY-02", relief, *flows, needed, max(0, relief - needed))
    flows = (None, "", so_far("deleveraging"), "passed on")
    yield Stage("deleveraging", "Deleveraging", "ADL-01", None, *flows, missing, None)
    paid = so_far("house")
    flows = (house - start.balance(ledger.house(asset)) + paid, "came in, net", paid, "paid for losses")
    yield Stage("house", "House", "LVY-01", house, *flows, missing, house)
    flows = (so_far("returned"), "given back", so_far("levy"), "levied")
    yield Stage("levy", "Levy on all equity", "LVY-01", None, *flows, missing, equities(book, asset))
