"""Malformed journals: every one is refused with place and reason, by the library and by the command."""

import json
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
import zstandard
from click.testing import CliRunner

from marginspec_journal import InputError, open_journal
from marginspec_journal.events import EVENT_FORMS
from marginspec_tools.cli import marginspec
from worlds.golden import EVENTS, HEADER
from worlds.lines import Line, line_of

SAMPLES: dict[str, Line] = {
    line["type"]: line for happened in reversed(EVENTS.values()) for line in map(line_of, happened)
}
HEADER_TEXT = json.dumps(HEADER)
DECIMAL_FIELDS = {"price", "quantity", "amount", "rate", "tick", "taker_fee", "maker_fee", "insurance_fee_share"}
WRONG_DECIMALS = (
    '"1e5"', '"+1"', '"01"', '".5"', '"5."', '"-0"', '"-0.00"', '"1,5"', '" 1"', '"NaN"', '""', '"1.123456789"',
    '"1234567890123456789012345678901"', "1", "1.5", "null", "true", "[]", "{}", '"\\u0661"',
)  # fmt: skip
WRONG_NAMES = ('""', f'"{"a" * 65}"', '"a b"', '"a:b"', '"a/b"', '"😀"', '"\\ud800"', "1", "null", '"²"', '"a\\u0000"')
WRONG_INTEGERS = ('"1"', "1.0", "1e2", "-0", "1000000000000000000", "null", "true", "[1]")


@attrs.frozen
class Malformed:
    """A file that must be refused: its bytes, and the line and the field (None: none) of the refusal."""

    name: str
    content: bytes
    line: int | None
    field: str | None


def journal(*lines: str) -> bytes:
    """A journal with the golden header."""
    return "".join(f"{line}\n" for line in (HEADER_TEXT, *lines)).encode("utf-8", "surrogatepass")


def with_field(line: Line, field: str, text: str) -> str:
    """A line with one field's value replaced by this JSON text."""
    return json.dumps({**line, field: "\0"}, ensure_ascii=False).replace('"\\u0000"', text)


def wrong_values(kind: str, line: Line) -> Iterator[Malformed]:
    """Each field of a type of event with values that are not of its grammar."""
    form = EVENT_FORMS[kind]
    for field in form.required:
        value = line[field]
        wrong: tuple[str, ...] = WRONG_NAMES
        if field in DECIMAL_FIELDS or field == "clearance_fee":
            wrong = WRONG_DECIMALS
        elif isinstance(value, bool):
            wrong = ("0", '"true"', "null")
        elif isinstance(value, int):
            wrong = WRONG_INTEGERS
        elif isinstance(value, list):
            wrong = ("{}", "null", '"0"', "[1]", '[{"floor":"0"}]')
        elif field in ("mode", "side", "position_side", "taker"):
            wrong = ('"Buy"', '""', "null", "0", "[]")
        for place, text in enumerate(wrong):
            inner = {"[1]": "tiers[0]", '[{"floor":"0"}]': "tiers[0].max_leverage"}
            named = inner.get(text, field) if field == "tiers" else field
            yield Malformed(f"{kind}-{field}-{place}", journal(with_field(line, field, text)), 2, named)


def wrong_fields(kind: str, line: Line) -> Iterator[Malformed]:
    """A type of event with fields missing, repeated and unknown."""
    text = json.dumps(line, ensure_ascii=False)
    for field in EVENT_FORMS[kind].required:
        missing = json.dumps({name: value for name, value in line.items() if name != field})
        yield Malformed(f"{kind}-without-{field}", journal(missing), 2, field)
        repeated = text[:-1] + f", {json.dumps({field: line[field]})[1:]}"
        yield Malformed(f"{kind}-repeats-{field}", journal(repeated), 2, None)
    escaped = text.replace('"type"', '"\\u0074ype": "deposit", "type"', 1)
    yield Malformed(f"{kind}-repeats-type-escaped", journal(escaped), 2, None)
    yield Malformed(f"{kind}-unknown-field", journal(with_field(line, "color", '"red"')), 2, "color")
    for annotation, wrong in (("ts", '"yesterday"'), ("ts", '"2025-02-30T00:00:00Z"'), ("ref", '"é"'), ("ref", '""')):
        content = journal(with_field(line, annotation, wrong))
        yield Malformed(f"{kind}-{annotation}-{wrong}", content, 2, annotation)


