"""What makes customers come back: the retention model as a picture, its measures in words, a list to act on."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from kezhi.insight import driving
from kezhi.insight.answers import BOUGHT_WITHIN
from kezhi.insight.driving import Figures
from kezhi.insight.models import Study
from kezhi.satisfaction.models import SurveyItem
from kezhi.value.path_quality import Reliability
from kezhi.value.paths import Coefficient
from kezhi.value.plain import from_plain
from kezhi.web import numbers
from kezhi.web.findings import told
from kezhi.web.requests import PersonRequest
from kezhi.web.value import drivers_picture, studies

RELIABLE, SHARED, APART = 0.70, 0.50, 0.90
"""The usual thresholds of composite reliability, average variance extracted and HTMT."""
Q_SQUARED = 0.0


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: PersonRequest) -> HttpResponse:
    """`?order=high` the likeliest first, `?after=` further customers. POST: work it out."""
    return studies.page_of(request, Study.Subject.DRIVERS, _page)


def _page(request: PersonRequest, refusal: str = "", status: int = 200) -> HttpResponse:
    about = studies.about(request, Study.Subject.DRIVERS, refusal)
    study: Study | None = about["study"]
    about |= {"picture": None, "least": driving.LEAST, "days": BOUGHT_WITHIN.days}
    if study is not None:
        about |= studies.readings(request, study, _("Least likely first"), _("Likeliest first"))
        if about["sees_company"]:
            about |= _company(from_plain(Figures, study.figures), about["labels"])
    return render(request, "value/drivers/index.html", about, status=status)


def _company(found: Figures, labels: dict[str, Any]) -> dict[str, Any]:
    if found.why_not:
        missing = _(", ").join(str(labels[name]) for name in found.missing)
        return {"figures": found, "missing": missing}
    return {
        "figures": found,
        "finding": _finding(found, labels),
        "picture": drivers_picture.paths(found, labels),
        "picture_finding": _picture_finding(found, labels),
        "path_rows": [_path_row(one, labels) for one in found.paths],
        "effects": drivers_picture.effects(found.effects, labels),
        "verdicts": _verdicts(found, labels),
        "blurred": [
            (labels[one.one], labels[one.other], numbers.number(one.htmt, 2))
            for one in found.discrimination
            if one.htmt is not None and one.htmt >= APART
        ],
        "reliability_rows": [_reliability_row(one, labels) for one in found.reliability],
        "apart_rows": [
            [f"{labels[one.one]} – {labels[one.other]}", numbers.number(one.htmt, 2)]
            for one in found.discrimination
        ],
        "quality_finding": _quality_finding(found),
        "explained": found.r_squared.get(driving.OUTCOME),
        "explained_low": found.r_squared_low.get(driving.OUTCOME),
        "explained_high": found.r_squared_high.get(driving.OUTCOME),
        "foretells": found.q_squared is not None and found.q_squared > Q_SQUARED,
        "behaviour_finding": _behaviour_finding(found),
        "thresholds": (RELIABLE, SHARED, APART),
    }


def is_sure(one: Coefficient) -> bool:
    """Whether the interval leaves out nothing-at-all."""
    return one.low is not None and one.high is not None and (one.low > 0 or one.high < 0)


def _finding(found: Figures, labels: dict[str, Any]) -> Any:
    best = next((one for one in found.effects if is_sure(one) and one.coefficient > 0), None)
    if best is None:
        return _("These answers don’t tell yet what makes customers come back")
    return told(
        _("%(part)s moves customers to come back most: its effect is %(effect)s"),
        part=labels[best.cause],
        effect=numbers.number(best.coefficient, 2, plain=True),
    )


def _picture_finding(found: Figures, labels: dict[str, Any]) -> Any:
    share = found.r_squared.get(driving.OUTCOME)
    return told(
        _("The model explains %(share)s of why some want to buy again and others don’t"),
        share=numbers.percent(share, plain=True),
    )


def _behaviour_finding(found: Figures) -> Any:
    link = found.behaviour
    if link is None:
        return ""
    if abs(link.slope) < 1.96 * link.standard_error:
        return _("What customers said doesn’t tell yet who bought again")
    return told(
        _("Of those who want to come back %(high)s bought again, of those who don’t %(low)s"),
        high=numbers.percent(link.p_high, plain=True),
        low=numbers.percent(link.p_low, plain=True),
    )


def _path_row(one: Coefficient, labels: dict[str, Any]) -> list[Any]:
    return [
        f"{labels[one.cause]} → {labels[one.effect]}",
        numbers.number(one.coefficient, 2),
        studies.between(one.low, one.high, 2),
        _("clear") if is_sure(one) else _("can’t be told from none"),
    ]


def _reliability_row(one: Reliability, labels: dict[str, Any]) -> list[Any]:
    figures = (one.alpha, one.rho_a, one.rho_c, one.ave)
    return [
        labels[one.construct],
        numbers.number(one.indicators),
        *(
            numbers.number(figure, 2) if one.indicators > 1 else numbers.none()
            for figure in figures
        ),
    ]


def _verdicts(found: Figures, labels: dict[str, Any]) -> list[dict[str, Any]]:
    rows = SurveyItem.objects.filter(code__in=found.weakest.values())
    texts = dict(rows.values_list("code", "text"))
    return [
        _verdict(found, one, labels, texts.get(found.weakest.get(one.construct, ""), ""))
        for one in found.reliability
    ]


def _verdict(
    found: Figures, one: Reliability, labels: dict[str, Any], weakest: str
) -> dict[str, Any]:
    """Whether the questions of a construct measure one and the same, in words, with what to do."""
    words, is_good = _("Its questions measure one and the same."), True
    if one.indicators == 1:
        words, is_good = (
            _("One question alone: nothing tells how reliable it is. Ask two more."),
            False,
        )
    elif min(one.rho_c, one.rho_a) < RELIABLE:
        words, is_good = _("Its questions don’t hang together well enough."), False
    elif one.ave < SHARED:
        words, is_good = _("Its questions share less than half of what they tell."), False
    advice = ""
    if weakest and not is_good:
        advice = _("Reword or drop “%(question)s”: it tells least of it.") % {"question": weakest}
    return {
        "label": labels[one.construct],
        "words": words,
        "advice": advice,
        "is_good": is_good,
        "mean": found.means.get(one.construct),
    }


def _quality_finding(found: Figures) -> str:
    poor = [one for one in found.reliability if one.indicators == 1 or not one.is_reliable]
    if not poor:
        return _("The questions measure reliably")
    return ngettext(
        "%(num)d factor isn’t measured reliably",
        "%(num)d factors aren’t measured reliably",
        len(poor),
    ) % {"num": len(poor)}
