"""A list as a file."""

from __future__ import annotations

from urllib.parse import quote

from django.http import (
    FileResponse,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.views.decorators.http import require_POST

from kezhi.core.ids import record_ids
from kezhi.core.refusal import Refused
from kezhi.records import Kind
from kezhi.web.records.access import of_kind
from kezhi.web.records.lists import opened
from kezhi.web.requests import PersonRequest, must_may
from kezhi.workbench.exporting import export

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@require_POST
@of_kind
def download(request: PersonRequest, kind: Kind) -> HttpResponseBase:
    """POST format (csv, xlsx), all_fields, and `selected` ids where only those are wanted."""
    must_may(request, "export", kind.name)
    listing = opened(request, kind)
    form = request.POST.get("format", "csv")
    selected = record_ids(request.POST.getlist("selected")[:1000])
    if form not in TYPES:
        return HttpResponse(status=400)
    if listing.problems:
        return HttpResponseRedirect(listing.query.url())
    rows = listing.ordered("export")
    if "all" in request.POST:
        selected = []
    if selected:
        rows = rows.filter(pk__in=selected)
    fields = list(kind.fields) if "all_fields" in request.POST else listing.query.columns
    try:
        content = export(
            kind,
            rows,
            fields,
            actor=request.actor,
            zone=request.company.zone,
            form=form,
            query=listing.query.shape.query()[:500],
            is_selection=bool(selected),
        )
    except Refused as refusal:
        return HttpResponse(str(refusal), status=409, content_type="text/plain; charset=utf-8")
    name = f"{kind.label_plural}-{request.today.isoformat()}.{form}"
    if form == "xlsx":
        return FileResponse(content, as_attachment=True, filename=name, content_type=TYPES[form])
    response = StreamingHttpResponse(content, content_type=TYPES[form])
    response.headers["Content-Disposition"] = f"attachment; filename*=utf-8''{quote(name)}"
    return response
