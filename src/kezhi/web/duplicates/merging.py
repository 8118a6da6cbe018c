"""Two records side by side: which one stays, whose entry counts, what moves; and merges so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kezhi.accounts.models import User
from kezhi.core.actor import Access
from kezhi.core.ids import record_id
from kezhi.core.refusal import EditConflict, NotAllowed, Refused
from kezhi.customers.deduplicating import same_person
from kezhi.customers.matching_scores import in_words
from kezhi.customers.merging import (
    choices,
    counts_of,
    merge_contacts,
    merge_customers,
    suggested_survivor,
)
from kezhi.customers.merging_undoing import undo_merge
from kezhi.customers.models import Contact, Customer, DuplicatePair, Merge
from kezhi.records import Kind, registry
from kezhi.web.records.cells import Cell, cell
from kezhi.web.requests import PersonRequest, must_may

ROOTS: Mapping[str, type[models.Model]] = {"customer": Customer, "contact": Contact}
DEEDS: Mapping[str, Any] = {"customer": merge_customers, "contact": merge_contacts}
# What people call rows that aren't a kind of record.
WORDS: dict[str, str | Promise] = {
    "ledger.orderline": gettext_lazy("Order lines"),
    "insight.snapshot": gettext_lazy("History of values"),
    "insight.tiermove": gettext_lazy("Moves between tiers"),
    "insight.stagemove": gettext_lazy("Moves between stages"),
    "accounts.share": gettext_lazy("Shares"),
    "workbench.tagging": gettext_lazy("Tags"),
    "workbench.attachment": gettext_lazy("Attachments"),
    "customers.segmentmember": gettext_lazy("Places in segments"),
    "customers.draft": gettext_lazy("Drafts"),
    "customers.card": gettext_lazy("Business cards"),
}
PAGE = 50


@dataclass(frozen=True)
class Line:
    """One field of both records; `has_choice` where the person must say which counts."""

    name: str
    label: str
    mine: Cell | str
    theirs: Cell | str
    has_choice: bool
    takes_theirs: bool


@require_http_methods(["GET", "POST"])
def compare(request: PersonRequest, kind: str) -> HttpResponse:
    """`?a=` and `?b=`: the two side by side, `keep=` names the survivor; POST merges."""
    if kind not in ROOTS:
        raise Http404
    must_may(request, "create", "merge")
    a, b = (_record(request, kind, request.GET.get(name, "")) for name in ("a", "b"))
    if a.pk == b.pk:
        raise Http404
    survivor, merged = _survivor_first(request, kind, a, b)
    if request.method == "GET":
        return _page(request, kind, survivor, merged)
    take = [name for name, said in request.POST.items() if said == "theirs"]
    versions = {
        record.pk: int(said)
        for record, said in (
            (survivor, request.POST.get("version", "")),
            (merged, request.POST.get("other_version", "")),
        )
        if said.isdecimal() and len(said) < 10
    }
    try:
        row = DEEDS[kind](
            survivor,
            merged,
            actor=request.actor,
            at=timezone.now(),
            take=[name.removeprefix("field-") for name in take],
            versions=versions,
            reason=request.POST.get("reason", "").strip(),
        )
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    except (EditConflict, Refused) as refusal:
        return _page(request, kind, survivor, merged, str(refusal), status=409)
    messages.success(request, _("%(name)s are one now") % {"name": row.survivor_title})
    return HttpResponseRedirect(reverse("merge-done", args=[row.pk]))


def _record(request: PersonRequest, kind: str, text: str) -> Any:
    rows = registry[kind].visible_to(request.actor)
    related = ("standing", "owner") if kind == "customer" else ("customer",)
    record = rows.select_related(*related).filter(pk=record_id(text)).first()
    if record is None:
        raise Http404
    if not registry[kind].visible_to(request.actor, "edit").filter(pk=record.pk).exists():
        raise PermissionDenied
    return record


def _survivor_first(request: PersonRequest, kind: str, a: Any, b: Any) -> tuple[Any, Any]:
    said = request.POST.get("keep") or request.GET.get("keep", "")
    if said in (str(a.pk), str(b.pk)):
        return (a, b) if said == str(a.pk) else (b, a)
    if kind == "customer":
        survivor = suggested_survivor(a, b)
        return (a, b) if survivor.pk == a.pk else (b, a)
    return (a, b) if a.pk < b.pk else (b, a)


def _page(
    request: PersonRequest,
    kind: str,
    survivor: Any,
    merged: Any,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    known = registry[kind].seen_by(request.actor)
    first, second = sorted((survivor.pk, merged.pk))
    pair = None
    if kind == "customer":
        pair = DuplicatePair.objects.filter(first_id=first, second_id=second).first()
    about = {
        "kind": known,
        "survivor": survivor,
        "merged": merged,
        "lines": _lines(request, known, kind, survivor, merged),
        "moves": _moves(counts_of(ROOTS[kind], merged.pk)),
        "pair": pair,
        "why": in_words(pair.reasons) if pair else [],
        "here": f"{reverse('merge', args=[kind])}?a={first}&b={second}",
        "refusal": refusal,
        "may_dismiss": pair is not None and request.actor.may("edit", "merge"),
    }
    return render(request, "duplicates/merge.html", about, status=status)


def _lines(
    request: PersonRequest, known: Kind, kind: str, survivor: Any, merged: Any
) -> list[Line]:
    """Fields that differ, as the person may know them; the rest is equal and needs no line."""
    open_choices = {choice.name for choice in choices(kind, survivor, merged)}
    found = []
    for field in known.fields:
        if not (field.is_editable or field.name == "owner") or field.access < Access.READ:
            continue
        name = f"custom.{field.path.removeprefix('custom__')}" if field.is_custom else field.name
        mine, theirs = cell(field, survivor), cell(field, merged)
        if mine.entry == theirs.entry or field.name == "customer" or field.kind == "tags":
            continue
        is_owner = field.name == "owner" and kind == "customer"
        if is_owner and not _may_assign(request, survivor):
            continue
        has_choice = is_owner or name in open_choices
        said = request.POST.get(f"field-{name}", "")
        takes = said == "theirs" if has_choice else mine.is_empty
        found.append(Line(name, str(field.label), mine, theirs, has_choice, takes))
    return found


def _may_assign(request: PersonRequest, survivor: Any) -> bool:
    return bool(
        Customer.objects.visible_to(request.actor, "assign").filter(pk=survivor.pk).exists()
    )


def _moves(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    by_model = {each.model._meta.label_lower: str(each.label_plural) for each in registry}
    found: dict[str, int] = {}
    for label, count in counts.items():
        words = by_model.get(label) or str(WORDS.get(label, _("Other entries")))
        found[words] = found.get(words, 0) + count
    return sorted(found.items(), key=lambda each: -each[1])


@require_safe
def index(request: PersonRequest) -> HttpResponse:
    """Merges so far, the newest first."""
    must_may(request, "read", "merge")
    before = record_id(request.GET.get("before", ""))
    rows = Merge.objects.visible_to(request.actor).defer(
        "before", "after", "merged", "moved", "dropped"
    )
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: PAGE + 1])
    shown = found[:PAGE]
    people = {row.actor_id for row in shown} | {row.undone_by_id for row in shown}
    about = {
        "merges": shown,
        "people": dict(User.objects.filter(pk__in=people - {None}).values_list("pk", "name")),
        "older": f"?before={shown[-1].pk}" if len(found) > PAGE else "",
        "newest": reverse("merges") if before else "",
        "now": timezone.now(),
    }
    return render(request, "duplicates/merges.html", about)


@require_safe
def done(request: PersonRequest, pk: int) -> HttpResponse:
    """What a merge did, and how long it can be taken back."""
    return _done(request, _merge(request, pk))


@require_POST
def undo(request: PersonRequest, pk: int) -> HttpResponse:
    """Take the two apart again."""
    row = _merge(request, pk)
    must_may(request, "create", "merge")
    try:
        row = undo_merge(row, actor=request.actor, at=timezone.now())
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    except Refused as refusal:
        return _done(request, row, str(refusal), status=409)
    messages.success(request, _("The two are apart again"))
    return HttpResponseRedirect(reverse("merge-done", args=[row.pk]))


def _merge(request: PersonRequest, pk: int) -> Merge:
    must_may(request, "read", "merge")
    row: Merge | None = Merge.objects.visible_to(request.actor).filter(pk=pk).first()
    if row is None:
        raise Http404
    return row


def _done(request: PersonRequest, row: Merge, refusal: str = "", status: int = 200) -> HttpResponse:
    kind = registry[row.kind]
    survivor = kind.visible_to(request.actor).filter(pk=row.survivor_id).first()
    other = kind.visible_to(request.actor).filter(pk=row.merged_id).first()
    is_there = survivor is not None and row.kind == "customer" and row.undone_at is None
    about = {
        "merge": row,
        "kind": kind,
        "survivor": survivor,
        "survivor_url": kind.url_of(survivor) if survivor else "",
        "other": other,
        "other_url": kind.url_of(other) if other else "",
        "moves": _moves(row.counts),
        "dropped": len(row.dropped),
        "person": User.objects.filter(pk=row.actor_id).first(),
        "undoer": User.objects.filter(pk=row.undone_by_id).first() if row.undone_by_id else None,
        "may_undo": row.is_undoable(timezone.now()) and request.actor.may("create", "merge"),
        "contacts": _alike_contacts(request, survivor) if is_there and survivor else [],
        "refusal": refusal,
    }
    return render(request, "duplicates/done.html", about, status=status)


def _alike_contacts(request: PersonRequest, customer: Customer) -> list[tuple[Contact, Contact]]:
    """Contacts of the surviving customer that look like one person."""
    people = list(
        Contact.objects.visible_to(request.actor).filter(customer=customer).order_by("pk")[:100]
    )
    found = []
    for number, one in enumerate(people):
        entries = {name: getattr(one, name) for name in ("name", "phone", "email", "wechat")}
        alike = same_person(request.actor, customer, entries) if number < 20 else []
        found += [(one, other) for other in alike if other.pk > one.pk]
    return found[:10]
