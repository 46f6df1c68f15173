"""Explanations: why an event was refused or did what it did, and what an account's figures are made of.

Every figure is computed by the rulebook's own functions from the inputs shown beside it, and compared with
what the state or the receipt has; where they differ, the explanation is refused.
"""

from marginspec_tools.explain.explaining_effects import effect_lines, effect_tree
