"""A program's own webhooks: set up, changed, paused, tried and sent again, by the deeds of the settings.

A program sees those of its integration and no others; of the messages only those that were sent to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef
from django.http import HttpResponse
from django.utils.translation import gettext as _

from kezhi.accounts.models import Integration
from kezhi.api.calling import Call, answered
from kezhi.api.entries import LARGEST, Wrong, moment, must_be_right
from kezhi.api.problems import Problem, not_found
from kezhi.api.records import done, etag, expected_version
from kezhi.core.actor import Actor
from kezhi.core.ids import record_id
from kezhi.messaging.models import Delivery, Webhook
from kezhi.messaging.webhooks import keeping
from kezhi.messaging.webhooks.listening import offered
from kezhi.messaging.webhooks.messages import message_id

MEMBERS = ("name", "url", "deeds", "fields")
DEMANDED = ("name", "url", "deeds")
OF_REPLAY = ("deliveries", "since", "until")
MOST = 100
MOST_CHOSEN = 1_000
TOLD_STATES = [state for state in Delivery.State.values if state != Delivery.State.WITHHELD]

# ---- reading ----


def listed(call: Call) -> HttpResponse:
    found = _mine(call).order_by("name", "pk")[: keeping.MOST_WEBHOOKS]
    return answered({"items": [_told(each) for each in found]})


def show(call: Call) -> HttpResponse:
    webhook = _of(call)
    return answered(_told(webhook), headers=etag(webhook))


def deliveries(call: Call) -> HttpResponse:
    """The latest first. What was withheld, or wasn't tried yet, may be about what the program doesn't see."""
    webhook = _of(call)
    for name in call.request.GET:
        if name not in ("state", "before", "limit"):
            raise Problem(
                "bad-request", _("There is no parameter “%(name)s” here.") % {"name": name[:60]}
            )
    rows = webhook.deliveries.exclude(tries=[]).exclude(state=Delivery.State.WITHHELD)
    if "state" in call.request.GET:
        if call.parameter("state") not in TOLD_STATES:
            raise Problem("bad-request", _("There is no such state."))
        rows = rows.filter(state=call.parameter("state"))
    before = record_id(call.parameter("before", str(LARGEST)))
    limit = record_id(call.parameter("limit", str(MOST)))
    if before is None or limit is None or not 1 <= limit <= MOST:
        raise Problem("bad-request", _("limit is a number from 1 to %(most)d.") % {"most": MOST})
    found = list(rows.filter(pk__lt=before).order_by("-pk")[: limit + 1])
    next_before = found[limit - 1].pk if len(found) > limit else None
    return answered({"items": [_message(each) for each in found[:limit]], "next": next_before})


# ---- deeds ----


def create(call: Call) -> HttpResponse:
    """The secret stands in this answer and nowhere else."""
    fields = _fields(call)
    must_be_right([(f"/{name}", _("Fill this in.")) for name in DEMANDED if name not in fields])
    mine = Integration.objects.select_related("owner").get(pk=call.program.pk)
    made = done(lambda: keeping.create_webhook(mine, fields, actor=call.actor, at=call.at))
    place = {"Location": f"/api/v1/webhooks/{made.webhook.pk}"}
    told = {**_told(made.webhook), "secret": made.secret}
    return answered(told, 201, etag(made.webhook) | place)


def edit(call: Call) -> HttpResponse:
    webhook, version = _of(call), expected_version(call)
    fields = _fields(call, known=webhook.deeds)
    if version is not None and version != webhook.version:
        raise Problem("changed-meanwhile", _("Somebody changed it since. Read it again."))
    if fields:
        done(lambda: keeping.change_webhook(webhook, fields, actor=call.actor, version=version))
    fresh = _of(call)
    return answered(_told(fresh), headers=etag(fresh))


def remove(call: Call) -> HttpResponse:
    webhook, version = _of(call), expected_version(call, is_demanded=True)
    if version is not None and version != webhook.version:
        raise Problem("changed-meanwhile", _("Somebody changed it since. Read it again."))
    done(lambda: keeping.delete_webhook(webhook, actor=call.actor))
    return HttpResponse(status=204)


def pause(call: Call) -> HttpResponse:
    return _deed(call, keeping.pause_webhook)


def resume(call: Call) -> HttpResponse:
    return _deed(call, keeping.resume_webhook)


def ping(call: Call) -> HttpResponse:
    webhook = _of(call)
    call.object("")  # takes nothing
    return answered(_message(done(lambda: keeping.ping(webhook, actor=call.actor, at=call.at))))


def rotate(call: Call) -> HttpResponse:
    webhook = _of(call)
    call.object("")
    made = done(lambda: keeping.rotate_secret(webhook, actor=call.actor, at=call.at))
    fresh = _of(call)
    return answered({**_told(fresh), "secret": made.secret}, headers=etag(fresh))


def replay(call: Call) -> HttpResponse:
    """`deliveries`, or what happened from `since` to `until`."""
    webhook, body = _of(call), call.object(*OF_REPLAY)
    chosen, wrong = body.get("deliveries", []), []
    if not _is_list(chosen, _is_id, MOST_CHOSEN):
        wrong.append(("/deliveries", _("Send a list of ids, at most %(most)d.") % _most()))
    moments: dict[str, datetime] = {}
    for name in ("since", "until"):
        if name in body:
            try:
                moments[name] = moment(body[name])
            except Wrong as reason:
                wrong.append((f"/{name}", str(reason)))
    must_be_right(wrong)
    count = done(
        lambda: keeping.replay(webhook, actor=call.actor, at=call.at, deliveries=chosen, **moments)
    )
    return answered({"messages": count})


def _deed(call: Call, deed: Callable[..., Webhook]) -> HttpResponse:
    webhook = _of(call)
    call.object("")
    done(lambda: deed(webhook, actor=call.actor, at=call.at))
    fresh = _of(call)
    return answered(_told(fresh), headers=etag(fresh))


# ---- what is sent ----


def choices(actor: Actor) -> Iterator[str]:
    """The deeds that a program may be told of: those on kinds that it reads, and those on many records."""
    for kind, deeds in offered().items():
        if not kind or actor.may("read", kind):
            yield from deeds


def _fields(call: Call, known: Sequence[str] = ()) -> dict[str, Any]:
    """Of the right form; whether it fits is for the deed to say."""
    body, wrong = call.object(*MEMBERS), []
    for name in ("name", "url"):
        if name in body and not (isinstance(body[name], str) and body[name].strip()):
            wrong.append((f"/{name}", _("Send a text.")))
    if "deeds" in body:
        may_choose = {*choices(call.actor), *known}
        fits = _is_list(body["deeds"], may_choose.__contains__, len(may_choose))
        if not fits or not body["deeds"]:
            wrong.append(("/deeds", _("Choose what it tells of, as the description names it.")))
    if "fields" in body and not _is_choice_of_fields(body["fields"]):
        wrong.append(("/fields", _("Send names of fields by kind of record.")))
    must_be_right(wrong)
    return body


def _is_choice_of_fields(sent: Any) -> bool:
    return isinstance(sent, Mapping) and all(
        _is_list(names, lambda name: isinstance(name, str), MOST_CHOSEN) for names in sent.values()
    )


def _is_list(sent: Any, fits: Callable[[Any], bool], most: int) -> bool:
    """Whether it is a list of things that fit; members that can't even be compared don't."""
    plain = isinstance(sent, list) and len(sent) <= most
    return plain and all(isinstance(each, (str, int)) and fits(each) for each in sent)


def _is_id(sent: Any) -> bool:
    return isinstance(sent, int) and not isinstance(sent, bool) and 0 <= sent <= LARGEST


def _most() -> dict[str, int]:
    return {"most": MOST_CHOSEN}


# ---- what is answered ----


def _mine(call: Call) -> Any:
    tried = Delivery.objects.waiting().filter(webhook=OuterRef("pk"), attempts__gt=0)
    rows = Webhook.objects.filter(integration=call.program.pk)
    return rows.annotate(is_retrying=Exists(tried))


def _of(call: Call) -> Webhook:
    pk = record_id(call.parts["id"])
    found: Webhook | None = _mine(call).filter(pk=pk).first() if pk is not None else None
    if found is None:
        raise not_found()
    return found


def _told(webhook: Webhook) -> dict[str, Any]:
    return {
        "id": webhook.pk,
        "name": webhook.name,
        "url": webhook.url,
        "deeds": webhook.deeds,
        "fields": webhook.fields,
        "state": webhook.state,
        "paused_because": webhook.pause or None,
        "paused_at": _at(webhook.paused_at),
        "is_retrying": getattr(webhook, "is_retrying", False),
        "failing_since": _at(webhook.failing_since),
        "delivered_at": _at(webhook.delivered_at),
        "created_at": _at(webhook.created_at),
        "version": webhook.version,
    }


def _message(delivery: Delivery) -> dict[str, Any]:
    is_waiting = delivery.state == Delivery.State.WAITING
    return {
        "id": delivery.pk,
        "message": message_id(delivery),
        "type": delivery.deed,
        "kind": delivery.kind or None,
        "record": delivery.object_id,
        "happened_at": _at(delivery.happened_at),
        "state": delivery.state,
        "attempts": delivery.attempts,
        "next_at": _at(delivery.next_at) if is_waiting else None,
        "ended_at": _at(delivery.ended_at),
        "tries": delivery.tries,
        "answer": delivery.response,
    }


def _at(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None
