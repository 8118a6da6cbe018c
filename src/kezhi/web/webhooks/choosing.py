"""A webhook belongs to an integration, which is chosen first."""

from __future__ import annotations

from kezhi.accounts.integrating import may_manage
from kezhi.accounts.models import Integration
from kezhi.core.ids import record_id
from kezhi.web.requests import PersonRequest

MOST_SHOWN = 200


def integrations_of(request: PersonRequest) -> list[Integration]:
    """Those in use that the person manages."""
    rows = Integration.objects.visible_to(request.actor).select_related("owner")
    return [
        each
        for each in rows.order_by("name", "pk")[:MOST_SHOWN]
        if each.is_in_use(on=request.today) and may_manage(each, request.actor)
    ]


def chosen_integration(request: PersonRequest) -> Integration | None:
    """`?integration=`, if it is one of them."""
    wanted = record_id(request.GET.get("integration", ""))
    return next((each for each in integrations_of(request) if each.pk == wanted), None)
