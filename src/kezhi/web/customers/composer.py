"""What is being written on a customer's timeline: as typed, with what is wrong about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kezhi.customers.models import Interaction
from kezhi.web.requests import PersonRequest

KINDS = (
    ("call", gettext_lazy("Call"), "phone"),
    ("visit", gettext_lazy("Visit"), "map"),
    ("wechat", gettext_lazy("WeChat"), "chat"),
    ("email", pgettext_lazy("timeline", "E-mail"), "mail"),
    ("note", pgettext_lazy("timeline", "Note"), "note"),
)


@dataclass(slots=True)
class Draft:
    """An interaction not saved yet, and the day of the next follow-up."""

    channel: str = "call"
    text: str = ""
    next_on: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def posted(cls, request: PersonRequest) -> Draft:
        channel = request.POST.get("kind", "")
        draft = cls(
            channel if channel in Interaction.Channel.values else "note",
            request.POST.get("text", "").strip(),
            request.POST.get("next_on", "").strip(),
        )
        if not draft.text:
            draft.errors["text"] = _("Write what happened before you save.")
        if draft.next_on and (draft.due_on is None or draft.due_on < request.today):
            draft.errors["next_on"] = _("Choose today or a later day for the next follow-up.")
        return draft

    @property
    def due_on(self) -> date | None:
        try:
            return date.fromisoformat(self.next_on)
        except ValueError:
            return None
