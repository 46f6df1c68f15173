"""`marginspec explain`: what the rules did in an event, or say of an account or market, figure by figure.

The rulebook runs as it is under an observer; an explanation is what the observer saw, worded. No rule is stated here.
"""
