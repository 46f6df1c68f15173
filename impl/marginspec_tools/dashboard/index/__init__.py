"""The index of a journal, in SQLite: what pages ask, of any event, without replaying the journal.

`Builder` replays a journal once and writes it, and follows the journal as it grows; `Index` answers. They may be in
different processes: readers never wait for the writer, and see whole steps only.

The file keeps a history of **figures**: a balance, a position, an order, a mark, a market's counters and so on
(`values`). A *version* is the value that a figure has after an event; the value at an event is that of the last
version until then. Events are cut into segments of 65,536, and a segment's versions stand together by figure, so that
building only appends, and asking for one figure looks into a few segments. Beside them stand the events with their
market, account and reason, the lines of the journal and of the receipts (packed), and what the waterfall did. Money is
an exact integer in quanta: SQLite's 64-bit integer, or its digits as text if it is wider. Nothing is a float.

What the file is bound to stands in its one row of `head`: the text of the rules and the engine, the state that the
journal goes on from, SHA-256 of the journal so far, and the chain's hash after the last event. If one of them does not
fit when building goes on, the index is begun anew. A step is one transaction: a kill loses at most the step that was
under way, and building goes on by replaying what is indexed, unread, up to the same hash. Of a journal that is
followed, its length, its last bytes and its identity are compared whenever it has changed, all of it when building
begins.
"""

from marginspec_tools.dashboard.index.asking import Index
from marginspec_tools.dashboard.index.background import built_in_background
from marginspec_tools.dashboard.index.building import Builder, BuiltElsewhere, index_path
from marginspec_tools.dashboard.index.events import Filter
from marginspec_tools.dashboard.index.parts import NotThere
from marginspec_tools.dashboard.index.source import found_of
