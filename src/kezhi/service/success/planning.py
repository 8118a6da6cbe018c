"""Success plans: the goal, its measures, how far they are, and how it ended."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from kezhi.accounts.models import User
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.creating import may_reach
from kezhi.messaging.noticing import notify
from kezhi.service.models import SuccessMeasure, SuccessPlan, SuccessReading
from kezhi.service.success.health import health_of
from kezhi.workbench.customizing.entering import put, settle

State = SuccessPlan.State
AT_RISK_BELOW, OFF_TRACK_BELOW = 80.0, 50.0
REVIEW_EVERY = timedelta(days=30)
MOST_MEASURES = 12


@audited("success_plan.created")
def create_plan(fields: dict[str, Any], *, actor: Actor, on: date) -> SuccessPlan:
    """The actor answers for it unless somebody else is named; it is reviewed in a month."""
    fields = {"begun_on": on, "review_on": on + REVIEW_EVERY, **fields}
    manager = fields.pop("manager", None) or actor
    plan = SuccessPlan(created_by_id=actor.pk)
    put("success_plan", plan, fields, actor)
    if plan.customer_id is None:
        raise Refused(_("Choose the customer whose record this is."))
    if not may_reach(actor, "create", "success_plan", plan.customer):
        raise NotAllowed(_("Your role doesn’t plan this customer’s success."))
    for name, entry in plan.customer.place.items():
        setattr(plan, name, entry)
    _give(plan, manager)
    _check(plan)
    settle("success_plan", plan)
    plan.save()
    _tell(plan, actor)
    return plan


@audited("success_plan.edited")
def change_plan(
    plan: SuccessPlan,
    changes: dict[str, Any],
    *,
    actor: Actor,
    on: date,
    version: int | None = None,
) -> SuccessPlan:
    plan = claim(plan, actor=actor, action="edit", version=version)
    if "customer" in changes and changes["customer"] != plan.customer:
        raise Refused(_("A success plan stays with its customer."))
    changes = dict(changes)
    before = plan.manager_id
    if "manager" in changes:
        _give(plan, changes.pop("manager"))
    note(fields=sorted(changes))
    put("success_plan", plan, changes, actor)
    _check(plan)
    settle("success_plan", plan)
    _settle_health(plan, on)
    plan.version += 1
    plan.save()
    if plan.manager_id != before:
        _tell(plan, actor)
    return plan


@audited("success_plan.deleted")
def delete_plan(plan: SuccessPlan, *, actor: Actor, on: date) -> None:
    claim(plan, actor=actor, action="delete").delete()


@audited("success_plan.measure_added")
def add_measure(
    plan: SuccessPlan,
    name: str,
    unit: str,
    start: Decimal,
    target: Decimal,
    *,
    actor: Actor,
    on: date,
) -> SuccessPlan:
    """A figure by which the customer sees that they are there; it may have to rise or to fall."""
    plan = _running(plan, actor)
    if not name.strip():
        raise Refused(_("Say what is measured."))
    if start == target:
        raise Refused(_("The target must differ from where it starts."))
    if plan.measures.count() >= MOST_MEASURES:
        raise Refused(_("A plan has at most %(most)s measures.") % {"most": MOST_MEASURES})
    try:
        with transaction.atomic():
            SuccessMeasure.objects.create(
                plan=plan,
                name=name.strip()[:120],
                unit=unit.strip()[:20],
                start=start,
                target=target,
            )
    except IntegrityError as error:
        raise Refused(_("The plan has a measure of this name already.")) from error
    return _kept(plan, on)


@audited("success_plan.measure_removed")
def remove_measure(
    plan: SuccessPlan, measure: SuccessMeasure, *, actor: Actor, on: date
) -> SuccessPlan:
    plan = _running(plan, actor)
    _own(plan, measure).delete()
    return _kept(plan, on)


@audited("success_plan.measured")
def read_measure(
    plan: SuccessPlan,
    measure: SuccessMeasure,
    figure: Decimal,
    *,
    actor: Actor,
    on: date,
    read_on: date | None = None,
    remark: str = "",
) -> SuccessPlan:
    """What a measure stands at, today or on a day before; a second reading of a day replaces the first."""
    plan = _running(plan, actor)
    day = read_on or on
    if not plan.begun_on <= day <= on:
        raise Refused(_("Give a day between the beginning of the plan and today."))
    SuccessReading.objects.update_or_create(
        measure=_own(plan, measure),
        on=day,
        defaults={"figure": figure, "remark": remark.strip()[:300], "noted_by_id": actor.pk},
    )
    return _kept(plan, on)


@audited("success_plan.reviewed")
def review_plan(plan: SuccessPlan, *, actor: Actor, on: date, next_on: date) -> SuccessPlan:
    """It was gone through with the customer; the next review is on a day to come."""
    plan = _running(plan, actor)
    if next_on <= on:
        raise Refused(_("The next review lies ahead."))
    plan.review_on = next_on
    return _kept(plan, on)


@audited("success_plan.ended")
def end_plan(plan: SuccessPlan, state: str, *, actor: Actor, on: date, lesson: str) -> SuccessPlan:
    """Achieved or given up, with what was learned."""
    plan = _running(plan, actor)
    if state not in (State.ACHIEVED, State.GIVEN_UP):
        raise Refused(_("Say whether the goal was achieved or given up."))
    if not lesson.strip():
        raise Refused(_("Write what was learned: the next plan begins with it."))
    plan.state, plan.lesson, plan.ended_on = state, lesson.strip(), on
    plan.version += 1
    plan.save()
    return plan


@audited("success_plan.reopened")
def reopen_plan(plan: SuccessPlan, *, actor: Actor, on: date) -> SuccessPlan:
    """The undo of ending."""
    plan = claim(plan, actor=actor, action="edit")
    if plan.is_running:
        raise Refused(_("This plan is running."))
    plan.state, plan.ended_on = State.ON_TRACK, None
    return _kept(plan, on)


@audited("success_plans.judged")
def judge_all(*, actor: Actor, on: date) -> int:
    """Each day: a plan whose figures stand still falls behind. Its manager is told when it does."""
    moved = 0
    for plan in (
        SuccessPlan.objects.running().select_related("customer").order_by("pk").iterator(500)
    ):
        before, health = plan.state, plan.health
        _settle_health(plan, on)
        if (plan.state, plan.health) == (before, health):
            continue
        SuccessPlan.objects.filter(pk=plan.pk, state=before).update(
            state=plan.state, health=plan.health
        )
        if plan.state != before and plan.state != State.ON_TRACK:
            moved += 1
            words = {"what": plan.goal[:80], "state": str(plan.get_state_display())}
            notify([plan.manager_id], "success_plan.behind", about=plan, words=words)
    note(behind=moved)
    return moved


def _running(plan: SuccessPlan, actor: Actor) -> SuccessPlan:
    plan = claim(plan, actor=actor, action="edit")
    if not plan.is_running:
        raise Refused(_("This plan has ended. Reopen it to change it."))
    return plan


def _own(plan: SuccessPlan, measure: SuccessMeasure) -> SuccessMeasure:
    found = plan.measures.filter(pk=measure.pk).first()
    if found is None:
        raise Refused(_("The plan has no such measure."))
    return found


def _kept(plan: SuccessPlan, on: date) -> SuccessPlan:
    _settle_health(plan, on)
    plan.version += 1
    plan.save()
    return plan


def _settle_health(plan: SuccessPlan, on: date) -> None:
    if not plan.is_running:
        return
    plan.health = health_of(plan, on)
    if plan.health is None or plan.health >= AT_RISK_BELOW:
        plan.state = State.ON_TRACK
    else:
        plan.state = State.AT_RISK if plan.health >= OFF_TRACK_BELOW else State.OFF_TRACK


def _give(plan: SuccessPlan, manager: Any) -> None:
    if not isinstance(manager, User) or not manager.is_active:
        raise Refused(_("Choose a colleague who works here to see to it."))
    plan.manager = manager


def _check(plan: SuccessPlan) -> None:
    if not plan.goal.strip():
        raise Refused(_("Say what the customer wants to reach."))
    if plan.contact is not None and plan.contact.customer_id != plan.customer_id:
        raise Refused(_("Choose a contact of this customer."))
    if plan.reach_by is None or plan.reach_by <= plan.begun_on:
        raise Refused(_("The goal is to be reached after the plan begins."))


def _tell(plan: SuccessPlan, actor: Actor) -> None:
    notify(
        [plan.manager_id],
        "success_plan.assigned",
        by=actor,
        about=plan,
        words={"what": plan.goal[:80]},
    )
