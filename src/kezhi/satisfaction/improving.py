"""Improvement actions: planned, done, checked against the same measure before and after, and settled."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezhi.accounts.models import Company
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor, Scope
from kezhi.core.claiming import claim
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.messaging.noticing import notify
from kezhi.satisfaction.comparing import compare
from kezhi.satisfaction.models import Improvement, SurveyQuestion
from kezhi.workbench.customizing.entering import put, settle

State = Improvement.State
Measure = Improvement.Measure
ORDER = (State.PLAN, State.DO, State.CHECK, State.ACT, State.DONE)
MORNING = 8
# What a step asks to be written down before it is left.
SAYS = {State.PLAN: "plan", State.DO: "done", State.CHECK: "checked", State.ACT: "acted"}
MISSING = {
    "plan": gettext_lazy("Write what is planned before you begin."),
    "done": gettext_lazy("Write what was done before you check."),
    "checked": gettext_lazy("Write what came of it before you act."),
    "acted": gettext_lazy("Write what stays from now on before you finish."),
}
MEASURED = frozenset(
    {
        *("measure", "survey", "dimension", "cause"),
        *("before_from", "before_until", "after_from", "after_until"),
    }
)


@audited("improvement.created")
def create_improvement(fields: dict[str, Any], *, actor: Actor, on: date) -> Improvement:
    """Planned, with an owner, a day and a measure."""
    if not actor.may("create", "improvement"):
        raise NotAllowed(_("Your role doesn’t plan improvements."))
    improvement = Improvement(created_by_id=actor.pk)
    put("improvement", improvement, fields, actor)
    if improvement.owner_id is None and actor.pk is not None:
        improvement.owner_id = actor.pk
    _check(improvement, actor)
    _place(improvement)
    settle("improvement", improvement)
    improvement.save()
    _tell(improvement, actor)
    return improvement


@audited("improvement.edited")
def edit_improvement(
    improvement: Improvement,
    changes: dict[str, Any],
    *,
    actor: Actor,
    on: date,
    version: int | None = None,
) -> Improvement:
    """While it is open; another measure or period makes the comparison anew."""
    improvement = claim(improvement, actor=actor, action="edit", version=version)
    if not improvement.is_open:
        raise Refused(_("This improvement has ended. Open it again to change it."))
    owner = improvement.owner_id
    put("improvement", improvement, changes, actor)
    _check(improvement, actor)
    _place(improvement)
    if changes.keys() & MEASURED:
        improvement.result, improvement.measured_on = {}, None
    settle("improvement", improvement)
    note(fields=sorted(changes))
    improvement.version += 1
    improvement.save()
    if improvement.owner_id != owner:
        _tell(improvement, actor)
    return improvement


@audited("improvement.deleted")
def delete_improvement(improvement: Improvement, *, actor: Actor, on: date) -> None:
    claim(improvement, actor=actor, action="delete").delete()


@audited("improvement.moved")
def move_improvement(
    improvement: Improvement,
    to: str,
    *,
    actor: Actor,
    on: date,
    words: str = "",
    version: int | None = None,
) -> Improvement:
    """To the next step, back to an earlier one, or given up; what the left step came to is written down."""
    improvement = claim(improvement, actor=actor, action="edit", version=version)
    if to not in State.values or to == improvement.state:
        raise Refused(_("Choose another step."))
    said = SAYS.get(State(improvement.state))
    if said and words.strip():
        setattr(improvement, said, words.strip()[:4000])
    if to in ORDER and improvement.state in ORDER:
        here, there = ORDER.index(State(improvement.state)), ORDER.index(State(to))
        if there > here + 1:
            raise Refused(_("One step after the other: plan, do, check, act."))
        if there > here and said and not getattr(improvement, said).strip():
            raise Refused(str(MISSING[said]))
    note(before=improvement.state, to=to)
    improvement.state = to
    is_over = to in (State.DONE, State.GIVEN_UP)
    improvement.finished_on = on if is_over else None
    if to in (State.CHECK, State.ACT, State.DONE):
        measure(improvement, on)
    improvement.version += 1
    improvement.save()
    return improvement


@audited("improvement.measured")
def measure_improvement(improvement: Improvement, *, actor: Actor, on: date) -> Improvement:
    """Before and after, counted anew from what is known today."""
    improvement = claim(improvement, actor=actor, action="edit")
    measure(improvement, on)
    improvement.save(update_fields=["result", "measured_on"])
    return improvement


def measure(improvement: Improvement, on: date) -> None:
    """Puts the comparison into the record, as far as its periods are known; the caller saves it."""
    if improvement.before_from is None or improvement.after_from is None:
        improvement.result, improvement.measured_on = {}, None
        return
    improvement.result = compare(improvement, on)
    improvement.measured_on = on


@audited("improvements.told")
def tell_overdue(*, actor: Actor, at: datetime) -> int:
    """At eight by the company's clock, once a day to each owner: how many of theirs are overdue."""
    company = Company.current()
    if company is None or at.astimezone(company.zone).hour != MORNING:
        return 0
    day = at.astimezone(company.zone).date()
    rows = Improvement.objects.open().filter(due_on__lt=day)
    told = 0
    for person, number in rows.values_list("owner").annotate(Count("pk")).order_by("owner"):
        key = f"improvements:{day.isoformat()}"
        told += len(notify([person], "improvement.overdue", at=at, words={"what": number}, key=key))
    note(people=told)
    return told


def _check(improvement: Improvement, actor: Actor) -> None:
    if not improvement.title.strip():
        raise Refused(_("Say what is to become better."))
    if improvement.owner_id is None or not improvement.owner.is_active:
        raise Refused(_("Choose a colleague who works here to answer for it."))
    if actor.scope("create", "improvement") is Scope.OWN and improvement.owner_id != actor.pk:
        raise NotAllowed(_("Your role plans improvements of your own only."))
    if improvement.due_on is None:
        raise Refused(_("Say by which day."))
    if improvement.measure not in Measure.values:
        raise Refused(_("Choose what is measured."))
    if improvement.dimension not in SurveyQuestion.Dimension.values:
        raise Refused(_("Choose the dimension from the list."))
    if improvement.measure == Measure.COMPLAINTS:
        if not improvement.cause.strip():
            raise Refused(_("Say which cause of complaints is counted."))
    elif improvement.survey_id is None:
        raise Refused(_("Choose the survey whose score is compared."))
    if improvement.measure == Measure.DIMENSION and not improvement.dimension:
        raise Refused(_("Choose the dimension that is compared."))
    for begins, ends in (("before_from", "before_until"), ("after_from", "after_until")):
        first, last = getattr(improvement, begins), getattr(improvement, ends)
        if first and last and last < first:
            raise Refused(_("A period ends on its first day or later."))
    after, before = improvement.after_from, improvement.before_until or improvement.before_from
    if after and before and after <= before:
        raise Refused(_("The period after begins when the one before has ended."))


def _place(improvement: Improvement) -> None:
    improvement.team_id = improvement.owner.team_id
    improvement.department_id = improvement.owner.department_id


def _tell(improvement: Improvement, actor: Actor) -> None:
    words = {"what": improvement.title}
    notify([improvement.owner_id], "improvement.assigned", by=actor, about=improvement, words=words)
