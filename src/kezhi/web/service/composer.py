"""What a person writes on a ticket: an answer to the customer, what the customer said, or an internal note."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from kezhi.core.ids import record_id
from kezhi.core.refusal import Refused
from kezhi.service.models import Macro, Ticket
from kezhi.service.tickets.macros import words_of
from kezhi.web.requests import PersonRequest

if TYPE_CHECKING:
    from django.http import QueryDict

MODES = ("reply", "note", "said")


@dataclass
class Writing:
    """What stands in the composer."""

    text: str = ""
    mode: str = "reply"
    state: str = ""
    minutes: str = ""
    by_phone: bool = False
    macro: int | None = None
    macro_name: str = ""
    missing: tuple[str, ...] = ()
    error: str = ""

    @classmethod
    def typed(cls, data: QueryDict) -> Writing:
        mode = data.get("mode", "")
        return cls(
            text=data.get("text", "").replace("\0", "").replace("\r\n", "\n"),
            mode=mode if mode in MODES else "reply",
            state=data.get("state", ""),
            minutes=data.get("minutes", "").strip(),
            by_phone=data.get("by_phone") == "1",
            macro=record_id(data.get("macro", "")),
        )

    @classmethod
    def of_macro(cls, macro: Macro, ticket: Ticket, request: PersonRequest) -> Writing:
        """The words of a macro, to be looked through before they leave."""
        filled = words_of(macro, ticket, request.actor, request.today)
        return cls(
            text=filled.text,
            mode="note" if macro.sort == Macro.Sort.NOTE else "reply",
            state=macro.state if macro.state != ticket.state else "",
            macro=macro.pk,
            macro_name=macro.name,
            missing=filled.empty,
        )


def minutes_typed(typed: str) -> int:
    if not typed:
        return 0
    if not typed.isdecimal() or len(typed) > 4:
        raise Refused(_("Minutes are a whole number."))
    return int(typed)
