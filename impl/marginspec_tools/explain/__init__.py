"""`marginspec explain`: the rules run as they are under an observer, and what it saw is worded. No rule is stated."""

from marginspec_tools.explain.explained import Explained as Explained
from marginspec_tools.explain.subjects import explain_account as explain_account
from marginspec_tools.explain.subjects import explain_event as explain_event
from marginspec_tools.explain.subjects import explain_funds as explain_funds
from marginspec_tools.explain.subjects import explain_margins as explain_margins
from marginspec_tools.explain.subjects import explain_market as explain_market
from marginspec_tools.explain.subjects import explain_rank as explain_rank
from marginspec_tools.explain.trace import Term as Term
from marginspec_tools.explain.trace import Tracer as Tracer
from marginspec_tools.explain.units import Scope as Scope
from marginspec_tools.explain.units import Units as Units
from marginspec_tools.explain.units import figure_text as figure_text
from marginspec_tools.explain.units import fraction_text as fraction_text
from marginspec_tools.explain.units import name_of as name_of
from marginspec_tools.explain.units import spaced as spaced
