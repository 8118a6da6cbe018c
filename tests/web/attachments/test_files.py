"""Files on records: taken in whatever they are called, given back only as something to save."""

import errno
import os
import re
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from cast import NOW, TODAY
from kezhi.catalog.models import Product
from kezhi.core.actor import SYSTEM
from kezhi.customers.creating import delete_customer, reassign_customer
from kezhi.customers.following_up import log_interaction
from kezhi.workbench import attaching
from kezhi.workbench.attaching import attach, keep_text, path_of, sweep_attachments, thumbnail_of
from kezhi.workbench.models import Attachment

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def store(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "uploads"
    return settings.MEDIA_ROOT


def address(record, kind="customer"):
    return f"/attachments/{kind}/{record.pk}/"


def sent(client, record, name, content, kind="customer"):
    file = SimpleUploadedFile("x", content)
    file.name = name  # past the cleaning that the client does itself
    return client.post(address(record, kind), {"file": file})


def kept(record, actor, name="报价.txt", content=b"tea", kind="customer"):
    return attach(record, name, [content], kind=kind, actor=actor, at=NOW)


def picture(format_="PNG", size=(900, 600)):
    drawn = BytesIO()
    Image.new("RGB", size, "teal").save(drawn, format_)
    return drawn.getvalue()


def test_a_file_is_kept_shown_and_saved_under_its_own_name(web, anhui_tea, li_wei):
    client = web(li_wei)
    assert sent(client, anhui_tea, "年度 报价.txt", "普洱".encode()).status_code == 302
    file = Attachment.objects.get()
    assert "年度 报价.txt" in client.get(f"/customers/{anhui_tea.pk}/").content.decode()
    response = client.get(f"/attachments/{file.stored_as}/")
    assert b"".join(response.streaming_content) == "普洱".encode()
    shown = response["Content-Disposition"]
    assert shown.startswith("attachment; filename*=utf-8''%E5%B9%B4")
    assert path_of(file.stored_as).parent.parent == Path(settings.MEDIA_ROOT) / "attachments"


def test_who_may_not_see_the_record_finds_no_file(web, anhui_tea, li_wei, chen_jing):
    file = kept(anhui_tea, li_wei, "a.png", picture())
    client = web(chen_jing)
    for part in ("", "picture/"):
        assert client.get(f"/attachments/{file.stored_as}/{part}").status_code == 404
    for part in ("removal/", "restoration/"):
        assert client.post(f"/attachments/{file.stored_as}/{part}").status_code == 404
    assert client.get(address(anhui_tea)).status_code == 404
    assert sent(client, anhui_tea, "a.txt", b"x").status_code == 404
    assert Attachment.objects.get().removed_at is None


def test_sight_of_a_file_ends_with_sight_of_its_record(web, anhui_tea, li_wei, chen_jing):
    file = kept(anhui_tea, li_wei)
    client = web(li_wei)
    assert client.get(f"/attachments/{file.stored_as}/").status_code == 200
    reassign_customer(anhui_tea, chen_jing, actor=SYSTEM, on=TODAY)
    assert client.get(f"/attachments/{file.stored_as}/").status_code == 404


def test_guessing_finds_nothing(web, anhui_tea, li_wei):
    kept(anhui_tea, li_wei)
    client = web(li_wei)
    for _try in range(50):
        assert client.get(f"/attachments/{uuid4()}/").status_code == 404


def test_who_only_reads_the_record_only_reads_its_files(web, anhui_tea, li_wei, analyst):
    file = kept(anhui_tea, li_wei)
    client = web(analyst)
    assert client.get(f"/attachments/{file.stored_as}/").status_code == 200
    assert sent(client, anhui_tea, "a.txt", b"x").status_code == 403
    assert client.post(f"/attachments/{file.stored_as}/removal/").status_code == 403
    assert Attachment.objects.filter(removed_at__isnull=True).count() == 1


@pytest.mark.parametrize("kind", ["segment", "audit", "nothing", "value_run", "address"])
def test_kinds_without_files_have_no_address(web, anhui_tea, li_wei, kind):
    assert web(li_wei).get(address(anhui_tea, kind)).status_code == 404


def test_products_and_entries_keep_files_too(web, anhui_tea, owner, li_wei):
    product = Product.objects.create(code="P1", name="普洱")
    entry = log_interaction(anhui_tea, "call", "谈了价", actor=li_wei, at=NOW)
    client = web(owner)
    assert sent(client, product, "图.png", picture(), "product").status_code == 302
    assert sent(client, entry, "录音.txt", b"x", "interaction").status_code == 302
    assert "图.png" in client.get(f"/products/{product.pk}/").content.decode()
    assert "录音.txt" in client.get(f"/customers/{anhui_tea.pk}/").content.decode()


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(document.domain)</script>"
XML = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'
PDF = b"%PDF-1.4\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj\n%%EOF"
BODIES = (
    SVG,
    HTML,
    XML,
    PDF,
    b"GIF89a/*" + HTML + b"*/=1;alert(1)",
    b"\x89PNG\r\n\x1a\n" + HTML,
    b"\xff\xd8\xff\xe0" + HTML,
    b"\xef\xbb\xbf" + HTML,
    "<script>alert(1)</script>".encode("utf-16"),
    b"PK\x03\x04" + HTML,
)
ENDINGS = ("html", "svg", "png", "pdf")


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_nothing_is_ever_shown_as_it_says(web, anhui_tea, li_wei, body, ending):
    """Forty files that would run in a browser, were they served as what they claim to be."""
    client = web(li_wei)
    assert sent(client, anhui_tea, f"x.{ending}", body).status_code == 302
    file = Attachment.objects.get()
    response = client.get(f"/attachments/{file.stored_as}/")
    assert response["Content-Disposition"].startswith("attachment")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    assert not re.search("html|svg|xml|script", response["Content-Type"])
    assert not file.is_image
    assert client.get(f"/attachments/{file.stored_as}/picture/").status_code == 404


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_small_picture_is_drawn_anew(web, anhui_tea, li_wei, format_):
    hidden = picture(format_) + HTML
    file = kept(anhui_tea, li_wei, "货.png", hidden)
    response = web(li_wei).get(f"/attachments/{file.stored_as}/picture/")
    drawn = b"".join(response.streaming_content)
    assert response["Content-Type"] == "image/jpeg"
    assert "sandbox" in response["Content-Security-Policy"]
    assert b"<script" not in drawn
    assert max(Image.open(BytesIO(drawn)).size) <= 480


def test_an_image_too_large_to_open_stays_a_file(anhui_tea, li_wei):
    bomb = bytearray(picture("PNG", (1, 1)))
    bomb[16:24] = (60_000).to_bytes(4, "big") * 2  # the header claims 3.6 thousand million pixels
    assert not kept(anhui_tea, li_wei, "bomb.png", bytes(bomb)).is_image


HOSTILE = [
    *(f"{'../' * depth}etc/passwd" for depth in range(1, 11)),
    *("..\\" * depth + "windows\\win.ini" for depth in range(1, 11)),
    *(f"a{chr(code)}b.txt" for code in range(32)),
    *("/etc/passwd", "C:\\boot.ini", "\\\\server\\share\\x", "file:///etc/passwd", "~/.ssh/id_rsa"),
    *(".", "..", "...", "", " ", ".htaccess", ".git/config", "x.", "x ", "con", "nul.txt", "COM1"),
    *("a\u202etxt.exe", "a\u200b.txt", "a\u2066b.txt", "\ufeffx.txt", "e\u0301.txt"),
    *('"><script>alert(1)</script>.txt', "x\r\nSet-Cookie: a=b.txt", "a;b.txt", 'a"b.txt'),
    *("名" * 300 + ".txt", "x." + "y" * 400, "%2e%2e%2fetc", "$(id).txt", "`id`.txt", "|id"),
    *(
        "x.php\x00.png",
        "x.asp;.jpg",
        "a/b/c/../../d.txt",
        "💀.txt",
        "\u202egpj.exe",
        "-rf",
        "--help",
    ),
    *("attachment; filename=x", "' OR 1=1 --", "{{7*7}}", "${7*7}", "<%= 1 %>", "\\", "/", "*?"),
    *("a" * 255, "ａ／ｂ.txt", "..%c0%af..%c0%af", "....//....//x", "x\u0000", "\ud7ff.txt", "1"),
]


def test_a_hundred_hostile_names_are_harmless(web, anhui_tea, li_wei, store):
    assert len(HOSTILE) >= 100
    client = web(li_wei)
    for number, name in enumerate(HOSTILE):
        file = kept(anhui_tea, li_wei, name, b"x%d" % number)
        assert file.name
        assert len(file.name) <= 150
        assert not re.search(r'[/\\\x00-\x1f<>"\u202e\u200b]', file.name)
        assert not file.name.startswith(".")
        response = client.get(f"/attachments/{file.stored_as}/")
        assert b"".join(response.streaming_content) == b"x%d" % number
        assert "\n" not in response["Content-Disposition"]
    files = [path for path in store.rglob("*") if path.is_file()]
    assert len(files) == len(HOSTILE)
    assert all(re.fullmatch("[0-9a-f]{32}", path.name) for path in files)


def test_a_removed_file_comes_back_for_a_day(web, anhui_tea, li_wei):
    file = kept(anhui_tea, li_wei, "a.png", picture())
    client = web(li_wei)
    page = client.post(f"/attachments/{file.stored_as}/removal/", headers={"HX-Request": "true"})
    assert f"/attachments/{file.stored_as}/restoration/" in page["HX-Trigger"]
    assert client.get(f"/attachments/{file.stored_as}/").status_code == 404
    client.post(f"/attachments/{file.stored_as}/restoration/")
    assert client.get(f"/attachments/{file.stored_as}/").status_code == 200
    client.post(f"/attachments/{file.stored_as}/removal/")
    file.refresh_from_db()
    sweep_attachments(actor=SYSTEM, at=file.removed_at + timedelta(days=2))
    assert not Attachment.objects.exists()
    assert not path_of(file.stored_as).exists()
    assert not thumbnail_of(file.stored_as).exists()


def test_files_of_deleted_records_and_files_without_a_row_are_swept(
    anhui_tea, li_wei, owner, store
):
    file = kept(anhui_tea, li_wei)
    delete_customer(anhui_tea, actor=owner, on=TODAY)
    loose = path_of(uuid4())
    loose.parent.mkdir(parents=True, exist_ok=True)
    loose.write_bytes(b"half")
    later = file.created_at + timedelta(days=3)
    sweep_attachments(actor=SYSTEM, at=later)
    assert not Attachment.objects.exists()
    assert not [path for path in store.rglob("*") if path.is_file()]


def test_a_full_disk_says_so_and_leaves_nothing(web, anhui_tea, li_wei, store, monkeypatch):
    client = web(li_wei)

    def full(self, mode="r", *_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(attaching.Path, "open", full)
    response = sent(client, anhui_tea, "a.txt", b"tea")
    monkeypatch.undo()
    assert response.status_code == 507
    assert "no room" in response.content.decode()
    assert not Attachment.objects.exists()


def test_too_much_and_nothing_are_refused(web, anhui_tea, li_wei, monkeypatch):
    client = web(li_wei)
    assert sent(client, anhui_tea, "a.txt", b"").status_code == 409
    monkeypatch.setattr(attaching, "MOST_BYTES", 10)
    assert sent(client, anhui_tea, "a.txt", b"x" * 11).status_code == 409
    assert client.post(address(anhui_tea)).status_code == 422
    assert not Attachment.objects.exists()


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("a.txt", "普洱茶报价".encode("gb18030"), "普洱茶报价"),
        ("a.csv", "\ufeff线路,单价\n".encode(), "线路,单价"),
        ("a.md", "普洱".encode("utf-16"), "普洱"),
        ("a.png", b"\x89PNG\r\n\x1a\n....", ""),
        ("a.pdf", b"%PDF-1.4\nnonsense", ""),
    ],
)
def test_text_is_kept_for_the_search(anhui_tea, li_wei, name, content, text):
    file = kept(anhui_tea, li_wei, name, content)
    keep_text(file.pk)
    file.refresh_from_db()
    assert file.text == text


def test_the_text_of_a_pdf_is_read_in_a_process_of_its_own(anhui_tea, li_wei):
    from kezhi.demo.knowing import _pdf

    file = kept(anhui_tea, li_wei, "a.pdf", _pdf("Framework agreement 2026"))
    keep_text(file.pk)
    file.refresh_from_db()
    assert "Framework agreement 2026" in file.text
