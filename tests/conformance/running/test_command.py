"""The command `run`, as a user calls it: what it prints, writes, and ends with."""

import shlex
import sys
from pathlib import Path

import attrs
import pytest
from click import UsageError
from click.testing import CliRunner, Result
from immutables import Map

from marginspec.model.events import Event
from marginspec.model.state import Header
from marginspec.transition import SpecificationEngine
from marginspec_conformance.adapter import Adapter
from marginspec_conformance.command import command
from marginspec_conformance.engines import RulebookAdapter
from marginspec_conformance.generator.events import deposit, listing, mark, trade, withdraw
from marginspec_conformance.protocol.messages import Accepted, Answer, Hello, Refused, Unsupported, Want
from marginspec_conformance.reporting.log import read_log
from marginspec_conformance.vectors import vectors_of
from marginspec_conformance.vectors.making import Draft, vector_object
from marginspec_conformance.vectors.writing import suite_text
from marginspec_journal import InputError
from marginspec_journal.canonical import JsonObject


class Deciding(RulebookAdapter):
    """The rulebook, which tells its decisions only, whatever is wanted."""

    def hello(self) -> Hello:
        return attrs.evolve(super().hello(), level=2, capabilities=super().hello().capabilities - {"digest"})

    def step(self, event: JsonObject, want: Want) -> Answer:
        return super().step(event, "verdict" if want == "verdict" else "decisions")


def deciding() -> Deciding:
    """An engine of level 2."""
    return Deciding("deciding", SpecificationEngine)


SPECIFICATION = "py:marginspec_conformance.engines:specification"
FAULTY = "fault:a fee rounds down"
HEADER = Header(asset_decimals=Map({"USD": 0}))
EVENTS: tuple[Event, ...] = (
    listing(taker="0.00000001"),
    mark("1"),
    deposit("alice", "300"),
    deposit("bob", "300"),
    trade("alice", "bob", "3", "1"),
)
VECTORS = [vector_object(Draft("TRD-01", slug, "A fee.", HEADER, EVENTS)) for slug in ("a", "b")]

WRONG_IDS = """
import json, sys
hello = {"answer": "hello", "protocol": 1, "name": "n", "version": "1", "language": "l", "rulebook": "2", "level": 2}
for line in sys.stdin:
    number = json.loads(line)["id"]
    print(json.dumps({"id": 1, **hello, "capabilities": []} if number == 1 else {"id": number + 1, "answer": "ok"}))
    sys.stdout.flush()
"""

SILENT = """
import json, sys
hello = {"answer": "hello", "protocol": 1, "name": "n", "version": "1", "language": "l", "rulebook": "2", "level": 2}
for line in sys.stdin:
    asked = json.loads(line)
    if asked["do"] == "hello":
        print(json.dumps({"id": asked["id"], **hello, "capabilities": []}), flush=True)
    elif asked["do"] in ("configure", "reset"):
        print(json.dumps({"id": asked["id"], "answer": "ok"}), flush=True)
    elif asked["do"] == "stop":
        break
"""


class WithoutFees(RulebookAdapter):
    """The rulebook without fees, which says so."""

    def hello(self) -> Hello:
        return attrs.evolve(super().hello(), level=4, left_out=("TRD-01",), capabilities=frozenset())

    def step(self, event: JsonObject, want: Want) -> Answer:
        if event["type"] == "list_market":
            event = {**event, "taker_fee": "0", "maker_fee": "0"}
        return super().step(event, want)


def without_fees() -> WithoutFees:
    """An engine that leaves a clause out."""
    return WithoutFees("without fees", SpecificationEngine)


class Leaving(RulebookAdapter):
    """The rulebook, which leaves out the part that it is named after."""

    def hello(self) -> Hello:
        return attrs.evolve(super().hello(), level=4, left_out=(self._name,))


def without_checks() -> Leaving:
    """An engine behind a gateway."""
    return Leaving("input_checks", SpecificationEngine)


def with_one_asset() -> Leaving:
    """An engine of one asset."""
    return Leaving("several_assets", SpecificationEngine)


class RefusesAll(Adapter):
    """Refuses whatever happens."""

    def step(self, event: JsonObject, want: Want) -> Answer:
        return Refused("NO")


class Claims(Adapter):
    """Claims to have fills, and never has them."""

    def hello(self) -> Hello:
        return attrs.evolve(super().hello(), level=2, capabilities=frozenset({"fills"}))

    def step(self, event: JsonObject, want: Want) -> Answer:
        return Unsupported("fills")


class Levyless(RulebookAdapter):
    """The rulebook without the levy, and so without what the house pays before it."""

    def hello(self) -> Hello:
        return attrs.evolve(super().hello(), level=4, capabilities=super().hello().capabilities - {"levy"})

    def step(self, event: JsonObject, want: Want) -> Answer:
        answer = super().step(event, want)
        assert not (event["type"] == "mark_price" and isinstance(answer, Accepted) and answer.levied)
        return answer


