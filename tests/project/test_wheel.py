"""The wheel: what is installed has all that the conformance kit reads, and works by itself."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "tests" / "marginspec_conformance"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel's content, as an installer lays it out."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def names(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )


def test_the_whole_kit_is_in_the_wheel(installed: Path) -> None:
    assert names(installed / "marginspec_conformance") == names(PACKAGE)


def test_the_dashboard_has_its_templates_its_files_and_the_record_of_proofs(installed: Path) -> None:
    source, dashboard = ROOT / "impl" / "marginspec_tools" / "dashboard", installed / "marginspec_tools" / "dashboard"
    recorded = {f"recorded/{name}": ROOT / "docs" / "theorems" / name for name in ("README.md", "status.json")}
    assert names(dashboard) == sorted([*names(source), *recorded])
    for name, path in recorded.items():
        assert (dashboard / name).read_bytes() == path.read_bytes()


def test_the_installed_kit_writes_an_adapter_and_talks_to_it(installed: Path, tmp_path: Path) -> None:
    def marginspec(*words: str) -> list[str]:
        ended = subprocess.run(
            [sys.executable, "-m", "marginspec_tools.entry", *words],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(installed)},
            capture_output=True,
            check=False,
            text=True,
            timeout=60,
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.splitlines()

    for lang in ("python", "node", "java", "cpp", "rust", "go"):
        marginspec("conform", "init", "--lang", lang, lang)
        assert names(tmp_path / lang) == names(PACKAGE / "adapters" / lang)
    told = marginspec("conform", "doctor", f"exec:{sys.executable} python/adapter.py")
    assert told[-1].startswith("13 steps, nothing to mend; 0 of 7 events supported")
