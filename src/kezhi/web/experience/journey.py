"""The journey map: touchpoints before, during and after a purchase, and the moments of truth."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from kezhi.accounts.models import Department
from kezhi.customers.models import Segment
from kezhi.customers.models.standing import Tier
from kezhi.insight import touching, travelling
from kezhi.insight.models import Study
from kezhi.insight.touching import STAGES, TOUCHPOINTS, Moment, Point
from kezhi.records import Condition, registry
from kezhi.satisfaction.analysing.figures import LEVEL
from kezhi.web import numbers
from kezhi.web.experience import heads, shown
from kezhi.web.findings import told
from kezhi.web.requests import PersonRequest

STAGE_NAMES = {
    "before": gettext_lazy("Before the purchase"),
    "during": gettext_lazy("During the purchase"),
    "after": gettext_lazy("After the purchase"),
}


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: PersonRequest) -> HttpResponse:
    """`?of=tier:S` (region, department, segment) of some customers alone. POST: work it out."""
    return heads.page_of(request, Study.Subject.JOURNEY, _page)


def _page(request: PersonRequest, refusal: str = "", status: int = 200) -> HttpResponse:
    about = heads.about(request, Study.Subject.JOURNEY, "experience-journey", refusal)
    study = about["study"]
    about |= {"stages": [], "moments": [], "finding": "", "level": LEVEL}
    if study is not None and about["sees_company"]:
        options = _options(request, travelling.groups_of(study))
        asked = request.GET.get("of", "")
        chosen = asked if any(asked in dict(inner) for _label, inner in options) else ""
        by, _sign, group = chosen.partition(":")
        figures = travelling.figures_of(study, by, group)
        about |= {
            "options": options,
            "chosen": chosen,
            "stages": _stages(list(figures.points)),
            "moments": [_moment(one) for one in figures.moments],
            "finding": _finding(figures.moments),
            "within": touching.BOUGHT_WITHIN.days,
            "least": touching.LEAST_OF_SIDE,
            "during": touching.DURING_DAYS,
            "before": touching.BEFORE_DAYS,
        }
    return render(request, "experience/journey.html", about, status=status)


def _options(
    request: PersonRequest, groups: dict[str, list[str]]
) -> list[tuple[str, list[tuple[str, str]]]]:
    """The groups to choose from: tiers in their order, segments that the reader may see."""
    labels = {
        "tier": {tier: str(label) for tier, label in Tier.choices},
        "region": {group: group for group in groups.get("region", [])},
        "department": _names(Department.objects.all(), groups.get("department", [])),
        "segment": _names(Segment.objects.visible_to(request.actor), groups.get("segment", [])),
    }
    headings = {
        "tier": _("Tier"),
        "region": _("Region"),
        "department": _("Department"),
        "segment": _("Segment"),
    }
    found = []
    for by, heading in headings.items():
        known = groups.get(by, [])
        order = sorted(known, key="SABCD".find) if by == "tier" else known
        inner = [(f"{by}:{key}", labels[by][key]) for key in order if key in labels[by]]
        if inner:
            found.append((heading, inner))
    return found


def _names(rows: Any, keys: list[str]) -> dict[str, str]:
    wanted = [int(key) for key in keys if key.isdigit()]
    return {str(pk): name for pk, name in rows.filter(pk__in=wanted).values_list("pk", "name")}


def _stages(points: list[Point]) -> list[dict[str, Any]]:
    most = max((one.events for one in points), default=0) or 1
    order = list(TOUCHPOINTS)
    return [
        {
            "name": STAGE_NAMES[stage],
            "key": stage,
            "rows": [
                _point(one, most)
                for one in sorted(points, key=lambda one: order.index(one.name))
                if one.stage == stage and one.name in TOUCHPOINTS
            ],
        }
        for stage in STAGES
    ]


def _point(one: Point, most: int) -> dict[str, Any]:
    return {
        "label": TOUCHPOINTS[one.name].label,
        "href": list_of(one.name),
        "events": numbers.number(one.events),
        "width": round(100 * one.events / most, 2),
        "customers": numbers.number(one.customers),
        "wait": numbers.none() if one.hours is None else _hours(one.hours),
        "contacts": numbers.number(one.contacts, 1),
        "score": shown.whisker("own", one.score),
        "effort": numbers.number(one.effort.score, 0),
        "is_poor": one.score.high is not None and one.score.high < 50,
    }


def _hours(hours: float) -> str:
    if hours >= 72:
        return numbers.days(hours / 24)
    return _("%(hours)s h") % {"hours": numbers.number(hours, 1, plain=True)}


def list_of(name: str) -> str:
    """The list of the records of a touchpoint; empty where they have none."""
    each = TOUCHPOINTS[name]
    if not each.kind or each.kind not in registry:
        return ""
    kind = registry[each.kind]
    conditions = []
    if "~" in each.where:
        conditions = [Condition(each.where.partition("~")[0], "filled")]
    elif each.where:
        field, _equals, entry = each.where.partition("=")
        conditions = [Condition(field, "eq", entry)]
    return kind.list_url(*conditions)


def _moment(one: Moment) -> dict[str, Any]:
    each = TOUCHPOINTS.get(one.name)
    row: dict[str, Any] = {
        "label": each.label if each else one.name,
        "href": list_of(one.name) if each else "",
        "responses": numbers.number(one.responses),
        "is_known": one.difference is not None,
        "is_clear": False,
    }
    if one.difference is None or one.content is None or one.discontent is None:
        return row
    points = one.difference
    return row | {
        "content": numbers.percent(one.content.share),
        "discontent": numbers.percent(one.discontent.share),
        "difference": numbers.number(100 * points.difference, 0),
        "between": " ~ ".join(
            numbers.number(100 * end, 0, plain=True) for end in (points.low, points.high)
        ),
        "is_clear": points.is_clear,
    }


def _finding(moments: tuple[Moment, ...]) -> Any:
    best = next((one for one in moments if one.difference and one.difference.low > 0), None)
    if best is None or best.difference is None or best.name not in TOUCHPOINTS:
        return ""
    return told(
        _("Moment of truth: %(touchpoint)s; the content come back %(points)s points more often"),
        touchpoint=str(TOUCHPOINTS[best.name].label),
        points=numbers.number(100 * best.difference.difference, 0, plain=True),
    )
