"""Writes the schemas of journals, receipts and states anew, beside this file."""

from pathlib import Path

from marginspec_journal.schemas.documents import SCHEMAS

for name, text in SCHEMAS.items():
    Path(__file__).with_name(f"{name}.schema.json").write_bytes(text())
