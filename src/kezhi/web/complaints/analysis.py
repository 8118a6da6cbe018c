"""What the complaints of a year say together, and the limits of who approves how much."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from kezhi.core.refusal import NotAllowed, Refused
from kezhi.records import Condition, registry
from kezhi.service.complaints import analysing, ruling
from kezhi.service.complaints.analysing import Figures, Part, Recovery
from kezhi.service.models import Complaint, ComplaintRules
from kezhi.web import counted, numbers
from kezhi.web.requests import PersonRequest, must_may, typed, typed_number
from kezhi.web.value.dashboard import scope_words

LATEST = 10


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: PersonRequest) -> HttpResponse:
    """The year's complaints together. POST: count them anew."""
    must_may(request, "read", "complaint")
    return counted.answered(request, analysing.NAME, lambda: _page(request))


def _page(request: PersonRequest) -> HttpResponse:
    actor = request.actor
    read = analysing.read(actor, timezone.now())
    about: dict[str, Any] = {
        "scope": scope_words(actor),
        "figures": read.figures,
        "finding": "",
        "may_rule": ruling.may_rule(actor),
        **counted.about(request, read.state),
    }
    if read.figures is not None:
        about |= _shown(request, read.figures)
    return render(request, "complaints/analysis.html", about)


def _shown(request: PersonRequest, figures: Figures) -> dict[str, Any]:
    sees_value = request.actor.sees("complaint", "money") and request.actor.sees(
        "customer", "value"
    )
    return {
        "open_url": registry["complaint"].list_url(view="open"),
        "surges": [
            {"surge": each, "href": _url(each.by, each.key, request)} for each in figures.surges
        ],
        **{
            f"{plural}_bars": _bars(getattr(figures, plural), by, request)
            for by, plural in (
                ("category", "categories"),
                ("cause", "causes"),
                ("product", "products"),
                ("carrier", "carriers"),
            )
        },
        "months": [
            {
                "label": date_format(each.first_on, "YEAR_MONTH_FORMAT"),
                "amount": each.count,
                "shown": str(each.count),
            }
            for each in figures.months
        ],
        "step_labels": dict(Complaint.Step.choices),
        "tiers": figures.tiers if sees_value else (),
        "recovery": [_told(each) for each in figures.recovery],
        "worth": figures.worth if sees_value else None,
        "finding": _finding(figures.categories),
    }


@require_http_methods(["GET", "HEAD", "POST"])
def limits(request: PersonRequest) -> HttpResponse:
    """GET: who approves how much, and the versions. POST small, medium, reason: a new version."""
    if not ruling.may_rule(request.actor):
        raise PermissionDenied
    if request.method != "POST":
        return _limits(request)
    try:
        ruling.publish_limits(
            typed_number(typed(request, "small", 40)),
            typed_number(typed(request, "medium", 40)),
            actor=request.actor,
            on=request.today,
            reason=typed(request, "reason", 300),
        )
    except NotAllowed as refusal:
        raise PermissionDenied from refusal
    except ruling.InvalidLimits as invalid:
        return _limits(request, errors=invalid.errors, status=422)
    except Refused as refusal:
        return _limits(request, refusal=str(refusal), status=409)
    messages.success(request, _("Published. The limits are in force."))
    return HttpResponseRedirect(reverse("complaint-limits"))


def _limits(
    request: PersonRequest,
    *,
    errors: dict[str, str] | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    held = ruling.current_rules()
    is_typed = request.method == "POST"
    about = {
        "rules": held,
        "versions": ComplaintRules.objects.select_related("published_by").order_by("-pk")[:LATEST],
        "small": typed(request, "small", 40) if is_typed else f"{held.small_limit:.2f}",
        "medium": typed(request, "medium", 40) if is_typed else f"{held.medium_limit:.2f}",
        "reason": typed(request, "reason", 300),
        "errors": errors or {},
        "refusal": refusal,
    }
    return render(request, "complaints/limits.html", about, status=status)


def _bars(parts: Sequence[Part], by: str, request: PersonRequest) -> list[dict[str, Any]]:
    return [
        {
            "label": part.label,
            "amount": part.count,
            "shown": numbers.number(part.count),
            "href": _url(by, part.key, request),
        }
        for part in parts
    ]


def _url(by: str, key: str, request: PersonRequest) -> str:
    """The complaints behind a figure: of the year until today."""
    since = (request.today - analysing.YEAR).isoformat()
    conditions = (Condition(by, "eq", key), Condition("opened_at", "after", since))
    return registry["complaint"].list_url(*conditions, view="all")


def _told(each: Recovery) -> dict[str, Any]:
    within = _("within %(hours)s hours") if each.hours else _("later than %(hours)s hours")
    return {
        "label": within % {"hours": each.hours or analysing.HOURS[-1]},
        "share": each.share,
    }


def _finding(categories: Sequence[Part]) -> str:
    """The heading says what stands out."""
    if not categories:
        return ""
    first, total = categories[0], sum(part.count for part in categories)
    return _("%(share)s of the complaints are about: %(category)s") % {
        "share": numbers.percent(first.count / total, plain=True),
        "category": first.label,
    }
