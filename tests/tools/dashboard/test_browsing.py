"""The pages in a browser: nothing goes wrong on them, the keyboard leads through them, and they follow a journal."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from marginspec_tools.dashboard.pages import PAGES
from worlds.browser import Scheme, overflow, violations, watched
from worlds.lines import lines_of_the_day
from worlds.served import Served, served

ADDRESSES = (
    "/overview",
    "/overview?at=0",
    "/market?market=BTCUSDT&at=1650",
    "/market?market=SUIUSDT&at=2100",
    "/liquidations?at=1600",
    "/liquidations?account=a00036&at=2000",
    "/liquidations?liquidation=3&at=1700",
    "/invariants",
    "/theorems",
    "/theorems?clause=WTF-01",
    "/accounts?prefix=a0003",
    "/account?account=a00036&at=1000",
    "/queue?market=DOGEUSDT&at=1674&looks=all",
    "/queue?market=BTCUSDT",
    "/queue?market=BTCUSDT&account=a00010&side=both&at=1650",
    "/events",
    "/events?type=trade&market=BTCUSDT&account=a00036&only=rejected",
    "/event?at=1674&why=all",
    "/event?at=450",
    "/event?at=1703",
    "/whatif?sweep=all&at=1500",
    "/whatif",
    "/whatif?market=BTCUSDT&mark=60000&at=1500",
    "/whatif?ranking=bitmex&resort=none",
    "/event?at=0",
    "/audits",
    "/audits?at=364&findings.sort=-severity",
    "/conformance",
    "/overview?at=99999",
    "/market?market=YFIUSDT&at=20",
)
"""The first of a page is looked at in every way, the others, which show it otherwise, in one way each."""
LOOKS: tuple[tuple[int, Scheme], ...] = ((400, "light"), (1280, "dark"), (3840, "light"))
"""Widths from that of a telephone to that of the widest screens, in light and dark."""


def page_of(path: str) -> str:
    """The page that an address is of."""
    return path[1:].partition("?")[0]


FIRST = {page_of(path): path for path in reversed(ADDRESSES)}
OTHERS = [path for path in ADDRESSES if path not in FIRST.values()]
NOT_FOUND = "console: Failed to load resource: the server responded with a status of 404 (Not Found)"


def open_page(page: Page, address: str) -> None:
    """Go to an address; one that is not there is answered so, which a browser's console tells."""
    page.goto(address)
    page.wait_for_load_state("load")


def test_every_page_is_opened_here() -> None:
    assert {page.name for page in PAGES} == set(FIRST)


@pytest.mark.parametrize("look", range(len(LOOKS)))
def test_nothing_is_wrong_with_any_page(browser: Browser, day: Served, look: int) -> None:
    width, scheme = LOOKS[look]
    paths = [*FIRST.values(), *OTHERS[look :: len(LOOKS)]]
    with watched(browser, day.host, width, scheme=scheme) as opened:
        found = {}
        for path in paths:
            open_page(opened.page, day.url + path)
            # Colours were looked at in light and in dark.
            found[path] = violations(opened.page, has_colours=look < 2 or path in OTHERS), overflow(opened.page)
        opened.faults = [fault for fault in opened.faults if fault != NOT_FOUND]
    assert found == dict.fromkeys(paths, ([], 0))


@pytest.mark.parametrize("path", FIRST.values())
def test_pages_are_whole_without_script(browser: Browser, day: Served, path: str) -> None:
    told = []
    for has_script in (True, False):
        with watched(browser, day.host, java_script_enabled=has_script) as opened:
            open_page(opened.page, day.url + path)
            told.append(opened.page.locator("main").inner_text())
            slider = opened.page.locator(".slide button")
            expect(slider).to_be_visible(visible=not has_script)
    assert told[0] == told[1]


def test_a_reader_walks_by_keyboard(browser: Browser, day: Served) -> None:
    with watched(browser, day.host) as opened:
        page = opened.page
        open_page(page, f"{day.url}/overview?at=1000")
        walked = []
        for _ in range(17):
            page.keyboard.press("Tab")
            walked.append(page.evaluate("(document.activeElement.id || document.activeElement.textContent).trim()"))
            ring = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert ring == "solid", walked[-1]
        assert walked == [
            *("Skip to the content", "marginspec", "Overview", "Liquidations", "Accounts", "Events"),
            *(
                "What if",
                "Invariants",
                "Theorems",
                "Audits",
                "Conformance",
                "to-first",
                "to-previous",
                "to-next",
                "slider",
                "jump",
                "Go",
            ),
        ]
        page.locator(".skip").focus()
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"


def test_the_slider_goes_through_time_by_arrow_keys_and_keeps_the_focus(browser: Browser, day: Served) -> None:
    with watched(browser, day.host) as opened:
        page = opened.page
        open_page(page, f"{day.url}/market?market=BTCUSDT&at=1000")
        page.locator("#slider").focus()
        for event in range(1001, 1004):
            page.keyboard.press("ArrowRight")
            expect(page.locator("#jump")).to_have_value(str(event))
        page.wait_for_url(f"{day.url}/market?at=1003&market=BTCUSDT")
        expect(page).to_have_title("BTCUSDT, event 1003 of stress_day.jsonl.zst")
        assert page.evaluate("document.activeElement.id") == "slider"
        # What leads on from here is of the event that is shown.
        liquidations = page.get_by_role("link", name="Liquidations", exact=True)
        expect(liquidations).to_have_attribute("href", "/liquidations?at=1003")
        page.keyboard.press("End")
        page.wait_for_url(f"{day.url}/market?at=2400&market=BTCUSDT")
        page.locator("#to-newest").click()
        page.wait_for_url(f"{day.url}/market?market=BTCUSDT")
        expect(page.get_by_role("status")).to_have_text("Newest")


