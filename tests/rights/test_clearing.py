"""Clocks of tickets, letters, complaints, surveys, files, contacts and prospects: what goes and what stays."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cast import TODAY
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.creating import create_contact, create_customer
from kezhi.customers.following_up import log_interaction
from kezhi.customers.models import Contact, Customer
from kezhi.ledger.models import Order
from kezhi.messaging import storing
from kezhi.messaging.models import Incoming, MailAccount, Outgoing, OutgoingFile
from kezhi.records.retention import CLOCKS
from kezhi.rights.holding_back import end_hold, set_hold
from kezhi.rights.retaining import apply_retention, dry_run, set_rule
from kezhi.satisfaction.models import (
    Survey,
    SurveyInvitation,
    SurveyResponse,
    SurveyVersion,
)
from kezhi.service.models import Complaint, Ticket, TicketEntry
from kezhi.workbench.attaching import attach, path_of
from kezhi.workbench.models import Attachment, SearchDocument

pytestmark = pytest.mark.django_db

LONG = 400
RULE = 365


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def old(now):
    return now - timedelta(days=LONG)


@pytest.fixture
def clear(now, owner, django_capture_on_commit_callbacks):
    """Set the rules, let a night pass; what went, by table."""

    def night(*tables):
        for table in tables:
            set_rule(table, max(RULE, CLOCKS[table].least_days), "服务客户", actor=owner, at=now)
        before = {each.clock.table: each.due for each in dry_run(now) if each.due}
        with django_capture_on_commit_callbacks(execute=True):
            run = apply_retention(actor=SYSTEM, at=now)
        # The dry run says what the night does; what waited for some of it may go, too.
        assert all(run.removed[table] >= due for table, due in before.items())
        assert run.overdue == 0
        return run.removed

    return night


def a_ticket(customer, at, number, closed_at=None, **more):
    ticket = Ticket.objects.create(
        number=number, type="inquiry", state="closed" if closed_at else "open", channel="email",
        subject=f"询价 {number}", customer=customer, opened_at=at, solved_at=closed_at, closed_at=closed_at,
        **customer.place, **more,
    )  # fmt: skip
    entry = TicketEntry.objects.create(ticket=ticket, sort="question", at=at, text=f"问题 {number}")
    return ticket, entry


def a_letter(customer, at, uid=1, **more):
    mailbox, _is_new = MailAccount.objects.get_or_create(
        name="客服", purpose="shared", address="cs@tea.example"
    )
    letter = Incoming.objects.create(
        account=mailbox, uid_validity=1, uid=uid, sha256=f"{uid:064}", size=9, subject="报价",
        from_address="a@b.example", text="请报价", customer_id=customer.pk, received_at=at, **more,
    )  # fmt: skip
    storing.store(letter.stored_as, b"letter")
    return letter


def sent(customer, at, state="sent", **more):
    letter = Outgoing.objects.create(
        purpose="letter", message_id=f"<{timezone.now().timestamp()}{at.timestamp()}@tea.example>",
        to=["a@b.example"], subject="报价", customer_id=customer.pk, next_try_at=at, created_at=at,
        state=state, **more,
    )  # fmt: skip
    file = OutgoingFile.objects.create(
        outgoing=letter, name="a.txt", media_type="text/plain", size=1
    )
    storing.store(file.stored_as, b"x")
    return letter, file


def test_no_new_clock_takes_anything_before_the_company_sets_a_time(anhui_tea, old, clear):
    a_ticket(anhui_tea, old, "T-1", closed_at=old)
    a_letter(anhui_tea, old)
    assert clear() == {}


def test_closed_tickets_go_with_words_files_and_search_and_open_ones_stay(
    anhui_tea, owner, now, old, clear, data_folder
):
    gone, entry = a_ticket(anhui_tea, old, "T-1", closed_at=old)
    letter = a_letter(anhui_tea, old, about_kind="ticket", about_id=gone.pk)
    TicketEntry.objects.filter(pk=entry.pk).update(incoming_id=letter.pk)
    kept, _entry = a_ticket(anhui_tea, old, "T-2")
    file = attach(gone, "照片.txt", [b"x"], kind="ticket", actor=owner, at=now)
    assert path_of(file.stored_as).is_file()
    assert clear("service_ticket") == {"service_ticket": 1}
    assert list(Ticket.objects.all()) == [kept]
    assert list(TicketEntry.objects.values_list("ticket_id", flat=True)) == [kept.pk]
    assert not Attachment.objects.exists()
    assert not path_of(file.stored_as).exists()
    assert not SearchDocument.objects.filter(kind="ticket", object_id=gone.pk).exists()
    # The letter has a clock of its own; it doesn't lead to what isn't there.
    letter.refresh_from_db()
    assert (letter.about_kind, letter.about_id) == ("", None)


def test_what_was_written_goes_and_the_ticket_stays_as_a_figure(anhui_tea, old, clear):
    closed, _one = a_ticket(anhui_tea, old, "T-1", closed_at=old)
    still_open, word = a_ticket(anhui_tea, old, "T-2")
    assert clear("service_ticketentry") == {"service_ticketentry": 1}
    assert list(TicketEntry.objects.all()) == [word]
    assert set(Ticket.objects.all()) == {closed, still_open}


def test_a_ticket_waits_for_its_complaint_and_its_case_review(anhui_tea, old, clear):
    first, _entry = a_ticket(anhui_tea, old, "T-1", closed_at=old)
    complaint = Complaint.objects.create(
        ticket=first, customer=anhui_tea, opened_at=old, step_since=old, **anhui_tea.place
    )
    a_ticket(anhui_tea, old, "T-2", closed_at=old)
    taken_in, _entry = a_ticket(anhui_tea, old, "T-3", closed_at=old, merged_into=first)
    assert clear("service_ticket") == {"service_ticket": 1}
    assert set(Ticket.objects.all()) == {first, taken_in}
    # An open complaint stays; once it is completed, both go, and what was merged into the ticket with it.
    assert clear("service_complaint") == {}
    Complaint.objects.filter(pk=complaint.pk).update(closed_at=old)
    assert clear() == {"service_complaint": 1, "service_ticket": 1}
    assert not Ticket.objects.exists()


def test_letters_go_with_their_files_and_are_not_fetched_again(
    anhui_tea, now, old, clear, data_folder
):
    came, fresh = a_letter(anhui_tea, old), a_letter(anhui_tea, now, uid=2)
    left, file = sent(anhui_tea, old)
    waiting, _file = sent(anhui_tea, old, state="waiting")
    Incoming.objects.filter(pk=fresh.pk).update(answers_id=left.pk)
    _ticket, entry = a_ticket(anhui_tea, old, "T-1")
    needed = a_letter(anhui_tea, old, uid=3)
    TicketEntry.objects.filter(pk=entry.pk).update(incoming_id=needed.pk)
    removed = clear("messaging_incoming", "messaging_outgoing")
    assert removed == {"messaging_incoming": 1, "messaging_outgoing": 1}
    assert set(Incoming.objects.all()) == {fresh, needed}
    assert list(Outgoing.objects.all()) == [waiting]
    assert not storing.path_of(came.stored_as).exists()
    assert not storing.path_of(file.stored_as).exists()
    assert storing.path_of(needed.stored_as).exists()
    fresh.refresh_from_db()
    assert fresh.answers_id is None
    assert MailAccount.objects.get().fetches_since == (old + timedelta(days=1)).date()


def test_responses_and_invitations_go_without_each_other(anhui_tea, now, old, clear):
    survey = Survey.objects.create(code="csat", title_zh="满意度")
    version = SurveyVersion.objects.create(survey=survey, number=1)
    asked = {"survey": survey, "survey_version": version, "customer": anhui_tea}
    long_ago = now - timedelta(days=800)
    answered = SurveyInvitation.objects.create(
        **asked,
        state="answered",
        key="a",
        nonce="a",
        token_digest="a",
        due_at=long_ago,
        sent_at=long_ago,
    )
    still_open = SurveyInvitation.objects.create(
        **asked,
        state="sent",
        key="b",
        nonce="b",
        token_digest="b",
        due_at=long_ago,
        sent_at=long_ago,
    )
    SurveyInvitation.objects.update(created_at=long_ago)
    said = SurveyResponse.objects.create(
        **asked, invitation=answered, key="r", answered_at=now, answered_on=TODAY
    )
    once = SurveyResponse.objects.create(
        **asked, key="s", answered_at=old, answered_on=old.date(), case_state="opened"
    )
    wanted = SurveyResponse.objects.create(
        **asked, key="t", answered_at=old, answered_on=old.date(), case_state="wanted"
    )
    removed = clear("satisfaction_surveyresponse", "satisfaction_surveyinvitation")
    assert removed == {"satisfaction_surveyresponse": 1, "satisfaction_surveyinvitation": 1}
    assert set(SurveyInvitation.objects.all()) == {still_open}
    said.refresh_from_db()
    assert said.invitation_id is None
    assert set(SurveyResponse.objects.all()) == {said, wanted}
    assert once.pk


def test_invitations_stay_as_long_as_a_rule_may_rest(owner, now):
    with pytest.raises(Refused, match="730"):
        set_rule("satisfaction_surveyinvitation", 90, "x", actor=owner, at=now)
    assert set_rule("satisfaction_surveyinvitation", 0, "x", actor=owner, at=now).days == 0


def test_files_go_by_their_own_time_but_not_those_of_a_customer_that_is_held(
    anhui_tea, owner, now, old, clear, data_folder
):
    other = create_customer({"name": "黄山合作社"}, actor=owner, on=TODAY)
    contact = create_contact({"customer": anhui_tea, "name": "张三"}, actor=owner, on=TODAY)
    kept = [
        attach(anhui_tea, "a.txt", [b"x"], kind="customer", actor=owner, at=now),
        attach(contact, "b.txt", [b"x"], kind="contact", actor=owner, at=now),
    ]
    gone = attach(other, "c.txt", [b"x"], kind="customer", actor=owner, at=now)
    Attachment.objects.update(created_at=old)
    hold = set_hold(actor=owner, on=TODAY, reason="诉讼", customer=anhui_tea)
    assert clear("workbench_attachment") == {"workbench_attachment": 1}
    assert not path_of(gone.stored_as).exists()
    assert all(path_of(each.stored_as).is_file() for each in kept)
    end_hold(hold, actor=owner, on=TODAY, reason="已结案")
    assert clear() == {"workbench_attachment": 2}


def test_contacts_stay_while_they_or_their_customer_are_dealt_with(
    anhui_tea, owner, li_wei, now, old, clear
):
    people = {
        name: create_contact({"customer": anhui_tea, "name": name}, actor=owner, on=TODAY)
        for name in ("在职", "已离职", "已离职但来过")
    }
    Contact.objects.exclude(name="在职").update(has_left=True)
    log_interaction(anhui_tea, "call", "来电", actor=li_wei, at=now, contact=people["已离职但来过"])
    Contact.objects.update(updated_at=old)
    assert clear("customers_contact") == {"customers_contact": 1}
    assert set(Contact.objects.values_list("name", flat=True)) == {"在职", "已离职但来过"}
    assert not SearchDocument.objects.filter(kind="contact", object_id=people["已离职"].pk).exists()


def test_prospects_go_with_all_that_is_theirs_and_customers_with_facts_stay(
    anhui_tea, owner, now, old, clear, data_folder
):
    made = {
        name: create_customer({"name": name}, actor=owner, on=TODAY)
        for name in ("无人联系", "最近联系过", "买过", "供应商", "有未结工单", "有别人的工单")
    }
    gone = made["无人联系"]
    create_contact({"customer": gone, "name": "张三"}, actor=owner, on=TODAY)
    log_interaction(gone, "note", "旧", actor=owner, at=old)
    letter, (_out, file) = a_letter(gone, old), sent(gone, old)
    file_of_theirs = attach(gone, "a.txt", [b"x"], kind="customer", actor=owner, at=now)
    a_ticket(gone, old, "T-1", closed_at=old)
    log_interaction(made["最近联系过"], "note", "新", actor=owner, at=now)
    Order.objects.create(
        number="SO-1", customer=made["买过"], ordered_on=old.date(), currency="CNY", amount=1,
        **made["买过"].place,
    )  # fmt: skip
    Customer.objects.filter(pk=made["供应商"].pk).update(roles=["supplier"])
    a_ticket(made["有未结工单"], old, "T-2")
    into, _entry = a_ticket(made["有别人的工单"], old, "T-3", closed_at=old)
    a_ticket(anhui_tea, old, "T-4", closed_at=old, merged_into=into)
    Customer.objects.exclude(pk=anhui_tea.pk).update(updated_at=old)
    Contact.objects.update(updated_at=old)
    assert clear("customers_customer") == {"customers_customer": 1}
    assert set(Customer.objects.values_list("name", flat=True)) == {
        anhui_tea.name, *set(made) - {"无人联系"}
    }  # fmt: skip
    assert not Contact.objects.exists()
    assert not Incoming.objects.exists()
    assert not Outgoing.objects.exists()
    for path in (storing.path_of(letter.stored_as), storing.path_of(file.stored_as)):
        assert not path.exists()
    assert not path_of(file_of_theirs.stored_as).exists()
    assert not SearchDocument.objects.filter(customer_id=gone.pk).exists()


def test_a_hold_keeps_what_would_go_along(anhui_tea, owner, now, old, clear):
    ticket, _entry = a_ticket(anhui_tea, old, "T-1", closed_at=old)
    hold = set_hold(actor=owner, on=TODAY, reason="审计", table="service_ticketentry")
    assert clear("service_ticket") == {}
    standing = next(each for each in dry_run(now) if each.clock.table == "service_ticket")
    assert (standing.due, standing.held, standing.hold) == (0, 1, "审计")
    end_hold(hold, actor=owner, on=TODAY, reason="已结束")
    # A ticket of somebody else that took in one of a held customer waits, too.
    other = create_customer({"name": "黄山合作社"}, actor=owner, on=TODAY)
    into, _entry = a_ticket(other, old, "T-2", closed_at=old)
    Ticket.objects.filter(pk=ticket.pk).update(merged_into=into)
    set_hold(actor=owner, on=TODAY, reason="诉讼", customer=anhui_tea)
    assert clear() == {}
    assert Ticket.objects.count() == 2


def test_only_who_sees_to_data_protection_sets_a_time(li_wei, now):
    with pytest.raises(NotAllowed):
        set_rule("service_ticket", 365, "x", actor=li_wei, at=now)