def levyless() -> Levyless:
    """An engine without a levy."""
    return Levyless("levyless", SpecificationEngine)


def called(*arguments: str) -> Result:
    """What a call of `conform` came to."""
    return CliRunner().invoke(command, [*arguments], standalone_mode=False)


def code(*arguments: str) -> int:
    """The exit code of a call of `conform`."""
    return int(called(*arguments).return_value or 0)


@pytest.fixture
def vectors(tmp_path: Path) -> Path:
    """A file of two vectors."""
    path = tmp_path / "vectors.jsonl"
    path.write_bytes(suite_text(VECTORS))
    return path


def test_a_run_says_what_an_engine_conforms_to(vectors: Path, tmp_path: Path) -> None:
    log = tmp_path / "log.ndjson"
    ended = called("run", "-e", SPECIFICATION, "--level", "4", "--vectors", str(vectors), "--log", str(log))
    assert ended.return_value == 0
    assert ended.output.startswith(
        "conforms in decisions and balances, exactly, over 10 events; 2 of 2 cases passed, of the file "
    )
    assert [case.outcome for case in read_log(log).cases] == ["passed", "passed"]


def test_an_engine_that_does_not_tell_what_a_level_compares_fails_and_says_what_it_claims(vectors: Path) -> None:
    arguments = ("run", "-e", f"py:{__name__}:deciding", "--vectors", str(vectors))
    ended = called(*arguments, "--level", "4")
    failed = "the engine failed: protocol: the answer to batch, request 4: answers[0].changes: missing field"
    assert (ended.return_value, ended.stderr.splitlines()) == (
        3,
        [f"determinism: {failed}", *(f"{one['id']}: {failed}" for one in VECTORS)],
    )
    verdict, _, passed, _ = ended.stdout.splitlines()
    assert verdict == "does not hold at level 4: the engine failed in 3 of 3 cases; it claims level 2 only"
    assert passed.startswith("0 of 3 vectors passed; 0 events in ")
    assert code(*arguments) == 0


def test_a_run_tells_what_differs(vectors: Path, tmp_path: Path) -> None:
    log = tmp_path / "log.ndjson"
    ended = called("run", "-e", FAULTY, "--vectors", str(vectors), "--log", str(log), "--fail-fast")
    assert ended.return_value == 1
    assert "does not hold at level 4: 1 of 1 cases differ; 1 of 2 vectors were not run" in ended.output
    finding = read_log(log).cases[0].finding
    assert finding is not None
    assert finding.reproduce == f"marginspec conform run {VECTORS[0]['id']} -e '{FAULTY}' --level 4 --vectors {vectors}"


def test_the_command_that_reproduces_works_when_it_is_pasted(tmp_path: Path) -> None:
    folder = tmp_path / "it's a folder"
    folder.mkdir()
    path, log = folder / "the vectors.jsonl", folder / "log.ndjson"
    path.write_bytes(suite_text(VECTORS))
    code("run", "-e", FAULTY, "--level", "3", "--tolerance", "<0.1", "--timeout", "7", "--vectors", str(path),
         "--log", str(log))  # fmt: skip
    finding = read_log(log).cases[0].finding
    assert finding is not None
    program, group, *words = shlex.split(finding.reproduce)
    assert (program, group) == ("marginspec", "conform")
    assert words == [
        *("run", VECTORS[0]["id"], "-e", FAULTY, "--level", "3", "--tolerance", "<0.1", "--timeout", "7"),
        *("--vectors", str(path)),
    ]
    assert "does not hold at level 3: 1 of 1 cases differ" in called(*words).output


def test_an_engine_that_fails_in_the_first_probe_has_failed_and_marginspec_has_not(
    vectors: Path, tmp_path: Path
) -> None:
    script = tmp_path / "wrong_ids.py"
    script.write_text(WRONG_IDS)
    log = tmp_path / "log.ndjson"
    ended = called("run", "-e", shlex.join([f"exec:{sys.executable}", str(script)]), "--vectors", str(vectors),
                   "--log", str(log))  # fmt: skip
    assert ended.return_value == 3
    assert ended.output.splitlines()[-4].startswith("does not hold at level 2: the engine failed in 3 of 3 cases")
    failed = "protocol: the answer to configure, request 2: id: expected 2, the id of the request, found 3"
    assert [(case.id, case.reason) for case in read_log(log).cases] == [
        ("determinism", failed),
        *((one["id"], failed) for one in VECTORS),
    ]


