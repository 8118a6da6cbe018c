import re

import pytest

from cast import NOW, TODAY
from kezhi.accounts import integrating
from kezhi.accounts.models import Integration, Token

pytestmark = pytest.mark.django_db
FORM = {"name": "ERP", "purpose": "Orders in, tiers out", "rows_a_day": "5000",
        "g": ["customer.read", "order.create"], "f.reach": "masked"}  # fmt: skip


def test_an_owner_connects_a_program_and_sees_its_token_once(web, owner):
    browser = web(owner)
    page = browser.post("/settings/integrations/new/", FORM)
    integration = Integration.objects.get()
    assert page.status_code == 302
    assert integration.grants == {"customer": ["read"], "order": ["read", "create"]}
    answer = browser.post(f"/settings/integrations/{integration.pk}/tokens/")
    secret = re.search(r"kz_[\w-]{43}", answer.content.decode()).group()
    assert integrating.actor_of_token(secret, at=NOW, on=TODAY, address="127.0.0.1").program
    again = browser.get(f"/settings/integrations/{integration.pk}/").content.decode()
    assert secret not in again
    assert secret[:10] in again


def test_one_click_ends_everything(web, owner):
    browser = web(owner)
    integration = integrating.create_integration(
        {"name": "ERP", "purpose": "Orders", "grants": {}}, actor=owner, on=TODAY
    )
    integrating.issue_token(integration, actor=owner, at=NOW, on=TODAY)
    page = browser.post(f"/settings/integrations/{integration.pk}/end/", follow=True)
    assert "revoked" in page.content.decode()
    assert not Token.objects.living(at=NOW).exists()


def test_a_wrong_network_keeps_what_was_typed(web, owner):
    page = web(owner).post("/settings/integrations/new/", {**FORM, "networks": "elsewhere"})
    assert page.status_code == 422
    assert "Orders in, tiers out" in page.content.decode()
    assert not Integration.objects.exists()


def test_colleagues_without_the_right_find_nothing(web, li_wei):
    assert web(li_wei).get("/settings/integrations/").status_code == 403
