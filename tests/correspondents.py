"""Who writes letters, and the mailboxes that they come to."""

import pytest

from cast import TODAY
from kezhi.customers.creating import create_contact
from kezhi.messaging.models import MailAccount
from mail_servers import SECRET


@pytest.fixture
def chen(anhui_tea, li_wei):
    return create_contact(
        {"customer": anhui_tea, "name": "陈立群", "email": "chen@tea.example"},
        actor=li_wei,
        on=TODAY,
    )


def a_mailbox(**more):
    """Of the company, on this machine, where nothing answers unless the ports are given."""
    account = MailAccount(
        **{
            "name": "客服",
            "address": "service@yuanhang.example",
            "purpose": "shared",
            "imap_host": "127.0.0.1",
            "imap_port": 1,
            "imap_security": "plain",
            "imap_user": "box",
            "smtp_host": "127.0.0.1",
            "smtp_port": 1,
            "smtp_security": "plain",
            "smtp_user": "kezhi",
            **more,
        }
    )
    account.imap_password = account.smtp_password = SECRET
    account.save()
    return account
