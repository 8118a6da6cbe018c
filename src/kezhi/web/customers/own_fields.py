"""The company's own fields of an interaction, asked where it is written and where it is put right."""

from __future__ import annotations

from kezhi.customers.models import Interaction
from kezhi.records import registry
from kezhi.web.records.forms import RecordForm
from kezhi.web.requests import PersonRequest


def own_fields(request: PersonRequest, interaction: Interaction | None = None) -> RecordForm:
    """The controls of those that the person may write; none where the company has defined none."""
    kind = registry["interaction"].seen_by(request.actor)
    names = [field.name for field in kind.fields if field.is_custom and field.is_editable]
    return RecordForm.of(request, kind, interaction, only=names)
