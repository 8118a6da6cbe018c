"""What deeds about the ways in for tickets are called in the log."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

LABELS: dict[str, str | Promise] = {
    "intake_rule.added": _("added a rule for tickets that come in"),
    "intake_rule.changed": _("changed a rule for tickets that come in"),
    "intake_rule.moved": _("moved a rule for tickets that come in"),
    "intake_rule.removed": _("removed a rule for tickets that come in"),
    "intake_settings.changed": _("changed what holds for tickets that come in"),
    "service_form.added": _("made the public form"),
    "service_form.changed": _("changed the public form"),
    "service_form.removed": _("removed the public form"),
    "service_mailbox.added": _("let a mailbox serve tickets"),
    "service_mailbox.changed": _("changed how a mailbox serves tickets"),
    "service_mailbox.ended": _("let a mailbox serve tickets no longer"),
    "ticket.asked": _("took in from a public form"),
    "ticket.confirmed": _("confirmed by mail the ticket"),
    "ticket.judged": _("heard from the customer whether it is solved:"),
    "ticket.letter_taken": _("took in the letter"),
    "ticket.undelivered": _("heard that a letter didn’t arrive on the ticket"),
    "ticket.visitor_settled": _("matched who filled in the form of the ticket"),
    "ticket.written_on": _("took in words from the page of a ticket:"),
    "ticket_link.revoked": _("revoked the links to the ticket"),
}
