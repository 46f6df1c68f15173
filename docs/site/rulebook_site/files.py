"""Files of the checkout that pages link to: each gets a page of its own in the site, with numbered lines."""

import html
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from docutils import nodes
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import TextLexer, get_lexer_for_filename
from pygments.util import ClassNotFound
from sphinx import addnodes
from sphinx.util.docutils import SphinxRole

SCHEME = "file-of-checkout"
"""What a link begins with until it is known from which page it leads."""
LONGEST = 200_000
"""Bytes that are shown of a file."""


class Files:
    """The files and folders that pages link to, as the links are met."""

    def __init__(self, root: Path) -> None:
        self._root, self.wanted = root, set[str]()

    def has(self, path: str) -> bool:
        """Whether there is such a file or folder."""
        return (self._root / path).exists()

    def reference(self, path: str, line: str, text: str) -> nodes.reference:
        """A link to a file, and to a line of it if one is named."""
        self.wanted.add(path)
        return nodes.reference("", text, internal=True, refuri=f"{SCHEME}:{path}#{line}", classes=["file"])

    def take_links(self, page: Path, tree: nodes.document) -> None:
        """Turn a page's links to files that are no pages of the site into such references."""
        for node in [*tree.findall(addnodes.download_reference), *tree.findall(addnodes.pending_xref)]:
            target = urlsplit(str(node["reftarget"])).path
            found = (page.parent / target).resolve()
            if target and found.exists() and found.is_relative_to(self._root) and not self._is_page(found):
                path = found.relative_to(self._root).as_posix()
                node.parent.replace(node, self.reference(path, "", node.astext()))

    def _is_page(self, path: Path) -> bool:
        return path.suffix == ".md" and path.is_relative_to(self._root / "docs")

    def bodies(self) -> Iterator[tuple[str, str]]:
        """The files and folders that are linked, each with what its page shows, as HTML."""
        for path in sorted(self.wanted):
            place = self._root / path
            yield path, folder_body(place) if place.is_dir() else file_body(place)


class FileRole(SphinxRole):
    """The role `source`: a file by its path within the checkout, and a line of it as in `path#12`."""

    def __init__(self, files: Files) -> None:
        super().__init__()
        self._files = files

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """The link; an error of the build if there is no such file."""
        path, _, line = self.text.partition("#")
        if not self._files.has(path):
            return [], [self.inliner.reporter.error(f"no file of the checkout: {path}", line=self.lineno)]
        shown = f"{path}, line {line}" if line else path
        return [self._files.reference(path, f"line-{line}" if line else "", shown)], []


def document_of(path: str) -> str:
    """The name of the page that shows a file."""
    return f"files/{path}"


def file_body(path: Path) -> str:
    """A file as HTML, each line with an anchor; the beginning of one that is long, a word on one that is no text."""
    content = path.read_bytes()
    if b"\0" in content[:LONGEST]:
        return f"<p>{len(content):,} bytes, which are no text.</p>"
    text = content[:LONGEST].decode("utf-8", "replace")
    try:
        lexer = get_lexer_for_filename(path.name)
    except ClassNotFound:
        lexer = TextLexer()
    shown: str = highlight(text, lexer, HtmlFormatter(linespans="line", wrapcode=True))
    cut = f"<p>The first {LONGEST:,} of {len(content):,} bytes.</p>" if len(content) > LONGEST else ""
    return cut + shown


def folder_body(path: Path) -> str:
    """The names in a folder, as HTML."""
    names = sorted(one.name for one in path.iterdir() if not one.name.startswith((".", "__")))
    return f"<ul>{''.join(f'<li><code>{html.escape(name)}</code></li>' for name in names)}</ul>"


def resolve_links(tree: nodes.document, uri_of: Any) -> None:
    """Turn the references to files into links from the page that they stand on."""
    for node in tree.findall(nodes.reference):
        scheme, _, rest = node.get("refuri", "").partition(":")
        if scheme == SCHEME:
            path, _, anchor = rest.partition("#")
            node["refuri"] = uri_of(document_of(str(PurePosixPath(path)))) + (f"#{anchor}" if anchor else "")
