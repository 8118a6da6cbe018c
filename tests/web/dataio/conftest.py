"""Files on their way into the company, as a browser without script sends them."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from kezhi.core.models import JobRun
from kezhi.dataio.models import ImportBatch


@pytest.fixture(autouse=True)
def _own_uploads(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "uploads"


def send(client, kind, text, name="file.csv", **more):
    content = text if isinstance(text, bytes) else text.encode()
    return client.post(
        "/imports/", {"kind": kind, "file": SimpleUploadedFile(name, content), **more}
    )


@pytest.fixture
def uploaded(web):
    """`uploaded(person, kind, text)`: the batch after the upload and the check."""

    def upload(person, kind, text, **more):
        answer = send(web(person), kind, text, **more)
        assert answer.status_code == 302, answer.content.decode()
        return ImportBatch.objects.get(pk=int(answer.url.rstrip("/").rpartition("/")[2]))

    return upload


@pytest.fixture
def work(db):
    """Do what was queued, as a worker would; the batch afterwards."""
    from kezhi.jobs import tasks
    from kezhi.jobs.carrying import carry_out

    names = {"dataio.check": tasks.check_import, "dataio.import": tasks.import_file}

    def carry(batch):
        batch.refresh_from_db()
        job = JobRun.objects.get(pk=batch.job_run_id)
        carry_out(names[job.name], job.pk, {"batch": batch.pk})
        batch.refresh_from_db()
        return batch

    return carry


@pytest.fixture
def imported(web, uploaded, work):
    """`imported(person, kind, text)`: uploaded, checked, and the good rows brought in."""

    def bring(person, kind, text, **more):
        batch = uploaded(person, kind, text, **more)
        answer = web(person).post(f"/imports/{batch.pk}/rows/")
        assert answer.status_code == 302, answer.content.decode()
        return work(batch)

    return bring
