"""What a role hides or masks stays so on every page, in the lists, the files, the log."""

from datetime import timedelta
from decimal import Decimal

import pytest

from cast import TODAY
from kezhi.accounts.models import Role
from kezhi.audit.models import Entry
from kezhi.core.actor import SYSTEM
from kezhi.customers.creating import create_contact, create_customer, edit_customer
from kezhi.customers.following_up import plan_follow_up
from kezhi.customers.models import Standing

pytestmark = pytest.mark.django_db

PHONE, EMAIL = "13812346027", "zhang.san@ahtea.cn"


@pytest.fixture
def zhang(anhui_tea, li_wei):
    return create_contact(
        {"customer": anhui_tea, "name": "张三", "phone": PHONE, "email": EMAIL, "title": "采购"},
        actor=li_wei,
        on=TODAY,
    )


def rule(key, **rules):
    """Set field rules of a role: rule("salesperson", customer={"value": "hidden"})."""
    Role.objects.filter(key=key).update(field_rules=rules)


def measured(customer, **more):
    Standing.objects.filter(customer=customer).update(
        run_id=1,
        tier="S",
        score=97.3,
        potential_value=Decimal("4863217"),
        value_at_risk=Decimal("1860000"),
        p_alive=0.41,
        contribution_12m=Decimal("-777000"),
        stage="decline",
        loyalty="loyal",
        first_order_on=TODAY - timedelta(days=900),
        **more,
    )


def test_masked_reach_shows_on_no_page(web, analyst, anhui_tea, zhang):
    edit_customer(anhui_tea, {"phone": "055112345678"}, actor=SYSTEM, on=TODAY)
    browser = web(analyst)
    for path in (
        f"/customers/{anhui_tea.pk}/",
        f"/contacts/{zhang.pk}/",
        "/contacts/?show=name&show=phone&show=email",
        "/customers/?show=name&show=phone",
        "/",
    ):
        page = browser.get(path).content.decode()
        assert PHONE not in page
        assert "6027" not in page or "138 **** 6027" in page
        assert EMAIL not in page
        assert "055112345678" not in page
        assert "tel:138" not in page


def test_a_masked_field_finds_nobody(web, analyst, zhang):
    browser = web(analyst)
    found = browser.get(f"/contacts/?q={PHONE}").content.decode()
    assert "张三" not in found
    assert browser.get("/contacts/?w=phone.eq.1").status_code in (200, 422)


def test_an_export_keeps_the_mask(web, analyst, anhui_tea, zhang):
    Role.objects.filter(key="analyst").update(
        grants={**analyst.roles.get().grants, "contact": {"read": "all", "export": "all"}}
    )
    browser = web(analyst)
    response = browser.post("/contacts/export/", {"format": "csv", "all_fields": "1"})
    text = b"".join(response.streaming_content).decode()
    assert "张三" in text
    assert PHONE not in text
    assert EMAIL not in text


def test_who_may_reveal_sees_it_once_and_the_log_says_so(web, agent, zhang):
    rule("service_agent", contact={"reach": "masked"})
    browser = web(agent)
    page = browser.get(f"/contacts/{zhang.pk}/").content.decode()
    address = f"/reveal/contact/{zhang.pk}/phone/"
    assert address in page
    assert PHONE not in page
    assert PHONE not in browser.get(address).content.decode()
    answer = browser.post(address, headers={"HX-Request": "true"})
    assert PHONE in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    entry = Entry.objects.get(deed="entry.revealed")
    assert (entry.actor_id, entry.subject_id, entry.detail) == (
        agent.pk,
        zhang.pk,
        {"field": "phone"},
    )


def test_without_the_grant_nothing_is_revealed_nor_logged(web, analyst, zhang):
    browser = web(analyst)
    page = browser.get(f"/contacts/{zhang.pk}/").content.decode()
    assert "/reveal/" not in page
    answer = browser.post(f"/reveal/contact/{zhang.pk}/phone/")
    assert answer.status_code == 403
    assert PHONE not in answer.content.decode()
    assert not Entry.objects.filter(deed="entry.revealed").exists()


def test_a_strangers_masked_entry_is_not_there(web, chen_jing, zhang):
    rule("salesperson", contact={"reach": "masked"})
    assert web(chen_jing).post(f"/reveal/contact/{zhang.pk}/phone/").status_code == 404


def test_what_is_not_masked_or_hidden_is_not_revealed(web, agent, zhang):
    rule("service_agent", contact={"reach": "hidden"})
    browser = web(agent)
    assert browser.post(f"/reveal/contact/{zhang.pk}/phone/").status_code == 404
    assert browser.post(f"/reveal/contact/{zhang.pk}/title/").status_code == 403


