"""What a report says of itself: who made it, of what, with which options and versions, and how to make it again."""

import shlex
from pathlib import Path
from typing import Any

import attrs

from marginspec_tools.audit.baseline import Baseline
from marginspec_tools.audit.checks import invariant_sentences
from marginspec_tools.console import printable_path
from marginspec_tools.markup import xml_text

LONGEST = 240
"""So much of a text that others wrote is shown; the machine-readable files have all of it."""


@attrs.frozen
class Setting:
    """Who audits, in their own words; the inputs, their hashes, the options that were given, and the versions.

    `program` is the SHA-256 of the program's text. Also the earlier report and the two profiles, by their choices, that
    the report is to compare.
    """

    auditor: str
    inputs: dict[str, Path]
    hashes: dict[str, str]
    options: tuple[str, ...]
    versions: dict[str, str]
    program: str
    baseline: Baseline | None = None
    profiles: tuple[dict[str, Any], dict[str, Any]] | None = None

    @property
    def journal(self) -> str:
        """The journal's name, without where it was kept."""
        return clipped(printable_path(Path(self.inputs["journal"].name)))

    def command(self, report: str) -> str:
        """The command that makes the report anew, in a folder."""
        words = ["marginspec", "audit", printable_path(self.inputs["journal"]), "--report", report, *self.options]
        return shlex.join(words)

    @property
    def installing(self) -> str:
        """The command that installs what makes the report, from a clone: no index of packages has it."""
        extras = "fast,parquet" if "--engine" in self.options else "parquet" if self.is_parquet else ""
        return shlex.join(["pip", "install", f"path/to/marginspec[{extras}]" if extras else "path/to/marginspec"])

    @property
    def is_parquet(self) -> bool:
        """Whether the journal is of columns."""
        return self.inputs["journal"].suffix == ".parquet"

    def explaining(self, event: str) -> str:
        """The command that explains an event; a name cannot be more than a word of it."""
        start = ["--from", printable_path(self.inputs["state"])] if "state" in self.inputs else []
        return shlex.join(["marginspec", "explain", printable_path(self.inputs["journal"]), event, *start])


def clipped(text: str | None) -> str:
    """A text that others wrote, in one line and of bounded length."""
    told = xml_text(text or "").replace("\n", "\\n").replace("\t", "\\t")
    return told if len(told) <= LONGEST else f"{told[:LONGEST]}…"


def title_of(clause: str) -> str:
    """A clause's heading, or what an invariant says."""
    return CLAUSES.get(clause) or invariant_sentences().get(clause, "")


CLAUSES = {
    "NUM-01": "Integers and units",
    "NUM-02": "Rounding",
    "NUM-03": "Limits",
    "MKT-01": "Market",
    "MKT-02": "Tier table",
    "MKT-03": "Changes",
    "MKT-04": "Limits",
    "MKT-05": "Final settlement",
    "LED-01": "Double entry",
    "LED-02": "Funds are never negative",
    "LED-03": "Who pays in",
    "ACC-01": "Accounts and settings",
    "ACC-02": "Cost and realised PnL",
    "ACC-03": "Margin domain",
    "ACC-04": "Isolated margin",
    "MRG-01": "Notional",
    "MRG-02": "Initial margin",
    "MRG-03": "Order margin",
    "MRG-04": "Maintenance margin",
    "MRG-05": "Health",
    "MRG-06": "Available and movable",
    "MRG-07": "Liquidation band",
    "MRG-08": "Bankruptcy price",
    "TRD-01": "Trade and fees",
    "TRD-02": "When a trade is accepted",
    "TRD-03": "Orders",
    "FND-01": "Funding",
    "LIQ-01": "Liquidation",
    "LIQ-02": "Step-down",
    "LIQ-03": "Takeover",
    "LIQ-04": "Lots",
    "LIQ-05": "Liquidation fill",
    "WTF-01": "Realised losses",
    "WTF-02": "Cover test",
    "ADL-01": "Deleveraging steps",
    "ADL-02": "Queue",
    "ADL-03": "Price",
    "ADL-04": "Profit, never principal",
    "ADL-05": "Indicator",
    "ADL-06": "Declared deleveraging",
    "LVY-01": "Last resort",
    "LVY-02": "Return",
    "SET-01": "Settlement",
    "TRN-01": "Fund status",
    "JRN-01": "Receipts and their hash",
}
"""The clauses by their headings in the rulebook."""
