"""Runs of a journal through an engine, and what of the invariants they break.

What needs the optimized engine's packages is imported when it is first asked for, so that nothing else waits for them.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from marginspec_tools.runs.engines import (
    announce_compiling,
    any_engine_option,
    check_fast_engine,
    engine_option,
    need_fast_engine,
    quickest_engine,
)
from marginspec_tools.runs.following import followed
from marginspec_tools.runs.journal_size import estimated_events
from marginspec_tools.runs.running import Run, RunSoFar, Step, Totals, check_headers, run_by_steps, start_option
from marginspec_tools.runs.showing import print_run, total_fields
from marginspec_tools.runs.violations import (
    Broken,
    amount_text,
    broken_between,
    broken_by,
    broken_in,
    broken_object,
    broken_text,
    check_start,
)

if TYPE_CHECKING:
    from marginspec_tools.runs.fast_running import FastRun, rows_after, skip_to_snapshot
    from marginspec_tools.runs.followed_run import FollowedRun
    from marginspec_tools.runs.tallies import Amounts, Tally, amounts_if_filled_at_mark, texts_of_amounts


_ASKED_FOR = {
    "FastRun": "fast_running",
    "FollowedRun": "followed_run",
    "skip_to_snapshot": "fast_running",
    "rows_after": "fast_running",
    "Amounts": "tallies",
    "Tally": "tallies",
    "amounts_if_filled_at_mark": "tallies",
    "texts_of_amounts": "tallies",
}


def __getattr__(name: str) -> object:
    """What is imported when it is first asked for."""
    if name not in _ASKED_FOR:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return getattr(import_module(f"{__name__}.{_ASKED_FOR[name]}"), name)
