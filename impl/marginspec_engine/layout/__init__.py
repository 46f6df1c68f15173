"""Where everything stands in the engine's memory: the book, the tables' rows, the words of events and effects.

`memory` has words, vectors and maps, `rows` the columns of tables, `book` what is reached from the book, `events` and
`effects` the words of the records that the rulebook declares, `reasons` those of rejection.
"""

# One vocabulary in several files: whoever uses it need not know which.
from marginspec_engine.layout.book import *  # noqa: F403
from marginspec_engine.layout.effects import *  # noqa: F403
from marginspec_engine.layout.events import *  # noqa: F403
from marginspec_engine.layout.memory import *  # noqa: F403
from marginspec_engine.layout.rows import *  # noqa: F403
