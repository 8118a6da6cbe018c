"""Files by program: brought, listed, fetched and removed on records of every kind that keeps them."""

import hashlib
import json
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from kezhi.api.operations import operations
from kezhi.audit.models import Entry
from kezhi.workbench import attaching
from kezhi.workbench.models import Attachment

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"


@pytest.fixture(autouse=True)
def store(settings, tmp_path):
    """A store of its own, so that every file in it is known."""
    settings.MEDIA_ROOT = tmp_path
    return lambda: [path for path in Path(tmp_path).rglob("*") if path.is_file()]


def sent(program, path, content=PDF, name="合同.pdf", key=None, **extra):
    """A file as a part of a form."""
    headers = {"HTTP_AUTHORIZATION": f"Bearer {program.secret}", "HTTP_ACCEPT_LANGUAGE": "en"}
    if key:
        headers["HTTP_IDEMPOTENCY_KEY"] = key
    file = SimpleUploadedFile(name, content, "application/pdf")
    response = program.client.post(f"/api/v1{path}", {"file": file, **extra}, **headers)
    return response.status_code, json.loads(response.content)


def raw(program, path, content=PDF, named='attachment; filename="a.pdf"', **more):
    """A file as the body itself."""
    more = {"content_type": "application/octet-stream", **more}
    response = program.client.post(
        f"/api/v1{path}",
        content,
        HTTP_AUTHORIZATION=f"Bearer {program.secret}",
        HTTP_ACCEPT_LANGUAGE="en",
        **({"HTTP_CONTENT_DISPOSITION": named} if named else {}),
        **more,
    )
    return response.status_code, json.loads(response.content)


def fetched(program, path, method="get"):
    headers = {"HTTP_AUTHORIZATION": f"Bearer {program.secret}"}
    return getattr(program.client, method)(f"/api/v1{path}", **headers)


@pytest.fixture
def ticket(program, agent, anhui_tea):
    """A program of the agent, and the address of a ticket that it opened."""
    erp = program(agent)
    made = erp.post("/tickets", {"customer": {"key": "C-AHTEA"}, "subject": "三箱破损"})
    return erp, f"/tickets/{made.json['id']}"


def test_a_file_comes_is_listed_fetched_removed_and_brought_back(ticket, agent):
    erp, one = ticket
    status, made = sent(erp, f"{one}/files")
    assert status == 201
    assert (made["name"], made["size"], made["media_type"]) == (
        "合同.pdf",
        len(PDF),
        "application/pdf",
    )
    assert made["sha256"] == hashlib.sha256(PDF).hexdigest()
    assert made["created_by"] == {"id": agent.pk, "name": agent.name}
    assert erp.get(f"{one}/files").json == {"items": [made]}
    file = f"{one}/files/{made['id']}"
    response = fetched(erp, file)
    assert b"".join(response.streaming_content) == PDF
    assert erp.delete(file).status == 204
    assert erp.get(f"{one}/files").json == {"items": []}
    assert fetched(erp, file).status_code == 404
    assert erp.delete(file).status == 404
    assert erp.post(f"{file}/restoration", {}).json == made
    assert erp.post(f"{file}/restoration", {}).status == 404
    deeds = Entry.objects.filter(deed__startswith="attachment.").order_by("pk")
    assert [each.deed for each in deeds] == [
        *("attachment.added", "attachment.removed", "attachment.restored"),
    ]
    assert all(each.detail.get("by_integration_name") == "ERP" for each in deeds)


def test_a_file_is_only_ever_saved(ticket):
    erp, one = ticket
    _status, made = sent(erp, f"{one}/files", b"<svg onload='x()'/>", "a.svg")
    for method in ("get", "head"):
        response = fetched(erp, f"{one}/files/{made['id']}", method)
        assert response.status_code == 200
        assert response["Content-Type"] == "application/octet-stream"
        assert response["Content-Disposition"].startswith("attachment")
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
        assert response["Cache-Control"] == "no-store"
        assert bool(b"".join(response.streaming_content)) == (method == "get")


