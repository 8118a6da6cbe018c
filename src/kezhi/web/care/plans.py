"""A care plan's page: whom it reaches, what is waiting, and what it changed."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from kezhi.core.ids import record_id
from kezhi.customers.models import Segment
from kezhi.messaging.merging import FIELDS as GAPS
from kezhi.messaging.models import MailAccount
from kezhi.records import Condition, registry
from kezhi.service.care import effect
from kezhi.service.care.planning import aim_plan
from kezhi.service.models import CarePlan, CareTouch
from kezhi.web import counted
from kezhi.web.answering import done
from kezhi.web.records.record import PANELS, Panel
from kezhi.web.requests import PersonRequest, must_may

MOST_CHOICES = 200


def _panel(request: PersonRequest, plan: CarePlan) -> Panel:
    actor = request.actor
    may_edit = actor.may("edit", "care_plan")
    touches = registry["care_touch"]
    visible = CareTouch.objects.visible_to(actor).filter(plan=plan)
    counts = dict(visible.values_list("state").annotate(Count("pk")).order_by())
    of_plan = Condition("plan", "eq", str(plan.pk))
    read = effect.read(plan, actor, timezone.now()) if actor.may("read", "order") else None
    about = {
        "plan": plan,
        "states": [
            (label, counts.get(key, 0), touches.list_url(of_plan, Condition("state", "eq", key)))
            for key, label in CareTouch.State.choices
        ],
        "effect": read.effect if read else None,
        "state": counted.about(request, read.state, reverse("care-plan-effect", args=[plan.pk]))
        if read
        else None,
        "fewest": effect.FEWEST,
        "may_edit": may_edit,
        "segments": _segments(request, plan) if may_edit else [],
        "mailboxes": _mailboxes() if may_edit else [],
        "gaps": list(GAPS.items()) if plan.way == CarePlan.Way.LETTER else [],
        "waits_for_mailbox": plan.way == CarePlan.Way.LETTER and plan.account_id is None,
    }
    return Panel("care/_plan_panel.html", about)


@require_http_methods(["GET", "HEAD", "POST"])
def show_effect(request: PersonRequest, pk: int) -> HttpResponse:
    """The plan's page, where it stands. POST: count anew."""
    plan: CarePlan = get_object_or_404(CarePlan.objects.visible_to(request.actor), pk=pk)
    must_may(request, "read", "order")
    page = HttpResponseRedirect(registry["care_plan"].url_of(plan))
    return counted.answered(request, effect.NAME, lambda: page)


@require_POST
def aim(request: PersonRequest, pk: int) -> HttpResponse:
    """POST segment and mailbox, either of them empty for none."""
    plan: CarePlan = get_object_or_404(CarePlan.objects.visible_to(request.actor), pk=pk)
    if not request.actor.may("edit", "care_plan"):
        raise PermissionDenied
    segment, account = request.POST.get("segment", ""), request.POST.get("mailbox", "")
    return done(
        request,
        lambda: aim_plan(
            plan,
            get_object_or_404(_choosable(request), pk=record_id(segment)) if segment else None,
            get_object_or_404(_company_mailboxes(), pk=record_id(account)) if account else None,
            actor=request.actor,
            on=request.today,
        ),
        _("Saved"),
        registry["care_plan"].url_of(plan),
    )


def _choosable(request: PersonRequest) -> Any:
    return Segment.objects.visible_to(request.actor)


def _segments(request: PersonRequest, plan: CarePlan) -> list[tuple[int, str]]:
    rows = _choosable(request).order_by("name").values_list("pk", "name")
    found = list(rows[:MOST_CHOICES])
    if plan.segment is not None and plan.segment_id not in dict(found):
        found.insert(0, (plan.segment.pk, plan.segment.name))
    return found


def _company_mailboxes() -> Any:
    return MailAccount.objects.filter(is_active=True).exclude(purpose=MailAccount.Purpose.PERSONAL)


def _mailboxes() -> list[tuple[int, str]]:
    return [
        (each.pk, f"{each.name} · {each.address}")
        for each in _company_mailboxes().order_by("name")[:MOST_CHOICES]
    ]


PANELS["care_plan"] = _panel
