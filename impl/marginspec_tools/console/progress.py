"""Progress of long work, on stderr, and only where a person watches."""

import sys
from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

Element = TypeVar("Element")


def with_progress(
    elements: Iterable[Element], what: str, total: int | None = None, done: Callable[[], int] | None = None
) -> Generator[Element, None, None]:
    """Pass elements on, showing on a terminal's stderr how many of a total have passed, or how much `done` says."""
    if not sys.stderr.isatty():
        yield from elements
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=total)
        for passed, element in enumerate(elements, 1):
            yield element
            completed = passed if done is None else done()
            progress.update(task, completed=completed, total=None if total is None else max(total, completed))
