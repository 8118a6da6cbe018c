"""Fields that several kinds of record of a customer declare alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import pgettext_lazy

from kezhi.records import Field, FieldKind
from kezhi.records.fields import Label

CUSTOMER_NAMES = (
    "客户",
    "客户名称",
    "客户编号",
    "客户编码",
    "客户代码",
    "公司",
    "公司名称",
    "customer",
    "customer code",
    "customer name",
    "company",
)

COLUMNS_OF_A_CUSTOMER = (
    "客户",
    "客户名称",
    "客户编号",
    "客户编码",
    "客户代码",
    "客户全称",
    "单位名称",
    "公司名称",
    "customer",
    "customer id",
    "customer code",
    "customer no",
    "customer name",
    "company",
    "account",
)
"""Headings under which files of other systems say whose a row is."""

CREATED = Field(
    "created_at",
    pgettext_lazy("record", "Created"),
    FieldKind.MOMENT,
    is_sortable=True,
    is_filterable=True,
)


def customer_of() -> Field:
    """The customer whose record it is."""
    return Field(
        "customer",
        pgettext_lazy("record", "Customer"),
        FieldKind.LINK,
        link="customer",
        is_searchable=True,
        is_required=True,
        is_editable=True,
        is_filterable=True,
        is_importable=True,
        import_names=CUSTOMER_NAMES,
    )


def contact_of(label: Label) -> Field:
    return Field(
        "contact",
        label,
        FieldKind.LINK,
        link="contact",
        is_editable=True,
        is_filterable=True,
    )


def part(
    name: str,
    label: Label,
    import_names: Sequence[str] = (),
    max_length: int = 200,
    **more: Any,
) -> Field:
    """A text that one types, and that comes from files."""
    return Field(
        name,
        label,
        **{
            "is_editable": True,
            "is_importable": bool(import_names),
            "max_length": max_length,
            "import_names": tuple(import_names),
            **more,
        },
    )
