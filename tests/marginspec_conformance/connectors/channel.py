"""What carries requests to an engine and its answers back, line by line."""

from typing import Protocol


class Channel(Protocol):
    """A way to one running engine; each call may raise EngineFailure, after which only `close` may follow.

    `until` is the moment, by `time.monotonic`, at which an engine that did not answer counts as hung.
    """

    noise: list[str]
    """The first lines that the engine wrote before it answered anything, shortened."""

    def ask(self, request: bytes, until: float) -> bytes:
        """Send the line of a request, and give the line that answers it, without its newline."""

    def pass_over(self, until: float) -> bytes:
        """Give the line after the one that was given, which was noise."""

    def end(self, until: float) -> int | None:
        """Wait for the engine to end by itself, and give its exit code; None where there is no process to wait for."""

    def close(self) -> None:
        """Make sure that nothing of the engine is left; may be called again."""

    def stderr(self) -> str:
        """The last of what the engine wrote to standard error."""
