"""The HTML report in a browser: three widths, light, dark and print, by axe; it asks for nothing and runs nothing."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser

from marginspec_tools.audit.command import command
from worlds.browser import Scheme, chromium, overflow, violations, watched
from worlds.venue_day import FOLDER, true_day

MARKUP = "</td></style><script>document.title='gone'</script><img src=//evil.example/a onerror=alert(1)>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def report(journal: Path, folder: Path, *words: str) -> Path:
    """The page of an audit."""
    CliRunner().invoke(command, [str(journal), "--report", str(folder), *words], catch_exceptions=False)
    return folder / "report.html"


def hostile_day(path: Path) -> Path:
    """The day with markup in every text that an exchange may write, and a fault at its most talkative events."""
    header, *events = true_day()
    for number, event in enumerate(events):
        event["ref"] = f"{number}{MARKUP}"
        if number % 5 == 0:
            event["observed"] = {"code": f"{number % 3}{MARKUP}"}
    path.write_text("".join(json.dumps(line) + "\n" for line in (header, *events)), "utf-8")
    return path


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A day with seven faults beside an earlier report and another profile; one that is right; a hostile one."""
    folder = tmp_path_factory.mktemp("pages")
    clean = report(FOLDER / "true.jsonl", folder / "clean", "--auditor", "Jane Roe")
    beside = ("--baseline", str(clean.parent), "--against", "bitmex", "--auditor", MARKUP)
    return {
        "planted": report(FOLDER / "planted.jsonl", folder / "planted", *beside),
        "clean": clean,
        "hostile": report(hostile_day(folder / f"{MARKUP.replace('/', '_')[:60]}.jsonl"), folder / "hostile"),
    }


@pytest.mark.parametrize("name", ["planted", "clean", "hostile"])
@pytest.mark.parametrize(("width", "scheme"), [(400, "light"), (1280, "dark"), (3840, "light")])
def test_a_page_passes_axe_at_every_width(
    name: str, width: int, scheme: Scheme, pages: dict[str, Path], browser: Browser
) -> None:
    with watched(browser, "", width, scheme=scheme) as seen:
        seen.page.goto(pages[name].as_uri())
        seen.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert (violations(seen.page), overflow(seen.page)) == ([], 0)


@pytest.mark.parametrize("name", ["planted", "clean", "hostile"])
def test_a_page_passes_axe_in_print_and_prints(name: str, pages: dict[str, Path], browser: Browser) -> None:
    with watched(browser, "", 794) as seen:
        seen.page.goto(pages[name].as_uri())
        seen.page.emulate_media(media="print")
        assert violations(seen.page) == []
        printed = seen.page.pdf(format="A4")
    sheets = len(re.findall(rb"/Type\s*/Page\b", printed))
    assert printed.startswith(b"%PDF-")
    assert 3 <= sheets <= 40


def test_hostile_texts_inject_nothing(pages: dict[str, Path], browser: Browser) -> None:
    with watched(browser, "") as seen:
        seen.page.goto(pages["hostile"].as_uri())
        assert seen.page.content().count("evil.example") > 20
        assert (
            seen.page.evaluate("document.querySelectorAll('script, img, iframe, object, link, base, form').length") == 0
        )
        names = "[...document.querySelectorAll('*')].flatMap(one => one.getAttributeNames())"
        assert seen.page.evaluate(f"{names}.filter(name => name.startsWith('on'))") == []
        assert seen.page.title().endswith("the exchange differs from the rules")


def test_a_page_needs_no_script(pages: dict[str, Path], browser: Browser) -> None:
    with watched(browser, "", java_script_enabled=False) as seen:
        seen.page.goto(pages["planted"].as_uri())
        assert seen.page.get_by_role("heading", name="The exchange differs from the rules").is_visible()
        why = seen.page.locator("article details").first
        why.locator("summary").click()
        assert why.locator("ul").first.is_visible()
