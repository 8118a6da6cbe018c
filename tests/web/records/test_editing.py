"""Records created, changed and deleted by form: understood or refused field by field, never half."""

import pytest

from cast import TODAY
from kezhi.audit.models import Entry
from kezhi.catalog.models import Product
from kezhi.catalog.stocking import create_product
from kezhi.core.actor import SYSTEM
from kezhi.customers.creating import create_contact, edit_customer
from kezhi.customers.following_up import plan_follow_up
from kezhi.customers.models import Contact, Customer, FollowUp
from kezhi.ledger.models import CostEntry, Order, OrderLine
from kezhi.records import registry

pytestmark = pytest.mark.django_db


@pytest.fixture
def web(client):
    def signed_in(person):
        client.force_login(person)
        return client

    return signed_in


CUSTOMER = {
    "name": "徽州茶行",
    "form": "company",
    "roles": "customer",
    "phone": "138 0000 1234",
    "payment_days": "60",
}


def test_a_customer_is_created_with_typed_entries(web, li_wei):
    answer = web(li_wei).post("/customers/new/", CUSTOMER)
    customer = Customer.objects.get()
    assert answer.url == f"/customers/{customer.pk}/"
    assert (customer.phone, customer.payment_days, customer.owner) == ("13800001234", 60, li_wei)
    assert Entry.objects.filter(deed="customer.created").count() == 1


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("name", ""),
        ("phone", "12"),
        ("email", "wang"),
        ("credit_code", "91320594MA1X"),
        ("payment_days", "soon"),
        ("payment_days", "99999"),
        ("payment_days", "-3"),
        ("form", "robot"),
        ("name", "茶\x00"),
        ("name", "x" * 301),
    ],
)
def test_what_can_not_be_understood_stays_in_the_form_with_its_error(web, li_wei, field, typed):
    entries = Entry.objects.count()
    answer = web(li_wei).post("/customers/new/", {**CUSTOMER, field: typed})
    assert answer.status_code == 422
    assert 'class="err"' in answer.text
    assert Customer.objects.count() == 0
    assert Entry.objects.count() == entries


def test_a_taken_code_is_refused_with_what_was_typed(web, anhui_tea, li_wei):
    answer = web(li_wei).post("/customers/new/", {**CUSTOMER, "code": "C-AHTEA"})
    assert answer.status_code == 409
    assert "徽州茶行" in answer.text
    assert Customer.objects.count() == 1


def test_the_second_of_two_editors_sees_both_and_keeps_what_was_typed(web, anhui_tea, li_wei):
    client = web(li_wei)
    path = f"/customers/{anhui_tea.pk}/edit/"
    typed = {**CUSTOMER, "name": "安徽茶业有限公司", "code": "C-AHTEA", "city": "芜湖"}
    edit_customer(anhui_tea, {"city": "黄山"}, actor=li_wei, on=TODAY, version=1)
    answer = client.post(path, {**typed, "version": "1"})
    assert answer.status_code == 409
    assert "黄山" in answer.text
    assert 'value="芜湖"' in answer.text
    anhui_tea.refresh_from_db()
    assert anhui_tea.city == "黄山"
    assert client.post(path, {**typed, "version": "2"}).status_code == 302
    anhui_tea.refresh_from_db()
    assert anhui_tea.city == "芜湖"


def test_a_new_tag_is_among_what_was_typed_when_somebody_else_was_quicker(web, anhui_tea, owner):
    path = f"/customers/{anhui_tea.pk}/edit/"
    typed = {**CUSTOMER, "name": "安徽茶业有限公司", "tags_typed": "重点", "version": "1"}
    edit_customer(anhui_tea, {"city": "黄山"}, actor=owner, on=TODAY, version=1)
    answer = web(owner).post(path, typed)
    assert answer.status_code == 409
    assert "重点" in answer.text


