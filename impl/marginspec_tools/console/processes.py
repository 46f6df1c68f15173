"""Processes beside this one that an interrupt ends in silence, as their parent says what happened."""

import sys
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from signal import SIG_DFL, SIGINT, signal
from typing import Any, ParamSpec, TypeVar

if sys.platform != "win32":
    from signal import SIG_BLOCK, SIG_SETMASK, SIG_UNBLOCK, pthread_sigmask

Arguments = ParamSpec("Arguments")
Found = TypeVar("Found")


class QuietPool(ProcessPoolExecutor):
    """Processes that start anew on every platform, each ready when `begin` has run in it.

    They start with interrupts blocked: one that came while a process is still loading would be told in a traceback.
    """

    def __init__(self, jobs: int, begin: Callable[..., None] | None = None, *given: Any) -> None:
        super().__init__(jobs, get_context("spawn"), begin_quietly, (begin, given))

    def __exit__(self, *_: object) -> None:
        # What has not begun is not waited for, when an error or an interrupt ends the work.
        self.shutdown(cancel_futures=True)

    def submit(
        self, task: Callable[Arguments, Found], /, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Future[Found]:
        """Have a process do a task; it is started here if it is needed, and inherits what is blocked here."""
        if sys.platform == "win32":
            return super().submit(task, *args, **kwargs)
        before = pthread_sigmask(SIG_BLOCK, {SIGINT})
        try:
            return super().submit(task, *args, **kwargs)
        finally:
            pthread_sigmask(SIG_SETMASK, before)


def begin_quietly(begin: Callable[..., None] | None, given: tuple[Any, ...]) -> None:
    """Make a process ready, and have an interrupt end it in silence from here on."""
    signal(SIGINT, SIG_DFL)
    if sys.platform != "win32":
        pthread_sigmask(SIG_UNBLOCK, {SIGINT})
    if begin is not None:
        begin(*given)
