"""The rulebook's site as `make site` builds it, once for all processes that run tests."""

import fcntl
import subprocess
import sys
from pathlib import Path

import attrs

ROOT = Path(__file__).parents[2]
FLAGS = ("--fail-on-warning", "--keep-going", "--nitpicky", "--fresh-env", "--write-all", "--quiet")


@attrs.frozen
class Built:
    """A build of the site: its folder, the exit code, and all that was printed."""

    folder: Path
    code: int
    printed: str


def built_site(shared: Path) -> Built:
    """The site in a folder of which all processes know; whichever comes first builds it, the others wait."""
    folder, log, code = shared / "site", shared / "site.log", shared / "site.code"
    with (shared / "site.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not code.exists():
            doctrees, docs = shared / "site-doctrees", ROOT / "docs"
            places = ("-d", str(doctrees), "-c", str(docs / "site"), str(docs), str(folder))
            line = [sys.executable, "-m", "sphinx", *FLAGS, "-b", "html", *places]
            ended = subprocess.run(line, cwd=shared, capture_output=True, text=True, check=False)
            log.write_text(ended.stdout + ended.stderr, "utf-8")
            code.write_text(str(ended.returncode), "utf-8")
    return Built(folder, int(code.read_text("utf-8")), log.read_text("utf-8"))
