"""Tiers by hand: asked for on a customer, decided one by one, listed with what is at stake."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kezhi.core.ids import record_id
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.models import Customer
from kezhi.customers.models.standing import Tier
from kezhi.insight import overriding
from kezhi.insight.models import TierMove, TierOverride, ValueRun
from kezhi.insight.policies import policies_in_force
from kezhi.records import registry
from kezhi.web.customers.reach import reaches
from kezhi.web.requests import PersonRequest, must_may, must_see, typed, typed_day
from kezhi.web.value import tiers

PAGE = 50
LATEST = 30
State = TierOverride.State
ENDED = (State.REJECTED, State.WITHDRAWN, State.REPLACED, State.EXPIRED)
SHOWN = {"waiting": (State.WAITING,), "in-force": (State.IN_FORCE,), "ended": ENDED}


@require_safe
def index(request: PersonRequest) -> HttpResponse:
    """`?show=waiting|in-force|ended`, `?before=` older ones."""
    must_may(request, "read", "tier_override")
    must_see(request, "customer", "value")
    rows = TierOverride.objects.visible_to(request.actor)
    counts = {name: rows.filter(state__in=states).count() for name, states in OPEN.items()}
    usual = "waiting" if counts["waiting"] or not counts["in-force"] else "in-force"
    shown = request.GET.get("show", usual)
    shown = shown if shown in SHOWN else usual
    before = record_id(request.GET.get("before", ""))
    listed = rows.filter(state__in=SHOWN[shown]).select_related(
        "customer__standing", "requested_by", "approved_by", "ended_by"
    )
    if before is not None:
        listed = listed.filter(pk__lt=before)
    found = list(listed.order_by("-pk")[: PAGE + 1])
    about = {
        "rows": found[:PAGE],
        "shown": shown,
        "tabs": [
            {
                "label": label,
                "href": f"?show={name}",
                "count": counts.get(name),
                "current": name == shown,
            }
            for name, label in _tabs()
        ],
        "older": f"?show={shown}&before={found[PAGE - 1].pk}" if len(found) > PAGE else "",
        "newest": f"?show={shown}" if before else "",
    }
    return render(request, "value/tiers/by_hand.html", about)


OPEN = {name: SHOWN[name] for name in ("waiting", "in-force")}


def _tabs() -> list[tuple[str, str]]:
    return [("waiting", _("To approve")), ("in-force", _("In force")), ("ended", _("Ended"))]


@require_safe
def show(request: PersonRequest, pk: int) -> HttpResponse:
    return _one(request, _visible(request, pk))


@require_POST
def approve(request: PersonRequest, pk: int) -> HttpResponse:
    """The customer stands in the tier at once."""

    def deed(override: TierOverride) -> None:
        overriding.approve_override(override, actor=request.actor, on=request.today)

    return _decide(request, pk, deed, _("Approved. The tier is in force."))


@require_POST
def reject(request: PersonRequest, pk: int) -> HttpResponse:
    """POST reason."""
    reason = typed(request, "reason", 300)

    def deed(override: TierOverride) -> None:
        overriding.reject_override(override, actor=request.actor, on=request.today, reason=reason)

    return _decide(request, pk, deed, _("Rejected. Whoever asked for it reads why."))


@require_POST
def withdraw(request: PersonRequest, pk: int) -> HttpResponse:
    """POST reason, if there is one to tell."""
    reason = typed(request, "reason", 300)

    def deed(override: TierOverride) -> None:
        overriding.withdraw_override(override, actor=request.actor, on=request.today, reason=reason)

    return _decide(request, pk, deed, _("Withdrawn. The tier is that of the score."))


@require_http_methods(["GET", "HEAD", "POST"])
def of_customer(request: PersonRequest, pk: int) -> HttpResponse:
    """GET: the customer's tier, what it is promised, how it came about. POST tier, until, reason: another."""
    must_see(request, "customer", "value")
    rows = Customer.objects.visible_to(request.actor).select_related("standing")
    customer: Customer = get_object_or_404(rows, pk=pk)
    if request.method != "POST":
        return _customer_page(request, customer)
    tier, reason = typed(request, "tier", 10), typed(request, "reason", 300)
    try:
        overriding.request_override(
            customer,
            tier,
            actor=request.actor,
            on=request.today,
            until=typed_day(typed(request, "until", 20)),
            reason=reason,
        )
    except overriding.InvalidOverride as invalid:
        return _customer_page(request, customer, errors=invalid.errors, status=422)
    except NotAllowed as refusal:
        raise PermissionDenied from refusal
    except Refused as refusal:
        return _customer_page(request, customer, refusal=str(refusal), status=409)
    messages.success(request, _("Asked for. It holds once somebody has approved it."))
    return HttpResponseRedirect(reverse("customer-tier", args=[pk]))


