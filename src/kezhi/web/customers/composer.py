"""What is being written on a customer's timeline: as typed, with what is wrong about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kezhi.accounts.models import User
from kezhi.core.ids import record_id
from kezhi.customers.models import Contact, Customer, Draft, Interaction, Promise
from kezhi.web.requests import PersonRequest, typed_day

KINDS = (
    ("call", gettext_lazy("Call"), "phone"),
    ("visit", gettext_lazy("Visit"), "map"),
    ("wechat", gettext_lazy("WeChat"), "chat"),
    ("email", pgettext_lazy("timeline", "E-mail"), "mail"),
    ("note", pgettext_lazy("timeline", "Note"), "note"),
)
LONGEST = 20_000
# The controls beside the text, by name.
CONTROLS = (
    *("channel", "contact", "at", "next_on", "despite"),
    *("promise", "promise_topic", "promise_due_on"),
)


@dataclass(slots=True)
class Writing:
    """An interaction not saved yet, the day of the next follow-up, and a promise made on the way. `despite`
    says why something is planned although the customer has trouble with us."""

    channel: str = "call"
    text: str = ""
    contact: str = ""
    at: str = ""
    next_on: str = ""
    despite: str = ""
    promise: str = ""
    promise_topic: str = Promise.Topic.DELIVERY.value
    promise_due_on: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def typed(cls, data: Mapping[str, Any]) -> Writing:
        """As sent by the form, not judged."""
        channel = str(data.get("kind", ""))
        topic = str(data.get("promise_topic", ""))
        given: dict[str, Any] = {name: str(data.get(name, "")).strip()[:300] for name in CONTROLS}
        given["channel"] = channel if channel in Interaction.Channel.values else "note"
        given["promise_topic"] = topic if topic in Promise.Topic.values else Promise.Topic.OTHER
        return cls(text=str(data.get("text", "")).strip()[:LONGEST], **given)

    @classmethod
    def posted(cls, request: PersonRequest, customer: Customer) -> Writing:
        """As sent, each part understood or with its error."""
        writing = cls.typed(request.POST)
        if not writing.text:
            writing.errors["text"] = _("Write what happened before you save.")
        if writing.contact and writing.chosen_contact(customer, request.actor) is None:
            writing.errors["contact"] = _("Choose a contact of this customer.")
        if writing.at and (writing.moment is None or writing.moment > timezone.now()):
            writing.errors["at"] = _("Choose a time that is over: what is to come is a follow-up.")
        if writing.next_on and (writing.due_on is None or writing.due_on < request.today):
            writing.errors["next_on"] = _("Choose today or a later day for the next follow-up.")
        if writing.promise:
            due = typed_day(writing.promise_due_on)
            if due is None or due < request.today:
                writing.errors["promise_due_on"] = _("Say by when the promise is due.")
        return writing

    @classmethod
    def restored(cls, draft: Draft | None) -> Writing:
        """What the person left unfinished."""
        if draft is None:
            return cls()
        kept = draft.fields
        known: dict[str, Any] = {name: str(kept[name]) for name in CONTROLS if name in kept}
        return cls(text=draft.text, **known)

    @property
    def controls(self) -> dict[str, str]:
        """What is kept of a draft beside its text."""
        return {name: entry for name, entry in asdict(self).items() if name in CONTROLS and entry}

    @property
    def due_on(self) -> date | None:
        return typed_day(self.next_on)

    @property
    def promise_due(self) -> date | None:
        return typed_day(self.promise_due_on)

    @property
    def moment(self) -> datetime | None:
        """When it happened, by the clock of the company."""
        try:
            local = datetime.fromisoformat(self.at)
        except ValueError:
            return None
        zone = timezone.get_current_timezone()
        return local.replace(tzinfo=zone) if local.tzinfo is None else local

    @property
    def has_more(self) -> bool:
        """Whether something stands in the part of the form that is folded away."""
        later = bool(self.contact or self.at or self.promise)
        return later or bool(self.errors.keys() - {"text", "next_on"})

    def chosen_contact(self, customer: Customer, actor: User) -> Contact | None:
        pk = record_id(self.contact)
        if pk is None:
            return None
        rows = Contact.objects.visible_to(actor).filter(customer=customer)
        return rows.filter(pk=pk).first()  # type: ignore[no-any-return]
