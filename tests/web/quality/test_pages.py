"""Samples are drawn, cases reviewed and answered on screen; each sees the figures that are theirs to see."""

from datetime import timedelta

import pytest

from cast import NOW, TODAY
from kezhi.service.models import CaseReview, Course, Scorecard, SkillLevel, Ticket
from kezhi.service.quality.counting import keep_months
from kezhi.service.quality.standards import publish_scorecard, seven_rights
from kezhi.service.tickets.changing import set_state
from kezhi.service.tickets.opening import open_ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(agent, anhui_tea):
    at = NOW - timedelta(days=2)
    fields = {"subject": "断货", "customer": anhui_tea, "type": "inquiry"}
    ticket = open_ticket(fields, actor=agent, at=at, text="什么时候补货？")
    Ticket.objects.filter(pk=ticket.pk).update(assignee=agent)
    ticket.refresh_from_db()
    return set_state(ticket, "solved", actor=agent, at=at, solution="已补发")


def test_a_case_is_drawn_reviewed_and_answered_on_screen(client, owner, manager, agent, case):
    client.force_login(owner)
    lines = {}
    for number, each in enumerate(seven_rights()):
        lines |= {f"{name}-{number}": each[name] for name in ("key", "label", "weight", "most")}
    assert client.post("/quality/standards/", {"name": "标准", **lines}).status_code == 302
    wrong = client.post("/quality/standards/", {"name": "标准", **lines, "weight-0": "0"})
    assert wrong.status_code == 422
    card = Scorecard.objects.get()
    span = {
        "begins_on": (TODAY - timedelta(days=30)).isoformat(),
        "ends_on": TODAY.isoformat(),
        "scorecard": card.pk,
        "per_agent": 2,
        "seed": 5,
    }
    assert client.post("/quality/reviews/", span).status_code == 409  # nobody reviews
    client.post("/quality/reviews/", {**span, "reviewers": [manager.pk, agent.pk]})
    review = CaseReview.objects.get()
    page = f"/case-reviews/{review.pk}/"
    client.force_login(agent)
    assert client.get(page).status_code == 404
    assert client.post(f"{page}marks/", {"mark-want": "5"}).status_code == 404
    client.force_login(manager)
    assert "什么时候补货" in client.get(page).content.decode()
    client.post(f"{page}marks/", {"mark-want": "5", "mark-time": "0", "comment-time": "晚"})
    review.refresh_from_db()
    assert review.score == pytest.approx(100 * 20 / 35)
    assert client.post(f"{page}answer/", {"answer": "x"}).status_code == 403
    client.force_login(agent)
    assert "晚" in client.get(page).content.decode()
    client.post(f"{page}answer/", {"answer": "仓库放假"})
    client.force_login(owner)
    assert "仓库放假" in client.get(page).content.decode()
    client.post(f"{page}second/", {"reviewer": owner.pk})
    assert CaseReview.objects.filter(is_calibration=True, reviewer=owner).exists()
    for shown in ("/quality/reviews/", "/quality/standards/"):
        assert client.get(shown).status_code == 200
    listed = client.get("/case-reviews/?view=all").content.decode()
    assert review.stratum.startswith("inquiry")
    assert review.stratum not in listed
    assert str(Ticket.Type.INQUIRY.label) in listed


def test_figures_and_skills_are_shown_to_those_who_may_see_them(
    client, owner, manager, agent, li_wei, analyst, case, django_assert_max_num_queries
):
    publish_scorecard("标准", "", seven_rights(), actor=owner, at=NOW)
    keep_months(actor=owner, at=NOW)
    for person, is_seen in ((owner, True), (agent, True), (li_wei, False)):
        client.force_login(person)
        shown = client.get("/quality/", {"months": "12"}).content.decode()
        assert (f"<b>{agent.name}</b>" in shown) is is_seen, person
    client.force_login(analyst)
    assert client.get("/quality/").status_code == 403
    assert client.get("/quality/skills/").status_code == 403
    client.force_login(agent)
    set_level = {"person": agent.pk, "skill": "维修", "level": "4"}
    assert client.post("/quality/skills/levels/", set_level).status_code == 403
    client.force_login(owner)
    assert client.post("/quality/skills/levels/", set_level).status_code == 302
    assert SkillLevel.objects.get().level == 4
    named = {"name": "客户沟通", "valid_months": "6", "is_required": "1"}
    assert client.post("/quality/courses/", named).status_code == 302
    assert client.post("/quality/courses/", named).status_code == 409
    noted = {"course": Course.objects.get().pk, "people": [agent.pk], "day": TODAY.isoformat()}
    assert client.post("/quality/training/", {**noted, "result": "passed"}).status_code == 302
    assert client.post("/quality/training/", {**noted, "result": "odd"}).status_code == 409
    with django_assert_max_num_queries(30):
        assert "维修" in client.get("/quality/skills/").content.decode()


def test_what_was_typed_stays_where_a_form_is_refused(client, owner, manager, agent, case):
    card = publish_scorecard("标准", "", seven_rights(), actor=owner, at=NOW)
    client.force_login(owner)
    span = {"begins_on": TODAY.isoformat(), "ends_on": "2026-02-30", "scorecard": card.pk}
    draw = {**span, "per_agent": "7", "seed": "4321", "reviewers": [manager.pk]}
    refused = client.post("/quality/reviews/", draw)
    shown = refused.content.decode()
    assert refused.status_code == 409
    assert 'value="7"' in shown
    assert 'value="4321"' in shown
    assert f'value="{manager.pk}" checked' in shown
    assert f'value="{owner.pk}" checked' not in shown
    client.post(
        "/quality/reviews/",
        {**draw, "begins_on": (TODAY - timedelta(days=30)).isoformat(), "ends_on": TODAY},
    )
    review = CaseReview.objects.get()
    client.force_login(manager)
    marks = f"/case-reviews/{review.pk}/marks/"
    refused = client.post(marks, {"comment-time": "晚了两天", "remark": "总体可以"})
    assert refused.status_code == 409
    assert 'value="晚了两天"' in refused.content.decode()
    assert "总体可以</textarea>" in refused.content.decode()
    client.force_login(owner)
    skill = {"person": agent.pk, "skill": "叉车", "level": "4", "certificate": "证 12"}
    refused = client.post("/quality/skills/levels/", {**skill, "expires_on": "2026-02-30"})
    assert refused.status_code == 409
    assert 'value="证 12"' in refused.content.decode()
    assert not SkillLevel.objects.exists()
    refused = client.post("/quality/courses/", {"name": "安全", "valid_months": "abc"})
    assert refused.status_code == 409
    assert 'value="abc"' in refused.content.decode()
