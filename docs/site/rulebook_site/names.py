"""Names that lead somewhere: ids of clauses, theorems, statements and incidents, and the glossary's terms.

Wherever a page names an id, it becomes a link; where a clause's text first uses a term, the term tells its meaning.
"""

import re
from collections.abc import Callable, Iterator
from functools import cached_property

import attrs
from docutils import nodes
from sphinx import addnodes

from marginspec_tools.prove.status import introduction
from rulebook_site.records import Records

ANY_ID = re.compile(r"\b(?:T-[A-Z]+-(?:\d+|[A-Z]+)|[A-Z]{2,3}-\d{2})\b")
CLAUSE_TITLE = re.compile(r"^([A-Z]{3}-\d{2}) (.*)$")
UNTOUCHED = (nodes.reference, nodes.title, nodes.literal, nodes.literal_block, nodes.raw, addnodes.pending_xref)
"""Text within these is left as it is."""
AUXILIARIES = ("may", "can", "must")
"""A word behind one of these is a verb and no term, as in "may cost"."""
LABELS = {"Sources": "sources", "Reading": "reading", "Why": "why", "Example": "by-example", "What stays": "stays"}
"""How paragraphs of a clause begin that are not its normative text, and the class that the site gives them."""
LABEL = re.compile(rf"^({'|'.join(LABELS)}): ")


@attrs.frozen
class Place:
    """A document and an anchor in it."""

    document: str
    anchor: str


UriOf = Callable[[str, Place], str]
"""The address of a place, from a document."""


@attrs.frozen
class Term:
    """A term of the field: where it stands in the glossary, and what it means."""

    name: str
    anchor: str
    meaning: str


class Names:
    """Where the ids of a checkout's records stand, and its terms."""

    def __init__(self, records: Records) -> None:
        places = {one.id: Place(f"rulebook/{one.page.removesuffix('.md')}", one.id) for one in records.clauses.values()}
        places |= {one: Place("sources", one) for one in records.statements}
        places |= {one.id: Place("incidents", one.id) for one in records.incidents}
        for page, theorems in records.theorem_pages.items():
            places |= {one: Place(f"theorems/{page.removesuffix('.md')}", one) for one in theorems}
        self.places = {name: attrs.evolve(place, anchor=place.anchor.lower()) for name, place in places.items()}
        self.terms = dict(terms_of(records))

    @cached_property
    def any_term(self) -> re.Pattern[str]:
        """What finds a term, in the singular or the plural; the longest one first."""
        names = sorted(self.terms, key=len, reverse=True)
        of_verbs = "".join(rf"(?<!\b{verb} )" for verb in AUXILIARIES)
        return re.compile(rf"{of_verbs}\b({'|'.join(map(re.escape, names))})s?\b", re.IGNORECASE)


def terms_of(records: Records) -> Iterator[tuple[str, Term]]:
    """The terms of the glossary by each of their names; of two meanings of one word the first."""
    found: dict[str, Term] = {}
    for row in records.glossary:
        name, meaning, _ = row.cells
        for one in name.split(", "):
            if not one.startswith("of "):
                found.setdefault(one.lower(), Term(name, term_anchor(name), meaning))
    yield from found.items()


def term_anchor(name: str) -> str:
    """The anchor of a glossary's row."""
    return "term-" + re.sub(r"[^a-z]+", "-", name.lower())


# ------------------------------------------------------------------- anchors


def add_anchors(document: str, tree: nodes.document, names: Names) -> None:
    """Give the places of ids in a document their permanent anchors: `#liq-01`, `#t-liq-1`, `#src-01`, `#in-01`."""
    here = {place.anchor for place in names.places.values() if place.document == document}
    if document.startswith(("rulebook/", "theorems/")):
        for section in tree.findall(nodes.section):
            title = section.next_node(nodes.title)
            add_ids(section, title.astext() if title is not None else "", here)
        for item in tree.findall(nodes.list_item):
            if item.next_node(nodes.strong) is not None:
                add_ids(item, introduction(f"- {item.astext()}"), here)
    elif document in ("sources", "incidents", "glossary"):
        for row in tree.findall(nodes.row):
            text = row[0].astext()
            row["ids"].append(term_anchor(text) if document == "glossary" else text.lower())


