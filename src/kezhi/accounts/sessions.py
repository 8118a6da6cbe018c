"""Where a person is signed in: seen, ended one by one or all at once, continued under a new key."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from kezhi.accounts.models import Session, User
from kezhi.accounts.second_factors import must_help
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.refusal import Refused

EVERY = timedelta(minutes=1)
MOST_SHOWN = 50


def sessions_of(person: User, *, at: datetime) -> list[Session]:
    """Where the person is signed in, the latest seen first."""
    living = Session.objects.living(at=at).filter(person=person)
    return list(living.order_by("-seen_at")[:MOST_SHOWN])


@audited("session.ended")
def end_session(person: User, reference: str, *, actor: Actor) -> None:
    """One's own, or a colleague's by those who manage people."""
    _may_end(person, actor)
    for session in person.sessions.only("session_key"):
        if session.reference == reference:
            session.delete()
            return
    raise Refused(_("This session has ended already."))


@audited("sessions.ended")
def end_sessions(person: User, *, actor: Actor, but: str = "") -> int:
    """All of the person's sessions, or all but the one with the key `but`; how many there were."""
    _may_end(person, actor)
    ended = person.sessions.exclude(session_key=but).delete()[1].get("accounts.Session", 0)
    note(sessions=ended)
    return ended


def end_at_once(person: User) -> None:
    """Part of the deed that takes someone's access away."""
    person.sessions.all().delete()


def renew_keys(person: User) -> None:
    """Part of the deed that changes someone's rights: their sessions go on under new keys."""
    person.sessions.update(is_key_due=True)


def note_visit(session: Session, address: str | None, agent: str, *, at: datetime) -> None:
    """Keep when and from where the session was used; at most once a minute, one row by its key."""
    if session.seen_at is not None and at - session.seen_at < EVERY:
        return
    Session.objects.filter(pk=session.pk).update(
        seen_at=at, address=address or None, agent=agent[:300]
    )


def _may_end(person: User, actor: Actor) -> None:
    if actor.pk != person.pk:
        must_help(person, actor)
