"""Journals whose names and refs are as hostile as the wire allows break no page and put nothing into one."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, expect

from marginspec_journal.names import is_name
from marginspec_tools.dashboard.pages import PAGES as ALL_PAGES
from marginspec_tools.dashboard.view import Source
from worlds.browser import violations, watched
from worlds.lines import lines_of_the_day
from worlds.served import Served, served

MARKETS = {
    "BTCUSDT": "..",
    "SUIUSDT": "\u0645\u062d\u0645\u062f.\u05d0\u05d1\u05d2-1",
    "DOGEUSDT": "__proto__",
    "ETHUSDT": "-" + "\u0623" * 63,
    "BNBUSDT": ".",
}
ACCOUNTS = {"a00036": "-1.0", "a00016": "\u05d0" * 64, "a00038": "constructor", "a00009": "...", "a00012": "\ufdf2"}
ASSET = "\u0660\u0661.-"
REFS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title></svg>&#60;b&#62; {{ 7 * 7 }} %2f..%2f ' ` $",
)
RENAMED = {**MARKETS, **ACCOUNTS, "USDT": ASSET}


def renamed(value: Any) -> Any:
    """A value of a line in which the names are hostile ones."""
    if isinstance(value, dict):
        return {renamed(name): renamed(one) for name, one in value.items()}
    if isinstance(value, list):
        return [renamed(one) for one in value]
    return RENAMED.get(value, value) if isinstance(value, str) else value


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    assert all(map(is_name, RENAMED.values()))
    folder = tmp_path_factory.mktemp("hostile")
    header, *events = map(json.loads, lines_of_the_day())
    lines = [renamed(header), *(renamed({**one, "ref": REFS[at % len(REFS)]}) for at, one in enumerate(events))]
    journal = folder / "<b>&quot;'.jsonl"
    journal.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    with served(journal, folder / "hostile.index") as dashboard:
        assert dashboard.get("/overview").status_code == 200
        yield dashboard


BY_NUMBER = "An event is asked for by its number, from 0 to 2400."
NO_EVENT = "There is no event 2401: those that are known are numbered 0 to 2400."
ONCE = "The page overview takes each of its parameters once, and none named"
NOT_LISTED = "After event 0 there is no market '..' yet: event 1 lists it."
NO_ACCOUNT = "After event 0 there is no account '-1.0' yet: it comes with event 100."
NOT_BOTH = "Ask for an account or for a market, not for both."
KNOWN_PAGES = f"There are the pages {', '.join(page.name for page in ALL_PAGES if page.is_there(Source(Path())))}."
ISOLATED = "[...document.querySelectorAll('tbody .name')].every(one => one.querySelector('bdi, .nothing'))"


def market_page(name: str) -> str:
    return f"/market?market={quote(name, safe='')}"


PAGES = ["/overview", "/liquidations", "/invariants", *map(market_page, MARKETS.values())]
PAGES += [f"/liquidations?account={quote(name, safe='')}" for name in ACCOUNTS.values()]


@pytest.mark.parametrize("path", PAGES)
def test_what_others_wrote_is_text(hostile: Served, path: str) -> None:
    for event in (1674, 1675, 1676, 2400):
        answer = hostile.get(f"{path}{'&' if '?' in path else '?'}at={event}")
        assert answer.status_code == 200
        ref = REFS[(event - 1) % len(REFS)]
        assert ref not in answer.text
        assert f"ref <bdi>{escape(ref).replace('&quot;', '&#34;').replace('&#x27;', '&#39;')}</bdi>" in answer.text
        assert "<b>&quot;" not in answer.text


def test_no_name_does_anything_in_a_browser(browser: Browser, hostile: Served) -> None:
    with watched(browser, hostile.host) as opened:
        page = opened.page
        page.on("dialog", lambda dialog: opened.faults.append(f"dialog: {dialog.message}"))
        page.goto(f"{hostile.url}/overview?at=2154")
        for name in MARKETS.values():
            page.goto(f"{hostile.url}/overview?at=2154")
            page.locator("#markets").get_by_role("link", name=name, exact=True).click()
            expect(page.locator("h1 bdi").first).to_have_text(name)
            assert page.evaluate("document.querySelectorAll('main script, main img, main style').length") == 0
        assert violations(page) == []
        # What reads from the right stays within its own cell: those beside it read on from the left.
        page.goto(f"{hostile.url}/overview?at=2154")
        assert page.evaluate(ISOLATED)


@pytest.mark.parametrize(
    ("path", "status", "title", "reason"),
    [
        ("/overview?at=x", 400, "Not a number", BY_NUMBER),
        ("/overview?at=-1", 400, "Not a number", BY_NUMBER),
        ("/overview?at=\u0661", 400, "Not a number", BY_NUMBER),
        ("/overview?at=", 400, "Not a number", BY_NUMBER),
        (f"/overview?at={'9' * 5000}", 400, "Not a number", BY_NUMBER),
        ("/overview?at=2401", 404, "No such event", NO_EVENT),
        ("/overview?at=1&at=2", 400, "Not understood", f"{ONCE} 'at'."),
        ("/overview?<b>=1", 400, "Not understood", f"{ONCE} '<b>'."),
        ("/overview?markets.sort=<b>", 400, "No such order", None),
        ("/liquidations?liquidations.after=<b>", 400, "Not understood", "'<b>' is not the number of a row."),
        ("/liquidations?account=<b>", 404, "Not there", "This is not known here: account <b>."),
        ("/liquidations?account=a&market=b", 400, "Not understood", NOT_BOTH),
        ("/market", 404, "No such market", "After event 2400 there is no market ''."),
        ("/market?market=<b>", 404, "No such market", "After event 2400 there is no market '<b>'."),
        ("/market?market=..&at=0", 404, "No such market", NOT_LISTED),
        ("/account?account=-1.0&at=0", 404, "No such account", NO_ACCOUNT),
        ("/account?account=<b>", 404, "Not there", "This is not known here: account <b>."),
        ("/theorems?clause=<b>", 404, "No such clause", "The rulebook has no clause '<b>'."),
        ("/<b>", 404, "No such page", KNOWN_PAGES),
        ("/overview/<b>.csv", 404, "No such table", None),
        ("/overview/markets.xml", 404, "No such table", None),
        ("/static/%2e%2e/app.py", 404, "Not Found", None),
        ("/static/%2e%2e%2fapp.py", 404, "Not Found", None),
        ("/a/b/c", 404, "Not Found", "Nothing stands at /a/b/c."),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_told_plainly(
    hostile: Served, path: str, status: int, title: str, reason: str | None
) -> None:
    answer = hostile.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert f"<h1>{title}</h1>" in answer.text
    assert "<b>" not in answer.text
    if reason is not None:
        assert f"<p><bdi>{escape(reason).replace('&#x27;', '&#39;')}</bdi></p>" in answer.text


def test_fifty_readers_at_once_read_the_same(hostile: Served) -> None:
    paths = [f"{path}{'&' if '?' in path else '?'}at=2154" for path in PAGES[:5]]
    alone = [hostile.get(path).text for path in paths]
    with ThreadPoolExecutor(50) as pool:
        together = list(pool.map(lambda at: hostile.get(paths[at % 5]).text, range(100)))
    assert together == alone * 20
