"""Kernels: each function of the engine's arithmetic equals the rule that it stands for, within 64 bits.

The kernels run on symbols as they stand. What compiled code asks floating point, a quotient that is almost right, is
any integer as near as T-KERNEL-1 and T-KERNEL-2 promise; wide integers are the products of two words.
"""
