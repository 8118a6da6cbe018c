"""What serving customers costs: who costs more than it brings and why, the whale curve, rates and totals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kezhi.core.ids import record_id
from kezhi.customers.models import FollowUp
from kezhi.customers.reaching import home_day
from kezhi.insight import figures, paying, serving, unprofitable
from kezhi.insight.models import ActivityRate, CapitalRate, SharedCost, Unprofitable, ValueRun
from kezhi.insight.unprofitable import CostRow, WhaleCurve
from kezhi.ledger.models import CostEntry
from kezhi.records import registry
from kezhi.web import numbers
from kezhi.web.answering import done
from kezhi.web.customers.whole_form import whole_form
from kezhi.web.findings import told
from kezhi.web.requests import PersonRequest, must_may, must_see, typed, typed_day, typed_number
from kezhi.web.value.heads import page_head
from kezhi.web.value.source import is_stale

PAGE = 25
LATEST = 50


@dataclass(frozen=True, slots=True)
class Row:
    """A customer that costs more than it brings; `subject` is the follow-up that its button plans."""

    loss: Unprofitable
    because: str
    subject: str
    planned: FollowUp | None


@require_safe
def show(request: PersonRequest) -> HttpResponse:
    """`?of=year|all`: the whale curve of 12 months or of all time; `?after=` a customer: those that follow."""
    must_may(request, "read", "customer")
    must_see(request, "customer", "value")
    must_see(request, "customer", "money")
    actor, basis = request.actor, figures.basis()
    about = page_head(actor, basis)
    if basis is None:
        return render(request, "value/costs/index.html", about)
    after = record_id(request.GET.get("after", ""))
    of = "all" if request.GET.get("of") == "all" else "year"
    found = unprofitable.unprofitable_customers(actor, after=after, limit=PAGE + 1)
    rows = [_row(each) for each in found[:PAGE]]
    about |= {
        "rows": rows,
        "address": _address(after),
        "first_page": _address(None) if after else "",
        "next_page": _address(found[PAGE - 1].row.pk) if len(found) > PAGE else "",
        "may_plan": actor.may("create", "follow_up"),
        "plan_form": whole_form("follow_up"),
    }
    if request.htmx and request.htmx.target == "losses":
        return render(request, "value/costs/_losses.html", about)
    curve = unprofitable.whale_curve(actor, basis, of)
    year = curve if of == "year" else unprofitable.whale_curve(actor, basis, "year")
    about |= {
        "finding": _finding(year),
        "year": year,
        "curve": curve,
        "curve_finding": _whale_finding(curve, of),
        "picture": _picture(curve),
        "choices": [
            {"label": label, "href": f"?of={name}#whale", "current": name == of}
            for name, label in (("year", _("12 months")), ("all", _("All time")))
        ],
        "totals": unprofitable.cost_totals(actor, basis),
        "counts_lateness": CapitalRate.objects.filter(rate__gt=0).exists(),
        "overdue_url": _overdue() if actor.may("read", "order") else "",
        "is_stale": is_stale(basis.run),
        "is_newer": _is_newer(basis.run),
    }
    return render(request, "value/costs/index.html", about)


def _is_newer(run: ValueRun) -> bool:
    """Whether rates or totals were entered since the run began."""
    is_later = ActivityRate.objects.filter(published_at__gt=run.started_at).exists()
    is_later = is_later or CapitalRate.objects.filter(published_at__gt=run.started_at).exists()
    began_on = home_day(run.started_at)
    return is_later or SharedCost.objects.filter(entered_on__gt=began_on).exists()


def _overdue() -> str:
    return registry["order"].list_url(view="overdue")


def _address(after: int | None) -> str:
    return reverse("value-costs") + (f"?after={after}" if after else "")


def _finding(curve: WhaleCurve) -> Any:
    if not curve.unprofitable:
        return ""
    sentence = ngettext(
        "%(count)s customer cost more than it brought in 12 months: %(amount)s in all",
        "%(count)s customers cost more than they brought in 12 months: %(amount)s in all",
        curve.unprofitable,
    )
    amount = told("%(amount)s", "risk", amount=numbers.money(-curve.destroyed))
    return told(sentence, count=numbers.number(curve.unprofitable), amount=amount)


def _whale_finding(curve: WhaleCurve, of: str) -> Any:
    if curve.peak is None or not curve.unprofitable:
        return ""
    shown = {
        "count": numbers.number(curve.profitable),
        "peak": numbers.percent(curve.peak, 1),
        "rest": numbers.percent(curve.peak - 1, 1),
    }
    if of == "all":
        return told(
            _(
                "%(count)s customers made %(peak)s of the realised value; the others took %(rest)s back"
            ),
            **shown,
        )
    return told(
        _("%(count)s customers made %(peak)s of the contribution; the others took %(rest)s back"),
        **shown,
    )


def _picture(curve: WhaleCurve) -> dict[str, Any]:
    points = [[0, 0], *([round(x * 100, 2), round(y * 100, 2)] for x, y in curve.points)]
    drawn: dict[str, Any] = {
        "points": points,
        "x_label": _("of customers"),
        "y_label": _("of the total"),
        "href": registry["customer"].list_url(sort="-contribution_12m"),
    }
    if curve.peak is not None and curve.at_peak is not None:
        x, y = round(curve.at_peak * 100, 2), round(curve.peak * 100, 2)
        drawn["mark"] = {"x": x, "y": y, "label": ""}  # the title says it
    return drawn


def component_label(name: str) -> str:
    """What a part of the costs is called."""
    labels = {
        unprofitable.GOODS: pgettext("cost component", "Goods"),
        paying.LATE_PAYMENT: pgettext("cost component", "Late payments"),
        ActivityRate.Activity.CALL: pgettext("cost component", "Calls"),
        ActivityRate.Activity.MESSAGE: pgettext("cost component", "Messages"),
        ActivityRate.Activity.DELIVERY: pgettext("cost component", "Deliveries"),
        **dict(CostEntry.Activity.choices),
    }
    return str(labels.get(name, name))


def _within(name: str) -> str:
    """The label inside a sentence."""
    label = component_label(name)
    return label[:1].lower() + label[1:]


def _row(each: CostRow) -> Row:
    loss = each.row
    main = loss.causes[0]["component"] if loss.causes else _largest(loss.costs)
    return Row(loss, because(loss), _subject(main), each.planned)


def _largest(costs: Mapping[str, float]) -> str:
    return max(costs, key=lambda name: (costs[name], name), default="")


def because(loss: Unprofitable) -> str:
    """ "costs more than it brings because …", in words with the figures."""
    if not loss.causes:
        parts = sorted(loss.costs.items(), key=lambda pair: (-pair[1], pair[0]))[:3]
        named = [
            _("%(component)s %(amount)s")
            % {"component": _within(name), "amount": numbers.money(cost, plain=True)}
            for name, cost in parts
            if cost > 0
        ]
        listed = pgettext("between the entries of a list", ", ").join(named)
        if loss.revenue <= 0:
            return _("Costs more than it brings because it bought nothing: %(costs)s.") % {
                "costs": listed
            }
        return _("Costs more than it brings; the largest costs are %(costs)s.") % {"costs": listed}
    told_of = [
        _(
            "%(component)s take %(share)s of revenue, with similar customers %(usual)s (%(excess)s more)"
        )
        % {
            "component": _within(cause["component"]),
            "share": numbers.percent(cause["share"], plain=True),
            "usual": numbers.percent(cause["similar_share"], plain=True),
            "excess": numbers.money(cause["excess"], plain=True),
        }
        for cause in loss.causes
    ]
    joined = pgettext("between two causes", "; ").join(told_of)
    return _("Costs more than it brings because %(causes)s.") % {"causes": joined}


def _subject(component: str) -> str:
    subjects = {
        unprofitable.GOODS: _("Renegotiate the price: goods cost too much of it"),
        CostEntry.Activity.VISIT: _("Visit less, call instead"),
        CostEntry.Activity.SERVICE: _("Agree what service is paid for"),
        CostEntry.Activity.FREIGHT: _("Agree on fewer or larger deliveries"),
        ActivityRate.Activity.DELIVERY: _("Agree on fewer or larger deliveries"),
        CostEntry.Activity.DISCOUNT: _("Review the discounts outside the price"),
        paying.LATE_PAYMENT: _("Agree on earlier payment or on a deposit"),
        CostEntry.Activity.CAMPAIGN: _("Take them off costly campaigns"),
    }
    return subjects.get(component, _("Agree on prices or on service that pays"))


@require_http_methods(["GET", "HEAD", "POST"])
def rates(request: PersonRequest) -> HttpResponse:
    """GET: rates in their versions, and totals that are shared out. POST activity, rate, since_on, reason."""
    if request.method == "POST":
        must_may(request, "edit", "value_settings")
    must_may(request, "read", "value_settings")
    must_see(request, "customer", "money")
    if request.method != "POST":
        return rates_page(request)
    given = {name: typed(request, name, 300) for name in ("activity", "rate", "since_on", "reason")}
    try:
        serving.publish_rate(
            given["activity"],
            typed_number(given["rate"]),
            actor=request.actor,
            on=request.today,
            since_on=typed_day(given["since_on"]),
            reason=given["reason"],
        )
    except serving.InvalidCost as invalid:
        return rates_page(request, rate=given, rate_errors=invalid.errors, status=422)
    messages.success(request, _("Published. The next value run counts by it."))
    return HttpResponseRedirect(reverse("cost-rates"))


@require_POST
def share(request: PersonRequest) -> HttpResponse:
    """POST activity, amount, first_on, last_on, driver, remark: a total to share out."""
    must_may(request, "edit", "value_settings")
    must_see(request, "customer", "money")
    names = ("activity", "amount", "first_on", "last_on", "driver", "remark")
    given = {name: typed(request, name, 200) for name in names}
    try:
        serving.enter_shared_cost(
            given["activity"],
            typed_number(given["amount"]),
            actor=request.actor,
            on=request.today,
            first_on=typed_day(given["first_on"]),
            last_on=typed_day(given["last_on"]),
            driver=given["driver"],
            remark=given["remark"],
        )
    except serving.InvalidCost as invalid:
        return rates_page(request, shared=given, shared_errors=invalid.errors, status=422)
    messages.success(request, _("Entered. The next value run shares it out."))
    return HttpResponseRedirect(reverse("cost-rates"))


@require_POST
def unshare(request: PersonRequest, pk: int) -> HttpResponse:
    must_may(request, "edit", "value_settings")
    cost = get_object_or_404(SharedCost, pk=pk)
    return done(
        request,
        lambda: serving.withdraw_shared_cost(cost, actor=request.actor, on=request.today),
        _("Taken back. The next value run leaves it out."),
        reverse("cost-rates"),
    )


def rates_page(
    request: PersonRequest,
    *,
    rate: Mapping[str, str] | None = None,
    rate_errors: Mapping[str, str] | None = None,
    shared: Mapping[str, str] | None = None,
    shared_errors: Mapping[str, str] | None = None,
    capital: Mapping[str, str] | None = None,
    capital_errors: Mapping[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    """Rates in their versions and totals, with what was typed and is wrong with it."""
    known = serving.rates_by_activity()
    held = {name: serving.rate_on(versions, request.today) for name, versions in known.items()}
    every = ActivityRate.objects.order_by("-since_on", "-pk").select_related("published_by")
    about = {
        "activities": [
            {"label": label, "rate": held.get(name), "counts": _counts(name)}
            for name, label in ActivityRate.Activity.choices
        ],
        "activity_options": ActivityRate.Activity.choices,
        "versions": every[:LATEST],
        "costs": SharedCost.objects.order_by("-last_on", "-pk").select_related("entered_by")[
            :LATEST
        ],
        "kind_options": CostEntry.Activity.choices,
        "driver_options": SharedCost.Driver.choices,
        "may_edit": request.actor.may("edit", "value_settings"),
        "currency": numbers.reading().currency,
        "rate": rate or {"since_on": request.today.replace(day=1).isoformat()},
        "rate_errors": rate_errors or {},
        "shared": shared or {},
        "shared_errors": shared_errors or {},
        "capital_rates": CapitalRate.objects.order_by("-since_on", "-pk").select_related(
            "published_by"
        )[:LATEST],
        "capital_today": paying.capital_rate_on(request.today),
        "capital": capital or {"since_on": request.today.replace(month=1, day=1).isoformat()},
        "capital_errors": capital_errors or {},
    }
    return render(request, "value/costs/rates.html", about, status=status)


def _counts(activity: str) -> str:
    return {
        "visit": _("visits on the timeline"),
        "call": _("calls on the timeline"),
        "message": _("WeChat messages and e-mails on the timeline"),
        "delivery": _("days on which the customer ordered"),
        "hour": _("minutes noted with work on tickets"),
    }[activity]
