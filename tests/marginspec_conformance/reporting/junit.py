"""A log as JUnit XML, which every CI shows: a suite for each clause, a test case for each case."""

from collections.abc import Iterable
from itertools import groupby
from xml.etree.ElementTree import Element, SubElement

from marginspec_conformance.reporting.log import Case, Log
from marginspec_tools.markup import xml_bytes, xml_text


def junit(log: Log) -> bytes:
    """The XML. A case that was skipped or undecided is `skipped`, with its reason; an engine's failure is `error`."""
    name = f"{log.setting.engine.name} {log.setting.engine.version}, level {log.setting.level}"
    suites = Element("testsuites", {"name": xml_text(name), **counted(log.cases)})
    for clause, cases in groupby(sorted(log.cases, key=lambda case: (case.clause, case.id)), lambda case: case.clause):
        members = list(cases)
        suite = SubElement(suites, "testsuite", {"name": xml_text(clause), **counted(members)})
        for case in members:
            add_case(suite, case)
    return xml_bytes(suites)


def add_case(suite: Element, case: Case) -> None:
    """A test case with what came of it."""
    test = SubElement(
        suite, "testcase", classname=xml_text(case.clause), name=xml_text(case.id), time=seconds(case.microseconds)
    )
    match case.outcome:
        case "failed":
            failure = SubElement(test, "failure", message=xml_text(summary_of(case)))
            failure.text = xml_text("\n".join(case.finding.story) if case.finding else case.reason)
        case "engine failed":
            SubElement(test, "error", message=xml_text(case.reason))
        case "skipped" | "undecided":
            SubElement(test, "skipped", message=xml_text(f"{case.outcome}: {case.reason}"))


def summary_of(case: Case) -> str:
    """What differs in a case and which clause is blamed, in a line."""
    return f"{case.finding.clause}: {difference_of(case)}" if case.finding else case.reason


def difference_of(case: Case) -> str:
    """What differs in a case, in a line; how the engine failed, if it did."""
    finding = case.finding
    if finding is None:
        return case.reason
    what = f"{finding.kind} of {finding.subject}" if finding.subject else finding.kind
    return f"{what} is {finding.actual}, not {finding.expected} (step {finding.step}, {finding.event})"


def counted(cases: Iterable[Case]) -> dict[str, str]:
    """The counts that JUnit wants of a suite."""
    outcomes = [case.outcome for case in cases]
    skipped = outcomes.count("skipped") + outcomes.count("undecided")
    numbers = {"tests": len(outcomes), "failures": outcomes.count("failed"), "skipped": skipped}
    return {name: str(number) for name, number in {**numbers, "errors": outcomes.count("engine failed")}.items()}


def seconds(microseconds: int) -> str:
    """Microseconds as seconds."""
    whole, rest = divmod(microseconds, 10**6)
    return f"{whole}.{rest:06}"
