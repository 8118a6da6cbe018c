"""Webhooks are set up, changed, stopped and sent again by people; and stopped where nobody receives."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.db.models import Q
from django.utils.translation import gettext as _

from kezhi.accounts.integrating import may_manage
from kezhi.accounts.models import Integration
from kezhi.audit.recording import audited, note, record
from kezhi.core.actor import SYSTEM, Actor
from kezhi.core.outbound import may_be_asked
from kezhi.core.refusal import EditConflict, NotAllowed, Refused
from kezhi.messaging import noticing
from kezhi.messaging.models import Delivery, Webhook
from kezhi.messaging.webhooks import signing
from kezhi.messaging.webhooks.listening import PING, follow_choices, offered
from kezhi.messaging.webhooks.messages import acting_for
from kezhi.records import registry

MOST_WEBHOOKS = 100
MOST_REPLAYED = 10_000


class SetUp(NamedTuple):
    """A webhook with its secret, which nobody sees again."""

    webhook: Webhook
    secret: str


@audited("webhook.created")
def create_webhook(
    integration: Integration, fields: Mapping[str, Any], *, actor: Actor, at: datetime
) -> SetUp:
    """`fields`: name, url, deeds, and fields by kind of record. It sends from now on."""
    _must_keep(integration, actor, "create")
    if Webhook.objects.exclude(state=Webhook.State.ENDED).count() >= MOST_WEBHOOKS:
        raise Refused(_("At most %(count)d webhooks.") % {"count": MOST_WEBHOOKS})
    secret = signing.new_secret()
    webhook = Webhook(
        integration=in_use(integration, at),
        secret=signing.sealed(secret),
        created_by_id=actor.pk,
    )
    _apply(webhook, fields)
    webhook.save()
    follow_choices()
    note(webhook=webhook.name, host=urlsplit(webhook.url).hostname)
    if actor.program is not None:
        words = {"who": actor.program.name, "what": webhook.name}
        path = f"/settings/webhooks/{webhook.pk}/"
        noticing.notify([integration.owner_id], "webhook.set_up", at=at, words=words, path=path)
    return SetUp(webhook, secret)


@audited("webhook.changed")
def change_webhook(
    webhook: Webhook, changes: Mapping[str, Any], *, actor: Actor, version: int | None = None
) -> Webhook:
    """What waits is sent to the new address, too."""
    webhook = _claimed(webhook, actor)
    if version is not None and webhook.version != version:
        raise EditConflict(
            _("Somebody changed this webhook while you were editing. Check it and save again.")
        )
    _apply(webhook, changes)
    note(fields=sorted(changes))
    webhook.version += 1
    webhook.save()
    follow_choices()
    return webhook


@audited("webhook.paused")
def pause_webhook(webhook: Webhook, *, actor: Actor, at: datetime) -> Webhook:
    """What happens meanwhile waits; nothing is lost."""
    webhook = _claimed(webhook, actor)
    _pause(webhook, Webhook.Pause.BY_HAND, at)
    return webhook


@audited("webhook.resumed")
def resume_webhook(webhook: Webhook, *, actor: Actor, at: datetime) -> Webhook:
    """What waits goes out, the oldest first."""
    webhook = _claimed(webhook, actor)
    in_use(webhook.integration, at)
    webhook.state, webhook.pause, webhook.paused_at = Webhook.State.ACTIVE, "", None
    webhook.failures, webhook.failing_since, webhook.hold_until = 0, None, None
    webhook.save()
    webhook.deliveries.waiting().update(next_at=at)
    return webhook


@audited("webhook.secret_rotated")
def rotate_secret(webhook: Webhook, *, actor: Actor, at: datetime) -> SetUp:
    """A new secret. For a day messages are signed with the former one, too, while the receiver changes over."""
    webhook = _claimed(webhook, actor)
    secret = signing.exchange(webhook, at=at)
    webhook.version += 1
    webhook.save()
    return SetUp(webhook, secret)


@audited("webhook.deleted")
def delete_webhook(webhook: Webhook, *, actor: Actor) -> None:
    """With what waits and the list of what was sent."""
    webhook = _claimed(webhook, actor, "delete", is_ended_too=True)
    webhook.delete()
    follow_choices()


@audited("webhook.pinged")
def ping(webhook: Webhook, *, actor: Actor, at: datetime) -> Delivery:
    """A message that says nothing, to see whether it arrives."""
    webhook = _claimed(webhook, actor)
    if not webhook.is_active:
        raise Refused(_("This webhook is paused. Resume it first."))
    return Delivery.objects.create(
        webhook=webhook, event_key=uuid.uuid4(), deed=PING, kind="", happened_at=at, next_at=at
    )


@audited("webhook.replayed")
def replay(
    webhook: Webhook,
    *,
    actor: Actor,
    at: datetime,
    deliveries: Sequence[int] = (),
    since: datetime | None = None,
    until: datetime | None = None,
) -> int:
    """Send messages again, under their own ids: chosen ones, or those of a stretch of time; how many.

    A program learns nothing of what was withheld from it, not even how much that is.
    """
    webhook = _claimed(webhook, actor)
    rows = webhook.deliveries.exclude(state=Delivery.State.WAITING)
    if actor.program is not None:
        rows = rows.exclude(state=Delivery.State.WITHHELD)
    if deliveries:
        rows = rows.filter(pk__in=list(deliveries))
    elif since is not None or until is not None:
        within = Q()
        within &= Q(happened_at__gte=since) if since is not None else Q()
        within &= Q(happened_at__lte=until) if until is not None else Q()
        rows = rows.filter(within)
    else:
        raise Refused(_("Choose what to send again."))
    keys = list(rows.values_list("pk", flat=True)[: MOST_REPLAYED + 1])
    if not keys:
        raise Refused(_("There is nothing to send again."))
    if len(keys) > MOST_REPLAYED:
        raise Refused(
            _("More than %(count)s messages at once. Choose a shorter time.")
            % {"count": f"{MOST_REPLAYED:,}"}
        )
    note(messages=len(keys))
    return int(
        Delivery.objects.filter(pk__in=keys).update(
            state=Delivery.State.WAITING, attempts=0, next_at=at, ended_at=None
        )
    )


def stop(webhook: Webhook, why: Webhook.Pause, *, at: datetime) -> None:
    """The company's own doing: nobody receives, or nobody may be told any more. People are told."""
    _pause(webhook, why, at)
    record("webhook.stopped", actor=SYSTEM, subject=webhook, why=why.value)
    people = {webhook.integration.owner_id, webhook.created_by_id}
    path = f"/settings/webhooks/{webhook.pk}/"
    noticing.notify(people, "webhook.paused", at=at, words={"what": webhook.name}, path=path)


