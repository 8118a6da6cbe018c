"""Who gets what: the rules for new tickets and needs, and what departments agreed with each other."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from kezhi.accounts.models import Department, User
from kezhi.catalog.models import Category
from kezhi.core.ids import record_id
from kezhi.core.refusal import Refused
from kezhi.service.models import InternalLevel, RoutingRule, Ticket
from kezhi.service.needs.finding import delete_rule, save_rule
from kezhi.service.needs.requesting import delete_level, save_level
from kezhi.web.answering import done
from kezhi.web.requests import PersonRequest, must_may, typed, typed_number

MOST = 300


@require_http_methods(["GET", "HEAD", "POST"])
def rules(request: PersonRequest) -> HttpResponse:
    """GET: all rules in their order, and the one of `?rule=` in the form. POST: it is saved, or a new one."""
    must_may(request, "edit" if request.method == "POST" else "read", "service_level")
    chosen = _chosen(request, RoutingRule, "rule")
    if request.method != "POST":
        return _rules_page(request, chosen)
    return done(
        request,
        lambda: save_rule(chosen, _rule(request), actor=request.actor),
        _("Saved."),
        reverse("routing-rules"),
        lambda refusal: _rules_page(request, chosen, refusal),
    )


@require_POST
def drop_rule(request: PersonRequest, pk: int) -> HttpResponse:
    must_may(request, "edit", "service_level")
    delete_rule(get_object_or_404(RoutingRule, pk=pk), actor=request.actor)
    messages.success(request, _("Deleted."))
    return redirect("routing-rules")


@require_http_methods(["GET", "HEAD", "POST"])
def agreements(request: PersonRequest) -> HttpResponse:
    """As `rules`, of what departments agreed."""
    must_may(request, "edit" if request.method == "POST" else "read", "service_level")
    chosen = _chosen(request, InternalLevel, "level")
    if request.method != "POST":
        return _agreements_page(request, chosen)
    return done(
        request,
        lambda: save_level(chosen, _agreement(request), actor=request.actor),
        _("Saved."),
        reverse("internal-levels"),
        lambda refusal: _agreements_page(request, chosen, refusal),
    )


@require_POST
def drop_agreement(request: PersonRequest, pk: int) -> HttpResponse:
    must_may(request, "edit", "service_level")
    delete_level(get_object_or_404(InternalLevel, pk=pk), actor=request.actor)
    messages.success(request, _("Deleted."))
    return redirect("internal-levels")


def _chosen(request: PersonRequest, model: Any, name: str) -> Any:
    wanted = request.GET.get(name) or request.POST.get(name, "")
    return get_object_or_404(model, pk=record_id(wanted)) if wanted else None


def _rule(request: PersonRequest) -> dict[str, Any]:
    position = typed(request, "position", 5) or "100"
    if not position.isdecimal():
        raise Refused(_("Enter a whole number as the place in the order."))
    words = typed(request, "words", 2000).replace("，", ",").replace("、", ",")
    return {
        "name": typed(request, "name", 200),
        "position": int(position),
        "is_active": request.POST.get("is_active") == "1",
        "types": [each for each in Ticket.Type.values if each in request.POST.getlist("types")],
        "words": words.split(","),
        "category": _one(Category, request, "category"),
        "requesting": _one(Department, request, "requesting"),
        "person": _one(User, request, "person"),
        "department": _one(Department, request, "department"),
        "skill": typed(request, "skill", 40),
    }


def _agreement(request: PersonRequest) -> dict[str, Any]:
    providing = _one(Department, request, "providing")
    if providing is None:
        raise Refused(_("Choose the department that provides it."))
    return {
        "providing": providing,
        "requesting": _one(Department, request, "requesting"),
        "first_answer_minutes": _minutes(request, "first_answer"),
        "solution_minutes": _minutes(request, "solution"),
        "measure": "calendar" if request.POST.get("measure") == "calendar" else "business",
        "agreement": typed(request, "agreement", 300),
    }


def _minutes(request: PersonRequest, name: str) -> int | None:
    text = typed(request, name, 20)
    if not text:
        return None
    number = typed_number(text)
    if number is None or not 0 < number <= 8784:
        raise Refused(_("Enter hours, such as 4 or 0.5."))
    return round(number * 60)


def _one(model: Any, request: PersonRequest, name: str) -> Any:
    return model.objects.filter(pk=record_id(request.POST.get(name, ""))).first()


def _rules_page(
    request: PersonRequest, chosen: RoutingRule | None, refusal: str = ""
) -> HttpResponse:
    related = ("person", "department", "category", "requesting")
    rows = RoutingRule.objects.select_related(*related).order_by("position", "pk")[:MOST]
    about = {
        "rows": rows,
        "chosen": chosen,
        "of": _typed_or(request, chosen, refusal),
        "types": Ticket.Type.choices,
        "people": _pairs(User.objects.active().order_by("name_key")),
        "departments": _pairs(Department.objects.order_by("path")),
        "categories": _pairs(Category.objects.order_by("name")),
        "may_edit": request.actor.may("edit", "service_level"),
        "refusal": refusal,
    }
    return render(request, "service_levels/rules.html", about, status=422 if refusal else 200)


def _agreements_page(
    request: PersonRequest, chosen: InternalLevel | None, refusal: str = ""
) -> HttpResponse:
    rows = InternalLevel.objects.select_related("providing", "requesting").order_by("pk")[:MOST]
    about = {
        "rows": rows,
        "chosen": chosen,
        "of": _typed_or(request, chosen, refusal),
        "departments": _pairs(Department.objects.order_by("path")),
        "may_edit": request.actor.may("edit", "service_level"),
        "refusal": refusal,
    }
    return render(request, "service_levels/agreements.html", about, status=422 if refusal else 200)


def _typed_or(request: PersonRequest, chosen: Any, refusal: str) -> dict[str, Any]:
    """What the form shows: what was typed when it was refused, else the row, else a new one."""
    if refusal:
        typed_now: dict[str, Any] = {name: request.POST[name] for name in request.POST}
        return typed_now | {"types": request.POST.getlist("types")}
    if isinstance(chosen, RoutingRule):
        ids = ("category", "requesting", "person", "department")
        kept = {name: str(getattr(chosen, f"{name}_id") or "") for name in ids}
        plain = {name: getattr(chosen, name) for name in ("name", "position", "skill", "types")}
        return kept | plain | {"words": ", ".join(chosen.words), "is_active": chosen.is_active}
    if isinstance(chosen, InternalLevel):
        return {
            "providing": str(chosen.providing.pk),
            "requesting": str(chosen.requesting.pk) if chosen.requesting else "",
            "first_answer": _hours(chosen.first_answer_minutes),
            "solution": _hours(chosen.solution_minutes),
            "measure": chosen.measure,
            "agreement": chosen.agreement,
        }
    return {"is_active": True, "types": [], "position": 100}


def _hours(minutes: int | None) -> str:
    return f"{float(Decimal(minutes) / 60):g}" if minutes else ""


def _pairs(rows: Any) -> list[tuple[str, str]]:
    return [(str(pk), name) for pk, name in rows.values_list("pk", "name")[:500]]
