"""The JSON Schema of calc's questions and answers; `python -m marginspec_tools.calculate.schema FOLDER` writes it."""

import sys
from pathlib import Path
from typing import get_args

from marginspec import RULEBOOK_VERSION
from marginspec.model.state import Ranking
from marginspec_journal.canonical import JsonObject
from marginspec_journal.schemas.definitions import closed, nullable, record_schema, refer, schema_text
from marginspec_tools.calculate.calc import CALC_VERSION, LONGEST_ID
from marginspec_tools.calculate.forms import DOMAIN, KINDS, MARKET, POSITION, Kind

VERSIONS: JsonObject = {"calc": {"const": CALC_VERSION}, "rulebook": {"const": RULEBOOK_VERSION}}


def calc_schema() -> bytes:
    """The schema of a file of questions, and of each answer."""
    answers = answer_schemas()
    return schema_text(
        "calc",
        "Calc",
        "What `marginspec calc` reads (questions) and writes (answers, one a line, in the order of the questions).",
        {"oneOf": [refer("questions"), *(refer(name) for name in answers)]},
        {
            "questions": closed(
                {**VERSIONS, "questions": {"type": "array", "items": refer("question")}},
                description="The file of questions.",
            ),
            "question": question_schema(),
            "market": record_schema(MARKET),
            "position": record_schema(POSITION, oneOf=[{"required": ["cost"]}, {"required": ["entry"]}]),
            "fraction": closed(
                {
                    "numerator": {"type": "string", "pattern": "^(0|-?[1-9][0-9]*)$"},
                    "denominator": {"type": "string", "pattern": "^[1-9][0-9]*$"},
                },
                description="An exact fraction.",
            ),
            **answers,
        },
    )


def question_schema() -> JsonObject:
    """The schema of a question."""
    domain = record_schema(DOMAIN)
    domain["properties"]["positions"]["items"] = refer("position")
    identity = {
        "type": "string",
        "minLength": 1,
        "maxLength": LONGEST_ID,
        "description": "Repeated in the answer; unique among the questions.",
    }
    markets = {"type": "object", "propertyNames": refer("name"), "additionalProperties": refer("market")}
    return closed(
        {
            "id": identity,
            "kind": {"enum": list(KINDS)},
            "markets": markets,
            "domain": domain,
            "market": refer("name", "The market asked about."),
        },
        description="A pure question about one domain.",
    )


def answer_schemas() -> JsonObject:
    """The schema of each kind of answer, named after it."""
    nearest = "The nearest price {} the mark at which the domain is not healthy."
    no_equity = "The price at which the domain's equity is zero, rounded against the account."
    return {
        "answer_tier": answer_schema(
            "tier",
            "The tier that holds each notional.",
            positions=by_side(
                notional=refer("money"),
                floor=refer("money"),
                max_leverage=refer("integer"),
                maintenance_rate=refer("rate"),
                deduction=refer("decimal", "Deduction of the tier, exact."),
            ),
        ),
        "answer_maintenance": answer_schema(
            "maintenance", "Maintenance margin of the domain.", maintenance=refer("money")
        ),
        "answer_initial": answer_schema("initial", "Initial margin of the domain.", initial=refer("money")),
        "answer_band": answer_schema(
            "band",
            "The liquidation band.",
            liquidation_price_below=nullable(refer("price"), nearest.format("below")),
            liquidation_price_above=nullable(refer("price"), nearest.format("above")),
        ),
        "answer_bankruptcy": answer_schema(
            "bankruptcy", "The bankruptcy price.", bankruptcy_price=nullable(refer("price"), no_equity)
        ),
        "answer_adl_score": answer_schema(
            "adl_score",
            "Each position's score for deleveraging, by every ranking.",
            positions=by_side(**dict.fromkeys(get_args(Ranking), refer("fraction"))),
        ),
    }


def answer_schema(kind: Kind, description: str, **values: JsonObject) -> JsonObject:
    """The schema of an answer to one kind of question."""
    return closed({**VERSIONS, "id": {"type": "string"}, "kind": {"const": kind}, **values}, description=description)


def by_side(**values: JsonObject) -> JsonObject:
    """A list of what is answered about each position."""
    return {
        "type": "array",
        "description": "One for each position of the domain in the market asked about, in order of side.",
        "items": closed({"side": refer("position_side"), **values}),
    }


if __name__ == "__main__":
    (Path(sys.argv[1]) / "calc.schema.json").write_bytes(calc_schema())