def test_the_body_itself_is_a_file_under_the_name_that_is_said(ticket):
    erp, one = ticket
    names = {
        'attachment; filename="../../报价 2026.pdf"': "报价 2026.pdf",
        'attachment; filename="../../报价 2026.pdf"'.encode().decode("latin-1"): "报价 2026.pdf",
        "attachment; filename*=UTF-8''%E5%90%88%E5%90%8C.pdf": "合同.pdf",
        'attachment; filename="a.pdf"': "a.pdf",
    }
    for said, name in names.items():
        status, made = raw(erp, f"{one}/files", named=said)
        assert (status, made["name"]) == (201, name)
    for said in (
        None,
        "attachment",
        "attachment; filename=",
        "attachment; filename*=x'y'%zz",
        "x" * 2000,
    ):
        assert raw(erp, f"{one}/files", named=said)[0] == 400
    assert len(erp.get(f"{one}/files").json["items"]) == len(names)


def test_the_same_key_and_file_is_kept_once(ticket, store):
    erp, one = ticket
    first, again = (sent(erp, f"{one}/files", key="f-1") for _each in range(2))
    assert first == again
    by_itself = {"HTTP_IDEMPOTENCY_KEY": "f-1"}
    assert raw(erp, f"{one}/files", named='a; filename="合同.pdf"', **by_itself) == first
    for other in ({"content": PDF + b"1"}, {"name": "另一份.pdf"}):
        status, problem = sent(erp, f"{one}/files", key="f-1", **other)
        assert (status, problem["type"]) == (422, "urn:kezhi:problem:key-reused")
    assert Attachment.objects.count() == len(store()) == 1


def test_what_is_no_file_is_refused_and_keeps_nothing(ticket, store, monkeypatch):
    erp, one = ticket
    assert sent(erp, f"{one}/files", b"")[0] == 409
    assert sent(erp, f"{one}/files", note="x")[0] == 422
    assert erp.post(f"{one}/files", {"file": "x"}).status == 415
    assert raw(erp, f"{one}/files", content_type="multipart/form-data")[0] == 400
    assert raw(erp, f"{one}/files", content_type="multipart/form-data; boundary=x")[0] in (400, 422)
    monkeypatch.setattr("kezhi.api.uploading.MOST_BYTES", len(PDF) - 1)
    for way in (sent, raw):
        for key in (None, "k"):
            more = {"HTTP_IDEMPOTENCY_KEY": key} if way is raw and key else {}
            assert way(erp, f"{one}/files", **more)[0] == 413
    monkeypatch.setattr("kezhi.api.uploading.AROUND", -len(PDF))
    assert raw(erp, f"{one}/files", b"x")[0] == 413
    assert not Attachment.objects.exists()
    assert not store()


def test_a_full_disk_and_a_full_record_are_told(ticket, store, monkeypatch):
    erp, one = ticket

    def full(*_said):
        raise attaching.StoreFull("full")

    with monkeypatch.context() as patched:
        patched.setattr(attaching, "_store", full)
        status, problem = sent(erp, f"{one}/files", key="f-1")
        assert (status, problem["type"]) == (507, "urn:kezhi:problem:no-room")
    assert sent(erp, f"{one}/files", key="f-1")[0] == 201
    monkeypatch.setattr(attaching, "MOST_ON_A_RECORD", 1)
    assert sent(erp, f"{one}/files")[0] == 409
    assert len(store()) == 1


