"""A venue's files as records by kind, and what of the files says less than it looks like.

An answer that is an error is refused by its code, one that shows nothing is named, and of one that is a page of several
it is said that what follows is not there.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

import attrs

from marginspec_journal import InputError
from marginspec_tools.console import printable_path
from marginspec_tools.venues.answers import Answers, Kind, Venue
from marginspec_tools.venues.claims import Exhibit, Uncheckable
from marginspec_tools.venues.documents import Entry, read_documents
from marginspec_tools.venues.unified import unwrapped

GOES_ON = "the venue says that more follow, and no file has them"
FULL = "as many records as an answer holds: those beyond may be missing"


@attrs.frozen
class Page:
    """An answer in a file: its records' kind, what it was asked by, how many they are, and if another page follows."""

    file: str
    kind: str
    asked: str
    records: int
    goes_on: bool


@attrs.frozen
class Reading:
    """What files say: records by kind, and the answers that they came in."""

    venue: Venue
    answers: Answers
    pages: tuple[Page, ...]

    def counted(self) -> dict[str, int]:
        """How many records of each kind were read."""
        return {kind: len(entries) for kind, entries in self.answers.items() if entries}

    def empty(self) -> list[str]:
        """The files in which no answer shows anything."""
        found: dict[str, int] = {}
        for page in self.pages:
            found[page.file] = found.get(page.file, 0) + page.records
        return [file for file, records in found.items() if not records]

    def files_of(self, kind: str) -> list[str]:
        """The files with records of a kind."""
        return sorted({page.file for page in self.pages if page.kind == kind})

    def exhibit(self) -> Exhibit:
        """What the files come to, and what pages are missing of them."""
        exhibit = self.venue.exhibit(self.answers)
        return attrs.evolve(exhibit, claims=(*exhibit.claims, *self.missing()))

    def missing(self) -> Iterator[Uncheckable]:
        """What follows on the last page of a kind, where that page says or looks as if something does."""
        for kind, asked in sorted({(page.kind, page.asked) for page in self.pages if page.kind}):
            pages = [page for page in self.pages if (page.kind, page.asked) == (kind, asked)]
            # An empty page, of whatever kind, may be the last one.
            ends = [page for page in self.pages if page in pages or not page.kind]
            place, most = f"{kind} {asked}".rstrip(), self.venue.most.get(kind, ())
            if all(page.goes_on for page in ends):
                yield Uncheckable(place, "pages that follow", "", GOES_ON)
            elif all(page.records in most for page in pages):
                yield Uncheckable(place, "records beyond", str(pages[-1].records), FULL)


def read_files(venue: Venue, paths: Iterable[Path]) -> Reading:
    """What files say; what no kind fits is refused with its place."""
    found: dict[str, list[Entry]] = {kind.name: [] for kind in venue.kinds}
    pages: list[Page] = []
    for path in paths:
        for document in read_documents(path):
            for answer in unwrapped(document):
                records = list(records_of(venue, answer))
                for kind, entry in records:
                    found[kind.name].append(entry)
                file, goes_on = printable_path(path), venue.goes_on(answer)
                parts = Counter((kind.name, asked_of(venue, kind, entry)) for kind, entry in records)
                pages.extend(Page(file, *part, many, goes_on) for part, many in parts.items())
                if not records:
                    pages.append(Page(file, "", "", 0, goes_on))
    return Reading(venue, {name: tuple(entries) for name, entries in found.items()}, tuple(pages))


def records_of(venue: Venue, answer: Entry) -> Iterator[tuple[Kind, Entry]]:
    """The records of an answer, each with its kind."""
    for entry in venue.records(answer):
        kind = kind_of(venue, entry)
        check_fields(kind, entry)
        yield kind, entry


def asked_of(venue: Venue, kind: Kind, entry: Entry) -> str:
    """What the answer with a record was asked by; empty if its kind is not asked by anything."""
    field = venue.asked_by.get(kind.name)
    return "" if field is None or not entry.has(field) else entry.text(field)


def kind_of(venue: Venue, entry: Entry) -> Kind:
    """The first kind that fits a record."""
    for kind in venue.kinds:
        if kind.fits(entry):
            return kind
    if isinstance(entry.value, dict):
        names = sorted(entry.value)
        listed = ", ".join(names[:8]) + (" …" if len(names) > 8 else "")
        reason = f"no answer of {venue.title} that is known here has such fields: {listed or 'none'}"
        return entry.fail(reason + nearly(venue, entry.value))
    return entry.fail(f"no answer of {venue.title} that is known here: found {entry.shown()}")


def nearly(venue: Venue, fields: Mapping[str, object]) -> str:
    """Which kind a record would be but for one field, if it is one alone."""
    lacking = [(kind, [field for field in kind.fields if field not in fields]) for kind in venue.kinds]
    near = [(kind.name, fields[0]) for kind, fields in lacking if len(fields) == 1 < len(kind.fields) - 1]
    return f"; {near[0][0]} would also have {near[0][1]}" if len(near) == 1 else ""


def check_fields(kind: Kind, entry: Entry) -> None:
    """Refuse fields that are not of a kind whose fields are all known, each with a near name if there is one."""
    if kind.optional is None:
        return
    known = (*kind.fields, *kind.optional)
    unknown = [name for name in entry.fields() if name not in known]
    if not unknown:
        return
    told = []
    for name in unknown:
        near = get_close_matches(name, [one for one in known if one not in entry.value], 1)
        told.append(f'"{name}" (did you mean {near[0]}?)' if near else f'"{name}"')
    reason = f"not among the {'columns' if entry.is_row else 'fields'} of {kind.name}: {', '.join(told)}"
    raise InputError(entry.file, 1 if entry.is_row else entry.line, entry.path or None, reason)
