"""A request is answered to the right person, in time, and where it can't be undone by two."""

import io
import json
import zipfile
from datetime import date, timedelta

import pytest
from pypdf import PdfReader

from cast import NOW, TODAY
from kezhi.accounts.models import Role
from kezhi.accounts.organising import create_person
from kezhi.core.actor import SYSTEM
from kezhi.core.models import JobRun
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.creating import create_contact
from kezhi.customers.following_up import log_interaction
from kezhi.customers.models import Exemption
from kezhi.customers.reaching import may_reach
from kezhi.jobs.carrying import carry_out as carry_out_job
from kezhi.jobs.rights import erase as erase_job
from kezhi.messaging.models import Notice
from kezhi.rights import requesting
from kezhi.rights.deadlines import due_on
from kezhi.rights.models import DataRequest, Package
from kezhi.rights.packaging import fetch_package, forget_expired, make_package, path_of_package

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer(organisation):
    fields = {"login": "officer", "name": "周敏", "roles": ["data_protection"], "email": ""}
    fields |= {"password": "correct horse 44", "department": organisation.head}
    return create_person(fields, actor=SYSTEM)


@pytest.fixture
def zhang(anhui_tea, li_wei):
    fields = {"customer": anhui_tea, "name": "张敏之", "phone": "13912346027"}
    return create_contact(fields, actor=li_wei, on=TODAY)


def asked(person, actor, sort="delete", **more):
    fields = {"contact": person, "sort": sort, "law": "pipl", "channel": "email", **more}
    return requesting.receive_request(fields, actor=actor, on=TODAY)


def checked(request, actor):
    return requesting.check_identity(request, "call_back", "回拨本人", actor=actor, on=TODAY)


def test_the_clock_counts_working_days_in_china_and_calendar_days_in_europe():
    friday = date(2026, 11, 20)
    assert due_on("pipl", friday) == date(2026, 12, 11)
    assert due_on("gdpr", friday) == date(2026, 12, 20)


def test_nothing_is_given_out_before_it_is_known_who_asks(zhang, owner):
    request = asked(zhang, owner, "access")
    assert request.person_name == "张敏之"
    for deed in (requesting.carry_out, requesting.propose_erasure):
        with pytest.raises(Refused, match="核验请求人"):
            deed(request, actor=owner, on=TODAY)
    with pytest.raises(Refused, match="核验请求人"):
        make_package(request, actor=owner, at=NOW)
    with pytest.raises(Refused, match="以何为凭"):
        requesting.check_identity(request, "call_back", " ", actor=owner, on=TODAY)


def test_two_agree_on_a_deletion_and_never_the_same(zhang, owner, officer):
    request = checked(asked(zhang, owner), owner)
    request = requesting.propose_erasure(request, actor=owner, on=TODAY)
    assert Notice.objects.filter(person=officer, kind="approval").count() == 1
    with pytest.raises(NotAllowed, match="他人批准"):
        requesting.approve_erasure(request, actor=owner, on=TODAY)
    request = requesting.approve_erasure(request, actor=officer, on=TODAY)
    assert request.job_run.name == "rights.erase"
    carry_out_job(erase_job, request.job_run.pk, {"request": request.pk})
    assert JobRun.objects.get(pk=request.job_run.pk).state == "done"
    request.refresh_from_db()
    assert (request.state, request.contact) == ("done", None)
    assert request.person_name == request.outcome
    assert [step.what for step in request.steps.all()] == [
        "received",
        "checked",
        "proposed",
        "approved",
        "done",
    ]


def test_the_file_holds_everything_and_expires(zhang, owner, anhui_tea):
    log_interaction(anhui_tea, "call", "张敏之问=1+1", actor=owner, at=NOW, contact=zhang)
    request = checked(asked(zhang, owner, "export"), owner)
    package = make_package(request, actor=owner, at=NOW)
    with zipfile.ZipFile(io.BytesIO(path_of_package(package.stored_as).read_bytes())) as archive:
        names = archive.namelist()
        data = json.loads(archive.read("data.json"))
        assert "张敏之的数据" in archive.read("index.zh.html").decode()
        assert "张敏之" in str(data)
        assert "Data about 张敏之" in archive.read("index.en.html").decode()
        read = PdfReader(io.BytesIO(archive.read("index.zh.pdf")))
        printed = " ".join(page.extract_text() for page in read.pages).replace("\n", "")
        assert read.metadata.title == "张敏之的数据"
        assert "13912346027" in printed
        assert "张敏之问=1+1" in printed
        assert archive.read("index.en.pdf").startswith(b"%PDF-")
    assert "tables/customers_interaction.csv" in names
    assert data["tables"]["customers_contact"][0]["phone"] == "13912346027"
    assert "audit_entry" in data["tables"]
    path = fetch_package(package, actor=owner, at=NOW)
    with pytest.raises(Refused, match="过期"):
        fetch_package(package, actor=owner, at=NOW + timedelta(days=15))
    forget_expired(actor=SYSTEM, at=NOW + timedelta(days=15))
    assert not path.exists()
    assert not Package.objects.exists()
    request.refresh_from_db()
    assert request.state == "done"


def test_a_restriction_stops_all_sending_until_it_is_lifted(zhang, owner):
    assert may_reach(zhang, "", "email", NOW)
    request = checked(asked(zhang, owner, "restrict"), owner)
    request = requesting.carry_out(request, actor=owner, on=TODAY, outcome="争议")
    assert not may_reach(zhang, "", "email", NOW)
    requesting.carry_out(request, actor=owner, on=TODAY, outcome="已解决")
    assert may_reach(zhang, "", "email", NOW)


def test_an_objection_ends_the_judgement(zhang, owner, anhui_tea):
    request = checked(asked(zhang, owner, "object"), owner)
    requesting.carry_out(request, actor=owner, on=TODAY)
    assert Exemption.objects.get(ended_on=None).customer == anhui_tea


def test_a_correction_says_what_was_done_and_a_refusal_why(zhang, owner):
    request = checked(asked(zhang, owner, "correct"), owner)
    with pytest.raises(Refused, match="请写明"):
        requesting.carry_out(request, actor=owner, on=TODAY)
    requesting.carry_out(request, actor=owner, on=TODAY, outcome="电话已改")
    other = asked(zhang, owner)
    with pytest.raises(Refused, match="写明理由"):
        requesting.refuse_request(other, actor=owner, on=TODAY, reason="")
    assert (
        requesting.refuse_request(other, actor=owner, on=TODAY, reason="非本人").state == "refused"
    )


def test_half_four_fifths_and_all_of_the_time_are_told_once_each(zhang, owner, officer):
    request = asked(zhang, owner, law="gdpr", assignee=officer)
    for days, told in ((10, 0), (15, 1), (16, 1), (24, 2), (30, 3), (90, 3)):
        requesting.remind(actor=SYSTEM, on=TODAY + timedelta(days=days))
        assert Notice.objects.filter(person=officer).count() == told
    assert DataRequest.objects.get(pk=request.pk).alerted == 100


def test_a_company_is_no_person(anhui_tea, owner):
    fields = {"customer": anhui_tea, "sort": "access", "law": "pipl", "channel": "email"}
    with pytest.raises(Refused, match="公司不是个人"):
        requesting.receive_request(fields, actor=owner, on=TODAY)


def test_salespeople_take_in_no_requests_and_service_only_takes_them_in(zhang, li_wei, agent):
    with pytest.raises(NotAllowed):
        asked(zhang, li_wei)
    request = asked(zhang, agent)
    with pytest.raises(NotAllowed):
        checked(request, agent)
    assert Role.objects.filter(key="data_protection").exists()
