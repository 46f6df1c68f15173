"""The schemas of the documents that this package reads and writes: journals, receipts and states."""

from marginspec import RULEBOOK_VERSION
from marginspec.model.rejections import Reason
from marginspec_journal import observed
from marginspec_journal.canonical import JsonObject
from marginspec_journal.events import EVENT_FORMS
from marginspec_journal.receipts import EFFECT_FORMS
from marginspec_journal.schemas.definitions import (
    NAME,
    NUMBER,
    SIDE,
    closed,
    integer,
    keyed,
    ledger_pattern,
    record_schema,
    refer,
    schema_text,
)
from marginspec_journal.state_objects import ACCOUNT, FUND_STATUS, LOT, MARKET, ORDER, POSITION, SETTING, STATE_VERSION

CANONICAL = (
    "Canonical JSON: keys sorted by code point, no white space, integers without point or exponent, amounts as decimal "
    r"strings, every non-ASCII character escaped as \uXXXX with lower-case digits, nothing else escaped."
)
FIXED_DIGITS = (
    "money the decimals of its asset, prices and quantities those of their market, rates 8; with 0 digits there is no "
    "point."
)


# ------------------------------------------------------------------- journals


def journal_schema() -> bytes:
    """The schema of a journal's lines."""
    unhashed = "used in no rule and not hashed."
    annotations = {
        "ts": {"type": "string", "description": f"When it happened, RFC 3339; {unhashed}"},
        "ref": {
            "type": "string",
            "pattern": "^[ -~]{1,128}$",
            "description": f"The venue's own id of the event; {unhashed}",
        },
        "observed": refer("observed", f"What the exchange's own engine answered; {unhashed}"),
    }
    return schema_text(
        "journal",
        "Journal",
        "A line of a journal: the first line is the header, each other line one event. Decimals may have any number of "
        "digits that the rules allow; what they mean depends on the market's and the asset's decimals. The values of "
        "integers and lists are never malformed: an empty tier table or a leverage of 0 is an event that is rejected. "
        "Repeated fields are refused, which JSON Schema cannot say.",
        {"oneOf": [refer("header"), *(refer(name) for name in EVENT_FORMS)]},
        {"observed": _observed(), **{name: record_schema(form, annotations) for name, form in EVENT_FORMS.items()}},
    )


def _observed() -> JsonObject:
    position = f"{NAME}:{NAME}:{SIDE}"
    return closed(
        {
            "accepted": {"const": True},
            "rejected": {"enum": list(Reason)},
            "code": {"type": "string", "pattern": "^[ -~]{1,128}$", "description": "The exchange's own reason."},
            "ledger": keyed(
                ledger_pattern(clearing=True), refer("decimal"), "Balances after the event, by ledger account."
            ),
            "positions": keyed(
                position, record_schema(observed.POSITION), "Positions after the event, by ACCOUNT:MARKET:SIDE."
            ),
            "domains": keyed(
                f"{NAME}(:{NAME}:{SIDE})?:{NAME}",
                record_schema(observed.DOMAIN),
                "Margin domains after the event: ACCOUNT:ASSET for a cross one, ACCOUNT:MARKET:SIDE:ASSET for an "
                "isolated one.",
            ),
            "marks": keyed(NAME, refer("decimal"), "Marks after the event, by market."),
            "funds": keyed(NAME, record_schema(observed.FUNDS), "Funds and lots after the event, by market."),
            "uncovered": keyed(NAME, refer("decimal"), "Uncovered shortfall after the event, by asset."),
            "lots": keyed(NUMBER, record_schema(observed.LOT), "Lots after the event, by id."),
        },
        [],
        "An answer of the exchange's engine, as much of it as is known.",
        dependentSchemas={"accepted": {"properties": {"rejected": False, "code": False}}},
    )


# ------------------------------------------------------------------- receipts


