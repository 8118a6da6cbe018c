"""What a deed on many records touched, page by page, for an integration whose webhook was told of it."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.utils.translation import gettext as _

from kezhi.api.calling import Call, answered
from kezhi.api.problems import Problem, not_found
from kezhi.api.taking import take
from kezhi.audit.models import Entry
from kezhi.core.ids import record_id
from kezhi.messaging.models import Delivery
from kezhi.messaging.webhooks.batches import MOST, changed_records

PARAMETERS = ("event", "after", "limit")


def changes(call: Call) -> HttpResponse:
    """Kind and ids of the records, in ascending order, as far as the integration sees them."""
    for name in call.request.GET:
        if name not in PARAMETERS:
            raise Problem(
                "bad-request", _("There is no parameter “%(name)s” here.") % {"name": name[:60]}
            )
    entry = Entry.objects.filter(key=_told(call)).first()
    if entry is None:
        raise not_found()
    after = record_id(call.parameter("after", "0"))
    limit = record_id(call.parameter("limit", str(MOST)))
    if after is None or limit is None or not 1 <= limit <= MOST:
        raise Problem("bad-request", _("limit is a number from 1 to %(most)d.") % {"most": MOST})
    kind, ids, next_after = changed_records(entry, call.actor, after, limit)
    if kind:
        call.must_may("read", kind)
    take(len(ids), call)
    return answered({"kind": kind, "ids": ids, "next": next_after})


def _told(call: Call) -> uuid.UUID:
    """The event, if a webhook of this integration was told of it; to others it doesn't exist."""
    try:
        key = uuid.UUID(call.parameter("event").removeprefix("msg_"))
    except ValueError as error:
        raise not_found() from error
    mine = Delivery.objects.filter(webhook__integration=call.program.pk, event_key=key)
    if not mine.exists():
        raise not_found()
    return key
