"""Many customers shown to a colleague or a team: whatever a list finds, each by its own right, as a job."""

from datetime import timedelta

import pytest

from cast import NOW, TODAY
from kezhi.accounts import sharing
from kezhi.accounts.models import Role, Share, User
from kezhi.audit.models import Entry
from kezhi.core.models import JobRun
from kezhi.customers.creating import create_customer
from kezhi.customers.models import Customer
from kezhi.customers.sharing import SHARE, settings_of, share_customer
from kezhi.workbench import bulk_changing
from kezhi.workbench.bulk_changing import carry_out
from kezhi.workbench.models import BulkRun, BulkStep
from kezhi.workbench.undoing import token_for_run

pytestmark = pytest.mark.django_db
ADDRESS = "/customers/bulk/share/"
DONE, SAME, SKIPPED = BulkStep.Outcome.DONE, BulkStep.Outcome.SAME, BulkStep.Outcome.SKIPPED


def customers(actor, names):
    return [create_customer({"name": name}, actor=actor, on=TODAY) for name in names]


def asked(to, **more):
    return {"to": f"person-{to.pk}", "may_edit": "0", "reason": "共同投标", "go": "1", **more}


def started(company, actor, to, ids, **terms):
    said = settings_of(to, **{"may_edit": False, "until": None, "reason": "", **terms})
    return bulk_changing.start_bulk(
        "customer", SHARE.name, said, "共享", actor=actor, on=TODAY, zone=company.zone, ids=ids
    )


def test_all_that_a_list_finds_is_shared_as_a_job_that_stops(
    web, li_wei, chen_jing, manager, monkeypatch
):
    monkeypatch.setattr(bulk_changing, "AT_ONCE", 2)
    mine = customers(li_wei, "甲乙丙丁")
    customers(chen_jing, "戊")
    client = web(li_wei)
    page = client.post(f"{ADDRESS}?view=all", {"all": "1"})
    assert "4 customers" in page.text
    assert (
        client.post(f"{ADDRESS}?view=all", {**asked(chen_jing, all="1"), "to": ""}).status_code
        == 422
    )
    answer = client.post(f"{ADDRESS}?view=all", asked(chen_jing, all="1", until="2027-01-31"))
    run = BulkRun.objects.get()
    assert answer.url == f"/bulk/{run.pk}/"
    assert not Share.objects.exists()
    JobRun.objects.get().start()
    assert client.post(f"/bulk/{run.pk}/cancellation/").status_code == 302
    assert JobRun.objects.get().cancel_requested
    carry_out(run, actor=li_wei, on=TODAY, at=NOW)
    shares = Share.objects.order_by("customer_id")
    assert [share.customer_id for share in shares] == sorted(each.pk for each in mine)
    assert {(s.person, s.granted_by, s.reason, str(s.until)) for s in shares} == {
        (chen_jing, li_wei, "共同投标", "2027-01-31")
    }
    assert Entry.objects.filter(deed="customer.shared", actor_id=li_wei.pk).count() == 4
    seen = Customer.objects.visible_to(User.objects.get(pk=chen_jing.pk))
    assert seen.count() == 5


def test_what_one_may_see_and_not_share_is_skipped_and_a_strangers_is_not_there(
    company, li_wei, chen_jing, manager
):
    (own,) = customers(li_wei, "甲")
    lent, hidden = customers(chen_jing, "乙丙")
    share_customer(lent, li_wei, actor=chen_jing, on=TODAY, may_edit=True)
    actor = User.objects.get(pk=li_wei.pk)
    run = started(company, actor, manager, [own.pk, lent.pk, hidden.pk])
    assert run.total == 2
    carry_out(run, actor=actor, on=TODAY, at=NOW)
    assert list(Share.objects.filter(person=manager).values_list("customer_id", flat=True)) == [
        own.pk
    ]
    step = run.steps.get(object_id=lent.pk)
    assert (step.outcome, bool(step.reason)) == (SKIPPED, True)


