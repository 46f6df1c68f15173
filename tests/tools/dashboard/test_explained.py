"""Every figure of a page leads to its explanation, and what it leads to is there."""

from functools import cache
from html.parser import HTMLParser
from urllib.parse import urlsplit

import attrs
import pytest

from worlds.served import Served

PAGES = (
    "/overview?at=2154",
    "/market?market=BTCUSDT&at=1650",
    "/market?market=SUIUSDT&at=2154",
    "/liquidations?at=1700",
    "/liquidations?at=1700&liquidation=3",
    "/account?account=a00036&at=1000",
    "/queue?market=DOGEUSDT&at=1674&looks=all",
)
COUNTED = frozenset({"rank", "stage", "look", "place", "tier"})
"""Columns that number the rows; everything else that is a number is a figure."""
VOID = frozenset({"br", "hr", "img", "input", "link", "meta"})


@attrs.define
class Reader(HTMLParser):
    """What a page has: its figures outside links and explanations, each by where it stands, and its links and ids."""

    open: list[tuple[str, dict[str, str]]] = attrs.Factory(list)
    bare: set[tuple[str, ...]] = attrs.Factory(set)
    figures: int = 0
    links: set[str] = attrs.Factory(set)
    ids: set[str] = attrs.Factory(set)
    heads: list[str] = attrs.Factory(list)
    column: int = 0

    def __attrs_post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: text or "" for name, text in attributes}
        self.ids |= {given["id"]} if "id" in given else set()
        if tag in ("thead", "tr"):
            self.column = -1
            self.heads = [] if tag == "thead" else self.heads
        self.column += tag in ("th", "td")
        if tag == "span" and "number" in given.get("class", "").split() and self.is_within("main"):
            self.figures += 1
            if not self.is_within("a", "details", "h1"):
                self.bare.add(self.place())
        if tag == "a" and self.is_within("main"):
            self.links.add(given["href"])
        if tag not in VOID:
            self.open.append((tag, given))

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Shapes of a chart, which hold nothing."""

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self.is_within("thead") and self.is_within("th") and data.strip() and len(self.heads) == self.column:
            self.heads.append(data.strip())

    def is_within(self, *tags: str) -> bool:
        """Whether one of these elements is open."""
        return any(tag in tags for tag, _ in self.open)

    def place(self) -> tuple[str, ...]:
        """The part of the page, and the column of a table's cell."""
        ids = [given["id"] for _, given in self.open if "id" in given]
        return (ids[-1], self.heads[self.column]) if self.is_within("td", "th") else (ids[-1], "")


@pytest.mark.parametrize("path", PAGES)
def test_every_figure_leads_to_its_explanation(day: Served, path: str) -> None:
    @cache
    def read(address: str) -> Reader:
        """A page of this day."""
        answer, reader = day.get(address), Reader()
        assert answer.status_code == 200, address
        reader.feed(answer.text)
        return reader

    page = read(path)
    assert page.figures > 20
    assert {place for place in page.bare if place[1] not in COUNTED} == set()
    # Of links that differ in whom they are of, one is followed.
    followed = {(urlsplit(link).path, urlsplit(link).fragment): link for link in sorted(page.links)}
    for (path_of, part), link in followed.items():
        if part:
            assert part in (read(link.partition("#")[0]) if path_of else page).ids, link
