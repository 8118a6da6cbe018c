"""What the deeds on complaints are called in the audit log."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

LABELS: dict[str, str | Promise] = {
    "complaint.begun": gettext_lazy("began the complaint"),
    "complaint.opened": gettext_lazy("noted the complaint"),
    "complaint.brought_in": gettext_lazy("brought in the complaint"),
    "complaint.voided": gettext_lazy("said that this is no complaint:"),
    "complaint.recorded": gettext_lazy("put the complaint on record"),
    "complaint.edited": gettext_lazy("changed the complaint"),
    "complaint.judged": gettext_lazy("judged the complaint"),
    "complaint.apportioned": gettext_lazy("divided the responsibility for the complaint"),
    "complaint.cause_named": gettext_lazy("named the cause of the complaint"),
    "complaint.proposed": gettext_lazy("proposed what settles the complaint"),
    "complaint.approved": gettext_lazy("approved the compensation of the complaint"),
    "complaint.rejected": gettext_lazy("rejected the compensation of the complaint"),
    "complaint.attempt_noted": gettext_lazy(
        "noted an attempt to reach the customer of the complaint"
    ),
    "complaint.fed_back": gettext_lazy("noted the customer’s answer to the complaint"),
    "complaint.reviewed": gettext_lazy("reviewed the complaint"),
    "complaint.summarised": gettext_lazy("summarised the complaint"),
    "complaint.taken_back": gettext_lazy("took the complaint back a step"),
    "complaint_cause.created": gettext_lazy("added the cause of complaints"),
    "complaint_cause.edited": gettext_lazy("changed the cause of complaints"),
    "complaint_rules.published": gettext_lazy("changed who approves how much compensation"),
    "compensation.carried_out": gettext_lazy("carried out the compensation"),
    "compensation.reversed": gettext_lazy("took back the compensation"),
}
