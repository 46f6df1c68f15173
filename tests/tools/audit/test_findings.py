"""Findings that go on for a long journal: what they count, and what they keep."""

import attrs
import pytest

from marginspec_tools.audit import findings
from marginspec_tools.audit.faults import Fault
from marginspec_tools.audit.findings import Finding
from marginspec_tools.observed import Figure, Whose

EVENTS = 5_000
ACCOUNTS = 40


def fault(seq: int, money: int) -> Fault:
    """A balance that differs at an event by so much."""
    account = f"a{seq % ACCOUNTS}"
    whose = Whose(account, "", "USDT")
    texts = f"wallet:{account}:USDT", "balance", "0", str(money)
    return Fault(seq, seq + 1, None, None, "balance", "TRD-01", *texts, whose, money, money)


def drifted() -> Finding:
    """A finding that recurs at every event, of which the first figure's money grows until the end."""
    finding = Finding("TRD-01", "conservation", "high", (fault(1, 1),), "USDT", 1)
    first, second = (Figure("ledger", f"wallet:a{one}:USDT", "") for one in (1, 2))
    finding.figures[first] = 1
    for seq in range(2, EVENTS + 1):
        finding.show(seq)
        finding.recur([fault(seq, 10)])
        if seq == 2:
            finding.figures[second] = seq
        # What stays open is compared again, long after it began.
        finding.repeat(attrs.evolve(fault(1, 0), seq=seq, money=seq), finding.figures[first])
        finding.repeat(attrs.evolve(fault(2, 0), seq=seq, money=2 * seq), finding.figures[second])
    return finding


def test_a_drift_keeps_what_can_grow_and_counts_all(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = drifted()
    assert len(kept.by_owner) <= findings.STAKES_KEPT
    monkeypatch.setattr(findings.Finding, "_drop_settled", lambda _: None)
    whole = drifted()
    assert len(whole.by_owner) == EVENTS
    assert kept == whole
    assert (kept.money, kept.owners, kept.events) == (EVENTS + 2 * EVENTS + 10 * (EVENTS - 2), ACCOUNTS, EVENTS)
    assert (kept.text, kept.as_object()) == (whole.text, whole.as_object())
