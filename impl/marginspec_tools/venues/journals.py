"""A journal of what happened to an account, from nothing; or of one mark, from an opening state.

The account begins flat, with the cash that leaves it what it has at the end. Whoever it trades with is one synthetic
account. Files of one account do not say each mark, so that of each fill its own price stands for it.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from marginspec.model.account import DomainKey, PositionKey
from marginspec.model.units import MAX_LEVERAGE, RATE_ONE, WIRE_DECIMALS, div_up
from marginspec_tools.venues.claims import Exhibit
from marginspec_tools.venues.figures import ACCOUNT, NotToBeHad, decimal_of
from marginspec_tools.venues.history import in_order
from marginspec_tools.venues.rounding import Rounding, market_fields
from marginspec_tools.venues.story import Fill, Funding, Happening, Payment, Sighting
from marginspec_tools.venues.told import cut, figures_told
from marginspec_tools.venues.written import (
    HEADER,
    OTHERS,
    OTHERS_CASH,
    cash_account_name,
    cash_of,
    margin_mode,
    mark_text,
    markets_of,
    position_fields,
)

Line = dict[str, Any]
Amounts = dict[str, Fraction]


def journal_of(exhibit: Exhibit, rounding: Rounding) -> list[Line]:
    """The lines of a journal: of what happened if files say that, else of the marks as they are."""
    story = exhibit.story()
    if any(isinstance(one, Fill) for one in story):
        return list(Telling(exhibit, story, rounding).lines())
    return [HEADER, *marks_of(exhibit, rounding)]


def marks_of(exhibit: Exhibit, rounding: Rounding) -> Iterator[Line]:
    """The present marks, the last one with what is observed of the account; it goes on from an opening state."""
    snapshot = exhibit.snapshot
    markets = markets_of(snapshot, rounding)
    for place, (name, market) in enumerate(markets.items()):
        line: Line = {"type": "mark_price", "market": name, "price": mark_text(name, snapshot, market, rounding)}
        if place == len(markets) - 1:
            line["observed"] = observed_now(exhibit, rounding)
        yield line


def observed_now(exhibit: Exhibit, rounding: Rounding) -> Line:
    """What is observed of the account: its cash, its positions with their settings, and all figures shown of them."""
    snapshot = exhibit.snapshot
    of_positions, of_domains = figures_told(exhibit, rounding)
    ledger = {name: decimal_of(amount) for (name, _), amount in cash_of(snapshot, rounding).items()}
    positions = {
        position_name(key): {**position_fields(snapshot, key), **of_positions[position_name(key)]}
        for key in snapshot.positions
    }
    domains = {"domains": of_domains} if of_domains else {}
    return {"accepted": True, "ledger": ledger, "positions": positions, **domains}


class Telling:
    """What happened, as lines of a journal."""

    def __init__(self, exhibit: Exhibit, story: Iterable[Happening], rounding: Rounding) -> None:
        self._exhibit, self._snapshot = exhibit, exhibit.snapshot
        self._rounding = rounding
        self._story = in_order(story)
        self._fills = [one for one in self._story if isinstance(one, Fill)]
        self._markets = self._market_fields()
        self._sides = {one.key.side for one in self._fills}
        if "BOTH" in self._sides and len(self._sides) > 1:
            raise NotToBeHad("needs trades of one position mode: some name a side and some do not")

    def _market_fields(self) -> dict[str, Line]:
        fields: dict[str, Line] = {}
        for name in sorted({one.key.market for one in self._fills}):
            terms = self._snapshot.markets.get(name) or self._snapshot.listed.get(name)
            if terms is None or terms.tiers is None:
                raise NotToBeHad(f"needs {self._snapshot.sources['tiers']}, for the tiers of {name}")
            quantities = [one.quantity for one in self._fills if one.key.market == name]
            fields[name] = market_fields(name, terms, self._rounding, quantities)
        return fields

    def lines(self) -> Iterator[Line]:
        """The header, the markets, both accounts, and what happened, in order of time."""
        yield HEADER
        for name, fields in self._markets.items():
            yield {"type": "list_market", "market": name, **fields}
        for asset, cash in sorted(self._opening_cash().items()):
            for account, amount in ((OTHERS, OTHERS_CASH), (ACCOUNT, cash)):
                if amount > 0:
                    text = self._rounding.down(f"opening cash in {asset}", amount)
                    yield {"type": "deposit", "account": account, "asset": asset, "amount": text}
        if "BOTH" not in self._sides:
            yield {"type": "set_position_mode", "account": ACCOUNT, "mode": "hedge"}
        for name in self._markets:
            yield from self._settings(name)
        marks: dict[str, str] = {}
        lines: list[Line] = []
        for happening in self._story:
            if isinstance(happening, Sighting):
                self._observe(happening, lines)
            else:
                lines.extend(self._told(happening, marks))
        yield from lines
        yield from self._present()

    def _settings(self, market: str) -> Iterator[Line]:
        terms = self._snapshot.markets.get(market)
        if terms is not None and terms.isolated:
            mode = margin_mode(self._snapshot, market)
            yield {"type": "set_margin_mode", "account": ACCOUNT, "market": market, "mode": mode}
        if terms is not None and terms.leverage is not None and terms.leverage <= MAX_LEVERAGE:
            yield {"type": "set_leverage", "account": ACCOUNT, "market": market, "leverage": terms.leverage}

    # ------------------------------------------------------------- the beginning

    def _opening_cash(self) -> Amounts:
        """The cash of each asset at the beginning: that of the end, less all that happened to it."""
        books = Books()
        for happening in self._story:
            books.book(happening)
        self._check_explained(books.quantities)
        opening: Amounts = {}
        for asset in sorted({fields["asset"] for fields in self._markets.values()}):
            domain = DomainKey(ACCOUNT, asset)
            if domain not in self._snapshot.cash:
                raise NotToBeHad(f"needs {self._snapshot.sources['cash']}, for the cash")
            at_end = sum((cash.low for key, cash in self._snapshot.cash.items() if key.asset == asset), Fraction(0))
            opening[asset] = at_end - books.changes.get(asset, Fraction(0))
            if opening[asset] < 0:
                raise NotToBeHad(f"the files do not explain the cash in {asset}: it would begin below zero")
        return opening

    def _check_explained(self, quantities: Mapping[PositionKey, Fraction]) -> None:
        """Refuse fills that do not come to the positions at the end: the account was not flat before them."""
        held = {key: held.quantity for key, held in self._snapshot.positions.items()}
        for key in sorted({*quantities, *held}):
            if key.market in self._markets and quantities.get(key, Fraction(0)) != held.get(key, Fraction(0)):
                at_end, filled = held.get(key, Fraction(0)), quantities.get(key, Fraction(0))
                raise NotToBeHad(
                    f"the fills of {key.market} {key.side} come to {decimal_of(filled)} and the position is "
                    f"{decimal_of(at_end)}: export all fills since it was flat"
                )

    # ------------------------------------------------------------- what happened

    def _told(self, happening: Fill | Payment | Funding, marks: dict[str, str]) -> Iterator[Line]:
        place = {"ts": time_stamp(happening.time), **({"ref": happening.ref} if happening.ref else {})}
        if isinstance(happening, Fill):
            yield from self._mark(happening.key.market, happening.price, marks, place["ts"])
            yield {**self._trade(happening), **place}
        elif isinstance(happening, Funding) and happening.rate is not None and happening.market in self._markets:
            if happening.mark is not None:
                yield from self._mark(happening.market, happening.mark, marks, place["ts"])
            rate = self._rounding.down(f"{happening.market} funding rate", happening.rate)
            yield {"type": "funding", "market": happening.market, "rate": rate, **place}
        elif happening.amount:
            kind = "deposit" if happening.amount > 0 else "withdraw"
            amount = self._rounding.down(f"{kind} in {happening.asset}", abs(happening.amount))
            yield {"type": kind, "account": ACCOUNT, "asset": happening.asset, "amount": amount, **place}

    def _mark(self, market: str, price: Fraction, marks: dict[str, str], time: str) -> Iterator[Line]:
        text = self._rounding.down(f"{market} mark", price, self._markets[market]["price_decimals"])
        if marks.get(market) != text:
            marks[market] = text
            yield {"type": "mark_price", "market": market, "price": text, "ts": time}

    def _trade(self, fill: Fill) -> Line:
        ours, theirs = ("buyer", "seller") if fill.quantity > 0 else ("seller", "buyer")
        name = fill.key.market
        line: Line = {
            "type": "trade",
            "market": name,
            "price": self._rounding.down(f"{name} price", fill.price, self._markets[name]["price_decimals"]),
            "quantity": self._rounding.down(f"{name} quantity", abs(fill.quantity)),
            ours: ACCOUNT,
            theirs: OTHERS,
            "taker": ours if fill.is_taker else theirs,
            f"{ours}_fee": self._rounding.up(f"{name} fee", fill.fee),
            f"{theirs}_fee": "0",
        }
        if fill.key.side != "BOTH":
            line[f"{ours}_side"] = fill.key.side
        observed: Line = {"accepted": True}
        if fill.after is not None:
            observed["positions"] = {position_name(fill.key): {"quantity": decimal_of(fill.after)}}
        return {**line, "observed": observed}

    def _observe(self, seen: Sighting, lines: list[Line]) -> None:
        """Put what was seen at a time to the last line of that time."""
        if not lines or lines[-1].get("ts") != time_stamp(seen.time) or lines[-1]["type"] == "mark_price":
            return
        observed = lines[-1].setdefault("observed", {"accepted": True})
        assets = {fields["asset"] for fields in self._markets.values()}
        cash = {
            cash_account_name(DomainKey(ACCOUNT, asset)): decimal_of(amount)
            for asset, amount in seen.cash.items()
            if asset in assets
        }
        held = {
            position_name(key): {"quantity": decimal_of(quantity)}
            for key, quantity in seen.positions.items()
            if key.market in self._markets and (key.side == "BOTH") == ("BOTH" in self._sides)
        }
        for key, price in seen.entries.items():
            if position_name(key) in held and price:
                held[position_name(key)]["entry_price"] = cut(f"{key.market} entry price", price, self._rounding)
        for field, found in (("ledger", cash), ("positions", held)):
            if found:
                observed[field] = {**observed.get(field, {}), **found}

    def _present(self) -> Iterator[Line]:
        """The marks at the end, the last one with what is observed of the account."""
        names = [name for name in self._markets if name in self._snapshot.markets]
        for place, name in enumerate(names):
            price = self._rounding.down(
                f"{name} mark", self._snapshot.markets[name].mark, self._markets[name]["price_decimals"]
            )
            line: Line = {"type": "mark_price", "market": name, "price": price}
            if place == len(names) - 1:
                line["observed"] = observed_now(self._exhibit, self._rounding)
            yield line


def position_name(key: PositionKey) -> str:
    """A position as `observed` names it."""
    return f"{key.account}:{key.market}:{key.side}"


def time_stamp(milliseconds: int) -> str:
    """A time as RFC 3339 has it."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03}Z"


