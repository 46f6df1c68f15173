"""Wire formats: journals, states and receipts as JSON Lines and Parquet."""

from marginspec_journal.errors import InputError
from marginspec_journal.events import Record
from marginspec_journal.lines import write_lines
from marginspec_journal.reading import Journal, open_journal, write_journal

__all__ = ["InputError", "Journal", "Record", "open_journal", "write_journal", "write_lines"]
