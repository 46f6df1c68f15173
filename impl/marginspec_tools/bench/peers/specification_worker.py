"""Times the specification: reads questions as lines of JSON, answers each with seconds by type of event.

Run by the Python of marginspec itself, as a process of its own: what it holds is no burden to what is measured beside.
"""

import gc
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from marginspec.model.fields import type_name
from marginspec.model.state import State
from marginspec.transition import SpecificationEngine
from marginspec_engine.batches.running import BatchRun
from marginspec_journal import Record, open_journal
from marginspec_journal.parquet import ParquetJournal
from marginspec_journal.states import opening
from marginspec_tools.runs import rows_after


class Sample:
    """The specification in a journal's middle: in the state that the optimized engine has reached there."""

    def __init__(self, path: Path, before: int, rows_at_once: int) -> None:
        journal = open_journal(path)
        run = BatchRun(opening(State(header=journal.header)))
        for rows in rows_after(journal, run.engine.tables, 0):
            run.take(rows.until(before - run.events))
            if run.events == before:
                break
        reached = run.reached()
        self.engine, self.chain = SpecificationEngine(reached.state), reached.chain()
        self.records = records_after(path, before, rows_at_once)

    def take(self, events: int) -> dict[str, Any]:
        """Seconds of the next events: to read them, and by type to take them and write their receipts and hashes."""
        started = time.perf_counter()
        records = list(islice(self.records, events))
        read = time.perf_counter() - started
        seconds: dict[str, float] = {}
        for record in records:
            started = time.perf_counter()
            self.chain.append(record.event, self.engine.apply(record.event))
            taken = time.perf_counter() - started
            name = type_name(type(record.event))
            seconds[name] = seconds.get(name, 0.0) + taken
        counts = Counter(type_name(type(record.event)) for record in records)
        return {"read_s": read, "seconds": seconds, "counts": counts}


def records_after(path: Path, passed: int, rows_at_once: int) -> Iterator[Record]:
    """The records of a Parquet journal after the first so many, which are not decoded; reads so many rows at once."""
    journal = open_journal(path)
    assert isinstance(journal, ParquetJournal)
    for before, batch in journal.batches(rows_at_once):
        skipped = min(batch.num_rows, max(0, passed - before))
        if skipped < batch.num_rows:
            yield from journal.records(batch.slice(skipped), before + skipped)


def main() -> None:
    """Answer questions: `journal` and `before` open a sample, `events` takes so many."""
    sample: Sample | None = None
    for line in sys.stdin:
        question = json.loads(line)
        if "journal" in question:
            # As many rows at once as events: each answer has its part of what reading costs.
            sample = Sample(Path(question["journal"]), question["before"], question["events"])
            # What is built by now is no garbage; looking at it again would be charged to the events.
            gc.collect()
            gc.freeze()
        assert sample is not None, "the first question names a journal"
        print(json.dumps(sample.take(question["events"])), flush=True)


main()
