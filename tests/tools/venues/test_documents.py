"""Files of venues: numbers stay text, each value knows its place, and what is malformed is refused."""

from fractions import Fraction
from pathlib import Path

import pytest

from marginspec_journal import InputError
from marginspec_tools.venues.documents import AS_CSV, Shown, read_documents, shown_number


@pytest.mark.parametrize(
    ("text", "value", "decimals"),
    [
        ("0.1", Fraction(1, 10), 1),
        ("-12.50", Fraction(-25, 2), 2),
        ("1e-05", Fraction(1, 100_000), 5),
        ("1.0E7", Fraction(10_000_000), 0),
        ("007", Fraction(7), 0),
        ("123456789012345678901234567890.12345678", Fraction(12345678901234567890123456789012345678, 10**8), 8),
    ],
)
def test_a_number_is_exact(text: str, value: Fraction, decimals: int) -> None:
    assert shown_number(text) == Shown(text, value, decimals)


@pytest.mark.parametrize("text", ["", "NaN", "Infinity", "1,000", "0x1", " 1", "1.", ".5", "1e999", "--1"])
def test_what_is_no_number_is_none(text: str) -> None:
    assert shown_number(text) is None


def test_numbers_of_json_stay_text(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"rate": 0.10, "big": 12345678901234567890, "odd": NaN}', "utf-8")
    (document,) = read_documents(path)
    assert document.value == {"rate": "0.10", "big": "12345678901234567890", "odd": "NaN"}


def test_lines_of_json_and_rows_of_csv_know_their_lines(tmp_path: Path) -> None:
    lines, rows = tmp_path / "a.jsonl", tmp_path / "a.csv"
    lines.write_text('{"a": 1}\n\n{"a": 2}\n', "utf-8")
    rows.write_text('\ufeffmarket,price\nBTC,"1"\n', "utf-8")
    assert [(entry.line, entry.value) for entry in read_documents(lines)] == [(1, {"a": "1"}), (3, {"a": "2"})]
    assert [(entry.line, entry.value) for entry in read_documents(rows)] == [(2, {"market": "BTC", "price": "1"})]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "empty"),
        (b"\xff", "not UTF-8 at byte 1"),
        (b'{"a": 1, "a": 2}', 'repeated field "a"'),
        (b'{"a": 1', "1: not JSON: Expecting ',' delimiter"),
        (b'{"a": 1}\n{"a": }\n', "2: not JSON: Expecting value"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_malformed_is_refused_with_its_place(tmp_path: Path, text: bytes, said: str) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(text)
    with pytest.raises(InputError) as refused:
        read_documents(path)
    colon = ":" if said[0].isdigit() else ": "
    assert str(refused.value) == f"{path}{colon}{said}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,a\n1,2\n", ":1: two columns have the same name"),
        ("a,b\n1\n", ":2: expected 2 cells, found 1"),
        ("HTTP/1.1 200 OK\ndate: Mon, 30 Nov 2026\n", ":2: expected 1 cell, found 2"),
        ("a,b\n", ": no row below the names of the columns"),
        ('"a\n', ":1: not CSV: unexpected end of data"),
    ],
)
def test_what_is_no_csv_by_its_name_is_told_what_it_should_be(tmp_path: Path, text: str, said: str) -> None:
    table, capture = tmp_path / "a.csv", tmp_path / "a.txt"
    for path, more in ((table, ""), (capture, f"; {AS_CSV}")):
        path.write_text(text, "utf-8")
        with pytest.raises(InputError) as refused:
            read_documents(path)
        assert str(refused.value) == f"{path}{said}{more}"