def test_a_run_names_the_fault_that_explains_most_of_what_it_tells(vectors: Path) -> None:
    ended = called("run", "-e", FAULTY, "--vectors", str(vectors), "--explain")
    *_, differ, told, in_part, last = ended.output.splitlines()
    others = "`run ID` tells one, and --log FILE writes all, for `marginspec conform report make FILE FOLDER`"
    assert (differ, told, in_part, last) == (
        "  TRD-01: 2 vectors differ, all by the same difference",
        f"  told: 1 of 2, the shortest of each clause; {others}",
        "  passed only in part: TRD-01 0 of 2",
        "  1 of 1 told would be explained by: a fee rounds down [TRD-01]",
    )


def test_shards_share_the_vectors_and_none_of_them_is_no_pass(vectors: Path) -> None:
    arguments = ("run", "-e", SPECIFICATION, "--vectors", str(vectors))
    assert "over 5 events" in called(*arguments, "--shard", "2/2", "--level", "4").output
    assert code(*arguments, "--shard", "3/3", "--level", "4") == 4
    assert code(*arguments, VECTORS[1]["id"], "--level", "2") == 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("XYZ-01",), "CLAUSE: no vector is of XYZ-01"),
        (("--shard", "0/2"), "--shard: expected a shard such as 2/5, found '0/2'"),
        (("--smoke",), "--smoke runs the short suite, and --vectors a file of your own: name one of them"),
        (("--timeout", "nan"), "'nan' is no time."),
        (("--timeout", "inf"), "inf is not in the range 0.001<=x<=86400.0."),
        (("--tolerance", "1"), "--tolerance: level 5 has no tolerance; levels 0 and 3 have"),
    ],
)
def test_wrong_usage_is_refused(vectors: Path, arguments: tuple[str, ...], reason: str) -> None:
    ended = called("run", *arguments, "-e", SPECIFICATION, "--vectors", str(vectors))
    assert isinstance(ended.exception, InputError | UsageError)
    assert str(ended.exception) == reason


def test_an_engine_that_does_not_start_ends_with_3(vectors: Path) -> None:
    assert code("run", "-e", "exec:./no-such-engine", "--vectors", str(vectors)) == 3


def test_what_venues_decide_otherwise_is_undecided_below_level_4(tmp_path: Path) -> None:
    path, log = tmp_path / "vectors.jsonl", tmp_path / "log.ndjson"
    path.write_bytes(suite_text([vector_object(Draft("TRD-01", "a", "A fee.", HEADER, EVENTS, venues=("A venue",)))]))
    arguments = ("run", "-e", FAULTY, "--vectors", str(path), "--log", str(log))
    assert code(*arguments, "--level", "3") == 4
    [case] = read_log(log).cases
    told = "decided otherwise, as A venue: ledger house:USD: expected 1, the engine says 0 (unchanged)"
    assert (case.outcome, case.reason) == ("undecided", told)
    assert code(*arguments, "--level", "4") == 1


def test_an_engine_that_never_answers_is_not_asked_all(tmp_path: Path) -> None:
    path, script = tmp_path / "vectors.jsonl", tmp_path / "silent.py"
    path.write_bytes(suite_text([vector_object(Draft("TRD-01", slug, "A fee.", HEADER, EVENTS)) for slug in "abcdefg"]))
    script.write_text(SILENT)
    engine = "exec:" + shlex.join([sys.executable, str(script)])
    ended = called("run", "-e", engine, "--timeout", "0.1", "--vectors", str(path))
    assert ended.return_value == 1
    assert "does not hold at level 2: 3 of 3 cases differ; 4 of 7 vectors were not run" in ended.output


def test_books_of_an_engine_that_refuses_everything_are_undecided(vectors: Path, tmp_path: Path) -> None:
    log = tmp_path / "log.ndjson"
    engine = f"py:{__name__}:RefusesAll"
    assert code("run", "-e", engine, "--level", "1", "--vectors", str(vectors), "--log", str(log)) == 4
    why = "it refused every event, which says nothing of its books"
    assert [(case.outcome, case.reason) for case in read_log(log).cases] == [("undecided", why)] * 2


def test_what_an_engine_claims_and_does_not_have_is_said(vectors: Path, tmp_path: Path) -> None:
    log = tmp_path / "log.ndjson"
    assert code("run", "-e", f"py:{__name__}:Claims", "--vectors", str(vectors), "--log", str(log)) == 4
    assert called("run", "-e", f"py:{__name__}:Claims", "--vectors", str(vectors)).output.splitlines()[-2:] == [
        "  skipped: 2 vectors, needs fills, which it claims to have",
        "  nothing was decided of TRD-01",
    ]
    assert {case.reason for case in read_log(log).cases} == {"needs fills, which it claims to have"}


