"""What a successor should know of each customer: on screen, on paper, as a workbook."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import IO, Any

import xlsxwriter
from django.core.paginator import Paginator
from django.db.models import F, Prefetch
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kezhi.accounts.models import User
from kezhi.audit.recording import record
from kezhi.customers.handing_over import assignment
from kezhi.customers.models import Contact, Customer, FollowUp, HandOver, Interaction, Need, Promise
from kezhi.records import Field, Kind, registry
from kezhi.web import numbers
from kezhi.web.accounts.handing_over import _visible
from kezhi.web.customers import people
from kezhi.web.customers.people import Person
from kezhi.web.records.cells import Cell, cell
from kezhi.web.requests import PersonRequest, must_may

A_PAGE = 20
LAST = 3
OPEN = 12
MOST_ROWS = 20_000
ABOUT = ("industry", "region", "city", "payment_days", "source")
WORTH = ("potential_value", "value_at_risk", "p_alive", "revenue_12m", "last_order_on", "stage")


@dataclass(frozen=True, slots=True)
class Brief:
    """One customer as a successor meets it; only what the reader's own role sees."""

    customer: Customer
    tier: str
    about: tuple[Cell, ...]
    worth: tuple[Cell, ...]
    remark: str
    contacts: tuple[Person, ...]
    talks: Sequence[Interaction]
    follow_ups: Sequence[FollowUp]
    promises: Sequence[Promise]
    needs: Sequence[Need]
    successor: str
    is_unread: bool


@require_safe
def index(request: PersonRequest, pk: int) -> HttpResponse:
    """The briefs of a hand-over, those of the successor first; `?page=`, `?all=1` on one page for printing."""
    hand_over = _visible(request, pk)
    goes_to, unread = _items(hand_over)
    mine = [key for key, successor in goes_to.items() if successor == request.actor.pk]
    wanted = mine or list(goes_to)
    rows = _customers(request, wanted)
    size = A_PAGE * 10 if "all" in request.GET else A_PAGE
    page = Paginator(rows, size).get_page(request.GET.get("page"))
    about = {
        "hand_over": hand_over,
        "leaver": hand_over.leaver,
        "page": page,
        "briefs": _briefs(request, list(page.object_list), goes_to, unread),
        "sees_value": request.actor.sees("customer", "value"),
        "is_mine": bool(mine),
        "may_export": request.actor.may("export", "customer"),
        "whole": "&all=1" if "all" in request.GET else "",
    }
    return render(request, "accounts/hand_over_briefs.html", about)


@require_safe
def show(request: PersonRequest, pk: int, customer: int) -> HttpResponse:
    """One brief."""
    hand_over = _visible(request, pk)
    goes_to, unread = _items(hand_over)
    if customer not in goes_to:
        raise Http404
    rows = list(_customers(request, [customer]))
    if not rows:
        raise Http404
    about = {
        "hand_over": hand_over,
        "leaver": hand_over.leaver,
        "brief": _briefs(request, rows, goes_to, unread)[0],
        "sees_value": request.actor.sees("customer", "value"),
        "is_mine": goes_to[customer] == request.actor.pk,
    }
    return render(request, "accounts/hand_over_brief.html", about)


@require_POST
def download(request: PersonRequest, pk: int) -> HttpResponseBase:
    """All briefs as a workbook, one row per customer, for those who may export customers."""
    hand_over = _visible(request, pk)
    must_may(request, "export", "customer")
    goes_to, _unread = _items(hand_over)
    allowed = Customer.objects.visible_to(request.actor, "export").values("pk")
    rows = _customers(request, list(goes_to)).filter(pk__in=allowed)[:MOST_ROWS]
    customers = list(rows)
    record("hand_over.exported", actor=request.actor, subject=hand_over, rows=len(customers))
    return FileResponse(
        _workbook(request, customers, goes_to),
        as_attachment=True,
        filename=f"{hand_over.leaver.name}.xlsx",
        content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    )


def _items(hand_over: HandOver) -> tuple[dict[int, int], set[int]]:
    """By customer, its successor, as planned or as done; and which briefs nobody has read."""
    if hand_over.state in (HandOver.State.DRAFT, HandOver.State.UNDER_WAY):
        return assignment(hand_over), set()
    items = hand_over.items.filter(kind="customer")
    rows = list(items.values_list("object_id", "successor_id", "read_at"))
    unread = {key for key, _successor, read_at in rows if read_at is None}
    return {key: successor for key, successor, _read_at in rows}, unread


def _customers(request: PersonRequest, ids: list[int]) -> Any:
    """Of these, the ones that the reader sees, the most valuable first for who may know that."""
    rows = Customer.objects.visible_to(request.actor).filter(pk__in=ids)
    sees_value = request.actor.sees("customer", "value")
    worth = F("standing__potential_value").desc(nulls_last=True)
    order = (worth, "name_key") if sees_value else ("name_key",)
    return rows.select_related("standing", "owner").order_by(*order, "pk")


