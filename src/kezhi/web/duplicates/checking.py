"""Asked before a customer or contact is saved: is it there already? Shown as a step, and live while typing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kezhi.core.ids import record_id
from kezhi.core.refusal import Refused
from kezhi.customers.deduplicating import Finding, ask_for_access, look_for, same_person
from kezhi.customers.models import Customer
from kezhi.records import Kind, registry
from kezhi.web.requests import PersonRequest, must_may

MARKS = ("name", "form", "credit_code", "tax_id", "phone", "email", "wechat", "website")
CONTACT_MARKS = ("phone", "email", "wechat")
LEAST_NAME = 2
MOST = 250


@dataclass(frozen=True)
class Doubt:
    """Why a form isn't saved at once. The person may save anyway, and says why where it is plain."""

    kind: str
    finding: Finding
    reason: str = ""
    error: str = ""

    def label(self, name: str) -> str:
        return str(registry[self.kind].field(name).label)


def doubt_about(
    request: PersonRequest, kind: Kind, entries: Mapping[str, Any], record: Any = None
) -> Doubt | None:
    """None when nothing stands against saving, or when the person wants it all the same."""
    look = CHECKS.get(kind.name)
    if look is None or not _says_something_new(entries, record):
        return None
    finding = look(request, entries, record)
    if not finding:
        return None
    reason = reason_of(request)
    if "save_anyway" not in request.POST:
        return Doubt(kind.name, finding, reason)
    if finding.is_exact and not reason:
        return Doubt(kind.name, finding, error=_("Say why it is another one."))
    return None


def reason_of(request: PersonRequest) -> str:
    """Why it was saved all the same; kept in the audit."""
    return request.POST.get("anyway_reason", "").strip()[:300]


def about_saving(request: PersonRequest, kind: Kind) -> dict[str, str]:
    """What the deed of a checked kind is told beside the entries."""
    return {"reason": reason_of(request)} if kind.name in CHECKS else {}


def _says_something_new(entries: Mapping[str, Any], record: Any) -> bool:
    """Who edits another field of an old record isn't asked again."""
    return record is None or any(
        name in entries and (entries[name] or "") != (getattr(record, name, "") or "")
        for name in MARKS
    )


def _customer(request: PersonRequest, entries: Mapping[str, Any], record: Any) -> Finding:
    own = {name: getattr(record, name) for name in MARKS} if record is not None else {}
    whole = {"form": Customer.Form.COMPANY, **own, **entries}
    return look_for(request.actor, "customer", whole, [record.pk] if record is not None else [])


def _contact(request: PersonRequest, entries: Mapping[str, Any], record: Any) -> Finding:
    customer = entries.get("customer") or (record.customer if record is not None else None)
    marks = {name: entries.get(name) for name in CONTACT_MARKS}
    ignore = [customer.pk] if customer is not None else []
    finding = look_for(request.actor, "contact", marks, ignore)
    if customer is None:
        return finding
    people = same_person(request.actor, customer, entries)
    others = [each for each in people if record is None or each.pk != record.pk]
    return Finding(finding.seen, finding.elsewhere, others)


CHECKS: dict[str, Callable[[PersonRequest, Mapping[str, Any], Any], Finding]] = {
    "customer": _customer,
    "contact": _contact,
}


@require_safe
def hint(request: PersonRequest, kind: str) -> HttpResponse:
    """While somebody types: what there is already. `?ignore=` is the record being edited."""
    finding = _checked(request, kind, request.GET)
    return render(request, "duplicates/_hint.html", {"doubt": Doubt(kind, finding)})


@require_POST
def ask(request: PersonRequest, kind: str) -> HttpResponse:
    """Ask the owners of invisible customers with these identifiers; the answer says nothing of them."""
    _demand(request, kind)
    reason = request.POST.get("anyway_reason", "").strip()[:100]
    try:
        ask_for_access(
            kind, _typed(request.POST), actor=request.actor, on=request.today, reason=reason
        )
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Your colleague was asked, if there is one with this customer"))
    return HttpResponseRedirect(f"/{registry[kind].address}/")


def _demand(request: PersonRequest, kind: str) -> None:
    if kind not in CHECKS:
        raise Http404
    if not request.actor.may("create", kind):
        must_may(request, "edit", kind)


def _checked(request: PersonRequest, kind: str, data: QueryDict) -> Finding:
    _demand(request, kind)
    typed = _typed(data)
    if len(typed.get("name", "")) < LEAST_NAME:
        typed.pop("name", None)
    actor = request.actor
    pk = record_id(data.get("customer" if kind == "contact" else "ignore", ""))
    customer = Customer.objects.visible_to(actor).filter(pk=pk).first()
    if kind == "contact":
        marks = {name: typed.get(name, "") for name in CONTACT_MARKS}
        finding = look_for(actor, kind, marks, [customer.pk] if customer else [])
        if customer is None:
            return finding
        own = record_id(data.get("ignore", ""))
        people = [each for each in same_person(actor, customer, typed) if each.pk != own]
        return Finding(finding.seen, finding.elsewhere, people)
    whole = {"form": Customer.Form.COMPANY, **typed}
    return look_for(actor, kind, whole, [customer.pk] if customer else [])


def _typed(data: QueryDict) -> dict[str, str]:
    known = registry["customer"]
    found = {
        name: str(data[name]).strip()[:MOST] for name in MARKS if name in data and name in known
    }
    if found.get("form") not in Customer.Form.values:
        found.pop("form", None)
    return found
