"""Business cards: one batch for each event, filled from files, text and photos, worked through card by card."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Count, Q
from django.http import FileResponse, Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kezhi.core import queue
from kezhi.core.ids import record_id
from kezhi.core.models import JobRun
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.core.saying import Told
from kezhi.customers.carding import Incoming, add_cards, begin_cards, delete_cards
from kezhi.customers.carding_parsing import cards_in, decoded
from kezhi.customers.carding_pictures import can_recognise, forget, keep_picture, picture_path
from kezhi.customers.models import Card, CardBatch
from kezhi.web.requests import PersonRequest, must_may

PAGE = 30
MOST_CARDS = 500
MOST_FILES = 60
PICTURES = (".jpg", ".jpeg", ".png", ".webp")
READ_JOB = "customers.read_cards"


@require_http_methods(["GET", "HEAD", "POST"])
def index(request: PersonRequest) -> HttpResponse:
    """The batches, newest first; POST `event`, `held_on`, `place` begins one."""
    must_may(request, "read", "card")
    if request.method != "POST":
        return _index(request, {})
    must_may(request, "create", "card")
    said = {name: request.POST.get(name, "").strip() for name in ("event", "held_on", "place")}
    errors = {}
    if not said["event"]:
        errors["event"] = _("Say at which event the cards were collected.")
    try:
        held_on = date.fromisoformat(said["held_on"])
    except ValueError:
        errors["held_on"] = _("Choose the day of the event.")
    if errors:
        return _index(request, errors, said)
    batch = begin_cards(said["event"], held_on, said["place"], actor=request.actor)
    return HttpResponseRedirect(reverse("cards-batch", args=[batch.pk]))


def _index(
    request: PersonRequest, errors: dict[str, str], said: dict[str, str] | None = None
) -> HttpResponse:
    before = record_id(request.GET.get("before", ""))
    rows = CardBatch.objects.visible_to(request.actor).select_related("owner").order_by("-pk")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    counted = rows.annotate(
        total=Count("cards"), left=Count("cards", filter=Q(cards__state=Card.State.OPEN))
    )
    found = list(counted[: PAGE + 1])
    shown = found[:PAGE]
    about = {
        "batches": shown,
        "older": f"?before={shown[-1].pk}" if len(found) > PAGE else "",
        "newest": reverse("cards") if before else "",
        "said": said or {"event": "", "held_on": request.today.isoformat(), "place": ""},
        "errors": errors,
        "may_create": request.actor.may("create", "card"),
    }
    return render(request, "cards/index.html", about, status=422 if errors else 200)


@require_safe
def show(request: PersonRequest, pk: int) -> HttpResponse:
    """The cards of an event, and where more of them come in."""
    return _page(request, _batch(request, pk))


def _batch(request: PersonRequest, pk: int, action: str = "read") -> CardBatch:
    must_may(request, "read", "card")
    batch: CardBatch = get_object_or_404(CardBatch.objects.visible_to(request.actor), pk=pk)
    if action != "read":
        allowed = CardBatch.objects.visible_to(request.actor, action).filter(pk=pk)
        if not allowed.exists():
            raise PermissionDenied
    return batch


def _page(
    request: PersonRequest, batch: CardBatch, refusals: list[str] | None = None, status: int = 200
) -> HttpResponse:
    cards = list(
        batch.cards.select_related("customer", "contact")
        .defer("text")
        .order_by("position")[:MOST_CARDS]
    )
    left = [card for card in cards if card.state == Card.State.OPEN]
    editable = CardBatch.objects.visible_to(request.actor, "edit").filter(pk=batch.pk).exists()
    about = {
        "batch": batch,
        "cards": cards,
        "done": len(cards) - len(left),
        "next": left[0] if left else None,
        "refusals": refusals or [],
        "may_edit": editable,
        "may_delete": CardBatch.objects.visible_to(request.actor, "delete")
        .filter(pk=batch.pk)
        .exists(),
        "can_recognise": can_recognise(),
        "is_reading": JobRun.objects.under_way()
        .filter(name=READ_JOB, result__batch=batch.pk)
        .exists(),
    }
    return render(request, "cards/batch.html", about, status=status)


@require_POST
def add(request: PersonRequest, pk: int) -> HttpResponse:
    """Take in `files` (.vcf and pictures, several) and `text` (a QR code, or the lines of a card)."""
    batch = _batch(request, pk, "edit")
    incoming, refusals = _incoming(request)
    try:
        if incoming:
            add_cards(batch, incoming, actor=request.actor)
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    except Refused as refusal:
        forget(each.stored_as for each in incoming if each.stored_as is not None)
        return _page(request, batch, [*refusals, str(refusal)], status=409)
    if incoming and can_recognise() and any(each.stored_as for each in incoming):
        title = Told(gettext_lazy("Reading the cards of %(event)s"), event=batch.event)
        queue.start(READ_JOB, title, actor=request.actor, batch=batch.pk)
    if refusals or not incoming:
        nothing = [] if incoming or refusals else [_("Choose files, or paste the text of a card.")]
        return _page(request, batch, [*refusals, *nothing], status=422)
    count = len(incoming)
    told = ngettext("%(count)d card is in", "%(count)d cards are in", count) % {"count": count}
    messages.success(request, told)
    return HttpResponseRedirect(reverse("cards-batch", args=[batch.pk]))


def _incoming(request: PersonRequest) -> tuple[list[Incoming], list[str]]:
    """What can be taken in, and why the rest can't, file by file."""
    found: list[Incoming] = []
    refusals: list[str] = []
    files = request.FILES.getlist("files")
    if len(files) > MOST_FILES:
        return [], [_("At most %(most)s files at once.") % {"most": MOST_FILES}]
    for file in files:
        try:
            found += _of_file(file)
        except Refused as refusal:
            refusals.append(f"{(file.name or '')[-80:]}: {refusal}")
    try:
        for text, fields in cards_in(request.POST.get("text", "")):
            found.append(Incoming(Card.Source.TEXT, "", text, fields))
    except Refused as refusal:
        refusals.append(str(refusal))
    return found, refusals


