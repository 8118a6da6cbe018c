"""Standing in: while somebody is away, a colleague has their own records as if they were theirs."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _

from kezhi.accounts.models import Delegation, User
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor, Scope
from kezhi.core.refusal import NotAllowed, Refused

LONGEST = 366  # days


@audited("delegation.created")
def delegate(
    principal: User,
    delegate: User,
    *,
    actor: Actor,
    on: date,
    since: date,
    until: date | None,
    reason: str = "",
) -> Delegation:
    """`delegate` stands in for `principal` from a day until a day; set by oneself, or by one's manager."""
    _only_for(principal, actor, "create")
    if principal.pk == delegate.pk:
        raise Refused(_("Choose a colleague, not the one who is away."))
    if not (principal.is_active and delegate.is_active):
        raise Refused(_("Choose a colleague who works here."))
    if until is not None and (until < since or until < on):
        raise Refused(_("The last day lies before the first, or in the past."))
    if since < on:
        raise Refused(_("Choose today or a later day to begin."))
    if until is not None and (until - since).days > LONGEST:
        raise Refused(_("Somebody stands in for at most a year. Hand the customers over instead."))
    overlapping = Delegation.objects.filter(principal=principal, delegate=delegate)
    if any(_meet(other, since, until) for other in overlapping):
        raise Refused(_("%(name)s stands in during that time already.") % {"name": delegate.name})
    note(principal=principal.name, delegate=delegate.name)
    return Delegation.objects.create(
        principal=principal, delegate=delegate, since=since, until=until, reason=reason[:300]
    )


@audited("delegation.ended")
def end_delegation(delegation: Delegation, *, actor: Actor, on: date) -> None:
    """From now on the delegate sees the principal's records no more; one that hasn't begun goes altogether."""
    _only_for(delegation.principal, actor, "edit", or_person=delegation.delegate_id)
    note(principal=delegation.principal.name, delegate=delegation.delegate.name)
    delegation.delete()


def _meet(other: Delegation, since: date, until: date | None) -> bool:
    starts_in_time = until is None or other.since <= until
    return starts_in_time and (other.until is None or other.until >= since)


def may_set_for(principal: User, actor: Actor, action: str = "create") -> bool:
    """Oneself, or whom one's scope reaches."""
    scope = actor.scope(action, "delegation")
    if scope is Scope.NONE:
        return False
    if scope is Scope.ALL or principal.pk == actor.pk:
        return True
    if scope is Scope.DEPARTMENT:
        return principal.department_id in actor.department_ids
    return scope is Scope.TEAM and actor.team_id is not None and principal.team_id == actor.team_id


def _only_for(principal: User, actor: Actor, action: str, or_person: int | None = None) -> None:
    if or_person is not None and or_person == actor.pk:
        return
    if not may_set_for(principal, actor, action):
        raise NotAllowed(_("Your role doesn’t say who stands in for this colleague."))