def add_ids(node: nodes.Element, head: str, here: set[str]) -> None:
    """Put the anchors of the ids that a head introduces before those that a node has; each once on a page."""
    wanted = [one for one in map(str.lower, ANY_ID.findall(head)) if one in here]
    here.difference_update(wanted)
    node["ids"] = wanted + [one for one in node["ids"] if one not in wanted]


def mark_parts(tree: nodes.document) -> None:
    """Set the id in a clause's heading apart; give paragraphs that are not normative their class and a bold label."""
    for title in tree.findall(nodes.title):
        found = CLAUSE_TITLE.match(title.astext())
        if found is not None:
            title.children = []
            title += [nodes.inline("", found[1], classes=["clause-id"]), nodes.Text(f" {found[2]}")]
    for paragraph in tree.findall(nodes.paragraph):
        first = paragraph.children[0] if paragraph.children else None
        found = LABEL.match(first.astext()) if isinstance(first, nodes.Text) else None
        if first is not None and found is not None:
            rest = nodes.Text(first.astext()[found.end() - 1 :])
            paragraph["classes"].append(LABELS[found[1]])
            paragraph.replace(first, [nodes.strong("", found[1]), rest])


# ------------------------------------------------------------------- links


def link_ids(document: str, tree: nodes.document, names: Names, uri: UriOf) -> None:
    """Make links of the ids that a document names, but within a place about that very id."""
    for text in list(tree.findall(nodes.Text)):
        if ANY_ID.search(text) and not is_within(text, UNTOUCHED):
            pieces = list(linked_ids(text, document, names, uri, anchors_around(text)))
            text.parent.replace(text, pieces)


def linked_ids(text: str, document: str, names: Names, uri: UriOf, around: set[str]) -> Iterator[nodes.Node]:
    """The pieces of a text, its ids as links."""
    end = 0
    for found in ANY_ID.finditer(text):
        place = names.places.get(found[0])
        if place is None or (place.document == document and place.anchor in around):
            continue
        if text[end : found.start()]:
            yield nodes.Text(text[end : found.start()])
        target = uri(document, place)
        yield nodes.reference("", found[0], internal=True, refuri=target, classes=["id"])
        end = found.end()
    if text[end:]:
        yield nodes.Text(text[end:])


def link_terms(document: str, tree: nodes.document, names: Names, uri: UriOf) -> None:
    """Where the text of a clause first uses a term, link it with the glossary, and tell its meaning on hovering."""
    for section in tree.findall(nodes.section):
        used = set[str]()
        for child in section.children:
            if isinstance(child, nodes.section | nodes.raw):
                break
            for text in list(child.findall(nodes.Text)):
                if not is_within(text, UNTOUCHED):
                    text.parent.replace(text, list(linked_terms(text, document, names, uri, used)))


def linked_terms(text: str, document: str, names: Names, uri: UriOf, used: set[str]) -> Iterator[nodes.Node]:
    """The pieces of a text, terms that were not used yet as links."""
    end = 0
    for found in names.any_term.finditer(text):
        term = names.terms[found[1].lower()]
        if term.anchor in used:
            continue
        used.add(term.anchor)
        if text[end : found.start()]:
            yield nodes.Text(text[end : found.start()])
        target = uri(document, Place("glossary", term.anchor))
        attributes = {"internal": True, "refuri": target, "reftitle": term.meaning, "classes": ["term"]}
        yield nodes.reference("", found[0], **attributes)
        end = found.end()
    if text[end:]:
        yield nodes.Text(text[end:])


def is_within(node: nodes.Node, kinds: tuple[type[nodes.Node], ...]) -> bool:
    """Whether a node stands within one of some kinds."""
    above = node.parent
    while above is not None and not isinstance(above, kinds):
        above = above.parent
    return above is not None


def anchors_around(node: nodes.Node) -> set[str]:
    """The anchors of all that a node stands within, rows of tables but for their own first cell left out."""
    found, above = set[str](), node.parent
    while above is not None:
        found.update(above.get("ids", ()) if isinstance(above, nodes.Element) else ())
        above = above.parent
    return found
