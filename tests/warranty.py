"""A new kind of record in one file: what a maker of lifts keeps of each customer's machines.

This is all that an engineer writes for a kind without rules of its own (and `makemigrations` for its table).
"""

from typing import ClassVar

from django.db import models

from kezhi.customers.keeping import deeds_for
from kezhi.customers.models.belonging import Belonging, BelongingQuerySet
from kezhi.records import Field, FieldKind, Kind, View


class WarrantyQuerySet(BelongingQuerySet):
    kind = "warranty"


class Warranty(Belonging):
    number = models.CharField(max_length=40)
    ends_on = models.DateField(null=True, blank=True)
    amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    is_extended = models.BooleanField(default=False)
    remark = models.TextField(blank=True)

    objects: ClassVar = WarrantyQuerySet.as_manager()

    class Meta:
        app_label = "warranties"

    def __str__(self) -> str:
        return self.number


ALL = {"is_editable": True, "is_filterable": True, "is_importable": True}
DEEDS = deeds_for("warranty", Warranty)
KIND = Kind(
    name="warranty",
    label="Warranty",
    label_plural="Warranties",
    model=Warranty,
    address="warranties",
    icon="flag",
    fields=(
        Field("customer", "Customer", FieldKind.LINK, link="customer", is_required=True,
              import_names=("客户",), **ALL),
        Field("number", "Warranty number", FieldKind.CODE, is_required=True, is_searchable=True,
              is_sortable=True, import_names=("质保单号",), **ALL),
        Field("ends_on", "Ends", FieldKind.DATE, is_sortable=True, import_names=("到期日",), **ALL),
        Field("amount", "Covered amount", FieldKind.MONEY, decimals=2, total="sum", is_sortable=True,
              import_names=("保额",), **ALL),
        Field("is_extended", "Extended", FieldKind.BOOLEAN, **ALL),
        Field("remark", "Remark", FieldKind.LONG_TEXT, is_editable=True, is_importable=True),
    ),
    title="number",
    subtitle=("customer",),
    columns=("number", "customer", "ends_on", "amount"),
    default_sort="number",
    views=(View("all", "All"),),
    form=("customer", "number", "ends_on", "amount", "is_extended", "remark"),
    properties=("customer", "ends_on", "amount", "is_extended", "remark"),
    import_key=("number",),
    select_related=("customer",),
    belongs_to="customer",
    is_customizable=True,
    is_taggable=True,
    in_navigation=True,
    create=DEEDS.create,
    edit=DEEDS.edit,
    delete=DEEDS.delete,
)  # fmt: skip