def test_the_slider_is_a_form_without_script(browser: Browser, day: Served) -> None:
    with watched(browser, day.host, java_script_enabled=False) as opened:
        page = opened.page
        open_page(page, f"{day.url}/market?market=BTCUSDT&lots.sort=-lot&at=1000")
        page.locator("#slider").focus()
        page.keyboard.press("ArrowLeft")
        page.locator(".slide button").press("Enter")
        page.wait_for_url(f"{day.url}/market?market=BTCUSDT&lots.sort=-lot&at=999")
        page.locator("#jump").fill("17")
        page.locator("#jump").press("Enter")
        page.wait_for_url(f"{day.url}/market?market=BTCUSDT&lots.sort=-lot&at=17")


MARKS = 200
"""So many marks are added to the day, which is then longer than a line has points."""


def test_a_long_series_is_looked_into(browser: Browser, tmp_path: Path) -> None:
    journal = tmp_path / "long.jsonl"
    mark = '{{"type": "mark_price", "market": "BTCUSDT", "price": "{}"}}\n'
    prices = [f"{114000 + place}.00" for place in range(MARKS)]
    journal.write_bytes(b"".join([*lines_of_the_day(), *(mark.format(price).encode() for price in prices)]))
    with served(journal, tmp_path / "long.index") as long, watched(browser, long.host, scheme="dark") as opened:
        page = opened.page
        # What a reader looks into has every value; the chart of all has stretches.
        series = f"{long.url}/market/charts.json?market=BTCUSDT&chart=price&at=2600"
        points = page.request.get(f"{series}&from=2400").json()["lines"][0]["points"][1:]
        assert points == [[2401 + place, 2401 + place, *(price,) * 3] for place, price in enumerate(prices)]
        stretches = page.request.get(series).json()["lines"][0]["points"]
        assert [stretches[-1][at] for at in (1, 3, 4)] == [2600, prices[-1], prices[-1]]
        assert all(first <= last for first, last, *_ in stretches)
        assert any(first < last for first, last, *_ in stretches)
        open_page(page, f"{long.url}/market?market=BTCUSDT")
        drawn = page.locator("#price .long.drawn canvas")
        expect(drawn).to_be_visible()
        expect(page.locator("#price .chart")).to_be_hidden()
        assert violations(page) == []
        over = page.locator("#price .u-over")
        over.scroll_into_view_if_needed()
        box = over.bounding_box()
        assert box is not None
        with page.expect_response(lambda answer: "chart=price" in answer.url and "from=" in answer.url) as looked:
            page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
            page.mouse.down()
            page.mouse.move(box["x"] + box["width"] * 3 / 4, box["y"] + 30, steps=3)
            page.mouse.up()
        asked = parse_qs(urlsplit(looked.value.url).query)
        looked_into = [int(asked[name][0]) for name in ("from", "at")]
        # Between half and three quarters of the events since the first mark.
        assert all(abs(event - expected) <= 20 for event, expected in zip(looked_into, (1306, 1953), strict=True))


def test_a_growing_journal_is_followed_without_losing_the_focus(browser: Browser, tmp_path: Path) -> None:
    lines, journal = lines_of_the_day(), tmp_path / "growing.jsonl"
    journal.write_bytes(b"".join(lines[:1701]))
    with served(journal, tmp_path / "growing.index") as growing, watched(browser, growing.host) as opened:
        page = opened.page
        open_page(page, f"{growing.url}/overview")
        expect(page.locator("#jump")).to_have_value("1700")
        head = page.locator("#markets-by-reserve")
        head.focus()
        with journal.open("ab") as stream:
            stream.writelines(lines[1701:1801])
        expect(page).to_have_title("Overview, event 1800 of growing.jsonl")
        expect(page.locator("#jump")).to_have_value("1800")
        expect(page.locator("#slider")).to_have_attribute("max", "1800")
        assert page.evaluate("document.activeElement.id") == "markets-by-reserve"
        # A page of an event stays there, and only says that there is more.
        open_page(page, f"{growing.url}/overview?at=1700")
        with journal.open("ab") as stream:
            stream.writelines(lines[1801:1901])
        expect(page.locator("#slider")).to_have_attribute("max", "1900")
        expect(page.locator("#jump")).to_have_value("1700")
        expect(page).to_have_title("Overview, event 1700 of growing.jsonl")
        # One that is cut short is told, and shown as it is now.
        open_page(page, f"{growing.url}/overview")
        journal.write_bytes(b"".join(lines[:101]))
        expect(page).to_have_title("Overview, event 100 of growing.jsonl")
        expect(page.locator(".banner")).to_contain_text("indexed anew")
        with journal.open("ab") as stream:
            stream.write(b"not an event\n")
        expect(page.locator(".banner.wrong")).to_contain_text("What follows event 100 is not shown")
        # A page of an event that is gone says so.
        open_page(page, f"{growing.url}/overview?at=90")
        journal.write_bytes(b"".join(lines[:51]))
        expect(page.locator("h1")).to_have_text("No such event")
        answer = "the server responded with a status of 404 (Not Found)"
        assert opened.faults == [f"console: Failed to load resource: {answer}"] * 2
        opened.faults.clear()