@pytest.mark.parametrize("path", ["edit/", "removal/"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_strangers_customer_does_not_exist(web, anhui_tea, chen_jing, path, method):
    entries = Entry.objects.count()
    answer = getattr(web(chen_jing), method)(f"/customers/{anhui_tea.pk}/{path}", CUSTOMER)
    assert answer.status_code == 404
    assert Customer.objects.get().name == "安徽茶业有限公司"
    assert Entry.objects.count() == entries


def test_who_may_only_read_gets_403_and_nothing_changes(web, anhui_tea, analyst, li_wei):
    entries = Entry.objects.count()
    client = web(analyst)
    assert client.post("/customers/new/", CUSTOMER).status_code == 403
    assert client.post(f"/customers/{anhui_tea.pk}/edit/", CUSTOMER).status_code == 403
    assert web(li_wei).post(f"/customers/{anhui_tea.pk}/removal/").status_code == 403
    assert Customer.objects.get().name == "安徽茶业有限公司"
    assert Entry.objects.count() == entries


def test_a_deletion_is_asked_first_and_by_post(web, anhui_tea, owner):
    client = web(owner)
    path = f"/customers/{anhui_tea.pk}/removal/"
    assert client.get(path).status_code == 200
    assert Customer.objects.exists()
    client.post(path)
    assert not Customer.objects.exists()


def test_what_has_been_sold_is_not_deleted(web, owner, anhui_tea):
    product = an_order(anhui_tea).lines.get().product
    answer = web(owner).post(f"/products/{product.pk}/removal/")
    assert answer.status_code == 409
    assert Product.objects.exists()


def test_a_customer_is_linked_by_search_and_never_a_strangers(web, anhui_tea, li_wei, chen_jing):
    client = web(li_wei)
    page = client.get(f"/contacts/new/?customer={anhui_tea.pk}")
    assert f'value="{anhui_tea.pk}" checked' in page.text
    found = client.post(
        "/contacts/new/", {"find": "customer", "customer_search": "安徽", "name": "陈"}
    )
    assert found.status_code == 200
    assert "安徽茶业有限公司" in found.text
    client.post("/contacts/new/", {"customer_search": "C-AHTEA", "name": "陈立群"})
    assert Contact.objects.get().customer == anhui_tea
    answer = web(chen_jing).post("/contacts/new/", {"customer": anhui_tea.pk, "name": "王"})
    assert answer.status_code == 422
    assert "安徽茶业" not in answer.text
    assert Contact.objects.count() == 1


def test_a_follow_up_is_planned_and_changed(web, anhui_tea, li_wei):
    client = web(li_wei)
    typed = {
        "customer": anhui_tea.pk,
        "subject": "回访",
        "due_on": "2026-12-01",
        "assignee": li_wei.pk,
    }
    client.post("/follow-ups/new/", {**typed, "next": f"/customers/{anhui_tea.pk}/"})
    follow_up = FollowUp.objects.get()
    path = f"/follow-ups/{follow_up.pk}/edit/"
    assert "回访" in client.get(path).text
    client.post(path, {**typed, "due_on": "2026-12-02", "version": follow_up.version})
    follow_up.refresh_from_db()
    assert str(follow_up.due_on) == "2026-12-02"


def test_a_cost_is_entered_in_decimals(web, anhui_tea, li_wei):
    typed = {"customer": anhui_tea.pk, "activity": "visit", "incurred_on": "2026-11-01"}
    web(li_wei).post("/costs/new/", {**typed, "amount": "1,250.50"})
    assert str(CostEntry.objects.get().amount) == "1250.50"


def an_order(customer):
    product = create_product({"name": "毛峰", "unit": "箱"}, actor=SYSTEM, on=TODAY)
    order = Order.objects.create(
        number="SO-1",
        customer=customer,
        ordered_on=TODAY,
        currency="CNY",
        amount=900,
        lines_count=1,
        owner_id=customer.owner_id,
    )
    OrderLine.objects.create(
        order=order,
        line_key="1",
        customer=customer,
        product=product,
        ordered_on=TODAY,
        quantity=3,
        amount=900,
        cost=600,
    )
    return order


def test_every_record_has_a_page_and_a_stranger_gets_404(web, anhui_tea, li_wei, chen_jing):
    order = an_order(anhui_tea)
    contact = create_contact({"customer": anhui_tea, "name": "陈立群"}, actor=li_wei, on=TODAY)
    plan = {"customer": anhui_tea, "subject": "回访", "due_on": TODAY}
    follow_up = plan_follow_up(plan, actor=li_wei, on=TODAY)
    pages = {
        "orders": order.pk,
        "contacts": contact.pk,
        "follow-ups": follow_up.pk,
    }
    for address, pk in pages.items():
        assert web(li_wei).get(f"/{address}/{pk}/").status_code == 200
        assert web(chen_jing).get(f"/{address}/{pk}/").status_code == 404
    product = order.lines.get().product
    assert "SO-1" in web(li_wei).get(f"/products/{product.pk}/").text
    assert "SO-1" not in web(chen_jing).get(f"/products/{product.pk}/").text
    assert "毛峰" in web(li_wei).get(f"/orders/{order.pk}/").text


def test_what_is_not_made_by_hand_has_no_form(web, owner):
    client = web(owner)
    for kind in registry:
        expected = 200 if kind.create else 404
        assert client.get(f"/{kind.address}/new/").status_code == expected


def test_nothing_changes_by_get(web, owner, anhui_tea):
    client = web(owner)
    for path in ("customers/export/", "customers/bulk/assign/", "undo/x/"):
        assert client.get(f"/{path}").status_code == 405
