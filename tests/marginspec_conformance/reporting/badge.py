"""A badge: the level, and how many of all cases of the suite passed, those that were skipped or undecided included."""

import msgspec

from marginspec_conformance.reporting.log import Log


def badge(log: Log) -> bytes:
    """JSON as makers of badges take it; red if anything failed, grey if nothing passed, green only if all passed."""
    counts = log.counts()
    passed, everything = counts["passed"], len(log.cases)
    message = f"{passed} of {everything}{', of a part only' if log.setting.part else ''}"
    label = f"marginspec {log.setting.rulebook}, level {log.setting.level}"
    fields = {"schemaVersion": 1, "label": label, "message": message, "color": colour(log)}
    return msgspec.json.encode(fields) + b"\n"


def colour(log: Log) -> str:
    """Red, lightgrey, yellow or brightgreen."""
    counts = log.counts()
    if counts["failed"] or counts["engine failed"]:
        return "red"
    if counts["passed"] == 0:
        return "lightgrey"
    is_whole = counts["passed"] == len(log.cases) and not log.ending.cut_short and not log.setting.part
    return "brightgreen" if is_whole else "yellow"
