"""How Sphinx builds the rulebook's site: `make site`, offline, from the pages under docs/ as they are."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# The extension beside this file, and the records of the field, which are in no package that is installed.
sys.path[:0] = [str(ROOT / "docs" / "site"), str(ROOT / "tests")]

project = "marginspec"
html_title = "marginspec, the rulebook"
extensions = ["myst_parser", "rulebook_site"]
root_doc = "index"
exclude_patterns = ["site", "how-to/toy-engine"]
nitpicky = True
suppress_warnings = [
    # A clause stands under `###` on a page without `##`, so that what names it is as deep in every page.
    "myst.header"
]

myst_heading_anchors = 4

html_theme = "furo"
html_theme_options = {"top_of_page_buttons": [], "sidebar_hide_name": False}
html_static_path = ["_static"]
html_favicon = "_static/icon.svg"
html_css_files = ["site.css"]
html_js_files = ["searching.js"]
templates_path = ["_templates"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_use_index = False
html_domain_indices = False
