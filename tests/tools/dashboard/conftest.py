"""The stress day as it is served, with reports beside it, once for all tests of its pages in a process."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from marginspec_tools.dashboard.reports import found_reports
from marginspec_tools.simulate import stress_day_path
from worlds.browser import chromium
from worlds.reported import write_reports
from worlds.served import Served, served


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with reports of the stress day."""
    folder = tmp_path_factory.mktemp("reports")
    write_reports(folder)
    return folder


@pytest.fixture(scope="session")
def day(tmp_path_factory: pytest.TempPathFactory, reports: Path) -> Iterator[Served]:
    """The dashboard of the bundled stress day."""
    index = tmp_path_factory.mktemp("served") / "day.index"
    with served(stress_day_path(), index, found_reports(reports)) as dashboard:
        yield dashboard


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser; every page in it is in a context of its own."""
    with chromium() as opened:
        yield opened
