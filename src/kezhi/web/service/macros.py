"""Macros as people keep them: their own, and those that all colleagues use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kezhi.accounts.models import User
from kezhi.core.actor import Scope
from kezhi.core.ids import record_id, record_ids
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.messaging import merging
from kezhi.service.models import Macro, Ticket
from kezhi.service.tickets import macros
from kezhi.service.tickets.changing import CHOSEN
from kezhi.web.requests import PersonRequest, must_may, typed
from kezhi.workbench.models import Tag

MOST = 300


@require_safe
def index(request: PersonRequest) -> HttpResponse:
    must_may(request, "read", "macro")
    rows = Macro.objects.visible_to(request.actor).select_related("owner").order_by("name")[:MOST]
    about = {"rows": list(rows), "may_add": request.actor.may("create", "macro")}
    return render(request, "service/macros.html", about)


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: PersonRequest) -> HttpResponse:
    must_may(request, "create", "macro")
    macro = Macro(owner=request.actor)
    return _edited(request, macro, lambda entries: macros.add_macro(entries, actor=request.actor))


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: PersonRequest, pk: int) -> HttpResponse:
    must_may(request, "read", "macro")
    macro = get_object_or_404(Macro.objects.visible_to(request.actor), pk=pk)
    if request.method == "POST" and not _may(request, macro, "edit"):
        raise PermissionDenied
    version = request.POST.get("version", "")
    number = int(version) if version.isdecimal() and len(version) < 10 else 0
    return _edited(
        request,
        macro,
        lambda entries: macros.change_macro(macro, entries, actor=request.actor, version=number),
    )


@require_POST
def remove(request: PersonRequest, pk: int) -> HttpResponse:
    must_may(request, "read", "macro")
    macro = get_object_or_404(Macro.objects.visible_to(request.actor), pk=pk)
    if not _may(request, macro, "delete"):
        raise PermissionDenied
    macros.delete_macro(macro, actor=request.actor)
    messages.success(request, _("The macro is gone"))
    return redirect("macros")


def _may(request: PersonRequest, macro: Macro, action: str) -> bool:
    return Macro.objects.visible_to(request.actor, action).filter(pk=macro.pk).exists()


def _edited(
    request: PersonRequest, macro: Macro, save: Callable[[dict[str, Any]], Macro]
) -> HttpResponse:
    if request.method != "POST":
        return _form(request, macro)
    try:
        save(_entries(request, macro))
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    except Refused as refusal:
        # What was typed stands in the form again, unsaved.
        for name, entry in _entries(request, macro).items():
            setattr(macro, name, entry)
        return _form(request, macro, str(refusal), 422)
    messages.success(request, _("Saved."))
    return redirect("macros")


def _entries(request: PersonRequest, macro: Macro) -> dict[str, Any]:
    priority = request.POST.get("priority", "")
    worker = record_id(request.POST.get("assignee", ""))
    entries: dict[str, Any] = {
        "name": typed(request, "name", 80),
        "sort": request.POST.get("sort", "")[:5],
        "text": typed(request, "text", macros.LONGEST),
        "state": request.POST.get("state", "")[:10],
        "priority": int(priority) if priority.isdecimal() and len(priority) == 1 else None,
        "takes": request.POST.get("assignee") == "me",
        "assignee": User.objects.active().filter(pk=worker).first() if worker is not None else None,
        "tags": record_ids(request.POST.getlist("tags")[:50]),
    }
    if request.actor.scope("edit", "macro") is Scope.ALL:
        entries["is_shared"] = request.POST.get("is_shared") == "1"
    return entries


def _form(
    request: PersonRequest, macro: Macro, refusal: str = "", status: int = 200
) -> HttpResponse:
    actor = request.actor
    people = User.objects.active().order_by("name_key").values_list("pk", "name")[:500]
    about = {
        "macro": macro,
        "refusal": refusal,
        "sorts": Macro.Sort.choices,
        "states": [(key, label) for key, label in Ticket.State.choices if key in CHOSEN],
        "priorities": Ticket.Priority.choices,
        "people": [("me", _("Whoever uses the macro")), *((str(pk), name) for pk, name in people)],
        "tags": list(Tag.objects.visible_to(actor).order_by("name")[:200])
        if actor.may("read", "tag")
        else [],
        "fields": [("{{" + name + "}}", label) for name, label in merging.FIELDS.items()],
        "may_share": actor.scope("edit", "macro") is Scope.ALL,
        "may_edit": macro.pk is None or _may(request, macro, "edit"),
        "may_delete": macro.pk is not None and _may(request, macro, "delete"),
    }
    return render(request, "service/macro.html", about, status=status)
