"""What a person should do today, ranked by the customer value that hangs on it.

Two sources: follow-ups of one's own that are due, and customers whose value is at risk and whom nobody has
contacted lately or planned to. A customer appears once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kezhi.core.actor import Actor, Scope
from kezhi.customers.models import Contact, Customer, FollowUp, Interaction
from kezhi.insight import figures
from kezhi.web import numbers
from kezhi.web.value import reasons

SHOWN = 8
# More are looked at than shown: some turn out to be taken care of already.
LOOKED_AT = 60
DUE = 40
CONTACT_HOLDS = timedelta(days=14)
# Of the value of the first: who has less at stake isn't worth a call today.
WORTHWHILE = 0.01


@dataclass(frozen=True, slots=True)
class Action:
    """One line of the work: either a follow-up that is due, or a customer at risk."""

    customer_id: int
    tier: str
    title: str
    why: str
    worth: float | None
    follow_up: FollowUp | None
    subject: str
    """The follow-up that planning this would make."""
    contact: Contact | None = None


@dataclass(frozen=True, slots=True)
class Work:
    actions: tuple[Action, ...]
    due: int
    """Own follow-ups due today or before."""
    late: int
    done_today: int
    at_risk: figures.AtRiskList | None
    """All customers at risk that the actor sees (`figures.AtRiskList`), or None before the first run."""

    @property
    def first(self) -> tuple[Action, ...]:
        """What the finding counts: the first three that have a value."""
        return tuple(action for action in self.actions[:3] if action.worth)

    @property
    def worth(self) -> float:
        return sum(action.worth or 0 for action in self.first)


def of(actor: Actor, basis: figures.Basis | None, *, on: date) -> Work:
    """The work of `actor` on that day; a constant number of queries."""
    mine = FollowUp.objects.visible_to(actor).filter(assignee_id__in=actor.own_ids)
    due = list(
        mine.due(on).select_related("customer__standing", "assignee").order_by("due_on", "pk")[:DUE]
    )
    at_risk = figures.at_risk(actor, basis, limit=LOOKED_AT) if basis else None
    rows = {row.customer_id: row for row in at_risk.rows} if at_risk else {}
    worthwhile = max((row.value_at_risk for row in rows.values()), default=0) * WORTHWHILE
    is_own = actor.scope("read", "customer") is Scope.OWN
    actions = [_promised(each, rows.get(each.customer_id), on, actor) for each in due]
    taken = _taken_care_of(rows, on) | {action.customer_id for action in actions}
    actions += [
        _endangered(row, is_own)
        for row in rows.values()
        if row.customer_id not in taken and row.value_at_risk > worthwhile
    ]
    # Who may not know what customers are worth has the promises in the order in which they are due.
    if not actor.sees("customer", "value"):
        actions = [replace(action, worth=None, tier="") for action in actions]
    actions.sort(key=lambda action: -(action.worth or 0))
    shown = _with_contacts(actions[:SHOWN], actor)
    midnight = datetime.combine(on, time.min, timezone.get_current_timezone())
    return Work(
        actions=tuple(shown),
        due=mine.due(on).count(),
        late=mine.due(on - timedelta(days=1)).count(),
        done_today=mine.filter(done_at__gte=midnight).count(),
        at_risk=at_risk,
    )


def _promised(follow_up: FollowUp, row: figures.AtRisk | None, on: date, actor: Actor) -> Action:
    customer = follow_up.customer
    worth = customer.standing.value_at_risk
    late = (on - follow_up.due_on).days
    when = _("Due today.") if late == 0 else _late(late)
    why = [when, *(reasons.sentences(row.reasons, row) if row else ())]
    if follow_up.assignee_id != actor.pk:
        why.append(_("You stand in for %(name)s.") % {"name": follow_up.assignee.name})
    return Action(
        customer_id=customer.pk,
        tier=customer.standing.tier,
        title=_("%(customer)s: %(subject)s")
        % {"customer": customer.name, "subject": follow_up.subject},
        why=" ".join(why),
        worth=float(worth) if worth is not None else None,
        follow_up=follow_up,
        subject=follow_up.subject,
    )


def _late(days: int) -> str:
    return ngettext("Due %(days)d day ago.", "Due %(days)d days ago.", days) % {"days": days}


def _endangered(row: figures.AtRisk, is_own: bool) -> Action:
    first = row.reasons[0] if row.reasons else ""
    figures_told = {"customer": row.name}
    if first == "overdue":
        title = _("Win back %(customer)s: no order for %(times)s times the usual interval")
        figures_told["times"] = numbers.number(row.overdue_ratio, 1, plain=True)
        subject = _("Ask about the order that is overdue")
    elif first == "declining":
        title, subject = _("Find out why %(customer)s buys less"), _("Find out why they buy less")
    elif first == "discontent":
        title = _("Ask %(customer)s what disappointed them")
        subject = _("Ask what disappointed them")
    elif first == "trouble":
        title = _("Settle what is open with %(customer)s")
        subject = _("Settle what is open with them")
    elif first == "behind":
        title = _("Go through the success plan of %(customer)s")
        subject = _("Go through their success plan with them")
    else:
        title = _("Get in touch with %(customer)s before they are gone")
        subject = _("Get in touch before they are gone")
    why = [*reasons.sentences(row.reasons, row)]
    if not is_own:
        why.append(_("Owner: %(owner)s.") % {"owner": row.owner_name or _("nobody")})
    return Action(
        customer_id=row.customer_id,
        tier=row.tier,
        title=title % figures_told,
        why=" ".join(why),
        worth=row.value_at_risk,
        follow_up=None,
        subject=subject,
    )


def _taken_care_of(customer_ids: Iterable[int], on: date) -> set[int]:
    """Customers somebody has contacted lately or will: whoever it is, they needn't be named again."""
    ids = list(customer_ids)
    since = datetime.combine(on - CONTACT_HOLDS, time.min, timezone.get_current_timezone())
    contacted = Interaction.objects.filter(customer_id__in=ids, at__gte=since)
    planned = FollowUp.objects.open().filter(customer_id__in=ids)
    return {
        *contacted.values_list("customer_id", flat=True),
        *planned.values_list("customer_id", flat=True),
    }


def _with_contacts(actions: list[Action], actor: Actor) -> list[Action]:
    """With the person to call, where one with a telephone is known."""
    people: dict[int, Contact] = {}
    ids = [action.customer_id for action in actions]
    if not actor.sees("contact", "reach"):
        return actions
    known = Contact.objects.visible_to(actor).filter(customer_id__in=ids).exclude(phone="")
    for contact in known.order_by("is_primary", "-pk"):
        people[contact.customer_id] = contact
    return [replace(action, contact=people.get(action.customer_id)) for action in actions]


def has_customers(actor: Actor) -> bool:
    return bool(Customer.objects.visible_to(actor).exists())
