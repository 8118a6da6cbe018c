"""Words in what comes in say what a ticket is: the first rule with one of its words in it counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext as _

from kezhi.accounts.models import Department
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.normal_form import normal_form
from kezhi.core.refusal import EditConflict, Refused
from kezhi.service.intake.desks import demand
from kezhi.service.models import IntakeRule, Ticket

MOST_RULES = 200
MOST_WORDS = 50
LONGEST_WORD = 60
LOOKED_AT = 10_000


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the words say; nothing where no rule says it."""

    type: str = ""
    priority: int | None = None
    department: Department | None = None


def judged(subject: str, text: str) -> Judgement:
    """What the first rule that fits makes of it."""
    told = _plain(f"{subject}\n{text[:LOOKED_AT]}")
    for rule in IntakeRule.objects.select_related("department")[:MOST_RULES]:
        if any(_plain(word) in told for word in rule.words):
            return Judgement(rule.type, rule.priority, rule.department)
    return Judgement()


@audited("intake_rule.added")
def add_rule(entries: Mapping[str, Any], *, actor: Actor) -> IntakeRule:
    """At the end of the list."""
    demand(actor, "create")
    if IntakeRule.objects.count() >= MOST_RULES:
        raise Refused(_("There are at most %(most)s rules.") % {"most": MOST_RULES})
    last = IntakeRule.objects.aggregate(last=Max("position"))["last"]
    rule = IntakeRule(position=(last or 0) + 1)
    _put(rule, entries)
    return rule


@audited("intake_rule.changed")
def change_rule(
    rule: IntakeRule, entries: Mapping[str, Any], *, actor: Actor, version: int
) -> IntakeRule:
    demand(actor, "edit")
    rule = IntakeRule.objects.select_for_update(of=("self",)).get(pk=rule.pk)
    if rule.version != version:
        raise EditConflict(_("Somebody changed this meanwhile. Check it and save again."))
    rule.version += 1
    _put(rule, entries)
    return rule


@audited("intake_rule.moved")
def raise_rule(rule: IntakeRule, *, actor: Actor) -> IntakeRule:
    """One place up: it is asked before the one that stood above it."""
    demand(actor, "edit")
    rules = list(IntakeRule.objects.select_for_update(of=("self",)))
    places = [each.pk for each in rules]
    here = places.index(rule.pk)
    if here:
        rules[here - 1], rules[here] = rules[here], rules[here - 1]
    for position, each in enumerate(rules, 1):
        if each.position != position:
            each.position = position
            each.save(update_fields=["position"])
    return rule


@audited("intake_rule.removed")
def remove_rule(rule: IntakeRule, *, actor: Actor) -> None:
    demand(actor, "delete")
    note(words=rule.words)
    rule.delete()


def words_of(typed: str) -> list[str]:
    """The words that somebody typed: parted by commas of either script, or by lines."""
    parted = typed.replace("，", ",").replace("、", ",").replace("\n", ",").split(",")
    return list(dict.fromkeys(" ".join(word.split()) for word in parted if word.strip()))


def _put(rule: IntakeRule, entries: Mapping[str, Any]) -> None:
    rule.words = [word[:LONGEST_WORD] for word in entries.get("words", rule.words)][:MOST_WORDS]
    rule.type = entries.get("type", rule.type)
    rule.priority = entries.get("priority", rule.priority)
    rule.department = entries.get("department", rule.department)
    if not rule.words:
        raise Refused(_("Enter at least one word."))
    if rule.type and rule.type not in Ticket.Type.values:
        raise Refused(_("Choose the type from the list."))
    if rule.priority is not None and rule.priority not in Ticket.Priority.values:
        raise Refused(_("Choose the priority from the list."))
    if not rule.type and rule.priority is None and rule.department is None:
        raise Refused(
            _("Say what a ticket with these words is: a type, a priority or a department.")
        )
    rule.save()
    note(words=rule.words)


def _plain(text: str) -> str:
    return normal_form("NFKC", text).casefold()
