"""Who is responsible, for which part, and what proves it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from kezhi.accounts.models import Department, User
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.refusal import Refused
from kezhi.customers.models import Customer
from kezhi.service.complaints.stepping import JUDGING, Step, advance, take
from kezhi.service.models import Complaint, ComplaintParty, TicketEntry
from kezhi.workbench.models import Attachment

Sort = ComplaintParty.Sort
WHOLE = Decimal(1)
MOST_PARTIES = 8


@dataclass(frozen=True, slots=True)
class Part:
    """One responsible party as somebody enters it: `share` is a fraction, `entry` or `attachment` proves it."""

    sort: str
    share: Decimal
    finding: str = ""
    party: Customer | None = None
    department: Department | None = None
    employee: User | None = None
    name: str = ""
    entry: TicketEntry | None = None
    attachment: Attachment | None = None


@audited("complaint.apportioned")
def apportion(
    complaint: Complaint,
    parts: Sequence[Part],
    *,
    actor: Actor,
    at: datetime,
    version: int | None = None,
) -> Complaint:
    """The responsibility, divided so that the shares sum to exactly the whole, each with its evidence.

    Until the case is completed it may be divided anew; while the step is due, this takes it.
    """
    steps = [step for step in Step if step not in (Step.RECORD, Step.JUDGE, Step.DONE)]
    complaint = take(complaint, *steps, actor=actor, grant=JUDGING, version=version)
    if not parts or len(parts) > MOST_PARTIES:
        raise Refused(_("Name one to %(most)s responsible parties.") % {"most": MOST_PARTIES})
    for part in parts:
        _check(complaint, part)
    told = sum((part.share for part in parts), Decimal(0))
    if told != WHOLE:
        share = (
            f"{told * 100:f}".rstrip("0").rstrip(".") if "." in f"{told * 100:f}" else told * 100
        )
        raise Refused(
            _("The shares sum to %(sum)s %%. They must make exactly 100 %%.") % {"sum": share}
        )
    complaint.parties.all().delete()
    ComplaintParty.objects.bulk_create(
        ComplaintParty(
            complaint=complaint,
            sort=part.sort,
            party=complaint.customer if part.sort == Sort.CUSTOMER else part.party,
            department=part.department,
            employee=part.employee,
            name=part.name.strip()[:200],
            share=part.share,
            finding=part.finding.strip()[:300],
            entry=part.entry,
            attachment=part.attachment,
        )
        for part in parts
    )
    ranked = sorted(parts, key=lambda part: -part.share)
    partners = [part.party for part in ranked if part.sort == Sort.PARTNER and part.party]
    people = [part.employee for part in ranked if part.employee is not None]
    complaint.carrier = partners[0] if partners else None
    complaint.responsible = people[0] if people else None
    note(parties=[f"{part.sort}:{part.share}" for part in parts])
    if complaint.step == Step.RESPONSIBILITY:
        advance(complaint, actor=actor, at=at, words="")
    else:
        complaint.version += 1
        complaint.save()
    return complaint


def _check(complaint: Complaint, part: Part) -> None:
    if part.sort not in Sort.values:
        raise Refused(_("Choose what kind of party it is."))
    # Four decimals of a fraction: a hundredth of a per cent.
    if not 0 < part.share <= WHOLE or round(part.share, 4) != part.share:
        raise Refused(_("A share lies above 0 and at 100 per cent at most, with two decimals."))
    is_named = {
        Sort.CUSTOMER: True,
        Sort.PARTNER: part.party is not None or bool(part.name.strip()),
        Sort.DEPARTMENT: part.department is not None,
        Sort.EMPLOYEE: part.employee is not None,
    }
    if not is_named[Sort(part.sort)]:
        raise Refused(_("Say who it is: a record, a department, a colleague or a name."))
    if part.entry is None and part.attachment is None:
        raise Refused(_("Each party needs evidence: an entry of the ticket or a file on it."))
    if part.entry is not None and part.entry.ticket_id != complaint.ticket_id:
        raise Refused(_("Choose evidence from this ticket."))
    if part.attachment is not None and not _is_on(complaint, part.attachment):
        raise Refused(_("Choose evidence from this ticket."))


def _is_on(complaint: Complaint, attachment: Attachment) -> bool:
    places = {("ticket", complaint.ticket_id), ("complaint", complaint.pk)}
    is_there = attachment.removed_at is None
    return is_there and (attachment.kind, attachment.object_id) in places
