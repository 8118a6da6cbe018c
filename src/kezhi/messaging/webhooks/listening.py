"""A deed of which somebody wants to hear leaves a message for each of them, in its own transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import chain

from django.db import connection, models

from kezhi.audit.recording import deeds
from kezhi.core import events
from kezhi.core.events import Event
from kezhi.messaging.models import Webhook
from kezhi.records import registry

NAME = "webhooks"
PING = "webhook.ping"
# Deeds on many records at once, or on whichever kind: one message each. Apps above add theirs.
FURTHER: set[str] = {"attachment.added", "deed.undone", "record.tagged"}
# Deeds on what is no record of a kind, by the kind of the record that they are about. Apps above add theirs.
ABOUT: dict[str, str] = {}

LEAVE_MESSAGES = """
INSERT INTO messaging_delivery
  (webhook_id, event_key, deed, kind, object_id, happened_at, state, attempts, next_at, tries,
   request, response)
SELECT id, %(key)s, %(deed)s, %(kind)s, %(object)s, now(), 'waiting', 0, now(), '[]', '', ''
FROM messaging_webhook WHERE state <> 'ended' AND %(deed)s = ANY(deeds)
"""


def offered() -> Mapping[str, Sequence[str]]:
    """The deeds that can be chosen: by kind of record, and under "" those on many records."""
    found: dict[str, list[str]] = {}
    for deed in sorted(deeds):
        noun = _noun(deed)
        if deed in FURTHER:
            found.setdefault("", []).append(deed)
        elif noun in registry:
            found.setdefault(noun, []).append(deed)
    return found


def hear(event: Event) -> None:
    """Leave a message for every receiver that chose the deed."""
    kind, record = _subject(event)
    if record is None and event.deed in ABOUT:
        return  # it came to nothing
    with connection.cursor() as cursor:
        cursor.execute(
            LEAVE_MESSAGES,
            {
                "key": event.key,
                "deed": event.deed,
                "kind": kind,
                "object": record.pk if record is not None else None,
            },
        )


def follow_choices() -> None:
    """After a webhook came, changed or went: deeds tell us of what is wanted, and of nothing else."""
    wanted = Webhook.objects.exclude(state=Webhook.State.ENDED).values_list("deeds", flat=True)
    events.want(NAME, chain.from_iterable(wanted))


def _subject(event: Event) -> tuple[str, models.Model | None]:
    """The record that the deed is named for, else the first that is of a kind; else the deed's own noun."""
    noun = _noun(event.deed)
    kinds = kinds_of_models()
    of_kind = [(kinds[type(each)], each) for each in event.records if type(each) in kinds]
    named = next((pair for pair in of_kind if pair[0] == noun), None)
    if named is not None:
        return named
    if of_kind and event.deed in FURTHER:
        return of_kind[0]
    return "", event.records[0] if event.records else None


def _noun(deed: str) -> str:
    return ABOUT.get(deed) or deed.partition(".")[0]


@cache
def kinds_of_models() -> dict[type[models.Model], str]:
    return {kind.model: kind.name for kind in registry}
