"""`marginspec explain`: the rules run as they are under an observer, and what it saw is worded. No rule is stated."""

from marginspec_tools.explain.explained import Explained as Explained
from marginspec_tools.explain.subjects import explain_account as explain_account
from marginspec_tools.explain.subjects import explain_event as explain_event
from marginspec_tools.explain.subjects import explain_funds as explain_funds
from marginspec_tools.explain.subjects import explain_market as explain_market
