"""What a file of this project needs and the files of a venue do not say, all at once."""

from collections.abc import Iterable, Iterator

from marginspec.model.account import DomainKey
from marginspec_tools.venues.figures import ACCOUNT, Snapshot, Terms
from marginspec_tools.venues.story import Fill, Happening


def needs_of_state(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    """What a state, or questions, need: each source that would say it, and for what."""
    yield from of_tiers(dict(snapshot.markets))
    yield from of_leverages(snapshot)
    if any(snapshot.domain_of(key) not in snapshot.cash for key in snapshot.positions):
        yield "cash", "the cash"


def needs_of_story(snapshot: Snapshot, story: Iterable[Happening]) -> Iterator[tuple[str, str]]:
    """What a journal of fills needs: each source that would say it, and for what."""
    fills = [one for one in story if isinstance(one, Fill)]
    traded = {
        one.key.market: snapshot.markets.get(one.key.market) or snapshot.listed.get(one.key.market) for one in fills
    }
    yield from of_tiers(traded)
    yield from of_leverages(snapshot)
    if any(DomainKey(ACCOUNT, asset) not in snapshot.cash for asset in {one.asset for one in fills}):
        yield "cash", "the cash"


def of_tiers(markets: dict[str, Terms | None]) -> Iterator[tuple[str, str]]:
    """The markets without tiers."""
    lacking = sorted(name for name, terms in markets.items() if terms is None or terms.tiers is None)
    if lacking:
        yield "tiers", f"the tiers of {listed(lacking)}"


def of_leverages(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    """The markets with a position and without a leverage."""
    lacking = sorted(name for name, terms in snapshot.markets.items() if terms.leverage is None)
    if lacking:
        yield "leverage", f"the leverage in {listed(lacking)}"


def listed(names: list[str]) -> str:
    """Names, as a sentence lists them."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
