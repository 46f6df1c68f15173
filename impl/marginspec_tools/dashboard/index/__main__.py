"""`python -m marginspec_tools.dashboard.index JOURNAL INDEX [STATE]`: build and follow until standard input ends."""

import select
import sys
from contextlib import closing
from pathlib import Path

from marginspec_journal import InputError
from marginspec_tools.console import INTERRUPTED, print_error
from marginspec_tools.dashboard.index.building import Builder, BuiltElsewhere

BETWEEN_LOOKS_S = 0.2
"""How often a journal that does not grow is looked at."""


def has_ended(within_s: float = 0) -> bool:
    """Whether standard input ends within so many seconds."""
    ended, _, _ = select.select([sys.stdin], [], [], within_s)
    return bool(ended)


def main() -> int:
    """Build and follow; gives the exit code."""
    journal, index, *start = map(Path, sys.argv[1:])
    try:
        with closing(Builder(journal, index, *start)) as builder:
            builder.follow(lambda: has_ended(BETWEEN_LOOKS_S), has_ended)
    except KeyboardInterrupt:
        # The terminal tells both processes; the other one says so.
        return INTERRUPTED
    except (InputError, BuiltElsewhere) as error:
        print_error(error)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