def receipt_schema() -> bytes:
    """The schema of the lines of a receipts file."""
    effects = {f"effect_{name}": record_schema(form) for name, form in EFFECT_FORMS.items()}
    event = refer(
        "sha256",
        "SHA-256 of the canonical event: its line in the journal without ts, ref and observed, every decimal in its "
        "shortest form (no trailing zeros behind the point, no point if nothing is behind it: 0.10 becomes 0.1 and "
        "5.00 becomes 5), absent optional fields left out, in canonical JSON.",
    )
    number = integer(
        1,
        None,
        "The event's number from 1, counted on from a state that the journal goes on from; the header is not counted.",
    )
    chained = refer(
        "sha256",
        "h_n, the chain's hash after this receipt. Stands in the lines of receipts files; the canonical receipt is "
        "without it.",
    )
    changes = {"type": "array", "items": refer("effect"), "description": "One for every change of state, in order."}
    reasons = {"enum": list(Reason), "description": "The reason, the first that applies in this order."}
    return schema_text(
        "receipt",
        "Receipt",
        "A line of a receipts file: what one event did. The canonical receipt is this object without the field hash, "
        f"in canonical JSON. {CANONICAL} h_n = SHA-256(h_(n-1) as 32 raw bytes, followed by the canonical receipt in "
        "ASCII, no newline). h_0 is the SHA-256 of the canonical header (journal.schema.json), or of the canonical "
        "opening state (state.schema.json). Amounts in receipts have a fixed number of digits after the point: "
        f"{FIXED_DIGITS} Effects stand in the order in which the rulebook makes them, transfers of nothing left out.",
        {"oneOf": [refer("accepted"), refer("rejected")]},
        {
            "accepted": closed(
                {"accepted": {"const": True}, "effects": changes, "event": event, "seq": number, "hash": chained},
                ["accepted", "effects", "event", "seq"],
                "An accepted event.",
            ),
            "rejected": closed(
                {"event": event, "rejected": reasons, "seq": number, "hash": chained},
                ["event", "rejected", "seq"],
                "A rejected event, which changed nothing.",
            ),
            "effect": {"oneOf": [refer(name) for name in effects]},
            **effects,
        },
    )


# ------------------------------------------------------------------- states


def state_schema() -> bytes:
    """The schema of a state file."""
    properties = _state_properties()
    return schema_text(
        "state",
        "State",
        "A state file: everything that the next event depends on. hash is the chain's hash after the events. A state "
        "of no events (an opening state) may leave it out: it is h_0, the SHA-256 of the canonical JSON of this object "
        "without the field hash, amounts with their fixed number of digits (or of the canonical header alone if the "
        f"exchange is empty). Fixed digits: {FIXED_DIGITS} A reader takes any number of digits that the unit can "
        f"express. {CANONICAL}",
        {
            **closed({**properties, "hash": refer("sha256")}, list(properties)),
            "if": {"properties": {"events": {"const": 0}}},
            "else": {"required": ["hash"]},
        },
    )


def _state_properties() -> JsonObject:
    # The class counts what sells below zero; documents state a size and a side.
    order = record_schema(ORDER) | {"description": "An open order; `quantity` is the size of what is left of it."}
    orders = keyed(NAME, order, "The account's open orders, by id.", minProperties=1)
    return {
        "accepted": integer(0, description="How many events were accepted."),
        "accounts": keyed(NAME, record_schema(ACCOUNT), "Every existing account."),
        "closed_markets": {
            "type": "array",
            "items": refer("name"),
            "uniqueItems": True,
            "description": "The ids of markets that were settled for good, in order of the ids.",
        },
        "events": integer(
            0,
            description="How many events led here, accepted and rejected; the header is not counted. 0 makes this an "
            "opening state.",
        ),
        "fund_status": keyed(
            NAME,
            record_schema(FUND_STATUS),
            "By market, the counters of its funds since it opened; the balance is that of the reserve.",
        ),
        "header": refer("header"),
        "ledger": keyed(
            ledger_pattern(clearing=False),
            refer("money"),
            "Every balance that is not zero. Balances of an asset sum to zero; that of a position or lot is minus its "
            "cost.",
        ),
        "lots": keyed(NUMBER, record_schema(LOT), "Open lots of the liquidation engine, by id."),
        "marks": keyed(NAME, refer("price"), "By market, its mark price, once it has one."),
        "markets": keyed(
            NAME, record_schema(MARKET), "By id, all parameters of each market under the names of list_market."
        ),
        "next_lot": integer(1, description="The id of the next lot."),
        "orders": keyed(NAME, orders, "By account, its open orders; accounts without are left out."),
        "positions": keyed(
            f"{NAME}:{NAME}:{SIDE}", record_schema(POSITION), "By ACCOUNT:MARKET:SIDE, every position that is not flat."
        ),
        "rejected": integer(0, description="How many events were rejected."),
        "relief_claims": keyed(
            f"{NAME}(:{NAME}:{SIDE})?:{NAME}",
            refer("money"),
            "By ACCOUNT:ASSET for a cross domain, ACCOUNT:MARKET:SIDE:ASSET for an isolated one, its claim on the "
            "asset's relief. Claims in an asset sum to its relief.",
        ),
        "rulebook": {"const": RULEBOOK_VERSION},
        "settings": keyed(
            f"{NAME}:{NAME}", record_schema(SETTING, minProperties=1), "By ACCOUNT:MARKET, what was set there."
        ),
        "state": {"const": STATE_VERSION},
        "uncovered": keyed(NAME, refer("money"), "By asset, the shortfall that has no cover, if any."),
    }


SCHEMAS = {"journal": journal_schema, "receipt": receipt_schema, "state": state_schema}
