"""Who saw whose personal data is kept, once a day."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kezhi.audit.models import Sighting
from kezhi.customers.models import Contact, Customer

pytestmark = pytest.mark.django_db


@pytest.fixture
def zhang(anhui_tea):
    return Contact.objects.create(
        customer=anhui_tea, name="张敏", phone="13812346027", **anhui_tea.place
    )


def _seen():
    return set(Sighting.objects.values_list("kind", "title", "actor_name"))


@pytest.mark.parametrize(
    "address", ["/contacts/", "/contacts/{contact}/", "/customers/{customer}/"]
)
def test_a_page_that_shows_a_phone_number_leaves_a_trace(client, li_wei, zhang, address):
    client.force_login(li_wei)
    path = address.format(contact=zhang.pk, customer=zhang.customer_id)
    for _ in range(2):
        assert client.get(path).status_code == 200
    assert _seen() == {("contact", "张敏", "李伟")}
    assert Sighting.objects.count() == 1


def test_all_that_a_page_shows_is_noted_in_one_statement(client, li_wei, zhang):
    Customer.objects.update(form="person", phone="13900001111")
    Contact.objects.create(
        customer=zhang.customer, name="陈立群", phone="13912346027", **zhang.customer.place
    )
    client.force_login(li_wei)
    with CaptureQueriesContext(connection) as caught:
        assert client.get(f"/customers/{zhang.customer_id}/").status_code == 200
    assert sum("INSERT INTO audit_sighting" in query["sql"] for query in caught) == 1
    assert Sighting.objects.filter(kind="contact").count() == 2


def test_a_list_without_personal_columns_leaves_none(client, li_wei, zhang):
    client.force_login(li_wei)
    assert client.get("/contacts/?columns=name,title").status_code == 200
    assert _seen() == set()


def test_a_mask_shows_nothing_personal(client, analyst, zhang):
    client.force_login(analyst)
    page = client.get("/contacts/")
    assert "138 **** 6027" in page.content.decode()
    assert _seen() == set()
