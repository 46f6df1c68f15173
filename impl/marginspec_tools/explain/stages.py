"""Settlement's effects, cut into stages: liquidations, deleveraging steps, levies."""

from typing import Literal

import attrs

from marginspec.model.effects import (
    Deleveraged,
    DomainLiquidated,
    Effect,
    Levied,
    LotReduced,
    Transferred,
    UncoveredChanged,
)
from marginspec_tools.explain.watching import Watched

StageKind = Literal["liquidation", "deleveraging", "levy", "uncovered"]


@attrs.frozen
class Stage:
    """A run of effects from `start` to before `end`."""

    kind: StageKind
    start: int
    end: int


def stages_of(watched: Watched) -> tuple[Stage, ...]:
    """All of settlement's effects, each in one stage, in order."""
    stages: list[Stage] = []
    for place in range(watched.own, watched.settled):
        effect = watched.effects[place]
        last = stages[-1] if stages else None
        opened = opened_stage(effect, last, place > 0 and isinstance(watched.effects[place - 1], Deleveraged))
        if opened is not None:
            stages.append(Stage(opened, place, place + 1))
        else:
            assert last is not None, "settlement starts by opening a stage"
            stages[-1] = attrs.evolve(last, end=place + 1)
    return tuple(stages)


def opened_stage(effect: Effect, last: Stage | None, step_is_done: bool) -> StageKind | None:
    """The kind of stage that an effect opens; None if it goes on with the last one."""
    if isinstance(effect, DomainLiquidated):
        return "liquidation"
    if isinstance(effect, UncoveredChanged):
        return "uncovered"
    if isinstance(effect, Levied) or (isinstance(effect, Transferred) and effect.rule == "LVY-01"):
        return None if last is not None and last.kind == "levy" else "levy"
    closes_lot = isinstance(effect, LotReduced) or (isinstance(effect, Transferred) and effect.rule == "ADL-03")
    goes_on = last is not None and last.kind == "deleveraging" and not step_is_done
    return "deleveraging" if closes_lot and not goes_on else None
