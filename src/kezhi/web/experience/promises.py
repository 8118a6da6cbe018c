"""Promised and delivered: what was kept, by topic, tier and month, and to whom least."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kezhi.customers.models.standing import Tier
from kezhi.insight import expecting, travelling
from kezhi.insight.expecting import Expectation, KeptBy
from kezhi.insight.models import CustomerReading, Study
from kezhi.records import Condition, registry
from kezhi.satisfaction.analysing.figures import LEVEL
from kezhi.value.satisfaction.shares import Share
from kezhi.web import numbers
from kezhi.web.experience import heads
from kezhi.web.findings import told
from kezhi.web.requests import PersonRequest
from kezhi.web.value import studies

FEW = 10


@require_safe
def show(request: PersonRequest) -> HttpResponse:
    """`?after=` further customers, those to whom least was kept first."""
    heads.must_read(request)
    about = heads.about(request, Study.Subject.JOURNEY, "experience-promises")
    study = about["study"]
    about |= {"found": None, "finding": "", "customer_kind": registry.declared("customer")}
    about["level"] = LEVEL
    if study is not None:
        if about["sees_company"]:
            about |= _company(travelling.figures_of(study).expectation)
        about |= _listed(request, study)
    return render(request, "experience/promises.html", about)


def _company(found: Expectation) -> dict[str, Any]:
    if found.whole is None:
        return {"found": found}
    return {
        "found": found,
        "finding": told(
            _("%(share)s of what was promised was kept"),
            share=numbers.percent(found.whole.share, plain=True),
        ),
        "trend_finding": _trend(found),
        "topics": [_row(one, _topic(one), _list_of(one)) for one in _by(found, "topic")],
        "tiers": [
            _row(one, dict(Tier.choices).get(one.key, one.key), "")
            for one in sorted(_by(found, "tier"), key=lambda one: Tier.values.index(one.key))
        ],
        "months": [_month(one) for one in _by(found, "month")],
    }


def _by(found: Expectation, by: str) -> list[KeptBy]:
    return [one for one in found.groups if one.by == by]


def _topic(one: KeptBy) -> str:
    source = expecting.COMMITMENTS.get(one.source)
    label = str(expecting.topic_label(one.source, one.key))
    return f"{source.label} · {label}" if source else label


def _list_of(one: KeptBy) -> str:
    """The list behind the figure, where the records of that kind are lists."""
    if one.source == "promise":
        return registry["promise"].list_url(Condition("topic", "eq", one.key), view="all")
    return ""


def _row(one: KeptBy, label: Any, href: str) -> dict[str, Any]:
    return {"label": label, "href": href, **_drawn(one.kept)}


def _drawn(kept: Share) -> dict[str, Any]:
    return {
        "at": round(100 * kept.share, 2),
        "low": round(100 * kept.low, 2),
        "width": round(100 * (kept.high - kept.low), 2),
        "shown": numbers.percent(kept.share),
        "between": f"{numbers.percent(kept.low, plain=True)}–{numbers.percent(kept.high, plain=True)}",
        "count": numbers.number(kept.count),
        "is_small": kept.count < FEW,
    }


def _month(one: KeptBy) -> dict[str, Any]:
    """No list behind it: promises, delivery dates and times of answers are counted together."""
    return {"label": f"{date.fromisoformat(one.key):%Y-%m}", "href": "", **_drawn(one.kept)}


def _trend(found: Expectation) -> Any:
    if found.trend is None or not found.trend.is_clear(LEVEL):
        return _("No clear trend over the months")
    points = numbers.number(abs(found.trend.slope) * 12, 0, plain=True)
    sentence = (
        _("Rising by %(points)s percentage points a year")
        if found.trend.slope > 0
        else _("Falling by %(points)s percentage points a year")
    )
    return told(sentence, points=points)


def _listed(request: PersonRequest, study: Study) -> dict[str, Any]:
    rows = CustomerReading.objects.visible_to(request.actor).filter(study=study)
    return studies.page_of_readings(request, rows.select_related("customer__standing"), {})
