"""The work list, two records side by side, the merge and its undoing, seen in a browser."""

import pytest

from cast import NOW, TODAY
from kezhi.core.models import JobRun
from kezhi.customers.creating import create_contact, create_customer
from kezhi.customers.deduplicating_scan import find_duplicates
from kezhi.customers.merging import merge_customers
from kezhi.customers.models import Contact, Customer, DuplicatePair, DuplicateRules, Merge

pytestmark = pytest.mark.django_db


@pytest.fixture
def twins(anhui_tea, li_wei, owner):
    fields = {"name": "安徽茶业公司", "phone": "0551-62820000", "industry": "茶叶"}
    twin = create_customer(fields, actor=li_wei, on=TODAY)
    find_duplicates(actor=owner)
    return anhui_tea, twin


def address(one, other, **more):
    query = "&".join(
        f"{name}={said}" for name, said in {"a": one.pk, "b": other.pk, **more}.items()
    )
    return f"/duplicates/merge/customer/?{query}"


def test_the_list_shows_pairs_with_reasons_to_who_sees_both(web, twins, manager, chen_jing, agent):
    text = web(manager).get("/duplicates/").text
    assert "安徽茶业公司" in text
    assert "same name but for the legal form" in text
    assert "安徽茶业公司" not in web(chen_jing).get("/duplicates/").text
    assert web(agent).get("/duplicates/").status_code == 403
    assert "安徽茶业公司" not in web(manager).get("/duplicates/?by=mark").text
    assert "安徽茶业公司" in web(manager).get("/duplicates/?by=name").text
    for strange in ("?after=x_y", "?after=NaN_1_1", "?group=-1", "?batch=" + "9" * 40, "?state=x"):
        assert web(manager).get(f"/duplicates/{strange}").status_code == 200


def test_the_number_of_queries_does_not_grow(web, owner, li_wei, django_assert_max_num_queries):
    for number in range(14):
        phone = f"1391234{5000 + number // 2}"
        create_customer({"name": f"客户第{number}", "phone": phone}, actor=li_wei, on=TODAY)
    find_duplicates(actor=owner)
    DuplicatePair.objects.exclude(pk=DuplicatePair.objects.first().pk).update(state="dismissed")
    browser = web(owner)
    browser.get("/duplicates/")
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as one:
        browser.get("/duplicates/")
    DuplicatePair.objects.update(state="open")
    with django_assert_max_num_queries(len(one)):
        browser.get("/duplicates/")


def test_side_by_side_then_merged_then_undone(web, twins, manager):
    survivor, twin = twins
    browser = web(manager)
    page = browser.get(address(survivor, twin, keep=survivor.pk)).text
    assert 'name="field-industry"' in page
    answer = browser.post(
        address(survivor, twin),
        {"keep": survivor.pk, "field-industry": "theirs", "field-name": "mine", "reason": "same"},
    )
    merge = Merge.objects.get()
    assert answer.url == f"/duplicates/merges/{merge.pk}/"
    survivor.refresh_from_db()
    assert (survivor.industry, survivor.name) == ("茶叶", "安徽茶业有限公司")
    assert "安徽茶业公司" in browser.get("/duplicates/merges/").text
    assert "can be undone until" in browser.get(answer.url).text
    assert browser.get(f"/customers/{twin.pk}/").url == f"/customers/{survivor.pk}/"
    browser.post(f"{answer.url}undo/")
    assert Customer.objects.filter(pk=twin.pk).exists()
    assert browser.post(f"{answer.url}undo/").status_code == 409
    assert browser.get(f"/customers/{twin.pk}/").status_code == 200


def test_somebody_else_was_quicker(web, twins, manager):
    survivor, twin = twins
    said = {"keep": survivor.pk, "version": survivor.version, "other_version": twin.version}
    Customer.objects.filter(pk=twin.pk).update(version=7)
    answer = web(manager).post(address(survivor, twin), said)
    assert answer.status_code == 409
    assert Customer.objects.count() == 2


def test_a_stranger_gets_404_and_nothing_changes(web, twins, chen_jing, li_wei, manager):
    survivor, twin = twins
    assert web(li_wei).get(address(survivor, twin)).status_code == 403  # edits, doesn't merge
    role = chen_jing.roles.get()
    role.grants["merge"] = {"read": "own", "create": "own", "edit": "own"}
    role.save()
    for path in (address(survivor, twin), address(survivor, survivor), "/duplicates/merge/order/"):
        assert web(chen_jing).get(path).status_code == 404
        assert web(chen_jing).post(path).status_code == 404
    pair = DuplicatePair.objects.get()
    assert web(chen_jing).post(f"/duplicates/{pair.pk}/dismissal/").status_code == 404
    merge = merge_customers(survivor, twin, actor=manager, at=NOW)
    assert web(chen_jing).get(f"/duplicates/merges/{merge.pk}/").status_code == 404
    assert web(chen_jing).post(f"/duplicates/merges/{merge.pk}/undo/").status_code == 404
    assert web(chen_jing).get(f"/customers/{twin.pk}/").status_code == 404
    assert "安徽" not in web(chen_jing).get("/duplicates/merges/").text
    assert not Customer.objects.filter(pk=twin.pk).exists()


def test_a_pair_is_put_aside_and_back(web, twins, manager):
    pair = DuplicatePair.objects.get()
    web(manager).post(f"/duplicates/{pair.pk}/dismissal/", {"reason": "branch"})
    assert "branch" in web(manager).get("/duplicates/?state=dismissed").text
    web(manager).post(f"/duplicates/{pair.pk}/dismissal/", {"undo": "1"})
    pair.refresh_from_db()
    assert pair.state == "open"


def test_the_search_is_queued_once_and_can_be_stopped(web, twins, manager, li_wei):
    assert web(li_wei).post("/duplicates/search/").status_code == 403
    assert web(manager).post("/duplicates/search/").status_code == 302
    assert web(manager).post("/duplicates/search/").status_code == 409
    assert "Waiting for a free worker" in web(manager).get("/duplicates/").text
    web(manager).post("/duplicates/search/cancel/")
    assert JobRun.objects.get().state == "cancelled"


def test_two_customers_are_found_by_their_codes(web, twins, manager):
    one, other = twins
    answer = web(manager).get("/duplicates/pick/", {"a": one.code, "b": other.code.lower()})
    assert answer.url == address(one, other)
    assert web(manager).get("/duplicates/pick/", {"a": "x", "b": one.code}).status_code == 422


def test_contacts_that_look_alike_are_offered(web, twins, manager, li_wei):
    one, other = twins
    for customer in twins:
        create_contact({"customer": customer, "name": "王敏"}, actor=li_wei, on=TODAY)
    merge = merge_customers(one, other, actor=manager, at=NOW)
    a, b = Contact.objects.order_by("pk")
    path = f"/duplicates/merge/contact/?a={a.pk}&b={b.pk}"
    page = web(manager).get(f"/duplicates/merges/{merge.pk}/").text
    assert path.replace("&", "&amp;") in page
    assert web(manager).get(path).status_code == 200
    assert web(manager).post(path, {"keep": a.pk}).status_code == 302
    assert Contact.objects.count() == 1


def test_only_who_decides_for_the_company_sets_what_is_told(web, owner, manager):
    assert web(manager).post("/duplicates/rules/", {"telling": "nothing"}).status_code == 403
    assert web(owner).post("/duplicates/rules/", {"telling": "gossip"}).status_code == 422
    web(owner).post("/duplicates/rules/", {"telling": "nothing"})
    assert DuplicateRules.current().telling == "nothing"
