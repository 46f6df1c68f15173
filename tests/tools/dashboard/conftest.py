"""The stress day as it is served, once for all tests of its pages in a process."""

from collections.abc import Iterator

import pytest

from marginspec_tools.simulate import stress_day_path
from worlds.served import Served, served


@pytest.fixture(scope="session")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The dashboard of the bundled stress day."""
    with served(stress_day_path(), tmp_path_factory.mktemp("served") / "day.index") as dashboard:
        yield dashboard
