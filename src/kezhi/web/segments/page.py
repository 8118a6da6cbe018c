"""The list of segments, and what one of them amounts to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.core.cache import cache
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kezhi.customers import describing_segments as describing
from kezhi.customers.describing_segments import Day, Figures
from kezhi.customers.models import Customer, Segment
from kezhi.customers.models.standing import Stage, Tier
from kezhi.customers.reading_segments import filter_of, may_see_kept, why_closed
from kezhi.records import Condition, Kind, registry
from kezhi.web import numbers
from kezhi.web.records.access import asking
from kezhi.web.requests import PersonRequest, must_may
from kezhi.web.segments.access import segment_of
from kezhi.workbench.filtering import Asking

MOST_LISTED = 200
MOST_OVERLAPS = 12
WHOLE_KEPT_SECONDS = 600


@dataclass(frozen=True)
class Listed:
    """A segment in the list; `size` is None where it wasn't counted, or its count would tell too much."""

    segment: Segment
    size: int | None
    is_closed: bool


@require_safe
def index(request: PersonRequest) -> HttpResponse:
    """The segments that the person may see, own ones first."""
    must_may(request, "read", "segment")
    must_may(request, "read", "customer")
    found = Segment.objects.visible_to(request.actor).select_related("owner").order_by("name", "pk")
    segments = sorted(found[:MOST_LISTED], key=lambda each: each.owner_id != request.actor.pk)
    asked = asking(request)
    sizes, closed = describing.sizes(segments, asked), describing.closed(segments, asked)
    listed = [Listed(each, sizes.get(each.pk), each.pk in closed) for each in segments]
    about = {
        "listed": listed,
        "may_create": request.actor.may("create", "segment"),
        "kind": _kind(request),
    }
    return render(request, "segments/index.html", about)


@require_safe
def show(request: PersonRequest, pk: int) -> HttpResponse:
    """One segment; with `exact` all of a large one is counted, not only up to the cap."""
    segment = segment_of(request, pk)
    asked = asking(request)
    about: dict[str, Any] = {
        "segment": segment,
        "kind": _kind(request),
        "may_edit": Segment.objects.visible_to(request.actor, "edit").filter(pk=pk).exists(),
        "may_delete": Segment.objects.visible_to(request.actor, "delete").filter(pk=pk).exists(),
        "closed": why_closed(segment, asked),
    }
    if about["closed"]:
        return render(request, "segments/closed.html", about)
    is_exact = "exact" in request.GET
    figures = describing.figures(segment, asked, None if is_exact else describing.CAP)
    about["figures"], about["is_exact"] = figures, is_exact
    about["whole"] = _whole(request)
    about["list_url"] = _list_url(request, segment)
    about["mixes"] = [] if figures.is_capped else _mixes(request, segment, figures)
    about["sees_value"] = request.actor.sees("customer", "value")
    if is_exact and request.htmx:
        return render(request, "segments/_figures.html", about)
    about["criteria"] = _criteria(segment, asked)
    about["overlaps"] = _overlaps(request, segment, asked)
    about["is_kept_known"] = may_see_kept(segment, asked)
    days = describing.movement(segment, asked)
    about["days"] = days
    about["trend"] = trend(days) if len(days) > 1 else None
    about["movement_title"] = movement_title(days)
    about["filter_url"] = _filter_url(request, segment)
    about["entered"] = describing.moved(segment, asked, is_entry=True)
    about["left"] = describing.moved(segment, asked, is_entry=False)
    return render(request, "segments/page.html", about)


def movement_title(days: Sequence[Day]) -> str:
    """What the movement says: how the segment has changed since the first day that is shown."""
    if len(days) < 2:
        return ""
    since, change = numbers.day(days[0].on, plain=True), days[-1].size - days[0].size
    about = {"count": numbers.number(abs(change), plain=True), "day": since}
    if change > 0:
        return _("%(count)s customers more than on %(day)s") % about
    if change < 0:
        return _("%(count)s customers fewer than on %(day)s") % about
    return _("As many customers as on %(day)s") % about


def _filter_url(request: PersonRequest, segment: Segment) -> str:
    """The list of customers with the segment's filter, from where it is saved again."""
    pairs = [("w", condition) for condition in segment.conditions or [""]]
    pairs += [("q", segment.text)] if segment.text else []
    return f"/{_kind(request).address}/?{urlencode(pairs)}"


def _kind(request: PersonRequest) -> Kind:
    return registry["customer"].seen_by(request.actor)


def _whole(request: PersonRequest) -> int:
    """How many customers the person sees at all; kept for ten minutes, because all of them are counted."""
    key = f"customers.seen.{request.actor.pk}.{request.today}"
    rows = Customer.objects.visible_to(request.actor)
    return int(cache.get_or_set(key, rows.count, WHOLE_KEPT_SECONDS) or 0)


def _criteria(segment: Segment, asked: Asking) -> list[Any]:
    """The filter in words; of a frozen segment only where the person may ask it."""
    if not segment.conditions and not segment.text:
        return []
    drafted = filter_of(segment, asked)
    return [] if drafted.problems else list(drafted.criteria)


def _list_url(request: PersonRequest, segment: Segment, *more: Condition) -> str:
    return _kind(request).list_url(Condition("segment", "in", str(segment.pk)), *more)


def _mixes(request: PersonRequest, segment: Segment, figures: Figures) -> list[dict[str, Any]]:
    """Customers by tier and by stage, as rows of bars that lead to their list."""
    if not figures.size or not request.actor.sees("customer", "value"):
        return []
    found = []
    for field, title, choices, counts in (
        ("tier", _("By tier"), Tier.choices, figures.tiers),
        ("stage", _("By lifecycle stage"), Stage.choices, figures.stages),
    ):
        rows = [
            _bar(
                str(label),
                counts[key],
                figures.size,
                _list_url(request, segment, Condition(field, "eq", key)),
            )
            for key, label in choices
            if counts.get(key)
        ]
        if counts.get(""):
            href = _list_url(request, segment, Condition(field, "empty"))
            rows.append(_bar(_("Not measured yet"), counts[""], figures.size, href))
        found.append({"title": title, "rows": rows})
    return found


def _bar(label: str, count: int, size: int, href: str) -> dict[str, Any]:
    share = numbers.percent(Decimal(count) / size, plain=True)
    shown = f"{numbers.number(count, plain=True)} · {share}"
    return {"label": label, "amount": count, "shown": shown, "href": href}


def _overlaps(request: PersonRequest, segment: Segment, asked: Asking) -> list[dict[str, Any]]:
    found = describing.overlaps(segment, asked)
    base = describing.sizes([segment], asked).get(segment.pk, 0)
    return [
        {
            "segment": each.segment,
            "common": each.common,
            "size": each.size,
            "of_this": Decimal(each.common) / base if base else None,
            "of_other": Decimal(each.common) / each.size if each.size else None,
            "href": _list_url(request, segment, Condition("segment", "in", str(each.segment.pk))),
        }
        for each in found[:MOST_OVERLAPS]
    ]


def trend(days: Sequence[Day]) -> dict[str, Any]:
    """Size, and who entered and left, as the chart of lines reads them."""

    def series(name: str, kind: str, counts: Iterable[int]) -> dict[str, Any]:
        return {"name": name, "data": list(counts), "kind": kind, "end": name}

    return {
        "x": [numbers.day(each.on, plain=True) for each in days],
        "series": [series(_("Customers"), "fact", (each.size for each in days))],
        "y_format": "number",
    }
