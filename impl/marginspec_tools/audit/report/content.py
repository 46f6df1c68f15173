"""What the parts of the page share: what they are made of, tables of bounded length, and figures for people."""

from collections.abc import Iterator, Sequence
from typing import Any
from xml.etree.ElementTree import Element

import attrs

from marginspec_tools.audit.audited import Audited
from marginspec_tools.audit.baseline import Review
from marginspec_tools.audit.faults import number_of
from marginspec_tools.audit.profiles import Contrast
from marginspec_tools.audit.report.history import History
from marginspec_tools.audit.report.setting import Setting
from marginspec_tools.markup import add, add_table

MOST_ROWS = 100
MOST_NAMES = 25
NAMED = 4
"""So many rows are shown of a table, names of markets and accounts in one, and accounts in a row."""


@attrs.frozen
class Report:
    """What the page is made of; `summary` is the one for programs."""

    audited: Audited
    summary: dict[str, Any]
    history: History
    setting: Setting
    review: Review | None = None
    contrast: Contrast | None = None

    def compared(self) -> Iterator[tuple[str, Review | Contrast]]:
        """What the report is compared with, by name."""
        if self.review is not None:
            yield "baseline", self.review
        if self.contrast is not None:
            yield "contrast", self.contrast


def add_rows(
    part: Element,
    heads: Sequence[str],
    rows: Sequence[tuple[str, ...]],
    caption: str,
    numbers: Sequence[bool],
    file: str,
    most: int = MOST_ROWS,
) -> None:
    """A table of bounded length with named rows; nothing if there are none."""
    if not rows:
        return
    add_table(part, heads, rows[:most], caption=caption, numbers=numbers, is_named=True)
    if len(rows) > most:
        add(part, "p", f"and {len(rows) - most:,} more, in {file}", kind="more")


def times_of(kind: str, times: int) -> str:
    """How often something happened in the waterfall."""
    return "1 levy" if (kind, times) == ("levies", 1) else number_of(kind.replace("_", " "), times)


def named(accounts: Sequence[str]) -> str:
    """Some accounts, the first of them by name."""
    more = f" and {len(accounts) - NAMED:,} more" if len(accounts) > NAMED else ""
    return ", ".join(accounts[:NAMED]) + more
