"""Files as they shouldn't be: refused as a whole, or reported by row and column. Never is a row written."""

from __future__ import annotations

import gzip
import io
import sys
import zipfile
from typing import Any

import pytest
import xlsxwriter

from kezhi.catalog.models import Product
from kezhi.core.refusal import Refused
from kezhi.customers.models import Customer
from kezhi.dataio.models import ImportBatch
from kezhi.dataio.problems import FileRefused
from kezhi.ledger.models import Order
from kezhi.value.reading import read_columns

pytestmark = pytest.mark.django_db

HEAD = "客户名称,客户编号,联系电话\n"
ORDERS = "订单号,客户名称,日期,金额\n"


def workbook(*rows: tuple[Any, ...], sheet: str = "Sheet1") -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        page = book.add_worksheet(sheet)
        for number, row in enumerate(rows):
            page.write_row(number, 0, row)
    return out.getvalue()


def rezipped(change: Any, source: bytes = b"") -> bytes:
    """A workbook with its members changed: `change(name, content) -> content or None`."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(source or workbook(("客户名称",), ("甲",)))) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            content = change(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
    return out.getvalue()


def bomb() -> bytes:
    return rezipped(lambda n, c: b"\0" * (64 << 20) if n.endswith("sheet1.xml") else c)


def scrambled(book: bytes) -> bytes:
    """The packed data of the first member overwritten; the directory stays right."""
    return book[:60] + b"\xff" * 80 + book[140:]


def many_members() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(5_000):
            archive.writestr(f"xl/{number}", b"")
    return out.getvalue()


def sheet_with(xml: str) -> bytes:
    def change(name: str, content: bytes) -> bytes:
        if not name.endswith("sheet1.xml"):
            return content
        start, end = content.index(b"<sheetData>"), content.index(b"</sheetData>")
        return content[:start] + b"<sheetData>" + xml.encode() + content[end:]

    return rezipped(change)


HEADING_CELL = '<row r="1"><c r="A1" t="inlineStr"><is><t>客户名称</t></is></c></row>'
LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
)

REFUSED: dict[str, tuple[Any, str]] = {
    "empty": (b"", "empty"),
    "line ends only": (b"\r\n\r\n", "empty"),
    "delimiters only": (b",,,\n,,,\n", "empty"),
    "heading without rows": (HEAD, "header_only"),
    "no headings": ("1,2025-01-01,3\n2,2025-01-02,4\n", "no_heading"),
    "pipes": ("客户名称|客户编号\n甲|1\n乙|2\n", "unknown_delimiter"),
    "full-width commas": ("客户名称，客户编号\n甲，1\n乙，2\n", "unknown_delimiter"),
    "pdf": (b"%PDF-1.7 ...", "not_a_table"),
    "png": (b"\x89PNG\r\n\x1a\n....", "not_a_table"),
    "jpeg": (b"\xff\xd8\xff\xe0....", "not_a_table"),
    "gzip": (gzip.compress(HEAD.encode()), "packed"),
    "7z": (b"7z\xbc\xaf\x27\x1c", "packed"),
    "rar": (b"Rar!\x1a\x07\x00", "packed"),
    "html named xls": ("<html><table><tr><td>客户名称</td></tr></table></html>", "old_format"),
    "xml spreadsheet": ('<?xml version="1.0"?><Workbook></Workbook>', "old_format"),
    "parquet": (b"PAR1....PAR1", "old_format"),
    "random bytes": (bytes(range(256)) * 40, "not_text"),
    "latin-1 without saying so": ("Müller,Köln\nGrüße,Größe\nJosé,Zoë\n".encode("latin-1"), "encoding_unclear"),
    "cut workbook": (workbook(("客户名称",), ("甲",))[:900], "damaged_workbook"),
    "workbook with scrambled content": (
        lambda: scrambled(workbook(("客户名称",), ("甲",))), "damaged_workbook"),
    "zip head and rubbish": (b"PK\x03\x04" + b"\x07" * 200, "damaged_workbook"),
    "old binary format, damaged": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "damaged_workbook"),
    "encrypted workbook": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"), "password"),
    "zip bomb": (bomb, "bomb"),
    "five thousand members": (many_members, "bomb"),
    "entities": (lambda: rezipped(lambda n, c: LAUGHS + c if n.endswith("sheet1.xml") else c), "entities"),
    "workbook without sheets' xml": (
        lambda: rezipped(lambda n, c: None if n.endswith("sheet1.xml") else c), "damaged_workbook"),
    "empty workbook": (workbook, "empty_sheet"),
    "workbook with headings only": (lambda: workbook(("客户名称", "客户编号")), "header_only"),
    "a workbook of two far corners": (
        lambda: sheet_with(HEADING_CELL + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'),
        "workbook_too_heavy"),
    "400 columns": (",".join(f"列{i}" for i in range(400)) + "\n" + "1," * 399 + "1\n", "too_many_columns"),
}  # fmt: skip


def zipped(**members: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return out.getvalue()


REFUSED["zip of a text"] = (zipped(readme_dot_txt="x"), "packed")
REFUSED["word document"] = (zipped(word__document_dot_xml="<x/>"), "not_a_table")
REFUSED["open document"] = (zipped(mimetype="x", content_dot_xml="<x/>"), "old_format")
REFUSED["binary workbook"] = (zipped(xl__workbook_dot_bin="x"), "old_format")


@pytest.mark.parametrize("name", list(REFUSED))
def test_a_file_that_is_no_table_is_refused(name, take_in, uploads):
    content, code = REFUSED[name]
    with pytest.raises(FileRefused) as refused:
        take_in("customer", content() if callable(content) else content)
    assert refused.value.code == code
    assert str(refused.value)
    assert not ImportBatch.objects.exists()
    assert not uploads.exists() or not list(uploads.iterdir())


def formula_without_result() -> bytes:
    return sheet_with(
        HEADING_CELL
        + '<row r="2"><c r="A2" t="inlineStr"><is><t>甲</t></is></c></row>'
        + '<row r="3"><c r="A3"><f>UPPER("x")</f></c></row>'
    )


def error_cell() -> bytes:
    return sheet_with(HEADING_CELL + '<row r="2"><c r="A2" t="e"><f>NA()</f><v>#N/A</v></c></row>')


# kind, content, row and column (-1: the row) of the problem, its code
REPORTED: dict[str, tuple[str, Any, int, int, str]] = {
    "too few cells": ("customer", HEAD + "甲,1,\n乙\n", 3, -1, "too_few_cells"),
    "too many cells": ("customer", HEAD + "甲,1,,x,y\n", 2, -1, "too_many_cells"),
    "an open quotation mark": ("customer", HEAD + '甲,1,\n乙,"2\n丙,3\n', 3, -1, "unclosed_quote"),
    "a totals row": ("order", ORDERS + "A,甲,2025-01-01,5\n合计,,,5\n", 3, -1, "totals_row"),
    "a short totals row": ("order", ORDERS + "A,甲,2025-01-01,5\n合计,5\n", 3, -1, "totals_row"),
    "a totals row that could be a customer": ("customer", HEAD + "甲,1,\n合计：,,\n", 3, -1, "totals_row"),
    "nul": ("customer", HEAD + "甲\0乙,1,\n", 2, 0, "nul"),
    "bytes of no character": ("customer", (HEAD + "安徽茶业有限公司,1,\n苏州").encode() + b"\xff,2,\n", 3,
    0, "undecodable"),
    "a megabyte in a cell": ("customer", HEAD + "x" * (1 << 20) + ",1,\n", 2, 0, "too_long"),
    "no name": ("customer", HEAD + ",C1,\n", 2, 0, "required"),
    "a formula": ("customer", HEAD + "=HYPERLINK(1),1,\n", 2, 0, "formula"),
    "a formula error": ("customer", HEAD + "#REF!,1,\n", 2, 0, "formula_error"),
    "a formula without result": ("customer", formula_without_result, 3, 0, "formula"),
    "an error in a workbook": ("customer", error_cell, 2, 0, "formula_error"),
    "a rounded code": ("customer", HEAD + "甲,9.13E+17,\n", 2, 1, "digits_lost"),
    "a long number in a workbook": ("customer", lambda: workbook(("客户名称", "客户编号"), ("甲",
    913205941234567890)), 2, 1, "digits_lost"),
    "a short phone": ("customer", HEAD + "甲,1,1391234\n", 2, 2, "phone_length"),
    "two phones": ("customer", HEAD + "甲,1,13812345678/13912345678\n", 2, 2, "several_phones"),
    "a wrong credit code": ("customer", "客户名称,统一社会信用代码\n甲,91350100M000100Y44\n", 2, 1,
    "credit_code_check"),
    "no e-mail": ("customer", "客户名称,邮箱\n甲,wang@\n", 2, 1, "not_an_email"),
    "an unknown word": ("customer", "客户名称,客户类型\n甲,散户\n", 2, 1, "unknown_choice"),
    "an unknown person": ("customer", "客户名称,业务员\n甲,李工\n", 2, 1, "unknown_person"),
    "one code twice": ("customer", HEAD + "甲,C1,\n乙,C1,\n", 3, 1, "same_row_again"),
    "one credit code for two": (
        "customer",
        "客户名称,客户编号,统一社会信用代码\n甲,1,91350100M000100Y43\n乙,2,91350100M000100Y43\n", 3, 2,
        "taken"),
    "month 13": ("order", ORDERS + "A,甲,2025/13/40,5\n", 2, 2, "no_such_date"),
    "day or month": ("order", ORDERS + "A,甲,03/04/2025,5\n", 2, 2, "day_or_month"),
    "two digits for a year": ("order", ORDERS + "A,甲,25/1/3,5\n", 2, 2, "two_digit_year"),
    "words for a date": ("order", ORDERS + "A,甲,去年底,5\n", 2, 2, "not_a_date"),
    "an order of tomorrow": ("order", ORDERS + "A,甲,2026-11-21,5\n", 2, 2, "in_future"),
    "paid before it was ordered": (
        "order", "订单号,客户,日期,金额,回款日期\nA,甲,2025-03-01,5,2025-02-27\n", 2, 4, "before_the_order"),
    "due before it was ordered": (
        "order", "订单号,客户,日期,金额,到期日\nA,甲,2025-03-01,5,2025-02-27\n", 2, 4, "before_the_order"),
    "paid tomorrow": (
        "order", "订单号,客户,日期,金额,回款日期\nA,甲,2025-03-01,5,2026-11-21\n", 2, 4, "in_future"),
    "no amount": ("order", ORDERS + "A,甲,2025-01-01,\n", 2, 3, "required"),
    "words for an amount": ("order", ORDERS + "A,甲,2025-01-01,五元\n", 2, 3, "not_a_number"),
    "a decimal comma": ("order", ORDERS + 'A,甲,2025-01-01,"1.234,56"\n', 2, 3, "decimal_comma"),
    "dollars": ("order", ORDERS + "A,甲,2025-01-01,$5\n", 2, 3, "other_currency"),
    "an endless amount": ("order", ORDERS + "A,甲,2025-01-01,99999999999999\n", 2, 3, "too_large"),
    "two customers in one order": (
        "order", ORDERS + "A,甲,2025-01-01,5\nA,乙,2025-01-01,6\n", 3, 1, "two_for_one_order"),
    "two days in one order": ("order", ORDERS + "A,甲,2025-01-01,5\nA,甲,2025-01-02,6\n", 3, 2,
    "two_for_one_order"),
    "one line number twice": (
        "order", "订单号,行号,客户,日期,金额\nA,1,甲,2025-01-01,5\nA,1,甲,2025-01-01,6\n", 3, 1,
        "same_row_again"),
    "a negative price": ("product", "产品名称,单价\n茶,-5\n", 2, 1, "negative"),
    "maybe on sale": ("product", "产品名称,在售\n茶,也许\n", 2, 1, "not_yes_or_no"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(REPORTED))
def test_a_bad_row_is_reported_and_nothing_is_written(name, checked):
    kind, content, row, column, code = REPORTED[name]
    batch = checked(kind, content() if callable(content) else content)
    problems = {(p.row, p.column, p.code) for p in batch.problems.all()}
    assert (row, column, code) in problems
    problem = batch.problems.get(row=row, code=code)
    assert problem.message
    assert problem.remedy
    assert batch.bad == len({p.row for p in batch.problems.all()})
    assert not any(model.objects.exists() for model in (Customer, Product, Order))


@pytest.mark.parametrize(
    ("kind", "content", "code"),
    [
        ("customer", "客户名称,客户名称\n甲,乙\n", "duplicate_headings"),
        ("order", "客户,日期\n甲,2025-01-01\n", "one_field_of"),
        ("order", "客户,金额\n甲,5\n", "field_missing"),
    ],
)
def test_columns_that_can_not_be_matched_are_refused(kind, content, code, checked):
    with pytest.raises(FileRefused) as refused:
        checked(kind, content)
    assert refused.value.code == code


def test_a_row_without_end_is_refused_when_the_rows_are_read(checked, tmp_path):
    """Also where the engine has read a table of its own in the same process."""
    table = tmp_path / "orders.csv"
    table.write_text("customer,date\n甲,2025-01-01\n")
    read_columns(table, ["customer", "date"])
    with pytest.raises(FileRefused) as refused:
        checked("customer", HEAD + '甲,"' + "x" * (9 << 20))
    assert refused.value.code == "endless_cell"


def test_a_sheet_that_is_not_there_is_refused(take_in):
    with pytest.raises(FileRefused) as refused:
        take_in("customer", workbook(("客户名称",), ("甲",)), sheet="华东")
    assert refused.value.code == "no_such_sheet"


def test_a_large_sheet_can_not_reserve_the_memory_of_the_server(take_in):
    rows = HEADING_CELL + '<row r="1048576"><c r="KN1048576"><v>1</v></c></row>'
    with pytest.raises(FileRefused) as refused:
        take_in("customer", sheet_with(rows))
    assert refused.value.code == "workbook_too_heavy"


def test_a_sheet_that_fills_the_memory_is_stopped_at_the_limit(take_in, monkeypatch):
    """Two cells that lie far apart: a few hundred bytes, 300 MB as a table."""
    from kezhi.dataio import watching
    from kezhi.dataio import workbook as reader

    seen = []
    held = watching._held
    monkeypatch.setattr(watching, "_held", lambda child: seen.append(held(child)) or seen[-1])
    monkeypatch.setattr(reader, "RESIDENT", 160 << 20)
    take_in("customer", workbook(("客户名称",), ("甲",)))
    seen.clear()
    rows = HEADING_CELL + '<row r="500000"><c r="Y500000"><v>1</v></c></row>'
    with pytest.raises(FileRefused) as refused:
        take_in("customer", sheet_with(rows))
    assert refused.value.code == "workbook_too_heavy"
    assert "CSV" in str(refused.value)
    assert seen[-1] > 160 << 20 >= max(seen[:-1], default=0)  # ended at the first look beyond it


def test_who_keeps_little_is_left_to_finish_and_who_takes_too_long_is_not():
    from kezhi.dataio import watching

    said = [sys.executable, "-I", "-c", "print('done')"]
    assert watching.run(said, env={}, resident=1 << 30, seconds=60)[0] == b"done\n"
    with pytest.raises(watching.TooHeavy):
        watching.run(["sleep", "60"], env={"PATH": "/usr/bin:/bin"}, resident=1 << 30, seconds=0.1)


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "..\\..\\win.ini", "a\0b.csv", "\u202egpj.csv", "x" * 400, ""]
)
def test_a_file_name_is_for_show_only(name, take_in, uploads):
    batch = take_in("customer", HEAD + "甲,1,\n", name=name)
    assert batch.path.parent == uploads
    assert "/" not in batch.file_name
    assert batch.file_name.isprintable()


def test_a_refusal_leaves_other_imports_alone(bring_in, take_in):
    bring_in("customer", HEAD + "甲,1,\n")
    with pytest.raises(Refused):
        take_in("customer", "")
    assert Customer.objects.count() == 1
