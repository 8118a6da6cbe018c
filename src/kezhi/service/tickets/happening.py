"""What happened to a ticket, as lines between the words of people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.functional import Promise
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from kezhi.accounts.models import person
from kezhi.audit.recording import traced_by
from kezhi.core.actor import Actor
from kezhi.service.models import Ticket, TicketEntry

LONGEST_WORD = 300


@dataclass(frozen=True, slots=True)
class Happening:
    """`sentence` is filled with the words of the entry; where a word is a key of a choice, `choices` has its
    label, so that everybody reads it in their own language. `moments` are the words that are moments."""

    sentence: str | Promise
    icon: str = "info"
    is_alarm: bool = False
    choices: dict[str, dict[str, str | Promise]] | None = None
    moments: tuple[str, ...] = ()


KNOWN: dict[str, Happening] = {}


def declare(name: str, happening: Happening) -> None:
    """An app of service makes known what it puts between the words."""
    KNOWN[name] = happening


@traced_by("the deed that calls it")
def happened(
    ticket: Ticket, event: str, *, actor: Actor, at: datetime, key: str | None = None, **words: Any
) -> TicketEntry | None:
    """A line in the ticket's history, in the deed's transaction. None when `key` is there already."""
    if event not in KNOWN:
        raise LookupError(event)
    if key is not None and TicketEntry.objects.filter(key=key).exists():
        return None
    return TicketEntry.objects.create(
        ticket=ticket,
        sort=TicketEntry.Sort.EVENT,
        at=at,
        author=person(actor),
        event=event,
        words={name: _kept(word) for name, word in words.items()},
        key=key,
    )


def told(entry: TicketEntry) -> str:
    """What an event says, in the language that is active."""
    known = KNOWN.get(entry.event)
    if known is None:
        return entry.text or entry.event
    words = {**entry.words, "who": entry.author.name if entry.author else "Kezhi"}
    for name, labels in (known.choices or {}).items():
        words[name] = str(labels.get(str(words.get(name, "")), words.get(name, "")))
    for name in known.moments:
        at = datetime.fromisoformat(str(words[name]))
        words[name] = localtime(at).strftime("%Y-%m-%d %H:%M")
    return (str(known.sentence) % words).strip()


def moment(at: datetime | None) -> datetime:
    """The moment given, or that of the transaction: a deed that knows only its day asks this."""
    if at is not None:
        return at
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        (now,) = cursor.fetchone()
    return now  # type: ignore[no-any-return]


def _kept(word: Any) -> Any:
    return word[:LONGEST_WORD] if isinstance(word, str) else word


def _labels(choices: Any) -> dict[str, str | Promise]:
    return {str(key): label for key, label in choices.choices}


_STATES = _labels(Ticket.State)
_PRIORITIES = _labels(Ticket.Priority)
_TYPES = _labels(Ticket.Type)
_CHANNELS = _labels(Ticket.Channel)

declare(
    "opened",
    Happening(
        _("%(who)s opened the ticket by: %(channel)s"), "ticket", False, {"channel": _CHANNELS}
    ),
)
declare("assigned", Happening(_("%(who)s gave the ticket to %(to)s. %(reason)s"), "user"))
declare("routed", Happening(_("Given to %(to)s by skill and open work"), "bolt"))
declare("taken", Happening(_("%(who)s took the ticket"), "user"))
declare("passed_on", Happening(_("%(who)s passed the ticket on to %(to)s. %(reason)s"), "deal"))
declare(
    "state",
    Happening(
        _("%(who)s set the state from “%(before)s” to “%(after)s”. %(reason)s"),
        "check",
        False,
        {"before": _STATES, "after": _STATES},
    ),
)
declare("reopened", Happening(_("Opened again: the customer wrote"), "refresh"))
declare(
    "priority",
    Happening(
        _("%(who)s set the priority from “%(before)s” to “%(after)s”"),
        "flag",
        False,
        {"before": _PRIORITIES, "after": _PRIORITIES},
    ),
)
declare(
    "type",
    Happening(
        _("%(who)s set the type from “%(before)s” to “%(after)s”"),
        "layers",
        False,
        {"before": _TYPES, "after": _TYPES},
    ),
)
declare("customer", Happening(_("%(who)s connected the ticket with %(to)s"), "link"))
