"""Work in shards: lines in order, whoever does the pieces; a process that dies is told, and leaves no output."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import travelling_work
from marginspec_journal.strict_json import Node
from marginspec_tools.console import EngineCrash, WrongAnswer
from marginspec_tools.fleet.shards import (
    PIECES_AHEAD,
    Assignment,
    Kind,
    Line,
    Shard,
    Total,
    answers,
    in_order,
    write_answers,
)
from travelling_work import Changes, Squares


class NothingSummed:
    def __init__(self, common: Line) -> None:
        self.common = common

    def take(self, line: Node) -> None:
        line.member("square").integer()

    def fields(self) -> Line:
        return {"summed": 0}

    def faults(self) -> list[str]:
        return []


SQUARES = Kind("squares", version=1, piece="piece", pieces="pieces", identity={"of": Node.text}, sums=NothingSummed)


def assignment(jobs: int, output: Path | None = None) -> Assignment:
    return Assignment(Shard(1, 1), jobs, None, output)


@pytest.mark.parametrize("jobs", [1, 2])
def test_lines_come_in_order(jobs: int) -> None:
    count = 3 * PIECES_AHEAD
    found = list(answers(Squares(), range(count), assignment(jobs)))
    assert found == [{"piece": number, "square": number * number} for number in range(count)]


def test_processes_know_nothing_of_what_changed_where_they_were_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(travelling_work, "changed", ["here"])
    assert [line["changed"] for line in answers(Changes(), range(3), assignment(1))] == [1, 1, 1]
    assert [line["changed"] for line in answers(Changes(), range(3), assignment(2))] == [0, 0, 0]


def test_no_more_pieces_are_asked_for_than_wait() -> None:
    taken = []

    class Asked(NamedTuple):
        number: int

        def result(self) -> Line:
            return {"piece": self.number}

    def pieces() -> Iterator[int]:
        for number in range(8):
            taken.append(number)
            yield number

    lines = in_order(pieces(), Asked, 3)
    assert (next(lines), taken) == ({"piece": 0}, [0, 1, 2])
    assert (next(lines), taken) == ({"piece": 1}, [0, 1, 2, 3])
    assert list(lines) == [{"piece": number} for number in range(2, 8)]


def test_shards_have_every_piece_once() -> None:
    parts = [list(Shard(number, 3).of(8)) for number in (1, 2, 3)]
    assert parts == [[0, 3, 6], [1, 4, 7], [2, 5]]
    assert list(Shard(9, 10).of(8)) == []


def test_a_process_that_dies_is_told_and_leaves_no_output(tmp_path: Path) -> None:
    total = Total(SQUARES, {"rulebook": "2", "pieces": 9, "of": "numbers"})
    output = tmp_path / "squares"
    with pytest.raises(EngineCrash) as crash:
        write_answers(total, answers(Squares(deadly=5), range(9), assignment(2)), range(9), output, ())
    assert str(crash.value) == "a worker process died, perhaps out of memory; nothing is written"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "expected an object, found null"),
        ("", 'expected an object, found ""'),
        ([{"piece": 2, "square": 4}] * 5, "expected an object, found a list"),
        ({"square": 4}, "piece: missing field"),
        ({"piece": 3, "square": 9}, "piece: must be at most 2, found 3"),
        ({"piece": 1, "square": 1}, "piece: must be at least 2, found 1"),
        ({"piece": 2}, "square: missing field"),
        ({"piece": 2, "square": "4"}, 'square: expected an integer, found "4"'),
    ],
)
def test_what_is_no_answer_to_a_piece_is_told_and_leaves_no_output(answer: Any, said: str, tmp_path: Path) -> None:
    total = Total(SQUARES, {"rulebook": "2", "pieces": 4, "of": "numbers"})
    found = [{"piece": 0, "square": 0}, {"piece": 1, "square": 1}, answer, {"piece": 3, "square": 9}]
    with pytest.raises(WrongAnswer) as wrong:
        write_answers(total, found, range(4), tmp_path / "squares", ())
    place = "the answer for piece 2"
    assert str(wrong.value) == f"{place}: {said}; nothing is written"
    assert list(tmp_path.iterdir()) == []


KILLED = """
import os, signal
from pathlib import Path
from marginspec_tools.fleet.shards import Assignment, Shard, answers

class Identity:
    def answerer(self):
        return lambda piece: {"piece": piece}

if __name__ == "__main__":
    lines = answers(Identity(), range(100), Assignment(Shard(1, 1), 2, None, None))
    print(next(lines), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_processes_end_when_what_started_them_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "killed.py"
    script.write_text(KILLED)
    # Its processes hold its output open too: reading that ends when the last of them has ended.
    killed = subprocess.run([sys.executable, script], stdout=subprocess.PIPE, timeout=60, check=False)
    assert (killed.returncode, killed.stdout) == (-signal.SIGKILL, b"{'piece': 0}\n")
