"""The page of one ticket: what was said, who works on it, what is at stake, and what comes next."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe
from markupsafe import Markup

from kezhi.accounts.models import Department, User
from kezhi.audit.sightings import note_sighting
from kezhi.core.actor import Scope
from kezhi.core.ids import record_id
from kezhi.core.names import name_key
from kezhi.customers.models import Standing
from kezhi.records import Condition, Kind, registry
from kezhi.service.models import Macro, Ticket, TicketEntry
from kezhi.service.tickets import hooks
from kezhi.service.tickets.changing import CHOSEN
from kezhi.service.tickets.happening import KNOWN, told
from kezhi.web.attachments.panel import File, files_of
from kezhi.web.attachments.panel import shown as files_shown
from kezhi.web.customers.reach import reaches
from kezhi.web.records import history, neighbours
from kezhi.web.records.access import of_kind, visible
from kezhi.web.records.cells import properties
from kezhi.web.records.record import tags_about
from kezhi.web.records.sightings import seen_of
from kezhi.web.requests import PersonRequest
from kezhi.web.service import orders
from kezhi.web.service.composer import Writing
from kezhi.workbench import tagging
from kezhi.workbench.attaching import attachments_of

SHOWN = 60
MOST_PEOPLE = 500
LAST_CHANGES = 5
YEAR = timedelta(days=365)
# In the header, the figures and the other panels already.
NOT_AGAIN = frozenset(
    {"number", "state", "type", "priority", "channel", "order", "opened_at", tagging.FIELD}
)


@require_safe
@of_kind
def show(request: PersonRequest, kind: Kind, pk: int) -> HttpResponse:
    """The page; with `?macro=` its composer holds the words of a macro, with `?all=1` all that was said."""
    ticket = visible(request, kind, pk)
    writing = Writing()
    chosen = record_id(request.GET.get("macro", ""))
    if chosen is not None:
        macro = Macro.objects.visible_to(request.actor).filter(pk=chosen).first()
        if macro is not None:
            writing = Writing.of_macro(macro, ticket, request)
    if request.htmx and request.htmx.target == "composer":
        return render(request, "service/_composer.html", composing(request, ticket, writing))
    return whole(request, ticket, writing)


def whole(
    request: PersonRequest, ticket: Ticket, writing: Writing | None = None, *, status: int = 200
) -> HttpResponse:
    """The page, with what was typed and refused if there is something."""
    actor = request.actor
    kind = registry["ticket"].seen_by(actor)
    shown = [kind.field(name) for name in kind.properties]
    seen = seen_of(kind, [ticket], shown)
    note_sighting(seen, actor=actor, on=request.today, where="page")
    may_edit = may(actor, ticket, "edit")
    talk = conversation(request, ticket)
    about = {
        "kind": kind,
        **talk,
        **composing(request, ticket, writing or Writing(), may_edit=may_edit),
        **working(request, ticket, may_edit),
        "stakes": stakes(actor, ticket),
        "order_about": orders.about(
            ticket, actor, request.today, may_choose=may_edit, entries=talk["entries"]
        ),
        "panels": parts_of(hooks.PANELS, request, ticket, may_edit),
        "sections": parts_of(hooks.SECTIONS, request, ticket, may_edit),
        "parts": list(ticket.children.order_by("pk")[:50]),
        "merged": list(ticket.merged.order_by("pk")[:20]),
        "neighbours": neighbours.of(request, kind, ticket.pk),
        "properties": [
            each
            for each in properties(kind, ticket, may_reveal=actor.may("read", "reveal"))
            if each.field.name not in NOT_AGAIN
        ],
        "files": files_of("ticket", ticket.pk, actor, may_edit),
        "history": history.of(request, kind, ticket, most=LAST_CHANGES),
        **tags_about(request, kind, ticket, may_edit),
        "record": ticket,
        "may_delete": may(actor, ticket, "delete"),
    }
    return render(request, "service/ticket.html", about, status=status)


def may(actor: User, ticket: Ticket, action: str) -> bool:
    if actor.scope(action, "ticket") is Scope.ALL:
        return True
    return bool(Ticket.objects.visible_to(actor, action).filter(pk=ticket.pk).exists())


def conversation(request: PersonRequest, ticket: Ticket) -> dict[str, Any]:
    """What was said and done, the oldest first; of a long one the last part, unless all is asked for."""
    rows = ticket.entries.select_related("author", "contact").order_by("-at", "-pk")
    is_whole = "all" in request.GET
    found = list(rows[: 2_000 if is_whole else SHOWN + 1])
    is_cut = not is_whole and len(found) > SHOWN
    entries = found[:SHOWN] if is_cut else found
    entries.reverse()
    return {
        "ticket": ticket,
        "entries": entries,
        "is_cut": is_cut,
        "entry_files": _entry_files(ticket, entries),
        "told": told,
        "happenings": KNOWN,
    }


def composing(
    request: PersonRequest, ticket: Ticket, writing: Writing, *, may_edit: bool | None = None
) -> dict[str, Any]:
    """What the composer needs."""
    actor = request.actor
    macro_rows = Macro.objects.visible_to(actor).order_by("-used_count", "name")[:100]
    macros = list(macro_rows) if actor.may("read", "macro") else []
    reached = [words for reach in hooks.REACHED_BY if (words := reach(ticket, actor))]
    return {
        "ticket": ticket,
        "writing": writing,
        "may_edit": may(actor, ticket, "edit") if may_edit is None else may_edit,
        "macros": macros,
        "spelled": {macro.pk: _spelled(macro.name) for macro in macros},
        "reached_by": reached[0] if reached else "",
        "states": [
            (key, label)
            for key, label in Ticket.State.choices
            if key in CHOSEN and key not in ("new", ticket.state)
        ],
    }


def _spelled(name: str) -> str:
    """How a name is typed without Chinese letters: its pinyin in one word, and the initials."""
    syllables = name_key(name).split()
    return f"{''.join(syllables)} {''.join(each[0] for each in syllables)}"


def working(request: PersonRequest, ticket: Ticket, may_edit: bool) -> dict[str, Any]:
    """Who may work on it, and what may become of it."""
    actor = request.actor
    if not may_edit:
        return {"may_edit": False, "people": [], "departments": [], "may_give": False}
    people = User.objects.active().order_by("name_key").values_list("pk", "name")[:MOST_PEOPLE]
    departments = Department.objects.order_by("path").values_list("pk", "name")[:MOST_PEOPLE]
    return {
        "may_edit": True,
        "may_give": ticket.assignee_id in actor.own_ids or may(actor, ticket, "assign"),
        "people": [(str(pk), name) for pk, name in people],
        "departments": [(str(pk), name) for pk, name in departments],
        "soon": moments_offered(request),
        "has_open_parts": ticket.children.filter(state__in=Ticket.OPEN_STATES).exists(),
    }


def stakes(actor: User, ticket: Ticket) -> dict[str, Any] | None:
    """What is at stake with this customer, as far as the reader's role sees value."""
    customer = ticket.customer
    if customer is None or not reaches(actor, "read", "customer", customer):
        return None
    since = timezone.now() - YEAR
    complaints = Ticket.objects.visible_to(actor).filter(
        customer=customer, type=Ticket.Type.COMPLAINT, opened_at__gte=since
    )
    known = Condition("customer", "eq", str(customer.pk))
    sees_value = actor.sees("customer", "value")
    return {
        "customer": customer,
        "url": registry["customer"].url_of(customer),
        "standing": Standing.objects.filter(customer=customer).first() if sees_value else None,
        "sees_value": sees_value,
        "complaints": complaints.exclude(state__in=("merged", "spam"))[:1_000].count(),
        "complaints_url": registry["ticket"].list_url(
            known, Condition("type", "eq", "complaint"), view="all"
        ),
        "tickets_url": registry["ticket"].list_url(known, view="all"),
    }


