"""What deeds about consents, requests, retention and registers are called in the log."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

LABELS: dict[str, str | Promise] = {
    "breach.exported": _("took out who is affected by the incident"),
    "consent.exported": _("exported consents"),
    "consent.given": _("recorded the consent"),
    "consent.refused": _("recorded the refusal of"),
    "consent.text_published": _("published a text of consent"),
    "consent.withdrawn": _("recorded the withdrawal of the consent"),
    "contact_policy.changed": _("changed when people may be reached"),
    "customer.exempted": _("took out of automated judgement:"),
    "customer.exemption_ended": _("put back into automated judgement:"),
    "data_request.approved": _("approved, as a second person, the request"),
    "data_request.assigned": _("gave to somebody the request"),
    "data_request.carried_out": _("carried out the request"),
    "data_request.checked": _("checked who asks in the request"),
    "data_request.exported": _("exported data requests"),
    "data_request.planned": _("looked what would be done for the request"),
    "data_request.proposed": _("proposed to carry out the request"),
    "data_request.received": _("took in the request"),
    "data_request.refused": _("refused the request"),
    "data_request.reminded": _("reminded of the deadline of the request"),
    "do_not_contact.added": _("added addresses that refused"),
    "do_not_contact.lifted": _("took addresses off the list of those who refused"),
    "evidence.exported": _("took out the evidence of data protection"),
    "incident.closed": _("closed the incident"),
    "incident.exported": _("exported incidents"),
    "incident.reported": _("noted the report of the incident"),
    "legal_hold.ended": _("ended a legal hold"),
    "legal_hold.set": _("set a legal hold"),
    "package.fetched": _("fetched the data for the request"),
    "package.made": _("put together the data for the request"),
    "packages.expired": _("deleted expired packages of data"),
    "person.erased": _("erased the person"),
    "recipient.linked": _("said which program stands for the recipient"),
    "recipient.exported": _("exported recipients"),
    "assessment.exported": _("exported assessments"),
    "retention.applied": _("deleted what was kept long enough"),
    "retention.rule_set": _("set how long data is kept"),
    "rights_rules.changed": _("changed deadlines and limits of data rights"),
    "transfer.noted": _("noted data sent to"),
}
