"""Who enters a customer learns that it is there already, and nothing of those they may not see."""

import re

import pytest

from cast import TODAY
from kezhi.audit.models import Entry
from kezhi.core.actor import SYSTEM
from kezhi.customers.creating import create_contact, create_customer
from kezhi.customers.models import Contact, Customer, DuplicateRules, FollowUp

pytestmark = pytest.mark.django_db

NEW = {"name": "徽州茶行", "form": "company", "roles": ["customer"]}
HINT = "/duplicates/hint/customer/"


def customer(by, **fields):
    return create_customer({"form": "company", **fields}, actor=by, on=TODAY)


@pytest.fixture
def anming(li_wei):
    return customer(li_wei, name="合肥安茗茶叶有限公司", phone="0551-62820000")


def test_a_similar_name_is_asked_about_before_it_is_saved(web, li_wei, anming):
    typed = {**NEW, "name": "安铭茶業（合肥）公司"}
    answer = web(li_wei).post("/customers/new/", typed)
    assert answer.status_code == 422
    assert "合肥安茗茶叶有限公司" in answer.text
    assert "names sound the same" in answer.text
    assert Customer.objects.count() == 1
    answer = web(li_wei).post("/customers/new/", {**typed, "save_anyway": "1"})
    assert answer.status_code == 302
    assert Customer.objects.count() == 2


def test_an_identifier_wants_a_reason(web, li_wei, anming):
    typed = {**NEW, "phone": "0551 6282 0000"}
    answer = web(li_wei).post("/customers/new/", typed)
    assert answer.status_code == 422
    assert "Exists already" in answer.text
    answer = web(li_wei).post("/customers/new/", {**typed, "save_anyway": "1"})
    assert answer.status_code == 422
    assert "Say why it is another one." in answer.text
    why = {"save_anyway": "1", "anyway_reason": "same switchboard"}
    assert web(li_wei).post("/customers/new/", {**typed, **why}).status_code == 302
    assert Entry.objects.filter(deed="customer.created", reason="same switchboard").exists()


def test_another_field_of_an_old_record_is_saved_without_a_question(web, li_wei, anming):
    twin = customer(li_wei, name="合肥安茗茶叶公司", phone="0551-62820000")
    form = {**NEW, "name": twin.name, "phone": "055162820000", "version": "1"}
    answer = web(li_wei).post(f"/customers/{twin.pk}/edit/", {**form, "remark": "x"})
    assert answer.status_code in (302, 422)
    if answer.status_code == 422:  # the form writes the phone in its own way: a change is a change
        assert "Exists already" in answer.text


def test_of_a_colleagues_customer_only_the_identifier_and_whom_to_ask(
    web, chen_jing, anming, manager, organisation
):
    organisation.east.head = manager
    organisation.east.save()
    answer = web(chen_jing).get(HINT, {"phone": "0551 62820000"})
    assert "a customer of another colleague has this entry" in answer.text
    assert manager.name in answer.text
    assert "安茗" not in answer.text
    assert str(anming.code) not in answer.text


@pytest.mark.parametrize(
    ("telling", "told"),
    [("exists", "a customer of another colleague has this entry"), ("nothing", "")],
)
def test_the_company_decides_what_is_told(web, chen_jing, anming, telling, told):
    DuplicateRules.objects.create(pk=1, telling=telling)
    text = web(chen_jing).get(HINT, {"phone": "0551 62820000"}).text.strip()
    assert told in text if told else text == ""


def test_two_databases_that_differ_in_invisible_similar_names_answer_the_same(
    web, chen_jing, li_wei
):
    def answers():
        hint = web(chen_jing).get(HINT, {"name": "合肥安茗茶叶有限公司"})
        form = web(chen_jing).post("/customers/new/", {**NEW, "name": "合肥安茗茶叶", "phone": "1"})
        return hint.text, re.sub(r"\w{32,}", "", form.text)

    before = answers()
    customer(li_wei, name="合肥安茗茶叶有限公司")
    assert answers() == before
    saved = web(chen_jing).post("/customers/new/", {**NEW, "name": "合肥安茗茶叶"})
    assert saved.status_code == 302


def test_whoever_sees_a_field_masked_cannot_ask_by_it(web, owner, anming):
    role = owner.roles.get()
    role.field_rules = {"customer": {"reach": "masked"}}
    role.save()
    assert web(owner).get(HINT, {"phone": "0551 62820000"}).text.strip() == ""
    assert "安茗" in web(owner).get(HINT, {"name": "合肥安茗茶叶"}).text


def test_access_can_be_asked_for_once(web, chen_jing, li_wei, anming):
    typed = {**NEW, "phone": "0551-62820000", "anyway_reason": "they called me"}
    for _turn in range(2):
        answer = web(chen_jing).post("/duplicates/access/customer/", typed)
        assert answer.url == "/customers/"
    (follow_up,) = FollowUp.objects.all()
    assert (follow_up.customer, follow_up.assignee) == (anming, li_wei)
    assert "they called me" in follow_up.subject
    again = web(chen_jing).post("/duplicates/access/customer/", {**NEW, "phone": "0551-00000001"})
    assert again.url == answer.url
    assert FollowUp.objects.count() == 1


def test_a_contact_of_the_same_customer_is_told(web, li_wei, anming):
    fields = {"customer": anming, "name": "王敏", "phone": "13812345679"}
    create_contact(fields, actor=SYSTEM, on=TODAY)
    typed = {"customer": str(anming.pk), "name": "王小敏", "phone": "138 1234 5679"}
    answer = web(li_wei).post("/contacts/new/", typed)
    assert answer.status_code == 422
    assert "王敏" in answer.text
    assert Contact.objects.count() == 1


def test_service_agents_who_create_nothing_get_no_hint(web, analyst, anming):
    assert web(analyst).get(HINT, {"name": "安茗"}).status_code == 403
    assert web(analyst).get("/duplicates/hint/order/").status_code == 404
