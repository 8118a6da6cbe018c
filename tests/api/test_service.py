"""Tickets, complaints, requests and promises by program: the pages' deeds, with their refusals."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from kezhi.audit.models import Entry
from kezhi.ledger.models import CostEntry
from kezhi.service.models import Clock, Complaint, RoutingRule, Ticket, TicketEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def opened(program, agent, anhui_tea):
    """A ticket that a program of the agent opened, and the program."""
    erp = program(agent)
    sent = {"customer": {"key": "C-AHTEA"}, "subject": "三箱破损", "text": "纸箱湿了"}
    return erp, erp.post("/tickets", {**sent, "type": "fault"})


def test_a_ticket_takes_the_first_words_and_tells_them(opened, anhui_tea):
    erp, made = opened
    assert (made.status, made.json["text"], made.json["channel"]) == (201, "纸箱湿了", "api")
    one = f"/tickets/{made.json['id']}"
    assert erp.get(one).json["text"] == "纸箱湿了"
    assert "text" not in erp.get(f"{one}?fields=subject").json
    assert erp.patch(one, {"text": "干的"}).status == 422
    bulk = [{"op": "create", "fields": {"subject": "第二件", "text": "补发", "channel": "phone"}}]
    (second,) = erp.post("/tickets/bulk", {"items": bulk}).json["results"]
    assert erp.get(f"/tickets/{second['id']}").json["text"] == "补发"
    wrong = erp.post("/tickets", {"subject": "x", "text": 7, "channel": "pigeon"})
    assert {each["pointer"] for each in wrong.json["errors"]} == {"/text", "/channel"}


def test_words_go_both_ways_once_each(opened):
    erp, made = opened
    one = f"/tickets/{made.json['id']}"
    for _again in range(2):
        told = erp.post(
            f"{one}/answer",
            {"text": "今天补发", "channel": "phone", "minutes": 5},
            idempotency_key="a-1",
        )
    assert (told.status, told.json["state"]) == (200, "open")
    assert erp.post(f"{one}/note", {"text": "仓库确认过"}).status == 200
    assert erp.post(f"{one}/answer", {"text": "  "}).status == 409
    assert erp.post(f"{one}/state", {"state": "solved", "solution": "补发三箱"}).status == 200
    again = erp.post(f"{one}/message", {"text": "还是湿的", "sender": "张敏"})
    assert (again.json["state"], again.json["reopened_count"]) == ("open", 1)
    said = erp.get(f"{one}/entries").json["items"]
    assert [each["sort"] for each in said if each["sort"] != "event"] == [
        *("received", "sent", "note", "received"),
    ]
    assert said[-1]["text"] or said[-1]["event"]
    first = erp.get(f"{one}/entries?limit=1").json
    assert erp.get(f"{one}/entries?limit=200&after={first['next']}").json["items"] == said[1:]
    assert erp.get(f"{one}/entries?newest=1").status == 400
    assert Entry.objects.filter(deed="ticket.answered").count() == 1


def test_a_ticket_is_handed_over_rested_and_merged(opened, program, owner, agent, manager):
    erp, made = opened
    one = f"/tickets/{made.json['id']}"
    boss = program(owner)
    assert erp.post(f"{one}/assignment", {}).status == 422
    given = boss.post(f"{one}/assignment", {"assignee": {"key": manager.login}})
    assert given.json["assignee"]["id"] == manager.pk
    department = boss.get("/departments").json["items"][0]
    passed = {"department": {"key": department["name"]}, "reason": "由他们处理"}
    assert boss.post(f"{one}/assignment", passed).json["assignee"] is None
    until = (timezone.now() + timedelta(days=2)).isoformat()
    assert boss.post(f"{one}/rest", {"until": until}).json["snoozed_until"]
    assert boss.post(f"{one}/rest", {"until": None}).json["snoozed_until"] is None
    other = boss.post("/tickets", {"subject": "同一件", "customer": {"key": "C-AHTEA"}})
    into = {"into": {"key": other.json["number"]}}
    assert boss.post(f"{one}/merge", into).json["state"] == "merged"
    assert boss.post(f"{one}/state", {"state": "open"}).status == 409
    assert boss.post(f"{one}/parting", {}).json["state"] != "merged"
    parent = {"parent": {"id": other.json["id"]}}
    assert boss.post(f"{one}/parent", parent).status == 200
    assert Ticket.objects.get(pk=made.json["id"]).parent_id == other.json["id"]


def test_what_was_promised_on_a_ticket_is_read(opened, chen_jing, program):
    erp, made = opened
    clocks = erp.get(f"/tickets/{made.json['id']}/clocks").json
    assert "first_answer" in {each["kind"] for each in clocks["items"]}
    assert erp.get("/service-breaches").json == {"items": [], "next": None}
    at = timezone.now()
    Clock.objects.update(is_breached=True, breached_at=at)
    found = erp.get("/service-breaches?limit=1").json
    assert found["items"][0]["ticket"]["key"] == made.json["number"]
    rest = erp.get(f"/service-breaches?cursor={found['next']}") if found["next"] else None
    assert rest is None or found["items"][0]["id"] not in {e["id"] for e in rest.json["items"]}
    assert erp.get("/service-breaches?since=yesterday").status == 400
    assert program(chen_jing).get("/service-breaches").json["items"] == []
    assert program(chen_jing).get(f"/tickets/{made.json['id']}/clocks").status == 404


def test_a_complaint_goes_through_its_ten_steps(program, owner, agent, anhui_tea):
    from kezhi.service.models import ComplaintCause

    erp, boss = program(agent), program(owner)
    made = erp.post(
        "/complaints",
        {"customer": {"key": "C-AHTEA"}, "subject": "又晚到三天", "text": "说好周一到"},
    )
    one, cause = (
        f"/complaints/{made.json['id']}",
        ComplaintCause.objects.filter(category="transport").first(),
    )
    assert made.status == 201
    assert erp.post(f"{one}/judgement", {"verdict": "justified", "reason": "r"}).status == 409
    recorded = {"category": "transport", "wanted": "退运费", "loss": "1200.00"}
    step = erp.post(f"{one}/record", recorded)
    assert step.json["step"] == "judge"
    late = erp.post(
        f"{one}/judgement", {"verdict": "justified", "reason": "签收单"}, if_match='"1"'
    )
    assert late.status == 412
    judged = {"verdict": "justified", "reason": "签收单"}
    assert erp.post(f"{one}/judgement", judged, if_match=step.headers["ETag"]).status == 200
    ticket = Complaint.objects.get().ticket
    evidence = TicketEntry.objects.filter(ticket=ticket, sort="received").get().pk
    part = {"sort": "partner", "name": "恒达物流", "share": "0.7", "entry": evidence}
    ours = {"sort": "employee", "person": {"key": agent.login}, "share": 0.3, "entry": evidence}
    short = erp.post(f"{one}/responsibility", {"parties": [part]})
    assert (short.status, "70" in short.json["detail"]) == (409, True)
    assert erp.post(f"{one}/responsibility", {"parties": [{**part, "x": 1}]}).status == 422
    assert erp.post(f"{one}/responsibility", {"parties": [part, ours]}).status == 200
    named = {"cause": {"id": cause.pk}, "words": "司机换线"}
    assert erp.post(f"{one}/cause", named).json["step"] == "propose"
    given = [{"sort": "money", "amount": "800.00", "words": "退运费"}, {"sort": "apology"}]
    proposed = {"given": given, "words": "退运费并道歉", "expected_to_keep": 20000}
    assert erp.post(f"{one}/proposal", proposed).json["step"] == "approve"
    assert erp.post(f"{one}/approval", {}).status == 403  # nobody approves their own
    assert boss.post(f"{one}/approval", {"remark": "同意"}).json["step"] == "act"
    for each in boss.get(f"{one}/case").json["compensation"]:
        key = f"give-{each['id']}"
        for _again in range(2):
            done = erp.post(f"/compensation/{each['id']}/completion", {}, idempotency_key=key)
        assert (done.status, done.json["state"]) == (200, "done")
        assert erp.post(f"/compensation/{each['id']}/completion", {}).status == 409
    assert CostEntry.objects.get(activity="redress").amount == Decimal(800)
    assert erp.post(f"{one}/feedback", {"answer": "silent"}).status == 409
    assert erp.post(f"{one}/attempt", {"channel": "phone", "words": "没人接"}).status == 200
    heard = {"answer": "accepted", "words": "可以"}
    assert erp.post(f"{one}/feedback", heard).json["answer"] == "accepted"
    assert erp.post(f"{one}/review", {"words": "客户满意"}).json["step"] == "summarise"
    assert erp.post(f"{one}/summary", {"words": "换线要先通知"}).json["step"] == "done"
    case = boss.get(f"{one}/case").json
    assert [each["step"] for each in case["steps"]] == [
        *("record", "judge", "apportion", "cause", "propose", "approve", "act"),
        *("feed_back", "review", "summarise"),
    ]
    assert [each["share"] for each in case["parties"]] == ["0.7000", "0.3000"]
    assert (case["proposed"], len(case["attempts"])) == ("800.00", 1)
    back = {"step": "propose", "reason": "补偿不够"}
    assert boss.post(f"{one}/return", back).json["step"] == "propose"
    taken = f"/compensation/{case['compensation'][0]['id']}/reversal"
    assert boss.post(taken, {"reason": "重复"}).json["state"] == "reversed"


def test_a_stranger_learns_nothing_of_a_case(program, owner, chen_jing, li_wei, anhui_tea):
    made = program(owner).post("/complaints", {"customer": anhui_tea.pk, "subject": "破损"})
    one = f"/complaints/{made.json['id']}"
    assert program(chen_jing).get(f"{one}/case").status == 404
    seller = program(li_wei)
    assert seller.get(f"{one}/case").json["step"] == "record"
    assert seller.post(f"{one}/judgement", {"verdict": "partly", "reason": "x"}).status == 403
    assert seller.post(f"{one}/record", {"category": "quality"}).json["step"] == "judge"
    poor = program(owner, {"complaint": ["read"]}, field_rules={"money": "hidden"})
    assert "proposed" not in poor.get(f"{one}/case").json


def test_departments_ask_each_other(program, owner, agent, manager):
    asks, boss = program(agent), program(owner)
    department = boss.get("/departments").json["items"][0]["id"]
    sent = {"department": department, "subject": "要一份检测报告", "text": "客户在等"}
    made = asks.post("/internal-requests", sent, idempotency_key="r-1")
    assert (made.status, made.json["department"]["id"]) == (201, department)
    assert asks.post("/internal-requests", sent, idempotency_key="r-1").json == made.json
    one = f"/internal-requests/{made.json['id']}"
    assert [each["id"] for each in asks.get("/internal-requests").json["items"]] == [
        made.json["id"]
    ]
    assert boss.get("/internal-requests").json["items"] == []
    assert len(boss.get("/internal-requests?of=others").json["items"]) == 1
    assert asks.post(f"{one}/words", {"text": "最好今天"}).status == 200
    assert boss.post(f"{one}/words", {"text": "我也要"}).status == 403
    assert asks.post(f"{one}/rating", {"rating": 5}).status == 409
    ticket = f"/tickets/{made.json['ticket']['id']}"
    assert boss.post(f"{ticket}/state", {"state": "solved"}).status == 200
    assert asks.post(f"{one}/rating", {"rating": 4, "comment": "快"}).json["rating"] == 4


def test_a_customer_is_told_by_which_day_a_need_is_answered(program, owner, li_wei, anhui_tea):
    boss = program(owner)
    need = boss.post(
        "/needs",
        {
            "customer": anhui_tea.pk,
            "what": "要小包装",
            "handler": li_wei.pk,
            "reply_due_on": "2026-12-01",
        },
    )
    day = (timezone.now() + timedelta(days=9)).date().isoformat()
    dated = boss.post(f"/needs/{need.json['id']}/reply-date", {"on": day, "text": "下周答复"})
    assert (dated.status, dated.json["reply_due_on"]) == (200, day)
    assert (
        boss.post(f"/needs/{need.json['id']}/reply-date", {"on": "2020-01-01", "text": "x"}).status
        == 409
    )


def test_promises_are_read_by_all_and_set_by_who_may(program, owner, agent):
    boss, reads = program(owner), program(agent)
    promise = {"type": "fault", "tier": "S", "clock": "first_answer", "minutes": 30}
    version = {"promises": [promise], "step_minutes": 60, "last_resort": owner.pk, "reason": "试行"}
    assert reads.put("/service-levels", version).status == 403
    wrong = boss.put("/service-levels", {**version, "reason": " "})
    assert [each["pointer"] for each in wrong.json["errors"]] == ["/reason"]
    told = boss.put("/service-levels", version)
    assert (told.status, told.json["promises"][0]["minutes"]) == (200, 30)
    assert boss.put("/service-levels", version).status == 409
    held = {
        (e["type"], e["tier"], e["clock"]): e["minutes"]
        for e in reads.get("/service-levels").json["in_force"]
    }
    assert held["fault", "S", "first_answer"] == 30
    assert held["inquiry", "", "first_answer"] == 480


def test_calendars_rules_and_agreements_are_kept(program, owner, agent):
    boss, reads = program(owner), program(agent)
    day = [["09:00", "12:00"], ["13:00", "18:00"]]
    office = {
        "name": "合肥",
        "time_zone": "Asia/Shanghai",
        "weekly": [*[day] * 5, [], []],
        "reason": "开门",
    }
    assert reads.post("/business-calendars", office).status == 403
    made = boss.post("/business-calendars", office)
    assert (made.status, made.json["weekly"][0]) == (201, day)
    one = f"/business-calendars/{made.json['id']}"
    closed = {"exceptions": [{"on": "2026-12-24", "hours": [], "name": "盘点"}], "reason": "盘点"}
    changed = boss.patch(one, closed, if_match=made.headers["ETag"])
    assert changed.json["exceptions"][0]["name"] == "盘点"
    assert changed.json["weekly"] == made.json["weekly"]
    assert boss.patch(one, {**closed, "time_zone": "Mars"}).status == 422
    assert boss.patch(one, closed, if_match=made.headers["ETag"]).status == 412
    assert reads.get(one).json == changed.json
    again = boss.post("/business-calendars", {**office, "name": "南京"})
    other = f"/business-calendars/{again.json['id']}"
    assert boss.delete(one, if_match="*").status == 409  # the default one
    assert (reads.delete(other, if_match="*").status, boss.delete(other).status) == (403, 428)
    assert boss.delete(other, if_match='"7"').status == 412
    assert boss.delete(other, if_match=again.headers["ETag"]).status == 204
    assert boss.get(other).status == 404
    rule = boss.post("/routing-rules", {"name": "故障", "types": ["fault"], "person": agent.pk})
    assert (rule.status, rule.json["person"]["id"]) == (201, agent.pk)
    at = f"/routing-rules/{rule.json['id']}"
    assert boss.patch(at, {"person": None}).status == 409  # somebody must have it
    assert boss.patch(at, {"words": ["破损"]}).json["words"] == ["破损"]
    assert reads.get("/routing-rules").json["items"][0]["words"] == ["破损"]
    assert (boss.delete(at).status, boss.delete(at, if_match="*").status) == (428, 204)
    assert not RoutingRule.objects.exists()
    department = boss.get("/departments").json["items"][0]["id"]
    agreed = {"providing": department, "solution_minutes": 240, "agreement": "报告当天给"}
    assert boss.post("/internal-agreements", agreed).status == 201
    assert reads.get("/internal-agreements").json["items"][0]["solution_minutes"] == 240
