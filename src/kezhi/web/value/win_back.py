"""Lost customers: whom to win back and whom to let go, why they left, and the rules that tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from kezhi.core.ids import record_id
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.models import Customer, FollowUp
from kezhi.insight import contests, figures, losing, winning_back
from kezhi.insight.models import Loss, LostCustomer, WinBackRules
from kezhi.insight.winning_back import WinBackTotals
from kezhi.records import registry
from kezhi.service.complaints.troubling import words_of
from kezhi.value.lifetime.win_back import WinBackSettings
from kezhi.web import numbers
from kezhi.web.customers.follow_ups import way_back
from kezhi.web.customers.reach import reaches
from kezhi.web.customers.whole_form import whole_form
from kezhi.web.findings import told
from kezhi.web.requests import PersonRequest, must_may, must_see, typed, typed_number
from kezhi.web.value.heads import page_head
from kezhi.web.value.source import is_stale, source

PAGE = 25
SHOWN = ("worth", "let-go", "unexplained")


@dataclass(frozen=True, slots=True)
class Row:
    """A lost customer as the page shows it."""

    lost: LostCustomer
    verdict: str
    planned: FollowUp | None
    may_note: bool
    trouble: str


@require_safe
def show(request: PersonRequest) -> HttpResponse:
    """`?show=worth|let-go|unexplained`, `?after=` a customer: those that follow it."""
    must_may(request, "read", "customer")
    must_see(request, "customer", "value")
    actor, basis = request.actor, figures.basis()
    about = page_head(actor, basis)
    if basis is None:
        return render(request, "value/win_back/index.html", about)
    asked = request.GET.get("show", "")
    shown = asked if asked in SHOWN else "worth"
    after = record_id(request.GET.get("after", ""))
    totals = winning_back.win_back_totals(actor, basis)
    found = winning_back.lost_customers(actor, show=shown, after=after, limit=PAGE + 1)
    rules = winning_back.rules_in_force()
    newest = WinBackRules.objects.current()
    about |= {
        "totals": totals,
        "finding": _finding(totals),
        "rows": _rows(request, found[:PAGE], rules),
        "tabs": _tabs(shown, totals),
        "shown": shown,
        "address": _address(shown, after),
        "first_page": _address(shown, None) if after else "",
        "next_page": _address(shown, found[PAGE - 1].pk) if len(found) > PAGE else "",
        "causes": Loss.Cause.choices,
        "by_cause": _by_cause(totals),
        "rules": rules,
        "is_newer": newest is not None and newest.published_at > basis.run.started_at,
        "source": source(basis.run),
        "model": contests.model_words(basis.run),
        "is_stale": is_stale(basis.run),
        "horizon": round(basis.run.value_settings.rules.get("horizon_months", 36)),
        "may_plan": actor.may("create", "follow_up"),
        "plan_form": whole_form("follow_up"),
        "subject": _("Win them back with an offer"),
    }
    part = request.htmx and request.htmx.target == "lost"
    return render(request, f"value/win_back/{'_lost' if part else 'index'}.html", about)


def _address(shown: str, after: int | None) -> str:
    asked = {"show": "" if shown == "worth" else shown, "after": str(after or "")}
    query = urlencode({name: given for name, given in asked.items() if given})
    return reverse("value-win-back") + (f"?{query}" if query else "")


def _tabs(shown: str, totals: WinBackTotals) -> list[dict[str, Any]]:
    labels = {
        "worth": (_("Worth winning back"), totals.worth_it),
        "let-go": (_("Let go"), totals.let_go),
        "unexplained": (_("Cause not known"), totals.unexplained),
    }
    return [
        {
            "label": label,
            "href": _address(name, None),
            "count": numbers.number(count),
            "current": name == shown,
        }
        for name, (label, count) in labels.items()
    ]


def _finding(totals: WinBackTotals) -> Any:
    if not totals.customers:
        return ""
    if not totals.worth_it:
        sentence = ngettext(
            "The %(count)s lost customer isn’t worth an attempt",
            "None of the %(count)s lost customers is worth an attempt",
            totals.customers,
        )
        return told(sentence, count=numbers.number(totals.customers))
    sentence = ngettext(
        "%(count)s of %(all)s lost customers is worth winning back: attempts would bring %(gain)s",
        "%(count)s of %(all)s lost customers are worth winning back: attempts would bring %(gain)s",
        totals.worth_it,
    )
    gain = told("%(gain)s", "acc", gain=numbers.money(totals.gain))
    counts = {"count": numbers.number(totals.worth_it), "all": numbers.number(totals.customers)}
    return told(sentence, gain=gain, **counts)


def _rows(
    request: PersonRequest,
    found: Sequence[LostCustomer],
    rules: WinBackSettings,
) -> list[Row]:
    planned = FollowUp.objects.visible_to(request.actor).next_of(each.pk for each in found)
    troubles = words_of([each.pk for each in found])
    return [
        Row(
            lost=each,
            verdict=verdict(each, rules),
            planned=planned.get(each.pk),
            may_note=reaches(request.actor, "edit", "customer", each.customer),
            trouble=troubles.get(each.pk, ""),
        )
        for each in found
    ]


def verdict(lost: LostCustomer, rules: WinBackSettings) -> str:
    """Worth it or not, with the sum that says so."""
    told_by = {
        "chance": numbers.percent(lost.chance, 1, plain=True),
        "second": numbers.money(lost.second_value, plain=True),
        "accepted": numbers.money(rules.cost_if_accepted, plain=True),
        "attempt": numbers.money(rules.cost_of_attempt, plain=True),
        "gain": numbers.money(lost.gain, plain=True),
    }
    if rules.cost_if_accepted:
        sum_of = _("%(chance)s × (%(second)s − %(accepted)s) − %(attempt)s = %(gain)s")
    elif rules.cost_of_attempt:
        sum_of = _("%(chance)s × %(second)s − %(attempt)s = %(gain)s")
    else:
        sum_of = _("%(chance)s × %(second)s = %(gain)s")
    sentence = {
        "worth_it": _("An attempt brings more than it costs: %(sum)s."),
        "not_recoverable": _("Hardly anybody comes back after that: %(sum)s."),
        "worth_too_little": _("They would bring less than the offer costs: %(sum)s."),
        "attempt_costs_more": _("An attempt costs more than it brings on average: %(sum)s."),
    }[lost.verdict]
    return sentence % {"sum": sum_of % told_by}


def _by_cause(totals: WinBackTotals) -> list[dict[str, Any]]:
    return [
        {
            "label": str(Loss.Cause(cause).label),
            "amount": count,
            "shown": numbers.number(count),
        }
        for cause, count in totals.by_cause.items()
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def of_customer(request: PersonRequest, pk: int) -> HttpResponse:
    """GET: why the customer was lost and whether winning it back pays. POST cause, remark: why; no cause
    takes back what was noted."""
    must_see(request, "customer", "value")
    rows = Customer.objects.visible_to(request.actor).select_related("standing")
    customer: Customer = get_object_or_404(rows, pk=pk)
    if request.method != "POST":
        return _customer_page(request, customer)
    cause, remark = typed(request, "cause", 12), typed(request, "remark", 300)
    try:
        if cause:
            losing.note_loss(customer, cause, actor=request.actor, on=request.today, remark=remark)
            messages.success(request, _("Noted. Whether winning them back pays was judged anew."))
        else:
            losing.withdraw_loss(customer, actor=request.actor, on=request.today)
            messages.success(request, _("The cause is taken back."))
    except NotAllowed as refusal:
        raise PermissionDenied from refusal
    except losing.InvalidLoss as invalid:
        return _customer_page(request, customer, errors=invalid.errors, status=422)
    except Refused as refusal:
        return _customer_page(request, customer, refusal=str(refusal), status=409)
    back = way_back(request) if request.POST.get("next") else reverse("customer-loss", args=[pk])
    return HttpResponseRedirect(back)


def _customer_page(
    request: PersonRequest,
    customer: Customer,
    *,
    errors: dict[str, str] | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    lost = winning_back.lost_of(customer)
    loss = Loss.objects.filter(customer=customer).select_related("noted_by").first()
    posted = request.method == "POST"
    about = {
        "customer": customer,
        "standing": customer.standing,
        "kind": registry["customer"],
        "lost": lost,
        "verdict": verdict(lost, winning_back.rules_in_force()) if lost else "",
        "loss": loss,
        "came_back": winning_back.has_come_back(loss, customer.standing) if loss else False,
        "may_note": reaches(request.actor, "edit", "customer", customer),
        "causes": Loss.Cause.choices,
        "cause": request.POST.get("cause", "") if posted else loss.cause if loss else "",
        "remark": request.POST.get("remark", "") if posted else loss.remark if loss else "",
        "errors": errors or {},
        "refusal": refusal,
    }
    return render(request, "value/win_back/customer.html", about, status=status)


SHARES = ("otherwise", "least_recoverability")
AMOUNTS = ("cost_of_attempt", "cost_if_accepted", "least_gain")


@require_http_methods(["GET", "HEAD", "POST"])
def rules(request: PersonRequest) -> HttpResponse:
    """GET: how winning back is judged. POST: a new version."""
    must_may(request, "edit", "value_settings")
    if request.method != "POST":
        return _rules_page(request, _typed_rules(winning_back.rules_in_force()))
    given = {name: typed(request, name, 40) for name in _names()}
    given["reason"] = typed(request, "reason", 300)
    try:
        losing.publish_win_back_rules(
            _read(given), actor=request.actor, on=request.today, reason=given["reason"]
        )
    except losing.InvalidWinBackRules as invalid:
        return _rules_page(request, given, errors=invalid.errors, status=422)
    except Refused as refusal:
        return _rules_page(request, given, refusal=str(refusal), status=409)
    messages.success(request, _("Published. The next value run judges by it."))
    return HttpResponseRedirect(reverse("value-win-back"))


def _names() -> list[str]:
    chances = [f"chance-{cause}" for cause in losing.CAUSES]
    return [*chances, *SHARES, *AMOUNTS, "half_life_months"]


def _typed_rules(rules: WinBackSettings) -> dict[str, str]:
    """As the form shows them: shares in per cent."""
    shown = {
        f"chance-{cause}": _plain(rules.recoverability.get(cause, rules.otherwise) * 100)
        for cause in losing.CAUSES
    }
    shown |= {name: _plain(getattr(rules, name) * 100) for name in SHARES}
    shown |= {name: _plain(getattr(rules, name)) for name in (*AMOUNTS, "half_life_months")}
    return shown


def _plain(number: float) -> str:
    return f"{round(number, 4):.10g}"


def _read(given: dict[str, str]) -> dict[str, Any]:
    """What was typed as the rules are kept; what is no number stays out and is refused by its field."""
    read = {name: typed_number(given[name]) for name in _names()}
    numbers_of = {name: None if each is None else float(each) for name, each in read.items()}

    def share(name: str) -> float | None:
        found = numbers_of[name]
        return None if found is None else found / 100

    found: dict[str, Any] = {name: share(name) for name in SHARES}
    found |= {name: numbers_of[name] for name in (*AMOUNTS, "half_life_months")}
    found["recoverability"] = {cause: share(f"chance-{cause}") for cause in losing.CAUSES}
    return found


def _rules_page(
    request: PersonRequest,
    given: dict[str, str],
    *,
    errors: dict[str, str] | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    labels = dict(Loss.Cause.choices)
    about = {
        "typed": given,
        "errors": errors or {},
        "refusal": refusal,
        "causes": [(f"chance-{cause}", labels[cause]) for cause in losing.CAUSES],
        "currency": numbers.reading().currency,
        "versions": WinBackRules.objects.order_by("-pk").select_related("published_by")[:20],
    }
    return render(request, "value/win_back/rules.html", about, status=status)
