"""A file on its way: uploaded, matched, checked, imported, corrected, undone, in the browser."""

import csv
import io

import pytest
import xlsxwriter

from kezhi.catalog.models import Product
from kezhi.customers.models import Customer
from kezhi.dataio.models import BatchState, ImportBatch
from kezhi.ledger.models import Order, OrderLine

from .conftest import send

pytestmark = pytest.mark.django_db

CUSTOMERS = "客户名称,城市,账期\n苏州恒泰,苏州,30\n昆山恒润,昆山,45\n"
PRODUCTS = "产品编码,产品名称,单位\nP-1,黄山毛峰,盒\nP-2,红茶,盒\n"
ORDERS = """订单号,客户名称,订单日期,商品名称,数量,金额
SO-1,苏州恒泰,2025-03-01,黄山毛峰,2,"￥1,234.50"
SO-1,苏州恒泰,2025-03-01,红茶,1,80
SO-2,昆山恒润,2025-03-02,红茶,-1,(80)
"""
MISTAKES = """订单号,客户名称,订单日期,金额
SO-1,苏州恒泰,2025-03-01,100
SO-2,昆山恒润,去年底,80
SO-3,昆山恒润,2025/13/40,90
"""
COUNTS = {"customer": (Customer, 2), "product": (Product, 2), "order": (OrderLine, 3)}


@pytest.mark.parametrize(
    ("kind", "text"), [("customer", CUSTOMERS), ("product", PRODUCTS), ("order", ORDERS)]
)
def test_each_kind_goes_from_upload_to_undo(web, uploaded, work, owner, kind, text):
    model, count = COUNTS[kind]
    batch = uploaded(owner, kind, text)
    client = web(owner)
    page = client.get(f"/imports/{batch.pk}/").content.decode()
    assert f"All {count} rows can be imported" in page
    assert model.objects.count() == 0  # nothing is written before one says so

    assert client.post(f"/imports/{batch.pk}/rows/").url == f"/imports/{batch.pk}/"
    assert "The rows are being imported" in client.get(f"/imports/{batch.pk}/").content.decode()
    work(batch)
    page = client.get(f"/imports/{batch.pk}/").content.decode()
    assert f"{count} rows are in" in page
    assert model.objects.count() == count

    client.post(f"/imports/{batch.pk}/undoing/")
    assert model.objects.count() == 0
    assert "This import is undone" in client.get(f"/imports/{batch.pk}/").content.decode()


def test_the_same_file_again_changes_nothing_and_says_so(web, imported, uploaded, owner):
    imported(owner, "order", ORDERS)
    before = list(OrderLine.objects.values().order_by("pk"))
    batch = uploaded(owner, "order", ORDERS)
    assert b"This very file was imported" in web(owner).get(f"/imports/{batch.pk}/").content
    batch = imported(owner, "order", ORDERS)
    assert (batch.created, batch.updated, batch.unchanged) == (0, 0, 3)
    assert list(OrderLine.objects.values().order_by("pk")) == before
    page = web(owner).get(f"/imports/{batch.pk}/").content
    assert b"was there already" in page
    assert b"/undoing/" not in page


def test_orders_without_names_or_numbers_bring_their_customers(imported, owner):
    rows = "".join(f"{n:05d},1997{n:02d}01,2,{n}9.50\n" for n in range(1, 13))
    batch = imported(owner, "order", "customer,date,quantity,amount\n" + rows)
    assert batch.created == 12
    assert Customer.objects.count() == 12
    assert Order.objects.first().ordered_on.year == 1997


def test_causes_are_told_with_rows_and_remedy_and_bad_cells_are_marked(web, uploaded, owner):
    batch = uploaded(owner, "order", MISTAKES)
    page = web(owner).get(f"/imports/{batch.pk}/").content.decode()
    assert "1 row can be imported" in page
    assert "2 rows need correction" in page
    assert "This day does not exist." in page
    assert "write it as 2025-01-31" in page
    assert page.count('class="cellerr"') == 2
    assert "Skip 2 and import 1 rows" in page
    every = web(owner).get(f"/imports/{batch.pk}/?show=all").content.decode()
    assert every.count("<tr>") == page.count("<tr>") + 1


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_error_rows_come_back_corrected(web, imported, owner, form):
    batch = imported(owner, "order", MISTAKES)
    assert (batch.created, batch.bad) == (1, 2)
    answer = web(owner).get(f"/imports/{batch.pk}/errors.{form}")
    content = b"".join(answer.streaming_content)
    if form == "csv":
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
        assert [row[0] for row in rows[1:]] == ["3", "4"]
        content = content.replace("去年底".encode(), b"2025-03-02").replace(
            b"2025/13/40", b"2025-03-03"
        )
        again = imported(owner, "order", content, name="corrected.csv")
        assert (again.created, again.bad) == (2, 0)
        assert Order.objects.count() == 3
    else:
        assert content.startswith(b"PK")