def test_who_may_only_read_can_not_let_others_edit(company, li_wei, chen_jing):
    (mine,) = customers(li_wei, "甲")
    role = Role.objects.get(key="salesperson")
    role.grants = {**role.grants, "customer": {"read": "own"}}
    role.save()
    run = started(company, User.objects.get(pk=li_wei.pk), chen_jing, [mine.pk], may_edit=True)
    carry_out(run, actor=li_wei, on=TODAY, at=NOW)
    assert run.steps.counts() == {SKIPPED: 1}
    assert not Share.objects.exists()


def test_the_same_again_changes_nothing_and_other_terms_replace_it(company, li_wei, chen_jing):
    (mine,) = customers(li_wei, "甲")
    for terms, outcome in (({}, DONE), ({}, SAME), ({"may_edit": True}, DONE)):
        run = started(company, li_wei, chen_jing, [mine.pk], **terms)
        carry_out(run, actor=li_wei, on=TODAY, at=NOW)
        assert run.steps.counts() == {outcome: 1}
    assert Share.objects.get().may_edit


def test_it_is_undone_as_a_whole_and_what_was_before_comes_back(web, li_wei, chen_jing):
    first, second = customers(li_wei, "甲乙")
    share_customer(first, chen_jing, actor=li_wei, on=TODAY, may_edit=True, reason="以前")
    web(li_wei).post(ADDRESS, asked(chen_jing, selected=[first.pk, second.pk]))
    assert Share.objects.filter(may_edit=False).count() == 2
    web(li_wei).post(f"/undo/{token_for_run(BulkRun.objects.get().pk, li_wei)}/")
    share = Share.objects.get()
    assert (share.customer_id, share.may_edit, share.reason) == (first.pk, True, "以前")


def test_a_colleague_who_left_meanwhile_gets_nothing(company, li_wei, chen_jing):
    (mine,) = customers(li_wei, "甲")
    run = started(company, li_wei, chen_jing, [mine.pk])
    chen_jing.is_active = False
    chen_jing.save()
    carry_out(run, actor=li_wei, on=TODAY, at=NOW)
    assert run.steps.counts() == {SKIPPED: 1}
    assert not Share.objects.exists()


def test_more_than_one_side_can_have_is_said_before_and_kept_while_it_runs(
    web, company, li_wei, chen_jing, monkeypatch
):
    mine = customers(li_wei, "甲乙丙")
    monkeypatch.setattr("kezhi.web.records.bulk.MOST_SHARED", 2)
    answer = web(li_wei).post(ADDRESS, asked(chen_jing, selected=[each.pk for each in mine]))
    assert answer.status_code == 422
    assert not BulkRun.objects.exists()
    monkeypatch.setattr(sharing, "MOST", 2)
    run = started(company, li_wei, chen_jing, [each.pk for each in mine])
    carry_out(run, actor=li_wei, on=TODAY, at=NOW)
    assert run.steps.counts() == {DONE: 2, SKIPPED: 1}
    assert Share.objects.count() == 2


def test_a_role_that_does_not_share_is_refused(web, agent, li_wei, chen_jing):
    (mine,) = customers(li_wei, "甲")
    for role in agent.roles.all():
        role.grants = {k: v for k, v in role.grants.items() if k != "share"}
        role.save()
    client = web(User.objects.get(pk=agent.pk))
    assert client.post(ADDRESS, asked(chen_jing, selected=mine.pk)).status_code == 403
    assert not BulkRun.objects.exists()


def test_a_past_day_is_no_day_to_share_until(company, li_wei, chen_jing):
    (mine,) = customers(li_wei, "甲")
    run = started(company, li_wei, chen_jing, [mine.pk], until=TODAY - timedelta(days=1))
    carry_out(run, actor=li_wei, on=TODAY, at=NOW)
    assert run.steps.counts() == {SKIPPED: 1}
