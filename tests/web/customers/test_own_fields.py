"""The company's own fields where something is written quickly: on the timeline, and as the next step."""

import pytest

from cast import TODAY
from kezhi.customers.models import FollowUp, Interaction
from kezhi.records import registry
from kezhi.workbench.customizing import defining

pytestmark = pytest.mark.django_db


def a_field(kind, owner, **more):
    given = {
        "label_en": "Mood",
        "purpose": "x",
        "data_class": "business",
        "field_kind": "text",
        **more,
    }
    return defining.define_field(kind, given, actor=owner, on=TODAY).key


def test_an_entry_takes_the_fields_of_its_kind_and_keeps_them_changeable(
    web, owner, li_wei, anhui_tea
):
    mood = a_field(
        "interaction", owner, field_kind="choice", choices=[{"en": "calm"}, {"en": "angry"}]
    )
    client, here = web(li_wei), f"/customers/{anhui_tea.pk}/"
    assert f'name="{mood}"' in client.get(here).text
    keys = [key for key, _label in registry["interaction"].field(mood).choices]
    client.post(f"{here}interactions/", {"kind": "call", "text": "谈了交期", mood: keys[1]})
    entry = Interaction.objects.get()
    assert entry.custom == {mood: keys[1]}
    form = f"/interactions/{entry.pk}/text/"
    assert f'value="{keys[1]}" selected' in client.get(form).text
    typed = {"kind": "call", "text": entry.text, "version": entry.version, mood: keys[0]}
    assert client.post(form, typed).status_code == 302
    entry.refresh_from_db()
    assert entry.custom == {mood: keys[0]}


def test_what_a_field_does_not_understand_is_said_at_it_and_nothing_is_saved(
    web, owner, li_wei, anhui_tea
):
    minutes = a_field("interaction", owner, field_kind="integer")
    typed = {"kind": "call", "text": "谈了交期", minutes: "long"}
    answer = web(li_wei).post(f"/customers/{anhui_tea.pk}/interactions/", typed)
    assert answer.status_code == 422
    assert f'id="f-{minutes}-e"' in answer.text
    assert "谈了交期" in answer.text
    assert not Interaction.objects.exists()


def test_a_follow_up_that_must_have_more_is_planned_by_its_form(web, owner, li_wei, anhui_tea):
    client, here = web(li_wei), f"/customers/{anhui_tea.pk}/"
    whole = f"/follow-ups/new/?customer={anhui_tea.pk}"
    assert 'name="next_on"' in client.get(here).text
    required = a_field("follow_up", owner, is_required=True)
    page = client.get(here).text
    assert 'name="next_on"' not in page
    assert whole in page
    form = client.get(f"{whole}&subject=回访")
    assert 'value="回访"' in form.text
    typed = {"customer": anhui_tea.pk, "subject": "回访", "due_on": TODAY, "assignee": li_wei.pk}
    assert client.post("/follow-ups/new/", typed).status_code == 422
    assert client.post("/follow-ups/new/", {**typed, required: "gut"}).status_code == 302
    assert FollowUp.objects.get().custom == {required: "gut"}
