"""Whether somebody is about to enter a party that is there already, told without what they may not see.

Of customers that the actor may read, everything counts. Of the others, only identifiers do, and the company
decides how much is said; a name that is merely similar to an invisible one changes nothing in the answer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from kezhi.accounts.models import Department, User
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Access, Actor
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.matching import FIELD_OF_KEY, IDENTIFIERS, NAMES, keys_of
from kezhi.customers.matching_names import Name, taken_apart
from kezhi.customers.matching_scores import THRESHOLD, WEIGHTS, in_words, name_likeness, score
from kezhi.customers.models import Contact, Customer, DuplicateRules, FollowUp, MatchKey
from kezhi.records import registry

MOST_NAMES = 300  # compared per key; a key that more customers share says little
MOST_SHOWN = 5


@dataclass(frozen=True)
class Likely:
    """A customer that the actor may see, and what speaks for its being the same."""

    customer: Customer
    score: int
    reasons: tuple[str, ...]
    is_exact: bool

    @property
    def words(self) -> list[str]:
        return in_words(self.reasons)


@dataclass(frozen=True)
class Elsewhere:
    """A customer of somebody else has this entry; `whom` to ask is empty where the company doesn't say."""

    field: str
    whom: str
    department: str


@dataclass(frozen=True)
class Finding:
    seen: list[Likely] = field(default_factory=list)
    elsewhere: list[Elsewhere] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.seen or self.elsewhere or self.contacts)

    @property
    def is_exact(self) -> bool:
        return bool(self.elsewhere or self.contacts) or any(each.is_exact for each in self.seen)


def look_for(
    actor: Actor, kind: str, entries: Mapping[str, Any], ignore: Iterable[int] = ()
) -> Finding:
    """What the entries of a customer or contact have in common with customers other than `ignore`."""
    keys = {key for key in keys_of(entries) if _readable(actor, kind, FIELD_OF_KEY[key[0]])}
    if not keys:
        return Finding()
    hits = _hits(actor, keys, set(ignore))
    seen = _seen(actor, entries, hits)
    elsewhere: list[Elsewhere] = []
    telling = DuplicateRules.current().telling
    if telling != DuplicateRules.Telling.NOTHING:
        hidden = hits.keys() - {each.pk for each in seen}
        elsewhere = _elsewhere(hits, hidden, telling == DuplicateRules.Telling.WHOM)
    likely = _ranked(entries, seen, hits)
    return Finding(likely[:MOST_SHOWN], elsewhere)


def same_person(actor: Actor, customer: Customer, entries: Mapping[str, Any]) -> list[Contact]:
    """Contacts of this customer with the name, phone, e-mail or WeChat of the one being entered."""
    if not actor.may("read", "contact"):
        return []
    name = (entries.get("name") or "").strip()
    readable = {
        each: entries[each]
        for each in ("phone", "email", "wechat")
        if entries.get(each) and _readable(actor, "contact", each)
    }
    marks = keys_of(readable)
    found = []
    for contact in Contact.objects.visible_to(actor).filter(customer=customer)[:MOST_NAMES]:
        own = keys_of({each: getattr(contact, each) for each in readable})
        if (name and contact.name == name) or marks & own:
            found.append(contact)
    return found[:MOST_SHOWN]


def _readable(actor: Actor, kind: str, name: str) -> bool:
    """A field that is masked for the actor would be told by whether the check finds it."""
    known = registry[kind].seen_by(actor)
    return name in known and known.field(name).access >= Access.READ


def _hits(actor: Actor, keys: set[str], ignore: set[int]) -> dict[int, set[str]]:
    """The keys that each customer shares, as far as the actor may know of the field they come from."""
    identifiers = [key for key in keys if key[0] in IDENTIFIERS + "h"]
    hits: dict[int, set[str]] = defaultdict(set)
    rows = MatchKey.objects.filter(key__in=identifiers)[: 20 * MOST_NAMES]
    for key, customer, source in rows.values_list("key", "customer_id", "source"):
        told_by = source if source in ("customer", "contact") else "customer"
        if customer not in ignore and _readable(actor, told_by, FIELD_OF_KEY[key[0]]):
            hits[customer].add(key)
    # Names only among customers that the actor sees: others must not even take up room.
    visible = Customer.objects.visible_to(actor).order_by().values("pk")
    for key in (key for key in keys if key[0] in NAMES):
        named = MatchKey.objects.filter(key=key, customer_id__in=visible).order_by("customer_id")
        for customer in named.values_list("customer_id", flat=True)[:MOST_NAMES]:
            if customer not in ignore:
                hits[customer].add(key)
    return hits


