"""The engine's arithmetic: plain functions of integers, which the engine compiles and `proofs/` runs on symbols.

They import nothing but each other. Amounts are in quanta, prices in units, quantities in lots, rates in 1e-8.
Within the limits of NUM-03 no figure leaves 64 bits, but for the wide integers of `wide`, which fit 127.
"""
