"""A file for somebody outside the company: saved, never shown."""

from __future__ import annotations

from django.http import FileResponse, Http404

from kezhi.web.attachments.views import sealed
from kezhi.workbench.attaching import path_of
from kezhi.workbench.models import Attachment


def handed_out(attachment: Attachment | None) -> FileResponse:
    """As an attachment of no type that a browser would run, in a sandbox; 404 where there is none.

    Whoever calls has found the file by what the visitor may have.
    """
    path = path_of(attachment.stored_as) if attachment is not None else None
    if attachment is None or path is None or not path.is_file():
        raise Http404
    response = FileResponse(
        path.open("rb"),
        as_attachment=True,
        filename=attachment.name,
        content_type="application/octet-stream",
    )
    return sealed(response)
