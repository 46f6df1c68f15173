"""Reports that stand beside a journal: folders of audits, logs of conformance runs; found, read, and never trusted.

Of what is in them nothing is taken for good that the reports do not say consistently: one that is cut short, changed or
of another format is `Broken`, with the reason.
"""

from marginspec_tools.dashboard.reports.audits import AuditReport, Compared, Finding
from marginspec_tools.dashboard.reports.found import MOST, NO_REPORTS, Reports, found_reports
from marginspec_tools.dashboard.reports.logs import OUTCOMES, Case, ConformanceLog
from marginspec_tools.dashboard.reports.reading import Broken, told
