"""A mailbox that serves tickets, a contact who writes to it, and the servers that carry the letters."""

import itertools

import pytest

from cast import NOW
from correspondents import a_mailbox, chen
from hostile_mail import letter
from kezhi.core.actor import SYSTEM
from kezhi.messaging.fetching import keep_letter
from kezhi.service.intake.desks import open_desk
from kezhi.service.tickets.opening import opened_by
from mail_servers import _dovecot, _smtp, imap_server, post_office, smtp_server

__all__ = ["_dovecot", "_smtp", "chen", "imap_server", "post_office", "smtp_server"]

NUMBERS = itertools.count(1)


@pytest.fixture(autouse=True)
def own_files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "uploads"
    settings.ORIGIN = "https://crm.yuanhang.example"


@pytest.fixture
def desk(company):
    return open_desk(a_mailbox(), {}, actor=SYSTEM, at=NOW.replace(hour=0))


@pytest.fixture
def arrive(desk):
    """A letter lies in the mailbox and is taken in; each has a Message-ID of its own."""

    def come(raw=None, at=NOW, **parts):
        number = next(NUMBERS)
        if raw is None:
            raw = letter(**{"message_id": f"<{number}@tea.example>", **parts})
        return keep_letter(desk.account, number, raw, at, at)

    return come


def ticket_of(incoming):
    return opened_by(f"letter:{incoming.pk}")
