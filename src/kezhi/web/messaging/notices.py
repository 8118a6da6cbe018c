"""What a person was told: the bell's count, the list, and how they want to be told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kezhi.core.ids import LARGEST, record_id, record_ids
from kezhi.core.refusal import Refused
from kezhi.customers import mentioning
from kezhi.customers.models import Interaction
from kezhi.messaging import noticing
from kezhi.messaging.models import Notice, NoticePreference
from kezhi.records import registry
from kezhi.web.customers.timeline import around
from kezhi.web.requests import PersonRequest

PAGE = 30
MOST_SHOWN = 99


@dataclass(frozen=True, slots=True)
class Told:
    """A notice as the list shows it."""

    notice: Notice
    words: str
    icon: str


def _entry(notice: Notice) -> str:
    entry = Interaction.objects.filter(pk=notice.about_id or 0).first()
    return around(entry) if entry is not None else reverse("notices")


def _hand_over(notice: Notice) -> str:
    return reverse("hand-over-briefs", args=[notice.words["hand_over"]])


def _mailbox(notice: Notice) -> str:
    return reverse("mailbox", args=[notice.about_id])


def _outgoing(notice: Notice) -> str:
    return reverse("outgoing", args=[notice.about_id])


def _follow_ups(notice: Notice) -> str:
    return "/follow-ups/?view=mine"


# Where a notice leads that isn't about a kind of record with a page of its own.
PAGES: dict[str, Callable[[Notice], str]] = {
    "hand_over": _hand_over,
    "mailbox.trouble": _mailbox,
    "mail.failed": _outgoing,
    "follow_up.due": _follow_ups,
    "mention": _entry,
    "mail.received": _entry,
}


@require_safe
def index(request: PersonRequest) -> HttpResponse:
    """The newest first; `?before=` the next page, `?unread=1` only those not read."""
    rows = Notice.objects.of(request.actor.pk)
    is_unread = bool(request.GET.get("unread"))
    if is_unread:
        rows = rows.unread()
    before = record_id(request.GET.get("before", "")) or LARGEST
    found = list(rows.filter(pk__lt=before).order_by("-pk")[: PAGE + 1])
    about = {
        "told": [
            Told(notice, noticing.told_in_words(notice), _icon(notice))
            for notice in noticing.visible(found[:PAGE], request.actor)
        ],
        "older": found[PAGE - 1].pk if len(found) > PAGE else None,
        "is_unread": is_unread,
        "is_later": before != LARGEST,
    }
    return render(request, "messaging/notices.html", about)


@require_safe
def count(request: PersonRequest) -> HttpResponse:
    """How many are unread, for the bell: asked for when the page is there."""
    unread = noticing.unread_count(request.actor, MOST_SHOWN + 1)
    about = {"unread": unread, "most": MOST_SHOWN}
    return render(request, "messaging/_bell_count.html", about)


@require_safe
def follow(request: PersonRequest, pk: int) -> HttpResponse:
    """To what it is about; opened, it is read."""
    notice = get_object_or_404(Notice.objects.of(request.actor.pk), pk=pk)
    now = timezone.now()
    noticing.mark_read(request.actor, [pk], now)
    if notice.about_kind == "interaction" and notice.about_id is not None:
        mentioning.mark_read(request.actor, [notice.about_id], now)
    if not noticing.visible([notice], request.actor):
        messages.info(request, _("You may not see what it was about any more."))
        return redirect("notices")
    return HttpResponseRedirect(_path_of(notice))


@require_POST
def read(request: PersonRequest) -> HttpResponse:
    """POST `notice` (several), or `all`."""
    chosen = None if request.POST.get("all") else record_ids(request.POST.getlist("notice"))
    noticing.mark_read(request.actor, chosen, timezone.now())
    return redirect("notices")


@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: PersonRequest) -> HttpResponse:
    """One's own ways of being told."""
    preference = NoticePreference.objects.filter(person=request.actor).first()
    preference = preference or NoticePreference(person=request.actor)
    refusal = ""
    if request.method == "POST":
        try:
            noticing.change_preference(_entries(request), actor=request.actor)
        except Refused as refused:
            refusal = str(refused)
        else:
            messages.success(request, _("Saved."))
            return redirect("notice-preferences")
    about = {
        "kinds": [
            (kind, noticing.way_of(preference, kind.name)) for kind in noticing.KINDS.values()
        ],
        "preference": preference,
        "ways": NoticePreference.Way.choices,
        "digests": NoticePreference.Digest.choices,
        "hours": [(hour, f"{hour:02d}:00") for hour in range(24)],
        "refusal": refusal,
    }
    return render(
        request, "messaging/notice_preferences.html", about, status=422 if refusal else 200
    )


def _entries(request: PersonRequest) -> dict[str, object]:
    sent = request.POST
    ways = {kind: sent[f"way-{kind}"] for kind in noticing.KINDS if f"way-{kind}" in sent}
    hours = {
        name: _hour(sent.get(name, "")) for name in ("digest_hour", "quiet_from", "quiet_until")
    }
    return {"ways": ways, "digest": sent.get("digest", ""), **hours}


def _hour(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 3 else None


def _icon(notice: Notice) -> str:
    kind = noticing.KINDS.get(notice.kind)
    return kind.icon if kind else "info"


def _path_of(notice: Notice) -> str:
    if notice.path.startswith("/") and not notice.path.startswith("//"):
        return notice.path
    if notice.kind in PAGES:
        return PAGES[notice.kind](notice)
    if notice.about_kind in registry:
        kind = registry[notice.about_kind]
        record = kind.model._default_manager.filter(pk=notice.about_id).first()
        if record is not None:
            return kind.url_of(record)
    return reverse("notices")
