"""Reports by mail: due by the clock of their place, queued once, written with the recipient's rights."""

from datetime import UTC, datetime, time

import pytest

from cast import NOW
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.insight.mailing_reports import reports_are_due, send_due_reports, write_report
from kezhi.messaging.letters import as_text
from kezhi.messaging.models import Outgoing
from kezhi.workbench.reporting.keeping import change_report, delete_report, save_report
from kezhi.workbench.reporting.scheduling import next_moment, pause_schedule, schedule_report
from kezhi.workbench.reporting.spec import Spec

pytestmark = pytest.mark.django_db


@pytest.fixture
def report(owner, books):
    return save_report(
        Spec.parse("of=order&measure=sum.amount&by=customer:owner"), "每人销售", actor=owner
    )


def planned(report, owner, *people, **more):
    return schedule_report(
        report, [each.pk for each in people], actor=owner, at=NOW,
        **{"rhythm": "weekly", "at_time": time(8), "zone": "Asia/Shanghai", "file": "csv"} | more,
    )  # fmt: skip


def reachable(*people):
    for each in people:
        each.email = f"{each.login}@example.com"
        each.save()


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"rhythm": "daily", "at_time": time(7, 30)}, datetime(2026, 3, 2, 23, 30, tzinfo=UTC)),
        ({"rhythm": "weekly", "weekday": 4}, datetime(2026, 3, 6, 0, tzinfo=UTC)),
        ({"rhythm": "monthly", "day_of_month": 1}, datetime(2026, 4, 1, 0, tzinfo=UTC)),
        (
            {"rhythm": "daily", "zone": "America/New_York"},  # clocks go forward on the 8th
            datetime(2026, 3, 2, 13, tzinfo=UTC),
        ),
    ],
)
def test_the_next_moment_is_by_the_clock_of_the_place(report, owner, more, expected):
    schedule = planned(report, owner, owner, **more)
    assert next_moment(schedule, datetime(2026, 3, 2, 1, tzinfo=UTC)) == expected


def test_the_hour_stays_when_clocks_change(report, owner):
    schedule = planned(report, owner, owner, rhythm="daily", zone="America/New_York")
    assert next_moment(schedule, datetime(2026, 3, 8, 11, tzinfo=UTC)).hour == 8
    assert next_moment(schedule, datetime(2026, 3, 8, 11, tzinfo=UTC)).astimezone(UTC).hour == 12


def test_each_gets_what_they_may_see_themselves_and_once(report, owner, li_wei, manager):
    reachable(owner, li_wei, manager)
    schedule = planned(report, owner, owner, li_wei)
    assert not reports_are_due(NOW)
    due = schedule.next_at
    assert send_due_reports(actor=SYSTEM, at=due) == 2
    assert send_due_reports(actor=SYSTEM, at=due) == 0
    written = {each.person_id: write_report(each, due) for each in Outgoing.objects.all()}
    whole, own = (as_text(written[person.pk].parts) for person in (owner, li_wei))
    assert "陈静" in whole
    assert "陈静" not in own
    assert "李伟" in own
    assert len(written[owner.pk].files) == 1
    assert written[li_wei.pk].files == []  # salespeople don't export orders


def test_a_mail_leads_to_the_report_only_who_is_of_the_department_it_is_shown_to(
    report, owner, li_wei, chen_jing, organisation
):
    reachable(li_wei, chen_jing)
    report = change_report(report, {"audience": f"department:{organisation.east.pk}"}, actor=owner)
    schedule = planned(report, owner, li_wei, chen_jing)
    send_due_reports(actor=SYSTEM, at=schedule.next_at)
    written = {each.person_id: write_report(each, NOW) for each in Outgoing.objects.all()}
    inside, outside = (as_text(written[person.pk].parts) for person in (li_wei, chen_jing))
    assert f"/reports/{report.pk}/" in inside
    assert f"/reports/{report.pk}/" not in outside
    assert "李伟" in inside
    assert "李伟" not in outside


def test_what_was_deleted_or_paused_is_not_sent(report, owner):
    reachable(owner)
    schedule = planned(report, owner, owner)
    send_due_reports(actor=SYSTEM, at=schedule.next_at)
    paused = pause_schedule(schedule, actor=owner, at=NOW)
    assert send_due_reports(actor=SYSTEM, at=paused.next_at) == 0
    delete_report(report, actor=owner)
    assert write_report(Outgoing.objects.get(), NOW) is None


def test_only_who_keeps_it_sends_it_and_only_to_colleagues(report, owner, manager):
    with pytest.raises(NotAllowed):
        planned(report, manager, manager)
    with pytest.raises(Refused):
        planned(report, owner)
    with pytest.raises(Refused):
        planned(report, owner, owner, zone="UTC'; COPY (SELECT 1) TO PROGRAM 'id';--")
