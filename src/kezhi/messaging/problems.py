"""What can go wrong between us and a mail server, in words that say what to do."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kezhi.records.fields import Label

# One wording for a host that is closed, filtered or not to be asked: nobody maps our network by it.
WORDS: dict[str, Label] = {
    "unreachable": _(
        "The mail server doesn’t answer. Check host and port; a host inside our own network has to be"
        " named in KEZHI_PRIVATE_HOSTS."
    ),
    "not_encrypted": _(
        "Without encryption only a host named in KEZHI_PRIVATE_HOSTS may be asked. Choose TLS or STARTTLS."
    ),
    "certificate": _(
        "The server’s certificate isn’t valid for this host. Check the host’s name, or have the"
        " certificate renewed."
    ),
    "no_starttls": _("The server offers no STARTTLS. Choose TLS from the start."),
    "password": _("The server refuses the user or the password. Enter them again in the settings."),
    "key": _(
        "The password can’t be opened: it was sealed under another SECRET_KEY. Enter it again in the settings."
    ),
    "bounced": _("It came back: the recipient’s server couldn’t deliver it. Check the address."),
    "temporary": _("The server put us off. It is tried again by itself."),
    "refused": _("The server refused the mail for good."),
    "recipient": _("The server doesn’t take mail for this address. Check the address."),
    "broken_off": _(
        "The connection broke off after the text was handed over, before the server’s answer: it may have"
        " arrived. Ask, or look into the sent folder, before you send it again."
    ),
    "garbled": _("The server’s answers make no sense. Check host, port and encryption."),
    "folder": _("The mailbox has no such folder. Choose another in the settings."),
    "no_account": _(
        "No mailbox is set up for it. An administrator does that under Settings, Mail."
    ),
    "paused": _("Sending is paused. It goes on when somebody takes the pause off."),
    "limit": _("The mailbox has sent as many mails this hour as it may. It goes on by itself."),
    "domain_limit": _(
        "This recipient’s mail server has got as many mails this hour as it should. It goes on by itself."
    ),
    "too_often": _("Tried for three days without success."),
    "expired": _("It would have come too late."),
    "gone": _("The recipient doesn’t work here any more."),
    "no_address": _("The recipient has no e-mail address."),
    "not_seen": _("The recipient may not see what it is about any more."),
    "changed_address": _("The contact has another address now. Write it again."),
    "not_to_be_reached": _("The contact isn’t to be written to any more."),
    "author": _("Who wrote it may not write to this customer any more."),
    "nothing": _("There was nothing to tell."),
    "cancelled": _("Taken back before it was sent."),
}


def words(problem: str) -> Label:
    return WORDS.get(problem, "")
