"""The site as a whole: links hold, names lead to what they name, nothing comes from elsewhere; a browser shows it."""

import re
import threading
from collections.abc import Callable, Iterator
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from bs4 import BeautifulSoup, Tag
from playwright.sync_api import Browser

from marginspec_tools.prove.traceability import read_clauses
from rulebook_site.names import ANY_ID
from rulebook_site.records import Records
from worlds.browser import Scheme, chromium, overflow, violations, watched

ROOT = Path(__file__).parents[2]
Pages = Callable[[str], BeautifulSoup]
LOOKED_AT = (
    *("index.html", "rulebook/02-ledger.html", "theorems/liquidation.html", "glossary.html"),
    *("how-to/read-a-proof.html", "files/spec/marginspec/settlement/liquidation.py.html"),
)
ELSEWHERE = re.compile(r"url\(\s*['\"]?(?:https?:)?//|@import")


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the class it comes from has it
        pass


@pytest.fixture(scope="module")
def host(site: Path) -> Iterator[str]:
    """A server on this machine that serves the site."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


class Outline(HTMLParser):
    """What a page has and wants: its anchors, where it leads, and what it takes, as styles, scripts and pictures."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors, self.leads, self.takes = set[str](), set[str](), set[str]()
        self.classes = set[str]()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element has."""
        has = {name: value or "" for name, value in attrs}
        self.anchors.update([has["id"]] if "id" in has else ())
        self.classes.update(has.get("class", "").split())
        if "src" in has or (tag == "link" and "href" in has):
            self.takes.add(has.get("src", has.get("href", "")))
        elif tag == "a" and "href" in has:
            self.leads.add(has["href"])


@pytest.fixture(scope="module")
def outlines(site: Path) -> dict[str, Outline]:
    """Each page of the site by its path."""
    found = {path.relative_to(site).as_posix(): path for path in sorted(site.rglob("*.html"))}
    return {name: Outline(path.read_text("utf-8")) for name, path in found.items()}


def test_links_lead_to_pages_and_anchors_that_are_there(site: Path, outlines: dict[str, Outline]) -> None:
    links = {(path, link) for path, outline in outlines.items() for link in outline.leads | outline.takes}
    targets = {one: urlsplit(urljoin(*one)) for one in links}
    inside = {one: target for one, target in targets.items() if not target.scheme}
    lost = [one for one, target in inside.items() if not (site / target.path).is_file()]
    anchored = {one: target for one, target in inside.items() if target.fragment and one not in lost}
    lost += [one for one, to in anchored.items() if unquote(to.fragment) not in outlines[to.path].anchors]
    assert sorted(lost) == []
    # Others are not asked: a test needs no network.
    assert {target.scheme for target in targets.values()} == {"", "https"}


def test_no_page_takes_anything_from_elsewhere(site: Path, outlines: dict[str, Outline]) -> None:
    taken = {one for outline in outlines.values() for one in outline.takes}
    assert {one for one in taken if urlsplit(one).scheme or urlsplit(one).netloc} == set()
    styles = {path.name: path.read_text("utf-8") for path in site.rglob("*.css")}
    assert [name for name, text in styles.items() if ELSEWHERE.search(text)] == []


def test_a_clause_has_an_address_of_its_own(site: Path, page: Pages) -> None:
    for clause in read_clauses(ROOT):
        leads = page(f"rulebook/{clause.id}.html").find("a", href=True)
        assert isinstance(leads, Tag)
        assert leads["href"] == f"{clause.page.removesuffix('.md')}.html#{clause.id.lower()}"


def test_an_id_in_a_text_leads_to_its_place(page: Pages, records: Records) -> None:
    for path in ("rulebook/07-waterfall.html", "theorems/solvency.html", "incidents.html", "glossary.html"):
        for link in page(path).find_all("a", class_="id"):
            assert str(link["href"]).rpartition("#")[2] == link.get_text().lower()
    text = page("theorems/unshown.html").find("article")
    assert isinstance(text, Tag)
    loose = [one for one in text.find_all(string=ANY_ID) if one.find_parent("a") is None]
    assert loose == []


def test_a_term_tells_its_meaning(page: Pages, records: Records) -> None:
    section = page("rulebook/06-liquidation.html").find(id="liq-03")
    assert isinstance(section, Tag)
    terms = {one.get_text(): one for one in section.find_all("a", class_="term")}
    (row,) = [row for row in records.glossary if row.cells[0] == "takeover"]
    assert {"healthy", "equity", "relief", "bankruptcy value"} <= set(terms)
    assert terms["healthy"]["title"] == "without a position, or with an equity above maintenance margin"
    assert terms["healthy"]["href"] == "../glossary.html#term-healthy"
    place = page("glossary.html").find(id="term-takeover")
    assert isinstance(place, Tag)
    assert [cell.get_text() for cell in place.find_all("td")] == list(row.cells)


def test_a_page_on_theorems_ends_with_what_they_do_not_say(page: Pages, records: Records) -> None:
    for name, ids in records.theorem_pages.items():
        soup = page(f"theorems/{name.removesuffix('.md')}.html")
        status, unsaid = soup.find(id="status"), soup.find(id="what-these-proofs-do-not-say")
        assert isinstance(status, Tag)
        assert isinstance(unsaid, Tag)
        first = [row.select_one("td") for row in status.find_all("tr")]
        assert [cell.get_text() for cell in first if cell is not None] == ids
        assert unsaid.find("a", href="unshown.html") is not None
        for one in ids:
            assert all(used in unsaid.get_text() for used in records.theorems[one].uses)


def test_no_page_offers_to_edit_it_or_to_see_its_source(site: Path, outlines: dict[str, Outline]) -> None:
    classes = {one for outline in outlines.values() for one in outline.classes}
    assert classes & {"edit-this-page", "view-this-page"} == set()
    assert list((site / "_sources").rglob("*.*")) == []


# ------------------------------------------------------------------- in a browser


@pytest.mark.parametrize("path", LOOKED_AT)
def test_a_page_is_accessible_and_fits(browser: Browser, host: str, path: str) -> None:
    looks: tuple[tuple[int, Scheme], ...] = ((400, "light"), (1280, "dark"))
    for width, scheme in looks:
        with watched(browser, host, width=width, scheme=scheme) as seen:
            seen.page.goto(f"http://{host}/{path}")
            seen.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
            assert violations(seen.page) == []
            assert overflow(seen.page) <= 0
            seen.page.set_viewport_size({"width": 3840, "height": 2160})
            assert overflow(seen.page) <= 0


def test_the_address_of_a_clause_leads_to_it(browser: Browser, host: str) -> None:
    with watched(browser, host) as seen:
        seen.page.goto(f"http://{host}/rulebook/LIQ-01.html")
        seen.page.wait_for_url(f"http://{host}/rulebook/06-liquidation.html#liq-01")


def test_a_search_of_files_needs_no_server(browser: Browser, site: Path) -> None:
    with watched(browser, "") as seen:
        seen.page.goto(f"{site.as_uri()}/search.html?q=bankruptcy+price")
        seen.page.wait_for_selector("#search-results li a")
        found = [one.get_attribute("href") for one in seen.page.query_selector_all("#search-results li a")]
    assert found[0] == "rulebook/04-margin.html#mrg-08"
    assert {"glossary.html", "theorems/bands.html"} <= set(found)
