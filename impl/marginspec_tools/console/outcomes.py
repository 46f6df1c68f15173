"""How commands end: exit codes, and the errors that stand for them."""

DIVERGED = 1
"""A divergence, a broken invariant or finding, a failed proof."""
WRONG_INPUT = 2
CRASHED = 3
INCONCLUSIVE = 4
INTERRUPTED = 130
"""What a shell reports of a program that SIGINT ended."""
TERMINATED = 143
"""What a shell reports of a program that SIGTERM ended."""
READER_GONE = 141
"""What a shell reports of a program that SIGPIPE ended: neither 0, which would say that all holds, nor 1."""


class EngineCrash(Exception):  # noqa: N818 - the cause holds the error
    """An engine failed on an event that it should have accepted or rejected: a bug of the engine."""


class BrokenInvariant(Exception):  # noqa: N818 - not an error of the input
    """A state that something is to follow from breaks an invariant."""


class WrongAnswer(Exception):  # noqa: N818 - not an error of the input
    """What another process or machine answered is not an answer to what it was asked."""


class Divergence(Exception):  # noqa: N818 - not an error of the input: what should be equal is not
    """Two accounts of the same events differ."""
