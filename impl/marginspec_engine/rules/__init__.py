"""The rules on rows of words: plain functions of a book, which are compiled, one for each rule of the specification.

A file is named as that of the rulebook that it twins. A handler (`@handles`) reads an event from the book's event words
and gives its reason of rejection as a number, 0 if it accepts. It writes with `put`, so that what a refused event did
is taken back. Reading order: transaction, margin, guards; cash, account_settings, markets, orders, closing, trading,
funding, fills, declared_deleveraging, final_settlement; claims, liquidation, waterfall, rankings, deleveraging, levy,
market_closing, settle; registry, transition.
"""
