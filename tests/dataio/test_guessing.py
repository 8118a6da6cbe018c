"""Headings as companies write them."""

from decimal import Decimal

import pytest

from kezhi.dataio.guessing import Headings, factor_of, guess
from kezhi.dataio.registry import loader_of


def fields_of(kind: str, *headings: str, sample: tuple[tuple[str, ...], ...] = ()) -> list[str]:
    vocabulary = Headings(loader_of(kind).fields())
    return [match.field for match in guess(headings, sample, vocabulary)]


@pytest.mark.parametrize(
    ("kind", "headings", "fields"),
    [
        ("customer", ("单位名称", "统一社会信用代码", "联系电话", "业务员", "备注2"),
         ["name", "credit_code", "phone", "owner", "remark"]),
        ("customer", ("客戶名稱", "客戶編號", "電話"), ["name", "code", "phone"]),
        ("customer", ("Company Name", "CUSTOMER_ID", "E-Mail", "City"), ["name", "code", "email", "city"]),
        ("order", ("单据编号", "客户名称", "单据日期", "商品名称", "数量", "单价(元)", "金额（元）"),
         ["number", "customer_name", "ordered_on", "product_name", "quantity", "unit_price", "amount"]),
        ("order", ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice",
        "CustomerID", "Country"),
         ["number", "product_code", "product_name", "quantity", "ordered_on", "unit_price",
          "customer_code", ""]),
        ("order", ("单号", "客户", "订单日期", "金额", "到期日", "付款日期"),
         ["number", "customer_name", "ordered_on", "amount", "due_on", "paid_on"]),
        ("order", ("Invoice No", "Customer", "Invoice Date", "Amount", "Due Date", "Payment Date"),
         ["number", "customer_name", "ordered_on", "amount", "due_on", "paid_on"]),
        ("product", ("物料编码", "品名", "计量单位", "标价", "成本价"), ["code", "name", "unit",
        "list_price", "unit_cost"]),
    ],
)  # fmt: skip
def test_headings_of_real_files(kind, headings, fields):
    assert fields_of(kind, *headings) == fields


def test_a_field_goes_to_one_column_only():
    assert fields_of("order", "客户名称", "日期", "金额", "销售额").count("amount") == 1


def test_two_columns_with_one_heading_are_left_to_the_user():
    found = guess(["客户名称", "金额", "金额 (2)"], [], Headings(loader_of("order").fields()))
    assert [match.field for match in found] == ["customer_name", "", ""]
    assert found[1].reason == "same_heading"


def test_cells_that_look_otherwise_ask_for_attention():
    vocabulary = Headings(loader_of("customer").fields())
    found = guess(["客户名称", "电话"], [("甲", "王经理"), ("乙", "李总")], vocabulary)
    assert found[1].confidence == "unsure"
    assert found[1].reason == "cells_differ"


@pytest.mark.parametrize(
    ("heading", "factor"),
    [("年销售额(万)", 10_000), ("金额（万元）", 10_000), ("金额", 1), ("Amount (CNY)", 1),
     ("金额(单位:千元)", 1000), ("数量(个)", 1)],
)  # fmt: skip
def test_the_unit_in_a_heading(heading, factor):
    assert factor_of(heading) == Decimal(factor)
