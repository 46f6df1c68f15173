"""The levels of conformance: what is asked for at each, and the sentence that may be said of an engine that holds."""

import attrs

from marginspec import RULEBOOK_VERSION
from marginspec.model.state import Profile
from marginspec_conformance.protocol.messages import Want


@attrs.frozen
class Level:
    """A level: what results must tell, what is compared, and what may be said if nothing differs."""

    number: int
    name: str
    want: Want
    compared: str
    sentence: str
    """With the fields `passed`, `cases`, `events` and `tolerance`, some of which it may leave out."""


LEVELS = (
    Level(0, "calc", "verdict", "answers to questions", "calc: {passed} of {cases}"),
    Level(
        *(1, "books", "balances", "invariants and determinism on the engine's own balances"),
        "books sound: the engine's own balances kept the invariants over {events} events; no rule was compared",
    ),
    Level(
        *(2, "decisions", "decisions", "verdicts, and who is liquidated, deleveraged and levied"),
        "decides as the rulebook over {events} events; balances were not compared",
    ),
    Level(
        *(3, "balances within a tolerance", "balances", "decisions, and balances within the tolerance"),
        "decides as the rulebook, with balances within {tolerance} at each of {events} events",
    ),
    Level(
        *(4, "balances", "balances", "decisions and balances, exactly"),
        "conforms in decisions and balances, exactly, over {events} events",
    ),
    Level(5, "receipts", "receipts", "receipts, by hash", "conforms in every receipt, by hash, over {events} events"),
)
"""All levels, by number."""


@attrs.frozen
class Counts:
    """What a run looked at: cases and events, and what it left out and why."""

    cases: int = 0
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    undecided: int = 0
    events: int = 0
    engine_failed: int = 0


@attrs.frozen
class Standing:
    """What may be said of an engine, always with what it was said under."""

    level: Level
    profiles: tuple[Profile, ...]
    suite: str
    left_out: tuple[str, ...]
    counts: Counts
    tolerance: str = ""
    part: str = ""
    """Of which part of the suite, or of what else, the cases are; empty if they are the whole suite."""

    @property
    def holds(self) -> bool:
        """Whether something was decided, nothing differed, and the engine never failed."""
        return not self.counts.failed and not self.counts.engine_failed and self.counts.passed > 0

    def sentence(self) -> str:
        """The sentence of the level, if it holds; else what keeps it from being said."""
        counts, wrong = self.counts, list[str]()
        if counts.failed:
            wrong.append(f"{counts.failed} of {counts.cases} cases differ")
        if counts.engine_failed:
            wrong.append(f"the engine failed in {counts.engine_failed} of {counts.cases} cases")
        if wrong:
            return f"does not hold at level {self.level.number}: {'; '.join(wrong)}"
        if not counts.passed:
            return f"nothing was decided at level {self.level.number}"
        said = {"passed": counts.passed, "cases": counts.cases, "events": counts.events, "tolerance": self.tolerance}
        return f"{self.level.sentence.format(**said)}{self._extent()}"

    def _extent(self) -> str:
        """Of how many cases that is true, and of which; at level 0 the sentence itself has the counts."""
        counts = self.counts
        return "" if self.level.number == 0 else f"; {counts.passed} of {counts.cases} cases passed{self._of_part()}"

    def _of_part(self) -> str:
        return f", of {self.part} only" if self.part else ""

    def conditions(self) -> str:
        """What the sentence is said under: profiles, suite, clauses left out, skipped and undecided."""
        profiles = ", ".join(sorted({f"{one.adl_ranking}/{one.last_resort}" for one in self.profiles})) or "none"
        left_out = ", ".join(self.left_out) or "none"
        suite = f"{self.suite}{self._of_part()}"
        return (
            f"level {self.level.number}, rulebook {RULEBOOK_VERSION}, profiles {profiles}, suite {suite}; "
            f"clauses left out: {left_out}; skipped: {self.counts.skipped}; undecided: {self.counts.undecided}"
        )
