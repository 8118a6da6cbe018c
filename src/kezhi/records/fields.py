"""What a field of a record says about itself, once, for list, filter, form, import and export."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from kezhi.core.actor import Access

Label = str | Promise


class FieldKind(StrEnum):
    """Decides how a field is shown, edited, filtered, sorted, parsed and written out."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    CODE = "code"
    PHONE = "phone"
    EMAIL = "email"
    URL = "url"
    TAX_ID = "tax_id"
    INTEGER = "integer"
    QUANTITY = "quantity"
    MONEY = "money"
    SHARE = "share"  # a fraction shown as per cent
    PROBABILITY = "probability"
    RATIO = "ratio"
    SCORE = "score"
    DATE = "date"
    MOMENT = "moment"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    MULTI_CHOICE = "multi_choice"  # a list of keys of `choices`
    TAGS = "tags"
    TIER = "tier"
    PERSON = "person"
    LINK = "link"

    @property
    def is_number(self) -> bool:
        return self in NUMBERS


NUMBERS = frozenset(
    {
        FieldKind.INTEGER,
        FieldKind.QUANTITY,
        FieldKind.MONEY,
        FieldKind.SHARE,
        FieldKind.PROBABILITY,
        FieldKind.RATIO,
        FieldKind.SCORE,
    }
)


class DataClass(StrEnum):
    """How carefully a field must be treated: personal data is masked and its reading logged."""

    BUSINESS = "business"
    PERSONAL = "personal"
    SENSITIVE = "sensitive"  # identity papers, health, bank: written with a separate consent only

    @property
    def is_personal(self) -> bool:
        return self is not DataClass.BUSINESS


# What a role may hide, mask or leave read-only as a whole.
FIELD_GROUPS: dict[str, Label] = {
    "general": pgettext_lazy("field group", "General"),
    "reach": pgettext_lazy("field group", "Phone, e-mail, WeChat"),
    "identity": pgettext_lazy("field group", "Identifiers"),
    "value": pgettext_lazy("field group", "Value"),
    "money": pgettext_lazy("field group", "Costs and margins"),
    "remarks": pgettext_lazy("field group", "Remarks"),
    "custom": pgettext_lazy("field group", "Custom fields"),
}


@dataclass(frozen=True)
class Field:
    """One field of a kind of record.

    `path` is the ORM path (`standing__score`); `column` of the kind's own table unless it crosses `__`.
    `import_names` are headings under which files carry it, beside both languages' labels.

    A field without a column of its own gives `expression`, which querysets alias as `path`, and `reads`,
    which takes the entry from a record; `takes` are the columns that this looks at, for lists that fetch no
    others. `access` is how the actor sees it, set by `Kind.seen_by`: the declaration itself says what the
    product allows everyone.
    """

    name: str
    label: Label
    kind: FieldKind = FieldKind.TEXT
    path: str = ""
    choices: Sequence[tuple[str, Label]] = ()
    link: str = ""  # the kind of record that a LINK field points to
    unit: Label = ""
    help: Label = ""
    is_required: bool = False
    is_editable: bool = False
    is_searchable: bool = False
    is_sortable: bool = False
    is_filterable: bool = False
    is_predicted: bool = False  # shown with the violet dashed underline
    is_importable: bool = False
    data_class: DataClass = DataClass.BUSINESS
    import_names: Sequence[str] = ()
    sort_path: str = (
        ""  # a key in the same table that orders better than the text (pinyin of a name)
    )
    is_change: bool = False  # a difference, shown with its sign and arrow
    before_path: str = ""  # what stood here before; shown as a move while `since_path` is recent
    since_path: str = ""
    decimals: int | None = None
    max_length: int = 200
    total: str = ""  # "sum" or "avg" in the list's footer
    group: str = "general"  # one of FIELD_GROUPS
    access: Access = Access.EDIT
    expression: Any = None
    reads: Callable[[Any], Any] | None = None
    takes: Sequence[str] = ()
    is_custom: bool = False
    opens: str = ""  # where an entry is explained; %s stands for the record's id
    derived_from: Sequence[str] = ()  # groups of what it is computed from, which it could betray

    def __post_init__(self) -> None:
        if not self.path:
            object.__setattr__(self, "path", self.name)

    @property
    def is_number(self) -> bool:
        return self.kind.is_number

    @property
    def is_masked(self) -> bool:
        return self.access is Access.MASKED


@dataclass(frozen=True)
class Section:
    """Fields that stand under one heading in form and property panel; without a title there is none."""

    title: Label
    fields: Sequence[str]


@dataclass(frozen=True)
class Collection:
    """Records of another kind that hang on this one: `path` leads from there to here.

    Filters ask whether there are some, how many, and of which sort (orders of the last 90 days).
    """

    name: str
    label: Label
    kind: str
    path: str


@dataclass(frozen=True)
class Condition:
    """One filter: `field op operand`, allow-listed by the declaration; the operand is text as in the URL."""

    field: str
    op: str
    operand: str = ""

    def __str__(self) -> str:
        return f"{self.field}.{self.op}.{self.operand}"

    @classmethod
    def parse(cls, text: str) -> Condition:
        """`tier.in.S,A` → Condition; raises ValueError when a part is missing."""
        name, op, operand = ([*text.split(".", 2), "", ""])[:3]
        if not name or not op:
            raise ValueError(text)
        return cls(name, op, operand)


@dataclass(frozen=True)
class View:
    """A list that comes with the product; people add their own as saved views."""

    name: str
    label: Label
    conditions: Sequence[Condition] = ()
    sort: str = ""
    columns: Sequence[str] = ()
    is_alert: bool = False