class Books:
    """Positions and costs by ACC-02, and by how much cash changed; roundings as the rules have them."""

    def __init__(self) -> None:
        self.quantities: dict[PositionKey, Fraction] = {}
        self.changes: Amounts = {}
        self._costs: dict[PositionKey, Fraction] = {}

    def book(self, happening: Happening) -> None:
        """Book what happened."""
        if isinstance(happening, Fill):
            self._change(happening.asset, self._realised(happening) - happening.fee)
        elif not isinstance(happening, Sighting):
            self._change(happening.asset, happening.amount)

    def _change(self, asset: str, amount: Fraction) -> None:
        self.changes[asset] = self.changes.get(asset, Fraction(0)) + amount

    def _realised(self, fill: Fill) -> Fraction:
        """What a fill realises: of the part that closes, its value less the cost that it releases."""
        held, cost = self.quantities.get(fill.key, Fraction(0)), self._costs.get(fill.key, Fraction(0))
        closes = held * fill.quantity < 0
        part = min(abs(held), abs(fill.quantity)) if closes else Fraction(0)
        released = in_quanta_up(cost * part / abs(held)) if part else Fraction(0)
        closing = part if held > 0 else -part
        opening = fill.quantity + closing
        self.quantities[fill.key] = held + fill.quantity
        self._costs[fill.key] = cost - released + opening * fill.price
        return closing * fill.price - released


def in_quanta_up(amount: Fraction) -> Fraction:
    """An amount in quanta of 8 decimals, up."""
    scaled = amount * RATE_ONE
    return Fraction(div_up(scaled.numerator, scaled.denominator), 10**WIRE_DECIMALS)
