"""A log as SARIF 2.1.0, which code hosts show beside a change: a rule for each clause, a finding for each failure."""

from typing import Any

from marginspec_conformance.reporting.junit import summary_of
from marginspec_conformance.reporting.log import Case, Log
from marginspec_tools.audit.report.setting import title_of
from marginspec_tools.markup import sarif_bytes


def sarif(log: Log, artifact: str) -> bytes:
    """The report, its findings placed in the log (`artifact`), since an engine's source is not known."""
    failed = [case for case in log.cases if case.outcome in ("failed", "engine failed")]
    clauses = sorted({clause_of(case) for case in failed})
    rules = {clause: title_of(clause) or clause for clause in clauses}
    told = {"verdict": log.ending.verdict, "counts": log.counts()}
    return sarif_bytes(log.setting.suite, rules, (finding_of(case, artifact) for case in failed), told)


def finding_of(case: Case, artifact: str) -> dict[str, Any]:
    """A failure as SARIF has it."""
    return {
        "ruleId": clause_of(case),
        "level": "error",
        "message": {"text": summary_of(case)},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": artifact}}}],
        "partialFingerprints": {"case/v1": case.id},
    }


def clause_of(case: Case) -> str:
    """The clause that a failure is blamed on."""
    return case.finding.clause if case.finding else case.clause
