"""Markdown: small pieces of it written, and its tables and titles read where nothing else records what they say."""

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

import attrs
from markdown_it import MarkdownIt

FENCE = "````"
"""Longer than any fence in what is quoted."""


@attrs.frozen
class Row:
    """A row of a table: its cells as Markdown, and the heading above the table."""

    heading: str
    cells: tuple[str, ...]


def rows_in(page: Path) -> list[Row]:
    """The rows of all tables of a page, in order, their heads left out."""
    heading, rows, cells, is_head = "", list[Row](), list[str](), False
    tokens = MarkdownIt("commonmark").enable("table").parse(page.read_text("utf-8"))
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type == "inline" and before is not None:
            heading = token.content if before.type == "heading_open" else heading
            cells += [token.content] if before.type in ("td_open", "th_open") else []
        elif token.type in ("thead_open", "thead_close"):
            is_head = token.type == "thead_open"
        elif token.type == "tr_close":
            rows += [] if is_head else [Row(heading, tuple(cells))]
            cells = []
    return rows


def title_of(page: Path) -> str:
    """A page's first heading."""
    return page.read_text("utf-8").splitlines()[0].removeprefix("# ")


def cell(text: object) -> str:
    """A text as a cell of a table."""
    return str(text).replace("|", "\\|").replace("\n", " ")


def table(titles: Sequence[str], rows: Iterable[Sequence[object]], numbers: int = 0) -> str:
    """A table; its last columns, so many, are numbers."""
    marks = ["---"] * (len(titles) - numbers) + ["--:"] * numbers
    lines = [titles, marks, *([cell(one) for one in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def listed(entries: Iterable[tuple[str, str]]) -> str:
    """A list of what is named, each with what is said of it."""
    return "".join(f"- {name}  \n  {told}\n" for name, told in entries)


def code_block(language: str, text: str) -> str:
    """A block of code in a language."""
    return f"{FENCE}{language}\n{text.rstrip()}\n{FENCE}\n"


def quoted(text: str) -> str:
    """A text as code within a line, whatever it holds."""
    ticks = "``" if "`" in text else "`"
    room = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{room}{text}{room}{ticks}"


def plain(text: str) -> str:
    """A text that is no Markdown, as Markdown that reads the same."""
    return "".join(f"\\{one}" if one in "\\`*_[]<>#{}~$&" else one for one in text)


def fold(title: str, summary: str, body: str, is_open: bool = False) -> str:
    """A part that can be folded: its title, how much is in it, and the Markdown within."""
    head = f"<strong>{escape(title)}</strong> <span>{escape(summary)}</span>"
    return f"<details{' open' if is_open else ''}>\n<summary>{head}</summary>\n\n{body}\n</details>\n\n"


def counted(count: int, one: str, many: str = "") -> str:
    """How many there are, in words."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
