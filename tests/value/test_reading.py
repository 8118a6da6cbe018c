"""What can't be read is refused with file, line, column and remedy."""

import pytest

from kezhi.value.reading import Columns, Unreadable, read_transactions
from kezhi.value.summary import summarise

COLUMNS = Columns("客户", "日期", "金额")


def refusal(path, columns=COLUMNS):
    with pytest.raises(Unreadable) as caught:
        read_transactions(path, columns)
    return str(caught.value)


def a_file(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "orders.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_encodings_and_separators(tmp_path, encoding, separator):
    rows = ["客户,日期,金额", "安徽茶业,2025-03-09,120.50", "黄山,2025/4/1,-3"]
    path = a_file(tmp_path, "\n".join(rows).replace(",", separator), encoding)
    found = summarise(path, customer="客户", date="日期", amount="金额")
    assert dict(zip(found.customer.to_pylist(), found.total.tolist(), strict=True)) == {
        "安徽茶业": 120.5,
        "黄山": -3.0,
    }


@pytest.mark.parametrize(
    ("row", "column", "what"),
    [
        ("A,2025/13/40,1", "日期", "'2025/13/40' is no date"),
        ("A,2025-02-30,1", "日期", "year-month-day"),
        ("A,,1", "日期", "the date is missing"),
        ("A,0205-03-09,1", "日期", "0205-03-09 lies outside the years 1900 to 2199"),
        ("A,09.03.2025,1", "日期", "is no date"),
        ('A,2025-03-09,"￥1,234.50"', "金额", "without thousands separators"),
        ("A,2025-03-09,(120)", "金额", "'(120)' is no plain number"),
        ("A,2025-03-09,", "金额", "the amount is missing"),
        ("A,2025-03-09,nan", "金额", "is no plain number"),
        (" ,2025-03-09,1", "客户", "the customer is missing"),
    ],
)
def test_a_faulty_cell_is_named_by_line_and_column(tmp_path, row, column, what):
    path = a_file(tmp_path, f'客户,日期,金额\n"B\nB",2025-01-01,1\n\nA,2025-01-02,2\n{row}\n')
    message = refusal(path)
    assert message.startswith(f"{path}, line 6, column '{column}': ")
    assert what in message


def test_an_unknown_column_lists_those_there_are(tmp_path):
    message = refusal(a_file(tmp_path, "客户,日期,金额\n"), Columns("customer", "日期"))
    assert "no column 'customer'" in message
    assert "客户, 日期, 金额" in message


def test_a_heading_that_stands_there_twice(tmp_path):
    assert "2 times" in refusal(a_file(tmp_path, "客户,日期,金额,金额\nA,2025-01-01,1,2\n"))


def test_a_ragged_row_is_named(tmp_path):
    path = a_file(tmp_path, "客户,日期,金额\nA,2025-01-01,1\nA,2025-01-01\n")
    assert f"{path}, line 3: 2 fields, but the heading has 3" in refusal(path)


def test_files_that_hold_nothing(tmp_path):
    assert "there is no such file" in refusal(tmp_path / "none.csv")
    assert "empty" in refusal(a_file(tmp_path, ""))
    assert "heading" in refusal(a_file(tmp_path, "\n\n"))
    assert "there is no such file" in refusal(tmp_path)
    for text in ("客户,日期,金额\n", "客户,日期,金额"):
        assert len(read_transactions(a_file(tmp_path, text), COLUMNS).days) == 0


def test_what_is_no_parquet_is_said(tmp_path):
    path = tmp_path / "orders.parquet"
    path.write_bytes(b"PK\x03\x04 not parquet")
    assert "can't be read as Parquet" in refusal(path)


def test_what_holds_no_transactions_is_said():
    assert "int holds no transactions" in refusal(3)


def test_customers_with_leading_zeros_stay_text(tmp_path):
    text = a_file(tmp_path, "客户,日期,金额\n007,2025-01-01,1\n7,2025-01-01,1\n")
    assert read_transactions(text, COLUMNS).customers.to_pylist() == ["007", "7"]
    numbers = a_file(tmp_path, "客户,日期,金额\n10,2025-01-01,1\n9,2025-01-01,1\n")
    assert read_transactions(numbers, COLUMNS).customers.to_pylist() == [9, 10]


def test_a_file_that_turns_out_to_be_gb18030_late(tmp_path):
    plain = "A,2025-01-01,1\n" * 80_000
    path = tmp_path / "orders.csv"
    path.write_bytes(
        b"who,day\n" + plain.replace(",1", "").encode() + "安徽,2025-01-02\n".encode("gb18030")
    )
    assert read_transactions(path, Columns("who", "day")).customers.to_pylist() == ["A", "安徽"]
