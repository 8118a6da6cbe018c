"""Photos of business cards are read, by the extra that can; without it there is nothing to test.

`.ci/run` has the extra. The cards are drawn, then turned a little, blurred and packed as a phone would.
"""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from cast import TODAY
from kezhi.customers.carding import Incoming, add_cards, begin_cards, read_pictures
from kezhi.customers.carding_pictures import can_recognise, keep_picture, recognised
from kezhi.customers.models import Card

FONT = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
pytestmark = [
    pytest.mark.skipif(not can_recognise(), reason="the extra that reads pictures isn't here"),
    # Its packages use what Python and numpy will drop one day; that isn't ours to mend.
    pytest.mark.filterwarnings("default"),
]
CHINESE = {
    "company": "合肥安茗茶叶有限公司",
    "name": "王敏",
    "title": "采购经理",
    "phone": "手机 13812345679",
    "company_phone": "电话 0551-62820000",
    "email": "wang.min@anming-tea.cn",
    "address": "安徽省合肥市茶叶路88号",
}
ENGLISH = {
    "company": "Northern Valves Co., Ltd.",
    "name": "Emma Larsen",
    "title": "Purchasing Manager",
    "phone": "Mobile +47 912 34 567",
    "email": "emma.larsen@northern-valves.no",
    "website": "www.northern-valves.no",
}


def photo(lines: list[str], turned: float = 2.5) -> bytes:
    card = Image.new("RGB", (1000, 620), "#fbfaf6")
    pen = ImageDraw.Draw(card)
    for number, line in enumerate(lines):
        size = 54 if number == 0 else 38
        pen.text((70, 50 + number * 78), line, "#222", ImageFont.truetype(FONT, size, index=2))
    table = Image.new("RGB", (1300, 950), "#6b5a48")
    table.paste(card, (150, 165))
    seen = table.rotate(turned, Image.Resampling.BICUBIC, fillcolor="#6b5a48")
    packed = BytesIO()
    seen.filter(ImageFilter.GaussianBlur(0.8)).save(packed, "JPEG", quality=70)
    return packed.getvalue()


@pytest.mark.parametrize("card", [CHINESE, ENGLISH])
def test_every_letter_of_a_photo_is_read(card):
    text = recognised(keep_picture(photo(list(card.values()))))
    assert [line for line in card.values() if bare(line) not in bare(text)] == []


def bare(text: str) -> str:
    return "".join(text.split()).lower()


def test_a_picture_without_text_has_none():
    packed = BytesIO()
    Image.new("RGB", (900, 540), "#6b5a48").save(packed, "JPEG")
    assert recognised(keep_picture(packed.getvalue())) == ""


@pytest.mark.django_db
def test_the_fields_of_a_batch_are_filled_from_its_photos(li_wei):
    batch = begin_cards("2026 广州物流展", TODAY, "广州", actor=li_wei)
    pictures = [keep_picture(photo(list(each.values()))) for each in (CHINESE, ENGLISH)]
    add_cards(
        batch, [Incoming(Card.Source.PHOTO, stored_as=each) for each in pictures], actor=li_wei
    )
    assert read_pictures(batch.pk, actor=li_wei)["read"] == 2
    first, second = Card.objects.order_by("position")
    assert first.fields["name"] == "王敏"
    assert first.fields["title"] == "采购经理"
    assert first.fields["company"] == "合肥安茗茶叶有限公司"
    assert bare(first.fields["phone"]) == "13812345679"
    assert first.fields["email"] == "wang.min@anming-tea.cn"
    assert second.fields["email"] == "emma.larsen@northern-valves.no"
    assert bare(second.fields["company"]) == "northernvalvesco.,ltd."
