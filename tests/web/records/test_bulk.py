"""Many records changed at once: each by its own deed and permission, told honestly, undone as a whole."""

import pytest
from django.test.utils import CaptureQueriesContext

from cast import NOW, TODAY
from kezhi.audit.models import Entry
from kezhi.core.models import JobRun
from kezhi.customers.creating import create_customer
from kezhi.customers.following_up import plan_follow_up
from kezhi.customers.models import Customer, FollowUp
from kezhi.workbench import bulk_changing
from kezhi.workbench.bulk_changing import carry_out
from kezhi.workbench.models import BulkRun, BulkStep
from kezhi.workbench.tagging import create_tag, tags_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def web(client):
    def signed_in(person):
        client.force_login(person)
        return client

    return signed_in


def customers(actor, names):
    return [create_customer({"name": name}, actor=actor, on=TODAY) for name in names]


def test_a_selection_is_assigned_and_the_toast_undoes_it(web, manager, li_wei, chen_jing):
    mine = customers(li_wei, "甲乙")
    client = web(manager)
    selected = [each.pk for each in mine]
    asked = client.post("/customers/bulk/assign/", {"selected": selected})
    assert asked.status_code == 200
    answer = client.post(
        "/customers/bulk/assign/",
        {"selected": selected, "person": manager.pk, "go": "1", "next": "/customers/?view=all"},
        follow=True,
    )
    assert set(Customer.objects.filter(owner=manager)) == set(mine)
    undo = next(m.extra_tags for m in answer.context["messages"]) if answer.context else ""
    run = BulkRun.objects.get()
    from kezhi.workbench.undoing import token_for_run

    undo = f"/undo/{token_for_run(run.pk, manager)}/"
    assert "/undo/" in answer.text
    client.post(undo)
    assert set(Customer.objects.filter(owner=li_wei)) == set(mine)
    assert run.steps.counts() == {BulkStep.Outcome.UNDONE: 2}


def test_a_strangers_record_does_not_exist_and_a_seen_one_is_skipped_with_the_reason(
    web, agent, li_wei, anhui_tea
):
    """The agent sees all follow-ups and edits only own ones."""
    theirs = plan_follow_up(
        {"customer": anhui_tea, "subject": "回访", "due_on": TODAY}, actor=li_wei, on=TODAY
    )
    own = plan_follow_up(
        {"customer": anhui_tea, "subject": "致电", "due_on": TODAY}, actor=agent, on=TODAY
    )
    page = web(agent).post(
        "/follow-ups/bulk/edit/",
        {
            "selected": [theirs.pk, own.pk, 10**9],
            "field": "due_on",
            "due_on": "2026-12-24",
            "go": "1",
        },
        follow=True,
    )
    assert "回访" in page.text
    assert BulkStep.objects.get(object_id=theirs.pk).outcome == BulkStep.Outcome.SKIPPED
    assert BulkStep.objects.count() == 2
    assert {str(f.due_on) for f in FollowUp.objects.all()} == {"2026-11-20", "2026-12-24"}


def test_a_verb_that_the_role_lacks_is_403_and_changes_nothing(web, li_wei, chen_jing, anhui_tea):
    answer = web(li_wei).post(
        "/customers/bulk/assign/",
        {"selected": anhui_tea.pk, "person": chen_jing.pk, "go": "1"},
    )
    assert answer.status_code == 403
    assert web(li_wei).post("/customers/bulk/nothing/").status_code == 404
    assert Customer.objects.get().owner == li_wei
    assert not BulkRun.objects.exists()


def test_what_is_wrong_is_said_before_anything_changes(web, li_wei, anhui_tea):
    typed = {"selected": anhui_tea.pk, "field": "payment_days", "payment_days": "soon", "go": "1"}
    answer = web(li_wei).post("/customers/bulk/edit/", typed)
    assert answer.status_code == 422
    assert 'class="err"' in answer.text
    assert not BulkRun.objects.exists()


@pytest.mark.parametrize("field", ["code", "name", "owner", "tier", "phone"])
def test_what_many_can_not_share_is_not_offered(web, li_wei, anhui_tea, field):
    answer = web(li_wei).post(
        "/customers/bulk/edit/", {"selected": anhui_tea.pk, "field": field, field: "x", "go": "1"}
    )
    assert answer.status_code == 422
    assert not BulkRun.objects.exists()


def test_all_that_a_list_finds_is_changed_as_a_job(web, manager, li_wei, chen_jing, monkeypatch):
    monkeypatch.setattr(bulk_changing, "AT_ONCE", 2)
    mine = customers(li_wei, "甲乙丙丁")
    (other,) = customers(chen_jing, "戊")
    client = web(manager)
    answer = client.post(
        "/customers/bulk/edit/?view=all",
        {"all": "1", "field": "city", "city": "合肥", "go": "1"},
    )
    run = BulkRun.objects.get()
    assert answer.url == f"/bulk/{run.pk}/"
    assert "正在" in client.get("/running/").text or run.title in client.get("/running/").text
    assert run.total == 4
    assert not Customer.objects.filter(city="合肥").exists()
    job = JobRun.objects.get()
    job.start()
    carry_out(run, actor=manager, on=TODAY, at=NOW)
    assert set(Customer.objects.filter(city="合肥")) == set(mine)
    other.refresh_from_db()
    assert other.city == ""
    carry_out(run, actor=manager, on=TODAY, at=NOW)  # a worker that does it again changes nothing
    assert Entry.objects.filter(deed="customer.edited").count() == 4


