"""What the company tells people about customers of others that they may not see."""

from __future__ import annotations

from django.utils.translation import gettext as _

from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor, Scope
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.models import DuplicateRules


@audited("duplicates.ruled")
def set_telling(telling: str, *, actor: Actor) -> DuplicateRules:
    """That one exists and whom to ask, that one exists, or nothing."""
    if actor.scope("edit", "merge") is not Scope.ALL:
        raise NotAllowed(_("Your role doesn't decide about duplicates."))
    if telling not in DuplicateRules.Telling.values:
        raise Refused(_("Choose one of the possible answers."))
    rules = DuplicateRules.current()
    note(before=rules.telling, after=telling)
    rules.telling = telling
    rules.save()
    return rules