def parts_of(
    parts: list[hooks.Part], request: PersonRequest, ticket: Ticket, may_edit: bool
) -> list[str]:
    """What other parts of service show of this ticket, rendered, in their order."""
    at = timezone.now()
    known = {"ticket": ticket, "may_edit": may_edit}
    found: list[str] = []
    for part in sorted(parts, key=lambda each: each.order):
        context = part.context(ticket, request.actor, at)
        if context is not None:
            about = {**known, "about": context, **context}
            found.append(Markup(render_to_string(part.template, about, request)))  # noqa: S704
    return found


def moments_offered(request: PersonRequest) -> list[tuple[str, str]]:
    """Moments until which a ticket often rests, as a form sends them and as people call them."""
    zone = request.company.zone
    local = timezone.now().astimezone(zone)
    morning = local.replace(hour=9, minute=0, second=0, microsecond=0)
    monday = morning + timedelta(days=7 - local.weekday())
    return [
        ((local + timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M"), pgettext("rest", "3 hours")),
        (
            (morning + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M"),
            pgettext("rest", "Tomorrow at 9"),
        ),
        (monday.strftime("%Y-%m-%dT%H:%M"), pgettext("rest", "Monday at 9")),
    ]


def _entry_files(ticket: Ticket, entries: list[TicketEntry]) -> dict[int, list[File]]:
    """The files that came or went with the entries shown, by entry."""
    wanted = {pk: entry.pk for entry in entries for pk in entry.words.get("files", ())}
    if not wanted:
        return {}
    found: dict[int, list[File]] = {}
    for file in files_shown(attachments_of("ticket", ticket.pk)):
        entry = wanted.get(file.attachment.pk)
        if entry is not None:
            found.setdefault(entry, []).append(file)
    return found
