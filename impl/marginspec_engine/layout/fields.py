"""Fields of events and effects with their words, from what the rulebook's classes declare.

A name stands in its word as its number, a choice as its place among its words, an amount as an integer in its units;
what an event states as a decimal has two words, the low one first, which count 1e-8. What is absent is NONE.
"""

from typing import NamedTuple

from marginspec.model.fields import Field, Kind


class Placed(NamedTuple):
    """A field and the place of its first word."""

    field: Field
    place: int

    @property
    def name(self) -> str:
        """Its name in documents."""
        return self.field.name

    @property
    def kind(self) -> Kind:
        """What it is."""
        return self.field.kind
