"""A log with a case of every outcome, in which the engine says what a page or a terminal might obey."""

from pathlib import Path

from marginspec_conformance.protocol.messages import Hello
from marginspec_conformance.reporting.log import Case, Ending, Finding, Log, LogWriter, Setting

HOSTILE = "<script>alert(1)</script>\x1b[31m | `x`"

SETTING = Setting(
    command="run",
    suite="0.1.0",
    rulebook="2",
    engine=Hello("toy", "1.2", "C++", "2", 4, frozenset({"batch", "hedge"}), ("ADL-06",)),
    connector="exec:./toy",
    level=4,
    profile="binance, levy",
)
FINDING = Finding(
    step=3,
    event="mark_price",
    clause="LIQ-01",
    sentence="Every unhealthy domain is taken in ascending key order.",
    kind="ledger",
    subject="wallet:alice:USDT",
    expected="100",
    actual="99.5",
    story=("equity of alice:USDT is 100", HOSTILE),
    faults=("liquidation_price:1",),
    reproduce="marginspec conform run LIQ-01 -e exec:./toy",
)
PASSED = Case("ACC-01/opens/0a1b2c3d", "ACC-01", "passed", microseconds=1_500_000)
FAILED = Case("LIQ-01/order/11111111", "LIQ-01", "failed", finding=FINDING, microseconds=20)
SKIPPED = Case("ACC-01/hedge/22222222", "ACC-01", "skipped", "needs isolated")
UNDECIDED = Case("ADL-02/tie/33333333", "ADL-02", "undecided", "a near tie")
CRASHED = Case("WTF-01/draw/44444444", "WTF-01", "engine failed", f"crashed: {HOSTILE}")
ENDING = Ending("does not conform at level 4", 1)
LOG = Log(SETTING, (PASSED, FAILED, SKIPPED, UNDECIDED, CRASHED), ENDING)


def written(folder: Path, log: Log, name: str = "log.ndjson") -> Path:
    """The file of a log."""
    path = folder / name
    with LogWriter(path, log.setting) as writer:
        for case in log.cases:
            writer.add(case)
        writer.end(log.ending)
    return path
