"""The library: `from marginspec.api import Exchange`; no rule is here, and no rule imports it."""

from marginspec_tools.library import Account as Account
from marginspec_tools.library import Answer as Answer
from marginspec_tools.library import Band as Band
from marginspec_tools.library import Domain as Domain
from marginspec_tools.library import Exchange as Exchange
from marginspec_tools.library import Funds as Funds
from marginspec_tools.library import Position as Position
