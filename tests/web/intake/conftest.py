"""A public form, its mailbox, and visitors who fill it in."""

import re
from datetime import UTC, datetime

import pytest

from correspondents import a_mailbox, chen
from kezhi.core.actor import SYSTEM
from kezhi.service.intake.desks import open_desk
from kezhi.service.intake.publishing import add_form

__all__ = ["chen"]


@pytest.fixture(autouse=True)
def own_files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "uploads"
    settings.ORIGIN = "http://testserver"


@pytest.fixture
def desk(company):
    return open_desk(a_mailbox(), {}, actor=SYSTEM, at=datetime(2026, 11, 1, tzinfo=UTC))


@pytest.fixture
def form(desk):
    return add_form(
        {
            "slug": "help",
            "title_zh": "联系客服",
            "title_en": "Contact us",
            "asked": ["company", "phone"],
            "sites": ["https://www.yuanhang.example"],
        },
        actor=SYSTEM,
    )


@pytest.fixture
def fill(client, form, monkeypatch):
    """Opens the form, fills it in as a person would, and sends it."""
    monkeypatch.setattr("kezhi.web.intake.visitors.SHORTEST_SECONDS", 0)

    def send(query="", begun="", **entries):
        page = client.get(f"/ask/help/{query}").content.decode()
        begun = begun or re.search(r'name="begun" value="([^"]+)"', page).group(1)
        about = {
            "begun": begun,
            "name": "王芳",
            "email": "wang@new.example",
            "type": "fault",
            "subject": "箱子坏了",
            "text": "昨天到的箱子坏了",
            **entries,
        }
        return client.post(f"/ask/help/{query}", about)

    return send
