"""What came: to be settled, filed, or set aside; one letter, and whose it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST, require_safe

from kezhi.core.ids import LARGEST, record_id
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.corresponding import matches
from kezhi.customers.creating import create_contact
from kezhi.customers.models import Customer
from kezhi.messaging import filing, picturing
from kezhi.messaging.filing import Match
from kezhi.messaging.models import Incoming, MailAccount, Outgoing, PicturedSender
from kezhi.messaging.proving import is_proven
from kezhi.messaging.reading import file_of
from kezhi.messaging.storing import stored
from kezhi.records import registry
from kezhi.records.masking import masked
from kezhi.web.answering import done
from kezhi.web.messaging.mail_tabs import tabs_of
from kezhi.web.requests import PersonRequest, must_may, typed

PAGE = 50
FOUND = 12
State = Incoming.State
VIEWS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "": (gettext_lazy("To settle"), (State.UNKNOWN, State.SEVERAL)),
    "filed": (pgettext_lazy("incoming mail", "Filed"), (State.FILED,)),
    "aside": (pgettext_lazy("incoming mail", "Set aside"), (State.IGNORED,)),
    "all": (pgettext_lazy("incoming mail", "All"), ()),
}
PROBLEMS = {
    "unproven": gettext_lazy("The receiving server couldn’t prove the sender: it may be forged."),
    "several_senders": gettext_lazy("It names several senders: it may be forged."),
    "broken": gettext_lazy("It is put together wrongly; what could be read is shown."),
    "nested": gettext_lazy("It holds mails within mails too deep to be opened."),
    "cut": gettext_lazy("It is very long; the rest is in the mail as it came."),
    "too_large": gettext_lazy("It is larger than 25 MB; only its head was fetched."),
    "no_date": gettext_lazy("It has no proper date."),
}
# What a stranger's letter may do in its frame: nothing, and fetch nothing. Links open apart, when clicked.
FRAME_POLICY = (
    "default-src 'none'; style-src 'none'; img-src 'none'; script-src 'none'; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)
# Pictures that somebody asked for stand in the page itself.
PICTURED_POLICY = FRAME_POLICY.replace("img-src 'none'", "img-src data:")
FILE_POLICY = "default-src 'none'; sandbox"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A customer that the letter may belong to."""

    customer: Customer
    contact_id: int | None


@require_safe
def index(request: PersonRequest) -> HttpResponse:
    """`?view=` where a letter stands, `?mailbox=` one of them, `?before=` the next page."""
    must_may(request, "read", "mail")
    view = request.GET.get("view", "")
    view = view if view in VIEWS else ""
    boxes = list(MailAccount.objects.visible_to(request.actor).exclude(imap_host="").order_by("pk"))
    rows = Incoming.objects.filter(account__in=boxes).select_related("account")
    chosen = record_id(request.GET.get("mailbox", ""))
    if chosen:
        rows = rows.filter(account_id=chosen)
    if states := VIEWS[view][1]:
        rows = rows.filter(state__in=states)
    before = record_id(request.GET.get("before", "")) or LARGEST
    rows = rows.defer("html", "references").filter(pk__lt=before).order_by("-pk")
    found = list(rows[: PAGE + 1])
    seen = Customer.objects.visible_to(request.actor).in_bulk(
        [row.customer_id for row in found if row.customer_id]
    )
    about = {
        "rows": [(row, seen.get(row.customer_id)) for row in found[:PAGE]],
        "older": found[PAGE - 1].pk if len(found) > PAGE else None,
        "view": view,
        "views": [
            {"label": label, "href": f"?view={name}" if name else "?", "current": name == view}
            for name, (label, _states) in VIEWS.items()
        ],
        "boxes": boxes,
        "chosen": chosen,
        "tabs": tabs_of(request, "inbox"),
        "customer_kind": registry["customer"],
    }
    return render(request, "messaging/inbox.html", about)


@require_safe
def show(request: PersonRequest, pk: int) -> HttpResponse:
    letter, is_keeper = _letter(request, pk)
    return _page(request, letter, is_keeper)


def _page(
    request: PersonRequest, letter: Incoming, is_keeper: bool, *, is_tried: bool = False
) -> HttpResponse:
    """`is_tried`: its pictures were just asked for, and aren't by themselves once more."""
    query = request.GET.get("q", "").strip()[:80]
    may_settle = is_keeper and request.actor.may("edit", "mail")
    customer = Customer.objects.visible_to(request.actor).filter(pk=letter.customer_id).first()
    about = {
        "letter": letter,
        "sender": _address(request, letter.from_address, is_keeper),
        "recipients": [
            _address(request, each, is_keeper) for each in [*letter.to, *letter.cc][:30]
        ],
        "problems": [PROBLEMS[name] for name in letter.problems if name in PROBLEMS],
        "customer": customer,
        "customer_kind": registry["customer"],
        "may_settle": may_settle,
        "may_answer": bool(customer and request.actor.may("create", "mail"))
        and letter.about_kind != "ticket",
        "candidates": _candidates(request, letter) if may_settle else [],
        "query": query,
        "found": _found(request, query) if may_settle and query else [],
        "answers": _answered(request, letter),
        "ticket": _ticket_of(request, letter),
        "is_pictured": bool(picturing.page_of(letter)),
        "is_tried": is_tried,
        **_trust(request, letter),
    }
    return render(request, "messaging/letter.html", about)


