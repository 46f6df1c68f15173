"""What auditors read off states and events: invariants that name what broke, where, by how much, and public figures.

INV-01 to INV-14: `states` holds those of every settled state, `transitions` those of every event; `transparency`
holds the figures of a market's funds and the deleveraging indicators. No rule reads any of this.
"""

from marginspec_audit.assets import asset_of, assets_of, is_closed_lot
from marginspec_audit.states import STATE_INVARIANTS, check_state
from marginspec_audit.transitions import EVENT_INVARIANTS, Transition, check_transition
from marginspec_audit.violation import COUNT, Owner, Unit, Violation, money_of, quantity_of

__all__ = [
    "COUNT",
    "EVENT_INVARIANTS",
    "STATE_INVARIANTS",
    "Owner",
    "Transition",
    "Unit",
    "Violation",
    "asset_of",
    "assets_of",
    "check_state",
    "check_transition",
    "is_closed_lot",
    "money_of",
    "quantity_of",
]
