"""The settings of how tickets come in: set up by who may, seen by who works with them."""

import pytest

from kezhi.messaging.models import Incoming, MailAccount
from kezhi.service.models import IntakeRule, IntakeSettings, ServiceForm, ServiceMailbox

pytestmark = pytest.mark.django_db


def test_the_owner_lets_a_mailbox_serve_and_says_how(web, owner, company):
    box = MailAccount.objects.create(name="客服", address="s@y.example", purpose="shared")
    browser = web(owner)
    assert browser.post("/settings/intake/mailboxes/", {"account": box.pk}).status_code == 302
    desk = ServiceMailbox.objects.get()
    path = f"/settings/intake/mailboxes/{desk.pk}/"
    about = {"version": desk.version, "type": "complaint", "language": "en"}
    assert browser.post(path, about).status_code == 302
    assert browser.post(path, about).status_code == 409
    desk.refresh_from_db()
    assert (desk.type, desk.language, desk.is_confirming) == ("complaint", "en", False)
    assert browser.get("/settings/intake/").status_code == 200
    browser.post(f"{path}end/")
    assert browser.get(path).status_code == 404


def test_rules_forms_times_and_words_are_kept(web, owner, company):
    browser = web(owner)
    for words in ("破损、坏了", "投诉"):
        rule = {"words": words, "type": "complaint", "priority": "3"}
        assert browser.post("/settings/intake/rules/", rule).status_code == 302
    assert browser.post("/settings/intake/rules/", {"words": ""}).status_code == 422
    last = IntakeRule.objects.last()
    browser.post(f"/settings/intake/rules/{last.pk}/up/")
    assert [rule.words for rule in IntakeRule.objects.all()] == [["投诉"], ["破损", "坏了"]]
    form = {"slug": "help", "title_zh": "联系我们", "types": ["fault"], "is_active": "1"}
    assert browser.post("/settings/intake/forms/new/", form).status_code == 302
    assert browser.post("/settings/intake/forms/new/", form).status_code == 422
    made = ServiceForm.objects.get()
    bad = {**form, "version": made.version, "sites": "javascript:alert(1)"}
    assert browser.post(f"/settings/intake/forms/{made.pk}/", bad).status_code == 422
    general = {"version": 1, "reopen_days": 7, "link_days": 30, "unanswered_hours": 8}
    general |= {"confirmations_per_hour": 10, "text_zh": "{{ticket.number}} 收到"}
    assert browser.post("/settings/intake/general/", general).status_code == 302
    assert IntakeSettings.current().reopen_days == 7
    gaps = {**general, "version": 2, "text_zh": "{{customer.secret}}"}
    assert browser.post("/settings/intake/general/", gaps).status_code == 422


def test_letters_without_a_ticket_are_shown_and_taken_in(web, agent, owner, desk, company):
    box = {"account": desk.account, "uid_validity": 1, "uid": 1, "sha256": "a", "size": 1}
    letter = Incoming.objects.create(**box, subject="Lost", from_address="a@b.example",
                                     text="x", received_at=desk.since)  # fmt: skip
    assert b"Lost" in web(agent).get("/settings/intake/letters/").content
    assert web(agent).post("/settings/intake/letters/sweep/").status_code == 403
    assert web(owner).post("/settings/intake/letters/sweep/").status_code == 302
    letter.refresh_from_db()
    assert letter.about_kind == "ticket"
    assert b"Lost" not in web(agent).get("/settings/intake/letters/").content


def test_lists_take_as_many_questions_for_many_rows(
    web, owner, desk, django_assert_max_num_queries
):
    browser = web(owner)
    for number in range(12):
        ServiceForm.objects.create(slug=f"f{number}", title_en=f"F{number}")
        IntakeRule.objects.create(words=[f"w{number}"], type="fault", position=number)
    for page in ("", "forms/", "rules/", "letters/"):
        with django_assert_max_num_queries(22):
            browser.get(f"/settings/intake/{page}")
