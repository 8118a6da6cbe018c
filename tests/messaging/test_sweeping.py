"""Files that no letter points at any more go; what belongs to one, and what just came, stays."""

import os
from contextlib import nullcontext
from datetime import timedelta
from uuid import uuid4

import pytest
from click.testing import CliRunner

from cast import NOW
from hostile_mail import letter
from kezhi.audit.models import Entry
from kezhi.cli import main
from kezhi.core.actor import SYSTEM
from kezhi.messaging.fetching import keep_letter
from kezhi.messaging.models import MailAccount
from kezhi.messaging.storing import path_of, write
from kezhi.messaging.sweeping import sweep_mail_files

pytestmark = pytest.mark.django_db


@pytest.fixture
def files(company):
    """By name: a letter's, what was made of it, and others of all sorts."""
    account = MailAccount.objects.create(
        name="销售", address="s@y.example", purpose="shared", imap_host="m.example"
    )
    came = path_of(keep_letter(account, 1, letter(), NOW, NOW).stored_as)
    gone, young = path_of(uuid4()), path_of(uuid4())
    found = {
        "letter": came,
        "its pictures": came.with_suffix(".pictures"),
        "half of it": came.with_name(f"{came.name}.part"),
        "loose": gone,
        "loose pictures": gone.with_suffix(".pictures"),
        "just written": young,
        "not ours": came.with_name("README"),
    }
    for name, path in found.items():
        if name != "letter":
            write(path, b"tea")
        days = 0 if name == "just written" else 3
        then = (NOW - timedelta(days=days)).timestamp()
        os.utime(path, (then, then))
    return found


def left(files):
    return {name for name, path in files.items() if path.exists()}


def test_only_what_belongs_to_no_letter_goes(files):
    assert sweep_mail_files(actor=SYSTEM, at=NOW) == 3
    assert left(files) == {"letter", "its pictures", "just written", "not ours"}
    assert Entry.objects.get(deed="mail.swept").detail == {"files": 3, "bytes": 9}


def test_the_command_tells_first(files, monkeypatch):
    monkeypatch.setenv("KEZHI_LANG", "en")
    monkeypatch.setattr("kezhi.cli.mail.company_at_hand", lambda _data: nullcontext())
    told = CliRunner().invoke(main, ["mail", "sweep", "--dry-run"]).output
    assert str(files["loose"]) in told
    assert str(files["letter"]) + "\n" not in told
    assert len(left(files)) == len(files)
    assert "cleared away" in CliRunner().invoke(main, ["mail", "sweep"]).output
    assert not files["loose"].exists()
