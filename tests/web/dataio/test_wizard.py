"""The import in the browser, without script: every step is an address or a form."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from cast import NOW, TODAY
from kezhi.customers.models import Customer
from kezhi.dataio.models import BatchState, ImportBatch

CUSTOMERS = "客户名称,客户编号,联系电话\n苏州恒泰,K1,13812346027\n昆山恒润,K2,1391234\n"


@pytest.fixture(autouse=True)
def uploads(tmp_path: Any, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def site(client: Any, owner: Any) -> Any:
    client.force_login(owner)
    return client


def send(site: Any, content: str = CUSTOMERS, kind: str = "customer", **more: str) -> Any:
    file = SimpleUploadedFile("客户.csv", content.encode())
    return site.post(reverse("imports"), {"kind": kind, "file": file, **more})


def work_off(batch: ImportBatch) -> ImportBatch:
    """What the worker does with a queued import."""
    from kezhi.core.actor import SYSTEM
    from kezhi.core.progress import silent
    from kezhi.dataio import importing

    batch.refresh_from_db()
    importing.in_background(
        importing.import_rows, batch, batch.job_run, actor=SYSTEM, on=TODAY, at=NOW, progress=silent
    )
    return batch


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_file_is_uploaded_checked_imported_and_undone(site, owner, language):
    owner.language = language
    owner.save()
    assert site.get(reverse("imports")).status_code == 200
    sent = send(site)
    batch = ImportBatch.objects.get()
    page = reverse("import", args=[batch.pk])
    assert sent.url == page
    assert (batch.good, batch.bad) == (1, 1)
    shown = site.get(page).content.decode()
    assert "1391234" in shown
    assert "苏州恒泰" in site.get(page + "?show=all").content.decode()
    assert not Customer.objects.filter(code="K1").exists()

    site.post(reverse("import-start", args=[batch.pk]))
    assert "aria-busy" in site.get(page).content.decode()
    work_off(batch)
    assert Customer.objects.filter(code="K1").exists()
    assert site.get(page).status_code == 200

    site.post(reverse("import-undo", args=[batch.pk]))
    assert not Customer.objects.filter(code="K1").exists()
    assert site.get(page).status_code == 200
    assert "客户.csv" in site.get(reverse("imports")).content.decode()


def test_columns_can_be_matched_by_hand(site):
    send(site, "甲,乙\n苏州恒泰,K1\n")
    batch = ImportBatch.objects.get()
    assert batch.state == BatchState.UPLOADED
    assert site.get(reverse("import", args=[batch.pk])).status_code == 200
    site.post(reverse("import-mapping", args=[batch.pk]), {"field-0": "name", "field-1": "code"})
    batch.refresh_from_db()
    assert (batch.state, batch.good) == (BatchState.CHECKED, 1)


def test_a_word_can_be_told_what_it_means(site):
    send(site, "客户名称,客户类型\n苏州恒泰,散户\n")
    batch = ImportBatch.objects.get()
    assert "散户" in site.get(reverse("import", args=[batch.pk])).content.decode()
    site.post(
        reverse("import-mapping", args=[batch.pk]),
        {"field-0": "name", "field-1": "form", "said-1-0": "散户", "means-1-0": "person"},
    )
    batch.refresh_from_db()
    assert (batch.good, batch.bad) == (1, 0)


def test_a_quick_fix_says_which_number_is_the_day(site):
    send(site, "客户,日期,金额\n甲,03/04/2025,1\n", kind="order")
    batch = ImportBatch.objects.get()
    assert batch.bad == 1
    fields = {f"field-{i}": entry["field"] for i, entry in enumerate(batch.mapping)}
    site.post(
        reverse("import-mapping", args=[batch.pk]),
        {**fields, "create_missing": "1", "fix": "1:day"},
    )
    batch.refresh_from_db()
    assert (batch.good, batch.bad) == (1, 0)


def test_a_file_can_be_read_again_in_another_way(site):
    send(site, "x;客户名称\n1;苏州恒泰\n", delimiter="comma")
    batch = ImportBatch.objects.get()
    site.post(
        reverse("import-reading", args=[batch.pk]), {"delimiter": "semicolon", "heading_row": "1"}
    )
    batch.refresh_from_db()
    assert batch.facts["headings"] == ["x", "客户名称"]


def test_a_refused_file_leaves_a_form_with_the_reason(site):
    answer = send(site, "")
    assert answer.status_code == 422
    assert not ImportBatch.objects.exists()


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize("kind", ["customer", "product", "order"])
def test_sample_files_can_be_imported_as_they_are(site, kind, form):
    sample = site.get(reverse("import-sample", args=[kind, form]))
    content = b"".join(sample.streaming_content)
    assert sample.headers["Content-Disposition"].startswith("attachment")
    file = SimpleUploadedFile(f"sample.{form}", content)
    site.post(reverse("imports"), {"kind": kind, "file": file})
    batch = ImportBatch.objects.get()
    assert (batch.good, batch.bad) == (1, 0), batch.causes


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_bad_rows_can_be_downloaded(site, form):
    send(site)
    batch = ImportBatch.objects.get()
    answer = site.get(reverse("import-bad-rows", args=[batch.pk, form]))
    assert answer.status_code == 200
    assert b"".join(answer.streaming_content)


def test_who_may_not_import_gets_403_and_nothing_is_written(client, li_wei):
    client.force_login(li_wei)
    assert client.get(reverse("imports")).status_code == 403
    assert send(client).status_code == 403
    assert not ImportBatch.objects.exists()


def test_a_stranger_does_not_find_the_import_of_another(client, site, organisation, manager):
    send(site)
    batch = ImportBatch.objects.get()
    client.force_login(manager)
    for name in ("import", "import-start", "import-undo", "import-cancel", "import-mapping"):
        ask = client.get if name == "import" else client.post
        assert ask(reverse(name, args=[batch.pk])).status_code == 404
    assert client.get(reverse("import-bad-rows", args=[batch.pk, "csv"])).status_code == 404


def test_a_file_is_thrown_away(site, tmp_path, django_capture_on_commit_callbacks):
    send(site)
    batch = ImportBatch.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        site.post(reverse("import-cancel", args=[batch.pk]))
    batch.refresh_from_db()
    assert batch.state == BatchState.CANCELLED
    assert not list((tmp_path / "imports").iterdir())
    assert site.get(reverse("import", args=[batch.pk])).status_code == 200
