"""Files on records of every kind that keeps them: listed, brought, fetched and removed by the pages' deeds.

Who sees the record sees its files; who may change it brings and removes them. A file is only ever saved:
whatever it is, it comes back as bytes of no type, in a sandbox.
"""

from __future__ import annotations

from typing import Any

from django.http import FileResponse, HttpResponse

from kezhi.accounts.models import User
from kezhi.api.calling import Call, answered
from kezhi.api.leafing import only_parameters
from kezhi.api.problems import Problem, not_found
from kezhi.api.records import done, visible
from kezhi.api.taking import take
from kezhi.api.writing import moment
from kezhi.core.ids import record_id
from kezhi.workbench.attaching import (
    StoreFull,
    attach,
    attachments_of,
    path_of,
    remove_attachment,
    restore_attachment,
)
from kezhi.workbench.models import Attachment

SEALED = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
}


def show_all(call: Call, kind_name: str) -> HttpResponse:
    """All files of the record, the newest first."""
    only_parameters(call)
    record = visible(call, call.kind(kind_name))
    found = attachments_of(kind_name, record.pk)
    take(len(found), call)
    return answered({"items": [_told(each, each.brought_by) for each in found]})  # type: ignore[attr-defined] # annotated there


def add(call: Call, kind_name: str) -> HttpResponse:
    kind = call.kind(kind_name)
    record = visible(call, kind, "edit")
    upload = call.upload

    def kept() -> Attachment:
        try:
            return attach(
                record, upload.name, upload.chunks(), kind=kind_name, actor=call.actor, at=call.at
            )
        except StoreFull as full:
            raise Problem("no-room", str(full)) from full

    made = done(kept)
    headers = {"Location": f"/api/v1/{kind.address}/{record.pk}/files/{made.pk}"}
    return answered(_told(made, call.actor.name), 201, headers)


def fetch(call: Call, kind_name: str) -> FileResponse:
    """The file itself."""
    only_parameters(call)
    attachment = _one(call, kind_name, "read")
    path = path_of(attachment.stored_as)
    if not path.is_file():
        raise not_found()
    take(1, call)
    return FileResponse(
        path.open("rb"),
        as_attachment=True,
        filename=attachment.name,
        content_type="application/octet-stream",
        headers=SEALED,
    )


def remove(call: Call, kind_name: str) -> HttpResponse:
    """Off the record at once; it can be brought back for a day."""
    attachment = _one(call, kind_name, "edit")
    done(lambda: remove_attachment(attachment, actor=call.actor, at=call.at))
    return HttpResponse(status=204)


def restore(call: Call, kind_name: str) -> HttpResponse:
    attachment = _one(call, kind_name, "edit", is_removed=True)
    call.object("")  # takes nothing
    done(lambda: restore_attachment(attachment, actor=call.actor, at=call.at))
    person = User.objects.filter(pk=attachment.created_by_id).first()
    return answered(_told(attachment, person.name if person is not None else None))


def _one(call: Call, kind_name: str, action: str, *, is_removed: bool = False) -> Attachment:
    record = visible(call, call.kind(kind_name), action)
    pk = record_id(call.parts["file"])
    rows = Attachment.objects.filter(
        kind=kind_name, object_id=record.pk, removed_at__isnull=not is_removed
    )
    found = rows.defer("text").filter(pk=pk).first() if pk is not None else None
    if found is None:
        raise not_found()
    return found


def _told(each: Attachment, brought_by: str | None) -> dict[str, Any]:
    by = {"id": each.created_by_id, "name": brought_by} if brought_by else None
    return {
        "id": each.pk,
        "name": each.name,
        "media_type": each.media_type,
        "size": each.size,
        "sha256": each.sha256,
        "created_at": moment(each.created_at),
        "created_by": by,
    }