def nested_repeats() -> Iterator[Malformed]:
    """Repeated fields below the top of a line."""
    listing = json.dumps(SAMPLES["list_market"]).replace('"floor": "0"', '"floor": "0", "floor": "0"')
    yield Malformed("repeat-in-tier", journal(listing), 2, "tiers[0]")
    deposit = SAMPLES["deposit"]
    for observed in ('{"accepted":true,"accepted":true}', '{"ledger":{"house:USDT":"1","house:USDT":"2"}}'):
        field = "observed.ledger" if "ledger" in observed else "observed"
        yield Malformed(f"repeat-in-{field}", journal(with_field(deposit, "observed", observed)), 2, field)
    for place, (observed, field) in enumerate((
        ('{"accepted":false}', "observed.accepted"), ('{"rejected":"WHY"}', "observed.rejected"),
        ('{"accepted":true,"rejected":"NO_MARK"}', "observed"), ('{"marks":{"ABC":1}}', "observed.marks.ABC"),
        ('{"positions":{"a:ABC:BOTH":{}}}', "observed.positions.a:ABC:BOTH.quantity"), ("[]", "observed"),
        ('{"balance":{}}', "observed.balance"),
    )):  # fmt: skip
        yield Malformed(f"observed-{place}", journal(with_field(deposit, "observed", observed)), 2, field)


def wrong_headers() -> Iterator[Malformed]:
    """Headers with unknown keys and values."""
    good = json.dumps(SAMPLES["deposit"])
    for place, (text, field) in enumerate((
        ('{"journal":2,"rulebook":"2"}', "journal"), ('{"journal":"1","rulebook":"2"}', "journal"),
        ('{"journal":1,"rulebook":"1"}', "rulebook"), ('{"journal":1,"rulebook":1}', "rulebook"),
        ('{"rulebook":"2"}', "journal"), ('{"journal":1}', "rulebook"),
        ('{"journal":1,"rulebook":"2","color":1}', "color"),
        ('{"journal":1,"rulebook":"2","profile":"other"}', "profile"),
        ('{"journal":1,"rulebook":"2","profile":{"adl_ranking":"okx"}}', "profile.adl_ranking"),
        ('{"journal":1,"rulebook":"2","profile":{"last_resort":null}}', "profile.last_resort"),
        ('{"journal":1,"rulebook":"2","profile":{"rank":"binance"}}', "profile.rank"),
        ('{"journal":1,"rulebook":"2","assets":[]}', "assets"),
        ('{"journal":1,"rulebook":"2","assets":{"US DT":{}}}', 'assets."US DT"'),
        ('{"journal":1,"rulebook":"2","assets":{"USDT":{"decimals":9}}}', "assets.USDT.decimals"),
        ('{"journal":1,"rulebook":"2","assets":{"USDT":{"decimals":-1}}}', "assets.USDT.decimals"),
        ('{"journal":1,"rulebook":"2","assets":{"USDT":{"digits":8}}}', "assets.USDT.digits"),
        ('{"journal":1,"journal":1,"rulebook":"2"}', None), (good, "type"), ("[]", None), ("null", None), ("{", None),
    )):  # fmt: skip
        yield Malformed(f"header-{place}", f"{text}\n{good}\n".encode(), 1, field)


def wrong_files() -> Iterator[Malformed]:
    """Files that are not lines of JSON objects in UTF-8."""
    good = json.dumps(SAMPLES["deposit"])
    for name, content, line in (
        ("empty", b"", 1),
        ("only-newline", b"\n", 1),
        ("byte-order-mark", b"\xef\xbb\xbf" + journal(good), 1),
        ("no-final-newline", journal(good)[:-1], 2),
        ("cut-in-line", journal(good)[:-20], 2),
        ("blank-line", journal(good, "", good), 3),
        ("spaces-only", journal(good, "   "), 3),
        ("carriage-returns", journal(good).replace(b"\n", b"\r\n"), 1),
        ("nul", journal(good, "\0"), 3),
        ("latin-1", journal(good) + good.replace("carol", "\xfcnal").encode("latin-1") + b"\n", 3),
        ("trailing-garbage", journal(good + " x"), 2),
        ("two-objects", journal(good + good), 2),
        ("array", journal("[]"), 2),
        ("number", journal("1"), 2),
        ("deep", journal("[" * 100_000), 2),
        ("deep-object", journal('{"a":' * 100_000), 2),
        ("single-quotes", journal(good.replace('"', "'")), 2),
        ("comment", journal("// " + good), 2),
        ("trailing-comma", journal(good[:-1] + ",}"), 2),
        ("control-character", journal(good.replace("carol", "ca\trol")), 2),
    ):
        yield Malformed(name, content, line, None)
    yield Malformed("unknown-type", journal(good.replace("deposit", "borrow")), 2, "type")
    yield Malformed("type-of-other-case", journal(good.replace("deposit", "Deposit")), 2, "type")
    yield Malformed("no-type", journal('{"account":"a"}'), 2, "type")


