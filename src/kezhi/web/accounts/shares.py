"""Customers shown to colleagues and teams, from their pages; many at once: `web.records.bulk`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from kezhi.accounts.models import Share, Team, User
from kezhi.core.ids import record_id
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.models import Customer
from kezhi.customers.sharing import (
    end_share,
    may_share,
    share_customer,
    shares_of,
)
from kezhi.records import registry
from kezhi.web.customers import reach
from kezhi.web.customers.filled import holds
from kezhi.web.requests import PersonRequest


@dataclass(frozen=True, slots=True)
class Wanted:
    """A share as it was typed."""

    to: User | Team
    may_edit: bool
    until: date | None
    reason: str


@require_http_methods(["GET", "HEAD", "POST"])
def of_customer(request: PersonRequest, pk: int) -> HttpResponse:
    """With whom a customer is shared, and the form; POST shares it."""
    customer = get_object_or_404(Customer.objects.visible_to(request.actor), pk=pk)
    if not may_share(customer, request.actor):
        raise PermissionDenied
    refusal = ""
    if request.method == "POST":
        try:
            share = wanted(request)
            share_customer(
                customer,
                share.to,
                actor=request.actor,
                on=request.today,
                may_edit=share.may_edit,
                until=share.until,
                reason=share.reason,
            )
        except NotAllowed as denied:
            refusal = str(denied)
        except Refused as refused:
            refusal = str(refused)
        else:
            told = _("%(customer)s is shared with %(to)s") % {
                "customer": customer.name,
                "to": share.to.name,
            }
            messages.success(request, told)
            return HttpResponseRedirect(registry["customer"].url_of(customer))
    about = {
        "customer": customer,
        "kind": registry["customer"],
        "shares": panel(customer, request.actor)["shares"],
        **form(request),
        "refusal": refusal,
    }
    return render(request, "accounts/share.html", about, status=409 if refusal else 200)


@require_POST
def end(request: PersonRequest, pk: int, share: int) -> HttpResponse:
    customer = get_object_or_404(Customer.objects.visible_to(request.actor), pk=pk)
    found = get_object_or_404(Share.objects.filter(customer_id=customer.pk), pk=share)
    try:
        end_share(customer, found, actor=request.actor, on=request.today)
    except NotAllowed as denied:
        raise PermissionDenied(str(denied)) from denied
    messages.success(request, _("The share is ended"))
    kind = registry["customer"]
    stays = Customer.objects.visible_to(User.objects.get(pk=request.actor.pk)).filter(pk=pk)
    return HttpResponseRedirect(kind.url_of(customer) if stays.exists() else kind.list_url())


def panel(customer: Customer, actor: User) -> dict[str, Any]:
    """With whom the customer is shared, for its page."""
    may = reach.may_share(actor, customer)
    return {
        "may_share": may,
        "shares": [
            {"row": share, "may_end": may or share.person_id == actor.pk}
            for share in (shares_of(customer) if holds(customer, "share") else ())
        ],
    }


def form(request: PersonRequest) -> dict[str, Any]:
    """With whom it can be shared, and what was typed."""
    people = User.objects.active().exclude(pk=request.actor.pk).order_by("name_key")
    teams = Team.objects.select_related("department").order_by("department__path", "name")
    return {
        "sides": [
            (
                _("Colleagues"),
                [(f"person-{pk}", name) for pk, name in people.values_list("pk", "name")],
            ),
            (
                _("Teams"),
                [(f"team-{team.pk}", f"{team.department.name} · {team.name}") for team in teams],
            ),
        ],
        "typed": {
            name: request.POST.get(name, "") for name in ("to", "until", "reason", "may_edit")
        },
    }


def wanted(request: PersonRequest) -> Wanted:
    """A share as it was typed; raises `Refused` when it says no side or no day."""
    what, _dash, number = request.POST.get("to", "").partition("-")
    to: User | Team | None = None
    if (pk := record_id(number)) is not None:
        to = (
            User.objects.active().filter(pk=pk).first()
            if what == "person"
            else Team.objects.filter(pk=pk).first()
        )
    if to is None:
        raise Refused(_("Choose a colleague or a team."))
    typed = request.POST.get("until", "").strip()
    try:
        until = date.fromisoformat(typed) if typed else None
    except ValueError:
        raise Refused(_("This is no day.")) from None
    reason = request.POST.get("reason", "").strip()[:300]
    return Wanted(to, request.POST.get("may_edit") == "1", until, reason)
