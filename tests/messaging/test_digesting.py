"""The digest and notices by mail: at the hour that was chosen, with what the person may see when it leaves."""

from datetime import UTC, datetime, timedelta

import pytest

from cast import TODAY
from kezhi.accounts.models import Role, User
from kezhi.accounts.traffic import note_refused_rows, take_rows
from kezhi.core.actor import SYSTEM
from kezhi.customers.concerning import tell_what_is_due
from kezhi.customers.creating import create_customer, reassign_customer
from kezhi.customers.following_up import log_interaction, plan_follow_up
from kezhi.customers.models import Standing
from kezhi.insight.models import TierMove
from kezhi.messaging.delivering import deliver
from kezhi.messaging.digesting import queue_digests
from kezhi.messaging.models import Notice, NoticePreference, Outgoing
from kezhi.messaging.noticing import MOST_ALIKE, forget_old, notify, out_of_quiet

pytestmark = pytest.mark.django_db

FRIDAY_AT_EIGHT = datetime(2026, 11, 20, 0, 1, tzinfo=UTC)  # in Shanghai


@pytest.fixture
def reader(li_wei, smtp_server, post_office):
    """Li Wei gets a digest every working day at eight, and mail at any hour."""
    post_office(smtp_server.port)
    li_wei.email = "li@yuanhang.example"
    li_wei.save()
    NoticePreference.objects.create(
        person=li_wei, digest="daily", digest_hour=8, quiet_from=0, quiet_until=0
    )
    return li_wei


def told(smtp_server):
    return "".join(mail.get_body(("plain",)).get_content() for mail in smtp_server.taken)


def send_all(at):
    for pk in Outgoing.objects.filter(state="waiting").values_list("pk", flat=True):
        deliver(pk, at)


def test_a_digest_tells_what_is_due_and_new_once_a_day(reader, manager, anhui_tea, smtp_server):
    work = {"customer": anhui_tea, "subject": "回访", "due_on": TODAY, "assignee": reader}
    plan_follow_up(work, actor=manager, on=TODAY)
    log_interaction(anhui_tea, "note", "@李伟 请看", actor=manager, at=FRIDAY_AT_EIGHT)
    Notice.objects.update(created_at=FRIDAY_AT_EIGHT - timedelta(hours=2))
    for _round in range(2):
        queue_digests(actor=SYSTEM, at=FRIDAY_AT_EIGHT)
    send_all(FRIDAY_AT_EIGHT)
    assert len(smtp_server.taken) == 1
    text = told(smtp_server)
    assert "安徽茶业有限公司: 回访" in text
    assert "周启明" in text


def test_what_was_taken_away_before_it_leaves_is_not_told(
    reader, manager, anhui_tea, sun_yue, smtp_server
):
    mine = create_customer({"name": "自己的客户"}, actor=reader, on=TODAY)
    for customer, subject in ((anhui_tea, "机密"), (mine, "公开")):
        work = {"customer": customer, "subject": subject, "due_on": TODAY, "assignee": reader}
        plan_follow_up(work, actor=manager, on=TODAY)
    log_interaction(anhui_tea, "note", "@李伟 机密", actor=manager, at=FRIDAY_AT_EIGHT)
    Notice.objects.update(created_at=FRIDAY_AT_EIGHT - timedelta(hours=2))
    queue_digests(actor=SYSTEM, at=FRIDAY_AT_EIGHT)
    reassign_customer(anhui_tea, sun_yue, actor=manager, on=TODAY)
    anhui_tea.follow_ups.update(assignee=sun_yue)
    send_all(FRIDAY_AT_EIGHT)
    assert "公开" in told(smtp_server)
    assert "机密" not in told(smtp_server)


def test_with_nothing_to_tell_no_digest_leaves(reader, smtp_server):
    queue_digests(actor=SYSTEM, at=FRIDAY_AT_EIGHT)
    send_all(FRIDAY_AT_EIGHT)
    assert smtp_server.taken == []
    assert Outgoing.objects.get().problem == "nothing"


@pytest.mark.parametrize(("days", "hours", "queued"), [(0, 0, 1), (0, 1, 0), (1, 0, 0), (3, 0, 1)])
def test_digests_come_at_the_chosen_hour_of_working_days(reader, days, hours, queued):
    at = FRIDAY_AT_EIGHT + timedelta(days=days, hours=hours)
    assert queue_digests(actor=SYSTEM, at=at) == queued


def test_quiet_hours_hold_mail_until_they_end(reader):
    preference = NoticePreference(quiet_from=21, quiet_until=8)
    at_night = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)  # 23:30 in Shanghai
    assert out_of_quiet(preference, at_night) == datetime(2026, 11, 21, 0, 0, tzinfo=UTC)
    at_noon = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
    assert out_of_quiet(preference, at_noon) == at_noon


def test_a_change_of_hundreds_is_not_told_hundreds_of_times(li_wei, manager, anhui_tea):
    for _round in range(MOST_ALIKE + 20):
        words = {"what": "x"}
        notify([li_wei.pk], "customer.assigned", at=FRIDAY_AT_EIGHT, by=manager, words=words)
    assert Notice.objects.count() == MOST_ALIKE
    assert Notice.objects.latest("pk").words["more"] == 20


def test_what_is_due_is_told_once_in_the_morning(reader, manager, anhui_tea):
    work = {"customer": anhui_tea, "subject": "回访", "due_on": TODAY}
    plan_follow_up(work, actor=reader, on=TODAY)
    for _round in range(2):
        tell_what_is_due(actor=SYSTEM, at=FRIDAY_AT_EIGHT)
    assert Notice.objects.get().words["what"] == 1


def test_old_notices_are_forgotten(li_wei):
    notify([li_wei.pk], "job.done", at=FRIDAY_AT_EIGHT, words={"what": "x"})
    forget_old(actor=SYSTEM, at=FRIDAY_AT_EIGHT + timedelta(days=80))
    assert Notice.objects.count() == 1
    forget_old(actor=SYSTEM, at=FRIDAY_AT_EIGHT + timedelta(days=91))
    assert Notice.objects.count() == 0


def test_a_digest_tells_whose_tier_moved_and_who_may_be_leaving(
    reader, anhui_tea, chen_jing, smtp_server
):
    theirs = create_customer({"name": "别人的客户"}, actor=chen_jing, on=TODAY)
    for customer in (anhui_tea, theirs):
        TierMove.objects.create(customer=customer, run_id=1, moved_on=TODAY, before="A", after="C")
    Standing.objects.update(value_at_risk=52_000, overdue_ratio=4.0, p_alive=0.4, stage="stable")
    queue_digests(actor=SYSTEM, at=FRIDAY_AT_EIGHT)
    send_all(FRIDAY_AT_EIGHT)
    text = told(smtp_server)
    assert "A → C" in text
    assert "52,000 CNY" in text
    assert "别人的客户" not in text


def test_owners_hear_at_once_who_takes_very_many_rows(owner, li_wei):
    Role.objects.filter(key="salesperson").update(rows_a_day=6_000)
    actor = User.objects.get(pk=li_wei.pk)
    take_rows(5_001, actor=actor, on=TODAY)
    take_rows(100, actor=actor, on=TODAY)
    notice = Notice.objects.get(kind="quota")
    assert notice.person == owner
    assert "李伟" in notice.words["what"]
    note_refused_rows(9_999, actor=actor, on=TODAY)
    assert Notice.objects.filter(kind="quota", person=owner).count() == 2