ALL = [
    *(one for kind, line in SAMPLES.items() for one in wrong_values(kind, line)),
    *(one for kind, line in SAMPLES.items() for one in wrong_fields(kind, line)),
    *nested_repeats(), *wrong_headers(), *wrong_files(),
]  # fmt: skip


def test_there_are_more_than_two_hundred_distinct_files() -> None:
    assert set(SAMPLES) == set(EVENT_FORMS)
    assert len({one.content for one in ALL}) > 900


@pytest.mark.rule("JRN-01", "NUM-01")
@pytest.mark.parametrize("one", ALL, ids=lambda one: one.name)
def test_a_malformed_journal_is_refused_with_place_and_reason(one: Malformed, tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_bytes(one.content)
    with pytest.raises(InputError) as refusal:
        list(open_journal(path))
    found = refusal.value
    assert (found.file, found.line, found.field or None) == (str(path), one.line, one.field)
    assert found.reason


@pytest.mark.parametrize("one", ALL[::40], ids=lambda one: one.name)
def test_the_command_says_so_in_one_line_and_writes_nothing(one: Malformed, tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_bytes(one.content)
    outputs = ["--state", str(tmp_path / "state"), "--receipts", str(tmp_path / "receipts")]
    answer = CliRunner().invoke(marginspec, ["replay", str(path), *outputs])
    assert isinstance(answer.exception, InputError)
    assert sorted(tmp_path.iterdir()) == [path]


def compressed(content: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(content)


GOOD = journal(*(json.dumps(SAMPLES["deposit"]) for _ in range(50)))


@pytest.mark.parametrize("cut", range(1, len(compressed(GOOD)), 7))
def test_a_compressed_file_cut_anywhere_is_refused(cut: int, tmp_path: Path) -> None:
    path = tmp_path / "cut.jsonl.zst"
    path.write_bytes(compressed(GOOD)[:cut])
    with pytest.raises(InputError):
        list(open_journal(path))


@pytest.mark.parametrize("place", range(0, len(compressed(GOOD)), 5))
def test_a_compressed_file_with_a_flipped_byte_is_refused_or_unchanged(place: int, tmp_path: Path) -> None:
    content = bytearray(compressed(GOOD))
    content[place] ^= 0xFF
    path = tmp_path / "flipped.jsonl.zst"
    path.write_bytes(bytes(content))
    with pytest.raises(InputError):
        list(open_journal(path))


def test_two_whole_frames_are_one_file(tmp_path: Path) -> None:
    path = tmp_path / "two.jsonl.zst"
    half = GOOD.index(b"\n", len(GOOD) // 2) + 1
    path.write_bytes(compressed(GOOD[:half]) + compressed(GOOD[half:]))
    assert len(list(open_journal(path))) == 50


MESSAGES: tuple[tuple[bytes, str], ...] = (
    (journal(with_field(SAMPLES["deposit"], "amount", '"1e5"')), ':2: amount: not a decimal: "1e5"'),
    (journal('{"type":"deposit","account":"a","amount":"1"}'), ":2: asset: missing field"),
    (journal(with_field(SAMPLES["deposit"], "account", '"a b"')), ':2: account: not a name: "a b"'),
    (journal('{"type":"deposit","type":"deposit"}'), ':2: repeated field "type"'),
    (b"", ":1: the header is missing"),
    (journal("{}")[:-1], ":2: the last line is not ended by a newline: the file is cut short"),
)


@pytest.mark.parametrize(("content", "message"), MESSAGES, ids=range(len(MESSAGES)))
def test_messages(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_bytes(content)
    with pytest.raises(InputError) as refusal:
        list(open_journal(path))
    assert str(refusal.value) == f"{path}{message}"


@pytest.mark.parametrize(("name", "message"), [
    ("journal.csv", "not a journal's name: expected .jsonl, .jsonl.zst or .parquet"),
    ("missing.jsonl", "cannot be read: No such file or directory"),
    ("missing.parquet", "cannot be read: No such file or directory"),
    ("folder.jsonl", "cannot be read: Is a directory"),
])  # fmt: skip
def test_files_that_cannot_be_opened(name: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "folder.jsonl").mkdir()
    path = tmp_path / name
    with pytest.raises(InputError) as refusal:
        list(open_journal(path))
    assert str(refusal.value) == f"{path}: {message}"
