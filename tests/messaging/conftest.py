"""Fixtures of mail: servers and mailboxes."""

import pytest

from correspondents import chen
from mail_servers import _dovecot, _smtp, imap_server, post_office, smtp_server

__all__ = ["_dovecot", "_smtp", "chen", "imap_server", "post_office", "smtp_server"]


@pytest.fixture(autouse=True)
def own_files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "uploads"
