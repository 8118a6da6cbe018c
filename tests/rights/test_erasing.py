"""The drill: a person planted in thirty places is found in all of them, and after erasure in none."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.apps import apps

from cast import NOW, TODAY
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.core.restoring import Restored, steps
from kezhi.customers.creating import create_contact, create_customer
from kezhi.customers.following_up import log_interaction
from kezhi.customers.models import Contact, Customer
from kezhi.ledger.models import Order
from kezhi.messaging.models import Incoming, Outgoing
from kezhi.rights.erasing import erase_person, plan_erasure
from kezhi.rights.holding_back import end_hold, set_hold
from kezhi.rights.models import DataRequest, Erasure
from kezhi.rights.tracing import trace
from kezhi.service.models import PortalAccount
from kezhi.service.portal.actors import PortalActor
from kezhi.service.portal.proposing import moderate, submit, take_vote_back, vote
from planted_person import (
    EMAIL,
    NAME,
    PHONE,
    files_of_others,
    hits,
    letters,
    plant,
)
from portal_people import a_contact, an_account, open_portal

pytestmark = pytest.mark.django_db


@pytest.fixture
def planted(anhui_tea, owner, data_folder, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        contact = plant(anhui_tea, owner)
    files_of_others(data_folder)
    return contact


def test_a_planted_person_is_found_everywhere_and_after_erasure_nowhere(
    planted, owner, data_folder, django_capture_on_commit_callbacks
):
    before = hits(data_folder)
    assert len(before) >= 20
    found = trace(planted)
    searched = {*found.tied, *found.mentions, *LOGS}
    tables = {name for name in before if name in _tables()}
    assert tables <= searched | {"workbench_searchdocument", "customers_matchkey"}
    with django_capture_on_commit_callbacks(execute=True):
        erase_person(planted, actor=owner, at=NOW)
    assert hits(data_folder) == []
    assert not Contact.objects.filter(pk=planted.pk).exists()
    assert (data_folder / "uploads" / "imports" / "others.csv").exists()
    assert not (data_folder / "uploads" / "mail" / "d").exists()
    assert "GET /other" in (data_folder / "web.log").read_text()


LOGS = {"audit_entry", "audit_change", "audit_sighting"}


def _tables():
    return {model._meta.db_table for model in apps.get_models(include_auto_created=True)} | {
        "procrastinate_jobs"
    }


def test_the_dry_run_changes_nothing_and_says_what_will(planted, data_folder):
    before = hits(data_folder)
    plan = plan_erasure(planted)
    assert plan.deleted["customers_contact"] == 1
    assert plan.redacted["customers_interaction"] == 2
    assert plan.files >= 4
    assert hits(data_folder) == before


def test_a_legal_hold_stands_against_it_until_it_ends(planted, owner):
    hold = set_hold(actor=owner, on=TODAY, reason="诉讼 2026-12", customer=planted.customer)
    assert plan_erasure(planted).holds == ["诉讼 2026-12"]
    with pytest.raises(Refused, match="2026-12"):
        erase_person(planted, actor=owner, at=NOW)
    end_hold(hold, actor=owner, on=TODAY, reason="已结案")
    erase_person(planted, actor=owner, at=NOW)


def test_salespeople_erase_nobody(planted, li_wei):
    with pytest.raises(NotAllowed):
        erase_person(planted, actor=li_wei, at=NOW)


def test_an_erasure_is_done_again_after_a_restore(
    anhui_tea, owner, data_folder, django_capture_on_commit_callbacks
):
    contact = plant(anhui_tea, owner)
    with django_capture_on_commit_callbacks(execute=True):
        erasure = erase_person(contact, actor=owner, at=NOW)
    assert NAME not in (data_folder / "erasures.jsonl").read_text()
    # As from a copy taken before it: the person is there under the same id, the erasure is not.
    Erasure.objects.all().delete()
    Contact.objects.create(
        pk=contact.pk, customer=anhui_tea, name=NAME, phone=PHONE, email=EMAIL, **anhui_tea.place
    )
    log_interaction(anhui_tea, "call", f"{NAME} 又来", actor=owner, at=NOW)
    restored = Restored(taken_at=NOW - timedelta(days=1), at=NOW, source="monday")
    with django_capture_on_commit_callbacks(execute=True):
        assert dict(steps())["rights.erasures"](restored) == 1
    assert hits(data_folder) == []
    assert Erasure.objects.get().pseudonym == erasure.pseudonym
    assert dict(steps())["rights.erasures"](restored) == 0
    lines = (data_folder / "erasures.jsonl").read_text().splitlines()
    assert [json.loads(line)["root"] for line in lines] == ["contact"]


def test_another_person_under_the_same_id_is_left_alone(anhui_tea, owner):
    contact = create_contact(
        {"customer": anhui_tea, "name": "赵六", "phone": PHONE}, actor=owner, on=TODAY
    )
    erase_person(contact, actor=owner, at=NOW)
    Contact.objects.create(pk=contact.pk, customer=anhui_tea, name="孙七", **anhui_tea.place)
    restored = Restored(taken_at=NOW, at=NOW, source="monday")
    assert dict(steps())["rights.erasures"](restored) == 0
    assert Contact.objects.get(pk=contact.pk).name == "孙七"


def test_a_name_that_others_bear_goes_only_from_the_rows_of_their_customer(anhui_tea, owner):
    wanted = create_contact({"customer": anhui_tea, "name": "李伟"}, actor=owner, on=TODAY)
    other = create_customer({"name": "另一家"}, actor=owner, on=TODAY)
    create_contact({"customer": other, "name": "李伟明"}, actor=owner, on=TODAY)
    mine = log_interaction(anhui_tea, "call", "李伟来电", actor=owner, at=NOW)
    theirs = log_interaction(other, "call", "李伟明来电", actor=owner, at=NOW)
    erasure = erase_person(wanted, actor=owner, at=NOW)
    mine.refresh_from_db()
    theirs.refresh_from_db()
    assert mine.text == f"{erasure.pseudonym}来电"
    assert theirs.text == "李伟明来电"


def test_a_customer_who_is_a_person_keeps_their_facts_under_a_pseudonym(owner, data_folder):
    person = create_customer(
        {"name": NAME, "form": "person", "phone": PHONE, "email": EMAIL}, actor=owner, on=TODAY
    )
    log_interaction(person, "call", "问价", actor=owner, at=NOW)
    letters(person, owner)
    order = Order.objects.create(
        number="SO-9", customer=person, ordered_on=TODAY, currency="CNY", amount=Decimal(99),
        custom={"to": NAME}, **person.place,
    )  # fmt: skip
    erasure = erase_person(person, actor=owner, at=NOW)
    left = Customer.objects.get(pk=person.pk)
    assert (left.name, left.phone, left.email) == (erasure.pseudonym, "", "")
    assert left.interactions.count() == 0
    assert not any(model.objects.exists() for model in (Incoming, Outgoing))
    assert left.standing.tier == ""
    order.refresh_from_db()
    assert order.amount == 99
    assert order.custom == {}
    assert hits(data_folder) == []


def test_requests_keep_their_history_without_the_name(planted, owner):
    request = DataRequest.objects.create(
        sort="delete", person_name=NAME, contact=planted, customer=planted.customer, channel="email",
        received_on=TODAY, due_on=TODAY, state="working",
    )  # fmt: skip
    erasure = erase_person(planted, actor=SYSTEM, at=NOW, request=request)
    request.refresh_from_db()
    assert request.person_name == erasure.pseudonym
    assert request.contact is None


def test_who_is_erased_leaves_the_portal_and_takes_their_votes_along(anhui_tea, owner, data_folder):
    open_portal()
    accounts = [
        an_account(a_contact(anhui_tea, name, email))
        for name, email in ((NAME, EMAIL), ("吴涛", "wu@tea.example"))
    ]
    idea, own = (
        submit(title, f"{NAME} 想要", actor=PortalActor(account), at=NOW, on=TODAY)
        for title, account in zip(("小包装", "夜间送货"), reversed(accounts), strict=True)
    )
    for each in (idea, own):
        moderate(each, {"is_published": True}, actor=owner, on=TODAY)
    for account in accounts:
        vote(idea, actor=PortalActor(account), at=NOW)
        vote(idea, actor=PortalActor(account), at=NOW)
    idea.refresh_from_db()
    assert idea.votes_count == 2
    erase_person(accounts[0].contact, actor=owner, at=NOW)
    assert list(PortalAccount.objects.all()) == [accounts[1]]
    idea.refresh_from_db()
    own.refresh_from_db()
    assert (idea.votes_count, idea.votes.count()) == (1, 1)
    # What they proposed stays with the customer, without them.
    assert (own.contact_id, own.account_id) == (None, None)
    assert NAME not in own.text
    assert take_vote_back(idea, actor=PortalActor(accounts[1])).votes_count == 0
