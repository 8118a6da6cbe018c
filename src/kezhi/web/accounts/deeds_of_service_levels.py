"""What deeds about promises, calendars, rules, needs and requests between departments are called in the log."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

LABELS: dict[str, str | Promise] = {
    "business_calendar.saved": _("saved the business calendar"),
    "business_calendar.deleted": _("deleted the business calendar"),
    "service_levels.published": _("published service levels"),
    "clock.attended": _("told who is concerned by a promise on the ticket"),
    "clocks.recomputed": _("worked out open clocks anew"),
    "routing_rule.saved": _("saved the rule of who gets what"),
    "routing_rule.deleted": _("deleted the rule of who gets what"),
    "ticket.proposed": _("made a proposal on the ticket"),
    "need.reply_dated": _("told the customer by which day a need is answered"),
    "internal_request.made": _("asked another department"),
    "internal_request.continued": _("said more on a request to another department"),
    "internal_request.rated": _("judged what another department did"),
    "internal_level.saved": _("saved what departments agreed"),
    "internal_level.deleted": _("deleted what departments agreed"),
    "internal_request.exported": _("exported requests between departments"),
    "clock_breach.exported": _("exported broken promises"),
    "service_report.exported": _("exported the service report"),
}
