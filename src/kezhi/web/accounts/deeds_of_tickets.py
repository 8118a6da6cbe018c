"""What the deeds on tickets are called in the audit log."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

LABELS: dict[str, str | Promise] = {
    "ticket.opened": gettext_lazy("opened the ticket"),
    "ticket.answered": gettext_lazy("answered on the ticket"),
    "ticket.received": gettext_lazy("took in the customer’s words on the ticket"),
    "ticket.noted": gettext_lazy("wrote a note on the ticket"),
    "ticket.changed": gettext_lazy("changed the ticket"),
    "ticket.assigned": gettext_lazy("gave the ticket to a colleague"),
    "ticket.passed_on": gettext_lazy("passed the ticket on"),
    "ticket.state_set": gettext_lazy("set the state of the ticket"),
    "ticket.merged": gettext_lazy("merged the ticket"),
    "ticket.parted": gettext_lazy("took back the merge of the ticket"),
    "ticket.part_made": gettext_lazy("made the ticket a part of another"),
    "ticket.part_released": gettext_lazy("took the ticket out of another"),
    "ticket.settled_with_parts": gettext_lazy("settled the ticket with its parts"),
    "ticket.snoozed": gettext_lazy("let the ticket rest"),
    "ticket.taken_back": gettext_lazy("took back a step on the ticket"),
    "ticket.woken": gettext_lazy("took the ticket back into the queue"),
    "ticket.routed": gettext_lazy("gave the ticket to a colleague by skill and load"),
    "macro.added": gettext_lazy("added the macro"),
    "macro.changed": gettext_lazy("changed the macro"),
    "macro.deleted": gettext_lazy("deleted the macro"),
    "macro.used": gettext_lazy("used a macro on the ticket"),
    "service_time.booked": gettext_lazy("booked service time as cost to serve"),
    "ticket.deleted": gettext_lazy("deleted the ticket"),
    "ticket.exported": gettext_lazy("exported tickets"),
}
