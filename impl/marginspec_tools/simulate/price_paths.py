"""Price paths in integers: jump-diffusion drawn from a seed, and real closes read from a CSV file."""

import csv
import re
from collections.abc import Container, Iterable
from contextlib import suppress
from datetime import date
from io import StringIO
from pathlib import Path
from typing import NamedTuple, Protocol

import attrs

from marginspec.model.units import MAX_PRICE, RATE_ONE
from marginspec_journal import InputError
from marginspec_journal.whole_files import read_whole
from marginspec_tools.simulate.seeded_random import SeededRandom

CLOSE_COLUMNS = ("date", "market", "close")
CLOSE_PATTERN = re.compile(r"(0|[1-9][0-9]{0,29})(\.[0-9]{1,18})?")
DATE_PATTERN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@attrs.frozen
class Moment:
    """How far a scenario is: `passed` of `total` events, 0 <= passed <= total, total > 0."""

    passed: int
    total: int


class PricePath(Protocol):
    """Where a market's mark goes next."""

    def next_price(self, market: str, price: int, decimals: int, moment: Moment, draws: SeededRandom) -> int:
        """The next mark in units of 10^-decimals, given the present one; positive and within its limit."""


def within_limits(price: int) -> int:
    """A price moved into the range that the rulebook allows."""
    return max(1, min(price, MAX_PRICE))


@attrs.frozen
class JumpDiffusion:
    """Each mark moves by a bell-shaped return, and now and then by a jump on top; all in units of 1e-8."""

    volatility: int = 500_000
    jump_probability: int = 3_000_000
    jump_mean: int = -2_000_000
    jump_deviation: int = 4_000_000

    def next_price(self, market: str, price: int, decimals: int, moment: Moment, draws: SeededRandom) -> int:  # noqa: ARG002
        """The present price times one plus the return, rounded down."""
        change = draws.bell(self.volatility)
        if draws.below(RATE_ONE) < self.jump_probability:
            change = change + self.jump_mean + draws.bell(self.jump_deviation)
        return within_limits(price * max(1, RATE_ONE + change) // RATE_ONE)


@attrs.frozen
class Close:
    """A closing price as it was read: the integer `digits` count 10^-decimals."""

    digits: int
    decimals: int

    def units(self, decimals: int) -> int:
        """The close in units of 10^-decimals, rounded down, but at least one unit."""
        if decimals >= self.decimals:
            scaled = self.digits * 10 ** (decimals - self.decimals)
        else:
            scaled = self.digits // 10 ** (self.decimals - decimals)
        return within_limits(scaled)


@attrs.frozen
class RealCloses:
    """Marks that run through each market's closes, the first at the start and the last at the end.

    Between two closes marks lie on a straight line, rounded down.
    """

    closes: dict[str, tuple[Close, ...]]

    def first_price(self, market: str, decimals: int) -> int:
        """A market's first close in units of 10^-decimals."""
        return self.closes[market][0].units(decimals)

    def next_price(self, market: str, price: int, decimals: int, moment: Moment, draws: SeededRandom) -> int:  # noqa: ARG002
        """The price at this moment of the path; the present one does not matter."""
        series = self.closes[market]
        travelled = moment.passed * (len(series) - 1)
        place = travelled // moment.total
        if place >= len(series) - 1:
            return series[-1].units(decimals)
        left, right = series[place].units(decimals), series[place + 1].units(decimals)
        return left + (right - left) * (travelled - place * moment.total) // moment.total


class ClosesFile(NamedTuple):
    """A file of closes and its bytes, read once, so that what is stated of it is of what is used."""

    path: Path
    text: bytes


def read_closes_file(path: Path) -> ClosesFile:
    """The bytes of a file of closes; InputError if it cannot be read."""
    return ClosesFile(path, read_whole(path))


def closes_in(file: ClosesFile, known: Container[str]) -> RealCloses:
    """The closes of a CSV file with the columns date, market and close; known markets only, and their dates must rise.

    Raises InputError with line, field and reason for anything else.
    """
    name = str(file.path)
    try:
        lines = StringIO(file.text.decode(), newline="")
        return closes_from(csv.reader(lines, strict=True), known, name)
    except (UnicodeDecodeError, csv.Error) as problem:
        raise InputError(name, None, None, f"not a CSV file in UTF-8: {problem}") from None


def closes_from(rows: Iterable[list[str]], known: Container[str], name: str) -> RealCloses:
    """Collect the closes of each market, in order of their dates; `name` is that of the file."""
    found: dict[str, list[Close]] = {}
    last_dates: dict[str, date] = {}
    header: tuple[str, ...] | None = None
    for line, row in enumerate(rows, start=1):
        if header is None:
            header = tuple(row)
            if sorted(header) != sorted(CLOSE_COLUMNS):
                raise InputError(name, 1, None, f"columns must be date, market, close; found {', '.join(row)}")
            continue
        if len(row) != len(CLOSE_COLUMNS):
            raise InputError(name, line, None, f"{len(CLOSE_COLUMNS)} fields expected, {len(row)} found")
        cells = dict(zip(header, row, strict=True))
        market = known_market(cells["market"], known, name, line)
        day = close_day(cells["date"], name, line)
        if market in last_dates and day <= last_dates[market]:
            raise InputError(name, line, "date", f"{day} is not after {last_dates[market]} of {market}")
        last_dates[market] = day
        found.setdefault(market, []).append(close_price(cells["close"], name, line))
    if not found:
        raise InputError(name, None, None, "no closes")
    return RealCloses({market: tuple(series) for market, series in found.items()})


def known_market(cell: str, known: Container[str], name: str, line: int) -> str:
    """A market of the venue."""
    if cell not in known:
        raise InputError(name, line, "market", f"unknown market {cell!r}")
    return cell


def close_day(cell: str, name: str, line: int) -> date:
    """The day of a close, as YYYY-MM-DD."""
    if DATE_PATTERN.fullmatch(cell):
        with suppress(ValueError):
            return date.fromisoformat(cell)
    raise InputError(name, line, "date", f"{cell!r} is not a date YYYY-MM-DD")


def close_price(cell: str, name: str, line: int) -> Close:
    """A positive close, exact."""
    if not CLOSE_PATTERN.fullmatch(cell):
        raise InputError(name, line, "close", f"{cell!r} is not a decimal")
    whole, _, fraction = cell.partition(".")
    close = Close(int(whole + fraction), len(fraction))
    if close.digits == 0:
        raise InputError(name, line, "close", "must be positive")
    return close
