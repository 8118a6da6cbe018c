"""Rules: words in what comes in, and what a ticket with them is."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from kezhi.service.intake import ruling
from kezhi.service.models import IntakeRule
from kezhi.web.answering import done
from kezhi.web.intake.tabs import (
    department_of,
    departments,
    priorities,
    tabs_of,
    types,
    version_of,
)
from kezhi.web.requests import PersonRequest, must_may, typed

LONGEST_WORDS = 4000


@require_http_methods(["GET", "HEAD", "POST"])
def index(request: PersonRequest) -> HttpResponse:
    """The rules in their order. POST adds one."""
    must_may(request, "read", "intake")
    if request.method != "POST":
        return _list(request)
    must_may(request, "create", "intake")
    return done(
        request,
        lambda: ruling.add_rule(_entries(request), actor=request.actor),
        _("Saved."),
        reverse("intake-rules"),
        lambda reason: _list(request, reason, 422),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: PersonRequest, pk: int) -> HttpResponse:
    must_may(request, "edit", "intake")
    rule = get_object_or_404(IntakeRule, pk=pk)
    if request.method != "POST":
        return _form(request, rule)
    return done(
        request,
        lambda: ruling.change_rule(
            rule, _entries(request), actor=request.actor, version=version_of(request)
        ),
        _("Saved."),
        reverse("intake-rules"),
        lambda reason: _form(request, rule, reason, 422),
    )


@require_POST
def lift(request: PersonRequest, pk: int) -> HttpResponse:
    """One place up."""
    must_may(request, "edit", "intake")
    ruling.raise_rule(get_object_or_404(IntakeRule, pk=pk), actor=request.actor)
    return redirect("intake-rules")


@require_POST
def remove(request: PersonRequest, pk: int) -> HttpResponse:
    must_may(request, "delete", "intake")
    ruling.remove_rule(get_object_or_404(IntakeRule, pk=pk), actor=request.actor)
    messages.success(request, _("The rule is gone."))
    return redirect("intake-rules")


def _entries(request: PersonRequest) -> dict[str, Any]:
    priority = request.POST.get("priority", "")
    return {
        "words": ruling.words_of(typed(request, "words", LONGEST_WORDS)),
        "type": typed(request, "type", 20),
        "priority": int(priority) if priority in dict(priorities()) else None,
        "department": department_of(request),
    }


def _list(request: PersonRequest, refusal: str = "", status: int = 200) -> HttpResponse:
    rules = IntakeRule.objects.select_related("department")[: ruling.MOST_RULES]
    about = {
        "rows": list(rules),
        "refusal": refusal,
        "rule": None,
        "typed": request.POST,
        "tabs": tabs_of("rules"),
        "may_edit": request.actor.may("edit", "intake"),
        **_choices(),
    }
    return render(request, "intake/rules.html", about, status=status)


def _form(
    request: PersonRequest, rule: IntakeRule, refusal: str = "", status: int = 200
) -> HttpResponse:
    about = {
        "rule": rule,
        "refusal": refusal,
        "words": ", ".join(rule.words),
        "typed": request.POST,
        **_choices(),
    }
    return render(request, "intake/rule.html", about, status=status)


def _choices() -> dict[str, Any]:
    return {"types": types(), "priorities": priorities(), "departments": departments()}
