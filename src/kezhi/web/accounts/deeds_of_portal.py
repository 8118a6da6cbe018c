"""What deeds of the customer portal are called in the log."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

LABELS: dict[str, str | Promise] = {
    "idea.comment_removed": _("removed a comment on the idea"),
    "idea.commented": _("commented on the idea"),
    "idea.deleted": _("deleted the idea"),
    "idea.exported": _("exported ideas"),
    "idea.moderated": _("decided about the idea"),
    "idea.submitted": _("had the idea"),
    "idea.vote_taken_back": _("took back the vote for the idea"),
    "idea.voted": _("voted for the idea"),
    "portal.code_refused": _("typed a wrong code at the portal’s second step"),
    "portal.consent_given": _("agreed in the portal to"),
    "portal.consent_withdrawn": _("refused in the portal"),
    "portal.data_requested": _("asked in the portal for their data:"),
    "portal.language_set": _("chose the language of the portal"),
    "portal.letter_queued": _("was asked for a link to a portal password"),
    "portal.password_changed": _("changed their portal password"),
    "portal.password_set": _("set a portal password by a link"),
    "portal.recovery_codes_renewed": _("got new recovery codes for the portal"),
    "portal.second_factor_added": _("set up a second step for the portal"),
    "portal.second_factor_removed": _("switched off their second step for the portal"),
    "portal.session_ended": _("ended a session in the portal"),
    "portal.sessions_ended": _("signed out of the portal everywhere"),
    "portal.sign_in_failed": _("failed to sign in to the portal"),
    "portal.signed_in": _("signed in to the portal"),
    "portal.signed_out": _("signed out of the portal"),
    "portal.ticket_opened": _("asked in the portal:"),
    "portal.ticket_rated": _("rated in the portal"),
    "portal.ticket_solved": _("said in the portal that it is solved:"),
    "portal.ticket_written": _("wrote in the portal on"),
    "portal_account.changed": _("changed the portal account of"),
    "portal_account.ended": _("ended the portal account of"),
    "portal_account.exported": _("exported portal accounts"),
    "portal_account.invited": _("invited to the portal"),
    "portal_account.invited_again": _("sent another portal invitation to"),
    "portal_account.previewed": _("looked at the portal as it is for"),
    "portal_account.second_factor_reset": _("took away the second step of the portal account of"),
    "portal_accounts.tidied": _("ended portal accounts of contacts who left"),
    "portal_settings.changed": _("changed the customer portal"),
}
