"""Answers that ccxt has made its own of: the venue's answer, which it keeps as `info`, is taken out of them.

Its own fields are floats, some computed anew by a formula of its own, so nothing else of them is read.
"""

from collections.abc import Iterator

from marginspec_tools.venues.documents import Entry

OWN_FIELDS = ("symbol", "free", "currency", "timestamp")
"""Fields of ccxt's own, at least one of which stands beside every `info`."""


def unwrapped(document: Entry) -> Iterator[Entry]:
    """The venue's answers in a document, or the document if ccxt has no part in it."""
    if isinstance(document.value, list) and any(is_unified(element) for element in document.elements()):
        for element in document.elements():
            yield from unwrapped(element)
    elif is_unified(document):
        yield document.child("info")
    elif is_tiers(document):
        for symbol in document.fields():
            yield from tiers_of(document.child(symbol), symbol)
    else:
        yield document


def is_unified(entry: Entry) -> bool:
    """Whether ccxt has made a value: a venue's own `info` is a word."""
    kept = entry.has("info") and isinstance(entry.value["info"], dict | list)
    return kept and any(entry.has(field) for field in OWN_FIELDS)


def is_tiers(document: Entry) -> bool:
    """Whether a document is tiers by ccxt's symbols, BASE/QUOTE:SETTLE."""
    if not isinstance(document.value, dict) or not document.value:
        return False
    return all("/" in symbol and isinstance(rows, list) for symbol, rows in document.value.items())


def tiers_of(rows: Entry, symbol: str) -> Iterator[Entry]:
    """The venue's tiers of a symbol; where they do not name it, they are brackets, below its name at the venue."""
    infos = [row.child("info") for row in rows.elements()]
    if all(info.has("symbol") or info.has("tier", "minSz") for info in infos):
        yield from infos
    else:
        name = symbol.partition(":")[0].replace("/", "")
        brackets = [info.fields() for info in infos]
        yield Entry(rows.file, rows.line, rows.path, {"symbol": name, "brackets": brackets})
