"""Files taken away: whatever people typed, no cell of them is a formula, and all of it comes back."""

import csv
import io
import zipfile

import pytest

from cast import TODAY
from kezhi.customers.creating import create_customer
from kezhi.customers.models import Customer
from kezhi.dataio import parsing
from kezhi.dataio.fields import ImportField, Reading
from kezhi.records import registry
from kezhi.workbench.tagging import create_tag, tag_record

pytestmark = pytest.mark.django_db
STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
BODIES = (
    "1+1",
    "SUM(A1:A9)",
    "cmd|' /C calc'!A0",
    'HYPERLINK("http://x.test","y")',
    "IMPORTXML(1)",
    "2+3",
    "A1",
)
FORMULAS = [f"{start}{body}" for start in STARTS for body in BODIES] + [
    "'=1+1",
    "+86 138",
    "-5",
    "@me",
]


@pytest.fixture
def takes(client, owner):
    client.force_login(owner)

    def take(form, **typed):
        answer = client.post("/customers/export/?view=all&w=", {"format": form, **typed})
        return b"".join(answer.streaming_content) if answer.streaming else answer.content

    return take


def test_sixty_formulas_are_texts_in_both_files_and_come_back_as_they_were(takes, li_wei):
    assert len(FORMULAS) == 60
    for place, formula in enumerate(FORMULAS):
        create_customer({"name": f"甲{place:02}", "remark": formula}, actor=li_wei, on=TODAY)
    lines = list(csv.DictReader(io.StringIO(takes("csv", all_fields="1").decode("utf-8-sig"))))
    remarks = {line["客户名称"]: line["备注"] for line in lines}
    assert len(remarks) == 60
    assert not [cell for cell in remarks.values() if cell.startswith((*STARTS, "\t", "\r"))]
    accepted = ImportField.of(registry["customer"].field("remark"))
    for place, formula in enumerate(FORMULAS):
        assert parsing.parse(remarks[f"甲{place:02}"], accepted, Reading()) == formula
    with zipfile.ZipFile(io.BytesIO(takes("xlsx", all_fields="1"))) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "<f " not in sheet


def test_tags_stand_in_a_file_by_their_names(takes, li_wei, owner):
    customer = create_customer({"name": "甲"}, actor=li_wei, on=TODAY)
    tags = [create_tag(name, actor=owner) for name in ("重要", "华东")]
    tag_record("customer", customer, tags, [], actor=li_wei)
    lines = list(csv.DictReader(io.StringIO(takes("csv", all_fields="1").decode("utf-8-sig"))))
    assert lines[0]["标签"] == "华东; 重要"
    assert Customer.objects.count() == 1
