"""Levels, calendars, rules, what broke and requests between departments, by URL and form."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cast import today_here
from kezhi.service.clocks import escalating
from kezhi.service.clocks.calendars import Entries, save_calendar, usual_hours
from kezhi.service.clocks.counting import count_months
from kezhi.service.models import (
    BusinessCalendar,
    Clock,
    InternalLevel,
    InternalRequest,
    RoutingRule,
    ServiceLevels,
    Ticket,
)
from kezhi.service.needs.binding import need_of
from kezhi.service.needs.requesting import request_internally
from kezhi.service.tickets.answering import answer
from kezhi.service.tickets.opening import open_ticket

pytestmark = pytest.mark.django_db


def now():
    return timezone.now()


def text(response):
    return response.content.decode()


def late_ticket(customer, agent, **fields):
    wanted = {"subject": "漏气", "customer": customer, "assignee": agent, **fields}
    return open_ticket(wanted, actor=agent, at=now() - timedelta(days=20))


def test_levels_are_published_in_versions_and_faults_are_told_beside_the_control(
    web, owner, li_wei
):
    client = web(owner)
    typed = {"fault-A-solution": "8", "fault-solution-measure": "calendar", "step": "2"}
    typed |= {"last_resort": owner.pk}
    refused = client.post("/settings/service-levels/", {**typed, "fault-S-solution": "soon"})
    assert refused.status_code == 422
    assert "fault-S-solution-e" in text(refused)
    assert client.post("/settings/service-levels/", typed).status_code == 422  # without a reason
    typed["reason"] = "约定"
    assert client.post("/settings/service-levels/", typed).status_code == 302
    kept = ServiceLevels.objects.get().promises["fault"]
    assert kept == {"measures": {"solution": "calendar"}, "tiers": {"A": {"solution": 480}}}
    assert client.post("/settings/service-levels/", typed).status_code == 409
    client.post("/settings/service-levels/", {**typed, "fault-A-solution": "4", "reason": "更快"})
    first = ServiceLevels.objects.earliest("pk")
    page = text(client.get(f"/settings/service-levels/?version={first.pk}"))
    assert 'value="8"' in page
    reading = web(li_wei)
    assert reading.get("/settings/service-levels/").status_code == 200
    assert reading.post("/settings/service-levels/", typed).status_code == 403


def test_a_calendar_is_typed_as_people_write_hours(web, owner):
    client = web(owner)
    days = {f"day-{number}": "9:00-12:00、13:00-18:00" for number in range(5)}
    typed = {"name": "总部", "time_zone": "Asia/Shanghai", "country": "CN", **days}
    typed |= {"reason": "办公时间", "exceptions": "2026-12-31 9:00-12:00 盘点\n2027-01-04 休整"}
    wrong = client.post("/settings/calendars/new/", {**typed, "day-5": "morning"})
    assert wrong.status_code == 422
    made = client.post("/settings/calendars/new/", typed)
    calendar = BusinessCalendar.objects.get()
    assert made["Location"] == f"/settings/calendars/{calendar.pk}/"
    assert calendar.weekly[0] == [["09:00", "12:00"], ["13:00", "18:00"]]
    assert calendar.exceptions[1] == {"on": "2027-01-04", "hours": [], "name": "休整"}
    assert calendar.is_default
    page = text(client.get(made["Location"]))
    assert "make-up workday" in page
    assert "盘点" in page
    assert '<option value="CN" selected>China</option>' in page
    assert "holidays of China" in text(client.get("/settings/service-levels/"))
    stale = client.post(made["Location"], {**typed, "name": "总公司", "version": "0"})
    assert stale.status_code == 409


def test_a_calendar_by_which_nothing_was_promised_is_deleted(web, owner, li_wei, anhui_tea):
    usual = Entries("总部", usual_hours())
    main, used, idle = (
        save_calendar(None, replace(usual, name=name), actor=owner, at=now(), reason="开门")
        for name in ("总部", "合肥", "南京")
    )
    open_ticket({"customer": anhui_tea, "subject": "破损", "type": "fault"}, actor=owner, at=now())
    Clock.objects.update(calendar=used)
    assert Clock.objects.exists()
    assert web(li_wei).post(f"/settings/calendars/{idle.pk}/removal/").status_code == 403
    client = web(owner)
    for calendar in (main, used):
        refused = client.post(f"/settings/calendars/{calendar.pk}/removal/")
        assert refused.status_code == 409
    assert "Promises on tickets were counted by it" in text(refused)
    assert "Delete this calendar" in text(client.get(f"/settings/calendars/{idle.pk}/"))
    assert client.post(f"/settings/calendars/{idle.pk}/removal/").status_code == 302
    assert set(BusinessCalendar.objects.all()) == {main, used}


def test_rules_and_agreements_are_kept_and_deleted(web, owner, agent, organisation):
    client = web(owner)
    rule = {"name": "投诉", "types": ["complaint"], "words": "破损，漏", "is_active": "1"}
    assert client.post("/settings/routing/", rule).status_code == 422
    first = {**rule, "person": agent.pk, "position": "first"}
    assert client.post("/settings/routing/", first).status_code == 422
    assert client.post("/settings/routing/", {**rule, "person": agent.pk}).status_code == 302
    kept = RoutingRule.objects.get()
    assert (kept.words, kept.person) == (["破损", "漏"], agent)
    assert "破损" in text(client.get(f"/settings/routing/?rule={kept.pk}"))
    client.post(f"/settings/routing/{kept.pk}/removal/")
    assert not RoutingRule.objects.exists()
    agreed = {"providing": organisation.south.pk, "solution": "4", "agreement": "半天"}
    assert client.post("/settings/agreements/", agreed).status_code == 302
    assert client.post("/settings/agreements/", agreed).status_code == 422  # one of each
    assert InternalLevel.objects.get().solution_minutes == 240


def test_the_ticket_tells_its_promise_and_the_lists_tell_what_broke(
    web, owner, agent, anhui_tea, chen_jing
):
    ticket = late_ticket(anhui_tea, agent)
    page = text(web(agent).get(f"/tickets/{ticket.pk}/"))
    assert "data-deadline" in page
    assert " late" in page
    escalating.attend(now())
    assert ticket.number in text(web(agent).get("/"))
    assert "漏气" in text(web(owner).get("/service/breaches/?tier=&kind=first_answer&open=1"))
    assert "漏气" not in text(web(owner).get("/service/breaches/?kind=solution"))
    assert "漏气" not in text(web(chen_jing).get("/service/breaches/"))
    count_months(today_here())
    report = text(web(owner).get("/service/promises/"))
    assert "/service/breaches/?kind=first_answer" in report
    taken = web(owner).post("/service/breaches/export/", {})
    assert ticket.number in b"".join(taken.streaming_content).decode()
    assert web(chen_jing).post("/service/breaches/export/", {}).status_code == 403


def test_the_list_of_broken_promises_asks_as_often_for_many_as_for_few(
    web, owner, agent, anhui_tea
):
    def asked():
        client = web(owner)
        client.get("/service/breaches/")
        with CaptureQueriesContext(connection) as captured:
            client.get("/service/breaches/")
        return len(captured)

    late_ticket(anhui_tea, agent)
    escalating.attend(now())
    few = asked()
    for _number in range(6):
        late_ticket(anhui_tea, agent)
    escalating.attend(now())
    assert asked() == few


def test_a_need_s_page_tells_the_customer_a_day(web, agent, anhui_tea):
    fields = {"type": "need", "subject": "小包装", "customer": anhui_tea, "assignee": agent}
    ticket = open_ticket(fields, actor=agent, at=now())
    client = web(agent)
    assert "reply-day-on" in text(client.get(f"/tickets/{ticket.pk}/"))
    day = today_here() + timedelta(days=5)
    told = {"on": day.isoformat(), "text": "五天内答复"}
    assert client.post(f"/tickets/{ticket.pk}/reply-day/", told).status_code == 302
    assert need_of(ticket).reply_due_on == day


def test_a_request_is_the_asker_s_and_the_asked_department_s(
    web, li_wei, chen_jing, sun_yue, organisation, owner
):
    organisation.south.head = chen_jing
    organisation.south.save()
    client = web(li_wei)
    wanted = {"department": organisation.south.pk, "subject": "要样品", "text": "三款"}
    made = client.post("/service/requests/new/", wanted)
    request = InternalRequest.objects.get()
    assert made["Location"] == f"/service/requests/{request.pk}/"
    assert "三款" in text(client.get(made["Location"]))
    assert web(sun_yue).get(made["Location"]).status_code == 404
    theirs = web(chen_jing)
    assert "要样品" in text(theirs.get("/service/requests/?of=others"))
    assert theirs.post(made["Location"] + "rating/", {"rating": "5"}).status_code == 403
    ticket = Ticket.objects.get()
    answer(ticket, "已寄", actor=chen_jing, at=now(), state="solved", channel="colleague")
    web(li_wei).post(made["Location"] + "rating/", {"rating": "4", "comment": "快"})
    request.refresh_from_db()
    assert (request.rating, request.comment) == (4, "快")
    taken_out = b"".join(web(owner).post("/service/requests/export/").streaming_content).decode()
    assert ",Solved," in taken_out
    Ticket.objects.update(state="spam")
    assert "words/" not in text(web(li_wei).get(made["Location"]))


def test_asking_needs_no_role_for_tickets(analyst, organisation, owner):
    made = request_internally(organisation.head, "要数据", "", actor=analyst, at=now())
    assert (made.requester, made.ticket.assignee) == (analyst, owner)
