"""Who was erased isn't revived by a file; sensitive data needs a consent; retention leaves nothing overdue."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cast import NOW, TODAY
from kezhi.core.actor import SYSTEM
from kezhi.core.models import JobRun
from kezhi.core.refusal import Refused
from kezhi.customers.consenting import give_consent
from kezhi.customers.creating import create_contact, edit_contact
from kezhi.customers.following_up import log_interaction
from kezhi.customers.models import Consent, Contact, Interaction
from kezhi.dataio.importing import import_rows
from kezhi.dataio.uploading import upload
from kezhi.rights.erasing import erase_person
from kezhi.rights.holding_back import set_hold
from kezhi.rights.models import Incident, Recipient, RetentionRun
from kezhi.rights.registering import note_transfer, transfers_of
from kezhi.rights.retaining import apply_retention, dry_run, set_rule
from kezhi.workbench.customizing.defining import define_field

pytestmark = pytest.mark.django_db


@pytest.fixture
def zhang(anhui_tea, li_wei):
    fields = {"customer": anhui_tea, "name": "张敏之", "phone": "13912346027", "email": "z@ah.cn"}
    return create_contact(fields, actor=li_wei, on=TODAY)


def brought(text, actor, kind="contact"):
    batch = upload(kind, "contacts.csv", [text.encode()], actor=actor, on=TODAY)
    return import_rows(batch, actor=actor, on=TODAY, at=NOW)


@pytest.mark.parametrize(
    "row", ["张敏之,,", "张敏,+86 139 1234 6027,", "Zhang,,Z@AH.CN"], ids=["name", "phone", "mail"]
)
def test_a_file_does_not_bring_back_who_was_erased(zhang, owner, anhui_tea, row):
    erase_person(zhang, actor=owner, at=NOW)
    name, phone, email = row.split(",")
    text = (
        f"客户,姓名,电话,邮箱\n{anhui_tea.name},{name},{phone},{email}\n{anhui_tea.name},李四,,\n"
    )
    batch = brought(text, owner)
    assert (batch.created, batch.bad) == (1, 1)
    assert batch.problems.get().code == "forgotten"
    assert list(Contact.objects.values_list("name", flat=True)) == ["李四"]


def test_consents_come_from_a_file_with_their_day_and_the_file_as_source(zhang, owner, anhui_tea):
    text = (
        "客户,联系人,用途,渠道,同意日期,来源说明\n"
        f"{anhui_tea.name},张敏之,营销推广,邮箱,2026-03-01,2026 春茶展\n"
    )
    batch = brought(text, owner, "consent")
    assert (batch.created, batch.bad) == (1, 0), [each.message for each in batch.problems.all()]
    consent = Consent.objects.get()
    assert (consent.source, str(consent.given_on)) == ("import", "2026-03-01")


def test_a_sensitive_field_refuses_writes_without_a_separate_consent(zhang, owner):
    given = {"label_zh": "身份证", "purpose": "开票", "data_class": "sensitive"}
    field = define_field("contact", {**given, "field_kind": "text"}, actor=owner, on=TODAY)
    entries = {field.key: "110101199001011234"}
    with pytest.raises(Refused, match="身份证"):
        edit_contact(zhang, entries, actor=owner, on=TODAY)
    fields = {"customer": zhang.customer, "contact": zhang, "purpose": "sensitive"}
    give_consent(fields | {"source": "written"}, actor=owner, on=TODAY)
    zhang.refresh_from_db()
    edit_contact(zhang, entries, actor=owner, on=TODAY)
    zhang.refresh_from_db()
    assert zhang.custom[field.key].startswith("1101")


def test_a_night_leaves_nothing_overdue_and_takes_nothing_that_is_held(anhui_tea, owner, li_wei):
    now = timezone.now()
    JobRun.objects.create(name="x", title="x", state="done", finished_at=now - timedelta(days=40))
    log_interaction(anhui_tea, "note", "旧", actor=li_wei, at=now - timedelta(days=900))
    log_interaction(anhui_tea, "note", "新", actor=li_wei, at=now)
    set_rule("customers_interaction", 730, "服务客户", actor=owner, at=now)
    set_hold(actor=owner, on=TODAY, reason="诉讼", customer=anhui_tea)
    told = {each.clock.table: (each.due, each.held) for each in dry_run(now)}
    assert told["core_jobrun"] == (1, 0)
    assert told["customers_interaction"] == (0, 1)
    run = apply_retention(actor=SYSTEM, at=now)
    assert (run.removed, run.held, run.overdue) == (
        {"core_jobrun": 1},
        {"customers_interaction": 1},
        0,
    )
    assert Interaction.objects.count() == 2
    assert RetentionRun.objects.count() == 1


def test_what_goes_abroad_is_counted_by_person_and_year(zhang, anhui_tea, owner):
    abroad = Recipient.objects.create(
        name="Mailer", sort="processor", purpose="p", fields_sent="f", country="DE", contract="c"
    )
    home = Recipient.objects.create(
        name="短信", sort="processor", purpose="p", fields_sent="f", country="CN", contract="c"
    )
    assert note_transfer(abroad, [zhang], actor=owner, on=TODAY) == 1
    assert note_transfer(abroad, [zhang, anhui_tea], actor=owner, on=TODAY) == 1
    assert note_transfer(home, [zhang], actor=owner, on=TODAY) == 0
    assert note_transfer(abroad, [zhang], actor=owner, on=TODAY, is_sensitive=True) == 1
    found = transfers_of(TODAY.year)
    assert (found.general, found.sensitive) == (2, 1)
    assert not found.is_general_alarm
    assert transfers_of(TODAY.year + 1).general == 0


def test_the_clocks_of_an_incident_follow_grade_and_place():
    incident = Incident(grade="larger", found_at=NOW, in_china=True, in_europe=True)
    assert incident.clocks == [
        ("china", NOW + timedelta(hours=4)),
        ("europe", NOW + timedelta(hours=72)),
    ]
