"""Explanations as lists within lists: what the rules were seen to do, one line for each thing."""

from collections.abc import Iterable

import attrs


@attrs.define
class Entry:
    """A line of an explanation, and what stands below it; `moved` tells whether it is something that happened."""

    text: str
    moved: bool = False
    parts: list["Entry"] = attrs.Factory(list)


def entries(lines: Iterable[str]) -> list[Entry]:
    """Indented lines as a tree."""
    top: list[Entry] = []
    above: list[tuple[int, list[Entry]]] = [(-1, top)]
    for line in lines:
        text = line.strip()
        level = len(line) - len(line.lstrip())
        while above[-1][0] >= level:
            above.pop()
        entry = Entry(text, text.startswith("->"))
        above[-1][1].append(entry)
        above.append((level, entry.parts))
    return top
