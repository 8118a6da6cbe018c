"""The pages of data rights: from the request at the door to the file, by forms."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from cast import NOW, TODAY
from kezhi.accounts.models import User
from kezhi.accounts.organising import create_person
from kezhi.audit.sightings import Seen, note_sighting
from kezhi.core.actor import SYSTEM
from kezhi.customers.consenting import give_consent, publish_text
from kezhi.customers.creating import create_contact
from kezhi.customers.models import Consent, ConsentText, ContactPolicy, DoNotContact, Exemption
from kezhi.rights.models import (
    DataRequest,
    Incident,
    LegalHold,
    Package,
    RetentionRule,
    RightsRules,
)
from kezhi.rights.packaging import make_package

pytestmark = pytest.mark.django_db


@pytest.fixture
def zhang(anhui_tea, li_wei):
    fields = {"customer": anhui_tea, "name": "张敏之", "phone": "13912346027"}
    return create_contact(fields, actor=li_wei, on=TODAY)


@pytest.fixture
def officer(organisation):
    fields = {"login": "officer", "name": "周敏", "roles": ["data_protection"], "email": ""}
    fields |= {"password": "correct horse 44", "department": organisation.head}
    return create_person(fields, actor=SYSTEM)


def as_(person):
    User.objects.filter(pk=person.pk).update(language="en")
    client = Client()
    client.force_login(person)
    return client


@pytest.mark.parametrize("name", ["data-rights", "data-rights-texts", "data-rights-retention"])
def test_the_settings_open_for_who_looks_after_data_and_for_nobody_else(name, officer, li_wei):
    assert as_(officer).get(reverse(name)).status_code == 200
    assert as_(li_wei).get(reverse(name)).status_code == 403


def test_a_request_goes_from_the_door_to_the_file(zhang, officer, settings, tmp_path):
    settings.MEDIA_ROOT = settings.DATA = tmp_path
    web = as_(officer)
    form = {"contact": zhang.pk, "sort": "export", "law": "pipl", "channel": "email"}
    answer = web.post("/data-requests/new/", form)
    assert answer.status_code == 302
    request = DataRequest.objects.get()
    page = web.get(f"/data-requests/{request.pk}/").content.decode()
    assert "Check who asks" in page
    form = {"how": "document", "evidence": "身份证已核"}
    web.post(reverse("request-identity", args=[request.pk]), form)
    web.post(reverse("request-outcome", args=[request.pk]))
    request.refresh_from_db()
    assert (request.state, request.job_run.name) == ("working", "rights.package")
    make_package(request, actor=officer, at=NOW)
    Package.objects.update(expires_at=NOW + timedelta(days=9999))
    file = web.post(reverse("request-file", args=[Package.objects.get().pk]))
    assert file["Content-Disposition"].startswith("attachment")
    assert b"".join(file.streaming_content)[:2] == b"PK"


def test_a_page_of_a_person_shows_what_was_agreed_and_takes_the_no(zhang, li_wei, chen_jing):
    fields = {"customer": zhang.customer, "contact": zhang, "purpose": "marketing"}
    give_consent(fields | {"channel": "email", "source": "form"}, actor=li_wei, on=TODAY)
    address = reverse("person-rights", args=["contacts", zhang.pk])
    web = as_(li_wei)
    assert "Marketing · E-mail" in web.get(address).content.decode()
    assert "Marketing · E-mail" in web.get(f"/contacts/{zhang.pk}/").content.decode()
    web.post(f"{address}refusal/", {"purpose": "marketing", "detail": "电话里说"})
    assert Consent.objects.get().state == "withdrawn"
    assert as_(chen_jing).get(address).status_code == 404


def test_older_words_are_named_on_the_form_and_stand_in_the_list(zhang, li_wei, owner):
    for version in ("I", "II"):
        publish_text("marketing", f"同意{version}", f"Agreed {version}", actor=owner, on=TODAY)
    web = as_(li_wei)
    form = {"customer": zhang.customer_id, "contact": zhang.pk, "purpose": "marketing"}
    form |= {"channel": "email", "source": "written", "text_version": "1"}
    refused = web.post("/consents/new/", {**form, "text_version": "7"})
    assert "There is no such text" in refused.content.decode()
    assert web.post("/consents/new/", form).status_code == 302
    assert Consent.objects.get().text.chinese == "同意I"
    listed = web.get("/consents/?w=text_version.eq.1").content.decode()
    assert "Version of the text" in listed
    assert "张敏之" in listed
    assert "张敏之" not in web.get("/consents/?w=text_version.eq.2").content.decode()


def test_an_objection_and_its_explanation(anhui_tea, owner):
    web, address = as_(owner), reverse("customer-explanation", args=[anhui_tea.pk])
    assert "Nothing has been judged" in web.get(address).content.decode()
    web.post(reverse("customer-exemption", args=[anhui_tea.pk]), {"reason": "来信反对"})
    assert Exemption.objects.get().reason == "来信反对"
    assert "you objected" in web.get(address).content.decode()
    assert "Not judged automatically" in web.get(f"/customers/{anhui_tea.pk}/").content.decode()


def test_the_company_sets_hours_texts_times_and_holds(owner, anhui_tea):
    web = as_(owner)
    form = {"open_from": 10, "open_until": 18, "most_per_week": 2}
    web.post(reverse("data-rights-hours"), form)
    assert ContactPolicy.objects.get().open_from == 10
    web.post(reverse("data-rights-refused"), {"addresses": "13812345678\nx@y.de"})
    assert DoNotContact.objects.count() == 2
    mistaken = {"mistaken": "13812345678", "reason": "录入错误"}
    web.post(reverse("data-rights-reachable"), {**mistaken, "reason": " "})
    assert DoNotContact.objects.filter(lifted_at=None).count() == 2
    web.post(reverse("data-rights-reachable"), mistaken)
    assert DoNotContact.objects.filter(lifted_at=None).count() == 1
    form = {"pipl_working_days": 10, "gdpr_days": 28, "package_days": 7, "transfer_limit": 9}
    web.post(reverse("data-rights-rules"), {**form, "sensitive_limit": 5, "officer": "周敏"})
    assert RightsRules.objects.get().pipl_working_days == 10
    form = {"purpose": "marketing", "chinese": "同意", "english": "I agree"}
    web.post(reverse("data-rights-texts"), form)
    assert ConsentText.objects.get().version == 1
    form = {"table": "customers_interaction", "days": 1095, "purpose": "服务"}
    web.post(reverse("data-rights-retention"), form)
    assert RetentionRule.objects.get().days == 1095
    web.post(reverse("data-rights-holds"), {"customer": anhui_tea.code, "reason": "诉讼"})
    assert LegalHold.objects.get().customer_id == anhui_tea.pk
    assert "诉讼" in web.get(reverse("data-rights-retention")).content.decode()
    assert "周敏" in web.get(reverse("data-rights")).content.decode()


def test_an_incident_tells_whom_to_tell_and_whose_data_was_seen(zhang, officer, li_wei):
    note_sighting([Seen("contact", zhang.pk, "张敏之")], actor=li_wei, on=TODAY, where="page")
    incident = Incident.objects.create(
        title="误发", what="名单误发", begun_on=TODAY, ended_on=TODAY, found_at=NOW, in_europe=True
    )
    web = as_(officer)
    page = web.get(f"/incidents/{incident.pk}/").content.decode()
    assert "Data protection authority" in page
    letters = web.get(reverse("incident-letters", args=[incident.pk])).content.decode()
    assert "名单误发" in letters
    file = web.post(reverse("incident-affected", args=[incident.pk]))
    assert "张敏之" in b"".join(file.streaming_content).decode()
    web.post(reverse("incident-report", args=[incident.pk]), {"told_people": "1"})
    web.post(reverse("incident-closure", args=[incident.pk]), {"lessons": "双人复核"})
    incident.refresh_from_db()
    assert incident.state == "closed"


def test_the_queries_of_a_persons_page_do_not_grow(zhang, li_wei, django_assert_max_num_queries):
    web, address = as_(li_wei), reverse("person-rights", args=["contacts", zhang.pk])
    web.get(address)
    fields = {"customer": zhang.customer, "contact": zhang, "purpose": "marketing"}
    for channel in ("email", "sms", "call", "wechat", "post"):
        give_consent(fields | {"channel": channel, "source": "form"}, actor=li_wei, on=TODAY)
    with django_assert_max_num_queries(25):
        web.get(address)


def test_an_incident_is_written_down_by_the_company_s_clock(officer):
    web = Client()
    web.force_login(officer)
    told = {
        "title": "邮件发错收件人",
        "what": "报价单发给了别家",
        "grade": "general",
        "begun_on": str(TODAY),
        "ended_on": str(TODAY),
        "found_at": f"{TODAY}T09:30",
        "in_china": "1",
    }
    wrong = web.post("/incidents/new/", {**told, "found_at": "昨天上午"})
    assert wrong.status_code == 422
    assert "请按 2026-11-20 09:30" in wrong.content.decode()
    web.post("/incidents/new/", told)
    incident = Incident.objects.get()
    assert incident.found_at.isoformat() == f"{TODAY}T01:30:00+00:00"
    page = web.get(f"/incidents/{incident.pk}/edit/").content.decode()
    assert f'value="{TODAY}T09:30"' in page
