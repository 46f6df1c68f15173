"""A journal of what happened to an account, from nothing; or of one mark, from an opening state.

The account begins flat, with the cash that leaves it what it has at the end. Whoever it trades with is one synthetic
account. Files of one account do not say each mark, so that of each fill its own price stands for it.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import attrs

from marginspec.model.account import DomainKey, PositionKey
from marginspec.model.units import MAX_LEVERAGE
from marginspec_tools.observed import ValueKind
from marginspec_tools.venues.books import Books, Opening, openings, unexplained
from marginspec_tools.venues.claims import Exhibit
from marginspec_tools.venues.figures import ACCOUNT, NotToBeHad, decimal_of
from marginspec_tools.venues.history import in_order
from marginspec_tools.venues.rounding import Rounding, mark_digits, market_fields
from marginspec_tools.venues.story import Fill, Funding, Happening, Payment, Sighting
from marginspec_tools.venues.told import cut, figures_told
from marginspec_tools.venues.tolerances import Drift, drift_of, tolerances_for
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
MAY_DIFFER = "see what check says of the same files"
UNSEEN = "money that the files lack would be in it, unseen"


@attrs.frozen
class Made:
    """A journal: its lines, and what an audit of it must tolerate, since it is rounded."""

    lines: list[Line]
    tolerances: Mapping[ValueKind, Fraction]


def begins_flat(exhibit: Exhibit) -> bool:
    """Whether files say what happened, so that a journal of it begins with nothing, and not with a state."""
    return any(isinstance(one, Fill) for one in exhibit.story())


def journal_of(exhibit: Exhibit, rounding: Rounding) -> Made:
    """A journal: of what happened if files say that, else of the marks as they are."""
    if begins_flat(exhibit):
        telling = Telling(exhibit, exhibit.story(), rounding)
        return Made(list(telling.lines()), telling.tolerances())
    lines = [HEADER, *marks_of(exhibit, rounding)]
    digits = {name: mark_digits(exhibit.snapshot, name) for name in exhibit.snapshot.markets}
    return Made(lines, tolerances_for(exhibit, digits, Drift()))


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
        self._books = Books(self._story)
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
        openings = self._openings()
        for opening in openings:
            yield deposit(OTHERS, opening.asset, decimal_of(OTHERS_CASH))
        told = [*self._deposits(openings), *self._happened()]
        # The first deposit opens the account; before that it has nothing to set.
        first = next((place for place, line in enumerate(told, 1) if opens_the_account(line)), 0)
        yield from told[:first]
        yield from self._all_settings()
        yield from told[first:]
        yield from self._present()

    def tolerances(self) -> Mapping[ValueKind, Fraction]:
        """What an audit must tolerate."""
        digits = {name: fields["price_decimals"] for name, fields in self._markets.items()}
        return tolerances_for(self._exhibit, digits, drift_of(self._exhibit, self._books))

    def _openings(self) -> list[Opening]:
        """What the account began with; refused if the files do not come to what there is at the end."""
        reason = unexplained(self._snapshot, self._books)
        if reason:
            raise NotToBeHad(reason)
        assets = {fields["asset"] for fields in self._markets.values()}
        units = self._exhibit.unit, self._exhibit.entry_unit
        found = list(openings(self._snapshot, self._books, assets, *units))
        for opening in found:
            if opening.amount < 0:
                raise NotToBeHad(f"the cash in {opening.asset} at the beginning is {opening.why()}; {MAY_DIFFER}")
        return found

    def _deposits(self, openings: Iterable[Opening]) -> Iterator[Line]:
        for opening in openings:
            if opening.amount:
                text = self._rounding.down(f"opening cash in {opening.asset}", opening.amount)
                self._rounding.say(f"{opening.asset}: {text} is put in at the beginning, {opening.why()}; {UNSEEN}")
                yield deposit(ACCOUNT, opening.asset, text)

    def _happened(self) -> list[Line]:
        """What happened, as lines, with what was seen after each."""
        marks: dict[str, str] = {}
        lines: list[Line] = []
        for happening in self._story:
            if isinstance(happening, Sighting):
                self._observe(happening, lines)
            else:
                lines.extend(self._told(happening, marks))
        return lines

    def _all_settings(self) -> Iterator[Line]:
        if "BOTH" not in self._sides:
            yield {"type": "set_position_mode", "account": ACCOUNT, "mode": "hedge"}
        for name in self._markets:
            yield from self._settings(name)

    def _settings(self, market: str) -> Iterator[Line]:
        terms = self._snapshot.markets.get(market)
        if terms is not None and terms.isolated:
            mode = margin_mode(self._snapshot, market)
            yield {"type": "set_margin_mode", "account": ACCOUNT, "market": market, "mode": mode}
        if terms is not None and terms.leverage is not None and terms.leverage <= MAX_LEVERAGE:
            yield {"type": "set_leverage", "account": ACCOUNT, "market": market, "leverage": terms.leverage}

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
            # Funding without its rate is none of the venue's withdrawals, so that it says nothing of one.
            is_funding = isinstance(happening, Funding) or happening.what == "funding"
            seen = {} if is_funding else {"observed": {"accepted": True}}
            yield {"type": kind, "account": ACCOUNT, "asset": happening.asset, "amount": amount, **seen, **place}

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


def deposit(account: str, asset: str, amount: str) -> Line:
    """A deposit, as a line."""
    return {"type": "deposit", "account": account, "asset": asset, "amount": amount}


def opens_the_account(line: Line) -> bool:
    """Whether a line is a deposit of the account's."""
    return bool(line["type"] == "deposit" and line["account"] == ACCOUNT)


def position_name(key: PositionKey) -> str:
    """A position as `observed` names it."""
    return f"{key.account}:{key.market}:{key.side}"


def time_stamp(milliseconds: int) -> str:
    """A time as RFC 3339 has it."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03}Z"