@pytest.mark.parametrize("at_once", [2, 200])
def test_the_title_of_a_run_is_read_in_the_readers_language(
    web, manager, li_wei, monkeypatch, at_once
):
    monkeypatch.setattr(bulk_changing, "AT_ONCE", at_once)
    mine = customers(li_wei, "甲乙丙")
    manager.language = "zh-hans"
    manager.save()
    sent = {"selected": [each.pk for each in mine], "field": "city", "city": "合肥", "go": "1"}
    client = web(manager)
    client.post("/customers/bulk/edit/?view=all", sent)
    run = BulkRun.objects.get()
    page = f"/bulk/{run.pk}/"
    said = client.get(page).text
    assert "<h1" in said
    assert run.title in said
    manager.language = "en"
    manager.save()
    assert "City of Customers changed" in client.get(page).text
    assert run.title not in client.get(page).text
    BulkRun.objects.update(words={})  # as the release before this one keeps it
    assert run.title in client.get(page).text


def test_permission_is_asked_when_the_step_is_done(manager, li_wei, company):
    mine = customers(li_wei, "甲乙")
    run = bulk_changing.start_bulk(
        "customer",
        "edit",
        {"field": "city", "entry": "合肥"},
        "城市",
        actor=manager,
        on=TODAY,
        zone=company.zone,
        ids=[each.pk for each in mine],
    )
    manager.roles.clear()
    carry_out(run, actor=manager, on=TODAY, at=NOW)
    assert run.steps.counts() == {BulkStep.Outcome.SKIPPED: 2}
    manager.is_active = False
    manager.save()
    run.steps.update(outcome=BulkStep.Outcome.WAITING)
    with pytest.raises(bulk_changing.Refused):
        carry_out(run, actor=manager, on=TODAY, at=NOW)


def test_tags_are_put_on_and_taken_off(web, owner, li_wei):
    mine = customers(li_wei, "甲乙")
    old = create_tag("旧", actor=owner)
    selected = [each.pk for each in mine]
    web(owner).post(
        "/customers/bulk/tag/", {"selected": selected, "add": ["重要", "旧"], "go": "1"}
    )
    assert {t.name for t in tags_of("customer", Customer.objects.first())} == {"重要", "旧"}
    web(owner).post("/customers/bulk/tag/", {"selected": selected, "remove": [old.name], "go": "1"})
    assert [t.name for t in tags_of("customer", Customer.objects.first())] == ["重要"]


def test_what_can_not_be_deleted_is_told_and_the_rest_comes_back(web, owner, li_wei):
    first, second = customers(li_wei, "甲乙")
    from kezhi.ledger.models import Order

    Order.objects.create(
        customer=first, number="SO-1", ordered_on=TODAY, amount=1, currency="CNY", **first.place
    )
    page = web(owner).post(
        "/customers/bulk/delete/", {"selected": [first.pk, second.pk], "go": "1"}, follow=True
    )
    assert Customer.objects.get() == first
    assert "甲" in page.text
    run = BulkRun.objects.get()
    from kezhi.workbench.undoing import token_for_run

    web(owner).post(f"/undo/{token_for_run(run.pk, owner)}/")
    assert set(Customer.objects.values_list("pk", flat=True)) == {first.pk, second.pk}


def test_another_persons_run_is_not_there(web, owner, manager, li_wei):
    (mine,) = customers(li_wei, "甲")
    web(owner).post(
        "/customers/bulk/edit/", {"selected": mine.pk, "field": "city", "city": "x", "go": "1"}
    )
    run = BulkRun.objects.get()
    assert web(manager).get(f"/bulk/{run.pk}/").status_code == 404
    assert web(manager).post(f"/bulk/{run.pk}/cancellation/").status_code == 404
    assert web(owner).get(f"/bulk/{run.pk}/").status_code == 200


def test_how_many_match_is_counted_for_the_second_step(web, li_wei):
    customers(li_wei, "甲乙丙")
    assert "3" in web(li_wei).get("/customers/matches/?view=all").text


def test_the_result_asks_the_same_number_of_queries_for_one_and_many(web, owner, li_wei):
    def asked(rows):
        run = BulkRun.objects.create(
            kind="customer", verb="edit", title="x", actor_id=owner.pk, total=len(rows)
        )
        BulkStep.objects.bulk_create(
            BulkStep(run=run, object_id=r.pk, outcome="skipped", reason="x") for r in rows
        )
        client = web(owner)
        from django.db import connection

        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(f"/bulk/{run.pk}/").status_code == 200
        return len(queries)

    rows = customers(li_wei, "甲乙丙丁戊")
    asked(rows[:1])
    assert asked(rows[:1]) == asked(rows)


def test_the_bar_goes_with_what_the_search_found(web, owner, li_wei):
    customers(li_wei, "甲乙")
    part = (
        web(owner)
        .get("/customers/?view=all&q=甲", headers={"HX-Request": "true", "HX-Target": "results"})
        .text
    )
    assert "/customers/bulk/edit/?view=all&amp;q=%E7%94%B2" in part


def test_all_that_a_list_finds_is_exported_whatever_is_ticked(web, owner, li_wei):
    mine = customers(li_wei, "甲乙丙")
    answer = web(owner).post(
        "/customers/export/?view=all", {"format": "csv", "selected": mine[0].pk, "all": "1"}
    )
    text = b"".join(answer.streaming_content).decode()
    assert text.count("甲") == text.count("丙") == 1


def test_runs_are_forgotten_after_a_month(owner, anhui_tea):
    from datetime import timedelta

    from django.utils import timezone

    run = BulkRun.objects.create(kind="customer", verb="edit", title="x", actor_id=owner.pk)
    BulkStep.objects.create(run=run, object_id=anhui_tea.pk)
    bulk_changing.forget_old_runs(timezone.now() + timedelta(days=29))
    assert BulkRun.objects.exists()
    bulk_changing.forget_old_runs(timezone.now() + timedelta(days=31))
    assert not BulkStep.objects.exists()
