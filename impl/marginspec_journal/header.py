"""The header of a journal: the profile and the decimals of assets, as the JSON object that a journal begins with."""

from hashlib import sha256

from immutables import Map

from marginspec import RULEBOOK_VERSION
from marginspec.model.state import Header, Profile
from marginspec.model.units import DEFAULT_ASSET_DECIMALS, WIRE_DECIMALS
from marginspec_journal.canonical import JsonObject, canonical_json
from marginspec_journal.records import RecordForm
from marginspec_journal.strict_json import Node

JOURNAL_VERSION = 1
EARLIER_RULEBOOKS = ("1",)
PROFILE = RecordForm(Profile)
STANDARD_PROFILE = "reserve"
"""Names the profile whose fields all have their defaults."""


def header_object(header: Header) -> JsonObject:
    """The header with every default filled in; assets as they were given, each with its decimals."""
    decimals = header.asset_decimals
    return {
        "assets": {asset: {"decimals": decimals[asset]} for asset in sorted(decimals)},
        "journal": JOURNAL_VERSION,
        "profile": PROFILE.encode(header.profile),
        "rulebook": RULEBOOK_VERSION,
    }


def header_hash(header: Header) -> bytes:
    """What the chain of a journal starts from: SHA-256 of the canonical header, 32 bytes."""
    return sha256(canonical_json(header_object(header))).digest()


def header_of(node: Node) -> Header:
    """The header that an object states; the profile, the assets and any of their keys may be absent."""
    fields = node.record(("journal", "rulebook"), optional=("profile", "assets"))
    if fields["journal"].integer() != JOURNAL_VERSION:
        fields["journal"].fail(f"unknown version, expected {JOURNAL_VERSION}")
    check_rulebook(fields["rulebook"])
    profile = _profile(fields["profile"]) if "profile" in fields else Profile()
    entries = fields["assets"].named_entries() if "assets" in fields else ()
    return Header(profile, Map({asset: _decimals(entry) for asset, entry in entries}))


def check_rulebook(node: Node) -> None:
    """Refuse what was made under another version of the rulebook."""
    version = node.text()
    if version in EARLIER_RULEBOOKS:
        gone = f'rulebook {version} has other outcomes and is not run any more, expected "{RULEBOOK_VERSION}"'
        node.fail(f"{gone}: events and questions run by that once they state it; states and answers must be made anew")
    if version != RULEBOOK_VERSION:
        node.fail(f'unknown rulebook version, expected "{RULEBOOK_VERSION}"')


def _profile(node: Node) -> Profile:
    if node.value == STANDARD_PROFILE:
        return Profile()
    return Profile(**PROFILE.values(node.record((), optional=PROFILE.required)))


def _decimals(node: Node) -> int:
    fields = node.record((), optional=("decimals",))
    return fields["decimals"].integer(0, WIRE_DECIMALS) if "decimals" in fields else DEFAULT_ASSET_DECIMALS
