"""Customers shown to colleagues whose they aren't: for reading or for working on them, until a day."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _

from kezhi.accounts.models import Share, Team, User, person
from kezhi.audit.recording import note, traced_by
from kezhi.core.actor import Actor
from kezhi.core.refusal import Refused

# Each share is part of every query of who has it: beyond this, another owner or role is the answer.
MOST = 2_000


@traced_by("customer.shared")
def grant(
    customer_ids: list[int],
    to: User | Team,
    *,
    actor: Actor,
    on: date,
    may_edit: bool,
    until: date | None,
    reason: str,
) -> int:
    """Put the shares down; a share with the same side is replaced. Who may share them, `customers` decides."""
    if until is not None and until < on:
        raise Refused(_("Choose today or a later day, or none."))
    if isinstance(to, User) and not to.is_active:
        raise Refused(_("Choose a colleague who works here."))
    side = {"person": to} if isinstance(to, User) else {"team": to}
    others = Share.objects.current().filter(**side).exclude(customer_id__in=customer_ids)
    if others.count() + len(customer_ids) > MOST:
        raise Refused(
            _("At most %(most)d customers can be shared with one colleague or team.")
            % {"most": MOST}
        )
    Share.objects.filter(customer_id__in=customer_ids, **side).delete()
    Share.objects.bulk_create(
        Share(
            customer_id=pk,
            may_edit=may_edit,
            since=on,
            until=until,
            reason=reason.strip()[:300],
            granted_by=person(actor),
            **side,
        )
        for pk in customer_ids
    )
    note(to=str(to), may_edit=may_edit, until=until.isoformat() if until else "")
    return len(customer_ids)