def end_with(integration: Integration) -> int:
    """The integration was revoked: its webhooks send nothing any more, what waits included."""
    ended = Webhook.objects.filter(integration=integration).exclude(state=Webhook.State.ENDED)
    keys = list(ended.values_list("pk", flat=True))
    Delivery.objects.waiting().filter(webhook__in=keys).update(state=Delivery.State.WITHHELD)
    Webhook.objects.filter(pk__in=keys).update(state=Webhook.State.ENDED)
    follow_choices()
    return len(keys)


def forget_old(before: datetime) -> int:
    """Of messages that are over."""
    rows = Delivery.objects.exclude(state=Delivery.State.WAITING)
    return int(rows.filter(happened_at__lt=before).delete()[0])


def _pause(webhook: Webhook, why: Webhook.Pause, at: datetime) -> None:
    webhook.state, webhook.pause, webhook.paused_at = Webhook.State.PAUSED, why, at
    webhook.save(update_fields=["state", "pause", "paused_at"])


def _claimed(
    webhook: Webhook, actor: Actor, action: str = "edit", *, is_ended_too: bool = False
) -> Webhook:
    kept: Webhook = (
        Webhook.objects.select_for_update(of=("self",))
        .select_related("integration__owner")
        .get(pk=webhook.pk)
    )
    _must_keep(kept.integration, actor, action)
    if kept.state == Webhook.State.ENDED and not is_ended_too:
        raise Refused(_("This webhook ended with its integration. Set up a new one."))
    return kept


def _must_keep(integration: Integration, actor: Actor, action: str) -> None:
    """Its own webhooks a program keeps itself where it was given that; people need the integration."""
    program = actor.program
    is_own = program is not None and program.pk == integration.pk
    if not (is_own and actor.may(action, "webhook")):
        must_manage(integration, actor)


def must_manage(integration: Integration, actor: Actor) -> None:
    if not may_manage(integration, actor):
        raise NotAllowed(
            _("Only whom it acts for, or an owner of the company, changes this integration.")
        )


def in_use(integration: Integration, at: datetime) -> Integration:
    if not integration.is_in_use(on=at.date()):
        raise Refused(_("This integration isn’t in use any more: it ended, or its owner left."))
    return integration


def _apply(webhook: Webhook, fields: Mapping[str, Any]) -> None:
    if "name" in fields:
        webhook.name = str(fields["name"]).strip()
        if not 0 < len(webhook.name) <= 80:
            raise Refused(_("A name has 1 to 80 characters."))
    if "url" in fields:
        webhook.url = _address(str(fields["url"]).strip())
    if "deeds" in fields:
        webhook.deeds = _deeds(fields["deeds"])
    if "fields" in fields:
        webhook.fields = _fields(fields["fields"], webhook.integration)


def _address(url: str) -> str:
    """Whether it leads into our own network is seen when it is asked, at the socket."""
    try:
        parts = urlsplit(url)
        fits = may_be_asked(url) and not (parts.username or parts.password) and len(url) <= 500
        fits = fits and (parts.port or 443) > 0
    except ValueError:
        fits = False
    if not fits or any(not 32 < ord(letter) < 127 for letter in url):
        raise Refused(_("Give an address that begins with https://, without a name and password."))
    return url


def _deeds(wanted: Sequence[str]) -> list[str]:
    known = {deed for names in offered().values() for deed in names}
    if not wanted or set(wanted) - known:
        raise Refused(_("Choose what it tells of."))
    return sorted(set(wanted))


def _fields(wanted: Mapping[str, Sequence[str]], integration: Integration) -> dict[str, list[str]]:
    """No more than the integration sees."""
    actor = acting_for(integration)
    fitting: dict[str, list[str]] = {}
    for name, fields in wanted.items():
        kind = registry[name].seen_by(actor) if name in registry else None
        if kind is None or not actor.may("read", name):
            raise Refused(_("This integration doesn’t see such records."))
        if unknown := [field for field in fields if field not in kind]:
            raise Refused(
                _("This integration doesn’t see the field “%(field)s”.")
                % {"field": unknown[0][:60]}
            )
        if fields:
            fitting[name] = sorted(set(fields))
    return fitting
