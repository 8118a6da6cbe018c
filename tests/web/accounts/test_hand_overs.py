"""The hand-over in the browser: three steps, then the briefs for whoever got the customers."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cast import NOW, TODAY
from kezhi.accounts.models import Role, User
from kezhi.customers.creating import create_contact, create_customer, edit_customer
from kezhi.customers.following_up import log_interaction, plan_follow_up
from kezhi.customers.models import Customer, HandOver, Standing

pytestmark = pytest.mark.django_db


@pytest.fixture
def known(anhui_tea, li_wei):
    """What a brief tells."""
    create_contact(
        {"customer": anhui_tea, "name": "陈立群", "decision_role": "decider", "phone": "13812346027"},
        actor=li_wei, on=TODAY,
    )  # fmt: skip
    log_interaction(anhui_tea, "visit", "谈好下季度价格", actor=li_wei, at=NOW)
    plan_follow_up(
        {"customer": anhui_tea, "subject": "寄合同", "due_on": TODAY}, actor=li_wei, on=TODAY
    )
    edit_customer(anhui_tea, {"remark": "老板只接早上的电话"}, actor=li_wei, on=TODAY)
    Standing.objects.filter(customer=anhui_tea).update(tier="A", potential_value=Decimal(486000))
    return anhui_tea


def handed_over(browser, leaver, successor, **more):
    sent = {
        "rule": "one",
        "main": successor.pk,
        "deactivates": "1",
        "message": "月底前拜访",
        **more,
    }
    made = browser.post(f"/settings/people/{leaver.login}/hand-over/", sent)
    assert made.status_code == 302, made.content.decode()
    return made.url


def test_three_steps_and_everything_is_somebody_elses(web, owner, known, li_wei, sun_yue):
    browser = web(owner)
    assert "Open follow-ups" in browser.get("/settings/people/liwei/hand-over/").content.decode()
    address = handed_over(browser, li_wei, sun_yue)
    plan = browser.get(address).content.decode()
    assert "孙悦" in plan
    assert Customer.objects.get().owner == li_wei
    assert browser.post(f"{address}run/").status_code == 302
    assert Customer.objects.get().owner == sun_yue
    assert not User.objects.get(pk=li_wei.pk).is_active
    assert "handed over" in browser.get(address).content.decode()


def test_the_successor_finds_the_briefs_on_today_and_marks_them_read(
    web, owner, known, li_wei, sun_yue
):
    browser = web(owner)
    address = handed_over(browser, li_wei, sun_yue)
    browser.post(f"{address}run/")
    browser = web(User.objects.get(pk=sun_yue.pk))
    assert "Handed over to you" in browser.get("/").content.decode()
    page = browser.get(f"{address}briefs/").content.decode()
    for told in ("陈立群", "Decider", "13812346027", "谈好下季度价格", "寄合同", "老板只接早上的电话",
                 "月底前拜访"):  # fmt: skip
        assert told in page
    assert browser.get(f"{address}briefs/{known.pk}/").status_code == 200
    browser.post(f"{address}reading/", {"customer": known.pk})
    assert "Handed over to you" not in browser.get("/").content.decode()


def test_a_brief_shows_only_what_the_successors_role_sees(web, owner, known, li_wei, sun_yue):
    address = handed_over(web(owner), li_wei, sun_yue)
    web(owner).post(f"{address}run/")
    Role.objects.filter(key="salesperson").update(
        field_rules={
            "customer": {"value": "hidden", "remarks": "hidden"},
            "contact": {"reach": "masked"},
        }
    )
    page = web(User.objects.get(pk=sun_yue.pk)).get(f"{address}briefs/").content.decode()
    assert "陈立群" in page
    for hidden in ("13812346027", "486", "老板只接早上的电话"):
        assert hidden not in page


def test_strangers_see_neither_plan_nor_briefs(web, owner, known, li_wei, sun_yue, chen_jing):
    address = handed_over(web(owner), li_wei, sun_yue)
    for person in (chen_jing, sun_yue, li_wei):
        browser = web(User.objects.get(pk=person.pk))
        for path in (address, f"{address}briefs/", f"{address}briefs/{known.pk}/"):
            assert browser.get(path).status_code == 404
        for path in ("run/", "removal/", "taking-back/", "reading/", "workbook/"):
            assert browser.post(address + path).status_code in (403, 404)
    assert Customer.objects.get().owner == li_wei
    assert HandOver.objects.get().state == "draft"


def test_by_region_the_second_step_asks_who_gets_which(web, owner, li_wei, sun_yue, manager):
    create_customer({"name": "合肥百货", "region": "安徽"}, actor=li_wei, on=TODAY)
    create_customer({"name": "南京粮油", "region": "江苏"}, actor=li_wei, on=TODAY)
    browser = web(owner)
    address = handed_over(browser, li_wei, sun_yue, rule="by_field", field="region")
    assert 'name="to.安徽"' in browser.get(address).content.decode()
    sent = {"rule": "by_field", "field": "region", "main": sun_yue.pk, "to.安徽": manager.pk}
    assert browser.post(address, sent).status_code == 302
    browser.post(f"{address}run/")
    assert Customer.objects.get(name="合肥百货").owner == manager
    assert Customer.objects.get(name="南京粮油").owner == sun_yue


def test_the_workbook_needs_the_right_to_export(web, owner, known, li_wei, sun_yue):
    from io import BytesIO

    from python_calamine import CalamineWorkbook

    browser = web(owner)
    address = handed_over(browser, li_wei, sun_yue)
    create_customer({"name": "=1+1"}, actor=li_wei, on=TODAY)
    response = browser.post(f"{address}workbook/")
    rows = CalamineWorkbook.from_filelike(
        BytesIO(b"".join(response.streaming_content))
    ).get_sheet_by_index(0).to_python()  # fmt: skip
    assert {row[0] for row in rows} >= {"安徽茶业有限公司", "=1+1"}
    browser.post(f"{address}run/")
    assert web(User.objects.get(pk=sun_yue.pk)).post(f"{address}workbook/").status_code == 403


def test_briefs_ask_the_database_as_often_for_many_as_for_few(web, owner, known, li_wei, sun_yue):
    browser = web(owner)
    address = handed_over(browser, li_wei, sun_yue)
    browser.get(f"{address}briefs/")
    with CaptureQueriesContext(connection) as few:
        browser.get(f"{address}briefs/")
    for number in range(8):
        customer = create_customer({"name": f"客户{number}"}, actor=li_wei, on=TODAY)
        log_interaction(customer, "call", "问候", actor=li_wei, at=NOW)
    with CaptureQueriesContext(connection) as many:
        browser.get(f"{address}briefs/")
    assert len(many) == len(few)


def test_who_holds_something_is_not_deactivated_but_handed_over(web, owner, anhui_tea, li_wei):
    browser = web(owner)
    answer = browser.post("/settings/people/liwei/deactivation/")
    assert answer.url == "/settings/people/liwei/hand-over/"
    assert User.objects.get(pk=li_wei.pk).is_active


def test_who_holds_nothing_is_deactivated_and_can_come_back(web, owner, agent):
    browser = web(owner)
    browser.post("/settings/people/agent/deactivation/")
    assert not User.objects.get(pk=agent.pk).is_active
    browser.post("/settings/people/agent/reactivation/")
    assert User.objects.get(pk=agent.pk).is_active
    assert web(agent).post("/settings/people/owner/deactivation/").status_code == 403


def test_the_page_of_who_left_tells_of_the_hand_over(web, owner, known, li_wei, sun_yue):
    browser = web(owner)
    address = handed_over(browser, li_wei, sun_yue)
    browser.post(f"{address}run/")
    assert address in browser.get("/settings/people/liwei/").content.decode()
