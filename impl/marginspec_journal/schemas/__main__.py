"""Writes the schemas of journals, receipts and states into a folder: `python -m marginspec_journal.schemas FOLDER`."""

import sys
from pathlib import Path

from marginspec_journal.schemas.documents import SCHEMAS

for name, text in SCHEMAS.items():
    (Path(sys.argv[1]) / f"{name}.schema.json").write_bytes(text())
