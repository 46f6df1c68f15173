"""The nouns of the rulebook: units, markets, ledger, accounts, events, effects, state, reasons of rejection."""