def _customer_page(
    request: PersonRequest,
    customer: Customer,
    *,
    errors: dict[str, str] | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    actor, on = request.actor, request.today
    run = ValueRun.objects.latest_published()
    is_by_hand = TierOverride.objects.in_force().filter(customer=customer).exists()
    policy = policies_in_force().get(customer.standing.tier)
    may_read = reaches(actor, "read", "tier_override", customer)
    about = {
        "customer": customer,
        "standing": customer.standing,
        "kind": registry["customer"],
        "by_score": overriding.scored_tier(customer.pk, run) if is_by_hand else None,
        "policy": policy,
        "policy_line": tiers.policy_line(policy, actor) if policy else "",
        "moves": TierMove.objects.filter(customer=customer).order_by("-moved_on", "-pk")[:LATEST],
        "overrides": _told(customer) if may_read else [],
        "may_request": reaches(actor, "create", "tier_override", customer),
        "tier_options": Tier.choices,
        "typed": request.POST,
        "latest_day": overriding.longest(on),
        "errors": errors or {},
        "refusal": refusal,
    }
    return render(request, "value/tiers/customer.html", about, status=status)


def _told(customer: Customer) -> list[TierOverride]:
    """What was given or asked for by hand, the latest first."""
    rows = TierOverride.objects.filter(customer=customer).select_related(
        "requested_by", "approved_by", "ended_by"
    )
    return list(rows.order_by("-pk")[:LATEST])


def _visible(request: PersonRequest, pk: int) -> TierOverride:
    must_may(request, "read", "tier_override")
    must_see(request, "customer", "value")
    rows = TierOverride.objects.visible_to(request.actor).select_related(
        "customer__standing", "requested_by", "approved_by", "ended_by"
    )
    override: TierOverride = get_object_or_404(rows, pk=pk)
    return override


def _decide(
    request: PersonRequest, pk: int, deed: Callable[[TierOverride], None], told: str
) -> HttpResponse:
    override = _visible(request, pk)
    try:
        deed(override)
    except NotAllowed as refusal:
        raise PermissionDenied from refusal
    except overriding.InvalidOverride as invalid:
        return _one(request, override, errors=invalid.errors, status=422)
    except Refused as refusal:
        return _one(request, _visible(request, pk), refusal=str(refusal), status=409)
    messages.success(request, told)
    return HttpResponseRedirect(reverse("tier-override", args=[pk]))


def _one(
    request: PersonRequest,
    override: TierOverride,
    *,
    errors: dict[str, str] | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    actor = request.actor
    decides = reaches(actor, "edit", "tier_override", override.customer)
    policies = policies_in_force()
    policy = policies.get(override.tier)
    about: dict[str, Any] = {
        "override": override,
        "customer": override.customer,
        "standing": override.customer.standing,
        "policy_line": tiers.policy_line(policy, actor) if policy else "",
        "decides": decides and override.is_waiting,
        "may_approve": decides and override.is_waiting and overriding.may_approve(actor, override),
        "may_withdraw": (override.is_waiting or override.is_in_force)
        and (decides or override.requested_by_id == actor.pk),
        "errors": errors or {},
        "refusal": refusal,
        "reason": request.POST.get("reason", "")[:300],
    }
    return render(request, "value/tiers/override.html", about, status=status)
