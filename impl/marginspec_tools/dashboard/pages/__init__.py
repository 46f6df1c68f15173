"""The pages, in the order of the navigation; a new one is a module here, a template, and a line below."""

from marginspec_tools.dashboard.pages import invariants, liquidations, market, overview, theorems

PAGES = (overview.PAGE, market.PAGE, liquidations.PAGE, invariants.PAGE, theorems.PAGE)
