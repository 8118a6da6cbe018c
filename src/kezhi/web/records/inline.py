"""One entry of a record changed where it stands: a cell of a list, a line of a property panel."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from kezhi.audit.recording import listening
from kezhi.core.refusal import EditConflict, NotAllowed, Refused
from kezhi.records import Field, Kind
from kezhi.web.records.access import of_kind, visible
from kezhi.web.records.cells import cell, properties, title_of
from kezhi.web.records.editing import changes_of, version_of
from kezhi.web.records.forms import RecordForm
from kezhi.web.records.lists import opened
from kezhi.web.records.undo import undo_url
from kezhi.web.requests import PersonRequest
from kezhi.web.toasts import toast
from kezhi.workbench.customizing import linking


@require_http_methods(["GET", "POST"])
@of_kind
def edit(request: PersonRequest, kind: Kind, pk: int, field: str) -> HttpResponse:
    """GET: the control in the cell's place. POST: the saved row (or panel line), or the control with its error.

    Without script the record's form serves, at this field.
    """
    if kind.edit is None or field not in kind:
        raise Http404
    each = kind.field(field)
    record = visible(request, kind, pk, "edit")
    if not each.is_editable:
        raise PermissionDenied
    if not request.htmx:
        return HttpResponseRedirect(f"/{kind.address}/{pk}/edit/#f-{each.name}")
    form = RecordForm.of(request, kind, record, only=[each.name])
    if request.method == "GET":
        return _control(request, kind, record, form)
    if not form.read(request.POST).is_valid:
        return _control(request, kind, record, form, status=422)
    changes = changes_of(kind, form, record)
    try:
        with listening() as keys:
            if changes:
                kind.edit(
                    record,
                    changes,
                    actor=request.actor,
                    on=request.today,
                    version=version_of(request),
                )
    except EditConflict:
        fresh = visible(request, kind, pk, "edit")
        return _control(request, kind, fresh, form, theirs=cell(each, fresh), status=409)
    except NotAllowed:
        raise
    except Refused as refusal:
        return _control(request, kind, record, form, refusal=str(refusal), status=409)
    saved = _saved(request, kind, pk, each)
    if not keys:
        return saved
    told = _("%(name)s is saved") % {"name": title_of(kind, record)}
    return toast(saved, told, undo=undo_url(keys, request.actor))


def _saved(request: PersonRequest, kind: Kind, pk: int, each: Field) -> HttpResponse:
    """What takes the control's place: the whole row, because other columns may follow from the entry."""
    row = kind.visible_to(request.actor).select_related(*kind.select_related).filter(pk=pk).first()
    if row is None:  # the change took it out of sight
        return HttpResponse("", headers={"HX-Reswap": "delete"})
    linking.attach([row], [each], request.actor)
    if "panel" in request.GET:
        about = {"cell": properties(kind, row, [each.name])[0]}
        return render(request, "records/_property.html", about)
    return HttpResponse(opened(request, kind).row_of(row))


def _control(
    request: PersonRequest,
    kind: Kind,
    record: Any,
    form: RecordForm,
    *,
    refusal: str = "",
    theirs: Any = None,
    status: int = 200,
) -> HttpResponse:
    control = next(iter(form.controls.values()))
    about = {
        "kind": kind,
        "record": record,
        "control": control,
        "title": title_of(kind, record),
        "error": control.error or refusal,
        "theirs": theirs,
        "action": request.get_full_path(),
        "is_panel": "panel" in request.GET,
    }
    response = render(request, "records/_inline.html", about, status=status)
    if request.method == "POST":
        # The form aims at the row; its own error belongs into the cell.
        response.headers["HX-Retarget"] = "[data-editing]"
        response.headers["HX-Reswap"] = "innerHTML"
    return response