def _trust(request: PersonRequest, letter: Incoming) -> dict[str, bool]:
    """What the page says about pictures of this sender."""
    has_pictures = picturing.has_pictures(letter)
    proven = has_pictures and is_proven(letter)
    return {
        "has_pictures": has_pictures,
        "is_proven": proven,
        "is_always": proven and picturing.is_always_shown(letter, request.actor),
    }


@require_safe
@xframe_options_sameorigin
def frame(request: PersonRequest, pk: int) -> HttpResponse:
    """The letter as its sender laid it out, for a sandboxed frame: without scripts and styles.

    Pictures stand in it once somebody who reads it asked for them.
    """
    letter, _is_keeper = _letter(request, pk)
    pictured = picturing.page_of(letter)
    head = '<!doctype html><html><head><meta charset="utf-8"><base target="_blank"></head><body>'
    response = HttpResponse(f"{head}{pictured or letter.html}</body></html>")
    return _harmless(response, PICTURED_POLICY if pictured else FRAME_POLICY)


@require_POST
def pictures(request: PersonRequest, pk: int) -> HttpResponse:
    """Fetched by us and kept with the letter: the reader's browser asks nobody.

    The page of a letter asks by itself where the reader always wants pictures of its sender.
    """
    letter, is_keeper = _letter(request, pk)
    page = picturing.gather(letter)
    if page.shown:
        picturing.keep_pictures(letter, page, actor=request.actor, at=timezone.now())
    if request.htmx and not request.htmx.boosted:
        return _page(request, letter, is_keeper, is_tried=True)
    if page.missing and page.shown:
        said = _("Pictures shown: %(shown)d. Couldn’t be fetched: %(missing)d.")
        messages.info(request, said % {"shown": page.shown, "missing": page.missing})
    elif not page.shown:
        messages.error(request, _("None of its pictures could be fetched."))
    return redirect(reverse("letter", args=[pk]) + "#layout")


@require_POST
def always(request: PersonRequest, pk: int) -> HttpResponse:
    """Pictures of this sender for this reader, from now on."""
    letter, _is_keeper = _letter(request, pk)
    home = reverse("letter", args=[pk]) + "#layout"
    return done(
        request,
        lambda: picturing.always_show(letter, actor=request.actor, at=timezone.now()),
        _("Pictures of this sender are shown to you from now on."),
        home,
    )


@require_POST
def no_longer(request: PersonRequest, pk: int) -> HttpResponse:
    """Off the reader's own list."""
    sender = get_object_or_404(PicturedSender, pk=pk, person=request.actor)
    home = reverse("profile") + "#pictured-senders"
    told = _("Pictures of this sender are shown only when you ask.")
    return done(request, lambda: picturing.ask_again(sender, actor=request.actor), told, home)


def pictured_senders(request: PersonRequest) -> list[tuple[PicturedSender, str]]:
    """The reader's own list, for the profile: each with the address as far as they may read it."""
    return [
        (each, _address(request, each.address, False))
        for each in picturing.senders_of(request.actor)
    ]


@require_safe
def file(request: PersonRequest, pk: int, number: int) -> HttpResponse:
    """One file of the letter, to be kept and not shown."""
    letter, _is_keeper = _letter(request, pk)
    known = {each["number"] for each in letter.files}
    found = file_of(stored(letter.stored_as), number) if number in known else None
    if found is None:
        raise Http404
    part, content = found
    return _download(content, part.name)


@require_safe
def source(request: PersonRequest, pk: int) -> HttpResponse:
    """The mail as it came, for who keeps the mailbox."""
    letter, is_keeper = _letter(request, pk)
    if not is_keeper:
        raise PermissionDenied
    content = stored(letter.stored_as)
    if not content:
        raise Http404
    return _download(content, f"{letter.pk}.eml")


