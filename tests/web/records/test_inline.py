"""An entry changed where it stands; a record seen beside its list; its place in the list."""

import json

import pytest

from cast import TODAY
from kezhi.audit.models import Entry
from kezhi.customers.creating import create_contact, create_customer, edit_customer
from kezhi.customers.models import Customer
from kezhi.records import Collection, registry
from world import build

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def web(client):
    def signed_in(person):
        client.force_login(person)
        return client

    return signed_in


def cell(client, customer, field, entry=None, version=1, **more):
    path = f"/customers/{customer.pk}/cell/{field}/"
    if entry is None:
        return client.get(path, headers=HTMX)
    typed = {field: entry, "version": str(version), **more}
    return client.post(path, typed, headers=HTMX)


def test_a_cell_is_changed_and_the_row_comes_back_with_its_undo(web, anhui_tea, li_wei):
    client = web(li_wei)
    assert 'value="合肥"' in cell(client, anhui_tea, "city").text
    saved = cell(client, anhui_tea, "city", "芜湖")
    assert saved.status_code == 200
    assert saved.text.startswith("<tr")
    assert Customer.objects.get().city == "芜湖"
    undo = json.loads(saved.headers["HX-Trigger"])["toast"]["undo"]
    assert client.post(undo, headers=HTMX).status_code == 204
    assert Customer.objects.get().city == "合肥"


def test_what_is_wrong_is_said_in_the_cell(web, anhui_tea, li_wei):
    answer = cell(web(li_wei), anhui_tea, "payment_days", "soon")
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert answer.headers["HX-Retarget"] == "[data-editing]"
    assert not Entry.objects.filter(deed="customer.edited").exists()


def test_the_second_of_two_sees_both_and_keeps_what_was_typed(web, anhui_tea, li_wei, manager):
    edit_customer(anhui_tea, {"city": "黄山"}, actor=manager, on=TODAY)
    answer = cell(web(li_wei), anhui_tea, "city", "芜湖")
    assert answer.status_code == 409
    assert "黄山" in answer.text
    assert 'value="芜湖"' in answer.text
    assert 'name="version" value="2"' in answer.text
    assert Customer.objects.get().city == "黄山"


def test_strangers_readers_and_fields_that_are_not_edited(
    web, anhui_tea, chen_jing, analyst, li_wei
):
    assert cell(web(chen_jing), anhui_tea, "city", "x").status_code == 404
    assert cell(web(analyst), anhui_tea, "city", "x").status_code == 403
    assert cell(web(li_wei), anhui_tea, "potential_value", "1").status_code == 403
    assert cell(web(li_wei), anhui_tea, "version", "9").status_code == 404
    assert Customer.objects.get().city == "合肥"


def test_a_field_that_the_role_only_reads_is_403_and_a_hidden_one_404(web, anhui_tea, li_wei):
    role = li_wei.roles.get()
    for level, status in (("read", 403), ("masked", 403), ("hidden", 404)):
        role.field_rules = {"customer": {"reach": level}}
        role.save()
        fresh = type(li_wei).objects.get(pk=li_wei.pk)
        assert cell(web(fresh), anhui_tea, "phone", "13800001234").status_code == status
    assert Customer.objects.get().phone == ""


def test_without_script_the_form_opens_at_the_field(web, anhui_tea, li_wei):
    answer = web(li_wei).get(f"/customers/{anhui_tea.pk}/cell/city/")
    assert answer.url == f"/customers/{anhui_tea.pk}/edit/#f-city"


def test_every_editable_field_of_every_kind_has_its_control(web):
    world = build()
    owner = world.people["owner"]
    client = web(owner)
    asked = {
        f"/{kind.address}/{world.records[kind.name].pk}/cell/{name}/"
        for kind in (each.seen_by(owner) for each in registry if each.edit is not None)
        for name in kind.form
    }
    answers = {path: client.get(path, headers=HTMX).status_code for path in asked}
    assert {path: status for path, status in answers.items() if status != 200} == {}


def test_a_record_is_seen_beside_its_list(web, anhui_tea, li_wei, chen_jing):
    contact = create_contact({"customer": anhui_tea, "name": "陈立群"}, actor=li_wei, on=TODAY)
    edit_customer(anhui_tea, {"city": "芜湖"}, actor=li_wei, on=TODAY)
    client = web(li_wei)
    peek = client.get(f"/customers/{anhui_tea.pk}/peek/", headers=HTMX).text
    assert "安徽茶业" in peek
    assert "合肥" in peek  # what it was before
    assert "<html" not in peek
    assert "陈立群" in client.get(f"/contacts/{contact.pk}/peek/", headers=HTMX).text
    assert client.get(f"/customers/{anhui_tea.pk}/peek/").url == f"/customers/{anhui_tea.pk}/"
    assert web(chen_jing).get(f"/customers/{anhui_tea.pk}/peek/", headers=HTMX).status_code == 404


