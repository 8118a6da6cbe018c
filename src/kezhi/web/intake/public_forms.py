"""Public forms as those see them who make them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kezhi.core.refusal import Refused
from kezhi.service.intake import publishing
from kezhi.service.models import ServiceForm, Ticket
from kezhi.web.answering import done
from kezhi.web.intake.tabs import department_of, departments, tabs_of, version_of
from kezhi.web.origin import full_address
from kezhi.web.requests import PersonRequest, must_may, typed

MOST = 100


@require_safe
def index(request: PersonRequest) -> HttpResponse:
    must_may(request, "read", "intake")
    rows = ServiceForm.objects.select_related("department").order_by("slug")[:MOST]
    about = {
        "rows": [(row, _address(request, row)) for row in rows],
        "tabs": tabs_of("forms"),
        "may_add": request.actor.may("create", "intake"),
    }
    return render(request, "intake/forms.html", about)


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: PersonRequest) -> HttpResponse:
    must_may(request, "create", "intake")
    form = ServiceForm()
    if request.method != "POST":
        return _form(request, form)
    try:
        made = publishing.add_form(_entries(request), actor=request.actor)
    except Refused as refusal:
        return _form(request, _typed(request, form), str(refusal), 422)
    messages.success(request, _("The form is there. Put its address on your site."))
    return redirect("intake-form", made.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: PersonRequest, pk: int) -> HttpResponse:
    must_may(request, "read", "intake")
    form = get_object_or_404(ServiceForm.objects.select_related("department"), pk=pk)
    if request.method != "POST":
        return _form(request, form)
    must_may(request, "edit", "intake")
    return done(
        request,
        lambda: publishing.change_form(
            form, _entries(request), actor=request.actor, version=version_of(request)
        ),
        _("Saved."),
        reverse("intake-form", args=[pk]),
        lambda reason: _form(request, _typed(request, form), reason, 422),
    )


@require_POST
def remove(request: PersonRequest, pk: int) -> HttpResponse:
    must_may(request, "delete", "intake")
    publishing.remove_form(get_object_or_404(ServiceForm, pk=pk), actor=request.actor)
    messages.success(request, _("The form is gone; its tickets stay."))
    return redirect("intake-forms")


def _entries(request: PersonRequest) -> dict[str, Any]:
    return {
        **{name: typed(request, name, publishing.LONGEST) for name in publishing.TEXTS},
        "slug": typed(request, "slug", 80),
        "department": department_of(request),
        "types": request.POST.getlist("types")[:20],
        "asked": request.POST.getlist("asked")[:20],
        "required": request.POST.getlist("required")[:20],
        "sites": typed(request, "sites", 4000).split(),
        "takes_files": bool(request.POST.get("takes_files")),
        "is_active": bool(request.POST.get("is_active")),
    }


def _typed(request: PersonRequest, form: ServiceForm) -> ServiceForm:
    """The form as it was typed, to be corrected: it isn't saved."""
    for name, entry in _entries(request).items():
        setattr(form, name, entry)
    return form


def _address(request: PersonRequest, form: ServiceForm) -> str:
    path = reverse("service-form", args=[form.slug])
    try:
        return full_address(request, path)
    except Refused:  # nobody has said yet under which address people come here
        return path


def _form(
    request: PersonRequest, form: ServiceForm, refusal: str = "", status: int = 200
) -> HttpResponse:
    types = dict(Ticket.Type.choices)
    about = {
        "form": form,
        "refusal": refusal,
        "address": _address(request, form) if form.pk else "",
        "types": [(each, types[each]) for each in publishing.OFFERED],
        "asked": ServiceForm.Asked.choices,
        "sites": "\n".join(form.sites),
        "departments": departments(),
        "may_edit": request.actor.may("edit" if form.pk else "create", "intake"),
        "may_delete": bool(form.pk) and request.actor.may("delete", "intake"),
    }
    return render(request, "intake/form_settings.html", about, status=status)
