"""Building in a process of its own, so that pages are quick while an index is built and a journal is followed."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BUILDER = "marginspec_tools.dashboard.index"


@contextmanager
def built_in_background(journal: Path, index: Path, start: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Have another process build an index and follow its journal meanwhile; it ends with this one, however that ends.

    What the journal is refused for stands in the index's head; what else goes wrong is printed on stderr, and ends the
    process. An interrupt from the terminal is for this process alone, which then ends the other one at once: an index
    is whole after every step, and a step that is cut short is taken back.
    """
    words = [sys.executable, "-m", BUILDER, str(journal), str(index), *([] if start is None else [str(start)])]
    with subprocess.Popen(words, stdin=subprocess.PIPE, start_new_session=True) as process:
        try:
            yield process
        finally:
            process.terminate()
