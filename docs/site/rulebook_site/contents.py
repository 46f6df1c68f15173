"""The order of the site's pages: what stands in its sidebar, and in which part."""

from collections.abc import Iterable
from pathlib import Path

RULEBOOK = (
    *("00-numbers", "01-markets", "02-ledger", "03-accounts", "04-margin", "05-trading", "06-liquidation"),
    *("07-waterfall", "08-transparency", "09-events", "10-invariants", "11-wire", "names"),
)
PARTS = {
    "How to": (
        *("how-to/check-an-account", "how-to/audit-an-exchange", "how-to/validate-your-engine"),
        *("how-to/read-a-proof", "how-to/change-a-rule"),
    ),
    "Rulebook": ("rulebook/index", *(f"rulebook/{name}" for name in RULEBOOK), "why-these-rules", "glossary"),
    "Proofs": ("theorems/index", "theorems/unshown", "theorems/mutants", "traceability"),
    "Where it comes from": ("sources", "decisions/index", "incidents"),
    "Conformance": (
        *("conformance/index", "conformance/vectors", "conformance/protocol", "conformance/field"),
        "conformance/faults",
    ),
    "Reference": ("calc", "library", "engine"),
}
"""The parts of the sidebar, and the pages of each."""
FOLDERS = {"theorems": {"README", "unshown", "mutants"}, "decisions": {"README"}}
"""Folders whose pages stand below their own first page, and those of them that stand elsewhere."""


def contents_of(document: str, docs: Path) -> str:
    """The lists of pages that a document has in the site, as Markdown; empty for most."""
    folder, _, name = document.rpartition("/")
    if document == "index":
        return "".join(listing(pages, part) for part, pages in PARTS.items())
    if name == "index" and folder in FOLDERS:
        names = sorted(path.stem for path in (docs / folder).glob("*.md"))
        return listing(f"{folder}/{one}" for one in names if one not in FOLDERS[folder])
    return ""


def listing(pages: Iterable[str], caption: str = "") -> str:
    """A list of pages that shows in the sidebar alone."""
    head = f":caption: {caption}\n" if caption else ""
    lines = "".join(f"/{page}\n" for page in pages)
    return f"\n```{{toctree}}\n:hidden:\n{head}\n{lines}```\n"
