"""Stories: what an engine got wrong, told by the clause, the first term that differs, and the faults that fit."""
