"""The page about the field, made of the recorded answers."""

import tomllib
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

import msgspec

from engines.field.decisions import Decided, decided
from engines.field.libraries import HERE, Library, Way, libraries
from engines.field.measuring import Heard, Measured, measured
from marginspec.registry import sentence_of
from marginspec_conformance.comparing.answers import decimal
from marginspec_conformance.vectors.question import read_questions
from marginspec_conformance.vectors.reading import suite_manifest
from marginspec_journal.events import Record
from marginspec_journal.header import header_object
from marginspec_journal.lines import record_object

TEXTS = tomllib.loads((HERE / "page.toml").read_text("utf-8"))


def page() -> str:
    """The whole page."""
    found = [(library, [measured(way) for way in library.ways]) for library in libraries()]
    everything = [one for _, ways in found for one in ways]
    manifest = suite_manifest()
    asked = f"Asked were the {manifest['questions']['count']} questions of suite {manifest['suite']}.\n"
    parts = [TEXTS["head"], asked + TEXTS["reading"], overview(everything), by_clause(everything)]
    parts += [section(library, ways) for library, ways in found]
    return "\n".join(parts)


def table(titles: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table of Markdown."""
    lines = [titles, ["---"] * len(titles), *rows]
    return "".join(f"| {' | '.join(map(str, row))} |\n" for row in lines)


def overview(everything: Sequence[Measured]) -> str:
    """How many answers each gave, and how near they are."""
    titles = ("asked", "version", "answered", "exact", "within a unit", "further off")
    rows = []
    for one in everything:
        exact, near = sum(heard.is_exact for heard in one.heard), sum(heard.is_near for heard in one.heard)
        answered = len(one.heard)
        rows.append((one.way.name, one.hello.version, answered, exact, near - exact, answered - near))
    return "## At a glance\n\n" + table(titles, rows)


def by_clause(everything: Sequence[Measured]) -> str:
    """Which clauses each satisfies, where it was asked."""
    clauses = sorted({question.clause for question in read_questions()})
    rows = []
    for one in everything:
        counts = [(sum(heard.is_near for heard in one.of(clause)), len(one.of(clause))) for clause in clauses]
        rows.append((one.way.name, *(f"{right} of {count}" if count else "-" for right, count in counts)))
    told = "".join(f"- {clause}: {sentence_of(clause)}\n" for clause in clauses)
    head = "## By clause\n\nExact or within a unit, of those answered; a dash where the library has nothing to ask.\n\n"
    return f"{head}{table(('asked', *clauses), rows)}\n{told}"


def section(library: Library, ways: Sequence[Measured]) -> str:
    """A library: what answers, what its figures mean, where they differ, by how much, and the shortest example."""
    parts = [f"## {library.name} {ways[0].hello.version}\n\n{library.summary}\n"]
    for one in ways:
        if len(ways) > 1:
            parts.append(f"### {one.way.name}\n")
        functions = ", ".join(f"`{name}`" for name in one.way.functions)
        parts.append(f"Asked: {functions}.\n")
        parts.append("".join(f"- {note}\n" for note in one.way.notes))
        parts.append(unanswered(one))
        parts += [differing(one, clause) for clause in sorted({heard.question.clause for heard in one.heard})]
    if library.decisions is not None:
        parts.append(decisions(library.decisions))
    return "\n".join(part for part in parts if part)


def decisions(way: Way) -> str:
    """What a library decides, beside the rulebook, at level 2."""
    found = decided(way)
    counts = Counter(one.checked.outcome for one in found)
    differing = [one for one in found if one.checked.outcome == "differs"]
    agreeing = [one for one in found if one.checked.outcome == "agrees"]
    lacking = Counter(one.checked.why for one in found if one.checked.outcome == "skipped")
    told = ", ".join(f"{count} for `{word}`" for word, count in sorted(lacking.items()))
    rows = [(one.journal.vector.id, one.checked.place + 1, str(one.checked.differences[0])) for one in differing]
    parts = [
        f"### {way.name}, level 2\n",
        f"Asked: {', '.join(f'`{name}`' for name in way.functions)}.\n",
        "".join(f"- {note}\n" for note in way.notes),
        TEXTS["decisions"].format(
            agree=len(agreeing),
            liquidating=sum(one.journal.liquidates for one in agreeing),
            journals=len(found),
            undecided=counts["undecided"],
            skipped=counts["skipped"],
            lacking=told,
            differ=len(differing),
        ),
        table(("vector", "event", "first difference"), rows),
        *(shortest_journal(kind, differing) for kind in dict.fromkeys(one.kind for one in differing)),
    ]
    return "\n".join(parts)


def shortest_journal(kind: str, differing: Sequence[Decided]) -> str:
    """Of the journals whose first difference is of a kind, the one of fewest events, whole up to there."""
    found = min((one for one in differing if one.kind == kind), key=lambda one: one.checked.place)
    vector, events = found.journal.vector, found.journal.events[: found.checked.place + 1]
    lines = [header_object(vector.header), *(record_object(Record(1, event)) for event in events)]
    journal = "".join(f"{msgspec.json.encode(line).decode()}\n" for line in lines)
    return (
        f"The shortest example of `{kind}` is `{vector.id}`: {vector.why}\n\n"
        f"```json\n{journal}```\n\n"
        f"At its last event the library says {found.checked.differences[0].actual}, "
        f"the rulebook {found.checked.differences[0].expected}.\n"
    )


def unanswered(one: Measured) -> str:
    """What was not answered, for want of what."""
    counts = Counter(one.unanswered.values())
    told = ", ".join(f"{count} for `{word}`" for word, count in sorted(counts.items()))
    return f"Not answered: {sum(counts.values())} ({told}).\n"


def differing(one: Measured, clause: str) -> str:
    """Where answers about a clause are further off."""
    heard = one.of(clause)
    wrong = [answer for answer in heard if not answer.is_near]
    if not wrong:
        return f"{clause}: all {len(heard)} answers are exact or within a unit.\n"
    lines = [f"{clause}: {len(wrong)} of {len(heard)} answers are further off."]
    unhealthy = sum(answer.of_unhealthy for answer in wrong)
    if unhealthy:
        lines.append(TEXTS["unhealthy"].format(count=unhealthy))
    for name, off, part in one.furthest(clause):
        share = f", {percent(part)} of the rulebook's figure at most" if clause != "MKT-02" else ""
        lines.append(f"- `{name}`: by {decimal(rounded(off))} at most{share}")
    example = one.example(clause)
    assert example is not None, "some answer is further off"
    return "\n".join([*lines, *shortest(example)]) + "\n"


def shortest(heard: Heard) -> list[str]:
    """An example, in the words of its question."""
    question = heard.question
    told = [f"- the shortest example is `{question.id}`: {question.why}"]
    markets = question.asked["markets"]
    for name in sorted(markets):
        tiers = ", ".join(f"{one['maintenance_rate']} from {one['floor']}" for one in markets[name]["tiers"])
        told.append(f"    - market {name} at {markets[name]['mark']}, maintenance {tiers}")
    domain = question.asked["domain"]
    for one in domain["positions"]:
        basis = f"entered at {one['entry']}" if "entry" in one else f"at a cost of {one['cost']}"
        told.append(f"    - {one['quantity']} of {one['market']} {basis}, leverage {one['leverage']}")
    told.append(f"    - cash {domain['cash']}")
    wrong = (f"    - `{one.name}`: the library says {one.actual}, the rulebook {one.expected}" for one in heard.wrong())
    return [*told, *wrong]


def percent(part: Fraction) -> str:
    """A part as a percentage, rounded up to two digits after the point."""
    return f"{decimal(Fraction(-(-part * 10**4 // 1), 100))} %"


def rounded(off: Fraction) -> Fraction:
    """A number that is told with at most eight digits after the point, rounded up."""
    return Fraction(-(-off * 10**8 // 1), 10**8)
