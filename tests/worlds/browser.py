"""A browser without a window, and pages in it that note whatever they should not do.

Pages are tested in the Chromium of the system, which .ci/run installs; none is ever downloaded.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

Scheme = Literal["light", "dark"]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""What systems call it."""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
"""The groups of axe's rules that a page is held to."""


class MissingBrowser(Exception):  # noqa: N818 - it says what is wrong
    """There is no Chromium, so no page can be tested: a failure, never a test that is skipped."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium, for as long as it is needed; every context in it is new and empty."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        raise MissingBrowser(f"pages are tested in Chromium, but none of {', '.join(NAMES)} is on PATH; see .ci/run")
    with sync_playwright() as playwright:
        # A sandbox needs rights that a container often lacks; what is loaded here is the project's own.
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


class WatchedPage:
    """A page, and what went wrong on it: errors in its console (a policy that was broken is one) and of its scripts,
    requests that failed, and requests to another host than its own.
    """

    def __init__(self, page: Page, host: str) -> None:
        self.page = page
        self.faults: list[str] = []
        self._host = host
        page.on("console", self._note_message)
        page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        page.on("request", self._note_request)
        page.on("requestfailed", self._note_failure)

    def _note_message(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(f"console: {message.text}")

    def _note_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.netloc != self._host:
            self.faults.append(f"left the machine: {request.url}")

    def _note_failure(self, request: Request) -> None:
        # What a page that is left was still waiting for is no fault of it.
        if request.failure != "net::ERR_ABORTED":
            self.faults.append(f"failed: {request.url}: {request.failure}")


@contextmanager
def watched(
    browser: Browser, host: str, width: int = 1280, height: int = 900, scheme: Scheme = "light", **options: Any
) -> Iterator[WatchedPage]:
    """A new page for what stands at `host` (empty for files), as wide as told and in light or dark.

    At the end nothing may have gone wrong on it; what a test expects it takes out of `faults` itself.
    """
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, **options)
    try:
        page = WatchedPage(context.new_page(), host)
        yield page
        assert page.faults == []
    finally:
        context.close()


def violations(page: Page) -> list[str]:
    """What axe has against a page: the rule, and the elements that break it."""
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]})
    return [
        f"{one['id']}: {one['help']}: {' | '.join(node['html'][:160] for node in one['nodes'])}"
        for one in found.response["violations"]
    ]


def overflow(page: Page) -> int:
    """By how many pixels a page is wider than its window; more than none makes readers scroll sideways."""
    wider: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wider
