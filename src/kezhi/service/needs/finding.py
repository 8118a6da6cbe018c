"""Who gets a new ticket or need: the first rule that fits; needs and internal requests always somebody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext as _

from kezhi.accounts.models import Department, User, person
from kezhi.audit.recording import audited, note
from kezhi.catalog.models import Category, Product
from kezhi.core.actor import Actor
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.models import Need
from kezhi.service.clocks.promising import named_person
from kezhi.service.models import RoutingRule, Ticket

LONGEST_NAME, LONGEST_SKILL, LONGEST_WORD, MOST_WORDS = 80, 40, 40, 40
KEPT = (Ticket.Type.NEED, Ticket.Type.INTERNAL)
"""Of these somebody must have each."""


@dataclass(frozen=True, slots=True)
class Matter:
    """What rules look at."""

    type: str
    words: str
    product: Product | None = None
    requesting: Department | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Who gets it: a person, a department's queue, or both."""

    person: User | None = None
    department: Department | None = None


def route(ticket: Ticket, actor: Actor, at: datetime) -> None:
    """Of `hooks.ROUTING`: fills in who works on a new ticket, where nobody said so."""
    if ticket.assignee is not None:
        return
    opener = person(actor)
    asks = opener.department if ticket.type == Ticket.Type.INTERNAL and opener else None
    if ticket.handling_department is None:
        found = place_for(Matter(ticket.type, ticket.subject, ticket.product, asks))
        if found is not None:
            ticket.assignee = found.person
            ticket.handling_department = found.department or _of(found.person)
    if ticket.type in KEPT and ticket.assignee is None:
        ticket.assignee = answers_for(ticket.handling_department)
        if ticket.handling_department is None:
            ticket.handling_department = _of(ticket.assignee)


def find_handler(need: Need, actor: Actor) -> User | None:
    """Of `answering.FINDERS`: whom the rules give a need to; None where none fits."""
    found = place_for(Matter(Ticket.Type.NEED, f"{need.what} {need.why}", need.product))
    if found is None:
        return None
    return found.person or answers_for(found.department)


def place_for(matter: Matter) -> Place | None:
    """What the first rule that fits says; None when none fits."""
    for rule in RoutingRule.objects.in_force():
        if _fits(rule, matter):
            place = _place(rule)
            if place is not None:
                return place
    return None


def answers_for(department: Department | None) -> User | None:
    """The head of the department or of the nearest above it, or the person named in the service levels."""
    if department is not None:
        above = Department.objects.filter(pk__in=department.path).select_related("head").in_bulk()
        for pk in reversed(department.path):
            head = above[pk].head if pk in above else None
            if head is not None and head.is_active:
                return head
    return named_person()


@audited("routing_rule.saved")
def save_rule(rule: RoutingRule | None, entries: dict[str, Any], *, actor: Actor) -> RoutingRule:
    """A new rule, or another version of one: `entries` by the columns of `RoutingRule`."""
    _demand(actor)
    saved = rule or RoutingRule()
    for name, entry in entries.items():
        setattr(saved, name, entry)
    saved.name, saved.skill = saved.name.strip(), saved.skill.strip()[:LONGEST_SKILL]
    saved.words = [word.strip()[:LONGEST_WORD] for word in saved.words if word.strip()][:MOST_WORDS]
    if not 0 < len(saved.name) <= LONGEST_NAME:
        raise Refused(
            _("Give the rule a name of at most %(most)s characters.") % {"most": LONGEST_NAME}
        )
    if not set(saved.types) <= set(Ticket.Type.values):
        raise Refused(_("Choose the types from the list."))
    if saved.person is None and saved.department is None and not saved.skill:
        raise Refused(_("Say who gets it: a person, a department or a skill."))
    if saved.person is not None and not saved.person.is_active:
        raise Refused(_("Choose a colleague who works here."))
    if not 0 <= saved.position <= 10_000:
        raise Refused(_("The place in the order is a number from 0 to 10000."))
    saved.version += 1 if saved.pk else 0
    saved.save()
    note(types=saved.types)
    return saved


@audited("routing_rule.deleted")
def delete_rule(rule: RoutingRule, *, actor: Actor) -> None:
    _demand(actor)
    rule.delete()


def _demand(actor: Actor) -> None:
    if not actor.may("edit", "service_level"):
        raise NotAllowed(_("Your role doesn’t change who gets what."))


def _fits(rule: RoutingRule, matter: Matter) -> bool:
    if rule.types and matter.type not in rule.types:
        return False
    said = matter.words.lower()
    if rule.words and not any(word.lower() in said for word in rule.words):
        return False
    if rule.category is not None and not _is_of(matter.product, rule.category):
        return False
    if rule.requesting is None:
        return True
    return matter.requesting is not None and rule.requesting_id in matter.requesting.path


def _is_of(product: Product | None, category: Category) -> bool:
    return product is not None and product.category_id == category.pk


def _place(rule: RoutingRule) -> Place | None:
    """Where a rule leads now; None when whom it names has left and no department is named."""
    if rule.person is not None and rule.person.is_active:
        return Place(rule.person, rule.department or rule.person.department)
    if rule.skill:
        people = User.objects.active().filter(skills__contains=[rule.skill])
        if rule.department is not None:
            people = people.filter(department__path__contains=[rule.department_id])
        chosen = _least_loaded(people)
        if chosen is not None:
            return Place(chosen, rule.department or chosen.department)
    return Place(None, rule.department) if rule.department is not None else None


def _least_loaded(people: Any) -> User | None:
    candidates = list(people.order_by("pk")[:500])
    open_now = Ticket.objects.open().filter(assignee__in=candidates)
    load = dict(open_now.values_list("assignee").annotate(Count("pk")).order_by("assignee"))
    return min(candidates, key=lambda each: (load.get(each.pk, 0), each.pk), default=None)


def _of(colleague: User | None) -> Department | None:
    return colleague.department if colleague is not None else None
