"""The rules on rows of words: plain functions of a book, which are compiled, one for each rule of the specification.

A handler takes an event from the book's event words and gives its reason of rejection as a number, 0 if it accepts.
It writes with `put`, so that what a refused event did is taken back. Reading order: memory, ledger, figures, rows
(the nouns); checks, cash, settings, orders, trading, funding, marks (events); triggers, liquidation, waterfall, queues,
deleveraging, levy, settlement; applying.
"""
