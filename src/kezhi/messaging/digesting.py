"""The digest: what concerns a person, in one mail a day or a week, written when it leaves.

Apps register sections; each says what it has for this person on this day, with the rights of that moment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezhi.accounts.models import Company, User
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.messaging import outbox
from kezhi.messaging.letters import Heading, Link, Part, Row, Rows, Text
from kezhi.messaging.models import Notice, NoticePreference, Outgoing
from kezhi.messaging.noticing import address, told_in_words, visible
from kezhi.messaging.outbox import Made
from kezhi.records.fields import Label

Digest = NoticePreference.Digest
SHOWN = 20
LOOKS_BACK = {Digest.DAILY: timedelta(days=1), Digest.WEEKLY: timedelta(days=7)}
MONDAY, SATURDAY = 0, 5


@dataclass(frozen=True, slots=True)
class Period:
    """From when on it tells; `at` is now."""

    since: datetime
    at: datetime
    company: Company


@dataclass(frozen=True, slots=True)
class Section:
    title: Label
    rows: Callable[[User, Period], list[Row]]


SECTIONS: list[Section] = []


@audited("digest.queued")
def queue_digests(*, actor: Actor, at: datetime) -> int:
    """Every hour: a digest for each person whose hour it is. A day's digest is queued once."""
    company = Company.current()
    if company is None:
        return 0
    local = at.astimezone(company.zone)
    kinds = [Digest.DAILY] if local.weekday() < SATURDAY else []
    if local.weekday() == MONDAY:
        kinds.append(Digest.WEEKLY)
    wanted = NoticePreference.objects.filter(
        digest__in=kinds, digest_hour=local.hour, person__is_active=True
    )
    queued = 0
    for preference in wanted.exclude(person__email="").select_related("person"):
        made = outbox.send(
            person=preference.person,
            subject=_("Your digest"),
            purpose=Outgoing.Purpose.DIGEST,
            maker="digest",
            details={"digest": preference.digest},
            key=f"digest:{preference.person_id}:{local.date().isoformat()}",
            expires_at=at + timedelta(hours=12),
            language=preference.person.language or company.language,
            actor=actor,
            at=at,
        )
        queued += made is not None
    note(people=queued)
    return queued


def write_digest(outgoing: Outgoing, at: datetime) -> Made | None:
    """What the person may see now; None when there is nothing to tell."""
    person, company = outgoing.person, Company.current()
    if person is None or company is None:
        return None
    back = LOOKS_BACK.get(outgoing.details.get("digest", ""), timedelta(days=1))
    period = Period(at - back, at, company)
    parts: list[Part] = []
    for section in SECTIONS:
        if rows := section.rows(person, period)[:SHOWN]:
            parts += [Heading(str(section.title)), Rows(rows)]
    if not parts:
        return None
    day = at.astimezone(company.zone).date()
    words = {"company": company.name, "day": day.isoformat()}
    subject = _("%(company)s: your digest of %(day)s") % words
    foot = _("You get this because you chose so. Change it under Notices, Settings.")
    return Made(subject, [*parts, Link(_("Open Kezhi"), address("/")), Text(foot, is_quiet=True)])


def _notices(person: User, period: Period) -> list[Row]:
    """What was kept for the digest and not read meanwhile."""
    rows = Notice.objects.of(person.pk).unread()
    rows = rows.filter(is_for_digest=True, created_at__gte=period.since).order_by("-pk")
    return [
        Row(told_in_words(notice), link=address(f"/notices/{notice.pk}/"))
        for notice in visible(rows[:SHOWN], person)
    ]


SECTIONS.append(Section(gettext_lazy("News for you"), _notices))
outbox.MAKERS["digest"] = write_digest
