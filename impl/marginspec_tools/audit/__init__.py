"""Audits: what is checked after every event of a journal, and the report of it."""

from marginspec_tools.audit.checks import invariant_sentences
from marginspec_tools.audit.findings import SEVERITIES as SEVERITIES
from marginspec_tools.audit.folder import FINDINGS as FINDINGS
from marginspec_tools.audit.folder import SUMMARY as SUMMARY
from marginspec_tools.audit.profiles import LAST_RESORTS as LAST_RESORTS
from marginspec_tools.audit.profiles import RANKINGS as RANKINGS
from marginspec_tools.audit.profiles import Contrast as Contrast
from marginspec_tools.audit.profiles import contrast as contrast
from marginspec_tools.audit.report.history import bearers as bearers
from marginspec_tools.audit.report.setting import title_of
from marginspec_tools.audit.report.sides import Sides, sides_of
from marginspec_tools.audit.summary import AUDIT_VERSION as AUDIT_VERSION
from marginspec_tools.audit.verify import compared as compared
