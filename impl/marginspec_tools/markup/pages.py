"""Pages and XML: whatever others said is text in it, and nothing else."""

from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

LONG = 24
"""Cells with more characters need room, or they would be broken into a tower."""


def xml_text(text: str) -> str:
    """A text without the characters that XML has no place for: they are written as Python escapes them."""
    return "".join(one if one.isprintable() or one in "\n\t" else one.encode("unicode_escape").decode() for one in text)


def new_page(title: str, style: str) -> tuple[Element, Element]:
    """A page of one file, with nothing in it that is loaded or run: the whole of it, and where its content goes."""
    html = Element("html", lang="en")
    head = SubElement(html, "head")
    SubElement(head, "meta", charset="utf-8")
    SubElement(head, "meta", name="viewport", content="width=device-width, initial-scale=1")
    add(head, "title", title)
    SubElement(head, "style").text = style
    return html, SubElement(SubElement(html, "body"), "main")


def page_bytes(html: Element) -> bytes:
    """The page as a file."""
    text: bytes = tostring(html, encoding="utf-8", method="html")
    return b"<!doctype html>\n" + text + b"\n"


def xml_bytes(root: Element) -> bytes:
    """An XML document as a file, indented."""
    indent(root)
    text: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return text


def add(parent: Element, tag: str, text: str = "", **attributes: str) -> Element:
    """An element with a text; `kind` is its class."""
    named = {"class" if name == "kind" else name: xml_text(one) for name, one in attributes.items()}
    element = SubElement(parent, tag, named)
    if text:
        element.text = xml_text(text)
    return element


def add_table(
    parent: Element,
    heads: Sequence[str],
    given: Iterable[Sequence[str]],
    *,
    caption: str = "",
    numbers: Sequence[bool] | None = None,
    is_named: bool = False,
) -> Element:
    """A table; columns of numbers stand at the right. Without `numbers`, these are the columns of digits only.

    It scrolls within itself where it is wider than the page, and then can be reached by the keyboard. The first cell
    of each row is its heading, if the rows are named.
    """
    rows = list(given)
    if numbers is None:
        numbers = [bool(rows) and all(row[place].isdecimal() for row in rows) for place in range(len(heads))]
    around = {"class": "table"}
    if caption:
        around |= {"role": "region", "tabindex": "0", "aria-label": xml_text(caption)}
    table = SubElement(SubElement(parent, "div", around), "table")
    if caption:
        add(table, "caption", caption)
    longest = [max((len(row[place]) for row in rows), default=0) for place in range(len(heads))]
    kinds = [
        {"class": "number"} if is_number else {"class": "long"} if length > LONG else {}
        for is_number, length in zip(numbers, longest, strict=True)
    ]
    head = SubElement(SubElement(table, "thead"), "tr")
    body = SubElement(table, "tbody")
    for name, kind in zip(heads, kinds, strict=True):
        SubElement(head, "th", {"scope": "col", **kind}).text = xml_text(name)
    for row in rows:
        line = SubElement(body, "tr")
        for place, (cell, kind) in enumerate(zip(row, kinds, strict=True)):
            named = {"scope": "row"} if is_named and place == 0 else {}
            SubElement(line, "th" if named else "td", {**named, **kind}).text = xml_text(cell)
    return table
