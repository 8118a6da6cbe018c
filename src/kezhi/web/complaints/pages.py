"""The page of a complaint, and its steps taken from there."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kezhi.core.refusal import EditConflict, NotAllowed, Refused
from kezhi.records import registry
from kezhi.service.complaints import compensating
from kezhi.service.models import Compensation, Complaint
from kezhi.web.answering import done
from kezhi.web.complaints import case, marks
from kezhi.web.complaints.entering import HANDLERS, Mistyped
from kezhi.web.records import history, neighbours
from kezhi.web.requests import PersonRequest, must_may, typed
from kezhi.web.service import orders
from kezhi.web.ways import is_ours

READ_WITH = (
    *("ticket", "customer", "cause", "product", "carrier", "responsible"),
    *("proposed_by", "approved_by"),
)


class _Typed(dict[str, str]):
    """What was typed by control, "" where nothing was."""

    def __missing__(self, name: str) -> str:
        return ""


@require_safe
def show(request: PersonRequest, pk: int) -> HttpResponse:
    return page(request, visible(request, pk))


@require_POST
def take(request: PersonRequest, pk: int, deed: str) -> HttpResponse:
    """A step of the complaint, by its form."""
    complaint = visible(request, pk)
    handler = HANDLERS.get(deed)
    if handler is None:
        raise Http404
    try:
        handler(request, complaint)
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    except Mistyped as refusal:
        return page(request, complaint, refusal=str(refusal), status=422)
    except (EditConflict, Refused) as refusal:
        return page(request, visible(request, pk), refusal=str(refusal), status=409)
    messages.success(request, _("Done. The next step is due."))
    return HttpResponseRedirect(_onwards(request, complaint))


@require_POST
def carry_out(request: PersonRequest, pk: int) -> HttpResponse:
    """The customer got it."""
    return _settle(request, pk, compensating.carry_out, _("Carried out and booked"))


@require_POST
def take_back(request: PersonRequest, pk: int) -> HttpResponse:
    """POST words: why it is taken back."""
    deed = partial(compensating.take_back, reason=typed(request, "words", 500))
    return _settle(request, pk, deed, _("Taken back"))


def _settle(request: PersonRequest, pk: int, deed: Callable[..., Any], told: str) -> HttpResponse:
    rows = Compensation.objects.visible_to(request.actor).select_related("complaint")
    compensation: Compensation = get_object_or_404(rows, pk=pk)
    complaint = visible(request, compensation.complaint_id)
    return done(
        request,
        lambda: deed(compensation, actor=request.actor, at=timezone.now(), on=request.today),
        told,
        lambda: _onwards(request, complaint),
        lambda reason: page(request, visible(request, complaint.pk), refusal=reason, status=409),
    )


def page(
    request: PersonRequest, complaint: Complaint, *, refusal: str = "", status: int = 200
) -> HttpResponse:
    """The whole page, with what was typed where a step was refused."""
    actor = request.actor
    kind = registry["complaint"].seen_by(actor)
    about = {
        **case.about(complaint, actor),
        **case.form_options(complaint, actor),
        "kind": kind,
        "ticket_url": registry["ticket"].url_of(complaint.ticket),
        "order_about": orders.about(complaint.ticket, actor, request.today),
        "trouble": marks.trouble_of(complaint.customer_id),
        "typed": _Typed(request.POST.dict()),
        "refusal": refusal,
        "neighbours": neighbours.of(request, kind, complaint.pk),
        "changes": history.of(request, kind, complaint, most=5),
        "may_edit": case.may(complaint, actor)["work"],
    }
    return render(request, "complaints/case.html", about, status=status)


def visible(request: PersonRequest, pk: int) -> Complaint:
    must_may(request, "read", "complaint")
    rows = Complaint.objects.visible_to(request.actor).select_related(*READ_WITH)
    found: Complaint = get_object_or_404(rows, pk=pk)
    return found


def _onwards(request: PersonRequest, complaint: Complaint) -> str:
    wanted = request.POST.get("next", "")
    return wanted if is_ours(wanted) else registry["complaint"].url_of(complaint)
