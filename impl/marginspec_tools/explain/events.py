"""An event explained: what it was, why it was refused or what it did, stage by stage."""

from typing import Any

from marginspec.model.effects import Receipt
from marginspec.model.events import Event
from marginspec.model.state import State
from marginspec.settlement.deleveraging import Queues
from marginspec.settlement.settle import settle
from marginspec.settlement.waterfall import shortfalls, uncovered_shortfall
from marginspec.transition import apply
from marginspec_journal.events import event_object
from marginspec_tools.explain.effects import effect_node
from marginspec_tools.explain.explanation import Explanation, clause, confirm
from marginspec_tools.explain.liquidations import liquidation_node
from marginspec_tools.explain.payments import own_nodes, test_nodes
from marginspec_tools.explain.rejections import refusal_node
from marginspec_tools.explain.stages import Stage, stages_of
from marginspec_tools.explain.watching import Watched, watch
from marginspec_tools.explain.waterfalls import cover_node, levy_node, pairs_exhausted_node, step_node

ACCEPTED, SETTLED = clause("JRN-01", apply), clause("SET-01", settle)


def explain_event(before: State, event: Event, receipt: Receipt, after: State) -> Explanation:
    """Why an event was refused, or what it did to the state; MismatchError if that is not what the receipt says."""
    watched = watch(before, event)
    confirm("reason", watched.reason, receipt.rejected)
    confirm("state after the event", watched.after == after, True)
    asked = Explanation("asked", inputs=field_nodes(event_object(event)))
    kind = event_object(event)["type"]
    if watched.reason is not None:
        confirm("effects", receipt.effects, ())
        parts = (asked, refusal_node(watched, watched.reason))
        return Explanation(kind, f"rejected {watched.reason.value}", clause=ACCEPTED, inputs=parts)
    confirm("effects", watched.effects, receipt.effects)
    own = Explanation("own effects", inputs=own_nodes(watched))
    return Explanation(
        kind, "accepted", clause=ACCEPTED, inputs=(asked, own, *test_nodes(watched), *settlement_nodes(watched))
    )


def field_nodes(fields: dict[str, Any]) -> tuple[Explanation, ...]:
    """The fields of an event as it stood in the journal."""
    nodes: list[Explanation] = []
    for name, value in fields.items():
        if isinstance(value, list):
            rows = tuple(Explanation("row", ", ".join(f"{key} {row[key]}" for key in row)) for row in value)
            nodes.append(Explanation(name.replace("_", " "), str(len(value)), inputs=rows))
        elif name != "type":
            nodes.append(Explanation(name.replace("_", " "), plain(value)))
    return tuple(nodes)


def plain(value: object) -> str:
    """A field's value in words."""
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def settlement_nodes(watched: Watched) -> tuple[Explanation, ...]:
    """What settlement did, and the funds as they were published."""
    queues: Queues = {}
    parts: list[Explanation] = []
    stages = stages_of(watched)
    for place, stage in enumerate(stages):
        if stage.kind in ("deleveraging", "levy") and opens_waterfall(watched, stages, place):
            asset = asset_of(watched, stage)
            parts.append(cover_node(watched.books[stage.start], asset, "before the waterfall", in_full=True))
        if stage.kind == "levy":
            parts.append(pairs_exhausted_node(watched.books[stage.start], asset_of(watched, stage), queues))
        parts.append(stage_node(watched, stage, queues))
    nodes = [Explanation("settlement", clause=SETTLED, inputs=tuple(parts))] if parts else []
    nodes.extend(cover_after(watched, queues))
    published = tuple(
        effect_node(watched.after, watched.event, effect) for effect in watched.effects[watched.settled :]
    )
    if published:
        nodes.append(Explanation("funds", inputs=published))
    return tuple(nodes)


def opens_waterfall(watched: Watched, stages: tuple[Stage, ...], place: int) -> bool:
    """Whether a stage is the first of a waterfall: no other of the same asset goes just before it."""
    if place == 0 or stages[place - 1].kind not in ("deleveraging", "levy"):
        return True
    return asset_of(watched, stages[place - 1]) != asset_of(watched, stages[place])


def asset_of(watched: Watched, stage: Stage) -> str:
    """The asset of a stage of the waterfall."""
    for effect in watched.effects[stage.start : stage.end]:
        asset = getattr(effect, "asset", None)
        if asset is not None:
            return str(asset)
        counterparty = getattr(effect, "counterparty", None)
        if counterparty is not None:
            return watched.before.markets[counterparty.market].asset
    raise AssertionError("a stage of the waterfall moves an asset")


def stage_node(watched: Watched, stage: Stage, queues: Queues) -> Explanation:
    """One stage of settlement."""
    if stage.kind == "liquidation":
        return liquidation_node(watched, stage.start, stage.end)
    if stage.kind == "deleveraging":
        return step_node(watched, queues, stage.start, stage.end)
    if stage.kind == "levy":
        return levy_node(watched, stage.start, stage.end)
    return effect_node(watched.books[stage.start], watched.event, watched.effects[stage.start])


def cover_after(watched: Watched, queues: Queues) -> list[Explanation]:
    """The cover tests that the event called for, as they ended."""
    nodes: list[Explanation] = []
    for asset in watched.exposed:
        if not shortfalls(watched.after, asset):
            continue
        missing = uncovered_shortfall(watched.after, asset)
        confirm("uncovered", missing, watched.after.uncovered.get(asset, 0))
        nodes.append(cover_node(watched.after, asset, "after the event"))
        if missing > 0:
            nodes.append(pairs_exhausted_node(watched.after, asset, queues))
    return nodes
