"""The responses behind a figure: filtered by group, month, score and word, 25 at a time."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.db.models import Q
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from kezhi.accounts.models import User
from kezhi.catalog.models import Product
from kezhi.core.ids import record_id
from kezhi.customers.models.standing import Tier
from kezhi.ledger.models import OrderLine
from kezhi.records import registry
from kezhi.satisfaction.models import Survey, SurveyResponse
from kezhi.web import numbers
from kezhi.web.experience import heads, shown
from kezhi.web.leafing import after_day
from kezhi.web.requests import PersonRequest, typed_day

ROWS = 25
NEWEST = 5_000  # among so many comments a word is looked for
GROUPS = {"tier": "customer__standing__tier", "region": "customer__region"}
GROUPS |= {"industry": "customer__industry"}
LABELS = {
    **shown.DIMENSIONS,
    "since": gettext_lazy("From"),
    "until": gettext_lazy("Until"),
    "low": gettext_lazy("Score from"),
    "high": gettext_lazy("Score up to"),
    "word": gettext_lazy("Word"),
    "commented": gettext_lazy("With a comment"),
}


@require_safe
def index(request: PersonRequest, pk: int) -> HttpResponse:
    """`?tier= region= industry= employee= product= since= until= low= high= word= commented= after=`."""
    heads.must_read(request)
    survey = get_object_or_404(Survey.objects.visible_to(request.actor), pk=pk)
    given = {name: request.GET[name][:60] for name in LABELS if request.GET.get(name)}
    rows = SurveyResponse.objects.visible_to(request.actor).filter(survey=survey)
    if survey.is_anonymous:
        given = {name: entry for name, entry in given.items() if name in ("word", "commented")}
    rows = _filtered(rows, given, survey)
    after = after_day(request.GET.get("after", ""))
    if after:
        day, last = after
        rows = rows.filter(Q(answered_on__lt=day) | Q(answered_on=day, pk__lt=last))
    found = list(rows.select_related("customer").order_by("-answered_on", "-pk")[: ROWS + 1])
    more = found[ROWS - 1] if len(found) > ROWS else None
    people = User.objects.in_bulk({each.agent_id for each in found if each.agent_id})
    sees = registry["customer"].seen_by(request.actor)
    return render(
        request,
        "experience/responses.html",
        {
            "survey": survey,
            "tabs": heads.tabs("experience"),
            "rows": [_row(each, people) for each in found[:ROWS]],
            "customer_kind": sees,
            "chips": _chips(given, request.GET),
            "next": _with(given, after=f"{more.answered_on.isoformat()}~{more.pk}") if more else "",
            "first": _with(given) if after else "",
        },
    )


def _filtered(rows: Any, given: dict[str, str], survey: Survey) -> Any:
    for name, path in GROUPS.items():
        if name in given:
            rows = rows.filter(**{path: given[name]})
    if "employee" in given:
        rows = rows.filter(agent_id=record_id(given["employee"]))
    if "product" in given:
        rows = rows.filter(
            about_kind="order",
            about_id__in=_orders_of(record_id(given["product"]) or 0, survey),
        )
    if day := typed_day(given.get("since", "")):
        rows = rows.filter(answered_on__gte=day)
    if day := typed_day(given.get("until", "")):
        rows = rows.filter(answered_on__lte=day)
    if (low := record_id(given.get("low", ""))) is not None:
        rows = rows.filter(score__gte=low)
    if (high := record_id(given.get("high", ""))) is not None:
        is_open = high < 100 and high != low
        rows = rows.filter(score__lt=high) if is_open else rows.filter(score__lte=high)
    if "word" in given or "commented" in given:
        rows = rows.exclude(comment="")
    if "word" in given:
        newest = SurveyResponse.objects.filter(survey=survey).exclude(comment="")
        pks = newest.order_by("-answered_on", "-pk").values("pk")[:NEWEST]
        rows = rows.filter(pk__in=pks, comment__icontains=given["word"])
    return rows


def _orders_of(product: int, survey: Survey) -> Any:
    about = SurveyResponse.objects.filter(survey=survey, about_kind="order").values("about_id")
    return OrderLine.objects.filter(product_id=product, order_id__in=about).values("order_id")


def _row(response: SurveyResponse, people: dict[int, User]) -> dict[str, Any]:
    agent = people.get(response.agent_id or 0)
    return {
        "customer": response.customer,
        "on": response.answered_on,
        "score": numbers.number(response.score, 0),
        "is_low": response.score is not None and response.score < 50,
        "comment": response.comment,
        "agent": agent.name if agent else "",
    }


def _chips(given: dict[str, str], query: QueryDict) -> list[dict[str, Any]]:
    """The filters in force, each with the address without it."""
    rows = []
    for name, entry in given.items():
        rest = {key: other for key, other in given.items() if key != name}
        rows.append(
            {"label": LABELS[name], "shown": _entry(name, entry), "href": _with(rest) or "?"}
        )
    return rows


def _entry(name: str, entry: str) -> str:
    if name == "tier":
        return str(dict(Tier.choices).get(entry, entry))
    if name == "commented":
        return _("yes")
    if name in ("since", "until") and (day := typed_day(entry)):
        return numbers.day(day, "full", plain=True)
    if name == "employee":
        person = User.objects.filter(pk=record_id(entry) or 0).first()
        return person.name if person else _("nobody")
    if name == "product":
        product = Product.objects.filter(pk=record_id(entry) or 0).first()
        return product.name if product else _("none")
    return entry


def _with(given: dict[str, str], **more: str) -> str:
    query = urlencode({**given, **more})
    return f"?{query}" if query else "?"