def test_who_may_not_gets_nothing_and_changes_nothing(ticket, program, agent, chen_jing, store):
    erp, one = ticket
    _status, made = sent(erp, f"{one}/files")
    file = f"{one}/files/{made['id']}"
    reads = program(agent, {"ticket": ["read"]})
    stranger = program(chen_jing)
    other = erp.post("/tickets", {"customer": {"key": "C-AHTEA"}, "subject": "另一件"}).json["id"]
    before = list(Attachment.objects.values()), store(), Entry.objects.count()
    assert sent(reads, f"{one}/files", key="f-1")[0] == 403
    assert reads.delete(file).status == 403
    assert reads.post(f"{file}/restoration").status == 403
    assert fetched(reads, file).status_code == 200
    for who, path in ((stranger, one), (erp, f"/tickets/{other}")):
        at = f"{path}/files/{made['id']}"
        assert fetched(who, at).status_code == 404
        assert who.delete(at).status == 404
        assert who.post(f"{at}/restoration").status == 404
    assert stranger.get(f"{one}/files").status == 404
    assert sent(stranger, f"{one}/files")[0] == 404
    assert (list(Attachment.objects.values()), store(), Entry.objects.count()) == before


def test_files_go_with_the_words_that_name_them(ticket, agent):
    from kezhi.service.models import TicketEntry
    from kezhi.service.tickets.enclosing import for_customer

    erp, one = ticket
    first, second = (sent(erp, f"{one}/files", name=name)[1] for name in ("甲.pdf", "乙.pdf"))
    words = {"text": "见附件", "files": [first["id"]]}
    assert erp.post(f"{one}/answer", words).status == 200
    assert erp.post(f"{one}/note", {"text": "留底", "files": [second["id"]]}).status == 200
    assert erp.post(f"{one}/message", {"text": "收到", "files": []}).status == 200
    other = erp.post("/tickets", {"customer": {"key": "C-AHTEA"}, "subject": "另一件"}).json["id"]
    for wrong in ([first["id"] + 99], ["x"], "x"):
        assert erp.post(f"{one}/answer", {**words, "files": wrong}).status == 422
    assert erp.post(f"/tickets/{other}/answer", words).status == 422
    told = {each["text"]: each["files"] for each in erp.get(f"{one}/entries").json["items"]}
    assert told["见附件"] == [{"id": first["id"], "name": "甲.pdf"}]
    assert [each["id"] for each in told["留底"]] == [second["id"]]
    assert told["收到"] == []
    entries = TicketEntry.objects.filter(ticket_id=int(one.rpartition("/")[2]))
    theirs = [file.pk for files in for_customer(entries).values() for file in files]
    assert theirs == [first["id"]]


def test_every_kind_with_files_on_its_page_has_them_here(program, owner, anhui_tea):
    from kezhi.records import registry

    kinds = {kind.name for kind in registry if kind.has_attachments}
    deeds = {"files", "file_add", "file_get", "file_delete", "file_restore"}
    names = {each.name for each in operations()}
    assert {f"{kind}_{deed}" for kind in kinds for deed in deeds} <= names
    assert {"ticket", "complaint", "customer", "order", "need"} <= kinds
    erp = program(owner)
    status, made = sent(erp, "/customers/key:C-AHTEA/files")
    assert status == 201
    assert erp.get(f"/customers/{anhui_tea.pk}/files").json["items"] == [made]


def test_the_description_tells_how_a_file_is_sent(program, owner):
    told = program(owner).get("/openapi.json").json
    add = told["paths"]["/complaints/{id}/files"]["post"]
    assert set(add["requestBody"]["content"]) == {"multipart/form-data", "application/octet-stream"}
    assert "507" in add["responses"]
    one = told["paths"]["/complaints/{id}/files/{file}"]
    assert list(one["get"]["responses"]["200"]["content"]) == ["application/octet-stream"]
    demanded = {"$ref": "#/components/parameters/If-Match-demanded"}
    assert demanded not in one["delete"]["parameters"]
    assert demanded in told["paths"]["/customers/{id}"]["delete"]["parameters"]


def test_rows_of_the_day_count_for_files(ticket, program, agent):
    erp, one = ticket
    _status, made = sent(erp, f"{one}/files")
    few = program(agent, rows_a_day=1)
    assert fetched(few, f"{one}/files/{made['id']}").status_code == 200
    assert few.get(f"{one}/files").status == 429
