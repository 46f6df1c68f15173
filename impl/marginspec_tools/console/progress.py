"""Progress of long work, on stderr, and only where a person watches."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

Element = TypeVar("Element")


def counted(elements: Iterable[Element], what: str) -> Iterator[Element]:
    """Pass elements on, showing on a terminal's stderr how many have passed."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield from elements
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(what, total=None)
        for element in elements:
            yield element
            progress.advance(task)
