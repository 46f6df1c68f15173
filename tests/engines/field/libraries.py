"""The libraries of the field, as libraries.toml has them: their environments, their adapters, what was recorded."""

import sys
import tomllib
from pathlib import Path
from subprocess import run
from typing import Any

import attrs

HERE = Path(__file__).parent
LIST = HERE / "libraries.toml"
REQUIREMENTS = HERE / "requirements"
ADAPTERS = HERE / "adapters"
RECORDED = HERE / "recorded"


@attrs.frozen
class Way:
    """A way in which a library is asked: its name, the functions that answer, the arguments of the adapter.

    `notes` say what its figures mean: another venue's formula, a convention, what it was not made for.
    """

    name: str
    functions: tuple[str, ...]
    arguments: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def record(self) -> Path:
        """Where its answers are recorded."""
        return RECORDED / f"{self.name}.jsonl.gz"


@attrs.frozen
class Library:
    """A library of PyPI; each has an environment of its own, since they conflict."""

    name: str
    summary: str
    ways: tuple[Way, ...]
    """How it is asked questions, at level 0."""
    decisions: Way | None = None
    """How it is asked for decisions, at level 2."""

    @property
    def everything(self) -> tuple[Way, ...]:
        """All ways to ask it."""
        return self.ways if self.decisions is None else (*self.ways, self.decisions)

    @property
    def requirements(self) -> Path:
        """The very versions that were measured, its own and those of what it needs."""
        return REQUIREMENTS / f"{self.name}.txt"

    def python(self, folder: Path) -> Path:
        """The Python of its environment."""
        return folder / self.name / "bin" / "python"

    def set_up(self, folder: Path) -> None:
        """Make its environment."""
        run([sys.executable, "-m", "venv", str(folder / self.name)], check=True)
        install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        run([str(self.python(folder)), *install, "--requirement", str(self.requirements)], check=True)

    def command(self, way: Way, folder: Path) -> str:
        """The command of its adapter."""
        name = way.name if way == self.decisions else self.name
        script = ADAPTERS / f"{name.replace('-', '_')}_library.py"
        return " ".join(map(str, (self.python(folder), script, *way.arguments)))


def libraries() -> list[Library]:
    """All libraries, in order."""
    listed = tomllib.loads(LIST.read_text("utf-8"))
    return [
        Library(
            one["name"],
            one["summary"],
            tuple(way_of(way, listed["notes"]) for way in one["way"]),
            way_of(one["decisions"], listed["notes"]) if "decisions" in one else None,
        )
        for one in listed["library"]
    ]


def way_of(listed: dict[str, Any], notes: dict[str, str]) -> Way:
    """A way to ask; its notes may be names of those that several have."""
    return Way(
        listed["name"],
        tuple(listed["functions"]),
        tuple(listed.get("arguments", ())),
        tuple(notes.get(one, one) for one in listed["notes"]),
    )
