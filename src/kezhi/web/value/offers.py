"""What to offer whom, what goes together or comes next, who resembles the best; and the answers to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kezhi.catalog.models import Product
from kezhi.core.ids import record_id
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.models import Customer
from kezhi.customers.segmenting import Wording, create_segment
from kezhi.insight import answering_offers, figures, offering
from kezhi.insight.models import OfferAnswer, OfferRun, ProductRule, ValueRun
from kezhi.records import registry
from kezhi.web import numbers
from kezhi.web.complaints.marks import marks_of
from kezhi.web.records.access import asking
from kezhi.web.requests import PersonRequest, must_may, must_see, page_number, typed
from kezhi.web.value.dashboard import scope_words

PAGE = 50
MOST_IN_SEGMENT = 500
MOST_CHOICES = 30
MOST_PERCENT = 0.01
SHOWN = ("offers", "together", "next", "answered")


def reason(one: figures.Suggestion) -> str:
    """Why it is offered, in a sentence."""
    if not one.because:
        return _("Bought by customers like this one.")
    return ngettext(
        "Has %(product)s: %(count)s customer has both, %(lift)s times as many as by chance.",
        "Has %(product)s: %(count)s customers have both, %(lift)s times as many as by chance.",
        one.together,
    ) % {
        "product": one.because,
        "count": numbers.number(one.together, plain=True),
        "lift": numbers.number(one.lift, 1, plain=True),
    }


def money(one: figures.Suggestion) -> str:
    """Where the expected money comes from."""
    return _("%(share)s likely in %(days)s days × %(amount)s") % {
        "share": likely(one),
        "days": offering.WINDOW_DAYS,
        "amount": numbers.money(one.contribution, plain=True),
    }


def likely(one: figures.Suggestion) -> str:
    """The probability, as a sentence says it."""
    if one.probability < MOST_PERCENT:
        return _("under %(share)s") % {"share": numbers.percent(MOST_PERCENT, plain=True)}
    return numbers.percent(one.probability, plain=True)


def said(one: figures.Pairing) -> str:
    """A rule in a sentence."""
    return _("%(share)s of those: %(count)s of %(of)s, %(lift)s times as often as others") % {
        "share": numbers.percent(one.confidence, plain=True),
        "count": numbers.number(one.count, plain=True),
        "of": numbers.number(one.of, plain=True),
        "lift": numbers.number(one.lift, 1, plain=True),
    }


@require_safe
def show(request: PersonRequest) -> HttpResponse:
    """`?show=offers|together|next|answered`, `?product=` only that one, `?page=`."""
    must_may(request, "read", "customer")
    must_see(request, "customer", "value")
    return _page(request)


@require_POST
def search(request: PersonRequest) -> HttpResponse:
    """Search anew."""
    must_may(request, "measure", "value_run")
    must_see(request, "customer", "value")
    try:
        offering.start_offer_run(actor=request.actor, on=request.today)
    except Refused as refusal:
        return _page(request, refusal=str(refusal), status=409)
    messages.success(request, _("The search has begun."))
    return redirect("value-offers")


def _page(request: PersonRequest, *, refusal: str = "", status: int = 200) -> HttpResponse:
    actor = request.actor
    run = figures.offer_run()
    shown = request.GET.get("show", "")
    shown = shown if shown in SHOWN else SHOWN[0]
    number = page_number(request)
    offered = figures.offered(actor, run) if run and shown == "offers" else []
    product = _product(request)
    found: list[Any] = _found(request, run, shown, product, number)
    chosen = f"&product={product.pk}" if product else ""
    counted = [row for row in offered if product is None or row.product_id == product.pk]
    expected, count = sum(row.expected for row in counted), sum(row.count for row in counted)
    about: dict[str, Any] = {
        "run": run,
        "scope": scope_words(actor),
        "finding": _finding(shown, found, expected, count),
        "shown": shown,
        "rows": found[:PAGE],
        "troubles": marks_of(each.customer_id for each in found) if shown == "offers" else {},
        "product": product,
        "products": [(str(row.product_id), row.product) for row in offered[:MOST_CHOICES]],
        "previous_page": f"?show={shown}{chosen}&page={number - 1}" if number > 1 else "",
        "next_page": f"?show={shown}{chosen}&page={number + 1}" if len(found) > PAGE else "",
        "tabs": [
            {"label": label, "href": f"?show={name}", "current": name == shown}
            for name, label in _tabs()
        ],
        "refusal": refusal,
        **_about_search(request),
        **words(),
    }
    return render(request, "value/offers/index.html", about, status=status)


def words() -> dict[str, Any]:
    """What templates need to say an offer and to answer it."""
    return {
        "because": reason,
        "money_words": money,
        "likely": likely,
        "said": said,
        "reject_options": OfferAnswer.Reason.choices,
    }


def _product(request: PersonRequest) -> Product | None:
    pk = record_id(request.GET.get("product", ""))
    if pk is None:
        return None
    found: Product | None = Product.objects.visible_to(request.actor).filter(pk=pk).first()
    return found


def _found(
    request: PersonRequest,
    run: OfferRun | None,
    shown: str,
    product: Product | None,
    number: int,
) -> list[Any]:
    """One more than a page of what is listed."""
    actor, first = request.actor, (number - 1) * PAGE
    only = product.pk if product else None
    if shown == "answered":
        return list(figures.answered_offers(actor, PAGE + 1, first))
    if run is None:
        return []
    if shown == "offers":
        return list(figures.suggestions(actor, run, only, PAGE + 1, first))
    sort = ProductRule.Sort.TOGETHER if shown == "together" else ProductRule.Sort.NEXT
    return list(figures.pairings(run, sort, only)[first : first + PAGE + 1])


def _tabs() -> list[tuple[str, str]]:
    labels = (
        _("What to offer"),
        _("What goes together"),
        _("What is bought next"),
        _("What became of it"),
    )
    return list(zip(SHOWN, labels, strict=True))


def _finding(shown: str, rows: list[Any], expected: float, count: int) -> str:
    if not rows or shown == "answered":
        return ""
    if shown == "offers":
        return ngettext(
            "%(count)s offer promises %(amount)s in %(days)s days",
            "%(count)s offers promise %(amount)s in %(days)s days",
            count,
        ) % {
            "count": numbers.number(count, plain=True),
            "amount": numbers.money(expected, plain=True),
            "days": offering.WINDOW_DAYS,
        }
    first: figures.Pairing = rows[0]
    named = {
        "given": _(" and ").join(first.given),
        "then": first.then,
        "lift": numbers.number(first.lift, 1, plain=True),
    }
    if shown == "together":
        return _("%(given)s and %(then)s go together %(lift)s times as often as by chance") % named
    return _("After %(given)s comes %(then)s, %(lift)s times as often as otherwise") % named


def _about_search(request: PersonRequest) -> dict[str, Any]:
    under_way = OfferRun.objects.under_way()
    return {
        "searching": under_way,
        "may_measure": request.actor.may("measure", "value_run"),
        "has_run": ValueRun.objects.published().exists(),
        "window_days": offering.WINDOW_DAYS,
        "most_customers": offering.MOST_CUSTOMERS,
        "kind": registry["customer"],
    }


@require_POST
def cancel(request: PersonRequest) -> HttpResponse:
    """Stop the search that is under way."""
    must_may(request, "measure", "value_run")
    must_see(request, "customer", "value")
    under_way = OfferRun.objects.under_way()
    try:
        if under_way is None:
            raise Refused(_("This isn’t under way any more."))
        offering.cancel_offer_run(under_way, actor=request.actor, on=request.today)
    except Refused as refusal:
        return _page(request, refusal=str(refusal), status=409)
    messages.success(request, _("The search is being cancelled. What was found before stays."))
    return redirect("value-offers")


@require_http_methods(["GET", "HEAD", "POST"])
def look_alikes(request: PersonRequest) -> HttpResponse:
    """Who resembles the best customers. POST name: a segment of them."""
    must_may(request, "read", "customer")
    must_see(request, "customer", "value")
    if request.method != "POST":
        return _alike_page(request)
    must_may(request, "create", "segment")
    run = figures.offer_run()
    if run is None:
        return _alike_page(request, refusal=_("Nothing has been found yet."), status=409)
    try:
        segment = create_segment(
            Wording(typed(request, "name", 100)),
            actor=request.actor,
            on=request.today,
            asking=asking(request),
            chosen=figures.similar_ids(request.actor, run, MOST_IN_SEGMENT),
        )
    except NotAllowed as refusal:
        raise PermissionDenied from refusal
    except Refused as refusal:
        return _alike_page(request, error=str(refusal), status=422)
    messages.success(request, _("The segment is made."))
    return redirect("segment", segment.pk)


def _alike_page(
    request: PersonRequest, *, error: str = "", refusal: str = "", status: int = 200
) -> HttpResponse:
    actor = request.actor
    run = figures.offer_run()
    number = page_number(request)
    found = figures.similar(actor, run, PAGE + 1, (number - 1) * PAGE) if run else []
    about: dict[str, Any] = {
        "run": run,
        "scope": scope_words(actor),
        "rows": found[:PAGE],
        "finding": _("%(name)s resembles your best customers most") % {"name": found[0].name}
        if found and number == 1
        else "",
        "features": feature_labels(),
        "previous_page": f"?page={number - 1}" if number > 1 else "",
        "next_page": f"?page={number + 1}" if len(found) > PAGE else "",
        "may_segment": actor.may("create", "segment"),
        "name": typed(request, "name", 100) or _("Like our best customers"),
        "error": error,
        "refusal": refusal,
        **_about_search(request),
    }
    return render(request, "value/offers/look_alikes.html", about, status=status)


def feature_labels() -> dict[str, str]:
    """What a customer may resemble the best in."""
    return {
        "mean_spend": _("size of orders"),
        "mean_interval_days": _("rhythm of orders"),
        "tenure_months": _("time as a customer"),
        "revenue_trend": _("trend of spend"),
        "return_rate": _("few returns"),
        "margin_rate": _("margin"),
        "breadth": _("range of products"),
        "industry": _("industry"),
    }


@require_POST
def plan(request: PersonRequest, pk: int, product: int) -> HttpResponse:
    """A follow-up to offer it. POST back=list: return to the list; despite: why, while there is trouble."""

    def deed(customer: Customer, offered: Product) -> str:
        follow_up = answering_offers.plan_offer(
            customer,
            offered,
            actor=request.actor,
            on=request.today,
            despite=typed(request, "despite", 300),
        )
        return _("Planned for %(day)s.") % {"day": numbers.day(follow_up.due_on, plain=True)}

    return _answer(request, pk, product, deed)


@require_POST
def reject(request: PersonRequest, pk: int, product: int) -> HttpResponse:
    """POST reason, remark: it isn't offered to this customer again."""

    def deed(customer: Customer, offered: Product) -> str:
        answering_offers.reject_offer(
            customer,
            offered,
            actor=request.actor,
            on=request.today,
            reason=typed(request, "reason", 20),
            remark=typed(request, "remark", 300),
        )
        return _("Noted. It isn’t offered to this customer again.")

    return _answer(request, pk, product, deed)


@require_POST
def reconsider(request: PersonRequest, pk: int, product: int) -> HttpResponse:
    """Take an answer back: it may be offered again."""

    def deed(customer: Customer, offered: Product) -> str:
        answering_offers.reconsider_offer(customer, offered, actor=request.actor, on=request.today)
        return _("Taken back. It may be offered again.")

    return _answer(request, pk, product, deed)


def _answer(
    request: PersonRequest, pk: int, product: int, deed: Callable[[Customer, Product], str]
) -> HttpResponse:
    must_see(request, "customer", "value")
    customer = get_object_or_404(Customer.objects.visible_to(request.actor), pk=pk)
    offered = get_object_or_404(Product.objects.visible_to(request.actor), pk=product)
    try:
        told = deed(customer, offered)
    except NotAllowed as refusal:
        raise PermissionDenied from refusal
    except Refused as refusal:
        return _page(request, refusal=str(refusal), status=409)
    messages.success(request, told)
    if request.POST.get("back") == "list":
        return HttpResponseRedirect(reverse("value-offers"))
    if request.POST.get("back") == "answered":
        return HttpResponseRedirect(reverse("value-offers") + "?show=answered")
    return HttpResponseRedirect(registry["customer"].url_of(customer) + "#offers")
