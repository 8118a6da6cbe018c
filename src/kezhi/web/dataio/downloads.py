"""Files that an import gives back: sample files, and the bad rows to correct."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from django.http import FileResponse, Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kezhi.core.refusal import Refused
from kezhi.dataio import correcting
from kezhi.dataio.models import ImportBatch
from kezhi.dataio.reading import Row
from kezhi.dataio.registry import kinds
from kezhi.records import registry
from kezhi.web.requests import PersonRequest, must_may

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@require_safe
def sample(request: PersonRequest, kind: str, form: str) -> HttpResponseBase:
    """A file to begin with, in the reader's language."""
    if kind not in kinds() or form not in TYPES:
        raise Http404
    must_may(request, "import", kind)
    rows = correcting.sample_rows(kind, request.LANGUAGE_CODE)
    return _file(rows, str(registry[kind].label_plural), form)


@require_safe
def bad_rows(request: PersonRequest, pk: int, form: str) -> HttpResponseBase:
    """The rows that need correction, with the reasons."""
    batch = get_object_or_404(ImportBatch.objects.visible_to(request.actor), pk=pk)
    if form not in TYPES:
        raise Http404
    must_may(request, "import", batch.kind)
    rows = correcting.bad_rows(batch)
    try:
        headings = next(rows)
    except Refused as refusal:
        return HttpResponse(str(refusal), status=409, content_type="text/plain; charset=utf-8")
    stem = Path(batch.file_name).stem[:100]
    name = _("%(file)s - rows to correct") % {"file": stem}
    return _file(_chained(headings, rows), name, form)


def _chained(first: Row, rest: Iterable[Row]) -> Iterable[Row]:
    yield first
    yield from rest


def _file(rows: Iterable[Row], name: str, form: str) -> HttpResponseBase:
    response: HttpResponseBase
    if form == "csv":
        response = StreamingHttpResponse(correcting.as_csv(rows), content_type=TYPES[form])
    else:
        with tempfile.NamedTemporaryFile(suffix=".xlsx", delete=False) as file:
            path = Path(file.name)
        try:
            correcting.as_workbook(rows, path)
            response = FileResponse(path.open("rb"), content_type=TYPES[form])
        finally:
            path.unlink()
    response.headers["Content-Disposition"] = (
        f"attachment; filename*=UTF-8''{quote(f'{name}.{form}')}"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
