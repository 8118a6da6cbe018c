"""One table in every clothing: encodings × delimiters × formats give the same cells under the same numbers."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kezhi.dataio.problems import FileRefused
from kezhi.dataio.reading import Choices, open_table

ROWS = [
    ("客户名称", "地址", "金额"),
    ("安徽茶业有限公司", "合肥市，蜀山区", "1234.5"),
    ("苏州“恒泰”精密", '他说 "好"', "-7"),
    ("Müller & Söhne", "两行\n地址", "0"),
]


def as_text(delimiter: str, end: str = "\r\n") -> str:
    def cell(text: str) -> str:
        quoted = '"' in text or "\n" in text or delimiter in text
        return '"' + text.replace('"', '""') + '"' if quoted else text

    return "".join(delimiter.join(map(cell, row)) + end for row in ROWS)


def as_workbook(rows: list[tuple[Any, ...]], sheet: str = "华东", first_row: int = 0) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        page = book.add_worksheet(sheet)
        for number, row in enumerate(rows):
            page.write_row(first_row + number, 0, row)
    return out.getvalue()


def read(tmp_path: Any, data: bytes, **choices: Any) -> Any:
    path = tmp_path / "file"
    path.write_bytes(data)
    return open_table(path, Choices(**choices), lambda heading: heading == "客户名称")


def rows_of(table: Any) -> dict[int, tuple[str, ...]]:
    return {
        int(number): batch.row(index)
        for batch in table.batches()
        for index, number in enumerate(batch.numbers)
    }


EXPECTED = dict(enumerate(ROWS[1:], start=2))


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"]
)
def test_every_encoding_with_every_delimiter(tmp_path, encoding, delimiter):
    table = read(tmp_path, as_text(delimiter).encode(encoding))
    assert table.delimiter == delimiter
    assert rows_of(table) == EXPECTED


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end(tmp_path, end):
    assert rows_of(read(tmp_path, as_text(",", end).encode())) == EXPECTED


def test_a_workbook(tmp_path):
    rows = [*ROWS[:1], *((a, b, float(c)) for a, b, c in ROWS[1:])]
    assert rows_of(read(tmp_path, as_workbook(rows))) == EXPECTED


def test_gbk_with_ascii_only_headings(tmp_path):
    table = read(tmp_path, "name,amount\n安徽茶业,5\n".encode("gbk"))
    assert table.encoding == "gb18030"
    assert rows_of(table) == {2: ("安徽茶业", "5")}


def test_an_encoding_that_is_not_found_out_can_be_said(tmp_path):
    data = "客户名稱,金額\n臺灣茶業,5\n".encode("big5", "replace")
    with pytest.raises(FileRefused) as refused:
        read(tmp_path, data)
    assert refused.value.code == "encoding_unclear"
    assert rows_of(read(tmp_path, data, encoding="big5"))[2] == ("臺灣茶業", "5")


@pytest.mark.parametrize("name", ["gbk", "GB2312", "GB18030"])
def test_an_encoding_has_many_names(tmp_path, name):
    data = "客户名称,金额\n安徽茶业,5\n".encode("gbk")
    assert rows_of(read(tmp_path, data, encoding=name))[2] == ("安徽茶业", "5")


@pytest.mark.parametrize("name", ["klingon", "hex", "utf-7"])
def test_an_unknown_encoding_is_refused(tmp_path, name):
    with pytest.raises(FileRefused) as refused:
        read(tmp_path, b"a,b\n1,2\n", encoding=name)
    assert refused.value.code == "no_such_encoding"


def test_titles_above_the_headings_and_blank_rows_keep_the_row_numbers(tmp_path):
    data = "2025 年客户\n\n客户名称,金额\n甲,1\n,\n乙,2\n"
    table = read(tmp_path, data.encode())
    assert (table.heading_row, table.headings) == (3, ("客户名称", "金额"))
    assert rows_of(table) == {4: ("甲", "1"), 6: ("乙", "2")}


def test_a_workbook_with_titles_and_a_gap(tmp_path):
    rows: list[tuple[Any, ...]] = [("标题",), ("客户名称", "金额"), ("甲", 1), (), ("乙", 2)]
    table = read(tmp_path, as_workbook(rows, first_row=2))
    assert rows_of(table) == {5: ("甲", "1"), 7: ("乙", "2")}


def test_the_sheet_can_be_chosen(tmp_path):
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        book.add_worksheet("说明")
        for name in ("华东", "华南"):
            book.add_worksheet(name).write_row(0, 0, ["客户名称", "x"])
            book.get_worksheet_by_name(name).write_row(1, 0, [name, 1])
    assert rows_of(read(tmp_path, out.getvalue()))[2][0] == "华东"
    table = read(tmp_path, out.getvalue(), sheet="华南")
    assert rows_of(table)[2][0] == "华南"
    assert table.sheets == ("说明", "华东", "华南")


def test_excel_keeps_numbers_and_dates_as_people_see_them(tmp_path):
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        page, day = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd"})
        page.write_row(0, 0, ["客户名称", "手机", "日期", "合计", "否"])
        page.write_row(1, 0, ["甲", 13812345678])
        page.write_datetime(1, 2, datetime(2025, 1, 31), day)
        page.write_formula(1, 3, "=1+1", None, 2)
        page.write_boolean(1, 4, False)
    row = rows_of(read(tmp_path, out.getvalue()))[2]
    assert row == ("甲", "13812345678", "2025-01-31", "2", "FALSE")


def test_a_stated_separator_of_excel(tmp_path):
    assert rows_of(read(tmp_path, b"sep=;\nname;b\n1,5;2\n")) == {3: ("1,5", "2")}


def test_extra_cells_without_content_do_no_harm(tmp_path):
    assert rows_of(read(tmp_path, "客户名称,b\n1,2,,\n".encode())) == {2: ("1", "2")}


def test_headings_of_several_lines_become_one(tmp_path):
    table = read(tmp_path, '"客户名称","金额\n（元）"\n甲,1\n'.encode())
    assert table.headings == ("客户名称", "金额 （元）")
    assert rows_of(table) == {2: ("甲", "1")}


def test_memory_stays_bounded_over_many_blocks(tmp_path, monkeypatch):
    from kezhi.dataio import reading

    monkeypatch.setattr(reading, "BLOCK_BYTES", 4096)
    lines = [f"客户{i},{i}" if i % 50 else f"客户{i},1,2" for i in range(5000)]
    table = read(tmp_path, ("客户名称,金额\n" + "\n".join(lines)).encode())
    seen: dict[int, str] = {}
    broken = []
    for batch in table.batches():
        assert len(batch.numbers) < 1000
        seen |= {int(n): batch.row(i)[0] for i, n in enumerate(batch.numbers)}
        broken += [row.number for row in batch.broken]
    assert broken == [i + 2 for i in range(0, 5000, 50)]
    assert all(name == f"客户{number - 2}" for number, name in seen.items())
    assert len(seen) == 4900


PIECES = st.sampled_from(
    [b"\xff", b"\0", b'"', b",", b";", b"\t", b"\n", b"\r", b"=1", "安徽".encode(),
     "苏州".encode("gb18030"), b"a", b"7"]
)  # fmt: skip


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(PIECES, st.binary(max_size=3)), max_size=60))
def test_any_bytes_give_a_table_or_a_refusal(tmp_path, pieces):
    try:
        table = read(tmp_path, "客户名称,金额\n".encode() + b"".join(pieces))
    except FileRefused:
        return
    assert all(len(batch.columns) == table.width for batch in table.batches())


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("会社名,電話\n株式会社ヤマト,0312345678\n合同会社さくら,0451234567\n", "shift-jis"),
        ("客戶名稱,電話\n臺灣茶業股份有限公司,0223456789\n", "big5"),
    ],
)
def test_an_encoding_that_could_be_another_is_never_guessed(tmp_path, text, encoding):
    with pytest.raises(FileRefused) as refused:
        read(tmp_path, (text * 5).encode(encoding))
    assert refused.value.code == "encoding_unclear"


def test_a_workbook_of_a_mac_counts_its_days_from_1904(tmp_path):
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "date_1904": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["客户名称", "签约日期"])
        sheet.write(1, 0, "甲")
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_datetime(1, 1, datetime(2025, 3, 1), day)
    assert list(rows_of(read(tmp_path, out.getvalue())).values()) == [("甲", "2025-03-01")]
