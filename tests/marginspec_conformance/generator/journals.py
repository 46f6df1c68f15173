"""Kinds of random journals, and how they take turns in the long runs; a journal depends on its seed alone."""

from collections.abc import Callable

from marginspec.model.events import Event
from marginspec.model.state import Header, State
from marginspec_conformance.generator.aimed import Seeded, aimed_event, world
from marginspec_conformance.generator.episodes import (
    SPOILED_OF,
    Episodes,
    avalanche,
    crowd,
    glitch,
    header,
    narrow,
    ruin,
)
from marginspec_conformance.generator.events import listing
from marginspec_conformance.generator.giants import giant_event, giant_world
from marginspec_conformance.generator.spoiled import UNMARKED, wrong_event
from marginspec_tools.simulate import generate, mixed

Choose = Callable[[State], Event]
"""The event that follows a state."""


def aimed_journal(seed: int, _: int) -> tuple[Header, Choose]:
    """Events aimed at the edges of solvency."""
    chooser = Seeded(seed)
    opened = world(chooser)
    wrong = (True, *(False for _ in range(SPOILED_OF)))

    def choose(state: State) -> Event:
        return wrong_event(chooser, state) if chooser.pick(wrong) else aimed_event(chooser, state)

    return opened.header, after((listing(UNMARKED), *opened.opening), choose)


def giant_journal(seed: int, _: int) -> tuple[Header, Choose]:
    """Events as large as amounts may be."""
    chooser = Seeded(seed)
    header, events = giant_world(chooser)
    return header, after(events, lambda _: giant_event(chooser))


def mixed_journal(seed: int, length: int) -> tuple[Header, Choose]:
    """A venue's day: trades, orders, fills, marks and funding."""
    parameters = mixed(accounts=40, following=length, seed=seed)
    generated = generate(parameters)
    return parameters.header, lambda _: next(generated).event


def glitch_journal(seed: int, _: int) -> tuple[Header, Choose]:
    """Bad marks upon bankrupt lots, one after another: levies, relief, what is left of it."""
    chooser = Seeded(seed)
    return header(chooser), Episodes(chooser, glitch)


def ruin_journal(seed: int, _: int) -> tuple[Header, Choose]:
    """Bad marks among accounts of little means."""
    chooser = Seeded(seed)
    return header(chooser), Episodes(chooser, ruin)


def crowd_journal(seed: int, _: int) -> tuple[Header, Choose]:
    """Dozens of accounts at the edge of their margin: long queues, many tiers, many lots."""
    chooser = Seeded(seed)
    return header(chooser), Episodes(chooser, crowd)


def avalanche_journal(seed: int, _: int) -> tuple[Header, Choose]:
    """A dozen accounts levied, liquidated and deleveraged at once."""
    chooser = Seeded(seed)
    return header(chooser), Episodes(chooser, avalanche)


def narrow_journal(seed: int, _: int) -> tuple[Header, Choose]:
    """Counterparties with little room, and refusals."""
    chooser = Seeded(seed)
    return header(chooser), Episodes(chooser, narrow)


def after(opening_events: tuple[Event, ...], choose: Choose) -> Choose:
    """First some events, then those that follow from the state."""
    first = iter(opening_events)
    return lambda state: next(first, None) or choose(state)


KINDS = {
    "aimed": aimed_journal,
    "giants": giant_journal,
    "mixed": mixed_journal,
    "glitches": glitch_journal,
    "ruins": ruin_journal,
    "crowds": crowd_journal,
    "avalanches": avalanche_journal,
    "narrow": narrow_journal,
}
"""The kinds of journals."""
TURNS = (
    *("aimed", "glitches", "crowds", "giants", "glitches", "narrow"),
    *("aimed", "ruins", "avalanches", "mixed", "avalanches", "narrow"),
)
"""How they take turns."""


def kind_of(seed: int) -> str:
    """Of which kind the journal of a seed is."""
    return TURNS[seed % len(TURNS)]
