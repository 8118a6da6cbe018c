"""The relation between two parties as a kind of record."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.customers import relating
from kezhi.customers.declarations.parts import CREATED, customer_of, part
from kezhi.customers.models import Relation
from kezhi.records import Condition, Field, FieldKind, Kind, View

K = FieldKind

FIELDS = (
    customer_of(),
    Field(
        "nature",
        pgettext_lazy("relation", "Relation"),
        K.CHOICE,
        choices=Relation.Nature.choices,
        is_required=True,
        is_editable=True,
        is_filterable=True,
        is_importable=True,
        import_names=("关系", "关系类型", "relation", "nature", "type"),
    ),
    Field(
        "other",
        pgettext_lazy("relation", "Other party"),
        K.LINK,
        link="customer",
        is_required=True,
        is_editable=True,
        is_importable=True,
        import_names=("另一方", "对方", "关联客户", "other party", "other"),
        is_filterable=True,
        is_searchable=True,
    ),
    Field(
        "strength",
        pgettext_lazy("relation", "Strength"),
        K.CHOICE,
        choices=Relation.Strength.choices,
        is_editable=True,
        is_filterable=True,
        is_importable=True,
        import_names=("强度", "strength"),
    ),
    Field(
        "since",
        pgettext_lazy("relation", "Since"),
        K.DATE,
        is_editable=True,
        is_filterable=True,
        is_importable=True,
        import_names=("开始日期", "since", "from date"),
    ),
    Field(
        "until",
        pgettext_lazy("relation", "Until"),
        K.DATE,
        is_editable=True,
        is_filterable=True,
        is_importable=True,
        import_names=("结束日期", "until", "to date"),
    ),
    part("remark", _("Remark"), ("备注", "remark", "note"), 300, group="remarks"),
    CREATED,
)

KIND = Kind(
    name="relation",
    label=pgettext_lazy("record", "Relation"),
    label_plural=_("Relations between parties"),
    model=Relation,
    address="relations",
    icon="link",
    fields=FIELDS,
    title="customer",
    subtitle=("nature", "other"),
    columns=("customer", "nature", "other", "strength", "since", "until"),
    default_sort="-created_at",
    views=(
        View("all", pgettext_lazy("view", "All")),
        View("supplies", _("Who supplies whom"), (Condition("nature", "eq", "supplies"),)),
        View("competes", _("Who competes with whom"), (Condition("nature", "eq", "competes"),)),
    ),
    form=("customer", "nature", "other", "strength", "since", "until", "remark"),
    properties=(
        "customer",
        "nature",
        "other",
        "strength",
        "since",
        "until",
        "remark",
        "created_at",
    ),
    import_key=("customer", "nature", "other"),
    select_related=("customer", "other"),
    empty=_("Who is whose parent, buys through whom, supplies, refers, advises or competes."),
    belongs_to="customer",
    is_customizable=True,
    create=relating.create_relation,
    edit=relating.edit_relation,
    delete=relating.delete_relation,
)
