"""audit --verify, --baseline and --against: a report that was changed, a fix review, the day under another profile."""

import csv
import json
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from marginspec_journal import InputError
from marginspec_tools.audit.command import command
from marginspec_tools.audit.folder import MANIFEST, REPORT_FILES
from worlds.venue_day import FOLDER


def run(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(one) for one in arguments])


def refused(*arguments: object) -> str:
    outcome = run(*arguments)
    assert isinstance(outcome.exception, InputError)
    return str(outcome.exception)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of a day with seven faults."""
    folder = tmp_path_factory.mktemp("made") / "r"
    run(FOLDER / "planted.jsonl", "--report", folder)
    return folder


@pytest.fixture
def report(made: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    return Path(shutil.copytree(made, tmp_path / "r"))


# ------------------------------------------------------------------- verify

WHOLE = f"all {len(REPORT_FILES) - 1} files are as manifest.json says"
UNSIGNED = "not signed: nothing protects manifest.json itself, and who changes it to fit other files goes unnoticed"


def test_a_report_that_nobody_changed_is_whole(report: Path) -> None:
    outcome = run("--verify", report)
    assert (outcome.exit_code, outcome.stdout.splitlines()) == (0, [WHOLE, UNSIGNED])
    told = json.loads(run("--verify", report, "--json").stdout)
    assert told == {
        "verify": 1,
        "holds": True,
        "files": len(REPORT_FILES) - 1,
        "missing": [],
        "changed": [],
        "extra": [],
        "contradicting": [],
        "signed": None,
        "signature": UNSIGNED,
    }


def test_what_is_missing_changed_or_extra_is_named(report: Path) -> None:
    (report / "funds.csv").write_text("market\n")
    (report / "notes.jsonl").unlink()
    (report / "junit.xml").unlink()
    (report / "junit.xml").mkdir()
    (report / "summary.md").rename(report / "\x1b[31m.md")
    (report / "summary.md").symlink_to("\x1b[31m.md")
    outcome = run("--verify", report)
    assert (outcome.exit_code, outcome.stdout.splitlines()) == (
        1,
        [
            *("missing: notes.jsonl", "changed: funds.csv", "changed: junit.xml", "changed: summary.md"),
            *("extra: \\x1b[31m.md", UNSIGNED),
        ],
    )


def test_a_manifest_that_leaves_files_out_does_not_hold(report: Path) -> None:
    alone = report.with_name("alone")
    alone.mkdir()
    fields = json.loads((report / MANIFEST).read_text("utf-8"))
    (alone / MANIFEST).write_text(json.dumps({**fields, "files": {}}))
    outcome = run("--verify", alone)
    every = sorted(name for name in REPORT_FILES if name != MANIFEST)
    assert (outcome.exit_code, outcome.stdout.splitlines()) == (1, [*[f"missing: {name}" for name in every], UNSIGNED])
    del fields["files"]["findings.jsonl"]
    (report / MANIFEST).write_text(json.dumps(fields))
    outcome = run("--verify", report)
    assert (outcome.exit_code, outcome.stdout.splitlines()) == (1, ["extra: findings.jsonl", UNSIGNED])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("auditor", "KPMG LLP"),
        ("inputs", {"journal": "0" * 64}),
        ("hash", "0" * 64),
        ("versions", {}),
        ("program", "0" * 64),
        ("approved_by", None),
        ("auditor", None),
    ],
)
def test_what_a_manifest_states_is_compared_with_the_summary(name: str, value: object, report: Path) -> None:
    fields = json.loads((report / MANIFEST).read_text("utf-8"))
    (report / MANIFEST).write_text(json.dumps({**fields, name: value}))
    outcome = run("--verify", report)
    told = [f"stated otherwise in summary.json: {name}", UNSIGNED]
    assert (outcome.exit_code, outcome.stdout.splitlines()) == (1, told)
    assert json.loads(run("--verify", report, "--json").stdout)["contradicting"] == [name]
    words = (FOLDER / "drift.jsonl", "--report", report.with_name("s"), "--baseline", report)
    assert refused(*words) == f"{report / MANIFEST}: {name}: stated otherwise in summary.json"


def test_what_a_manifest_does_not_state_is_told(report: Path) -> None:
    fields = json.loads((report / MANIFEST).read_text("utf-8"))
    (report / MANIFEST).write_text(json.dumps({"manifest": 1, "files": fields["files"]}))
    told = [
        f"stated otherwise in summary.json: {name}" for name in ("auditor", "hash", "inputs", "program", "versions")
    ]
    assert run("--verify", report).stdout.splitlines() == [*told, UNSIGNED]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not JSON"),
        ('{"files": {}}', "manifest: expected 1"),
        ('{"files": {}, "manifest": 2}', "manifest: expected 1"),
        ("[]", "files: expected the names of files, each with its SHA-256"),
        ('{"files": {"a": 1}}', "files: expected the names of files, each with its SHA-256"),
        ('{"files": {"../a": ""}}', "files: not a name of a file in the folder: '../a'"),
        ('{"files": {"/etc/passwd": ""}}', "files: not a name of a file in the folder: '/etc/passwd'"),
    ],
)
def test_a_manifest_that_is_none_is_refused(text: str, reason: str, report: Path) -> None:
    (report / "manifest.json").write_text(text)
    assert reason in refused("--verify", report)


def test_a_folder_without_manifest_is_no_report(tmp_path: Path) -> None:
    assert refused("--verify", tmp_path) == f"{tmp_path / 'manifest.json'}: cannot be read: No such file or directory"


def keygen(*words: object) -> None:
    assert shutil.which("ssh-keygen"), "needs ssh-keygen, Debian's package openssh-client"
    subprocess.run(["ssh-keygen", "-q", *(str(one) for one in words)], check=True, capture_output=True)


def test_a_signature_is_of_whom_the_signers_name(report: Path, tmp_path: Path) -> None:
    key, signers, nobody = tmp_path / "key", tmp_path / "signers", tmp_path / "nobody"
    keygen("-t", "ed25519", "-N", "", "-f", key)
    keygen("-Y", "sign", "-f", key, "-n", "file", report / "manifest.json")
    signers.write_text(f"jane@example.org {(tmp_path / 'key.pub').read_text()}")
    nobody.write_text("")
    outcome = run("--verify", report, "--signers", signers)
    assert (outcome.exit_code, outcome.stdout.splitlines()) == (0, [WHOLE, "signed by jane@example.org"])
    anyone = run("--verify", report)
    assert anyone.exit_code == 0
    assert anyone.stdout.splitlines()[1].endswith("by whose key, --signers FILE tells")
    other = run("--verify", report, "--signers", nobody)
    assert (other.exit_code, other.stdout.splitlines()[1]) == (1, f"WRONG SIGNATURE: by nobody in {nobody}")
    with (report / "manifest.json").open("a") as manifest:
        manifest.write("\n")
    for asked in ((), ("--signers", signers)):
        forged = run("--verify", report, *asked)
        assert forged.exit_code == 1
        assert forged.stdout.splitlines()[1].startswith("WRONG SIGNATURE: ")
    run(FOLDER / "true.jsonl", "--report", report, "--force")
    assert run("--verify", report).stdout.splitlines() == [WHOLE, UNSIGNED]


def minisign(*words: object) -> None:
    assert shutil.which("minisign"), "needs minisign, Debian's package of that name"
    subprocess.run(["minisign", *(str(one) for one in words)], check=True, capture_output=True)


def test_a_signature_of_minisign_is_of_the_key_that_is_named(report: Path, tmp_path: Path) -> None:
    for name in ("ours", "other"):
        minisign("-G", "-W", "-p", tmp_path / f"{name}.pub", "-s", tmp_path / f"{name}.key")
    minisign("-S", "-s", tmp_path / "ours.key", "-m", report / "manifest.json")
    ours, other = tmp_path / "ours.pub", tmp_path / "other.pub"
    outcome = run("--verify", report, "--signers", ours)
    assert (outcome.exit_code, outcome.stdout.splitlines()) == (0, [WHOLE, f"signed by the key in {ours}"])
    unknown = run("--verify", report, "--signers", other)
    assert unknown.exit_code == 1
    assert unknown.stdout.splitlines()[1].startswith("WRONG SIGNATURE: Signature key id in ")
    with (report / "manifest.json").open("a") as manifest:
        manifest.write("\n")
    forged = run("--verify", report, "--signers", ours)
    assert (forged.exit_code, forged.stdout.splitlines()[1]) == (
        *(1, "WRONG SIGNATURE: Signature verification failed"),
    )


def test_a_signature_that_is_asked_for_must_be_there(report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = run("--verify", report, "--signers", report / "manifest.json")
    assert (outcome.exit_code, outcome.stdout.splitlines()) == (1, [WHOLE, UNSIGNED])
    monkeypatch.setenv("PATH", str(report))
    (report / "manifest.json.minisig").write_text("")
    told = "signed with minisign, which was not checked: --signers FILE names the public key"
    outcome = run("--verify", report)
    assert (outcome.exit_code, outcome.stdout.splitlines()) == (0, [WHOLE, told])
    outcome = run("--verify", report, "--signers", report / "manifest.json")
    told = "signed, but that was not checked: minisign is not installed"
    assert (outcome.exit_code, outcome.stdout.splitlines()) == (1, [WHOLE, told])


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ((), "give a journal and --report FOLDER, or --verify FOLDER"),
        (("j.jsonl",), "give a journal and --report FOLDER, or --verify FOLDER"),
        (("j.jsonl", "--report", "r", "--profile", "bitmex"), "--profile needs --against"),
        (("j.jsonl", "--report", "r", "--signers", "s"), "--signers needs --verify"),
        (("j.jsonl", "--verify", "r"), "JOURNAL does nothing with --verify"),
        (("--verify", "r", "--force"), "--force does nothing with --verify"),
        (("--against", "bitmex,binance"), "'bitmex,binance' is not one of binance, bitmex, one of levy, none, or both"),
        (("--against", "x"), "'x' is not one of binance, bitmex, one of levy, none, or both with a comma"),
    ],
)
def test_options_that_do_not_go_together(words: tuple[str, ...], reason: str) -> None:
    outcome = run(*words)
    assert outcome.exit_code == 2
    assert reason in outcome.stderr


# ------------------------------------------------------------------- fix review


def summary_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "summary.json").read_text("utf-8"))
    return found


def findings_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "findings.jsonl").read_text("utf-8").splitlines()]


def test_a_fix_review_says_what_is_gone_and_what_is_still_there(made: Path, tmp_path: Path) -> None:
    outcome = run(FOLDER / "drift.jsonl", "--report", tmp_path / "r", "--baseline", made)
    told = "Of 7 findings before: 6 gone, 1 still there; 0 new"
    assert outcome.exit_code == 1
    assert told in outcome.stdout.splitlines()
    review = summary_of(tmp_path / "r")["baseline"]
    before = {one["id"]: one for one in findings_of(made)}
    (still,) = findings_of(tmp_path / "r")
    assert (review["text"], review["new"], review["still"]) == (told, [], [still["id"]])
    assert [one["id"] for one in review["gone"]] == [one for one in before if one != still["id"]]
    assert review["before"]["verdict"] == "findings"
    assert told in (tmp_path / "r" / "summary.md").read_text("utf-8")
    page = (tmp_path / "r" / "report.html").read_text("utf-8")
    assert page.count(">Fix review<") == 2
    assert [page.count(one) for one in before] == [5 if one == still["id"] else 1 for one in before]
    back = run(FOLDER / "planted.jsonl", "--report", tmp_path / "s", "--baseline", tmp_path / "r")
    assert "Of 1 finding before: 0 gone, 1 still there; 6 new" in back.stdout.splitlines()


def test_an_earlier_report_that_was_changed_is_refused(report: Path, tmp_path: Path) -> None:
    words = (FOLDER / "drift.jsonl", "--report", tmp_path / "s", "--baseline", report)
    (report / "findings.jsonl").write_text("")
    assert refused(*words) == f"{report / 'findings.jsonl'}: changed since the report was made"
    (report / "findings.jsonl").unlink()
    assert refused(*words) == f"{report / 'findings.jsonl'}: missing since the report was made"
    text = '{"id": 1}'
    (report / "findings.jsonl").write_text(text)
    fields = json.loads((report / MANIFEST).read_text("utf-8"))
    fields["files"]["findings.jsonl"] = sha256(text.encode()).hexdigest()
    (report / MANIFEST).write_text(json.dumps(fields))
    assert refused(*words).startswith(f"{report / 'findings.jsonl'}: not of an audit's report: ")
    assert not (tmp_path / "s").exists()


# ------------------------------------------------------------------- another profile


def test_the_same_day_under_another_ranking(tmp_path: Path) -> None:
    outcome = run(FOLDER / "true.jsonl", "--report", tmp_path / "r", "--against", "bitmex")
    told = "Under bitmex,levy instead of binance,levy: 2 accounts would have gained, 3 lost"
    assert outcome.exit_code == 0
    assert told in outcome.stdout.splitlines()
    assert summary_of(tmp_path / "r")["contrast"] == {
        "text": told,
        "profile": {"adl_ranking": "binance", "last_resort": "levy"},
        "against": {"adl_ranking": "bitmex", "last_resort": "levy"},
        "gained": 2,
        "lost": 3,
        "rejected": [38, 38],
    }
    rows = list(csv.DictReader((tmp_path / "r" / "profiles.csv").read_text("utf-8").splitlines()))
    assert rows[0] == {
        "account": "h02",
        "asset": "USDT",
        "profile": "60958.53149873",
        "against": "60789.19652060",
        "difference": "-169.33497813",
    }
    assert ">Under another profile<" in (tmp_path / "r" / "report.html").read_text("utf-8")
    assert run("--verify", tmp_path / "r").exit_code == 0
    back = run(FOLDER / "true.jsonl", "--report", tmp_path / "r", "--force", "--profile", "bitmex", "--against", "levy")
    assert "Under binance,levy instead of bitmex,levy: 3 accounts would have gained, 2 lost" in back.stdout.splitlines()
    run(FOLDER / "true.jsonl", "--report", tmp_path / "r", "--force")
    assert sorted(one.name for one in (tmp_path / "r").iterdir()) == sorted(REPORT_FILES)


def test_a_day_under_its_own_profile_ends_the_same(tmp_path: Path) -> None:
    outcome = run(FOLDER / "true.jsonl", "--report", tmp_path / "r", "--against", "binance,levy")
    told = "Under binance,levy instead of binance,levy: 0 accounts would have gained, 0 lost"
    assert told in outcome.stdout.splitlines()
    assert (tmp_path / "r" / "profiles.csv").read_text() == "account,asset,profile,against,difference\n"
