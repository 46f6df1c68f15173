"""An event explained: what it asked, what the rules did, what was observed beside it."""

from marginspec.model.fields import type_name
from marginspec.model.state import State
from marginspec.model.rejections import Reason
from marginspec.observation import Refusal
from marginspec.transition import apply
from marginspec_journal import Record
from marginspec_tools.explain.explained import Explained
from marginspec_tools.explain.observed import observed_beside
from marginspec_tools.explain.sources import marking_line
from marginspec_tools.explain.trace import Term, Tracer
from marginspec_tools.explain.units import Units, spaced, words


def explain_event(before: State, record: Record, number: int) -> Explained:
    """Run a record's event on the state before it, under observation, and word what was seen."""
    event = record.event
    tracer = Tracer()
    after, receipt = apply(before, event, tracer)
    (applied,) = tracer.top.terms
    if receipt.rejected is Reason.OUT_OF_RANGE and tracer.past_range:
        show_limit(tracer.past_range[-1])
    units = Units(before, after)
    answer = {"accepted": True} if receipt.rejected is None else {"rejected": receipt.rejected.value}
    marks = {"seq": number, "line": record.line, "ts": record.ts, "ref": record.ref}
    told = {name: value for name, value in marks.items() if value is not None}
    where = ", ".join(f"{'event' if name == 'seq' else name} {value}" for name, value in told.items())
    asked = ", ".join(f"{spaced(name)} {words(one, 1)}" for name, one in units.declared(event).items())
    kind = type_name(type(event))
    verdict = f"refused {receipt.rejected.value}" if receipt.rejected else "accepted"
    title = f"{where}: {spaced(kind)}, {verdict}\n  asked: {asked}"
    beside = tuple(observed_beside(after, receipt, record.observed or {}, units))
    return Explained(title, {**told, "event": kind, **answer}, applied, units, beside)


def show_limit(term: Term) -> None:
    """Add to the rule that marked the event for passing a limit of the state where it did, and why."""
    assert term.rule is not None and term.rule.code is not None
    code, known = term.rule.code, getattr(term.rule.executable, "__globals__", {})
    term.parts.append(Refusal(Reason.OUT_OF_RANGE, code, marking_line(code), term.names, known))
