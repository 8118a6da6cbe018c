"""What stands around the records, by program: people, search, jobs, the log, sharing, duplicates and merges."""

import pytest
from django.db import connection

from cast import TODAY
from kezhi.accounts.models import Share
from kezhi.api.around import log
from kezhi.audit.models import Entry
from kezhi.audit.sightings import Seen, note_sighting
from kezhi.core import queue
from kezhi.core.models import JobRun
from kezhi.customers.creating import create_contact, create_customer
from kezhi.customers.models import Contact, Customer, DuplicatePair, Interaction
from kezhi.messaging.models import MailAccount

pytestmark = pytest.mark.django_db


def test_the_directory_names_people_and_teams(program, li_wei, organisation):
    erp = program(li_wei)
    people = {each["key"]: each for each in erp.get("/people").json["items"]}
    assert people["liwei"]["name"] == "李伟"
    assert people["liwei"]["team"]["id"] == organisation.east_one.pk
    assert people["liwei"]["department"]["name"] == organisation.east.name
    teams = {each["id"]: each for each in erp.get("/teams?limit=200").json["items"]}
    assert teams[organisation.east_one.pk]["department"]["id"] == organisation.east.pk
    assert program(li_wei, {"customer": ["read"]}).get("/people").status == 403


def test_tags_are_listed_as_records_have_them(program, li_wei, anhui_tea):
    erp = program(li_wei)
    erp.post(f"/customers/{anhui_tea.pk}/tags", {"add": ["样品", "展会"]})
    assert [each["name"] for each in erp.get("/tags").json["items"]] == ["样品", "展会"]


def test_tags_are_renamed_merged_and_taken_off(program, owner, li_wei, anhui_tea):
    boss, one = program(owner), f"/customers/{anhui_tea.pk}"
    boss.post(f"{one}/tags", {"add": ["样品", "试样", "展会"]})
    ids = {each["name"]: each["id"] for each in boss.get("/tags").json["items"]}
    changed = boss.patch(f"/tags/{ids['展会']}", {"name": "2026 展会", "colour": 3})
    assert changed.json == {"id": ids["展会"], "name": "2026 展会", "colour": 3}
    assert boss.patch(f"/tags/{ids['展会']}", {"name": "样品"}).status == 409
    assert boss.post(f"/tags/{ids['试样']}/merge", {"into": 987_654}).status == 422
    assert boss.post(f"/tags/{ids['试样']}/merge", {"into": ids["样品"]}).status == 200
    assert set(boss.get(one).json["tags"]) == {"样品", "2026 展会"}
    assert program(li_wei).patch(f"/tags/{ids['样品']}", {"colour": 1}).status == 403
    assert boss.delete(f"/tags/{ids['样品']}").status == 428
    assert boss.delete(f"/tags/{ids['样品']}", if_match="*").status == 204
    assert boss.get(one).json["tags"] == ["2026 展会"]
    assert boss.delete(f"/tags/{ids['样品']}", if_match="*").status == 404


def test_search_finds_in_every_kind_what_is_seen(program, li_wei, chen_jing, anhui_tea):
    create_contact({"customer": anhui_tea, "name": "茶小敏"}, actor=li_wei, on=TODAY)
    found = program(li_wei).get("/search?q=茶").json["items"]
    assert {(each["kind"], each["records"][0]["id"]) for each in found} == {
        ("customer", anhui_tea.pk),
        ("contact", Contact.objects.get().pk),
    }
    only = program(li_wei).get("/search?q=茶&kinds=contact").json["items"]
    assert [each["kind"] for each in only] == ["contact"]
    assert program(chen_jing).get("/search?q=茶").json["items"] == []
    narrow = program(li_wei, {"customer": ["read"]})
    assert [each["kind"] for each in narrow.get("/search?q=茶").json["items"]] == ["customer"]
    assert narrow.get("/search?q=茶&kinds=contact").status == 400
    assert narrow.get("/search?q=").status == 400


# ---- jobs ----


@pytest.fixture
def job(li_wei):
    return queue.start("customers.find_duplicates", "查重", actor=li_wei)


def test_a_job_is_read_by_its_own_and_stopped_by_who_runs_operations(
    program, li_wei, chen_jing, owner, job
):
    one = f"/jobs/{job.pk}"
    own = program(li_wei).get(one).json
    assert (own["state"], own["name"], own["title"]) == ("queued", job.name, None)
    assert program(chen_jing).get(one).status == 404
    assert program(li_wei).post(f"{one}/cancellation", {}).status == 403
    boss = program(owner)
    assert boss.get("/jobs").json["items"] == []
    assert boss.get("/jobs?of=all&state=queued").json["items"][0]["title"] == "查重"
    assert program(li_wei).get("/jobs?of=all").status == 403
    assert boss.post(f"{one}/cancellation", {}).status == 200
    assert JobRun.objects.get(pk=job.pk).cancel_requested
    assert Entry.objects.filter(deed="job.cancelled").count() == 1