def test_a_wrong_mapping_says_what_is_missing_and_is_put_right(web, uploaded, owner):
    batch = uploaded(owner, "customer", "甲,乙\n苏州恒泰,苏州\n")
    client = web(owner)
    page = client.get(f"/imports/{batch.pk}/").content.decode()
    assert "Match the columns first" in page
    assert "No column is matched to “Customer name”" in page
    address = f"/imports/{batch.pk}/mapping/"
    client.post(address, {"field-0": "name", "field-1": "name", "match_names": "1"})
    assert "Two columns are matched" in client.get(f"/imports/{batch.pk}/").content.decode()
    client.post(address, {"field-0": "name", "field-1": "city", "match_names": "1"})
    batch.refresh_from_db()
    assert (batch.state, batch.good) == (BatchState.CHECKED, 1)


def test_an_invented_field_is_refused(web, uploaded, owner):
    batch = uploaded(owner, "customer", CUSTOMERS)
    answer = web(owner).post(f"/imports/{batch.pk}/mapping/", {"field-0": "version"})
    assert answer.status_code == 409
    batch.refresh_from_db()
    assert batch.mapping[0]["field"] == "name"


def test_a_change_by_htmx_gives_the_work_area_and_the_foot(web, uploaded, owner):
    batch = uploaded(owner, "customer", CUSTOMERS)
    answer = web(owner).post(
        f"/imports/{batch.pk}/mapping/", {"field-0": "", "field-1": "city"}, HTTP_HX_REQUEST="true"
    )
    page = answer.content.decode()
    assert "<html" not in page
    assert 'id="import-work"' in page
    assert 'id="import-foot"' in page
    assert 'hx-swap-oob="true"' in page
    assert "Match the columns first" in page


def test_day_and_month_are_settled_by_one_button(web, uploaded, owner):
    text = "customer,date,amount\nFirm,03/04/2025,10\nFirm,05/06/2025,20\n"
    batch = uploaded(owner, "order", text)
    assert batch.good == 0
    client = web(owner)
    page = client.get(f"/imports/{batch.pk}/").content.decode()
    assert 'name="fix" value="1:day"' in page
    client.post(f"/imports/{batch.pk}/mapping/", {"fix": "1:day", "create_missing": "1"})
    batch.refresh_from_db()
    assert batch.good == 2
    assert "the day comes first" in client.get(f"/imports/{batch.pk}/").content.decode()


def test_unknown_words_get_a_meaning_that_the_field_knows(web, uploaded, owner):
    batch = uploaded(owner, "customer", "客户名称,客户类型\n苏州恒泰,散户\n昆山恒润,企业\n")
    client = web(owner)
    address = f"/imports/{batch.pk}/mapping/"
    assert "What “客户类型” means" in client.get(f"/imports/{batch.pk}/").content.decode()
    client.post(address, {"said-1-0": "散户", "means-1-0": "<script>"})
    batch.refresh_from_db()
    assert batch.bad == 1  # a meaning that the field doesn't have is none
    client.post(address, {"said-1-0": "散户", "means-1-0": "person"})
    batch.refresh_from_db()
    assert batch.bad == 0


def test_all_or_nothing_waits_for_the_last_row(web, uploaded, work, owner):
    batch = uploaded(owner, "order", MISTAKES)
    client = web(owner)
    client.post(f"/imports/{batch.pk}/mapping/", {"create_missing": "1", "all_or_nothing": "1"})
    assert (
        "All or nothing: correct 2 rows first"
        in client.get(f"/imports/{batch.pk}/").content.decode()
    )
    client.post(f"/imports/{batch.pk}/rows/")
    assert work(batch).state == BatchState.FAILED
    assert Order.objects.count() == 0
    assert b"Nothing was imported" in client.get(f"/imports/{batch.pk}/").content


