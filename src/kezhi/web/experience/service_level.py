"""The optimal service level: contribution and cost by the service that customers got, and the best point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kezhi.insight import levelling, travelling
from kezhi.insight.levelling import LEVELS, Found, Level
from kezhi.insight.models import Study
from kezhi.value.service_level import LEAST, LEAST_LEVELS, Curve, ServiceLevel
from kezhi.web import numbers
from kezhi.web.experience import heads
from kezhi.web.findings import told
from kezhi.web.requests import PersonRequest, must_see

WIDTH, HEIGHT, EDGE = 720, 300, 16


@require_safe
def show(request: PersonRequest) -> HttpResponse:
    """`?service=` which one."""
    heads.must_read(request)
    must_see(request, "customer", "value")
    about = heads.about(request, Study.Subject.JOURNEY, "experience-level")
    study = about["study"]
    about |= {"one": None, "finding": "", "least": LEAST, "least_levels": LEAST_LEVELS}
    if study is not None and about["sees_company"]:
        found = {one.name: one for one in travelling.figures_of(study).levels if one.name in LEVELS}
        asked = request.GET.get("service", "")
        name = asked if asked in found else next(iter(found), "")
        about["choices"] = [
            {"label": LEVELS[key].label, "href": f"?service={key}", "current": key == name}
            for key in found
        ]
        if name:
            about |= _told(found[name], LEVELS[name])
    return render(request, "experience/service_level.html", about)


def _told(one: Found, level: Level) -> dict[str, Any]:
    about: dict[str, Any] = {"one": one, "level": level, "service": levelling.SERVICE}
    best = one.best
    if best is None:
        return about
    return about | {
        "finding": _finding(best, level),
        "best": _amount(level, best.best),
        "between": _ends(level, best.best_low, best.best_high),
        "present": _amount(level, best.present),
        "gain": numbers.money(best.gain, exact=True),
        "gain_between": " ~ ".join(
            numbers.money(end, exact=True, plain=True) for end in (best.gain_low, best.gain_high)
        ),
        "picture": _picture(best, level),
        "rows": _rows(best, level),
    }


def _amount(level: Level, amount: float) -> str:
    if level.unit == "percent":
        return numbers.percent(amount / 100, plain=True)
    return _("%(hours)s h") % {"hours": numbers.number(amount, 1, plain=True)}


def _ends(level: Level, low: float, high: float) -> str:
    return f"{_amount(level, low)} – {_amount(level, high)}"


def _finding(best: ServiceLevel, level: Level) -> Any:
    if best.verdict == "flat":
        return _("No service level is clearly better than another")
    if best.verdict == "inside" and best.best_low <= best.present <= best.best_high:
        return told(
            _("Today’s level lies in the best range, %(between)s"),
            between=_ends(level, best.best_low, best.best_high),
        )
    if best.verdict == "inside":
        return told(
            _("Best at %(level)s, between %(between)s"),
            level=_amount(level, best.best),
            between=_ends(level, best.best_low, best.best_high),
        )
    is_better = (best.verdict == "lower_end") == level.is_less_better
    if is_better:
        return told(
            _("Better service still pays, up to the best that customers get: %(level)s"),
            level=_amount(level, best.best),
        )
    return told(
        _(
            "Better service costs more than it brings: the least that customers get is best, %(level)s"
        ),
        level=_amount(level, best.best),
    )


def _picture(best: ServiceLevel, level: Level) -> dict[str, Any]:
    """Curves in a box of 720 × 300; what a customer brings, costs, and what is left, each with its interval."""
    curves = (("brought", best.contribution), ("cost", best.cost), ("net", best.net))
    every = [end for _name, curve in curves for end in (*curve.low, *curve.high)]
    low, high = min(0.0, *every), max(every)
    first, last = best.levels[0], best.levels[-1]

    def x(amount: float) -> float:
        share = (amount - first) / ((last - first) or 1.0)
        return round(EDGE + (WIDTH - 2 * EDGE) * min(max(share, 0.0), 1.0), 1)

    def y(amount: float) -> float:
        return round(
            HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * (amount - low) / ((high - low) or 1.0), 1
        )

    places = [x(each) for each in best.levels]
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "zero": y(0.0),
        "curves": [
            {"name": name, "line": _line(places, [y(each) for each in curve.fitted]),
             "band": _band(places, curve, y)}
            for name, curve in curves
        ],
        "best": x(best.best),
        "best_low": x(best.best_low),
        "best_width": round(max(x(best.best_high) - x(best.best_low), 1.0), 1),
        "present": x(best.present),
        "shows_best": best.verdict != "flat",
        "first": _amount(level, first),
        "last": _amount(level, last),
    }  # fmt: skip


def _line(xs: Sequence[float], ys: Sequence[float]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in zip(xs, ys, strict=True))


def _band(xs: Sequence[float], curve: Curve, y: Any) -> str:
    upper = [f"{x:g} {y(each):g}" for x, each in zip(xs, curve.high, strict=True)]
    lower = [f"{x:g} {y(each):g}" for x, each in zip(xs, curve.low, strict=True)]
    return "M" + "L".join([*upper, *reversed(lower)]) + "Z"


def _rows(best: ServiceLevel, level: Level) -> list[list[str]]:
    step = max(len(best.levels) // 10, 1)
    return [
        [
            _amount(level, best.levels[k]),
            numbers.money(best.contribution.fitted[k], exact=True),
            numbers.money(best.cost.fitted[k], exact=True),
            numbers.money(best.net.fitted[k], exact=True),
            " ~ ".join(
                numbers.money(end, exact=True, plain=True)
                for end in (best.net.low[k], best.net.high[k])
            ),
        ]
        for k in range(0, len(best.levels), step)
    ]
