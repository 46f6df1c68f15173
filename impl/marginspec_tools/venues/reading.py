"""A venue's files as records by kind, and what of the files says less than it looks like.

An answer that is an error is refused by its code, one that shows nothing is named, and of one that is a page of several
it is said that what follows is not there.
"""

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
    """An answer of a file: the kind of its records, how many, and whether the venue says that another page follows."""

    file: str
    kind: str
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
        for kind in self.counted():
            pages = [page for page in self.pages if page.kind == kind]
            ends = [page for page in self.pages if page.kind in (kind, "") and not page.goes_on]
            if not ends:
                yield Uncheckable(kind, "pages that follow", "", GOES_ON)
            elif all(page.records in self.venue.most.get(kind, ()) for page in pages):
                yield Uncheckable(kind, "records beyond", str(pages[-1].records), FULL)


def read_files(venue: Venue, paths: Iterable[Path]) -> Reading:
    """What files say; what no kind fits is refused with its place."""
    found: dict[str, list[Entry]] = {kind.name: [] for kind in venue.kinds}
    pages: list[Page] = []
    for path in paths:
        for document in read_documents(path):
            for answer in unwrapped(document):
                kinds: dict[str, int] = {}
                for entry in venue.records(answer):
                    kind = kind_of(venue, entry)
                    check_fields(kind, entry)
                    found[kind.name].append(entry)
                    kinds[kind.name] = kinds.get(kind.name, 0) + 1
                goes_on = venue.goes_on(answer)
                pages.extend(
                    Page(printable_path(path), kind, many, goes_on) for kind, many in (kinds or {"": 0}).items()
                )
    return Reading(venue, {name: tuple(entries) for name, entries in found.items()}, tuple(pages))


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
