"""`marginspec audit --against`: who would have gained or lost on the same day under another profile."""

from collections import defaultdict
from pathlib import Path
from typing import Any, get_args

import attrs
import click

from marginspec.model.state import Header, LastResort, Profile, Ranking, State
from marginspec_audit import asset_of
from marginspec_journal.decimals import decimal_text
from marginspec_journal.states import OpenedState, opening
from marginspec_tools.console import with_progress
from marginspec_tools.runs import Run, estimated_events, run_by_steps

RANKINGS, LAST_RESORTS = get_args(Ranking), get_args(LastResort)
STATES_APART = 1_000_000
"""Of a run of which only the end is asked, the states that follow are compared so seldom, and at the end."""
OWNED = ("wallet", "isolated", "position")
"""Kinds of ledger accounts that are somebody's."""


class ProfileOption(click.ParamType):  # type: ignore[type-arg]  # takes arguments in newer releases only
    """A profile by its choices, in any order, as `bitmex` or `binance,none`; what is not named is the journal's."""

    name = "profile"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> dict[str, Any]:
        """The choices by field."""
        if not isinstance(value, str):
            return dict(value)
        chosen: dict[str, Any] = {}
        for word in value.split(","):
            field = "adl_ranking" if word in RANKINGS else "last_resort" if word in LAST_RESORTS else ""
            if not field or field in chosen:
                choices = f"one of {', '.join(RANKINGS)}, one of {', '.join(LAST_RESORTS)}, or both with a comma"
                self.fail(f"{value!r} is not {choices}", param, context)
            chosen[field] = word
        return chosen


def profile_text(profile: Profile) -> str:
    """A profile as the option has it."""
    return f"{profile.adl_ranking},{profile.last_resort}"


@attrs.frozen
class Owner:
    """What an account has of an asset at the end, under one profile and the other, in quanta."""

    account: str
    asset: str
    here: int
    there: int

    @property
    def gain(self) -> int:
        """What it would have more under the other profile."""
        return self.there - self.here


@attrs.frozen
class Contrast:
    """A day under two profiles: of each account that ends otherwise, what it has; the most gained or lost first."""

    here: Profile
    there: Profile
    owners: tuple[Owner, ...]
    funds: tuple[Owner, ...]
    rejected: tuple[int, int]
    header: Header

    def rows(self) -> list[tuple[str, ...]]:
        """Who, which asset, what under either profile, and the difference."""
        return [
            (
                one.account,
                one.asset,
                *(decimal_text(amount, self.header.decimals(one.asset)) for amount in amounts(one)),
            )
            for one in (*self.owners, *self.funds)
        ]

    @property
    def text(self) -> str:
        """In one line, for people."""
        gained, lost = (sum(way * one.gain > 0 for one in self.owners) for way in (1, -1))
        names = f"{profile_text(self.there)} instead of {profile_text(self.here)}"
        return f"Under {names}: {gained:,} accounts would have gained, {lost:,} lost"

    def as_object(self) -> dict[str, Any]:
        """For programs; every account is in profiles.csv."""
        gained, lost = (sum(way * one.gain > 0 for one in self.owners) for way in (1, -1))
        return {
            "text": self.text,
            "profile": attrs.asdict(self.here),
            "against": attrs.asdict(self.there),
            "gained": gained,
            "lost": lost,
            "rejected": list(self.rejected),
        }


COLUMNS = ("account", "asset", "profile", "against", "difference")


def amounts(one: Owner) -> tuple[int, int, int]:
    """Under one profile, under the other, and the difference."""
    return one.here, one.there, one.gain


def contrast(run: Run, journal: Path, start: Path | None, chosen: dict[str, Any], other: dict[str, Any]) -> Contrast:
    """Compare the ends of a journal under two profiles; the run that was made serves if it is of the first."""
    own = run.state.header.profile
    here, there = attrs.evolve(own, **chosen), attrs.evolve(own, **other)
    first = run if here == own else run_under(journal, start, run, here)
    second = run_under(journal, start, run, there)
    before, after = ends_of(first.state), ends_of(second.state)
    owners = [Owner(*key, before[key], after[key]) for key in sorted({*before, *after})]
    moved = sorted((one for one in owners if one.gain), key=lambda one: -abs(one.gain))
    accounts = tuple(one for one in moved if ":" not in one.account)
    funds = tuple(one for one in moved if ":" in one.account)
    return Contrast(here, there, accounts, funds, (first.rejected, second.rejected), run.state.header)


def run_under(journal: Path, start: Path | None, run: Run, profile: Profile) -> Run:
    """Run a journal to its end under a profile that is not its own."""

    def under_profile(opened: OpenedState) -> OpenedState:
        """The state that a run starts from, under the other profile."""
        state = attrs.evolve(run.start.state, header=attrs.evolve(opened.state.header, profile=profile))
        return opening(state) if opened.events == 0 else attrs.evolve(opened, state=state)

    other = run_by_steps(run.engine_name, journal, start, under_profile, STATES_APART)
    for _ in with_progress(other, f"under {profile_text(profile)}", estimated_events(journal)):
        pass
    return other


def ends_of(state: State) -> dict[tuple[str, str], int]:
    """What each account and fund has of each asset, positions at mark."""
    totals: dict[tuple[str, str], int] = defaultdict(int)
    for one, balance in state.ledger.items():
        if one.kind in OWNED:
            totals[one.account, asset_of(state, one)] += balance
        elif one.kind in ("reserve", "insurance", "relief", "house"):
            totals[str(one), asset_of(state, one)] += balance
    for key, quantity in state.positions.items():
        market = state.markets[key.market]
        totals[key.account, market.asset] += market.at_mark(quantity)
    for asset, amount in state.uncovered.items():
        totals[f"uncovered:{asset}", asset] += amount
    return totals
