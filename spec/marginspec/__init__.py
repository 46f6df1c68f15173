"""The rulebook of perpetual-futures margin, liquidation and loss waterfall, as executable rules.

Reading order: units, market, ledger, account, events, receipts, state, transaction (the nouns);
margin, trading, funding (what keeps an account healthy); liquidation, waterfall, deleveraging, levy,
settlement (what happens when it is not); transition (one event, whole); what auditors read off states and
events (invariants, transparency) stands in marginspec_audit.
"""

RULEBOOK_VERSION = "1"
