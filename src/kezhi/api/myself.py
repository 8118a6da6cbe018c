"""What a program may ask about itself: who it acts for, its permissions and limits, its description."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse

from kezhi.accounts.traffic import rows_left
from kezhi.api.calling import Call, answered
from kezhi.core.actor import Scope
from kezhi.records import registry
from kezhi.records.fields import FIELD_GROUPS


def show(call: Call) -> HttpResponse:
    actor, program = call.actor, call.program
    kinds = {}
    for name, actions in program.grants.items():
        scopes = {action: actor.scope(action, name) for action in sorted(actions)}
        told = {action: s.name.lower() for action, s in scopes.items() if s > Scope.NONE}
        if told:
            kinds[name] = told
    content = {
        "integration": {"id": program.pk, "name": program.name},
        "acts_for": {"id": actor.pk, "name": actor.name, "key": actor.login},
        "company": {
            "name": call.company.name,
            "currency": call.company.currency,
            "time_zone": call.company.time_zone,
            "today": call.today.isoformat(),
        },
        "permissions": kinds,
        "field_groups": {
            kind: {group: actor.access(kind, group).name.lower() for group in FIELD_GROUPS}
            for kind in kinds
            if kind in registry
        },
        "limits": {
            "requests_at_once": settings.API_BURST,
            "requests_a_second": settings.API_RATE,
            "rows_a_day": program.rows_a_day,
            "rows_left_today": rows_left(actor, on=call.today),
        },
    }
    return answered(content)
