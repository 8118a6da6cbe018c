"""A complaint on its page: each step by its form, refused where it must be, changing nothing then."""

from decimal import Decimal

import pytest

from cast import NOW, TODAY
from kezhi.accounts.models import Department
from kezhi.ledger.models import CostEntry, Order
from kezhi.service.complaints import recording
from kezhi.service.models import Complaint, ComplaintCause, Ticket
from kezhi.service.tickets.opening import open_ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def complaint(anhui_tea, agent):
    fields = {"type": "complaint", "subject": "46 箱乳制品被拒收", "customer": anhui_tea}
    ticket = open_ticket(fields, actor=agent, at=NOW, text="车厢温度 11.4 ℃，46 箱已拒收。")
    return ticket.complaint


def at(complaint):
    return f"/complaints/{complaint.pk}/"


def take(web, complaint, deed, **data):
    return web.post(f"{at(complaint)}steps/{deed}/", data)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_all_steps_can_be_taken_on_the_page(web, complaint, agent, manager, language):
    by_agent = web(agent, language)
    assert "46 箱乳制品被拒收" in by_agent.get(at(complaint)).content.decode()
    steps = [
        ("record", {"category": "transport", "loss": "38,640", "lane": "苏州 – 合肥"}),
        ("judgement", {"verdict": "justified", "words": "温度记录属实"}),
        ("responsibility", _parts(complaint, "70", "30")),
        ("cause", {"cause": _cause(), "words": "制冷机组故障"}),
        ("proposal", {"sort-0": "money", "amount-0": "800", "words-0": "货损", "words": "赔付"}),
    ]
    for deed, data in steps:
        assert take(by_agent, complaint, deed, **data).status_code == 302
        assert by_agent.get(at(complaint)).status_code == 200
    cause = ComplaintCause.objects.get(pk=_cause())
    named = cause.name_en if language == "en" else cause.name
    assert f"→ {named}" in by_agent.get(at(complaint)).content.decode()
    assert take(by_agent, complaint, "approval").status_code == 403
    assert take(web(manager, language), complaint, "approval").status_code == 302
    by_agent = web(agent, language)
    money = complaint.compensations.get()
    assert by_agent.post(f"/compensation/{money.pk}/execution/").status_code == 302
    assert CostEntry.objects.get(activity="redress").amount == Decimal(800)
    for deed, data in [
        ("answer", {"answer": "accepted", "words": "可以"}),
        ("review", {"words": "有效"}),
        ("summary", {"words": "承运商须备机"}),
    ]:
        assert by_agent.get(at(complaint)).status_code == 200
        assert take(by_agent, complaint, deed, **data).status_code == 302
    complaint.refresh_from_db()
    assert complaint.step == "done"
    text = by_agent.get(at(complaint)).content.decode()
    assert "承运商须备机" in text
    assert "迅驰冷运" in text


def _cause():
    return str(ComplaintCause.objects.get(name="温控失效").pk)


def _parts(complaint, *shares):
    entry = f"entry:{complaint.ticket.entries.exclude(text='').first().pk}"
    department = f"department:{Department.objects.get(name='华东').pk}"
    return {
        "name-0": "迅驰冷运",
        "share-0": shares[0],
        "evidence-0": entry,
        "who-1": department,
        "share-1": shares[1],
        "evidence-1": entry,
    }


def test_what_is_refused_keeps_what_was_typed_and_changes_nothing(web, complaint, agent):
    by_agent = web(agent)
    take(by_agent, complaint, "record", category="transport")
    take(by_agent, complaint, "judgement", verdict="justified", words="属实")
    wrong = _parts(complaint, "70", "20")
    answer = take(by_agent, complaint, "responsibility", **wrong)
    assert answer.status_code == 409
    assert "exactly 100 %" in answer.content.decode()
    assert 'value="迅驰冷运"' in answer.content.decode()
    assert (
        take(by_agent, complaint, "responsibility", **wrong | {"share-0": "x"}).status_code == 422
    )
    assert take(by_agent, complaint, "summary", words="完").status_code == 409
    answer = take(by_agent, complaint, "attempt", channel="phone", tried_at="昨天下午")
    assert answer.status_code == 422
    assert "2026-11-20 09:30" in answer.content.decode()
    assert take(by_agent, complaint, "nothing").status_code == 404
    complaint.refresh_from_db()
    assert complaint.step == "apportion"
    assert not complaint.parties.exists()


def test_the_page_tells_the_order_that_the_ticket_names(web, complaint, agent, anhui_tea):
    order = Order.objects.create(
        customer=anhui_tea, number="SO-25118", ordered_on=TODAY, currency="CNY", **anhui_tea.place
    )
    Ticket.objects.filter(pk=complaint.ticket_id).update(order=order)
    page = web(agent).get(at(complaint))
    assert page.status_code == 200
    assert "SO-25118" in page.content.decode()


def test_what_is_given_needs_its_kind(web, complaint, agent):
    Complaint.objects.filter(pk=complaint.pk).update(step="propose", category="transport")
    by_agent = web(agent)
    answer = take(by_agent, complaint, "proposal", **{"amount-1": "800", "words": "赔付"})
    assert answer.status_code == 422
    assert 'value="800"' in answer.content.decode()
    complaint.refresh_from_db()
    assert (complaint.step, complaint.proposed) == ("propose", 0)


def test_strangers_find_nothing_and_readers_change_nothing(
    web, complaint, agent, analyst, li_wei, chen_jing
):
    recording.record_complaint(complaint, {"category": "transport"}, actor=agent, at=NOW)
    before = Complaint.objects.values().get(pk=complaint.pk)
    stranger = web(chen_jing)
    assert stranger.get(at(complaint)).status_code == 404
    data = {"verdict": "unjustified", "words": "否"}
    assert take(stranger, complaint, "judgement", **data).status_code == 404
    for person in (analyst, li_wei):
        reader = web(person)
        assert reader.get(at(complaint)).status_code == 200
        assert take(reader, complaint, "judgement", **data).status_code == 403
        assert take(reader, complaint, "way-back", step="record", words="x").status_code == 403
    assert Complaint.objects.values().get(pk=complaint.pk) == before


def test_the_list_and_the_causes_are_pages_of_every_kind(web, complaint, owner, anhui_tea):
    by_owner = web(owner)
    assert "46 箱乳制品被拒收" in by_owner.get("/complaints/?view=all").content.decode()
    assert "温控失效" in by_owner.get("/complaint-causes/").content.decode()
    assert by_owner.get("/compensation/").status_code == 200
    fields = {"subject": "发票抬头错误", "customer": anhui_tea.pk, "category": "contract"}
    assert by_owner.post("/complaints/new/", fields).status_code == 302
    noted = Complaint.objects.get(ticket__subject="发票抬头错误")
    assert (noted.step, noted.customer, noted.ticket.type) == ("judge", anhui_tea, "complaint")
    assert by_owner.get(f"/complaints/{noted.pk}/edit/").status_code == 200
    assert by_owner.get(f"/complaints/?w=opened_at.within.{TODAY}..{TODAY}").status_code == 200
