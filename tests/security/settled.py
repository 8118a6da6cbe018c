"""The world of the access tests with what people make over time in it, so that every page has content."""

from __future__ import annotations

from typing import Any

from cast import NOW, TODAY
from world import World

FIELDS: tuple[dict[str, Any], ...] = (
    {"label_zh": "备忘", "label_en": "Note", "field_kind": "text", "is_searchable": True},
    {"label_zh": "面积", "label_en": "Area", "field_kind": "quantity", "is_sortable": True},
    {"label_zh": "开业", "label_en": "Opened", "field_kind": "date"},
    {"label_zh": "双倍", "label_en": "Twice", "field_kind": "quantity", "formula": "c_area * 2"},
)


def settle(world: World) -> dict[str, Any]:
    """What was made, by name, all of it the owner's."""
    from zoneinfo import ZoneInfo

    from kezhi.customers.merging import merge_customers
    from kezhi.customers.segmenting import Wording, create_segment
    from kezhi.records import registry
    from kezhi.workbench.customizing.defining import define_field
    from kezhi.workbench.filtering import Asking
    from kezhi.workbench.list_query import Shape
    from kezhi.workbench.saving_views import save_view
    from kezhi.workbench.tagging import create_tag, tag_record

    owner = world.people["owner"]
    customer = world.records["customer"]
    kind = registry["customer"]
    for given in FIELDS:
        field = {"data_class": "business", "purpose": "看看", **given}
        define_field("customer", field, actor=owner, on=TODAY)
    tag = create_tag("重点", actor=owner)
    tag_record("customer", customer, [tag], [], actor=owner)
    asking = Asking(owner, TODAY, ZoneInfo("Asia/Shanghai"))
    conditions = ('{"any":["city.eq.合肥",{"has":"contacts","where":"name.contains.张"}]}',)
    return {
        "tag": tag,
        "view": save_view(
            kind,
            "合肥",
            Shape(conditions, "", "-created_at", tuple(kind.columns)),
            actor=owner,
            audience="everyone",
            is_pinned=True,
        ),
        "segment": create_segment(
            Wording("合肥客户", "城市", "everyone"),
            actor=owner,
            on=TODAY,
            asking=asking,
            conditions=conditions,
        ),
        "merge": _merged(merge_customers, world),
    }


def _merged(merge: Any, world: World) -> Any:
    from kezhi.customers.creating import create_customer

    owner = world.people["owner"]
    pair = [
        create_customer({"name": name, "code": code}, actor=owner, on=TODAY)
        for name, code in (("六安瓜片厂", "C-LA1"), ("六安瓜片工厂", "C-LA2"))
    ]
    return merge(*pair, actor=owner, at=NOW)
