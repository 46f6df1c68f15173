"""What the exchange was observed to have, compared with the rulebook's answers: one finding for each cause.

After a difference the audit goes on from what the exchange has: beside the rulebook's own run, the rules go on from
the observed values too (`theirs`). A later value that agrees with that run follows from a difference that was found
already, and is a consequence; one that agrees with the rulebook's own run shows that the exchange came back.
"""

from collections import defaultdict

import attrs

from marginspec.model.effects import LotReduced, Transferred
from marginspec.model.ledger import FUND_KINDS, account_named, lot
from marginspec_journal.decimals import parse_decimal
from marginspec_tools.audit.blame import FIRST, LAST, UNSEEN, Blamed, deciding, untouched_clause
from marginspec_tools.audit.causes import (
    CHOOSING,
    DERIVED,
    QUANTUM,
    Differing,
    Manner,
    Recurrence,
    causes,
    clauses_of,
    manners_of,
    margins_moved,
)
from marginspec_tools.audit.coverage import Coverage
from marginspec_tools.audit.faults import Fault, decimal_of
from marginspec_tools.audit.findings import Consequence, Finding, found, severity_of
from marginspec_tools.audit.names import Names, accounts_named, named_by, needs_all_accounts
from marginspec_tools.audit.observed_line import Line, answer_of, ledger_name, was_there
from marginspec_tools.audit.own_books import books_of, slack_of
from marginspec_tools.audit.theirs import Theirs
from marginspec_tools.observed import (
    ANSWER,
    Agreement,
    Figure,
    Ours,
    ReasonTable,
    Tolerances,
    digits_of,
    field_of,
    is_primary,
    kind_of,
    observed_figures,
)
from marginspec_tools.runs import Step

STATES_APART = 256
"""Every so many events it is seen whether the exchange's side has come back."""
BY_LIQUIDATION = Blamed(FIRST, "LIQ-01")
"""What is to blame for what follows from whom the exchange liquidated."""
SHARING = ("ADL", "LVY")
"""Parts of the rulebook in which all accounts together decide what becomes of each."""


