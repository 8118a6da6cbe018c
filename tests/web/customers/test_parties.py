"""The customer's page and what is written on it: composer, drafts, mentions, promises, needs, network."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cast import NOW, TODAY, today_here
from kezhi.core.actor import SYSTEM
from kezhi.customers.addressing import DEEDS as ADDRESS
from kezhi.customers.answering import register_need
from kezhi.customers.creating import create_contact, create_customer, reassign_customer
from kezhi.customers.drafting import keep_draft
from kezhi.customers.following_up import log_interaction, pin_interaction
from kezhi.customers.models import (
    Customer,
    Draft,
    FollowUp,
    Interaction,
    Mention,
    Need,
    Promise,
    Standing,
)
from kezhi.customers.promising import make_promise
from kezhi.customers.relating import create_relation
from kezhi.web.customers.network import MOST_NODES, network_of
from kezhi.web.customers.timeline import counts, timeline
from kezhi.workbench import attaching
from kezhi.workbench.attaching import attach

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def store(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "uploads"


def address(customer, part=""):
    return f"/customers/{customer.pk}/{part}"


def day(ahead):
    return (today_here() + timedelta(days=ahead)).isoformat()


def a_promise(customer, actor, **fields):
    given = {"customer": customer, "topic": "price", "subject": "茶", "what": "每饼 95 元"}
    given |= {"figure": 95, "due_on": today_here() + timedelta(days=3), **fields}
    return make_promise(given, actor=actor, on=today_here())


def test_one_form_logs_plans_promises_and_keeps_files(web, anhui_tea, li_wei, manager):
    wang_min = create_contact({"customer": anhui_tea, "name": "王敏"}, actor=li_wei, on=TODAY)
    keep_draft(li_wei, anhui_tea, "客户说", {})
    response = web(li_wei).post(
        address(anhui_tea, "interactions/"),
        {
            "kind": "visit",
            "text": "@周启明 客户同意试单",
            "contact": wang_min.pk,
            "at": "2026-11-02T09:30",
            "next_on": day(2),
            "promise": "下周三前发样品",
            "promise_topic": "delivery",
            "promise_due_on": day(4),
            "file": SimpleUploadedFile("样品单.txt", b"tea"),
        },
    )
    assert response.status_code == 302
    entry = Interaction.objects.get()
    assert (entry.channel, entry.contact, entry.author) == ("visit", wang_min, li_wei)
    assert entry.at.astimezone(ZoneInfo("Asia/Shanghai")).strftime("%m-%d %H:%M") == "11-02 09:30"
    assert FollowUp.objects.get().due_on.isoformat() == day(2)
    assert Promise.objects.get().contact == wang_min
    assert Mention.objects.get().person == manager
    assert not Draft.objects.exists()
    assert "样品单.txt" in web(li_wei).get(address(anhui_tea)).content.decode()


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": " "},
        {"at": "2999-01-01T00:00"},
        {"contact": "999999"},
        {"promise": "样品", "promise_due_on": ""},
        {"next_on": "2020-01-01"},
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_kept(web, anhui_tea, li_wei, wrong):
    sent = {"kind": "call", "text": "谈了价", "promise_topic": "price", **wrong}
    response = web(li_wei).post(address(anhui_tea, "interactions/"), sent)
    assert response.status_code == 422
    assert 'class="err' in response.content.decode()
    assert not Interaction.objects.exists()
    assert not Promise.objects.exists()


def test_a_refused_file_keeps_nothing_of_the_entry(web, anhui_tea, li_wei, monkeypatch):
    monkeypatch.setattr(attaching, "MOST_BYTES", 3)
    sent = {"kind": "call", "text": "谈了价", "file": SimpleUploadedFile("a.txt", b"long")}
    response = web(li_wei).post(address(anhui_tea, "interactions/"), sent)
    assert response.status_code == 409
    assert "谈了价" in response.content.decode()
    assert not Interaction.objects.exists()


def test_a_draft_is_there_on_any_device_and_on_today(web, anhui_tea, li_wei, chen_jing):
    client = web(li_wei)
    draft = {"kind": "visit", "text": "客户同意先试", "next_on": "2026-12-01"}
    assert client.post(address(anhui_tea, "draft/"), draft).status_code == 302
    page = client.get(address(anhui_tea)).content.decode()
    assert "客户同意先试" in page
    assert 'value="2026-12-01"' in page
    assert "客户同意先试" in client.get("/").content.decode()
    stranger = web(chen_jing)
    assert stranger.post(address(anhui_tea, "draft/"), draft).status_code == 404
    assert "客户同意先试" not in stranger.get("/").content.decode()
    web(li_wei).post(address(anhui_tea, "draft/"), {**draft, "drop": "1"})
    assert not Draft.objects.exists()


def test_who_is_called_finds_the_entry_from_today_until_it_is_read(
    web, anhui_tea, li_wei, manager, chen_jing
):
    log_interaction(anhui_tea, "note", "@周启明 请看", actor=li_wei, at=NOW)
    mention = Mention.objects.get()
    client = web(manager)
    assert f"/mentions/{mention.pk}/" in client.get("/").content.decode()
    there = client.get(f"/mentions/{mention.pk}/")
    assert there.status_code == 302
    landed = client.get(there["Location"].split("#")[0]).content.decode()
    assert f'id="entry-interaction-{mention.interaction_id}"' in landed
    assert f"/mentions/{mention.pk}/" not in client.get("/").content.decode()
    assert web(chen_jing).get(f"/mentions/{mention.pk}/").status_code == 404
    reassign_customer(anhui_tea, chen_jing, actor=SYSTEM, on=TODAY)
    assert web(manager).get(f"/mentions/{mention.pk}/").status_code == 404


def test_colleagues_are_offered_only_to_who_writes_there(
    web, anhui_tea, li_wei, manager, chen_jing
):
    offered = web(li_wei).get(address(anhui_tea, "colleagues/?q=zhou")).content.decode()
    assert 'data-name="周启明"' in offered
    assert web(chen_jing).get(address(anhui_tea, "colleagues/?q=zhou")).status_code == 404


def test_entries_are_changed_deleted_and_pinned_by_whom_they_belong_to(
    web, anhui_tea, li_wei, manager, chen_jing
):
    entry = log_interaction(anhui_tea, "call", "报了价", actor=li_wei, at=NOW)
    at = f"/interactions/{entry.pk}/"
    client = web(li_wei)
    assert client.post(at + "text/", {"text": "报了新价", "version": 1}).status_code == 302
    stale = client.post(at + "text/", {"text": "旧的", "version": 1})
    assert stale.status_code == 409
    assert "旧的" in stale.content.decode()
    assert "edited" in client.get(address(anhui_tea)).content.decode()
    assert client.post(at + "pin/", {"pinned": 1}).status_code == 302
    assert client.get(address(anhui_tea)).content.decode().count("报了新价") == 2
    assert web(manager).post(at + "text/", {"text": "x", "version": 2}).status_code == 403
    for part in ("text/", "removal/", "pin/"):
        assert web(chen_jing).post(at + part, {"text": "x"}).status_code == 404
    assert web(li_wei).post(at + "removal/").status_code == 302
    assert not Interaction.objects.exists()


def test_two_promises_that_contradict_are_both_shown(web, anhui_tea, li_wei, agent):
    first = a_promise(anhui_tea, li_wei)
    second = a_promise(anhui_tea, agent, what="每饼 92 元", figure=92)
    client = web(li_wei)
    page = client.get(address(anhui_tea)).content.decode()
    assert "Two promises contradict each other" in page
    assert "每饼 92 元" in client.get(f"/promises/{first.pk}/").content.decode()
    listed = client.get("/promises/?view=contradictory").content.decode()
    assert "每饼 95 元" in listed
    assert "每饼 92 元" in listed
    client = web(agent)
    client.post(f"/promises/{second.pk}/settlement/", {"state": "withdrawn", "reason": "报错了"})
    assert "Two promises contradict" not in client.get(address(anhui_tea)).content.decode()


def test_a_promise_is_overdue_on_today(web, anhui_tea, li_wei, chen_jing):
    a_promise(
        anhui_tea,
        li_wei,
        made_on=today_here() - timedelta(days=9),
        due_on=today_here() - timedelta(days=1),
    )
    assert "每饼 95 元" in web(li_wei).get("/").content.decode()
    assert "每饼 95 元" not in web(chen_jing).get("/").content.decode()


def test_a_need_goes_from_hand_to_hand_on_its_page(web, anhui_tea, li_wei, agent, chen_jing):
    need = register_need({"customer": anhui_tea, "what": "要小包装"}, actor=li_wei, on=today_here())
    at = f"/needs/{need.pk}/"
    assert web(chen_jing).post(at + "start/").status_code == 404
    client = web(li_wei)
    client.post(at + "start/")
    client.post(at + "handler/", {"handler": "", "reason": "x"})
    assert Need.objects.get().handler == li_wei
    client.post(at + "handler/", {"handler": agent.pk, "reason": "归客服"})
    assert Need.objects.get().handler == agent
    answering = web(agent)
    assert "归客服" in answering.get(at).content.decode()
    assert "要小包装" in answering.get("/").content.decode()
    answering.post(at + "reply/", {"reply": "下月起供应"})
    need.refresh_from_db()
    assert (need.state, need.reply) == ("answered", "下月起供应")
    too_late = answering.post(at + "reply/", {"reply": "另一位同事的长篇答复"})
    assert too_late.status_code == 409
    assert "另一位同事的长篇答复</textarea>" in too_late.content.decode()


def test_demand_is_told_by_product(web, anhui_tea, li_wei, chen_jing):
    from kezhi.catalog.models import Product

    tea = Product.objects.create(code="P1", name="小包装普洱")
    for number in range(3):
        fields = {"customer": anhui_tea, "what": f"要 {number}", "product": tea, "quantity": 10}
        register_need(fields, actor=li_wei, on=TODAY)
    assert 'href="/needs/demand/"' in web(li_wei).get("/needs/").content.decode()
    page = web(li_wei).get("/needs/demand/").content.decode()
    assert "小包装普洱" in page
    assert ">30" in page
    assert "小包装普洱" not in web(chen_jing).get("/needs/demand/").content.decode()


def test_demand_of_many_is_kept_by_product_category_and_within_it(
    web, anhui_tea, li_wei, owner, monkeypatch
):
    from kezhi.catalog.models import Category, Product
    from kezhi.customers import demanding
    from kezhi.workbench import analysing

    Standing.objects.filter(pk=anhui_tea.pk).update(tier="S", potential_value=7_000_000)
    loose = Category.objects.create(name="散茶")
    tea = Product.objects.create(code="P1", name="小包装普洱", category=loose, unit="箱")
    cake = Product.objects.create(code="P2", name="七子饼")
    for number, product in enumerate((tea, tea, cake)):
        fields = {"customer": anhui_tea, "what": f"要 {number}", "product": product, "quantity": 10,
                  "why": f"因为 {number}"}  # fmt: skip
        register_need(fields, actor=li_wei, on=TODAY)
    monkeypatch.setattr(analysing, "MANY", 2)
    assert "小包装普洱" not in web(owner).get("/needs/demand/").content.decode()
    assert web(owner).post("/needs/demand/").url == "/needs/demand/"
    analysing.count_analysis(demanding.NAME, actor=owner, at=NOW)
    register_need({"customer": anhui_tea, "what": "要饼", "product": cake}, actor=li_wei, on=TODAY)
    lines = {
        part: [
            (line.key, line.needs, line.customers, line.quantity, line.value, line.tiers)
            for line in demanding.read(owner, NOW, *part).lines
        ]
        for part in (("product",), ("category",), ("product", loose.pk))
    }
    of_tea = (tea.pk, 2, 1, 20.0, 7_000_000.0, {"S": 2})
    assert lines["product",] == [of_tea, (cake.pk, 1, 1, 10.0, 7_000_000.0, {"S": 1})]
    assert lines["product", loose.pk] == [of_tea]
    assert sorted(each[:2] for each in lines["category",] if each[0]) == [(loose.pk, 2)]
    page = web(owner).get(f"/needs/demand/?category={loose.pk}").content.decode()
    assert "因为 1" in page
    assert "七子饼" not in page


def test_the_network_names_no_stranger(web, anhui_tea, li_wei, chen_jing, owner):
    supplier = create_customer(
        {"name": "黄山包装厂", "roles": ["supplier"]}, actor=li_wei, on=TODAY
    )
    hers = create_customer({"name": "南方茶行"}, actor=chen_jing, on=TODAY)
    for customer, other in ((supplier, anhui_tea), (supplier, hers), (anhui_tea, hers)):
        fields = {"customer": customer, "other": other, "nature": "supplies"}
        create_relation(fields, actor=owner, on=TODAY)
    seen = web(li_wei).get(address(anhui_tea, "network/")).content.decode()
    assert "黄山包装厂" in seen
    assert "南方茶行" not in seen
    assert "南方茶行" not in web(li_wei).get(address(anhui_tea)).content.decode()
    assert "南方茶行" in web(owner).get(address(anhui_tea, "network/")).content.decode()
    assert web(chen_jing).get(address(anhui_tea, "network/")).status_code == 404


def test_a_network_too_large_is_cut_and_says_so(anhui_tea, li_wei, owner):
    others = [create_customer({"name": f"茶行 {n}"}, actor=li_wei, on=TODAY) for n in range(90)]
    for number, other in enumerate(others):
        source = anhui_tea if number < 30 else others[number % 20]
        fields = {"customer": source, "other": other, "nature": "refers"}
        create_relation(fields, actor=owner, on=TODAY)
    network = network_of(anhui_tea, owner)
    assert len(network.nodes) == MOST_NODES
    assert len(network.nodes) - 1 + network.left_out == 90
    assert all(0 < node.x < 760 and 0 < node.y < 520 for node in network.nodes)


def test_confirmed_data_are_fresh(web, anhui_tea, li_wei, chen_jing):
    assert web(chen_jing).post(address(anhui_tea, "confirmation/")).status_code == 404
    assert web(li_wei).post(address(anhui_tea, "confirmation/")).status_code == 302
    assert Customer.objects.get().confirmed_on == today_here()


def test_the_default_list_shows_who_buys_and_each_role_has_its_own(web, anhui_tea, li_wei):
    create_customer({"name": "黄山包装厂", "roles": ["supplier"]}, actor=li_wei, on=TODAY)
    client = web(li_wei)
    assert "黄山包装厂" not in client.get("/customers/").content.decode()
    suppliers = client.get("/customers/?view=suppliers").content.decode()
    assert "黄山包装厂" in suppliers
    assert "安徽茶业" not in suppliers


@pytest.mark.parametrize("tab", ["", "contact", "promises", "record"])
def test_the_timeline_is_in_order_and_loads_what_is_older(web, anhui_tea, li_wei, tab):
    _a_lot_of_everything(anhui_tea, li_wei, 12)
    seen, before = [], ""
    for _page in range(8):
        page = timeline(anhui_tea, li_wei, tab=tab, before=before)
        seen += [entry.cursor.key for entry in page.entries]
        before = page.older
        if not before:
            break
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == len(set(seen)) >= 12
    assert len(seen) == counts(anhui_tea, li_wei).by_tab[tab]
    shown = web(li_wei).get(address(anhui_tea) + f"?show={tab}").content.decode()
    assert ("Show older entries" in shown) == (len(seen) > 20)


def test_the_page_costs_the_same_whatever_is_known(web, anhui_tea, li_wei):
    client = web(li_wei)

    def queries():
        client.get(address(anhui_tea))
        with CaptureQueriesContext(connection) as counted:
            client.get(address(anhui_tea))
        return len(counted)

    _a_lot_of_everything(anhui_tea, li_wei, 2)
    few = queries()
    _a_lot_of_everything(anhui_tea, li_wei, 6)
    assert queries() == few


def _a_lot_of_everything(customer, actor, number):
    today = today_here()
    for turn in range(number):
        name = f"{turn}-{Customer.objects.count()}"
        other = create_customer({"name": f"茶行 {name}"}, actor=actor, on=today)
        entry = log_interaction(customer, "call", name, actor=actor, at=timezone.now())
        attach(entry, f"{name}.txt", [b"x"], kind="interaction", actor=actor, at=timezone.now())
        attach(customer, f"{name}.txt", [b"x"], kind="customer", actor=actor, at=timezone.now())
        if turn < 2 and not Interaction.objects.filter(is_pinned=True).exists():
            pin_interaction(entry, actor=actor, is_pinned=True)
        a_promise(customer, actor, figure=turn, made_on=today - timedelta(days=turn))
        register_need({"customer": customer, "what": name}, actor=actor, on=today)
        fields = {"customer": customer, "other": other, "nature": "refers"}
        create_relation(fields, actor=actor, on=today)
        ADDRESS.create({"customer": customer, "street": name}, actor=actor, on=today)
        create_contact({"customer": customer, "name": name}, actor=actor, on=today)
