"""Audits: what is checked after every event of a journal, and the report of it."""

from marginspec_tools.audit.checks import invariant_sentences
from marginspec_tools.audit.report.setting import title_of
from marginspec_tools.audit.report.sides import Sides, sides_of
