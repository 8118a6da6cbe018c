"""Layouts: sections and order without script, button by button, and what they change elsewhere."""

import pytest

from cast import TODAY
from kezhi.records import registry
from kezhi.workbench.customizing import defining, definitions
from kezhi.workbench.models import Layout

pytestmark = pytest.mark.django_db
PLACE = "/settings/layouts/contact/"


@pytest.fixture
def as_owner(client, owner):
    client.force_login(owner)
    return client


def arranged(*items, form=(), panel=(), zh=(), en=(), columns=(), **more):
    return {
        "item": items,
        "in_form": form,
        "on_panel": panel,
        "zh": zh,
        "en": en,
        "column": columns,
        **more,
    }


@pytest.fixture
def saved(as_owner):
    data = arranged("s", "name", "customer", "s", "phone", "title", form=("title",), panel=("phone",),
                    zh=("基本", "联系方式"), en=("Basics", "Reach"),
                    columns=("phone", "name"), do="save")  # fmt: skip
    assert as_owner.post(PLACE, data).status_code == 302
    return Layout.objects.get(kind="contact")


def contact():
    with definitions.as_of_now():
        return registry["contact"]


def test_sections_order_and_columns_are_kept(saved):
    kind = contact()
    assert kind.form[:3] == ("name", "customer", "title")  # required ones stay
    assert "phone" not in kind.form
    assert kind.properties[0] == "phone"
    assert "title" not in kind.properties
    assert kind.columns == ("phone", "name")
    assert [section.fields[:2] for section in kind.sections] == [
        ("name", "customer"),
        ("phone", "title"),
    ]


def test_the_form_shows_the_sections(as_owner, saved):
    page = as_owner.get("/contacts/new/").content.decode()
    assert (
        page.index("基本")
        < page.index('name="name"')
        < page.index("联系方式")
        < page.index('name="title"')
    )
    assert 'name="phone"' not in page


def test_buttons_change_the_arrangement_without_keeping_it(as_owner):
    start = arranged(
        "s", "name", "s", "title", zh=("一", "二"), en=("", ""), form=("name", "title")
    )

    def after(do, **more):
        page = as_owner.post(PLACE, {**start, "do": do, **more}).content.decode()
        place = [page.index(f'name="item" value="{name}"') for name in ("name", "title")]
        return page, place

    _page, place = after("down:name")
    assert place == sorted(place)  # across the border: first of the second section
    page, _place = after("section")
    assert page.count('name="item" value="s"') == 3
    page, _place = after("drop:1")
    assert page.count('name="item" value="s"') == 1
    page, _place = after("add", new_column="title")
    assert 'name="column" value="title"' in page
    for nonsense in ("up:nothing", "drop:99", "drop:x", "left:name", "off:", "??"):
        assert as_owner.post(PLACE, {**start, "do": nonsense}).status_code == 200
    assert not Layout.objects.exists()


def test_the_preview_shows_the_form_and_keeps_nothing(as_owner):
    page = as_owner.post(
        PLACE, arranged("s", "title", zh=("甲节",), en=("",), form=("title",), do="preview")
    )
    assert "甲节" in page.content.decode()
    assert 'name="preview-title"' in page.content.decode()
    assert not Layout.objects.exists()


def test_what_came_with_the_product_comes_back(as_owner, saved):
    assert as_owner.post(f"{PLACE}default/").status_code == 302
    assert contact().form == (*registry.declared("contact").form, "tags")


def test_a_new_field_follows_what_the_layout_names(as_owner, saved, owner):
    given = {"label_zh": "生日礼", "purpose": "x", "data_class": "personal", "field_kind": "text"}
    defining.define_field("contact", given, actor=owner, on=TODAY)
    kind = contact()
    assert kind.form[-1] == kind.properties[-1] == "c_sheng_ri_li"
    page = as_owner.get("/contacts/new/").content.decode()
    assert 'name="c_sheng_ri_li"' in page


def test_a_required_field_can_t_be_left_out(as_owner, owner):
    given = {
        "label_zh": "级别",
        "purpose": "x",
        "data_class": "business",
        "field_kind": "text",
        "is_required": True,
    }
    field = defining.define_field("contact", given, actor=owner, on=TODAY)
    as_owner.post(PLACE, arranged("s", field.key, form=(), do="save"))
    assert field.key in contact().form
