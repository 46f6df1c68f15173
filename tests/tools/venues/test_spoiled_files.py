"""Files with something wrong in them: whatever is left out or put in its place, a venue's reader refuses or goes on."""

import copy
import json
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest

from marginspec_journal import InputError
from marginspec_tools.venues.claims import judged
from marginspec_tools.venues.figures import NotToBeHad
from marginspec_tools.venues.journals import journal_of
from marginspec_tools.venues.readers import VENUES
from marginspec_tools.venues.reading import read_files
from marginspec_tools.venues.rounding import Rounding
from marginspec_tools.venues.written import questions_of, state_of
from tools.venues.test_bybit import POSITION, TIERS
from tools.venues.test_bybit import answer as bybit_answer
from tools.venues.test_importing import history
from tools.venues.test_okx import INSTRUMENT, TIER, answer
from tools.venues.test_okx import POSITION as OKX_POSITION
from worlds.venue_files import VECTORS, written

INSTEAD: list[Any] = [None, "", "x", 0, -1, 1.5, [], {}, True, "-0", "0", "1e99", "-5", "1e-30", "9" * 23, "1e-12"]
INSTEAD += ["BOTH", "SHORT", [[]], [{}]]


def vectors(venue: str, *names: str) -> list[Any]:
    return [json.loads((VECTORS / venue / f"{name}.json").read_text("utf-8")) for name in names]


FILL = {"coin": "HYPE", "fee": "0.02", "crossed": True, "px": "37.829", "sz": "2.0", "side": "B", "time": 1000}
SOUND: dict[str, list[Any]] = {
    "binance": [*history().values(), *vectors("binance", "brackets")],
    "hyperliquid": [*vectors("hyperliquid", "hype", "meta"), [{**FILL, "startPosition": "0.0", "tid": 1}]],
    "bybit": [bybit_answer([POSITION]), bybit_answer(TIERS)],
    "okx": [answer(OKX_POSITION), answer(INSTRUMENT), answer(TIER)],
}


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where the values of a document are, but for the document itself."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [*([path] if path else []), *(place for key in keys for place in places(value[key], (*path, key)))]


def spoil(document: Any, random: Random) -> None:
    """Leave a value out, or put another in its place."""
    *path, last = random.choice(places(document))
    for key in path:
        document = document[key]
    if random.random() < 0.3:
        del document[last]
    else:
        document[last] = random.choice(INSTEAD)


@pytest.mark.parametrize("venue", SOUND)
def test_a_spoiled_file_is_refused_or_read(tmp_path: Path, venue: str) -> None:
    random = Random(16)
    outcomes: Counter[str] = Counter()
    for _ in range(80):
        documents = copy.deepcopy(SOUND[venue])
        spoil(random.choice(documents), random)
        files = written(tmp_path, **{f"file{place}": document for place, document in enumerate(documents)})
        try:
            exhibit = read_files(VENUES[venue], files).exhibit()
            judged(exhibit)
            outcomes["read"] += 1
            questions_of(exhibit.snapshot, Rounding())
            state_of(exhibit.snapshot, Rounding())
            journal_of(exhibit, Rounding())
        except InputError:
            outcomes["refused"] += 1
        except NotToBeHad:
            outcomes["not to be had"] += 1
    assert outcomes["read"] > 10
    assert outcomes["refused"] > 10
