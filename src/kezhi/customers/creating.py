"""Customers and contacts: created, edited, deleted, given to another owner."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import connection, models
from django.utils.translation import gettext as _

from kezhi.accounts.models import User, person
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.birthdays import keep_birthday
from kezhi.customers.completing import score_customers
from kezhi.customers.drafting import hand_over_drafts
from kezhi.customers.matching_keeping import SOURCES, keep
from kezhi.customers.models import Contact, Customer, Standing
from kezhi.customers.placing import follow_place
from kezhi.messaging.noticing import notify
from kezhi.workbench.customizing.entering import changed, put


@audited("customer.created")
def create_customer(
    fields: dict[str, Any], *, actor: Actor, on: date, reason: str = ""
) -> Customer:
    """A new customer owned by the actor unless `owner` is given; gets a code if none was typed.

    `reason` says why one that looks like another was saved all the same.
    """
    if not actor.may("create", "customer"):
        raise NotAllowed(_("Your role doesn't create customers."))
    fields = dict(fields)
    owner = fields.pop("owner", None) or person(actor)
    fields["code"] = fields.get("code") or next_customer_code()
    _check_unique(fields)
    check_roles(fields)
    customer = Customer(created_by_id=actor.pk)
    put("customer", customer, fields, actor)
    give(customer, owner)
    customer.save()
    Standing.objects.create(customer=customer, **customer.place)
    keep("customer", [customer.pk])
    score_customers([customer.pk], on=on)
    return customer


@audited("customer.edited")
def edit_customer(
    customer: Customer,
    changes: dict[str, Any],
    *,
    actor: Actor,
    on: date,
    version: int | None = None,
    reason: str = "",
) -> Customer:
    """Change fields of a customer the actor may edit; `version` is what the actor saw."""
    customer = claim(customer, actor=actor, action="edit", version=version)
    changes = changed("customer", customer, changes)
    if "code" in changes and not changes["code"]:
        del changes["code"]
    _check_unique(changes, customer)
    check_roles(changes)
    note(fields=sorted(changes))
    put("customer", customer, changes, actor)
    customer.version += 1
    customer.save()
    if not changes.keys().isdisjoint(SOURCES["customer"].columns):
        keep("customer", [customer.pk])
    score_customers([customer.pk], on=on)
    return customer


@audited("customer.deleted")
def delete_customer(customer: Customer, *, actor: Actor, on: date) -> None:
    """Only a customer without orders and costs can go: facts behind value aren't lost by a click."""
    customer = claim(customer, actor=actor, action="delete")
    try:
        customer.delete()
    except models.ProtectedError as error:
        raise Refused(
            _("%(name)s has orders or costs and can't be deleted.") % {"name": customer.name}
        ) from error


@audited("customer.reassigned")
def reassign_customer(
    customer: Customer, owner: User | None, *, actor: Actor, on: date, reason: str = ""
) -> Customer:
    """Give a customer to another owner; everything that carries the owner follows in the same step."""
    customer = claim(customer, actor=actor, action="assign")
    before = customer.owner_id
    note(before=before, after=owner.pk if owner else None)
    give(customer, owner)
    customer.version += 1
    customer.save()
    follow_place([customer.pk])
    if before is not None and owner is not None:
        hand_over_drafts([customer.pk], before, owner.pk)
    if owner is not None and owner.pk != before:
        words = {"what": customer.name}
        notify([owner.pk], "customer.assigned", by=actor, about=customer, words=words)
    return customer


@audited("contact.created")
def create_contact(fields: dict[str, Any], *, actor: Actor, on: date, reason: str = "") -> Contact:
    """A person at a customer that the actor may see."""
    customer: Customer = fields["customer"]
    if not may_reach(actor, "create", "contact", customer):
        raise NotAllowed(_("Your role doesn't add contacts to this customer."))
    contact = Contact(**customer.place)
    put("contact", contact, fields, actor)
    contact.save()
    _only_primary(contact)
    keep("contact", [contact.customer_id])
    keep_birthday(contact, on)
    score_customers([contact.customer_id], on=on)
    return contact


@audited("contact.edited")
def edit_contact(
    contact: Contact,
    changes: dict[str, Any],
    *,
    actor: Actor,
    on: date,
    version: int | None = None,
    reason: str = "",
) -> Contact:
    contact = claim(contact, actor=actor, action="edit", version=version)
    before = contact.customer_id
    if "customer" in changes and not may_reach(actor, "create", "contact", changes["customer"]):
        raise NotAllowed(_("Your role doesn't add contacts to this customer."))
    note(fields=sorted(changes))
    put("contact", contact, changes, actor)
    for name, new in contact.customer.place.items():
        setattr(contact, name, new)
    contact.version += 1
    contact.save()
    _only_primary(contact)
    keep("contact", [before, contact.customer_id])
    keep_birthday(contact, on)
    score_customers([before, contact.customer_id], on=on)
    return contact


@audited("contact.deleted")
def delete_contact(contact: Contact, *, actor: Actor, on: date) -> None:
    contact = claim(contact, actor=actor, action="delete")
    contact.delete()
    keep("contact", [contact.customer_id])
    score_customers([contact.customer_id], on=on)


def next_customer_code() -> str:
    """`C-00042`: from a sequence, skipping codes that a file brought."""
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT nextval('customers_code_seq')")
            code = f"C-{cursor.fetchone()[0]:05d}"
            if not Customer.objects.filter(code=code).exists():
                return code


def give(customer: Customer, owner: User | None) -> None:
    """Put a customer that isn't saved yet under an owner, with the owner's team and department."""
    customer.owner = owner
    customer.team_id = owner.team_id if owner else None
    customer.department_id = owner.department_id if owner else customer.department_id


def _check_unique(fields: dict[str, Any], customer: Customer | None = None) -> None:
    others = Customer.objects.exclude(pk=customer.pk) if customer else Customer.objects.all()
    if fields.get("code") and others.filter(code=fields["code"]).exists():
        raise Refused(
            _("The customer code %(code)s is taken. Choose another or leave it empty.")
            % {"code": fields["code"]}
        )
    if fields.get("credit_code") and others.filter(credit_code=fields["credit_code"]).exists():
        raise Refused(_("Another customer already has this unified social credit code."))


def check_roles(fields: dict[str, Any]) -> None:
    """Refuse a party without a role, or with one that doesn't exist."""
    roles = fields.get("roles", ["customer"])
    if not roles or set(roles) - set(Customer.Role.values):
        raise Refused(_("Choose at least one role that the party has for us."))


def may_reach(actor: Actor, action: str, kind: str, customer: Customer) -> bool:
    """Whether the actor's scope for `action` on `kind` contains this customer."""
    scope = actor.scope(action, kind)
    return Customer.objects.within(scope, actor, action).filter(pk=customer.pk).exists()


def _only_primary(contact: Contact) -> None:
    if contact.is_primary:
        Contact.objects.filter(customer_id=contact.customer_id, is_primary=True).exclude(
            pk=contact.pk
        ).update(is_primary=False)