def _briefs(
    request: PersonRequest,
    customers: list[Customer],
    goes_to: dict[int, int],
    unread: set[int],
) -> list[Brief]:
    """A fixed number of queries, however many customers."""
    actor = request.actor
    kind = registry["customer"].seen_by(actor)
    names = dict(User.objects.filter(pk__in={*goes_to.values()}).values_list("pk", "name"))
    found = Customer.objects.filter(pk__in=[each.pk for each in customers]).prefetch_related(
        _last(
            "interactions", Interaction.objects.visible_to(actor).select_related("author"), "-at"
        ),
        _open("follow_ups", FollowUp.objects.visible_to(actor).open().select_related("assignee")),
        _open("promises", Promise.objects.visible_to(actor).open().select_related("made_by")),
        Prefetch(
            "needs",
            Need.objects.visible_to(actor).open().select_related("handler").order_by("pk")[:OPEN],
            to_attr="shown_needs",
        ),
        Prefetch(
            "contacts",
            Contact.objects.visible_to(actor).order_by("-is_primary", "name_key")[:OPEN],
            to_attr="shown_contacts",
        ),
    )
    hanging = {each.pk: each for each in found}
    contact_kind = registry["contact"].seen_by(actor)
    may_reveal = actor.may("read", "reveal")
    return [
        Brief(
            customer=customer,
            tier=customer.standing.tier if actor.sees("customer", "value") else "",
            about=_cells(kind, customer, ABOUT),
            worth=_cells(kind, customer, WORTH),
            remark=_remark(kind, customer),
            contacts=tuple(
                people.person(contact_kind, each, may_reveal)
                for each in hanging[customer.pk].shown_contacts  # type: ignore[attr-defined]
            ),
            talks=hanging[customer.pk].shown_interactions,  # type: ignore[attr-defined]
            follow_ups=hanging[customer.pk].shown_follow_ups,  # type: ignore[attr-defined]
            promises=hanging[customer.pk].shown_promises,  # type: ignore[attr-defined]
            needs=hanging[customer.pk].shown_needs,  # type: ignore[attr-defined]
            successor=names.get(goes_to[customer.pk], ""),
            is_unread=customer.pk in unread and goes_to[customer.pk] == actor.pk,
        )
        for customer in customers
    ]


def _last(name: str, rows: Any, order: str) -> Prefetch[Any]:
    return Prefetch(name, rows.order_by(order, "-pk")[:LAST], to_attr=f"shown_{name}")


def _open(name: str, rows: Any) -> Prefetch[Any]:
    return Prefetch(name, rows.order_by("due_on", "pk")[:OPEN], to_attr=f"shown_{name}")


def _cells(kind: Kind, customer: Customer, names: Iterable[str]) -> tuple[Cell, ...]:
    shown = (cell(kind.field(name), customer) for name in names if name in kind)
    return tuple(each for each in shown if not each.is_empty)


def _remark(kind: Kind, customer: Customer) -> str:
    return cell(kind.field("remark"), customer).text if "remark" in kind else ""


def _workbook(
    request: PersonRequest, customers: list[Customer], goes_to: dict[int, int]
) -> IO[bytes]:
    """One row per customer; texts stay texts, whatever they begin with."""
    kind = registry["customer"].seen_by(request.actor)
    fields: list[Field] = [
        kind.field(name)
        for name in ("name", "code", "tier", *WORTH, *ABOUT, "remark")
        if name in kind
    ]
    headings = [str(field.label) for field in fields]
    headings += [_("Successor"), _("Contacts"), _("Open follow-ups"), _("Open promises")]
    headings += [_("Open needs"), _("Last contacts")]
    file = tempfile.TemporaryFile(suffix=".xlsx")  # noqa: SIM115 - the response closes it
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(file, options)
    sheet = book.add_worksheet()
    bold = book.add_format({"bold": True})
    for column, heading in enumerate(headings):
        sheet.write_string(0, column, heading, bold)
        sheet.set_column(column, column, 18)
    sheet.freeze_panes(1, 1)
    number = 0
    for start in range(0, len(customers), 500):
        for brief in _briefs(request, customers[start : start + 500], goes_to, set()):
            number += 1
            for column, text in enumerate(_row(brief, fields)):
                sheet.write_string(number, column, text[:32_000])
    book.close()
    file.seek(0)
    return file


def _row(brief: Brief, fields: list[Field]) -> list[str]:
    """The brief's cells as words."""
    day = numbers.day
    shown = [cell(field, brief.customer).text for field in fields]
    return [
        *shown,
        brief.successor,
        _lines(
            f"{p.contact.name} {p.role} {p.title} {p.reach.text if p.reach else ''}".strip()
            for p in brief.contacts
        ),
        _lines(f"{day(f.due_on, plain=True)} {f.subject}" for f in brief.follow_ups),
        _lines(f"{day(p.due_on, plain=True)} {p.what}" for p in brief.promises),
        _lines(need.what for need in brief.needs),
        _lines(f"{day(t.at.date(), plain=True)} {t.text[:300]}" for t in brief.talks),
    ]


def _lines(texts: Iterable[str]) -> str:
    return "\n".join(texts)
