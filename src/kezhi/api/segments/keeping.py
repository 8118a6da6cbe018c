"""Segments: listed with how many one sees of each, made from a filter or a selection, frozen, deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezhi.api.calling import Call, answered
from kezhi.api.entries import Wrong, reference
from kezhi.api.leafing import leafed, only_parameters
from kezhi.api.members import REFERENCE, Member, choice, listed, optional, words
from kezhi.api.problems import Problem, not_found
from kezhi.api.records import done, etag
from kezhi.api.sending import must_be_seen, sent
from kezhi.api.taking import take
from kezhi.api.writing import moment, named, who
from kezhi.core import queue
from kezhi.core.ids import record_id
from kezhi.core.saying import Told
from kezhi.customers import describing_segments, segmenting
from kezhi.customers.models import Customer, Segment
from kezhi.customers.reading_segments import NotOpen, members, why_closed
from kezhi.records import registry
from kezhi.workbench.counting import count

MOST_CONDITIONS = 20
CONDITION = {"type": "string", "maxLength": 8000}
CONDITIONS = listed(lambda call, said: _condition(said), CONDITION, MOST_CONDITIONS)
CUSTOMERS = listed(lambda call, said: said, REFERENCE, 1_000)
_WORDING: dict[str, Member] = {
    "name": words(60, is_required=True),
    "description": words(500),
    "audience": choice(Segment.Audience.values),
}
_FILTER = {"where": CONDITIONS, "text": words(200)}
CREATED: dict[str, Member] = {**_WORDING, **optional({**_FILTER, "customers": CUSTOMERS})}
CHANGED: dict[str, Member] = optional(_WORDING)
REFILTERED: dict[str, Member] = optional(_FILTER)
MEMBERS: dict[str, Member] = optional({"add": CUSTOMERS, "remove": CUSTOMERS})


def show_all(call: Call) -> HttpResponse:
    """Those that one may see, in the order in which they were made."""
    _must_read(call)
    page = leafed(call, Segment.objects.visible_to(call.actor).select_related("owner"))
    asking = call.asking
    sizes = describing_segments.sizes(page.rows, asking)
    closed = describing_segments.closed(page.rows, asking)
    items = [
        _written(each) | {"size": sizes.get(each.pk), "is_closed": each.pk in closed}
        for each in page.rows
    ]
    return answered({"items": items, "next": page.next})


def show(call: Call) -> HttpResponse:
    segment = _of(call)
    only_parameters(call)
    take(1, call)
    return _told(call, segment)


def show_members(call: Call) -> HttpResponse:
    """The customers of it that one sees, by id; 403 where it asks for what one may not see."""
    segment = _of(call)
    rows = _opened(call, segment).select_related(None).only("pk", "code", "name")
    page = leafed(call, rows)
    kind = registry.declared("customer")
    return answered({"items": [named(each, kind) for each in page.rows], "next": page.next})


def create(call: Call) -> HttpResponse:
    """From `where` and `text`, a live one; from `customers`, a frozen one."""
    _must_read(call)
    given = sent(call, CREATED)
    if ("customers" in given) == bool(given.get("where") or given.get("text")):
        raise Problem("invalid", errors=[("/where", _("Send a filter or customers, one of them."))])
    chosen = _ids(call, given["customers"], "/customers") if "customers" in given else None
    segment = done(
        lambda: segmenting.create_segment(
            _wording(given),
            actor=call.actor,
            on=call.today,
            asking=call.asking,
            conditions=given.get("where", ()),
            text=given.get("text", ""),
            chosen=chosen,
        )
    )
    return _told(call, segment, 201, {"Location": f"/api/v1/segments/{segment.pk}"})


def change(call: Call) -> HttpResponse:
    """Its name, its description, who sees it."""
    segment = _of(call, "edit")
    must_be_seen(call, segment)
    wording = _wording(sent(call, CHANGED), segment)
    return _told(call, done(lambda: segmenting.change_segment(segment, wording, actor=call.actor)))


def refilter(call: Call) -> HttpResponse:
    """Another filter: a live segment from now on, whose history begins anew."""
    segment = _of(call, "edit")
    must_be_seen(call, segment)
    given = sent(call, REFILTERED)
    return _told(
        call,
        done(
            lambda: segmenting.refilter_segment(
                segment,
                given.get("where", ()),
                text=given.get("text", ""),
                actor=call.actor,
                asking=call.asking,
            )
        ),
    )


def freeze(call: Call) -> HttpResponse:
    """A large one as a job, as from its page; `is_queued` says so."""
    segment = _of(call, "edit")
    sent(call, {})
    live = Segment(pk=segment.pk, conditions=segment.conditions, text=segment.text)
    if count(_opened(call, live)).is_capped:
        title = Told(gettext_lazy("Freeze “%(name)s”"), name=segment.name)
        queue.start("segments.freeze", title, actor=call.actor, segment=segment.pk)
        return _told(call, segment, is_queued=True)
    by: dict[str, Any] = {"actor": call.actor, "on": call.today, "asking": call.asking}
    return _told(call, done(lambda: segmenting.freeze_segment(segment, **by)))


def thaw(call: Call) -> HttpResponse:
    segment = _of(call, "edit")
    sent(call, {})
    return _told(call, done(lambda: segmenting.thaw_segment(segment, actor=call.actor)))


def change_members(call: Call) -> HttpResponse:
    """Customers put into a frozen one and taken out of it."""
    segment = _of(call, "edit")
    given = sent(call, MEMBERS)
    add, remove = (_ids(call, given.get(name, ()), f"/{name}") for name in ("add", "remove"))
    by: dict[str, Any] = {"actor": call.actor, "on": call.today}

    def deed() -> None:
        if add or not remove:
            segmenting.add_members(segment, add, **by)
        if remove:
            segmenting.remove_members(segment, remove, **by)

    done(deed)
    return _told(call, _of(call))


def remove(call: Call) -> HttpResponse:
    segment = _of(call, "delete")
    must_be_seen(call, segment, is_demanded=True)
    done(lambda: segmenting.delete_segment(segment, actor=call.actor))
    return HttpResponse(status=204)


# ---- steps ----


def _must_read(call: Call) -> None:
    call.must_may("read", "segment")
    call.must_may("read", "customer")


def _of(call: Call, action: str = "read") -> Segment:
    _must_read(call)
    pk = record_id(call.parts["id"]) or 0
    seen = Segment.objects.visible_to(call.actor).select_related("owner")
    found: Segment | None = seen.filter(pk=pk).first()
    if found is None:
        raise not_found()
    changeable = Segment.objects.visible_to(call.actor, action).filter(pk=pk)
    if action != "read" and not changeable.exists():
        raise Problem("forbidden", _("This integration, or its owner, isn’t permitted this."))
    return found


def _opened(call: Call, segment: Segment) -> Any:
    try:
        return members(segment, call.asking)
    except NotOpen as reason:
        raise Problem("forbidden", str(reason)) from reason


def _condition(said: Any) -> str:
    if not isinstance(said, str) or len(said) > CONDITION["maxLength"]:  # type: ignore[operator]
        raise Wrong(_("Send a text."))
    return said


def _ids(call: Call, said: Sequence[Any], at: str) -> list[int]:
    """The customers by id or key, with two questions however many; one that isn't seen is told."""
    wanted: dict[str, dict[Any, None]] = {"id": {}, "key": {}}
    for each in said:
        try:
            by, which = reference(each)
        except Wrong as wrong:
            raise Problem("invalid", errors=[(at, str(wrong))]) from wrong
        wanted[by][which] = None
    rows = Customer.objects.visible_to(call.actor)
    by_key = dict(rows.filter(code__in=wanted["key"]).values_list("code", "pk"))
    by_id = set(rows.filter(pk__in=wanted["id"]).values_list("pk", flat=True))
    missing = [which for which in wanted["id"] if which not in by_id]
    missing += [which for which in wanted["key"] if which not in by_key]
    if missing:
        sentence = _("There is no such record, or it is somebody else’s.")
        raise Problem("invalid", errors=[(at, f"{missing[0]}: {sentence}")])
    return [*wanted["id"], *by_key.values()]


def _wording(given: Mapping[str, Any], was: Segment | None = None) -> segmenting.Wording:
    known = (was.name, was.description, was.audience) if was is not None else ("", "", "private")
    names = ("name", "description", "audience")
    return segmenting.Wording(*(given.get(n, k) for n, k in zip(names, known, strict=True)))


def _told(
    call: Call,
    segment: Segment,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    *,
    is_queued: bool = False,
) -> HttpResponse:
    """Counted exactly, unless it asks for what one may not see."""
    closed = why_closed(segment, call.asking)
    size = None if closed else members(segment, call.asking).order_by().count()
    content = _written(segment) | {"size": size, "is_closed": bool(closed), "is_queued": is_queued}
    return answered(content, status, {**etag(segment), **(headers or {})})


def _written(each: Segment) -> dict[str, Any]:
    return {
        "id": each.pk,
        "version": each.version,
        "name": each.name,
        "description": each.description or None,
        "audience": str(each.audience),
        "owner": who(each.owner),
        "is_frozen": each.is_frozen,
        "frozen_on": each.frozen_on.isoformat() if each.frozen_on else None,
        "created_at": moment(each.created_at),
    }
