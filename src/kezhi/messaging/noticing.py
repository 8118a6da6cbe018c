"""People are told what concerns them: here, by mail at once, or in the digest, as each of them wants it.

    notify([follow_up.assignee_id], "follow_up.assigned", at=at, by=actor, about=follow_up, words={"what": …})

Whoever may not see the record isn't told of it: asked now, when a mail about it leaves, and when it's read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import IntegrityError, connection, models, transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kezhi.accounts.models import Company, User
from kezhi.audit.recording import as_one_batch, audited, note
from kezhi.core.actor import SYSTEM, Actor
from kezhi.core.refusal import Refused
from kezhi.messaging import outbox
from kezhi.messaging.letters import Link, Part, Text
from kezhi.messaging.models import Notice, NoticePreference
from kezhi.messaging.outbox import kind_of, one_line
from kezhi.records import registry
from kezhi.records.fields import Label

Way = NoticePreference.Way
KEPT = timedelta(days=90)
MAIL_IS_TOO_LATE_AFTER = timedelta(days=2)
LONGEST_WORD = 200
AN_HOUR = timedelta(hours=1)
MOST_ALIKE = 30


@dataclass(frozen=True, slots=True)
class NoticeKind:
    """`sentence` is filled with a notice's words; `usual` is how people are told who haven't chosen."""

    name: str
    label: Label
    sentence: Label
    icon: str = "info"
    usual: str = Way.HERE


KINDS: dict[str, NoticeKind] = {}


def declare(*kinds: NoticeKind) -> None:
    """An app makes known of what it tells people."""
    KINDS.update({kind.name: kind for kind in kinds})


declare(
    NoticeKind(
        "mention",
        gettext_lazy("Somebody calls you by @"),
        gettext_lazy("%(who)s called you: %(what)s"),
        "chat",
        Way.DIGEST,
    ),
    NoticeKind(
        "customer.assigned",
        gettext_lazy("A customer becomes yours"),
        gettext_lazy("%(who)s gave you the customer %(what)s"),
        "user",
        Way.DIGEST,
    ),
    NoticeKind(
        "customer.shared",
        gettext_lazy("A customer is shared with you"),
        gettext_lazy("%(who)s shared the customer %(what)s with you"),
        "users",
    ),
    NoticeKind(
        "follow_up.assigned",
        gettext_lazy("A follow-up is given to you"),
        gettext_lazy("%(who)s gave you the follow-up %(what)s"),
        "flag",
        Way.DIGEST,
    ),
    NoticeKind(
        "follow_up.due",
        gettext_lazy("Follow-ups fall due"),
        gettext_lazy("Due today or overdue: %(what)s follow-ups"),
        "clock",
    ),
    NoticeKind(
        "need.assigned",
        gettext_lazy("A customer’s need is given to you"),
        gettext_lazy("%(who)s gave you the need %(what)s"),
        "inbox",
        Way.DIGEST,
    ),
    NoticeKind(
        "hand_over",
        gettext_lazy("Customers come to you by a hand-over"),
        gettext_lazy("%(who)s handed over to you: %(what)s customers"),
        "refresh",
        Way.DIGEST,
    ),
    NoticeKind(
        "approval",
        gettext_lazy("Your approval is asked"),
        gettext_lazy("%(who)s asks for your approval: %(what)s"),
        "shield",
        Way.MAIL,
    ),
    NoticeKind(
        "job.done",
        gettext_lazy("Long work has ended"),
        gettext_lazy("Done: %(what)s"),
        "check",
    ),
    NoticeKind(
        "job.failed",
        gettext_lazy("Long work has failed"),
        gettext_lazy("Failed: %(what)s. %(why)s"),
        "alert",
    ),
    NoticeKind(
        "mail.received",
        gettext_lazy("A customer writes to you"),
        gettext_lazy("Mail from %(who)s: %(what)s"),
        "mail",
    ),
    NoticeKind(
        "mail.failed",
        gettext_lazy("A letter of yours didn’t arrive"),
        gettext_lazy("Not delivered to %(who)s: %(what)s"),
        "alert",
        Way.HERE,
    ),
    NoticeKind(
        "mailbox.trouble",
        gettext_lazy("A mailbox can’t be read"),
        gettext_lazy("The mailbox %(what)s can’t be read. Open it to see why."),
        "alert",
        Way.HERE,
    ),
    NoticeKind(
        "webhook.set_up",
        gettext_lazy("A program of yours sets up a webhook"),
        gettext_lazy("%(who)s set up the webhook %(what)s"),
        "info",
    ),
    NoticeKind(
        "webhook.paused",
        gettext_lazy("A webhook was paused"),
        gettext_lazy("The webhook %(what)s was paused: its receiver doesn’t answer"),
        "alert",
        Way.MAIL,
    ),
    NoticeKind(
        "backup.alarm",
        gettext_lazy("The backups need somebody"),
        gettext_lazy("The backups need you: %(what)s"),
        "alert",
        Way.MAIL,
    ),
    NoticeKind(
        "quota",
        pgettext_lazy("kind of notice", "A limit is nearly reached"),
        gettext_lazy("Nearly reached: %(what)s"),
        "alert",
        Way.MAIL,
    ),
)


def notify(
    people: Iterable[int | None],
    kind: str,
    *,
    at: datetime | None = None,
    by: Actor = SYSTEM,
    about: models.Model | None = None,
    words: Mapping[str, Any] | None = None,
    path: str = "",
    key: str = "",
) -> list[Notice]:
    """Tell these colleagues, in the caller's transaction; never the one who did it. `key` tells each once.

    A deed that knows only its day leaves the moment to the transaction's clock.
    """
    wanted = {pk for pk in people if pk is not None and pk != by.pk}
    if not wanted:
        return []
    at = at or _moment()
    told = {"who": by.name, **{name: _short(word) for name, word in (words or {}).items()}}
    persons = User.objects.active().filter(pk__in=wanted).prefetch_related("roles")
    chosen = NoticePreference.objects.in_bulk(list(wanted))
    made = []
    for person in persons:
        preference = chosen.get(person.pk) or NoticePreference(person=person)
        way = way_of(preference, kind)
        if way == Way.NONE or not _sees(person, about):
            continue
        if _is_one_of_many(person, kind, at):
            continue
        notice = Notice(
            person=person,
            kind=kind,
            words=told,
            path=path,
            about_kind=kind_of(about) if about else "",
            about_id=about.pk if about else None,
            key=key or None,
            created_at=at,
            is_for_digest=way == Way.DIGEST,
        )
        if not _kept(notice):
            continue
        made.append(notice)
        if way == Way.MAIL and person.email:
            _mail(notice, person, preference, about, at)
    return made


def told_in_words(notice: Notice) -> str:
    """What a notice says, in the language that is active."""
    kind = KINDS.get(notice.kind)
    if kind is None:
        return str(notice.words.get("what", ""))
    words = {"who": "", "what": "", "why": "", **notice.words}
    told = str(kind.sentence) % words
    more = notice.words.get("more")
    return _("%(told)s, and %(more)s more") % {"told": told, "more": more} if more else told


def address(path: str) -> str:
    """A page of ours as a mail may name it."""
    origin = settings.ORIGIN or next(
        (f"https://{host}" for host in settings.ALLOWED_HOSTS if "." in host and host[0] != "."),
        "http://localhost",
    )
    return f"{origin}{path}"


def visible(notices: Iterable[Notice], person: User) -> list[Notice]:
    """Those whose record the person may see now; as many queries as there are kinds of record."""
    rows = list(notices)
    by_kind: dict[str, set[int]] = {}
    for notice in rows:
        if notice.about_kind in registry and notice.about_id is not None:
            by_kind.setdefault(notice.about_kind, set()).add(notice.about_id)
    seen = {
        (name, pk)
        for name, pks in by_kind.items()
        for pk in registry[name].visible_to(person).filter(pk__in=pks).values_list("pk", flat=True)
    }
    return [
        notice
        for notice in rows
        if notice.about_kind not in by_kind or (notice.about_kind, notice.about_id) in seen
    ]


def way_of(preference: NoticePreference, kind: str) -> str:
    """How this person is told of such a thing."""
    chosen = preference.ways.get(kind)
    if chosen in Way.values:
        return str(chosen)
    return KINDS[kind].usual if kind in KINDS else str(Way.HERE)


@audited("notice_preference.changed")
def change_preference(entries: Mapping[str, Any], *, actor: User) -> NoticePreference:
    """How one wants to be told: `ways` by kind, `digest`, `digest_hour`, `quiet_from`, `quiet_until`."""
    preference, _is_new = NoticePreference.objects.select_for_update().get_or_create(person=actor)
    ways = entries.get("ways", {})
    if not set(ways) <= set(KINDS) or not set(ways.values()) <= set(Way.values):
        raise Refused(_("Choose how you are told from the list."))
    if entries.get("digest") not in NoticePreference.Digest.values:
        raise Refused(_("Choose how often the digest comes."))
    for name in ("digest_hour", "quiet_from", "quiet_until"):
        hour = entries.get(name)
        if not isinstance(hour, int) or not 0 <= hour <= 23:
            raise Refused(_("An hour is a number from 0 to 23."))
        setattr(preference, name, hour)
    preference.ways = {**preference.ways, **ways}
    preference.digest = entries["digest"]
    preference.version += 1
    preference.save()
    note(digest=preference.digest)
    return preference


def mark_read(person: User, notice_ids: Iterable[int] | None, at: datetime) -> int:
    """These, or all; what is read already stays so."""
    rows = Notice.objects.of(person.pk).unread()
    if notice_ids is not None:
        rows = rows.filter(pk__in=list(notice_ids))
    return int(rows.update(read_at=at))


def unread_count(person: User, most: int = 100) -> int:
    """One look into an index of unread ones only, and no further than the count is shown."""
    return int(Notice.objects.of(person.pk).unread()[:most].count())


@audited("notice.forgotten")
def forget_old(*, actor: Actor, at: datetime) -> int:
    """Notices of three months ago."""
    with as_one_batch():
        gone, _by_model = Notice.objects.filter(created_at__lt=at - KEPT).delete()
    note(rows=gone)
    return gone


def out_of_quiet(preference: NoticePreference, at: datetime) -> datetime:
    """The moment itself, or the end of the person's quiet hours, by the company's clock."""
    local = at.astimezone(_zone())
    start, end, hour = preference.quiet_from, preference.quiet_until, local.hour
    is_quiet = (
        start <= hour < end if start < end else start != end and (hour >= start or hour < end)
    )
    if not is_quiet:
        return at
    opening = local.replace(hour=end, minute=0, second=0, microsecond=0)
    return opening if opening > local else opening + timedelta(days=1)


def today(at: datetime) -> date:
    return at.astimezone(_zone()).date()


def _zone() -> ZoneInfo:
    company = Company.current()
    return company.zone if company else ZoneInfo("UTC")


def _is_one_of_many(person: User, kind: str, at: datetime) -> bool:
    """A change of thousands of records isn't told a thousand times: the last notice counts the rest."""
    rows = Notice.objects.of(person.pk).unread()
    recent = rows.filter(kind=kind, created_at__gt=at - AN_HOUR).order_by("-pk")[:MOST_ALIKE]
    alike = list(recent)
    if len(alike) < MOST_ALIKE:
        return False
    newest = alike[0]
    newest.words["more"] = int(newest.words.get("more", 0)) + 1
    newest.save(update_fields=["words"])
    return True