@require_POST
def assign(request: PersonRequest, pk: int) -> HttpResponse:
    """POST `customer`, `contact` or `new_contact` (a name: the sender becomes a contact)."""
    letter = _kept(request, pk)
    customers = Customer.objects.visible_to(request.actor)
    customer = customers.filter(pk=record_id(request.POST.get("customer", "")) or 0).first()
    if customer is None:
        messages.error(request, _("Choose a customer that you may see."))
        return redirect("letter", pk)
    now = timezone.now()
    contact_id = record_id(request.POST.get("contact", ""))
    try:
        if name := typed(request, "new_contact", 100):
            entries = {"customer": customer, "name": name, "email": letter.from_address}
            contact_id = create_contact(entries, actor=request.actor, on=request.today).pk
        filing.assign(letter, Match(customer.pk, contact_id), actor=request.actor, at=now)
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Filed with %(name)s") % {"name": customer.name})
    return redirect("letter", pk)


@require_POST
def take_off(request: PersonRequest, pk: int) -> HttpResponse:
    return _done(request, pk, filing.take_off, _("It isn’t filed any more."))


@require_POST
def ignore(request: PersonRequest, pk: int) -> HttpResponse:
    return _done(request, pk, filing.ignore, _("Set aside."))


def _done(request: PersonRequest, pk: int, deed: Any, told: str) -> HttpResponse:
    letter = _kept(request, pk)
    home = reverse("letter", args=[pk])
    return done(request, lambda: deed(letter, actor=request.actor, at=timezone.now()), told, home)


def _kept(request: PersonRequest, pk: int) -> Incoming:
    found: Incoming = get_object_or_404(Incoming.objects.visible_to(request.actor), pk=pk)
    return found


def _letter(request: PersonRequest, pk: int) -> tuple[Incoming, bool]:
    """The letter, for who keeps its mailbox, or sees it whole on a timeline; and whether they keep it."""
    rows = Incoming.objects.select_related("account")
    kept = (
        Incoming.objects.visible_to(request.actor).select_related("account").filter(pk=pk).first()
    )
    if kept is not None:
        return kept, True
    if (asked := _on_ticket(request, pk)) is not None:
        return asked, False
    letter = get_object_or_404(
        rows, pk=pk, state=State.FILED, account__timeline=MailAccount.Timeline.WHOLE
    )
    on_timeline = registry["interaction"].visible_to(request.actor)
    if letter.about_kind != "interaction" or not on_timeline.filter(pk=letter.about_id).exists():
        raise Http404
    get_object_or_404(Customer.objects.visible_to(request.actor), pk=letter.customer_id)
    return letter, False


def _on_ticket(request: PersonRequest, pk: int) -> Incoming | None:
    """The letter of a ticket, for who sees that."""
    rows = Incoming.objects.select_related("account")
    letter = rows.filter(pk=pk, state=State.FILED, about_kind="ticket").first()
    seen = (
        registry["ticket"].visible_to(request.actor).filter(pk=letter.about_id or 0)
        if letter
        else None
    )
    return letter if seen is not None and seen.exists() else None


def _address(request: PersonRequest, address: str, is_keeper: bool) -> str:
    if is_keeper or not address or request.actor.sees("contact", "reach"):
        return address
    return masked(registry.declared("contact").field("email"), address)


def _candidates(request: PersonRequest, letter: Incoming) -> list[Candidate]:
    """Whom the address fits, of those the reader may see."""
    if letter.state == State.FILED or not letter.from_address:
        return []
    by_customer = {match.customer_id: match.contact_id for match in matches(letter.from_address)}
    rows = Customer.objects.visible_to(request.actor).filter(pk__in=by_customer)
    return [Candidate(row, by_customer[row.pk]) for row in rows.order_by("pk")[:FOUND]]


def _found(request: PersonRequest, query: str) -> list[Customer]:
    """Customers whose name or code begins as typed."""
    rows = Customer.objects.visible_to(request.actor)
    by_code = list(rows.filter(code__iexact=query)[:1])
    by_name = rows.filter(name__startswith=query).order_by("name")[:FOUND]
    return [*by_code, *(row for row in by_name if row not in by_code)][:FOUND]


def _ticket_of(request: PersonRequest, letter: Incoming) -> Any:
    """The ticket that the letter became, with its address."""
    if letter.about_kind != "ticket":
        return None
    kind = registry["ticket"]
    ticket = kind.visible_to(request.actor).filter(pk=letter.about_id or 0).first()
    return (ticket, kind.url_of(ticket)) if ticket is not None else None


def _answered(request: PersonRequest, letter: Incoming) -> Outgoing | None:
    found: Outgoing | None = (
        Outgoing.objects.visible_to(request.actor).filter(pk=letter.answers_id or 0).first()
    )
    return found


def _harmless(response: HttpResponse, policy: str) -> HttpResponse:
    response.headers["Content-Security-Policy"] = policy
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _download(content: bytes, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type="application/octet-stream")
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return _harmless(response, FILE_POLICY)
