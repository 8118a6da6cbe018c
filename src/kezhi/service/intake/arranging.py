"""What holds for everything that comes in: times, limits, and the company's own words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.refusal import EditConflict, Refused
from kezhi.messaging import merging
from kezhi.service.intake.desks import demand
from kezhi.service.models import IntakeSettings

BOUNDS = {
    "reopen_days": (0, 365),
    "link_days": (1, 730),
    "unanswered_hours": (1, 720),
    "confirmations_per_hour": (0, 20),
}
LABELS = {each.name: each.verbose_name for each in IntakeSettings._meta.concrete_fields}
TEXTS = ("text_zh", "text_en")
LONGEST = 4000


@audited("intake_settings.changed")
def change_settings(entries: Mapping[str, Any], *, actor: Actor, version: int) -> IntakeSettings:
    demand(actor, "edit")
    settings, _is_new = IntakeSettings.objects.select_for_update().get_or_create(pk=1)
    if settings.version != version:
        raise EditConflict(_("Somebody changed this meanwhile. Check it and save again."))
    for name, (least, most) in BOUNDS.items():
        number = entries.get(name, getattr(settings, name))
        if not isinstance(number, int) or not least <= number <= most:
            raise Refused(
                _("“%(what)s” is a number from %(least)s to %(most)s.")
                % {
                    "what": LABELS[name],
                    "least": least,
                    "most": most,
                }
            )
        setattr(settings, name, number)
    for name in TEXTS:
        text = str(entries.get(name, getattr(settings, name))).strip()[:LONGEST]
        if unknown := merging.unknown_in(text):
            names = ", ".join("{{" + each + "}}" for each in unknown)
            raise Refused(
                _("There is no field %(names)s. Choose from the list.") % {"names": names}
            )
        setattr(settings, name, text)
    settings.version += 1
    settings.save()
    note(fields=sorted(entries))
    return settings
