"""`marginspec prove`: what it prints, its exit codes, certificates and whether they can be tampered with."""

import json
import os
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import attrs
import pytest
from click.testing import CliRunner, Result

from marginspec_journal import InputError
from marginspec_proofs.prover.certificates import EXPECTED, INDEX, MANIFEST, Flaw, flaws_of, listed_certificates
from marginspec_proofs.prover.sources import machinery_hash
from marginspec_proofs.prover.statements import REGISTRY
from marginspec_tools import cli
from marginspec_tools.prove.command import Summary, chosen_ids, command, exit_code, failure_lines


def run(*arguments: object) -> Result:
    return CliRunner().invoke(command, [*(str(one) for one in arguments), "--jobs", "1"])


SUMMARY = Summary(
    id="T-X-1", sentence="A sentence.", rules=("NUM-02",), scope="all integers", uses=(), status="proved", paths=1,
    obligations=1, z3={"unsat": 1}, cvc5={"unsat": 1}, z3_resources=5, cvc5_resources=7, failure="",
    counterexample=None, witness={"x": 3},
)  # fmt: skip


def test_the_same_lines_each_time() -> None:
    first, second = run("T-NUM-1", "T-MUL-1", "T-MUL-2", "--json"), run("T-MUL-2", "T-MUL-1", "T-NUM", "--json")
    assert first.exit_code == 0
    assert first.stdout == second.stdout
    lines = [json.loads(line) for line in first.stdout.splitlines()]
    assert [one["id"] for one in lines] == ["T-MUL-1", "T-MUL-2", "T-NUM-1"]
    assert all(one["status"] == "proved" and one["z3_resources"] > 0 for one in lines)


def test_the_same_costs_whatever_texts_hash_to(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = []
    for seed in ("1", "2", None):
        monkeypatch.setenv("PYTHONHASHSEED", seed) if seed else monkeypatch.delenv("PYTHONHASHSEED", raising=False)
        lines.append(run("T-ADL-12", "--json").stdout)
        assert os.environ.get("PYTHONHASHSEED") == seed
    assert lines[0] == lines[1] == lines[2]


def test_people_get_a_table() -> None:
    finished = run("T-NUM-1")
    assert finished.exit_code == 0
    assert "T-NUM-1" in finished.stdout
    assert "1 proved" in finished.stdout
    assert [line for line in finished.stdout.splitlines() if line.endswith(" ")] == []


def test_an_id_names_itself_only_and_a_part_of_it_all_that_begin_so() -> None:
    assert chosen_ids(("T-ADL-1",), fast=False) == ["T-ADL-1"]
    assert len(chosen_ids(("T-ADL",), fast=False)) > 5
    assert chosen_ids((), fast=False) == list(REGISTRY)
    assert all(REGISTRY[name].fast for name in chosen_ids((), fast=True))


def test_an_unknown_id_is_wrong_usage() -> None:
    finished = run("T-NOTHING")
    assert finished.exit_code == 2
    assert "there is no theorem T-NOTHING" in finished.stderr


def test_no_theorem_left_is_wrong_usage() -> None:
    slow = next(name for name, one in REGISTRY.items() if not one.fast)
    finished = run(slow, "--fast")
    assert finished.exit_code == 2
    assert "fast" in finished.stderr


def test_without_the_solvers_the_command_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "z3", None)
    for name in [
        name for name in sys.modules if name.startswith(("marginspec_proofs", "marginspec_tools.prove.command"))
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "argv", ["marginspec", "prove"])
    assert cli.exit_code() == 2
    assert "z3, which is not installed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        (("proved", "proved"), 0),
        (("proved", "failed"), 1),
        (("vacuous",), 1),
        (("unknown", "proved"), 4),
        (("unknown", "failed"), 1),
    ],
)
def test_exit_codes(statuses: tuple[Any, ...], code: int) -> None:
    assert exit_code([attrs.evolve(SUMMARY, status=status) for status in statuses]) == code


def test_a_failure_shows_its_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(REGISTRY, "T-X-1", REGISTRY["T-NUM-1"])
    failed = attrs.evolve(SUMMARY, status="failed", failure="nothing is lost", counterexample={"x": 3, "y": 2})
    assert list(failure_lines([SUMMARY, failed])) == [
        "T-X-1 is failed: nothing is lost", "    x = 3", "    y = 2",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--mutants", "--fast"), "--fast has no effect with --mutants: leave it out"),
        (("--mutants", "--journal", "j.jsonl"), "--journal has no effect with --mutants: leave it out"),
        (("--recheck", ".", "--export", "new"), "--export has no effect with --recheck: leave it out"),
        (("T-NUM-1", "--recheck", "."), "[ID]... has no effect with --recheck: leave it out"),
        (("--status", "--state", "s.json"), "--state cannot be combined with --status, which proves all theorems"),
        (("--status", "T-NUM-1"), "[ID]... cannot be combined with --status, which proves all theorems"),
        (
            ("--state", "s.json"),
            "--journal and --state need one theorem: name it, as in marginspec prove T-NUM-1 --journal FILE",
        ),
    ],
)
def test_options_that_would_do_nothing_are_refused(options: tuple[str, ...], said: str) -> None:
    finished = run(*options)
    assert finished.exit_code == 2
    assert finished.stderr.splitlines()[-1] == f"Error: {said}"


