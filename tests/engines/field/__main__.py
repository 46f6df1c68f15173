"""`python -m engines.field` writes docs/conformance/field.md anew from the recorded answers."""

from pathlib import Path

from engines.field.page import page

PAGE = Path(__file__).parents[3] / "docs" / "conformance" / "field.md"

if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