def test_a_job_is_begun_again_once(program, owner):
    failed = queue.start("customers.find_duplicates", "查重", actor=owner)
    JobRun.objects.filter(pk=failed.pk).update(state="failed")
    boss = program(owner)
    again = boss.post(f"/jobs/{failed.pk}/repetition", {})
    assert (again.status, again.json["state"]) == (201, "queued")
    assert boss.post(f"/jobs/{failed.pk}/repetition", {}).status == 409


# ---- the log ----


@pytest.fixture
def settled(monkeypatch):
    """What this test wrote counts as ended, though its transaction never ends."""
    monkeypatch.setattr(log, "horizon", lambda: 2**60)


def test_a_watcher_reads_every_deed_once_and_goes_on(program, owner, li_wei, anhui_tea, settled):
    watcher = program(owner)
    first = watcher.get("/audit-log?limit=1").json
    assert first["there_are_more"]
    deeds, cursor = [each["deed"] for each in first["items"]], first["next"]
    while True:
        page = watcher.get(f"/audit-log?limit=2&cursor={cursor}").json
        deeds += [each["deed"] for each in page["items"]]
        cursor = page["next"]
        if not page["there_are_more"]:
            break
    assert deeds == list(Entry.objects.order_by("pk").values_list("deed", flat=True))
    program(li_wei).patch(f"/customers/{anhui_tea.pk}", {"city": "黄山"})
    rest = watcher.get(f"/audit-log?cursor={cursor}&deed=customer.edited").json["items"]
    assert [(each["subject"], each["who"]["name"]) for each in rest] == [
        ("安徽茶业有限公司", "李伟"),
    ]
    assert rest[0]["program"]["name"] == "ERP"


def test_what_a_transaction_under_way_wrote_waits(program, owner, anhui_tea, monkeypatch):
    with connection.cursor() as cursor:
        cursor.execute("SELECT kezhi_transaction()")
        ours = cursor.fetchone()[0]
    watcher = program(owner)
    monkeypatch.setattr(log, "horizon", lambda: ours)
    held = watcher.get("/audit-log").json
    monkeypatch.setattr(log, "horizon", lambda: ours + 1)
    told = watcher.get(f"/audit-log?limit=200&cursor={held['next']}").json["items"]
    assert held["items"] == []
    assert "customer.created" in {each["deed"] for each in told}


def test_the_log_is_for_who_reads_it_and_narrows(program, owner, li_wei, anhui_tea, settled):
    note_sighting(
        [Seen("customer", anhui_tea.pk, "安徽茶业")], actor=li_wei, on=TODAY, where="page"
    )
    watcher = program(owner)
    of_one = f"kind=customer&record={anhui_tea.pk}&who={li_wei.pk}"
    (seen,) = watcher.get(f"/access-log?{of_one}").json["items"]
    assert (seen["who"]["name"], seen["name"], seen["where"]) == ("李伟", "安徽茶业", "page")
    (made,) = watcher.get(f"/audit-log?{of_one}").json["items"]
    assert made["deed"] == "customer.created"
    assert watcher.get("/audit-log?since=2090-01-01T00:00:00Z").json["items"] == []
    for wrong in ("since=today", "kind=nothing", "who=me", "cursor=7", "deeds=x"):
        assert watcher.get(f"/audit-log?{wrong}").status == 400, wrong
    assert program(li_wei).get("/audit-log").status == 403
    assert program(owner, {"customer": ["read"]}).get("/access-log").status == 403


# ---- sharing ----


def test_a_customer_is_shared_and_given_back(program, li_wei, chen_jing, analyst, anhui_tea):
    one, erp, other = f"/customers/{anhui_tea.pk}", program(li_wei), program(chen_jing)
    assert other.get(one).status == 404
    assert erp.post(f"{one}/share", {}).json["errors"][0]["pointer"] == "/person"
    sent = {"person": {"key": "chenjing"}, "reason": "代为拜访", "until": "2090-01-01"}
    assert erp.post(f"{one}/share", sent).status == 200
    assert other.get(one).status == 200
    assert other.post(f"{one}/share", {"person": {"key": "analyst"}}).status == 403
    (share,) = erp.get(f"{one}/shares").json["items"]
    assert (share["person"]["id"], share["may_edit"]) == (chen_jing.pk, False)
    assert other.get(f"{one}/shares").json["items"][0]["id"] == share["id"]
    assert other.post(f"{one}/share-end", {"share": 987_654}).status == 422
    other.post(f"{one}/share-end", {"share": share["id"]})
    assert not Share.objects.exists()
    assert other.get(one).status == 404
    assert program(analyst).get(f"{one}/shares").status == 403
    assert Entry.objects.filter(deed="customer.unshared").count() == 1


# ---- duplicates ----


@pytest.fixture
def twin(li_wei):
    fields = {"name": "安徽茶业", "code": "C-TWIN", "phone": "13912346027"}
    return create_customer(fields, actor=li_wei, on=TODAY)


@pytest.fixture
def pair(anhui_tea, twin):
    return DuplicatePair.objects.create(
        first=anhui_tea, second=twin, score=80, reasons=["p"], group=anhui_tea.pk
    )