# ------------------------------------------------------------- certificates


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("proofs") / "certificates"
    finished = run("T-NUM-1", "T-SHARE-2", "--export", folder)
    assert finished.exit_code == 0, finished.output
    return folder


@pytest.fixture
def copied(written: Path, tmp_path: Path) -> Path:
    for path in written.rglob("*"):
        if path.is_file():
            target = tmp_path / path.relative_to(written)
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(path.read_bytes())
    return tmp_path


def flaws(folder: Path) -> list[Flaw]:
    return [flaw for name, known in listed_certificates(folder).items() for flaw in flaws_of(folder / name, known)]


def reseal(folder: Path, theorem: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Change a manifest as a forger would: the list of certificates has its new hash."""
    path = folder / theorem / MANIFEST
    manifest = json.loads(path.read_text("utf-8"))
    change(manifest)
    path.write_text(json.dumps(manifest), "utf-8")
    index = json.loads((folder / INDEX).read_text("utf-8"))
    index["manifests"][theorem] = sha256(path.read_bytes()).hexdigest()
    (folder / INDEX).write_text(json.dumps(index), "utf-8")


def test_certificates_hold_and_say_what_was_proved(written: Path) -> None:
    finished = run("--recheck", written)
    assert (finished.exit_code, finished.stdout) == (0, "2 certificates, 0 flaws\n")
    manifest = json.loads((written / "T-SHARE-2" / MANIFEST).read_text("utf-8"))
    assert manifest["sentence"] == REGISTRY["T-SHARE-2"].sentence
    assert set(manifest["solvers"]) == {"z3", "cvc5"}
    rows = manifest["obligations"]
    assert all(row["z3"]["verdict"] == row["cvc5"]["verdict"] == "unsat" for row in rows)
    last = rows[-1]
    assert last["claim"] == "at most the claim"
    assert "NUM-03" in {part.split(":")[0] for row in rows for part in row["core"]}
    assert (written / "T-SHARE-2" / last["file"]).read_text("utf-8").startswith(EXPECTED)


def test_certificates_are_the_same_each_time(written: Path, tmp_path: Path) -> None:
    run("T-NUM-1", "T-SHARE-2", "--export", tmp_path / "again")
    names = sorted(path.relative_to(written) for path in written.rglob("*") if path.is_file())
    assert names == sorted(p.relative_to(tmp_path / "again") for p in (tmp_path / "again").rglob("*") if p.is_file())
    assert all((written / name).read_bytes() == (tmp_path / "again" / name).read_bytes() for name in names)


def test_a_folder_with_anything_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "note").write_text("mine", "utf-8")
    finished = run("T-MUL-1", "--export", tmp_path / "taken")
    assert isinstance(finished.exception, InputError)
    assert [path.name for path in tmp_path.rglob("*")] == ["taken", "note"]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert run("T-MUL-1", "--export", tmp_path / "empty").exit_code == 0
    assert (tmp_path / "empty" / INDEX).is_file()


def test_changed_text_is_noticed(copied: Path) -> None:
    path = copied / "T-NUM-1" / "00003.smt2"
    path.write_text(path.read_text("utf-8").replace("(check-sat)", "(assert false)\n(check-sat)"), "utf-8")
    assert flaws(copied) == [Flaw("T-NUM-1/00003.smt2", "its text is not the one that was hashed")]


def test_an_obligation_that_does_not_hold_is_noticed(copied: Path) -> None:
    weaker = EXPECTED + "(set-logic QF_NIA)\n(declare-const x Int)\n(assert (< x 3))\n(check-sat)\n"
    (copied / "T-NUM-1" / "00003.smt2").write_text(weaker, "utf-8")

    def change(manifest: dict[str, Any]) -> None:
        manifest["obligations"][2]["sha256"] = sha256(weaker.encode()).hexdigest()

    reseal(copied, "T-NUM-1", change)
    first, second = flaws(copied)
    assert first.why in ("z3 says sat", "z3 cannot read it")
    assert second.why.startswith("an obligation of the theorem is not among its own: ")


def test_text_that_no_solver_reads_is_noticed(copied: Path) -> None:
    (copied / "T-NUM-1" / "00003.smt2").write_text("(assert", "utf-8")

    def change(manifest: dict[str, Any]) -> None:
        manifest["obligations"][2]["sha256"] = sha256(b"(assert").hexdigest()

    reseal(copied, "T-NUM-1", change)
    assert flaws(copied)[0] == Flaw("T-NUM-1/00003.smt2", "z3 cannot read it")


def test_a_theorem_that_was_not_proved_is_noticed(copied: Path) -> None:
    reseal(copied, "T-NUM-1", lambda manifest: manifest.update(status="unknown"))
    assert flaws(copied) == [Flaw("T-NUM-1/manifest.json", "its status is not that of the theorem")]


def test_missing_and_added_files_are_noticed(copied: Path) -> None:
    (copied / "T-NUM-1" / "00003.smt2").rename(copied / "T-NUM-1" / "99999.smt2")
    (copied / "T-SHARE-2" / MANIFEST).unlink()
    (copied / "T-EXTRA-1").mkdir()
    finished = run("--recheck", copied)
    assert finished.exit_code == 1
    assert finished.stdout.splitlines() == [
        "T-NUM-1/99999.smt2: is not in the manifest",
        "T-NUM-1/00003.smt2: missing",
        "T-SHARE-2/manifest.json: is missing, or not the one that was hashed",
        "T-EXTRA-1: is not in the list of certificates",
        "2 certificates, 4 flaws",
    ]


# What a forger can do who seals the folder again.


def obligations(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = manifest["obligations"]
    return rows


def test_dropped_obligations_are_noticed(copied: Path) -> None:
    for path in (copied / "T-NUM-1").glob("*.smt2"):
        path.unlink()
    reseal(copied, "T-NUM-1", lambda manifest: manifest.update(obligations=[]))
    (flaw,) = flaws(copied)
    assert flaw.file == "T-NUM-1/manifest.json"
    assert flaw.why.startswith("an obligation of the theorem is not among its own: ")


def test_an_obligation_that_anybody_could_show_is_noticed(copied: Path) -> None:
    forged = EXPECTED + "(set-logic QF_NIA)\n(assert false)\n(check-sat)\n"
    (copied / "T-NUM-1" / "00003.smt2").write_text(forged, "utf-8")

    def change(manifest: dict[str, Any]) -> None:
        obligations(manifest)[2]["sha256"] = sha256(forged.encode()).hexdigest()

    reseal(copied, "T-NUM-1", change)
    (flaw,) = flaws(copied)
    assert flaw.why.startswith("an obligation of the theorem is not among its own: ")


def test_an_added_obligation_is_noticed(copied: Path) -> None:
    forged = EXPECTED + "(set-logic QF_NIA)\n(assert false)\n(check-sat)\n"
    (copied / "T-NUM-1" / "99999.smt2").write_text(forged, "utf-8")
    row = {"file": "99999.smt2", "sha256": sha256(forged.encode()).hexdigest()}
    reseal(copied, "T-NUM-1", lambda manifest: obligations(manifest).append(row))
    assert flaws(copied) == [Flaw("T-NUM-1/99999.smt2", "is no obligation of the theorem")]


@pytest.mark.parametrize("file", ["../T-SHARE-2/00001.smt2", "manifest.json", "", 3, None])
def test_a_name_that_is_no_obligations_is_refused(file: Any, copied: Path) -> None:
    reseal(copied, "T-NUM-1", lambda manifest: obligations(manifest)[0].update(file=file))
    assert flaws(copied)[0] == Flaw("T-NUM-1/manifest.json", "is not a manifest of a theorem that is proved")


@pytest.mark.parametrize("name", ["sentence", "rules", "scope", "uses", "source_sha256"])
def test_what_is_said_of_another_theorem_is_noticed(name: str, copied: Path) -> None:
    reseal(copied, "T-NUM-1", lambda manifest: manifest.update({name: "another"}))
    assert flaws(copied) == [Flaw("T-NUM-1/manifest.json", f"its {name} is not that of the theorem")]


def test_a_witness_that_is_none_is_noticed(copied: Path) -> None:
    reseal(copied, "T-NUM-1", lambda manifest: manifest.update(witness={}))
    (flaw,) = flaws(copied)
    assert flaw.why.startswith("its witness is out of scope: ")
    reseal(copied, "T-NUM-1", lambda manifest: manifest.update(witness=None))
    assert flaws(copied) == [Flaw("T-NUM-1/manifest.json", "is not a manifest of a theorem that is proved")]


def test_an_invented_theorem_is_noticed(copied: Path) -> None:
    (copied / "T-NUM-1").rename(copied / "T-INVENTED-1")
    index = json.loads((copied / INDEX).read_text("utf-8"))
    index["manifests"]["T-INVENTED-1"] = index["manifests"].pop("T-NUM-1")
    (copied / INDEX).write_text(json.dumps(index), "utf-8")
    assert flaws(copied) == [Flaw("T-INVENTED-1/manifest.json", "there is no such theorem")]


def test_other_machinery_is_refused(copied: Path) -> None:
    index = json.loads((copied / INDEX).read_text("utf-8"))
    (copied / INDEX).write_text(json.dumps({**index, "machinery_sha256": 64 * "0"}), "utf-8")
    said = f"{copied / INDEX}: machinery_sha256: made by other machinery than is here"
    assert str(run("--recheck", copied).exception) == said


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"manifests": 3}'])
def test_a_folder_without_certificates_is_wrong_input(text: str, tmp_path: Path) -> None:
    (tmp_path / INDEX).write_text(text, "utf-8")
    assert isinstance(run("--recheck", tmp_path).exception, InputError)


def test_no_certificates_prove_nothing(tmp_path: Path) -> None:
    (tmp_path / INDEX).write_text(json.dumps({"machinery_sha256": machinery_hash(), "manifests": {}}), "utf-8")
    assert run("--recheck", tmp_path).exit_code == 1
