"""The site, built once for all tests and all processes that run them, and its pages."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from rulebook_site.records import Records
from worlds.built_site import ROOT, Built, built_site


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Built:
    """What came of building the site."""
    own = tmp_path_factory.getbasetemp()
    return built_site(own if worker_id == "master" else own.parent)


@pytest.fixture(scope="session")
def site(built: Built) -> Path:
    """The folder of the site."""
    assert built.code == 0, built.printed
    return built.folder


@pytest.fixture(scope="session")
def page(site: Path) -> Callable[[str], BeautifulSoup]:
    """Reads a page of the site by its path."""
    return cache(lambda path: BeautifulSoup((site / path).read_text("utf-8"), "html.parser"))


@pytest.fixture(scope="session")
def records() -> Records:
    """What is recorded, as the site reads it."""
    return Records(ROOT)
