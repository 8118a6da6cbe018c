"""A disk without room, a real one: nothing is kept by halves, reading goes on, and then there is room."""

import os
import subprocess

import psutil
import psycopg
import pytest
from django.db import OperationalError, connection, transaction

from cast import NOW
from kezhi.web.patience import is_full
from kezhi.workbench.attaching import StoreFull, attach, attachments_of
from kezhi.workbench.models import Attachment


@pytest.fixture
def small_disk(tmp_path):
    """A file system of two megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m,mode=777", "tmpfs", place]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("no right to mount a file system here")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


@pytest.mark.django_db
def test_files_find_no_room_and_then_they_do(small_disk, settings, anhui_tea, li_wei, web):
    settings.MEDIA_ROOT = small_disk
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * 1_900_000)
    with pytest.raises(StoreFull):
        attach(anhui_tea, "合同.pdf", iter([b"y" * 500_000]), kind="customer", actor=li_wei, at=NOW)
    assert not Attachment.objects.exists()
    assert [path for path in small_disk.rglob("*") if path.is_file()] == [filler]
    assert web(li_wei).get(f"/customers/{anhui_tea.pk}/").status_code == 200
    filler.unlink()
    attach(anhui_tea, "合同.pdf", iter([b"y" * 500_000]), kind="customer", actor=li_wei, at=NOW)
    assert len(attachments_of("customer", anhui_tea.pk)) == 1


@pytest.mark.django_db(transaction=True)
def test_the_database_finds_no_room_and_says_so(small_disk, web, owner, monkeypatch):
    with psycopg.connect(os.environ["KEZHI_TEST_ADMIN_URL"], autocommit=True) as server:
        (pid,) = server.execute("SELECT pg_backend_pid()").fetchone()
        user = psutil.Process(pid)
        for place in (small_disk, *small_disk.parents):
            if "pytest" in str(place):  # the folders of this run, however deep it puts them
                place.chmod(0o777)
        os.chown(small_disk, user.uids().real, user.gids().real)
        server.execute("DROP TABLESPACE IF EXISTS kezhi_small")
        server.execute(f"CREATE TABLESPACE kezhi_small LOCATION '{small_disk}'")
        try:
            with connection.cursor() as cursor:
                cursor.execute("CREATE TABLE filling (t text) TABLESPACE kezhi_small")

            def fill(*arguments):
                with transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute(
                        "INSERT INTO filling SELECT repeat(md5(g::text), 60) FROM generate_series(1, 3000) g"
                    )

            with pytest.raises(OperationalError) as caught:
                fill()
            assert is_full(caught.value)
            monkeypatch.setattr("kezhi.web.accounts.settings.settings_areas", fill)
            answer = web(owner).get("/settings/")
            assert (answer.status_code, answer.headers["Retry-After"]) == (507, "60")
            assert web(owner).get("/products/").status_code == 200
            with connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM filling")
                assert cursor.fetchone()[0] == 0
        finally:
            with connection.cursor() as cursor:
                cursor.execute("DROP TABLE IF EXISTS filling")
            server.execute("DROP TABLESPACE kezhi_small")
