"""The pages, in the order of the navigation; a new one is a module here, a template, and a line below."""

from marginspec_tools.dashboard.pages import (
    account,
    accounts,
    audits,
    conformance,
    event,
    events,
    invariants,
    liquidations,
    market,
    overview,
    queue,
    theorems,
    whatif,
)

PAGES = (
    overview.PAGE,
    market.PAGE,
    queue.PAGE,
    liquidations.PAGE,
    accounts.PAGE,
    account.PAGE,
    events.PAGE,
    event.PAGE,
    whatif.PAGE,
    invariants.PAGE,
    theorems.PAGE,
    audits.PAGE,
    conformance.PAGE,
)
