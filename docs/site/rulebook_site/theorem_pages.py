"""What is recorded of a page's theorems, as Markdown at its end: their status, and what they do not say."""

from rulebook_site.markdown import plain, table
from rulebook_site.records import Records


def end_of_page(records: Records, page: str) -> str:
    """The status of the theorems that a page of docs/theorems introduces; empty for a page that introduces none."""
    ids = records.theorem_pages.get(page, ())
    if not ids:
        return ""
    rows = []
    for one in ids:
        theorem, entry = records.theorems[one], records.status[one]
        clauses, counts = " ".join(theorem.rules), (f"{entry.paths:,}", f"{entry.obligations:,}")
        rows.append((one, plain(theorem.sentence), clauses, theorem.scope, entry.status, *counts))
    titles = ("theorem", "says", "clauses", "scope", "status", "paths", "obligations")
    return f"\n\n## Status\n\n{table(titles, rows, numbers=2)}\n{unsaid(records, ids)}"


def unsaid(records: Records, ids: list[str]) -> str:
    """What the theorems of a page do not say, as far as it is recorded."""
    uses = {one: records.theorems[one].uses for one in ids if records.theorems[one].uses}
    slow = [one for one in ids if not records.theorems[one].fast]
    stated = [f"- {one} takes {', '.join(used)} for granted.\n" for one, used in uses.items()]
    if slow:
        stated.append(f"- Proved by `marginspec prove` only, and not anew by the tests: {', '.join(slow)}.\n")
    body = "".join(stated) or "- Each stands by itself: none takes another for granted.\n"
    general = "[What the theorems leave unshown](unshown.md) says how far all of them reach, kind by kind.\n"
    return f"\n## What these proofs do not say\n\n{body}\n{general}"
