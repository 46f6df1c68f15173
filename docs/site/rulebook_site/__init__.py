"""The rulebook's site, as an extension of Sphinx: the pages of docs/ as they are, and what is recorded of each clause.

What is added is made when the site is built, from the records that tests and commands read too; nothing of it is kept.
"""

from pathlib import Path

from sphinx.application import Sphinx

from rulebook_site.building import Site
from rulebook_site.files import FileRole


def setup(app: Sphinx) -> dict[str, object]:
    """Add the site's parts to Sphinx."""
    root = Path(app.srcdir).resolve().parent
    site = Site(root)
    app.add_role("source", FileRole(site.files))
    app.connect("builder-inited", site.begin)
    app.connect("source-read", site.read)
    app.connect("doctree-read", site.anchor, priority=400)
    app.connect("doctree-resolved", site.link)
    app.connect("build-finished", site.add_pages)
    # Links to files are collected while pages are read.
    return {"parallel_read_safe": False, "parallel_write_safe": False}
