"""Small faults planted in the rules, and what notices them."""