def test_every_kind_knows_the_place_in_the_list_one_came_from(web, li_wei, anhui_tea):
    names = ["安", "白", "陈"]
    made = [
        create_contact({"customer": anhui_tea, "name": n}, actor=li_wei, on=TODAY) for n in names
    ]
    client = web(li_wei)
    page = client.get(
        f"/contacts/{made[1].pk}/", headers={"Referer": "http://testserver/contacts/?view=all"}
    ).text
    assert f"/contacts/{made[0].pk}/?in=" in page
    assert f"/contacts/{made[2].pk}/?in=" in page
    place = client.get(f"/contacts/{made[1].pk}/position/?in=view%3Dall").text
    assert "2 / 3" in place


def test_a_page_shows_who_changed_what_as_far_as_the_reader_may_know(
    web, anhui_tea, li_wei, analyst
):
    contact = create_contact(
        {"customer": anhui_tea, "name": "陈立群", "phone": "13812346027"}, actor=li_wei, on=TODAY
    )
    from kezhi.customers.creating import edit_contact

    edit_contact(contact, {"phone": "13912346028"}, actor=li_wei, on=TODAY)
    assert "13912346028" in web(li_wei).get(f"/contacts/{contact.pk}/").text
    masked = web(analyst).get(f"/contacts/{contact.pk}/").text
    assert "13912346028" not in masked
    assert "13812346027" not in masked


def test_a_name_too_long_is_refused_at_its_field(web, li_wei):
    typed = {"name": "茶" * 301, "form": "company", "roles": "customer"}
    answer = web(li_wei).post("/customers/new/", typed)
    assert answer.status_code == 422
    assert 'id="f-name-e"' in answer.text
    assert not Customer.objects.exists()


@pytest.mark.parametrize("name", ["茶" * 300, "👩‍💻 شركة الشاي 茶"])
def test_the_longest_name_and_any_script_are_kept_and_shown(web, li_wei, name):
    typed = {"name": name, "form": "company", "roles": "customer"}
    web(li_wei).post("/customers/new/", typed)
    customer = Customer.objects.get()
    assert customer.name == name
    assert name in web(li_wei).get(f"/customers/{customer.pk}/").text
    for asked in ({}, {"q": name[:8]}, {"w": f"name.contains.{name[:8]}"}):
        assert name[:17] in web(li_wei).get("/customers/", asked).text


def test_columns_are_put_into_order(web, li_wei, anhui_tea):
    client = web(li_wei)
    shown = "show=name&show=tier&show=city&show=owner"
    assert "columns=name%2Ctier%2Ccity%2Cowner" in client.get(f"/customers/?{shown}").url
    assert "columns=name%2Ccity%2Ctier%2Cowner" in client.get(f"/customers/?{shown}&up=city").url
    assert "columns=name%2Ctier%2Ccity%2Cowner" in client.get(f"/customers/?{shown}&up=tier").url


def test_the_customer_stands_on_the_page_of_its_contact(web, li_wei):
    customer = create_customer({"name": "甲"}, actor=li_wei, on=TODAY)
    contact = create_contact({"customer": customer, "name": "陈立群"}, actor=li_wei, on=TODAY)
    assert "甲" in web(li_wei).get(f"/contacts/{contact.pk}/").text


def test_records_that_hang_on_one_stand_on_its_page(web, anhui_tea, li_wei, monkeypatch):
    monkeypatch.setattr(registry, "_kinds", dict(registry._kinds))
    days = Collection("days", "Days to remember", "important_date", "contact")
    registry.extend("contact", collections=(days,))
    contact = create_contact({"customer": anhui_tea, "name": "陈立群"}, actor=li_wei, on=TODAY)
    day = {"customer": anhui_tea, "contact": contact, "name": "陈总生日", "day": TODAY}
    registry["important_date"].create(day, actor=li_wei, on=TODAY)
    page = web(li_wei).get(f"/contacts/{contact.pk}/").text
    assert "陈总生日" in page.split("Days to remember")[1]


def test_a_column_that_the_role_does_not_see_is_left_out_of_a_shared_view_and_it_says_so(
    web, owner, anhui_tea, li_wei
):
    from kezhi.workbench.list_query import Shape
    from kezhi.workbench.saving_views import save_view

    shape = Shape((), "", "name", ("name", "phone", "city"))
    view = save_view(
        registry["customer"], "电话", shape, actor=owner, audience="everyone", is_pinned=False
    )
    client = web(li_wei)
    client.cookies["kezhi_language"] = "en"
    path = f"/customers/?view={view.pk}"
    words = "aren’t shown to your role"
    assert words not in client.get(path).text
    role = li_wei.roles.get()
    role.field_rules = {"customer": {"reach": "hidden"}}
    role.save()
    page = client.get(path).text
    assert words in page
    assert 'data-cell="phone"' not in page


def test_the_owners_change_is_taken_back_from_its_toast(web, manager, anhui_tea, li_wei, chen_jing):
    client = web(manager)
    page = client.post(
        f"/customers/{anhui_tea.pk}/owner/", {"owner": chen_jing.pk, "reason": ""}, follow=True
    ).text
    undo = page.split('action="/undo/')[1].split('"')[0]
    client.post(f"/undo/{undo}")
    assert Customer.objects.get().owner == li_wei