def _moment() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        (moment,) = cursor.fetchone()
    return moment  # type: ignore[no-any-return]


def _kept(notice: Notice) -> bool:
    """Whether it is new: with a key it is told once."""
    try:
        with transaction.atomic():
            notice.save()
    except IntegrityError:
        return False
    return True


def _sees(person: User, about: models.Model | None) -> bool:
    name = kind_of(about) if about else ""
    if about is None or name not in registry:
        return True
    return bool(registry[name].visible_to(person).filter(pk=about.pk).exists())


def _mail(
    notice: Notice,
    person: User,
    preference: NoticePreference,
    about: models.Model | None,
    at: datetime,
) -> None:
    language = person.language or Company.home().language
    with translation.override(language):
        words = told_in_words(notice)
        parts: list[Part] = [
            Text(words),
            Link(_("Open it in Kezhi"), address(f"/notices/{notice.pk}/")),
            Text(_("You get this because you chose so. Change it under Notices, Settings."), True),
        ]
        outbox.send(
            person=person,
            subject=words[:200],
            parts=parts,
            purpose=outbox.Outgoing.Purpose.NOTICE,
            about=about,
            actor=SYSTEM,
            at=at,
            not_before=out_of_quiet(preference, at),
            expires_at=at + MAIL_IS_TOO_LATE_AFTER,
            language=language,
            key=f"notice:{notice.pk}",
        )


def _short(word: Any) -> Any:
    return one_line(word)[:LONGEST_WORD] if isinstance(word, str) else word
