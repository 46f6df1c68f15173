"""The rulebook of perpetual-futures margin, liquidation and loss waterfall, as executable rules.

Reading order: `model` (the nouns: units, market, ledger, account, events, effects, state, rejections; `fields` says
how documents have them), `transaction` (one event in progress), `margin` (margin, closing, bands: what keeps an
account healthy), `settlement` (claims, liquidation, waterfall, rankings, deleveraging, levy, market_closing, settle:
what happens when it is not, and when a market ends), `handlers` (guards, then what each event does), `transition` (one
event, whole). What auditors read off states and events, invariants and public figures, stands in `marginspec_audit`.
"""

RULEBOOK_VERSION = "2"
