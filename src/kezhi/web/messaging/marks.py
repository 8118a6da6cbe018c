"""What the timeline says of letters: what became of those sent, and where those that came are read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from kezhi.accounts.models import User
from kezhi.customers.models import Interaction
from kezhi.messaging.models import Incoming, MailAccount, Outgoing
from kezhi.records.fields import Label
from kezhi.web.messaging.outgoing import TONES


@dataclass(frozen=True, slots=True)
class Mark:
    """`href` is empty where the reader sees the entry and not the mail."""

    label: Label
    tone: str
    href: str


def marks_of(entries: Iterable[Interaction], actor: User) -> dict[int, Mark]:
    """By entry; three queries where there are entries of mail, else none."""
    ids = [row.pk for row in entries if row.channel == Interaction.Channel.EMAIL]
    if not ids:
        return {}
    about = Q(about_kind="interaction", about_id__in=ids)
    readable = set(Outgoing.objects.visible_to(actor).filter(about).values_list("pk", flat=True))
    found: dict[int, Mark] = {}
    for mail in Outgoing.objects.filter(about).only("pk", "state", "about_id"):
        href = reverse("outgoing", args=[mail.pk]) if mail.pk in readable else ""
        found[mail.about_id] = Mark(mail.get_state_display(), TONES.get(mail.state, ""), href)
    whole = Q(account__timeline=MailAccount.Timeline.WHOLE)
    mine = Q(account__in=MailAccount.objects.visible_to(actor))
    letters = Incoming.objects.filter(about & (whole | mine)).only("pk", "about_id")
    for letter in letters:
        href = reverse("letter", args=[letter.pk])
        found[letter.about_id or 0] = Mark(_("the whole letter"), "line", href)
    return found
