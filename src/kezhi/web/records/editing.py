"""Records created, changed and deleted by their forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from kezhi.audit.recording import listening
from kezhi.core.refusal import EditConflict, NotAllowed, Refused
from kezhi.records import Kind
from kezhi.web.duplicates.checking import CHECKS, Doubt, about_saving, doubt_about
from kezhi.web.records.access import of_kind, visible
from kezhi.web.records.cells import Cell, cell, title_of
from kezhi.web.records.forms import RecordForm
from kezhi.web.records.undo import say, undo_url
from kezhi.web.requests import PersonRequest, must_may
from kezhi.web.ways import is_ours
from kezhi.workbench.holding import held


@dataclass(frozen=True)
class Difference:
    """A field on which what was typed and what somebody else saved meanwhile disagree."""

    theirs: Cell
    typed: str


@require_http_methods(["GET", "POST"])
@of_kind
def create(request: PersonRequest, kind: Kind) -> HttpResponse:
    """The form, with what the address suggests (`?customer=7`); POST creates."""
    if kind.create is None:
        raise Http404
    must_may(request, "create", kind.name)
    form = RecordForm.of(request, kind)
    if request.method == "GET":
        return _form(request, kind, form)
    if "find" in request.POST:
        return _form(request, kind, form.searching(request.POST))
    if not form.read(request.POST).is_valid:
        return _form(request, kind, form, status=422)
    if doubt := doubt_about(request, kind, _given(kind, form)):
        return _form(request, kind, form, doubt=doubt, status=422)
    try:
        record = kind.create(
            _given(kind, form),
            actor=request.actor,
            on=request.today,
            **about_saving(request, kind),
        )
    except NotAllowed:
        raise
    except Refused as refusal:
        return _form(request, kind, form, refusal=str(refusal), status=409)
    title = title_of(kind, record)
    messages.success(request, _("%(name)s is saved") % {"name": title})
    return HttpResponseRedirect(_onwards(request, kind.url_of(record)))


@require_http_methods(["GET", "POST"])
@of_kind
def edit(request: PersonRequest, kind: Kind, pk: int) -> HttpResponse:
    """The form of a record; POST saves what was changed in it, unless somebody else was quicker."""
    if kind.edit is None:
        raise Http404
    record = visible(request, kind, pk, "edit")
    form = RecordForm.of(request, kind, record)
    if request.method == "GET":
        return _form(request, kind, form, record)
    if "find" in request.POST:
        return _form(request, kind, form.searching(request.POST), record)
    if not form.read(request.POST).is_valid:
        return _form(request, kind, form, record, status=422)
    if doubt := doubt_about(request, kind, form.entries, record):
        return _form(request, kind, form, record, doubt=doubt, status=422)
    try:
        with listening() as keys:
            saved = kind.edit(
                record,
                changes_of(kind, form, record),
                actor=request.actor,
                on=request.today,
                version=version_of(request),
                **about_saving(request, kind),
            )
    except EditConflict as conflict:
        fresh = visible(request, kind, pk, "edit")
        differences = _differences(kind, form, fresh)
        return _form(request, kind, form, fresh, str(conflict), differences, status=409)
    except NotAllowed:
        raise
    except Refused as refusal:
        return _form(request, kind, form, record, str(refusal), status=409)
    told = _("%(name)s is saved") % {"name": title_of(kind, saved)}
    say(request, told, undo_url(keys, request.actor))
    return HttpResponseRedirect(_onwards(request, kind.url_of(record)))


@require_http_methods(["GET", "POST"])
@of_kind
def remove(request: PersonRequest, kind: Kind, pk: int) -> HttpResponse:
    """A page that asks; POST deletes. For ten minutes it can be undone."""
    if kind.delete is None:
        raise Http404
    record = visible(request, kind, pk, "delete")
    title = title_of(kind, record)
    about = {"kind": kind, "record": record, "title": title, "refusal": ""}
    if request.method == "GET":
        return render(request, "records/removal.html", about)
    try:
        with listening() as keys:
            kind.delete(record, actor=request.actor, on=request.today)
    except NotAllowed:
        raise
    except Refused as refusal:
        about["refusal"] = str(refusal)
        return render(request, "records/removal.html", about, status=409)
    say(request, _("%(name)s is deleted") % {"name": title}, undo_url(keys, request.actor))
    return HttpResponseRedirect(f"/{kind.address}/")


def _form(
    request: PersonRequest,
    kind: Kind,
    form: RecordForm,
    record: Any = None,
    refusal: str = "",
    differences: list[Difference] | None = None,
    doubt: Doubt | None = None,
    status: int = 200,
) -> HttpResponse:
    about = {
        "kind": kind,
        "sections": form.sections,
        "record": record,
        "title": title_of(kind, record) if record is not None else "",
        "refusal": refusal,
        "differences": differences or [],
        "doubt": doubt,
        "is_checked": kind.name in CHECKS,
        "next": request.POST.get("next") or request.GET.get("next", ""),
    }
    return render(request, "records/form.html", about, status=status)


def _given(kind: Kind, form: RecordForm) -> dict[str, Any]:
    """What was filled in; the rest is left to the model's defaults."""
    return {name: entry for name, entry in form.entries.items() if entry not in (None, "", [])}


def changes_of(kind: Kind, form: RecordForm, record: Any) -> dict[str, Any]:
    """What was typed and isn't so already."""
    changes = {}
    for name, entry in form.entries.items():
        before = held(record, kind.field(name))
        if (entry if entry not in ("", []) else None) != before:
            changes[name] = entry
    return changes


def version_of(request: PersonRequest) -> int:
    """The version that the person saw; none of ours when it isn't given."""
    version = request.POST.get("version", "")
    return int(version) if version.isdecimal() and len(version) < 10 else 0


def _differences(kind: Kind, form: RecordForm, fresh: Any) -> list[Difference]:
    found = []
    for name in changes_of(kind, form, fresh):
        control = form.controls[name]
        entry = form.entries[name]
        typed = _("yes") if entry is True else _("no") if entry is False else str(entry or "")
        if isinstance(entry, list):
            labels = dict(control.options)
            # A choice is known by its key; a tag, which may be a new one, is a thing of its own.
            typed = ", ".join(
                str(labels.get(part, part) if isinstance(part, str) else part) for part in entry
            )
        if control.kind == "select":
            typed = str(dict(control.options).get(control.typed, typed))
        found.append(Difference(cell(kind.field(name), fresh), typed))
    return found


def _onwards(request: PersonRequest, otherwise: str) -> str:
    """Back to the page that asked, if it is one of ours."""
    wanted = request.POST.get("next", "")
    return wanted if is_ours(wanted) else otherwise
