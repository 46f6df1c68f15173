"""Files of venues: what they show of an account, read as they come, and compared with the rulebook's figures."""
