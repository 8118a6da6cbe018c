"""The form of one custom field: what was typed, as a definition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kezhi.records import DataClass, FieldKind, Kind, registry
from kezhi.records.fields import FIELD_GROUPS
from kezhi.workbench.customizing.building import SEARCHABLE, SORTABLE
from kezhi.workbench.customizing.computing import OUTCOMES, readable
from kezhi.workbench.customizing.defining import KIND_LABELS, MOST_DECIMALS
from kezhi.workbench.customizing.formula import FUNCTIONS, WORDS
from kezhi.workbench.models import CustomField

K = FieldKind
COMPUTED = "computed"
SPARE_CHOICES = 4
TEXTS = ("label_zh", "label_en", "help_zh", "help_en", "formula", "unit", "purpose", "group", "data_class",
         "link")  # fmt: skip
TICKS = ("is_required", "is_searchable", "is_sortable")
ABOUT: dict[str, str | Promise] = {
    K.TEXT: _("One line: a number on a contract, a nickname."),
    K.LONG_TEXT: _("Several lines: agreements, remarks."),
    K.INTEGER: _("Pieces, people, years."),
    K.QUANTITY: _("With decimals and a unit: m², tonnes."),
    K.MONEY: _("In the company's currency, exact to the cent."),
    K.SHARE: _("A part of a whole, such as 15%."),
    K.DATE: _("A day, without time."),
    K.CHOICE: _("One of the entries that you list."),
    K.MULTI_CHOICE: _("Any number of the entries that you list."),
    K.BOOLEAN: _("A tick."),
    K.PERSON: _("Somebody who works here."),
    K.LINK: _("Another customer, product, order…"),
    K.PHONE: _("Can be called with a click."),
    K.EMAIL: _("Can be written to with a click."),
    K.URL: _("Opens in the browser."),
    COMPUTED: _("From other fields, by a formula; always up to date."),
}
DATA_CLASSES = (
    (DataClass.BUSINESS.value, _("No: it is about the business")),
    (DataClass.PERSONAL.value, _("Yes: it is about a person")),
    (
        DataClass.SENSITIVE.value,
        _("Yes, sensitive: papers, bank, health, place; only with a separate consent"),
    ),
)


@dataclass
class DefinitionForm:
    """What the page shows and keeps; `sort` is the kind of field, or `computed` before it is defined."""

    kind: Kind
    sort: str
    entries: dict[str, Any]
    definition: CustomField | None = None
    choices: list[dict[str, str]] = field(default_factory=list)

    @classmethod
    def new(cls, kind: Kind, sort: str) -> DefinitionForm:
        blank: dict[str, Any] = {**dict.fromkeys(TEXTS, ""), **dict.fromkeys(TICKS, False)}
        return cls(kind, sort, {**blank, "decimals": "", "group": "custom", "is_sortable": True})

    @classmethod
    def of(cls, kind: Kind, definition: CustomField) -> DefinitionForm:
        names = (*TEXTS, *TICKS, "decimals")
        sort = COMPUTED if definition.formula else definition.field_kind
        entries = {name: getattr(definition, name) for name in names}
        return cls(kind, sort, entries, definition, list(definition.choices))

    def read(self, data: QueryDict) -> DefinitionForm:
        for name in TEXTS:
            if name in data:
                self.entries[name] = str(data[name]).strip()
        for name in TICKS:
            self.entries[name] = name in data
        self.entries["decimals"] = data.get("decimals", "")
        self.entries["field_kind"] = data.get("field_kind", "")
        rows = zip(
            data.getlist("choice_key"),
            data.getlist("choice_zh"),
            data.getlist("choice_en"),
            strict=False,
        )
        self.choices = [{"key": key, "zh": zh, "en": en} for key, zh, en in rows if key or zh or en]
        return self

    def definition_given(self) -> Mapping[str, Any]:
        """The typed definition as the deeds take it."""
        given: dict[str, Any] = {name: self.entries.get(name, "") for name in TEXTS}
        given |= {name: bool(self.entries.get(name)) for name in TICKS}
        decimals = str(self.entries.get("decimals") or "")
        given["decimals"] = int(decimals) if decimals.isdecimal() and len(decimals) < 3 else None
        given["choices"] = self.choices
        if self.definition is None:
            given["field_kind"] = self.outcome
            return given
        del given["link"]
        return given

    @property
    def is_computed(self) -> bool:
        return self.sort == COMPUTED

    @property
    def outcome(self) -> str:
        """The kind of field; of a computed one what its formula gives."""
        if self.definition is not None:
            return self.definition.field_kind
        if self.is_computed:
            return str(self.entries.get("field_kind") or K.QUANTITY.value)
        return self.sort

    @property
    def sort_label(self) -> str:
        if not self.is_computed:
            return str(KIND_LABELS[K(self.sort)])
        if self.definition is None:
            return str(_("Computed"))
        return str(_("Computed, %(kind)s")) % {"kind": KIND_LABELS[K(self.outcome)]}

    # ---- which controls there are ----

    @property
    def has_choices(self) -> bool:
        return self.sort in (K.CHOICE, K.MULTI_CHOICE)

    @property
    def has_decimals(self) -> bool:
        return self.is_computed or self.sort in (K.QUANTITY, K.MONEY, K.SHARE)

    @property
    def has_unit(self) -> bool:
        return self.is_computed or self.sort in (K.INTEGER, K.QUANTITY)

    @property
    def may_be_required(self) -> bool:
        is_written = not self.is_computed and self.sort != K.BOOLEAN
        return is_written and self.kind.create is not None

    @property
    def may_be_searched(self) -> bool:
        return self.sort in SEARCHABLE

    @property
    def may_be_sorted(self) -> bool:
        return self.is_computed or self.sort in SORTABLE

    @property
    def choice_rows(self) -> list[dict[str, str]]:
        return [*self.choices, *({"key": "", "zh": "", "en": ""} for _n in range(SPARE_CHOICES))]

    @property
    def groups(self) -> list[tuple[str, str]]:
        return [(key, str(label)) for key, label in FIELD_GROUPS.items()]

    @property
    def data_classes(self) -> list[tuple[str, str]]:
        return [(key, str(label)) for key, label in DATA_CLASSES]

    @property
    def links(self) -> list[tuple[str, str]]:
        return [(each.name, str(each.label)) for each in registry]

    @property
    def link_label(self) -> str:
        link = str(self.entries.get("link") or "")
        return str(registry[link].label) if link in registry else link

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        kinds = [kind for kinds in OUTCOMES.values() for kind in kinds]
        return [(kind.value, str(KIND_LABELS[kind])) for kind in kinds]

    @property
    def decimal_options(self) -> list[tuple[str, str]]:
        return [(str(n), str(n)) for n in range(MOST_DECIMALS + 1)]

    @property
    def names(self) -> list[tuple[str, str, str]]:
        """What a formula may name: name, label, type."""
        own = self.definition.key if self.definition else ""
        known = readable(self.kind)
        return [
            (name, str(self.kind.field(name).label), str(WORDS[each.type]))
            for name, each in known.items()
            if name != own
        ]

    @property
    def functions(self) -> list[str]:
        return sorted(FUNCTIONS)


def sorts() -> list[tuple[str, str, str]]:
    """What may be defined: key, label, and what it is for."""
    found = [(kind.value, str(label), str(ABOUT[kind])) for kind, label in KIND_LABELS.items()]
    return [*found, (COMPUTED, str(_("Computed")), str(ABOUT[COMPUTED]))]
