"""Data rights by program: consents, judgement, requests, incidents, holds, with the rights of the pages."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cast import TODAY
from kezhi.accounts.organising import create_person
from kezhi.audit.models import Entry
from kezhi.audit.sightings import Seen, note_sighting
from kezhi.core.actor import SYSTEM
from kezhi.core.models import JobRun
from kezhi.customers.consenting import publish_text, refuse
from kezhi.customers.creating import create_contact, create_customer
from kezhi.customers.models import Consent, DoNotContact, Exemption, Standing
from kezhi.customers.reaching import has_refused, may_reach
from kezhi.rights import tracing
from kezhi.rights.models import DataRequest, Incident, LegalHold, RetentionRule
from kezhi.rights.packaging import make_package

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data_folder(tmp_path, settings):
    settings.DATA = tmp_path
    settings.MEDIA_ROOT = tmp_path / "uploads"
    tracing._listed.cache_clear()
    return tmp_path


@pytest.fixture
def zhang(anhui_tea, li_wei):
    fields = {"customer": anhui_tea, "name": "张敏之", "phone": "13912346027"}
    fields["email"] = "zm@ah.example"
    return create_contact(fields, actor=li_wei, on=TODAY)


@pytest.fixture
def officer(organisation):
    fields = {"login": "officer", "name": "周敏", "roles": ["data_protection"], "email": ""}
    fields |= {"password": "correct horse 44", "department": organisation.head}
    return create_person(fields, actor=SYSTEM)


def agreed(erp, person, **more):
    fields = {"customer": person.customer_id, "contact": person.pk, "purpose": "marketing"}
    return erp.post("/consents", {**fields, "channel": "email", "source": "form", **more})


# ---- consents ----


def test_a_form_says_which_words_it_showed(program, li_wei, owner, zhang):
    first = publish_text("marketing", "同意接收资料", "I agree", actor=owner, on=TODAY)
    second = publish_text("marketing", "同意接收新品资料", "To news", actor=owner, on=TODAY)
    publish_text("survey", "同意受访", "To surveys", actor=owner, on=TODAY)
    shop = program(li_wei)
    told = shop.get("/consent-texts").json["items"]
    assert [(each["purpose"], each["version"]) for each in told] == [
        *(("marketing", 1), ("marketing", 2), ("survey", 1)),
    ]
    by_version = agreed(shop, zhang, text_version=1)
    assert (by_version.status, by_version.json["text_digest"]) == (201, first.digest)
    by_hash = agreed(shop, zhang, text_digest=told[0]["digest"].upper())
    assert by_hash.json["text_version"] == 1
    newest = agreed(shop, zhang)
    assert (newest.json["text_version"], newest.json["text_digest"]) == (2, second.digest)
    both = agreed(shop, zhang, text_version=2, text_digest=first.digest)
    assert both.status == 409
    assert agreed(shop, zhang, text_version=3).status == 409
    assert agreed(shop, zhang, purpose="survey", text_version=2).status == 409
    found = shop.get("/consents?w=text_version.eq.1&fields=text_version&count=true").json
    assert (found["count"], found["items"][0]["text_version"]) == (2, 1)


def test_a_consent_is_taken_back_once(program, li_wei, chen_jing, zhang):
    shop = program(li_wei)
    pk = agreed(shop, zhang).json["id"]
    assert program(chen_jing).post(f"/consents/{pk}/withdrawal", {}).status == 404
    sent = {"source": "link", "detail": "退订链接"}
    for _again in range(2):
        told = shop.post(f"/consents/{pk}/withdrawal", sent, idempotency_key="w-1")
    assert (told.status, told.json["state"]) == (200, "withdrawn")
    assert Consent.objects.get(pk=pk).withdrawn_by == "link"
    assert shop.post(f"/consents/{pk}/withdrawal", {}).status == 409
    assert shop.post(f"/consents/{pk}/withdrawal", {"source": "import"}).status == 422
    assert Entry.objects.filter(deed="consent.withdrawn").count() == 1
    assert not may_reach(zhang, "marketing", "email", timezone.now())


def test_a_no_is_recorded_whether_there_was_a_yes_or_not(program, li_wei, analyst, zhang):
    shop = program(li_wei)
    agreed(shop, zhang)
    one = f"/contacts/{zhang.pk}/refusal"
    assert shop.post(one, {}).json["errors"][0]["pointer"] == "/purpose"
    assert shop.post(one, {"purpose": "marketing", "channel": "none"}).status == 422
    assert shop.post(one, {"purpose": "marketing", "channel": "email"}).status == 200
    assert shop.post(one, {"purpose": "survey", "source": "reply"}).status == 200
    assert set(Consent.objects.values_list("purpose", "state")) == {
        *(("marketing", "withdrawn"), ("survey", "refused")),
    }
    assert program(analyst).post(one, {"purpose": "survey"}).status == 403
    narrow = program(li_wei, {"contact": ["read", "edit"], "customer": ["read"]})
    assert narrow.post(one, {"purpose": "survey"}).status == 403


def test_refused_addresses_come_and_mistaken_ones_go(program, officer, li_wei, zhang):
    dialler = program(officer)
    listed = {"addresses": ["139 1234 6027", "ZM@ah.example", "13800001111"]}
    assert dialler.post("/do-not-contact", listed).json == {"added": 3}
    assert dialler.post("/do-not-contact", listed).json == {"added": 0}
    assert has_refused(zhang, "call")
    refuse(zhang, "survey", actor=SYSTEM, at=timezone.now(), channel="sms")
    mistaken = {"addresses": ["13912346027"]}
    assert dialler.post("/do-not-contact/lifting", mistaken).status == 422
    lifted = dialler.post("/do-not-contact/lifting", {**mistaken, "reason": "录入错误"})
    assert lifted.json == {"lifted": 1}
    assert not has_refused(zhang, "call")
    own = DoNotContact.objects.filter(purpose="survey", lifted_at__isnull=True)
    assert own.exists()
    assert Entry.objects.get(deed="do_not_contact.lifted").reason == "录入错误"
    assert program(li_wei).post("/do-not-contact", listed).status == 403
    assert dialler.post("/do-not-contact", {"addresses": [7]}).status == 422


def test_texts_are_published_by_who_looks_after_data(program, officer, li_wei):
    text = {"purpose": "survey", "chinese": "同意受访", "english": "I agree"}
    made = program(officer).post("/consent-texts", text)
    assert (made.status, made.json["version"], len(made.json["digest"])) == (201, 1, 64)
    assert program(officer).post("/consent-texts", text).status == 409
    assert program(li_wei).post("/consent-texts", text).status == 403
    assert program(li_wei, {"customer": ["read"]}).get("/consent-texts").status == 403


# ---- automated judgement ----


def test_a_customer_is_taken_out_of_judgement_and_put_back(program, li_wei, officer, anhui_tea):
    one = f"/customers/{anhui_tea.pk}"
    shop, keeper = program(li_wei), program(officer)
    assert shop.post(f"{one}/exemption", {}).status == 422
    said = {"reason": "电话反对", "channel": "phone"}
    assert shop.post(f"{one}/exemption", said).status == 200
    assert shop.post(f"{one}/exemption", said).status == 409
    told = keeper.get(f"{one}/judgement").json
    assert told["is_judged"] is False
    assert told["exemption"]["reason"] == "电话反对"
    assert told["judged"] is None
    assert keeper.post(f"{one}/exemption-end", {"reason": "本人要求"}).status == 200
    assert not Exemption.objects.filter(ended_on=None).exists()
    assert Entry.objects.filter(deed="customer.exemption_ended").count() == 1


def test_only_who_changes_the_customer_or_looks_after_data_decides(
    program, agent, chen_jing, owner, anhui_tea
):
    one, said = f"/customers/{anhui_tea.pk}", {"reason": "电话反对"}
    assert program(agent).post(f"{one}/exemption", said).status == 403
    assert program(chen_jing).post(f"{one}/exemption", said).status == 404
    blind = program(owner, field_rules={"value": "hidden"})
    assert blind.get(f"{one}/judgement").status == 403
    assert not Exemption.objects.exists()


def test_the_explanation_names_score_measures_and_model(program, owner, anhui_tea):
    told = program(owner).get(f"/customers/{anhui_tea.pk}/judgement").json
    assert (told["is_judged"], told["judged"], told["factors"]) == (False, None, [])
    assert not Standing.objects.filter(run_id__isnull=False).exists()
    assert len(told["data"]) == 4


# ---- requests ----


@pytest.fixture
def asked(program, officer, zhang):
    """A program of the officer, and the address of a request of a sort that it took in."""

    def received(sort):
        keeper = program(officer)
        fields = {"contact": zhang.pk, "sort": sort, "law": "pipl", "channel": "email"}
        made = keeper.post("/data-requests", fields)
        assert made.status == 201
        return keeper, f"/data-requests/{made.json['id']}"

    return received


PROVEN = {"how": "call_back", "evidence": "回拨本人"}


def test_a_request_goes_from_the_door_to_the_file(asked, program, zhang, officer, agent):
    keeper, one = asked("export")
    assert keeper.post(f"{one}/outcome", {}).status == 409
    assert keeper.post(f"{one}/identity", {"how": "by_guess", "evidence": "x"}).status == 422
    assert keeper.post(f"{one}/identity", PROVEN).json["state"] == "verified"
    assert keeper.get(f"{one}/package").status == 404
    assert keeper.post(f"{one}/outcome", {}).json["state"] == "working"
    case = keeper.get(f"{one}/case").json
    assert case["job"]["state"] == "queued"
    request = JobRun.objects.get(pk=case["job"]["id"]).arguments["request"]
    package = make_package(DataRequest.objects.get(pk=request), actor=officer, at=timezone.now())
    case = keeper.get(f"{one}/case").json
    assert [each["what"] for each in case["steps"]] == ["received", "checked", "working", "done"]
    assert case["packages"][0]["sha256"] == package.sha256
    headers = {"Authorization": f"Bearer {keeper.secret}"}
    fetched = keeper.client.get(f"/api/v1{one}/package", headers=headers)
    assert b"".join(fetched.streaming_content)[:2] == b"PK"
    assert fetched["Content-Type"] == "application/octet-stream"
    assert Entry.objects.filter(deed="package.fetched").count() == 1
    assert program(agent).get(f"{one}/package").status == 403
    type(package).objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert keeper.get(f"{one}/package").status == 404


def test_two_agree_on_an_erasure_and_never_the_same(asked, program, owner):
    keeper, one = asked("delete")
    keeper.post(f"{one}/identity", PROVEN)
    assert keeper.post(f"{one}/plan", {}).status == 200
    assert keeper.get(f"{one}/case").json["job"]["state"] == "queued"
    assert keeper.post(f"{one}/proposal", {}).json["state"] == "proposed"
    assert keeper.post(f"{one}/approval", {}).status == 403
    # Of the same person, another program is no second person.
    assert program(keeper.integration.owner).post(f"{one}/approval", {}).status == 403
    unfit = program(owner, {"data_request": ["read", "edit"]})
    assert unfit.post(f"{one}/approval", {}).status == 403
    assert program(owner).post(f"{one}/approval", {}).json["state"] == "working"
    assert JobRun.objects.filter(name="rights.erase").count() == 1


def test_a_refusal_says_why(asked, program, agent):
    keeper, one = asked("correct")
    assert program(agent).post(f"{one}/refusal", {"reason": "x"}).status == 403
    assert keeper.post(f"{one}/refusal", {}).status == 422
    told = keeper.post(f"{one}/refusal", {"reason": "身份不明，可向网信办投诉"})
    assert (told.json["state"], told.json["outcome"]) == ("refused", "身份不明，可向网信办投诉")
    assert keeper.post(f"{one}/identity", PROVEN).status == 409


# ---- incidents, holds, retention ----


def test_an_incident_is_reported_counted_and_closed(program, officer, analyst, zhang, anhui_tea):
    keeper = program(officer)
    at = timezone.now()
    incident = Incident.objects.create(
        title="误发", what="名单误发", begun_on=at.date(), ended_on=at.date(), found_at=at
    )
    seen = [Seen("contact", zhang.pk, "张敏之"), Seen("customer", anhui_tea.pk, "安徽茶业")]
    note_sighting(seen, actor=officer, on=at.date(), where="list")
    one = f"/incidents/{incident.pk}"
    counts = keeper.get(f"{one}/affected").json["items"]
    assert {(each["kind"], each["records"]) for each in counts} == {("contact", 1), ("customer", 1)}
    first = keeper.get(f"{one}/affected-records?limit=1").json
    rest = keeper.get(f"{one}/affected-records?cursor={first['next']}").json
    assert [each["name"] for each in first["items"] + rest["items"]] == ["张敏之", "安徽茶业"]
    assert rest["next"] is None
    assert keeper.get(f"{one}/affected-records?cursor=contact").status == 400
    assert Entry.objects.filter(deed="breach.exported").count() == 2
    assert keeper.post(f"{one}/report", {}).status == 422
    assert keeper.post(f"{one}/report", {"told_people": True}).json["state"] == "reported"
    assert keeper.post(f"{one}/report", {"told_people": True}).status == 409
    assert keeper.post(f"{one}/closure", {"lessons": " "}).status == 409
    assert keeper.post(f"{one}/closure", {"lessons": "双人复核"}).json["state"] == "closed"
    assert program(analyst).get(f"{one}/affected").status == 403


def test_a_hold_keeps_a_person_until_it_ends(asked, program, officer, li_wei, anhui_tea):
    keeper, one = asked("delete")
    keeper.post(f"{one}/identity", PROVEN)
    held = keeper.post("/legal-holds", {"customer": {"key": "C-AHTEA"}, "reason": "诉讼"})
    assert (held.status, held.json["customer"]["id"]) == (201, anhui_tea.pk)
    assert "诉讼" in keeper.post(f"{one}/proposal", {}).json["detail"]
    end = f"/legal-holds/{held.json['id']}/end"
    assert program(li_wei).post(end, {"reason": "x"}).status == 403
    assert keeper.post(end, {"reason": "已结案"}).json["end_reason"] == "已结案"
    assert keeper.post(end, {"reason": "已结案"}).status == 409
    assert keeper.post(f"{one}/proposal", {}).status == 200
    assert keeper.post("/legal-holds", {"reason": "诉讼"}).status == 409
    assert keeper.post("/legal-holds", {"reason": "诉讼", "table": "nothing"}).status == 409
    listed = keeper.get("/legal-holds").json["items"]
    assert [(each["reason"], each["ended_on"] is None) for each in listed] == [("诉讼", False)]
    assert LegalHold.objects.count() == 1


def test_a_hold_on_a_customer_out_of_sight_has_no_name(program, officer, anhui_tea, li_wei):
    other = create_customer({"name": "另一家", "code": "C-OTHER"}, actor=li_wei, on=TODAY)
    keeper = program(officer)
    keeper.post("/legal-holds", {"customer": other.pk, "reason": "审计"})
    blind = program(officer, {"data_right": ["read"]})
    assert blind.get("/legal-holds").json["items"][0]["customer"] is None


def test_retention_is_read_as_a_dry_run_and_set(program, officer, li_wei):
    keeper = program(officer)
    clocks = {each["table"]: each for each in keeper.get("/retention").json["items"]}
    assert (clocks["core_jobrun"]["days"], clocks["core_jobrun"]["is_own"]) == (30, False)
    rule = {"table": "core_jobrun", "days": 60, "purpose": "查看办理结果"}
    told = keeper.post("/retention", rule)
    assert (told.json["days"], told.json["is_own"], told.json["due"]) == (60, True, 0)
    assert RetentionRule.objects.get().days == 60
    assert keeper.post("/retention", {**rule, "table": "nothing"}).status == 409
    assert keeper.post("/retention", {**rule, "days": -1}).status == 422
    assert program(li_wei).get("/retention").status == 403
