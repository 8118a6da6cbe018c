"""Inbound webhooks: set up, changed and removed by people; rules declare what is done with messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from kezhi.accounts.models import Integration
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.refusal import EditConflict, Refused
from kezhi.messaging.models import InboundWebhook, Received
from kezhi.messaging.webhooks import signing
from kezhi.messaging.webhooks.keeping import in_use, must_manage
from kezhi.messaging.webhooks.messages import acting_for
from kezhi.records import registry

MOST_RULES = 50
MOST_FIELDS = 60
LONGEST_PATH = 200
CREATE, PUT, REFUSE = "create", "put", "refuse"
ASKED = {"type", "kind", "does", "number", "fields"}


class SetUp(NamedTuple):
    """An inbound webhook with its secret, which nobody sees again."""

    webhook: InboundWebhook
    secret: str


@audited("inbound_webhook.created")
def create_inbound(
    integration: Integration, fields: Mapping[str, Any], *, actor: Actor, at: datetime
) -> SetUp:
    """`fields`: name, and rules as `checked_rules` takes them."""
    must_manage(integration, actor)
    secret = signing.new_secret()
    webhook = InboundWebhook(integration=in_use(integration, at), secret=signing.sealed(secret))
    _apply(webhook, fields)
    webhook.save()
    note(webhook=webhook.name)
    return SetUp(webhook, secret)


@audited("inbound_webhook.changed")
def change_inbound(
    webhook: InboundWebhook,
    changes: Mapping[str, Any],
    *,
    actor: Actor,
    version: int | None = None,
) -> InboundWebhook:
    """Name, rules, and whether it takes messages at all (`is_active`)."""
    webhook = _claimed(webhook, actor)
    if version is not None and webhook.version != version:
        raise EditConflict(
            _("Somebody changed this webhook while you were editing. Check it and save again.")
        )
    _apply(webhook, changes)
    note(fields=sorted(changes))
    webhook.version += 1
    webhook.save()
    return webhook


@audited("inbound_webhook.secret_rotated")
def rotate_inbound(webhook: InboundWebhook, *, actor: Actor, at: datetime) -> SetUp:
    """A new secret; what is signed with the former one counts for a day more."""
    webhook = _claimed(webhook, actor)
    secret = signing.exchange(webhook, at=at)
    webhook.version += 1
    webhook.save()
    return SetUp(webhook, secret)


@audited("inbound_webhook.deleted")
def delete_inbound(webhook: InboundWebhook, *, actor: Actor) -> None:
    """With the list of what came; what was done by it stays."""
    _claimed(webhook, actor).delete()


def checked_rules(wanted: Any, integration: Integration) -> list[dict[str, Any]]:
    """Rules that can work: by type of message one record, created or, found by its number, made as told.

    A field takes what stands at a path of the message (`data.customer.code`), or what follows a `=`. Of
    consents, `refuse` records the no of whoever has the e-mail address at `number`.
    """
    if not isinstance(wanted, Sequence) or isinstance(wanted, str) or not wanted:
        raise Refused(_("Give a list of rules."))
    if len(wanted) > MOST_RULES:
        raise Refused(_("At most %(count)d rules.") % {"count": MOST_RULES})
    rules = [_rule(each, integration) for each in wanted]
    types = [rule["type"] for rule in rules]
    if len(set(types)) < len(types):
        raise Refused(_("Each type of message has one rule."))
    return rules


def end_with(integration: Integration) -> int:
    """The integration was revoked: nothing of it is taken any more."""
    rows = InboundWebhook.objects.filter(integration=integration, is_active=True)
    return int(rows.update(is_active=False))


def forget_old(before: datetime) -> int:
    return int(Received.objects.filter(received_at__lt=before).delete()[0])


def _apply(webhook: InboundWebhook, fields: Mapping[str, Any]) -> None:
    if "name" in fields:
        webhook.name = str(fields["name"]).strip()
        if not 0 < len(webhook.name) <= 80:
            raise Refused(_("A name has 1 to 80 characters."))
    if "rules" in fields:
        webhook.rules = checked_rules(fields["rules"], webhook.integration)
    if "is_active" in fields:
        webhook.is_active = bool(fields["is_active"])


def _rule(wanted: Any, integration: Integration) -> dict[str, Any]:
    if not isinstance(wanted, dict) or set(wanted) - ASKED:
        raise Refused(_("A rule has type, kind, does, number and fields, and nothing else."))
    rule = {"number": "", "does": CREATE, **wanted}
    texts = (rule.get("type"), rule.get("kind"), rule["does"], rule["number"])
    if not all(isinstance(each, str) and len(each) <= LONGEST_PATH for each in texts):
        raise Refused(_("A rule has type, kind, does, number and fields, and nothing else."))
    name, actor = str(rule["kind"]), acting_for(integration)
    if not str(rule["type"]).strip():
        raise Refused(_("A rule says for which type of message it is."))
    if rule["does"] == REFUSE:
        return _refusal(rule, actor)
    if name not in registry or not actor.may("create", name):
        raise Refused(
            _("This integration doesn’t create records of the kind “%(kind)s”.")
            % {"kind": name[:60]}
        )
    if rule["does"] not in (CREATE, PUT) or (rule["does"] == PUT and not rule["number"]):
        raise Refused(
            _(
                "A rule does “create”, “put” with the path of the record’s number, or of consents “refuse”"
                " with the path of an e-mail address."
            )
        )
    if rule["does"] == PUT and not actor.may("edit", name):
        raise Refused(
            _("This integration doesn’t change records of the kind “%(kind)s”.")
            % {"kind": name[:60]}
        )
    rule["fields"] = _fields(rule.get("fields"))
    return rule


def _refusal(rule: dict[str, Any], actor: Actor) -> dict[str, Any]:
    if rule["kind"] != "consent" or not rule["number"]:
        raise Refused(_("“refuse” is of consents, with the path of an e-mail address as number."))
    if not actor.may("edit", "consent"):
        raise Refused(
            _("This integration doesn’t change records of the kind “%(kind)s”.")
            % {"kind": "consent"}
        )
    return {**rule, "fields": _fields(rule.get("fields"))}


def _fields(wanted: Any) -> dict[str, str]:
    fits = isinstance(wanted, dict) and 0 < len(wanted) <= MOST_FIELDS
    if not fits or not all(
        isinstance(name, str) and isinstance(path, str) and 0 < len(path) <= LONGEST_PATH
        for name, path in wanted.items()
    ):
        raise Refused(
            _("A rule’s fields give by name of the field a path of the message, or =text.")
        )
    return dict(wanted)


def _claimed(webhook: InboundWebhook, actor: Actor) -> InboundWebhook:
    kept: InboundWebhook = (
        InboundWebhook.objects.select_for_update(of=("self",))
        .select_related("integration__owner")
        .get(pk=webhook.pk)
    )
    must_manage(kept.integration, actor)
    return kept
