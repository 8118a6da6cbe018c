"""The page that clears the demo company."""

import pytest

from kezhi.accounts.models import Company
from kezhi.customers.models import Customer

pytestmark = pytest.mark.django_db


@pytest.fixture
def demo(company):
    company.is_demo = True
    company.save()
    return company


def test_the_page_says_what_will_be_gone(client, demo, anhui_tea, owner):
    client.force_login(owner)
    page = client.get("/settings/demo/")
    assert page.status_code == 200
    assert "客户" in page.content.decode()


def test_typing_the_name_clears_and_leads_to_the_company_settings(client, demo, anhui_tea, owner):
    client.force_login(owner)
    answer = client.post("/settings/demo/", {"name": "远航供应链"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/settings/company/")
    assert not Customer.objects.exists()
    assert client.get("/settings/company/").status_code == 200


def test_another_name_clears_nothing(client, demo, anhui_tea, owner):
    client.force_login(owner)
    answer = client.post("/settings/demo/", {"name": "远航"})
    assert answer.status_code == 422
    assert Customer.objects.exists()
    assert Company.current().is_demo


def test_a_colleague_may_not_open_it(client, demo, manager):
    client.force_login(manager)
    assert client.get("/settings/demo/").status_code == 403
    assert client.post("/settings/demo/", {"name": "远航供应链"}).status_code == 403


def test_a_company_of_ones_own_has_no_such_page(client, owner):
    client.force_login(owner)
    assert client.get("/settings/demo/").status_code == 404
