"""The header of a journal from its JSON object."""

from typing import Literal

from immutables import Map

from marginspec import RULEBOOK_VERSION
from marginspec.model.state import Header, Profile
from marginspec.model.units import DEFAULT_ASSET_DECIMALS, WIRE_DECIMALS
from marginspec_journal.canonical import JOURNAL_VERSION
from marginspec_journal.strict_json import Node

ADL_RANKINGS: tuple[Literal["binance", "bitmex"], ...] = ("binance", "bitmex")
LAST_RESORTS: tuple[Literal["levy", "none"], ...] = ("levy", "none")


def header_of(node: Node) -> Header:
    """The header that an object states; the profile, the assets and any of their keys may be absent."""
    fields = node.record(("journal", "rulebook"), optional=("profile", "assets"))
    if fields["journal"].integer() != JOURNAL_VERSION:
        fields["journal"].fail(f"unknown version, expected {JOURNAL_VERSION}")
    if fields["rulebook"].text() != RULEBOOK_VERSION:
        fields["rulebook"].fail(f'unknown rulebook version, expected "{RULEBOOK_VERSION}"')
    profile = _profile(fields["profile"]) if "profile" in fields else Profile()
    entries = fields["assets"].named_entries() if "assets" in fields else ()
    return Header(profile, Map({asset: _decimals(entry) for asset, entry in entries}))


def _profile(node: Node) -> Profile:
    if node.value == "reserve":
        return Profile()
    fields = node.record((), optional=("adl_ranking", "last_resort"))
    defaults = Profile()
    ranking = fields["adl_ranking"].choice(ADL_RANKINGS) if "adl_ranking" in fields else defaults.adl_ranking
    resort = fields["last_resort"].choice(LAST_RESORTS) if "last_resort" in fields else defaults.last_resort
    return Profile(ranking, resort)


def _decimals(node: Node) -> int:
    fields = node.record((), optional=("decimals",))
    return fields["decimals"].integer(0, WIRE_DECIMALS) if "decimals" in fields else DEFAULT_ASSET_DECIMALS
