"""The picture of the dashboard in the README: the overview of the stress day, in light.

`PYTHONPATH=tests python -m worlds.picture` takes it anew, in the system's Chromium.
"""

import tempfile
from pathlib import Path

from marginspec_tools.simulate import stress_day_path
from worlds.browser import chromium, watched
from worlds.served import served

PICTURE = Path(__file__).parents[2] / "docs" / "dashboard.png"
WIDTH, HEIGHT = 1280, 840


def take(path: Path) -> None:
    """Take the picture."""
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "day.index"
        with (
            served(stress_day_path(), index) as day,
            chromium() as browser,
            watched(browser, day.host, WIDTH, HEIGHT) as opened,
        ):
            opened.page.goto(f"{day.url}/overview")
            opened.page.wait_for_load_state("load")
            opened.page.screenshot(path=path)


if __name__ == "__main__":
    take(PICTURE)
