"""What each event does, and when it is refused; importing the package registers every handler."""

from marginspec.handlers import (
    account_settings,
    cash,
    declared_deleveraging,
    fills,
    final_settlement,
    funding,
    markets,
    orders,
    trading,
)

__all__ = [
    "account_settings",
    "cash",
    "declared_deleveraging",
    "fills",
    "final_settlement",
    "funding",
    "markets",
    "orders",
    "trading",
]
