"""marginspec as a library, as `marginspec.api` offers it: an exchange in one object, decimal texts in and out."""

from marginspec_tools.library.answers import Account, Answer, Band, Domain, Funds, Position
from marginspec_tools.library.exchange import Exchange

__all__ = ["Account", "Answer", "Band", "Domain", "Exchange", "Funds", "Position"]
