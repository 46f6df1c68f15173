"""`python -m engines.field.recording FOLDER [LIBRARY...]`: asks the libraries anew, and records what they answer.

Environments that FOLDER lacks are made. Needs PyPI, and some minutes.
"""

import gzip
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import marginspec_conformance.adapters
from engines.field.libraries import Library, Way, libraries
from marginspec_conformance.connectors.parsing import connector_of
from marginspec_conformance.connectors.session import Limits
from marginspec_conformance.connectors.transcripts import recorded
from marginspec_conformance.vectors.question import read_questions

PROTOCOL = Path(marginspec_conformance.adapters.__file__).parent / "python"
"""Where the loop of the protocol stands, which the adapters import."""
LIMITS = Limits(answer_s=60, start_s=120)


def record(library: Library, way: Way, folder: Path) -> None:
    """Ask a library all questions of the suite."""
    lines: list[bytes] = []
    with importing_the_protocol():
        session = recorded(connector_of(f"exec:{library.command(way, folder)}"), lines.append).open(LIMITS)
        for question in read_questions():
            session.calc(question.asked)
        session.close()
    way.record.parent.mkdir(exist_ok=True)
    way.record.write_bytes(gzip.compress(b"".join(line + b"\n" for line in lines), mtime=0))


@contextmanager
def importing_the_protocol() -> Iterator[None]:
    """Adapters find `engine_protocol` meanwhile, and nothing of ours."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(PROTOCOL)
    try:
        yield
    finally:
        del os.environ["PYTHONPATH"]
        if before is not None:
            os.environ["PYTHONPATH"] = before


def main(folder: Path, names: list[str]) -> None:
    """Record the libraries named, or all."""
    for library in libraries():
        if names and library.name not in names:
            continue
        if not library.python(folder).exists():
            library.set_up(folder)
        for way in library.ways:
            record(library, way, folder)
            print(f"{way.record}: {way.record.stat().st_size} bytes")  # noqa: T201 - a program's word


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
