"""How parties stand to each other. Who says so must know both."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.creating import may_reach
from kezhi.customers.keeping import deeds_for
from kezhi.customers.models import Relation
from kezhi.workbench.customizing.entering import put, settle


@audited("relation.created")
def create_relation(fields: dict[str, Any], *, actor: Actor, on: date) -> Relation:
    """`customer` stands so to `other`."""
    relation = Relation(created_by_id=actor.pk)
    put("relation", relation, fields, actor)
    _check(relation, actor)
    _check_ends(relation, actor)
    settle("relation", relation)
    relation.save()
    return relation


@audited("relation.edited")
def edit_relation(
    relation: Relation,
    changes: dict[str, Any],
    *,
    actor: Actor,
    on: date,
    version: int | None = None,
) -> Relation:
    relation = claim(relation, actor=actor, action="edit", version=version)
    note(fields=sorted(changes))
    put("relation", relation, changes, actor)
    _check(relation, actor)
    if "customer" in changes or "other" in changes:
        _check_ends(relation, actor)
    settle("relation", relation)
    relation.version += 1
    relation.save()
    return relation


def _check_ends(relation: Relation, actor: Actor) -> None:
    if not may_reach(actor, "create", "relation", relation.customer):
        raise NotAllowed(_("Your role doesn't add this to that customer."))
    if not may_reach(actor, "read", "customer", relation.other):
        raise NotAllowed(_("Your role doesn't see the other party."))
    for name, entry in relation.customer.place.items():
        setattr(relation, name, entry)


def _check(relation: Relation, actor: Actor) -> None:
    if relation.customer_id is None or relation.other_id is None:
        raise Refused(_("Choose both parties."))
    if relation.customer_id == relation.other_id:
        raise Refused(_("A party can't be related to itself."))
    if relation.since and relation.until and relation.until < relation.since:
        raise Refused(_("It can't end before it began."))
    same = Relation.objects.filter(
        customer_id=relation.customer_id, other_id=relation.other_id, nature=relation.nature
    )
    if same.exclude(pk=relation.pk).exists():
        raise Refused(_("This relation is recorded already."))


delete_relation = deeds_for("relation", Relation).delete