def test_what_an_engine_leaves_out_is_skipped_and_said(tmp_path: Path) -> None:
    """By the clause that a vector is about, and by that under which something else differs."""
    path = tmp_path / "vectors.jsonl"
    drafts = (
        Draft("TRD-01", "a", "A fee.", HEADER, EVENTS),
        Draft("ACC-01", "b", "A fee, in passing.", HEADER, EVENTS),
        Draft("ACC-01", "c", "No fee yet.", HEADER, EVENTS[:-1]),
    )
    path.write_bytes(suite_text([vector_object(one) for one in drafts]))
    ended = called("run", "-e", f"py:{__name__}:without_fees", "--vectors", str(path))
    verdict, conditions, _, skipped, in_part, undecided = ended.output.splitlines()
    assert ended.return_value == 0
    assert verdict.startswith(
        "conforms in decisions and balances, exactly, over 8 events; 1 of 3 cases passed, of the file"
    )
    assert conditions.endswith("clauses left out: TRD-01; skipped: 2; undecided: 0")
    assert skipped == "  skipped: 2 vectors, left out: TRD-01"
    assert in_part == "  passed only in part: ACC-01 1 of 2"
    assert undecided == "  nothing was decided of TRD-01"


@pytest.mark.parametrize(
    ("engine", "skipped"),
    [("without_checks", "  skipped: 1 vector, left out: input_checks"),
     ("with_one_asset", "  skipped: 1 vector, left out: several_assets")],
)  # fmt: skip
def test_a_part_that_an_engine_leaves_out_is_skipped_and_said(engine: str, skipped: str, tmp_path: Path) -> None:
    """What the rulebook refuses for what an event says, and another asset beside the first."""
    path = tmp_path / "vectors.jsonl"
    drafts = (
        Draft("ACC-01", "a", "A market that is not listed.", HEADER, (mark("100", "NONE"),)),
        Draft("ACC-01", "b", "Two assets.", HEADER, (*EVENTS, deposit("alice", "5", "EUR"))),
        Draft("ACC-01", "c", "Money that is not there.", HEADER, (*EVENTS[:-1], withdraw("alice", "10000000"))),
    )
    path.write_bytes(suite_text([vector_object(one) for one in drafts]))
    ended = called("run", "-e", f"py:{__name__}:{engine}", "--vectors", str(path))
    *_, told, in_part = ended.output.splitlines()
    assert (ended.return_value, told, in_part) == (0, skipped, "  passed only in part: ACC-01 2 of 3")


def test_a_run_in_which_nobody_traded_says_so(tmp_path: Path) -> None:
    path = tmp_path / "vectors.jsonl"
    path.write_bytes(suite_text([vector_object(Draft("ACC-01", "a", "No trade yet.", HEADER, EVENTS[:-1]))]))
    ended = called("run", "-e", SPECIFICATION, "--vectors", str(path))
    assert ended.output.splitlines()[0].endswith("; none of them was a trade that is accepted")
    path.write_bytes(suite_text([vector_object(Draft("ACC-01", "a", "A trade.", HEADER, EVENTS))]))
    assert "none of them" not in called("run", "-e", SPECIFICATION, "--vectors", str(path)).output


def test_what_lies_near_an_edge_is_named_with_the_reason_and_its_partner_decides() -> None:
    """An engine that lets unrealised profit be withdrawn: of one quantum more nothing is known at level 2."""
    fault = "fault:unrealised profit is movable"
    near, partner = (next(one.id for one in vectors_of(["MRG-06"]) if one.id.split("/")[1] == name)
                     for name in ("profit-more", "profit-more-well-past"))  # fmt: skip
    ended = called("run", near, "-e", fault, "--level", "2")
    why = "near tie at event 8: verdict: expected rejected (INSUFFICIENT_BALANCE), the engine says accepted"
    assert (ended.return_value, ended.output.splitlines()[3]) == (4, f"  undecided: {near}, {why}")
    assert code("run", partner, "-e", fault, "--level", "2") == 1
    assert code("run", "MRG-06", "-e", fault, "--level", "2") == 1


def test_a_log_is_not_written_over_the_vectors(vectors: Path) -> None:
    ended, before = called("run", "-e", SPECIFICATION, "--vectors", str(vectors), "--log", str(vectors)), vectors.stat()
    assert str(ended.exception) == f"{vectors}: cannot be written: this command reads or writes it too"
    assert vectors.stat().st_size == before.st_size > 0


def test_a_last_resort_that_the_house_alone_pays_is_not_asked_of_an_engine_without_a_levy() -> None:
    ended = called("run", "LVY-01", "-e", f"py:{__name__}:levyless")
    asked = [one for one in vectors_of(("LVY-01",), (1, 1), False, None) if one.header.profile.last_resort == "levy"]
    assert any(not one.levied for vector in asked for one in vector.answers if isinstance(one, Accepted))
    assert f"  skipped: {len(asked)} vectors, needs levy" in ended.output.splitlines()
