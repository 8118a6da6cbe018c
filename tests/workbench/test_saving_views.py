"""Saved views: who sees one, who may change one, and that nothing old is believed."""

import pytest

from cast import TODAY
from kezhi.audit.models import Entry
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.creating import create_customer
from kezhi.records import registry
from kezhi.workbench.list_query import Shape
from kezhi.workbench.models import SavedView
from kezhi.workbench.saving_views import (
    audiences,
    change_view,
    delete_view,
    pinned_views,
    save_view,
)

pytestmark = pytest.mark.django_db
SHAPE = Shape(("city.eq.合肥",), "", "-potential_value", ("name", "city"))


def saved(actor, name="合肥客户", audience="private", is_pinned=True, shape=SHAPE):
    kind = registry["customer"]
    return save_view(kind, name, shape, actor=actor, audience=audience, is_pinned=is_pinned)


def seen_by(actor):
    return [view.name for view, _address in pinned_views(actor)]


def test_a_private_view_is_nobody_elses(li_wei, manager, owner):
    saved(li_wei)
    assert seen_by(li_wei) == ["合肥客户"]
    assert seen_by(manager) == seen_by(owner) == []


def test_a_teams_view_is_for_the_team_and_everyones_for_all(li_wei, manager, chen_jing, owner):
    saved(manager, audience="team")
    saved(owner, name="全公司", audience="everyone")
    assert seen_by(li_wei) == ["合肥客户", "全公司"]
    assert seen_by(chen_jing) == ["全公司"]


def test_nobody_shows_a_view_farther_than_the_role_reaches(li_wei, manager):
    entries = Entry.objects.count()
    for person, audience in ((li_wei, "team"), (li_wei, "everyone"), (manager, "everyone")):
        with pytest.raises(NotAllowed):
            saved(person, audience=audience)
    assert (SavedView.objects.count(), Entry.objects.count()) == (0, entries)
    assert [key for key, _label in audiences(li_wei)] == ["private"]
    assert [key for key, _label in audiences(manager)] == ["private", "team", "department"]


def test_only_its_owner_changes_a_view(li_wei, manager):
    view = saved(manager, audience="team")
    with pytest.raises(NotAllowed):
        change_view(view, {"name": "我的"}, actor=li_wei)
    with pytest.raises(NotAllowed):
        delete_view(view, actor=li_wei)
    change_view(view, {"name": "华东"}, actor=manager)
    assert SavedView.objects.get().name == "华东"
    delete_view(view, actor=manager)
    assert not SavedView.objects.exists()
    deeds = Entry.objects.filter(deed__startswith="view.").values_list("deed", flat=True)
    assert sorted(deeds) == ["view.changed", "view.deleted", "view.saved"]


def test_an_owner_may_clear_away_what_everyone_sees(li_wei, owner, manager):
    view = saved(manager, audience="team")
    private = saved(li_wei)
    delete_view(view, actor=owner)
    with pytest.raises(NotAllowed):
        delete_view(private, actor=owner)


def test_a_name_is_given_once(li_wei):
    saved(li_wei)
    for name in ("合肥客户", " 合肥客户 ", "", "x" * 61):
        with pytest.raises(Refused):
            saved(li_wei, name=name)


def test_a_view_shows_the_list_that_was_saved(client, li_wei, chen_jing):
    create_customer({"name": "甲", "city": "合肥"}, actor=li_wei, on=TODAY)
    create_customer({"name": "乙", "city": "黄山"}, actor=li_wei, on=TODAY)
    client.force_login(li_wei)
    sent = client.post(
        "/customers/views/new/?w=city.eq.合肥&columns=name,city",
        {"name": "合肥客户", "audience": "private"},
    )
    page = client.get(sent.url).text
    assert page.count("data-row") == 1
    view = SavedView.objects.get()
    client.post(f"/customers/views/{view.pk}/shape/?view={view.pk}&w=city.eq.黄山")
    assert "乙" in client.get(sent.url).text
    assert client.get(f"/contacts/?view={view.pk}").status_code == 404
    client.force_login(chen_jing)
    assert client.get(sent.url).status_code == 404
    assert client.post(f"/customers/views/{view.pk}/removal/").status_code == 404
    assert SavedView.objects.exists()


@pytest.mark.parametrize(
    "query", ["w=owner__password.contains.a", "sort=owner__password", "w=x", "columns=password,__"]
)
def test_what_is_kept_is_checked_again_when_it_is_read(client, anhui_tea, li_wei, query):
    view = saved(li_wei)
    SavedView.objects.update(query=query)
    client.force_login(li_wei)
    answer = client.get(f"/customers/?view={view.pk}")
    assert answer.status_code == (200 if query.startswith("columns") else 422)
    assert "data-row" in answer.text or answer.status_code == 422


def test_the_navigation_shows_what_is_pinned_and_how_many_it_finds(client, anhui_tea, li_wei):
    view = saved(li_wei)
    client.force_login(li_wei)
    page = client.get("/customers/").text
    assert f'href="/customers/?view={view.pk}"' in page
    assert f'id="pin-{view.pk}" hx-swap-oob="true">1<' in client.get("/views/pinned/").text
