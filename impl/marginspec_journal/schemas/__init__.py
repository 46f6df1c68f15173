"""The JSON Schemas that are published with the rulebook, in docs/schemas; all are generated, none is written by hand.

`python -m marginspec_journal.schemas FOLDER` writes those of journals, receipts and states, which follow from the
classes of events, effects and states. The schema of calc follows from its questions, which are no business of this
package.
"""
