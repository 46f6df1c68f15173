"""Work that travels to processes which start anew: they find its classes here by name, as in no module of tests."""

import os
import signal
from collections.abc import Callable

import attrs

from marginspec_tools.fleet.shards import Line


@attrs.frozen
class Squares:
    """Squares numbers, and, if told so, ends its process at one of them."""

    deadly: int = -1

    def opened(self) -> Callable[[int], Line]:
        return self.square

    def square(self, number: int) -> Line:
        if number == self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        return {"piece": number, "square": number * number}


changed: list[str] = []


class Changes:
    """Tells how much has changed in the process that answers."""

    def opened(self) -> Callable[[int], Line]:
        return lambda number: {"piece": number, "changed": len(changed)}
