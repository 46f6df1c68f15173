"""`marginspec explain`: the rules run as they are under an observer, and what it saw is worded. No rule is stated."""

from marginspec_tools.explain.subjects import explain_event as explain_event
