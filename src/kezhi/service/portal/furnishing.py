"""What the company's portal says and shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.refusal import EditConflict, NotAllowed, Refused
from kezhi.service.models import PortalSession, PortalSettings

TEXTS = {"title": 60, "welcome_zh": 1_000, "welcome_en": 1_000}
SWITCHES = (
    "is_open", "shows_orders", "shows_amounts", "shows_knowledge", "shows_surveys", "shows_ideas",
    "asks_second_factor",
)  # fmt: skip


@audited("portal_settings.changed")
def change_settings(
    entries: Mapping[str, Any], *, actor: Actor, version: int | None = None
) -> PortalSettings:
    """Open or close the portal, its words, and what customers find there. Closing it ends all sessions;
    asking for a second factor ends those of accounts that have none."""
    if not actor.may("edit", "company"):
        raise NotAllowed(_("Your role doesn’t change the portal."))
    found = PortalSettings.objects.select_for_update().first() or PortalSettings()
    if version is not None and version != found.version:
        raise EditConflict(_("Somebody changed this meanwhile. Load the page again."))
    unknown = entries.keys() - TEXTS.keys() - set(SWITCHES)
    if unknown:
        raise Refused(_("There is no such setting."))
    for name, entry in entries.items():
        setattr(found, name, bool(entry) if name in SWITCHES else str(entry).strip()[: TEXTS[name]])
    found.version += 1
    found.save()
    if not found.is_open:
        PortalSession.objects.all().delete()
    elif found.asks_second_factor:
        PortalSession.objects.filter(account__code_app__isnull=True).delete()
    note(fields=sorted(entries))
    return found
