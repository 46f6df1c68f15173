"""Random journals beside an engine that has part of the rulebook only."""

from itertools import islice

from marginspec.model.events import Deposit, MarkPrice, SetLeverage
from marginspec_conformance.driving.checking import Plan
from marginspec_conformance.fuzzing.driving import Fuzz, Tried
from marginspec_conformance.protocol.messages import Accepted, Answer, Unsupported
from marginspec_journal.canonical import JsonObject
from worlds.changed_answers import Changed

SEED = 1


def part(event: JsonObject, answer: Answer) -> Answer:
    """The rulebook without leverages, and without liquidations."""
    if event["type"] == "set_leverage":
        return Unsupported("set_leverage")
    if isinstance(answer, Accepted) and answer.liquidated:
        return Unsupported("liquidation")
    return answer


def tried(count: int) -> list[Tried]:
    """The first journals beside that part."""
    return list(islice(Fuzz(Changed(part).engine(), Plan(4), SEED, 60), count))


def test_what_an_engine_never_has_is_left_out_and_what_it_sometimes_has_ends_a_journal() -> None:
    found = tried(12)
    assert {one.checked.outcome for one in found} == {"agrees"}
    kinds = {type(event) for one in found[1:] for event in one.generated.case.events}
    assert {Deposit, MarkPrice} <= kinds
    assert SetLeverage not in kinds
    cut = [one.generated.case.events[one.checked.place] for one in found if one.checked.why == "needs liquidation"]
    assert MarkPrice in {type(event) for event in cut}
    assert all(one.checked.judged == one.checked.place for one in found if one.checked.why)
