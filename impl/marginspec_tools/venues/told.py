"""The figures that a venue shows of positions and domains, as `observed` of a journal states them.

What a journal cannot hold is rounded, a mark above all, so that an audit of it can only say that a figure is right
within that. `import` therefore judges each on the account as the venue shows it too, and names what does not agree.
"""

from collections.abc import Mapping
from fractions import Fraction

from marginspec.model.account import PositionKey
from marginspec_tools.venues.claims import Claim, Exhibit, Uncheckable
from marginspec_tools.venues.figures import ACCOUNT, Held, decimal_of
from marginspec_tools.venues.rounding import Rounding

Told = dict[str, dict[str, str | int]]
"""By position or domain, its figures."""


def claims_told(exhibit: Exhibit) -> list[Claim | Uncheckable]:
    """What is claimed of positions and assets in figures that `observed` has.

    Of what one account's files let nobody check, that is an indicator; sums of another moment are left.
    """
    told = {**exhibit.told, **exhibit.told_of_assets}
    return [one for one in exhibit.claims if one.field in told and (isinstance(one, Claim) or is_indicator(one, told))]


def is_indicator(one: Uncheckable, told: Mapping[str, str]) -> bool:
    """Whether this is an indicator of deleveraging as ADL-05 has it."""
    return told[one.field] == "adl" and one.shown in ("0", "1", "2", "3", "4")


def figures_told(exhibit: Exhibit, rounding: Rounding) -> tuple[Told, Told]:
    """The figures of positions and of domains that a venue shows, by the names that `observed` has for them."""
    snapshot = exhibit.snapshot
    positions: Told = {}
    domains: Told = {}
    places = {place: key for key in snapshot.positions for place in (f"{key.market} {key.side}", key.market)}
    cross = {domain.asset for domain in snapshot.cash if domain.is_cross}
    cross -= {domain.asset for domain in map(snapshot.domain_of, snapshot.positions) if not domain.is_cross}
    for key, held in snapshot.positions.items():
        positions[name_of(key)] = entry_of(held, f"{key.market} {key.side}", rounding)
    for claim in claims_told(exhibit):
        if claim.place in places and claim.field in exhibit.told:
            figures = positions[name_of(places[claim.place])]
            figures[exhibit.told[claim.field]] = text_of(claim, rounding)
        elif claim.place in cross and claim.field in exhibit.told_of_assets:
            figures = domains.setdefault(f"{ACCOUNT}:{claim.place}", {})
            figures[exhibit.told_of_assets[claim.field]] = text_of(claim, rounding)
    return positions, domains


def text_of(claim: Claim | Uncheckable, rounding: Rounding) -> str | int:
    """What is shown: nothing where there is none is 0, and an indicator a whole number."""
    if isinstance(claim, Uncheckable):
        return int(claim.shown)
    if claim.shown is None:
        return "0"
    return cut(f"{claim.place} {claim.field}", claim.shown.value, rounding)


def entry_of(held: Held, place: str, rounding: Rounding) -> dict[str, str | int]:
    """The entry price of a position, if the venue shows it."""
    return {} if held.entry is None else {"entry_price": cut(f"{place} entry price", held.entry, rounding)}


def cut(what: str, shown: Fraction, rounding: Rounding) -> str:
    """A figure in the digits that a journal has, towards zero as venues cut."""
    if shown < 0:
        return decimal_of(-Fraction(rounding.down(what, -shown)))
    return rounding.down(what, shown)


def name_of(key: PositionKey) -> str:
    """A position as `observed` names it."""
    return f"{key.account}:{key.market}:{key.side}"
