"""A yes with its words and proof, a no that counts at once and outlives merges and imports."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction

from cast import NOW, TODAY
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers import reaching
from kezhi.customers.consenting import (
    add_do_not_contact,
    change_contact_policy,
    give_consent,
    is_opt_out,
    publish_text,
    refuse,
    withdraw_consent,
)
from kezhi.customers.creating import create_contact, create_customer
from kezhi.customers.merging import merge_contacts
from kezhi.customers.models import Consent, ConsentText, Contact
from kezhi.customers.reaching import has_consent, may_reach, may_reach_all
from kezhi.messaging.filing import ON_FILED
from kezhi.messaging.models import Incoming

pytestmark = pytest.mark.django_db
NOON = datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture
def zhang(anhui_tea, li_wei):
    fields = {"customer": anhui_tea, "name": "张敏", "phone": "13912346027", "email": "zm@ah.cn"}
    return create_contact(fields, actor=li_wei, on=TODAY)


def agreed(person, actor, channel="email", purpose="marketing", **more):
    fields = {
        "customer": person.customer,
        "contact": person,
        "purpose": purpose,
        "channel": channel,
        "source": "written",
        **more,
    }
    on = more["given_at"].date() if "given_at" in more else TODAY - timedelta(days=3)
    return give_consent(fields, actor=actor, on=on)


def test_nobody_is_reached_without_a_consent_for_that_purpose_and_channel(zhang, li_wei):
    assert not may_reach(zhang, "marketing", "email", NOON)
    agreed(zhang, li_wei)
    assert may_reach(zhang, "marketing", "email", NOON)
    assert not may_reach(zhang, "marketing", "sms", NOON)
    assert not may_reach(zhang, "survey", "email", NOON)


def test_ordinary_correspondence_needs_none_but_who_left_is_not_written_to(zhang):
    assert may_reach(zhang, "", "email", NOON)
    zhang.has_left = True
    assert not may_reach(zhang, "", "email", NOON)


def test_a_company_consents_through_people(anhui_tea, li_wei):
    fields = {"customer": anhui_tea, "purpose": "marketing", "channel": "email"}
    with pytest.raises(Refused, match="只有人能同意"):
        give_consent({**fields, "source": "written"}, actor=li_wei, on=TODAY)


def test_a_withdrawal_counts_at_once_and_a_new_yes_after_it(zhang, li_wei):
    consent = agreed(zhang, li_wei)
    withdraw_consent(consent, actor=li_wei, at=NOON, by="reply", detail="退订")
    answer = may_reach(zhang, "marketing", "email", NOON + timedelta(seconds=1))
    assert not answer
    assert answer.reason
    later = NOON + timedelta(days=1)
    fields = {"customer": zhang.customer, "contact": zhang, "purpose": "marketing"}
    fields |= {"channel": "email", "source": "form", "given_at": later}
    give_consent(fields, actor=li_wei, on=later.date())
    assert may_reach(zhang, "marketing", "email", later + timedelta(minutes=1))


def test_what_a_file_says_never_overrules_a_no(zhang, li_wei):
    refuse(zhang, "marketing", actor=li_wei, at=NOON, channel="sms")
    agreed(zhang, li_wei, "sms", source="import", given_at=NOON + timedelta(minutes=1))
    assert not may_reach(zhang, "marketing", "sms", NOON + timedelta(minutes=2))


def test_a_no_holds_for_another_record_with_the_same_number(zhang, anhui_tea, li_wei):
    twin = create_contact(
        {"customer": anhui_tea, "name": "张 敏", "phone": "+86 139 1234 6027"},
        actor=li_wei,
        on=TODAY,
    )
    agreed(twin, li_wei, "sms")
    assert may_reach(twin, "marketing", "sms", NOON)
    refuse(zhang, "marketing", actor=li_wei, at=NOON, channel="sms")
    assert not may_reach(twin, "marketing", "sms", NOON + timedelta(seconds=1))


def test_a_no_survives_a_merge(zhang, anhui_tea, manager, owner):
    twin = create_contact({"customer": anhui_tea, "name": "张敏2"}, actor=owner, on=TODAY)
    agreed(twin, owner)
    refuse(zhang, "marketing", actor=owner, at=NOON, channel="email")
    merge_contacts(twin, zhang, actor=owner, at=NOON)
    survivor = Contact.objects.get(pk=twin.pk)
    assert not may_reach(survivor, "marketing", "email", NOON + timedelta(minutes=1))


def test_a_consent_is_never_changed_and_a_withdrawal_never_taken_back(zhang, li_wei):
    consent = agreed(zhang, li_wei)
    for change in ({"proof": "else"}, {"channel": "sms"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Consent.objects.filter(pk=consent.pk).update(**change)
    withdraw_consent(consent, actor=li_wei, at=NOON)
    with pytest.raises(IntegrityError), transaction.atomic():
        Consent.objects.filter(pk=consent.pk).update(state="given", withdrawn_at=None)


def test_the_words_that_were_agreed_to_are_kept_in_versions(zhang, li_wei, owner):
    first = publish_text("marketing", "同意接收资料", "I agree", actor=owner, on=TODAY)
    consent = agreed(zhang, li_wei)
    publish_text("marketing", "同意接收新品资料", "I agree to news", actor=owner, on=TODAY)
    consent.refresh_from_db()
    assert consent.text == first
    assert consent.text_digest == first.digest
    with pytest.raises(IntegrityError), transaction.atomic():
        ConsentText.objects.update(english="something else")
    with pytest.raises(NotAllowed):
        publish_text("survey", "一", "one", actor=li_wei, on=TODAY)


def test_a_paper_form_names_the_version_of_its_words(zhang, li_wei, owner):
    first = publish_text("marketing", "同意接收资料", "I agree", actor=owner, on=TODAY)
    publish_text("marketing", "同意接收新品资料", "I agree to news", actor=owner, on=TODAY)
    assert agreed(zhang, li_wei, text_version=1).text == first
    with pytest.raises(Refused, match="没有这份文本"):
        agreed(zhang, li_wei, text_version=9)
    with pytest.raises(Refused, match="没有这份文本"):
        agreed(zhang, li_wei, purpose="survey", text_digest=first.digest)


@pytest.mark.parametrize(
    ("hour", "may"), [(8, False), (9, True), (19, True), (20, False), (23, False)]
)
def test_marketing_keeps_to_the_hours_of_the_recipient(zhang, li_wei, hour, may):
    agreed(zhang, li_wei)
    at = NOON.replace(hour=hour)
    answer = may_reach(zhang, "marketing", "email", at)
    assert bool(answer) is may
    assert may or answer.again_at.hour == 9


def test_the_hours_are_those_where_the_number_is(zhang, li_wei):
    agreed(zhang, li_wei)
    zhang.phone = "+49 170 1234567"
    assert not may_reach(zhang, "marketing", "email", NOON)  # five in the morning in Berlin
    assert may_reach(zhang, "marketing", "email", NOON.replace(hour=17))


def test_nobody_gets_more_than_the_company_allows_itself(zhang, li_wei, owner, monkeypatch):
    agreed(zhang, li_wei)
    monkeypatch.setattr(reaching, "counters", [lambda persons, since: {0: 2}])
    assert may_reach(zhang, "marketing", "email", NOON)
    change_contact_policy(9, 20, 2, actor=owner)
    assert not may_reach(zhang, "marketing", "email", NOON)


@pytest.mark.parametrize(
    "text",
    [
        "TD",
        "t",
        "退订",
        " 退订。",
        "Stop!",
        "回复TD",
        "取消订阅",
        "ＴＤ",
        "请勿打扰",
        "请退订",
        "stop please",
    ],
)
def test_words_that_mean_no(text):
    assert is_opt_out(text)


@pytest.mark.parametrize("text", ["订单取消了吗", "Don't stop", "好的", "", "T恤两件"])
def test_words_that_do_not(text):
    assert not is_opt_out(text)


def test_a_do_not_call_list_is_obeyed(zhang, li_wei, owner):
    agreed(zhang, li_wei, "call")
    assert add_do_not_contact(["139-1234-6027", "x@y.de"], actor=owner, at=NOW) == 2
    assert add_do_not_contact(["139-1234-6027"], actor=owner, at=NOW) == 0
    assert not may_reach(zhang, "marketing", "call", NOON)


def test_a_stranger_changes_no_consent(zhang, chen_jing, li_wei):
    with pytest.raises(NotAllowed):
        agreed(zhang, chen_jing)
    consent = agreed(zhang, li_wei)
    with pytest.raises(NotAllowed):
        withdraw_consent(consent, actor=chen_jing, at=NOON)
    with pytest.raises(NotAllowed):
        refuse(zhang, "marketing", actor=chen_jing, at=NOON)


def test_many_are_asked_about_in_the_queries_of_one(
    anhui_tea, li_wei, django_assert_num_queries, company
):
    people = [
        create_contact(
            {"customer": anhui_tea, "name": f"n{n}", "phone": f"1391234{n:04}"},
            actor=li_wei,
            on=TODAY,
        )
        for n in range(12)
    ]
    for person in people[::2]:
        agreed(person, li_wei)
    # Two of them ask for open complaints with faults, and for letters of surveys.
    with django_assert_num_queries(6):
        answers = may_reach_all(people, "marketing", "email", NOON)
    assert [bool(answer) for answer in answers] == [True, False] * 6


def test_a_customer_who_is_a_person_agrees_themselves(li_wei):
    person = create_customer({"name": "王芳", "form": "person"}, actor=li_wei, on=TODAY)
    fields = {"customer": person, "purpose": "sensitive", "source": "written"}
    assert not has_consent(person, "sensitive")
    give_consent(fields, actor=SYSTEM, on=TODAY)
    assert has_consent(person, "sensitive")


@pytest.mark.parametrize(("text", "may"), [("退订", False), ("请报价，不要退订", True)])
def test_a_letter_that_says_no_more_is_a_withdrawal(zhang, li_wei, text, may):
    agreed(zhang, li_wei)
    letter = Incoming(nature="letter", customer_id=zhang.customer_id, text=text)
    letter.from_address = "ZM@ah.cn"
    for told in ON_FILED:
        told(letter, NOON)
    assert bool(may_reach(zhang, "marketing", "email", NOON + timedelta(seconds=1))) is may