def _of_file(file: UploadedFile[Any]) -> list[Incoming]:
    name = (file.name or "").replace("\\", "/").rpartition("/")[2][-200:]
    if name.lower().endswith(PICTURES):
        return [Incoming(Card.Source.PHOTO, name, stored_as=keep_picture(file.read()))]
    if not name.lower().endswith((".vcf", ".vcard", ".txt")):
        raise Refused(_("Only .vcf files and JPEG, PNG or WebP pictures are taken in."))
    cards = cards_in(decoded(file.read()))
    if not cards:
        raise Refused(_("There is no card in this file."))
    return [Incoming(Card.Source.FILE, name, text, fields) for text, fields in cards]


@require_safe
def picture(request: PersonRequest, pk: int) -> HttpResponse | FileResponse:
    """The picture of a card, drawn by our own encoder; for whoever sees its batch."""
    must_may(request, "read", "card")
    batches = CardBatch.objects.visible_to(request.actor).values("pk")
    card = get_object_or_404(Card, pk=pk, batch__in=batches)
    path = picture_path(card.stored_as) if card.stored_as else None
    if path is None or not path.is_file():
        raise Http404
    answer = FileResponse(path.open("rb"), content_type="image/jpeg")
    answer["Cache-Control"] = "private, max-age=300"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


@require_POST
def remove(request: PersonRequest, pk: int) -> HttpResponse:
    """Throw a batch away; customers and contacts made of its cards stay."""
    batch = _batch(request, pk, "delete")
    delete_cards(batch, actor=request.actor)
    messages.success(request, _("The batch is deleted"))
    return HttpResponseRedirect(reverse("cards"))
