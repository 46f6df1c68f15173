"""What is recorded of a clause, as Markdown that stands below its text: a card of parts that can be folded."""

import inspect
import textwrap
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec

from marginspec.registry import RuleCode
from marginspec_tools.prove.mutants import Row as Mutant
from rulebook_site.examples import Example, example_of, why_none
from rulebook_site.markdown import code_block, counted, fold, listed, plain, quoted, table
from rulebook_site.records import Records

CARD = '<div class="card">'
SHORT = 24
"""So many lines of code are shown unfolded."""
NAMED = 40
"""So many vectors are listed one below the other; the others are named."""
KINDS = {"valid": "accepted", "must_reject": "refused", "acceptable": "decided otherwise by some venues"}


def card_of(records: Records, clause: str) -> str:
    """The card of a clause."""
    parts = {
        "example": example_part(records, clause),
        "code": code_part(records, clause),
        "theorem": theorems_part(records, clause),
        "vector": vectors_part(records, clause),
        "mutant": mutants_part(records, clause),
        "statement of the source": statements_part(records, clause),
        "decision": decisions_part(records, clause),
        "difference of venues or libraries": differences_part(records, clause),
        "incident": incidents_part(records, clause),
        "test": tests_part(records, clause),
    }
    lacking = [name for name, text in parts.items() if not text]
    none = f'<p class="none">Recorded is no {", no ".join(lacking)}.</p>\n' if lacking else ""
    return f"\n{CARD}\n\n{''.join(parts.values())}{none}\n</div>\n\n"


# ------------------------------------------------------------------- the example


def example_part(records: Records, clause: str) -> str:
    """The live example: before, event, effects; or why there can be none."""
    found = example_of(clause, records.vectors)
    if found is None:
        reason = why_none(clause)
        return f"{reason}\n\n" if reason else ""
    number = len(found.vector.steps)
    summary = f"event {number} of vector {found.vector.id}, run by the specification for this page"
    return fold("Example", summary, "\n".join(example_text(found)), is_open=True)


def example_text(example: Example) -> Iterator[str]:
    """An example as Markdown."""
    yield f"{plain(example.vector.why)}\n"
    if example.asked:
        yield f"After the event below, the figures of {quoted(example.asked)} are read:\n"
    yield code_block("json", msgspec.json.format(msgspec.json.encode(example.event), indent=0).decode())
    yield f"{effects_title(example)}\n"
    yield code_block("text", "\n".join(example.lines))
    if example.figures:
        yield figures_table(example)


def effects_title(example: Example) -> str:
    """What the lines of an example are."""
    if example.asked:
        return f"{example.clause} says:"
    return f"What {example.clause} does in it:" if example.own else "What the event did, in order:"


def figures_table(example: Example) -> str:
    """The figures around the event; those that changed are bold."""
    if example.asked:
        return table(("figure", "value"), [(quoted(one.name), one.after) for one in example.figures], numbers=1)
    rows = []
    for one in example.figures:
        after = one.after or "none"
        rows.append((quoted(one.name), one.before or "none", after if one.after == one.before else f"**{after}**"))
    return table(("figure", "before", "after"), rows, numbers=2)


# ------------------------------------------------------------------- code


def code_part(records: Records, clause: str) -> str:
    """The code that runs: all functions and classes registered for the clause, the first unfolded if it is short."""
    codes = records.code_of(clause)
    if not codes:
        return ""
    sources = [source_of(code, records.root) for code in codes]
    lines = sum(text.count("\n") + 1 for _, _, text in sources)
    bodies = []
    for place, (code, (path, line, text)) in enumerate(zip(codes, sources, strict=True)):
        where = f"{{source}}`{path}#{line}`\n\n"
        body = where + code_block("python", text)
        unfolded = place == 0 and text.count("\n") < SHORT
        bodies.append(fold(short_name(code), code.sentence, body, is_open=unfolded))
    total = f"{counted(len(codes), 'function or class', 'functions and classes')}, {counted(lines, 'line')}"
    return fold("Code that runs", total, "".join(bodies))


def short_name(code: RuleCode) -> str:
    """A function's name below its package."""
    return f"{code.module}.{code.name}".removeprefix("marginspec.")


def source_of(code: RuleCode, root: Path) -> tuple[str, int, str]:
    """Where a function or class stands, by file within the checkout and line, and its text."""
    lines, first = inspect.getsourcelines(code.executable)
    path = Path(inspect.getsourcefile(code.executable) or "").resolve().relative_to(root)
    return path.as_posix(), first, textwrap.dedent("".join(lines))


# ------------------------------------------------------------------- proofs


def theorems_part(records: Records, clause: str) -> str:
    """The theorems that name the clause, with what became of them."""
    found = [one for one in records.theorems.values() if clause in one.rules]
    if not found:
        return ""
    statuses = Counter(records.status[one.id].status for one in found)
    body = listed((f"{one.id}, {records.status[one.id].status}, {one.scope}", plain(one.sentence)) for one in found)
    told = ", ".join(f"{count} {status}" for status, count in statuses.items())
    return fold(
        "Theorems", told, f"{body}\nHow far they reach is told in [what stays unshown](../theorems/unshown.md).\n"
    )


def mutants_part(records: Records, clause: str) -> str:
    """The faults planted into the clause's functions, and into those of the engine that name it; what noticed them."""
    of_rules, of_engine = records.mutants_of(clause), records.engine_mutants_of(clause)
    body, told = mutant_list(records, of_rules), []
    if of_rules:
        told.append(mutant_counts(of_rules))
    if of_engine:
        told.append(f"of the optimized engine {mutant_counts(of_engine)}")
        lead = "Of the functions of the optimized engine that say they follow this clause:"
        body += f"\n{lead}\n\n{mutant_list(records, of_engine)}"
    return fold("Mutants", "; ".join(told), body) if told else ""


