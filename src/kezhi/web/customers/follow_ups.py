"""A follow-up finished, reopened or put off from wherever it is shown.

The answer to htmx is a toast with its undo and the event `follow-up-changed`: the parts of the page that show
follow-ups fetch themselves anew. Without script the person goes back to the page they came from.
"""

from __future__ import annotations

from datetime import date, timedelta

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.following_up import (
    change_follow_up,
    complete_follow_up,
    delete_follow_up,
    plan_follow_up,
    reopen_follow_up,
)
from kezhi.customers.models import Customer, FollowUp
from kezhi.web import numbers
from kezhi.web.requests import PersonRequest, typed
from kezhi.web.toasts import toast

CHANGED = "follow-up-changed"


@require_POST
def complete(request: PersonRequest, pk: int) -> HttpResponse:
    follow_up = _visible(request, pk)
    try:
        complete_follow_up(follow_up, actor=request.actor, at=timezone.now())
    except Refused as refusal:
        return _refused(request, refusal)
    told = _("Done: %(subject)s") % {"subject": follow_up.subject}
    return answer(request, told, undo=reverse("follow-up-reopen", args=[pk]))


@require_POST
def reopen(request: PersonRequest, pk: int) -> HttpResponse:
    follow_up = _visible(request, pk)
    try:
        reopen_follow_up(follow_up, actor=request.actor, at=timezone.now())
    except Refused as refusal:
        return _refused(request, refusal)
    return answer(request, _("Open again: %(subject)s") % {"subject": follow_up.subject})


@require_POST
def postpone(request: PersonRequest, pk: int) -> HttpResponse:
    """Until tomorrow, or until `to` (the undo of a postponement goes back to where it was)."""
    follow_up = _visible(request, pk)
    try:
        due_on = date.fromisoformat(request.GET["to"]) if "to" in request.GET else None
    except ValueError:
        return HttpResponseBadRequest()
    before, until = follow_up.due_on, due_on or request.today + timedelta(days=1)
    try:
        change_follow_up(follow_up, {"due_on": until}, actor=request.actor, on=request.today)
    except Refused as refusal:
        return _refused(request, refusal)
    undo = f"{reverse('follow-up-postpone', args=[pk])}?to={before.isoformat()}"
    told = _("Put off until %(day)s") % {"day": numbers.day(until, "long", plain=True)}
    return answer(request, told, undo="" if due_on else undo)


@require_POST
def plan(request: PersonRequest, customer_pk: int) -> HttpResponse:
    """A suggestion taken up: `subject`, to be done tomorrow; `despite`: why, while there is trouble."""
    customer = get_object_or_404(Customer.objects.visible_to(request.actor), pk=customer_pk)
    subject = request.POST.get("subject", "").strip()[:200]
    if not subject:
        return HttpResponseBadRequest()
    due_on = request.today + timedelta(days=1)
    try:
        follow_up = plan_follow_up(
            {
                "customer": customer,
                "subject": subject,
                "due_on": due_on,
                "despite": typed(request, "despite", 300),
            },
            actor=request.actor,
            on=request.today,
        )
    except Refused as refusal:
        return _refused(request, refusal)
    told = _("Planned for %(day)s: %(subject)s") % {
        "day": numbers.day(due_on, "long", plain=True),
        "subject": subject,
    }
    undo = reverse("follow-up-drop", args=[follow_up.pk])
    return answer(request, told, undo=undo)


@require_POST
def drop(request: PersonRequest, pk: int) -> HttpResponse:
    """The undo of a plan. Not at `removal/`, which asks before it deletes any follow-up."""
    try:
        delete_follow_up(_visible(request, pk), actor=request.actor, on=request.today)
    except Refused as refusal:
        return _refused(request, refusal)
    return answer(request, _("The follow-up is gone again."))


def _refused(request: PersonRequest, refusal: Refused) -> HttpResponse:
    """What can't be done now is said where the person is; what isn't theirs to do is a 403."""
    if isinstance(refusal, NotAllowed):
        raise PermissionDenied(str(refusal)) from refusal
    return answer(request, str(refusal), refused=True)


def answer(
    request: PersonRequest, told: str, *, undo: str = "", refused: bool = False
) -> HttpResponse:
    """What happened, said beside a fragment or on the page that the person came from."""
    if request.htmx:
        response = HttpResponse(status=409 if refused else 200)
        toast(response, told, undo=undo, tone="error" if refused else "")
        return response if refused else trigger_client_event(response, CHANGED)
    (messages.error if refused else messages.success)(request, told)
    return HttpResponseRedirect(way_back(request))


def way_back(request: PersonRequest) -> str:
    back = request.POST.get("next", "")
    is_ours = back.startswith("/") and url_has_allowed_host_and_scheme(back, None)
    return back if is_ours else reverse("today")


def _visible(request: PersonRequest, pk: int) -> FollowUp:
    """A colleague's follow-up that the actor can't see is a 404."""
    found: FollowUp = get_object_or_404(FollowUp.objects.visible_to(request.actor), pk=pk)
    return found
