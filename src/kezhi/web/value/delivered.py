"""What customers get from us and what it costs them: delivered value, the value map, what a point is worth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import F, FloatField, Sum
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from kezhi.core.actor import Actor
from kezhi.customers.models.standing import Tier
from kezhi.insight import delivering
from kezhi.insight.answers import BOUGHT_WITHIN
from kezhi.insight.delivering import Figures, side_of
from kezhi.insight.models import CustomerReading, Study
from kezhi.value.delivered import GroupMean, Worth
from kezhi.value.plain import from_plain
from kezhi.web import numbers
from kezhi.web.findings import told
from kezhi.web.requests import PersonRequest
from kezhi.web.value import delivered_pictures as pictures
from kezhi.web.value import studies
from kezhi.web.value.studies import between

DIMENSIONS = {
    "tier": pictures.dimension("tier"),
    "industry": pictures.dimension("industry"),
    "region": pictures.dimension("region"),
}


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: PersonRequest) -> HttpResponse:
    """`?by=` a dimension, `?order=high` the best first, `?after=` further customers. POST: work it out."""
    return studies.page_of(request, Study.Subject.DELIVERED, _page)


def _page(request: PersonRequest, refusal: str = "", status: int = 200) -> HttpResponse:
    about = studies.about(request, Study.Subject.DELIVERED, refusal)
    study: Study | None = about["study"]
    about |= {
        "least": delivering.LEAST,
        "least_of_group": delivering.LEAST_OF_GROUP,
        "may_weigh": request.actor.may("edit", "value_settings"),
        "currency": numbers.reading().currency,
    }
    if study is not None:
        about |= studies.readings(request, study, _("Least first"), _("Most first"))
        about["own"] = None if about["sees_company"] else _own(request.actor, study)
        if about["sees_company"]:
            about |= _company(request.GET, from_plain(Figures, study.figures), about["labels"])
        elif about["own"]:
            about["finding"] = _own_finding(about["own"])
    return render(request, "value/delivered/index.html", about, status=status)


def _company(given: QueryDict, found: Figures, labels: dict[str, Any]) -> dict[str, Any]:
    by = given.get("by", "")
    by = by if by in DIMENSIONS else "tier"
    parts = pictures.parts(found.parts, labels)
    return {
        "figures": found,
        "finding": _finding(found),
        "sides": parts,
        "parts_finding": _parts_finding(found, labels),
        "has_others": any(part.others is not None for part in found.parts),
        "part_rows": [
            [
                labels[part.attribute],
                numbers.number(part.ours, 1),
                numbers.number(part.others, 1),
                numbers.percent(part.weight),
                numbers.number(part.questions),
            ]
            for part in found.parts
        ],
        "natures": pictures.natures(found.parts, labels),
        "chart": pictures.value_map(found.points),
        "map_finding": _map_finding(found),
        "worth_rows": pictures.worth(found.worth, labels, has_stakes=found.has_stakes)
        if found.worth
        else [],
        "worth_finding": _worth_finding(found, labels),
        "worth_source": _("among the %(count)s customers who answered, over %(days)s days")
        % {
            "count": numbers.number(found.customers, plain=True),
            "days": numbers.number(BOUGHT_WITHIN.days, plain=True),
        },
        "days": BOUGHT_WITHIN.days,
        "is_level": _is_level(found.worth),
        "by": by,
        "choices": [
            {"label": label, "href": f"?by={name}#segments-h", "current": name == by}
            for name, label in DIMENSIONS.items()
        ],
        "segments": [_segment(by, each) for each in _ordered(by, found.segments.get(by, ()))],
        "small_segments": found.small_segments.get(by, 0),
        "segment_finding": _segment_finding(by, found.segments.get(by, ())),
        "supplier_rows": [
            [
                each.group or _("We"),
                numbers.number(each.respondents),
                numbers.number(each.value, 1),
                between(each.low, each.high, 1),
                numbers.number(each.benefits, 1),
                numbers.number(each.costs, 1),
                *_in_money(each),
            ]
            for each in found.suppliers
        ],
    }


def _in_money(each: GroupMean) -> list[Any]:
    """What is left to the customer in money, and what they would have paid beyond the price."""
    return [
        numbers.money(each.value_in_money, exact=True),
        numbers.money(each.surplus, exact=True),
    ]


def _finding(found: Figures) -> Any:
    if found.ours is None or found.ours.value is None:
        return ""
    ours = next((point for point in found.points if not point.about), None)
    if ours is None:
        return told(
            _("Customers get %(benefits)s points from us and give %(costs)s: %(value)s are left"),
            benefits=numbers.number(found.ours.benefits, 1, plain=True),
            costs=numbers.number(found.ours.costs, 1, plain=True),
            value=numbers.number(found.ours.value, 1, plain=True),
        )
    share = numbers.percent(abs(ours.ratio - 1), plain=True)
    if abs(ours.ratio - 1) < 0.005:
        return _("For our price customers get as much as elsewhere")
    if ours.ratio > 1:
        return told(_("For our price customers get %(share)s more than elsewhere"), share=share)
    return told(_("For our price customers get %(share)s less than elsewhere"), share=share)


def _parts_finding(found: Figures, labels: dict[str, Any]) -> str:
    ahead = [(part.lead, part.attribute) for part in found.parts if part.lead is not None]
    if not ahead:
        best = max(found.parts, key=pictures.strength, default=None)
        return _("Strongest: %(part)s") % {"part": _within(labels[best.attribute])} if best else ""
    best_lead, best_name = max(ahead)
    worst_lead, worst_name = min(ahead)
    if worst_lead >= 0:
        return _("Ahead everywhere, most in %(part)s") % {"part": _within(labels[best_name])}
    if best_lead <= 0:
        return _("Behind everywhere, most in %(part)s") % {"part": _within(labels[worst_name])}
    return _("Ahead most in %(best)s, behind most in %(worst)s") % {
        "best": _within(labels[best_name]),
        "worst": _within(labels[worst_name]),
    }


def _within(label: Any) -> str:
    """A label inside a sentence."""
    return str(label).lower()


def _map_finding(found: Figures) -> str:
    if not found.points:
        return _("The value map")
    best = max(found.points, key=lambda point: point.ratio)
    if not best.about:
        return _("We give the most for the price")
    return _("%(name)s gives the most for the price") % {"name": best.about}


def _worth_finding(found: Figures, labels: dict[str, Any]) -> Any:
    best = max(found.worth, key=pictures.worth_of, default=None)
    if best is None:
        return ""
    named = {"part": _within(labels[best.attribute])}
    if _is_level(found.worth):
        if not found.has_stakes or best.money is None:
            return _("A point raises delivered value as much in every part: the weights are equal")
        return told(
            _("A point is worth about as much in every part: %(amount)s in half a year"),
            amount=numbers.money(best.money, plain=True),
        )
    if found.has_stakes and best.money is not None:
        sentence = (
            _("A point more %(part)s is worth %(amount)s in half a year")
            if side_of(best.attribute) == "benefit"
            else _("A point less %(part)s is worth %(amount)s in half a year")
        )
        return told(sentence, amount=numbers.money(best.money, plain=True), **named)
    sentence = (
        _("A point more %(part)s raises delivered value most")
        if side_of(best.attribute) == "benefit"
        else _("A point less %(part)s raises delivered value most")
    )
    return sentence % named


def _is_level(found: Sequence[Worth]) -> bool:
    """Whether the parts differ by less than a tenth: with equal weights none stands out."""
    all_of = [pictures.worth_of(one) for one in found]
    return len(all_of) > 1 and min(all_of) > 0 and max(all_of) < 1.1 * min(all_of)


def _segment(dimension: str, each: GroupMean) -> list[Any]:
    return [
        dict(Tier.choices).get(each.group, each.group) if dimension == "tier" else each.group,
        numbers.number(each.respondents),
        numbers.number(each.value, 1),
        between(each.low, each.high, 1),
        numbers.number(each.benefits, 1),
        numbers.number(each.costs, 1),
        *_in_money(each),
    ]


def _ordered(dimension: str, means: Sequence[GroupMean]) -> list[GroupMean]:
    """Tiers from the best, other segments from the one that gets least."""
    if dimension == "tier":
        return sorted(means, key=lambda each: Tier.values.index(each.group))
    return sorted(means, key=lambda each: each.value or 0.0)


def _segment_finding(dimension: str, means: Sequence[GroupMean]) -> str:
    """Who gets least, if that can be told from the rest; else that it can't."""
    known = sorted(
        (each for each in means if each.value is not None and each.high is not None),
        key=lambda each: each.value or 0.0,
    )
    if len(known) < 2:
        return _("By segment")
    least, best = known[0], known[-1]
    if least.high is not None and best.low is not None and least.high < best.low:
        name = _segment(dimension, least)[0]
        return _("%(segment)s get least from us") % {"segment": name}
    return _("No segment gets clearly less than the others")


def _own(actor: Actor, study: Study) -> dict[str, Any] | None:
    """The mean over the respondents of the customers whom the reader sees."""
    rows = CustomerReading.objects.visible_to(actor).filter(study=study, score__isnull=False)
    told_by = rows.aggregate(
        asked=Sum("respondents"),
        total=Sum(F("score") * F("respondents"), output_field=FloatField()),
    )
    count = told_by["asked"]
    if not count:
        return None
    return {"respondents": count, "value": told_by["total"] / count}


def _own_finding(own: dict[str, Any]) -> Any:
    if own["respondents"] < delivering.LEAST:
        return ""
    sentence = ngettext(
        "Delivered value %(value)s on average, by %(count)s respondent of your customers",
        "Delivered value %(value)s on average, by %(count)s respondents of your customers",
        own["respondents"],
    )
    return told(
        sentence,
        value=numbers.number(own["value"], 1, plain=True),
        count=numbers.number(own["respondents"], plain=True),
    )
