"""Findings for code hosts, as SARIF, and for CI, as JUnit XML."""

from collections import defaultdict
from collections.abc import Sequence
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement

from marginspec_tools.audit.audited import Audited
from marginspec_tools.audit.checks import invariant_sentences
from marginspec_tools.audit.faults import decimal_of
from marginspec_tools.audit.findings import Finding, Severity
from marginspec_tools.audit.report.setting import Setting, title_of
from marginspec_tools.console import printable_path
from marginspec_tools.markup import sarif_bytes, xml_bytes, xml_text

LEVELS: dict[Severity, str] = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}


def sarif(audited: Audited, setting: Setting) -> bytes:
    """The findings as results, each at its line of the journal."""
    found = audited.findings
    rules = {clause: title_of(clause) or clause for clause in sorted({one.clause for one in found})}
    uri = quote(printable_path(setting.inputs["journal"]))
    coverage = audited.comparison.coverage
    told = {"verdict": audited.verdict, "compared": coverage.values, "tolerated": coverage.within}
    return sarif_bytes(setting.versions["marginspec"], rules, (result_of(one, uri) for one in found), told)


def result_of(finding: Finding, uri: str) -> dict[str, object]:
    """A finding as SARIF has it; what is of the opening state has no line."""
    place: dict[str, object] = {"artifactLocation": {"uri": uri}}
    if finding.leading.line:
        place["region"] = {"startLine": finding.leading.line}
    return {
        "ruleId": finding.clause,
        "level": LEVELS[finding.severity],
        "message": {"text": finding.text},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"finding/v1": finding.id},
        "properties": {
            "severity": finding.severity,
            "class": finding.classified,
            "money": decimal_of(finding.money),
            "asset": finding.asset,
            "consequences": finding.consequences,
        },
    }


def junit(audited: Audited) -> bytes:
    """A suite of the invariants and one of the clauses that were exercised, a case for each.

    What was not checked, and a clause in whose events nothing was observed, is `skipped`.
    """
    by_clause: dict[str, list[Finding]] = defaultdict(list)
    for one in audited.findings:
        by_clause[one.clause].append(one)
    coverage = audited.comparison.coverage
    invariants = list(invariant_sentences())
    clauses = sorted({*coverage.exercised, *by_clause} - {*invariants})
    skipped = dict.fromkeys(audited.unchecked, "needs all accounts")
    skipped |= dict.fromkeys(clauses, "nothing was observed where it had an effect")
    skipped = {clause: why for clause, why in skipped.items() if not coverage.compared[clause]}
    suites = Element("testsuites", {"name": "marginspec audit"})
    for name, cases in (("invariants", invariants), ("clauses", clauses)):
        add_suite(suites, name, cases, by_clause, skipped)
    for total in ("tests", "failures", "skipped", "errors"):
        suites.set(total, str(sum(int(suite.get(total, "0")) for suite in suites)))
    return xml_bytes(suites)


def add_suite(
    suites: Element, name: str, cases: Sequence[str], found: dict[str, list[Finding]], skipped: dict[str, str]
) -> None:
    """A suite with a case for each clause, and a failure in it for each of its findings."""
    suite = SubElement(suites, "testsuite", {"name": name})
    for clause in cases:
        test = SubElement(suite, "testcase", {"classname": name, "name": clause, "time": "0"})
        for finding in found[clause]:
            failure = SubElement(test, "failure", {"type": finding.severity, "message": xml_text(finding.text)})
            failure.text = finding.id
        if clause in skipped and not found[clause]:
            SubElement(test, "skipped", {"message": skipped[clause]})
    counts = {
        "tests": len(cases),
        "failures": sum(bool(found[clause]) for clause in cases),
        "skipped": len(suite.findall("testcase/skipped")),
        "errors": 0,
    }
    for what, count in counts.items():
        suite.set(what, str(count))
