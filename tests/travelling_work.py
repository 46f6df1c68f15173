"""Work that travels to processes which start anew: they find its classes here by name, as in no module of tests."""

import os
import signal
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from marginspec_tools.fleet.campaign import Campaign
from marginspec_tools.fleet.shards import Line


@attrs.frozen
class Squares:
    """Squares numbers, and, if told so, ends its process at one of them."""

    deadly: int = -1

    def answerer(self) -> Callable[[int], Line]:
        return self.square

    def square(self, number: int) -> Line:
        if number == self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        return {"piece": number, "square": number * number}


changed: list[str] = []


class Changes:
    """Tells how much has changed in the process that answers."""

    def answerer(self) -> Callable[[int], Line]:
        return lambda number: {"piece": number, "changed": len(changed)}


def crash(run: Any, rows: Any) -> bytes:
    """What stands in for running the rows of events."""
    raise ZeroDivisionError("of the engine")


@attrs.frozen
class CrashingCampaign(Campaign):
    """Has the optimized engine crash in whichever process a journal is run."""

    def line(self, index: int) -> Line:
        """No line: the engine crashes at once."""
        from marginspec_engine.batches.running import BatchRun

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(BatchRun, "take", crash)
            return super().line(index)