def test_a_pair_is_put_aside_and_taken_up_again(program, manager, chen_jing, pair):
    erp, one = program(manager), f"/duplicates/{pair.pk}"
    (told,) = erp.get("/duplicates").json["items"]
    assert (told["first"]["key"], told["second"]["key"]) == ("C-AHTEA", "C-TWIN")
    assert told["reasons"]
    done = erp.post(f"{one}/dismissal", {"reason": "两家分公司"})
    assert (done.json["state"], done.json["reason"]) == ("dismissed", "两家分公司")
    assert erp.get("/duplicates").json["items"] == []
    assert len(erp.get("/duplicates?state=dismissed").json["items"]) == 1
    assert erp.post(f"{one}/reopening", {}).json["state"] == "open"
    assert program(chen_jing).post(f"{one}/dismissal", {}).status in (403, 404)
    assert erp.get("/duplicates?state=gone").status == 400


def test_a_merge_is_taken_apart(program, manager, anhui_tea, twin):
    erp = program(manager)
    merged = erp.post(f"/customers/{anhui_tea.pk}/merge", {"merged": {"key": "C-TWIN"}})
    assert merged.status == 200
    (merge,) = erp.get("/merges").json["items"]
    assert (merge["merged"]["id"], merge["can_be_undone"]) == (twin.pk, True)
    undone = erp.post(f"/merges/{merge['id']}/undoing", {}).json
    assert undone["undone_at"]
    assert Customer.objects.filter(pk=twin.pk).exists()
    assert erp.post(f"/merges/{merge['id']}/undoing", {}).status == 409


def test_the_search_for_duplicates_begins_once(program, owner, li_wei):
    boss = program(owner)
    begun = boss.post("/duplicates/search", {})
    assert begun.status == 202
    assert boss.get(f"/jobs/{begun.json['job']}").json["state"] == "queued"
    assert boss.post("/duplicates/search", {}).status == 409
    assert program(li_wei).post("/duplicates/search", {}).status == 403


# ---- letters ----


@pytest.fixture
def mailbox(li_wei):
    return MailAccount.objects.create(
        name="李伟",
        address="liwei@kezhi.example",
        purpose="personal",
        owner=li_wei,
        smtp_host="127.0.0.1",
    )


def test_a_letter_is_written_once_and_followed(
    program, li_wei, chen_jing, analyst, anhui_tea, mailbox
):
    fields = {"customer": anhui_tea, "name": "张敏", "email": "zm@ah.example"}
    zhang = create_contact(fields, actor=li_wei, on=TODAY)
    erp, one = program(li_wei), f"/customers/{anhui_tea.pk}/letters"
    (own,) = erp.get("/mailboxes").json["items"]
    assert own == {"id": mailbox.pk, "name": "李伟", "address": "liwei@kezhi.example"}
    sent = {"contacts": [zhang.pk], "subject": "报价", "text": "附上报价。"}
    for _again in range(2):
        told = erp.post(one, sent, idempotency_key="l-1")
    assert (told.status, told.json["mail"]["state"]) == (201, "waiting")
    line = Interaction.objects.get(pk=told.json["interaction"])
    assert (line.channel, line.contact) == ("email", zhang)
    mail = f"/outgoing-mail/{told.json['mail']['id']}"
    assert erp.get(mail).json["to"] == ["zm@ah.example"]
    blind = program(li_wei, field_rules={"reach": "masked"})
    assert blind.get(mail).json["to"] is None
    assert blind.post(one, sent).status == 403
    assert program(chen_jing).get(mail).status == 404
    assert program(analyst).get("/outgoing-mail").status == 403
    assert erp.post(f"{mail}/arrival", {}).status == 409
    assert erp.post(f"{mail}/taking-back", {}).json["state"] == "dropped"
    assert [each["id"] for each in erp.get("/outgoing-mail?state=dropped").json["items"]] == [
        told.json["mail"]["id"],
    ]
    assert Entry.objects.filter(deed="letter.sent").count() == 1


def test_a_letter_without_a_mailbox_of_ones_own_or_to_a_stranger_isnt_sent(
    program, li_wei, owner, anhui_tea, mailbox
):
    one = f"/customers/{anhui_tea.pk}/letters"
    words = {"subject": "报价", "text": "附上。"}
    assert program(li_wei).post(one, {**words, "contacts": []}).status == 409
    other = create_customer({"name": "另一家", "code": "C-OTHER"}, actor=owner, on=TODAY)
    fields = {"customer": other, "name": "王磊", "email": "wl@other.example"}
    wang = create_contact(fields, actor=owner, on=TODAY)
    assert program(li_wei).post(one, {**words, "contacts": [wang.pk]}).status == 422
    boss = program(owner)
    assert (
        boss.post(one, {**words, "contacts": [wang.pk]}).json["errors"][0]["pointer"] == "/mailbox"
    )
    named = {**words, "contacts": [wang.pk], "mailbox": mailbox.pk}
    assert boss.post(one, named).status == 422
    assert not Interaction.objects.exists()
