"""Who works on a ticket, by skill and load: whoever knows most of what it takes and has the least open."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count
from django.utils.translation import gettext as _

from kezhi.accounts.models import User, person
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor, Scope
from kezhi.core.claiming import claim
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.messaging.noticing import notify
from kezhi.service.models import Ticket
from kezhi.service.tickets import hooks
from kezhi.service.tickets.happening import happened

MOST_SKILLS = 20
MOST_PEOPLE = 2_000


@audited("ticket.routed")
def route_ticket(ticket: Ticket, *, actor: Actor, at: datetime) -> Ticket:
    """Give a ticket that nobody has to whom skill and load name."""
    ticket = claim(ticket, actor=actor, action="edit")
    if not Ticket.objects.visible_to(actor, "assign").filter(pk=ticket.pk).exists():
        raise NotAllowed(_("Your role doesn’t give tickets away."))
    if not ticket.is_open or ticket.assignee_id is not None:
        raise Refused(_("Somebody works on this ticket, or it is settled."))
    chosen = best_for(ticket)
    if chosen is None:
        raise Refused(_("Nobody who may work on it has a skill that it asks for."))
    ticket.assignee = chosen
    ticket.handling_department_id = chosen.department_id or ticket.handling_department_id
    ticket.version += 1
    ticket.save()
    note(after=chosen.pk, skills=ticket.skills)
    happened(ticket, "routed", actor=actor, at=at, to=chosen.name)
    words = {"what": str(ticket)}
    notify([chosen.pk], "ticket.assigned", at=at, by=actor, about=ticket, words=words)
    for hear in hooks.ON_ASSIGNED:
        hear(ticket, actor, at)
    return ticket


def route_by_skill(ticket: Ticket, actor: Actor, at: datetime) -> None:
    """Of `hooks.ROUTING`: a new ticket that came by itself goes to whom skill and load name, if anybody.

    What a colleague writes down stays with the colleague or the queue, as they chose.
    """
    if ticket.assignee is not None or (person(actor) is not None and actor.program is None):
        return
    chosen = best_for(ticket)
    if chosen is not None:
        ticket.assignee = chosen
        ticket.handling_department_id = chosen.department_id or ticket.handling_department_id


def best_for(ticket: Ticket) -> User | None:
    """Whoever has most of the skills that the ticket asks for; of those, who has the fewest open tickets."""
    rows = User.objects.active().exclude(skills=[])
    if ticket.handling_department_id is not None:
        rows = rows.filter(department__path__contains=[ticket.handling_department_id])
    people = [
        each
        for each in rows.prefetch_related("roles").order_by("pk")[:MOST_PEOPLE]
        if each.scope("edit", "ticket") > Scope.NONE
    ]
    ticket.skills = ticket.skills or needed_skills(ticket, people)
    wanted = set(ticket.skills)
    fitting = [each for each in people if wanted & set(each.skills)]
    if not fitting:
        return None
    open_now = Ticket.objects.open().filter(assignee__in=fitting, snoozed_until__isnull=True)
    load = dict(open_now.values_list("assignee").annotate(Count("pk")).order_by("assignee"))
    return min(
        fitting,
        key=lambda each: (-len(wanted & set(each.skills)), load.get(each.pk, 0), each.pk),
    )


def needed_skills(ticket: Ticket, people: list[User]) -> list[str]:
    """Those of the people's skills whose name stands in the subject, the product or its category, or that are
    called as the type of the ticket is."""
    words = [ticket.subject, str(ticket.get_type_display()), ticket.type]
    if ticket.product is not None:
        words += [ticket.product.name, str(ticket.product.category or "")]
    said = "\n".join(words).lower()
    known = {skill for each in people for skill in each.skills}
    return sorted(skill for skill in known if skill.strip() and skill.lower() in said)[:MOST_SKILLS]
