"""Who may import, who sees whose imports; and work in the background: watched, left, cancelled."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kezhi.core.models import JobRun, JobState
from kezhi.customers.models import Customer
from kezhi.dataio.models import BatchState, ImportBatch
from kezhi.web.dataio import checking

from .conftest import send

pytestmark = pytest.mark.django_db

CUSTOMERS = "客户名称,城市\n苏州恒泰,苏州\n昆山恒润,昆山\n"
DEEDS = ("reading", "mapping", "rows", "cancellation", "undoing")


def test_who_does_not_import_gets_403_and_changes_nothing(web, li_wei):
    client = web(li_wei)
    assert client.get("/imports/").status_code == 403
    assert send(client, "customer", CUSTOMERS).status_code == 403
    assert client.get("/imports/samples/order.csv").status_code == 403
    assert not ImportBatch.objects.exists()


def test_a_stranger_finds_nothing_and_changes_nothing(web, imported, owner, manager):
    batch = imported(owner, "customer", CUSTOMERS)
    client = web(manager)
    assert batch.file_name not in client.get("/imports/").content.decode()
    assert client.get(f"/imports/{batch.pk}/").status_code == 404
    assert client.get(f"/imports/{batch.pk}/errors.csv").status_code == 404
    for deed in DEEDS:
        assert client.post(f"/imports/{batch.pk}/{deed}/").status_code == 404
    batch.refresh_from_db()
    assert batch.state == BatchState.DONE
    assert Customer.objects.count() == 2


def test_the_owner_sees_what_a_manager_imported_and_can_undo_it(web, imported, manager, owner):
    batch = imported(manager, "customer", CUSTOMERS)
    assert manager.name in web(owner).get("/imports/").content.decode()
    web(owner).post(f"/imports/{batch.pk}/undoing/")
    assert Customer.objects.count() == 0


def test_who_lost_the_right_keeps_neither_page_nor_deeds(web, imported, manager):
    batch = imported(manager, "customer", CUSTOMERS)
    manager.roles.clear()
    manager.__dict__.pop("permissions", None)
    client = web(type(manager).objects.get(pk=manager.pk))
    assert client.get(f"/imports/{batch.pk}/").status_code == 403
    assert client.post(f"/imports/{batch.pk}/undoing/").status_code == 403
    assert Customer.objects.count() == 2


@pytest.mark.parametrize("deed", DEEDS)
def test_deeds_are_not_done_by_reading(web, uploaded, owner, deed):
    batch = uploaded(owner, "customer", CUSTOMERS)
    assert web(owner).get(f"/imports/{batch.pk}/{deed}/").status_code == 405


@pytest.fixture
def large(monkeypatch):
    """Every file is too large to be checked at once."""
    monkeypatch.setattr(checking, "AT_ONCE", {"csv": 0, "workbook": 0})


def test_a_large_file_is_checked_in_the_background(web, uploaded, work, owner, large):
    batch = uploaded(owner, "customer", CUSTOMERS)
    assert batch.state == BatchState.CHECKING
    client = web(owner)
    page = client.get(f"/imports/{batch.pk}/").content.decode()
    assert "The rows are being checked" in page
    assert f'hx-get="/imports/{batch.pk}/"' in page
    assert client.post(f"/imports/{batch.pk}/mapping/", {"field-0": "name"}).status_code == 409
    work(batch)
    page = client.get(f"/imports/{batch.pk}/").content.decode()
    assert "All 2 rows can be imported" in page


def test_the_card_tells_rows_and_time_and_ends_by_loading_the_page(web, uploaded, owner, large):
    batch = uploaded(owner, "customer", CUSTOMERS)
    batch.job_run.start()
    JobRun.objects.update(done=500, total=1000, message="Reading the rows")
    ask = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": f"job-{batch.pk}"}
    card = web(owner).get(f"/imports/{batch.pk}/", **ask).content.decode()
    assert "<html" not in card
    assert "500 of 1,000 rows" in card
    ImportBatch.objects.update(state=BatchState.CHECKED)
    answer = web(owner).get(f"/imports/{batch.pk}/", **ask)
    assert answer.headers["HX-Refresh"] == "true"


def test_what_no_worker_took_up_is_cancelled_at_once(web, uploaded, work, owner):
    batch = uploaded(owner, "customer", CUSTOMERS)
    client = web(owner)
    client.post(f"/imports/{batch.pk}/rows/")
    client.post(f"/imports/{batch.pk}/cancellation/")
    assert b"Nothing was imported" in client.get(f"/imports/{batch.pk}/").content
    work(batch)
    assert not Customer.objects.exists()
    client.post(f"/imports/{batch.pk}/rows/")
    assert work(batch).created == 2


def test_a_running_import_is_cancelled_and_brings_nothing_in(web, uploaded, work, owner):
    batch = uploaded(owner, "customer", CUSTOMERS)
    client = web(owner)
    client.post(f"/imports/{batch.pk}/rows/")
    JobRun.objects.update(state=JobState.RUNNING)
    client.post(f"/imports/{batch.pk}/cancellation/")
    assert b"Stopping" in client.get(f"/imports/{batch.pk}/").content
    work(batch)
    assert JobRun.objects.get().state == JobState.CANCELLED
    assert not Customer.objects.exists()
    assert b"Nothing was imported" in client.get(f"/imports/{batch.pk}/").content


def test_an_import_is_begun_once(web, uploaded, owner):
    batch = uploaded(owner, "customer", CUSTOMERS)
    client = web(owner)
    client.post(f"/imports/{batch.pk}/rows/")
    assert client.post(f"/imports/{batch.pk}/rows/").status_code == 409
    assert JobRun.objects.count() == 1


def test_the_first_day_leads_from_the_file_to_the_first_value(web, imported, owner):
    page = web(owner).get("/imports/").content.decode()
    assert "Company and owner" in page
    assert "Bring your first file" in page
    order = "customer,date,amount\nFirm,2025-01-31,10\n"
    batch = imported(owner, "order", order)
    assert 'action="/value/runs/"' in web(owner).get(f"/imports/{batch.pk}/").content.decode()
    page = web(owner).get("/imports/").content.decode()
    assert 'action="/value/runs/"' in page


def test_the_list_asks_as_much_for_many_imports_as_for_one(web, uploaded, owner):
    uploaded(owner, "customer", CUSTOMERS)
    client = web(owner)
    client.get("/imports/")
    with CaptureQueriesContext(
        connection,
    ) as few:
        client.get("/imports/")
    batch = ImportBatch.objects.get()
    ImportBatch.objects.bulk_create(
        ImportBatch(kind="customer", file_name=f"{n}.csv", size=1, actor_id=batch.actor_id)
        for n in range(40)
    )
    with CaptureQueriesContext(connection) as many:
        page = client.get("/imports/").content.decode()
    assert len(many) == len(few)
    assert "?before=" in page
    older = client.get(f"/imports/?before={batch.pk + 1}").content.decode()
    assert "file.csv" in older


def test_the_page_asks_as_much_for_many_errors_as_for_few(web, uploaded, owner):
    head = "customer,date,amount\n"
    few = uploaded(owner, "order", head + "A,x,y\n")
    many = uploaded(owner, "order", head + "".join(f"A{n},x{n},y{n}\n" for n in range(300)))
    client = web(owner)
    counts = []
    for batch in (few, many):
        client.get(f"/imports/{batch.pk}/")
        with CaptureQueriesContext(connection) as asked:
            client.get(f"/imports/{batch.pk}/")
        counts.append(len(asked))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_step_reads_in_both_languages_and_keeps_the_content_policy(
    web, imported, uploaded, owner, language
):
    text = "客户名称,城市,电话\n苏州恒泰,苏州,139\n昆山恒润,昆山,\n"
    pages = ["/imports/", f"/imports/{uploaded(owner, 'customer', text).pk}/"]
    pages.append(f"/imports/{imported(owner, 'customer', text).pk}/")
    for address in pages:
        page = web(owner, language).get(address).content.decode()
        assert "style=" not in page
        assert "<script>" not in page
        assert ("导入" in page) == (language == "zh-hans")
