"""Filters by several entries at once: choices in an array, choices of a custom field, tags."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from django.contrib.postgres.fields import ArrayField
from django.db.models import CharField, F
from django.db.models.fields.json import KeyTextTransform, KeyTransform

from cast import TODAY
from kezhi.customers.creating import create_customer
from kezhi.customers.models import Customer
from kezhi.records import Field, FieldKind, registry
from kezhi.workbench.filtering import Asking, Filter
from kezhi.workbench.models import Tag, Tagging

pytestmark = pytest.mark.django_db
CHOICES = (("red", "Red"), ("green", "Green"), ("blue", "Blue"))


@pytest.fixture
def kind():
    roles = Field(
        "kinds", "Roles", FieldKind.MULTI_CHOICE, path="roles", choices=Customer.Role.choices,
        is_filterable=True,
    )  # fmt: skip
    colours = Field(
        "colours", "Colours", FieldKind.MULTI_CHOICE, path="x_colours", choices=CHOICES,
        is_filterable=True, expression=KeyTransform("colours", "custom"),
    )  # fmt: skip
    size = Field(
        "size", "Size", path="x_size", is_filterable=True, is_sortable=True,
        expression=KeyTextTransform("size", "custom"),
    )  # fmt: skip
    words = Field(
        "words", "Words", FieldKind.MULTI_CHOICE, path="x_words", choices=Customer.Role.choices,
        is_filterable=True, expression=_array("roles"),
    )  # fmt: skip
    tags = Field("labels", "Tags", FieldKind.TAGS, path="labels_", is_filterable=True)
    customer = registry["customer"]
    return replace(customer, fields=(*customer.fields, roles, colours, size, words, tags))


def _array(path):
    from django.db.models import ExpressionWrapper

    return ExpressionWrapper(F(path), output_field=ArrayField(CharField()))


@pytest.fixture
def three(li_wei):
    facts = {
        "甲": (["customer"], {"colours": ["red", "green"], "size": "L"}),
        "乙": (["customer", "supplier"], {"colours": ["red"]}),
        "丙": ([], {}),
    }
    tags = [Tag.objects.create(pk=pk, name=name) for pk, name in ((71, "老客户"), (72, "展会"))]
    for name, (roles, custom) in facts.items():
        row = create_customer({"name": name}, actor=li_wei, on=TODAY)
        Customer.objects.filter(pk=row.pk).update(roles=roles, custom=custom)
        for tag in tags[: len(roles)]:
            Tagging.objects.create(tag=tag, kind="customer", object_id=row.pk)
        # Another kind's record of the same id doesn't count.
        Tagging.objects.create(tag=tags[1], kind="contact", object_id=row.pk)


def names(kind, actor, condition, sort="name"):
    chosen = Filter.of(
        kind, Asking(actor, TODAY, ZoneInfo("Asia/Shanghai")), conditions=[condition], sort=sort
    )
    assert not chosen.problems
    return {row.name for row in chosen.order.apply(chosen.apply(kind.visible_to(actor)))}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("kinds.any.customer,supplier", "甲乙"),
        ("kinds.all.customer,supplier", "乙"),
        ("kinds.none.supplier", "甲丙"),
        ("kinds.empty", "丙"),
        ("kinds.filled", "甲乙"),
        ("words.any.supplier", "乙"),
        ("words.none.supplier", "甲丙"),
        ("colours.any.red,blue", "甲乙"),
        ("colours.all.red,green", "甲"),
        ("colours.none.green", "乙丙"),
        ("colours.empty", "丙"),
        ("colours.filled", "甲乙"),
        ("size.eq.l", "甲"),
        ("size.ne.L", "乙丙"),
        ("size.empty", "乙丙"),
        ("labels.any.71,72", "甲乙"),
        ("labels.all.71,72", "乙"),
        ("labels.none.72", "甲丙"),
        ("labels.empty", "丙"),
        ("labels.filled", "甲乙"),
    ],
)
def test_several_entries_are_filtered_by_any_all_and_none(kind, three, li_wei, condition, expected):
    assert names(kind, li_wei, condition, sort="size") == set(expected)


@pytest.mark.parametrize(
    "condition",
    ["kinds.any.", "kinds.any.king", "kinds.in.customer", "labels.any.99", "labels.any.x", "labels.all.71,99"],
)  # fmt: skip
def test_what_is_not_an_entry_is_a_sentence(kind, three, li_wei, condition):
    asking = Asking(li_wei, TODAY, ZoneInfo("Asia/Shanghai"))
    assert Filter.of(kind, asking, conditions=[condition]).problems


def test_the_chip_names_the_tags(kind, three, li_wei):
    asking = Asking(li_wei, TODAY, ZoneInfo("Asia/Shanghai"))
    (criterion,) = Filter.of(kind, asking, conditions=["labels.any.71,72"]).criteria
    assert {"老客户", "展会"} == set(criterion.shown.replace("、", ", ").split(", "))