def mutant_list(records: Records, found: list[Mutant]) -> str:
    """Mutants, each with what noticed it."""
    return listed((f"{quoted(short(row))}: {quoted(row.what)}", verdict(records, row)) for row in found)


def mutant_counts(found: list[Mutant]) -> str:
    """How many mutants there are, and what noticed how many; of the engine nothing is proved."""
    counts = Counter(row.killed_by for row in found)
    proofs = "" if found[0].is_of_the_engine else f"{counts['proof']} killed by proof, "
    tests = f"{counts['tests']} {'by' if proofs else 'killed by'} tests"
    return f"{len(found)} planted: {proofs}{tests}, {counts[None]} survive"


def short(row: Mutant) -> str:
    """The place of a mutant."""
    return row.function.rpartition(".")[2]


def verdict(records: Records, row: Mutant) -> str:
    """What noticed a mutant, or why nothing can."""
    if row.killed_by is None:
        return f"**survives**. {plain(records.reasons.get(row.id, 'No reason is written yet.'))}"
    return f"killed by {row.evidence if row.killed_by == 'proof' else quoted(row.evidence)}"


# ------------------------------------------------------------------- conformance


def vectors_part(records: Records, clause: str) -> str:
    """The vectors and questions of the clause, each with its reason, and those of other clauses that pin it down."""
    own = [(one.id, KINDS[one.kind], one.why) for one in records.vectors if one.clause == clause]
    own += [(one.id, f"question: {one.kind}", one.why) for one in records.questions if one.clause == clause]
    others = [one.id for one in records.vectors if clause in one.clauses and one.clause != clause]
    others += [one.id for one in records.questions if clause in one.clauses and one.clause != clause]
    noticed = [one for one in records.planted_faults if (one.vector or "").startswith(f"{clause}/")]
    if not own and not others:
        return ""
    body = listed((f"{quoted(name)}, {kind}", plain(why)) for name, kind, why in own[:NAMED])
    if own[NAMED:]:
        body += f"\nAnd {', '.join(quoted(name) for name, _, _ in own[NAMED:])}.\n"
    if others:
        body += f"\nOf other clauses, and pinning this one down too: {', '.join(map(quoted, others))}.\n"
    told = f"{len(own)} of its own, {len(others)} besides"
    if noticed:
        faults = "".join(f"- {quoted(one.what) if one.is_mutant else plain(one.what)}\n" for one in noticed)
        body += f"\nPlanted faults of an engine that a vector of this clause notices:\n\n{faults}"
        told += f"; {counted(len(noticed), 'planted fault')} noticed"
    return fold("Vectors", told, body)


def differences_part(records: Records, clause: str) -> str:
    """What venues and public libraries are known to do otherwise."""
    asked = [(one, one.of(clause)) for one in records.field]
    libraries = [
        (one.way.name, one.hello.version, f"{sum(heard.is_near for heard in found)} of {len(found)}")
        for one, found in asked
        if found
    ]
    otherwise = [one for one in records.vectors if one.clause == clause and one.kind == "acceptable"]
    venues = [one for ids, one in records.venue_differences if clause in ids]
    body = ""
    if libraries:
        body += f"{table(('library asked', 'version', 'exact or within a unit'), libraries)}\n"
        body += "What is further off, and why, is told in [the field, measured](../conformance/field.md).\n\n"
    if venues:
        rows = [(one.venue, one.figure, one.shown, one.rules) for one in venues]
        body += f"{table(('venue', 'figure', 'shown', 'the rules'), rows)}\n"
    for one in otherwise:
        body += f"- {plain(', '.join(one.venues))}: {plain(one.why)}\n"
    counts = {"way to ask a library": len(libraries), "venue's figure": len(venues), "convention": len(otherwise)}
    many = {"way to ask a library": "ways to ask libraries", "venue's figure": "venues' figures"}
    told = ", ".join(counted(count, name, many.get(name, "")) for name, count in counts.items() if count)
    return fold("Differences", told, body) if body else ""


# ------------------------------------------------------------------- where it comes from


def statements_part(records: Records, clause: str) -> str:
    """The statements of the source text that the clause's code stems from."""
    ids = sorted({source for code in records.code_of(clause) for source in code.sources})
    if not ids:
        return ""
    found = [records.statements[one] for one in ids]
    body = listed((one.id, f"{one.text}. *Reading:* {one.reading}.") for one in found)
    return fold("Source", ", ".join(ids), body)


def decisions_part(records: Records, clause: str) -> str:
    """The decisions that settle what the clause left open."""
    found = [one for one in records.decisions if clause in one.clauses]
    body = "".join(f"- [{one.number} {plain(one.title)}](../decisions/{one.page})\n" for one in found)
    return fold("Interpretation", counted(len(found), "decision"), body) if found else ""


def incidents_part(records: Records, clause: str) -> str:
    """The failures of real systems that the clause prevents."""
    found = [one for one in records.incidents if clause in one.clauses]
    body = listed((one.id, f"{one.happened}. *What holds here:* {one.broke}.") for one in found)
    return fold("Incidents", ", ".join(one.id for one in found), body) if found else ""


def tests_part(records: Records, clause: str) -> str:
    """The tests that cite the clause, by file."""
    cited = {one.test for one in records.matrix.citations if one.clause == clause}
    files = Counter(test.partition("::")[0] for test in cited)
    body = "".join(f"- {{source}}`{name}`: {count}\n" for name, count in sorted(files.items()))
    return fold("Tests", f"{counted(len(cited), 'test')} in {counted(len(files), 'file')}", body) if files else ""
