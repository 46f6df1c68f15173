"""`make recordings` writes the conformance vectors anew: the specification answers what the drafts ask."""

from pathlib import Path

import marginspec_conformance.vectors
from marginspec_conformance.vectors.making import vector_object
from marginspec_conformance.vectors.question import question_object
from marginspec_conformance.vectors.writing import write_suite
from worlds.suite import questions
from worlds.suite.drafts import VERSION, drafts

FOLDER = Path(marginspec_conformance.vectors.__file__).parent

if __name__ == "__main__":
    asked = [question_object(one) for one in questions.drafts()]
    write_suite(FOLDER, VERSION, [vector_object(one) for one in drafts()], asked)