def test_missing_customers_are_created_only_when_one_wants_it(web, uploaded, owner):
    batch = uploaded(owner, "order", ORDERS)
    client = web(owner)
    client.post(f"/imports/{batch.pk}/mapping/", {})
    batch.refresh_from_db()
    assert batch.good == 0
    page = client.get(f"/imports/{batch.pk}/").content.decode()
    assert 'value=":create_missing"' in page
    client.post(f"/imports/{batch.pk}/mapping/", {"fix": ":create_missing"})
    batch.refresh_from_db()
    assert batch.good == 3


def test_reading_can_be_said_instead_of_found_out(web, uploaded, owner):
    text = "客户名称;城市\n苏州恒泰;苏州\n".encode("gb18030")
    batch = uploaded(owner, "customer", text)
    assert (batch.facts["encoding"], batch.facts["delimiter"]) == ("gb18030", ";")
    address = f"/imports/{batch.pk}/reading/"
    web(owner).post(address, {"encoding": "utf-16-le", "delimiter": "semicolon"})
    web(owner).post(address, {"delimiter": "comma", "heading_row": "1"})
    batch.refresh_from_db()
    assert (batch.facts["delimiter"], len(batch.facts["headings"])) == (",", 1)
    answer = web(owner).post(address, {"heading_row": "99"})
    assert answer.status_code == 409
    assert b"No row with column headings was found." in answer.content


def test_another_sheet_has_its_own_heading_row(web, uploaded, owner, tmp_path):
    with xlsxwriter.Workbook(tmp_path / "book.xlsx") as book:
        sheets = {
            "客户": [["名录"], [], ["客户名称"], ["苏州恒泰"]],
            "订单": [["客户", "日期", "金额"], ["苏州恒泰", "2025-03-01", 9]],
        }
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    batch = uploaded(owner, "order", (tmp_path / "book.xlsx").read_bytes(), name="book.xlsx")
    assert (batch.facts["sheet"], batch.facts["heading_row"]) == ("客户", 3)
    web(owner).post(f"/imports/{batch.pk}/reading/", {"sheet": "订单", "heading_row": "3"})
    batch.refresh_from_db()
    assert (batch.facts["sheet"], batch.facts["heading_row"], batch.good) == ("订单", 1, 1)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", "The file is empty."),
        (b"%PDF-1.7 not a table", "This is PDF, not a table."),
        (b"name,city\n", "no rows below"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_the_reason(web, owner, text, told):
    answer = send(web(owner), "customer", text)
    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert not ImportBatch.objects.exists()


def test_without_a_file_or_a_kind_the_form_says_so(web, owner):
    answer = web(owner).post("/imports/", {"kind": "order"})
    assert answer.status_code == 422
    assert b"Choose a file first." in answer.content
    assert b"Choose what the file contains." in web(owner).post("/imports/", {}).content


def test_the_file_can_be_thrown_away(web, uploaded, owner):
    batch = uploaded(owner, "customer", CUSTOMERS)
    web(owner).post(f"/imports/{batch.pk}/cancellation/")
    assert b"nothing of it was imported" in web(owner).get(f"/imports/{batch.pk}/").content
    assert not Customer.objects.exists()


def test_undoing_is_refused_when_later_work_depends_on_it(web, imported, owner):
    customers = imported(owner, "customer", CUSTOMERS)
    imported(owner, "order", ORDERS)
    answer = web(owner).post(f"/imports/{customers.pk}/undoing/")
    assert answer.status_code == 409
    assert b"have orders or costs now" in answer.content
    assert Customer.objects.count() == 2


def test_mappings_are_remembered_for_the_next_file_and_for_its_corrected_rows(
    web, uploaded, work, owner
):
    head, row = "客户,日期,实收\n", "苏州恒泰,2025-03-01,9\n"
    batch = uploaded(owner, "order", head + row + "昆山恒润,去年底,8\n")
    client = web(owner)
    mapping = {"field-0": "customer_name", "field-1": "ordered_on", "field-2": "amount"}
    client.post(f"/imports/{batch.pk}/mapping/", {**mapping, "create_missing": "1"})
    client.post(f"/imports/{batch.pk}/rows/")
    assert work(batch).state == BatchState.DONE
    answer = client.get(f"/imports/{batch.pk}/errors.csv")
    bad = b"".join(answer.streaming_content).replace("去年底".encode(), b"2025-03-02")
    for text in (head + row.replace("9", "7"), bad):
        later = uploaded(owner, "order", text)
        assert (later.good, later.bad) == (1, 0)
        assert b"matched as last time" in web(owner).get(f"/imports/{later.pk}/").content
