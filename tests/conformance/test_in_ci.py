"""What an exchange's CI takes over: the composite action and the pre-commit hook, run as they stand."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped] # it comes without types
from click.testing import CliRunner

from marginspec_conformance.adapters.command import command as init

DOCS = Path(__file__).parents[2] / "docs"
MARGINSPEC = Path(sys.executable).with_name("marginspec")
TOY = DOCS / "how-to" / "toy-engine" / "adapter.py"


def document(name: str) -> Any:
    return yaml.safe_load((DOCS / "conformance" / "ci" / name).read_text("utf-8"))


ACTION = document("action.yml")
INSTALL, COMPARE = ACTION["runs"]["steps"]


def stepped(step: Mapping[str, Any], folder: Path, inputs: Mapping[str, str]) -> tuple[int, str]:
    """The exit code of a step of the action, and what it says, as a runner runs it."""
    given = {name: one.get("default", "") for name, one in ACTION["inputs"].items()} | dict(inputs)
    names = {name: text.removeprefix("${{ inputs.").removesuffix(" }}") for name, text in step["env"].items()}
    folder.mkdir(exist_ok=True)
    ended = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=folder,
        env={
            **os.environ,
            "GITHUB_STEP_SUMMARY": str(folder / "step-summary.md"),
            "RUNNER_TEMP": str(folder.parent / "runner"),
            **{name: given[one] for name, one in names.items()},
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        text=True,
        timeout=120,
    )
    return ended.returncode, ended.stdout


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A checkout with the toy engine, on a runner where marginspec has been installed."""
    CliRunner().invoke(init, ["--lang", "python", str(tmp_path / "work")], catch_exceptions=False)
    shutil.copy(TOY, tmp_path / "work")
    programs = tmp_path / "runner" / "marginspec" / "bin"
    programs.mkdir(parents=True)
    (programs / "marginspec").symlink_to(MARGINSPEC)
    return tmp_path / "work"


@pytest.mark.parametrize(("version", "asked"), [("", "marginspec[fast]"), ("0.2", "marginspec[fast]==0.2")])
def test_the_action_installs_a_release(
    version: str, asked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In the place of python3, one that makes an environment whose pip only says what it is asked for.
    python3 = tmp_path / "python3"
    python3.write_text(
        '#!/bin/sh\n[ "$1 $2" = "-m venv" ] && mkdir -p "$3/bin" && cd "$3/bin" && '
        "printf '#!/bin/sh\\necho \"pip $@\"\\n' >pip && chmod +x pip\n"
    )
    python3.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert stepped(INSTALL, tmp_path / "work", {"version": version}) == (0, f"pip install {asked}\n")


def test_the_action_fails_where_something_differs_and_makes_reports(work: Path) -> None:
    code, said = stepped(COMPARE, work, {"engine": "exec:python3 adapter.py", "level": "2"})
    assert code == 1
    assert "\ndoes not hold at level 2: " in said
    summary = (work / "step-summary.md").read_text("utf-8")
    assert summary == (work / "marginspec-reports" / "summary.md").read_text("utf-8")
    assert "does not hold at level 2" in summary


PRETENDED = """#!/bin/sh
# `marginspec`, which ends as it is told to.
echo "marginspec $*"
case "$2 $3" in
"report make") mkdir "$5" && echo summary >"$5/summary.md" ;;
"report judge") exit $JUDGED ;;
*) echo log >log.ndjson && exit $RAN ;;
esac
"""


@pytest.mark.parametrize(
    ("ran", "known", "judged", "expected"),
    [
        (0, "", 0, 0),
        (1, "", 0, 1),
        (1, "known.json", 0, 0),
        (1, "known.json", 1, 1),
        (0, "known.json", 0, 0),
        (0, "known.json", 1, 1),
        (3, "known.json", 0, 3),
        (4, "known.json", 0, 4),
    ],
)
def test_known_failures_are_judged_where_there_are_any(
    ran: int, known: str, judged: int, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "runner" / "marginspec" / "bin"
    programs.mkdir(parents=True)
    (programs / "marginspec").write_text(PRETENDED)
    (programs / "marginspec").chmod(0o755)
    monkeypatch.setenv("RAN", str(ran))
    monkeypatch.setenv("JUDGED", str(judged))
    said = ["marginspec conform run -e exec:./adapter --level 4 --log log.ndjson"]
    said += ["marginspec conform report make log.ndjson marginspec-reports"]
    said += ["marginspec conform report judge log.ndjson known.json"] if known and ran < 3 else []
    found = stepped(COMPARE, tmp_path / "work", {"engine": "exec:./adapter", "known": known})
    assert found == (expected, "".join(f"{line}\n" for line in said))
    assert (tmp_path / "work" / "step-summary.md").read_text("utf-8") == "summary\n"


def test_the_action_fails_where_the_engine_does(work: Path) -> None:
    code, said = stepped(COMPARE, work, {"engine": "exec:./nothing"})
    assert (code, said) == (3, "the engine failed: did not start: ./nothing: No such file or directory\n")
    assert not (work / "step-summary.md").exists()


def test_the_hook_runs_the_short_suite(work: Path) -> None:
    [repository] = document("pre-commit-config.yaml")["repos"]
    [hook] = repository["hooks"]
    assert (repository["repo"], hook["language"], hook["pass_filenames"]) == ("local", "python", False)
    program, *words = shlex.split(hook["entry"])
    assert program == "marginspec"
    adapter = work / "adapter"
    served = "-m marginspec_conformance.adapter marginspec_conformance.engines:specification"
    adapter.write_text(f"#!/bin/sh\nexec {sys.executable} {served}\n")
    adapter.chmod(0o755)
    ended = subprocess.run([MARGINSPEC, *words], cwd=work, capture_output=True, check=False, text=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("conforms in every receipt, by hash, over ")