def _seen(actor: Actor, entries: Mapping[str, Any], hits: Mapping[int, set[str]]) -> list[Customer]:
    rows = Customer.objects.visible_to(actor).filter(pk__in=list(hits))
    return list(rows.select_related("owner", "standing"))


def _ranked(
    entries: Mapping[str, Any], seen: list[Customer], hits: Mapping[int, set[str]]
) -> list[Likely]:
    name = entries.get("name") or ""
    own = taken_apart(name) if name and entries.get("form") == "company" else None
    found = [_likely(own, customer, hits[customer.pk]) for customer in seen]
    likely = [each for each in found if each.score >= THRESHOLD]
    return sorted(likely, key=lambda each: (-each.is_exact, -each.score, each.customer.pk))


def _likely(own: Name | None, customer: Customer, keys: set[str]) -> Likely:
    reasons = {key[0]: WEIGHTS[key[0]] for key in keys if key[0] in WEIGHTS}
    if own is not None and customer.form == Customer.Form.COMPANY:
        likeness, reason = name_likeness(own, taken_apart(customer.name))
        if reason:
            reasons[reason] = likeness / 100
    ordered = sorted(reasons, key=lambda each: -reasons[each])
    is_exact = any(each in IDENTIFIERS for each in reasons)
    return Likely(customer, score(reasons), tuple(ordered), is_exact)


def _elsewhere(
    hits: Mapping[int, set[str]], hidden: Iterable[int], says_whom: bool
) -> list[Elsewhere]:
    """One line for each typed field, whoever and however many they are."""
    fields: dict[str, int] = {}
    for customer in sorted(hidden):
        for key in hits[customer]:
            if key[0] in IDENTIFIERS:
                fields.setdefault(FIELD_OF_KEY[key[0]], customer)
    placed = Customer.objects.filter(pk__in=fields.values())
    places = dict(placed.values_list("pk", "department_id"))
    found = []
    for name, customer in sorted(fields.items()):
        department, head = _manager(places.get(customer)) if says_whom else (None, None)
        found.append(
            Elsewhere(name, head.name if head else "", department.name if department else "")
        )
    return found


def _manager(department_id: int | None) -> tuple[Department | None, User | None]:
    """The department and its head, or the head of the nearest department above."""
    own = Department.objects.filter(pk=department_id or 0).first()
    path = {pk: depth for depth, pk in enumerate(own.path)} if own is not None else {}
    above = Department.objects.filter(pk__in=path, head__is_active=True).select_related("head")
    nearest = max(above, key=lambda each: path[each.pk], default=None)
    return own, nearest.head if nearest is not None else None


@audited("access.requested")
def ask_for_access(
    kind: str, entries: Mapping[str, Any], *, actor: Actor, on: date, reason: str = ""
) -> int:
    """A follow-up for the owners of the invisible customers that have these identifiers; how many owners.

    The answer to the person is the same whatever was found: who wanted to know more asks again and again.
    """
    if not actor.may("create", kind):
        raise NotAllowed(_("Your role doesn't create customers."))
    if DuplicateRules.current().telling == DuplicateRules.Telling.NOTHING:
        raise Refused(_("Your company doesn't say which customers colleagues have."))
    keys = {key for key in keys_of(entries) if key[0] in IDENTIFIERS}
    keys = {key for key in keys if _readable(actor, kind, FIELD_OF_KEY[key[0]])}
    hits = _hits(actor, keys, set())
    visible = set(
        Customer.objects.visible_to(actor).filter(pk__in=list(hits)).values_list("pk", flat=True)
    )
    asked = 0
    for customer in Customer.objects.filter(pk__in=hits.keys() - visible).select_related("owner"):
        asked += _ask(customer, actor, on, reason)
    note(asked=asked)
    return asked


def _ask(customer: Customer, actor: Actor, on: date, reason: str) -> int:
    _department, head = _manager(customer.department_id)
    owner = customer.owner if customer.owner and customer.owner.is_active else head
    if owner is None:
        return 0
    subject = _("%(name)s asks for access to this customer") % {"name": actor.name}
    if reason.strip():
        subject = f"{subject}: {reason.strip()}"
    is_waiting = FollowUp.objects.open().filter(
        customer=customer, created_by_id=actor.pk, assignee=owner, subject=subject[:200]
    )
    if is_waiting.exists():
        return 0
    FollowUp.objects.create(
        customer=customer,
        subject=subject[:200],
        due_on=on,
        assignee=owner,
        team_id=customer.team_id,
        department_id=customer.department_id,
        created_by_id=actor.pk,
    )
    return 1
