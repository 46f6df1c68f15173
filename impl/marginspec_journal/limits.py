"""How much is read: what is larger is refused by name, before it fills the memory (docs/rulebook/11-wire.md)."""

LINE_BYTES = 16 * 2**20
"""The longest line of a file of JSON Lines, unpacked and without its newline."""
FILE_BYTES = 512 * 2**20
"""The largest file that is read whole: a state, scenarios, questions, closes, a part that is merged."""
TABLE_ROWS = 100_000_000
"""The most rows of a Parquet file that is read whole: positions that `calc` is asked about."""
SNAPSHOT_BYTES = 4 * 2**30
"""The largest snapshot, unpacked."""
UNPACKED_RATIO = 1_000
"""How many times larger than packed a snapshot may be."""
