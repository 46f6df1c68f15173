"""`py:MODULE:FACTORY`: an engine within this process, asked by the same lines as any other."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from time import monotonic
from types import FrameType

import msgspec

from marginspec_conformance.adapter import Engine, respond
from marginspec_conformance.connectors.session import EngineFailure, Limits
from marginspec_journal.errors import InputError
from marginspec_tools.console import one_line


def made_by(place: str) -> Engine:
    """What the factory of a module gives, as in `my_engine:make`; InputError if there is no such factory.

    Modules are also sought in the folder where the program runs.
    """
    module, _, name = place.partition(":")
    if not module or not name.isidentifier():
        raise InputError(f"py:{place}", None, None, "expected py:MODULE:FACTORY")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    try:
        factory = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise InputError(f"py:{place}", None, None, one_line(str(error))) from None
    engine: Engine = factory()
    return engine


class OutOfTime(BaseException):
    """The engine did not answer in time."""


class InProcess:
    """A channel to an engine of this process.

    Its time is limited where Python can interrupt it: in the main thread of Linux and macOS, between two steps of
    Python. The time that the factory takes is not.
    """

    def __init__(self, place: str, limits: Limits) -> None:  # noqa: ARG002 - as channels are opened
        self.noise: list[str] = []
        try:
            self._engine = made_by(place)
        except InputError:
            raise
        except Exception as error:
            detail = one_line(f"py:{place}: {type(error).__name__}: {error}")
            raise EngineFailure("did not start", detail) from None

    def ask(self, request: bytes, until: float) -> bytes:
        """The line that answers a request."""
        try:
            with answered_by(until):
                return msgspec.json.encode(respond(self._engine, msgspec.json.decode(request)))
        except SystemExit as error:
            raise EngineFailure("exited", f"it asked this process to exit with code {error.code}") from None
        except (TypeError, ValueError, AttributeError, NotImplementedError) as error:
            detail = one_line(f"what it answers is no JSON: {type(error).__name__}: {error}")
            raise EngineFailure("garbage", detail) from None

    def pass_over(self, until: float) -> bytes:  # noqa: ARG002 - as other channels
        """There is no noise here."""
        raise EngineFailure("protocol", "it gives something else than an answer to hello")

    def end(self, until: float) -> None:
        """There is no process to wait for."""

    def close(self) -> None:
        """Let go of the engine."""

    def stderr(self) -> str:
        """What it writes goes where this process's own goes."""
        return ""


@contextmanager
def answered_by(until: float) -> Iterator[None]:
    """Interrupt what runs meanwhile once its time is over, as an EngineFailure; not where Python has no such timer."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the interface of handlers
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, ring)
    try:
        # The bell may ring at once, and also while the timer is being stopped.
        try:
            signal.setitimer(signal.ITIMER_REAL, max(1e-6, until - monotonic()))
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except OutOfTime:
        raise EngineFailure("hung", "no answer within its time") from None
    finally:
        signal.signal(signal.SIGALRM, before)
