"""Both engines give the same on the vectors of public cases."""

from pathlib import Path

import pytest

from marginspec.model.state import State
from marginspec_journal import open_journal
from worlds.pair import Pair

FOLDER = Path(__file__).parents[1] / "vectors" / "cases"
JOURNALS = sorted(FOLDER.glob("*.jsonl"))


@pytest.mark.parametrize("path", JOURNALS, ids=[path.stem for path in JOURNALS])
def test_engines_agree(path: Path) -> None:
    journal = open_journal(path)
    pair = Pair(State(header=journal.header))
    for record in journal:
        pair.take(record.event)
    pair.compare()
