"""Clauses that an engine leaves out: which of them an answer exercises, so that it is not asked of such an engine."""

from collections.abc import Iterable

from marginspec_conformance.protocol.messages import Accepted, Answer

SHOWN: dict[str, tuple[str, ...]] = {
    "liquidated": ("LIQ-01",),
    "deleveraged": ("ADL-01", "ADL-02", "ADL-03", "ADL-04"),
    "levied": ("LVY-01",),
}
"""By decision, the clauses without which there is none. They run at every event, and so the trace says nothing."""


def exercised(answers: Iterable[Answer]) -> frozenset[str]:
    """The clauses of `SHOWN` that some answers show at work."""
    accepted = [one for one in answers if isinstance(one, Accepted)]
    return frozenset(
        clause for name, clauses in SHOWN.items() if any(getattr(one, name) for one in accepted) for clause in clauses
    )
