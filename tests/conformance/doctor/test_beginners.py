"""What the doctor says of the mistakes with which an adapter begins, in JavaScript."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from marginspec_conformance.command import command

NOTHING = "default: return unsupported(event.type);"
"""What the adapter to begin with does of every event."""
OVER = "nothing more is asked until this is mended"
NUMBERS = '{ ledger: { "wallet:alice:USDT": 10000.5 }, positions: {}, claims: {} }'
DEPOSITS = ("a deposit", "another deposit", "a deposit in whole units", "another deposit in whole units")
LOGS = "write nothing but answers to standard output; logs belong to standard error"


Told = dict[str, tuple[list[str], list[str]]]


def walked(folder: Path, file: str, *mistakes: tuple[str, str]) -> tuple[int, Told]:
    """The exit code, and what is to be mended and noted, by step, once a file has something wrong for right."""
    CliRunner().invoke(command, ["init", "--lang", "node", str(folder / "mine")], catch_exceptions=False)
    path = folder / "mine" / file
    text = path.read_text("utf-8")
    for right, wrong in mistakes:
        assert text.count(right) == 1
        text = text.replace(right, wrong)
    path.write_text(text, "utf-8")
    engine = f"exec:node {folder / 'mine' / 'adapter.mjs'}"
    answer = CliRunner().invoke(command, ["doctor", engine, "--timeout", "2", "--json"], catch_exceptions=False)
    steps = [json.loads(line) for line in answer.output.splitlines()]
    return answer.exit_code, {one["step"]: (one["mend"], one["notes"]) for one in steps if one["mend"]}


def test_no_newline(tmp_path: Path) -> None:
    code, found = walked(tmp_path, "engine_protocol.mjs", (")}\\n`);", ")}`);"))
    advice = "end each answer by a newline, and flush standard output after it; or give it time by --timeout"
    assert (code, found) == (3, {"hello": ([advice], [])})


def test_logs_among_the_answers(tmp_path: Path) -> None:
    right = "const request = JSON.parse(line);"
    code, found = walked(tmp_path, "engine_protocol.mjs", (right, f'{right} process.stdout.write("got it\\n");'))
    mend = ["not JSON at byte 1, found 0x67: Expecting value", "bytes from 1 on: [67] 6f 74 20 69 74", LOGS]
    assert (code, found) == (1, {"configure": (mend, [OVER])})


def test_another_id(tmp_path: Path) -> None:
    code, found = walked(tmp_path, "engine_protocol.mjs", ("id: request.id,", "id: 1,"))
    assert (code, found) == (1, {"configure": (["id: expected 2, the id of the request, found 1"], [OVER])})


@pytest.mark.parametrize(
    ("answer", "mend"),
    [
        (
            f"accepted({{ liquidated: [], deleveraged: [], levied: [], changes: {NUMBERS} }})",
            "changes.ledger.wallet:alice:USDT: expected a string, found 10000.5",
        ),
        ("accepted({ liquidated: [], deleveraged: [], levied: [] })", "changes: missing field"),
        ('{ answer: "result", liquidated: [] }', "deleveraged: missing field"),
    ],
)
def test_amounts_that_are_numbers_and_fields_that_are_missing(answer: str, mend: str, tmp_path: Path) -> None:
    wrong = f'case "deposit": return {answer};\n      {NOTHING}'
    code, found = walked(tmp_path, "adapter.mjs", (NOTHING, wrong), ('"0.1", 2', '"0.1", 4'))
    mended: Told = {name: ([mend], []) for name in DEPOSITS}
    assert (code, found) == (1, {**mended, "a batch": ([f"answers[2].{mend}"], [])})


def test_an_exception_is_told_with_its_place(tmp_path: Path) -> None:
    wrong = f'case "deposit": return this.cash[event.account];\n      {NOTHING}'
    code, found = walked(tmp_path, "adapter.mjs", (NOTHING, wrong))
    reading = "the engine failed at it, it says: TypeError: Cannot read properties of undefined (reading '{}')"
    mended: Told = {"a deposit": ([reading.format("alice")], []), "another deposit": ([reading.format("bob")], [])}
    assert (code, found) == (1, mended)
    engine = f"exec:node {tmp_path / 'mine' / 'adapter.mjs'}"
    lines = CliRunner().invoke(command, ["doctor", engine]).output.splitlines()
    place = lines.index("another deposit: to mend")
    assert lines[place + 3 : place + 5] == [
        "  err   TypeError: Cannot read properties of undefined (reading 'bob')",
        f"  err       at Adapter.step (file://{tmp_path / 'mine' / 'adapter.mjs'}:16:39)",
    ]
