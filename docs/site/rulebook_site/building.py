"""What happens to each page on its way into the site."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.jinja2glue import BuiltinTemplateLoader
from sphinx.project import Project

from marginspec_tools.prove.traceability import CLAUSE_HEADING
from rulebook_site.cards import card_of
from rulebook_site.contents import contents_of
from rulebook_site.files import Files, document_of, resolve_links
from rulebook_site.names import Names, Place, add_anchors, link_ids, link_terms, mark_parts
from rulebook_site.records import Records
from rulebook_site.theorem_pages import end_of_page

REDIRECT, FILE = "redirect.html", "file.html"
"""Templates: a clause's own address, `rulebook/LIQ-01.html`, which leads on to where it stands; a file's page."""
MENDED = {
    '<aside class="sidebar-drawer">': '<aside class="sidebar-drawer" aria-label="Pages">',
    '<aside class="toc-drawer': '<aside aria-label="On this page" class="toc-drawer',
    'class="caption" role="heading"': 'class="caption" role="heading" aria-level="2"',
    '<div class="table-wrapper': '<div tabindex="0" class="table-wrapper',
}
"""What the theme writes, and what is written instead: a name for each landmark, levels, tables that keys can scroll."""


class Pages(Project):
    """The pages of docs/: the README of a folder, which a forge shows for it, is its index."""

    def path2doc(self, filename: Any) -> str | None:
        """The name of a file's page; None of a file outside docs/, which is shown as a file."""
        name = PurePosixPath(super().path2doc(filename) or "/")
        if name.is_absolute():
            return None
        return str(name.with_name("index") if name.name == "README" else name)


class Site:
    """The site of a checkout: its records, the names in them, and the files that pages link to."""

    def __init__(self, root: Path) -> None:
        self.root, self.docs, self.files = root, root / "docs", Files(root)
        self.records = Records(root)
        self.names = Names(self.records)

    def begin(self, app: Sphinx) -> None:
        """Have Sphinx name pages so; it has made its own names by now, and has not looked for pages yet."""
        assert isinstance(app.builder, StandaloneHTMLBuilder), "the site is HTML"
        assert isinstance(app.builder.templates, BuiltinTemplateLoader), "the builder has begun"
        app.builder.templates.environment.filters["mended"] = mended
        app.project = app.env.project = Pages(app.srcdir, app.config.source_suffix)

    # ------------------------------------------------------------------- reading

    def read(self, _app: Sphinx, document: str, source: list[str]) -> None:
        """Add to a page's Markdown what is recorded: cards to clauses, their status to theorems, lists of pages."""
        text, (folder, _, name) = source[0], document.rpartition("/")
        if folder == "rulebook":
            text = "".join(self._with_cards(text))
        elif folder == "theorems":
            text += end_of_page(self.records, f"{name}.md")
        source[0] = text + contents_of(document, self.docs)

    def _with_cards(self, text: str) -> Iterator[str]:
        """A page of the rulebook, each clause followed by its card."""
        clause = ""
        for line in text.splitlines(keepends=True):
            if clause and line.startswith("#"):
                yield card_of(self.records, clause)
                clause = ""
            heading = CLAUSE_HEADING.match(line.rstrip("\n"))
            clause = heading[1] if heading else clause
            yield line
        if clause:
            yield card_of(self.records, clause)

    def anchor(self, app: Sphinx, tree: nodes.document) -> None:
        """Put permanent anchors on a page that was read, and take its links to files."""
        document = app.env.current_document.docname
        self.files.take_links(Path(app.env.doc2path(document)), tree)
        add_anchors(document, tree, self.names)
        if document.startswith("rulebook/"):
            mark_parts(tree)

    # ------------------------------------------------------------------- writing

    def link(self, app: Sphinx, tree: nodes.document, document: str) -> None:
        """Make links of ids, of terms in clauses, and of files."""

        def uri(source: str, place: Place) -> str:
            """The address of a place from a document."""
            to_page = "" if source == place.document else app.builder.get_relative_uri(source, place.document)
            return f"{to_page}#{place.anchor}"

        link_ids(document, tree, self.names, uri)
        if document.startswith("rulebook/"):
            link_terms(document, tree, self.names, uri)
        resolve_links(tree, lambda page: app.builder.get_relative_uri(document, page))

    def add_pages(self, app: Sphinx, error: Exception | None) -> None:
        """Write what is no page of Sphinx's: the address of each clause, and the files that pages link to."""
        if error is None and isinstance(app.builder, StandaloneHTMLBuilder):
            for clause in self.records.clauses.values():
                place, page = self.names.places[clause.id], f"rulebook/{clause.id}"
                target = f"{app.builder.get_relative_uri(page, place.document)}#{place.anchor}"
                title = f"{clause.id} {clause.title}".rstrip()
                self._write(app.builder, page, REDIRECT, {"title": title, "target": target})
            for path, body in self.files.bodies():
                context = {"path": path, "body": body, "home": app.config.html_title}
                self._write(app.builder, document_of(path), FILE, context)

    def _write(self, builder: StandaloneHTMLBuilder, page: str, template: str, context: dict[str, str]) -> None:
        place = Path(builder.outdir, f"{page}{builder.out_suffix}")
        place.parent.mkdir(parents=True, exist_ok=True)
        assert builder.templates is not None, "the builder has begun"
        text = builder.templates.render(template, {**context, "up": "../" * page.count("/")})
        place.write_text(text, "utf-8")


def mended(body: str) -> str:
    """A page's body as the theme has it, with what assistive technology needs of it besides."""
    for have, want in MENDED.items():
        body = body.replace(have, want)
    return body
