"""The index system on screen: seen, drafted, judged, compared, approved; and what is refused."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cast import TODAY
from kezhi.core.models import JobRun, JobState
from kezhi.insight import figures
from kezhi.insight.indexing import drafting, judging
from kezhi.insight.indexing.comparing import work_out
from kezhi.insight.models import IndexDraft, IndexJudgement, ValueSettings
from kezhi.insight.ruling import current_settings

pytestmark = pytest.mark.django_db
INDEX = "/value/index/"


@pytest.fixture
def draft(owner):
    return drafting.begin_draft("年度复核", actor=owner, on=TODAY)


@pytest.fixture
def measured(trading, measure):
    measure()
    return trading


def here(draft, page=""):
    return f"{INDEX}drafts/{draft.pk}/{page}"


def version(draft):
    draft.refresh_from_db()
    return str(draft.version)


def node(**changed):
    return {
        "name": "活跃概率",
        "weight": "20",
        "measure": "p_alive",
        "direction": "benefit",
        "normalisation": "bounds",
        **changed,
    }


def grades(*three):
    return dict(zip(("pair-0-1", "pair-0-2", "pair-1-2"), three, strict=True))


def judged(draft, actor, *three):
    drafting.weigh_children(
        draft, "0", {"method": "ahp"}, [], actor=actor, on=TODAY, version=draft.version
    )
    draft.refresh_from_db()


@pytest.mark.parametrize(("language", "is_measured"), [("en", False), ("zh-hans", True)])
def test_every_page_is_there(web, owner, draft, language, is_measured, request):
    if is_measured:
        request.getfixturevalue("measured")
    client = web(owner, language)
    pages = [
        INDEX,
        f"{INDEX}sensitivity/",
        f"{INDEX}versions/{current_settings().pk}/",
        f"{INDEX}versions/{current_settings().pk}/comparison/",
    ]
    pages += [
        here(draft, page)
        for page in (
            "",
            "new/?kind=group",
            "new/?in=0&kind=index",
            "index/",
            "index/?at=0",
            "index/?at=0.1",
            "weights/",
            "weights/?at=0",
            "judgement/",
            "judgement/?at=0",
            "comparison/",
            "sensitivity/",
        )
    ]
    for page in pages:
        assert client.get(page).status_code == 200, page
    for page in (
        "index/?at=9",
        "index/?at=0.0.0",
        "weights/?at=0.0",
        "judgement/?at=4",
        "new/?in=0.0&kind=index",
        "index/?at=x",
        "new/?kind=index",
    ):
        assert client.get(here(draft, page)).status_code == 404, page


def test_who_may_come_and_who_may_write(web, manager, analyst, li_wei, agent, draft):
    for person in (li_wei, agent):
        for page in (INDEX, here(draft), here(draft, "comparison/")):
            assert web(person).get(page).status_code == 403
        assert web(person).post(INDEX, {"title": "x"}).status_code == 403
    for person in (manager, analyst):
        client = web(person)
        assert client.get(INDEX).status_code == 200
        assert client.post(here(draft, "index/?at=0"), node()).status_code in (302, 409, 422)
        for deed in ("approval/", "return/"):
            assert client.post(here(draft, deed), {"decision": "x"}).status_code == 403
    assert IndexDraft.objects.get().is_draft


def test_a_draft_is_begun_changed_and_published(web, owner, measured):
    client = web(owner)
    assert client.post(INDEX, {"title": " "}).status_code == 422
    answer = client.post(INDEX, {"title": "2027"})
    draft = IndexDraft.objects.get()
    assert answer.url == here(draft)
    new = here(draft, "new/?in=2&kind=index")
    assert client.post(new, node(version=version(draft), measure="")).status_code == 422
    assert client.post(new, node(version=version(draft), weight="many")).status_code == 422
    assert client.post(new, node(version=version(draft))).status_code == 302
    assert client.post(new, node(version="1", name="另一个")).status_code == 409
    text = client.get(here(draft)).content.decode()
    assert "活跃概率" in text
    assert "活跃概率" not in client.get(INDEX).content.decode().split("drafts-h")[0]
    moved = {"at": "2.3", "step": "-1", "version": version(draft)}
    assert client.post(here(draft, "order/"), moved).status_code == 302
    htmx = {"hx-request": "true"}
    back = {"at": "2.2", "step": "1", "version": version(draft)}
    again = client.post(here(draft, "order/"), back, headers=htmx).content.decode()
    assert again.lstrip().startswith('<div id="index-tree"')
    late = client.post(here(draft, "order/"), back, headers=htmx)
    assert late.headers["HX-Refresh"] == "true"
    wrong = client.post(here(draft, "submission/"), {"publish": "1", "reason": ""})
    assert wrong.status_code == 422
    done = {"publish": "1", "reason": "加入活跃概率", "effective_on": ""}
    assert client.post(here(draft, "submission/"), done).status_code == 302
    draft.refresh_from_db()
    assert draft.state == "published"
    assert "加入活跃概率" in client.get(INDEX).content.decode()
    first = ValueSettings.objects.order_by("pk").first()
    assert "活跃概率" in client.get(f"{INDEX}versions/{first.pk}/").content.decode()


def test_the_name_that_kezhi_gave_stays_when_the_form_is_sent_back(web, owner, draft):
    client = web(owner, "zh-hans")
    text = client.get(here(draft, "index/?at=0.0")).content.decode()
    assert 'value="近 12 月贡献"' in text
    sent = node(
        name="近 12 月贡献", measure="contribution_12m", weight="50", version=version(draft)
    )
    assert client.post(here(draft, "index/?at=0.0"), sent).status_code == 302
    draft.refresh_from_db()
    assert draft.tree["branches"][0]["leaves"][0]["name"] == "contribution"


def test_a_judgement_is_checked_live_without_being_saved(web, owner, draft):
    judged(draft, owner)
    client = web(owner)
    page = here(draft, "judgement/?at=0")
    text = client.post(
        page, {**grades("2", "1/9", "4"), "check": "1"}, headers={"hx-request": "true"}
    ).content.decode()
    assert text.lstrip().startswith('<div id="judged"')
    assert "CR 2.069" in text
    assert "fits the others least" in text
    taken = re.search(r'name="take" value="([^"]+)"', text)[1]
    assert taken == "0-2:8"
    mended = client.post(page, {**grades("2", "1/9", "4"), "take": taken})
    assert "Not saved yet" in mended.content.decode()
    assert "CR 0.000" in mended.content.decode()
    assert not IndexJudgement.objects.exists()


def test_a_judgement_is_saved_beside_those_of_others(web, owner, analyst, draft):
    judged(draft, owner)
    page = here(draft, "judgement/?at=0")
    assert web(owner).post(page, grades("2", "6", "4")).status_code == 302
    assert web(analyst).post(page, grades("1/2", "3", "junk")).status_code == 302
    text = web(analyst).get(page).content.decode()
    assert "林晓雯" in text
    assert "Together" in text
    rows = {row.person_id: judging.pairs_of(row) for row in IndexJudgement.objects.all()}
    assert rows[owner.pk][("contribution", "payment")] == 6.0
    assert rows[analyst.pk] == {
        ("contribution", "continuation"): 0.5,
        ("contribution", "payment"): 3.0,
    }
    web(analyst).post(page, grades("", "", ""))
    assert IndexJudgement.objects.get().person == owner


@pytest.mark.parametrize(
    ("typed", "status"),
    [
        ({"method": "critic"}, 302),
        ({"method": "combined", "data": "merec", "theta": "70"}, 302),
        ({"method": "ahp"}, 302),
        ({"method": "fixed", "weight-0": "60"}, 302),
        ({"method": "fixed", "weight-0": "some"}, 422),
        ({"method": "fixed", "weight-0": "0", "weight-1": "0", "weight-2": "0"}, 422),
        ({"method": "magic"}, 422),
        ({"method": "combined", "theta": "700"}, 422),
        ({"method": "critic", "version": "77"}, 409),
    ],
)
def test_how_a_group_is_weighed(web, owner, draft, typed, status):
    page = here(draft, "weights/?at=0")
    assert web(owner).post(page, {"version": version(draft), **typed}).status_code == status


def test_the_comparison_names_customers_that_the_reader_may_see(
    web, owner, manager, measured, draft
):
    drafting.edit_index(
        draft, "2", drafting.Change("loyalty", 5.0), actor=owner, on=TODAY, version=draft.version
    )
    text = web(owner).get(here(draft, "comparison/")).content.decode()
    assert "customers would change tier" in text
    assert len(re.findall(r'href="/customers/\d+/"', text)) > 5
    seen = set(
        re.findall(
            r'href="/customers/(\d+)/"',
            web(manager).get(here(draft, "comparison/")).content.decode(),
        )
    )
    assert seen
    assert not any(measured_is_chens(int(key)) for key in seen)


def measured_is_chens(key):
    from kezhi.customers.models import Customer

    return Customer.objects.get(pk=key).owner.login == "chenjing"


def test_sensitivity_shows_whom_one_weight_moves(web, owner, measured):
    client = web(owner)
    text = client.get(f"{INDEX}sensitivity/?change=50").content.decode()
    assert re.search(r"If the weight of .+ moves by 50%, \d+ customers? change", text)
    assert client.get(f"{INDEX}sensitivity/?change=50&of=0.1").status_code == 200
    assert client.get(f"{INDEX}sensitivity/?change=x&of=9.9").status_code == 200


def test_a_very_large_company_waits_for_a_job(web, owner, measured, draft, monkeypatch):
    monkeypatch.setattr(figures, "MANY", 10)
    drafting.edit_index(
        draft, "2", drafting.Change("loyalty", 5.0), actor=owner, on=TODAY, version=draft.version
    )
    client = web(owner)
    for page in (here(draft, "comparison/"), here(draft, "sensitivity/?change=20")):
        assert "customers would change" not in client.get(page).content.decode()
        assert client.post(page).status_code == 302
        assert client.post(page).status_code == 302
        job = JobRun.objects.latest("pk")
        assert f'id="job-{job.pk}"' in client.get(page).content.decode()
        card = client.get(page, headers={"hx-request": "true", "hx-target": f"job-{job.pk}"})
        assert "job-" in card.content.decode()
        work_out(**_arguments(draft, "comparison" in page), progress=lambda *_told: None)
        job.finish(JobState.DONE)
    assert JobRun.objects.filter(name="insight.work_out_index").count() == 2
    assert "change tier" in client.get(here(draft, "comparison/")).content.decode()
    assert "moves by 20%" in client.get(here(draft, "sensitivity/?change=20")).content.decode()


def _arguments(draft, is_comparison):
    from kezhi.insight.indexing import approving, shaping

    draft.refresh_from_db()
    after = shaping.plain(shaping.built(approving.whole_tree(draft)))
    before = current_settings().rules["tree"] if is_comparison else None
    return {"after": after, "before": before, "change": 20}


def test_approval_by_somebody_else(web, owner, analyst, draft):
    drafting.edit_index(
        draft, "2", drafting.Change("loyalty", 5.0), actor=owner, on=TODAY, version=draft.version
    )
    sent = {"reason": "复核", "publish": "1", "effective_on": ""}
    assert web(analyst).post(here(draft, "submission/"), sent).status_code == 302
    draft.refresh_from_db()
    assert draft.is_waiting
    client = web(owner)
    assert client.post(here(draft, "return/"), {"decision": ""}).status_code == 422
    assert "Approve" in client.get(here(draft)).content.decode()
    assert client.post(here(draft, "approval/")).status_code == 302
    assert client.post(here(draft, "approval/")).status_code == 409
    assert client.post(here(draft, "removal/")).status_code == 409


def test_the_pages_ask_the_database_a_constant_number_of_times(web, owner, measured, draft):
    client = web(owner)
    for page in (INDEX, here(draft), here(draft, "comparison/"), f"{INDEX}sensitivity/?change=50"):
        client.get(page)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get(page)
        assert len(queries) < 45, page


def test_the_rules_page_leaves_deep_trees_alone(web, owner, draft):
    from web.settings.test_value import PAGE, typed

    drafting.weigh_children(
        draft, "0", {"method": "critic"}, [], actor=owner, on=TODAY, version=draft.version
    )
    client = web(owner)
    client.post(here(draft, "submission/"), {"reason": "数据", "publish": "1", "effective_on": ""})
    draft.refresh_from_db()
    assert draft.state == "published"
    tree = current_settings().rules["tree"]
    assert client.get(PAGE).status_code == 200
    fields = typed(horizon_months="24", needs_second_person="1")
    assert client.post(PAGE, fields).status_code == 302
    assert current_settings().rules["tree"] == tree
    assert current_settings().needs_second_person
