"""A batch of cards from upload to the last confirmation, resumable, seen only by whom it concerns."""

from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from cast import TODAY
from kezhi.customers.carding import Incoming, add_cards, begin_cards
from kezhi.customers.carding_parsing import cards_in
from kezhi.customers.creating import create_customer
from kezhi.customers.models import Card, CardBatch, Contact, Customer

pytestmark = pytest.mark.django_db
VCF = "BEGIN:VCARD\nFN:王敏\nORG:合肥安茗茶叶有限公司\nTEL:13812345679\nEND:VCARD\n"


@pytest.fixture(autouse=True)
def store(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def batch(li_wei):
    return begin_cards("2026 广州物流展", TODAY, "广州", actor=li_wei)


@pytest.fixture
def card(batch, li_wei):
    ((text, fields),) = cards_in(VCF)
    return add_cards(batch, [Incoming("file", "a.vcf", text, fields)], actor=li_wei)[0]


def picture():
    data = BytesIO()
    Image.new("RGB", (600, 360), "white").save(data, "PNG")
    return data.getvalue()


def test_from_the_batch_to_the_last_card(web, li_wei):
    browser = web(li_wei)
    assert browser.post("/cards/", {"event": "", "held_on": "x"}).status_code == 422
    place = browser.post("/cards/", {"event": "广州物流展", "held_on": "2026-11-18"}).url
    files = [
        SimpleUploadedFile("cards.vcf", (VCF + VCF.replace("王敏", "李雷")).encode("gb18030")),
        SimpleUploadedFile("photo.png", picture()),
    ]
    answer = browser.post(
        f"{place}intake/", {"files": files, "text": "MECARD:N:赵,云;ORG:常山贸易;;"}
    )
    assert answer.url == place
    assert Card.objects.count() == 4
    assert "4 cards of" in browser.get(place).text
    first = Card.objects.order_by("position").first()
    said = {"deed": "confirm", "name": "王敏", "company": "合肥安茗茶叶有限公司", "customer": ""}
    answer = browser.post(f"/cards/card/{first.pk}/", said)
    second = Card.objects.get(position=2)
    assert answer.url == f"/cards/card/{second.pk}/"
    # The second person of the same company is offered the customer that the first one made.
    page = browser.get(answer.url).text
    customer = Customer.objects.get()
    assert f'value="{customer.pk}" checked' in page
    browser.post(answer.url, {"deed": "confirm", "name": "李雷", "customer": str(customer.pk)})
    third = Card.objects.get(position=3)
    shown = browser.get(f"/cards/card/{third.pk}/picture/")
    assert shown["Content-Type"] == "image/jpeg"
    assert "sandbox" in shown["Content-Security-Policy"]
    browser.post(
        f"/cards/card/{third.pk}/", {"deed": "read", "text": "张飞 销售总监\n燕人贸易有限公司"}
    )
    third.refresh_from_db()
    assert third.fields["name"] == "张飞"
    browser.post(f"/cards/card/{third.pk}/", {"deed": "skip"})
    fourth = Card.objects.get(position=4)
    last = browser.post(
        f"/cards/card/{fourth.pk}/", {"deed": "confirm", "name": "赵云", "customer": ""}
    )
    assert last.url == place
    assert "are worked through" in browser.get(place).text
    assert Contact.objects.filter(customer=customer).count() == 2


def test_what_cannot_be_taken_in_is_said_by_file(web, li_wei, batch):
    files = [
        SimpleUploadedFile("bad.png", b"<svg onload=alert(1)>"),
        SimpleUploadedFile("../../x.exe", b"MZ"),
        SimpleUploadedFile("good.vcf", VCF.encode()),
    ]
    answer = web(li_wei).post(f"/cards/{batch.pk}/intake/", {"files": files})
    assert answer.status_code == 422
    assert "bad.png" in answer.text
    assert Card.objects.count() == 1
    assert web(li_wei).post(f"/cards/{batch.pk}/intake/", {}).status_code == 422


def test_an_exact_twin_wants_a_choice_or_a_reason(web, li_wei, card):
    create_customer({"name": "另一家", "phone": "13812345679"}, actor=li_wei, on=TODAY)
    said = {"deed": "confirm", "name": "王敏", "company": "新公司", "phone": "13812345679"}
    assert web(li_wei).post(f"/cards/card/{card.pk}/", said).status_code == 422
    assert Contact.objects.count() == 0
    said["anyway_reason"] = "changed employer"
    assert web(li_wei).post(f"/cards/card/{card.pk}/", said).status_code == 302


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"email": "x"}, {"follow_up_on": "2020-01-01"}, {"customer": "99"}]
)
def test_faulty_entries_are_said(web, li_wei, card, wrong):
    said = {"deed": "confirm", "name": "王敏", **wrong}
    assert web(li_wei).post(f"/cards/card/{card.pk}/", said).status_code == 422
    assert Contact.objects.count() == 0


def test_strangers_get_404_and_change_nothing(web, chen_jing, agent, card, batch, anhui_tea, owner):
    paths = [f"/cards/{batch.pk}/", f"/cards/card/{card.pk}/", f"/cards/card/{card.pk}/picture/"]
    for path in paths:
        assert web(chen_jing).get(path).status_code == 404
        assert web(agent).get(path).status_code == 403
    for path in (f"/cards/{batch.pk}/intake/", f"/cards/{batch.pk}/removal/", paths[1]):
        assert web(chen_jing).post(path, {"text": "x", "deed": "skip"}).status_code == 404
    assert (CardBatch.objects.count(), Card.objects.get().state) == (1, "open")
    mine = begin_cards("展会", TODAY, actor=chen_jing)
    (own,) = add_cards(mine, [Incoming("text", text="x")], actor=chen_jing)
    said = {"deed": "confirm", "name": "x", "customer": str(anhui_tea.pk)}
    assert web(chen_jing).post(f"/cards/card/{own.pk}/", said).status_code == 422
    assert Contact.objects.count() == 0
    assert "物流展" in web(owner).get("/cards/").text