@attrs.define
class Comparison:
    """The observed values of a journal, taken event by event; `findings` are in the order in which they came up.

    `subset` names the account that stands for those that are not known.
    """

    file: str
    tolerances: Tolerances = attrs.Factory(Tolerances)
    reasons: ReasonTable = attrs.Factory(dict)
    subset: str | None = None
    findings: list[Finding] = attrs.Factory(list)
    coverage: Coverage = attrs.Factory(Coverage)
    _names: Names = attrs.field(init=False)
    _theirs: Theirs | None = None
    _open: dict[Figure, Finding] = attrs.Factory(dict)
    _off: dict[Figure, int] = attrs.Factory(dict)
    _was_off: dict[Figure, int] = attrs.Factory(dict)
    _by_owner: dict[str, Finding] = attrs.Factory(dict)
    _has_parted: bool = False
    _displayed: dict[tuple[str, int], Finding] = attrs.Factory(dict)
    _left: set[str] = attrs.Factory(set)
    _alike: dict[Manner, Recurrence] = attrs.Factory(dict)
    _agreed: dict[Figure, int] = attrs.Factory(dict)
    _moved: dict[str, tuple[int, str]] = attrs.Factory(dict)
    _unseen: dict[str, tuple[int, str]] = attrs.Factory(dict)
    _touched: dict[str, set[str]] = attrs.Factory(lambda: defaultdict(set))

    def __attrs_post_init__(self) -> None:
        self._names = Names(self.file)

    @property
    def has_parted(self) -> bool:
        """Whether the rules go on from what the exchange has, beside the rulebook's own run."""
        return self._theirs is not None

    def take(self, step: Step) -> list[Consequence]:
        """Compare what an event's line has observed; gives what follows from earlier findings."""
        self._names.take(step)
        self._note_transfers(step)
        if self._theirs is not None and not self._theirs.take(step.transition.event):
            self._theirs = None
            self._was_off |= self._off
            self._off.clear()
        observed = step.record.observed
        self.coverage.add_event(step)
        if observed is None:
            return []
        self._note_touched(step)
        line = Line(step, observed, self._theirs.before if self._theirs else step.transition.before)
        for figure, text in observed_figures(observed):
            self._names.check(step, figure)
            line.seen.append((figure, text))
        self._compare_verdict(line)
        self._follow_answer(line)
        for figure, text in line.seen:
            if is_primary(figure):
                self._compare(line, figure, text)
        self._check_funds(line)
        self._check_books(line)
        differing = [*line.differing]
        self._see_liquidations(line)
        self._settle(line)
        self._go_on_from(line, differing)
        for figure, text in line.seen:
            if not is_primary(figure):
                self._compare(line, figure, text)
        self._settle(line)
        for figure, _ in line.seen:
            self._unseen.pop(ledger_name(figure), None)
        if not self._open and not (self._has_parted and self._is_apart(step)):
            self._theirs, self._has_parted = None, False
        return line.consequences

    def _is_apart(self, step: Step) -> bool:
        """Whether the exchange's side is in another state, as far as is known: comparing states takes long."""
        return self._theirs is not None and (
            step.number % STATES_APART != 0 or self._theirs.state != step.transition.after
        )

    def _note_transfers(self, step: Step) -> None:
        last, effects = self._moved, step.transition.receipt.effects
        moved = [one for one in effects if type(one) is Transferred]
        # What is kept of an account is the same for all that a rule moved in an event.
        marks = {rule: (step.number, rule) for rule in {one.rule for one in moved}}
        for one in moved:
            last[one.source.name] = last[one.target.name] = marks[one.rule]
        for one in [one for one in moved if one.rule in UNSEEN]:
            for account in (one.source, one.target):
                self._unseen.setdefault(account.name, (step.number, UNSEEN[one.rule]))
        for reduced in [one for one in effects if type(one) is LotReduced and one.quantity == 0]:
            # So that what is kept does not grow with all the lots that there ever were.
            closed = lot(reduced.lot).name
            last.pop(closed, None)
            self._unseen.pop(closed, None)
            self._agreed.pop(Figure("ledger", closed, "balance"), None)

    def _note_touched(self, step: Step) -> None:
        """Note which clauses decided what the event moved of each ledger account."""
        self._touched.clear()
        for one in [one for one in step.transition.receipt.effects if type(one) is Transferred]:
            for account in (one.source, one.target):
                self._touched[account.name].add(deciding(one.rule))

    # ------------------------------------------------------------- one value

    def _compare_verdict(self, line: Line) -> None:
        answer = answer_of(line.observed)
        if answer is None:
            return
        expected = str(line.step.transition.receipt.rejected or "accepted")
        code = line.observed.get("code")
        if code is not None and "rejected" not in line.observed:
            meant = self.reasons.get(code)
            if meant is None:
                self.coverage.unknown_codes[code] += 1
            known = expected if expected != "accepted" and (meant is None or expected in meant) else code
            answer = known if expected != "accepted" else "/".join(meant or (code,))
        if answer == expected:
            self.coverage.add(line.step, ANSWER, "equal")
        elif self._theirs is not None and answer == self._theirs.answer:
            self._follow(line, line.fault(ANSWER, Ours(expected), answer), ANSWER)
        else:
            self._differ(line, ANSWER, Ours(expected), answer)

    def _follow_answer(self, line: Line) -> None:
        """Where the exchange answers as by the rulebook, though otherwise than follows from what it had, go on so."""
        answer = answer_of(line.observed)
        if self._theirs is not None and not line.differing and answer is not None:
            event = line.step.transition.event
            self._theirs.answer_as(event, answer, accounts_named(event))

    def _compare(self, line: Line, figure: Figure, text: str) -> None:
        field = field_of(figure)
        if self.subset is not None and needs_all_accounts(figure, self.subset):
            self.coverage.add(line.step, figure, "not checked")
            return
        ours = field.ask(line.step.transition.after, figure.name)
        agreement = self.tolerances.agreement(field.kind, ours, text)
        if agreement in ("equal", "tolerated"):
            if agreement == "tolerated":
                self.coverage.add_tolerated(line.step, figure, abs(parse_decimal(text) - (ours.amount or 0)))
            self._agree(line, figure, agreement)
            return
        if self._theirs is not None:
            other = self._theirs.ask(figure)
            theirs = self.tolerances.agreement(field.kind, other, text)
            if theirs in ("equal", "tolerated") or (theirs == "as displayed" and agreement == "differs"):
                self._follow(line, line.fault(figure, ours, text), figure)
                return
            if (
                self._off.get(figure)
                and other.amount is not None
                and parse_decimal(text) == other.amount - self._off[figure]
            ):
                # What was wrong is right again, beside what still follows from other findings.
                self._close(line, figure)
                self._follow(line, line.fault(figure, ours, text), figure)
                return
            ours = other if self._went_apart(line, figure) else ours
        elif self._is_off_as_before(figure, ours, text):
            self._follow(line, line.fault(figure, ours, text), figure)
            self._off[figure] = self._was_off.pop(figure)
            line.is_as_before = True
            return
        if agreement == "as displayed":
            self._display(line, figure, ours, text)
        else:
            self._differ(line, figure, ours, text)

    def _is_off_as_before(self, figure: Figure, ours: Ours, text: str) -> bool:
        """Whether a balance differs by what it differed by before the rules could not go on from the exchange's."""
        off = self._was_off.get(figure)
        return off is not None and ours.amount is not None and parse_decimal(text) - ours.amount == off

    def _went_apart(self, line: Line, figure: Figure) -> bool:
        """Whether the exchange had, before the event, something else of a figure than the rulebook, or is taken to."""
        if figure in self._open:
            return True
        if self._theirs is None:
            return False
        sides = line.before, line.step.transition.before
        known = [field_of(figure).ask(one, figure.name) for one in sides if was_there(one, figure)]
        return len(set(known)) > 1

    def _agree(self, line: Line, figure: Figure, agreement: Agreement) -> None:
        """The exchange has what the rulebook has: what was open of the figure is over."""
        self.coverage.add(line.step, figure, agreement)
        self._count_right(figure)
        if figure.group == "ledger":
            self._agreed[figure] = line.step.number
        self._close(line, figure)

    def _count_right(self, figure: Figure) -> None:
        """Count that the exchange has a clause as the rulebook has it, where it was seen to have it otherwise."""
        if not self._alike or kind_of(figure) not in ("balance", "quantity"):
            return
        name = ledger_name(figure)
        for clause in self._touched.get(name, {field_of(figure).clause}):
            known = self._alike.get((clause, account_named(name).kind))
            if known is not None:
                known.agreed += 1

    def _close(self, line: Line, figure: Figure) -> None:
        finding = self._open.pop(figure, None)
        self._off.pop(figure, None)
        self._was_off.pop(figure, None)
        if finding is not None:
            del finding.figures[figure]
            if not finding.figures:
                finding.returned = line.step.number

    def _attach(self, line: Line, figure: Figure, finding: Finding) -> None:
        """Have a finding be open in a figure."""
        before = self._open.get(figure)
        if before is finding:
            return
        if before is not None:
            del before.figures[figure]
        self._open[figure] = finding
        finding.figures[figure] = line.step.number
        finding.returned = None

    def _follow(self, line: Line, fault: Fault, figure: Figure) -> None:
        """A value that differs because of an earlier finding."""
        finding = self._open.get(figure) or self._by_owner.get(fault.owner)
        if finding is None and (fault.owner in self._left or not self.findings):
            self.coverage.add(line.step, figure, "not checked")
            return
        self.coverage.add(line.step, figure, "consequence")
        self._count_right(figure)
        finding = finding or self.findings[-1]
        finding.consequences += 1
        finding.last = line.step.number
        line.consequences.append(Consequence(fault, finding))

    def _display(self, line: Line, figure: Figure, ours: Ours, text: str) -> None:
        """A value that agrees to the digits that are stated: one finding for each kind of value and its digits."""
        self.coverage.add(line.step, figure, "as displayed")
        fault = line.fault(figure, ours, text)
        key = fault.kind, digits_of(text)
        finding = self._displayed.get(key)
        if finding is None:
            finding = found([fault], "NUM-01", line.step.transition.after)
            finding.classified, finding.severity = "display", "low"
            self._displayed[key] = finding
            self.findings.append(finding)
            return
        finding.repeat(fault)
        line.consequences.append(Consequence(fault, finding))

    def _differ(self, line: Line, figure: Figure, ours: Ours, text: str) -> None:
        self.coverage.add(line.step, figure, "differs")
        line.differing.append((figure, line.fault(figure, ours, text)))

    # ------------------------------------------------------------- what differs of an event

    def _go_on_from(self, line: Line, differing: list[tuple[Figure, Fault]]) -> None:
        """Take over what the exchange has, if its side parts here or has parted already."""
        if self._theirs is None:
            if not differing and not line.is_as_before:
                return
            self._theirs = Theirs.beside(line.step)
        event = line.step.transition.event
        if any(figure is ANSWER for figure, _ in differing):
            self._theirs.answer_as(event, answer_of(line.observed) or "", accounts_named(event))
        if line.decided is not None:
            self._theirs = line.decided
        self._theirs.unmake(line.unmade, line.told_balances)
        if line.chose:
            self._theirs.spare({account for figure, _ in line.seen if (account := named_by(figure).account)})
        self._has_parted |= any(fault.kind in ("verdict", "quantity", "lot") for _, fault in differing)
        self._theirs.adopt(one for one in line.told if self._is_other_than(self._theirs, *one))

    def _is_other_than(self, theirs: Theirs, figure: Figure, text: str) -> bool:
        """Whether a value is not what the exchange's side has anyway, up to tolerance and display."""
        return self.tolerances.agreement(kind_of(figure), theirs.ask(figure), text) == "differs"

    def _see_liquidations(self, line: Line) -> None:
        """See whether the exchange liquidated others than the rules, and what follows from that."""
        if self._theirs is None and not line.differing:
            return
        theirs = self._theirs or Theirs.beside(line.step)
        told = line.told
        if any(figure.field == "quantity" and self._is_other_than(theirs, figure, text) for figure, text in told):
            decided = theirs.decided(line.step.transition.event, told)
            line.decided = None if decided is theirs else decided
            line.liquidates = decided.liquidated != theirs.liquidated

    def _settle(self, line: Line) -> None:
        """Put what differs of an event down to causes: new findings, or ones that are open still."""
        if not line.differing:
            return
        entries = [Differing(self._blame(line, *one), *one) for one in line.differing]
        state = line.step.transition.after
        for moved in margins_moved(entries, line.told_balances, line.their_blame.trail.effects, state):
            entries = [one for one in entries if one not in moved.entries]
            line.unmade += [moved.unmade] if moved.unmade else []
            known = self._same_cause(moved.clause, moved.entries, [moved.manner])
            self._put_down(line, moved.clause, moved.entries, known, [moved.manner])
        follow = [one for one in entries if one.because is BY_LIQUIDATION]
        for together in [*([follow] if follow else []), *causes([one for one in entries if one not in follow])]:
            clauses = clauses_of(together)
            manners = {one: manners_of(one, together, state) for one in clauses}
            same = {one: self._same_cause(one, together, manners[one]) for one in clauses}
            clause = next((one for one in clauses if same[one]), clauses[0])
            if self.subset is not None and clause[:3] in SHARING:
                self.coverage.leave(line.step, [one.figure for one in together])
                self._left.update(one.fault.owner for one in together)
                continue
            line.chose |= clause[:3] in CHOOSING
            self._put_down(line, clause, together, same[clause], manners[clause])
        line.differing.clear()

    def _put_down(
        self, line: Line, clause: str, together: list[Differing], same: Finding | None, manners: list[Manner]
    ) -> None:
        """Put what differs for one cause down to the finding that is the same, or else to a new one."""
        if same is None:
            self._find(line, clause, together)
            self._alike.update((one, Recurrence(self.findings[-1], one[1] == QUANTUM)) for one in manners)
            return
        for manner in manners:
            if manner in self._alike:
                self._alike[manner].differed += 1
        self._repeat(line, same, together)

    def _same_cause(self, clause: str, together: list[Differing], manners: list[Manner]) -> Finding | None:
        """The finding that is open still in what differs, or of a rule that the exchange has otherwise in this way."""
        likely = [self._open[one.figure] for one in together if one.figure in self._open]
        likely += [self._alike[one].finding for one in manners if one in self._alike and self._alike[one].is_rule]
        return next((one for one in likely if one.clause == clause), None)

    def _find(self, line: Line, clause: str, entries: list[Differing]) -> None:
        state = line.step.transition.after
        faults = [attrs.evolve(one.fault, rule=one.because.clause) for one in entries]
        since = max(self._agreed.get(one.figure, 0) for one in entries)
        finding = found(faults, clause, state, since, self.subset)
        self.findings.append(finding)
        for _, figure, fault in entries:
            if figure is ANSWER:
                self._by_owner.update(dict.fromkeys(accounts_named(line.step.transition.event), finding))
            else:
                self._attach(line, figure, finding)
                self._add_off(figure, fault)
                self._by_owner[fault.owner] = finding

    def _repeat(self, line: Line, finding: Finding, entries: list[Differing]) -> None:
        """What differs further for the cause of a finding: in figures that are open still, or in others too."""
        state, others = line.step.transition.after, []
        for _, figure, fault in entries:
            self._add_off(figure, fault)
            if self._open.get(figure) is not finding:
                others.append(fault)
            elif fault.kind == "invariant":
                finding.repeat(fault, finding.figures[figure])
            else:
                finding.repeat(self._total(line, figure, fault), finding.figures[figure])
            if figure is not ANSWER:
                self._attach(line, figure, finding)
            line.consequences.append(Consequence(fault, finding, again=True))
        if others:
            finding.recur(others)
        finding.show(line.step.number)
        finding.severity = severity_of(finding.clause, finding.asset, finding.money, state, self.subset)

    def _add_off(self, figure: Figure, fault: Fault) -> None:
        """Count by how much a balance is off because of what it is open under."""
        if fault.kind == "balance":
            self._off[figure] = self._off.get(figure, 0) + (fault.difference or 0)
            self._was_off.pop(figure, None)

    def _total(self, line: Line, figure: Figure, fault: Fault) -> Fault:
        """The fault with all by which a figure is off, if it was off before."""
        observed, ours = fault.observed or "", field_of(figure).ask(line.step.transition.after, figure.name)
        if figure in self._off:
            right = parse_decimal(observed) - self._off[figure]
            ours = Ours(decimal_of(right), right)
        return line.fault(figure, ours, observed)

    def _blame(self, line: Line, figure: Figure, fault: Fault) -> Blamed:
        if fault.kind == "invariant":
            return Blamed(LAST, fault.rule)
        if figure is ANSWER:
            return line.blame.of_verdict(fault.observed or "")
        if line.liquidates and line.follows(figure, fault):
            return BY_LIQUIDATION
        is_apart = self._went_apart(line, figure)
        blame = line.their_blame if is_apart else line.blame
        unseen = self._unseen.get(ledger_name(figure))
        if not is_apart and unseen is not None and unseen[0] < line.step.number:
            return Blamed(LAST, unseen[1])
        because = blame.of_figure(figure, fault, stayed=line.stayed(figure, fault))
        if because is not None:
            return because
        moved, agreed = self._moved.get(figure.name, (0, "")), self._agreed.get(figure, 0)
        if figure.group == "ledger" and not is_apart and moved[0] > agreed:
            return Blamed(LAST, moved[1])
        clause = untouched_clause(blame, figure, fault)
        if clause[:3] in CHOOSING:
            return Blamed(LAST - 1, clause)
        return Blamed(LAST + (DERIVED.index(clause) if clause in DERIVED else 0), clause)

    # ------------------------------------------------------------- what no tolerance hides

    def _check_funds(self, line: Line) -> None:
        """A fund that the exchange has below zero, or money in clearing, breaks INV-03, however little it is."""
        for figure, text in line.seen:
            kind = account_named(figure.name).kind if figure.group == "ledger" else ""
            if kind not in FUND_KINDS:
                continue
            amount, invariant = parse_decimal(text), figure._replace(field="INV-03")
            if amount < 0 or (amount and kind == "clearing"):
                what = "clearing not empty" if kind == "clearing" else "fund below zero"
                fault = line.fault(figure, Ours("0", 0), text)
                line.differing.append((invariant, attrs.evolve(fault, kind="invariant", rule="INV-03", what=what)))
            else:
                self._close(line, invariant)

    def _check_books(self, line: Line) -> None:
        """What of the exchange's own numbers should add up, or be above, and does not."""
        state = line.step.transition.after if self._theirs is None else self._theirs.state
        for one in books_of(line.seen, state, is_whole=self.subset is None):
            is_decided = one.holds or abs(one.amount - one.other) >= slack_of(
                line.seen, one.own.asset, state, self.tolerances
            )
            self.coverage.add_books(line.step, one, is_decided=is_decided)
            if one.holds or not is_decided:
                self._close(line, one.figure)
                continue
            line.differing.append((one.figure, one.fault(line.step)))
