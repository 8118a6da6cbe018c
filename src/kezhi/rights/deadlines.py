"""By when a request has to be answered, and how much of that time has gone."""

from __future__ import annotations

from datetime import date, timedelta

from django.utils.translation import gettext as _

from kezhi.audit.recording import audited
from kezhi.core.actor import Actor
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.rights.models import DataRequest, RightsRules

SATURDAY = 5
ALERTS = (50, 80, 100)
LIMITS = {
    "pipl_working_days": (1, 60),
    "gdpr_days": (1, 90),
    "package_days": (1, 90),
    "transfer_limit": (1, 100_000_000),
    "sensitive_limit": (1, 100_000_000),
}


def rules() -> RightsRules:
    return RightsRules.objects.first() or RightsRules()


@audited("rights_rules.changed")
def change_rules(entries: dict[str, int], officer: str, *, actor: Actor) -> RightsRules:
    """Deadlines, limits, and who answers for data protection."""
    if not actor.may("edit", "data_right"):
        raise NotAllowed(_("Your role doesn't change deadlines and limits."))
    found = rules()
    for name, (least, most) in LIMITS.items():
        number = entries[name]
        if not least <= number <= most:
            raise Refused(
                _("Enter a number between %(least)s and %(most)s.")
                % {"least": f"{least:,}", "most": f"{most:,}"}
            )
        setattr(found, name, number)
    found.officer = officer.strip()[:200]
    found.save()
    return found


def due_on(law: str, received_on: date) -> date:
    """PIPL practice counts working days (Monday to Friday), GDPR days of the calendar."""
    found = rules()
    if law == DataRequest.Law.GDPR:
        return received_on + timedelta(days=found.gdpr_days)
    day, left = received_on, found.pipl_working_days
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < SATURDAY
    return day


def used(request: DataRequest, on: date) -> int:
    """Per cent of the time that has gone; what is under way or closed uses none any more."""
    if request.state in (DataRequest.State.WORKING, *DataRequest.CLOSED):
        return 0
    whole = max(1, (request.due_on - request.received_on).days)
    return max(0, round(100 * (on - request.received_on).days / whole))