def test_the_hundred_and_first_look_of_an_hour_is_refused(web, agent, zhang):
    import uuid

    from kezhi.customers.revealing import MOST_AN_HOUR

    rule("service_agent", contact={"reach": "masked"})
    Entry.objects.bulk_create(
        Entry(key=uuid.uuid4(), deed="entry.revealed", actor_id=agent.pk, actor_name=agent.name)
        for _number in range(MOST_AN_HOUR)
    )
    answer = web(agent).post(f"/reveal/contact/{zhang.pk}/phone/")
    assert answer.status_code == 409
    assert PHONE not in answer.content.decode()
    assert Entry.objects.filter(deed="entry.revealed").count() == MOST_AN_HOUR


VALUE_PAGES = ("/customers/{pk}/", "/customers/", "/", "/customers/{pk}/?show=value")


def test_who_does_not_see_value_learns_it_nowhere(web, li_wei, anhui_tea):
    rule("salesperson", customer={"value": "hidden"})
    plan_follow_up(
        {"customer": anhui_tea, "subject": "回访", "due_on": TODAY}, actor=li_wei, on=TODAY
    )
    browser = web(li_wei)
    before = [_worded(browser.get(path.format(pk=anhui_tea.pk))) for path in VALUE_PAGES]
    measured(anhui_tea)
    after = [_worded(browser.get(path.format(pk=anhui_tea.pk))) for path in VALUE_PAGES]
    assert before == after
    for page in ("/value/", "/value/runs/"):
        assert browser.get(page).status_code == 403


def _worded(response):
    """A page without what differs from request to request."""
    import re

    page = response.content.decode()
    page = re.sub(r'csrfmiddlewaretoken" value="[^"]*"', "", page)
    return re.sub(r'csrf-token" content="[^"]*"', "", page)


def test_hidden_value_does_not_sort_today(web, li_wei, anhui_tea):
    rule("salesperson", customer={"value": "hidden"})
    other = create_customer({"name": "合肥百货"}, actor=li_wei, on=TODAY)
    for customer, subject, days in ((anhui_tea, "先到期", 3), (other, "后到期", 1)):
        plan_follow_up(
            {"customer": customer, "subject": subject, "due_on": TODAY - timedelta(days=days)},
            actor=li_wei,
            on=TODAY,
        )
    measured(other)
    page = web(li_wei).get("/").content.decode()
    assert page.index("先到期") < page.index("后到期")


def test_a_sort_or_filter_by_what_is_hidden_is_refused(web, li_wei, anhui_tea):
    rule("salesperson", customer={"value": "hidden"})
    measured(anhui_tea)
    browser = web(li_wei)
    for query in ("sort=-potential_value", "w=tier.eq.S", "w=tier.eq.D", "view=at-risk"):
        response = browser.get(f"/customers/?{query}")
        assert "4863" not in response.content.decode()
        assert response.status_code in (200, 404, 422)
    assert browser.get("/customers/?w=tier.eq.S").content.count(b"data-row") == browser.get(
        "/customers/?w=tier.eq.D"
    ).content.count(b"data-row")


def test_the_audit_log_masks_what_its_reader_sees_in_part(web, analyst, owner, anhui_tea):
    role = Role.objects.get(key="analyst")
    role.grants = {**role.grants, "audit": {"read": "all"}}
    role.save()
    edit_customer(anhui_tea, {"phone": PHONE, "remark": "暗号"}, actor=owner, on=TODAY)
    edit_customer(anhui_tea, {"phone": "13912346027"}, actor=owner, on=TODAY)
    page = web(analyst).get("/settings/audit/").content.decode()
    assert PHONE not in page
    assert "138 **** 6027" in page
    assert "暗号" in page
    rule("analyst", customer={"remarks": "hidden", "reach": "hidden"})
    page = web(analyst).get("/settings/audit/").content.decode()
    assert "**** 6027" not in page
    assert "12346027" not in page
    assert "暗号" not in page


def test_costs_need_the_money_group(web, agent, anhui_tea):
    from kezhi.ledger.entering import enter_cost

    enter_cost(
        {
            "customer": anhui_tea,
            "activity": "visit",
            "incurred_on": TODAY,
            "amount": Decimal("731.64"),
        },
        actor=SYSTEM,
        on=TODAY,
    )
    browser = web(agent)
    assert "731.64" in browser.get(f"/customers/{anhui_tea.pk}/").content.decode()
    rule("service_agent", cost={"money": "hidden"})
    assert "731.64" not in browser.get(f"/customers/{anhui_tea.pk}/").content.decode()


def test_a_file_fills_only_fields_that_one_may_edit(manager):
    from kezhi.dataio.models import ImportBatch
    from kezhi.dataio.uploading import fields_of

    batch = ImportBatch(kind="customer", actor_id=manager.pk)
    assert "phone" in {field.name for field in fields_of(batch)}
    rule("manager", customer={"reach": "read"})
    names = {field.name for field in fields_of(batch)}
    assert "phone" not in names
    assert "name" in names
