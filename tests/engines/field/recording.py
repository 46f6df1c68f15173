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
from engines.field.decisions import PLAN, journals
from engines.field.libraries import Library, Way, libraries
from marginspec_conformance.comparing.levels import LEVELS
from marginspec_conformance.connectors.conversation import Conversation
from marginspec_conformance.connectors.parsing import connector_of
from marginspec_conformance.connectors.session import Limits
from marginspec_conformance.connectors.transcripts import recorded
from marginspec_conformance.vectors.question import read_questions
from marginspec_journal.events import event_object
from marginspec_journal.header import header_object

PROTOCOL = Path(marginspec_conformance.adapters.__file__).parent / "python"
"""Where the loop of the protocol stands, which the adapters import."""
LIMITS = Limits(answer_s=60, start_s=120)


def record(library: Library, way: Way, folder: Path) -> None:
    """Ask a library all questions of the suite, or for all its decisions."""
    lines: list[bytes] = []
    with importing_the_protocol():
        session = recorded(connector_of(f"exec:{library.command(way, folder)}"), lines.append).open(LIMITS)
        if way == library.decisions:
            ask_decisions(session)
        else:
            for question in read_questions():
                session.calc(question.asked)
        session.close()
    way.record.parent.mkdir(exist_ok=True)
    way.record.write_bytes(gzip.compress(b"".join(line + b"\n" for line in lines), mtime=0))


def ask_decisions(session: Conversation) -> None:
    """Ask for the decisions of each journal, to its end, whatever the answers are."""
    for journal in journals():
        session.configure(header_object(journal.vector.header))
        session.reset()
        for event in journal.events:
            session.step(event_object(event), LEVELS[PLAN.level].want)


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
        for way in library.everything:
            record(library, way, folder)
            print(f"{way.record}: {way.record.stat().st_size} bytes")  # noqa: T201 - a program's word


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
