"""A file is checked at once while that is a matter of a second, else in the background."""

from __future__ import annotations

from django.utils import timezone

from kezhi.core.refusal import NotAllowed, Refused
from kezhi.dataio import importing
from kezhi.dataio.models import ImportBatch
from kezhi.dataio.uploading import mapping_trouble
from kezhi.web.requests import PersonRequest

AT_ONCE = {"csv": 2 << 20, "workbook": 1 << 19}


def check_now_or_later(batch: ImportBatch, request: PersonRequest) -> None:
    """Check what has been matched. What stands in the way is said on the page of the import."""
    if mapping_trouble(batch) is not None:
        return
    if batch.size > AT_ONCE[batch.facts["format"]]:
        importing.queue_check(batch, actor=request.actor)
        return
    try:
        importing.check(batch, actor=request.actor, on=request.today, at=timezone.now())
    except NotAllowed:
        raise
    except Refused as refusal:
        batch.refresh_from_db()
        batch.message = str(refusal)[:500]
        batch.save(update_fields=["message"])
