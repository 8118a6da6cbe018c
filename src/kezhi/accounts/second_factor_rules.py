"""Who must prove twice who they are: the company switches it on, roles say whom it concerns."""

from __future__ import annotations

from django.utils.translation import gettext as _

from kezhi.accounts.models import CodeApp, Company, Passkey, Session, User
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.refusal import NotAllowed


@audited("sign_in_rules.changed")
def enforce_second_factor(is_enforced: bool, *, actor: Actor) -> int:
    """Switch the second factor on or off for the roles that ask for it.

    Switched on, colleagues concerned who have none are signed out: they set one up when they come back.
    Returns how many they are.
    """
    if not actor.may("edit", "company"):
        raise NotAllowed(_("Only an owner changes how people sign in."))
    note(is_second_factor_enforced=is_enforced)
    Company.objects.filter(pk=1).update(is_second_factor_enforced=is_enforced)
    if not is_enforced:
        return 0
    lacking = (
        User.objects.active()
        .filter(roles__is_second_factor_required=True)
        .exclude(pk=actor.pk)
        .exclude(pk__in=CodeApp.objects.values("person"))
        .exclude(pk__in=Passkey.objects.values("person"))
        .distinct()
    )
    Session.objects.filter(person__in=lacking).delete()
    return lacking.count()
