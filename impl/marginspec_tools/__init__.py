"""Everything around the rules: the command line, explanations, audits and scenarios."""
