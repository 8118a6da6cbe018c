"""How intake takes its place between mail and tickets."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kezhi.messaging import filing, merging, noticing, outbox
from kezhi.messaging.models import NoticePreference
from kezhi.service.intake import showing
from kezhi.service.intake.receiving import follow_customer, take_at_desk
from kezhi.service.intake.sending import reached_by, send_reply
from kezhi.service.intake.undelivered import hear_bounced, hear_settled
from kezhi.service.tickets import hooks
from kezhi.service.tickets.happening import Happening, declare


def register() -> None:
    """Called once, when the apps are ready."""
    filing.DESKS.append(take_at_desk)
    filing.ON_BOUNCED.append(hear_bounced)
    outbox.ON_SETTLED.append(hear_settled)
    hooks.SENDERS.append(send_reply)
    hooks.REACHED_BY.append(reached_by)
    hooks.ON_CHANGED.append(follow_customer)
    showing.register()
    merging.FIELDS.setdefault("ticket.number", _("Number of the ticket"))
    merging.FIELDS.setdefault("ticket.subject", _("What the ticket is about"))
    noticing.declare(
        noticing.NoticeKind(
            "ticket.unanswered",
            _("Nobody answers a customer"),
            _("Nobody answered for too long: %(what)s"),
            "clock",
            NoticePreference.Way.MAIL,
        )
    )
    _declare_events()


def _declare_events() -> None:
    declare("confirmed", Happening(_("Confirmed to %(to)s by mail"), "mail"))
    declare(
        "automatic_letter",
        Happening(_("Automatic answer from %(sender)s: %(what)s"), "mail"),
    )
    declare("follow_up", Happening(_("Goes on with %(number)s, which was settled"), "link"))
    declare("followed_up", Happening(_("The customer wrote again: %(number)s"), "link"))
    declare(
        "doubtful_sender",
        Happening(_("The sender may be forged: check before you answer"), "alert", True),
    )
    declare(
        "typed_address",
        Happening(_("The address was typed into a form: nobody proved that it is theirs"), "info"),
    )
    declare("undelivered", Happening(_("Not delivered to %(to)s. %(why)s"), "alert", True))
    declare(
        "uncertain",
        Happening(_("Nobody knows whether the letter to %(to)s arrived. %(why)s"), "alert", True),
    )
    declare("consented", Happening(_("Agreed to: %(what)s"), "shield"))
    declare("told_solved", Happening(_("The customer says that it is solved"), "check"))
    declare("told_unsolved", Happening(_("The customer says that it isn’t solved"), "alert", True))
