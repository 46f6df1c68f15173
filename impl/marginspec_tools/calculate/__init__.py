"""Questions about single domains, answered by the rulebook's own functions."""
