"""An exchange under the rulebook in one object: events go in, typed answers come out."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from immutables import Map

from marginspec.margin import bands
from marginspec.margin import margin as margins
from marginspec.model import ledger
from marginspec.model.account import DomainKey, PositionKey, PositionSide
from marginspec.model.state import Header, State
from marginspec.model.units import NOTHING, Money
from marginspec.settlement.levy import domains_of_asset
from marginspec.transition import apply
from marginspec_audit.transparency import indicators, market_status
from marginspec_journal import Record, open_journal
from marginspec_journal.decimals import decimal_text
from marginspec_journal.errors import InputError
from marginspec_journal.events import record_of
from marginspec_journal.header import header_of
from marginspec_journal.reading import LINES_SUFFIXES, PARQUET_SUFFIX
from marginspec_journal.state_objects import claim_name
from marginspec_journal.states import OpenedState, opening, read_state, state_text, write_state
from marginspec_journal.strict_json import parse_document
from marginspec_tools.library.answers import Account, Answer, Band, Domain, Funds, Position

if TYPE_CHECKING:
    from marginspec_tools.explain import Explained

NO_CLAIMS: Map[DomainKey, Money] = Map()


class Exchange:
    """An exchange that takes events by the specification, one after the other.

    What is wrong with an input is an InputError, a ValueError that names place and reason; the exchange is then as it
    was before. It is not for several threads at once; a copy costs nothing.
    """

    def __init__(self, opened: OpenedState) -> None:
        self._reached, self._chain = opened, opened.chain()

    @classmethod
    def open(cls, source: str | Path | Mapping[str, Any] | None = None) -> "Exchange":
        """An exchange from a journal, which is run whole; from a state file; from a header; or an empty one.

        A header is the first line of a journal: `{"journal": 1, "rulebook": "2", "assets": {"USD": {"decimals": 2}}}`.
        """
        if source is None:
            return cls(opening(State(header=Header())))
        if isinstance(source, Mapping):
            return cls(opening(State(header=header_of(_node(source, "header")))))
        path = Path(source)
        if not path.name.endswith((*LINES_SUFFIXES, PARQUET_SUFFIX)):
            return cls(read_state(path))
        journal = open_journal(path)
        exchange = cls(opening(State(header=journal.header)))
        for record in journal:
            exchange._take(record)
        return exchange

    def copy(self) -> "Exchange":
        """Another exchange at the same point, for what if."""
        return Exchange(self._reached)

    def apply(self, event: Mapping[str, Any]) -> Answer:
        """Take an event as a line of a journal has it, amounts as decimal texts (docs/rulebook/09-events.md)."""
        return self._take(self._record(event))

    def _record(self, event: Mapping[str, Any]) -> Record:
        # The line is the one that the event would have in a journal, behind the header and the events so far.
        return record_of(_node(event, "event"), self.events + 2)

    def _take(self, record: Record) -> Answer:
        before = self._reached
        after, receipt = apply(before.state, record.event)
        chained = self._chain.append(record.event, receipt)
        refused = receipt.rejected is not None
        accepted, rejected = before.accepted + (not refused), before.rejected + refused
        self._reached = OpenedState(after, before.events + 1, accepted, rejected, chained.hash)
        told: dict[str, Any] = msgspec.json.decode(chained.canonical)
        return Answer(not refused, told.get("rejected"), tuple(told.get("effects", ())), chained.hash)

    @property
    def events(self) -> int:
        """How many events led here."""
        return self._reached.events

    @property
    def hash(self) -> str:
        """The hash of the chain of receipts so far, in hexadecimal."""
        return self._reached.hash

    def state(self) -> dict[str, Any]:
        """The whole state, as a state file has it."""
        found: dict[str, Any] = msgspec.json.decode(state_text(self._reached))
        return found

    def save(self, path: str | Path) -> None:
        """Write the state file, whole or not at all."""
        write_state(Path(path), self._reached)

    def accounts(self) -> tuple[str, ...]:
        """Names of all accounts, in order."""
        return tuple(sorted(self._reached.state.accounts))

    def markets(self) -> tuple[str, ...]:
        """Names of all markets that are open, in order."""
        return tuple(sorted(self._reached.state.markets))

    def account(self, name: str) -> Account:
        """An account with its domains and positions; InputError if there is none of that name."""
        state = self._reached.state
        if name not in state.accounts:
            raise InputError("account", None, None, f"there is no account {name!r}")
        domains = tuple(self._domain(domain) for domain in sorted(set(_domains(state, name))))
        return Account(name, state.accounts[name], tuple(one for one in domains if one.positions or not _is_empty(one)))

    def band(self, account: str, market: str, side: PositionSide = "BOTH") -> Band:
        """The liquidation and bankruptcy prices of a position's domain; InputError if it is flat."""
        state = self._reached.state
        key = PositionKey(account, market, side)
        if key not in state.positions:
            raise InputError("position", None, None, f"{':'.join(key)} is not open")
        domain = margins.domain_of(state, key)
        band, bankruptcy = bands.liquidation_band(state, domain, market), bands.bankruptcy_price(state, domain, market)
        digits = state.markets[market].price_decimals
        found = (None if one is None else decimal_text(one, digits) for one in (band.lower, band.upper, bankruptcy))
        return Band(*found)

    def funds(self, market: str) -> Funds:
        """What stands behind a market's losses; InputError if there is no such market."""
        state = self._reached.state
        if market not in state.markets:
            raise InputError("market", None, None, f"there is no market {market!r}")
        status, asset = market_status(state, market), state.markets[market].asset
        money = partial(decimal_text, decimals=state.header.decimals(asset))
        return Funds(
            market=market,
            reserve=money(state.balance(ledger.reserve(market))),
            insurance=money(state.balance(ledger.insurance(asset))),
            relief=money(state.balance(ledger.relief(asset))),
            lots=status.lots,
            lots_unrealised=money(status.lots_pnl),
            shortfall=money(status.shortfall),
        )

    def explain(
        self, event: Mapping[str, Any] | None = None, *, account: str | None = None, market: str | None = None
    ) -> "Explained":
        """What the rules would do with an event from here, or how an account or a market stands, figure by figure.

        `lines()` of the answer is for people, `as_object()` for programs. Nothing is applied. One of event, account and
        market is named; with an account, the market says which of its markets.
        """
        # Reading the rules' own text takes a moment, which only this answer needs.
        from marginspec_tools.explain import explain_account, explain_event, explain_market

        state, number = self._reached.state, self.events
        if event is not None:
            return explain_event(state, self._record(event), number + 1)
        if account is not None:
            if account not in state.accounts:
                raise InputError("account", None, None, f"there is no account {account!r}")
            return explain_account(state, number, account, market)
        if market is None or market not in state.markets:
            raise InputError("market", None, None, f"there is no market {market!r}")
        return explain_market(state, number, market)

    def _domain(self, domain: DomainKey) -> Domain:
        state, asset = self._reached.state, domain.asset
        margin, reserved = margins.domain_margin(state, domain), margins.reserved_for_orders(state, domain)
        initial = margins.domain_initial(state, margin)
        money = partial(decimal_text, decimals=state.header.decimals(asset))
        return Domain(
            name=claim_name(domain),
            asset=asset,
            cash=money(margin.cash),
            equity=money(margin.equity),
            maintenance=money(margin.maintenance),
            initial=money(initial),
            order_margin=money(reserved),
            available=money(margins.available_margin(margin, initial, reserved)),
            movable=money(margins.movable_margin(margin, initial, reserved)),
            is_healthy=margins.is_healthy(margin),
            claim=money(state.relief_claims.get(asset, NO_CLAIMS).get(domain, NOTHING)),
            positions=tuple(self._position(one) for one in margin.positions),
        )

    def _position(self, margin: margins.PositionMargin) -> Position:
        state, key = self._reached.state, margin.key
        market = state.markets[key.market]
        assert market.mark is not None, "a position stands in a market with a mark"
        money = partial(decimal_text, decimals=state.header.decimals(market.asset))
        return Position(
            market=key.market,
            side=key.side,
            quantity=decimal_text(state.positions[key], market.quantity_decimals),
            mark=decimal_text(market.mark, market.price_decimals),
            notional=money(margin.notional),
            cost=money(margin.cost),
            unrealised=money(margin.unrealised),
            maintenance=money(margin.maintenance),
            margin_mode=margins.margin_mode_of(state, key.account, key.market),
            leverage=margins.leverage_of(state, key.account, market),
            indicator=indicators(state, key.market).get(key),
        )


def _domains(state: State, account: str) -> Iterator[DomainKey]:
    assets = {one.asset for one in state.markets.values()} | {one.asset for one in state.ledger if one.asset}
    for asset in assets:
        yield from (domain for domain in domains_of_asset(state, asset) if domain.account == account)


def _is_empty(domain: Domain) -> bool:
    return not any(digit in "123456789" for digit in domain.cash + domain.claim + domain.order_margin)


def _node(given: Mapping[str, Any], name: str) -> Any:
    """What a caller gave, as a document that is read strictly: only what JSON has, and no number with a fraction."""
    try:
        text = msgspec.json.encode(dict(given))
    except (TypeError, ValueError, msgspec.EncodeError) as error:
        raise InputError(name, None, None, f"is no JSON: {error}") from None
    return parse_document(text, name)
